"""The letter generator: which image does a state of the random register stand for?"""

from __future__ import annotations

import numpy as np

from ..fixed import Ints
from ..tasks.letters import FLIPS, flip_index

__all__ = ["CANDIDATE_BITS", "letter_table"]

CANDIDATE_BITS = 18


def letter_table(*, centered: bool) -> Ints:
    """For :class:`~mgd_sim.samples.draw.Draw`: the image of every candidate, or -1.

    A candidate is, low bits first, the letter (2 bits), down and right (2 bits each, 3 is turned
    away; ignored if ``centered``) and two words of 6 bits that choose the flipped pixels, see
    :func:`~mgd_sim.tasks.letters.flip_index`. Each image is the choice of equally many candidates.

    Returns
    -------
    Ints
        (2**18,), indices into :func:`mgd_sim.tasks.letters.letters`.
    """
    candidate = np.arange(1 << CANDIDATE_BITS)
    letter, down, right = candidate & 3, (candidate >> 2) & 3, (candidate >> 4) & 3
    flip = flip_index()[(candidate >> 6) & 63, (candidate >> 12) & 63]
    if centered:
        return np.where(flip >= 0, letter * FLIPS + flip, -1)
    usable = (flip >= 0) & (down != 3) & (right != 3)
    return np.where(usable, (9 * letter + 3 * down + right) * FLIPS + flip, -1)
