"""Gowin GW1NR-9: tables and sums share their sites, and every pin must be named before routing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .blocks import FLATTEN
from .nextpnr import Device, nextpnr
from .process import SynthError
from .products import limited

__all__ = ["DEVICES"]

#: Pins of the QN88 package that are free for any use, the clock's first.
_PINS = (52, *range(25, 43), *range(53, 58), *range(68, 78), *range(79, 87))

_CONSTRAINTS = "pins.cst"


def _pin_file(pins: Sequence[str]) -> tuple[str, str]:
    if len(pins) > len(_PINS):
        raise SynthError(f"the design has {len(pins)} pins; the package has {len(_PINS)}")
    clock_first = sorted(pins, key=lambda pin: pin != "clk")
    lines = [f'IO_LOC "{name}" {pin};' for name, pin in zip(clock_first, _PINS, strict=False)]
    return _CONSTRAINTS, "\n".join(lines) + "\n"


#: Of 18 by 18 bits.
_MULTIPLIERS = 20


def passes(top: str, most: int | None = None) -> str:
    """Yosys: from Verilog to a flat netlist of Gowin cells, with at ``most`` so many multipliers."""
    run = f"synth_gowin -noiopads -top {top}"
    if most is not None:
        run = limited(f"{run} -run", most)
    # Pads come last, or the modules whose registers may not be merged would get some too.
    return f"{run}; {FLATTEN}; iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O"


def packed(module: dict[str, Any]) -> dict[str, float]:
    """The cells of a flat module that take sites; those at the ends of sums come on top."""
    kinds = re.compile("LUT[1-4]|ALU")
    return {name: 1 for name, cell in module["cells"].items() if kinds.fullmatch(cell["type"])}


DEVICES = {
    "gowin-gw1nr9": Device(
        title="Gowin GW1NR-LV9QN88PC6/I5",
        tool=nextpnr("himbaechel-gowin"),
        passes=passes,
        multipliers=_MULTIPLIERS,
        spare=passes,
        arguments=("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
        mapped={
            "LUT": "LUT[1-4]",
            "FF": "DFF.*",
            "carry": "ALU",
            "LUT RAM": "RAM16S.*",
            "BRAM": "SDPX?9?B?|DPX?9?B?|SPX?9?|pROMX?9?",
            "DSP": "MULT.*",
        },
        placed={"logic cells": "LUT[1-4]|ALU"},
        weights={"MULT9X9": 0.5, "MULT36X36": 4},
        packed=packed,
        supply={
            "logic cells": "LUT4",
            "LUT": "LUT4",
            "FF": "DFF",
            "carry": "ALU",
            "LUT RAM": "RAM16SDP4",
            "BRAM": "BSRAM",
            "DSP": "MULT18X18",
        },
        frequency=150,
        pin_file=_pin_file,
        pin_argument=("--vopt", f"cst={_CONSTRAINTS}"),
        notes=(
            "A logic cell is the site of a table or of one bit of a sum; a register without a table"
            " before it takes one too.",
            "LUT RAM: memories of 16 words of 4 bits, in sites that are no more logic cells.",
            "DSP: multipliers of 18 by 18 bits; one of 9 by 9 is half of one.",
        ),
    )
}
