"""Samples that come one input a word: the words of their port, and which samples are whole."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
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


def words(config: TrainerConfig, samples: Dataset) -> Sequence[int]:
    """Every sample as the words of the port: x in the low bits, then the targets, the first one lowest, and
    on top whether it is input 0. Targets come with each input, though only those with the last one count.
    Inputs that are to be answered have none, and so their words.

    There may be millions of them, so they lie close together where a word has less than 64 bits.
    """
    width, each = config.formats.input.width, config.formats.target.width
    first = width + each * samples.target.shape[1]
    narrow = first < 63

    def fields(values: Ints, width: int) -> np.ndarray:
        masked: np.ndarray = values.astype(np.int64 if narrow else object) & ((1 << width) - 1)
        return masked

    targets = sum(column << (width + each * k) for k, column in enumerate(fields(samples.target, each).T))
    found = fields(samples.x, width)
    found |= np.reshape(targets, (-1, 1))
    found[:, 0] |= 1 << first
    return array("q", found.tobytes()) if narrow else found.ravel().tolist()


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
