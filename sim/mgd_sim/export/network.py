"""The network of one seed, read from ``NAME.parameters.npz``: all that an export needs, and no more.

The file may come from anywhere, so nothing in it is believed: names are checked, shapes have to fit, and what
is no finite number is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config.attached import Unreadable
from mgd_hdl.config.attached.parameters import KIND
from mgd_hdl.config.names import check_name
from mgd_hdl.config.number import Format

from ..float_mgd import Floats
from ..learned import DEFECTS

__all__ = ["PlainLayer", "PlainNetwork"]

Array = npt.NDArray[Any]

#: The largest slope of each activation.
_SLOPES = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "linear": 1.0}


@dataclass(frozen=True, eq=False)
class PlainLayer:
    """``y = offset + height f(gain (W x + b - shift))``; without defects ``y = f(W x + b)``.

    Attributes
    ----------
    weight, bias : Floats
        (out, in) and (out,).
    activation : str
    error : float
        How far the circuit's activation is from f, at most; of relu and linear within their limits.
    defects : dict of str to Floats
        (out,) each, by :data:`mgd_sim.learned.DEFECTS`; or none.
    """

    weight: Floats
    bias: Floats
    activation: str
    error: float
    defects: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def neurons(self) -> int:
        return len(self.bias)

    @property
    def inputs(self) -> int:
        return int(self.weight.shape[1])

    def departure(self, before: float) -> float:
        """How far the circuit's outputs are from these, at most, where its inputs are off by ``before``."""
        slope: Any = _SLOPES[self.activation]
        if self.defects:
            slope = slope * np.abs(self.defects["gain"] * self.defects["height"])
        return float(np.max(slope * np.abs(self.weight).sum(axis=1))) * before + self.error


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """One seed's network.

    Attributes
    ----------
    name : str
        The trainer's, a name of C too.
    seed, step : int
    layers : tuple of PlainLayer
    theta : ndarray
        (P,), the integers T, neuron by neuron, each one's bias last.
    parameter : Format
        Of T.
    """

    name: str
    seed: int
    step: int
    layers: tuple[PlainLayer, ...]
    theta: npt.NDArray[np.int64]
    parameter: Format

    @property
    def departure(self) -> float:
        """How far the circuit's outputs are from these at most, for inputs that its format holds exactly."""
        off = 0.0
        for layer in self.layers:
            off = layer.departure(off)
        return off

    @property
    def about(self) -> str:
        """A line for the files."""
        # Rounded to two digits, up.
        off = f"the circuit's outputs differ from this by {1.05 * self.departure:.2g} at most"
        if any(layer.activation in ("relu", "linear") for layer in self.layers):
            off += " while relu and linear stay within their formats"
        return f"{self.name}, seed {self.seed}, step {self.step:,}, in floating point; {off}"

    @classmethod
    def of(cls, arrays: Mapping[str, Array], seed: int | None = None) -> PlainNetwork:
        """From the arrays of a file, of this or the best seed; raises Unreadable."""
        if "kind" not in arrays or str(arrays["kind"]) != KIND:
            raise Unreadable("is no NAME.parameters.npz; mgd-hdl train and simulate write such files with -o")
        read = _Arrays(arrays)
        sizes = read.sizes()
        seeds = read.integers("seeds", (None,))
        best = read.number("best", len(seeds) - 1)
        row = best if seed is None else _row(seeds, seed)
        parameters = sum((before + 1) * neurons for before, neurons in pairwise(sizes))
        theta = read.integers("T", (len(seeds), parameters))[row]
        seen = read.integers("visible", (len(seeds), parameters))[row]
        layers, first = [], 0
        for index, (before, neurons) in enumerate(pairwise(sizes)):
            layer = read.layer(f"layer_{index}", before, neurons)
            if row != best:
                last = first + neurons * (before + 1)
                layer = _of_another_seed(layer, seen[first:last], read.format("visible"))
                first = last
            layers.append(layer)
        step = read.number("step", (1 << 63) - 1)
        return cls(read.name(), int(seeds[row]), step, tuple(layers), theta, read.format("parameter"))


def _row(seeds: Array, seed: int) -> int:
    rows = np.flatnonzero(seeds == seed)
    if not len(rows):
        raise Unreadable(f"holds no seed {seed}; it has {len(seeds)}, from {seeds.min()} to {seeds.max()}")
    return int(rows[0])


def _of_another_seed(layer: PlainLayer, seen: Array, visible: Format) -> PlainLayer:
    """The same layer with the numbers of another seed.

    What the network multiplies stands in the middle between two visible words; zero is a dead parameter, of
    every seed.
    """
    numbers = (2 * seen.reshape(layer.neurons, layer.inputs + 1) + 1) * (visible.step / 2)
    weight = np.where(layer.weight == 0, 0.0, numbers[:, :-1])
    return replace(layer, weight=weight, bias=np.where(layer.bias == 0, 0.0, numbers[:, -1]))


class _Arrays:
    """The arrays of a file, each with what it has to be."""

    def __init__(self, arrays: Mapping[str, Array]):
        self._arrays = arrays

    def _array(self, name: str, kinds: str, shape: tuple[int | None, ...]) -> Array:
        """``kinds`` are those of NumPy's types; None in a shape is any number from 1."""
        if name not in self._arrays:
            raise Unreadable(f"has no array {name}")
        found = self._arrays[name]
        if found.dtype.kind not in kinds:
            what = {"iu": "integers", "f": "real numbers", "U": "text"}[kinds]
            raise Unreadable(f"{name}: holds {found.dtype}; must hold {what}")
        fits = len(found.shape) == len(shape) and all(
            there == wanted if wanted is not None else there >= 1
            for there, wanted in zip(found.shape, shape, strict=True)
        )
        if not fits:
            wanted = ", ".join("any" if each is None else str(each) for each in shape)
            raise Unreadable(f"{name}: has the shape {found.shape}; must be ({wanted})")
        return found

    def integers(self, name: str, shape: tuple[int | None, ...]) -> npt.NDArray[np.int64]:
        return self._array(name, "iu", shape).astype(np.int64)

    def reals(self, name: str, shape: tuple[int | None, ...]) -> Floats:
        found = self._array(name, "f", shape)
        if not np.isfinite(found).all():
            raise Unreadable(f"{name}: holds NaN or infinite numbers")
        return found.astype(np.float64)

    def text(self, name: str) -> str:
        return str(self._array(name, "U", ()))

    def number(self, name: str, most: int) -> int:
        found = int(self.integers(name, ()))
        if not 0 <= found <= most:
            raise Unreadable(f"{name}: is {found}; must be a whole number from 0 to {most}")
        return found

    def sizes(self) -> list[int]:
        """Neurons per layer, inputs first."""
        sizes: list[int] = self.integers("layers", (None,)).tolist()
        if not (2 <= len(sizes) <= 9 and all(1 <= size <= 4096 for size in sizes)):
            raise Unreadable("layers: must hold 2 to 9 numbers of neurons, from 1 to 4096")
        return sizes

    def name(self) -> str:
        try:
            return check_name(self.text("name"))
        except ValueError as error:
            raise Unreadable(f"name: {error}") from None

    def format(self, name: str) -> Format:
        """One of the rows of ``formats``."""
        rows = dict(self._array("formats", "U", (None, 2)).tolist())
        try:
            return Format.parse(rows[name])
        except (KeyError, ValueError):
            raise Unreadable(f"formats: must tell that of {name}") from None

    def layer(self, name: str, inputs: int, neurons: int) -> PlainLayer:
        activation = self.text(f"{name}.activation")
        if activation not in _SLOPES:
            raise Unreadable(f"{name}.activation: must be one of {', '.join(_SLOPES)}")
        defects = {}
        if f"{name}.{DEFECTS[0]}" in self._arrays:
            defects = {each: self.reals(f"{name}.{each}", (neurons,)) for each in DEFECTS}
        return PlainLayer(
            self.reals(f"{name}.weight", (neurons, inputs)),
            self.reals(f"{name}.bias", (neurons,)),
            activation,
            float(self.reals(f"{name}.error", ())),
            defects,
        )
