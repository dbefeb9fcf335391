"""What happens in which step? The three time constants decide, each with its own counter."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig

from ..fixed import Flags

__all__ = ["Plan", "in_turn", "plan", "reference_periods", "references"]


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
    for period in reference_periods(config, registers):
        reference |= starts(period)
    return Plan(
        sample=starts(registers.tau_x),
        code=starts(registers.tau_p),
        reference=reference,
        flush=flush,
        refresh=refresh,
    )


def reference_periods(config: TrainerConfig, registers: Registers) -> tuple[int, ...]:
    """A step measures C0 where its number is a multiple of one of these."""
    if config.reference_waits:
        seen = (registers.tau_theta,) if config.shadow else (registers.tau_theta, registers.tau_p)
        return (registers.tau_x, *seen)
    return () if config.analog else (1,)


def references(config: TrainerConfig, registers: Registers, steps: int) -> int:
    """How many of the first ``steps`` steps measure C0.

    Of each of some periods, and of the least common multiple of several, there are ceil(steps / period)
    multiples; what several have in common counts once (inclusion and exclusion).
    """
    periods = reference_periods(config, registers)
    return sum(
        -((-1) ** size) * -(-steps // math.lcm(*some))
        for size in range(1, len(periods) + 1)
        for some in itertools.combinations(periods, size)
    )


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
