"""What came out: sizes, clock rate, learning speed and time to solution of a trainer on one target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.timing import steps_per_second

from .blocks import HARNESS

__all__ = [
    "PAPER",
    "CriticalPath",
    "Platform",
    "Report",
    "Resource",
    "Segment",
    "Solution",
    "device_notes",
]


#: What holds for every target.
NOTES = (
    "The harness feeds the run-time registers through a shift register and puts a register at every"
    " pin, so that the trainer fits any package and synthesis removes nothing of it. It counts in the"
    " share of the device, and nowhere else.",
    "A block is charged for its registers and for the logic that they read; logic between two blocks"
    " counts for the one that reads it.",
    "Clocks per step are exact while samples are there in time.",
)


def device_notes(config: TrainerConfig) -> tuple[str, ...]:
    """What holds with a device outside."""
    if not config.outside:
        return ()
    return (
        "Measurements of the device come on top of clocks per step, and take as long as it does. Of them only"
        " the time to settle is in the steps per second, so these are at most so many.",
    )


def _rates(rate: float | None, measurements: Fraction) -> dict[str, float | None]:
    """For JSON: steps a second, or with measurements, which come on top, the most that there can be."""
    if not measurements:
        return {"steps_per_second": rate}
    return {
        "measurements_per_step": float(measurements),
        "steps_per_second": None,
        "most_steps_per_second": rate,
    }


@dataclass(frozen=True)
class Resource:
    """How much of one thing the trainer takes, altogether and by block; ``harness`` is beside it."""

    name: str
    blocks: Mapping[str, float]
    harness: float = 0
    available: float | None = None
    unit: str = ""

    @classmethod
    def of(
        cls, name: str, counts: Mapping[str, float], available: float | None = None, unit: str = ""
    ) -> Resource:
        """From counts by block, of which one may be the harness."""
        blocks = {block: counts[block] for block in sorted(counts) if block != HARNESS}
        return cls(name, blocks, counts.get(HARNESS, 0), available, unit)

    @property
    def used(self) -> float:
        return sum(self.blocks.values())


@dataclass(frozen=True)
class Segment:
    """A part of a path within one block: nanoseconds in logic, and on wires that leave that logic."""

    block: str
    logic: float
    wires: float


@dataclass(frozen=True)
class CriticalPath:
    """The slowest way from register to register."""

    segments: tuple[Segment, ...]

    @property
    def delay(self) -> float:
        """Nanoseconds."""
        return sum(segment.logic + segment.wires for segment in self.segments)


@dataclass(frozen=True)
class Platform:
    """A hypothetical platform of the paper; a step takes it two inferences of ``inference`` seconds."""

    name: str
    example: str
    inference: float

    def seconds(self, steps: float) -> float:
        return 2 * steps * self.inference


#: Time constants of the platforms in McCaughan et al., APL Machine Learning 1, 026118 (2023).
PAPER = (
    Platform("HW1", "photonics with a computer in the loop", 1e-3),
    Platform("HW2", "memory that computes, analog VLSI", 1e-8),
    Platform("HW3", "superconducting electronics, fast photonics", 2e-10),
)


@dataclass(frozen=True, kw_only=True)
class Solution:
    """How many steps the twin took to solve the task.

    Attributes
    ----------
    goal : str
        When a seed counts as solved.
    seeds, solved : int
        Seeds tried, and those that met the goal in ``steps`` steps; the twin may stop at half of them.
    median : float or None
        Median steps over all seeds; None if no more than half of them met the goal.
    """

    goal: str
    seeds: int
    solved: int
    steps: int
    median: float | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of one synthesis.

    Attributes
    ----------
    design, target, title : str
        Trainer, target by its short name and in words.
    parameters : int
    tools : tuple of str
        Packages and releases.
    options : mapping
        What else decides the result.
    kinds : mapping
        How many cells of each type synthesis made, harness included.
    resources : tuple of Resource
    fmax : float or None
        Megahertz.
    path : CriticalPath or None
    clocks_per_step, measurements_per_step : Fraction
        Measurements of a device outside come on top of clocks.
    settle_per_step : float
        Seconds that these need at least.
    notes : tuple of str
        What a reader must know to compare the numbers.
    common : tuple of str
        The same for every report of its kind.
    solution : Solution or None
    """

    design: str
    target: str
    title: str
    parameters: int
    tools: tuple[str, ...]
    resources: tuple[Resource, ...]
    clocks_per_step: Fraction
    measurements_per_step: Fraction = Fraction(0)
    settle_per_step: float = 0.0
    fmax: float | None = None
    path: CriticalPath | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    common: tuple[str, ...] = NOTES
    solution: Solution | None = None

    @property
    def steps_per_second(self) -> float | None:
        """With a device outside so many at most."""
        if self.fmax is None:
            return None
        return steps_per_second(self.clocks_per_step, self.fmax * 1e6, self.settle_per_step)

    @property
    def seconds_to_solution(self) -> float | None:
        """Median steps of the twin at the clock rate of this target."""
        rate = self.steps_per_second
        if rate is None or self.solution is None or self.solution.median is None:
            return None
        return self.solution.median / rate

    # ---- JSON ------------------------------------------------------------------------------------

    def as_json(self) -> dict[str, Any]:
        """JSON types only; rates in hertz, times in seconds, path in nanoseconds."""
        document: dict[str, Any] = {
            "design": self.design,
            "target": self.target,
            "device": self.title,
            "parameters": self.parameters,
            "tools": list(self.tools),
            "options": dict(self.options),
            "resources": {each.name: self._resource(each) for each in self.resources},
            "kinds": dict(self.kinds),
            "fmax": None if self.fmax is None else self.fmax * 1e6,
            "critical_path": None,
            "clocks_per_step": float(self.clocks_per_step),
            **_rates(self.steps_per_second, self.measurements_per_step),
            "solution": None,
            "notes": [*self.notes, *self.common],
        }
        if self.path is not None:
            document["critical_path"] = {
                "nanoseconds": self.path.delay,
                "segments": [segment.__dict__ for segment in self.path.segments],
            }
        if self.solution is not None:
            document["solution"] = {
                **self.solution.__dict__,
                "seconds": self.seconds_to_solution,
                "paper": {name: seconds for name, _, seconds in self._paper()},
            }
        return document

    def _resource(self, each: Resource) -> dict[str, Any]:
        return {
            "used": each.used,
            "per_parameter": each.used / self.parameters,
            "available": each.available,
            "harness": each.harness,
            "unit": each.unit,
            "blocks": dict(each.blocks),
        }

    def _paper(self) -> list[tuple[str, str, float]]:
        assert self.solution is not None
        median = self.solution.median
        if median is None:
            return []
        return [(each.name, each.example, each.seconds(median)) for each in PAPER]

    # ---- Markdown --------------------------------------------------------------------------------

    def markdown(self) -> str:
        """The same as a page to read."""
        parts = [
            f"# {self.design} on {self.target}",
            f"{self.title}. {self.parameters} parameters. Made with {', '.join(self.tools)}"
            + "".join(f", {key} {value}" for key, value in self.options.items())
            + ".",
            "## Size",
            self._sizes(),
            "## Size by block",
            self._blocks(),
            "## Speed",
            *self._speed(),
        ]
        if self.kinds:
            parts += ["## Kinds", _table(["cell", "count"], [[k, f"{n:,}"] for k, n in self.kinds.items()])]
        if self.solution is not None:
            parts += ["## Time to solution", *self._solved()]
        parts += ["## Notes", "\n".join(f"* {note}" for note in (*self.notes, *self.common))]
        return "\n\n".join(parts) + "\n"

    def _sizes(self) -> str:
        limited = any(each.available for each in self.resources)
        head = ["", "used", *(["available", "share"] if limited else []), "per parameter", "harness"]
        rows = []
        for each in self.resources:
            share = []
            if limited:
                share = ["", ""]
                if each.available:
                    portion = (each.used + each.harness) / each.available
                    share = [_number(each.available), f"{portion:.1%}"]
            name = f"{each.name} ({each.unit})" if each.unit else each.name
            per_parameter = f"{each.used / self.parameters:,.2f}"
            rows.append([name, _number(each.used), *share, per_parameter, _number(each.harness)])
        return _table(head, rows)

    def _blocks(self) -> str:
        shown = [each for each in self.resources if each.used]
        names = sorted({name for each in shown for name in each.blocks})
        main = shown[0].blocks if shown else {}
        rows = [
            [name, *(_number(each.blocks.get(name, 0)) for each in shown)]
            for name in sorted(names, key=lambda name: (-main.get(name, 0), name))
        ]
        return _table(["block", *(each.name for each in shown)], rows)

    def _speed(self) -> list[str]:
        clocks = self.clocks_per_step
        exact = str(clocks) if clocks.denominator == 1 else f"{clocks} = {float(clocks):.3f}"
        rows = [["clocks per step", exact]]
        measured = self.measurements_per_step
        if measured:
            rows.append(["measurements of the device per step, on top", f"{float(measured):.6g}"])
        if self.fmax is not None and self.steps_per_second is not None:
            rows.insert(0, ["clock", f"{self.fmax:.1f} MHz"])
            rows.append(["steps per second", f"{'at most ' * bool(measured)}{self.steps_per_second:,.0f}"])
        parts = [_table(["", ""], rows)]
        if self.path is not None:
            head = ["critical path", "logic ns", "wires ns"]
            segments = [[each.block, f"{each.logic:.2f}", f"{each.wires:.2f}"] for each in self.path.segments]
            total = ["all", *(f"{sum(column):.2f}" for column in self._columns(self.path))]
            parts.append(_table(head, [*segments, total]))
        return parts

    @staticmethod
    def _columns(path: CriticalPath) -> tuple[list[float], list[float]]:
        return [each.logic for each in path.segments], [each.wires for each in path.segments]

    def _solved(self) -> list[str]:
        assert self.solution is not None
        each = self.solution
        text = f"Goal: {each.goal}. "
        if each.median is None:
            met = f"{each.solved} of {each.seeds} seeds met it in {each.steps:,} steps"
            return [f"{text}Of the twin {met}, so there is no median."]
        text += (
            f"The twin learned with {each.seeds} seeds until more than half of them had met it:"
            f" median {each.median:,.0f} steps."
        )
        rows = []
        if self.seconds_to_solution is not None:
            rows.append([f"this trainer, {self.target}", _duration(self.seconds_to_solution)])
        rows += [[f"{name}: {what}", _duration(seconds)] for name, what, seconds in self._paper()]
        return [
            text,
            _table(["platform", "time"], rows),
            "HW1 to HW3 are the paper's hypothetical platforms: two inferences a step, of 1 ms, 10 ns"
            " and 200 ps, for the same number of steps.",
        ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
