"""The twin learns: many seeds side by side."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from ..config import TrainerConfig
from ..files import FilesOfARun
from ..process import Stop, ends_noted
from ..progress import Progress
from .checkpoints import Keeper, is_on_the_way
from .circuits import simulated, through_ports
from .common import PROGRESS_SECONDS, Interrupted, configuration, print_json, say, tools
from .results import ResultFiles

if TYPE_CHECKING:
    from mgd_sim.learned import Learned
    from mgd_sim.seeds import Look
    from mgd_sim.studies.learning import Goal

__all__ = ["train"]


def train(args: Namespace) -> int:
    """Let the seeds learn, and tell how many have solved their task and when."""
    config = configuration(args.config, args.samples)
    with tools(), ExitStack() as stack, Progress(say) as progress:
        keeper = Keeper(args, config, stack, "train", also="simulate")
        seeds = keeper.asked(args, args.seeds)
        from mgd_sim.seeds import csv, figure
        from mgd_sim.studies.learning import goal_or_any

        goal = goal_or_any(config)
        goal = replace(goal, seeds=args.seeds, steps=args.steps or goal.steps)
        files = FilesOfARun(stack, force=args.force)
        results = ResultFiles(args, config.name, files)
        run = _Run(config, seeds, goal, args, progress, keeper)
        with ends_noted() as stop:
            looks, learned = run.learn(stop)
            if len(looks) > max(1, run.resumed) or not stop:
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
                if run.compiled:
                    print(f"  by {run.compiled}")
            if stop:
                raise Interrupted(stop, f"interrupted at step {learned.step:,}{files.said}")
    solved = any(at is not None for at in learned.solved_at)
    return 0 if solved or _to_the_end(args) else 1


def _to_the_end(args: Namespace) -> bool:
    return args.steps is not None and not args.until_solved


class _Run:
    """The seeds, which learn while we look on.

    Attributes
    ----------
    looks : list of Look
        Those taken so far.
    resumed : int
        So many were taken by the run that goes on here.
    """

    def __init__(
        self,
        config: TrainerConfig,
        seeds: range,
        goal: Goal,
        args: Namespace,
        progress: Progress,
        keeper: Keeper,
    ):
        from mgd_sim.retry import trainer
        from mgd_sim.studies.learning import Result

        self._config, self._seeds, self._goal, self._args = config, seeds, goal, args
        self._progress, self._keeper = progress, keeper
        keeper.refuse_done(goal.steps)
        self._learner = trainer(config, seeds, library=args.twin, **through_ports(config))
        self._found = Result("twin", solved_at=[None] * len(seeds))
        self.looks: list[Look] = []
        self._goes_on = False
        self._resume()
        self.resumed = len(self.looks)

    def _resume(self) -> None:
        """Go on from a checkpoint, if there is one."""
        file = self._keeper.resumed
        if file is None:
            return
        if "twin" in file.parts:
            from mgd_sim.moves import Within
            from mgd_sim.seeds import from_rows

            file.put("twin", self._learner)
            self.looks = from_rows(file.rows("looks", 7, counts=2))
            solved_at = file.array("solved_at", "int64", (len(self._seeds),), Within(-1, file.step))
            self._found.solved_at = [None if at < 0 else at for at in solved_at.tolist()]
            self._goes_on = True
        else:
            from mgd_sim.rtl.crossing import into_twin

            with simulated(self._config, self._seeds[0], self._progress, holds=True) as circuit:
                file.put("circuit", circuit)
                circuit.stand()  # which ends the steps under way
                self._keeper.refuse_done(self._goal.steps, circuit.step)
                into_twin(circuit, self._learner)
        self._found.steps = self._learner.step

    @property
    def compiled(self) -> str:
        """What the last steps ran on, if it was not NumPy."""
        return "" if self._learner.runs_on == "NumPy" else self._learner.runs_on

    def learn(self, stop: Stop) -> tuple[list[Look], Learned]:
        """All looks, and what the trainers hold in the end."""
        from mgd_sim.learned import Learned
        from mgd_sim.seeds import look
        from mgd_sim.studies.learning import looks

        args, goal, found = self._args, self._goal, self._found

        def ended(step: int) -> bool:
            self._progress.at(step)
            if self._keeper.due(stop):
                self._keep()
            return bool(stop)

        to_the_end = _to_the_end(args)
        self._progress.stage("learning" if to_the_end else "learning, at most", goal.steps)
        shown = float("-inf")
        for _ in looks(self._learner, found, goal, to_the_end=to_the_end, stop=ended, goes_on=self._goes_on):
            self.looks.append(look(found))
            if not args.json and time.monotonic() - shown >= PROGRESS_SECONDS:
                shown = time.monotonic()
                self._progress.told()
                print(_look_line(self.looks[-1], len(self._seeds)), flush=True)
        if not stop or self._keeper.due(stop):
            self._keep()
        if not args.json:
            print(_look_line(self.looks[-1], len(self._seeds)), flush=True)
        learned = Learned.of(self._config, self._learner, found.steps, self._seeds, found.solved_at)
        return self.looks, learned

    def _keep(self) -> None:
        """Write the checkpoint. A last look that a longer run would not take is none of its looks."""
        from mgd_sim.seeds import numbers, rows

        first, every = self.looks[0].step, self._goal.every
        looks = rows([look for look in self.looks if is_on_the_way(look.step, first, every)])
        solved_at = [at if is_on_the_way(at, first, every) else None for at in self._found.solved_at]
        arrays = {"looks": looks, "solved_at": numbers(solved_at)}
        self._keeper.keep({"twin": self._learner}, {"seeds": list(self._seeds)}, arrays)


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
    train = ""
    if learned.learned is not None:
        train = f"; of what was learned: median {quartiles(learned.learned.tolist())[1]:.2%}"
    return [
        f"{learned.config.name}, {_seeds(len(learned.seeds))}, {learned.step:,} steps: {share}",
        f"  steps to the goal: median {median}, quartiles {lower} and {upper}",
        f"  accuracy: median {middle:.2%}, mean {accuracy.mean():.2%}{train}",
        f"  best: seed {learned.seeds[best]}, mean cost {cost[best]:.4f}, accuracy {accuracy[best]:.2%}",
    ]


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count:,} seeds"
