"""How well does each perturbation family find the gradient? The angle between estimate and truth.

Parameters are held for longer than the run, so the updates only gather: what T has moved by is the
estimate. The truth is the backpropagated gradient of the same sample at the same parameters. For
random codes of T perturbations and P parameters theory says ``cos = 1 / sqrt(1 + (P - 1) / T)``; Walsh codes
after one period and sequential codes after P perturbations leave no angle but what the curvature of
the cost leaves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mgd_hdl.config import LFSR, SQ, TrainerConfig
from mgd_hdl.config.codes import Family

from ..float_mgd import FloatMgd, FloatNetwork, Floats
from ..learn.cell import forward_weight
from ..trainer import Trainer

__all__ = ["circuit_cosines", "float_cosines", "held", "law"]


def law(parameters: int, steps: int, share: float = 1.0) -> float:
    """The cosine expected of random codes, of which a share of the parameters is shaken at a time."""
    return 1 / math.sqrt(1 + (parameters - 2 + 1 / share) / steps)


def held(base: TrainerConfig, family: Family, amplitude: float, share: float = 1.0) -> TrainerConfig:
    """The configuration for one long look at one sample: only the perturbation changes, and T gathers.

    T gets all the guard bits there can be, and the rate is the lowest that drops no bit of an update:
    so T stays off its rails for longest.
    """
    integer_bits = base.words.parameter.integer_bits
    config = base.replaced(formats={"parameter": str(SQ(integer_bits, LFSR.leap - integer_bits))})
    longest = (1 << config.learning.tau_bits) - 1
    times = {"tau_x": longest, "tau_p": 1, "tau_theta": longest}
    perturbation = {"family": family, "amplitude": amplitude, "share": share}
    shaken = config.replaced(perturbation=perturbation, learning=times)
    return shaken.replaced(learning={"rate": 2.0**-shaken.levels.gain})


def float_cosines(config: TrainerConfig, seeds: Sequence[int], checkpoints: Sequence[int]) -> Floats:
    """Cosines of floating-point estimates made with the circuit's own codes.

    Parameters
    ----------
    config : TrainerConfig
        From :func:`held`.
    seeds : sequence of int
        One per replica: start, sample and codes.
    checkpoints : sequence of int
        Rising numbers of perturbations, below tau_theta.

    Returns
    -------
    Floats
        (checkpoints, R); 0 where there is no estimate yet.
    """
    learner = FloatMgd(config, seeds, circuit_codes=True)
    return _cosines(learner, learner.visible, checkpoints)


def circuit_cosines(config: TrainerConfig, seeds: Sequence[int], checkpoints: Sequence[int]) -> Floats:
    """Cosines of the circuit's estimates, bit for bit; arguments as for :func:`float_cosines`.

    The truth is taken where the network stands at rest: in the middle of the interval that the
    visible bits stand for.
    """
    trainer = Trainer(config, seeds)
    return _cosines(
        trainer,
        forward_weight(trainer.visible, 0, config.words.fine_bits).astype(np.float64)
        * config.words.weight.step,
        checkpoints,
    )


def _cosines(learner: FloatMgd | Trainer, rest: Floats, checkpoints: Sequence[int]) -> Floats:
    start = learner.theta
    rows = []
    for steps in checkpoints:
        learner.run(steps - learner.step)
        truth = _gradient(learner, rest)
        moved = (start - learner.theta).astype(np.float64)
        lengths = np.linalg.norm(moved, axis=1) * np.linalg.norm(truth, axis=1)
        rows.append((moved * truth).sum(axis=1) / np.where(lengths, lengths, 1))
    return np.array(rows)


def _gradient(learner: FloatMgd | Trainer, rest: Floats) -> Floats:
    """The gradient of each replica's sample at its parameters at rest: (R, P)."""
    formats, samples, shown = learner.config.formats, learner.samples, learner.current_sample
    x = samples.x[shown] * formats.input.step
    target = samples.target[shown] * formats.target.step
    return FloatNetwork(learner.config).gradient(rest, x[..., None], target[..., None])
