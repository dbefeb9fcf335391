"""What is left of the outputs: one number that says how wrong they are, and by how much it changed."""

from __future__ import annotations

import numpy as np

from ..fixed import Flags, Ints

__all__ = ["hot"]


def hot(target: Ints) -> Flags:
    """Which of the targets (..., outputs, samples) is the largest, of equal ones the first: one-hot."""
    outputs = np.arange(target.shape[-2])[:, None]
    return np.asarray(outputs == target.argmax(axis=-2)[..., None, :])
