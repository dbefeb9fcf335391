"""What a run leaves behind: its curve as table and figure, parameters, and a summary."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..files import FilesOfARun, fill

__all__ = ["ResultFiles"]


class ResultFiles:
    """``NAME.csv``, ``NAME.png``, ``NAME.parameters.npz`` and ``NAME.json``, and the figure of ``--plot``.

    All are refused before the run if they cannot be written, and each is written whole or not at all.

    Parameters
    ----------
    args : Namespace
        With ``output``, a folder, and ``plot``, a file; either may be None.
    name : str
        The trainer's.
    files : FilesOfARun
    """

    def __init__(self, args: Namespace, name: str, files: FilesOfARun):
        self._files = files
        place = None if args.output is None else files.folder(args.output)

        def new(kind: str) -> list[Path]:
            return [] if place is None else [files.new(place / f"{name}.{kind}")]

        self._tables, self._plots, self._parameters = new("csv"), new("png"), new("parameters.npz")
        self._summaries = new("json")
        self._plots += [files.new(args.plot)] if args.plot else []
        if self._plots:
            import matplotlib.figure  # noqa: F401 - missing is better said before than after the run

    def write(
        self,
        table: Callable[[], str],
        figure: Callable[[], bytes],
        parameters: Callable[[], bytes],
        summary: Callable[[], dict[str, Any]],
    ) -> None:
        """Write and keep them; what nobody wants is not made."""
        for path in self._tables:
            self._keep(path, table())
        for path in self._plots:
            self._keep(path, figure())
        for path in self._parameters:
            self._keep(path, parameters())
        for path in self._summaries:
            self._keep(path, json.dumps(summary(), indent=2) + "\n")

    def _keep(self, path: Path, data: str | bytes) -> None:
        fill(path, data)
        self._files.keep(path)
