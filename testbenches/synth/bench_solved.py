"""A mapped netlist learns with delayed updates: is its task solved in the clock that the twin says?"""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

from mgd_sim.rtl import bench_parameters

from .bench_netlist import shifted_in


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def is_solved_in_this_clock(dut):
    """``solved`` rises so many clocks after the start was taken at its pin, and not before."""
    given = bench_parameters()
    for name in ("start", "run", "step", "clear_flags", "settings_shift", "settings_in"):
        getattr(dut, name).value = 0
    dut.rst.value = 1
    Clock(dut.clk, 2, unit="ns").start()
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    await shifted_in(dut, int(given["settings"], 16), given["bits"])
    await FallingEdge(dut.clk)
    dut.rst.value, dut.start.value = 0, 1
    await FallingEdge(dut.clk)
    dut.start.value, dut.run.value = 0, 1
    clocks = 0
    while clocks < given["clocks"]:
        assert int(dut.solved.value) == 0, clocks
        await FallingEdge(dut.clk)
        clocks += 1
    assert int(dut.solved.value) == 1
