"""Sinusoidal codes: every parameter has its own frequency, on a grid of odd ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, Ints, cast, namespace
from ..lfsr import States, states
from ..moves import COUNT, Moves, Within
from . import CodeSource

__all__ = ["SinusoidCodes", "phases", "sinusoid"]


def phases(config: TrainerConfig, seed: States) -> Ints:
    """Every parameter's own phase, in units of ``2**-phase_bits`` of a cycle: (R, P).

    One state of the register after the other, the first for the last parameter.
    """
    drawn = states(seed, config.parameters)[::-1].T.astype(np.int64)
    return drawn & ((1 << config.codes.sinusoids.phase_bits) - 1)


def sinusoid(config: TrainerConfig, phase: Ints, step: Ints) -> Bits:
    """The code words.

    Parameters
    ----------
    config : TrainerConfig
    phase : Ints
        (R, P), from :func:`phases`.
    step : Ints
        (...,), perturbation numbers.

    Returns
    -------
    Bits
        (..., R, P), u of ``config.code_bits`` bits.
    """
    xp, wave = namespace(step), config.codes.sinusoids
    odds = xp.asarray(np.array(wave.odds))
    moved = step[..., None] * odds % wave.period << (wave.phase_bits - wave.period_bits)
    at = (moved[..., None, :] + xp.asarray(phase)) & ((1 << wave.phase_bits) - 1)
    positive = at < 1 << (wave.phase_bits - 1)
    if config.code_bits == 1:
        square: Bits = cast(positive, np.uint8)
        return square
    place = at >> (wave.phase_bits - wave.table_bits)
    half = 1 << (wave.table_bits - 1)
    place %= half
    magnitude = xp.asarray(np.array(wave.table))[xp.minimum(place, half - 1 - place)]
    top = 1 << (config.code_bits - 1)
    words: Bits = cast(xp.where(positive, top + magnitude, top - 1 - magnitude), np.uint8)
    return words


class SinusoidCodes(CodeSource):
    """The codes of R replicas, whose phases differ.

    Parameters
    ----------
    config : TrainerConfig
    seed : States
        (R,), of the phases.
    """

    #: What moves.
    MOVES: ClassVar[Moves] = {"step": COUNT}

    def __init__(self, config: TrainerConfig, seed: States):
        self.config = config
        self.phase = phases(config, seed)
        self.limits, self.tables = Within(0, config.codes.sinusoids.period - 1), (self.phase,)
        self.step = 0

    def draw(self, count: int) -> Ints:
        """The numbers of the next ``count`` perturbations within a period: (count,)."""
        step = np.arange(self.step, self.step + count)
        self.step += count
        return step % self.config.codes.sinusoids.period

    def words(self, draws: Ints) -> Bits:
        """The code words: (..., R, P)."""
        return sinusoid(self.config, self.phase, draws)
