"""What verbs share: configurations by name, lines for the user, and ways to end."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..config import PRESETS, AttachedFile, ConfigError, Problem, TrainerConfig, load, preset
from ..config.attached.files import Unreadable, read_for
from ..config.errors import did_you_mean, one_line, shown
from ..config.tasks import TASKS
from ..files import was_read
from ..process import Stop
from ..progress import Progress

__all__ = [
    "PROGRESS_SECONDS",
    "TWIN_SEEDS",
    "Interrupted",
    "ToolError",
    "any_configuration",
    "complain",
    "configuration",
    "print_json",
    "say",
    "tools",
    "trainer_files",
]

#: Between two lines that tell how far a run is.
PROGRESS_SECONDS = 2
#: With which the twin tells how long learning takes.
TWIN_SEEDS = 15


class ToolError(Exception):
    """A tool that a verb needs failed; its message may have several lines."""


class Interrupted(Exception):
    """A verb was asked to end, and has kept what there was."""

    def __init__(self, stop: Stop, message: str):
        self.status = stop.status
        super().__init__(message)


def say(line: str) -> None:
    """Something that is not a result, and that nobody may miss if it cannot be written."""
    with suppress(OSError, ValueError):
        print(f"mgd-hdl: {line}", file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """What is wrong, on one line."""
    say(one_line(text, 600))


def print_json(document: Any) -> None:
    """A result for other programs."""
    print(json.dumps(document, indent=2))


def configuration(given: str, samples: str | None = None) -> TrainerConfig:
    """The configuration of a circuit, see :func:`any_configuration`."""
    return any_configuration(given, samples).with_network()


def any_configuration(given: str, samples: str | None = None) -> TrainerConfig:
    """The configuration of a file or a preset; a preset's name goes first, ``./xor`` is the file.

    With ``samples``, a file, its own samples are those of this file: as if the TOML named it and no other.
    Whatever is read here this command does not write over.
    """
    config = _with_samples(given, samples)
    for key in config.data.coarse if TASKS[config.task.name].file else ():
        say(f"note: formats.{key} = {getattr(config.formats, key)} keeps a single bit of each number")
    was_read(*([] if given in PRESETS else [given]), *config.attached.paths, *([samples] if samples else []))
    return config


def _with_samples(given: str, samples: str | None) -> TrainerConfig:
    if samples is None:
        return _configuration(given)
    try:
        file = read_for("task.file", samples)
    except Unreadable as reason:
        raise ConfigError([Problem("--samples", samples, str(reason))]) from None
    config = _configuration(given, file)
    if not TASKS[config.task.name].file:
        own = f"task {shown(config.task.name)} has its own"
        text = f'{own}; must be left out, or task.name be "file" or "external"'
        raise ConfigError([Problem("--samples", samples, text)])
    return config


def _configuration(given: str, samples: AttachedFile | None = None) -> TrainerConfig:
    if given in PRESETS:
        return preset(given)
    if re.fullmatch(r"[\w-]{1,64}", given) and not Path(given).exists():
        hint = did_you_mean(given, PRESETS)
        presets = ", ".join(PRESETS)
        raise ConfigError([Problem(given, "", f"is neither a file nor a preset{hint}; presets: {presets}")])
    return load(given, samples)


@contextmanager
def tools() -> Iterator[None]:
    """What simulations say when they fail."""
    from mgd_sim.rtl import RtlError

    try:
        yield
    except RtlError as error:
        raise ToolError(str(error)) from None


def trainer_files(config: TrainerConfig, progress: Progress, *, inline: bool = True) -> dict[str, str]:
    """What goes with a trainer, by name; its memories have their words in the Verilog or read files."""
    from .. import emit

    progress.stage("making the circuit")

    def watch(what: str, share: float) -> None:
        progress.reckoned(f"making the circuit: {what}", share)

    try:
        return emit.trainer_files(config, inline=inline, watch=watch)
    except emit.EmitError as error:
        raise ToolError(str(error)) from None
