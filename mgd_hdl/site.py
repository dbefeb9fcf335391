"""A core under construction, and the options that add to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from amaranth.hdl import Module, Signal, Value

from .config.ports import there
from .config.trainer import TrainerConfig
from .delay import later
from .hierarchy import Block, joined, place
from .schedule import Trace

__all__ = ["Door", "Link", "Site"]

_AnyBlock = TypeVar("_AnyBlock", bound=Block)


@dataclass(frozen=True)
class Door:
    """A way in for the host, beside training: it may ask at any time. Then no new step begins, those that
    have begun are finished, the door opens, works, and lets go.

    Attributes
    ----------
    asks : Signal
        The door wants to open, or works and training has to wait; driven by the door.
    inside : Signal
        In some clock after ``open``: something of it is in the network or in the cells, so that no other door
        may open; driven by the door, from registers.
    owes : Signal
        It has taken something that it has not answered yet, so that the trainer may not start again by
        itself; driven by the door, from registers.
    open : Signal
        It may begin something in this clock: it asks, nothing else is under way; driven by the core.
    """

    asks: Signal
    inside: Signal
    owes: Signal
    open: Signal


class Site:
    """One :class:`mgd_hdl.core.Core` while it is being elaborated.

    Attributes
    ----------
    m : Module
    config : TrainerConfig
    ports : Any
        The core, whose ports the registers are.
    blocks : dict of str to Block
        What was placed, by name.
    trace : Trace
        What is known of each measurement.
    change : Block
        What makes C~ of C.
    free : Value or None
        With a device outside: a measurement may be commanded.
    tail : Value
        Something that follows an update is on its way to the cells.
    holds : list of Value
        While any of them is high no step begins; a link adds its own when it is made.
    doors : list of Door
        Likewise, each with a hold of its own; of two that ask, the earlier one opens.
    engaged : Signal
        With ``config.doors``: one of them asks, or owes an answer.
    renew : Signal or None
        Where a door can change parameters: high for a clock when it has, so that what the network sees of
        them is taken anew.
    """

    trace: Trace
    tail: Value
    change: Any

    def __init__(self, m: Module, platform: Any, ports: Any, config: TrainerConfig):
        self.m, self.ports, self.config = m, ports, config
        self.blocks: dict[str, Any] = {}
        self.holds: list[Value] = []
        self.doors: list[Door] = []
        self.engaged = Signal(name="engaged")
        self.renew: Signal | None = None
        self.free: Value | None = None
        self._platform = platform

    def place(self, name: str, block: _AnyBlock) -> _AnyBlock:
        """Put a block into the core under this name. The order of placing is that of the Verilog."""
        self.blocks[name] = block
        return place(self.m, self._platform, name, block)

    def door(self, name: str) -> Door:
        """A door of this name, behind all that there are."""
        door = Door(*(Signal(name=f"{name}_{what}") for what in ("asks", "inside", "owes", "open")))
        self.doors.append(door)
        return door

    def __contains__(self, port: str) -> bool:
        """Whether the core has this port."""
        return there(self.config, port)

    def registers(self, block: Any, *names: str) -> None:
        """Registers of these names lead to inputs of the same names."""
        self.m.d.comb += [getattr(block, name).eq(getattr(self.ports, name)) for name in names]

    def seed(self, block: Any, register: str) -> None:
        """A restart loads the block's generator with this register, where the core has it."""
        if register in self:
            self.m.d.comb += [block.seed.eq(getattr(self.ports, register)), block.load.eq(self.restart)]

    def stream(self, block: Any, port: str) -> None:
        """A stream from outside, where the core has it, enters the block at its ``i``."""
        if port in self:
            self.m.d.comb += joined(getattr(self.ports, port), block.i)

    def gives(self, block: Any, port: str) -> None:
        """A stream to outside leaves the block at its ``o``."""
        self.m.d.comb += joined(block.o, getattr(self.ports, port))

    def command(self, command: Value, name: str) -> Value:
        """What the sequencer says, when all others hear it, which is t. What counts steps that have begun
        hears it at once.
        """
        return later(self.m, command, name, self.config.timing.command_latency, resets=True)

    @property
    def restart(self) -> Value:
        """High for one clock after the reset that a start is."""
        return self.ports.restart

    # ---- clocks, from the command of a measurement --------------------------------------------------

    @property
    def metered_at(self) -> int:
        """C is there, as the loss makes it."""
        return self.measured_at - self.config.timing.noise_latency

    @property
    def measured_at(self) -> int:
        """C, as it is measured, is there."""
        return self.config.timing.measure_latency

    @property
    def changed_at(self) -> int:
        """C~ is there."""
        return self.measured_at + self.config.timing.change_latency

    @property
    def spread_at(self) -> int:
        """The word -D leaves."""
        return self.changed_at + self.config.timing.learn_latency + 1

    @property
    def hold_end_at(self) -> int:
        """It must be known whether a perturbation is over: with its last word, or where D begins to wait."""
        return self.config.timing.word_latency if self.config.shape.paced else self.spread_at

    @property
    def flush_at(self) -> int:
        """It must be known whether a sum leaves; without shadow annealing asks it of the update too."""
        counts = self.config.annealed and not self.config.shadow
        return self.changed_at + counts * self.config.timing.sum_latency

    def ends(self, name: str, clock: int, here: Value) -> Value:
        """``here``, and ``name`` is true of the step that ends so many clocks after its last command.

        A counted trace tells it in that clock alone; with many stages nothing else is asked, so that a
        register drives all that follows.
        """
        ends = self.trace.at(name, clock)
        return ends if self.config.staged and self.config.facts.counted else here & ends

    def window_ends(self, clock: int) -> Value:
        """The step whose last command was so many clocks ago ends a window, or an update without shadow."""
        return self.trace.at("window_end" if self.config.shadow else "flush", clock)


class Link:
    """One option in one core. Every method is a place where an option can stand; most stand at one or two.

    Those of :data:`mgd_hdl.features.FEATURES` that a configuration has are asked in their order. What a
    method is given and does not change it gives back.
    """

    def __init__(self, site: Site):
        self.site, self.m, self.config = site, site.m, site.config

    def placed(self) -> None:
        """The blocks of every trainer are placed."""

    def rate(self, shift: Value) -> Value:
        """The learning shift of the next update."""
        return shift

    def change(self, stream: Any) -> Any:
        """C~ on its way to the accumulator; a block with ``o``."""
        return stream

    def meter(self, stream: Any) -> Any:
        """Where C enters on its way to the baseline; the ``i`` of a block."""
        return stream

    def tail(self, broadcast: Any) -> None:
        """Words after the last one of an update; changes the :class:`mgd_hdl.engines.Broadcast`."""

    def companion(self, code: str, advance: Value) -> dict[str, Value]:
        """Wires beside those of the code of this name, which goes on with ``advance``, by name."""
        return {}

    def wires(self, wires: dict[str, Value]) -> dict[str, Value]:
        """The wires of the code that meets the words, by name; asked from the last link to the first."""
        return wires

    def turn(self, hold_over: Value, layer: int | None = None) -> None:
        """Beside the code that meets the words, which goes on with ``hold_over``; that of all layers, or of
        one.
        """

    def rests(self, passing: Any, over: Value, rest: Value) -> Value:
        """Whether parameters rest in a measurement that passes a layer (:class:`mgd_hdl.engines.Passing`).

        ``over``: it is the last with this code.
        """
        return rest

    def shows(self, x: Value) -> Value:
        """Inputs of the network, in the clock after the command of a measurement."""
        return x

    def enters(self, layer: int, entering: Value) -> Value:
        """Something comes to a layer: a measurement, or what is like one to its cells."""
        return entering

    def answers(self, y: Any, target: Value) -> None:
        """The outputs, and the targets that come with them."""

    def costs(self, cost: Value) -> None:
        """C, before any noise."""
