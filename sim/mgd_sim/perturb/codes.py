"""Which family perturbs: one source of code bits for all three, and the signs the bits stand for."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Bits, Ints
from ..lfsr import States
from .random_code import RandomCodes
from .sequential import SequentialCodes
from .walsh import WalshCodes

__all__ = ["Codes", "codes", "signs"]

Codes = RandomCodes | WalshCodes | SequentialCodes


def codes(config: TrainerConfig, seed: States) -> Codes:
    """The codes of ``config.perturbation.family`` from perturbation 0 on; ``seed`` is (R,)."""
    if config.perturbation.family == "random_code":
        return RandomCodes(config, seed)
    if config.perturbation.family == "walsh":
        return WalshCodes(config)
    return SequentialCodes(config)


def signs(config: TrainerConfig, bits: Bits) -> Ints:
    """In amplitudes, what each bit adds to its parameter: +1 and -1, sequential +1 and 0."""
    sign = bits.astype(np.int64)
    return sign if config.sequential else 2 * sign - 1
