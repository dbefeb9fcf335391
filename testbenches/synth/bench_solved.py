"""A mapped netlist learns with delayed updates: is its task solved in the clock that the twin says?"""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge

from mgd_sim.rtl import bench_parameters

from .bench_netlist import begun


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def is_solved_in_this_clock(dut):
    """``solved`` rises so many clocks after the start was taken at its pin, and not before."""
    given = bench_parameters()
    await begun(dut, given, "step", "clear_flags")
    clocks = 0
    while clocks < given["clocks"]:
        assert int(dut.solved.value) == 0, clocks
        await FallingEdge(dut.clk)
        clocks += 1
    assert int(dut.solved.value) == 1
