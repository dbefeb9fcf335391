"""Does every input meet the network once, at rest and in its turn, and does no answer get lost?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.support import clock, configured, random_numbers, start


def answered(x: int, width: int) -> int:
    """What the bench's network makes of an input: anything that tells inputs apart."""
    return (x * 0x9E3779B1 ^ x >> 3 ^ 0x5A5A5A5A5A5A5A5A) & ((1 << width) - 1)


class Bench:
    """A network around the block, and all that must be true in each clock.

    Times are of the test, by hand: from a command to the first and the last clock in which the network reads
    its input, to the layers, to its outputs, to the next command, and how many answers there may be.
    """

    def __init__(self, dut: Any, config: TrainerConfig):
        times = bench_parameters()
        self.dut, self.rng = dut, random_numbers()
        self.first, self.last = times["reads"]
        self.layers = times["layers"]
        self.latency, self.spacing, self.places = times["latency"], times["spacing"], times["places"]
        self.x_width = config.inputs * config.formats.input.width
        self.y_width = config.outputs * config.shape.layers[-1].output.width
        self.forget()
        self.inputs: Iterator[int] | None = None
        self.offered: int | None = None
        self.clock_number = 0
        self.taken = 0

    def forget(self) -> None:
        """After a reset nothing is under way."""
        self.begun: dict[int, int] = {}  # commands by clock, and the input of each
        self.queue: deque[tuple[int, int]] = deque()  # answers, and the first clock of each
        self.owed = 0  # commanded, and the answer not yet taken
        self.last_begun = -1000
        self.turn = False

    def _x(self) -> int:
        return int(self.rng.integers(0, 1 << min(62, self.x_width))) & ((1 << self.x_width) - 1)

    async def clock(self, *, offer: bool, ready: bool, free: bool, wanted: bool, rst: bool = False) -> None:
        """One clock, checked against what was before."""
        now, dut = self.clock_number, self.dut
        if self.offered is None and offer:
            self.offered = self._x()
        valid = self.offered is not None
        x = self.offered if valid else self._x()
        # The network: what it answers now, else anything.
        asked = self.begun.get(now - self.latency)
        y = self._x() & ((1 << self.y_width) - 1) if asked is None else answered(asked, self.y_width)
        await clock(dut, i__payload=x, i__valid=valid, o__ready=ready, open=free, wanted=wanted, y=y, rst=rst)
        busy = now - self.last_begun < self.spacing
        owed = self.owed
        waits = valid and owed < self.places and not self.turn and not busy
        begins = waits and free
        if begins:
            self.begun[now] = x
            self.last_begun = now
            self.owed += 1
        there = [now - clocks in self.begun for clocks in self.layers]
        assert [int(dut.passes.value) >> k & 1 for k in range(len(there))] == there, now
        assert dut.asks.value == (waits or busy)
        assert dut.inside.value == any(now - c in self.begun for c in range(1, self.latency + 1))
        assert dut.owes.value == (owed > 0)
        # An input is taken so early that the network can read it, and not before the last one was read.
        takes = now - (self.first - 1 if self.spacing == 1 else self.first - 3) in self.begun
        assert dut.i__ready.value == takes
        for begun, wanted_x in self.begun.items():
            if begun + self.first <= now <= begun + self.last:
                assert dut.shows.value == 1
                assert int(dut.x.value) == wanted_x, (now, begun)
        if all(now > begun + self.last for begun in self.begun):
            assert dut.shows.value == 0
        # Answers in order, each as soon as it may be.
        head = self.queue and self.queue[0][1] <= now
        assert dut.o__valid.value == bool(head)
        if head:
            assert int(dut.o__payload.value) == self.queue[0][0]
            if ready:
                self.queue.popleft()
                self.owed -= 1
                self.taken += 1
        if asked is not None:
            self.queue.append((y, now + 2))
        if takes:
            self.offered = None
        ends = begins if self.spacing == 1 else now - self.last_begun == self.spacing - 1
        self.turn = ends and wanted
        self.begun = {begun: each for begun, each in self.begun.items() if now - begun <= self.latency}
        self.clock_number += 1
        if rst:
            self.forget()


async def begin(dut: Any) -> Bench:
    bench = Bench(dut, configured())
    await start(dut, i__payload=0, i__valid=0, o__ready=0, open=0, wanted=0, y=0)
    return bench


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(offer=[1.0, 0.3], ready=[1.0, 0.4, 0.02], training=[0.0, 0.5])
async def nothing_is_lost(dut, offer, ready, training):
    """Late inputs, a slow reader, steps between, a reset now and then."""
    bench = await begin(dut)
    draw = bench.rng.random
    for _ in range(400):
        await bench.clock(
            offer=draw() < offer,
            ready=draw() < ready,
            free=draw() >= training,
            wanted=draw() < training,
            rst=draw() < 0.01,
        )
        assert len(bench.queue) <= bench.places
    if not training and ready == offer == 1.0:
        assert bench.taken > 100 / bench.spacing


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_rate_is_that_of_the_network(dut):
    """With nobody in the way a command comes in each clock in which one can, for as long as one likes."""
    bench = await begin(dut)
    commands = []
    for now in range(40 * bench.spacing + bench.latency):
        await bench.clock(offer=True, ready=True, free=True, wanted=False)
        if bench.last_begun == now:
            commands.append(now)
    assert commands == list(range(0, now + 1, bench.spacing))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def turns_are_taken(dut):
    """Where training always wants a step, one clock in which it may begin follows each input."""
    bench = await begin(dut)
    commands = []
    for now in range(20 * (bench.spacing + 1)):
        await bench.clock(offer=True, ready=True, free=True, wanted=True)
        if bench.last_begun == now:
            commands.append(now)
    assert commands == list(range(0, now + 1, bench.spacing + 1))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_reader_that_stands_still_is_waited_for(dut):
    """So many answers wait, the next input is not taken; then all come, one a clock."""
    bench = await begin(dut)
    for _ in range(bench.places * bench.spacing + bench.latency + 20):
        await bench.clock(offer=True, ready=False, free=True, wanted=False)
    assert len(bench.queue) == bench.places
    assert dut.asks.value == 0
    for number in range(bench.places):
        await bench.clock(offer=False, ready=True, free=False, wanted=False)
        assert bench.taken == number + 1
