"""The showcase alone at a desk: does its LED go on in the very step that the twin says, try after try?"""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, First, RisingEdge, Timer

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.support import configured, random_numbers

PERIOD = 2  # nanoseconds


def parameters(dut: Any, config: TrainerConfig) -> list[int]:
    """T of every cell."""
    found = []
    for index, place in enumerate(config.placement.places):
        tile = getattr(dut.trainer.core.array, f"tile_{place.tile}")
        cell = getattr(tile, f"cell_{index - config.placement.tiles[place.tile].first}")
        found.append(cell.integrator.theta.value.to_signed())
    return found


async def clocks(dut: Any, count: int) -> None:
    """Goes to the middle of a clock, where nothing changes."""
    await ClockCycles(dut.clk, count)
    await FallingEdge(dut.clk)


async def bounce(dut: Any, level: int, debounce: int) -> None:
    """The button goes to a level as a bad contact does, never for as long as it takes to count."""
    rng = random_numbers()
    for _ in range(5):
        dut.button.value = level
        await Timer(int(rng.integers(1, PERIOD * (debounce - 3))), "ns")
        dut.button.value = 1 - level
        await Timer(int(rng.integers(1, 3 * PERIOD * debounce)), "ns")
    dut.button.value = level


async def soon(count: int, *events: Any) -> Any:
    """The first of some events, which must come within so many clocks."""
    found = await First(*events, Timer(PERIOD * count, "ns"))
    assert found in events, f"nothing happened in {count} clocks"
    return found


def showcase(dut: Any) -> Any:
    """The circuit itself, where a memory stands beside it."""
    return dut.show if hasattr(dut, "show") else dut


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def led_lights_in_the_step_of_the_twin(dut):
    """From power-up, without a reset; tries end with the button, or by themselves where they are given up."""
    config, given, show = configured(), bench_parameters(), showcase(dut)
    power_up, debounce, patience = (given[name] for name in ("power_up", "debounce", "patience"))
    dut.rst.value = 0
    dut.button.value = 0
    Clock(dut.clk, PERIOD, unit="ns").start()
    await soon(10 * power_up, RisingEdge(show.start))
    assert power_up <= cocotb.utils.get_sim_time("ns") / PERIOD <= power_up + 3

    for number, (step, theta) in enumerate(zip(given["solved_at"], given["theta"], strict=True)):
        # A trainer that tries again by itself needs no start, and steps are those of all its tries.
        begins = RisingEdge(show.trainer.core__tired if config.retries else show.start)
        before = patience * number if config.retries else 0
        lights = RisingEdge(dut.led_solved)
        clocks_of_a_step = given.get("step_clocks", int(config.timing.clocks_per_step))
        asleep = given.get("fill_clocks", 0) + 1_100 * (show is not dut)
        most = patience * clocks_of_a_step + 4 * config.parameters + asleep + 100
        solved = await soon(most, lights, begins) is lights
        await FallingEdge(dut.clk)
        assert solved == (step >= 0), number
        if not solved:
            assert show.steps.value == before + patience
            continue
        assert show.steps.value == before + step + 1, number
        # What it has learned stays as it is.
        await clocks(dut, 300)
        assert parameters(show, config) == theta, number
        await clocks(dut, 300)
        assert parameters(show, config) == theta
        assert show.steps.value == before + step + 1
        assert dut.led_solved.value == 1
        assert dut.led_running.value == 0
        assert dut.led_saturated.value == given["saturated"][number]
        # Contacts that bounce are no press.
        await bounce(dut, 1, debounce)
        assert dut.led_solved.value == 1
        await clocks(dut, debounce + 6)
        assert (dut.led_running.value, dut.led_solved.value, dut.led_saturated.value) == (0, 0, 0)
        steps = int(show.steps.value)
        await clocks(dut, 200)
        assert show.steps.value == steps
        await bounce(dut, 0, debounce)
        assert show.start.value == 0
        await soon(3 * debounce, RisingEdge(show.start))
    if show is not dut:
        assert dut.wrong.value == 0, "see testbenches.samples.flash_chip"
        assert dut.broken.value == 0, "see testbenches.samples.sdram_chip"


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def running_led_blinks(dut):
    """On for ``blink`` steps, then dark for as many."""
    given = bench_parameters()
    dut.rst.value = 0
    dut.button.value = 0
    Clock(dut.clk, PERIOD, unit="ns").start()
    await soon(200, RisingEdge(dut.led_running))
    turns = []
    for _ in range(4):
        await soon(100 * given["blink"], dut.led_running.value_change)
        await FallingEdge(dut.clk)
        turns.append(int(showcase(dut).steps.value))
    assert turns == [given["blink"] * turn for turn in (1, 2, 3, 4)]
