"""Samples in a flash memory: which ones does its content stand for?"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.flash import FlashSamples

from ..fixed import Ints
from ..tasks import Dataset

__all__ = ["held"]


def held(config: TrainerConfig, flash: FlashSamples, content: bytes) -> Dataset:
    """The samples of a memory's whole content, in the order in which they are shown, again and again.

    That of step n is number floor(n / tau_x) modulo their count, from 0 in each try, as of a stream.
    """
    bits = np.unpackbits(np.frombuffer(content, dtype=np.uint8, offset=flash.first)).astype(np.int64)
    lowest_first = bits[: flash.count * flash.bits].reshape(flash.count, flash.bits)[:, ::-1]
    inputs, width = config.inputs * config.formats.input.width, config.formats.input.width
    if config.paged:
        # From the lowest bit on: the last input, the targets, and the other inputs from behind.
        x, targets, before = np.split(lowest_first, (width, flash.bits - inputs + width), axis=1)
        turned = before.reshape(flash.count, config.inputs - 1, width)[:, ::-1].reshape(flash.count, -1)
        lowest_first = np.concatenate((turned, x, targets), axis=1)
    return Dataset(
        _integers(lowest_first[:, :inputs], config.inputs, config.formats.input.signed),
        _integers(lowest_first[:, inputs:], config.outputs, config.formats.target.signed),
    )


def _integers(bits: Ints, each: int, signed: bool) -> Ints:
    """(count, each * width) to (count, each), lowest bit first."""
    found = bits.reshape(len(bits), each, -1)
    width = found.shape[2]
    weights = 1 << np.arange(width, dtype=np.int64)
    weights[-1] *= -1 if signed else 1
    return found @ weights
