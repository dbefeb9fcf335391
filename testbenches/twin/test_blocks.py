"""Small blocks, exhaustively at small widths: cell, integrator, update, cost, sequencer, start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mgd_hdl.config import SQ, preset
from mgd_sim.control.initializer import initial_parameters
from mgd_sim.control.sequencer import in_turn, plan
from mgd_sim.cost.accumulator import Accumulator
from mgd_sim.cost.baseline import Baseline
from mgd_sim.cost.squared_error import SquaredError
from mgd_sim.evaluate import right
from mgd_sim.fixed import fits
from mgd_sim.learn.cell import forward_weight, visible
from mgd_sim.learn.homodyne import homodyne
from mgd_sim.learn.integrator import integrate
from mgd_sim.learn.loaded import multiples
from mgd_sim.learn.update import Update


@pytest.mark.parametrize(("width", "rail"), [(4, 2), (5, 3), (7, 5), (7, 3), (6, 0)])
def test_integrator(width, rail):
    """Every T and every word: refused at the rail and outward, never wrapped."""
    format = SQ(2, width - 2)
    quarter = 1 << (width - 2)
    theta, word = np.meshgrid(np.arange(format.min, format.max + 1), np.arange(1 - quarter, quarter))
    new = integrate(rail, theta, word)
    assert fits(new, format)
    for t, w, got in zip(theta.flat, word.flat, new.flat, strict=True):
        refused = (t >= 2**rail and w >= 0) or (t < -(2**rail) and w < 0)
        assert got == (t if refused else t + w)


def test_homodyne():
    word = homodyne(np.array([5, -3, 0]), np.array([[1, -1], [0, 1], [-1, 1]]))
    assert word.tolist() == [[5, -5], [0, -3], [0, 0]]


@pytest.mark.parametrize("code_bits", [1, 2, 4])
def test_multiples(code_bits):
    """Every perturbation, and none: the words add up to the product, and all point one way."""
    largest = 2**code_bits - 1
    sign = np.array([[0, *range(-largest, largest + 1, 2)]])
    update = np.array([5, -3, 0])
    words = list(multiples(update, sign, code_bits))
    assert len(words) == code_bits
    np.testing.assert_array_equal(sum(words), update[:, None] * sign)
    for bit, word in enumerate(words):
        assert set(np.unique(np.abs(word[0]))) <= {0, 5 << bit}
        assert (word * np.sign(update[:, None] * sign) >= 0).all()


@pytest.mark.parametrize("code_bits", [2, 3, 5])
def test_cell_with_code_words(code_bits):
    """Below the visible bits stand u and a one, at rest a one and zeros, on the other side ~u and a one."""
    config = preset("xor").replaced(
        perturbation={"family": "external", "resolution": code_bits}, formats={"parameter": "SQ(5, 15)"}
    )
    seen = np.array([config.words.visible.min, -1, 0, config.words.visible.max])
    for u in range(1 << code_bits):
        s = 2 * u + 1 - (1 << code_bits)
        endings = {s: f"{u:0{code_bits}b}1", 0: "1" + "0" * code_bits}
        endings[-s] = "".join("10"[int(bit)] for bit in f"{u:0{code_bits}b}") + "1"
        for perturbation, ending in endings.items():
            weight = forward_weight(seen, perturbation, code_bits)
            assert fits(weight, config.words.weight)
            for v, w in zip(seen.tolist(), weight.tolist(), strict=True):
                upper = format(v % 2**config.words.visible.width, f"0{config.words.visible.width}b")
                assert (
                    format(w % 2**config.words.weight.width, f"0{config.words.weight.width}b")
                    == upper + ending
                )


def test_cell():
    """The weight's last two bits say rest, plus or minus; its other bits are those above the guard bits."""
    config = preset("xor")
    theta = np.arange(config.words.parameter.min, config.words.parameter.max + 1, 37)
    seen = visible(theta, config.words.guard_bits)
    assert fits(seen, config.words.visible)
    for perturbation, ending in ((0, "10"), (1, "11"), (-1, "01")):
        weight = forward_weight(seen, perturbation)
        assert fits(weight, config.words.weight)
        for t, w in zip(theta.tolist(), weight.tolist(), strict=True):
            kept = format(t % 2**config.words.parameter.width, f"0{config.words.parameter.width}b")[
                : config.words.visible.width
            ]
            assert format(w % 2**config.words.weight.width, f"0{config.words.weight.width}b") == kept + ending


@pytest.mark.parametrize("rounding", ["floor", "nearest_even", "stochastic", "carry"])
def test_update_limits(rounding):
    """Every A, from the largest shift to the left to the largest to the right: symmetric limits."""
    config = preset("xor").replaced(
        formats={"parameter": "SQ(3, 5)", "cost_change": "SQ(1, 5)", "hold_bits": 2},
        learning={"rounding": rounding, "rate": 0.125},
    )
    hold = np.arange(config.words.hold.min, config.words.hold.max + 1)
    for learning_shift in range(config.levels.max_learning_shift + 1):
        update, saturated = Update(config)(hold, learning_shift, 0)
        scale = 2.0 ** (config.levels.gain - learning_shift)
        for a, got, flag in zip(hold.tolist(), update.tolist(), saturated.tolist(), strict=True):
            exact = -a * scale
            wanted = round(exact) if rounding == "nearest_even" else int(np.floor(exact))
            assert got == max(-config.words.update.max, min(config.words.update.max, wanted))
            assert flag == (got != wanted)


def test_cost():
    """Every output and target of four bits, at more and at fewer fraction bits of the cost."""
    for fraction, wanted in ((4, 6), (4, 12)):
        config = preset("xor").replaced(
            formats={
                "activation_fraction": fraction,
                "cost_change": f"SQ(2, {wanted})",
                "target": "UQ(1, 2)",
            },
            task={"source": "stream"},
        )
        y, target = np.meshgrid(np.arange(16), np.arange(8))
        cost = SquaredError(config)(y.reshape(1, -1), target.reshape(1, -1))
        assert fits(cost, config.words.cost)
        exact = (y / 16 - target / 4) ** 2
        np.testing.assert_array_equal(cost, np.floor(exact * 2.0**wanted).ravel())


def test_cost_adds_up_outputs():
    """The sum is floored, not its terms."""
    config = preset("nist7x7").replaced(formats={"activation_fraction": 3, "cost_change": "SQ(2, 4)"})
    y = np.array([1, 1, 1, 1])[:, None]
    assert SquaredError(config)(y, np.zeros((4, 1), int)).tolist() == [4 * 16 // 64]


def test_cost_change_and_hold():
    config = preset("xor").replaced(formats={"cost_change": "SQ(1, 3)", "hold_bits": 1})
    cost, baseline = np.meshgrid(np.arange(30), np.arange(30))
    change, saturated = Baseline(config)(cost, baseline)
    np.testing.assert_array_equal(change, np.clip(cost - baseline, -8, 7))
    np.testing.assert_array_equal(saturated, change != cost - baseline)
    hold, added = np.meshgrid(np.arange(-16, 16), np.arange(-8, 8))
    total, saturated = Accumulator(config)(hold, added)
    np.testing.assert_array_equal(total, np.clip(hold + added, -16, 15))
    np.testing.assert_array_equal(saturated, total != hold + added)


@pytest.mark.parametrize("shadow", ["yes", "no"])
@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
@pytest.mark.parametrize("times", [(1, 1, 1), (3, 1, 1), (5, 4, 2), (2, 6, 3), (7, 3, 5), (4, 2, 9)], ids=str)
def test_sequencer(shadow, measure, times):
    """Against three counters; the plan of a part is part of the plan."""
    config = preset("xor").replaced(engine={"shadow": shadow}, learning={"measure": measure})
    tau_x, tau_p, tau_theta = times
    registers = replace(config.registers(), tau_x=tau_x, tau_p=tau_p, tau_theta=tau_theta)
    todo = plan(config, registers, 0, 200)
    count_x = count_p = count_theta = 0
    changed = True
    for step in range(200):
        assert todo.sample[step] == (count_x == 0)
        assert todo.code[step] == (count_p == 0)
        assert todo.reference[step] == (measure == "two_sided" or count_x == 0 or changed)
        count_x, count_p, count_theta = (
            (count_x + 1) % tau_x,
            (count_p + 1) % tau_p,
            (count_theta + 1) % tau_theta,
        )
        assert todo.flush[step] == (count_p == 0 or count_theta == 0)
        changed = count_theta == 0 if shadow == "yes" else bool(todo.flush[step])
        assert todo.refresh[step] == changed
    for name, whole in vars(todo).items():
        np.testing.assert_array_equal(getattr(plan(config, registers, 60, 90), name), whole[60:150])


def test_in_turn():
    takes = np.array([False, True, False, True, True])
    items, at = in_turn(np.array([7]), np.array([1, 2, 3]), takes)
    assert items[at].tolist() == [7, 1, 1, 2, 3]
    items, at = in_turn(np.array([], int), np.array([1, 2]), np.array([True, False, True]))
    assert items[at].tolist() == [1, 1, 2]


def test_start_is_uniform():
    """Each layer within its own range; mean and spread those of a uniform draw, within five sigma."""
    config = preset("nist7x7")
    seeds = np.array([config.registers(seed).seed_initial for seed in range(200)], dtype=np.uint32)
    start = initial_parameters(config, seeds) * config.words.parameter.step
    for layer, initial in zip(config.shape.layers, (0.25, 0.5), strict=True):
        own = start[:, layer.first : layer.first + layer.parameters] / initial
        assert -1 <= own.min() < -0.99
        assert 0.99 < own.max() < 1
        assert abs(own.mean()) < 5 / np.sqrt(3 * own.size)
        assert abs((own**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / own.size)


def test_right_answers():
    """The first of equal outputs answers; a single output answers from one half on."""
    target = np.array([[1, 0, 0], [0, 1, 1]])
    y = np.array([[[3, 3, 1], [3, 3, 2]]])
    assert right(y, target, half=2, target_half=0.5).tolist() == [[True, False, True]]
    y = np.array([[[1, 2, 3, 1]]])
    assert right(y, np.array([[0, 1, 0, 1]]), half=2, target_half=0.5).tolist() == [
        [True, True, False, False]
    ]
