"""Gowin GW1NR-9: tables and sums share their sites, and every pin must be named before routing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


#: Sites of a memory: a whole block, of which it uses four.
_MEMORY_SITES = 8


def packed(module: dict[str, Any]) -> dict[str, float]:
    """The cells of a flat module that take sites when it is packed, and how many.

    A register hears the table, or the bit of a sum, of its own site and nothing else: fed by another cell it
    takes a site more. The placer need not put a register of a sum beside it, so this is the least.
    """
    found: dict[str, float] = {}
    feeds: dict[Any, str] = {}
    for name, cell in module["cells"].items():
        if cell["type"].startswith("LUT"):
            found[name] = 1
            feeds[cell["connections"]["F"][0]] = name
        elif cell["type"] == "ALU":
            feeds[cell["connections"]["SUM"][0]] = name
        elif cell["type"].startswith("RAM16S"):
            found[name] = _MEMORY_SITES
    for chain, read in _chains(module):
        # A site before the first bit and one after a carry that is read, then sites come in pairs.
        sites = len(chain) + 1 + read
        found |= dict.fromkeys(chain, 1)
        found[chain[0]] += sites + sites % 2 - len(chain)
    beside: set[str] = set()
    for name, cell in module["cells"].items():
        if cell["type"].startswith("DFF"):
            feeder = feeds.get(cell["connections"]["D"][0])
            if feeder is None or feeder in beside:
                found[name] = 1
            else:
                beside.add(feeder)
    return found


def _chains(module: dict[str, Any]) -> Iterator[tuple[list[str], bool]]:
    """The bits of every sum, first to last, and whether anything but a sum reads the last one's carry."""
    sums = {name: cell["connections"] for name, cell in module["cells"].items() if cell["type"] == "ALU"}
    carries = {pins["COUT"][0] for pins in sums.values() if pins.get("COUT")}
    follows = {pins["CIN"][0]: name for name, pins in sums.items()}
    read = {
        bit
        for cell in module["cells"].values()
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input" and (cell["type"], port) != ("ALU", "CIN")
        for bit in bits
    }
    for first, pins in sums.items():
        if pins["CIN"][0] in carries:
            continue
        chain = [first]
        while (carry := sums[chain[-1]].get("COUT", [None])[0]) in follows:
            chain.append(follows[carry])
        yield chain, carry in read


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
        placed={"logic cells": "LUT[1-4]|ALU|RAM16S.*"},
        weights={
            "DSP": {"MULT9X9": 0.5, "MULT36X36": 4},
            # Beside the tables that hold its words.
            "logic cells": dict.fromkeys(("RAM16SDP1", "RAM16SDP2", "RAM16SDP4"), _MEMORY_SITES - 4),
        },
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
            "A logic cell is the site of a table or of one bit of a sum; a register without one of these"
            " before it takes one too.",
            "LUT RAM: memories of 16 words of 4 bits, each in eight logic cells.",
            "DSP: multipliers of 18 by 18 bits; one of 9 by 9 is half of one.",
        ),
    )
}
