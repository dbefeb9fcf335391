"""The array of all learning elements: how T of every parameter takes the words of an update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints, cast
from .cell import integrate
from .decay import decays
from .lanes import product_words
from .loaded import multiples
from .node import node_words

__all__ = ["Array"]


class Array:
    """T of P parameters in R replicas goes from hand to hand: (R, P), in ``config.words.parameter``."""

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.rail = config.levels.rail
        self.code_bits = config.code_bits

    def learn(self, theta: Ints, update: Ints, sign: Ints, inputs: Sequence[Ints] = ()) -> Ints:
        """All words of one update: ``update`` (R,), ``sign`` (R or 1, P).

        Node by node ``sign`` is (R or 1, N), and ``inputs`` are those of all layers.
        """
        update = cast(update, theta.dtype)
        words: Iterable[Ints]
        if inputs and self.config.bank:
            words = [product_words(self.config, update, sign, inputs)]
        elif inputs:
            words = node_words(self.config, update, sign, inputs)
        else:
            words = multiples(update, sign, self.code_bits)
        for word in words:
            theta = integrate(self.rail, theta, word)
        return theta

    def decay(self, theta: Ints, threshold: Ints, size: int, free: Ints) -> Ints:
        """Weight decay, see :mod:`mgd_sim.learn.decay`: ``threshold`` (R,); ``free`` 1 where T learns."""
        free = cast(free, theta.dtype)
        for word, taken in decays(threshold[:, None], size):
            theta = integrate(self.rail, theta, cast(taken(theta), theta.dtype) * word * free)
        return theta
