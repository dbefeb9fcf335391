"""Runs generated Verilog: for millions of clocks as a shared library, or under cocotb benches."""

from __future__ import annotations

from .cocotb_run import BenchResult, bench_parameters, simulate
from .design import Design, Port, Probe, expanded
from .kept import cache_folder
from .tools import RtlError
from .trainer import RtlTrainer, trainer_design
from .verilator import VerilatorModel

__all__ = [
    "BenchResult",
    "Design",
    "Port",
    "Probe",
    "RtlError",
    "RtlTrainer",
    "VerilatorModel",
    "bench_parameters",
    "cache_folder",
    "expanded",
    "simulate",
    "trainer_design",
]
