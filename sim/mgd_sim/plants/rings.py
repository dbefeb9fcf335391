"""A photonic network of microring weight banks, tuned by heaters that warm their neighbours too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .plant import FUNCTIONS, Floats, Plant

__all__ = ["Rings", "ports"]


def ports(phase: Floats, coupling: float, loss: float) -> tuple[Floats, Floats]:
    """Power of the through port and of the drop port of an add-drop ring, in parts of the input's.

    ``T = (r^2 a^2 - 2 r^2 a cos p + r^2) / N`` and ``D = (1 - r^2)^2 a / N`` with
    ``N = 1 - 2 r^2 a cos p + r^4 a^2``: Bogaerts et al., *Silicon microring resonators*, Laser and Photonics
    Reviews 6, 47 (2012), equations for two equal couplers of self-coupling r.

    Parameters
    ----------
    phase : Floats
        Of a round trip, 0 on resonance.
    coupling : float
        r, the amplitude that stays in its waveguide.
    loss : float
        a, the amplitude that is left after a round trip; 1 without loss.
    """
    r2 = coupling**2
    below = 1 - 2 * r2 * loss * np.cos(phase) + r2 * r2 * loss * loss
    through = (r2 * loss * loss - 2 * r2 * loss * np.cos(phase) + r2) / below
    drop = (1 - r2) ** 2 * loss / below
    return through, drop


class Rings(Plant):
    """Dense layers of rings; a weight is what balanced detectors see of a carrier, ``T_drop - T_through``.

    Of a weight bank (Tait et al., *Microring weight banks*, IEEE J. Sel. Top. Quantum Electron. 22, 312,
    2016; trained by the same rule on silicon by Guo et al., arXiv 2506.18041, 2025) a ring's phase is

    ``p = offset + k_h (P_own + crosstalk sum P_neighbour / distance) + k_t dT``

    with heater powers ``P = R I^2``, in phases. Only heaters of one bank, the rings of one neuron, warm each
    other. Phases are counted in half widths of the resonance, at which half of the light is dropped, so that
    ``w`` is nearly ``2 / (1 + p^2) - 1``. Heaters follow their power with a first-order time constant.

    A parameter is the drive: the current is ``1 + parameter``, in units of the bias, so that a negative one
    heats less than the bias does. At the bias a ring stands on the slope, near weight zero.

    Parameters
    ----------
    layers : sequence of int
        Inputs first.
    devices : sequence of int
    activations : sequence of str
        Of each layer, in electronics behind the detectors.
    bias : bool
        Whether a neuron has a carrier of its own that is always on.
    crosstalk : float
        Part of a heater's effect that its next neighbour gets; it falls with the distance.
    variation : float
        Deviation of offsets, in half widths.
    tuning : float
        Half widths per unit of heater power at the bias.
    per_kelvin : float
        Half widths that a ring moves per kelvin of the chip. Silicon moves by some 0.08 nm, and rings of
        weight banks are some 0.4 nm wide, so that 0.4 is typical.
    gain : float
        Of the amplifier behind the detectors: the largest weight.
    time_constant : float
        Of heaters, in seconds; 0 for none.
    settle : float
        Seconds from a change to the reading.
    read_noise : float
        Of each sum, in parts of a full input.
    threshold : float
        What electronics take off each output of the last layer.

    Attributes
    ----------
    temperature : Floats
        (R,), kelvin above where the chip was calibrated; may be set at any time.
    """

    #: r and a of a ring: a finesse of about 60, little loss.
    COUPLING, LOSS = 0.975, 0.999

    def __init__(
        self,
        layers: Sequence[int],
        devices: Sequence[int],
        *,
        activations: Sequence[str] = ("linear",),
        bias: bool = False,
        crosstalk: float = 0.1,
        variation: float = 0.3,
        tuning: float = 2.0,
        per_kelvin: float = 0.4,
        gain: float = 1.0,
        time_constant: float = 0.0,
        settle: float = 1e-5,
        read_noise: float = 0.0,
        threshold: float = 0.0,
        period: float = 1e-5,
    ):
        self.layers, self.bias = tuple(layers), bias
        counts = [(inputs + bias) * outputs for inputs, outputs in pairwise(layers)]
        super().__init__(devices, sum(counts), period)
        self.functions = [FUNCTIONS[each] for each in activations]
        if len(self.functions) != len(counts):
            raise ValueError(f"activations: must be {len(counts)}, one for each layer")
        self.tuning, self.per_kelvin, self.gain = tuning, per_kelvin, gain
        self.read_noise, self.crosstalk, self.threshold = read_noise, crosstalk, threshold
        self.kept = float(np.exp(-settle / time_constant)) if time_constant else 0.0
        self.temperature = np.zeros(self.replicas)
        self.offset = variation * self.drawn(1, self.parameters)
        r2a = self.COUPLING**2 * self.LOSS
        #: Radians of a half width: where the resonance has fallen to a half.
        self.half_width = float(np.arccos(1 - (1 - r2a) ** 2 / (2 * r2a)))
        self._places()
        self.power = np.ones((self.replicas, 1, self.parameters))

    def _places(self) -> None:
        """What each heater does to each ring: P x P is small, or many banks of few."""
        sizes = [inputs + self.bias for inputs, outputs in pairwise(self.layers) for _ in range(outputs)]
        self.banks, first = [], 0
        for size in sizes:
            apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
            warm = np.where(apart == 0, 1.0, self.crosstalk / np.maximum(apart, 1))
            self.banks.append((slice(first, first + size), warm))
            first += size

    def set(self, parameters: Floats) -> None:
        wanted = np.square(1 + parameters)
        parts = []
        for number in range(wanted.shape[1]):
            self.power = wanted[:, number : number + 1] + self.kept * (
                self.power - wanted[:, number : number + 1]
            )
            parts.append(self.power)
        self.powers = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    def detuning(self) -> Floats:
        """(R, measurements, P), of every ring, in half widths."""
        warm = np.empty_like(self.powers)
        for part, matrix in self.banks:
            warm[..., part] = self.powers[..., part] @ matrix.T
        # At the bias, and without neighbours, a ring is one half width away: its weight is zero.
        return self.offset + 1 + self.tuning * (warm - 1) + self.per_kelvin * self.temperature[:, None, None]

    def weights(self) -> Floats:
        """(R, measurements, P), what the detectors see of each carrier."""
        through, drop = ports(self.detuning() * self.half_width, self.COUPLING, self.LOSS)
        return self.gain * (drop - through)

    def outputs(self, x: Floats) -> Floats:
        return self.answers(x[:, None, :])[:, :, 0]

    def answers(self, x: Floats) -> Floats:
        """Outputs (R, measurements, samples, outputs) for inputs (R or 1, samples, inputs)."""
        y, first, weights = x[:, None], 0, self.weights()
        for function, (inputs, outputs) in zip(self.functions, pairwise(self.layers), strict=True):
            count = (inputs + self.bias) * outputs
            weight = weights[..., first : first + count].reshape(*weights.shape[:2], outputs, -1)
            first += count
            z = y @ weight[..., :inputs].swapaxes(-1, -2)
            if self.bias:
                z = z + weight[..., None, :, -1]
            if self.read_noise:
                z = z + self.read_noise * self.noise.normal(size=z.shape)
            y = function(z)
        return y - self.threshold

    def tuning_power(self) -> Floats:
        """(R, measurements), heater power in units of that of one ring at its bias."""
        total: Floats = self.powers.sum(axis=-1)
        return total

    def second(self) -> Floats:
        """The mean heater power of a ring, as a second cost: to be kept low while the task is learned."""
        power = self.tuning_power() / self.parameters
        return power[0, 0] if self._single else power
