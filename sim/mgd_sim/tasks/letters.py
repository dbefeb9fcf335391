"""NIST7x7, re-created: letters N, I, S, T in a field of 7x7 pixels, up to two of them flipped."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mgd_hdl.config.tasks import LETTERS, letter_image

from ..fixed import Ints
from .dataset import Dataset, unpack

__all__ = ["FLIPS", "PIXELS", "flip_index", "letters"]

PIXELS = 49
#: No pixel flipped, each single one, each pair.
FLIPS = 1 + PIXELS + PIXELS * (PIXELS - 1) // 2


def _pairs() -> tuple[Ints, Ints]:
    first, second = np.triu_indices(PIXELS, 1)
    return first.astype(np.int64), second.astype(np.int64)


def flip_index() -> Ints:
    """The number of the flip that two words (a, b) below 64 ask for, -1 where they ask for none.

    A word below 49 names a pixel, and 49 none; equal words other than (0, 0) and (49, 49), which
    stand for no flip, are turned away. So every flip is asked for by exactly two pairs of words.

    Returns
    -------
    Ints
        (64, 64): 0 no flip, 1..49 pixel 0..48, then the pairs in lexical order.
    """
    index = np.full((64, 64), -1, dtype=np.int64)
    index[0, 0] = index[PIXELS, PIXELS] = 0
    single = np.arange(PIXELS)
    index[single, PIXELS] = index[PIXELS, single] = 1 + single
    first, second = _pairs()
    index[first, second] = index[second, first] = 1 + PIXELS + np.arange(len(first))
    return index


@lru_cache(maxsize=2)
def letters(*, centered: bool) -> Dataset:
    """All images, letter by letter, position by position, flip by flip: 44,136, or 4,904 centred.

    The target has one output per letter, 1 for the letter shown.
    """
    positions = [(1, 1)] if centered else [(down, right) for down in range(3) for right in range(3)]
    clean = np.array([[letter_image(k, *place) for place in positions] for k in range(len(LETTERS))])
    first, second = _pairs()
    flip = np.concatenate([[0], 1 << np.arange(PIXELS), (1 << first) | (1 << second)])
    words = (clean[..., None] ^ flip).reshape(-1)
    kind = np.repeat(1 << np.arange(len(LETTERS)), len(positions) * FLIPS)
    return Dataset(x=unpack(words, PIXELS), target=unpack(kind, len(LETTERS)))
