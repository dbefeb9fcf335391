"""Is everything still as small as it was? What synthesis gave, kept in ``synth/baselines``, and compared.

``python -m mgd_synth.baselines`` measures again and says what differs; ``--small`` takes what needs only
seconds, ``--only cell_ecp5`` one file. ``--write`` measures what is missing for the installed release of
the synthesizer and writes it down one by one, so that it can be stopped and goes on later; with
``--again`` it measures everything.

A file holds the entries of each release, since another one makes other netlists. Those of standard cells go
by the library too, which the environment variable ``MGD_LIBERTY`` names; without one they are skipped.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mgd_hdl.files import write_file
from mgd_hdl.progress import stopwatch

from . import cell_area, liberty, runs
from .flow import DEVICES
from .process import SynthError
from .script import status_of
from .yosys import YOSYS

__all__ = ["BASELINES", "Baseline", "UnknownToolError", "main"]

FOLDER = Path(__file__).parents[1] / "baselines"

RENEW = "python -m mgd_synth.baselines --write"

#: What an entry says: numbers by name, perhaps by block within a name.
Entry = Mapping[str, Any]


class UnknownToolError(SynthError):
    """Nothing is known of the installed release, so nothing can be compared."""


@dataclass(frozen=True)
class Baseline:
    """One file.

    Attributes
    ----------
    name : str
        Of the file, without its suffix.
    measure : callable
        Given an entry's name: the entry as it is now.
    names : tuple of str
        All entries.
    small : tuple of str
        Those that need a few seconds.
    share : float
        How much a number may differ, as a part of itself. One release gives one netlist, so it is there
        for changes of the Verilog that mean nothing.
    release : callable
        What the entries depend on, with its release.
    """

    name: str
    measure: Callable[[str], Entry]
    names: tuple[str, ...]
    small: tuple[str, ...]
    share: float = 0
    release: Callable[[], str] = lambda: YOSYS.version

    @property
    def file(self) -> Path:
        return FOLDER / f"{self.name}.json"

    def document(self) -> dict[str, Any]:
        """The whole file; without entries if there is none."""
        if not self.file.exists():
            return {"tolerance": self.share, "tools": {}}
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return found

    def recorded(self, tool: str | None = None) -> dict[str, Entry]:
        """All entries of a release, by default of the installed one."""
        tool = self.release() if tool is None else tool
        document = self.document()
        if tool not in document["tools"]:
            known = ", ".join(document["tools"]) or "no release"
            raise UnknownToolError(f"{self.file.name} knows {known}, not {tool}; to renew it: {RENEW}")
        found: dict[str, Entry] = document["tools"][tool]
        return found

    @property
    def latest(self) -> tuple[str, dict[str, Entry]]:
        """The release that was measured last, and its entries."""
        tool, found = list(self.document()["tools"].items())[-1]
        return tool, found

    def difference(self, name: str) -> str | None:
        """Measures an entry; what differs from the one recorded, as one line."""
        entries = self.recorded()
        if name not in entries:
            return f"{self.name}: {name}: not recorded; to renew: {RENEW}"
        old, new = _totals(entries[name]), _totals(self.measure(name))
        told = [
            f"{kind} {old.get(kind, 0):g} before, {new.get(kind, 0):g} now"
            for kind in sorted({*old, *new})
            if abs(new.get(kind, 0) - old.get(kind, 0)) > self.document()["tolerance"] * old.get(kind, 0)
        ]
        return f"{self.name}: {name}: {'; '.join(told)}" if told else None

    def write(self, say: Callable[[str], None], *, again: bool = False) -> None:
        """Measure what is missing, writing after each."""
        tool = self.release()
        document = self.document()
        old = {} if again else document["tools"].get(tool, {})
        kept = {name: _lean(old[name]) for name in self.names if name in old}
        for name in self.names:
            if name not in kept:
                kept[name] = _lean(self.measure(name))
                say(f"{self.name}: {name}")
            # Another release's entries stay; this one's go last, as the latest.
            tools = {key: found for key, found in document["tools"].items() if key != tool}
            entries = {key: kept[key] for key in self.names if key in kept}
            self._save({"tolerance": self.share, "tools": {**tools, tool: entries}})

    def _save(self, document: dict[str, Any]) -> None:
        """One entry a line; the old file stays until the new one is whole."""
        tools = []
        for tool, entries in document["tools"].items():
            lines = ",\n".join(f"   {json.dumps(key)}: {json.dumps(entry)}" for key, entry in entries.items())
            tools.append(f"  {json.dumps(tool)}: {{\n{lines}\n  }}")
        body = ",\n".join(tools)
        text = f'{{\n "tolerance": {document["tolerance"]},\n "tools": {{\n{body}\n }}\n}}\n'
        write_file(self.file, text, force=True)


def _lean(entry: Entry) -> Entry:
    """Without zeros, whole numbers as such, and others to a millionth."""

    def short(value: float) -> float:
        return int(value) if value == int(value) else round(value, 6)

    lean = {key: _lean(value) if isinstance(value, Mapping) else short(value) for key, value in entry.items()}
    return {key: value for key, value in lean.items() if value}


def _totals(entry: Entry) -> dict[str, float]:
    return {
        kind: sum(value.values()) if isinstance(value, Mapping) else value for kind, value in entry.items()
    }


_SMALL_CELLS = ("random_code, parallel, 16 bits", "random_code, serial, 16 bits")


def _cells(target: str) -> Baseline:
    return Baseline(
        name=f"cell_{target}",
        measure=partial(cell_area.measured, target=target),
        # Of Gowin the default alone.
        names=_SMALL_CELLS if target == "gowin" else (*cell_area.VARIANTS, *cell_area.ARRAYS),
        small=_SMALL_CELLS,
    )


_JUDGED = {**runs.JUDGED, **runs.BANKS_JUDGED}


def _trainer(name: str, target: str) -> Entry:
    # Who judges is made as it would be placed.
    return runs.measured(runs.config(name), target, DEVICES.get(target) if name in _JUDGED else None)


def _trainers(target: str) -> Baseline:
    fitted = target in runs.WITHOUT
    return Baseline(
        name=f"trainers_{target}",
        measure=partial(_trainer, target=target),
        names=(*runs.JUDGED, *runs.FIT) if fitted else tuple(runs.JUDGED)[:3],
        small=("XOR",) if fitted or target == "generic" else (),
        share=0.01,
    )


def _bank_trainers(target: str) -> Baseline:
    return Baseline(
        name=f"bank_trainers_{target}",
        measure=partial(_trainer, target=target),
        names=(*runs.banks(runs.BANKS_FIT, target), *runs.banks(runs.BANKS_JUDGED, target)),
        small=(),
        share=0.01,
    )


def _without(name: str, target: str) -> Entry:
    return runs.measured(runs.config(name), target, runs.WITHOUT[target])


def _products(target: str) -> Baseline:
    """Trainers without multipliers."""
    return Baseline(
        name=f"products_{target}",
        measure=partial(_without, target=target),
        names=runs.MULTIPLIED,
        small=(),
        share=0.01,
    )


def _library() -> str:
    """The synthesizer and the library, each with its release."""
    library = liberty.read(liberty.from_environment())
    return f"{YOSYS.version}, {library.name} {library.digest}"


_STANDARD_CELLS = Baseline(
    name="cell_liberty",
    measure=partial(cell_area.measured, target="liberty"),
    names=_SMALL_CELLS,
    small=_SMALL_CELLS[:1],
    share=0.01,
    release=_library,
)

BASELINES = {
    each.name: each
    for each in (
        *(_cells(target) for target in cell_area.TARGETS),
        *(_trainers(target) for target in (*runs.WITHOUT, "ice40-hx8k", "generic")),
        *(_products(target) for target in runs.WITHOUT),
        *(_bank_trainers(target) for target in runs.BANKS_ON),
        _STANDARD_CELLS,
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; status 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.baselines", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write down what is missing")
    parser.add_argument("--again", action="store_true", help="with --write: what is there, too")
    parser.add_argument("--small", action="store_true", help="compare only what takes seconds")
    parser.add_argument("--only", choices=BASELINES, action="append", help="this file only (may be repeated)")
    given = parser.parse_args(arguments)
    say = stopwatch()
    chosen = [BASELINES[name] for name in given.only or BASELINES]
    if given.write:
        for each in chosen:
            try:
                each.write(say, again=given.again)
            except liberty.NoLibraryError as error:
                say(f"{each.name}: skipped, {error}")
        return 0
    differ = 0
    for each in chosen:
        try:
            each.recorded()
        except (UnknownToolError, liberty.NoLibraryError) as error:
            say(f"{each.name}: skipped, {error}")
            continue
        for name in each.small if given.small else each.names:
            told = each.difference(name)
            differ += told is not None
            say(told or f"{each.name}: {name}: as before")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(status_of(main))
