"""The twin learns: many seeds side by side."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from ..config import ConfigError, Problem, TrainerConfig
from ..config.sections import MAX_SEED
from ..files import FilesOfARun
from ..process import Stop, ends_noted
from ..progress import Progress
from .common import PROGRESS_SECONDS, Interrupted, configuration, print_json, say
from .results import ResultFiles

if TYPE_CHECKING:
    from mgd_sim.learned import Learned
    from mgd_sim.seeds import Look
    from mgd_sim.studies.learning import Goal

__all__ = ["train"]


def train(args: Namespace) -> int:
    """Let the seeds learn, and tell how many have solved their task and when."""
    config = configuration(args.config)
    first = config.seed if args.seed is None else args.seed
    seeds = range(first, first + args.seeds)
    if seeds[-1] > MAX_SEED:
        raise ConfigError([Problem("--seeds", str(args.seeds), f"the last seed must be at most {MAX_SEED}")])
    with ExitStack() as stack, Progress(say) as progress:
        from mgd_sim.seeds import csv, figure
        from mgd_sim.studies.learning import goal_or_any

        goal = goal_or_any(config)
        goal = replace(goal, seeds=args.seeds, steps=args.steps or goal.steps)
        files = FilesOfARun(stack, force=args.force)
        results = ResultFiles(args, config.name, files)
        with ends_noted() as stop:
            looks, learned = _learn(config, seeds, goal, args, progress, stop)
            if len(looks) > 1 or not stop:
                title = f"{config.name}, {_seeds(len(seeds))}"
                results.write(
                    lambda: csv(looks),
                    lambda: figure(looks, len(seeds), title),
                    learned.npz,
                    lambda: learned.summary(goal),
                )
            if args.json:
                print_json(learned.summary(goal))
            else:
                print("\n".join(_summary_lines(learned)))
            if stop:
                kept = f"; kept {', '.join(files.kept)}" if files.kept else ""
                raise Interrupted(stop, f"interrupted at step {learned.step:,}{kept}")
    solved = any(at is not None for at in learned.solved_at)
    return 0 if solved or _to_the_end(args) else 1


def _to_the_end(args: Namespace) -> bool:
    return args.steps is not None and not args.until_solved


def _learn(
    config: TrainerConfig, seeds: range, goal: Goal, args: Namespace, progress: Progress, stop: Stop
) -> tuple[list[Look], Learned]:
    """All looks, and what the trainers hold in the end."""
    from mgd_sim.learned import Learned
    from mgd_sim.perturb.external import port_codes
    from mgd_sim.retry import trainer
    from mgd_sim.seeds import look
    from mgd_sim.studies.learning import Result, looks
    from mgd_sim.watch import port_samples

    learner = trainer(config, seeds, samples=port_samples(config), perturbations=port_codes(config))
    found = Result("twin", solved_at=[None] * len(seeds))

    def ended(step: int) -> bool:
        progress.at(step)
        return bool(stop)

    progress.stage("learning" if _to_the_end(args) else "learning, at most", goal.steps)
    taken, shown = [], float("-inf")
    for _ in looks(learner, found, goal, to_the_end=_to_the_end(args), stop=ended):
        taken.append(look(found))
        if not args.json and time.monotonic() - shown >= PROGRESS_SECONDS:
            shown = time.monotonic()
            progress.told()
            print(_look_line(taken[-1], len(seeds)), flush=True)
    if not args.json:
        print(_look_line(taken[-1], len(seeds)), flush=True)
    return taken, Learned.of(config, learner, found.steps, seeds, found.solved_at)


def _look_line(look: Look, seeds: int) -> str:
    means = f"mean cost {look.cost:.4f}, mean accuracy {look.accuracy:7.2%}"
    return f"step {look.step:>9,}: {look.solved} of {seeds} solved, {means}"


def _summary_lines(learned: Learned) -> list[str]:
    from mgd_sim.seeds import quartiles

    solved = sum(at is not None for at in learned.solved_at)
    cost, accuracy = learned.scores

    def steps(found: float | None) -> str:
        return "never" if found is None else f"{found:,.0f}"

    lower, median, upper = map(steps, quartiles(learned.solved_at))
    share = f"{solved} solved ({solved / len(learned.seeds):.1%})"
    _, middle, _ = quartiles(accuracy.tolist())
    best = learned.best
    return [
        f"{learned.config.name}, {_seeds(len(learned.seeds))}, {learned.step:,} steps: {share}",
        f"  steps to the goal: median {median}, quartiles {lower} and {upper}",
        f"  accuracy: median {middle:.2%}, mean {accuracy.mean():.2%}",
        f"  best: seed {learned.seeds[best]}, mean cost {cost[best]:.4f}, accuracy {accuracy[best]:.2%}",
    ]


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count:,} seeds"
