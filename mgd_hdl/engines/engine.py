"""The contract of an engine: how words, codes and measurements reach the parameters it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from amaranth.hdl import Const, Value

from ..config.network import LayerConfig
from ..config.trainer import TrainerConfig
from ..control.initializer import Initializer
from ..schedule import Settling
from ..site import Link, Site

__all__ = ["Broadcast", "Engine", "Passing"]


@dataclass
class Broadcast:
    """What goes to all cells, and for whom it is. What follows an update adds its own.

    Attributes
    ----------
    word, plus, minus : Value
        The word; it is for positive codes, or for negative ones.
    over : Value
        The last word of an update that ends a window leaves, or of what follows it; 0 where nothing does.
    tails : list of Value
        Each high while something that follows an update is on its way.
    """

    word: Value
    plus: Value
    minus: Value
    over: Value
    tails: list[Value] = field(default_factory=list)

    @property
    def tail(self) -> Value:
        """Any of them."""
        found = self.tails[0] if self.tails else Const(0, 1)
        for each in self.tails[1:]:
            found = found | each
        return found


@dataclass(frozen=True)
class Passing:
    """A measurement that passes a layer.

    Attributes
    ----------
    layer : LayerConfig
    clock : int
        Clocks since its command.
    port : Any
        The array's, for this layer.
    measured : Value
        It measures the perturbed cost.
    """

    layer: LayerConfig
    clock: int
    port: Any
    measured: Value


class Engine:
    """What holds the parameters: an initializer and an array of cells, which the core places.

    The core calls the methods in their order here; :meth:`passes` and :meth:`shakes` for each layer.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.initializer = Initializer(config)
        self.array: Any = self.cells(config)

    def cells(self, config: TrainerConfig) -> Any:
        """The array."""
        raise NotImplementedError

    def start(self, site: Site) -> None:
        """Every parameter is set after a restart."""
        site.m.d.comb += [
            self.initializer.start.eq(site.restart),
            self.initializer.seed.eq(site.ports.seed_initial),
            self.array.clear.eq(self.initializer.clear),
        ]

    @property
    def x_wait(self) -> int:
        """For how many clocks a sample waits for the weights of layer 0."""
        return self.config.timing.broadcast_latency - 1

    def weights(self, site: Site, network: Any) -> None:
        """The perturbed parameters go to the network's ports of the same names."""
        for layer in self.config.shape.layers:
            for name in layer.weight_ports:
                site.m.d.comb += getattr(network, name).eq(getattr(self.array, name))

    def broadcast(self, site: Site) -> Broadcast:
        """The words of an update, and before the first step those of the initializer."""
        homodyne = site.blocks["homodyne"]
        over: Value = Const(0, 1)
        if self.config.timing.tail_clocks:
            over = homodyne.minus & site.window_ends(site.spread_at)
        return Broadcast(homodyne.word | self.initializer.word, homodyne.plus, homodyne.minus, over)

    def words(self, site: Site, broadcast: Broadcast) -> None:
        """All words enter the array."""
        site.m.d.comb += self.array.word.eq(broadcast.word)

    def codes(self, site: Site, links: Sequence[Link], started: Value, hold_over: Value) -> None:
        """The code that meets the words enters the array; the next one after ``hold_over``."""
        raise NotImplementedError

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        """``updated``: a step's update has passed the wires to the cells, or is copied in the next clock."""
        raise NotImplementedError

    def resume(self, updated: Value, window_over: Value, arrives: Value) -> Value:
        """With a copy that follows: the next step may begin. ``arrives``: the copy is there."""
        return arrives

    def passes(self, site: Site, passing: Passing) -> None:
        """What a measurement needs of a layer's cells, beside its code and its rest."""

    def shakes(self, site: Site, links: Sequence[Link], passing: Passing, over: Value) -> None:
        """Where measurements overlap, the code that perturbs a layer enters; the next one after ``over``."""

    def begun(self, sequencer: Any) -> Value:
        """A step is beginning."""
        measure: Value = sequencer.measure
        return measure
