"""A network on crossbars of resistive memory: cells that differ, are written with noise, and drift."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from .plant import FUNCTIONS, Floats, Plant, dense_parameters, in_layers

__all__ = ["Crossbar", "currents"]


class Crossbar(Plant):
    """Dense layers; a weight is the difference of two cells' conductances, ``w = (G+ - G-) / g``.

    A column's current is ``I = sum G V`` (Ohm and Kirchhoff). Cells are written open loop, by pulses in
    proportion to the change that is asked for, as where nobody reads back between pulses:

    - *variation*: a cell's conductance moves by its own factor of that change,
      ``exp(variation x normal)``, the log-normal spread between devices.
    - *write noise*: a change dG comes out as ``dG (1 + write_noise x normal)``, anew each time.
    - *limits*: conductances stay within 0 and ``limit``, in units of weights.
    - *drift*: ``G(t) = G(t0) (t / t0)**-nu``, as phase-change memory does, with a nu of each cell, normal
      around ``drift`` with 30 % of it (such cells: Joshi et al., Nature Communications 11, 2473, 2020). Time
      counts from when the device was made, and t0 is ``drift_start``.
    - *read noise*: each output's current has so much noise, in weights times full inputs.

    Parameters
    ----------
    layers : sequence of int
        Inputs first.
    devices : sequence of int
    variation, write_noise, read_noise, drift : float
    drift_start : float
        t0 in seconds.
    limit : float
        The largest weight of a cell.
    activation : str
        Of all layers.
    resistance : float
        Of a wire from cell to cell, in units of 1 / g; see :func:`currents`. 0: wires without, which is much
        faster.
    """

    def __init__(
        self,
        layers: Sequence[int],
        devices: Sequence[int],
        *,
        variation: float = 0.0,
        write_noise: float = 0.0,
        read_noise: float = 0.0,
        drift: float = 0.0,
        drift_start: float = 1.0,
        limit: float = 8.0,
        activation: str = "sigmoid",
        resistance: float = 0.0,
        period: float = 1e-6,
    ):
        super().__init__(devices, dense_parameters(layers), period)
        self.layers, self.limit, self.resistance = tuple(layers), limit, resistance
        self.write_noise, self.read_noise = write_noise, read_noise
        self.function = FUNCTIONS[activation]
        # Cells are (R, 1, 2, P): those of G+, then those of G-.
        self.factor = np.exp(variation * self.drawn(1, 2, self.parameters))
        self.nu = drift * (1 + 0.3 * self.drawn(1, 2, self.parameters)) if drift else None
        self.start = drift_start
        #: Conductances now, and the weights that were asked for last.
        self.cells = np.zeros((self.replicas, 1, 2, self.parameters))
        self.asked = np.zeros((self.replicas, 1, self.parameters))
        self._drifted = 0.0

    def set(self, parameters: Floats) -> None:
        self._drift()
        asked = np.concatenate([self.asked, parameters], axis=1)
        # A weight's positive part is in G+, what is below zero in G-.
        pair = np.stack([np.diff(np.maximum(sign * asked, 0), axis=1) for sign in (1, -1)], axis=2)
        move = self.factor * pair
        if self.write_noise:
            move = move * (1 + self.write_noise * self.noise.normal(size=move.shape))
        # One measurement after the other; most often none of them meets a limit. Sums along a short axis in
        # the midst take NumPy three times as long as these.
        moved = list(accumulate(move[:, number] for number in range(move.shape[1])))
        cells = self.cells + np.stack(moved, axis=1)
        if cells.min() < 0 or cells.max() > self.limit:
            last, parts = self.cells[:, 0], []
            for number in range(move.shape[1]):
                last = np.clip(last + move[:, number], 0, self.limit)
                parts.append(last)
            cells = np.stack(parts, axis=1)
        self.written = cells
        self.cells, self.asked = cells[:, -1:], parameters[:, -1:]

    def outputs(self, x: Floats) -> Floats:
        if self.nu is not None:
            self._drift()
        y = x[:, None, :]
        pairs = [in_layers(self.written[:, :, sign], self.layers) for sign in (0, 1)]
        for plus, minus in zip(*pairs, strict=True):
            driven = np.concatenate([y, np.ones_like(y[..., :1])], axis=-1)
            if self.resistance:
                driven = np.broadcast_to(driven, (*plus.shape[:2], driven.shape[-1]))
                z = currents(plus, driven, self.resistance) - currents(minus, driven, self.resistance)
            else:
                z = ((plus - minus) * driven[..., None, :]).sum(axis=-1)
            if self.read_noise:
                z = z + self.read_noise * self.noise.normal(size=z.shape)
            y = np.broadcast_to(self.function(z), (*plus.shape[:2], plus.shape[2]))
        return y

    def _drift(self) -> None:
        if self.nu is None or self.time == self._drifted:
            return
        factor = ((self.start + self.time) / (self.start + self._drifted)) ** -self.nu
        self.cells = self.cells * factor
        if hasattr(self, "written"):
            self.written = self.written * factor
        self._drifted = self.time


def currents(conductance: Floats, voltage: Floats, resistance: float) -> Floats:
    """Column currents of a crossbar whose wires have resistance: the nodal equations, solved.

    Row wires are driven at one end, column wires are held at 0 V at the other; between two neighbouring
    cells, and at each of these ends, a wire has the resistance (Chen, *A comprehensive crossbar array model*,
    IEEE Trans. Electron Devices 60, 1318, 2013). Without it this is ``G V``.

    Parameters
    ----------
    conductance : Floats
        (..., columns, rows).
    voltage : Floats
        (..., rows).
    resistance : float
        Of a piece of wire.

    Returns
    -------
    Floats
        (..., columns).
    """
    columns, rows = conductance.shape[-2:]
    wire = 1 / resistance
    size = rows * columns
    # Nodes of rows first, then those of columns; (row, column) is number row * columns + column.
    fixed = np.zeros((2 * size, 2 * size))
    for row in range(rows):
        for column in range(columns):
            node = row * columns + column
            fixed[node, node] += wire  # to the left, the driver for the first
            if column:
                _join(fixed, node, node - 1, wire)
            below = size + node
            fixed[below, below] += wire  # downwards, ground for the last
            if row + 1 < rows:
                _join(fixed, below, below + columns, wire)
    given = np.swapaxes(conductance, -1, -2).reshape(*conductance.shape[:-2], size)
    matrix = np.broadcast_to(fixed, (*given.shape[:-1], 2 * size, 2 * size)).copy()
    node = np.arange(size)
    matrix[..., node, node] += given
    matrix[..., node + size, node + size] += given
    matrix[..., node, node + size] -= given
    matrix[..., node + size, node] -= given
    driven = np.zeros((*given.shape[:-1], 2 * size))
    driven[..., :size:columns] = wire * voltage
    potential = np.linalg.solve(matrix, driven[..., None])[..., 0]
    found: Floats = potential[..., 2 * size - columns :] * wire
    return found


def _join(matrix: Floats, one: int, other: int, wire: float) -> None:
    """A wire between two nodes, of which the first has already been given the conductance to it."""
    matrix[other, other] += wire
    matrix[one, other] -= wire
    matrix[other, one] -= wire
