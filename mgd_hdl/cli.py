"""What the user types: ``mgd-hdl VERB``.

Each verb is one function whose decorator lists its arguments and whose docstring is its help. It
returns the exit status: 0 all is well, 1 a comparison failed. Bad input is 2 with one line per
problem, Ctrl-C 130, a fault of this program 70. What a verb needs is imported inside it, so that no verb
waits for another's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .config import PRESETS, ConfigError, Problem, TrainerConfig, load, preset
from .config.errors import Refused, did_you_mean, one_line
from .config.extras import missing_module
from .config.sections import MAX_SEED
from .config.summary import json_schema, presets_and_tasks, summary, summary_lines
from .config.toml import preset_text
from .files import FileRefused, FilesOfARun, fill, reserved, write_file, write_files
from .process import Stop, ends_noted, ends_unwind, open_standard_streams
from .progress import Progress

if TYPE_CHECKING:
    from mgd_sim.rtl import RtlTrainer
    from mgd_sim.watch import Look
    from mgd_synth.report import Solution

__all__ = ["main"]

BAD_INPUT = 2
BUG = 70  # as sysexits.h has it
PROGRESS_SECONDS = 2
TWIN_SEEDS = 15
MAX_SEEDS = 4096  # circuits that run side by side

_Run = Callable[[Namespace], int]


class _ToolError(Exception):
    """A tool that a verb needs failed; its message may have several lines."""


class _Interrupted(Exception):
    """A verb was asked to end, and has kept what there was."""

    def __init__(self, stop: Stop, message: str):
        self.status = stop.status
        super().__init__(message)


# ---- verbs and arguments -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Argument:
    names: tuple[str, ...]
    options: dict[str, Any]


def _argument(*names: str, **options: Any) -> _Argument:
    return _Argument(names, options)


def _whole(least: int, most: int = MAX_SEED) -> Callable[[str], int]:
    """The type of an argument: a whole number from ``least`` to ``most``."""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,19}", text) or not least <= int(text) <= most:
            allowed = f"must be a whole number from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{one_line(text, 40)!r} {allowed}")
        return int(text)

    return parse


_VERBS: dict[str, tuple[_Run, tuple[_Argument, ...]]] = {}

#: Boards for which bitstreams can be made; ``mgd_synth.boards`` says what each is.
BOARDS = ("icebreaker", "hx8k", "ulx3s-25f", "ulx3s-85f", "tang-nano-9k")

_CONFIG = _argument("config", metavar="FILE|PRESET", help="a TOML file, or the name of a preset")
_JSON = _argument("--json", action="store_true", help="print JSON")
_SEED = _argument("--seed", type=_whole(0), metavar="S", help="another seed than the configuration's")


def _verb(*arguments: _Argument) -> Callable[[_Run], _Run]:
    def register(run: _Run) -> _Run:
        _VERBS[run.__name__.strip("_")] = run, arguments
        return run

    return register


def _load(given: str) -> TrainerConfig:
    """The configuration of a file or a preset; a preset's name goes first, ``./xor`` is the file."""
    if given in PRESETS:
        return preset(given)
    if re.fullmatch(r"[\w-]{1,64}", given) and not Path(given).exists():
        hint = did_you_mean(given, PRESETS)
        presets = ", ".join(PRESETS)
        raise ConfigError([Problem(given, "", f"is neither a file nor a preset{hint}; presets: {presets}")])
    return load(given)


@contextmanager
def _tools() -> Iterator[None]:
    """What simulations say when they fail."""
    from mgd_sim.rtl import RtlError

    try:
        yield
    except RtlError as error:
        raise _ToolError(str(error)) from None


def _trainer_files(config: TrainerConfig, progress: Progress) -> dict[str, str]:
    from .emit import EmitError, trainer_files

    progress.stage("making the circuit")

    def watch(what: str, share: float) -> None:
        progress.reckoned(f"making the circuit: {what}", share)

    try:
        return trainer_files(config, watch=watch)
    except EmitError as error:
        raise _ToolError(str(error)) from None


# ---- the verbs -----------------------------------------------------------------------------------


@_verb(
    _argument("preset", metavar="PRESET", help=f"one of {', '.join(PRESETS)}"),
    _argument("file", metavar="FILE", nargs="?", help="the file to write (default: PRESET.toml)"),
    _argument("--force", action="store_true", help="replace the file if it exists"),
)
def _init(args: Namespace) -> int:
    """Write the commented TOML of a preset to a new file, to start from."""
    file = f"{args.preset}.toml" if args.file is None else args.file
    write_file(file, preset_text(args.preset), force=args.force)
    print(f"wrote {file}")
    return 0


@_verb(_JSON)
def _list(args: Namespace) -> int:
    """List presets and tasks with their sizes."""
    found = presets_and_tasks()
    if args.json:
        _print_json(found)
        return 0
    print("presets")
    for name, each in found["presets"].items():
        network = "-".join(map(str, each["layers"]))
        print(f"  {name:17} {network:8} {each['parameters']:4} parameters   {each['task']}, {each['source']}")
    print("tasks")
    for name, each in found["tasks"].items():
        inputs, outputs, samples = (
            "any" if each[key] is None else each[key] for key in ("inputs", "outputs", "samples")
        )
        sources = ", ".join(each["sources"])
        print(f"  {name:17} inputs {inputs:<3} outputs {outputs:<3} samples {samples:<6} {sources}")
    return 0


@_verb(_CONFIG, _JSON)
def _check(args: Namespace) -> int:
    """Check a configuration: all its problems, or what follows from it."""
    try:
        config = _load(args.config)
    except ConfigError as error:
        if args.json:
            problems = [{"key": p.key, "value": p.value, "allowed": p.allowed} for p in error.problems]
            _print_json({"ok": False, "problems": problems})
        raise
    found = summary(config)
    if args.json:
        _print_json({"ok": True, **found})
    else:
        print("\n".join(summary_lines(found)))
    return 0


@_verb(
    _argument("file", metavar="FILE", nargs="?", help="the file to write (default: standard output)"),
    _argument("--force", action="store_true", help="replace the file if it exists"),
)
def _schema(args: Namespace) -> int:
    """Print the JSON Schema of configurations, for editors that complete and check TOML."""
    if args.file is None:
        _print_json(json_schema())
    else:
        write_file(args.file, json.dumps(json_schema(), indent=2) + "\n", force=args.force)
        print(f"wrote {args.file}")
    return 0


@_verb(
    _CONFIG,
    _argument(
        "-o", "--output", metavar="DIR", help="where to write (default: a folder of the trainer's name)"
    ),
    _argument("--force", action="store_true", help="replace generated files that were changed since"),
)
def _generate(args: Namespace) -> int:
    """Write the Verilog of a trainer and the files that go with it."""
    config = _load(args.config)
    directory = config.name if args.output is None else args.output
    with reserved(directory, [f"{config.name}.v"], force=args.force):
        with Progress(_say) as progress:
            files = _trainer_files(config, progress)
        written = write_files(directory, files, force=args.force)
    for path in written:
        print(f"wrote {path}")
    for key, (given, used) in config.snapped.items():
        print(f"note: {key} = {given} is used as {used}")
    return 0


@_verb(
    _CONFIG,
    _argument("--simulator", choices=("verilator", "icarus"), default="verilator", help="default: verilator"),
    _argument("--steps", type=_whole(1), metavar="N", help="learn for N steps"),
    _argument("--until-solved", action="store_true", help="stop where the task is solved (default)"),
    _SEED,
    _argument("--vcd", metavar="FILE", help="write the waveform of all signals"),
    _argument("--plot", metavar="FILE", help="draw cost and accuracy over steps, a PNG"),
    _argument("-o", "--output", metavar="DIR", help="write the curve there, as NAME.csv and NAME.png"),
    _argument("--force", action="store_true", help="replace files that exist"),
)
def _simulate(args: Namespace) -> int:
    """Let the generated circuit learn in simulation, and say when it has solved its task.

    Now and then the whole task is evaluated with the parameters that the circuit holds. With
    --steps and --until-solved it learns until the task is solved, but for N steps at most. The
    status is 1 if the task was to be solved and is not.
    """
    config = _load(args.config)
    seed = config.seed if args.seed is None else args.seed
    with _tools(), ExitStack() as stack, Progress(_say) as progress:
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
                    _complain(f"failed{kept}")
                raise failed
            if stop:
                raise _Interrupted(stop, f"interrupted{kept}")
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
    design = trainer_design(_trainer_files(config, progress))
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
        clocks, seconds = circuit.model.clocks, time.monotonic() - start
        print(f"{config.name}, seed {seed}: {result}; {clocks:,} clocks in {seconds:.1f} s", flush=True)
        return solved_at is not None

    return circuit, looks, learn


def _look_line(look: Look) -> str:
    return f"step {look.step:>9,}: mean cost {look.cost:.4f}, accuracy {look.accuracy:7.2%}"


@_verb(
    _argument("config", metavar="FILE|PRESET", nargs="?", help=_CONFIG.options["help"]),
    _argument("--steps", type=_whole(1), default=10_000, metavar="N", help="how many steps (default: 10000)"),
    _argument("--seeds", type=_whole(1, MAX_SEEDS), default=1, metavar="N", help="how many (default: 1)"),
    _SEED,
    _argument("--inject-bug", metavar="NAME", help="break the circuit first; the comparison must see it"),
    _argument("--list-bugs", action="store_true", help="list the bugs that can be injected"),
)
def _compare(args: Namespace) -> int:
    """Compare every state of every step of the simulated circuit with the twin.

    The status is 1 if anything differs; the first difference is named with step, signal and values.
    """
    with _tools():
        from mgd_sim.rtl.bugs import BUGS

        if args.list_bugs:
            for name, bug in BUGS.items():
                print(f"{name:20} {bug.what}")
            return 0
        if args.config is None:
            raise _ToolError(f"{_CONFIG.options['metavar']} is required (see mgd-hdl compare --help)")
        if args.inject_bug is not None and args.inject_bug not in BUGS:
            allowed = f"must be one of {', '.join(BUGS)}{did_you_mean(args.inject_bug, BUGS)}"
            raise ConfigError([Problem("--inject-bug", args.inject_bug, allowed)])
        return _compared(_load(args.config), args)


def _compared(config: TrainerConfig, args: Namespace) -> int:
    from mgd_sim.compare import compare
    from mgd_sim.perturb.external import port_codes
    from mgd_sim.rtl import trainer_design
    from mgd_sim.rtl.bugs import inject
    from mgd_sim.watch import port_samples

    first = config.seed if args.seed is None else args.seed
    seeds = range(first, first + args.seeds)
    if seeds[-1] > MAX_SEED:
        raise ConfigError([Problem("--seeds", str(args.seeds), f"the last seed must be at most {MAX_SEED}")])
    samples, codes = port_samples(config), port_codes(config)
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(_say))
        stop = None

        def ended(done: int) -> bool:
            nonlocal stop
            if stop is None:  # until here Ctrl-C ends at once
                stop = stack.enter_context(ends_noted())
                progress.stage("comparing, equal so far", args.steps)
            progress.at(done)
            return bool(stop)

        design = trainer_design(_trainer_files(config, progress))
        if args.inject_bug is not None:
            design = inject(design, args.inject_bug)
        progress.stage("compiling the circuit")
        result = compare(
            config, design, args.steps, seeds=seeds, samples=samples, perturbations=codes, stop=ended
        )
        print(result, flush=True)
        if stop and result.equal:
            done = f"interrupted after {result.steps:,} of {args.steps:,} steps"
            raise _Interrupted(stop, f"{done}: circuit and twin are equal up to there")
    return 0 if result.equal else 1


@_verb(
    _CONFIG,
    _argument("--steps", type=_whole(1), required=True, metavar="T", help="how many steps to gather"),
    _SEED,
    _argument("--rtl", action="store_true", help="in the simulated circuit (default: in the twin)"),
    _JSON,
)
def _probe(args: Namespace) -> int:
    """Hold the parameters, gather G for T steps, and say its angle to the true gradient.

    The truth is the gradient of the samples that were shown: once backpropagated through the exact
    network, once by finite differences in the circuit's own words.
    """
    with _tools():
        from mgd_sim.perturb.external import port_codes
        from mgd_sim.probe import held, probe
        from mgd_sim.rtl import trainer_design
        from mgd_sim.watch import port_samples

        config = held(_load(args.config), args.steps)
        seed = config.seed if args.seed is None else args.seed
        samples, codes = port_samples(config), port_codes(config)
        with Progress(_say) as progress:
            design = trainer_design(_trainer_files(config, progress)) if args.rtl else None

            def look(stage: str, done: int) -> None:
                if not done:
                    progress.stage(stage, args.steps)
                progress.at(done)

            found = probe(
                config, args.steps, seed, design=design, samples=samples, perturbations=codes, look=look
            )
    if args.json:
        _print_json({"name": config.name, "source": "circuit" if args.rtl else "twin", **found.as_json()})
        return 0
    source = "the circuit's" if args.rtl else "the twin's"
    print(
        f"{config.name}, seed {seed}: {source} G of {config.parameters} parameters after {args.steps:,} steps"
    )
    for name, words in (
        ("backpropagation", "backpropagated gradient"),
        ("differences", "finite differences"),
    ):
        print(f"  to {words:24} {found.angles[name]:6.2f} degrees, cosine {found.cosines[name]:.4f}")
    if found.limited:
        print("  a word was limited or a parameter is at its rail: take fewer steps")
    return 0


@_verb(
    _CONFIG,
    _argument(
        "--target",
        required=True,
        metavar="TARGET",
        help="ice40-up5k, ice40-hx8k, ecp5-25k, ecp5-45k, ecp5-85k, gowin-gw1nr9: place and route;"
        " xc7a35t, xc7a100t, xc7z020, 5ceba2, 5ceba4, 5cseba6: count"
        " cells; generic: count gates; liberty: map to standard cells",
    ),
    _argument("--liberty", metavar="FILE", help="the cells of target liberty: FILE.lib or FILE.lib.gz"),
    _argument("--seed", type=_whole(0), default=1, metavar="N", help="seed of place and route (default: 1)"),
    _argument("--freq", type=_whole(1), metavar="MHZ", help="clock rate that place and route aims at"),
    _argument("-o", "--output", metavar="DIR", help="write NAME.TARGET.json and NAME.TARGET.md there"),
    _argument("--force", action="store_true", help="replace reports that were changed since"),
    _argument("--no-twin", action="store_true", help="do not let the twin learn for the time to solution"),
    _JSON,
)
def _synth(args: Namespace) -> int:
    """Synthesize a trainer for a target: size, clock rate, steps per second, time to solution.

    For a device of Lattice or Gowin it is placed and routed, for one of Xilinx or Intel its cells are
    counted; all tools are Python packages (pip install 'mgd-hdl[pnr]').
    Sizes and the slowest path are told by block. Where the task has a goal, the twin learns with a
    few seeds to say how many steps it takes.
    """
    config = _load(args.config)
    from mgd_synth.flow import check_target, synthesize
    from mgd_synth.process import SynthError

    start = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - start:7.1f} s  {line}", file=sys.stderr, flush=True)

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
            raise _ToolError(str(error)) from None
        if not args.no_twin:
            report = replace(report, solution=_solution(config, say))
        document, page = json.dumps(report.as_json(), indent=2) + "\n", report.markdown()
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


@_verb(
    _CONFIG,
    _argument("--board", required=True, metavar="B", help=f"one of {', '.join(BOARDS)}"),
    _argument("--seed", type=_whole(0), default=1, metavar="N", help="seed of place and route (default: 1)"),
    _argument(
        "--divide",
        type=int,
        default=1,
        choices=(1, 2, 4, 8, 16),
        help="divide the board's clock, for trainers that are too slow for it",
    ),
    _argument(
        "-o", "--output", metavar="DIR", help="where to write (default: a folder of the trainer's name)"
    ),
    _argument("--force", action="store_true", help="replace generated files that were changed since"),
    _argument("--no-twin", action="store_true", help="do not let the twin say when the LED will go on"),
    _JSON,
)
def _bitstream(args: Namespace) -> int:
    """Make a bitstream: a board that learns from power-up on and shows on an LED when it has.

    All tools are Python packages (pip install 'mgd-hdl[boards]'). A configuration without a judge gets
    one with the limits of its section [judge]. A design that is too large for the board's device, or too
    slow for its clock, gives one line and no bitstream.
    """
    config = _load(args.config)
    from mgd_synth.boards import bitstream, board_lines, check_board
    from mgd_synth.process import SynthError

    start = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - start:7.1f} s  {line}", file=sys.stderr, flush=True)

    config = config if config.judged else config.replaced(judge={"kind": "window"})
    directory = config.name if args.output is None else args.output
    base = f"{config.name}.{args.board}"
    with ExitStack() as stack:
        try:
            board = check_board(args.board)
            name, report, text = f"{base}.{board.family.suffix}", f"{base}.json", f"{base}.v"
            pin_file = f"{base}.{board.family.constraints.rpartition('.')[2]}"
            stack.enter_context(reserved(directory, (name, report, text, pin_file), force=args.force))
            made = bitstream(config, board, seed=args.seed, divide=args.divide, say=say)
        except SynthError as error:
            raise _ToolError(str(error)) from None
        found = {
            "design": config.name,
            "task": config.task.name,
            "parameters": config.parameters,
            "board": args.board,
            **made.as_json(),
            "bitstream": {
                "file": name,
                "bytes": len(made.data),
                "flash": board.flash.format(file=name),
            },
            "clocks_per_step": float(config.timing.clocks_per_step),
            "judge": config.judge.model_dump(),
            "solution": None if args.no_twin else _light(config, made.clock, say),
        }
        document = json.dumps(found, indent=2) + "\n"
        files: dict[str, str | bytes] = {
            name: made.data,
            report: document,
            text: made.verilog,
            pin_file: made.constraints,
        }
        written = write_files(directory, files, force=args.force)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)
    print(document if args.json else "\n".join(board_lines(found)) + "\n", end="")
    return 0


def _light(config: TrainerConfig, clock: float, say: Callable[[str], None]) -> dict[str, Any]:
    """When the LED goes on, by the twin, at ``clock`` megahertz."""
    from mgd_hdl.showcase import PATIENCE
    from mgd_sim.showcase import forecast

    shown = time.monotonic()

    def look(step: int, solved: int) -> None:
        nonlocal shown
        if time.monotonic() - shown >= 5 * PROGRESS_SECONDS:
            shown = time.monotonic()
            say(f"twin: step {step:,}, {solved} of {TWIN_SEEDS} tries solved")

    say("twin: starting")
    seen = forecast(config, TWIN_SEEDS, PATIENCE, until_median=True, look=look)
    step = float(config.timing.clocks_per_step) / (clock * 1e6)
    solved = [number for number, at in enumerate(seen.solved_at) if at >= 0]
    first = solved[0] if solved else None
    return {
        "tries": TWIN_SEEDS,
        "solved": len(solved),
        "median_steps": seen.median,
        "seconds": None if seen.median is None else seen.median * step,
        "first": None
        if first is None
        else {
            "given_up_before": first,
            "steps": int(seen.solved_at[first]) + 1,
            "seconds": (first * PATIENCE + int(seen.solved_at[first]) + 1) * step,
            "accuracy": float(seen.accuracy[first]),
        },
    }


@_verb(
    _CONFIG,
    _argument("--target", metavar="TARGET", help="one device that synth places, and its sizes by block"),
    _JSON,
)
def _estimate(args: Namespace) -> int:
    """Estimate what synth measures, from the configuration alone; and what fits which device.

    Cells, clocks per step and parameters are exact. Sizes are sums of fitted coefficients, printed with
    their error against synthesis; clock rates are typical ones. A device counts as full at 90 %
    of its logic cells. The largest hidden size is that of all hidden layers.
    """
    config = _load(args.config)
    from mgd_synth.estimate import as_json, check_target, estimate, fits, fits_table, notes
    from mgd_synth.process import SynthError

    try:
        if args.target is not None:
            check_target(args.target)
        fitting = fits(config, None if args.target is None else [args.target])
        report = None if args.target is None else estimate(config, args.target)
    except SynthError as error:
        raise _ToolError(str(error)) from None
    if args.json:
        document = {
            "design": config.name,
            "parameters": config.parameters,
            "clocks_per_step": float(config.timing.clocks_per_step),
            "notes": notes(config),
            **({} if report is None else report.as_json()),
            "devices": as_json(config, fitting),
        }
        _print_json(document)
        return 0
    if report is None:
        clocks = f"{float(config.timing.clocks_per_step):.6g} clocks per step"
        print(f"# {config.name}, estimated\n\n{config.parameters} parameters, {clocks}.\n")
        for note in notes(config):
            print(f"* {note}")
        print()
    else:
        print(report.markdown())
    print(f"## What fits\n\n{fits_table(config, fitting)}", end="")
    return 0


@_verb()
def _demo(_args: Namespace) -> int:
    """Train XOR in a simulated circuit, show that the twin agrees, and that it would notice a fault."""
    for command, expected in (
        ("generate xor -o build/xor", 0),
        ("simulate xor -o build/xor --force", 0),
        ("compare xor --seeds 4", 0),
        ("compare xor --inject-bug minus_adds", 1),
    ):
        print(f"$ mgd-hdl {command}", flush=True)
        args = _parser().parse_args(command.split())
        status: int = args.run(args)
        if status != expected:
            return max(status, 1)
    return 0


# ---- around the verbs ----------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    try:
        open_standard_streams()
        with ends_unwind():
            try:
                args = _parser().parse_args(argv)
                status: int = args.run(args)
            finally:
                sys.stdout.flush()
            return status
    except (Refused, FileRefused) as error:
        for problem in error.problems:
            _complain(str(problem))
        return BAD_INPUT
    except _ToolError as error:
        for line in str(error).splitlines():
            _complain(line)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader has left. Python flushes once more when it ends; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except ModuleNotFoundError as error:
        lack = missing_module(error)
        if lack is None:
            raise
        _complain(lack)
        return BAD_INPUT
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        _complain(reason if error.filename is None else f"{error.filename}: {reason}")
        return BAD_INPUT
    except _Interrupted as interrupted:
        _complain(str(interrupted))
        return interrupted.status
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130
    except MemoryError:
        _complain("this takes more memory than there is")
        return BAD_INPUT
    except Exception as error:
        if os.environ.get("MGD_HDL_DEBUG"):
            raise
        _complain(
            f"a fault of mgd-hdl, please report it: {_place(error)}: {type(error).__name__}: {error};"
            " MGD_HDL_DEBUG=1 shows how it came there"
        )
        return BUG


def _place(error: BaseException) -> str:
    """The line of the program that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "nowhere"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mgd-hdl",
        description="Hardware that trains itself by multiplexed gradient descent: TOML in, Verilog out.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the release and exit")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, (run, arguments) in _VERBS.items():
        text = run.__doc__ or ""
        verb = verbs.add_parser(name, help=text.split("\n")[0], description=text, allow_abbrev=False)
        verb.set_defaults(run=run)
        for argument in arguments:
            verb.add_argument(*argument.names, **argument.options)
    return parser


class _Version(argparse.Action):
    """Prints the release that is installed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata  # loads what no verb needs

        print(f"{parser.prog} {metadata.version('mgd-hdl')}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        hint = did_you_mean(found[1], re.findall(r"[\w-]+", found[2])) if found else ""
        _complain(f"{message}{hint} (see {self.prog} --help)")
        sys.exit(BAD_INPUT)


def _say(line: str) -> None:
    """Something that is not a result, and that nobody may miss if it cannot be written."""
    with suppress(OSError, ValueError):
        print(f"mgd-hdl: {line}", file=sys.stderr, flush=True)


def _complain(text: str) -> None:
    _say(one_line(text, 600))


def _print_json(document: Any) -> None:
    print(json.dumps(document, indent=2))
