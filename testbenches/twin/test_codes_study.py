"""The figures of the codes: exact where theory gives an integer, and seen to be bad where a code is."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mgd_hdl.config import PRESETS, preset
from mgd_sim.studies import codes
from mgd_sim.studies.learning import Goal, learn


def mean_of_products(bits, order):
    """The means of all products of ``order`` different codes, one multiplication after the other."""
    sign = 2.0 * bits - 1
    return np.array(
        [
            sign[:, chosen].prod(axis=1).mean()
            for chosen in itertools.combinations(range(bits.shape[1]), order)
        ]
    )


@pytest.mark.parametrize("steps", [40, 64, 200])
def test_figures_are_what_multiplication_gives(steps):
    bits = np.random.default_rng(steps).integers(0, 2, (steps, 7), dtype=np.uint8)
    bits[:, 5] = bits[:, 0] ^ bits[:, 3]
    found = codes.figures(bits)
    pairs, triples = mean_of_products(bits, 2), mean_of_products(bits, 3)
    assert found.mean == pytest.approx(np.abs(mean_of_products(bits, 1)).max())
    assert found.cross == pytest.approx(np.abs(pairs).max())
    assert found.cross_rms == pytest.approx(np.sqrt((pairs**2).mean()))
    assert found.triple == pytest.approx(np.abs(triples).max()) == 1
    assert found.exact_triples == np.count_nonzero(np.abs(triples) == 1) == 1


def estimate(bits, gradient, curvature, amplitude):
    """One-sided homodyne on a quadratic cost, over all steps: C~ s / amplitude."""
    sign = 2.0 * bits - 1
    shake = amplitude * sign
    change = shake @ gradient + 0.5 * np.einsum("ti,ij,tj->t", shake, curvature, shake)
    return change @ sign / (len(bits) * amplitude)


def quadratic(parameters):
    rng = np.random.default_rng(parameters)
    curvature = rng.normal(size=(parameters, parameters))
    return rng.normal(size=parameters), curvature + curvature.T


@pytest.mark.parametrize("task", PRESETS)
def test_walsh_finds_the_gradient_of_a_quadratic_cost_exactly(task):
    bits = codes.CODES["walsh"](preset(task))
    gradient, curvature = quadratic(bits.shape[1])
    assert estimate(bits, gradient, curvature, 1 / 16) == pytest.approx(gradient, abs=1e-10)


def test_a_biased_walsh_code_does_not():
    """The first parameter's false gradient is that of the pairs whose indices differ in its own."""
    bits = codes.biased_walsh(preset("xor"))
    gradient, curvature = quadratic(9)
    found = estimate(bits, gradient, curvature, 1 / 16) - gradient
    leak = curvature[1, 2] + curvature[3, 4] + curvature[5, 6] + curvature[7, 8]  # 2^3, 4^5, 6^7, 8^9 are 1
    assert abs(found[0]) == pytest.approx(abs(leak) / 16)
    assert abs(leak) > 1


def test_false_gradient_is_what_random_curvatures_give():
    """Root mean square over many second derivatives of variance one, against the figure."""
    bits = codes.biased_walsh(preset("xor"))
    rng = np.random.default_rng(1)
    squares = []
    for _ in range(2000):
        upper = np.triu(rng.normal(size=(9, 9)), 1)
        squares.append(estimate(bits, np.zeros(9), upper + upper.T, 0.25) ** 2)
    assert np.sqrt(np.mean(squares)) / 0.25 == pytest.approx(codes.figures(bits).false_gradient, rel=0.03)


@pytest.mark.parametrize("task", ["xor", "parity4"])
def test_walsh_has_no_correlation_and_no_bias(task):
    found = codes.figures(codes.CODES["walsh"](preset(task)))
    assert (found.mean, found.cross, found.triple, found.false_gradient) == (0, 0, 0, 0)


def test_without_the_extra_bit_every_closed_triple_counts():
    """Indices 1..9: eight triples {i, j, i ^ j}, each of which harms three parameters."""
    found = codes.figures(codes.biased_walsh(preset("xor")))
    assert (found.steps, found.mean, found.cross) == (16, 0, 0)
    assert (found.triple, found.exact_triples) == (1, 8)
    assert found.false_gradient == pytest.approx(math.sqrt(3 * 8 / 9))


def test_pairs_of_state_bits_close_triples():
    """Nine of the ten pairs of five bits: every triangle a-b, b-c, a-c but those through the last pair."""
    found = codes.figures(codes.biased_random_code(preset("xor")))
    assert found.exact_triples == math.comb(5, 3) - 3
    assert found.false_gradient > 1.5


@pytest.mark.parametrize("task", ["xor", "parity4"])
def test_random_codes_are_as_good_as_independent_bits(task):
    """Over T steps every mean has variance 1/T: the false gradient is sqrt(P (P - 1) / 2 / T)."""
    parameters = preset(task).parameters
    expected = math.sqrt(math.comb(parameters, 2) / codes.STEPS)
    found = codes.figures(codes.CODES["random_code"](preset(task)))
    assert found.exact_triples == 0
    assert found.false_gradient == pytest.approx(expected, rel=0.1)
    assert found.cross_rms == pytest.approx(1 / math.sqrt(codes.STEPS), rel=0.3)
    assert max(found.mean, found.cross, found.triple) < 5 / math.sqrt(codes.STEPS)


def test_cancelling_fours():
    assert codes.cancelling_fours([1, 2, 4, 7]) == 1
    assert codes.cancelling_fours([1, 2, 4, 8]) == 0
    square = [row | column for row in (16, 32, 64) for column in (1, 2, 4)]
    assert codes.cancelling_fours(square) == 9  # two of three rows, two of three columns


def test_the_diagonal_breaks_the_rectangles_of_xor():
    """Without it, any two of the three columns that both layers have make a rectangle."""
    found = {name: count(preset("xor")) for name, count in codes.FOURS.items()}
    assert found == {"random_code": 0, "random_code without diagonal": 3}


@pytest.mark.parametrize("name", codes.LEARNERS)
def test_half_of_all_seeds_solve_xor(name):
    """Looked at every 100 steps. Unsolved seeds count as infinite, so a goal nobody meets does too."""
    config, codes_of = preset("xor"), codes.LEARNERS[name]
    goal = Goal(accuracy=1.0, cost=0.04, every=100, steps=20_000, seeds=8)
    median = codes.median_steps(config, codes_of, range(8), goal)
    assert 500 < median < 20_000
    assert codes.median_steps(config, codes_of, range(8), replace(goal, cost=0.0, steps=200)) == math.inf


def test_the_learners_differ_in_their_codes_only():
    """The circuit's own codes in the place of the circuit's own codes change nothing."""
    config = preset("xor")
    goal = Goal(accuracy=1.0, cost=0.04, every=10, steps=20_000, seeds=5)
    found = list(learn("twin", config, range(5), goal))[-1]
    assert codes.median_steps(config, codes.LEARNERS["random_code"], range(5), goal) == np.median(
        found.solved_at
    )


def test_command(tmp_path, capsys):
    out = tmp_path / "codes.json"
    assert codes.main(["xor", "--learn", "4", "--out", str(out)]) == 0
    assert "biased walsh" in capsys.readouterr().out
    document = json.loads(out.read_text())
    assert list(document["median_steps"]) == list(codes.LEARNERS)
    found = document["codes"]
    assert list(found) == list(codes.CODES)
    assert found["walsh"]["false_gradient"] == 0
    assert found["biased walsh"]["exact_triples"] == 8
