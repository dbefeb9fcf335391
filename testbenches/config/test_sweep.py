"""Memories with one port: in every clock of a sweep what is read and what is written are in two of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.engines import Sweep
from mgd_hdl.config.network import LayerConfig

#: Of each layer; words of a pass are one more, so that they are odd and even, and fewer than a word is late.
SIZES = (1, 2, 3, 4, 5, 8, 13)
SHAPES = [*product(SIZES, repeat=2), *product(SIZES, repeat=3), *product((1, 2, 4, 7), repeat=4)]
LANES = (1, 2, 3, 4, 7)


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


@pytest.mark.parametrize("lead", [0, 2])
@pytest.mark.parametrize("lanes", LANES)
def test_a_memory_with_one_port_does_one_thing_at_a_time(lanes, lead):
    for shape in SHAPES:
        sweep = Sweep(layers(shape), lanes, lead, single_port=True)
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
