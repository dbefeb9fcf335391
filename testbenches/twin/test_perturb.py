"""Are the codes what theory asks of them: distinct, uncorrelated, and no product of two a third?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_sim.perturb.codes import codes, signs
from mgd_sim.perturb.random_code import masks, random_code
from mgd_sim.perturb.walsh import indices

SHAPES = [(2, 2, 1), (2, 1), (2, 3, 2, 1), (2, 9, 2, 1), (2, 15, 1)]
WIDE = [(2, 16, 1), (2, 40, 12, 1), (2, 60, 60, 1)]


def shaped(layers: tuple[int, ...], family: str = "random_code", **perturbation) -> TrainerConfig:
    return preset("xor").replaced(network={"layers": layers}, perturbation={"family": family, **perturbation})


@pytest.mark.parametrize("layers", [*SHAPES, *WIDE], ids=str)
def test_no_two_parameters_share_a_code(layers):
    config = shaped(layers)
    assert len(np.unique(masks(config))) == len(np.unique(indices(config))) == config.parameters


@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_odd_weight_rule_over_all_triples(layers):
    """The product of two codes is the code of the exclusive or: it must not be a third code."""
    config = shaped(layers)
    assert config.parameters <= 64
    for words in (masks(config).tolist(), indices(config).tolist()):
        own = set(words)
        assert not any(a ^ b in own for a, b in itertools.combinations(words, 2))


@pytest.mark.parametrize("config", [preset("nist7x7"), *map(shaped, WIDE)], ids=lambda c: str(c.parameters))
def test_odd_weight_rule_by_argument(config):
    """Each code has an odd number of the same few bits, so the exclusive or of three has it too."""
    assert config.parameters > 64
    assert (np.bitwise_count(masks(config) & np.uint32(0xFF)) == 1).all()
    top = 1 << (config.walsh_code.counter_bits - 1)
    assert (indices(config) & top == top).all()
    assert (indices(config) < 2 * top).all()


@pytest.mark.parametrize("name", ["xor", "parity4"])
def test_random_codes_look_random(name):
    """Over 2**16 perturbations no mean, no product of two or of three codes leaves six sigma.

    Sigma of a mean of 2**16 signs is 2**-8; of the 2,625 products of the 25 codes of parity4 none
    is expected beyond 4.5 sigma, and an identity among the codes would give 1.
    """
    config = preset(name)
    source = codes(config, np.array([config.registers().seed_code], dtype=np.uint32))
    sign = signs(config, source.take(1 << 16))[:, 0].astype(np.float64)
    pairs = np.stack(
        [sign[:, a] * sign[:, b] for a, b in itertools.combinations(range(config.parameters), 2)]
    )
    assert np.abs(sign.mean(axis=0)).max() < 6 / 256
    assert np.abs(pairs.mean(axis=1)).max() < 6 / 256
    triples = pairs @ sign / (1 << 16)
    for row, (a, b) in enumerate(itertools.combinations(range(config.parameters), 2)):
        others = [c for c in range(config.parameters) if c not in (a, b)]
        assert np.abs(triples[row, others]).max() < 6 / 256


def test_random_code_by_hand():
    mask = np.array([0b1, 0b110, 0b111], dtype=np.uint32)
    state = np.array([[0b010], [0b111]], dtype=np.uint32)
    assert random_code(mask, state).tolist() == [[[0, 1, 1]], [[1, 0, 1]]]


@pytest.mark.parametrize("name", ["xor", "parity4", "nist7x7"])
def test_walsh_codes_are_orthogonal(name):
    """Over one period: sums zero, products of two zero, exactly; then everything again."""
    config = preset(name).replaced(perturbation={"family": "walsh"})
    period, parameters = config.walsh_code.period, config.parameters
    source = codes(config, np.ones(1, dtype=np.uint32))
    sign = signs(config, source.take(period))[:, 0]
    np.testing.assert_array_equal(sign.T @ sign, period * np.eye(parameters, dtype=np.int64))
    assert not sign.sum(axis=0).any()
    np.testing.assert_array_equal(signs(config, source.take(period))[:, 0], sign)
    # No product of two codes has any part of a third, so the curvature of the cost averages out.
    some = sign[:, :: max(1, parameters // 25)]
    assert not np.einsum("na,nb,nc->abc", some, some, some)[*np.triu_indices(some.shape[1], 1)].any()


@pytest.mark.parametrize("order", ["plain", "shuffled"])
def test_sequential_codes_take_turns(order):
    config = shaped((2, 9, 2, 1), "sequential", order=order)
    source = codes(config, np.ones(1, dtype=np.uint32))
    sign = signs(config, source.take(2 * config.parameters))[:, 0]
    assert (sign.sum(axis=1) == 1).all()
    assert (sign >= 0).all()
    turns = sign.argmax(axis=1)[: config.parameters]
    assert (np.sort(turns) == np.arange(config.parameters)).all()
    assert (turns == np.arange(config.parameters)).all() == (order == "plain")
    np.testing.assert_array_equal(sign[config.parameters :], sign[: config.parameters])


@pytest.mark.parametrize("family", ["random_code", "walsh", "sequential"])
def test_codes_go_on(family):
    """Taken in parts, with nothing in between, they are the same codes."""
    config = shaped((2, 3, 2, 1), family)
    seed = np.array([3, 99], dtype=np.uint32)
    parts, whole = codes(config, seed), codes(config, seed)
    taken = [parts.take(count) for count in (0, 1, 7, 0, 40)]
    np.testing.assert_array_equal(np.concatenate(taken), whole.take(48))
