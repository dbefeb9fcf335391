"""What the user's own samples need of the other keys."""

from __future__ import annotations

from collections.abc import Iterator

from ..attached import Unreadable
from ..codes import LFSR
from ..data import MAX_MEMORY
from ..derived import Derived
from ..errors import Problem, shown
from .relation import Relations, count

__all__ = ["RELATIONS"]

RELATIONS = relation = Relations()

_FILES = ("task.file", "task.labels", "task.test", "task.test_labels")
_READING = (
    *_FILES,
    "task.target",
    "task.skip",
    "task.header",
    "task.answers",
    "task.test_share",
    "task.split",
)
_SCALES = ("task.scale", "task.target_scale")


def _key(config: Derived, key: str) -> str:
    return shown(getattr(config.task, key.removeprefix("task.")))


@relation("task.name", *_FILES)
def _named(config: Derived) -> Iterator[Problem]:
    """A file for the task that needs one, and for no other."""
    if config.task.name == "file":
        if not config.task.file:
            yield Problem("task.file", '""', 'must name a file with name = "file"')
        for key, of in (("labels", "file"), ("test_labels", "test")):
            if getattr(config.task, key) and not getattr(config.task, of):
                yield Problem(f"task.{key}", _key(config, key), f"needs task.{of}")
        return
    for key in _FILES:
        if getattr(config.task, key.removeprefix("task.")):
            yield Problem(key, _key(config, key), f'needs name = "file", not {shown(config.task.name)}')


@relation("task.name", "network.layers", *_READING)
def _readable(config: Derived) -> Iterator[Problem]:
    """What the files hold is what the keys say."""
    if config.task.name != "file":
        return
    try:
        _ = config.data.samples
    except Unreadable as reason:
        yield Problem(reason.key, _key(config, reason.key), str(reason))


@relation(*_SCALES)
def _scales(config: Derived) -> Iterator[Problem]:
    """Ends that have room between them; the section limits how large they are."""
    for key in ("scale", "target_scale"):
        given = getattr(config.task, key)
        if isinstance(given, tuple):
            from ..attached.scaling import NARROW  # loads NumPy

            if given[1] - given[0] < NARROW:
                allowed = f"must be [least, greatest], {NARROW:g} or more apart"
                yield Problem(f"task.{key}", shown(given), allowed)


@relation("task.name", "task.source", "task.order")
def _indices(config: Derived) -> Iterator[Problem]:
    """The two keys of an epoch are parts of one random word."""
    if config.task.name == "file" and config.task.source == "memory" and config.task.order == "epoch":
        bits, most = config.shape.task_data.index_bits, LFSR.degree // 2
        if bits > most:
            yield Problem(
                "task.order",
                '"epoch"',
                f"takes at most {1 << most:,} samples, not {config.data.count:,};"
                ' must be "random" or "plain", or source = "stream"',
            )


@relation("task.name", "task.source", "formats.input", "formats.target", "network.layers")
def _memory(config: Derived) -> Iterator[Problem]:
    if config.task.name == "file" and config.task.source == "memory":
        width, bits = config.sample_bits, config.data.count * config.sample_bits
        if bits > MAX_MEMORY:
            yield Problem(
                "task.source",
                '"memory"',
                f"{count(config.data.count, 'sample')} of {width} bits are {bits:,} bits; at most"
                f' {MAX_MEMORY:,}; must be "stream"',
            )
