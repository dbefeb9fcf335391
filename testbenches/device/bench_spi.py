"""Do bits leave and enter with the right edges, in all modes, and is no chip selected for long enough?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config.spi import Frames
from mgd_sim.device.spi import levels, taken
from mgd_sim.rtl import bench_parameters
from testbenches.support import clock, random_numbers, start


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.7])
async def frames_are_on_the_wires(dut, pause):
    """Clock by clock what the twin says, and of what came in the word that it takes."""
    frames, rng = Frames(**bench_parameters()["frames"]), random_numbers()
    reads, none = hasattr(dut, "miso"), (1 << frames.chips) - 1
    await start(dut, word=0, go=0, **({"miso": 0} if reads else {}), **_chip(dut, 0))
    idle = frames.mode >> 1
    for clocks in range(frames.gap - 1):
        await clock(dut)
        assert not dut.ready.value, f"{clocks} clocks after a reset, which may have cut off a frame"
        assert (int(dut.cs_n.value), int(dut.sclk.value)) == (none, idle)
    for _ in range(12):
        await clock(dut)
        while rng.random() < pause:
            assert dut.ready.value == 1
            await clock(dut, go=0, word=int(rng.integers(1 << 16)) % (1 << frames.bits))
            assert (int(dut.cs_n.value), int(dut.sclk.value)) == (none, idle)
        word = int.from_bytes(rng.bytes(8), "little") % (1 << frames.bits)
        chip = int(rng.integers(frames.chips))
        assert dut.ready.value == 1, "as soon as the gap is over"
        await clock_again(dut, word=word, go=1, **_chip(dut, chip))
        line = []
        for level, bit in levels(frames, word):
            line.append(int(rng.integers(2)))
            noise = int.from_bytes(rng.bytes(8), "little") % (1 << frames.bits)
            await clock(dut, go=0, word=noise, **({"miso": line[-1]} if reads else {}))
            assert int(dut.cs_n.value) == none & ~(1 << chip)
            assert int(dut.sclk.value) == level
            assert bit is None or int(dut.mosi.value) == bit
            assert dut.ready.value == 0
        for _ in range(frames.gap - 1):
            await clock(dut)
            assert (int(dut.cs_n.value), int(dut.sclk.value)) == (none, idle)
            assert dut.ready.value == 0
            if reads:
                assert int(dut.got.value) == taken(frames, line)


def _chip(dut, chip: int) -> dict[str, int]:
    return {"select": chip} if hasattr(dut, "select") else {}


async def clock_again(dut, **inputs: int) -> None:
    """Inputs of the clock that has been looked at already, behind the look at its outputs."""
    from cocotb.triggers import Timer

    await Timer(100, "ps")
    for name, value in inputs.items():
        getattr(dut, name).value = value
