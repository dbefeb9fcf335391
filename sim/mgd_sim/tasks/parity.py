"""Parity of a few bits: is the number of ones odd? With two bits it is XOR."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config.tasks import Task

from .dataset import Dataset, unpack

__all__ = ["parity"]


def parity(task: Task) -> Dataset:
    """All ``2**inputs`` samples in the order in which the circuit's memory stores them."""
    words = np.array(task.samples, dtype=np.int64)
    return Dataset(x=unpack(words[:, 0], task.inputs), target=unpack(words[:, 1], task.outputs))
