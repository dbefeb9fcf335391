"""Where parameters are: T, what the network sees of it, and what a delayed copy still has to show.

One store serves all engines: whatever cells a circuit has, they hold the same integers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mgd_hdl.config import TrainerConfig

from .fixed import Ints, namespace
from .learn.cell import visible
from .learn.follower import followed, settled
from .network.dense import MANY

__all__ = ["Copies", "Store", "whole_type"]


class Store(NamedTuple):
    """The parameters of R replicas.

    Attributes
    ----------
    theta : Ints
        (R, P), T, in ``config.words.parameter``.
    visible : Ints
        (R, P), what the network sees, in ``config.words.visible``.
    copy : Ints
        (R, P), with ``config.follow`` the whole copy in ``config.words.copied``; otherwise (R, 0).
    history : tuple of Ints
        With delayed updates T after the last steps, the newest first, (R, P) each; before step 0 the
        initial T. Otherwise none.
    """

    theta: Ints
    visible: Ints
    copy: Ints
    history: tuple[Ints, ...]


def whole_type(config: TrainerConfig, narrow: bool = True) -> type[np.signedinteger[Any]]:
    """Of integers for T and for all that is as large: the narrowest in which every step of a sum fits, where
    that is asked for.

    With few parameters what counts is not the size but the calls, and a change of type is one.
    The largest product is that of :func:`mgd_sim.learn.integrator.integrate`: a word, at most 2**(W - 2),
    times a side, at most 2**(W - 2 - rail).
    """
    if config.parameters < MANY or not narrow:
        return np.int64
    words, width = config.words, config.words.parameter.width
    product = 2 * (width - 1) - config.levels.rail
    widest = max(width, product, words.weight.width, words.copied.width + 1 if config.follow else 0)
    if widest <= 16:
        return np.int16
    return np.int32 if widest <= 32 else np.int64


class Copies:
    """What the network sees of T: itself, a copy taken at the end of each window, or one that follows it.

    Without a shadow copy every update is the end of a window. With delayed updates the copy of a layer
    holds T as it was ``config.timing.delay(layer)`` steps before; in a bank every step sees T as it was so
    many steps before. ``narrow`` is that of :func:`whole_type`.
    """

    def __init__(self, config: TrainerConfig, narrow: bool = True):
        self.guard_bits = config.words.guard_bits
        self.follow = config.follow
        self.moves = config.timing.settle_moves if config.follow else 0
        self.type = whole_type(config, narrow)
        self.delays: list[tuple[slice, int]] = []
        if config.delayed:
            self.delays = [
                (slice(layer.first, layer.first + layer.parameters), config.timing.delay(layer.index))
                for layer in config.shape.layers
            ]
        self.depth = 1 + max(delay for _, delay in self.delays) if self.delays else 0
        #: Every step sees what the step before the last one has changed, whatever ended in between.
        self.ahead = config.sweeps_ahead

    def start(self, theta: Ints) -> Store:
        """At step 0, with the initial T."""
        theta = np.ascontiguousarray(theta, dtype=self.type)
        seen = visible(theta, self.guard_bits)
        copy = settled(seen, self.follow) if self.follow else theta[:, :0]
        return Store(theta, seen, copy, (theta,) * self.depth)

    def paused(self, store: Store) -> Store:
        """As a trainer is that stood still until all of its steps were done: no update is on its way. A copy
        stays as it was until the end of a window.
        """
        seen = visible(store.theta, self.guard_bits) if self.ahead else store.visible
        return store._replace(visible=seen, history=(store.theta,) * self.depth)

    def held(self, store: Store, theta: Ints, seen: Ints | None = None) -> Store:
        """As a trainer is whose host has written T while it stood still: the network sees it, or ``seen``.

        A copy that follows has come to T from where it was.
        """
        theta = theta.astype(self.type)
        shown = visible(theta, self.guard_bits) if seen is None else seen.astype(self.type)
        copy = store.copy
        for _ in range(self.moves if seen is None else 0):
            copy = followed(copy, shown, self.follow)
        return Store(theta, shown, copy, (theta,) * self.depth)

    def step(self, store: Store, theta: Ints, refresh: bool) -> Store:
        """After a step that has changed T: kept is what delayed copies will need, and the copy refreshed."""
        history = (theta, *store.history[:-1]) if self.depth else ()
        if not (refresh or self.ahead):
            return Store(theta, store.visible, store.copy, history)
        if self.follow:
            copy = followed(store.copy, visible(theta, self.guard_bits), self.follow)
            return Store(theta, copy >> self.follow, copy, history)
        if self.delays:
            parts = [visible(history[delay][:, part], self.guard_bits) for part, delay in self.delays]
            return Store(theta, namespace(theta).concat(parts, axis=1), store.copy, history)
        return Store(theta, visible(theta, self.guard_bits), store.copy, history)
