"""Does each word that leaves stand for its parameter, shaken as its code says, and learn once for each D?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.learn.outside_lane import addresses
from testbenches.docs.integers import random_bit, walsh_bit, walsh_index, words
from testbenches.learn.rail import taken
from testbenches.support import clock, configured, random_numbers, start

SEED = 0x2545F491
TILE = 64


def places(config: TrainerConfig) -> Iterator[tuple[int, int, int]]:
    """Row, column and diagonal of every parameter: tiles of 64, each with its diagonals turned."""
    tile = row = 0
    for layer in config.shape.layers:
        for first in range(0, layer.parameters, TILE):
            cells = min(TILE, layer.parameters - first)
            for cell in range(cells):
                own, column = divmod(cell, 8)
                yield row + own, column, (tile + own + column) % 8
            tile, row = tile + 1, row + -(-cells // 8)


class Bench:
    """A bank, a sender that takes what it likes, and a host."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.family = config.perturbation.family
        self.places = list(places(config))
        self.at = addresses(config).tolist()
        self.theta = [0] * config.parameters
        self.idle = {name: 0 for name in self.ports if hasattr(dut, name)} | {"takes": 1}
        self.restart()

    ports = (
        "restart", "seed", "i__payload", "i__valid", "turns", "go", "load", "place", "theta", "fetch", "at",
        "layer_0__rest", "layer_0__minus",
    )  # fmt: skip

    def restart(self) -> None:
        self.states = words(SEED) if self.family == "random_code" else count()
        self.state = next(self.states)

    def code(self, number: int) -> int:
        """Its bit; of sequential codes 1 for the one whose turn it is."""
        row, column, diagonal = self.places[number]
        if self.family == "random_code":
            return random_bit(self.state, row, column, diagonal)
        if self.family == "sequential":
            return int(self.state % self.config.parameters == number)
        rows = self.places[-1][0] + 1
        return walsh_bit(walsh_index(rows, row, column, self.config.perturbation.sign_flip), self.state)

    async def clock(self, **inputs: int) -> None:
        await clock(self.dut, **(self.idle | inputs))

    async def begin(self) -> None:
        """A start, and any T."""
        await self.clock(restart=1, **({"seed": SEED} if "seed" in self.idle else {}))
        self.restart()
        format = self.config.words.parameter
        for number in range(self.config.parameters):
            value = int(self.rng.integers(format.min, format.max + 1)) >> int(self.rng.integers(4))
            await self.write(number, value)

    async def write(self, number: int, value: int) -> None:
        await self.clock(load=1, place=self.at[number], theta=value)
        self.theta[number] = value

    async def read(self, number: int) -> None:
        """By the host, which waits three clocks."""
        for _ in range(3):
            await self.clock(fetch=1, at=1, place=self.at[number])
        assert self.dut.held.value.to_signed() == self.theta[number]

    async def learn(self, update: int, turns: int) -> None:
        """D, and all words take it, each in a clock of its own; meanwhile nothing leaves."""
        config, dut = self.config, self.dut
        await self.clock(i__valid=1, i__payload=update, turns=turns)
        more = (self.family == "random_code") + (config.engine.memory == "single_port")
        for number in range(config.parameters + 4 + more):
            await self.clock(turns=turns)
            assert (dut.learned.value, dut.there.value) == (0, 0), number
        await self.clock(turns=turns)
        assert dut.learned.value == 1
        alone = self.family == "sequential"
        for number in range(config.parameters):
            code = self.code(number)
            self.theta[number] = taken(
                config.words.parameter, self.theta[number], update if code else -update,
                enable=bool(code or not alone), clear=False, clamp=config.learning.clamp,
            )  # fmt: skip
        if turns:
            self.state = next(self.states)
        await self.clock()
        assert dut.learned.value == 0

    def weight(self, number: int, rest: int, minus: int) -> int:
        """Visible bits, then 10 at rest, 11 or 01."""
        visible, code = self.theta[number] >> self.config.words.guard_bits, self.code(number)
        if rest or (self.family == "sequential" and not code):
            return visible * 4 + 2
        return visible * 4 + (3 if code ^ minus else 1)

    async def leave(self, ready: float, some: int | None = None) -> None:
        """A measurement: all words leave in their order, or after some of them what follows comes."""
        dut, parameters = self.dut, self.config.parameters
        wanted = parameters if some is None else some
        sides = {"layer_0__rest": int(self.rng.random() < 0.3)}
        if "layer_0__minus" in self.idle:
            sides["layer_0__minus"] = int(self.rng.integers(2))
        await self.clock(go=1, **sides)
        rest, minus = sides["layer_0__rest"], sides.get("layer_0__minus", 0)
        number = waited = 0
        while number < wanted:
            takes = int(self.rng.random() < ready)
            await self.clock(takes=takes, **sides)
            waited += not takes
            assert dut.learned.value == 0
            if not dut.there.value:
                # The first one takes its way, and all others are behind it.
                assert number == 0
                continue
            assert dut.weight.value.to_signed() == self.weight(number, rest, minus), number
            number += takes
        if some is None:
            for _ in range(8):
                await self.clock()
                assert dut.there.value == 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def all_words_learn_and_leave(dut):
    """In any order of learning, leaving, starts, breaks, and what a host does between."""
    config = configured()
    bench = Bench(dut, config)
    await start(dut, **bench.idle)
    rng, update = bench.rng, config.words.update
    await bench.begin()
    seen: set[int] = set()
    for turn in range(40):
        if turn == 20:
            await bench.begin()
        if config.access:
            for number in rng.integers(0, config.parameters, 3).tolist():
                await bench.read(number)
            format = config.words.parameter
            await bench.write(
                int(rng.integers(config.parameters)), int(rng.integers(format.min, format.max + 1))
            )
        if rng.random() < 0.2:  # a try that fails
            await bench.leave(0.5, int(rng.integers(config.parameters)))
        for _ in range(int(rng.integers(0, 3))):
            await bench.leave(float(rng.choice([1.0, 0.5, 0.1])))
        if rng.random() < 0.2:
            await bench.leave(1.0, int(rng.integers(config.parameters)))
        size = update.max * (2 * rng.random() - 1 + (-1) ** (turn // 10))
        await bench.learn(max(-update.max, min(update.max, round(size))), int(rng.integers(2)))
        seen |= set(bench.theta)
    rail = config.levels.rail
    assert max(seen) >= 1 << rail
    assert min(seen) < -1 << rail
