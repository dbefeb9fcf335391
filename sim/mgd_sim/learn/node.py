"""Node perturbation: what the codes of neurons shake, and the words by which weights learn from inputs.

+D goes to the weights of neurons with positive code whose input has bit 0, +2 D to those with bit 1, and so
on; then -D and its multiples to those of neurons with negative code. A signed input's top bit counts
negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, cast, namespace, requantize, reshaped

__all__ = ["node_words", "parts", "spread"]

_Number = TypeVar("_Number", bound=np.generic)


def spread(config: TrainerConfig, sign: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """From a sign for each neuron (..., N) to one for each parameter (..., P): only biases are shaken."""
    xp, neurons = namespace(sign), sign.shape[-1]
    at = np.full(config.parameters, neurons)  # a zero behind the signs
    at[list(config.shape.biases)] = np.arange(neurons)
    shaken: npt.NDArray[_Number] = xp.take(
        xp.concat([sign, xp.zeros_like(sign[..., :1])], axis=-1), xp.asarray(at), axis=-1
    )
    return shaken


def parts(config: TrainerConfig, inputs: Sequence[Ints]) -> list[Ints]:
    """The inputs of every layer, and a 1 for its bias, in units of ``2**-config.words.unit_shift``, rounded
    down.

    Parameters
    ----------
    inputs : sequence of Ints
        For each layer (R, inputs), in its input's format; what follows them counts no more.

    Returns
    -------
    list of Ints
        For each layer (R, inputs + 1), of ``config.words.multiples`` bits.
    """
    found = []
    for layer, x in zip(config.shape.layers, inputs, strict=True):
        xp = namespace(x)
        own = cast(x[:, : layer.inputs], np.int64)
        counted = requantize(own, layer.input.fraction_bits, config.words.unit_shift)
        found.append(xp.concat([counted, xp.full_like(own[:, :1], 1 << config.words.unit_shift)], axis=1))
    return found


def node_words(config: TrainerConfig, update: Ints, sign: Ints, counted: Sequence[Ints]) -> Iterator[Ints]:
    """The words each cell takes, one after the other; their sum is ``update * sign * input``.

    Parameters
    ----------
    update : Ints
        (R,), D in ``config.words.update``.
    sign : Ints
        (R or 1, N), the code of each neuron, +1 or -1.
    counted : sequence of Ints
        From :func:`parts`.

    Yields
    ------
    Ints
        (R, P), in ``config.words.word``; 0 where a cell takes none.
    """
    xp = namespace(update)
    for side in (1, -1):
        for bit in range(config.words.multiples):
            picks, first = [], 0
            for layer, x in zip(config.shape.layers, counted, strict=True):
                code = sign[:, first : first + layer.neurons]
                first += layer.neurons
                negative = layer.input.signed and bit == config.words.multiples - 1
                rows = code == (-side if negative else side)
                taken = rows[:, :, None] & ((x[:, None, :] >> bit & 1) != 0)
                picks.append(reshaped(taken, (taken.shape[0], -1)))
            yield (side * update << bit)[:, None] * cast(xp.concat(picks, axis=1), update.dtype)
