"""The tasks as arrays: every sample there is, in a fixed order."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from .dataset import Dataset
from .letters import letters
from .parity import parity

__all__ = ["Dataset", "dataset"]


def dataset(config: TrainerConfig) -> Dataset:
    """All samples of ``config.task``; sample indices everywhere in the twin point into it."""
    task = config.task_data
    if task.generator is None:
        return parity(task)
    return letters(centered=task.generator == "centered_letters")
