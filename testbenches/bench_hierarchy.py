"""Do instances of modules made once do what the same block does in Amaranth's own simulator?"""

from __future__ import annotations

import cocotb

from mgd_sim.rtl import bench_parameters
from testbenches.support import clock, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def same_outputs(dut):
    """The inputs of each clock, and the outputs that were seen with them."""
    inputs, expected = bench_parameters()["inputs"], bench_parameters()["outputs"]
    await start(dut, **dict.fromkeys(inputs[0], 0))
    for turn, (given, wanted) in enumerate(zip(inputs, expected, strict=True)):
        await clock(dut, **given)
        assert {name: int(getattr(dut, name).value) for name in wanted} == wanted, turn
