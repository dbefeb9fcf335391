"""Samples from outside, through the circuit's stream port: do they fit its formats?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import Refused

from ..fixed import fits
from ..tasks import Dataset, dataset

__all__ = ["checked", "no_samples", "task_samples"]


def checked(config: TrainerConfig, samples: Dataset) -> Dataset:
    """The same samples; raises Refused where a shape or an integer does not fit the ports."""
    formats = config.formats
    for name, given, columns, format in (
        ("x", samples.x, config.inputs, formats.input),
        ("target", samples.target, config.outputs, formats.target),
    ):
        if given.ndim != 2 or given.shape[1] != columns or len(given) != len(samples) or not len(given):
            raise Refused([f"samples.{name} has shape {given.shape}; it must be (count, {columns})"])
        if given.dtype.kind not in "iu":
            raise Refused([f"samples.{name} holds {given.dtype}; it must hold integers"])
        if not fits(given, format):
            raise Refused([f"samples.{name} must stay within {format}: {format.min} to {format.max}"])
    return samples


def task_samples(config: TrainerConfig, streamed: Dataset | None) -> Dataset:
    """All samples of a run: ``streamed`` if they come through the port, else those of the task."""
    if config.task.source != "stream":
        if streamed is not None:
            raise Refused([f'samples need task.source = "stream", not "{config.task.source}"'])
        return dataset(config)
    if streamed is None and config.shape.task_data.file:
        return dataset(config)
    if streamed is None:
        raise Refused(['task.source = "stream" needs samples'])
    return checked(config, streamed)


def no_samples(config: TrainerConfig) -> Dataset:
    """For a device outside that gives its own cost: the one sample of which nobody takes notice."""
    return Dataset(*(np.zeros((1, count), dtype=np.int64) for count in (config.inputs, config.outputs)))
