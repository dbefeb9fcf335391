"""Inference: what does the network answer to inputs that nobody trains it with?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import Refused

from ..evaluate import blocks
from ..fixed import Ints, fits
from .mlp import Mlp

__all__ = ["checked_inputs", "infer"]


def checked_inputs(config: TrainerConfig, x: npt.NDArray[Any]) -> Ints:
    """Inputs (N, inputs) as integers; raises Refused where they do not fit ``config.formats.input``."""
    format = config.formats.input
    if x.ndim != 2 or x.shape[1] != config.inputs:
        raise Refused([f"x has shape {x.shape}; it must be (count, {config.inputs})"])
    if x.dtype.kind not in "iu":
        raise Refused([f"x holds {x.dtype}; it must hold integers, last bits of {format}"])
    if not fits(x, format):
        raise Refused([f"x must stay within {format}: {format.min} to {format.max}"])
    whole: Ints = x.astype(np.int64)
    return whole


def infer(mlp: Mlp, weight: Ints, x: Ints) -> Ints:
    """The outputs for every input, block by block.

    Parameters
    ----------
    mlp : Mlp
    weight : Ints
        (R, P) in ``config.words.weight``, at rest.
    x : Ints
        (N, inputs) in ``config.formats.input``.

    Returns
    -------
    Ints
        (R, N, outputs) in the last layer's output format.
    """
    widest = max(dense.neurons for _, dense, _ in mlp.layers)
    found = [mlp(weight, x[block].T) for block in blocks(len(x), widest * len(weight))]
    answers: Ints = np.concatenate(found, axis=-1).swapaxes(-1, -2)
    return answers
