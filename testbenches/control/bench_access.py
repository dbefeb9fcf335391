"""Does access find every T with the words that it should, set it, answer in order, and leave no trace?

The array is a model here: cells that refuse words at their rail, and behind them the tree, as late as it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.control.access import blocks, clocks, reachable, rounds, visits
from testbenches.support import clock, configured, random_numbers, scattered, signed, start

#: A door that is asked opens so many clocks later, or earlier.
PATIENCE = 9


class Cells:
    """All parameters: T, who is stuck, and what the root of the tree shows clock by clock."""

    def __init__(self, config: TrainerConfig, theta: list[int], rng: Any):
        self.config, self.rng = config, rng
        width = config.words.parameter.width
        self.rail, self.bit = 1 << config.levels.rail, width - 2
        self.stuck = config.shape.stuck() if config.some_stuck else frozenset()
        self.dead = config.imperfections.stuck_kind == "dead"
        self.theta = [
            0 if self.dead and index in self.stuck else pressed(config, value)
            for index, value in enumerate(theta)
        ]
        self.numbers = {
            tuple(config.placement.crossing(index).items()): index for index in range(config.parameters)
        }
        # What is on its way from a clock's word to the root, and noise while bits of serial cells pass.
        self.way = config.timing.watch_latency - 2
        self.noise = width if config.timing.word_clocks > 1 else 0
        self.late: deque[tuple[int, int]] = deque()
        self.watched = self.parity()
        self.now = 0
        self.words: dict[int, list[int]] = {}

    def parity(self) -> int:
        return sum(value >> self.bit & 1 for value in self.theta) & 1

    def take(self, index: int, word: int, loading: bool) -> None:
        """A word for one cell, in the clock in which it leaves the block."""
        self.words.setdefault(index, []).append(word)
        value = self.theta[index]
        moves = index not in self.stuck or (loading and not self.dead)
        outside = value >= self.rail if word >= 0 else value < -self.rail
        if moves and not outside:
            self.theta[index] += word
            least, most = reachable(self.config)
            assert least <= self.theta[index] <= most
        self.late.append((self.now + self.way - bool(self.noise), self.parity()))

    def tick(self) -> int:
        """The root in the clock that comes."""
        self.now += 1
        while self.late and self.late[0][0] <= self.now:
            self.watched = self.late.popleft()[1]
        if self.late and self.late[0][0] - self.noise < self.now:
            return int(self.rng.integers(2))
        return self.watched


class Picker:
    """Which cell a word is for: the one whose place was sought two clocks before."""

    def __init__(self, dut: Any, config: TrainerConfig, cells: Cells, rng: Any):
        self.dut, self.cells = dut, cells
        self.fields, low = [], 0
        for name, size in config.placement.rings.items():
            width = max(1, (size - 1).bit_length())
            self.fields.append((name, low, width))
            low += width
        self.sought: deque[int | None] = deque([None, None])

    def look(self) -> int | None:
        self.sought.append(self._place() if self.dut.seek.value == 1 else None)
        found = self.sought.popleft()
        assert (self.dut.address.value == 1) == (found is not None)
        return found

    def _place(self) -> int:
        place = int(self.dut.place.value)
        wires = tuple((name, place >> low & (1 << width) - 1) for name, low, width in self.fields)
        return self.cells.numbers[wires]

    def inputs(self) -> dict[str, int]:
        return {}

    def closed(self) -> None:
        """Nothing is on its way."""


class ChainPicker(Picker):
    """A chain of codes, of which only one is negative while words come."""

    def __init__(self, dut: Any, config: TrainerConfig, cells: Cells, rng: Any):
        self.dut, self.cells = dut, cells
        self.mask = (1 << config.code_bits) - 1
        self.codes = [int(code) for code in rng.integers(self.mask + 1, size=config.parameters)]
        self.before = list(self.codes)
        self.leaves: deque[int] = deque([0] * config.timing.broadcast_latency)

    def look(self) -> int | None:
        found = None
        if self.dut.minus.value == 1:
            top = self.mask // 2 + 1
            (found,) = [index for index, code in enumerate(self.codes) if not code & top]
        self.leaves.append(self.codes[-1])
        if self.dut.fill.value == 1:
            assert self.dut.pause.value == 1
            self.codes = [int(self.dut.filling.value), *self.codes[:-1]]
        return found

    def inputs(self) -> dict[str, int]:
        return {"end": self.leaves.popleft()}

    def closed(self) -> None:
        assert self.codes == self.before


class Host:
    """Offers commands, takes answers, and opens the door."""

    def __init__(self, dut: Any, config: TrainerConfig, cells: Cells, rng: Any):
        self.dut, self.config, self.cells, self.rng = dut, config, cells, rng
        self.width, self.index_bits = config.words.parameter.width, config.shape.index_bits
        picker = ChainPicker if config.facts.chain else Picker
        self.picker = picker(dut, config, cells, rng)
        self.answers: list[tuple[int, int, int]] = []
        self.renewed = 0

    async def clock(self, **inputs: int) -> None:
        dut = self.dut
        await clock(dut, watched=self.cells.tick(), **self.picker.inputs(), **inputs)
        found = self.picker.look()
        if found is None:
            assert int(dut.word.value) == 0
        else:
            loading = not hasattr(dut, "loading") or dut.loading.value == 1
            assert dut.inside.value == 1
            self.cells.take(found, signed(dut.word), loading)
        self.renewed += int(dut.renew.value)

    def packed(self, index: int, theta: int, write: int) -> int:
        return (
            index | (theta & (1 << self.width) - 1) << self.index_bits | write << self.index_bits + self.width
        )

    def note(self) -> None:
        """An answer that leaves."""
        word = int(self.dut.o__payload.value)
        theta = word >> self.index_bits & (1 << self.width) - 1
        theta -= (theta >> self.width - 1) << self.width
        self.answers.append((word & (1 << self.index_bits) - 1, theta, word >> self.index_bits + self.width))

    async def command(self, commands: list[tuple[int, int, int]], stall: float) -> int:
        """All of them, offered and taken with pauses; clocks from the first one inside on to the last one."""
        dut, rng = self.dut, self.rng
        self.answers, inside, waits, shown = [], 0, 0, None
        offers = scattered(rng, commands, stall)
        offered = next(offers, None)
        waiting, opened, within = bool(commands), False, False
        while waiting or dut.asks.value == 1:
            opens = dut.asks.value == 1 and waits >= (PATIENCE if stall else 0)
            ready = int(rng.random() >= stall)
            payload = self.packed(*offered) if offered else int(rng.integers(2))
            await self.clock(
                i__valid=offered is not None, i__payload=payload, o__ready=ready, open=opens, restart=0
            )
            waits = waits + 1 if dut.asks.value == 1 and dut.inside.value == 0 else 0
            inside += int(dut.inside.value)
            assert dut.inside.value == 0 or within or opened  # never before the door is open
            opened, within = opens, dut.inside.value == 1
            assert dut.owes.value == 1 or dut.inside.value == 0
            assert dut.asks.value == dut.owes.value
            if dut.o__valid.value == 1:
                assert shown in (None, int(dut.o__payload.value))  # it stays as it is
                shown = None if ready else int(dut.o__payload.value)
                if ready:
                    self.note()
            else:
                assert shown is None  # and until it is taken
            if offered is None or dut.i__ready.value == 1:
                offered = next(offers, None) if waiting else None
                waiting = offered is not None or len(self.answers) < len(commands)
        return inside


def expected(config: TrainerConfig, theta: list[int], cells: Cells, commands) -> Iterator[Any]:
    """Answers and words of each command; changes ``theta``."""
    for index, wanted, write in commands:
        if index >= config.parameters:
            yield (index, 0, 1), None
            continue
        kind = "free" if index not in cells.stuck else "dead" if cells.dead else "stuck"
        found = visits(config, theta[index], wanted if write else None, kind)
        theta[index] = found.answer
        yield (index, found.answer, 0), found.words


def values(config: TrainerConfig, rng: Any, count: int) -> list[int]:
    """Values of T, mostly near to where something changes."""
    width = config.words.parameter.width
    edges = [0, 1 << config.levels.rail, 1 << width - 2, 1 << width - 1]
    near = [sign * edge + off for edge in edges for sign in (1, -1) for off in (-2, -1, 0, 1)]
    least, most = -(1 << width - 1), (1 << width - 1) - 1
    near = [value for value in near if least <= value <= most]
    drawn = rng.integers(least, most + 1, size=count)
    return [int(rng.choice(near)) if rng.random() < 0.5 else int(value) for value in drawn]


def pressed(config: TrainerConfig, value: int) -> int:
    """The nearest value that T can have."""
    least, most = reachable(config)
    return min(max(value, least), most)


async def prepared(dut: Any) -> tuple[TrainerConfig, Any, Host]:
    """A dut that has been started, and cells with random values; those at the edges of their range first."""
    config, rng = configured(), random_numbers()
    ends = list(reachable(config))
    cells = Cells(config, ends + values(config, rng, config.parameters - 2), rng)
    host = Host(dut, config, cells, rng)
    quiet = {"i__valid": 0, "i__payload": 0, "o__ready": 0, "open": 0, "restart": 0, "watched": 0}
    await start(dut, **quiet, **({"copying": 0} if config.follow else {}))
    for _ in range(3):  # nothing is taken before a start
        await host.clock(i__valid=1, i__payload=0, rst=0)
        assert (int(dut.i__ready.value), int(dut.asks.value)) == (0, 0)
    await host.clock(i__valid=0, restart=1)
    return config, rng, host


@cocotb.test(timeout_time=100, timeout_unit="us")
async def reads_all(dut):
    """In order, as fast as can be: the words, the answers, the clocks; T is as before."""
    config, _, host = await prepared(dut)
    theta = list(host.cells.theta)
    commands = [(index, 0, 0) for index in range(config.parameters)]
    inside = await host.command(commands, 0)
    told = list(expected(config, list(theta), host.cells, commands))
    assert host.answers == [answer for answer, _ in told]
    for index, (_, words) in enumerate(told):
        assert tuple(host.cells.words[index]) == words, index
        assert len(words) == rounds(config)
    assert host.cells.theta == theta
    assert host.renewed == 0
    host.picker.closed()
    if not config.facts.chain:
        # The doorway takes a clock on each side, and two with followers.
        assert inside == clocks(config, range(config.parameters)) + 3 + (config.follow > 0)
        slots = config.timing.access_slots
        assert len(blocks(config, range(config.parameters))) == -(-config.parameters // slots)


@cocotb.test(timeout_time=300, timeout_unit="us")
async def reads_and_writes(dut):
    """At random, with pauses on both sides, the same parameter again and again among them, and none."""
    config, rng, host = await prepared(dut)
    for stall in (0, 0.5):
        theta = list(host.cells.theta)
        count = 24
        commands = [
            (int(rng.integers(1 << config.shape.index_bits)), value, int(rng.integers(2)))
            for value in values(config, rng, count)
        ]
        if stall == 0:  # rising, so that many share their rounds
            commands.sort(key=lambda each: each[0])
        host.renewed = 0
        host.cells.words = {}
        await host.command(commands, stall)
        told = list(expected(config, theta, host.cells, commands))
        assert host.answers == [answer for answer, _ in told]
        assert host.cells.theta == theta
        sent: dict[int, list[int]] = {}
        for (index, _, _), words in told:
            if words is not None:
                sent.setdefault(index, []).extend(words)
        assert host.cells.words == sent
        written = any(write and index < config.parameters for index, _, write in commands)
        assert bool(host.renewed) == written
        host.picker.closed()


@cocotb.test(timeout_time=200, timeout_unit="us")
async def a_start_forgets(dut):
    """A reset in the middle: nothing is answered, nothing goes on, and all works as after the first start."""
    config, rng, host = await prepared(dut)
    for stop in (3, 120):
        for _ in range(stop):
            await host.clock(i__valid=1, i__payload=host.packed(0, 0, 0), o__ready=0, open=1, restart=0)
        await host.clock(i__valid=0, rst=1)
        # The cells are set again.
        host.cells = Cells(config, values(config, rng, config.parameters), rng)
        host.picker = type(host.picker)(dut, config, host.cells, rng)
        for _ in range(5):
            await host.clock(rst=0, open=1)
            assert [int(dut.asks.value), int(dut.o__valid.value), int(dut.i__ready.value)] == [0, 0, 0]
        await host.clock(restart=1)
        commands = [(index, 0, 0) for index in reversed(range(config.parameters))]
        await host.command(commands, 0)
        assert host.answers == [(index, host.cells.theta[index], 0) for index, _, _ in commands]
