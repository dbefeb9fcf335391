"""The generated circuit learns in simulation."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import TrainerConfig
from ..files import FilesOfARun
from ..process import Stop, ends_noted
from ..progress import Progress
from .common import PROGRESS_SECONDS, Interrupted, complain, configuration, say, tools, trainer_files
from .results import ResultFiles

if TYPE_CHECKING:
    from mgd_sim.learned import Learned
    from mgd_sim.watch import Look

__all__ = ["simulate"]


def simulate(args: Namespace) -> int:
    """Let it learn, and keep what there is to keep."""
    config = configuration(args.config)
    seed = config.seed if args.seed is None else args.seed
    with tools(), ExitStack() as stack, Progress(say) as progress:
        from mgd_sim.watch import csv, figure

        files = FilesOfARun(stack, force=args.force)
        vcd = files.new(args.vcd) if args.vcd else None
        results = ResultFiles(args, config.name, files)
        run = _Run(config, seed, args, vcd, progress)
        failed = None
        with run.circuit, ends_noted() as stop:
            try:
                run.learn(stop)
                run.circuit.close()
            except Exception as error:  # the curve is worth having all the same
                failed = error
            if vcd is not None and failed is None:
                files.keep(vcd)
            if len(run.looks) > 1 or not (stop or failed):
                results.write(
                    lambda: csv(run.looks),
                    lambda: figure(run.looks, f"{config.name}, seed {seed}"),
                    lambda: run.learned().npz(),
                    lambda: run.learned().summary(run.goal),
                )
            kept = f"; kept {', '.join(files.kept)}" if files.kept else ""
            at = f"at step {run.circuit.step:,}{kept}"
            if failed is not None:
                if files.kept:
                    complain(f"failed {at}")
                raise failed
            if stop:
                raise Interrupted(stop, f"interrupted {at}")
    return 0 if run.solved_at is not None or run.to_the_end else 1


class _Run:
    """A circuit, first at step 0, that learns while we look on.

    Attributes
    ----------
    looks : list of Look
        Those taken so far.
    solved_at : int or None
        The step at which the goal was first seen met.
    """

    def __init__(
        self, config: TrainerConfig, seed: int, args: Namespace, vcd: Path | None, progress: Progress
    ):
        from mgd_sim.perturb.external import port_codes, words
        from mgd_sim.retry import alone
        from mgd_sim.rtl import RtlTrainer, trainer_design
        from mgd_sim.rtl.icarus import IcarusTrainer
        from mgd_sim.studies.learning import goal_or_any
        from mgd_sim.trainer import Trainer
        from mgd_sim.watch import port_samples

        self.config, self.seed, self._progress = config, seed, progress
        self.goal = goal_or_any(config)
        self.to_the_end = args.steps is not None and not args.until_solved
        self._steps = args.steps or self.goal.steps
        self.looks: list[Look] = []
        self.solved_at: int | None = None
        registers, samples, codes = config.registers(seed), port_samples(config), port_codes(config)
        code_words = None if codes is None else words(config, codes)
        design = trainer_design(trainer_files(config, progress))
        progress.stage("compiling the circuit")
        self._start = time.monotonic()
        self.circuit = (
            IcarusTrainer(config, design, registers, trace=vcd)
            if args.simulator == "icarus"
            else RtlTrainer(config, design, registers, samples=samples, codes=code_words, trace=vcd)
        )
        self._counts_tries = config.retries and args.simulator != "icarus"
        self._twin = Trainer(alone(config), [seed], samples=samples, perturbations=codes)

    def learn(self, stop: Stop) -> None:
        """Until the task is solved, or for so many steps; and say so."""
        from mgd_sim.watch import watch

        def ended(step: int) -> bool:
            self._progress.at(step)
            return bool(stop)

        self._progress.stage("learning", self._steps if self.to_the_end else None)
        goal, shown = self.goal, self._start
        for look in watch(self._twin, self.circuit, self._steps, goal.every, stop=ended):
            self.looks.append(look)
            if self.solved_at is None and look.accuracy >= goal.accuracy and look.cost < goal.cost:
                self.solved_at = look.step
            if time.monotonic() - shown >= PROGRESS_SECONDS or look.step == 0:
                shown = time.monotonic()
                self._progress.told()
                print(_look_line(look), flush=True)
            if self.solved_at is not None and not self.to_the_end:
                break
        print(_look_line(self.looks[-1]))
        result = "not solved" if self.solved_at is None else f"solved at step {self.solved_at:,}"
        if self._counts_tries:
            result += f" in try {self.circuit.model.get('tries'):,}"
        clocks, seconds = self.circuit.model.clocks, time.monotonic() - self._start
        print(
            f"{self.config.name}, seed {self.seed}: {result}; {clocks:,} clocks in {seconds:.1f} s",
            flush=True,
        )

    def learned(self) -> Learned:
        """What the circuit held at the last look."""
        from mgd_sim.learned import Learned

        step = self.looks[-1].step
        return Learned.of(self.config, self._twin, step, [self.seed], [self.solved_at])


def _look_line(look: Look) -> str:
    return f"step {look.step:>9,}: mean cost {look.cost:.4f}, accuracy {look.accuracy:7.2%}"
