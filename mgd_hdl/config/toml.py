"""TOML in, configuration out; the presets."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

from .errors import ConfigError, Problem
from .trainer import TrainerConfig

__all__ = ["PRESETS", "load", "loads", "preset", "preset_text"]

MAX_BYTES = 1 << 20
PRESETS = ("xor", "parity4", "nist7x7", "nist7x7_centered")


def loads(text: str, where: str = "text") -> TrainerConfig:
    """From TOML text. Raises ConfigError; ``where`` names the text in its lines."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(where, "", f"is not TOML: {error}")]) from None
    except RecursionError:
        raise ConfigError([Problem(where, "", "is nested too deeply")]) from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise ConfigError([Problem(where, "", f"has a number out of range: {error}")]) from None
    return TrainerConfig.build(document)


def load(path: Path | str) -> TrainerConfig:
    """From a TOML file of at most 1 MiB. Raises ConfigError."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from None
    if len(raw) > MAX_BYTES:
        raise ConfigError([Problem(str(path), "", "is larger than 1 MiB")])
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), "", f"is not UTF-8: byte {error.start}")]) from None
    return loads(text, str(path))


def preset_text(name: str) -> str:
    """The commented TOML of a preset."""
    return resources.files(__package__).joinpath("presets", f"{name}.toml").read_text(encoding="utf-8")


def preset(name: str) -> TrainerConfig:
    """One of :data:`PRESETS`."""
    if name not in PRESETS:
        raise ConfigError([Problem("preset", repr(name), f"must be one of {', '.join(PRESETS)}")])
    return loads(preset_text(name), f"preset {name}")
