"""The folded network: how both sides of the first layer come from one product for each parameter.

All sums are exact, so a folded network answers as :class:`mgd_sim.network.mlp.Mlp` does, which is its twin in
a trainer. Here is what it adds up instead in its first layer, where both sides have the same inputs.
"""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints
from .dense import Dense

__all__ = ["both_sides"]


def both_sides(config: TrainerConfig, visible: Ints, sign: Ints, x: Ints) -> tuple[Ints, Ints]:
    """The sums of the first layer for the reference and for the perturbed measurement.

    Parameters
    ----------
    visible : Ints
        (..., parameters of the layer), the upper bits of T.
    sign : Ints
        The same shape: +1 or -1, or 0 where a parameter rests.
    x : Ints
        (..., inputs, samples) in ``config.formats.input``.

    Returns
    -------
    tuple of Ints
        (..., neurons, samples) in the layer's ``sum``: ``A - B``, or one-sided A, and ``A + B``, where A is
        the sum of all weights at rest and B that of all inputs with their signs.
    """
    layer = Dense(config.shape.layers[0], floats=False)
    middle, shaken = layer(4 * visible + 2, x), layer(sign, x)
    return middle - shaken if config.two_sided else middle, middle + shaken
