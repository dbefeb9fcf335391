"""Xilinx 7 series, counted: tables of six inputs, registers, carries of four bits, DSP48E1 and block RAM."""

from __future__ import annotations

import re
from typing import Any

from .blocks import FLATTEN
from .counted import Counted

__all__ = ["DEVICES", "packed", "passes"]

#: Tables that a memory of tables takes (UG474, table 2-3); a shift register takes one.
_TABLES = {
    **dict.fromkeys(("RAM32X1S", "RAM64X1S", "SRL16E", "SRLC32E"), 1),
    **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1S"), 2),
    **dict.fromkeys(("RAM128X1D", "RAM256X1S", "RAM32M", "RAM64M"), 4),
}


def passes(top: str) -> str:
    """Yosys: from Verilog to a flat netlist of cells of the 7 series, without pads."""
    return f"synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top {top}; {FLATTEN}"


def packed(module: dict[str, Any]) -> dict[str, float]:
    """The cells of a flat module that take sites of tables, and how many.

    The exclusive or of a sum's operands stands in the table beside its carry; an operand that comes
    from elsewhere passes through a table there.
    """
    found: dict[str, float] = {}
    tables = set()
    for name, cell in module["cells"].items():
        kind = cell["type"]
        if re.fullmatch("LUT[1-6]|INV", kind):
            found[name] = 1
            tables.add(cell["connections"]["O"][0])
        elif kind in _TABLES:
            found[name] = _TABLES[kind]
    for name, cell in module["cells"].items():
        if cell["type"] == "CARRY4":
            through = [bit for bit in cell["connections"]["S"] if isinstance(bit, int) and bit not in tables]
            if through:
                found[name] = len(through)
    return found


def _device(title: str, slices: int, *, multipliers: int, memories: int) -> Counted:
    """A slice has four tables, eight registers and a carry of four bits; memories are of 36 Kb."""
    return Counted(
        title=title,
        passes=passes,
        sites="LUT sites",
        packed=packed,
        mapped={
            **{f"LUT{n}": f"LUT{n}" if n > 1 else "LUT1|INV" for n in reversed(range(1, 7))},
            "LUT RAM": "RAM(32|64|128|256).*|SRL.*",
            "FF": "FD[RSCP]E",
            "carry": "CARRY4",
            "BRAM": "RAMB(18|36)E1",
            "DSP": "DSP48E1",
        },
        weights={"LUT RAM": _TABLES, "BRAM": {"RAMB18E1": 0.5}},
        supply={
            "LUT sites": 4 * slices,
            "FF": 8 * slices,
            "carry": slices,
            "BRAM": memories,
            "DSP": multipliers,
        },
        notes=(
            "LUT sites: a table of up to six inputs takes one, so do a bit of a shift register or an operand"
            " that a carry hears without a table. Small tables may share one, which is not counted on: this"
            " is the most that packing leaves.",
            "LUT RAM: memories and shift registers made of tables, in LUT sites, of which they are a part.",
            "carry: four bits of a sum (CARRY4).",
            "BRAM: blocks of 36 Kb; one of 18 Kb is half of one.",
        ),
    )


#: Slices, DSP48E1 and block RAM: DS180 (7 Series FPGAs Overview), table of Artix-7; DS190 (Zynq-7000 SoC
#: Overview), whose 53,200 tables are 13,300 slices.
DEVICES = {
    "xc7a35t": _device("Xilinx Artix-7 XC7A35T", 5_200, multipliers=90, memories=50),
    "xc7a100t": _device("Xilinx Artix-7 XC7A100T", 15_850, multipliers=240, memories=135),
    "xc7z020": _device("Xilinx Zynq XC7Z020", 13_300, multipliers=220, memories=140),
}
