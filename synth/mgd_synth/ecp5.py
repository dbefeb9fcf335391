"""ECP5: sites of one table each, registers beside them, multipliers of 18 by 18 bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .blocks import FLATTEN
from .nextpnr import Device, nextpnr
from .products import limited

__all__ = ["DEEP", "DEVICES", "absorbed", "free_ends", "packed", "passes"]

#: Paths up to this are fast enough, picoseconds; trainers reach 8,000 with wires. Where tables are mapped
#: without such a limit every path is made as short as it can be, and a cell takes half as many again.
_DELAY = 6000

#: Memories of more words are made of narrow blocks, which are as deep as they are.
DEEP = 2048
_NARROW = (
    f"memory_libmap -lib ecp5_deep.txt t:$mem_v2 r:SIZE>{DEEP} %i; techmap -map +/lattice/brams_map_16kd.v"
)

#: By the size of a device.
_MULTIPLIERS = {"25": 28, "45": 72, "85": 156}


def passes(top: str, most: int | None = None) -> str:
    """Yosys: from Verilog to a flat netlist of ECP5 cells, with at ``most`` so many multipliers.

    That is ``synth_ecp5``, with a limit for delays, deep memories without multiplexers, chains of sums by
    ``ecp5_carry.v``, which spend no sites on their ends, and tables that fit into one joined.
    """
    run = f"synth_ecp5 -top {top} -run"
    coarse = f"{run} :map_ram" if most is None else limited(run, most, "map_ram")
    return (
        f"scratchpad -set abc9.D {_DELAY}; {coarse}; {_NARROW}; {run} map_ram:map_gates;"
        f" techmap -map ecp5_carry.v; {run} map_gates:map_cells; opt_lut; {run} map_cells:; {FLATTEN}"
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


def absorbed(module: dict[str, Any]) -> dict[str, Any]:
    """The module with registers around a multiplier inside of it: those before both factors, if all bits come
    from registers, and those behind a product, if nothing else reads what of it is read at all. Registers of
    one factor alone stay outside: place and route would time a way to them as one through the multiplier.
    So it is with registers behind a port of a block memory.

    Such a register has no enable, no reset, and begins at 0, as those in the multiplier do; all around one
    multiplier have one clock. A factor's registers stay where others read them as well. Synthesis leaves all
    of them outside, where a product or a read alone takes longer than most paths of a trainer.
    """
    cells = dict(module["cells"])
    readers: dict[Any, list[str]] = {}
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                for bit in bits:
                    readers.setdefault(bit, []).append(name)
    outside = {bit for port in module["ports"].values() for bit in port["bits"]}
    registers = {cell["connections"]["Q"][0]: name for name, cell in cells.items() if _plain(cell)}
    behind = {cells[name]["connections"]["DI"][0]: name for name in registers.values()}
    before: set[str] = set()
    for name, cell in module["cells"].items():
        if cell["type"] != "MULT18X18D":
            continue
        pins, parameters, clock = dict(cell["connections"]), dict(cell["parameters"]), None
        for ends in ({"INPUTA": "A", "INPUTB": "B"}, {"OUTPUT": "P"}):
            words: dict[str, dict[str, str]] = {what: {} for what in ends}
            for what, end in ends.items():
                for port in (f"{end}{place}" for place in range(36) if f"{end}{place}" in pins):
                    (bit,) = pins[port]
                    if what == "OUTPUT":
                        kept = _reader(bit, readers, behind, outside)
                    else:
                        kept = None if bit == "0" else registers.get(bit, "")
                    if kept is not None:
                        words[what][port] = kept
            around = [kept for found in words.values() for kept in found.values()]
            clocks = {cells[kept]["connections"]["CLK"][0] if kept else None for kept in around}
            clocks |= set() if clock is None else {clock}
            if None in clocks or not all(words.values()) or len(clocks) > 1:
                continue
            (clock,) = clocks
            for what, found in words.items():
                parameters[f"REG_{what}_CLK"] = "CLK0"
                for port, kept in found.items():
                    register = cells[kept]["connections"]
                    pins[port] = register["Q" if what == "OUTPUT" else "DI"]
                    # A register behind one multiplier may be before another: it is in one of them.
                    if what == "OUTPUT":
                        del registers[register["Q"][0]]
                    else:
                        readers.setdefault(register["DI"][0], []).append(name)
                if what == "OUTPUT":
                    for kept in found.values():
                        del cells[kept]
                else:
                    before |= set(found.values())
        if clock is not None:
            pins |= {"CLK0": [clock], "CE0": ["1"], "RST0": ["0"]}
            directions = cell["port_directions"] | dict.fromkeys(("CLK0", "CE0", "RST0"), "input")
            cell = {**cell, "connections": pins, "parameters": parameters, "port_directions": directions}
            cells[name] = cell
    for name, cell in module["cells"].items():
        if cell["type"] == "DP16KD":
            for end in "AB":
                cell = _read_out(cells, cell, end, readers, behind, outside)
            cells[name] = cell
    return {**module, "cells": _needed(cells, before, outside)}


def _reader(
    bit: Any, readers: Mapping[Any, Sequence[str]], behind: Mapping[Any, str], outside: set[Any]
) -> str | None:
    """The register that alone reads a bit, nothing ("") where others do, None where nobody does."""
    read = readers.get(bit, ())
    if not read and bit not in outside:
        return None
    return behind.get(bit, "") if bit not in outside and len(read) == 1 else ""


def _read_out(
    cells: dict[str, Any],
    memory: dict[str, Any],
    end: str,
    readers: Mapping[Any, Sequence[str]],
    behind: Mapping[Any, str],
    outside: set[Any],
) -> dict[str, Any]:
    """The memory with the registers behind one port inside of it, which ``cells`` lose, if all can be.

    The other port has registers too then, if nobody reads there: place and route knows delays of both ports
    together, and takes those without a register for both where one of them has none.
    """
    pins, kept = dict(memory["connections"]), {}
    for port in (f"DO{end}{place}" for place in range(18) if f"DO{end}{place}" in pins):
        (bit,) = pins[port]
        if (name := _reader(bit, readers, behind, outside)) is not None:
            kept[port] = name
    plain = memory["parameters"][f"REGMODE_{end}"] == "NOREG" and pins[f"OCE{end}"] == ["1"]
    clocks = {cells[name]["connections"]["CLK"][0] if name in cells else None for name in kept.values()}
    if not plain or clocks != set(pins[f"CLK{end}"]):
        return memory
    for port, name in kept.items():
        pins[port] = cells.pop(name)["connections"]["Q"]
    parameters = memory["parameters"] | {f"REGMODE_{end}": "OUTREG"}
    other = "AB".replace(end, "")
    given = [bit for port, bits in pins.items() if port.startswith(f"DO{other}") for bit in bits]
    if not any(bit in readers or bit in outside for bit in given):
        parameters[f"REGMODE_{other}"] = "OUTREG"
    return {**memory, "connections": pins, "parameters": parameters}


def _plain(cell: dict[str, Any]) -> bool:
    """Whether it is a register without enable and reset that begins at 0, at the rising edge."""
    given, pins = cell["parameters"], cell["connections"]
    return bool(
        cell["type"] == "TRELLIS_FF"
        and given["CEMUX"].strip() == "1"  # a text of digits has a space behind it
        and pins.get("LSR", ["0"]) == ["0"]
        and given["REGSET"] == "RESET"
        and given["CLKMUX"] == "CLK"
    )


def _needed(cells: dict[str, Any], suspects: set[str], outside: set[Any]) -> dict[str, Any]:
    """The cells without those of the suspects that nothing reads."""
    read = set(outside)
    for cell in cells.values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                read.update(bits)
    return {
        name: cell
        for name, cell in cells.items()
        if name not in suspects or cell["connections"]["Q"][0] in read
    }


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
        absorbed=absorbed,
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
