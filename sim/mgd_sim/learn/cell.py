"""The learning element of one parameter: what the forward pass sees of T, and how T learns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints
from .homodyne import homodyne
from .integrator import integrate

__all__ = ["forward_weight", "homodyne", "integrate", "learning", "resting_weight", "visible"]


def visible(theta: Ints, guard_bits: int) -> Ints:
    """The upper bits of T, in ``config.words.visible``: what the forward pass sees."""
    return theta >> guard_bits


def forward_weight(visible: Ints, perturbation: Ints | int, code_bits: int = 1) -> Ints:
    """The perturbed parameter: visible bits, then ``10`` at rest, ``11`` for +1, ``01`` for -1.

    Parameters
    ----------
    visible : Ints
        Any shape, in ``config.words.visible``.
    perturbation : Ints or int
        Broadcast against ``visible``; 0 or an odd number between ``+-2**code_bits``, in last bits of
        ``config.words.weight``.
    code_bits : int
        ``config.code_bits``; one more stand below the visible bits.

    Returns
    -------
    Ints
        In ``config.words.weight``.
    """
    return resting_weight(visible, code_bits) + perturbation


def resting_weight(visible: Ints, code_bits: int = 1) -> Ints:
    """The same at rest."""
    rest = visible << (code_bits + 1)
    rest |= 1 << code_bits
    return rest


def learning(config: TrainerConfig, devices: Sequence[int] | None = None) -> Ints:
    """1 for every parameter that learns, 0 where it is stuck: (1, P), or (R, P) for R devices."""
    free = np.ones((1 if devices is None else len(devices), config.parameters), dtype=np.int64)
    for row, device in enumerate([None] if devices is None else devices):
        free[row, list(config.shape.stuck(device))] = 0
    return free
