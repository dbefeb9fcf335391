"""iCE40: how many logic cells does a design take?

A logic cell holds one 4-input look-up table, one carry and one register. Yosys maps to tables, carries and
registers; which of them share a cell is decided when they are packed. The rules are few, so they
are counted here: a register shares the cell of the table that feeds it and nothing else, a carry
that of the table with the same operands and its carry input.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from mgd_hdl.hierarchy import SINGLE_PORT

from .blocks import FLATTEN
from .nextpnr import Device, nextpnr
from .products import chosen
from .yosys import SynthError, netlist

__all__ = ["DEVICES", "Area", "area", "count", "packed", "passes"]


@dataclass(frozen=True)
class Area:
    """What a design takes; ``cells`` are logic cells after packing."""

    cells: int
    tables: int
    registers: int
    carries: int
    multipliers: int
    memories: int

    def slope(self, smaller: Area, parameters: int) -> dict[str, float]:
        """What each of the ``parameters`` costs by which this design is larger."""
        return {
            name: (getattr(self, name) - getattr(smaller, name)) / parameters
            for name in ("cells", "tables", "registers", "carries")
        }


#: On a device with large memories of one port they are told to take these, which no cost does by itself.
_LARGE = f'setattr -set ram_style "huge" a:{SINGLE_PORT}; '


def passes(top: str, device: str = "hx", *, multipliers: bool = True, most: int | None = None) -> str:
    """Yosys: from Verilog to a flat netlist of iCE40 cells, ``multipliers`` in blocks of their own, but
    for all beyond the ``most`` that there are.

    Not ``synth_ice40 -dsp``: it may also move registers into the multipliers, and where the sum of
    two registered products follows, it gives one register to both and loses the other product.
    Then all that led to it is removed as unused. So products are mapped by the same rules before,
    and registers stay outside.
    """
    large = _LARGE if device == "u" else ""
    if not multipliers:
        return f"{large}synth_ice40 -device {device} -top {top}; {FLATTEN}"
    blocks = (
        "techmap -map +/mul2dsp.v -map +/ice40/dsp_map.v -D DSP_A_MAXWIDTH=16 -D DSP_B_MAXWIDTH=16"
        " -D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 -D DSP_Y_MINWIDTH=11 -D DSP_NAME=$__MUL16X16"
    )
    if most is not None:
        blocks = f"{chosen(most)}; {blocks} @blocks"
    return "; ".join(
        [
            f"{large}synth_ice40 -device {device} -top {top} -run begin:flatten",
            "flatten; opt_expr; opt_clean; opt -nodffe -nosdff; wreduce; peepopt; opt_clean; wreduce t:$mul",
            blocks,
            "select a:mul2dsp; setattr -unset mul2dsp; opt_expr -fine; wreduce; select -clear",
            "chtype -set $mul t:$__soft_mul",
            f"synth_ice40 -device {device} -top {top} -run flatten:",
            # Leaf registers keep a hierarchy of their own; with it opened afterwards they are counted too.
            FLATTEN,
        ]
    )


def area(verilog: str, top: str, *, multipliers: bool = True) -> Area:
    """Synthesize for iCE40 and count. ``top`` names the module."""
    return count(netlist(verilog, passes(top, multipliers=multipliers))["modules"][top])


def packed(module: dict[str, Any]) -> dict[str, float]:
    """The cells of a flat module that take a logic cell when it is packed."""
    users: Counter[Any] = Counter()
    tables: dict[Any, tuple[Any, ...]] = {}
    found: dict[str, float] = {}
    for name, cell in module["cells"].items():
        kind, pins = cell["type"], cell["connections"]
        if not kind.startswith(("SB_", "$")):
            raise SynthError(f"not mapped to iCE40: {kind}")
        for pin, bits in pins.items():
            if cell["port_directions"][pin] == "input":
                users.update(bits)
        if kind == "SB_LUT4":
            tables[pins["O"][0]] = tuple(pins[pin][0] for pin in ("I1", "I2", "I3"))
            found[name] = 1
    for port in module["ports"].values():
        if port["direction"] == "output":
            users.update(port["bits"])

    free = Counter(tables.values())
    for name, cell in module["cells"].items():
        kind, pins = cell["type"], cell["connections"]
        if kind == "SB_CARRY":
            operands = tuple(pins[pin][0] for pin in ("I0", "I1", "CI"))
            if free[operands]:
                free[operands] -= 1
            else:
                found[name] = 1
        elif kind.startswith("SB_DFF"):
            data = pins["D"][0]
            if data not in tables or users[data] != 1:
                found[name] = 1
    return found


def count(module: dict[str, Any]) -> Area:
    """Packs one flat module of ``write_json``."""
    kinds = Counter(cell["type"] for cell in module["cells"].values())
    return Area(
        cells=len(packed(module)),
        tables=kinds["SB_LUT4"],
        registers=sum(number for kind, number in kinds.items() if kind.startswith("SB_DFF")),
        carries=kinds["SB_CARRY"],
        multipliers=kinds["SB_MAC16"],
        memories=kinds["SB_RAM40_4K"],
    )


def _device(
    title: str,
    chip: str,
    arguments: tuple[str, ...],
    frequency: float,
    *,
    multipliers: int,
    large: int = 0,
) -> Device:
    """``large``: so many large memories of one port."""
    return Device(
        title=title,
        tool=nextpnr("ice40"),
        passes=lambda top: passes(top, chip, multipliers=multipliers > 0),
        multipliers=multipliers,
        spare=lambda top, most: passes(top, chip, multipliers=multipliers > 0, most=most),
        arguments=arguments,
        mapped={
            "LUT": "SB_LUT4",
            "FF": "SB_DFF.*",
            "carry": "SB_CARRY",
            "BRAM": "SB_RAM40_4K.*",
            **({"SPRAM": "SB_SPRAM256KA"} if large else {}),
            "DSP": "SB_MAC16",
        },
        placed={"logic cells": "ICESTORM_LC"},
        weights={},
        packed=packed,
        supply={
            "logic cells": "ICESTORM_LC",
            "LUT": "ICESTORM_LC",
            "FF": "ICESTORM_LC",
            "carry": "ICESTORM_LC",
            "BRAM": "ICESTORM_RAM",
            **({"SPRAM": "ICESTORM_SPRAM"} if large else {}),
            "DSP": "ICESTORM_DSP",
        },
        frequency=frequency,
        notes=("A logic cell holds a table of four inputs, a carry and a register.",),
    )


DEVICES = {
    "ice40-up5k": _device(
        "Lattice iCE40 UP5K, SG48", "u", ("--up5k", "--package", "sg48"), 50, multipliers=8, large=4
    ),
    "ice40-hx8k": _device(
        "Lattice iCE40 HX8K, CT256", "hx", ("--hx8k", "--package", "ct256"), 120, multipliers=0
    ),
}
