"""Update noise: what a real memory adds to every parameter whenever it is written."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, parity
from ..gaussian import gaussian
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

    def take(self, count: int) -> tuple[Ints, Ints]:
        """The noise of the next ``count`` updates.

        Returns
        -------
        word : Ints
            (count, R), in ``config.words.update``.
        sign : Ints
            (count, R, P) or (count, 1, 1), +1 or -1.
        """
        drawn = states(self.state, count + 1)
        self.state = drawn[-1]
        word = gaussian(drawn[:-1])
        word = word << (self.level - 1) if self.level else np.zeros_like(word)
        if self.mask is None:
            return word, np.ones((count, 1, 1), dtype=np.int64)
        code = states(self.code_state, count + 1)
        self.code_state = code[-1]
        return word, 2 * parity(code[:-1, :, None] & self.mask).astype(np.int64) - 1
