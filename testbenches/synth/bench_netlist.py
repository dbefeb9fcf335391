"""A mapped netlist learns, from its pins on: are all parameters the twin's after every step?"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge

from mgd_sim.rtl import bench_parameters
from mgd_sim.studies.learning import GOALS
from mgd_sim.trainer import Trainer
from testbenches.support import configured, unpack


async def shifted_in(dut: Any, value: int, bits: int) -> None:
    """The run-time registers, highest bit first; pins pass a register, so a bit is there one clock before."""
    dut.settings_shift.value = 1
    for place in reversed(range(bits)):
        dut.settings_in.value = value >> place & 1
        await FallingEdge(dut.clk)
    dut.settings_shift.value = 0
    await ClockCycles(dut.clk, 4)


async def begun(dut: Any, given: dict[str, Any], *more: str) -> None:
    """A start in the clock before, with these settings, and then ``run``; further pins are low."""
    for name in ("start", "run", "settings_shift", "settings_in", *more):
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


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def learns_as_the_twin(dut):
    """Every step, until the task is solved or the given number of steps is done."""
    config, given = configured(), bench_parameters()
    await begun(dut, given)

    twin, goal = Trainer(config, [given["seed"]]), GOALS["xor"]
    solved, first = False, None
    for step in range(1, given["steps"] + 1):
        await RisingEdge(dut.step_done)
        await ReadOnly()
        twin.run(1)
        found = unpack(int(dut.theta.value), config.words.parameter.width, config.parameters, signed=True)
        assert found == twin.theta[0].tolist(), step
        first = first or found
        if given["until_solved"] and step % goal.every == 0:
            cost, accuracy = twin.cost_and_accuracy()
            solved = bool(accuracy[0] >= goal.accuracy and cost[0] < goal.cost)
            if solved:
                break
    assert found != first
    assert solved == given["until_solved"]
    assert not solved or step > 100
