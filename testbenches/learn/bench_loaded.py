"""Does every cell hold its own code word, show the network what it says, and take what it is given by it?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from testbenches.learn.bench_array import read_weights, registers_of
from testbenches.learn.rail import taken
from testbenches.support import clock, configured, random_numbers, signed, start

Inputs = dict[str, int]


def names_of(config: TrainerConfig) -> list[str]:
    """The array's inputs."""
    names = ["load", "i__valid", "i__payload", "fill", "sign", "word", "minus", "clear"]
    names += ["rotate"] if config.code_bits > 1 else []
    for layer in config.shape.layers:
        there = {"minus": config.two_sided, "rest": config.rests}
        there |= {"refresh": config.shadow, "away": config.follow > 0}
        names += [f"layer_{layer.index}__{name}" for name, needed in there.items() if needed]
    return names


@dataclass
class Cell:
    """One parameter: what the docstrings promise of it, in whole numbers."""

    config: TrainerConfig
    layer: int
    s: int | None = None  # unknown until a word comes
    turns: int = 0
    theta: int | None = None
    visible: int | None = None
    copy: int | None = 0  # followers only

    def side(self, given: Inputs) -> int:
        """Which sign words are for, and which side a two-sided measurement shakes to."""
        return -1 if given["minus"] or given.get(f"layer_{self.layer}__minus") else 1

    def takes(self, given: Inputs) -> bool:
        if self.s is None or self.s * self.side(given) < 0:
            return False
        if not given.get("rotate"):
            return True
        magnitude = (abs(self.s) - 1) // 2
        return bool(magnitude >> self.turns % (self.config.code_bits - 1) & 1)

    def weight(self, given: Inputs) -> int | None:
        """The perturbed parameter; None while the bits of the code are turned."""
        bits = self.config.code_bits
        seen = self.visible
        if self.config.follow:
            seen = None if self.copy is None else self.copy >> self.config.follow
        elif not self.config.shadow and self.theta is not None:
            seen = self.theta >> self.config.words.guard_bits
        if seen is None or self.s is None or (bits > 1 and self.turns % (bits - 1)):
            return None
        shaken = self.s * self.side(given) if self.config.two_sided else self.s
        if given.get(f"layer_{self.layer}__rest"):
            shaken = 0
        return (seen << (bits + 1)) + (1 << bits) + shaken

    def learn(self, given: Inputs, incoming: tuple[int | None, int]) -> None:
        """The next clock; ``incoming`` is what the chain brings, turned as it is."""
        if given.get(f"layer_{self.layer}__refresh"):
            shown = None if self.theta is None else self.theta >> self.config.words.guard_bits
            self.visible = shown
            if self.config.follow and self.copy is not None:
                # Away from itself or on to T; what does not fit wraps, which no real move does.
                away = given[f"layer_{self.layer}__away"]
                by = -(self.copy >> self.config.follow) if away else shown
                span = 1 << self.config.words.copied.width
                moved = None if by is None else self.copy + by
                self.copy = None if moved is None else (moved + span // 2) % span - span // 2
        if self.takes(given) and given["clear"] and self.theta is None:
            self.theta = 0 if given["second"] else None
        elif self.theta is not None:
            self.theta = taken(
                self.config.words.parameter,
                self.theta,
                given["word"],
                enable=self.takes(given),
                clear=bool(given["clear"]),
            )
        if given["shift"]:
            self.s, self.turns = incoming
        elif given.get("rotate"):
            self.turns += 1


@dataclass
class Chain:
    """All cells, behind the registers that everything passes on its way to them."""

    config: TrainerConfig
    cells: list[Cell]
    left: int = 0
    under_way: deque[Inputs] = field(default_factory=deque)

    @classmethod
    def of(cls, config: TrainerConfig) -> Chain:
        return cls(config, [Cell(config, place.layer) for place in config.placement.places])

    def word(self, code: int) -> int:
        return 2 * code + 1 - (1 << self.config.code_bits)

    def enter(self, given: Inputs) -> Inputs | None:
        """What reaches the cells in this clock."""
        loads = bool(self.left and given["i__valid"])
        given = {**given, "shift": int(given["fill"] or loads)}
        largest = (1 << self.config.code_bits) - 1
        code = largest * given["sign"] if given["fill"] else given["i__payload"]
        given["incoming"] = self.word(code)
        self.left = self.config.parameters if given["load"] else self.left - loads
        self.under_way.append(given)
        return (
            self.under_way.popleft() if len(self.under_way) > self.config.timing.broadcast_latency else None
        )

    def learn(self, given: Inputs) -> None:
        incoming = [(given["incoming"], 0), *((cell.s, cell.turns) for cell in self.cells)]
        for cell, word in zip(self.cells, incoming, strict=False):
            cell.learn(given, word)


class Bench:
    """An array and its model, clock by clock."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config = dut, config
        self.chain = Chain.of(config)
        self.registers = registers_of(dut, config)
        self.silence = dict.fromkeys(names_of(config), 0)
        self.compared = 0

    async def clock(self, *, second: int = 0, **inputs: int) -> None:
        given = {**self.silence, **inputs}
        await clock(self.dut, **given)
        assert int(self.dut.loaded.value) == (self.chain.left == 0)
        assert int(self.dut.i__ready.value) == (self.chain.left != 0)
        arrived = self.chain.enter({**given, "second": second})
        if arrived is None:
            return
        found = read_weights(self.dut, self.config)
        for index, cell in enumerate(self.chain.cells):
            if cell.theta is not None:
                assert signed(self.registers[index]) == cell.theta, index
            expected = cell.weight(arrived)
            if expected is not None:
                assert found[index] == expected, index
                self.compared += 1
        self.chain.learn(arrived)

    async def set_parameters(self, rng: np.random.Generator) -> None:
        """As the initializer does: fill, clear twice, then one cell after the other."""
        parameters, limit = self.config.parameters, self.config.words.word.max
        for _ in range(parameters):
            await self.clock(fill=1, sign=1)
        await self.clock(clear=1)
        await self.clock(clear=1, word=-1, fill=1, second=1)
        words = rng.integers(-limit, limit + 1, parameters).tolist()
        for word in words:
            await self.clock(word=word, minus=1, fill=1, sign=1)
        await self.idle()
        assert [cell.theta for cell in self.chain.cells] == words

    async def load(self, codes: list[int], rng: np.random.Generator, stall: float = 0.3) -> None:
        """A word a parameter, the last one's first, with gaps."""
        await self.clock(load=1, i__valid=1, i__payload=int(rng.integers(1 << self.config.code_bits)))
        for code in reversed(codes):
            while rng.random() < stall:
                await self.clock(i__payload=int(rng.integers(1 << self.config.code_bits)))
            await self.clock(i__valid=1, i__payload=code)
        await self.idle()

    async def idle(self) -> None:
        """Until all that is on its way has arrived."""
        for _ in range(self.config.timing.broadcast_latency + 1):
            await self.clock(i__valid=1)


async def _begin(dut: Any) -> tuple[Bench, TrainerConfig, np.random.Generator]:
    config, rng = configured(), random_numbers()
    bench = Bench(dut, config)
    await start(dut, **bench.silence)
    await bench.set_parameters(rng)
    return bench, config, rng


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def an_update_is_a_product(dut):
    """D to all cells, and its multiples, adds D s to each; small, so that no rail is met."""
    bench, config, rng = await _begin(dut)
    bits = config.code_bits
    for _ in range(12):
        codes = rng.integers(1 << bits, size=config.parameters).tolist()
        await bench.load(codes, rng)
        before = [cell.theta for cell in bench.chain.cells]
        update = int(rng.integers(-1, 2))
        if max(abs(theta) for theta in before) + 2**bits > config.words.word.max:
            update = 0
        for side in (1, -1):
            for multiple in range(bits):
                more = {"rotate": int(multiple > 0)} if bits > 1 else {}
                await bench.clock(word=side * update << multiple, minus=int(side < 0), **more)
        await bench.idle()
        after = [signed(register) for register in bench.registers]
        expected = [
            theta + update * (2 * code + 1 - 2**bits) for theta, code in zip(before, codes, strict=True)
        ]
        assert after == expected


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cell_in_every_clock(dut):
    """Loads, words, multiples and measurements as they come, at random, and a reset in between."""
    bench, config, rng = await _begin(dut)
    limit = config.words.word.max
    names = [name for name in names_of(config) if name.startswith("layer")]
    for turn in range(300):
        given = {name: int(rng.random() < 0.5) for name in names}
        given |= {"i__valid": int(rng.random() < 0.7), "i__payload": int(rng.integers(1 << config.code_bits))}
        if rng.random() < 0.5:
            drift = limit / 2 if turn % 100 < 50 else -limit / 2
            given |= {"word": round(float(rng.uniform(-1, 1)) * limit / 2 + drift)}
            given |= {"minus": int(rng.integers(2)), "clear": int(rng.random() < 0.01)}
        loading = bench.chain.left or any(each["shift"] for each in bench.chain.under_way)
        if config.code_bits > 1 and not loading:
            given["rotate"] = int(rng.random() < 0.3)
        elif not loading or rng.random() < 0.005:
            given["load"] = int(rng.random() < 0.05)
        if not bench.chain.left and not given.get("rotate") and rng.random() < 0.05:
            given["load"] = 1
        await bench.clock(**given)
    assert bench.compared > 50 * config.parameters
