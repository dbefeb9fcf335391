"""What does not fit together: limits that involve more than one key.

Each relation names the keys it reads and yields the problems it finds. One whose keys already have a
problem is not asked, so that a single mistake is reported once.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..attached import Unreadable
from ..derived import Derived
from ..errors import Problem
from . import data, device, exclusions, host, learning, network, spi, times, words
from .relation import MAX_WIRES

__all__ = ["MAX_WIRES", "relation_problems"]

#: In the order in which they are asked.
_RELATIONS = tuple(
    relation
    for room in (data, network, device, spi, exclusions, words, learning, times, host)
    for relation in room.RELATIONS
)


def relation_problems(config: Derived, bad: Iterable[str]) -> list[Problem]:
    """All problems between keys, given the keys (or sections) that are ``bad`` on their own."""
    known_bad, problems = set(bad), []
    for relation in _RELATIONS:
        sections = {key.partition(".")[0] for key in relation.keys}
        if known_bad.isdisjoint(sections) and known_bad.isdisjoint(relation.keys):
            try:
                for problem in relation.check(config):
                    problems.append(problem)
                    known_bad.add(problem.key.partition("[")[0])
            except Unreadable:
                continue  # a relation of `data` says so, if nothing before it is wrong
    return problems
