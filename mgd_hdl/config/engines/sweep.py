"""A sweep: in which clock each word of a bank of parameters is read, and where its sums and outputs are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..network import LayerConfig

__all__ = ["LaneWords", "Pass", "Span", "Sweep"]


@dataclass(frozen=True)
class Span:
    """How a sweep goes over one layer. A *group* is as many neurons as there are lanes, a *pass* all words
    of a group: word i holds the weights of input i, the last one the biases.

    Attributes
    ----------
    first : int
        Address of the first word.
    words : int
        Of a pass.
    groups, last_lanes : int
        Groups, and neurons in the last one.
    gaps : tuple of int
        Clocks without a word before the first pass, before the second, and before any further one: of the
        other side of a group, or of the group behind.
    fresh : int
        From this input on they are the newest ones of the layer before, which need not come from a memory.
    streams : tuple of bool
        Whether these are multiplied in the clock after they are made, in the first pass and in the second;
        otherwise all come from a memory.
    again : bool
        A second visit finds the word as the first one did, because what that wrote is still on its way; so
        it updates the word once more.
    """

    first: int
    words: int
    groups: int
    last_lanes: int
    gaps: tuple[int, int, int, int]
    fresh: int
    streams: tuple[bool, bool]
    again: bool


@dataclass(frozen=True)
class Pass:
    """One pass: of which layer, group and side, and the clock in which its first word is addressed.

    ``plus``: the perturbed side, otherwise the reference; of layer 0 it is both, and so of all layers where
    sides come at once.
    """

    layer: int
    group: int
    plus: bool
    start: int


@dataclass
class _Turns:
    """Of two memories with one port each, of even and of odd addresses: which one reads in which clock.

    ``odd`` is whether clock and address of the words that are still to be written are together odd, and
    ``until`` the clock in which the last of them is.
    """

    odd: int = 0
    until: int = 0

    def meets(self, start: int, address: int) -> bool:
        """Whether a pass that begins so would read what is being written."""
        return start <= self.until and (start + address) % 2 != self.odd

    def take(self, start: int, address: int, until: int) -> None:
        """A pass whose words are written."""
        self.odd, self.until = (start + address) % 2, until


class LaneWords:
    """How the words of a lane pass: when each is read, where it goes on, and when it is written.

    Attributes
    ----------
    single_port : bool
        They are in two memories, neither of which reads and writes in one clock.
    """

    single_port: bool

    #: From reading a word to where it goes on, updated: the multipliers, or the way out.
    turn = 4

    @property
    def lead(self) -> int:
        """So many clocks after its address a word is read."""
        raise NotImplementedError

    @property
    def depth(self) -> int:
        """Words of the memory."""
        raise NotImplementedError

    @property
    def reach(self) -> int:
        """From the address of a word to where it goes on."""
        return self.lead + self.turn

    @property
    def back(self) -> int:
        """From reading a word to writing it."""
        return self.turn + self.single_port

    @property
    def block_depth(self) -> int:
        """Words of each of two single-port memories."""
        return max(2, -(-self.depth // 2))


@dataclass(frozen=True)
class Sweep(LaneWords):
    """The schedule of a sweep over all parameters, in which both measurements of a step are made.

    Clocks count from the command of the sweep. A word that is addressed in clock c is at the multipliers in
    ``c + reach``, updated; its product is in the sums two clocks later, and in the clock behind that the sums
    of a pass go into the drain, which gives one a clock, and ``curve`` clocks later its output is there.

    In layer 0 each word is read once. A weight is the middle of an interval and one amplitude to either
    side, so the sum of all products at rest and the sum of all inputs with the signs of the code make both
    sides' sums: those of the reference leave the drain first, then those of the other side. In all other
    layers the inputs of the two sides differ, so that each word is read twice.

    With both sides at once lanes have a second sum there, of the other side's products, and each word is read
    once in all layers. A neuron's two outputs are inputs of the same word. So they leave the drain one behind
    the other, or, where each side has a curve of its own, together; those of the last layer, which go on to
    the loss, come side by side as before.

    With single-port memories word a of a lane is in block a mod 2, and it is written :attr:`back` clocks
    after it was read, an odd number. In a pass clock and address are together odd for all words, or even for
    all. So in each clock one block reads and the other writes, by turns. What follows while words of a pass
    are still to be written keeps to these turns, where need be a clock later; a read and a write never meet.

    Parameters
    ----------
    layers : sequence of LayerConfig
    lanes : int
    lead : int
        So many clocks after its address a word is read, because its code or its update takes so much longer.
    single_port : bool
        A lane has two memories, neither of which reads and writes in one clock.
    between : int
        So many clocks at least are between the last word of a sweep and the first of the next.
    pair : int
        Both sides at once: so many clocks a neuron's two outputs take, 2 where the sides share a curve, or 1.
        0: sides take turns.
    """

    layers: Sequence[LayerConfig]
    lanes: int
    lead: int = 0
    single_port: bool = False
    between: int = 0
    pair: int = 0

    #: From there to its sum.
    sums = 2

    @cached_property
    def curve(self) -> int:
        """From a sum in the drain to the output: that of the slowest activation, which all others wait for;
        both sides of layer 0 make their sum of two in one clock more.
        """
        return 1 + max(layer.activation_latency for layer in self.layers)

    @property
    def at_once(self) -> bool:
        """A pass serves both sides in every layer."""
        return self.pair > 0

    @property
    def _drained(self) -> int:
        """From the address of a pass's last word until its sums are in the drain."""
        return self.reach + self.sums + 1

    def groups(self, layer: int) -> int:
        return -(-self.layers[layer].neurons // self.lanes)

    def active(self, layer: int, group: int) -> int:
        """Neurons of a group."""
        return min(self.lanes, self.layers[layer].neurons - group * self.lanes)

    @cached_property
    def _planned(self) -> tuple[tuple[Pass, ...], tuple[Span, ...], dict[tuple[bool, int], int], int]:
        """All passes, what control needs to know of each layer, when each output of the last one is there, by
        side and neuron, and when the drain is free again.
        """
        passes: list[Pass] = []
        spans: list[Span] = []
        free = 1  # no word is addressed before
        drain = 0  # nothing comes into the drain before
        address = 0
        made: dict[tuple[bool, int], int] = {}  # by side and neuron: the clock of an output
        turns = _Turns()
        for index, layer in enumerate(self.layers):
            words, count = layer.inputs + 1, self.groups(index)
            period = max(words, self._busy(index, self.lanes))
            sides = (False, True) if index > 0 and not self.at_once else (False,)
            again = len(sides) > 1 and self._apart(period, 0) < self.back
            before, made = made, {}
            starts: list[int] = []
            streams = [False, False]
            for group in range(count):
                for plus in sides:
                    start = max(free, drain - self._drained - words + 1)
                    if index > 0 and not plus and group == 0:
                        start, streams[0] = self._first(index, plus, start, before, address, turns)
                    elif index > 0 and group == 0:
                        start, streams[1] = self._first(index, plus, start, before, address, turns)
                        again = again and start - starts[0] < self.back
                        fresh = starts[0] + self.back + 1
                        if not again and start < fresh:
                            start, streams[1] = self._first(index, plus, fresh, before, address, turns)
                        if not again:
                            period = max(period, self.back + 1)
                    elif starts:
                        following = starts[-1] + self._apart(period, 0 if plus else words)
                        assert start <= following
                        start = following
                    starts.append(start)
                    if again or not plus:
                        turns.take(start, address + group * words, start + words - 1 + self.back)
                    passes.append(Pass(index, group, plus, start))
                    free = start + words
                    drain = self._drain(index, group, plus, free - 1 + self._drained, made)
            ahead = starts[0] - (
                passes[-len(starts) - 1].start + self.layers[index - 1].inputs + 1 if index else 1
            )
            second = starts[1] - starts[0] if len(sides) > 1 else self._apart(period, words)
            spans.append(
                Span(
                    first=address,
                    words=words,
                    groups=count,
                    last_lanes=self.active(index, count - 1),
                    gaps=(
                        ahead,
                        second - words,
                        self._apart(period, 0 if index else words) - words,
                        self._apart(period, words) - words,
                    ),
                    fresh=self._fresh(index),
                    streams=(streams[0], streams[1]),
                    again=again,
                )
            )
            address += words * count
        return tuple(passes), tuple(spans), made, drain

    def _apart(self, clocks: int, addresses: int) -> int:
        """From a pass to one whose words are so many addresses further: so many clocks, or more to keep turns
        of single ports.
        """
        return clocks + (self.single_port and (clocks - addresses) % 2)

    def _drain(
        self, index: int, group: int, plus: bool, loaded: int, made: dict[tuple[bool, int], int]
    ) -> int:
        """Notes when the outputs of a pass are made; returns from when on the drain is free."""
        active = self.active(index, group)
        lane_clocks, side_clocks = self._paced(index, active)
        for lane in range(active):
            neuron, clock = group * self.lanes + lane, loaded + lane * lane_clocks + self.curve
            made[plus, neuron] = clock
            if self.at_once or index == 0:
                made[True, neuron] = clock + side_clocks
        return loaded + self._busy(index, active)

    def _paced(self, index: int, active: int) -> tuple[int, int]:
        """Clocks in the drain from a neuron to the next one, and to its own other side."""
        if not self.at_once:
            return 1, self.lanes + 1 if index == 0 else 0
        if index == len(self.layers) - 1:
            return 1, active
        return self.pair, self.pair - 1

    def _busy(self, index: int, active: int) -> int:
        """For so many clocks the drain is busy with a group of so many neurons."""
        lane_clocks, side_clocks = self._paced(index, active)
        return (active - 1) * lane_clocks + side_clocks + 1

    def _fresh(self, index: int) -> int:
        """The first input that need not come from a memory: of the last group, as these come one a clock as
        words do; where a pair takes two clocks, the last but one and the last of these.
        """
        if index == 0:
            return 0
        last = (self.groups(index - 1) - 1) * self.lanes
        return max(last, self.layers[index].inputs - 2) if self.pair == 2 else last

    def _first(
        self,
        index: int,
        plus: bool,
        least: int,
        before: dict[tuple[bool, int], int],
        address: int,
        turns: _Turns,
    ) -> tuple[int, bool]:
        """When the first pass of a side may begin, and whether outputs are taken as they come."""
        inputs, side = self.layers[index].inputs, plus or self.at_once
        kept = [before[side, i] + 3 - self.reach - i for i in range(inputs)]
        streamed = kept[-1] - 2
        stored = max(least, *kept)
        soon = max(least, *kept[: self._fresh(index)], 0) <= streamed < stored
        if soon and not (self.single_port and turns.meets(streamed, address)):
            return streamed, True
        return stored + (self.single_port and turns.meets(stored, address)), False

    @property
    def passes(self) -> tuple[Pass, ...]:
        """In their order."""
        return self._planned[0]

    @property
    def spans(self) -> tuple[Span, ...]:
        """Layer by layer."""
        return self._planned[1]

    @property
    def answered(self) -> int:
        """All outputs of the perturbed measurement are together."""
        return max(self._planned[2].values()) + 1

    @property
    def last(self) -> int:
        """The last word is addressed."""
        return self.passes[-1].start + self.spans[-1].words - 1

    @property
    def beat(self) -> int:
        """From one sweep to the next, where steps do not wait for their updates: the least number of clocks.

        The first word follows the last one of the sweep before, in whose last clock a sweep may be commanded.
        Short sweeps wait for more: that the drain is free for the first sums, that each word is written
        before it is read again, that the sample before is used up, and that all outputs of the sweep before
        are there, with a clock for who keeps what belongs to them, before the first one of this sweep.
        """
        first, drain = self.spans[0], self._planned[3]
        again = max((span.words + span.gaps[1] for span in self.spans if span.again), default=0)
        sample = max(each.start for each in self.passes if each.layer == 0) + first.words - 1
        return max(
            self.last + self.between,
            drain - first.words - self._drained,
            again + self.turn + 1,
            sample + self.reach - 3,
            self.answered + 1 - min(self._planned[2].values()),
        )

    @property
    def depth(self) -> int:
        """Words of a lane's memory."""
        return self.spans[-1].first + self.spans[-1].words * self.spans[-1].groups

    @property
    def stores(self) -> bool:
        """Some outputs wait in a memory until they are multiplied."""
        return any(
            span.groups > 1 or not span.streams[0] or not (self.at_once or span.streams[1]) or span.fresh > 0
            for span in self.spans[1:]
        )

    @property
    def numbered(self) -> bool:
        """Inputs are told apart by their numbers: in that memory, or the last one that comes in a pair."""
        return self.stores or self.pair == 2

    @property
    def doubled(self) -> int:
        """So many lanes have a second multiplier: those that have a neuron behind the first layer."""
        return self.at_once * max((self.active(layer.index, 0) for layer in self.layers[1:]), default=0)

    @property
    def input_bits(self) -> int:
        """Of what tells inputs apart: the number of a word in its pass, and the layer."""
        words = (max(span.words for span in self.spans) - 1).bit_length()
        return words + (len(self.spans) - 1).bit_length()

    @property
    def by_layer(self) -> bool:
        """Parameters of two lanes are as far apart as their layer says."""
        return self.lanes > 1 and len({layer.inputs for layer in self.layers}) > 1

    def where(self, parameter: int) -> tuple[int, int]:
        """Lane and address of a parameter."""
        layer = next(each for each in reversed(self.layers) if each.first <= parameter)
        span = self.spans[layer.index]
        neuron, word = divmod(parameter - layer.first, span.words)
        group, lane = divmod(neuron, self.lanes)
        return lane, span.first + group * span.words + word

    def visits(self) -> Iterator[tuple[int, int]]:
        """Clock and address of every word that is read, in this order."""
        for each in self.passes:
            span = self.spans[each.layer]
            for word in range(span.words):
                yield each.start + word, span.first + each.group * span.words + word
