"""Many seeds that learn side by side: how many have solved their task, and how fast?"""

from __future__ import annotations

import io
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .fixed import Ints
from .float_mgd import Floats
from .studies.learning import Result

__all__ = ["Look", "csv", "figure", "from_rows", "look", "numbers", "quartiles", "rows"]

#: Lower quartile, median, upper quartile.
Quartiles = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Look:
    """All seeds after ``step`` steps: how many have met the goal so far, cost and accuracy of the task.

    ``cost`` and ``accuracy`` are means over the seeds, ``costs`` the quartiles of their costs.
    """

    step: int
    solved: int
    cost: float
    accuracy: float
    costs: tuple[float, ...]


def look(result: Result) -> Look:
    """Where they are now."""
    return Look(
        step=result.steps,
        solved=sum(at is not None for at in result.solved_at),
        cost=statistics.mean(result.cost),
        accuracy=statistics.mean(result.accuracy),
        costs=tuple(cost for cost in quartiles(result.cost) if cost is not None),
    )


def quartiles(values: Sequence[float | None]) -> Quartiles:
    """Of values of which None is larger than any number; a quartile that such a one decides is None.

    Between two values on both sides of it a quartile is interpolated, as in ``numpy.quantile``.
    """
    ordered = sorted(math.inf if value is None else value for value in values)

    def at(share: float) -> float | None:
        place = share * (len(ordered) - 1)
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        return None if math.isinf(high) else low + (place % 1) * (high - low)

    return at(0.25), at(0.5), at(0.75)


def rows(looks: Sequence[Look]) -> Floats:
    """Looks as an array, (looks, 7)."""
    found = [(each.step, each.solved, each.cost, each.accuracy, *each.costs) for each in looks]
    return np.array(found, np.float64).reshape(len(found), 7)


def from_rows(found: Floats) -> list[Look]:
    """The same back."""
    return [
        Look(int(step), int(solved), cost, accuracy, tuple(costs))
        for step, solved, cost, accuracy, *costs in found.tolist()
    ]


def numbers(steps: Sequence[int | None]) -> Ints:
    """Steps as an array; -1 where there is none."""
    return np.array([-1 if step is None else step for step in steps], np.int64)


def csv(looks: Sequence[Look]) -> str:
    """A table with a line for each look."""
    lines = ["step,solved,mean_cost,accuracy,cost_lower_quartile,cost_median,cost_upper_quartile"]
    for each in looks:
        numbers = (each.cost, each.accuracy, *each.costs)
        lines.append(f"{each.step},{each.solved}," + ",".join(f"{number:.9g}" for number in numbers))
    return "\n".join(lines) + "\n"


def figure(looks: Sequence[Look], seeds: int, title: str) -> bytes:
    """A PNG of cost, accuracy and solved seeds over steps; needs matplotlib."""
    from matplotlib.figure import Figure

    steps = [each.step for each in looks]
    drawn = Figure(figsize=(6.4, 4.8), layout="constrained")
    above, below = drawn.subplots(2, sharex=True)
    lower, median, upper = zip(*(each.costs for each in looks), strict=True)
    above.fill_between(steps, lower, upper, color="0.85", label="half of the seeds")
    above.plot(steps, median, label="median")
    above.plot(steps, [each.cost for each in looks], linestyle="--", label="mean")
    above.set_ylabel("mean cost of the task")
    above.set_title(title)
    above.legend()
    below.plot(steps, [each.solved / seeds for each in looks], label="solved seeds")
    below.plot(steps, [each.accuracy for each in looks], label="mean accuracy")
    below.set_ylim(0, 1.05)
    below.set_xlabel("steps")
    below.legend()
    file = io.BytesIO()
    drawn.savefig(file, format="png", dpi=150)
    return file.getvalue()
