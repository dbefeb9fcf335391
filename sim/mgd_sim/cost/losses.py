"""Which loss judges the outputs: one of four, with the same arguments."""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from .absolute_error import AbsoluteError
from .cross_entropy import CrossEntropy
from .hinge import Hinge
from .squared_error import SquaredError

__all__ = ["LOSSES", "Loss", "loss"]

Loss = SquaredError | AbsoluteError | CrossEntropy | Hinge

LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "cross_entropy": CrossEntropy,
    "hinge": Hinge,
}


def loss(config: TrainerConfig) -> Loss:
    """That of ``config.loss``."""
    return LOSSES[config.loss](config)
