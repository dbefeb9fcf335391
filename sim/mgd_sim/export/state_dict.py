"""The network's numbers under the names that PyTorch gives those of a chain of layers."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np

from ..float_mgd import Floats
from .network import PlainNetwork

__all__ = ["npz", "packed"]


def npz(network: PlainNetwork) -> bytes:
    """An ``.npz`` with ``0.weight`` (out, in), ``0.bias`` (out,), ``2.weight``, ...: single precision.

    So ``torch.nn.Sequential(Linear, activation, Linear, activation)`` calls them; an activation, also that of
    a linear layer, has a number and no numbers of its own.
    """
    return packed((layer.weight, layer.bias) for layer in network.layers)


def packed(layers: Iterable[tuple[Floats, Floats]]) -> bytes:
    """The same of weights (out, in) and biases (out,), layer by layer."""
    arrays = {}
    for index, (weight, bias) in enumerate(layers):
        arrays[f"{2 * index}.weight"] = weight.astype(np.float32)
        arrays[f"{2 * index}.bias"] = bias.astype(np.float32)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()
