"""Are the codes of all parameters different, and do no two of them multiply to a third?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mgd_hdl.config import COLUMNS, LFSR, RandomCode, SparseCode, TrainerConfig, WalshCode, preset
from mgd_hdl.config.codes import Lfsr

MOST_ROWS = 8200  # 65,536 parameters in eight layers fill fewer


def times_modulo(a: int, b: int, polynomial: int) -> int:
    """The product of two polynomials over GF(2), modulo a third."""
    degree, product = polynomial.bit_length() - 1, 0
    while b:
        product ^= a * (b & 1)
        a <<= 1
        a ^= polynomial * (a >> degree)
        b >>= 1
    return product


def test_lfsr_has_one_cycle():
    """x to the power 2**31 - 1 is 1, and that exponent is prime, so no smaller one above 1 gives 1."""
    polynomial = (1 << LFSR.degree) | (1 << LFSR.tap) | 1
    power, square, exponent = 1, 2, (1 << LFSR.degree) - 1
    assert all(exponent % divisor for divisor in range(2, 46341))
    while exponent:
        power = times_modulo(power, square, polynomial) if exponent & 1 else power
        square = times_modulo(square, square, polynomial)
        exponent >>= 1
    assert power == 1


@pytest.mark.parametrize("lfsr", [LFSR, Lfsr(degree=5, tap=2), Lfsr(degree=7, tap=6)], ids=str)
def test_lfsr_leaps_along_its_recurrence(lfsr):
    bits = [1, 0, 1] + [0] * (lfsr.degree - 3)
    while len(bits) < 40 * lfsr.leap:
        bits.append(bits[len(bits) - lfsr.degree + lfsr.tap] ^ bits[len(bits) - lfsr.degree])
    state = 0b101
    for first in range(0, 38 * lfsr.leap - lfsr.degree, lfsr.leap):
        assert [state >> place & 1 for place in range(lfsr.degree)] == bits[first : first + lfsr.degree]
        state = lfsr.step(state)


def test_short_lfsr_visits_every_state():
    lfsr, state, seen = Lfsr(degree=5, tap=2), 1, set()
    while state not in seen:
        seen.add(state)
        state = lfsr.step(state)
    assert seen == set(range(1, 32))


@pytest.mark.parametrize("seed", [0, 1, 2, LFSR.mask - 1, LFSR.mask, LFSR.mask + 1, -1])
def test_seeds_are_never_the_dead_state(seed):
    assert 0 < LFSR.valid(seed) <= LFSR.mask


def code_words(rows: int) -> np.ndarray:
    """The state bits of every random code as one integer each, (rows, columns, diagonals)."""
    code = RandomCode(rows)
    row_words = np.array([sum(1 << tap for tap in taps) for taps in code.row_taps])
    column = 1 << np.arange(COLUMNS)
    return row_words[:, None, None] | column[:, None] | (column << COLUMNS)


def test_random_codes_differ_and_obey_the_odd_weight_rule():
    """All places that any configuration has: one column bit each, so three codes never cancel."""
    code, words = RandomCode(MOST_ROWS), code_words(MOST_ROWS)
    taps = code.taps(MOST_ROWS - 1, 3, 5)
    assert sum(1 << tap for tap in taps) == words[-1, 3, 5]
    assert len(np.unique(words)) == words.size
    assert np.all(np.bitwise_count(words & (2**COLUMNS - 1)) == 1)
    assert words.max() <= LFSR.mask


@pytest.mark.parametrize("rows", [1, 30, MOST_ROWS])
def test_activities_differ(rows):
    """No two places of an array have the same combination, or one without any bit."""
    code = SparseCode(rows, 2)
    every = {frozenset(code.taps(row, column)) for row in range(rows) for column in range(COLUMNS)}
    assert len(every) == rows * COLUMNS
    assert min(map(len, every)) == 2  # a set: no bit twice


def test_rows_are_in_order_of_weight():
    weights = [len(taps) for taps in RandomCode(RandomCode.MAX_ROWS).row_taps]
    assert weights == sorted(weights)
    assert len(weights) == RandomCode.MAX_ROWS


def test_most_parameters_fit_the_rows():
    shape = [1, *[4096] * 1, 1]
    assert TrainerConfig.model_validate({"network": {"layers": shape}}).placement.rows < MOST_ROWS
    eight_layers = [90] * 9
    config = TrainerConfig.model_validate({"network": {"layers": eight_layers}})
    assert 65000 < config.parameters < 65536
    assert config.placement.rows < MOST_ROWS < RandomCode.MAX_ROWS


@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_walsh_codes_are_orthogonal_over_a_period(rows):
    code = WalshCode(rows)
    index = np.array([code.index(row, column) for row in range(rows) for column in range(COLUMNS)])
    parity = np.bitwise_count(index[:, None] & np.arange(code.period)) & 1
    sign = 2 * parity.astype(np.int64) - 1
    assert np.array_equal(sign @ sign.T, code.period * np.eye(len(index), dtype=np.int64))
    assert code.period == code.repeats == 1 << code.counter_bits


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_sign_flip_makes_the_codes_blind_to_drift(rows):
    """Against Sylvester's matrix, built by doubling: its rows, with the sign of every half and every period.

    Over two periods each code sums to zero, also that of row 0 and column 0, which is constant between two
    flips, and so does each times the step, which is what a cost that drifts leaves in an estimate; without
    the flip that one sums to something.
    """
    hadamard = np.ones((1, 1), dtype=np.int64)
    while len(hadamard) < 8 * rows:
        hadamard = np.block([[hadamard, hadamard], [hadamard, -hadamard]])
    half = hadamard[: 8 * rows]
    period = np.hstack([half, -half])
    flipped = np.hstack([period, -period])
    plain, code = WalshCode(rows), WalshCode(rows, sign_flip=True)
    step = np.arange(flipped.shape[1])
    for each, wanted in ((code, flipped), (plain, np.hstack([period, period]))):
        index = np.array([each.index(row, column) for row in range(rows) for column in range(COLUMNS)])
        sign = 1 - 2 * (np.bitwise_count(index[:, None] & step).astype(np.int64) & 1)
        assert np.array_equal(sign, wanted)
    assert code.period == plain.period == period.shape[1]
    assert code.repeats == 2 * plain.repeats == flipped.shape[1]
    assert not flipped.sum(axis=1).any()
    assert not (flipped @ step).any()
    drifted = period @ step[: code.period]
    assert drifted[0] != 0
    assert not drifted[1:].any()


@pytest.mark.parametrize("sign_flip", [False, True])
@pytest.mark.parametrize("rows", [1, 3, 100, MOST_ROWS])
def test_walsh_codes_obey_the_odd_weight_rule(rows, sign_flip):
    """Every index has the leading one, so of three exclusive-ored ones none is a fourth's zero."""
    code = WalshCode(rows, sign_flip)
    leading = 1 << (code.counter_bits - 1)
    for row, column in itertools.product((0, rows // 2, rows - 1), range(COLUMNS)):
        assert leading <= code.index(row, column) < code.repeats


@pytest.mark.parametrize("held", [1, 2, 3, 8])
@pytest.mark.parametrize("samples", [1, 2, 7, 12, 16, 64, 96])
def test_codes_that_a_sample_meets_in_one_order(samples, held):
    """Counted over so many epochs that everything has come again."""
    code = WalshCode(2)
    perturbation = np.arange(samples * held * code.repeats)
    sample = perturbation // held % samples
    for each in {0, samples - 1}:
        assert len(set(perturbation[sample == each] % code.repeats)) == code.met(samples, held)


@pytest.mark.parametrize("held", [1, 2, 3, 5, 8, 16, 24])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_codes_that_a_layer_meets_in_its_turns(layers, held):
    """Counted; where it meets all of them no two of its parameters are always shaken alike, or unlike."""
    code = WalshCode(2)
    found = code.met_in_turns(layers, held)
    assert found == 16 or held % 2 == 0 or held < layers
    step = np.arange(layers * held * code.repeats)
    index = np.array([code.index(*divmod(place, COLUMNS)) for place in range(16)])
    for layer in {0, layers - 1}:
        met = np.unique(step[step // held % layers == layer] % code.repeats)
        assert len(set(met % 16)) == found
        bits = np.array([[int(i & n).bit_count() & 1 for i in index] for n in met])
        alike = [len(set(bits[:, i] ^ bits[:, j])) == 1 for i, j in itertools.combinations(range(16), 2)]
        assert any(alike) if found <= 8 else not any(alike)


@pytest.mark.parametrize("name", ["xor", "nist7x7"])
def test_sequence_is_a_permutation(name):
    plain = preset(name).replaced(perturbation={"family": "sequential"})
    shuffled = plain.replaced(perturbation={"order": "shuffled"})
    everyone = tuple(range(plain.parameters))
    assert plain.codes.sequence == everyone
    assert sorted(shuffled.codes.sequence) == list(everyone)
    assert shuffled.codes.sequence != everyone
    assert shuffled.codes.sequence == shuffled.replaced(learning={"tau_p": 3}).codes.sequence
    assert shuffled.codes.sequence != shuffled.replaced(seed=2).codes.sequence
