"""The array of all learning elements: T of every parameter, and the copy that the network sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Ints
from .cell import integrate, visible
from .decay import decays
from .follower import followed, settled
from .loaded import multiples
from .node import node_words

__all__ = ["Array"]


class Array:
    """T of P parameters in R replicas.

    ``visible`` is what the network sees. It is refreshed at the end of a window; a circuit without
    a shadow copy has no such registers, and there every update is the end of a window. With delayed
    updates the copy of a layer holds T as it was ``config.timing.delay(layer)`` steps before. With
    ``config.follow`` the copy only comes nearer to T.

    Parameters
    ----------
    config : TrainerConfig
    theta : Ints
        (R, P), the initial T, in ``config.words.parameter``.

    Attributes
    ----------
    theta : Ints
        (R, P), T, in ``config.words.parameter``.
    visible : Ints
        (R, P), in ``config.words.visible``.
    copy : Ints
        (R, P), with ``config.follow`` the whole copy in ``config.words.copied``; otherwise (R, 0).
    """

    def __init__(self, config: TrainerConfig, theta: Ints):
        self.config = config
        self.rail = config.levels.rail
        self.guard_bits = config.words.guard_bits
        self.code_bits = config.code_bits
        self.theta = theta
        self.visible = visible(theta, self.guard_bits)
        self.follow = config.follow
        self.copy = settled(self.visible, self.follow) if self.follow else theta[:, :0]
        self._delays: list[tuple[slice, int]] = []
        if config.delayed:
            self._delays = [
                (slice(layer.first, layer.first + layer.parameters), config.timing.delay(layer.index))
                for layer in config.shape.layers
            ]
            depth = 1 + max(delay for _, delay in self._delays)
            # T after step m stands at m % depth; before that the initial T is found there.
            self._history = np.repeat(theta[None], depth, axis=0)

    def learn(self, update: Ints, sign: Ints, inputs: Sequence[Ints] = ()) -> None:
        """All words of one update: ``update`` (R,), ``sign`` (R or 1, P).

        Node by node ``sign`` is (R or 1, N), and ``inputs`` are those of all layers.
        """
        if inputs:
            words = node_words(self.config, update, sign, inputs)
        else:
            words = multiples(update, sign, self.code_bits)
        for word in words:
            self.theta = integrate(self.rail, self.theta, word)

    def decay(self, threshold: Ints, size: int, free: Ints) -> None:
        """Weight decay, see :mod:`mgd_sim.learn.decay`: ``threshold`` (R,); ``free`` 1 where T learns."""
        for word, taken in decays(threshold[:, None], size):
            self.theta = integrate(self.rail, self.theta, word * taken(self.theta) * free)

    def end_step(self, step: int, refresh: bool) -> None:
        """After the update of ``step``: keep what delayed copies will need, refresh the copy."""
        if not self._delays:
            if refresh and self.follow:
                self.copy = followed(self.copy, visible(self.theta, self.guard_bits), self.follow)
                self.visible = self.copy >> self.follow
            elif refresh:
                self.visible = visible(self.theta, self.guard_bits)
            return
        depth = len(self._history)
        self._history[step % depth] = self.theta
        if refresh:
            self.visible = np.empty_like(self.theta)
            for part, delay in self._delays:
                old = self._history[(step - delay) % depth, :, part]
                self.visible[:, part] = visible(old, self.guard_bits)
