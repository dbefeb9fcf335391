"""Are the defects of a device drawn as they should be, and the same for ever?"""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.draws import normals, picked, scrambled


def test_words_are_known():
    """SplitMix64 of 0 begins with this word, as published with the algorithm."""
    assert next(scrambled(0, 0)) not in (0, next(scrambled(0, 1)), next(scrambled(1, 0)))
    from mgd_hdl.config.draws import scramble

    assert scramble(0) == 0xE220A8397B1DCDAF


def test_normals_are_normal():
    """Mean, variance, third and fourth moments of 40,000 draws, within five standard errors of each, and
    the share beyond one, two and three standard deviations.
    """
    count = 40_000
    drawn = list(itertools.islice(normals(7, 1), count))
    for power, moment, square in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105)):
        error = math.sqrt((square - moment**2) / count)
        assert abs(sum(z**power for z in drawn) / count - moment) < 5 * error
    for limit in (1, 2, 3):
        beyond = math.erfc(limit / math.sqrt(2))
        found = sum(abs(z) > limit for z in drawn) / count
        assert abs(found - beyond) < 5 * math.sqrt(beyond * (1 - beyond) / count)


def test_picked_sets_are_equally_likely():
    """All ten pairs of five numbers, 4,000 draws."""
    counts = Counter(picked(seed, 2, 5, 2) for seed in range(4000))
    assert len(counts) == 10
    assert all(len(pair) == 2 for pair in counts)
    assert max(abs(count - 400) for count in counts.values()) < 5 * math.sqrt(4000 * 0.1 * 0.9)


def test_a_device_has_its_own_defects():
    """No two numbers are equal, another device has others, and the spread is a factor."""
    config = preset("nist7x7").replaced(imperfections={"activation_spread": 0.25, "device": 3})
    drawn = [each for layer in config.shape.defects() for each in layer]
    assert [len(layer) for layer in config.shape.defects()] == [4, 4]
    numbers = [(d.shift, d.offset, d.gain - 1, d.height - 1) for d in drawn]
    assert len({round(number, 9) for row in numbers for number in row}) == 32
    assert config.shape.defects(4) != config.shape.defects() == config.shape.defects(3)
    assert [layer.defects for layer in config.shape.layers] == list(config.shape.defects())
    twice = config.replaced(imperfections={"activation_spread": 0.5})
    for small, large in zip(drawn, (each for layer in twice.shape.defects() for each in layer), strict=True):
        assert large.shift == pytest.approx(2 * small.shift)
        assert large.gain - 1 == pytest.approx(2 * (small.gain - 1))


@pytest.mark.parametrize(
    ("spread", "output"), [(0.0, "UQ(0, 10)"), (0.1, "SQ(2, 10)"), (0.25, "SQ(2, 10)"), (0.5, "SQ(3, 10)"),
                           (1.0, "SQ(4, 10)")]
)  # fmt: skip
def test_outputs_have_room_for_defects(spread, output):
    """Four standard deviations beyond the range of a sound neuron."""
    config = preset("xor").replaced(imperfections={"activation_spread": spread})
    assert str(config.shape.layers[0].output) == str(config.shape.layers[1].input) == output
