"""How many bits does it need? Success over each word length, then the smallest circuit that still solves.

Every word length is varied on its own, with each rounding. What is the shortest that still solves, for each,
is where a search begins that shortens several at once; it takes no more trainings than :data:`SEARCH`.

A configuration still solves where at least nine of ten as many seeds solve the task as with the given one, in
at most twice its median steps. The last points are the given and the chosen one with seeds that nothing was
chosen by: of many configurations the best has been lucky, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from mgd_hdl.config import SQ, TrainerConfig
from mgd_hdl.config.sections import LearningSection

from .learning import Goal
from .points import Point
from .running import Plan
from .table import Cells

__all__ = [
    "AXES", "ROUNDINGS", "SEARCH", "Front", "Words", "each_on_its_own", "front", "plan", "shortest",
    "sizes_of", "still_solves",
]  # fmt: skip

ROUNDINGS: tuple[str, ...] = get_args(LearningSection.model_fields["rounding"].annotation)

#: Trainings that the search may take.
SEARCH = 64
#: The search begins at the shortest words of each kind, all so many bits longer.
_MARGINS = (0, 1, 2, 3)

#: Words by name: what their number of bits is.
AXES = {
    "range": "integer bits of the parameter, its sign among them",
    "guard": "bits of the parameter that the network does not see",
    "change": "fraction bits of C~",
    "activation": "fraction bits of an activation",
    "amplitude": "the amplitude is 2 to the power of minus so many",
    "segments": "the activation table has 2 to the power of so many segments",
}


@dataclass(frozen=True)
class Words:
    """The word lengths of a configuration, by the names of :data:`AXES`, and its rounding."""

    range: int
    guard: int
    change: int
    activation: int
    amplitude: int
    segments: int
    rounding: str

    @classmethod
    def of(cls, config: TrainerConfig) -> Words:
        """Those of a configuration."""
        return cls(
            config.words.parameter.integer_bits,
            config.words.guard_bits,
            config.formats.cost_change.fraction_bits,
            config.formats.activation_fraction,
            config.amplitude_shift,
            config.formats.segment_bits,
            config.learning.rounding,
        )

    def but(self, **changes: Any) -> Words:
        """The same with other numbers."""
        return Words(**{**self.__dict__, **changes})

    @property
    def parameter(self) -> int:
        """Bits of the stored parameter; the last visible one is worth four amplitudes."""
        return self.range + self.amplitude - 2 + self.guard

    def changes(self, config: TrainerConfig) -> dict[str, Any]:
        """Of a configuration, the keys that differ."""
        change = SQ(config.formats.cost_change.integer_bits, self.change)
        wanted = {
            "formats.parameter": str(SQ(self.range, self.amplitude - 2 + self.guard)),
            "formats.cost_change": str(change),
            "formats.activation_fraction": self.activation,
            "formats.segment_bits": self.segments,
            "perturbation.amplitude": 2.0**-self.amplitude,
            "learning.rounding": self.rounding,
        }
        given = {
            "formats.parameter": str(config.formats.parameter),
            "formats.cost_change": str(config.formats.cost_change),
            "formats.activation_fraction": config.formats.activation_fraction,
            "formats.segment_bits": config.formats.segment_bits,
            "perturbation.amplitude": 2.0**-config.amplitude_shift,
            "learning.rounding": config.learning.rounding,
        }
        return {key: value for key, value in wanted.items() if given[key] != value}


def sizes_of(config: TrainerConfig) -> dict[str, list[int]]:
    """Which lengths of each word are looked at: from a bit or two more than it has down to the least."""
    given = Words.of(config)
    sizes = {
        "range": range(given.range + 1, 1, -1),
        "guard": range(given.guard + 2, -1, -1),
        "change": range(given.change + 2, 2, -1),
        "activation": range(min(16, given.activation + 2), 2, -1),
        "amplitude": range(given.amplitude + 2, max(0, given.amplitude - 4), -1),
    }
    if any(layer.activation in ("sigmoid", "tanh") for layer in config.shape.layers):
        sizes["segments"] = range(min(10, given.segments + 1), 2, -1)
    return {name: list(each) for name, each in sizes.items()}


# ---- what still solves -------------------------------------------------------------------------------


def _number(row: Cells, column: str) -> float:
    return float(row[column]) if row.get(column) else math.inf


def still_solves(row: Cells, given: Cells) -> bool:
    """Whether a row solves nine of ten as many seeds as that of the given configuration, and in at most
    twice its steps.
    """
    if not row.get("solved") or not given.get("solved"):
        return False
    enough = 10 * int(row["solved"]) >= 9 * int(given["solved"]) > 0
    return enough and _number(row, "median") <= 2 * _number(given, "median") < math.inf


def _smaller(row: Cells, words: Words) -> tuple[float, int]:
    """What is to be small: logic cells, where there is an estimate; then bits."""
    bits = words.parameter + words.change + words.activation + words.segments
    return _number(row, "logic_cells"), bits


# ---- the plan ----------------------------------------------------------------------------------------


def plan(config: TrainerConfig, _goal: Goal) -> Plan:
    """Every word on its own with each rounding; the shortest ones together; those shortened by a bit, as long
    as that helps.
    """
    given, sizes = Words.of(config), sizes_of(config)
    points, places = each_on_its_own(config, given, sizes)
    rows = yield points
    reference = rows[0][0]
    least_of = shortest(places, [row[0] for row in rows], reference, given, sizes)

    begun = {
        rounding: [
            given.but(
                rounding=rounding,
                **{name: min(getattr(given, name), size + margin) for name, size in least.items()},
            )
            for margin in _MARGINS
        ]
        for rounding, least in least_of.items()
    }
    known = [each for group in begun.values() for each in group]
    rows = yield [Point(_search_name(0, words), words.changes(config)) for words in known]
    found = {words: row[0] for words, row in zip(known, rows, strict=True)}
    searches = [
        _Search(words, [name for name in sizes if getattr(words, name) > min(sizes[name])])
        for group in begun.values()
        for words in [_first(group, found, reference)]
        if words is not None
    ]

    left, turn = SEARCH - len(known), 0
    while True:
        turn += 1
        tried = [(search, name, search.shorter(name)) for search in searches for name in search.open]
        new = list(dict.fromkeys(words for *_, words in tried if words not in found))
        if not tried or len(new) > left:
            break
        left -= len(new)
        rows = yield [Point(_search_name(turn, words), words.changes(config)) for words in new]
        found |= {words: row[0] for words, row in zip(new, rows, strict=True)}
        for search in searches:
            search.went(found, reference, sizes)
    sized = [(_smaller(found[search.words], search.words), search.words) for search in searches]
    _, best = min([*sized, (_smaller(reference, given), given)], key=lambda each: each[0])

    yield [
        Point("as given, other seeds", {}, other_seeds=True),
        Point("chosen, other seeds", best.changes(config), other_seeds=True),
    ]


def _search_name(turn: int, words: Words) -> str:
    sizes = " ".join(f"{name} {getattr(words, name)}" for name in AXES)
    return f"search {turn}: {sizes}, {words.rounding}"


def _first(group: Sequence[Words], found: Mapping[Words, Cells], reference: Cells) -> Words | None:
    """The shortest of a group that still solves."""
    return next((words for words in group if still_solves(found[words], reference)), None)


class _Search:
    """Words with one rounding that get shorter by a bit at a time.

    Attributes
    ----------
    words : Words
        The shortest so far that still solve.
    open : list of str
        Those that may get shorter; one that failed is not tried again, since all others have become shorter
        by then.
    """

    def __init__(self, words: Words, may: Sequence[str]):
        self.words, self.open = words, list(may)

    def shorter(self, name: str) -> Words:
        """One word shorter by a bit."""
        return self.words.but(**{name: getattr(self.words, name) - 1})

    def went(
        self, found: Mapping[Words, Cells], reference: Cells, sizes: Mapping[str, Sequence[int]]
    ) -> None:
        """Takes the smallest of those that still solve."""
        good = [name for name in self.open if still_solves(found[self.shorter(name)], reference)]
        if good:
            best = min(good, key=lambda name: _smaller(found[self.shorter(name)], self.shorter(name)))
            self.words = self.shorter(best)
        self.open = [name for name in good if getattr(self.words, name) > min(sizes[name])]


def each_on_its_own(
    config: TrainerConfig, given: Words, sizes: Mapping[str, Sequence[int]]
) -> tuple[list[Point], list[tuple[str, str, int]]]:
    """The given point first, then all others; of each its rounding, word and size."""
    points, known = [Point("as given")], [(given.rounding, "", 0)]
    for rounding in ROUNDINGS:
        for name, all_sizes in sizes.items():
            for size in all_sizes:
                words = given.but(rounding=rounding, **{name: size})
                points.append(Point(f"{name} {size}, {rounding}", words.changes(config)))
                known.append((rounding, name, size))
    return points, known


def shortest(
    known: Sequence[tuple[str, str, int]],
    rows: Sequence[Cells],
    reference: Cells,
    given: Words,
    sizes: Mapping[str, Sequence[int]],
) -> dict[str, dict[str, int]]:
    """For each rounding, of each word the shortest from which on all longer ones still solve; the given
    length where not even that does.
    """
    solves = {place: still_solves(row, reference) for place, row in zip(known, rows, strict=True) if place[1]}
    found: dict[str, dict[str, int]] = {}
    for rounding in ROUNDINGS:
        least = {}
        for name, all_sizes in sizes.items():
            least[name] = getattr(given, name)
            for size in sorted(all_sizes, reverse=True):
                if size > least[name]:
                    continue
                if not solves[rounding, name, size]:
                    break
                least[name] = size
        found[rounding] = least
    return found


# ---- area against time -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Front:
    """One configuration that no other beats in both logic cells and clocks. ``changes`` are all of them,
    those of ``--vary`` too.
    """

    point: str
    changes: str
    logic_cells: int
    clocks: float


def front(rows: Sequence[Cells]) -> list[Front]:
    """All of them, from the smallest to the fastest; clocks until 99 of 100 trainers are done. Where fewer
    than half of the seeds have solved the task chance decides these, so it has no place here.
    """
    known = [
        Front(row["point"], _all_changes(row), int(row["logic_cells"]), float(row["clocks_99"]))
        for row in rows
        if all(row.get(column) for column in ("logic_cells", "clocks_99", "median"))
        and "other seeds" not in row["point"]
    ]
    known.sort(key=lambda each: (each.logic_cells, each.clocks))
    found: list[Front] = []
    for each in known:
        if not found or each.clocks < found[-1].clocks:
            found.append(each)
    return found


def _all_changes(row: Cells) -> str:
    """What was varied, unless the point itself changes it, and what the point changes."""
    own = row["changes"].split("; ") if row["changes"] else []
    mine = {each.partition("=")[0] for each in own}
    varied = [f"{key}={text}" for key, text in row.items() if "." in key and key not in mine]
    return "; ".join([*varied, *own])
