"""What the recorded tables of ``mgd-hdl study bits`` say, for the page docs/word-lengths.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from mgd_hdl.config import PRESETS, AttachedFile, TrainerConfig, load, preset
from mgd_sim.studies import bits
from mgd_sim.studies.points import applied, from_text
from mgd_sim.studies.table import Cells, read

from .pages import ROOT

__all__ = ["RECORDED", "chosen", "configuration", "example", "front", "note", "recorded", "shortest_words"]

#: Presets, and folders of examples, of which a table is recorded.
RECORDED = tuple(
    sorted(path.stem.removesuffix("_bits") for path in (ROOT / "docs/figures").glob("*_bits.csv"))
)

#: Stands for the data of an example that are not here: as many samples and kinds of the same columns.
#: Neither words nor sizes depend on their numbers.
_STANDS_FOR = {
    "iris": "".join(f"{n % 7},{n % 5},{n % 3},{n % 2},{kind}\n" for kind in "abc" for n in range(50)),
}

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def example(task: str) -> Path:
    """The TOML file of an example."""
    return ROOT / f"examples/{task}/{task}.toml"


@cache
def configuration(task: str) -> TrainerConfig:
    """Whose words were shortened: a preset, or an example, with samples that stand for its own."""
    if task in PRESETS:
        return preset(task)
    return load(example(task), AttachedFile(f"{task}.csv", _STANDS_FOR[task].encode()))


@cache
def recorded(task: str) -> tuple[str, list[Cells]]:
    """The command and the rows."""
    top, _, rows = read(ROOT / f"docs/figures/{task}_bits.csv")
    return top.splitlines()[1].removeprefix("# command: "), rows


def _row(rows: Sequence[Cells], point: str) -> Cells:
    (found,) = (row for row in rows if row["point"] == point)
    return found


def _words(config: TrainerConfig, row: Cells) -> bits.Words:
    return bits.Words.of(applied(config, from_text(row["changes"])))


def shortest_words(task: str) -> Table:
    """For each word its length as given, and the shortest that still solves on its own, by rounding."""
    config, (_, rows) = configuration(task), recorded(task)
    given, sizes = bits.Words.of(config), bits.sizes_of(config)
    points, places = bits.each_on_its_own(config, given, sizes)
    found = [_row(rows, point.name) for point in points]
    least = bits.shortest(places, found, found[0], given, sizes)
    solved = {place: row["solved"] for place, row in zip(places, found, strict=True)}
    lines = []
    for name in sizes:
        line = [f"`{name}`", str(getattr(given, name))]
        for rounding in bits.ROUNDINGS:
            size = least[rounding][name]
            share = solved[rounding, name, size]
            line.append(f"{size} ({share})" if share else "-")
        lines.append(line)
    return ["word", "given", *bits.ROUNDINGS], lines


def _told(config: TrainerConfig, row: Cells) -> list[str]:
    words = _words(config, row)
    steps = f"{float(row['median']):,.0f}" if row["median"] else "never"
    clocks = f"{float(row['clocks_99']):,.0f}" if row["clocks_99"] else "never"
    lengths = ", ".join(str(getattr(words, name)) for name in bits.AXES)
    share = f"{row['solved']} of {row['seeds']}"
    return [
        str(words.parameter),
        lengths,
        words.rounding,
        f"{int(row['logic_cells']):,}",
        share,
        steps,
        clocks,
    ]


_HEAD = [
    "bits of T",
    ", ".join(bits.AXES),
    "rounding",
    "logic cells",
    "solved",
    "median steps",
    "99 %, clocks",
]


def chosen(task: str) -> Table:
    """The given and the chosen configuration, with seeds that nothing was chosen by."""
    config, (_, rows) = configuration(task), recorded(task)
    points = ("as given, other seeds", "chosen, other seeds")
    return ["", *_HEAD], [[point, *_told(config, _row(rows, point))] for point in points]


def front(task: str) -> Table:
    """What nothing beats in both logic cells and clocks."""
    config, (_, rows) = configuration(task), recorded(task)
    return _HEAD, [_told(config, _row(rows, each.point)) for each in bits.front(rows)]


def note(task: str) -> str:
    """How it was measured."""
    command, rows = recorded(task)
    trainings = len({(row["changes"], "other seeds" in row["point"]) for row in rows if not row["problem"]})
    searched = len({row["changes"] for row in rows if row["point"].startswith("search")})
    first = rows[0]
    each = f"{first['seeds']} seeds and {int(first['until']):,} steps"
    told = f"{trainings} trainings of {each} at most, {searched} of them in the search"
    return f"\nMeasured with `{command}`. {told}; the table is docs/figures/{task}_bits.csv.\n"
