"""What happens in which step? The three time constants decide, each with its own counter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mgd_hdl.config import Registers, TrainerConfig

from ..fixed import Flags

__all__ = ["Plan", "plan"]


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
    changed. Two-sided, it is the minus side of every step. Without a shadow copy every update is
    seen at once, and counts as the end of a window.
    """
    step = np.arange(first, first + count)

    def starts(period: int) -> Flags:
        return np.asarray(step % period == 0)

    def ends(period: int) -> Flags:
        return np.asarray((step + 1) % period == 0)

    sample, code = starts(registers.tau_x), starts(registers.tau_p)
    refresh, refreshed = ends(registers.tau_theta), starts(registers.tau_theta)
    flush = refresh | ends(registers.tau_p)
    if not config.shadow:
        refresh, refreshed = flush, refreshed | code
    reference = np.full(count, True) if config.two_sided else sample | refreshed
    return Plan(sample=sample, code=code, reference=reference, flush=flush, refresh=refresh)
