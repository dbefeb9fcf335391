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

from .yosys import SynthError, netlist

__all__ = ["Area", "area"]


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


def area(verilog: str, top: str, options: str = "-dsp") -> Area:
    """Synthesize for iCE40 and count. ``top`` names the module."""
    # Leaf registers keep a hierarchy of their own; with it opened afterwards they are counted too.
    found = netlist(
        verilog, f"synth_ice40 {options} -top {top}; setattr -mod -unset keep_hierarchy *; flatten"
    )
    return count(found["modules"][top])


def count(module: dict[str, Any]) -> Area:
    """Packs one flat module of ``write_json``."""
    kinds: Counter[str] = Counter()
    users: Counter[Any] = Counter()
    tables: dict[Any, tuple[Any, ...]] = {}
    carries: list[tuple[Any, ...]] = []
    registers: list[Any] = []
    for cell in module["cells"].values():
        kind, pins = cell["type"], cell["connections"]
        kinds[kind] += 1
        for name, bits in pins.items():
            if cell["port_directions"][name] == "input":
                users.update(bits)
        if kind == "SB_LUT4":
            tables[pins["O"][0]] = tuple(pins[pin][0] for pin in ("I1", "I2", "I3"))
        elif kind == "SB_CARRY":
            carries.append(tuple(pins[pin][0] for pin in ("I0", "I1", "CI")))
        elif kind.startswith("SB_DFF"):
            registers.append(pins["D"][0])
    for port in module["ports"].values():
        if port["direction"] == "output":
            users.update(port["bits"])

    lone_registers = sum(1 for data in registers if data not in tables or users[data] != 1)
    free = Counter(tables.values())
    lone_carries = 0
    for operands in carries:
        if free[operands]:
            free[operands] -= 1
        else:
            lone_carries += 1
    unknown = [k for k in kinds if not k.startswith("SB_") and not k.startswith("$")]
    if unknown:
        raise SynthError(f"not mapped to iCE40: {', '.join(unknown)}")
    return Area(
        cells=len(tables) + lone_registers + lone_carries,
        tables=len(tables),
        registers=len(registers),
        carries=len(carries),
        multipliers=kinds["SB_MAC16"],
        memories=kinds["SB_RAM40_4K"],
    )
