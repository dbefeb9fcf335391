"""Tables of text: lines of cells, as spreadsheets and data sets on the web have them (CSV).

What parts the cells is found out: a tabulator, semicolon, bar, comma, or spaces; the first of these that
parts the first lines into equally many cells, two or more. Cells may be quoted with ``"``. Numbers have a
decimal point. Empty lines are passed over. UTF-8, with or without a byte order mark.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ..errors import one_line
from .files import Unreadable

__all__ = ["Line", "Lines", "lines_of", "number"]

_DELIMITERS = "\t;|, "
#: Lines that the delimiter is found by.
_SAMPLED = 50
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Line(NamedTuple):
    """The cells of a line, and which one it is, from 1 on."""

    number: int
    cells: list[str]


class Lines(NamedTuple):
    """The names of the columns, none without a header; how many there are; and the lines below it."""

    names: tuple[str, ...]
    columns: int
    lines: Iterator[Line]


def number(cell: str) -> float | None:
    """What a cell says; None where that is no finite number."""
    found = float(cell) if _NUMBER.fullmatch(cell) else None
    return None if found in (float("inf"), float("-inf")) else found


def lines_of(data: bytes, header: str) -> Lines:
    """The lines of a table, one after the other as they are asked for; each has as many cells as the first.

    Parameters
    ----------
    data : bytes
    header : str
        Whether the first line names the columns: ``"yes"``, ``"no"``, or ``"auto"``, if one of its cells is
        no number, and the cell below it is. Unreadable where another one of these is a number, too: that may
        be a sample with a cell that is not.
    """
    text = _text(data)
    lines = _checked(_parted(text, _delimiter(text)))
    first = next(lines, None)
    if first is None:
        raise Unreadable("has no lines")
    second = next(lines, None)
    columns = len(first.cells)
    if header == "auto" and second is not None:
        pairs = zip(first.cells, second.cells, strict=True)
        # Decimal commas are complained of in the first line that has them, not in the header above.
        numbers = [[number(cell.replace(",", ".")) is not None for cell in pair] for pair in pairs]
        named = [False, True] in numbers
        if named and [True, True] in numbers:
            one, none = (first.cells[numbers.index([known, True])] for known in (True, False))
            cells = f"{one_line(one, 40)!r} is a number and {one_line(none, 40)!r} is none"
            raise Unreadable(
                f'line {first.number} may name the columns or be a sample: {cells}; must be "yes" or "no"',
                "task.header",
            )
    else:
        named = header == "yes"
    names = tuple(one_line(cell, 60) for cell in first.cells) if named else ()
    for name in names:
        if name and names.count(name) > 1:
            raise Unreadable(f"line {first.number}: names two columns {name!r}")

    def below() -> Iterator[Line]:
        if not named:
            yield first
        if second is not None:
            yield second
        yield from lines

    return Lines(names, columns, below())


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("is UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = f"line {line}: is neither UTF-8 nor another kind of data that is read; save text as UTF-8"
        raise Unreadable(text) from None
    if "\0" in text:
        raise Unreadable(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1}: holds a NUL; is no text")
    return text


def _parted(text: str, delimiter: str) -> Iterator[Line]:
    spaces = delimiter == " "
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=spaces, strict=True
    )
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if spaces and stripped and not stripped[-1]:
                stripped.pop()  # spaces at the end of a line
            if any(stripped):
                yield Line(reader.line_num, stripped)
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: {error}") from None


def _delimiter(text: str) -> str:
    for delimiter in _DELIMITERS:
        try:
            sizes = {len(line.cells) for line in islice(_parted(text, delimiter), _SAMPLED)}
        except Unreadable:
            continue
        if len(sizes) == 1 and sizes != {1}:
            return delimiter
    # A single column; or lines that differ, in which case a comma is what was most likely meant.
    return ","


def _checked(lines: Iterator[Line]) -> Iterator[Line]:
    columns = 0
    for line in lines:
        columns = columns or len(line.cells)
        if len(line.cells) != columns:
            raise Unreadable(f"line {line.number}: has {len(line.cells)} cells; the first line has {columns}")
        yield line
