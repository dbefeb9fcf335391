"""Which block of the trainer does each cell of a mapped netlist belong to?

Mapping forgets where its cells come from, but registers keep the names of their wires. So the design
is flattened once more before any optimization, where every cell still has its path, to learn who
drives each named wire. A cell that drives such a wire belongs there. Logic has lost its names: it
belongs to the block that reads it most. A cell between two blocks counts whole, for one of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .harness import INSTANCE

__all__ = ["FLATTEN", "HARNESS", "SOURCE", "block", "named", "owners", "path_of", "write_source"]

#: What lies outside the trainer.
HARNESS = "harness"

#: The file with the design before any optimization.
SOURCE = "source.json"

#: Yosys: open all modules, also those whose registers may not be merged.
FLATTEN = "setattr -mod -unset keep_hierarchy *; flatten; delete */t:$scopeinfo"

#: Between path and number in the names that :func:`named` gives.
_MARK = ":"

_Module = dict[str, Any]


def write_source(top: str) -> str:
    """Yosys: check the design and write :data:`SOURCE`; the design is as before."""
    return (
        f"hierarchy -check -top {top}; proc; design -push-copy; {FLATTEN}; write_json {SOURCE}; design -pop"
    )


# ---- paths ---------------------------------------------------------------------------------------


def block(path: str) -> str:
    """The block's name for reports: all cells of the array are one, all lanes of a bank, and all neurons of a
    layer; the products that a bank makes node by node are apart.

    >>> block("trainer.core.array.tile_0.cell_3.integrator")
    'array.cell'
    >>> block("trainer.trainer.core.array.tile_0.cell_3.integrator"), block("trainer.bank")
    ('array.cell', 'bank')
    >>> block("trainer.core.array.lane_3.store"), block("trainer.core.network.reader")
    ('array.lane', 'network.reader')
    """
    parts = [part for part in path.split(".") if part]
    if parts[:1] != [INSTANCE]:
        return HARNESS
    # A host stands around the trainer, in which the core is.
    parts = [part for part in parts[1:] if part not in ("core", INSTANCE)]
    if not parts:
        return INSTANCE
    if parts[0] == "array" and any(part.startswith("cell_") for part in parts):
        return "array.cell"
    if parts[0] == "array" and any(part.startswith("lane_") for part in parts):
        return "array.lane"
    if parts[:2] == ["array", "products"]:
        return "array.products"
    if parts[0] == "network" and len(parts) > 1:
        return "network." + re.sub(r"(_\d+)_\d+$", r"\1", parts[1])
    return parts[0]


def _path(cell: str) -> str:
    r"""The path in the name that flattening gave to a cell: ``a.b.cell``, or ``$flatten\a.\b.$cell``."""
    found = re.match(r"\$flatten((?:\\\w+\.)+)", cell)
    if found:
        return found[1].replace("\\", "")[:-1]
    return "" if cell.startswith("$") else cell.rpartition(".")[0]


def path_of(cell: str) -> str | None:
    """The path in a name that :func:`named` gave, whatever a tool has added to it; None for a tool's own."""
    path, mark, _ = cell.partition(_MARK)
    return path if mark and not cell.startswith("$") else None


# ---- cells ---------------------------------------------------------------------------------------


def _bits(cell: dict[str, Any], direction: str) -> Iterable[int]:
    for port, bits in cell["connections"].items():
        if cell["port_directions"].get(port) == direction:
            yield from (bit for bit in bits if isinstance(bit, int))


def _drivers(source: _Module) -> dict[tuple[str, int], tuple[bool, str]]:
    """For each bit of each named wire: is its driver no register, and its driver's path."""
    driver = {
        bit: (re.match(r"\$\w*(dff|ff$|mem)", cell["type"]) is None, _path(name))
        for name, cell in source["cells"].items()
        for bit in _bits(cell, "output")
    }
    return {
        (name, index): driver[bit]
        for name, wire in source["netnames"].items()
        if "$" not in name
        for index, bit in enumerate(wire["bits"])
        if bit in driver
    }


def owners(module: _Module, source: _Module | None = None) -> dict[str, str]:
    """The path of every cell of a flat module.

    Cells that :func:`named` has named belong where their names say. ``source`` is the module of
    :data:`SOURCE`, for the others.
    """
    cells: dict[str, dict[str, Any]] = module["cells"]
    found = {name: path for name in cells if (path := path_of(name)) is not None}
    if source is not None:
        drivers = _drivers(source)
        wires: dict[int, tuple[bool, str]] = {}
        for name, wire in module["netnames"].items():
            for index, bit in enumerate(wire["bits"]):
                if (name, index) in drivers:
                    # Where equal registers were merged, or one passes through a block's expression.
                    wires[bit] = min(drivers[name, index], wires.get(bit, drivers[name, index]))
        for name, cell in cells.items():
            driven = [wires[bit] for bit in _bits(cell, "output") if bit in wires]
            if driven and name not in found:
                found[name] = min(driven)[1]
    return _by_neighbours(cells, found)


def _by_neighbours(cells: Mapping[str, dict[str, Any]], known: Mapping[str, str]) -> dict[str, str]:
    """Paths of all cells: what is not known follows its readers, and what only pins read its drivers."""
    readers: dict[int, list[str]] = {}
    drivers: dict[int, str] = {}
    for name, cell in cells.items():
        drivers |= dict.fromkeys(_bits(cell, "output"), name)
        for bit in _bits(cell, "input"):
            readers.setdefault(bit, []).append(name)
    read_by = {
        name: [reader for bit in _bits(cell, "output") for reader in readers.get(bit, ())]
        for name, cell in cells.items()
        if name not in known
    }
    found = _spread(known, read_by)
    driven_by = {
        name: [drivers[bit] for bit in _bits(cells[name], "input") if bit in drivers]
        for name in read_by
        if not found[name]
    }
    found = _spread(_without(found, driven_by), driven_by)
    # What stands between the harness and cells that have just been found.
    again = {name: read_by[name] for name in driven_by if not found[name]}
    return _spread(_without(found, again), again)


def _without(paths: Mapping[str, str], names: Mapping[str, Any]) -> dict[str, str]:
    return {name: path for name, path in paths.items() if name not in names}


def _spread(known: Mapping[str, str], waiting: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Each cell that waits belongs where most of those are that it waits for; the harness last of all."""
    found, left = dict(known), dict(waiting)
    while left:
        ready = [name for name, others in left.items() if all(other in found for other in others)]
        # Where cells wait for each other in a circle, all go on with what is known.
        for name in ready or list(left):
            counts = Counter(found[other] for other in left.pop(name) if found.get(other))
            found[name] = min(counts, key=lambda path: (-counts[path], path), default="")
    return found


def named(module: _Module, source: _Module) -> _Module:
    """The module with every cell called ``path:TYPE:number``.

    Place and route carries these names on, so that its cells and paths can be told apart too.
    """
    cells = {}
    for number, (name, path) in enumerate(sorted(owners(module, source).items())):
        cell = module["cells"][name]
        cells[f"{path}{_MARK}{cell['type']}{_MARK}{number}"] = {**cell, "hide_name": 0}
    return {**module, "cells": cells}
