"""Parity of a few bits: is the number of ones odd? With two bits it is XOR."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from .dataset import Dataset, unpack

__all__ = ["parity"]


def parity(config: TrainerConfig) -> Dataset:
    """All ``2**inputs`` samples in the order in which the circuit's memory stores them."""
    words = np.array(config.shape.task_data.samples, dtype=np.int64)
    return Dataset(x=unpack(words[:, 0], config.inputs), target=unpack(words[:, 1], config.outputs))
