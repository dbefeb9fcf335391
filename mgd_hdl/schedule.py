"""Where is each measurement now? What is known of a step goes along with it through the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from amaranth.hdl import Cat, Module, Signal, Value

from .config.trainer import TrainerConfig

__all__ = ["CountedTrace", "EventTrace", "Fact", "Settling", "Trace"]

#: A signal in the clock of the sequencer's command, and for how many clocks it is needed after that.
Fact = tuple[Value, int]


class Trace(Protocol):
    """Gives what was said with a command to those that it concerns later."""

    def at(self, name: str, clock: int) -> Value:
        """``name`` of the measurement that was commanded ``clock`` clocks ago."""
        ...


class CountedTrace:
    """Measurements follow each other closely: one shift register for each thing to know of them.

    Parameters
    ----------
    m : Module
    commands : mapping of str to Fact
        What is true of a measurement.
    ends : mapping of str to Fact
        What is true of the step that a perturbed measurement ends.
    """

    def __init__(self, m: Module, commands: Mapping[str, Fact], ends: Mapping[str, Fact]):
        self._past = _lines(m, {**commands, **ends})

    def at(self, name: str, clock: int) -> Value:
        return self._past[name][clock]


class EventTrace:
    """One step at a time: how it ends is kept in one register each, however long its measurements take.

    Parameters
    ----------
    m : Module
    commands, ends : mapping of str to Fact
        As for :class:`CountedTrace`; of ``ends`` the number of clocks does not matter.
    perturbed : Value
        The command of the step's last measurement, which knows how the step ends.
    """

    def __init__(self, m: Module, commands: Mapping[str, Fact], ends: Mapping[str, Fact], perturbed: Value):
        self._past = _lines(m, commands)
        self._kept = {name: Signal(name=name) for name in ends}
        with m.If(perturbed):
            m.d.sync += [self._kept[name].eq(signal) for name, (signal, _) in ends.items()]

    def at(self, name: str, clock: int) -> Value:
        return self._kept[name] if name in self._kept else self._past[name][clock]


def _lines(m: Module, entering: Mapping[str, Fact]) -> dict[str, Value]:
    past: dict[str, Value] = {}
    for name, (signal, clocks) in entering.items():
        line = Signal(clocks, name=f"{name}_line")
        m.d.sync += line.eq(Cat(signal, line[:-1]))
        past[name] = Cat(signal, line)
    return past


class Settling:
    """How long ago did the last word of an update leave? In so many clocks it is in all cells.

    After ``config.timing.word_clocks`` a word has passed the wires, so measurements may follow it; a shadow
    copy takes one clock more, and serial cells let one measurement join. The way to the cells later it is in
    all of them.

    Parameters
    ----------
    m : Module
    config : TrainerConfig
    last_word : Value
        The last word of an update leaves.
    over : Value
        It is that of a window's last step, which decay and noise follow.

    Attributes
    ----------
    since : list of Value
        By clocks since the last word.
    late : list of Value
        The same for the last step of a window, until what follows it is there too; empty where nothing does.
    over, last_word : Value
    """

    def __init__(self, m: Module, config: TrainerConfig, last_word: Value, over: Value):
        self.last_word, self.over, self.tail_clocks = last_word, over, config.timing.tail_clocks
        clocks = config.timing.word_clocks + config.timing.broadcast_latency
        self.since = _following(m, last_word, "settling", clocks)
        self.late: list[Value] = []
        if config.timing.tail_clocks:
            self.late = _following(m, over, "settling_noise", clocks + config.timing.tail_clocks)

    @property
    def passed(self) -> Value:
        """The last word of a step leaves, or what follows it."""
        if not self.late:
            return self.last_word
        return (self.last_word & ~self.over) | self.late[self.tail_clocks]

    @property
    def done(self) -> Value:
        """A step's update is in all cells, and what follows it."""
        if not self.late:
            return self.since[-1]
        return (self.since[-1] & ~self.late[len(self.since) - 1]) | self.late[-1]


def _following(m: Module, signal: Value, name: str, clocks: int) -> list[Value]:
    found = [signal]
    for clock in range(clocks):
        following = Signal(name=f"{name}_{clock}")
        m.d.sync += following.eq(found[-1])
        found.append(following)
    return found
