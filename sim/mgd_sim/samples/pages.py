"""Samples that come one input a word: the words of their port, and which samples are whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints
from ..tasks import Dataset

__all__ = ["Word", "words", "wholes"]


class Word(NamedTuple):
    """What comes in a clock: an input, the targets as one word, and whether it is input 0."""

    x: int
    target: int
    first: bool


def words(config: TrainerConfig, samples: Dataset) -> list[int]:
    """Every sample as the words of the port: x in the low bits, then the targets, the first one lowest, and
    on top whether it is input 0. Targets come with each input, though only those with the last one count.
    """
    x, target = (_fields(each, number.width) for each, number in (
        (samples.x, config.formats.input), (samples.target, config.formats.target)
    ))  # fmt: skip
    places = np.array([config.formats.target.width * k for k in range(config.outputs)], dtype=object)
    targets = (target << places).sum(axis=1) << config.formats.input.width
    found = x | targets[:, None]
    found[:, 0] |= 1 << (config.input_bits - 1)
    return [int(word) for word in found.ravel()]


def _fields(values: Ints, width: int) -> np.ndarray:
    """The low bits of integers, as Python's own."""
    masked: np.ndarray = values.astype(object) & ((1 << width) - 1)
    return masked


def wholes(taken: Iterable[Word], inputs: int) -> Iterator[tuple[list[int], int] | None]:
    """With each word the sample that is whole by it, its inputs and its targets, or None.

    A ``first`` begins a sample, whatever has come of the one before; where none has begun words are dropped.
    """
    held: list[int] = []
    for word in taken:
        if word.first:
            held = []
        elif not held:
            yield None
            continue
        held.append(word.x)
        yield (held, word.target) if len(held) == inputs else None
        if len(held) == inputs:
            held = []
