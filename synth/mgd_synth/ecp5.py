"""ECP5: sites of one table each, registers beside them, multipliers of 18 by 18 bits."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .blocks import FLATTEN
from .nextpnr import Device, nextpnr
from .products import limited

__all__ = ["DEVICES", "free_ends", "packed", "passes"]

#: Paths up to this are fast enough, picoseconds; trainers reach 8,000 with wires. Where tables are mapped
#: without such a limit every path is made as short as it can be, and a cell takes half as many again.
_DELAY = 6000

#: By the size of a device.
_MULTIPLIERS = {"25": 28, "45": 72, "85": 156}


def passes(top: str, most: int | None = None) -> str:
    """Yosys: from Verilog to a flat netlist of ECP5 cells, with at ``most`` so many multipliers.

    That is ``synth_ecp5``, with a limit for delays, chains of sums by ``ecp5_carry.v``, which spend no
    sites on their ends, and tables that fit into one joined.
    """
    run = f"synth_ecp5 -top {top} -run"
    coarse = f"{run} :map_gates" if most is None else limited(run, most, "map_gates")
    return (
        f"scratchpad -set abc9.D {_DELAY}; {coarse}; techmap -map ecp5_carry.v;"
        f" {run} map_gates:map_cells; opt_lut; {run} map_cells:; {FLATTEN}"
    )


def free_ends(module: dict[str, Any]) -> dict[str, Any]:
    """The module with the ends of its carry chains open.

    Synthesis ties the carry that enters a chain to 0, and names the one that leaves it though nobody
    reads it. Place and route would make two sites of either. No chain of ``ecp5_carry.v`` needs
    them; one that another rule made and that needs its 0 keeps it.
    """
    read: Counter[Any] = Counter()
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                read.update(bits)
    for port in module["ports"].values():
        read.update(port["bits"])
    cells = {}
    for name, cell in module["cells"].items():
        if cell["type"] == "CCU2C":
            pins = dict(cell["connections"])
            if not any(read[bit] for bit in pins.get("COUT", ())):
                pins["COUT"] = ["x"]
            begins = pins["C0"] == pins["D0"] == ["1"] and cell["parameters"]["INIT0"].startswith("0000")
            if begins and pins["CIN"] == ["0"]:
                pins["CIN"] = ["x"]
            cell = {**cell, "connections": pins}
        cells[name] = cell
    return {**module, "cells": cells}


#: Sites that a cell takes; a memory takes four, and two beside its port for writing.
_SITES = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6}


def packed(module: dict[str, Any]) -> dict[str, float]:
    """The cells of a flat module that take sites when it is packed, and how many."""
    return {name: _SITES[cell["type"]] for name, cell in module["cells"].items() if cell["type"] in _SITES}


def _device(size: str, multipliers: int) -> Device:
    return Device(
        title=f"Lattice ECP5 LFE5U-{size.upper()}F, CABGA381, speed grade 6",
        tool=nextpnr("ecp5"),
        passes=passes,
        multipliers=multipliers,
        spare=passes,
        finish=free_ends,
        packed=packed,
        arguments=(
            *(f"--{size}k", "--package", "CABGA381", "--speed", "6"),
            # Pins may be anywhere.
            "--lpf-allow-unconstrained",
        ),
        mapped={
            "LUT": "LUT4",
            "FF": "TRELLIS_FF",
            "carry": "CCU2C",
            "LUT RAM": "TRELLIS_DPR16X4",
            "BRAM": "DP16KD",
            "DSP": "MULT18X18D",
        },
        placed={"logic cells": "TRELLIS_COMB"},
        # Two bits of a sum, in two sites.
        weights={"carry": {"CCU2C": 2}},
        supply={
            "logic cells": "TRELLIS_COMB",
            "LUT": "TRELLIS_COMB",
            "FF": "TRELLIS_FF",
            "carry": "TRELLIS_COMB",
            "LUT RAM": "TRELLIS_RAMW",
            "BRAM": "DP16KD",
            "DSP": "MULT18X18D",
        },
        frequency=150,
        notes=(
            "A logic cell is the site of a table or of one bit of a sum (TRELLIS_COMB).",
            "LUT RAM: memories of 16 words of 4 bits, each in four logic cells and a site for writing.",
        ),
    )


DEVICES = {f"ecp5-{size}k": _device(size, multipliers) for size, multipliers in _MULTIPLIERS.items()}
