"""The contract of an engine: how words, codes and measurements reach the parameters it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from amaranth.hdl import Cat, Const, Value

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
    entering : Value
        It measures this or another one, or nothing: an answer.
    """

    layer: LayerConfig
    clock: int
    port: Any
    measured: Value
    entering: Value


class Engine:
    """What holds the parameters: a block that sets them and an array that learns, which the core places.

    This is all that the core knows of an engine. It calls the methods in their order here, :meth:`passes` and
    :meth:`shakes` for each layer; and an engine drives what each of them says, in the clock that it says.
    What has no body here every engine must do; the rest is right for most. A new engine also has facts,
    :class:`mgd_hdl.config.engines.EngineFacts`, on which all latencies rest.

    t is the clock in which the sequencer commands a measurement. A *word* stands on the wires for
    ``config.timing.word_clocks``, from the clock on in which the homodyne block shows it.

    Attributes
    ----------
    initializer : Block
        With ``busy``, high while parameters are being set, and ``done``, high in the last of these clocks:
        from the next one on a measurement sees them all.
    array : Block
        Whatever the methods connect, and for each layer k ``layer_k``, the measurement that passes it, with
        those of the members ``minus`` and ``rest`` that it has a use for: in the clock ``t +
        config.timing.layer_offset(k) - config.timing.weight_latency`` its parameters are shaken the other
        way, or not at all.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.initializer: Any = Initializer(config)
        self.array: Any = self.cells(config)

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        """The array."""
        raise NotImplementedError

    @staticmethod
    def tile(config: TrainerConfig, cells: int) -> Any:
        """So many cells alone, for who wants to know their size."""
        raise NotImplementedError

    def done(self, site: Site) -> Value:
        """All parameters are set, or will be when a measurement that is commanded next meets them."""
        done: Value = self.initializer.done
        return done

    def start(self, site: Site) -> None:
        """``site.restart`` is high for one clock: from the next one on the initializer is busy."""
        comb = site.m.d.comb
        comb += self.initializer.start.eq(site.restart)
        if "seed_initial" in site:
            comb += self.initializer.seed.eq(site.ports.seed_initial)
        comb += self.array.clear.eq(self.initializer.clear)

    def first_word(self, site: Site) -> Value:
        """The words that set parameters: before the first step, and those of the host."""
        word: Value = self.initializer.word
        return word | site.blocks["access"].word if self.config.access else word

    @property
    def x_wait(self) -> int:
        """A sample is kept from t + 1 on; so many clocks later it meets the weights of layer 0."""
        return self.config.timing.broadcast_latency - 1

    def weights(self, site: Site, network: Any) -> None:
        """The perturbed parameters of layer k stand at the network's ports ``weights_k_j`` from the clock
        ``t + config.timing.layer_offset(k)`` on, in the way that ``config.facts.delivery`` tells.
        """
        for layer in self.config.shape.layers:
            for name in layer.weight_ports:
                site.m.d.comb += getattr(network, name).eq(getattr(self.array, name))

    def tells(self, site: Site, sender: Any) -> None:
        """In place of :meth:`weights` with a device outside: they stand at the sender's port, or come there
        one after the other when it is told to go.
        """
        names = [name for layer in self.config.shape.layers for name in layer.weight_ports]
        site.m.d.comb += sender.weights.eq(Cat(*(getattr(self.array, name) for name in names)))

    def broadcast(self, site: Site) -> Broadcast:
        """The words of an update, and those that set parameters: before the first step, and of the host."""
        homodyne = site.blocks["homodyne"]
        over: Value = Const(0, 1)
        if self.config.timing.tail_clocks:
            over = homodyne.minus & site.window_ends(site.spread_at)
        return Broadcast(homodyne.word | self.first_word(site), homodyne.plus, homodyne.minus, over)

    def words(self, site: Site, broadcast: Broadcast) -> None:
        """All words enter the array: in a clock in which one begins the parameters that it is for take it."""
        site.m.d.comb += self.array.word.eq(broadcast.word)

    def codes(self, site: Site, links: Sequence[Link], started: Value, hold_over: Value) -> None:
        """The code that meets the words enters the array: the first one after ``started``, high for one clock
        when step 0 may begin, the next one after ``hold_over``, high with the last word of a perturbation.
        An engine that waits drives the sequencer's ``free``: a measurement may be commanded in this clock.
        """
        raise NotImplementedError

    def learns(self, site: Site, links: Sequence[Link], layer: int, hold_over: Value) -> None:
        """In place of :meth:`words` and :meth:`codes` where words wait for their steps
        (``config.shape.paced``): those of a layer enter the array, from a homodyne block of its own, with the
        code that they meet; the next one after ``hold_over``.
        """
        raise NotImplementedError

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        """Drives ``updated``, high for one clock after each update, but with delayed updates, which nothing
        waits for. Without shadow a measurement commanded in the next clock sees the update; with one the copy
        is taken in the next clock, and where measurements overlap only a window's last update counts.
        """
        raise NotImplementedError

    def over(self, site: Site, settling: Settling) -> Value:
        """A step is done: its update, and what follows it, is in all parameters."""
        return settling.done

    def resume(self, updated: Value, window_over: Value, arrives: Value) -> Value:
        """With a copy that follows: the next step may begin. ``arrives``: the copy is there, a clock after
        ``window_over``, a window's last update.
        """
        return arrives

    def passes(self, site: Site, passing: Passing) -> None:
        """What a measurement needs of a layer's cells, beside its code and its rest."""

    def shakes(self, site: Site, links: Sequence[Link], passing: Passing, over: Value) -> None:
        """Where measurements overlap, the code that perturbs a layer enters; the next one after ``over``."""

    def begun(self, sequencer: Any) -> Value:
        """A step is beginning, or has begun and waits for its perturbed measurement. With many stages only
        the latter, which registers tell.
        """
        if self.config.staged:
            waiting: Value = sequencer.under_way
            return waiting
        begun: Value = sequencer.measure
        if "under_way" in sequencer.signature.members:
            begun = begun | sequencer.under_way
        return begun
