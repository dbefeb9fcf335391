"""What every simulated device has: many of a kind at once, a clock of its own, and draws of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

__all__ = ["FUNCTIONS", "Floats", "Plant", "dense_parameters", "in_layers"]

Floats = npt.NDArray[np.float64]

#: What neurons make of their sums.
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": lambda z: 0.5 + 0.5 * np.tanh(0.5 * z),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "linear": lambda z: z,
    "square": np.square,
}


def dense_parameters(layers: Sequence[int]) -> int:
    """Weights and biases of dense layers, inputs first."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(layers))


def in_layers(parameters: Floats, layers: Sequence[int]) -> list[Floats]:
    """Parameters (..., P), neuron by neuron with each bias last, as matrices (..., outputs, inputs + 1)."""
    found, first = [], 0
    for inputs, outputs in pairwise(layers):
        count = (inputs + 1) * outputs
        part = parameters[..., first : first + count]
        found.append(part.reshape(*parameters.shape[:-1], outputs, inputs + 1))
        first += count
    return found


class Plant:
    """R devices of one kind, which differ in what was drawn for each.

    All are written and read in one call: parameters (R, measurements, P), inputs (R, inputs), outputs (R,
    measurements, outputs). A single device may be given parameters (P,) and inputs (inputs,) too, as anybody
    else's.

    Parameters
    ----------
    devices : sequence of int
        Numbers of devices: another one has other defects, the same one always the same.
    parameters : int
        P of one device.
    period : float
        Seconds that one reading takes; the device's time goes on by so much.

    Attributes
    ----------
    time : float
        Seconds since the device was made.
    noise : numpy.random.Generator
        For whatever differs from reading to reading.
    """

    vectorised: ClassVar[bool] = True

    def __init__(self, devices: Sequence[int], parameters: int, period: float = 1e-6):
        self.devices, self.replicas = list(devices), len(devices)
        self.parameters, self.period, self.time = parameters, period, 0.0
        self._draws = [np.random.default_rng([0x6D6764, number]) for number in self.devices]
        self.noise = np.random.default_rng([0x6E, *self.devices])
        self._single = False

    def drawn(self, *shape: int) -> Floats:
        """(R, ...), standard normal numbers that belong to each device."""
        return np.array([rng.normal(size=shape) for rng in self._draws])

    def write(self, parameters: npt.ArrayLike) -> None:
        """Sets the parameters, (R, measurements, P) or (P,)."""
        given = np.asarray(parameters, dtype=np.float64)
        self._single = given.ndim == 1
        if given.shape[-1] != self.parameters or (self._single and self.replicas > 1):
            raise ValueError(
                f"parameters have shape {given.shape}; must be ({self.replicas}, measurements,"
                f" {self.parameters})"
            )
        self.set(given[None, None] if self._single else given)

    def read(self, inputs: npt.ArrayLike) -> Floats:
        """Outputs for inputs (R, inputs) or (inputs,); the device's time goes on."""
        x = np.asarray(inputs, dtype=np.float64)
        self.time += self.period
        y = self.outputs(x[None] if self._single else x)
        return y[0, 0] if self._single else y

    def wait(self, seconds: float) -> None:
        """So much time passes, in which nobody measures."""
        self.time += seconds

    def set(self, parameters: Floats) -> None:
        """Takes parameters (R, measurements, P)."""
        raise NotImplementedError

    def outputs(self, x: Floats) -> Floats:
        """(R, measurements, outputs) for inputs (R, inputs)."""
        raise NotImplementedError
