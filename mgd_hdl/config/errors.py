"""What is wrong with a configuration, one line per problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ConfigError", "Problem"]


@dataclass(frozen=True)
class Problem:
    """One problem: the key, the value found there, and what is allowed."""

    key: str
    value: str
    allowed: str

    def __str__(self) -> str:
        value = self.value if len(self.value) <= 60 else self.value[:57] + "..."
        shown = "".join(c if c.isprintable() else "?" for c in value)
        return f"{self.key} = {shown}: {self.allowed}" if shown else f"{self.key}: {self.allowed}"


class ConfigError(ValueError):
    """A configuration that cannot be built; ``problems`` lists everything found."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
