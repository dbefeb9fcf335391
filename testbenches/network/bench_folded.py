"""Do both measurements of a sweep give the answers of the whole network, and in their clocks?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.network.bench_activation import activated
from testbenches.network.bench_dense import summed
from testbenches.support import configured, pack, random_numbers, start, write

SWEEPS = 12
#: From reading a word to the multipliers, in clocks.
LATE = 4


def back(config: TrainerConfig) -> int:
    """From reading a word to writing it, which of memories with one port another one reads meanwhile."""
    return 5 if config.engine.memory == "single_port" else LATE


def places(config: TrainerConfig) -> dict[int, tuple[int, int]]:
    """By parameter its address and lane: layer by layer, group by group, input by input, the bias last."""
    lanes, found, address = config.engine.lanes, {}, 0
    for layer in config.shape.layers:
        for group in range(0, layer.neurons, lanes):
            for word in range(layer.inputs + 1):
                for neuron in range(group, min(group + lanes, layer.neurons)):
                    number = layer.first + neuron * (layer.inputs + 1) + word
                    found[number] = (address, neuron - group)
                address += 1
    return found


@dataclass
class Network:
    """Parameters and signs of one sweep, an input, and what both sides answer."""

    config: TrainerConfig
    rng: np.random.Generator
    visible: list[int] = field(init=False)
    code: list[int] = field(init=False)
    active: list[int] = field(init=False)
    turn: int = field(init=False)
    x: list[int] = field(init=False)

    def __post_init__(self) -> None:
        word, given = self.config.words.visible, self.config.formats.input
        size = int(self.rng.integers(word.width))
        self.visible = (self.rng.integers(word.min, word.max + 1, self.config.parameters) >> size).tolist()
        self.code = self.rng.integers(2, size=self.config.parameters).tolist()
        # A sparse code leaves parameters at rest, and layer by layer all but those of one.
        self.active, self.turn = [1] * self.config.parameters, -1
        if self.config.perturbation.share < 1:
            self.active = self.rng.integers(2, size=self.config.parameters).tolist()
        if self.config.perturbation.granularity == "layer":
            self.turn = int(self.rng.integers(len(self.config.shape.layers)))
        self.x = self.rng.integers(given.min, given.max + 1, self.config.inputs).tolist()

    def answer(self, side: int) -> int:
        """Of the weights shaken this way, or the other way, or not at all; sequential codes leave most, and
        node by node only biases are shaken.
        """
        *_, y = self.passed(side)
        return pack(y, self.config.shape.layers[-1].output.width)

    def passed(self, side: int) -> Iterator[list[int]]:
        """The inputs of each layer, and the outputs of the last one."""
        rest = 0 if self.config.sequential else -1
        x = self.x
        yield x
        for layer in self.config.shape.layers:
            y = []
            for neuron in range(layer.neurons):
                first = layer.first + neuron * (layer.inputs + 1)
                numbers = range(first, first + layer.inputs + 1)
                shaken = [self.active[i] * (1 if self.code[i] else rest) for i in numbers]
                if self.turn not in (-1, layer.index):
                    shaken = [0] * len(shaken)
                if self.config.perturbation.granularity == "node":
                    shaken[:-1] = [0] * layer.inputs
                weights = [4 * self.visible[i] + 2 + side * s for i, s in zip(numbers, shaken, strict=True)]
                y.append(activated(layer, summed(layer, x, weights)))
            x = y
            yield x

    def counted(self, side: int) -> list[int]:
        """Node by node what weights learn by: all inputs, and a 1 for each layer's biases, in parts."""
        part, found = 1 << self.config.words.unit_shift, []
        for layer, x in zip(self.config.shape.layers, self.passed(side), strict=False):
            found += [floor(value * Fraction(part, 1 << layer.input.fraction_bits)) for value in x] + [part]
        return found


async def swept(dut, config: TrainerConfig, network: Network, *, quiet: bool, wanted: bool):
    """One sweep; what was measured, (clock, reference, y), the words as (clock, address, updated), the
    outputs one by one, (side, y), and the inputs that are kept, (clock, input).
    """
    rng, width, lanes = network.rng, config.words.visible.width, config.engine.lanes
    memory = {place: number for number, place in places(config).items()}
    nodes = config.perturbation.granularity == "node"
    late = LATE + (2 if nodes or config.perturbation.family == "random_code" else 0)
    most = max(layer.inputs for layer in config.shape.layers).bit_length()
    indices = {places(config)[number][0]: index for index, number in config.timing.indices.parameters(0)}
    layers = {
        places(config)[layer.first + i][0]: layer.index
        for layer in config.shape.layers
        for i in range(layer.parameters)
    }
    measured, words, single, kept, ended = [], [], [], [], None
    width_of_y = config.shape.layers[-1].output.width
    bits = {"codes": network.code}
    if config.perturbation.share < 1:
        bits["actives"] = network.active
    x, turned, asked = network.x, 0, 0
    paged = config.engine.sample == "memory"
    coming = {"visible": [0] * late, **{name: [0] * (late - 1) for name in bits}}
    # The next sweep may begin in the clock in which this one is over.
    for clock in range(bench_parameters()["answered"] + 1 + int(rng.integers(12))):
        write(dut.go, int(clock == 0))
        # What comes with the command counts then only.
        write(dut.quiet, int(quiet) if clock == 0 else int(rng.integers(2)))
        write(dut.wanted, int(wanted) if clock == 0 else int(rng.integers(2)))
        if network.turn >= 0:  # it is known in the clock behind the command
            write(dut.turns, 1 << network.turn if clock else int(rng.integers(4)))
        if paged:  # one input, a clock after its number
            write(dut.x, x[asked] if asked < len(x) else int(rng.integers(1 << len(dut.x))))
        else:
            write(dut.x, pack(x, config.formats.input.width) if clock == 0 or config.turning else 0)
        for name, following in coming.items():
            write(getattr(dut, name), following.pop(0))
        await RisingEdge(dut.clk)
        asked = int(dut.x_at.value) if paged else 0
        if config.turning and int(dut.x_turns.value):
            x = [*x[1:], x[0]]
            turned += 1
        if int(dut.measured.value):
            # Outputs side by side are there where somebody wants them.
            reference = int(dut.reference.value)
            together = pack([y for plus, y in single if plus != reference], width_of_y)
            if hasattr(dut, "y"):
                assert int(dut.y.value) == together
            measured.append((clock, reference, together))
        if int(dut.each.value):
            plus = int(dut.each_plus.value)
            number = int(dut.each_neuron.value)
            assert number == sum(side == plus for side, _ in single)
            # The reference of a whole group comes before its other side.
            group = min(config.outputs, number - number % lanes + lanes)
            assert sum(not side for side, _ in single) >= group * plus
            single.append((plus, int(dut.each_y.value)))
        assert int(dut.over.value) == (clock == bench_parameters()["answered"])
        if int(dut.swept.value):
            assert ended is None
            ended = clock
        address = int(dut.address.value)
        if clock and int(dut.reader.valid.value):
            words.append((clock, address, int(dut.adds.value)))
            assert int(dut.index.value) == indices[address], address
            assert int(dut.reader.layer.value) == layers[address], address
            if nodes:
                layer = config.shape.layers[layers[address]]
                word = (address - places(config)[layer.first][0]) % (layer.inputs + 1)
                assert int(dut.which.value) == layer.index << most | word, address
        else:
            assert not int(dut.adds.value)
        if nodes and int(dut.keeps.value):
            value = dut.counted.value
            kept.append((clock, int(value.to_signed() if config.words.counted.signed else value)))
        numbers = [memory.get((address, lane)) for lane in range(lanes)]
        noise = rng.integers(1 << width, size=lanes).tolist()
        seen = [noise[i] if n is None else network.visible[n] for i, n in enumerate(numbers)]
        coming["visible"].append(pack(seen, width))
        for name, each in bits.items():
            seen = [noise[i] & 1 if n is None else each[n] for i, n in enumerate(numbers)]
            coming[name].append(pack(seen, 1))
    # A sample turns in each group of the first layer, and is as it was when others may come.
    groups = -(-config.shape.layers[0].neurons // lanes)
    assert turned == config.inputs * groups * (config.turning and not quiet)
    assert x == network.x
    # When the last word that is updated for the first time has been written.
    first = {}
    for clock, address, adds in words:
        if adds:
            first.setdefault(address, clock)
    assert ended == max(first.values()) + late - LATE + back(config) + 1
    if config.engine.memory == "single_port":
        written = {clock + back(config): address for clock, address, adds in words if adds}
        met = [(written[clock], address) for clock, address, _ in words if clock in written]
        assert all((one - other) % 2 for one, other in met)
    return measured, words, single, kept


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def both_sides_are_answered(dut):
    """Each sweep's references and perturbed measurements, or no measurement at all."""
    config, rng = configured(), random_numbers()
    named = ("go", "quiet", "wanted", "x", "visible", "codes", "actives", "turns")
    await start(dut, **{name: 0 for name in named if hasattr(dut, name)})
    await RisingEdge(dut.clk)
    answers = set()
    for turn in range(SWEEPS):
        network = Network(config, rng)
        quiet, wanted = turn % 4 == 3, turn % 3 != 1
        measured, words, single, kept = await swept(dut, config, network, quiet=quiet, wanted=wanted)
        side = -1 if config.two_sided else 0
        expected = [(0, network.answer(1))]
        if wanted:
            expected.insert(0, (1, network.answer(side)))
        answers |= {y for _, y in expected}
        one_by_one = [[y for plus, y in single if plus == side] for side in (0, 1)]
        width = config.shape.layers[-1].output.width
        outputs = [pack(ys, width) for ys in one_by_one]
        # A sample that stands still has other outputs, which nobody wants.
        assert outputs == [network.answer(side), network.answer(1)] or (quiet and config.turning), turn
        assert [(reference, y) for _, reference, y in measured] == ([] if quiet else expected), turn
        if not quiet:
            assert measured[-1][0] == bench_parameters()["answered"]
        # Each word once, behind the first layer twice where sides take turns; the first time it is updated.
        visits: dict[int, list[tuple[int, int]]] = {}
        for clock, address, adds in words:
            visits.setdefault(address, []).append((clock, adds))
        inputs = config.inputs + 1
        bottom = inputs * -(-config.shape.layers[0].neurons // config.engine.lanes)
        assert len(visits) == config.timing.sweep.depth
        for address, times in visits.items():
            assert len(times) == (1 if address < bottom or config.engine.sides == "at_once" else 2), address
            assert times[0][1], address
            if len(times) > 1:
                late = times[1][0] - times[0][0]
                # Read before it was written the word is updated once more, and not after; never meanwhile.
                assert late != back(config)
                assert times[1][1] == (late < back(config)), address
        if config.perturbation.granularity == "node":
            # Of the last group of a layer, in its reference: with each word, where its product is made.
            assert [value for _, value in kept] == ([] if quiet else network.counted(side))
            last = [
                visits[address][0][0] + LATE + 2
                for layer in config.shape.layers
                for address in sorted({places(config)[layer.first + n][0] for n in range(layer.parameters)})[
                    -layer.inputs - 1 :
                ]
            ]
            assert [clock for clock, _ in kept] == ([] if quiet else last)
    assert len(answers) > SWEEPS // 2  # answers that say something
