"""Where a study looks: configurations that differ from one by some keys, in a grid or in a sample that fills
the space.

A key is written ``section.name``, as in messages about a configuration; what differs is a mapping of keys to
values as TOML has them.
"""

from __future__ import annotations

import itertools
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mgd_hdl.config import ConfigError, Problem, TrainerConfig
from mgd_hdl.config.build import problems_of_keys
from mgd_hdl.config.errors import one_line

__all__ = [
    "Axis",
    "Changes",
    "Point",
    "Sections",
    "applied",
    "axis",
    "dotted",
    "from_text",
    "grid",
    "in_sections",
    "sampled",
]

#: By dotted key.
Changes = Mapping[str, Any]
#: By section, as ``replaced`` of a configuration takes them.
Sections = dict[str, dict[str, Any]]

#: Values of one key, and points of one study, at most.
MAX_VALUES, MAX_POINTS = 1000, 100_000

_SPAN = re.compile(r"(log:)?(.+?)\.\.(.+)")


@dataclass(frozen=True)
class Point:
    """One configuration of a study: how it is called there, and what differs.

    ``by_accuracy``: right answers are enough for it to be solved, whatever the cost. ``other_seeds``: those
    behind the study's own, as many.
    """

    name: str = ""
    changes: Changes = field(default_factory=dict)
    by_accuracy: bool = False
    other_seeds: bool = False


@dataclass(frozen=True)
class Axis:
    """The values of one key: a list, or everything from the first to the second of a span.

    Attributes
    ----------
    key, text : str
        As they were given.
    values : tuple
        Of a span of whole numbers all of them; of one of reals none.
    span : tuple of float, optional
    logarithmic : bool
        Equal ratios are equally far.
    """

    key: str
    text: str
    values: tuple[Any, ...]
    span: tuple[float, float] | None = None
    logarithmic: bool = False

    def at(self, place: float) -> Any:
        """The value at a place from 0 to 1, 1 excluded; a real one with four digits."""
        if self.span is None:
            return self.values[int(place * len(self.values))]
        low, high = self.span
        whole = bool(self.values)
        if self.logarithmic:
            found = low * (high / low) ** place
        else:
            found = low + (high + whole - low) * place
        return math.floor(found) if whole else float(f"{found:.4g}")


def in_sections(changes: Changes) -> dict[str, Any]:
    """The same as the tables of a TOML file."""
    found: dict[str, Any] = {}
    for key, value in changes.items():
        section, dot, name = key.partition(".")
        if dot:
            found.setdefault(section, {})[name] = value
        else:
            found[section] = value
    return found


def dotted(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """And back."""
    return {f"{section}.{key}": value for section, keys in sections.items() for key, value in keys.items()}


def from_text(text: str) -> dict[str, Any]:
    """Changes as a table has them: ``KEY=VALUE; KEY=VALUE``."""
    pairs = (each.partition("=") for each in text.split("; ") if each)
    return {key: _value(value) for key, _, value in pairs}


def applied(config: TrainerConfig, changes: Changes) -> TrainerConfig:
    """The configuration with the changes. Raises ConfigError."""
    return config.replaced(**in_sections(changes)).with_network() if changes else config


# ---- what is asked for -----------------------------------------------------------------------------


def axis(text: str, config: TrainerConfig) -> Axis:
    """Of ``KEY=VALUES``: values as TOML spells them, with commas between them, texts without quotes too; or a
    span ``LOW..HIGH``, ``log:LOW..HIGH`` for equal ratios.

    Raises
    ------
    ConfigError
        There is no such key, or it takes no such value.
    """
    key, equals, listed = text.partition("=")
    key = key.strip()
    if not equals or not key or not listed.strip():
        raise _refused("--vary", text, "must be KEY=VALUES, such as learning.rate=0.25,0.5,1")
    if key in ("seed", "name"):
        raise _refused(f"--vary {key}", "", "changes no circuit; --seed and --seeds say which trainers learn")
    found = _span(key, listed.strip()) or Axis(key, listed.strip(), tuple(map(_value, _split(listed))))
    if len(found.values) > MAX_VALUES:
        raise _refused(f"--vary {key}", listed, f"must be at most {MAX_VALUES} values")
    for value in found.values or (found.span or ()):
        problems = problems_of_keys(type(config), config.model_dump(mode="json"), in_sections({key: value}))
        if problems:
            raise ConfigError(problems)
    return found


def _span(key: str, text: str) -> Axis | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    logarithmic = found[1] is not None
    ends = [_value(end) for end in found.groups()[1:]]
    if not all(isinstance(end, int | float) and math.isfinite(end) for end in ends) or not ends[0] < ends[1]:
        raise _refused(f"--vary {key}", text, "must be LOW..HIGH, two numbers, the first one smaller")
    if logarithmic and ends[0] <= 0:
        raise _refused(f"--vary {key}", text, "log: must begin above 0")
    whole = all(isinstance(end, int) for end in ends)
    if whole and ends[1] - ends[0] >= MAX_VALUES:
        raise _refused(f"--vary {key}", text, f"must be at most {MAX_VALUES} values")
    values = tuple(range(ends[0], ends[1] + 1)) if whole else ()
    return Axis(key, text, values, (float(ends[0]), float(ends[1])), logarithmic)


def _value(text: str) -> Any:
    """As TOML has it; a text that it cannot read is meant as it stands. Powers may be written 2**-4."""
    text = text.strip()
    power = re.fullmatch(r"2(?:\*\*|\^)(-?\d{1,3})", text)
    if power:
        return 2.0 ** int(power[1])
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return text


def _split(text: str) -> list[str]:
    """At commas that stand in no brackets and no quotes."""
    parts, depth, quote = [""], 0, ""
    for char in text:
        if char == "," and not depth and not quote:
            parts.append("")
            continue
        parts[-1] += char
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char in "([{") - (char in ")]}")
    return parts


def _refused(key: str, value: str, allowed: str) -> ConfigError:
    return ConfigError([Problem(key, one_line(value), allowed)])


# ---- where to look ---------------------------------------------------------------------------------


def grid(axes: Sequence[Axis]) -> list[dict[str, Any]]:
    """Every combination, the last key changing fastest. Raises ConfigError for spans of reals."""
    for each in axes:
        if not each.values:
            told = "is a span of real numbers: list values, or take a sample with --sample N"
            raise _refused(f"--vary {each.key}", each.text, told)
    count = math.prod(len(each.values) for each in axes)
    if count > MAX_POINTS:
        raise _refused(
            "--vary", f"{count:,} points", f"must be at most {MAX_POINTS:,}; --sample N takes some"
        )
    keys = [each.key for each in axes]
    return [
        dict(zip(keys, values, strict=True)) for values in itertools.product(*(each.values for each in axes))
    ]


def sampled(axes: Sequence[Axis], count: int, seed: int) -> list[dict[str, Any]]:
    """So many points that fill the space evenly: a scrambled Halton sequence (Owen, 2017), from SciPy."""
    from scipy.stats import qmc

    rows = qmc.Halton(len(axes), rng=seed).random(count)
    return [{each.key: each.at(place) for each, place in zip(axes, row, strict=True)} for row in rows]
