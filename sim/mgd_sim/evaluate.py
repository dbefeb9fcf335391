"""How well does a network do on a set of samples? One rule for the circuit's twin and for floating point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .fixed import Flags, Ints, namespace
from .tasks import Dataset

__all__ = ["Evaluation", "Measure", "blocks", "evaluate", "right"]

#: Outputs (R, outputs, samples) and costs (R, samples) for x (inputs, samples) and targets.
Measure = Callable[[Ints, Ints], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
#: Mean cost (R,) and share of right answers (R,).
Evaluation = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

#: Numbers in one block of activations.
_BLOCK = 1 << 21


def right(y: npt.NDArray[Any], target: Ints, *, half: float, target_half: float) -> Flags:
    """Which answers are right?

    With several outputs the largest one answers, of equal ones the first; a single output answers
    by being at least one half.

    Parameters
    ----------
    y : ndarray
        (R, outputs, samples).
    target : Ints
        (outputs, samples).
    half, target_half : float
        What stands for one half in ``y`` and in ``target``.

    Returns
    -------
    Flags
        (R, samples).
    """
    xp = namespace(y)
    answers: Flags
    if y.shape[-2] > 1:
        answers = xp.argmax(y, axis=-2) == xp.argmax(target, axis=-2)
    else:
        answers = (y[:, 0, :] >= half) == (target[0, :] >= target_half)
    return answers


def blocks(count: int, numbers_per_sample: int) -> Iterator[slice]:
    """Samples for a network, as many at a time as memory takes; of none one empty block.

    ``numbers_per_sample`` is the size, per sample, of the largest array that is made of a block.
    """
    size = max(1, _BLOCK // numbers_per_sample)
    yield from (slice(first, first + size) for first in range(0, max(1, count), size))


def evaluate(
    measure: Measure, samples: Dataset, *, numbers_per_sample: int, half: float, target_half: float
) -> Evaluation:
    """Mean cost, in units of ``measure``, and accuracy over all samples, block by block.

    ``numbers_per_sample`` is that of :func:`blocks`. ``half`` and ``target_half`` are those of :func:`right`.
    """
    cost, accuracy = [], []
    for block in blocks(len(samples), numbers_per_sample):
        x = samples.x[block].astype(np.int64).T
        target = samples.target[block].astype(np.int64).T
        y, each = measure(x, target)
        cost.append(each.sum(axis=-1))
        accuracy.append(right(y, target, half=half, target_half=target_half).sum(axis=-1))
    return sum(cost) / len(samples), sum(accuracy) / len(samples)
