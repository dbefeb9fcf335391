"""The one table of a study: every row that was found, and above them what they are rows of.

A text file of comma-separated values. Lines that begin with ``#`` hold the release, the command and the whole
configuration; then come the names of the columns and the rows, in the order in which they were asked for,
whoever found them first. So a table that was interrupted and gone on with has the bytes of one that was not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.config.errors import one_line
from mgd_hdl.files import FileRefused

__all__ = ["OPENING", "Cells", "Table", "cell", "head", "read"]

#: How every table begins.
OPENING = "# mgd-hdl "

#: The cells of a row, by column.
Cells = dict[str, str]
#: What tells the job of a row: its cells in the columns that were asked for.
Job = tuple[str, ...]


def cell(value: Any) -> str:
    """A value as the table has it; nothing for None, nine digits of a number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(cell, value)) + "]"
    return one_line(str(value), 100_000)


def head(command: str, release: str, configuration: str, files: Sequence[tuple[str, str]] = ()) -> str:
    """The lines above the columns: ``files`` are the names and SHA-256 of what the configuration names."""
    lines = [f"mgd-hdl {release}", f"command: {one_line(command, 4000)}"]
    lines += [f"file: {one_line(name)} {digest}" for name, digest in files]
    lines += ["configuration:", *(f"  {line}".rstrip() for line in configuration.splitlines())]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


class Table:
    """A table that grows.

    Parameters
    ----------
    top : str
        From :func:`head`.
    asked, found : sequence of str
        Columns that tell a job, and those of its results.
    """

    def __init__(self, top: str, asked: Sequence[str], found: Sequence[str]):
        self._top, self.asked, self.columns = top, tuple(asked), (*asked, *found)
        self._rows: dict[Job, list[Cells]] = {}
        self._order: dict[Job, None] = {}

    def __len__(self) -> int:
        """Jobs that are done."""
        return len(self._rows)

    def job(self, cells: Mapping[str, str]) -> Job:
        """What was asked for."""
        return tuple(cells[column] for column in self.asked)

    def order(self, jobs: Sequence[Job]) -> None:
        """The rows of these jobs stand behind those of all that were named before."""
        self._order.update(dict.fromkeys(jobs))

    def put(self, job: Job, rows: Sequence[Mapping[str, Any]]) -> None:
        """What a job found."""
        mine = dict(zip(self.asked, job, strict=True))
        self._rows[job] = [
            {column: mine.get(column, cell(row.get(column))) for column in self.columns} for row in rows
        ]

    def rows(self, job: Job) -> list[Cells] | None:
        """The rows of a job, as text; None until it is done."""
        return self._rows.get(job)

    @property
    def all(self) -> list[Cells]:
        """Every row, in order."""
        ordered = [*self._order, *(job for job in self._rows if job not in self._order)]
        return [row for job in ordered for row in self._rows.get(job, ())]

    def text(self) -> str:
        """The file."""
        file = io.StringIO()
        writer = csv.DictWriter(file, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.all)
        return self._top + file.getvalue()

    def resume(self, path: Path) -> None:
        """Take the rows of a file that the same command has begun.

        Raises
        ------
        FileRefused
            It is of another command, configuration or release, or no table.
        """
        top, columns, rows = read(path)
        ours, theirs = self._top.splitlines(), top.splitlines()
        if not theirs or not theirs[0].startswith(OPENING) or len(theirs) < 2:
            raise FileRefused([f"{path}: is no table of a study; choose another folder, or --force"])
        if top != self._top or columns != list(self.columns):
            what = next(
                (theirs[at][2:] for at in range(len(theirs)) if ours[at : at + 1] != theirs[at : at + 1]),
                "other columns",
            )
            told = f"is a table of something else: {one_line(what, 200)}"
            raise FileRefused([f"{path}: {told}; choose another folder, or --force to begin anew"])
        for row in rows:
            self._rows.setdefault(self.job(row), []).append(row)


def read(path: Path) -> tuple[str, list[str], list[Cells]]:
    """A table's lines above its columns, its columns, and its rows. Raises FileRefused."""
    try:
        lines = path.read_bytes().decode().splitlines(keepends=True)
    except ValueError:
        raise FileRefused([f"{path}: is no table: not UTF-8"]) from None
    top = [line for line in lines if line.startswith("#")]
    columns, *rows = list(csv.reader(lines[len(top) :])) or [[]]
    if any(len(row) != len(columns) for row in rows):
        raise FileRefused([f"{path}: is no table: its rows are of different lengths"])
    return "".join(top), columns, [dict(zip(columns, row, strict=True)) for row in rows]
