"""What is wrong with a configuration, one line per problem."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ConfigError", "Problem", "Refused", "did_you_mean", "one_line", "shown"]


def one_line(text: str, limit: int = 200) -> str:
    """``text`` without line breaks or other characters that do not print, cut to ``limit``."""
    if len(text) > limit:
        text = text[: limit - 3] + "..."
    return "".join(c if c.isprintable() else "?" for c in text)


def shown(value: Any) -> str:
    """A value as TOML spells it, however large or deep it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value[:200], ensure_ascii=False)
    if isinstance(value, dict):
        return "{...}"
    if isinstance(value, list | tuple):
        entries = ["[...]" if isinstance(entry, list | tuple) else shown(entry) for entry in value[:12]]
        return "[" + ", ".join(entries + ["..."] * (len(value) > 12)) + "]"
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """``' (did you mean "walsh"?)'``, or nothing where no known name is near."""
    near = difflib.get_close_matches(given[:64].lower(), list(known), 1, 0.5)
    return f' (did you mean "{near[0]}"?)' if near else ""


@dataclass(frozen=True)
class Problem:
    """One problem: the key, the value found there, and what is allowed."""

    key: str
    value: str
    allowed: str

    def __str__(self) -> str:
        value = f" = {one_line(self.value, 80)}" if self.value else ""
        return f"{one_line(self.key)}{value}: {one_line(self.allowed, 400)}"


class Refused(ValueError):
    """What was given cannot be used; ``problems`` has one entry, of one line, for each reason.

    Whatever a user may give wrong is refused with this class, in the twin too: the command line shows
    the reasons, and takes any other exception for a bug.
    """

    def __init__(self, problems: Sequence[Problem | str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ConfigError(Refused):
    """A configuration that cannot be built; ``problems`` lists everything found."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Sequence[Problem]):
        super().__init__(problems)
