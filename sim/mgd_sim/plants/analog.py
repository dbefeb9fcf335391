"""An analog network whose neurons are not alike."""

from __future__ import annotations

from collections.abc import Sequence

from .plant import FUNCTIONS, Floats, Plant, dense_parameters, in_layers

__all__ = ["AnalogNetwork"]


class AnalogNetwork(Plant):
    """Dense layers, neuron k with the curve ``y0 + L f(K (z - x0))``.

    x0 and y0 are normal around 0, K and L around 1, each with the deviation ``spread`` (McCaughan et al.,
    *Multiplexed gradient descent*, APL Mach. Learn. 1, 026118, 2023, on activation defects; the same four as
    in ``imperfections.activation_spread``).

    Parameters
    ----------
    layers : sequence of int
        Inputs first.
    devices : sequence of int
    spread : float
    activation : str
        Of all layers, one of :data:`mgd_sim.plants.plant.FUNCTIONS`.
    read_noise : float
        Deviation of what is added to each output of a reading.
    """

    def __init__(
        self,
        layers: Sequence[int],
        devices: Sequence[int],
        *,
        spread: float = 0.0,
        activation: str = "sigmoid",
        read_noise: float = 0.0,
        period: float = 1e-6,
    ):
        super().__init__(devices, dense_parameters(layers), period)
        self.layers, self.read_noise = tuple(layers), read_noise
        self.function = FUNCTIONS[activation]
        # For each layer x0, y0, K - 1 and L - 1: (4, R, 1, neurons).
        self.defects = [spread * self.drawn(4, 1, neurons).swapaxes(0, 1) for neurons in self.layers[1:]]

    def set(self, parameters: Floats) -> None:
        self.weights = in_layers(parameters, self.layers)

    def outputs(self, x: Floats) -> Floats:
        y = x[:, None, :]
        for weight, (x0, y0, gain, height) in zip(self.weights, self.defects, strict=True):
            z = (weight[..., :-1] * y[..., None, :]).sum(axis=-1) + weight[..., -1]
            y = y0 + (1 + height) * self.function((1 + gain) * (z - x0))
        if self.read_noise:
            y = y + self.read_noise * self.noise.normal(size=y.shape)
        return y
