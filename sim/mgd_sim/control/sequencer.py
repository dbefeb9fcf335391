"""What happens in which step? The three time constants decide, each with its own counter."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig

from ..fixed import Flags

__all__ = ["Plan", "in_turn", "plan", "reference_turns", "references"]


_Item = TypeVar("_Item", bound=np.generic)


@dataclass(frozen=True)
class Plan:
    """For a run of steps, what each does; all arrays are (steps,)."""

    sample: Flags
    """Takes the next sample first."""
    code: Flags
    """Works with the next perturbation (step 0: with perturbation 0)."""
    reference: Flags
    """Measures C0 too."""
    flush: Flags
    """Turns the sum of cost changes into an update: the perturbation or the window ends."""
    refresh: Flags
    """Shows the updated parameters to the network."""


def plan(config: TrainerConfig, registers: Registers, first: int, count: int) -> Plan:
    """The plan of steps ``first`` to ``first + count - 1``.

    C0 belongs to one sample and one set of parameters, so it is measured again when either has
    changed, or always. Two-sided, it is the minus side of every step; the analog algorithm has none.
    Without a shadow copy every update is seen at once, and counts as the end of a window.
    """
    step = np.arange(first, first + count)

    def starts(period: int) -> Flags:
        return np.asarray(step % period == 0)

    def ends(period: int) -> Flags:
        return np.asarray((step + 1) % period == 0)

    refresh = ends(registers.tau_theta)
    flush = refresh | ends(registers.tau_p)
    if not config.shadow:
        refresh = flush
    reference = np.zeros(count, np.bool_)
    for turn in reference_turns(config, registers):
        reference |= step % turn.every == turn.first
    return Plan(
        sample=starts(registers.tau_x),
        code=starts(registers.tau_p),
        reference=reference,
        flush=flush,
        refresh=refresh,
    )


class Turn(NamedTuple):
    """Steps ``first``, ``first + every``, ``first + 2 every`` ...; ``first`` is below ``every``."""

    every: int
    first: int

    def below(self, steps: int) -> int:
        """How many of the first ``steps`` steps."""
        return -(-max(0, steps - self.first) // self.every)

    def meets(self, other: Turn) -> Turn | None:
        """The steps that both have in common, if there are any (Chinese remainders)."""
        common = math.gcd(self.every, other.every)
        behind, off = divmod(other.first - self.first, common)
        if off:
            return None
        every = self.every * (other.every // common)
        times = behind * pow(self.every // common, -1, other.every // common)
        return Turn(every, (self.first + times * self.every) % every)


def reference_turns(config: TrainerConfig, registers: Registers) -> tuple[Turn, ...]:
    """A step measures C0 where it is one of these: its sample is new, or parameters that it sees may have
    changed. Sweeps that begin ahead see what the step before the last has changed; before step 0 the end of
    a window counts as such a change.
    """
    if config.reference_waits:
        seen = (registers.tau_theta,) if config.shadow else (registers.tau_theta, registers.tau_p)
        ahead = int(config.sweeps_ahead)
        return (Turn(registers.tau_x, 0), *(Turn(every, ahead % every) for every in seen))
    return () if config.analog else (Turn(1, 0),)


def references(config: TrainerConfig, registers: Registers, steps: int) -> int:
    """How many of the first ``steps`` steps measure C0: those that several turns have in common count once
    (inclusion and exclusion).
    """
    turns = reference_turns(config, registers)
    return sum(
        (-1) ** (size + 1) * common.below(steps)
        for size in range(1, len(turns) + 1)
        for some in itertools.combinations(turns, size)
        if (common := _in_common(some)) is not None
    )


def _in_common(turns: Sequence[Turn]) -> Turn | None:
    """The steps of all of them."""
    found: Turn | None = turns[0]
    for turn in turns[1:]:
        found = found.meets(turn) if found is not None else None
    return found


def in_turn(
    current: npt.NDArray[_Item], fresh: npt.NDArray[_Item], takes: Flags
) -> tuple[npt.NDArray[_Item], list[int]]:
    """Samples or codes for a run of steps, some of which take the next one.

    Parameters
    ----------
    current : ndarray
        (1, ...), what the step before worked with; (0, ...) before step 0.
    fresh : ndarray
        (count, ...), what comes next; ``count`` is the number of ones in ``takes``.
    takes : Flags
        (steps,), whether a step takes the next one first.

    Returns
    -------
    items : ndarray
        Both, one after the other; the last is the current one after these steps.
    at : list of int
        For every step the item it works with.
    """
    items = np.concatenate([current, fresh])
    return items, (np.cumsum(takes) + (len(current) - 1)).tolist()
