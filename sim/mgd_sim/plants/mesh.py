"""A mesh of Mach-Zehnder interferometers: light through 2 x 2 blocks, two phases each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .plant import Floats, Plant

__all__ = ["Mesh", "arrangement"]

Fields = npt.NDArray[np.complex128]


def arrangement(modes: int) -> list[tuple[int, ...]]:
    """For each column of blocks the upper modes of its blocks: even and odd columns in turn.

    The rectangle of Clements et al., *Optimal design for universal multiport interferometers*, Optica 3, 1460
    (2016): N columns, N (N - 1) / 2 blocks.
    """
    return [tuple(range(column % 2, modes - 1, 2)) for column in range(modes)]


class Mesh(Plant):
    """N modes in, N powers out; parameters are phases theta and phi of each block, in radians.

    A block is a phase phi on its upper arm, a coupler, a phase theta on its upper arm, a coupler. Of a
    coupler ``[[c, i s], [i s, c]]`` with c the cosine of ``pi / 4 + error``; without error the block is
    Clements's ``i e^{i theta / 2} [[e^{i phi} sin, cos], [e^{i phi} cos, -sin]]``, both of theta / 2. Powers
    do not depend on phases behind the last column, so there are none.

    Inputs are powers; their fields enter in phase. Phase shifters have heaters, whose crosstalk adds a part
    of the phases of the neighbours in the same column.

    Parameters
    ----------
    modes : int
        N.
    devices : sequence of int
    splitting : float
        Deviation of couplers' errors, in radians.
    phase_error : float
        Deviation of what every phase has been given by fabrication, in radians.
    crosstalk : float
        Part of a phase that each neighbour above and below gets.
    loss : float
        Power that a block takes, in parts.
    read_noise : float
        Of each output, in parts of full power.
    """

    def __init__(
        self,
        modes: int,
        devices: Sequence[int],
        *,
        splitting: float = 0.0,
        phase_error: float = 0.0,
        crosstalk: float = 0.0,
        loss: float = 0.0,
        read_noise: float = 0.0,
        period: float = 1e-6,
    ):
        self.modes, self.columns = modes, arrangement(modes)
        blocks = sum(map(len, self.columns))
        super().__init__(devices, 2 * blocks, period)
        self.read_noise, self.kept, self.crosstalk = read_noise, np.sqrt(1 - loss), crosstalk
        #: (R, 1, blocks, 2), angles of the two couplers of each block.
        self.angles = np.pi / 4 + splitting * self.drawn(1, blocks, 2)
        self.offsets = phase_error * self.drawn(1, blocks, 2)

    def set(self, parameters: Floats) -> None:
        phases = parameters.reshape(*parameters.shape[:2], -1, 2) + self.offsets
        if self.crosstalk:
            spread = phases.copy()
            first = 0
            for column in self.columns:
                part = slice(first, first + len(column))
                spread[:, :, part][:, :, 1:] += self.crosstalk * phases[:, :, part][:, :, :-1]
                spread[:, :, part][:, :, :-1] += self.crosstalk * phases[:, :, part][:, :, 1:]
                first += len(column)
            phases = spread
        self.phases = phases

    def fields(self, given: Fields) -> Fields:
        """Fields (R, measurements, N) behind the last column, of those at the inputs."""
        field = np.broadcast_to(given, (*self.phases.shape[:2], self.modes)).copy()
        first = 0
        for column in self.columns:
            part, upper = slice(first, first + len(column)), list(column)
            lower = [mode + 1 for mode in upper]
            first += len(column)
            above, below = field[..., upper], field[..., lower]
            for phase, coupler in ((1, 0), (0, 1)):
                above = above * np.exp(1j * self.phases[:, :, part, phase])
                c, s = np.cos(self.angles[:, :, part, coupler]), np.sin(self.angles[:, :, part, coupler])
                above, below = c * above + 1j * s * below, 1j * s * above + c * below
            field[..., upper], field[..., lower] = self.kept * above, self.kept * below
        return field

    def outputs(self, x: Floats) -> Floats:
        power = np.square(np.abs(self.fields(np.sqrt(np.maximum(x, 0))[:, None, :].astype(np.complex128))))
        if self.read_noise:
            power = power + self.read_noise * self.noise.normal(size=power.shape)
        return np.asarray(power, dtype=np.float64)
