"""Is a reading what a converter of a data sheet has at its inputs, no older than its request?"""

from __future__ import annotations

from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.device.parts import ADCS
from testbenches.support import clock, configured, pack, random_numbers, start, unpack


class Bench:
    """A measurement that asks, a device that takes its inputs, and the converter's pins."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.model = ADCS[bench_parameters()["part"]]
        self.clocks = 0

    def pins(self) -> list[int]:
        return self.rng.integers(0, 1 << self.model.bits, self.model.channels).tolist()

    async def clock(self, **inputs: int) -> None:
        await clock(self.dut, **inputs)
        self.clocks += 1
        assert self.dut.wrong.value == 0, f"{int(self.dut.wrong.value):08b}: see testbenches.device.parts"

    async def ask(self, pins: list[int], pause: float) -> tuple[list[int], int, int, int]:
        """A request; codes, number and whether they are bad, and clocks from its take until then."""
        dut, tid = self.dut, int(self.rng.integers(16))
        while True:
            ready = int(self.rng.random() >= pause)
            # Until the device has its inputs the pins are anything.
            other = pack(self.pins() if not ready else pins, self.model.bits)
            await self.clock(tid=tid, tvalid=1, taken=ready, analog=other)
            assert dut.asks.value == 1
            assert dut.tready.value == ready
            assert dut.cs_n.value == 1
            if ready:
                break
        begun = self.clocks
        while True:
            take = int(self.rng.random() >= pause)
            # The next request is there already, and has to wait.
            await self.clock(tvalid=1, tid=tid ^ 5, taken=1, readings_tready=take)
            assert dut.asks.value == 0
            assert dut.tready.value == 0
            if dut.readings_tvalid.value:
                clocks = self.clocks - begun
                break
            assert self.clocks - begun < 100_000, "it hangs"
        found = self._found()
        while not take:
            take = int(self.rng.random() >= pause)
            await self.clock(readings_tready=take)
            assert dut.readings_tvalid.value == 1
            assert self._found() == found, "it stays as it is"
        await self.clock(tvalid=0, readings_tready=0)
        assert dut.readings_tvalid.value == 0
        assert found[1] == tid
        return *found, clocks

    def _found(self) -> tuple[list[int], int, int]:
        dut, config = self.dut, self.config
        codes = unpack(
            int(dut.readings_tdata.value), self.model.bits, config.converters.channels, signed=False
        )
        return codes, int(dut.readings_tid.value), int(dut.readings_tuser.value)


async def begin(dut: Any) -> Bench:
    names = ("tid", "tvalid", "taken", "readings_tready", "analog", "forced", "level")
    await start(dut, **dict.fromkeys(names, 0))
    bench = Bench(dut, configured())
    for _ in range(bench.config.spi.adc.frames.gap):
        await bench.clock()
    return bench


@cocotb.test(timeout_time=40, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.7])
async def readings_are_of_the_pins(dut, pause):
    """Of each channel, whatever was there before; in as many clocks as the configuration says."""
    bench = await begin(dut)
    for _ in range(6):
        pins = bench.pins()
        codes, _, bad, clocks = await bench.ask(pins, pause)
        assert codes == pins[: bench.config.converters.channels]
        assert not bad
        assert clocks == bench.config.spi.adc.clocks
        for _ in range(int(bench.rng.integers(4))):
            await bench.clock()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def a_dead_wire_is_told(dut):
    """Stuck at 1, or with a channel's number at 0 too: the reading is bad, and comes in as many clocks."""
    bench = await begin(dut)
    adc = bench.config.spi.adc
    for level in (1, 0, 1):
        await bench.clock(forced=1, level=level)
        _, _, bad, clocks = await bench.ask(bench.pins(), 0.0)
        # Channel 0 has no one in its number, and it alone.
        numbered = adc.echo_low >= 0 and (level == 1 or adc.reads > 1)
        assert bad == (numbered or (level == 1 and adc.zeros != 0))
        assert clocks == adc.clocks
    await bench.clock(forced=0)
    pins = bench.pins()
    assert (await bench.ask(pins, 0.0))[::2][:1] == (pins[: adc.reads],)
