"""The tasks as arrays: every sample there is, in a fixed order."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import ConfigError, Problem, TrainerConfig
from mgd_hdl.config.errors import shown

from .dataset import Dataset
from .letters import letters
from .parity import parity

__all__ = ["Dataset", "dataset", "judging"]


def dataset(config: TrainerConfig) -> Dataset:
    """All samples of ``config.task`` that are learned from, which must have some; sample indices everywhere
    in the twin point into it.

    Targets are in ``formats.target``, where a one has all fraction bits below it.
    """
    task = config.shape.task_data
    if task.file:
        return Dataset(config.data.train.x, config.data.train.target)
    if task.external:
        raise ConfigError(
            [
                Problem(
                    "task.name",
                    shown(task.name),
                    'has no samples of its own; give yours: --samples FILE, task.name = "file", or in Python'
                    " mgd_sim.trainer.Trainer(config, seeds, samples=mgd_sim.tasks.Dataset(x, target))",
                )
            ]
        )
    if task.generator is None:
        bits = parity(config)
    else:
        bits = letters(centered=task.generator == "centered_letters")
    return Dataset(bits.x, bits.target.astype(np.int64) << config.formats.target.fraction_bits)


def judging(config: TrainerConfig) -> Dataset | None:
    """The samples that the task's accuracy is of; None where these are those that are learned from."""
    test = config.data.test if config.shape.task_data.file else None
    return None if test is None else Dataset(test.x, test.target)
