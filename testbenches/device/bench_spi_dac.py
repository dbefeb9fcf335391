"""Do converters of a data sheet hold what they were sent, all at once, in frames that they take?"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.ports import fields
from testbenches.support import clock, configured, random_numbers, start


class Bench:
    """A sender of parameters, and the outputs of the chips."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.value, self.index = fields(config, "m_axis_parameters_tdata")
        self.codes = np.zeros(config.parameters, dtype=np.int64)
        self.clocks = 0

    @property
    def outputs(self) -> list[int]:
        word, bits = int(self.dut.codes.value), self.value.width
        return [word >> k * bits & (1 << bits) - 1 for k in range(self.config.parameters)]

    async def clock(self, **inputs: int) -> None:
        await clock(self.dut, **inputs)
        self.clocks += 1
        assert self.dut.wrong.value == 0, f"{int(self.dut.wrong.value):08b}: see testbenches.device.parts"

    def beat(self, index: int, code: int, last: bool) -> dict[str, int]:
        return {"tdata": code << self.value.low | index << self.index.low, "tlast": int(last), "tvalid": 1}

    async def write(self, changes: dict[int, int], pause: float, *, fresh: bool = False) -> int:
        """One measurement's parameters; so many clocks from the first offer until the last one is taken.
        With ``fresh`` there may be a pulse of LDAC for one that was withdrawn.
        """
        before = self.outputs
        held = self.config.dac.ldac
        begun = self.clocks
        for number, (index, code) in enumerate(changes.items()):
            while self.rng.random() < pause:
                await self.clock(tvalid=0)
            last = number == len(changes) - 1
            limit = self.clocks + 2000 * self.config.spi.dac.frames.half
            while True:
                await self.clock(**self.beat(index, code, last))
                if self.dut.tready.value:
                    break
                assert self.clocks < limit, "it hangs"
                # The pulse of LDAC lets them change a little before the last one is taken.
                assert fresh or not held or last or self.outputs == before, "all at once"
            assert self.dut.idle.value == 1, "taken when its frame is over"
        return self.clocks - begun


async def begin(dut: Any) -> Bench:
    await start(dut, tvalid=0, tdata=0, tlast=0)
    bench = Bench(dut, configured())
    limit = 3000 * bench.config.spi.dac.frames.half * max(1, len(bench.config.dac.setup))
    for _ in range(1 + bool(bench.config.dac.setup) * limit):
        await bench.clock()
    while not dut.idle.value:
        await bench.clock()
    # A frame cut off by a reset is followed by a whole gap.
    for _ in range(bench.config.spi.dac.frames.gap):
        await bench.clock()
    return bench


@cocotb.test(timeout_time=40, timeout_unit="ms")
@cocotb.parametrize(pause=[0.0, 0.9])
async def outputs_are_what_was_sent(dut, pause):
    """After the last one of each measurement; in as many clocks as the configuration says."""
    bench = await begin(dut)
    config, top = bench.config, (1 << bench.value.width) - 1
    for turn in range(6):
        moved = bench.rng.random(config.parameters) < (1.0 if turn == 0 else 0.5)
        fresh = [0, top, *bench.rng.integers(0, top + 1, config.parameters).tolist()]
        changes = {k: int(fresh[(k + turn) % len(fresh)]) for k in np.flatnonzero(moved)}
        clocks = await bench.write(changes, pause)
        if not pause:
            assert clocks == config.spi.dac.clocks(len(changes))
        await bench.clock(tvalid=0)
        await bench.clock()
        for index, code in changes.items():
            bench.codes[index] = code
        if changes:
            assert bench.outputs == bench.codes.tolist()


@cocotb.test(timeout_time=40, timeout_unit="ms")
async def a_parameter_may_be_withdrawn(dut):
    """By a start, at any time: its frame is finished, and what is offered next is not taken for it."""
    bench = await begin(dut)
    config = bench.config
    frame = config.spi.dac.clocks(1)
    for clocks in range(1, frame, max(1, frame // 23)):
        for _ in range(clocks):
            await bench.clock(**bench.beat(0, 5, True))
            assert not dut.tready.value
        await bench.clock(tvalid=0)
        limit = bench.clocks + 3 * frame
        await bench.write({0: clocks % 16, config.parameters - 1: 9}, 0.0, fresh=True)
        assert bench.clocks < limit + frame
        await bench.clock(tvalid=0)
        await bench.clock()
        assert (bench.outputs[0], bench.outputs[-1]) == (clocks % 16, 9)
