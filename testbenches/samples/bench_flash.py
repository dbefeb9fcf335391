"""Is each sample that a flash memory holds offered once, in its order, and does the memory allow how?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import cocotb

from mgd_hdl.config.flash import FlashSamples
from mgd_sim.rtl import bench_parameters
from mgd_sim.samples.flash import held
from testbenches.own_data import words
from testbenches.samples.offering import begins_anew
from testbenches.support import clock, configured, start


class Bench:
    """The block with its memory, and what is offered next."""

    def __init__(self, dut: Any):
        self.dut, self.config, given = dut, configured(), bench_parameters()
        self.flash, self.wake = FlashSamples(**given["flash"]), given["wake"]
        content = bytes(self.flash.first) + bytes.fromhex(given["content"])
        samples, formats = held(self.config, self.flash, content), self.config.formats
        self.words = words(
            samples.x.tolist(), formats.input.width, samples.target.tolist(), formats.target.width
        )
        self.clocks = 0

    async def clock(self, **inputs: int) -> bool:
        """The next one; whether a sample is offered."""
        await clock(self.dut, **inputs)
        self.clocks += 1
        assert self.dut.wrong.value == 0, (
            f"{int(self.dut.wrong.value):07b}: see testbenches.samples.flash_chip"
        )
        return bool(self.dut.o__valid.value)

    def coming(self) -> Iterator[int]:
        while True:
            yield from self.words


async def begin(dut: Any) -> Bench:
    await start(dut, load=0, o__ready=0)
    return Bench(dut)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def it_is_woken_and_then_waits(dut):
    """One command, and no sample before the first load, however long that takes."""
    bench = await begin(dut)
    edges, before = 0, 0
    for _ in range(2 * bench.wake + 40):
        assert not await bench.clock(o__ready=1)
        edges, before = edges + (int(dut.sclk.value) > before), int(dut.sclk.value)
    assert edges == 8
    bench.clocks = 0
    await bench.clock(load=1)
    while not await bench.clock(load=0):
        pass
    assert bench.clocks == 1 + 2 * bench.flash.bits + 65


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def samples_come_as_fast_as_the_wires(dut):
    """From a load while it still sleeps on: so many clocks from one to the next, more behind the last."""
    bench = await begin(dut)
    await bench.clock(load=1, o__ready=1)
    came, expected = [], bench.coming()
    while len(came) < 2 * bench.flash.count + 3:
        if await bench.clock(load=0):
            assert int(dut.o__payload.value) == next(expected)
            came.append(bench.clocks)
    gaps = [after - before for before, after in pairwise(came)]
    flash = bench.flash
    assert flash.wrap_clocks == 69
    turn = [2 * flash.bits] * (flash.count - 1) + [2 * flash.bits + 69]
    assert gaps == (turn * 4)[: len(gaps)]
    assert sum(turn) / flash.count == flash.mean_clocks


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(more=[-10, 3, 20])
async def a_trainer_waits_little(dut, more):
    """Behind a register for one sample, as the trainer has it: so many clocks for all samples."""
    bench = await begin(dut)
    flash, asked = bench.flash, max(2, 2 * bench.flash.bits + more)
    await bench.clock(load=1, o__ready=1)
    held, since, took = False, 0, []
    while len(took) < 3 * flash.count + 1:
        offered = await bench.clock(load=0, o__ready=not held)
        since += 1
        if held and since >= asked:
            took.append(bench.clocks)
            held, since = False, 0
        elif offered and not held:
            held = True
    turns = [after - before for before, after in pairwise(took[:: flash.count])]
    assert turns == [flash.count * flash.clocks_between(asked)] * 3


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stall=[0.3, 0.99])
async def samples_wait_and_loads_begin_anew(dut, stall):
    """Each is offered until it is taken; a load, at any time, begins at the first one; so does a reset, which
    needs one.
    """
    bench = await begin(dut)

    def check(expected: int) -> None:
        assert int(dut.o__payload.value) == expected

    taken, loads = await begins_anew(bench, check, stall=stall, most=2 * bench.flash.bits + 69, rest=300)
    assert taken > 8 * (1 - stall)
    assert loads > 4
