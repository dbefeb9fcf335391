"""How often and how fast does it learn? Many seeds at once, bit-exact or in floating point.

All seeds are trained at once and looked in on now and then; a seed has solved its task when it is first seen
to meet the task's goal.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..evaluate import Evaluation
from ..float_mgd import Backpropagation, FloatMgd
from ..tasks import Dataset, judging
from ..trainer import Trainer

__all__ = [
    "GOALS",
    "MODELS",
    "Goal",
    "Learner",
    "Result",
    "goal_of",
    "goal_or_any",
    "learn",
    "looks",
]


class Learner(Protocol):
    """Anything that learns in steps."""

    config: TrainerConfig

    def run(self, steps: int) -> object:
        """Go on for some steps."""

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """Mean cost and accuracy per replica."""


@dataclass(frozen=True)
class Goal:
    """When a task counts as solved: accuracy at least, mean cost below, seen every so many steps."""

    accuracy: float
    cost: float
    every: int
    steps: int
    """How long to try."""
    seeds: int


#: Seconds that a learner runs before anybody is asked whether to go on.
_SLICE = 0.1

GOALS = {
    "xor": Goal(accuracy=1.0, cost=0.04, every=10, steps=200_000, seeds=256),
    "parity4": Goal(accuracy=1.0, cost=float("inf"), every=100, steps=1_000_000, seeds=96),
    "nist7x7_centered": Goal(accuracy=0.99, cost=float("inf"), every=500, steps=200_000, seeds=16),
    "nist7x7": Goal(accuracy=0.99, cost=float("inf"), every=10_000, steps=2_000_000, seeds=8),
}


def goal_of(config: TrainerConfig) -> Goal | None:
    """The goal of the configuration's task, if there is one; its cost counts for squared errors only.

    Of samples from a file it is the accuracy that the configuration asks for.
    """
    goal = GOALS.get(config.task.name)
    if config.shape.task_data.file:
        every = max(100, config.data.count)
        goal = Goal(accuracy=config.task.goal, cost=float("inf"), every=every, steps=200_000, seeds=16)
    if goal is None or config.loss == "squared_error":
        return goal
    return replace(goal, cost=float("inf"))


def goal_or_any(config: TrainerConfig) -> Goal:
    """The same; for a task without goal all answers right, looked at every 100 steps."""
    return goal_of(config) or Goal(accuracy=1.0, cost=float("inf"), every=100, steps=1_000_000, seeds=1)


#: What learns, by name: called with a configuration, seeds, and registers that differ from it.
MODELS: dict[str, Callable[..., Learner]] = {
    "twin": Trainer,
    "float": FloatMgd,
    "float_railed": partial(FloatMgd, railed=True),
    "backpropagation": Backpropagation,
}


@dataclass
class Result:
    """What became of every seed.

    Attributes
    ----------
    model : str
        Key of :data:`MODELS`.
    steps : int
        Steps done.
    solved_at : list
        Per seed the step at which the goal was first seen met, or None.
    cost, accuracy : list of float
        Per seed at the end.
    seconds : float
        Time it took, evaluation included.
    """

    model: str
    steps: int = 0
    solved_at: list[int | None] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def solved(self) -> float:
        """Share of seeds that met the goal."""
        return sum(at is not None for at in self.solved_at) / len(self.solved_at)

    @property
    def median(self) -> float | None:
        """Median step of those that met the goal."""
        found = [at for at in self.solved_at if at is not None]
        return statistics.median(found) if found else None

    def __str__(self) -> str:
        median = "-" if self.median is None else f"{self.median:,.0f}"
        return (
            f"{self.model:15} step {self.steps:>9,}: {self.solved:6.1%} of {len(self.solved_at)} seeds"
            f" solved, median {median} steps, mean accuracy {statistics.mean(self.accuracy):.2%}"
            f" ({self.seconds:.0f} s)"
        )


def learn(
    model: str, config: TrainerConfig, seeds: Sequence[int], goal: Goal, **options: Any
) -> Iterator[Result]:
    """Train until every seed has met the goal or the steps are used up. Cost and accuracy are of the samples
    that are set aside, where there are some.

    Parameters
    ----------
    model : str
        Key of :data:`MODELS`.
    config : TrainerConfig
    seeds : sequence of int
    goal : Goal
    **options
        Whatever else the model takes, such as ``devices``, or registers that differ.

    Yields
    ------
    Result
        The same object after every look, so that stopping early loses nothing.
    """
    yield from looks(
        MODELS[model](config, seeds, **options), Result(model, solved_at=[None] * len(seeds)), goal
    )


def looks(
    learner: Learner,
    result: Result,
    goal: Goal,
    *,
    to_the_end: bool = False,
    stop: Callable[[int], bool] | None = None,
    goes_on: bool = False,
) -> Iterator[Result]:
    """The same for a learner that stands at the steps of ``result``.

    Parameters
    ----------
    learner : Learner
    result : Result
        Renewed, and given after every look.
    goal : Goal
    to_the_end : bool
        Go on for all steps, whatever was met.
    stop : callable, optional
        Asked several times a second, with the steps done so far, whether to take the last look there. For
        that, runs are cut wherever the clock says so, which makes no difference to learners in integers only.
    goes_on : bool
        It was looked at before, so not now, and then where one would have been that was not cut.
    """
    start = time.monotonic() - result.seconds
    samples = judging(learner.config)
    size, stopped = 1 if stop else goal.steps, False

    def look() -> Result:
        cost, accuracy = learner.cost_and_accuracy(samples)
        for seed in np.flatnonzero((accuracy >= goal.accuracy) & (cost < goal.cost)):
            if result.solved_at[seed] is None:
                result.solved_at[seed] = result.steps
        result.cost, result.accuracy = cost.tolist(), accuracy.tolist()
        result.seconds = time.monotonic() - start
        return result

    if not goes_on:
        yield look()
    while not stopped and result.steps < goal.steps and (to_the_end or None in result.solved_at):
        looked_at = result.steps
        end = min((result.steps // goal.every + 1) * goal.every, goal.steps)
        while result.steps < end and not (stopped := stop is not None and stop(result.steps)):
            count, before = min(size, end - result.steps), time.monotonic()
            learner.run(count)
            result.steps += count
            if stop:
                size = size * 2 if time.monotonic() - before < _SLICE else max(1, size // 2)
        if result.steps > looked_at:
            yield look()
