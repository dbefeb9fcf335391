"""Which family perturbs: one source of codes for all, and the perturbations that the codes stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import Refused

from ..fixed import Bits, Ints, cast
from ..lfsr import States
from .external import ExternalCodes
from .random_code import RandomCodes
from .sequential import SequentialCodes
from .sinusoid import SinusoidCodes
from .sparse import SparseCodes
from .walsh import WalshCodes

__all__ = ["Codes", "codes", "signs"]

Codes = RandomCodes | SparseCodes | WalshCodes | SequentialCodes | SinusoidCodes | ExternalCodes


def codes(
    config: TrainerConfig, seed: States, perturbations: Ints | None = None, activity: States | None = None
) -> Codes:
    """The codes of ``config.perturbation.family`` from perturbation 0 on.

    Parameters
    ----------
    config : TrainerConfig
    seed : States
        (R,).
    perturbations : Ints, optional
        External codes only: (count, P), see :func:`mgd_sim.perturb.external.words`.
    activity : States, optional
        Sparse codes only: (R,), seeds of what is active, with bit 0 as it is.
    """
    family = config.perturbation.family
    if family == "external" and perturbations is None:
        raise Refused(['family = "external" needs perturbations'])
    if perturbations is not None:
        return ExternalCodes(config, perturbations)
    if config.sparse:
        assert activity is not None
        return SparseCodes(config, seed, activity)
    if family == "random_code":
        return RandomCodes(config, seed)
    if family == "walsh":
        return WalshCodes(config)
    if family == "sequential":
        return SequentialCodes(config)
    return SinusoidCodes(config, seed)


def signs(config: TrainerConfig, bits: Bits, kind: type[np.signedinteger[Any]] = np.int64) -> Ints:
    """In last bits of ``config.words.weight``, what each code adds to its parameter.

    A bit adds +1 or -1 amplitudes, sequential +1 and 0; a word of k bits an odd number of them in parts
    of ``2**-(k - 1)``. Of sparse codes bit 1 says whether there is anything at all. ``kind`` is that of the
    result.
    """
    sign: Ints = cast(bits, kind)
    if config.sparse:
        return (2 * (sign & 1) - 1) * (sign >> 1)
    if not config.sequential:
        sign *= 2
        sign += 1 - (1 << config.code_bits)
    return sign
