"""The tasks as arrays: every sample there is, in a fixed order."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from .dataset import Dataset
from .letters import letters
from .parity import parity

__all__ = ["Dataset", "dataset"]


def dataset(config: TrainerConfig) -> Dataset:
    """All samples of ``config.task``, which must have some; sample indices everywhere in the twin point
    into it.

    Targets are in ``formats.target``, where a one has all fraction bits below it.
    """
    task = config.task_data
    if task.external:
        raise ValueError(f'task "{task.name}" has no samples of its own')
    if task.generator is None:
        bits = parity(config)
    else:
        bits = letters(centered=task.generator == "centered_letters")
    return Dataset(bits.x, bits.target.astype(np.int64) << config.formats.target.fraction_bits)
