"""No device at all: how many gates and transistors would the trainer take in static CMOS?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .blocks import FLATTEN, block, owners
from .process import SynthError
from .report import Resource

__all__ = ["NOTES", "TITLE", "TRANSISTORS", "passes", "resources"]

TITLE = "Gates of static CMOS"

#: Transistors of each gate, as Yosys estimates them (``stat -tech cmos``).
TRANSISTORS = {
    "$_NOT_": 2,
    "$_NAND_": 4,
    "$_NOR_": 4,
    "$_AOI3_": 6,
    "$_OAI3_": 6,
    "$_AOI4_": 8,
    "$_OAI4_": 8,
    "$_NMUX_": 10,
    "$_MUX_": 12,
    "$_XOR_": 12,
    "$_XNOR_": 12,
    "$_DFF_P_": 16,
}

NOTES = (
    "Registers are plain flip-flops: what enables or resets one is counted in gates before it.",
    "Tables of the activation are logic, and so is a sample memory; initial values are not kept.",
    "A NAND2 equivalent is four transistors. No wires, no clock tree.",
)


def passes(top: str) -> str:
    """Yosys: from Verilog to a flat netlist of the gates in :data:`TRANSISTORS`."""
    return (
        f"synth -flatten -noabc -top {top}; {FLATTEN};"
        " setattr -unset init; dfflegalize -cell $_DFF_P_ x; abc -g cmos; opt_clean"
    )


def resources(module: dict[str, Any]) -> tuple[Resource, ...]:
    """Gates, transistors and registers by block."""
    transistors: Counter[str] = Counter()
    registers: Counter[str] = Counter()
    for name, path in owners(module).items():
        kind = module["cells"][name]["type"]
        if kind not in TRANSISTORS:
            raise SynthError(f"not mapped to gates: {kind}")
        transistors[block(path)] += TRANSISTORS[kind]
        registers[block(path)] += kind == "$_DFF_P_"
    gates = {name: count / 4 for name, count in transistors.items()}
    return (
        Resource.of("NAND2 equivalents", gates),
        Resource.of("transistors", transistors),
        Resource.of("FF", registers),
    )
