"""The figure of a study's table: success above, steps below; or a curve over steps."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .bits import AXES, ROUNDINGS, front
from .table import Cells

if TYPE_CHECKING:
    from .running import Study

__all__ = ["COLORS", "drawn"]

#: Colours that those who see fewer can tell apart: Okabe and Ito (2008), in the order in which they are used.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKS = "osD^vP*"
_DASHES = ("-", "--", ":", "-.")
#: Where a panel of the second row stays empty, in parts of the figure.
_FREE = (0.53, 0.1)
#: Letters in a line above one of four panels.
_TITLE = 42


def drawn(kind: str, study: Study, columns: Sequence[str], rows: Sequence[Cells], title: str) -> bytes:
    """A PNG or an SVG; the same rows give the same bytes. Needs matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = [row for row in rows if not row["problem"]]
    figure = Figure(figsize=(8, 5), layout="constrained")
    if study.measure in ("curve", "angle"):
        _over_steps(figure, study.measure, columns, rows)
    elif any(row["point"].startswith("search") for row in rows):
        _bits(figure, columns, rows)
    else:
        _success(figure, columns, rows)
    figure.suptitle(title)
    file = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "mgd_hdl", "svg.fonttype": "none"}):
        metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(file, format=kind, dpi=150, metadata=metadata)
    return file.getvalue()


def _name(columns: Sequence[str], row: Cells) -> str:
    """A line's name: all that was asked for."""
    asked = [column for column in columns[: columns.index("model") + 1] if column != "changes"]
    return ", ".join(row[column] for column in asked if row[column])


def _over_steps(figure: Any, measure: str, columns: Sequence[str], rows: Sequence[Cells]) -> None:
    axes = figure.subplots()
    named: dict[str, list[Cells]] = {}
    for row in rows:
        named.setdefault(_name(columns, row), []).append(row)
    middle, low, high = ("cosine", "least", None) if measure == "angle" else ("accuracy", "least", "most")
    for at, (name, mine) in enumerate(named.items()):
        steps = [int(row["steps"]) for row in mine]
        color = COLORS[at % len(COLORS)]
        axes.plot(
            steps, [float(row[middle]) for row in mine], _MARKS[at % 7] + "-", ms=4, color=color, label=name
        )
        if high is not None:
            edges = ([float(row[low]) for row in mine], [float(row[high]) for row in mine])
            axes.fill_between(steps, *edges, color=color, alpha=0.15, linewidth=0)
    if measure == "angle" and rows:
        mine = next(iter(named.values()))
        axes.plot([int(row["steps"]) for row in mine], [float(row["law"]) for row in mine], "k:", label="law")
    axes.set(xscale="symlog" if measure == "curve" else "log", xlabel="steps", ylabel=f"mean {middle}")
    if measure == "curve":
        axes.set_xscale("symlog", linthresh=10)
    axes.grid(alpha=0.3)
    if 0 < len(named) <= 20:
        axes.legend(fontsize="small")


def _numbers(texts: Sequence[str]) -> list[float] | None:
    """All as numbers, or None where one is none."""
    try:
        found = [float(text) for text in texts]
    except ValueError:
        return None
    return found if all(map(math.isfinite, found)) else None


def _success(figure: Any, columns: Sequence[str], rows: Sequence[Cells]) -> None:
    """Over the first key that is varied where it is one of numbers; else a bar for each point."""
    above, below = figure.subplots(2, sharex=True)
    keys = columns[: columns.index("point")]
    place = _numbers([row[keys[0]] for row in rows]) if keys else None
    if place is None:
        names = [_name(columns, row) for row in rows]
        at = [float(number) for number in range(len(rows))]
        above.bar(at, [_share(row) for row in rows], color=COLORS[0])
        solved = [(x, row) for x, row in zip(at, rows, strict=True) if row["median"]]
        below.plot([x for x, _ in solved], [float(row["median"]) for _, row in solved], "o", color=COLORS[1])
        below.set_xticks(at, names, rotation=90, fontsize=max(3, 8 - len(rows) // 10))
    else:
        lines: dict[str, list[tuple[float, Cells]]] = {}
        for x, row in zip(place, rows, strict=True):
            lines.setdefault(_name(columns[1:], row), []).append((x, row))
        for number, (name, mine) in enumerate(lines.items()):
            mine.sort(key=lambda each: each[0])
            style = {"color": COLORS[number % len(COLORS)], "marker": _MARKS[number % 7], "ms": 4}
            above.plot([x for x, _ in mine], [_share(row) for _, row in mine], label=name, **style)
            solved = [(x, row) for x, row in mine if row["median"]]
            below.plot([x for x, _ in solved], [float(row["median"]) for _, row in solved], **style)
        if min(place) > 0 and max(place) >= 8 * min(place):
            below.set_xscale("log")
        below.set_xlabel(keys[0])
        if len(lines) <= 20:
            above.legend(fontsize="small")
    above.set(ylabel="solved, %", ylim=(-3, 103))
    below.set(ylabel="median steps")
    if any(row["median"] and float(row["median"]) > 0 for row in rows):
        below.set_yscale("log")
    for each in (above, below):
        each.grid(alpha=0.3)


def _share(row: Cells) -> float:
    return 100 * int(row["solved"]) / int(row["seeds"])


def _bits(figure: Any, columns: Sequence[str], rows: Sequence[Cells]) -> None:
    """A panel for each word, with a line for each rounding, and each of what was varied; the last panel is
    area against time.
    """
    from matplotlib.ticker import MaxNLocator

    names = [name for name in AXES if any(row["point"].startswith(f"{name} ") for row in rows)]
    varied: dict[str, list[Cells]] = {}
    several = len({row["model"] for row in rows}) > 1
    keys = [*columns[: columns.index("point")], *(["model"] if several else [])]
    for row in rows:
        varied.setdefault(", ".join(row[key] for key in keys), []).append(row)
    figure.set_size_inches(12, 6)
    panels = figure.subplots(2, 4).ravel()
    for axes, name in zip(panels, names, strict=False):
        for dashes, (what, group) in enumerate(varied.items()):
            for at, rounding in enumerate(ROUNDINGS):
                mine = []
                for row in group:
                    word, _, size = row["point"].partition(", ")[0].partition(" ")
                    if word == name and row["point"].endswith(f", {rounding}"):
                        mine.append((int(size), _share(row)))
                if mine:
                    style = {"color": COLORS[at], "marker": _MARKS[at], "ms": 3, "ls": _DASHES[dashes % 4]}
                    label = ", ".join(filter(None, (rounding, what)))
                    axes.plot(*zip(*sorted(mine), strict=True), label=label, **style)
        axes.set_title(textwrap.fill(f"{name}: {AXES[name]}", _TITLE), fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(-3, 103)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("solved, %")
    if len(varied) * len(ROUNDINGS) <= 20:
        figure.legend(*panels[0].get_legend_handles_labels(), loc=_FREE, fontsize=7, handlelength=4)
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    last = panels[-1]
    last.set_axis_on()
    known = [row for row in rows if row.get("logic_cells") and row["clocks_99"]]
    last.plot(
        [int(r["logic_cells"]) for r in known], [float(r["clocks_99"]) for r in known], ".", color="0.7"
    )
    best = front(rows)
    last.plot(
        [each.logic_cells for each in best], [each.clocks for each in best], "o-", color=COLORS[1], ms=4
    )
    last.set(xlabel="logic cells", ylabel="clocks until 99 %")
    if known:
        last.set_yscale("log")
    last.grid(alpha=0.3)
