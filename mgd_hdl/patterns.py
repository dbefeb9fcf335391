"""Thousands of equal entries in a few lines: those that differ in the numbers of their paths become one.

``{"path": "array.tile_{tile}.cell_{cell}.theta", "index": 64, "each": {"tile": [1, 9], "cell": [0, 63]}}``
stands for 576 entries: for each value of the first name all values of the second, both ends included.
Their indices count up from ``index``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["compact"]

#: A number in a path: of an instance, ``tile_3``, or of a memory's word, ``store[5]``.
_NUMBER = re.compile(r"(\w+?)([_\[])(\d+)(?=[\].]|$)")

#: Index of the first entry, and of each number in the path its first and last value.
_Span = tuple[int, list[list[int]]]


def compact(entries: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entries, those that go together as one; an entry without an index stays as it is.

    What differs in anything but path and index is kept apart. Names keep the order of their first entries.
    """
    found: list[dict[str, Any]] = []
    groups: dict[tuple[Any, ...], list[tuple[int, list[int]]]] = {}
    for entry in entries:
        path, names, numbers = _parted(entry["path"])
        if "index" not in entry or not names or len(set(names)) < len(names):
            groups[tuple(entry.items())] = []
            continue
        rest = tuple(
            (key, path if key == "path" else value) for key, value in entry.items() if key != "index"
        )
        groups.setdefault((names, rest), []).append((entry["index"], numbers))
    for key, members in groups.items():
        if not members:
            found.append(dict(key))
            continue
        names, rest = key
        for index, spans in _merged(_lines(members)):
            entry = dict(rest)
            if all(first == last for first, last in spans):
                values = {name: first for name, (first, _) in zip(names, spans, strict=True)}
                found.append({**entry, "path": entry["path"].format(**values), "index": index})
            else:
                found.append({**entry, "index": index, "each": dict(zip(names, spans, strict=True))})
    return found


def _parted(path: str) -> tuple[str, tuple[str, ...], list[int]]:
    """The path with names in the places of its numbers, these names, and the numbers."""
    numbers = _NUMBER.findall(path)
    pattern = _NUMBER.sub(lambda each: f"{each[1]}{each[2]}{{{each[1]}}}", path)
    return pattern, tuple(name for name, _, _ in numbers), [int(number) for _, _, number in numbers]


def _lines(members: Sequence[tuple[int, list[int]]]) -> list[_Span]:
    """Entries whose last number and index count up together as one."""
    found: list[_Span] = []
    length = 0
    for index, numbers in members:
        spans = [[number, number] for number in numbers]
        if found and index == found[-1][0] + length:
            before = found[-1][1]
            if before[:-1] == spans[:-1] and before[-1][1] + 1 == numbers[-1]:
                before[-1][1] += 1
                length += 1
                continue
        found.append((index, spans))
        length = 1
    return found


def _merged(lines: Sequence[_Span]) -> list[_Span]:
    """Lines of equal ends whose last number but one and index count up together as one."""
    found: list[_Span] = []
    expected = -1
    for index, spans in lines:
        length = spans[-1][1] - spans[-1][0] + 1
        if found and len(spans) > 1 and index == expected:
            before = found[-1][1]
            if before[-1] == spans[-1] and before[:-2] == spans[:-2] and before[-2][1] + 1 == spans[-2][0]:
                before[-2][1] += 1
                expected += length
                continue
        found.append((index, spans))
        expected = index + length
    return found
