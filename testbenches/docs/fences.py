"""What stands in code on a page: fenced blocks by language, and words between backticks in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Fence", "fences", "spans"]

_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Fence:
    """A block of a page, in the language behind its opening marks, "" where there is none."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that the block is, where its first line is a comment with nothing but a name."""
        found = re.match(r"(?:#|//) ([\w.-]+\.\w+)\n", self.text)
        return None if found is None else found[1]


def fences(path: Path) -> list[Fence]:
    """The fenced blocks of a page, in its order."""
    return [Fence(*found) for found in _FENCE.findall(path.read_text("utf-8"))]


def spans(path: Path) -> list[str]:
    """What stands between backticks outside of fenced blocks, a line's break read as a space."""
    found = re.findall(r"`([^`]+)`", _FENCE.sub("", path.read_text("utf-8")))
    return [" ".join(each.split()) for each in found]
