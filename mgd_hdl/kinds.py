"""Kinds of blocks among which a configuration chooses by name."""

from __future__ import annotations

from typing import Any

from .config.trainer import TrainerConfig
from .cost.absolute_error import AbsoluteError
from .cost.baseline import Baseline
from .cost.cross_entropy import CrossEntropy
from .cost.highpass import HighPass
from .cost.hinge import Hinge
from .cost.squared_error import SquaredError
from .perturb.external import External
from .perturb.random_code import RandomCode
from .perturb.sequential import Sequential
from .perturb.sinusoid import Sinusoid
from .perturb.walsh import Walsh
from .samples.letters import Letters
from .samples.memory import SampleMemory
from .samples.pages import SamplePages
from .samples.stream import SampleStream

__all__ = ["change_block", "code_block", "loss_block", "source_block"]

_CODES = {
    "random_code": RandomCode,
    "walsh": Walsh,
    "sequential": Sequential,
    "sinusoidal": Sinusoid,
    "square": Sinusoid,
    "external": External,
}
_LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "cross_entropy": CrossEntropy,
    "hinge": Hinge,
}
_SOURCES = {"memory": SampleMemory, "generator": Letters, "stream": SampleStream}
_CHANGES = {"discrete": Baseline, "analog": HighPass}


def code_block(config: TrainerConfig) -> Any:
    """A generator of codes."""
    return _CODES[config.perturbation.family](config)


def loss_block(config: TrainerConfig) -> Any:
    """From outputs and targets to the cost."""
    return _LOSSES[config.loss](config)


def source_block(config: TrainerConfig) -> Any:
    """Where samples come from."""
    return SamplePages(config) if config.paged else _SOURCES[config.task.source](config)


def change_block(config: TrainerConfig) -> Any:
    """From costs to the cost change; its ``MARK`` names the measurements that are not perturbed alone."""
    return _CHANGES[config.learning.algorithm](config)
