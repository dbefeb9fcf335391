"""The generated circuit learns in simulation."""

from __future__ import annotations

import time
from argparse import Namespace
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import TrainerConfig
from ..files import FilesOfARun
from ..process import Stop, ends_noted
from ..progress import Progress
from .checkpoints import Keeper, is_on_the_way
from .circuits import simulated, through_ports
from .common import PROGRESS_SECONDS, Interrupted, complain, configuration, say, tools
from .results import ResultFiles

if TYPE_CHECKING:
    from mgd_sim.checkpoint import Checkpoints
    from mgd_sim.learned import Learned
    from mgd_sim.watch import Look

__all__ = ["simulate"]


def simulate(args: Namespace) -> int:
    """Let it learn, and keep what there is to keep."""
    config = configuration(args.config, args.samples)
    with tools(), ExitStack() as stack, Progress(say) as progress:
        from mgd_sim.watch import csv, figure

        keeper = Keeper(args, config, stack, "simulate", also="train")
        (seed,) = keeper.asked(args)
        files = FilesOfARun(stack, force=args.force)
        vcd = files.new(args.vcd) if args.vcd else None
        results = ResultFiles(args, config.name, files)
        run = _Run(config, seed, args, vcd, progress, keeper)
        failed = None
        with run.circuit, ends_noted() as stop:
            try:
                run.learn(stop)
                if not stop or keeper.due(stop):
                    run.keep()
                run.circuit.close()
            except Exception as error:  # the curve is worth having all the same
                failed = error
            if vcd is not None and failed is None:
                files.keep(vcd)
            if len(run.looks) > max(1, run.resumed) or not (stop or failed):
                results.write(
                    lambda: csv(run.looks),
                    lambda: figure(run.looks, f"{config.name}, seed {seed}"),
                    lambda: run.learned.npz(),
                    lambda: run.learned.summary(run.goal),
                )
            at = f"at step {run.circuit.step:,}{files.said}"
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
    resumed : int
        So many looks were taken by the run that goes on here.
    """

    def __init__(
        self,
        config: TrainerConfig,
        seed: int,
        args: Namespace,
        vcd: Path | None,
        progress: Progress,
        keeper: Keeper,
    ):
        from mgd_sim.retry import alone
        from mgd_sim.studies.learning import goal_or_any
        from mgd_sim.trainer import Trainer

        self.config, self.seed, self._progress, self._keeper = config, seed, progress, keeper
        self.goal = goal_or_any(config)
        self.to_the_end = args.steps is not None and not args.until_solved
        self._steps = args.steps or self.goal.steps
        keeper.refuse_done(self._steps)
        self.looks: list[Look] = []
        self.solved_at: int | None = None
        self._start = time.monotonic()
        self._ports = through_ports(config)
        self._twin = Trainer(alone(config), [seed], **self._ports)
        self.circuit = simulated(
            config, seed, progress, simulator=args.simulator, trace=vcd, holds=keeper.used
        )
        self._counts_tries = config.retries and args.simulator != "icarus"
        self._since: list[Any] = []
        self._goes_on = False
        try:
            self._resume()
        except BaseException:
            with suppress(OSError):  # what went wrong first is what is told
                self.circuit.close()
            raise
        self.resumed = len(self.looks)

    def _resume(self) -> None:
        """Go on from a checkpoint, if there is one."""
        file = self._keeper.resumed
        if file is None:
            return
        if "twin" in file.parts:
            self._cross(file)
        else:
            from mgd_sim.moves import Within
            from mgd_sim.watch import from_rows

            file.put("circuit", self.circuit)
            self.looks = from_rows(file.rows("looks", 5))
            costs = file.array("costs", "int64", within=Within.of(self.config.words.measured))
            self._since, self._goes_on = [costs], True
            self.solved_at = file.number_or_none("solved_at", Within(0, file.step))

    def _cross(self, file: Checkpoints) -> None:
        """Go on from where a twin was, among others perhaps."""
        from mgd_sim.retry import trainer
        from mgd_sim.rtl.crossing import into_circuit

        seeds = self._keeper.seeds
        learner = trainer(self.config, seeds, **self._ports)
        file.put("twin", learner)
        learner.pause()
        into_circuit(learner, self.circuit)
        row = [seeds.index(self.seed)]
        self._twin.hold(learner.theta[row], learner.visible[row] if self.config.follow else None)

    def keep(self) -> None:
        """Write the checkpoint. A last look that a longer run would not take is none of its looks."""
        from mgd_sim.watch import joined, rows

        first, every = self.looks[0].step, self.goal.every
        taken = [look for look in self.looks if is_on_the_way(look.step, first, every)]
        solved_at = self.solved_at if is_on_the_way(self.solved_at, first, every) else None
        more = {"seeds": [self.seed], "solved_at": solved_at}
        arrays = {"looks": rows(taken), "costs": joined(self._since)}
        self._keeper.keep({"circuit": self.circuit}, more, arrays)

    def learn(self, stop: Stop) -> None:
        """Until the task is solved, or for so many steps; and say so."""
        from mgd_sim.watch import watch

        def ended(step: int) -> bool:
            self._progress.at(step)
            if self._keeper.due(stop):
                self.keep()
            return bool(stop)

        self._progress.stage("learning", self._steps if self.to_the_end else None)
        goal, shown = self.goal, self._start
        for look in watch(
            self._twin,
            self.circuit,
            self._steps,
            goal.every,
            stop=ended,
            since=self._since,
            goes_on=self._goes_on,
        ):
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

    @cached_property
    def learned(self) -> Learned:
        """What the circuit held at the last look."""
        from mgd_sim.learned import Learned

        step = self.looks[-1].step
        return Learned.of(self.config, self._twin, step, [self.seed], [self.solved_at])


def _look_line(look: Look) -> str:
    learned = "" if look.learned is None else f" (train {look.learned:7.2%})"
    return f"step {look.step:>9,}: mean cost {look.cost:.4f}, accuracy {look.accuracy:7.2%}{learned}"
