"""Are the codes what theory asks of them: distinct, uncorrelated, and no product of two a third?"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mgd_hdl.config import Sinusoids, SparseCode, TrainerConfig, preset
from mgd_sim.perturb.codes import Codes, codes, signs
from mgd_sim.perturb.random_code import masks, random_code
from mgd_sim.perturb.walsh import indices

SHAPES = [(2, 2, 1), (2, 1), (2, 3, 2, 1), (2, 9, 2, 1), (2, 15, 1)]
WIDE = [(2, 16, 1), (2, 40, 12, 1), (2, 60, 60, 1)]


def shaped(layers: tuple[int, ...], family: str = "random_code", **perturbation) -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": layers},
        perturbation={"family": family, **perturbation},
        formats={"parameter": "SQ(5, 15)"},
    )


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
    top = config.codes.walsh_code.repeats // 2
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


def sparse(name: str, share: float, seed: int) -> tuple[TrainerConfig, Codes]:
    config = preset(name).replaced(perturbation={"share": share})
    registers = config.registers(seed)
    seeds = (np.array([each], dtype=np.uint32) for each in (registers.seed_code, registers.seed_sparse))
    code, activity = seeds
    return config, codes(config, code, None, activity)


@pytest.mark.parametrize("share", [0.5, 0.25, 0.125])
def test_sparse_codes_are_independent_in_pairs(share):
    """Of 2**16 perturbations q are active, q q of any two, and no signs of two or three are alike."""
    config, source = sparse("parity4", share, 3)
    steps = 1 << 16
    sign = signs(config, source.take(steps))[:, 0].astype(np.float64)
    assert set(np.unique(sign)) == {-1, 0, 1}
    shaken = np.abs(sign)
    both = shaken.T @ shaken / steps
    wanted = np.where(np.eye(len(both)), share, share * share)
    assert np.abs(both - wanted).max() < 5 * np.sqrt(wanted.max() / steps)
    pairs = sign.T @ sign / steps
    assert np.abs(pairs[~np.eye(len(both), dtype=bool)]).max() < 5 * share / np.sqrt(steps)
    triples = np.einsum("na,nb,nc->abc", sign[:, :8], sign[:, 8:16], sign[:, 16:24]) / steps
    assert np.abs(triples).max() < 6 * share**1.5 / np.sqrt(steps)


@pytest.mark.parametrize("share", [0.5, 0.25, 0.125])
def test_no_seed_defeats_the_share(share):
    """Seeds of no, few and only ones: a parameter is active in q of all perturbations, two are in q q."""
    config = preset("xor").replaced(perturbation={"share": share})
    seeds = np.array([0, 1, 2, 3, 1 << 30, 0x12345678, 0x7FFFFFFE, 0x7FFFFFFF], dtype=np.uint32)
    steps = 1 << 14
    shaken = (codes(config, seeds, None, seeds).take(steps) >> 1).astype(np.float64)
    both = np.einsum("tra,trb->rab", shaken, shaken) / steps
    wanted = np.where(np.eye(config.parameters), share, share * share)
    # The registers of few ones need some hundred steps to fill.
    assert np.abs(both - wanted).max() < 6 * np.sqrt(wanted.max() / steps)


@pytest.mark.parametrize("share_shift", [2, 3])
def test_registers_of_sparse_codes_never_agree(share_shift):
    """Neither are two equal nor is the exclusive or of all three zero, for any seed: three bits are the same
    for all seeds, and differ.
    """
    code = SparseCode(2, share_shift)
    for seed in (0, 1, 2, 0x2AAAAAAA, 0x55555555, 0x7FFFFFFE, 0x7FFFFFFF):
        ends = [code.starts(seed, pair) & 7 for pair in range(share_shift)]
        assert ends == [0b001, 0b011, 0b101][:share_shift]


@pytest.mark.parametrize(
    ("name", "share", "steps"), [("xor", 0.125, 32), ("xor", 0.25, 16), ("parity4", 0.5, 64)]
)
def test_sparse_estimates_follow_their_law(name, share, steps):
    """``E |G - g|^2 = |g|^2 (P - 2 + 1/q) / T`` for a linear cost, over 2,000 windows of T perturbations.

    The mean over windows of its sum over parameters is known to a few per cent.
    """
    config, source = sparse(name, share, 5)
    gradient = np.random.default_rng(1).normal(size=config.parameters)
    windows = 2000
    sign = signs(config, source.take(windows * steps))[:, 0].astype(np.float64)
    sign = sign.reshape(windows, steps, config.parameters)
    estimate = ((sign @ gradient)[..., None] * sign).mean(axis=1) / share
    off = np.square(estimate - gradient).sum(axis=1) / np.square(gradient).sum()
    law = (config.parameters - 2 + 1 / share) / steps
    assert off.mean() == pytest.approx(law, rel=0.05)
    # Unbiased: the mean over all windows is the gradient, but for so much noise.
    assert np.linalg.norm(estimate.mean(axis=0) - gradient) < 2 * np.linalg.norm(gradient) * np.sqrt(
        law / windows
    )


@pytest.mark.parametrize("name", ["xor", "parity4", "nist7x7"])
def test_walsh_codes_are_orthogonal(name):
    """Over one period: sums zero, products of two zero, exactly; then everything again."""
    config = preset(name).replaced(perturbation={"family": "walsh"})
    period, parameters = config.codes.walsh_code.period, config.parameters
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


def waves(name: str, family: str, order: str = "plain", resolution: int = 4) -> TrainerConfig:
    """Sinusoidal codes; how well T can follow them plays no part."""
    return preset(name).replaced(
        perturbation={"family": family, "order": order, "resolution": resolution},
        learning={"rounding": "floor"},
    )


WAVES = [
    waves("xor", "square"),
    waves("parity4", "square", "shuffled"),
    waves("xor", "sinusoidal", resolution=2),
    waves("parity4", "sinusoidal", "shuffled"),
    waves("nist7x7", "sinusoidal", resolution=3),
    waves("nist7x7_centered", "sinusoidal", "shuffled", 6),
]


def period_of(config: TrainerConfig) -> np.ndarray:
    """The perturbations of one period, in last bits of the weight: (period, P)."""
    source = codes(config, np.array([config.registers().seed_code], dtype=np.uint32))
    return signs(config, source.take(config.codes.sinusoids.period))[:, 0]


@pytest.mark.parametrize("config", WAVES, ids=lambda c: f"{c.parameters} {c.code_bits} bits")
def test_waves_change_sign_after_half_a_period(config):
    """So no code has a mean, and over a period no product of three has: the odd rule, with no exception."""
    s, half = period_of(config), config.codes.sinusoids.period // 2
    np.testing.assert_array_equal(s[half:], -s[:half])
    assert (s % 2 == 1).all()
    assert np.abs(s).max() <= 2**config.code_bits - 1
    again = codes(config, np.array([config.registers().seed_code], dtype=np.uint32))
    again.take(2 * half)
    np.testing.assert_array_equal(signs(config, again.take(3))[:, 0], s[:3])


@pytest.mark.parametrize("config", WAVES, ids=lambda c: f"{c.parameters} {c.code_bits} bits")
def test_each_wave_is_strongest_at_its_own_frequency(config):
    """By Fourier transform: no other line within the band is half as large, and no two are at one place."""
    s = period_of(config)
    spectrum = np.abs(np.fft.rfft(s, axis=0))
    lines = spectrum.argmax(axis=0)
    assert len(set(lines.tolist())) == config.parameters
    assert (lines % 2 == 1).all()
    assert 0 < lines.min() <= lines.max() < config.codes.sinusoids.period // 2
    assert [
        min(odd, config.codes.sinusoids.period - odd) for odd in config.codes.sinusoids.odds
    ] == lines.tolist()
    assert (np.sort(spectrum, axis=0)[-2] < 0.5 * spectrum.max(axis=0)).all()


@pytest.mark.parametrize("config", WAVES, ids=lambda c: f"{c.parameters} {c.code_bits} bits")
def test_waves_have_the_power_that_is_said(config):
    """Over all parameters and phases; few parameters stray from the mean over all phases."""
    mean_square = (period_of(config).astype(float) ** 2).mean()
    assert mean_square == pytest.approx(float(config.codes.sinusoids.power), rel=0.01)


def test_waves_of_a_quadratic_cost():
    """One-sided over a period: of the gradient g, (s^T s / period) g, and nothing of the curvature.

    Four bits have few harmonics: what they leave of the angle is below 5 degrees.
    """
    config = waves("parity4", "sinusoidal")
    s = period_of(config) / 8.0
    rng = np.random.default_rng(3)
    gradient = rng.normal(size=25)
    curvature = rng.normal(size=(25, 25))
    shake = s / 16
    change = shake @ gradient + np.einsum("ti,ij,tj->t", shake, curvature, shake)
    estimate = change @ s * 16 / len(s)
    np.testing.assert_allclose(estimate, s.T @ s @ gradient / len(s), rtol=0, atol=1e-9)
    cosine = estimate @ gradient / np.linalg.norm(estimate) / np.linalg.norm(gradient)
    assert cosine > np.cos(np.radians(5))


@pytest.mark.parametrize("parameters", [2, 3, 4, 9, 16, 17, 220, 1000])
@pytest.mark.parametrize("scramble", [None, 0, 1, 0x123456789ABCDEF, (1 << 64) - 1], ids=str)
def test_frequencies_are_odd_and_differ(parameters, scramble):
    """Between 0 and half a cycle a perturbation, whether shuffled or not."""
    wave = Sinusoids(parameters, 4, scramble)
    folded = {min(odd, wave.period - odd) for odd in wave.odds}
    assert len(folded) == parameters
    assert all(odd % 2 for odd in folded)
    assert 0 < min(folded) <= max(folded) < wave.period / 2
    assert 4 * parameters <= wave.period < 8 * parameters


def test_external_codes_come_round():
    config = preset("xor").replaced(
        perturbation={"family": "external", "resolution": 2}, formats={"parameter": "SQ(5, 13)"}
    )
    given = 2 * np.arange(36).reshape(4, 9) % 8 - 3
    source = codes(config, np.ones(1, dtype=np.uint32), given)
    taken = np.concatenate([source.take(count) for count in (1, 0, 5, 4)])
    np.testing.assert_array_equal(signs(config, taken)[:, 0], given[np.arange(10) % 4])


@pytest.mark.parametrize(
    ("layers", "runs"), [((7, 8), 1), ((49, 4, 4), 1), ((60, 30, 4), 2), ((7, 3), 0)], ids=str
)
@pytest.mark.parametrize("sign_flip", [False, True])
def test_walsh_codes_of_many_are_parities(layers, runs, sign_flip):
    """From one layer, and from two with a gap of indices between them: those of Python's integers."""
    config = preset("nist7x7_centered").replaced(
        network={"layers": layers, "initial": 1.0},
        perturbation={"family": "walsh", "sign_flip": sign_flip},
        task={"name": "external", "source": "stream"},
    )
    source = codes(config, np.array([1], dtype=np.uint32))
    assert len(source.runs) == runs
    source.take(700)
    index = [config.codes.walsh_code.index(place.row, place.column) for place in config.placement.code_places]
    expected = [[(i & m).bit_count() % 2 for i in index] for m in range(700, 790)]
    assert source.take(90)[:, 0].tolist() == expected


@pytest.mark.parametrize("family", ["random_code", "walsh", "sequential", "square", "sinusoidal"])
def test_codes_go_on(family):
    """Taken in parts, with nothing in between, they are the same codes."""
    config = shaped((2, 3, 2, 1), family)
    seed = np.array([3, 99], dtype=np.uint32)
    parts, whole = codes(config, seed), codes(config, seed)
    taken = [parts.take(count) for count in (0, 1, 7, 0, 40)]
    np.testing.assert_array_equal(np.concatenate(taken), whole.take(48))
