"""The generated circuit learns in simulation."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import TrainerConfig
from ..files import FilesOfARun, fill
from ..process import Stop, ends_noted
from ..progress import Progress
from .common import PROGRESS_SECONDS, Interrupted, complain, configuration, say, tools, trainer_files

if TYPE_CHECKING:
    from mgd_sim.rtl import RtlTrainer
    from mgd_sim.watch import Look

__all__ = ["simulate"]


def simulate(args: Namespace) -> int:
    """Let it learn, and keep its curve."""
    config = configuration(args.config)
    seed = config.seed if args.seed is None else args.seed
    with tools(), ExitStack() as stack, Progress(say) as progress:
        from mgd_sim.watch import csv, figure

        files = FilesOfARun(stack, force=args.force)
        vcd, tables, plots = _curve_files(args, config, files)
        if plots:
            import matplotlib.figure  # noqa: F401 - missing is better said before than after the run
        circuit, looks, learn = _learner(config, seed, args, vcd, progress)
        failed, solved = None, False
        with circuit, ends_noted() as stop:
            try:
                solved = learn(stop)
                circuit.close()
            except Exception as error:  # the curve is worth having all the same
                failed = error
            if vcd is not None and failed is None:
                files.keep(vcd)
            if len(looks) > 1 or not (stop or failed):
                for table in tables:
                    fill(table, csv(looks))
                    files.keep(table)
                for plot in plots:
                    fill(plot, figure(looks, f"{config.name}, seed {seed}"))
                    files.keep(plot)
            kept = f" at step {circuit.step:,}" + (f"; kept {', '.join(files.kept)}" if files.kept else "")
            if failed is not None:
                if files.kept:
                    complain(f"failed{kept}")
                raise failed
            if stop:
                raise Interrupted(stop, f"interrupted{kept}")
    return 0 if solved or (args.steps and not args.until_solved) else 1


def _curve_files(
    args: Namespace, config: TrainerConfig, files: FilesOfARun
) -> tuple[Path | None, list[Path], list[Path]]:
    """Where to write waveform, tables and plots."""
    place = None if args.output is None else files.folder(args.output)
    vcd = files.new(args.vcd) if args.vcd else None
    tables = [] if place is None else [files.new(place / f"{config.name}.csv")]
    plots = [] if place is None else [files.new(place / f"{config.name}.png")]
    return vcd, tables, plots + ([files.new(args.plot)] if args.plot else [])


def _learner(
    config: TrainerConfig, seed: int, args: Namespace, vcd: Path | None, progress: Progress
) -> tuple[RtlTrainer, list[Look], Callable[[Stop], bool]]:
    """The circuit at step 0, the looks to come, and what lets it learn and tells whether it was solved."""
    from mgd_sim.perturb.external import port_codes, words
    from mgd_sim.rtl import RtlTrainer, trainer_design
    from mgd_sim.rtl.icarus import IcarusTrainer
    from mgd_sim.studies.learning import Goal, goal_of
    from mgd_sim.watch import port_samples, watch

    anything = Goal(accuracy=1.0, cost=float("inf"), every=100, steps=1_000_000, seeds=1)
    goal = goal_of(config) or anything
    to_the_end = args.steps is not None and not args.until_solved
    registers, samples, codes = config.registers(seed), port_samples(config), port_codes(config)
    code_words = None if codes is None else words(config, codes)
    design = trainer_design(trainer_files(config, progress))
    progress.stage("compiling the circuit")
    start = time.monotonic()
    circuit = (
        IcarusTrainer(config, design, registers, trace=vcd)
        if args.simulator == "icarus"
        else RtlTrainer(config, design, registers, samples=samples, codes=code_words, trace=vcd)
    )
    looks: list[Look] = []

    def learn(stop: Stop) -> bool:
        def ended(step: int) -> bool:
            progress.at(step)
            return bool(stop)

        progress.stage("learning", args.steps if to_the_end else None)
        solved_at, shown = None, start
        steps = args.steps or goal.steps
        for look in watch(config, circuit, seed, steps, goal.every, samples, codes, stop=ended):
            looks.append(look)
            if solved_at is None and look.accuracy >= goal.accuracy and look.cost < goal.cost:
                solved_at = look.step
            if time.monotonic() - shown >= PROGRESS_SECONDS or look.step == 0:
                shown = time.monotonic()
                progress.told()
                print(_look_line(look), flush=True)
            if solved_at is not None and not to_the_end:
                break
        print(_look_line(looks[-1]))
        result = "not solved" if solved_at is None else f"solved at step {solved_at:,}"
        if config.retries and not isinstance(circuit, IcarusTrainer):
            result += f" in try {circuit.model.get('tries'):,}"
        clocks, seconds = circuit.model.clocks, time.monotonic() - start
        print(f"{config.name}, seed {seed}: {result}; {clocks:,} clocks in {seconds:.1f} s", flush=True)
        return solved_at is not None

    return circuit, looks, learn


def _look_line(look: Look) -> str:
    return f"step {look.step:>9,}: mean cost {look.cost:.4f}, accuracy {look.accuracy:7.2%}"
