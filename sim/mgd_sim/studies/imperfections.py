"""How much imperfection does learning bear? Defects of neurons, noise, and parameters that are stuck.

``python -m mgd_sim.studies.imperfections xor`` trains many seeds for each kind and size of imperfection, each
seed on a device of its own, in the circuit's arithmetic and in floating point. What is done is kept in the
output's JSON file and not done again, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig, preset

from .learning import GOALS, MODELS, Goal, learn
from .study import Kept, command, ends_in_a_line, folder, replacing, say, watched

__all__ = ["SWEEPS", "Point", "Sweep", "plot", "table", "trained"]


@dataclass(frozen=True)
class Sweep:
    """One kind of imperfection in several sizes.

    Attributes
    ----------
    what : str
        For the axis of a figure.
    key : str
        Of ``[imperfections]``.
    values : dict
        Sizes by task.
    others : dict
        Further keys of ``[imperfections]``.
    by_accuracy : bool
        Whether right answers are enough: a neuron whose output cannot reach 0 or 1 keeps a cost.
    """

    what: str
    key: str
    values: dict[str, tuple[float, ...]]
    others: dict[str, Any]
    by_accuracy: bool = False


_SPREADS = (0.0, 0.1, 0.25, 0.5)
_LETTERS = ("nist7x7_centered", "nist7x7")


def _powers(first: int, last: int, step: int = 1) -> tuple[float, ...]:
    return (0.0, *(2.0**power for power in range(first, last + 1, step)))


SWEEPS = {
    "activation": Sweep(
        "spread of the neurons' curves, sigma_a",
        "activation_spread",
        {"xor": _SPREADS, **dict.fromkeys(_LETTERS, _SPREADS)},
        {},
        by_accuracy=True,
    ),
    "cost": Sweep(
        "noise of every measured cost, sigma_C",
        "cost_noise",
        {"xor": _powers(-10, -4), **dict.fromkeys(_LETTERS, (0.0, 2.0**-8, *_powers(-6, -4)[1:]))},
        {},
    ),
    "common": Sweep(
        "noise of every update, the same for all parameters",
        "update_noise",
        {"xor": _powers(-9, -3), **dict.fromkeys(_LETTERS, _powers(-10, -4, 2))},
        {"update_noise_kind": "common"},
    ),
    "independent": Sweep(
        "noise of every update, of each parameter its own",
        "update_noise",
        {"xor": _powers(-9, -3), **dict.fromkeys(_LETTERS, _powers(-10, -4, 2))},
        {"update_noise_kind": "independent"},
    ),
    "stuck": Sweep(
        "share of parameters stuck at their initial value",
        "stuck",
        {"xor": (0.0, 1 / 9, 2 / 9, 3 / 9), **dict.fromkeys(_LETTERS, (0.0, 0.1, 0.25, 0.5))},
        {},
    ),
    "dead": Sweep(
        "share of parameters that are zero",
        "stuck",
        {"xor": (0.0, 1 / 9, 2 / 9, 3 / 9), **dict.fromkeys(_LETTERS, (0.0, 0.1, 0.25, 0.5))},
        {"stuck_kind": "dead"},
    ),
}


@dataclass(frozen=True)
class Point:
    """What became of one size of one imperfection."""

    sweep: str
    value: float
    model: str
    seeds: int
    steps: int
    solved: float
    median: float | None
    accuracy: float

    @property
    def job(self) -> tuple[str, float, str, int, int]:
        """What was asked for."""
        return self.sweep, self.value, self.model, self.seeds, self.steps


def configured(task: str, sweep: str, value: float) -> TrainerConfig:
    """The preset with this imperfection."""
    each = SWEEPS[sweep]
    return preset(task).replaced(imperfections={each.key: value, **each.others} if value else {})


def trained(kept: Kept[Point], task: str, sweep: str, value: float, model: str, goal: Goal) -> Point:
    """What became of one size of one imperfection, now or before."""
    job = sweep, value, model, goal.seeds, goal.steps

    def find() -> Point:
        aim = replace(goal, cost=float("inf")) if SWEEPS[sweep].by_accuracy else goal
        config, seeds, name = configured(task, sweep, value), range(goal.seeds), f"{sweep} {value:g}"
        found = watched(learn(model, config, seeds, aim, devices=seeds), name)
        say(f"{name}: {found}")
        return Point(*job, found.solved, found.median, float(np.mean(found.accuracy)))

    return kept.get(job, find)


def table(known: Sequence[Point], sweep: str) -> list[list[str]]:
    """Rows of one sweep: the size, then for each model success and median steps."""
    mine = [point for point in known if point.sweep == sweep]
    rows = []
    for value in sorted({point.value for point in mine}):
        row = [f"{value:.3g}"]
        for model in dict.fromkeys(point.model for point in mine):
            here = [point for point in mine if (point.value, point.model) == (value, model)]
            row.append(_cell(here[-1]) if here else "")
        rows.append(row)
    return rows


def _cell(point: Point) -> str:
    median = "" if point.median is None else f", median {point.median:,.0f}"
    return f"{point.solved:.0%}{median}"


def plot(known: Sequence[Point], task: str, path: Path) -> None:
    """A column for each sweep: the share of seeds that solved the task above, their median steps below."""
    import matplotlib as mpl

    mpl.use("Agg")
    # Few colors: a quarter of the bytes.
    mpl.rcParams |= dict.fromkeys(("text.antialiased", "lines.antialiased", "patch.antialiased"), False)
    from matplotlib import pyplot as plt

    sweeps = [sweep for sweep in SWEEPS if any(point.sweep == sweep for point in known)]
    figure, axes = plt.subplots(
        2, len(sweeps), figsize=(3.1 * len(sweeps), 5), layout="constrained", squeeze=False, sharey="row"
    )
    for column, sweep in enumerate(sweeps):
        above, below = axes[:, column]
        for model in dict.fromkeys(point.model for point in known):
            mine = [point for point in known if (point.sweep, point.model) == (sweep, model)]
            mine.sort(key=lambda point: point.value)
            sizes = [point.value for point in mine]
            above.plot(sizes, [100 * point.solved for point in mine], marker="o", markersize=3, label=model)
            solved = [point for point in mine if point.median is not None]
            below.plot(
                [point.value for point in solved],
                [point.median for point in solved],
                marker="o",
                markersize=3,
            )
        if SWEEPS[sweep].key.endswith("noise"):
            least = min(point.value for point in known if point.sweep == sweep and point.value) / 2
            for each in (above, below):
                each.set_xscale("symlog", linthresh=least, base=2)
                each.set_xlim(left=0)
        above.set(ylim=(-3, 103), title="\n".join(_halves(SWEEPS[sweep].what)))
        above.title.set_fontsize(8)
        below.set(yscale="log")
        for each in (above, below):
            each.grid(alpha=0.3)
            each.tick_params(labelsize=7)
    axes[0, 0].set_ylabel("solved, %")
    axes[1, 0].set_ylabel("median steps")
    axes[0, 0].legend(loc="lower left", fontsize=7)
    figure.suptitle(f"{task}, {known[0].seeds} seeds, each on a device of its own", fontsize=9)
    with replacing(path) as beside:
        figure.savefig(beside, dpi=100)
    plt.close(figure)


def _halves(text: str) -> list[str]:
    """Two lines of about the same length."""
    words = text.split()
    best = min(range(1, len(words)), key=lambda at: abs(len(" ".join(words[:at])) - len(text) / 2))
    return [" ".join(words[:best]), " ".join(words[best:])]


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    said = "64 for xor, 16 for letters"
    parser = command(
        "imperfections", __doc__, seeds=said, steps="the task's", every="the task's", models=MODELS
    )
    parser.add_argument("task", choices=SWEEPS["activation"].values)
    parser.add_argument("--sweep", choices=SWEEPS, action="append", help="default: all")
    parser.add_argument(
        "--out", type=folder, default="build", help="folder for NAME_imperfections.json, .png"
    )
    given = parser.parse_args(arguments)

    known_goal = GOALS[given.task]
    goal = replace(
        known_goal,
        every=given.every or (50 if given.task == "xor" else known_goal.every),
        seeds=given.seeds or (64 if given.task == "xor" else 16),
        steps=given.steps or known_goal.steps,
    )
    kept = Kept(given.out / f"{given.task}_imperfections.json", Point, given.task)
    sweeps, models = given.sweep or list(SWEEPS), given.model or ("twin", "float_railed")
    status = 0
    try:
        for sweep in sweeps:
            for value, model in itertools.product(SWEEPS[sweep].values[given.task], models):
                trained(kept, given.task, sweep, value, model, goal)
    except KeyboardInterrupt:
        status = 130
    known = list(kept)
    for sweep in sweeps:
        shown = dict.fromkeys(point.model for point in known if point.sweep == sweep)
        for row in (["size", *shown], *table(known, sweep)):
            say(f"{sweep:12} " + "".join(f"{cell:>26}" for cell in row))
    if known:
        plot(known, given.task, given.out / f"{given.task}_imperfections.png")
    return status


if __name__ == "__main__":
    sys.exit(main())
