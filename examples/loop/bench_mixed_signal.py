"""Inside the simulator: the circuit on one side, ngspice on the other, and a board of converters between.

``7_mixed_signal.py`` starts it. Both sides have one time: whatever is set or read on the analog side happens
when the simulated clock says so.
"""

from __future__ import annotations

from functools import reduce

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotb.utils import get_sim_time

from mgd_hdl.config import load
from mgd_hdl.config.ports import fields
from mgd_sim.plants import TransistorNetwork
from mgd_sim.rtl.cocotb_run import bench_parameters

JOB = bench_parameters()
CONFIG = load(JOB["config"])
#: Clocks from a request to its reading: inputs change, and the network settles.
CONVERSION = 12


class Board:
    """Registers, converters and chip: codes to volts, and volts to codes of twelve bits."""

    def __init__(self) -> None:
        self.chip = TransistorNetwork([2, 2, 1], JOB["device"])
        self.codes = np.zeros(CONFIG.parameters, dtype=np.int64)
        self.began = get_sim_time("ns")
        #: Of each measurement: codes of the weights, inputs, code of the reading; and seconds of each.
        self.kept: list[list[int]] = []
        self.times: list[float] = []
        #: Voltages over time, of each while that was watched.
        self.volts: list[list[dict[str, float]]] = []

    def _now(self) -> None:
        self.chip.spice.time = (get_sim_time("ns") - self.began) * 1e-9

    def update(self) -> None:
        """All weights take their codes at once."""
        self._now()
        half = 1 << CONFIG.device.dac_bits - 1
        self.chip.write((self.codes - half) / half)

    def apply(self, inputs: list[int]) -> None:
        """Drives the inputs."""
        self._now()
        self.chip.apply(inputs)

    def sample(self, inputs: list[int]) -> int:
        """A reading, as a code."""
        self._now()
        half = 1 << CONFIG.device.adc_bits - 1
        code = int(np.clip(np.floor(self.chip.sampled()[0] * half) + half, 0, 2 * half - 1))
        self.kept.append([*self.codes.tolist(), *inputs, code])
        self.times.append(self.chip.spice.time)
        return code

    def watch(self, on: bool) -> None:
        """From now on voltages are kept, or no longer."""
        if on:
            self.volts.append([])
        self.chip.spice.waves = self.volts[-1] if on else None


def parts(word: int, port: str) -> dict[str, int]:
    """The fields of a port's word, by name."""
    return {each.name: word >> each.low & (1 << each.width) - 1 for each in fields(CONFIG, port)}


async def begin(dut) -> None:
    """Registers are set, parameters drawn, steps follow."""
    Clock(dut.clk, round(1e9 / CONFIG.host.clock_hz), "ns").start()
    registers = CONFIG.registers(JOB["seed"])
    for name in JOB["inputs"]:
        getattr(dut, name).value = getattr(registers, name, 0)
    dut.m_axis_parameters_tready.value = dut.m_axis_inputs_tready.value = 1
    for rst, start, run in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        dut.rst.value, dut.start.value, dut.run.value = rst, start, run
        await RisingEdge(dut.clk)


@cocotb.test()
async def learns(dut):
    """Until the circuit's judge is content or patience ends, and a few steps more; all that was measured."""
    board = Board()
    await begin(dut)
    some, patience, last = 2 * JOB["watched"], 2 * JOB["steps"], None
    board.watch(True)
    while True:
        await RisingEdge(dut.clk)
        if dut.m_axis_parameters_tvalid.value:
            word = parts(int(dut.m_axis_parameters_tdata.value), "m_axis_parameters_tdata")
            board.codes[word["index"]] = word["value"]
            if dut.m_axis_parameters_tlast.value:
                board.update()
        elif dut.m_axis_inputs_tvalid.value:
            done = len(board.kept)
            if done == last:
                break  # with the request of the next step, all parameters of the last one are there
            if done == some:
                board.watch(False)
            if last is None and done % 2 == 0 and (dut.solved.value or done >= patience):
                board.watch(True)
                last = done + some
            inputs = list(parts(int(dut.m_axis_inputs_tdata.value), "m_axis_inputs_tdata").values())
            dut.s_axis_readings_tid.value = dut.m_axis_inputs_tid.value
            board.apply(inputs)
            await ClockCycles(dut.clk, CONVERSION)
            dut.s_axis_readings_tdata.value = board.sample(inputs)
            dut.s_axis_readings_tvalid.value = 1
            await RisingEdge(dut.clk)
            dut.s_axis_readings_tvalid.value = 0
    names = list(board.volts[0][0])
    np.savez(
        JOB["out"],
        measured=board.kept,
        times=board.times,
        theta=[reduce(getattr, path.split("."), dut).value.to_signed() for path in JOB["theta"]],
        solved=bool(dut.solved.value),
        counted=[int(each.value) for each in (dut.asked_count, dut.taken_count, dut.dropped_count)],
        names=names,
        **{
            f"volts{number}": [[point[name] for name in names] for point in points]
            for number, points in enumerate(board.volts)
        },
    )
    board.chip.close()
