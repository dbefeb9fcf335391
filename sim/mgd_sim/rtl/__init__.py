"""Runs generated Verilog: for millions of clocks as a shared library, or under cocotb benches."""

from __future__ import annotations

from .cocotb_run import BenchResult, bench_parameters, simulate
from .design import Design, Port, Probe
from .tools import RtlError
from .verilator import VerilatorModel

__all__ = [
    "BenchResult",
    "Design",
    "Port",
    "Probe",
    "RtlError",
    "VerilatorModel",
    "bench_parameters",
    "simulate",
]
