"""Do rows of neurons and columns of input bits give every cell its product, and do only biases shake?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import COLUMNS, TrainerConfig
from testbenches.learn.bench_array import read_weights, registers_of
from testbenches.learn.rail import taken
from testbenches.support import clock, configured, pack, random_numbers, signed, start

Inputs = dict[str, Any]


def codes_of(config: TrainerConfig, given: Inputs) -> list[int]:
    """The code bits of all neurons: those of as many cells in rows of eight and tiles of 64."""
    bits = []
    for number in range(sum(config.network.layers[1:])):
        row, column, tile = number // 8, number % 8, number // 64
        bit = given["rows"] >> row ^ given["columns"] >> column
        if config.perturbation.family == "random_code":
            bit ^= given["diagonals"] >> (tile + row % 8 + column) % 8
        bits.append(bit & 1)
    return bits


@dataclass
class Row:
    """A neuron and its cells: what the docstrings promise of them, in whole numbers."""

    config: TrainerConfig
    layer: int
    neuron: int
    inputs: int
    theta: list[int | None] = field(default_factory=list)
    visible: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.theta, self.visible = [None] * (self.inputs + 1), [None] * (self.inputs + 1)

    def weights(self, wires: Inputs) -> list[int | None]:
        """What the network sees; a bias is one amplitude off in a measurement that is not at rest."""
        guard = self.config.words.guard_bits
        seen = self.visible
        if not self.config.shadow:
            seen = [None if theta is None else theta >> guard for theta in self.theta]
        shaken = 2 * wires["rows"][self.neuron] - 1
        if wires["rest"][self.layer]:
            shaken = 0
        bias = self.inputs
        return [
            None if value is None else 4 * value + 2 + shaken * (index == bias)
            for index, value in enumerate(seen)
        ]

    def learn(self, wires: Inputs) -> None:
        """The next clock."""
        if wires["refresh"][self.layer]:
            guard = self.config.words.guard_bits
            self.visible = [None if theta is None else theta >> guard for theta in self.theta]
        for index, theta in enumerate(self.theta):
            takes = bool(wires["rows"][self.neuron] and wires["columns"][self.layer][index])
            if theta is None:
                self.theta[index] = 0 if wires["clear"] and wires["word"] < 0 else None
            else:
                self.theta[index] = taken(
                    self.config.words.parameter,
                    theta,
                    wires["word"],
                    enable=takes,
                    clear=bool(wires["clear"]),
                )


class Bench:
    """An array and its model, clock by clock."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config = dut, config
        self.registers = registers_of(dut, config)
        self.silence = dict.fromkeys(("word", "plus", "rotate", "minus", "rows", "columns"), 0)
        if config.perturbation.family == "random_code":
            self.silence["diagonals"] = 0
        self.silence |= dict.fromkeys(("address", "address_rows", "address_columns", "clear"), 0)
        for layer in config.shape.layers:
            names = ["x", "capture", *["minus"] * config.two_sided, *["rest"] * config.rests]
            names += ["refresh"] if config.shadow else []
            self.silence |= dict.fromkeys((f"layer_{layer.index}__{name}" for name in names), 0)
        self.rows = []
        for layer in config.shape.layers:
            self.rows += [
                Row(config, layer.index, len(self.rows) + n, layer.inputs) for n in range(layer.neurons)
            ]
        #: Per layer the inputs that were captured, each with a 1 for the bias, as whole parts.
        self.parts = [[0] * layer.inputs + [1 << config.words.unit_shift] for layer in config.shape.layers]
        self.turn = 0
        self.under_way: deque[Inputs] = deque()
        self.compared = 0

    def wires(self, given: Inputs) -> Inputs:
        """What these inputs put on the wires of the cells."""
        config, codes = self.config, codes_of(self.config, given)
        rows: list[int] = []
        columns = []
        for layer in config.shape.layers:
            bits = [part >> self.turn & 1 for part in self.parts[layer.index]]
            other = given["minus"] or given.get(f"layer_{layer.index}__minus", 0)
            # The top bit of a number with a sign counts negative.
            flip = layer.input.signed and self.turn == config.words.multiples - 1
            for _ in range(layer.neurons):
                bit = codes[len(rows)] ^ other ^ flip
                if given["address"]:
                    bit = given["address_rows"] >> len(rows) & 1
                rows.append(bit | given["clear"])
            picked = [given["address_columns"] >> j & 1 for j in range(len(bits))]
            columns.append([bit | given["clear"] for bit in (picked if given["address"] else bits)])
        indices = [layer.index for layer in config.shape.layers]
        return {
            **{name: given[name] for name in ("word", "clear")},
            "rows": rows,
            "columns": columns,
            "rest": [given.get(f"layer_{index}__rest", 0) for index in indices],
            "refresh": [given.get(f"layer_{index}__refresh", 0) for index in indices],
        }

    async def clock(self, **inputs: Any) -> None:
        given = {**self.silence, **inputs}
        await clock(self.dut, **given)
        self.under_way.append(self.wires(given))
        if given["plus"] or given["rotate"] or given["minus"]:
            self.turn = (self.turn + 1) % self.config.words.multiples
        if len(self.under_way) <= self.config.timing.broadcast_latency:
            return
        arrived = self.under_way.popleft()
        found = iter(read_weights(self.dut, self.config))
        registers = iter(self.registers)
        for row in self.rows:
            for theta, expected in zip(row.theta, row.weights(arrived), strict=True):
                weight, register = next(found), next(registers)
                assert theta is None or signed(register) == theta
                assert expected is None or weight == expected
                self.compared += expected is not None
            row.learn(arrived)

    async def capture(self, rng: np.random.Generator) -> None:
        """Other inputs for all layers."""
        given: Inputs = {}
        for layer in self.config.shape.layers:
            low, high = layer.input.min, layer.input.max
            x = rng.integers(low, high + 1, layer.inputs).tolist()
            places = self.config.words.input_places(layer)
            bits = [value >> place & 1 for value in x for place in places]
            given[f"layer_{layer.index}__x"] = pack(bits, 1)
            given[f"layer_{layer.index}__capture"] = 1
            scale = Fraction(1 << self.config.words.unit_shift, 1 << layer.input.fraction_bits)
            self.parts[layer.index] = [
                *(floor(value * scale) for value in x),
                1 << self.config.words.unit_shift,
            ]
        await self.clock(**given, **self.code(rng))

    def code(self, rng: np.random.Generator) -> Inputs:
        """Any wires of the code."""
        code = {"rows": int(rng.integers(1 << min(62, self.config.placement.code_rows)))}
        names = [name for name in ("columns", "diagonals") if name in self.silence]
        return code | {name: int(rng.integers(1 << COLUMNS)) for name in names}

    async def update(self, word: int, code: Inputs) -> None:
        """D and all its multiples, for all codes."""
        for side in (1, -1):
            for k in range(self.config.words.multiples):
                plus, rotate = int(side > 0 and k == 0), int(k > 0)
                await self.clock(word=side * word << k, plus=plus, rotate=rotate, minus=int(side < 0), **code)

    async def set_parameters(self, rng: np.random.Generator) -> None:
        """As the initializer does: clear twice, then one cell after the other."""
        await self.clock(clear=1, address=1)
        await self.clock(clear=1, address=1, word=-1)
        limit = self.config.words.word.max
        for number, row in enumerate(self.rows):
            for index in range(row.inputs + 1):
                word = int(rng.integers(-limit, limit + 1))
                await self.clock(address=1, address_rows=1 << number, address_columns=1 << index, word=word)
        await self.idle()
        assert None not in [theta for row in self.rows for theta in row.theta]

    async def idle(self) -> None:
        """Until all that is on its way has arrived."""
        for _ in range(self.config.timing.broadcast_latency + 1):
            await self.clock()


async def _begin(dut: Any) -> tuple[Bench, np.random.Generator]:
    rng = random_numbers()
    bench = Bench(dut, configured())
    await start(dut, **bench.silence)
    await bench.set_parameters(rng)
    return bench, rng


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_update_is_an_outer_product(dut):
    """D and its multiples add ``D s x`` to every cell; small, so that no rail is met."""
    bench, rng = await _begin(dut)
    config = bench.config
    for _ in range(10 if config.parameters < 50 else 3):
        await bench.capture(rng)
        code = bench.code(rng)
        before = [list(row.theta) for row in bench.rows]
        largest = max(abs(theta) for row in before for theta in row)
        update = (
            int(rng.integers(-1, 2)) if largest + 2**config.words.multiples <= config.words.word.max else 0
        )
        await bench.update(update, code)
        await bench.idle()
        signs = [2 * bit - 1 for bit in codes_of(config, code)]
        found = iter(bench.registers)
        for row, old in zip(bench.rows, before, strict=True):
            for theta, x in zip(old, bench.parts[row.layer], strict=True):
                assert signed(next(found)) == theta + update * signs[row.neuron] * x


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cell_in_every_clock(dut):
    """Updates that reach the rails, measurements of all kinds between them, and clears."""
    bench, rng = await _begin(dut)
    config = bench.config
    kinds = [name for name in bench.silence if name.endswith(("__rest", "__refresh"))]
    kinds += [name for name in bench.silence if name.startswith("layer") and name.endswith("__minus")]
    for turn in range(40 if config.parameters < 50 else 12):
        if not turn or rng.random() < 0.7:
            await bench.capture(rng)
        for _ in range(int(rng.integers(4))):
            await bench.clock(**{name: int(rng.random() < 0.5) for name in kinds}, **bench.code(rng))
        drift = config.words.update.max // 2 * (1 if turn % 20 < 10 else -1)
        word = int(rng.integers(-(config.words.update.max // 2), config.words.update.max // 2 + 1)) + drift
        await bench.update(word, bench.code(rng))
        if rng.random() < 0.05:
            await bench.clock(clear=1, word=int(rng.integers(-1, 1)))
    assert bench.compared > 100 * len(bench.rows)
