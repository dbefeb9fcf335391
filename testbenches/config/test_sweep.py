"""Memories with one port: in every clock of a sweep what is read and what is written are in two of them. Both
sides at once: each input is there when its word is multiplied, and no sum waits for the drain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product

import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.engines import Sweep
from mgd_hdl.config.network import LayerConfig

#: Of each layer; words of a pass are one more, so that they are odd and even, and fewer than a word is late.
SIZES = (1, 2, 3, 4, 5, 8, 13)
SHAPES = [*product(SIZES, repeat=2), *product(SIZES, repeat=3), *product((1, 2, 4, 7), repeat=4)]
LANES = (1, 2, 3, 4, 7)
#: Those that have a layer behind the first one, where sides may come at once.
DEEP = [shape for shape in SHAPES if len(shape) > 2]


@cache
def layers(shape: tuple[int, ...]) -> tuple[LayerConfig, ...]:
    config = preset("xor").replaced(
        network={"layers": list(shape)}, task={"name": "external", "source": "stream"}
    )
    return config.shape.layers


def passed(sweep: Sweep) -> Iterator[tuple[int, int, bool]]:
    """Clock and address of every word that is read, and whether it is written."""
    for each in sweep.passes:
        span = sweep.spans[each.layer]
        first = span.first + each.group * span.words
        for word in range(span.words):
            yield each.start + word + sweep.lead, first + word, not each.plus or span.again


def met(sweep: Sweep) -> list[int]:
    """Clocks in which the same memory is to be read and written."""
    visits = list(passed(sweep))
    reads = {clock: address for clock, address, _ in visits}
    writes = {clock + sweep.back: address for clock, address, updated in visits if updated}
    assert len(reads) == len(visits)
    # Nothing is left to be written when the next sweep may begin.
    assert max(writes) < sweep.answered + 1 + sweep.lead
    return [clock for clock in reads.keys() & writes if (reads[clock] - writes[clock]) % 2 == 0]


@pytest.mark.parametrize(("lead", "pair"), [(0, 0), (2, 0), (2, 1), (0, 2)])
@pytest.mark.parametrize("lanes", LANES)
def test_a_memory_with_one_port_does_one_thing_at_a_time(lanes, lead, pair):
    for shape in DEEP if pair else SHAPES:
        sweep = Sweep(layers(shape), lanes, lead, single_port=True, pair=pair)
        assert not met(sweep), shape
        assert sorted({address % 2 for _, address, _ in passed(sweep)}) == [0, 1]


class _Unaware(Sweep):
    """Words are written as late as into memories with one port, and passes begin when they can."""

    @property
    def back(self) -> int:
        return self.turn + 1


def test_a_schedule_for_two_ports_would_not_do():
    """So many of these do not fit by chance: the test above can fail."""
    plans = [_Unaware(layers(shape), 2) for shape in SHAPES]
    assert sum(bool(met(plan)) for plan in plans) > len(plans) // 4


@pytest.mark.parametrize(
    ("shape", "lanes", "dual", "single"),
    [
        # Five words, so the other side may come six clocks behind or eight: outputs are in their memory then.
        ((49, 4, 4), 4, 82, 85),
        # 785 words follow one another at once. Of 33 the other side comes a clock later, in each of 5 groups.
        ((784, 32, 10), 2, 12903, 12903 + 5),
        # Three of ten groups of an even number of words: no clock more.
        ((784, 31, 10), 2, 12893, 12893),
    ],
)
def test_clocks(shape, lanes, dual, single):
    assert Sweep(layers(shape), lanes).answered == dual
    assert Sweep(layers(shape), lanes, single_port=True).answered == single


# ---- both sides at once -----------------------------------------------------------------------------


@dataclass
class Drained:
    """What sweeps that follow one another put into the drain, clock by clock.

    Attributes
    ----------
    free : int
        The clock in which it has given all that it has.
    made : dict
        By layer, side and neuron: the clock in which its output is there.
    """

    sweep: Sweep
    free: int = 0
    made: dict[tuple[int, bool, int], int] = field(default_factory=dict)

    def load(self, clock: int, layer: int, group: int) -> None:
        """The sums of a group, in the order in which a curve, or two, can take them."""
        sweep = self.sweep
        assert clock >= self.free, "the drain is not empty"
        first = group * sweep.lanes
        neurons = range(first, min(first + sweep.lanes, sweep.layers[layer].neurons))
        if layer == len(sweep.layers) - 1:
            order = [[(side, neuron)] for side in (False, True) for neuron in neurons]
        else:
            order = [[(side, neuron) for side in (False, True)] for neuron in neurons]
            if sweep.pair == 2:
                order = [[each] for pair in order for each in pair]
        for together in order:
            for side, neuron in together:
                self.made[layer, side, neuron] = clock + sweep.curve
            clock += 1
        self.free = clock


def walked(sweep: Sweep, begins: int, drain: Drained) -> tuple[dict[int, int], int]:
    """By address the clock in which a word is read, of a sweep that begins so late; and the last output."""
    read: dict[int, int] = {}
    free = begins + 1
    for number, each in enumerate(sweep.passes):
        span, layer = sweep.spans[each.layer], sweep.layers[each.layer]
        start = begins + each.start
        assert start >= free
        follows = number > 0 and sweep.passes[number - 1].layer == each.layer
        assert start - free == (0 if number == 0 else span.gaps[3] if follows else span.gaps[0])
        for word in range(span.words):
            address = span.first + each.group * span.words + word
            assert address not in read, "a word is read twice"
            read[address] = start + word + sweep.lead
            if each.layer > 0 and word < layer.inputs:
                taken = start + word + sweep.reach - 1  # what lanes multiply by is chosen
                ready = drain.made[each.layer - 1, True, word]
                if each.group == 0 and span.streams[0] and word >= span.fresh:
                    assert taken - ready == (layer.inputs - 1 - word) * (sweep.pair - 1), "not as it comes"
                else:
                    assert taken >= ready + 2, "it is not in its memory"
        free = start + span.words
        drain.load(free - 1 + sweep.reach + sweep.sums + 1, each.layer, each.group)
    return read, max(drain.made.values())


def keeps(sweep: Sweep) -> None:
    """Two sweeps in a row, as close as updates that are delayed let them be."""
    drain = Drained(sweep)
    read, last = walked(sweep, 0, drain)
    assert sorted(read) == list(range(sweep.depth))
    assert last + 1 == sweep.answered
    of_last = len(sweep.layers) - 1
    first = {key: clock for key, clock in drain.made.items() if key[0] == of_last}
    # All of a reference before the other side of its group, as the loss expects.
    for neuron in range(sweep.layers[-1].neurons):
        assert first[of_last, False, neuron] < first[of_last, True, neuron - neuron % sweep.lanes]
    again, _ = walked(sweep, sweep.beat, drain)
    for address, clock in read.items():
        assert clock + sweep.back < again[address], "a word is read before it is written"
    assert min(again.values()) > max(read.values())
    assert min(drain.made[of_last, side, 0] for side in (False, True)) > last + 1


@pytest.mark.parametrize(("lead", "pair"), [(0, 2), (2, 1)])
@pytest.mark.parametrize("lanes", LANES)
def test_both_sides_at_once(lanes, lead, pair):
    for shape in DEEP:
        keeps(Sweep(layers(shape), lanes, lead, pair=pair))


class _Early(Sweep):
    """Nothing is waited for: neither the drain, nor the second of a pair, nor the memory."""

    what = "drain"

    def _busy(self, index: int, active: int) -> int:
        return 1 if self.what == "drain" else super()._busy(index, active)

    def _paced(self, index: int, active: int) -> tuple[int, int]:
        lane, side = super()._paced(index, active)
        return (lane, side - 1) if self.what == "pair" and index < len(self.layers) - 1 else (lane, side)

    def _fresh(self, index: int) -> int:
        return 0 if self.what == "memory" else super()._fresh(index)


@pytest.mark.parametrize("what", ["drain", "pair", "memory"])
def test_what_comes_too_early_is_noticed(what):
    early = type("_Early", (_Early,), {"what": what})
    found = 0
    for shape in DEEP[::8]:
        try:
            keeps(early(layers(shape), 2, pair=2))
        except AssertionError:
            found += 1
    assert found > 20


@pytest.mark.parametrize(
    ("shape", "lanes", "pair", "answered", "beat"),
    [
        # 394 words, seven clocks until the first outputs of the second group are back, 33 words.
        ((196, 32, 10), 16, 2, 394 + 7 + 33 + 11 + 20, 394 + 7 + 33),
        # With two curves all outputs that the layer needs are there in time.
        ((196, 32, 10), 16, 1, 394 + 33 + 11 + 20, 394 + 33),
        # Pairs of four neurons in every second clock: four clocks more until the last one.
        ((49, 4, 4), 4, 2, 50 + 7 + 4 + 5 + 11 + 8, 50 + 7 + 4 + 5),
        ((49, 4, 4), 4, 1, 50 + 7 + 5 + 11 + 8, 50 + 7 + 5),
    ],
)
def test_clocks_of_both_sides_at_once(shape, lanes, pair, answered, beat):
    sweep = Sweep(layers(shape), lanes, pair=pair)
    assert (sweep.answered, sweep.beat) == (answered, beat)
    assert sweep.answered < Sweep(layers(shape), lanes).answered or (pair, lanes) == (2, 4)
