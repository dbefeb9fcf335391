"""Standard cells of a Liberty file: area in its units, and the slowest path by its tables of delay."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .blocks import FLATTEN, block, owners
from .process import SynthError
from .report import Resource

__all__ = [
    "FILE", "NOTES", "Cell", "Library", "NoLibraryError", "Pin", "Table", "from_environment", "passes",
    "read", "resources",
]  # fmt: skip

#: The library, in the folder where Yosys runs.
FILE = "cells.lib"

NOTES = (
    "Before layout: no wires, no clock tree, no area between cells.",
    "Sums are built for speed (Brent-Kung); a library without registers that enable gets"
    " multiplexers before them.",
)

#: Restructure and map; then, where the library has buffers, put them before large loads and choose
#: the sizes of gates.
_MAP = "+strash;&get,-n;&fraig,-x;&put;scorr;dc2;dch,-f;map,-B,0.9;topo"
_SIZE = ";buffer;topo;upsize;dnsize"


def passes(top: str, *, buffers: bool) -> str:
    """Yosys: from Verilog to a flat netlist of cells in :data:`FILE`."""
    return (
        f"synth -flatten -noabc -top {top}; {FLATTEN}; setattr -unset init;"
        f" dfflibmap -liberty {FILE}; abc -liberty {FILE} -script {_MAP}{_SIZE * buffers}; opt_clean;"
        # Which pins of the cells are outputs.
        f" read_liberty -lib -ignore_miss_func {FILE}"
    )


# ---- what the file says --------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Delay, transition or constraint over one or two numbers.

    Linear between its points and beyond the last one; below the first it stays.
    """

    rows: tuple[float, ...]
    columns: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    #: Which quantity the rows and columns are, as the template names it.
    axes: tuple[str, ...]

    def at(self, **quantities: float) -> float:
        point = [quantities.get(axis, 0.0) for axis in self.axes]
        row, down = _between(self.rows, point[0])
        column, across = _between(self.columns, point[-1])

        def along(line: Sequence[float]) -> float:
            return line[column] + across * (line[column + 1] - line[column]) if across else line[column]

        first = along(self.values[row])
        return first + down * (along(self.values[row + 1]) - first) if down else first


def _between(points: Sequence[float], value: float) -> tuple[int, float]:
    """The interval that holds a value or is nearest to it, and where the value lies in it."""
    if len(points) < 2 or value <= points[0]:
        return 0, 0.0
    low = min(max(bisect_right(points, value) - 1, 0), len(points) - 2)
    return low, (value - points[low]) / (points[low + 1] - points[low])


@dataclass(frozen=True)
class Arc:
    """How a pin follows another: tables for its rising and its falling edge."""

    source: str
    kind: str
    sense: str
    tables: dict[str, Table]


@dataclass(frozen=True)
class Pin:
    """One pin of a cell."""

    name: str
    direction: str
    function: str
    capacitance: float
    arcs: list[Arc]


@dataclass(frozen=True)
class Cell:
    """One cell of the library."""

    name: str
    area: float
    register: bool
    pins: dict[str, Pin] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """A Liberty file: its cells, and nanoseconds per unit of time."""

    name: str
    text: str
    nanoseconds: float
    cells: dict[str, Cell]

    @property
    def digest(self) -> str:
        """Of its text, packed or not: the first 12 hexadecimal digits of SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def buffers(self) -> bool:
        """Whether there is a cell whose output is its input."""
        return any(
            not cell.register and any(pin.function in cell.pins for pin in cell.pins.values())
            for cell in self.cells.values()
        )


class NoLibraryError(SynthError):
    """The environment names no library."""


@dataclass
class _Group:
    kind: str
    arguments: list[str]
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    groups: list[_Group] = field(default_factory=list)

    def named(self, kind: str) -> Iterator[_Group]:
        return (group for group in self.groups if group.kind == kind)


def read(path: Path) -> Library:
    """A ``.lib`` file, or one packed by gzip; raises SynthError with one line."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", "replace")
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SynthError(f"{path}: cannot be read: {reason.lower()}") from None
    try:
        return _library(text)
    except (ValueError, KeyError, IndexError, StopIteration):
        raise SynthError(f"{path}: is no Liberty file with cells and delays") from None


def from_environment() -> Path:
    """The library that the variable ``MGD_LIBERTY`` names: a file, or the first of a folder."""
    given = os.environ.get("MGD_LIBERTY")
    if not given:
        raise NoLibraryError("no library of cells: MGD_LIBERTY names none")
    path = Path(given)
    found = [*path.glob("*.lib"), *path.glob("*.lib.gz")] if path.is_dir() else [path]
    if not found:
        raise NoLibraryError(f"no library of cells: {path} has no .lib or .lib.gz")
    return min(found)


#: Groups that make a cell a register.
_REGISTERS = ("ff", "ff_bank", "latch", "latch_bank", "statetable")

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s(){};:,"]+)|([(){};:,])', re.DOTALL)


def _tokens(text: str) -> list[str]:
    plain = re.sub(r"/\*.*?\*/|//[^\n]*|\\\n", " ", text, flags=re.DOTALL)
    return [a or b or c for a, b, c in _TOKEN.findall(plain)]


def _parse(tokens: list[str], at: int, group: _Group) -> int:
    """The statements of a group, up to its closing brace."""
    while tokens[at] != "}":
        name, mark = tokens[at], tokens[at + 1]
        if name == ";":
            at += 1
        elif mark == ":":
            end = at + 2
            while tokens[end] not in (";", "}"):
                end += 1
            group.values[name] = " ".join(tokens[at + 2 : end])
            at = end + (tokens[end] == ";")
        elif mark == "(":
            end = tokens.index(")", at)
            arguments = [each for each in tokens[at + 2 : end] if each != ","]
            if tokens[end + 1 : end + 2] == ["{"]:
                inner = _Group(name, arguments)
                group.groups.append(inner)
                at = _parse(tokens, end + 2, inner) + 1
            else:
                group.lists[name] = arguments
                at = end + 1
        else:
            raise ValueError(name)
    return at


def _library(text: str) -> Library:
    root = _Group("", [])
    _parse([*_tokens(text), "}"], 0, root)
    (library,) = root.named("library")
    templates = {group.arguments[0]: group for group in library.named("lu_table_template")}
    cells = {}
    for group in library.named("cell"):
        name = group.arguments[0]
        register = any(inner.kind in _REGISTERS for inner in group.groups)
        cell = Cell(name, float(group.values.get("area", 0)), register)
        for inner in group.named("pin"):
            arcs = [arc for timing in inner.named("timing") for arc in _arcs(timing, templates)]
            load = float(inner.values.get("capacitance", 0))
            for pin in inner.arguments:
                direction, function = (inner.values.get(key, "") for key in ("direction", "function"))
                cell.pins[pin] = Pin(pin, direction, function.strip("() "), load, arcs)
        cells[name] = cell
    if not cells:
        raise ValueError("no cells")
    scale = {"ns": 1.0, "ps": 1e-3, "us": 1e3}
    unit = re.fullmatch(r"([\d.]+)(ns|ps|us)", library.values.get("time_unit", "1ns"))
    if unit is None:
        raise ValueError("time_unit")
    return Library(library.arguments[0], text, float(unit[1]) * scale[unit[2]], cells)


def _arcs(timing: _Group, templates: dict[str, _Group]) -> list[Arc]:
    """One arc for each pin that the timing is related to."""
    tables = {group.kind: _table(group, templates) for group in timing.groups}
    kind = timing.values.get("timing_type", "combinational")
    sense = timing.values.get("timing_sense", "non_unate")
    return [Arc(pin, kind, sense, tables) for pin in timing.values.get("related_pin", "").split()]


def _table(group: _Group, templates: dict[str, _Group]) -> Table:
    """Its axes stand in its template, its points there or in the group itself."""
    template = templates.get(group.arguments[0] if group.arguments else "", _Group("", []))
    axes = tuple(template.values[key] for key in ("variable_1", "variable_2") if key in template.values)
    points = [_numbers(group.lists.get(key) or template.lists.get(key, [])) for key in ("index_1", "index_2")]
    rows, columns = points if len(axes) == 2 else ((), points[0] if axes else ())
    numbers, width = _numbers(group.lists["values"]), max(1, len(columns))
    values = tuple(numbers[start : start + width] for start in range(0, len(numbers), width))
    return Table(rows, columns, values, axes or ("scalar",))


def _numbers(texts: Sequence[str]) -> tuple[float, ...]:
    return tuple(float(number) for text in texts for number in re.split(r"[\s,]+", text.strip()) if number)


# ---- area ----------------------------------------------------------------------------------------


def resources(module: dict[str, Any], library: Library) -> tuple[Resource, ...]:
    """Area, cells and registers by block."""
    area: defaultdict[str, float] = defaultdict(float)
    cells: Counter[str] = Counter()
    registers: Counter[str] = Counter()
    for name, path in owners(module).items():
        kind = module["cells"][name]["type"]
        if kind not in library.cells:
            raise SynthError(f"library {library.name} has no cell for {kind}")
        area[block(path)] += library.cells[kind].area
        cells[block(path)] += 1
        registers[block(path)] += library.cells[kind].register
    return (
        Resource.of("area", area, unit="units of the library"),
        Resource.of("cells", cells),
        Resource.of("FF", registers),
    )
