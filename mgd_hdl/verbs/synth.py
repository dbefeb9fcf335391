"""What a trainer takes of a device, and how fast it learns there."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import TrainerConfig
from ..files import reserved, write_files
from ..progress import stopwatch
from .common import PROGRESS_SECONDS, TWIN_SEEDS, ToolError, any_configuration

if TYPE_CHECKING:
    from mgd_synth.report import Solution

__all__ = ["synth"]


def synth(args: Namespace) -> int:
    """Synthesize it, and report."""
    config = any_configuration(args.config, args.samples)
    from mgd_synth.flow import check_target, synthesize
    from mgd_synth.process import SynthError

    say = stopwatch()
    library = None if args.liberty is None else Path(args.liberty)
    names = [f"{config.name}.{args.target}.{kind}" for kind in ("json", "md")]
    with ExitStack() as stack:
        try:
            check_target(args.target, library)
            if args.output is not None:
                stack.enter_context(reserved(args.output, names, force=args.force))
            report = synthesize(
                config, args.target, seed=args.seed, frequency=args.freq, library=library, say=say
            )
        except SynthError as error:
            raise ToolError(str(error)) from None
        if not args.no_twin and not config.outside:
            report = replace(report, solution=_solution(config, say))
        document, page = (
            json.dumps({**report.as_json(), **config.attached.entry}, indent=2) + "\n",
            report.markdown(),
        )
        if args.output is not None:
            files = dict(zip(names, (document, page), strict=True))
            for path in write_files(args.output, files, force=args.force):
                print(f"wrote {path}", file=sys.stderr)
    print(document if args.json else page, end="")
    return 0


def _solution(config: TrainerConfig, say: Callable[[str], None]) -> Solution | None:
    """How many steps the twin takes to the goal of the task, if it has one."""
    from mgd_sim.studies.learning import goal_of, learn
    from mgd_synth.report import Solution

    goal = goal_of(config)
    if goal is None:
        say(f"twin: task {config.task.name} has no goal")
        return None
    seeds = min(goal.seeds, TWIN_SEEDS)
    shown = 0.0
    for result in learn("twin", config, range(seeds), goal):
        if result.seconds - shown >= 5 * PROGRESS_SECONDS:
            shown = result.seconds
            say(f"twin: {result}")
        solved = sorted(at for at in result.solved_at if at is not None)
        # More than half: what the others will do changes the median no more.
        if len(solved) > seeds // 2:
            break
    middle = solved[(seeds - 1) // 2 : seeds // 2 + 1]
    cost = "" if goal.cost == float("inf") else f", mean cost below {goal.cost:g}"
    return Solution(
        goal=f"accuracy {goal.accuracy:.0%}{cost}, looked at every {goal.every:,} steps",
        seeds=seeds,
        solved=len(solved),
        steps=result.steps,
        median=sum(middle) / len(middle) if len(solved) > seeds // 2 else None,
    )
