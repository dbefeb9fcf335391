"""Is each input of each sample offered once, in its order, and are the targets there with the last one?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cocotb

from mgd_hdl.config.flash import FlashInputs
from mgd_sim.rtl import bench_parameters
from mgd_sim.samples.flash import held
from testbenches.samples.offering import begins_anew, is_input
from testbenches.support import clock, configured, pack, start


class Bench:
    """The block with its memory, and what is offered next."""

    def __init__(self, dut: Any):
        self.dut, self.config, given = dut, configured(), bench_parameters()
        self.flash, self.wake = FlashInputs(**given["flash"]), given["wake"]
        content = bytes(self.flash.first) + bytes.fromhex(given["content"])
        self.samples = held(self.config, self.flash, content)

    async def clock(self, **inputs: int) -> bool:
        """The next one; whether a word is offered."""
        await clock(self.dut, **inputs)
        assert self.dut.wrong.value == 0, "see testbenches.samples.flash_chip"
        return bool(self.dut.o__valid.value)

    def coming(self) -> Iterator[tuple[int, int | None, bool, int]]:
        """Inputs; the targets of the last one; whether it is the first; clocks from the word before."""
        formats, command = self.config.formats, 0
        while True:
            for x, target in zip(self.samples.x.tolist(), self.samples.target.tolist(), strict=True):
                for place, value in enumerate(x):
                    last = place == len(x) - 1
                    bits = formats.input.width + last * self.config.target_bits
                    targets = pack(target, formats.target.width) if last else None
                    yield pack([value], formats.input.width), targets, place == 0, 2 * bits + command
                    command = 0
            command = 69

    def check(self, expected: tuple[int, int | None, bool, int]) -> None:
        is_input(self.config, int(self.dut.o__payload.value), *expected[:3])


async def begin(dut: Any) -> Bench:
    await start(dut, load=0, o__ready=0)
    return Bench(dut)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def words_come_as_fast_as_the_wires(dut):
    """The first one so many clocks behind a load, which comes when the memory is awake."""
    bench = await begin(dut)
    for _ in range(2 * bench.wake + 40):
        assert not await bench.clock(o__ready=1)
    await bench.clock(load=1)
    since, expected = 0, bench.coming()
    for number in range(3 * bench.samples.x.size):
        word = next(expected)
        while not await bench.clock(load=0):
            since += 1
            assert since < 1_000, "none comes"
        bench.check(word)
        assert since + 1 == word[3] + (66 if number == 0 else 0)
        since = 0


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stall=[0.3, 0.97])
async def words_wait_and_loads_begin_anew(dut, stall):
    """Each is offered until it is taken; a load, at any time, begins at the first sample."""
    bench = await begin(dut)
    most = 2 * bench.flash.bits + 80
    taken, loads = await begins_anew(bench, bench.check, stall=stall, most=most, rest=200)
    assert taken > 50 * (1 - stall)
    assert loads > 4
