"""TOML in, configuration out, and back; the presets."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from .asked import Asked
from .attached import Attached, AttachedFile
from .errors import ConfigError, Problem, did_you_mean, shown
from .tasks import TASKS
from .trainer import TrainerConfig

__all__ = ["PRESETS", "load", "loads", "preset", "preset_text", "text_of"]

MAX_BYTES = 1 << 20
MAX_LINE = 10_000  # far more than any key needs; a key of very many dotted parts would take minutes
PRESETS = ("xor", "parity4", "nist7x7", "nist7x7_centered", "xor_fast", "parity4_fast", "letters_fast")

_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


def loads(
    text: str, where: str = "text", folder: Path | None = None, samples: AttachedFile | None = None
) -> TrainerConfig:
    """From TOML text. Raises ConfigError; ``where`` names the text in its lines.

    Files that it names are looked for in ``folder``, without one in the working directory. With ``samples``
    it is as if the text named this file and no other one of samples, where its task has none of its own.
    """
    document = _parse(text, where)
    if samples is None or not _takes_samples(document):
        return TrainerConfig.build(document, Attached(folder=folder))
    others = dict.fromkeys(("labels", "test", "test_labels"), "")
    document["task"] |= {"name": "file", "file": samples.name, **others}
    return TrainerConfig.build(document, Attached((("task.file", samples),), folder))


def _takes_samples(document: dict[str, Any]) -> bool:
    """Whether the task, as far as it is one, learns samples of a file or from outside."""
    section = document.get("task")
    name = section.get("name") if isinstance(section, dict) else None
    task = TASKS.get(name) if isinstance(name, str) else None
    return task is not None and (task.file or task.external)


def _refusal(where: str, what: str, value: str = "") -> ConfigError:
    return ConfigError([Problem(where, value, what)])


def _parse(text: str, where: str) -> dict[str, Any]:
    if text.startswith("\ufeff"):
        raise _refusal(where, "starts with a byte order mark; save it as plain UTF-8")
    if not text.strip():
        raise _refusal(where, 'is empty; "mgd-hdl init xor FILE" writes a configuration')
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise _refusal(f"{where}, line {number}", f"is longer than {MAX_LINE} characters")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_explain(str(error), text, where)]) from None
    except RecursionError:
        raise _refusal(where, "is nested too deeply") from None
    except ValueError:
        raise _refusal(where, "has an integer of more than 4300 digits") from None


def _explain(message: str, text: str, where: str) -> Problem:
    """A message of the TOML reader, with the line it is about."""
    found = _POSITION.search(message)
    message = _POSITION.sub("", message)
    lines = text.split("\n")
    number = int(found[1]) if found and found[1] else len(lines)
    if message == "Cannot overwrite a value":
        message = "a key is given twice"
    declared = re.fullmatch(r"Cannot declare \((.*?),?\) twice", message)
    if declared:
        name = declared[1].replace("'", "").replace(", ", ".")
        message = f"section [{name}] is given twice"
    line = lines[number - 1].strip() if number <= len(lines) else ""
    return Problem(f"{where}, line {number}", line, f"is not TOML: {message}")


def load(path: Path | str, samples: AttachedFile | None = None) -> TrainerConfig:
    """From a TOML file of at most 1 MiB, and the files that it names, beside it; with ``samples`` as
    :func:`loads`. Raises ConfigError.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _refusal(str(path), f"cannot be read: {reason}") from None
    except ValueError:  # a NUL in the name
        raise _refusal(str(path), "is no name of a file") from None
    if len(raw) > MAX_BYTES:
        raise _refusal(str(path), "is larger than 1 MiB")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(f"{path}, line {line}", f"is not UTF-8: byte {error.start}") from None
    return loads(text, str(path), path.parent, samples)


def text_of(config: Asked) -> str:
    """A configuration as TOML with every key, defaults too: :func:`loads` makes an equal one of it."""
    lines, tables = [], []
    for key, value in config.model_dump(mode="json").items():
        if isinstance(value, dict):
            tables.append(
                "\n".join([f"[{key}]", *(f"{name} = {_spelled(each)}" for name, each in value.items())])
            )
        else:
            lines.append(f"{key} = {_spelled(value)}")
    return "\n\n".join(["\n".join(lines), *tables]) + "\n"


def _spelled(value: str | bool | int | float | list[Any]) -> str:
    """A value as TOML spells it, every digit of it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, str):  # the one character that TOML escapes and JSON does not
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value) if isinstance(value, bool) else repr(value)


def preset_text(name: str) -> str:
    """The commented TOML of a preset."""
    if name not in PRESETS:
        raise _refusal(
            "preset", f"must be one of {', '.join(PRESETS)}{did_you_mean(name, PRESETS)}", shown(name)
        )
    return resources.files(__package__).joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")


def preset(name: str) -> TrainerConfig:
    """One of :data:`PRESETS`."""
    return loads(preset_text(name), f"preset {name}")
