"""A board that learns alone."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from ..config import ConfigError, Problem, TrainerConfig
from ..config.errors import shown
from ..config.tasks import TASKS
from ..files import reserved, write_files
from ..progress import stopwatch
from .common import PROGRESS_SECONDS, TWIN_SEEDS, ToolError, configuration

__all__ = ["bitstream", "light"]


def bitstream(args: Namespace) -> int:
    """Make its bitstream."""
    config = _asked(args)
    from mgd_synth.boards import (
        LINE,
        bitstream,
        board_lines,
        check_board,
        copied_samples,
        pins,
        placed_samples,
    )
    from mgd_synth.process import SynthError

    say = stopwatch()
    directory = config.name if args.output is None else args.output
    base = f"{config.name}.{args.board}"
    with ExitStack() as stack:
        try:
            board = check_board(args.board)
            name, report, text = f"{base}.{board.family.suffix}", f"{base}.json", f"{base}.v"
            pin_file = f"{base}.{board.family.constraints.rpartition('.')[2]}"
            sdram = copied_samples(config, board, args.divide) if args.sdram else None
            flash = placed_samples(config, board, sdram) if args.flash or args.sdram else None
            samples = (f"{config.name}.samples.bin",) * (flash is not None)
            names = (name, report, text, pin_file, *samples)
            stack.enter_context(reserved(directory, names, force=args.force))
            options = {"seed": args.seed, "divide": args.divide, "say": say}
            made = bitstream(config, board, flash=flash, sdram=sdram, **options)
        except SynthError as error:
            raise ToolError(str(error)) from None
        step = float(config.timing.clocks_per_step)
        if source := sdram or flash:
            step = source.clocks_between(step * config.learning.tau_x) / config.learning.tau_x
        found = {
            "design": config.name,
            "task": config.task.name,
            **config.attached.entry,
            "parameters": config.parameters,
            "board": args.board,
            **made.as_json(),
            "bitstream": {
                "file": name,
                "bytes": len(made.data),
                "flash": board.flash.format(file=name),
            },
            "samples": None,
            "host": None,
            "clocks_per_step": step,
            "judge": config.judge.model_dump(),
            "solution": None if args.no_twin or config.on_bus else light(config, made.clock, say, step=step),
        }
        more: dict[str, str | bytes] = {}
        if flash is not None and board.memory is not None:
            words = config.shape.sample_words[0]
            more = {file: flash.packed(sdram.sent(words) if sdram else words) for file in samples}
            found["bitstream"]["flash"] = board.memory.flash.format(file=name)
            found["samples"] = {
                "file": samples[0],
                "bytes": flash.size,
                "flash": board.memory.samples.format(file=samples[0]),
                "first": flash.first,
                "count": flash.count,
                "bits": flash.bits,
                "clocks": (sdram or flash).mean_clocks,
                "fill": sdram and sdram.fill_clocks / made.clock / 1e6,
            }
        if config.on_bus:
            sites = {pin.port: pin.site for pin in pins(board, hosted=True)}
            line = {"baud": config.host.baud, "clock_hz": round(made.clock * 1e6)}
            found["host"] = line | {LINE[port]: sites[port] for port in LINE}
        document = json.dumps(found, indent=2) + "\n"
        files: dict[str, str | bytes] = {
            name: made.data,
            report: document,
            text: made.verilog,
            pin_file: made.constraints,
            **more,
        }
        written = write_files(directory, files, force=args.force)
    for path in written:
        print(f"wrote {path}", file=sys.stderr)
    print(document if args.json else "\n".join(board_lines(found)) + "\n", end="")
    return 0


def _asked(args: Namespace) -> TrainerConfig:
    """With a serial line, which changes nothing else; or alone, which needs a judge, perhaps with samples in
    the board's flash memory.
    """
    config = configuration(args.config, args.samples)
    if args.uart:
        config = config.replaced(host=config.host.model_dump() | {"bus": "uart", "pipelined": False})
    _refuse(config)
    if args.flash or args.sdram:
        config = _streamed(config, "--sdram" if args.sdram else "--flash")
    return config if config.on_bus or config.judged else config.replaced(judge={"kind": "window"})


def _streamed(config: TrainerConfig, asked: str) -> TrainerConfig:
    """A trainer of own data that takes them one by one, as an option ``asked``."""
    if config.on_bus:
        text = 'is for a board that learns alone; leave out --uart, and host.bus must be "none"'
        raise ConfigError([Problem(asked, "", text)])
    if not TASKS[config.task.name].file:
        task = f"task {shown(config.task.name)} has none"
        text = f'needs own samples, {task}; task.name = "file", or "external" with --samples FILE'
        raise ConfigError([Problem(asked, "", text)])
    return config.replaced(task={"source": "stream"})


def _refuse(config: TrainerConfig) -> None:
    """What section [host] asks for and a board cannot give."""
    host = config.host
    board = "on a board, which has a clock and a reset of its own"
    problems = []
    if host.bus not in ("none", "uart"):
        problems.append(Problem("host.bus", f'"{host.bus}"', 'must be "none" or "uart" on a board'))
    if host.reset != "rst":
        problems.append(Problem("host.reset", f'"{host.reset}"', f'must be "rst" {board}'))
    if host.clock_enable:
        problems.append(Problem("host.clock_enable", "true", f"must be false {board}"))
    if host.samples != "window":
        where = 'must be "window" on a board, which has no port for a stream'
        problems.append(Problem("host.samples", f'"{host.samples}"', where))
    if problems:
        raise ConfigError(problems)


def light(
    config: TrainerConfig, clock: float, say: Callable[[str], None], *, step: float | None = None
) -> dict[str, Any]:
    """When the LED goes on, by the twin, at ``clock`` megahertz; ``step``: clocks of one, if samples make it
    longer.
    """
    from mgd_sim.showcase import forecast

    from ..showcase import PATIENCE

    shown = time.monotonic()

    def look(step: int, solved: int) -> None:
        nonlocal shown
        if time.monotonic() - shown >= 5 * PROGRESS_SECONDS:
            shown = time.monotonic()
            say(f"twin: step {step:,}, {solved} of {TWIN_SEEDS} tries solved")

    say("twin: starting")
    seen = forecast(config, TWIN_SEEDS, PATIENCE, until_median=True, look=look)
    seconds = (float(config.timing.clocks_per_step) if step is None else step) / (clock * 1e6)
    solved = [number for number, at in enumerate(seen.solved_at) if at >= 0]
    first = solved[0] if solved else None
    return {
        "tries": TWIN_SEEDS,
        "solved": len(solved),
        "median_steps": seen.median,
        "seconds": None if seen.median is None else seen.median * seconds,
        "first": None
        if first is None
        else {
            "given_up_before": first,
            "steps": int(seen.solved_at[first]) + 1,
            "seconds": (first * seen.patience + int(seen.solved_at[first]) + 1) * seconds,
            "accuracy": float(seen.accuracy[first]),
        },
    }
