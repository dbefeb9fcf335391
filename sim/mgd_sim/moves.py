"""What moves from step to step in a generator, and between which limits: it can be taken out and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from mgd_hdl.config import LFSR, Format

__all__ = ["COUNT", "FLAG", "STATE", "Moves", "Within", "leaves", "limits", "moved", "moving", "rebuilt"]


class Within(NamedTuple):
    """The least and the largest that all numbers of an array may be."""

    low: int
    high: int

    @classmethod
    def of(cls, format: Format) -> Within:
        """What a format holds."""
        return cls(format.min, format.max)


#: Of what counts, of a random register, of flags.
COUNT, STATE, FLAG = Within(0, (1 << 62) - 1), Within(1, (1 << LFSR.degree) - 1), Within(0, 1)

#: Attributes that move, each with the limits of its numbers, or a function of the generator that gives them.
Moves = dict[str, Within | Callable[[Any], Within]]


def moving(thing: Any) -> dict[str, Any]:
    """What moves in a generator, by the names in its ``MOVES``: integers and arrays."""
    return {name: attrgetter(name)(thing) for name in thing.MOVES}


def limits(thing: Any) -> dict[str, Within]:
    """Of what :func:`moving` gives."""
    return {
        name: within if isinstance(within, Within) else within(thing) for name, within in thing.MOVES.items()
    }


def moved(thing: Any, to: dict[str, Any]) -> None:
    """Sets a generator to where :func:`moving` found it, or one of the same configuration."""
    if to.keys() != set(thing.MOVES):
        raise ValueError(f"{type(thing).__name__}: a state of {sorted(thing.MOVES)}, not {sorted(to)}")
    for name, value in to.items():
        owner, _, last = name.rpartition(".")
        setattr(attrgetter(owner)(thing) if owner else thing, last, value)


def leaves(thing: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What is in tuples and mappings, each by a path of names and numbers; limits are whole."""
    items = _items(thing)
    if items is None:
        yield name, thing
        return
    for key, each in items.items():
        yield from leaves(each, f"{name}.{key}" if name else key)


def rebuilt(thing: Any, of: Callable[[str, Any], Any], name: str = "") -> Any:
    """The same tuples and mappings with other leaves: ``of(path, leaf)``."""
    items = _items(thing)
    if items is None:
        return of(name, thing)
    made = {key: rebuilt(each, of, f"{name}.{key}" if name else key) for key, each in items.items()}
    if hasattr(thing, "_asdict"):
        return type(thing)(**made)
    return tuple(made.values()) if isinstance(thing, tuple) else made


def _items(thing: Any) -> Mapping[str, Any] | None:
    if isinstance(thing, Within):
        return None
    if hasattr(thing, "_asdict"):
        found: dict[str, Any] = thing._asdict()
        return found
    if isinstance(thing, tuple):
        return {str(number): each for number, each in enumerate(thing)}
    return thing if isinstance(thing, Mapping) else None
