"""Does every cell of the array take its words and show its parameter, each at its place?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import COLUMNS, Place, TrainerConfig
from testbenches.learn.bench_cell import perturbed
from testbenches.learn.rail import taken
from testbenches.support import clock, configured, random_numbers, signed, start, unpack

Inputs = dict[str, int]


def inputs_of(config: TrainerConfig) -> dict[str, int]:
    """Widths of the array's inputs."""
    code = {"rows": config.placement.rows, "columns": COLUMNS}
    sign = {"sign": 1} if config.early else {}
    if config.perturbation.family == "random_code":
        code["diagonals"] = COLUMNS
    activity = {}
    if config.sparse:
        activity = {f"{row}s": config.placement.rows for row, _ in config.codes.sparse_code.pairs}
        activity |= {f"{column}s": COLUMNS for _, column in config.codes.sparse_code.pairs}
        code |= activity
    widths = {
        **code,
        **sign,
        "word": config.words.update.width,
        "plus": 1,
        "minus": 1,
        "clear": 1,
        "address": 1,
    }
    widths |= {"address_rows": config.placement.rows, "address_columns": COLUMNS}
    for layer in config.shape.layers:
        passing = {"minus": 1} if config.two_sided else {}
        if config.rests:
            passing["rest"] = 1
        if config.shadow:
            rows = layer_rows(config, layer.index)[1]
            passing |= {name: rows if name.endswith("rows") else width for name, width in code.items()}
            passing["refresh"] = 1
        if config.follow:
            passing["away"] = 1
        widths |= {f"layer_{layer.index}__{name}": width for name, width in passing.items()}
    return widths


def layer_rows(config: TrainerConfig, layer: int) -> tuple[int, int]:
    """The first row of a layer, and how many there are."""
    rows = [place.row for place in config.placement.places if place.layer == layer]
    return rows[0], rows[-1] + 1 - rows[0]


def wire_bit(config: TrainerConfig, place: Place, given: Inputs, prefix: str = "", first_row: int = 0) -> int:
    """The code bit at a place: ``row ^ column ^ diagonal``, ``row ^ column`` or ``row & column``."""
    row = given[f"{prefix}rows"] >> (place.row - first_row) & 1
    column = given[f"{prefix}columns"] >> place.column & 1
    if config.sequential:
        return row & column
    family = config.perturbation.family
    return (
        row ^ column ^ (given[f"{prefix}diagonals"] >> place.diagonal & 1 if family == "random_code" else 0)
    )


def active(config: TrainerConfig, place: Place, given: Inputs, prefix: str = "", first_row: int = 0) -> bool:
    """Sparse codes: whether the parameter at a place is shaken."""
    return not config.sparse or all(
        (given[f"{prefix}{row}s"] >> (place.row - first_row) ^ given[f"{prefix}{column}s"] >> place.column)
        & 1
        for row, column in config.codes.sparse_code.pairs
    )


@dataclass
class Cell:
    """One parameter: what the docstrings promise of it, in whole numbers."""

    config: TrainerConfig
    place: Place
    theta: int = 0
    visible: int = 0
    copy: int = 0  # of a follower, in parts of a visible unit

    def takes(self, given: Inputs) -> bool:
        """Whether the word is for this cell."""
        if given["address"]:
            here = given["address_rows"] >> self.place.row & given["address_columns"] >> self.place.column & 1
            return bool(given["clear"] or here)
        bit = wire_bit(self.config, self.place, given)
        if not active(self.config, self.place, given):
            return False
        if given["minus"]:
            return not (bit or self.config.sequential)
        return bool(given["plus"] and bit)

    def weight(self, given: Inputs) -> int | None:
        """The perturbed parameter; None while a word is on the only code wires there are."""
        config, layer = self.config, f"layer_{self.place.layer}__"
        rest, minus = bool(given.get(f"{layer}rest")), bool(given.get(f"{layer}minus"))
        if config.shadow:
            where = layer, layer_rows(config, self.place.layer)[0]
            bit, shaken = (one(config, self.place, given, *where) for one in (wire_bit, active))
            visible = self.visible
        elif given["plus"] or given["minus"] or given["address"]:
            return None
        else:
            bit, shaken = (one(config, self.place, given) for one in (wire_bit, active))
            visible = self.theta >> config.words.guard_bits
        if not shaken:
            return perturbed(config, visible, 1, rest=True, minus=False)
        if config.sequential:
            bit &= not rest
        elif minus:
            bit = 1 - bit
        return perturbed(config, visible, bit, rest=rest, minus=minus)

    def learn(self, given: Inputs) -> None:
        """The next clock: the copy as T was before, and T with the word."""
        if given.get(f"layer_{self.place.layer}__refresh", 0) and self.config.follow:
            away = given[f"layer_{self.place.layer}__away"]
            self.copy += -self.visible if away else self.theta >> self.config.words.guard_bits
            self.visible = self.copy // 2**self.config.follow
        elif given.get(f"layer_{self.place.layer}__refresh", 0):
            self.visible = self.theta >> self.config.words.guard_bits
        self.theta = taken(
            self.config.words.parameter,
            self.theta,
            given["word"],
            enable=self.takes(given),
            clear=bool(given["clear"]),
        )


def scenario(config: TrainerConfig, rng: np.random.Generator, clocks: int) -> list[Inputs]:
    """All cells cleared, then words, addresses and measurements as they come, at random.

    Perturbations are those of the configuration: those that rest at times, two-sided ones to either side.
    With early enables a clock lies between a word and the next, except for the pair of +D
    and -D, and there is the sign of each word.
    """
    widths = inputs_of(config)
    drift = config.words.update.max / 2
    ways = [0] * len(config.shape.layers)
    found = []
    for turn in range(clocks):
        given = {name: int(rng.integers(1 << width)) for name, width in widths.items()}
        for name in ("plus", "minus", "address", "clear"):
            given[name] = 0
        given["word"] = 0
        kind = "clear" if turn < 2 else rng.choice(["plus", "minus", "address", "clear", "none"], p=KINDS)
        if config.early and turn >= 2 and any(found[-1][name] for name in ("plus", "minus", "address")):
            # The word after one that is taken must leave it a clock; -D after +D is not taken too.
            kind = "minus" if found[-1]["plus"] and rng.random() < 0.5 else "none"
            code = ("rows", "columns", "diagonals")
            given |= {name: found[-1][name] for name in code if kind == "minus" and name in given}
        if kind != "none":
            centre = drift if turn % 100 < 50 else -drift
            word = round(float(rng.uniform(-1, 1)) * drift + (-centre if kind == "minus" else centre))
            given["word"] = word if turn >= 2 else -turn
            given["address" if kind == "clear" else str(kind)] = 1
            given["clear"] = int(kind == "clear")
        if config.early:
            given["sign"] = int(given["word"] < 0 if given["word"] else turn >= 2 and rng.random() < 0.5)
        if config.follow:
            for layer in config.shape.layers:  # away first, on to T later
                ways[layer.index] ^= given[f"layer_{layer.index}__refresh"]
                given[f"layer_{layer.index}__away"] = ways[layer.index]
        found.append(given)
    return found


#: How often there is a +D, a -D, one cell addressed, all cleared, or nothing.
KINDS = (0.25, 0.25, 0.2, 0.005, 0.295)


def read_weights(dut: Any, config: TrainerConfig) -> list[int]:
    """The perturbed parameters in the order of their numbers."""
    found = []
    for layer in config.shape.layers:
        for neuron in range(layer.neurons):
            word = int(getattr(dut, f"weights_{layer.index}_{neuron}").value)
            found += unpack(word, config.words.weight.width, layer.inputs + 1, signed=True)
    return found


def registers_of(dut: Any, config: TrainerConfig) -> list[Any]:
    """T of every parameter."""
    found = []
    for index, place in enumerate(config.placement.places):
        tile = config.placement.tiles[place.tile]
        cell = getattr(getattr(dut, f"tile_{tile.index}"), f"cell_{index - tile.first}")
        found.append(cell.integrator.theta)
    return found


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cell_in_every_clock(dut):
    """What goes in reaches the cells ``broadcast_latency`` clocks later, where T takes one more."""
    config, rng = configured(), random_numbers()
    cells = [Cell(config, place) for place in config.placement.places]
    registers = registers_of(dut, config)
    await start(dut, **dict.fromkeys(inputs_of(config), 0))
    under_way: deque[Inputs] = deque()
    measured = 0
    coming = met = None  # early: the word that follows its code, and what met the cells a clock ago
    for turn, given in enumerate(scenario(config, rng, 250)):
        await clock(dut, **given | ({"word": coming or 0} if config.early else {}))
        coming = given["word"]
        under_way.append(given)
        if len(under_way) <= config.timing.broadcast_latency:
            continue
        arrived = under_way.popleft()
        if turn >= config.timing.broadcast_latency + 2 + config.early:  # both words that clear have come
            assert [signed(theta) for theta in registers] == [cell.theta for cell in cells], turn
            wanted = [cell.weight(arrived) for cell in cells]
            for index, (found, expected) in enumerate(zip(read_weights(dut, config), wanted, strict=True)):
                if expected is not None and (turn > 20 or not config.shadow):
                    assert found == expected, (turn, index)
                    measured += 1
        learned, met = (met, arrived) if config.early else (arrived, None)
        for cell in cells if learned is not None else ():
            cell.learn(learned)
    assert measured > 20 * len(cells)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reset_keeps_the_parameters(dut):
    """They are set when training starts; a reset forgets only words that are on their way."""
    config, rng = configured(), random_numbers()
    registers, silence = registers_of(dut, config), dict.fromkeys(inputs_of(config), 0)
    await start(dut, **silence)
    for given in scenario(config, rng, 20):
        await clock(dut, **given)
    for _ in range(config.timing.broadcast_latency + 1 + config.early):
        await clock(dut, **silence)
    before = [signed(theta) for theta in registers]
    assert any(before)
    await clock(dut, rst=1)
    for _ in range(config.timing.broadcast_latency + 2):
        await clock(dut, rst=0)
        assert [signed(theta) for theta in registers] == before
