"""The parameters of a network from an ``.npz`` file: those of ``mgd-hdl train``, or of other programs.

Other programs call a layer's arrays ``NAME.weight``, of shape (out, in), and ``NAME.bias``, (out,), where
NAME holds one number, which only orders the layers: ``layer_0.weight``, or ``0.weight``, ``0.bias``,
``2.weight`` as the state of a chain of layers has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..number import Format
from .arrays import Array
from .arrays import npz as arrays_of
from .files import Unreadable

__all__ = ["KIND", "Found", "parameters"]

#: Stands in every ``NAME.parameters.npz``.
KIND = "mgd_hdl parameters 1"

_NAME = re.compile(r"(\D*)([0-9]{1,9})(\D*)\.(weight|bias)")
_NAMES = "must be layer_0.weight, layer_0.bias, layer_1.weight, ... or 0.weight, 0.bias, 2.weight, ..."


@dataclass(frozen=True)
class Found:
    """What a file holds, neuron by neuron, the weights of each first and its bias last.

    Attributes
    ----------
    numbers : tuple of int or of float
        Finite.
    format : Format or None
        Of integers: what one is worth. None for floats, which are what they are.
    """

    numbers: tuple[int, ...] | tuple[float, ...]
    format: Format | None


def parameters(data: bytes, sizes: Sequence[int]) -> Found:
    """From a file, for a network with so many neurons per layer, inputs first; raises Unreadable."""
    arrays = arrays_of(data)
    if "kind" in arrays:
        return _own(arrays, sizes)
    layers = []
    for (before, neurons), names in zip(pairwise(sizes), _layers(arrays, len(sizes) - 1), strict=True):
        weight, bias = (_reals(arrays, name) for name in names)
        _shaped(names[0], weight, (neurons, before))
        _shaped(names[1], bias, (neurons,))
        layers.append(np.concatenate([weight, bias[:, None]], axis=1).ravel())
    return Found(tuple(np.concatenate(layers).tolist()), None)


def _own(arrays: Mapping[str, Array], sizes: Sequence[int]) -> Found:
    """The integers of the best seed."""
    if str(arrays["kind"]) != KIND:
        raise Unreadable(f"kind: is not {KIND!r}")
    try:
        layers = arrays["layers"].tolist()
        formats = dict(arrays["formats"].tolist())
        theta, best = arrays["T"], int(arrays["best"])
        own = str(formats["parameter"])
    except (KeyError, ValueError, TypeError):
        raise Unreadable("lacks one of layers, formats, T and best, or one of them is damaged") from None
    try:
        format = Format.parse(own)
    except ValueError as reason:
        raise Unreadable(f"formats: {reason}") from None
    if layers != list(sizes):
        raise Unreadable(f"is of a network {layers}; must be of {list(sizes)}")
    count = sum((before + 1) * neurons for before, neurons in pairwise(sizes))
    if theta.dtype.kind not in "iu" or theta.ndim != 2 or not 0 <= best < len(theta):
        raise Unreadable("T: must hold integers, one row for each seed, and best be the number of one")
    _shaped("T", theta, (len(theta), count))
    return Found(tuple(theta[best].tolist()), format)


def _layers(arrays: Mapping[str, Array], count: int) -> list[tuple[str, str]]:
    """The names of weight and bias, layer by layer."""
    numbers: dict[int, str] = {}
    for name in arrays:
        found = _NAME.fullmatch(name)
        if found is None:
            raise Unreadable(f"array {name!r} is of no layer; names {_NAMES}")
        layer = name.rpartition(".")[0]
        if numbers.setdefault(int(found[2]), layer) != layer:
            raise Unreadable(
                f"arrays of {numbers[int(found[2])]} and {layer} have one number; names {_NAMES}"
            )
    if len(numbers) != count:
        raise Unreadable(f"holds {len(numbers)} layers; must hold the {count} behind the inputs")
    return [(f"{numbers[number]}.weight", f"{numbers[number]}.bias") for number in sorted(numbers)]


def _reals(arrays: Mapping[str, Array], name: str) -> Array:
    if name not in arrays:
        raise Unreadable(f"has no array {name!r}")
    found = arrays[name]
    if found.dtype.kind not in "iuf":
        raise Unreadable(f"{name}: holds entries of type {found.dtype}; must hold numbers")
    reals = found.astype(np.float64)
    if not np.isfinite(reals).all():
        raise Unreadable(f"{name}: holds NaN or infinite numbers")
    return reals


def _shaped(name: str, array: Array, shape: tuple[int, ...]) -> None:
    if array.shape == shape:
        return
    wanted = ", ".join(map(str, shape))
    turned = " (outputs first: it is transposed)" if array.shape == shape[::-1] and len(shape) == 2 else ""
    raise Unreadable(f"{name}: has the shape {array.shape}; must be ({wanted}){turned}")
