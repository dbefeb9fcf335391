"""Where samples come from: one source of sample indices for memory, generator and stream."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..lfsr import States
from .draw import Draw
from .letters import letter_table
from .memory import Epochs, Plain, random_table

__all__ = ["Source", "source"]

Source = Draw | Epochs | Plain


def source(config: TrainerConfig, seed: States, count: int) -> Source:
    """The sample indices of ``config.task`` from the first on.

    Parameters
    ----------
    config : TrainerConfig
    seed : States
        (R,), states of the register "sample".
    count : int
        Samples there are. A stream shows them in their order, again and again.
    """
    task, data = config.task, config.shape.task_data
    if task.source == "generator":
        return Draw(letter_table(centered=data.generator == "centered_letters"), seed)
    if task.source == "stream" or task.order == "plain":
        return Plain(count, len(seed))
    if task.order == "epoch":
        return Epochs(count, data.index_bits, seed)
    return Draw(random_table(count, data.index_bits), seed)
