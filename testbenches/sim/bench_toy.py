"""The runner's bench: does a toy design count, and does a failure inside come out?"""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from mgd_sim.rtl import bench_parameters


async def start(dut) -> None:
    """Clock on, one clock of reset, then run."""
    dut.rst.value, dut.run.value, dut.fail.value, dut.word.value = 1, 0, 0, 1
    dut.i__valid.value, dut.i__payload.value = 0, 0
    Clock(dut.clk, 2, unit="ns").start()
    await FallingEdge(dut.clk)
    dut.rst.value, dut.run.value = 0, 1


@cocotb.test(timeout_time=10, timeout_unit="us")
async def counts_its_steps(dut):
    """After so many ends of steps the total is minus as many."""
    await start(dut)
    ended = 0
    while ended < bench_parameters()["steps"]:
        await FallingEdge(dut.clk)
        await ReadOnly()
        ended += int(dut.step_done.value)
    assert dut.total.value.to_signed() == -ended + bench_parameters().get("error", 0)


@cocotb.test(timeout_time=10, timeout_unit="us")
async def starts_from_zero(dut):
    """A reset in the middle clears the total."""
    await start(dut)
    for _ in range(20):
        await FallingEdge(dut.clk)
    assert dut.total.value.to_signed() < 0
    dut.rst.value = 1
    await FallingEdge(dut.clk)
    assert dut.total.value.to_signed() == 0
