"""A pulse-density network: a number is how often a wire is one, a gate multiplies, a counter adds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .plant import Floats, Plant, dense_parameters, in_layers

__all__ = ["PulseDensity"]


class PulseDensity(Plant):
    """Dense layers; streams of so many clocks carry numbers from 0 to 1 as rates of ones.

    An AND gate of two independent streams has the product's rate, and an up-down counter adds and subtracts
    the ones of all products (Gaines, *Stochastic computing systems*, Advances in Information Systems Science
    2, 1969; trained by simultaneous perturbation on an FPGA by Maeda and Tada, IEEE Trans. Neural Networks
    14, 688, 2003). What a gate lets through in N clocks is binomial, so that is drawn; noise of a product of
    rate p is ``sqrt(p (1 - p) / N)``. The counter's value, a sum of weights times inputs again, becomes the
    rate of the next stream, limited at 0 and 1: ``1/2 + sum / 4``.

    Parameters
    ----------
    layers : sequence of int
        Inputs first.
    devices : sequence of int
    clocks : int
        N.
    limit : float
        The weight that a rate of one stands for.
    """

    def __init__(
        self,
        layers: Sequence[int],
        devices: Sequence[int],
        *,
        clocks: int = 1024,
        limit: float = 8.0,
        period: float = 1e-5,
    ):
        super().__init__(devices, dense_parameters(layers), period)
        self.layers, self.clocks, self.limit = tuple(layers), clocks, limit

    def set(self, parameters: Floats) -> None:
        self.weights = in_layers(np.clip(parameters / self.limit, -1, 1), self.layers)

    def outputs(self, x: Floats) -> Floats:
        y = np.clip(x, 0, 1)[:, None, :]
        for weight in self.weights:
            rate = np.concatenate([y, np.ones_like(y[..., :1])], axis=-1)[..., None, :] * np.abs(weight)
            counted = self.noise.binomial(self.clocks, rate) * np.sign(weight)
            z = counted.sum(axis=-1) * (self.limit / self.clocks)
            y = np.clip(0.5 + z / 4, 0, 1)
        return np.asarray(y)
