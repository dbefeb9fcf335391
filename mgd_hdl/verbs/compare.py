"""The simulated circuit beside the twin, state by state."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ..config import ConfigError, Problem, TrainerConfig
from ..config.errors import did_you_mean
from ..process import ends_noted
from ..progress import Progress
from .checkpoints import Keeper
from .circuits import through_ports
from .common import Interrupted, ToolError, configuration, say, tools, trainer_files

if TYPE_CHECKING:
    from mgd_sim.compare import Counted, Parts

__all__ = ["compare"]


def compare(args: Namespace) -> int:
    """Compare them, or tell which bugs can be injected."""
    with tools():
        from mgd_sim.rtl.bugs import BUGS

        if args.list_bugs:
            for name, bug in BUGS.items():
                print(f"{name:20} {bug.what}")
            return 0
        if args.config is None:
            raise ToolError("FILE|PRESET is required (see mgd-hdl compare --help)")
        if args.inject_bug is not None and args.inject_bug not in BUGS:
            allowed = f"must be one of {', '.join(BUGS)}{did_you_mean(args.inject_bug, BUGS)}"
            raise ConfigError([Problem("--inject-bug", args.inject_bug, allowed)])
        return _compared(configuration(args.config, args.samples), args)


def _compared(config: TrainerConfig, args: Namespace) -> int:
    from mgd_sim.compare import Counted, compare
    from mgd_sim.rtl import trainer_design
    from mgd_sim.rtl.bugs import inject

    through = through_ports(config)
    with ExitStack() as stack:
        keeper = Keeper(args, config, stack, "compare")
        seeds = keeper.asked(args, args.seeds)
        keeper.refuse_done(args.steps)
        progress = stack.enter_context(Progress(say))
        stop = None

        def ended(done: int) -> bool:
            nonlocal stop
            if stop is None:  # until here Ctrl-C ends at once
                stop = stack.enter_context(ends_noted())
                progress.stage("comparing, equal so far", args.steps)
            progress.at(done)
            return bool(stop)

        def resume(parts: Parts) -> Counted:
            assert keeper.resumed is not None
            for name, part in parts.items():
                keeper.resumed.put(name, part)
            return Counted(keeper.resumed.step, keeper.resumed.number("states"))

        def keep(parts: Parts, equal: Counted, ends: bool) -> None:
            assert stop is not None
            if ends or keeper.due(stop):
                keeper.keep(parts, {"seeds": list(seeds), "states": equal.states})

        design = trainer_design(trainer_files(config.bare, progress))
        if args.inject_bug is not None:
            design = inject(design, args.inject_bug)
        progress.stage("compiling the circuit")
        result = compare(
            config,
            design,
            args.steps,
            seeds=seeds,
            **through,
            stop=ended,
            resume=None if keeper.resumed is None else resume,
            keep=keep if keeper.used else None,
            library=args.twin,
        )
        print(result, flush=True)
        if stop and result.equal:
            done = f"interrupted after {result.steps:,} of {args.steps:,} steps"
            raise Interrupted(stop, f"{done}: circuit and twin are equal up to there")
    return 0 if result.equal else 1
