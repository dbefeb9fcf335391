"""Which variants help? Rates, signs, annealing, momentum, the rail, granularity, and the analog algorithm.

``python -m mgd_sim.studies.variants xor`` trains all seeds with each variant and prints how many solved the
task, how fast, and how well all seeds do at the end. What is done is kept in the output's JSON file and not
done again, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig, preset

from .learning import GOALS, MODELS, Goal, learn
from .study import Kept, chosen, command, ends_in_a_line, folder, say, watched

__all__ = ["VARIANTS", "Changes", "Outcome", "configured", "trained"]

Changes = dict[str, dict[str, Any]]


def _rate(shift: int, parameter: str | None = None, **learning: Any) -> Changes:
    changes: Changes = {"learning": {"rate": 2.0**-shift, **learning}}
    return changes | ({"formats": {"parameter": parameter}} if parameter else {})


def _shaken(shift: int, parameter: str, amplitude: int, halve_every: int = 0, last: int = 0) -> Changes:
    given: dict[str, Any] = {"amplitude": 2.0**-amplitude, "halve_every": halve_every}
    if last:
        given["last_amplitude"] = 2.0**-last
    return _rate(shift, parameter) | {"perturbation": given}


def _annealed(first: int, every: int, last: int, parameter: str) -> Changes:
    return _rate(first, parameter, anneal_every=every, last_rate=2.0**-last)


def _analog(shift: int, parameter: str, tau_x: int, follow: int, **learning: Any) -> Changes:
    return _rate(shift, parameter, algorithm="analog", tau_x=tau_x, follow=follow, **learning)


def _grained(granularity: str, shift: int, parameter: str) -> Changes:
    return _rate(shift, parameter) | {"perturbation": {"granularity": granularity}}


#: By task and name, what differs from the preset.
VARIANTS: dict[str, dict[str, Changes]] = {
    "xor": {
        "rate 1": _rate(0),
        "rate 1/2": _rate(1),
        "rate 1/4": _rate(2),
        **{f"signs, 2^-{k}": _rate(k, size="sign") for k in (2, 3, 4, 5, 6)},
        "1 to 1/8, every 1,000": _annealed(0, 1000, 3, "SQ(5, 11)"),
        "1 to 1/8, every 4,000": _annealed(0, 4000, 3, "SQ(5, 11)"),
        "1/2 to 1/8, every 4,000": _annealed(1, 4000, 3, "SQ(5, 11)"),
        "signs, 2^-3 to 2^-6, every 1,000": _rate(3, size="sign", anneal_every=1000, last_rate=2.0**-6),
        **{f"rate 1/2, momentum {1 - 2**-m}": _rate(1, follow=m) for m in (1, 2, 3, 4)},
        **{f"rate 1/4, momentum {1 - 2**-m}": _rate(2, follow=m) for m in (1, 2, 3, 4)},
        "analog, tau_x 4, no low-pass": _analog(2, "SQ(5, 12)", 4, 0),
        "analog, tau_x 4, low-pass 15": _analog(2, "SQ(5, 12)", 4, 4),
        "analog, tau_x 16, low-pass 15": _analog(2, "SQ(5, 12)", 16, 4),
        **{f"decay 2^-{k}": _rate(1, decay=2.0**-k) for k in (14, 12, 10)},
        "clamp at 4": _rate(1, clamp=4.0),
        "clamp at 2": _rate(1, clamp=2.0),
        "amplitude 1/8": _shaken(1, "SQ(5, 11)", 3),
        "amplitude 1/32": _shaken(1, "SQ(5, 11)", 5),
        "amplitude 1/8 to 1/32, every 1,000": _shaken(1, "SQ(5, 11)", 3, 1000, 5),
        "amplitude 1/16 to 1/32, every 2,000": _shaken(1, "SQ(5, 11)", 4, 2000),
        **{f"layer by layer, rate 2^-{k}": _grained("layer", k, "SQ(5, 11)") for k in (0, 1, 2)},
        **{f"node by node, rate 2^-{k}": _grained("node", k, "SQ(5, 13)") for k in (0, 1)},
        "rail at 4": _rate(1, "SQ(4, 11)"),
        "rail at 16": _rate(1, "SQ(6, 11)"),
        "rail at 32": _rate(1, "SQ(7, 11)"),
    },
    "nist7x7_centered": {
        "rate 2^-5": _rate(5, "SQ(4, 12)"),
        "rate 2^-6": _rate(6, "SQ(4, 12)"),
        "rate 2^-7": _rate(7, "SQ(4, 12)"),
        "rate 2^-8": _rate(8, "SQ(4, 14)"),
        **{f"signs, 2^-{k}": _rate(k, "SQ(4, 12)", size="sign") for k in (8, 9, 10, 11)},
        "2^-6 to 2^-9, every 5,000": _annealed(6, 5000, 9, "SQ(4, 14)"),
        "2^-5 to 2^-9, every 5,000": _annealed(5, 5000, 9, "SQ(4, 14)"),
        "signs, 2^-8 to 2^-12, every 5,000": _rate(
            8, "SQ(4, 12)", size="sign", anneal_every=5000, last_rate=2.0**-12
        ),
        **{f"rate 2^-6, momentum {1 - 2**-m}": _rate(6, "SQ(4, 12)", follow=m) for m in (2, 4)},
        "analog, tau_x 4, low-pass 15": _analog(8, "SQ(4, 14)", 4, 4),
        "analog, tau_x 4, low-pass 63": _analog(8, "SQ(4, 14)", 4, 6),
        **{f"decay 2^-{k}": _rate(7, "SQ(4, 14)", decay=2.0**-k) for k in (16, 14, 12)},
        "clamp at 2": _rate(7, "SQ(4, 12)", clamp=2.0),
        "clamp at 1": _rate(7, "SQ(4, 12)", clamp=1.0),
        "amplitude 1/16": _shaken(7, "SQ(4, 13)", 4),
        "amplitude 1/8 to 1/32, every 3,000": _shaken(7, "SQ(4, 14)", 3, 3000, 5),
        "amplitude 1/32 to 1/64, every 5,000": _shaken(7, "SQ(4, 12)", 5, 5000),
        **{f"layer by layer, rate 2^-{k}": _grained("layer", k, "SQ(4, 12)") for k in (4, 5, 6)},
        **{f"node by node, rate 2^-{k}": _grained("node", k, "SQ(4, 14)") for k in (2, 3, 4)},
        "rail at 2": _rate(7, "SQ(3, 12)"),
        "rail at 8": _rate(7, "SQ(5, 12)"),
    },
    "nist7x7": {
        "rate 2^-8": _rate(8, "SQ(4, 16)"),
        "2^-7 to 2^-11, every 250,000": _annealed(7, 250_000, 11, "SQ(4, 16)"),
        "2^-6 to 2^-11, every 250,000": _annealed(6, 250_000, 11, "SQ(4, 16)"),
        "rate 2^-7": _rate(7, "SQ(4, 16)"),
    },
}


@dataclass(frozen=True)
class Outcome:
    """What became of one variant: share of seeds solved, their median steps, all seeds' accuracies."""

    variant: str
    seeds: int
    steps: int
    solved: float
    median: float | None
    accuracy: list[float]
    model: str = "twin"

    @property
    def job(self) -> tuple[object, ...]:
        """What was asked for."""
        return self.variant, self.seeds, self.steps, self.model

    def __str__(self) -> str:
        median = "-" if self.median is None else f"{self.median:,.0f}"
        mean, least, most = (f"{share:.1%}" for share in (np.mean(self.accuracy), *_ends(self.accuracy)))
        found = f"{self.solved:7.1%}{median:>10}   accuracy {mean} ({least} to {most})"
        return f"{self.model:13}{self.variant:36}{found}"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def configured(task: str, variant: str) -> TrainerConfig:
    """The preset with the variant's changes."""
    return preset(task).replaced(**VARIANTS[task][variant])


def trained(kept: Kept[Outcome], name: str, config: TrainerConfig, goal: Goal, model: str) -> Outcome:
    """What became of a configuration under its name, now or before."""
    job = name, goal.seeds, goal.steps, model

    def find() -> Outcome:
        found = watched(learn(model, config, range(goal.seeds), goal), name)
        return Outcome(name, goal.seeds, goal.steps, found.solved, found.median, found.accuracy, model)

    return kept.get(job, find)


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    said = "64 for xor, 16 and 8 for letters"
    parser = command("variants", __doc__, seeds=said, steps="the task's", every="the task's")
    parser.add_argument("task", choices=VARIANTS)
    parser.add_argument("--variant", action="append", help="default: all of the task")
    parser.add_argument("--model", choices=MODELS, default="twin", help="default: twin, the exact circuit")
    parser.add_argument("--out", type=folder, default="build", help="folder for NAME_variants.json")
    given = parser.parse_args(arguments)
    wanted = chosen(parser, "--variant", given.variant, VARIANTS[given.task])

    usual = GOALS[given.task]
    seeds = given.seeds or {"xor": 64, "nist7x7": 8}.get(given.task, 16)
    goal = replace(usual, seeds=seeds, steps=given.steps or usual.steps, every=given.every or usual.every)
    outcomes = Kept(given.out / f"{given.task}_variants.json", Outcome)
    for name in wanted:
        say(trained(outcomes, name, configured(given.task, name), goal, given.model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
