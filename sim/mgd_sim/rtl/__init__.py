"""Runs generated Verilog: for millions of clocks as a shared library, or under cocotb benches."""

from __future__ import annotations

from .cocotb_run import BenchResult, bench_parameters, simulate
from .design import Design, Port, Probe
from .tools import RtlError
from .trainer import SATURATED, RtlTrainer, trainer_design
from .verilator import BUILD_DIR, VerilatorModel

__all__ = [
    "BUILD_DIR",
    "SATURATED",
    "BenchResult",
    "Design",
    "Port",
    "Probe",
    "RtlError",
    "RtlTrainer",
    "VerilatorModel",
    "bench_parameters",
    "simulate",
    "trainer_design",
]
