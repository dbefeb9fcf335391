"""Update noise: what a real memory adds to every parameter whenever it is written."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, cast, namespace, parity
from ..gaussian import gaussian, gaussian_limits
from ..lfsr import States, states

__all__ = ["UpdateNoise", "noise_masks"]


def noise_masks(config: TrainerConfig) -> States:
    """The register bits in every parameter's code of independent noise: (P,)."""
    # Cells of Walsh codes have no diagonal wire.
    diagonal = config.perturbation.family == "random_code"
    masks = []
    for place in config.placement.places:
        taps = config.codes.random_code.taps(place.row, place.column, place.diagonal)
        masks.append(sum(1 << bit for bit in (taps if diagonal else (taps[0], *taps[2:]))))
    return np.array(masks, dtype=np.uint32)


class UpdateNoise:
    """The words that follow each update.

    Parameters
    ----------
    config : TrainerConfig
    level : int
        k; 0 for none.
    seed, code_seed : States
        (R,), states of the two registers for the first update.
    """

    def __init__(self, config: TrainerConfig, level: int, seed: States, code_seed: States):
        self.level = level
        self.state, self.code_state = seed, code_seed
        self.mask = noise_masks(config) if config.independent_noise else None
        self.limits = gaussian_limits(level)

    def draw(self, count: int) -> tuple[Ints, States]:
        """The noise of the next ``count`` updates.

        Returns
        -------
        word : Ints
            (count, R), in ``config.words.update``.
        code : States
            (count, R) for :meth:`signs`; where all parameters take the same, (count, 0).
        """
        drawn = states(self.state, count + 1)
        self.state = drawn[-1]
        word = gaussian(drawn[:-1])
        word = word << (self.level - 1) if self.level else np.zeros_like(word)
        if self.mask is None:
            return word, drawn[:-1, :0]
        code = states(self.code_state, count + 1)
        self.code_state = code[-1]
        return word, code[:-1]

    def signs(self, code: States) -> Ints:
        """+1 or -1 for every parameter: (..., R, P), or (..., 1, 1) where all take the same."""
        xp = namespace(code)
        if self.mask is None:
            same: Ints = xp.ones((*code.shape[:-1], 1, 1), dtype=xp.int8)
            return same
        sign: Ints = 2 * cast(parity(code[..., None] & xp.asarray(self.mask)), np.int8) - 1
        return sign
