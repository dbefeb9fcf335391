"""The network's numbers under the names that PyTorch gives those of a chain of layers."""

from __future__ import annotations

import io

import numpy as np

from .network import PlainNetwork

__all__ = ["npz"]


def npz(network: PlainNetwork) -> bytes:
    """An ``.npz`` with ``0.weight`` (out, in), ``0.bias`` (out,), ``2.weight``, ...: single precision.

    So ``torch.nn.Sequential(Linear, activation, Linear, activation)`` calls them; an activation, also that of
    a linear layer, has a number and no numbers of its own.
    """
    arrays = {}
    for index, layer in enumerate(network.layers):
        arrays[f"{2 * index}.weight"] = layer.weight.astype(np.float32)
        arrays[f"{2 * index}.bias"] = layer.bias.astype(np.float32)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()
