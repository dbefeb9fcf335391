"""Options that cannot be together: the matrix that :data:`mgd_hdl.config.options.OPTIONS` declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..derived import Derived
from ..errors import Problem
from ..options import OPTIONS, Apart, Option
from .relation import Relation

__all__ = ["MATRIX", "RELATIONS", "Pair", "apart_from"]


@dataclass(frozen=True)
class Pair:
    """Two options that cannot be together. What is said blames the first one."""

    option: Option
    other: Option
    apart: Apart

    def problems(self, config: Derived) -> Iterator[Problem]:
        """One, where both are asked for."""
        if self.option.on(config) and self.other.on(config):
            every = [each for each in map(OPTIONS.__getitem__, self.apart.others) if each.on(config)]
            allowed = self.apart.text.format(
                other=self.other.said(config),
                every=" and ".join(each.said(config) for each in every),
                family=config.perturbation.family,
                learning=config.learning,
            )
            yield Problem(self.option.keys[0], self.option.blamed(config), allowed)


#: All pairs, those of one option together.
MATRIX = tuple(
    Pair(option, OPTIONS[other], apart)
    for option in OPTIONS.values()
    for apart in option.apart
    for other in apart.others
)

RELATIONS = [
    Relation(tuple(dict.fromkeys((*pair.option.keys, *pair.other.keys))), pair.problems) for pair in MATRIX
]


def apart_from(name: str) -> tuple[str, ...]:
    """What an option cannot be together with, from both sides."""
    found = [pair.other.name for pair in MATRIX if pair.option.name == name]
    return (*found, *(pair.option.name for pair in MATRIX if pair.other.name == name))
