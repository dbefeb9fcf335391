"""What the user types: ``mgd-hdl VERB``.

Each verb is one function whose decorator lists its arguments and whose docstring is its help. It
returns the exit status: 0 all is well, 1 a comparison failed. Bad input is 2 with one line per
problem, Ctrl-C 130. What a verb needs is imported inside it, so that no verb waits for another's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from .config import PRESETS, ConfigError, Problem, TrainerConfig, load, preset
from .config.errors import did_you_mean, one_line
from .config.summary import json_schema, presets_and_tasks, summary
from .config.toml import preset_text
from .files import FileRefused, write_file, write_files

__all__ = ["main"]

BAD_INPUT = 2

_Run = Callable[[Namespace], int]


class _ToolError(Exception):
    """A tool that a verb needs failed; its message may have several lines."""


# ---- verbs and arguments -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Argument:
    names: tuple[str, ...]
    options: dict[str, Any]


def _argument(*names: str, **options: Any) -> _Argument:
    return _Argument(names, options)


_VERBS: dict[str, tuple[_Run, tuple[_Argument, ...]]] = {}

_CONFIG = _argument("config", metavar="FILE|PRESET", help="a TOML file, or the name of a preset")
_JSON = _argument("--json", action="store_true", help="print JSON")


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


def _trainer_files(config: TrainerConfig) -> dict[str, str]:
    from .emit import EmitError, trainer_files

    try:
        return trainer_files(config)
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
        sources = ", ".join(each["sources"])
        print(
            f"  {name:17} inputs {each['inputs']:<3} outputs {each['outputs']:<2}"
            f" samples {each['samples']:<6} {sources}"
        )
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
        print("\n".join(_summary_lines(found)))
    return 0


def _summary_lines(found: dict[str, Any]) -> Iterator[str]:
    def line(key: str, text: str) -> str:
        return f"  {key:12} {text}"

    def number(key: str) -> str:
        each = found["formats"][key]
        return f"{each['format']}, {each['bits']} bits"

    yield f"{found['name']}: ok"
    yield line("task", ", ".join(text for text in found["task"].values() if text is not None))
    yield line("parameters", str(found["parameters"]))
    for index, layer in enumerate(found["layers"]):
        yield line(
            f"layer {index}",
            f"{layer['inputs']} -> {layer['neurons']} {layer['activation']}, sum {layer['sum']['format']},"
            f" output {layer['output']['format']}, {layer['latency']} clocks",
        )
    yield line("parameter", f"{number('parameter')}: {found['formats']['visible']['bits']} visible")
    for key in ("weight", "error", "cost", "cost_change", "hold", "update"):
        yield line(key, number(key))
    yield line("amplitude", f"2**{-found['amplitude']['shift']}")
    rate = found["rate"]
    yield line("rate", f"2**-{rate['shift']}, at run time 1 to 2**-{rate['largest_shift']}")
    for key, pair in found["snapped"].items():
        yield line("snapped", f"{key} = {pair['given']} is used as {pair['used']}")
    yield line(
        "latency", f"{found['latency']['measure']} clocks to a cost, {found['latency']['step']} to its update"
    )
    extras = [text for key, text in (("shadow", "shadow copy"), ("leaves", "leaf registers")) if found[key]]
    yield line("array", ", ".join([f"{found['rows']} rows of 8 in {found['tiles']} tiles", *extras]))


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
    for path in write_files(directory, _trainer_files(config), force=args.force):
        print(f"wrote {path}")
    for key, (given, used) in config.snapped.items():
        print(f"note: {key} = {given} is used as {used}")
    return 0


# ---- around the verbs ----------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    try:
        with _termination_unwinds():
            args = _parser().parse_args(argv)
            status: int = args.run(args)
            sys.stdout.flush()
            return status
    except (ConfigError, FileRefused) as error:
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
    except OSError as error:
        _complain(str(error))
        return BAD_INPUT
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mgd-hdl",
        description="Hardware that trains itself by multiplexed gradient descent: TOML in, Verilog out.",
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, (run, arguments) in _VERBS.items():
        text = run.__doc__ or ""
        verb = verbs.add_parser(name, help=text.split("\n")[0], description=text, allow_abbrev=False)
        verb.set_defaults(run=run)
        for argument in arguments:
            verb.add_argument(*argument.names, **argument.options)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        hint = did_you_mean(found[1], re.findall(r"[\w-]+", found[2])) if found else ""
        _complain(f"{message}{hint} (see {self.prog} --help)")
        sys.exit(BAD_INPUT)


@contextmanager
def _termination_unwinds() -> Iterator[None]:
    """A request to end cleans up on its way, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _complain(text: str) -> None:
    print(f"mgd-hdl: {one_line(text, 600)}", file=sys.stderr)


def _print_json(document: Any) -> None:
    print(json.dumps(document, indent=2))
