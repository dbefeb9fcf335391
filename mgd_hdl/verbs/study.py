"""A question asked of many configurations: one table, and a figure of it."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack, closing
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ConfigError, Problem, TrainerConfig
from ..config.errors import did_you_mean
from ..config.extras import missing
from ..config.sections import MAX_SEED
from ..config.toml import text_of
from ..files import new_directory, renewed_file
from ..process import ends_noted
from ..progress import Progress
from .common import Interrupted, configuration, print_json, say

if TYPE_CHECKING:
    from mgd_sim.studies.points import Changes
    from mgd_sim.studies.running import Asked
    from mgd_sim.studies.table import Cells, Table

__all__ = ["study"]

#: Logic cells are of this device.
_AREA_OF = "ecp5-25k"


def study(args: Namespace) -> int:
    """Ask it, keep what is found, and draw it."""
    from mgd_sim.studies.catalogue import OWN_COMMANDS, STUDIES

    if args.list:
        for name, each in STUDIES.items():
            print(f"{name:13} {each.asks}")
        print(f"With a command of their own, python -m mgd_sim.studies.NAME: {', '.join(OWN_COMMANDS)}")
        return 0
    for key, value in (("NAME", args.name), ("FILE|PRESET", args.config)):
        if value is None:
            raise ConfigError([Problem(key, "", "must be given, or --list")])
    if args.name not in STUDIES:
        near = did_you_mean(args.name, STUDIES)
        own = args.name in OWN_COMMANDS
        hint = f"; it has a command of its own, python -m mgd_sim.studies.{args.name}" if own else near
        raise ConfigError([Problem("NAME", args.name, f"must be one of {', '.join(STUDIES)}{hint}")])
    if args.scheduler is not None and args.jobs is not None:
        told = "is of this machine; must be left out with --scheduler, whose workers decide"
        raise ConfigError([Problem("--jobs", str(args.jobs), told)])
    config = configuration(args.config, args.samples)
    asked = _asked(args, config)
    return _kept(args, config, asked)


def _asked(args: Namespace, config: TrainerConfig) -> Asked:
    from mgd_sim.studies.catalogue import STUDIES
    from mgd_sim.studies.measures import MEASURES
    from mgd_sim.studies.running import Asked, goal_for

    chosen = STUDIES[args.name]
    known = MEASURES[chosen.measure].models
    models = args.model or chosen.models or known[:1]
    for model in models:
        if model not in known:
            raise ConfigError([Problem("--model", model, f"must be one of {', '.join(known)}")])
    goal = goal_for(config, chosen, args.seeds, args.until, args.every)
    first = config.seed if args.seed is None else args.seed
    if first + 2 * goal.seeds > MAX_SEED:
        raise ConfigError([Problem("--seed", str(first), f"must leave twice {goal.seeds} seeds above it")])
    seeds = range(first, first + goal.seeds)
    area = _logic_cells if chosen.area else None
    return Asked(chosen, config, _varied(args, config), list(dict.fromkeys(models)), seeds, goal, area)


def _varied(args: Namespace, config: TrainerConfig) -> list[Changes]:
    from mgd_sim.studies.points import axis, grid, sampled

    axes = [axis(text, config) for text in args.vary or ()]
    keys = [each.key for each in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigError([Problem(f"--vary {key}", "", "must be given once, with all its values")])
    if args.sample is None:
        found = grid(axes)
    elif axes:
        found = sampled(axes, args.sample, config.seed if args.seed is None else args.seed)
    else:
        raise ConfigError([Problem("--sample", str(args.sample), "needs --vary, which says what")])
    _refuse_nothing(config, found)
    return list(found)


def _refuse_nothing(config: TrainerConfig, varied: Sequence[Changes]) -> None:
    """Raises ConfigError where not one of these can be built."""
    from mgd_sim.studies.points import applied

    first: ConfigError | None = None
    for changes in varied:
        try:
            applied(config, changes)
        except ConfigError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first


def _logic_cells(config: TrainerConfig) -> int:
    """Of any trainer that can be studied."""
    from mgd_synth.estimate import estimated_sizes, totals

    return round(totals(estimated_sizes(config, _AREA_OF))["logic cells"])


def _command(args: Namespace) -> str:
    """What asks the same again, whatever the folder and the workers are."""
    words = ["mgd-hdl", "study", args.name, args.config]
    for name in ("samples", "sample", "seeds", "until", "every", "seed"):
        value = getattr(args, name)
        words += [] if value is None else [f"--{name}", str(value)]
    for name in ("vary", "model"):
        for value in getattr(args, name) or ():
            words += [f"--{name}", value]
    return shlex.join(words)


# ---- files -------------------------------------------------------------------------------------------


def _kept(args: Namespace, config: TrainerConfig, asked: Asked) -> int:
    from mgd_sim.studies.measures import Stopped
    from mgd_sim.studies.running import columns, run
    from mgd_sim.studies.table import Table, head

    files = [(file.name, file.sha256) for _, file in config.attached.files]
    top = head(_command(args), metadata.version("mgd-hdl"), text_of(config), files)
    table = Table(top, *columns(asked))
    with ExitStack() as stack, Progress(say) as progress:
        folder = stack.enter_context(new_directory(args.output or config.name))
        stem = f"{config.name}_{args.name}"
        path = folder / f"{stem}.csv"
        begun = path.is_file() and not path.is_symlink() and not args.force
        write = stack.enter_context(renewed_file(path, force=args.force or begun))
        if begun:
            table.resume(path)
        figures = _figures(folder, stem, begun or args.force, stack)
        workers = stack.enter_context(closing(_workers(args)))
        with ends_noted() as ended:

            def stop(count: int, done: float) -> bool:
                if not done:
                    known = f", {_points(len(table))} known" if len(table) else ""
                    progress.stage(f"{args.name}{known}", count, "point")
                progress.at(done)
                return bool(ended)

            def told(cells: Cells, line: str) -> None:
                if not args.json:
                    progress.told()
                    print(f"{_label(cells)}: {line}", flush=True)

            try:
                run(asked, table, workers, write=lambda text: write(text.encode()), told=told, stop=stop)
            except Stopped:
                told_of = f"{path} holds {_points(len(table))}; the same command goes on"
                raise Interrupted(ended, f"interrupted; {told_of}") from None
        for keep, draw in figures:
            keep(draw(asked.study, table.columns, table.all, f"{config.name}, {args.name}"))
        _summary(args, path, table, bool(figures))
    return 0


def _workers(args: Namespace) -> Any:
    from mgd_sim.studies.workers import Cluster, Here, Processes

    if args.scheduler is not None:
        return Cluster(args.scheduler, metadata.version("mgd-hdl"))
    return Here() if args.jobs in (None, 1) else Processes(args.jobs)


def _figures(folder: Path, stem: str, ours: bool, stack: ExitStack) -> list[tuple[Any, Any]]:
    """What keeps a figure's bytes, and what draws it; none without matplotlib, which is told."""
    lack = missing("matplotlib")
    if lack:
        say(f"note: no figures: {lack}")
        return []
    from functools import partial

    from mgd_sim.studies.figures import drawn

    return [
        (stack.enter_context(renewed_file(folder / f"{stem}.{kind}", force=ours)), partial(drawn, kind))
        for kind in ("png", "svg")
    ]


# ---- what is told ------------------------------------------------------------------------------------


def _label(cells: Cells) -> str:
    """A job's point, and what was varied."""
    varied = [f"{key}={text}" for key, text in cells.items() if "." in key]
    return ", ".join([*filter(None, [cells["point"]]), *varied, cells["model"]])


def _summary(args: Namespace, path: Path, table: Table, drawn: bool) -> None:
    rows = table.all
    if args.json:
        print_json({"study": args.name, "table": str(path), "rows": rows})
        return
    if args.name == "bits":
        from mgd_sim.studies.bits import front

        best = front(rows)
        told = f"logic cells ({_AREA_OF}, estimated) against clocks until 99 % are done"
        none = "of no point have more than half of the seeds solved the task"
        print(f"{told}; nothing beats these:" if best else f"{told}: {none}")
        for each in best:
            print(f"  {each.logic_cells:>8,} {each.clocks:>14,.0f}  {each.changes or each.point}")
    odd = sum(bool(row["problem"]) for row in rows)
    note = f", {odd:,} of which cannot be built" if odd else ""
    kinds = "{.csv,.png,.svg}" if drawn else ".csv"
    print(f"{path.with_suffix('')}{kinds}: {_points(len(table))}{note}")


def _points(count: int) -> str:
    return f"{count:,} point{'s' * (count != 1)}"
