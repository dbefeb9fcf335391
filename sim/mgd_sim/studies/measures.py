"""What a study measures at a point: whether and when a task is solved, a curve over steps, or an angle.

A measure is a function of a job, which runs wherever there is a processor for it, and gives rows of a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import Problem, Refused

from ..perturb.external import port_codes
from ..retry import trainer
from ..seeds import quartiles
from ..tasks import judging
from ..watch import port_samples
from .angle import circuit_cosines, float_cosines, held, law
from .learning import MODELS, Goal, Learner, Result, looks
from .soon import best_tries, clocks_until, start_clocks

__all__ = ["MEASURES", "Job", "Measure", "Stopped"]

#: Steps between two questions whether to stop, where the clock must not say so.
_CHUNK = 1000

Row = dict[str, Any]


class Stopped(Exception):
    """Somebody asked to stop before the job was done."""


@dataclass(frozen=True)
class Job:
    """One point of a study, with one model: whatever a processor needs to know.

    ``devices``: each seed has imperfections of its own.
    """

    measure: str
    config: TrainerConfig
    model: str
    seeds: range
    goal: Goal
    devices: bool = False

    def learner(self) -> Learner:
        """Ready for step 0. In circuits that start again by themselves each try counts on."""
        options: dict[str, Any] = {"devices": self.seeds} if self.devices else {}
        if self.model == "twin":
            options |= {"samples": port_samples(self.config), "perturbations": port_codes(self.config)}
            return trainer(self.config, self.seeds, **options)
        return MODELS[self.model](self.config, self.seeds, **options)

    def rows(self, stop: Callable[[float], bool]) -> list[Row]:
        """What it finds, or in a row alone why a model cannot have this configuration. ``stop`` is asked now
        and then, with the share that is done. Raises Stopped.
        """
        try:
            return MEASURES[self.measure].rows(self, stop)
        except Refused as error:
            return [{"problem": str(error.problems[0])}]


@dataclass(frozen=True)
class Measure:
    """A kind of measurement.

    Attributes
    ----------
    columns : tuple of str
        Of its rows.
    models : tuple of str
        What may be measured; the first is the default.
    rows : callable
        Of a job.
    said : callable
        A job's rows as a line for people; cells are text.
    """

    columns: tuple[str, ...]
    models: tuple[str, ...]
    rows: Callable[[Job, Callable[[float], bool]], list[Row]]
    said: Callable[[Sequence[dict[str, str]]], str]


# ---- solved: how often and when --------------------------------------------------------------------


def _solved(job: Job, stop: Callable[[float], bool]) -> list[Row]:
    """One row. Times to solution are of trainers that start again after N steps: half of the seeds choose N,
    the other half is told of; see :func:`mgd_sim.studies.soon.clocks_until`.
    """
    config, goal = job.config, job.goal
    found = Result(job.model, solved_at=[None] * len(job.seeds))
    ended = False

    def asked(step: int) -> bool:
        nonlocal ended
        ended = stop(step / goal.steps)
        return ended

    # Learners in floating point must not be cut where the clock says so.
    cuts = asked if job.model == "twin" else None
    for _ in looks(job.learner(), found, goal, stop=cuts):
        if cuts is None and asked(found.steps):
            break
    if ended:
        raise Stopped
    lower, median, upper = quartiles(found.solved_at)
    clocks = config.timing.clocks_per_step
    row = {
        "seeds": len(job.seeds),
        "until": goal.steps,
        "solved": sum(at is not None for at in found.solved_at),
        "lower_quartile": lower,
        "median": median,
        "upper_quartile": upper,
        "accuracy": float(np.mean(found.accuracy)),
        "cost": float(np.mean(found.cost)),
        "parameters": config.parameters,
        "clocks_per_step": float(clocks),
        "solved_at": " ".join("-" if at is None else str(at) for at in found.solved_at),
    }
    half = len(job.seeds) // 2
    if half and not config.outside:
        at = np.array([math.inf if each is None else each for each in found.solved_at])
        start = start_clocks(config)
        tries = best_tries(0.99, at[:half], clocks, start)
        for share, name in ((0.5, "clocks_half"), (0.99, "clocks_99")):
            row[name] = None if tries is None else clocks_until(share, at[half:], tries, clocks, start)
    return [row]


def _solved_said(rows: Sequence[dict[str, str]]) -> str:
    (row,) = rows
    median = f"median {float(row['median']):,.0f} steps" if row["median"] else "median never"
    return f"{row['solved']} of {row['seeds']} solved, {median}, accuracy {float(row['accuracy']):.1%}"


# ---- a curve over steps ----------------------------------------------------------------------------


def _curve(job: Job, stop: Callable[[float], bool]) -> list[Row]:
    """A row for each look: at the start, at 1, 2, 5 and their multiples by ten from 10 on, and in the end."""
    learner, samples, steps = job.learner(), judging(job.config), job.goal.steps
    rows: list[Row] = []
    done = 0
    known = (0, *(head * 10**power for power in range(1, 12) for head in (1, 2, 5)))
    for step in [*(step for step in known if step < steps), steps]:
        while done < step:
            if stop(done / steps):
                raise Stopped
            count = min(_CHUNK, step - done)
            learner.run(count)
            done += count
        cost, accuracy = learner.cost_and_accuracy(samples)
        right = (accuracy >= job.goal.accuracy) & (cost < job.goal.cost)
        low, middle, high = np.quantile(accuracy, (0.25, 0.5, 0.75)).tolist()
        rows.append(
            {
                "steps": step,
                "seeds": len(job.seeds),
                "right": int(right.sum()),
                "accuracy": float(accuracy.mean()),
                "lower_quartile": low,
                "median": middle,
                "upper_quartile": high,
                "least": float(accuracy.min()),
                "most": float(accuracy.max()),
                "cost": float(cost.mean()),
            }
        )
    return rows


def _curve_said(rows: Sequence[dict[str, str]]) -> str:
    last = rows[-1]
    least, mean, most = (float(last[key]) for key in ("least", "accuracy", "most"))
    return f"step {int(last['steps']):,}: accuracy {mean:.2%}, seeds {least:.2%} to {most:.2%}"


# ---- an angle over steps ---------------------------------------------------------------------------


def _angle(job: Job, stop: Callable[[float], bool]) -> list[Row]:
    """A row for each number of perturbations: the cosine between estimate and gradient, mean over seeds."""
    if stop(0.0):
        raise Stopped
    if job.config.engine.kind == "bank":
        told = 'cannot gather an estimate over many perturbations, so has no angle; must be "array"'
        raise Refused([Problem("engine.kind", '"bank"', told)])
    perturbation = job.config.perturbation
    config = held(job.config, perturbation.family, perturbation.amplitude, perturbation.share)
    parameters = config.code_count
    checkpoints = {1 << k for k in range(3, 17)} | {parameters, 10 * parameters}
    steps = sorted(step for step in checkpoints if step <= min(job.goal.steps, config.learning.tau_theta - 1))
    cosines = {"twin": circuit_cosines, "float": float_cosines}[job.model](config, job.seeds, steps)
    return [
        {
            "steps": step,
            "seeds": len(job.seeds),
            "parameters": parameters,
            "cosine": float(row.mean()),
            "least": float(row.min()),
            "degrees": math.degrees(math.acos(max(-1.0, min(1.0, float(row.mean()))))),
            "law": law(parameters, step, perturbation.share),
        }
        for step, row in zip(steps, cosines, strict=True)
    ]


def _angle_said(rows: Sequence[dict[str, str]]) -> str:
    last = rows[-1]
    return f"after {int(last['steps']):,} perturbations: cosine {float(last['cosine']):.3f}"


_SOLVED = (
    *("seeds", "until", "solved", "lower_quartile", "median", "upper_quartile", "accuracy", "cost"),
    *("parameters", "clocks_per_step", "clocks_half", "clocks_99", "solved_at"),
)
_CURVE = (
    *("steps", "seeds", "right", "accuracy", "lower_quartile", "median", "upper_quartile"),
    *("least", "most", "cost"),
)
_ANGLE = ("steps", "seeds", "parameters", "cosine", "least", "degrees", "law")

#: By name.
MEASURES = {
    "solved": Measure(_SOLVED, ("twin", "float", "float_railed", "backpropagation"), _solved, _solved_said),
    "curve": Measure(_CURVE, ("twin", "float", "float_railed", "backpropagation"), _curve, _curve_said),
    "angle": Measure(_ANGLE, ("twin", "float"), _angle, _angle_said),
}
