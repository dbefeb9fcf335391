"""Reading and writing words of a bank: what is answered, and how long a stay takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mgd_hdl.config import TrainerConfig

from .access import reachable

__all__ = ["Command", "answers", "clocks"]

#: Index, what is to be written, whether it is.
Command = tuple[int, int, bool]
#: A word is read, kept, and chosen among the lanes.
_READ = 3


def answers(
    config: TrainerConfig, theta: list[int], commands: Iterable[Command]
) -> Iterator[tuple[int, int, bool]]:
    """Index, T, whether it was refused, command by command; ``theta`` is changed."""
    least, most = reachable(config)
    for index, wanted, write in commands:
        if index >= config.parameters:
            yield index, 0, True
            continue
        if write:
            theta[index] = min(max(wanted, least), most)
        yield index, theta[index], False


def clocks(config: TrainerConfig, commands: Iterable[Command]) -> int:
    """Inside the door, of commands that come at once, from a stay that begins at parameter 0: the walk, a
    clock for what is found there, the way of a word that is read, the answer, and a look at the next one.
    """
    number = found = 0
    for index, _, write in commands:
        found += 3
        if index >= config.parameters:
            continue
        found += index - number if index >= number else 1 + index
        found += 0 if write else _READ
        number = index
    return found
