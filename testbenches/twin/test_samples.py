"""Do samples come as often as they should, each epoch complete, and every letter equally likely?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.tasks import letter_image
from mgd_sim.lfsr import states
from mgd_sim.samples.draw import Draw
from mgd_sim.samples.letters import CANDIDATE_BITS, letter_table
from mgd_sim.samples.memory import Epochs, Plain, epoch_order, random_table
from mgd_sim.tasks import dataset
from mgd_sim.tasks.letters import letters

SEEDS = np.array([1, 77, 2**31 - 1], dtype=np.uint32)


def words(bits) -> list[int]:
    """Rows of bits as integers, bit 0 first."""
    return (bits.astype(np.int64) << np.arange(bits.shape[1])).sum(axis=1).tolist()


# ---- order -----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 16, 33, 100])
def test_every_epoch_is_complete(count):
    bits = max(1, (count - 1).bit_length())
    orders = epoch_order(count, bits, states(SEEDS, 20))
    assert orders.shape == (20, count, 3)
    np.testing.assert_array_equal(
        np.sort(orders, axis=1), np.arange(count)[None, :, None].repeat(20, 0).repeat(3, 2)
    )


@pytest.mark.parametrize("count", [3, 8, 13])
def test_epoch_order_by_hand(count):
    bits = (count - 1).bit_length()
    for state in (0b1011001, 5, 2**31 - 1):
        add, flip = state % 2**bits, state // 2**bits % 2**bits
        expected = []
        for counter in range(2**bits):
            place = (counter + add) % 2**bits
            turned = sum((place >> bit & 1) << (bits - 1 - bit) for bit in range(bits))
            if turned ^ flip < count:
                expected.append(turned ^ flip)
        got = epoch_order(count, bits, np.array([[state]], dtype=np.uint32))
        assert got[0, :, 0].tolist() == expected


@pytest.mark.parametrize("bits", [2, 3, 4, 6])
def test_number_of_orders(bits):
    """All keys together give 2**(2 bits - 1) orders, each from two keys.

    Adding half the range to the counter flips its top bit, which the second key can undo.
    """
    keys = np.arange(1 << 2 * bits, dtype=np.uint32)
    orders = epoch_order(1 << bits, bits, keys[:, None])[:, :, 0]
    _, times = np.unique(orders, axis=0, return_counts=True)
    assert times.tolist() == [2] * (1 << (2 * bits - 1))


def test_index_too_wide():
    with pytest.raises(ValueError, match="index_bits must be at most 15, not 16"):
        Epochs(50_000, 16, SEEDS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Epochs(5, 3, SEEDS),
        lambda: Epochs(8, 3, SEEDS),
        lambda: Plain(5, 3),
        lambda: Draw(random_table(5, 3), SEEDS),
        lambda: Draw(letter_table(centered=False), SEEDS),
    ],
    ids=["epochs", "epochs_of_a_power", "plain", "random", "letters"],
)
def test_goes_on(make):
    """Taken in parts, with nothing in between, it is the same order."""
    parts, whole = make(), make()
    taken = [parts.take(count) for count in (0, 1, 4, 0, 30, 5)]
    np.testing.assert_array_equal(np.concatenate(taken), whole.take(40))


def test_rare_samples():
    """Where nearly every candidate is turned away, replicas run far apart and none loses a sample."""
    table = np.full(1 << 12, -1)
    table[[5, 1000]] = [0, 1]
    draw = Draw(table, SEEDS)
    got = np.concatenate([draw.take(1) for _ in range(6)])
    for replica, seed in enumerate(SEEDS):
        low = states(seed[None], 40_000)[:, 0] & 0xFFF
        assert got[:, replica].tolist() == [int(each == 1000) for each in low if each in (5, 1000)][:6]


# ---- letters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("centered", "count", "positions"), [(False, 44_136, 9), (True, 4_904, 1)])
def test_samples_are_distinct(centered, count, positions):
    """No sample comes twice, and no image belongs to two letters, with few exceptions.

    I and T differ in four pixels. An I that has lost two of them is a T that has gained the other
    two: six images at every position, which no network can tell apart.
    """
    data = letters(centered=centered)
    images, letter = words(data.x), data.target.argmax(axis=1).tolist()
    assert len(images) == len(set(zip(images, letter, strict=True))) == count
    assert (data.target.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(data.target.sum(axis=0), count // 4)
    of_letter = [{image for image, k in zip(images, letter, strict=True) if k == each} for each in range(4)]
    shared = {(a, b): len(of_letter[a] & of_letter[b]) for a, b in itertools.combinations(range(4), 2)}
    assert {pair for pair, times in shared.items() if times} == {(1, 3)}
    assert shared[1, 3] == 6 * positions


@pytest.mark.parametrize(("centered", "count", "times"), [(False, 44_136, 2), (True, 4_904, 32)])
def test_generator_is_uniform(centered, count, times):
    """Over all candidates there are, every image is drawn equally often."""
    table = letter_table(centered=centered)
    assert len(table) == 1 << CANDIDATE_BITS
    np.testing.assert_array_equal(np.bincount(table[table >= 0]), np.full(count, times))


@pytest.mark.parametrize("centered", [False, True])
def test_generator_by_hand(centered):
    """Candidate by candidate: letter, position, and the pixels flipped."""
    table, data = letter_table(centered=centered), letters(centered=centered)
    rng = np.random.default_rng(1)
    special = [a << 6 | b << 12 | 0b010110 for a in (0, 1, 48, 49, 50, 63) for b in (0, 1, 48, 49, 50, 63)]
    for candidate in [*special, *rng.integers(0, 1 << 18, 3000).tolist()]:
        letter, down, right = candidate & 3, candidate >> 2 & 3, candidate >> 4 & 3
        a, b = candidate >> 6 & 63, candidate >> 12 & 63
        usable = a <= 49 and b <= 49 and (a != b or a in (0, 49))
        if not centered:
            usable = usable and down < 3 and right < 3
        assert (table[candidate] >= 0) == usable
        if usable:
            image = letter_image(letter, 1, 1) if centered else letter_image(letter, down, right)
            if a != b:
                for pixel in (a, b):
                    image ^= 1 << pixel if pixel < 49 else 0
            row = slice(table[candidate], table[candidate] + 1)
            assert words(data.x[row]) == [image]
            assert words(data.target[row]) == [1 << letter]


# ---- parity ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xor", "parity4"])
def test_parity(name):
    data = dataset(preset(name))
    assert words(data.x) == list(range(2 ** data.x.shape[1]))
    np.testing.assert_array_equal(data.target[:, 0], data.x.sum(axis=1) % 2)
