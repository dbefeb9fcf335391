"""Node perturbation: rows and columns of cells, the twin's words, estimates with a code for each neuron."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.node import NodeArray
from mgd_sim.float_mgd import FloatMgd, FloatNetwork
from mgd_sim.learn.cell import forward_weight
from mgd_sim.learn.node import node_words, parts, spread
from mgd_sim.studies.angle import float_cosines, held, law
from mgd_sim.trainer import Trainer
from testbenches.learn.shapes import answering, learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_node"


def noded(*layers: int, bits: int = 3, activation: Any = "sigmoid", **kind: Any) -> TrainerConfig:
    """T is ten bits wide; the network sees its upper four."""
    config = learner(*layers, parameter="SQ(2, 8)", rate=1.0, rounding="floor", **kind)
    return config.replaced(
        perturbation={"granularity": "node", "resolution": bits}, network={"activation": activation}
    )


@pytest.mark.parametrize(
    "config",
    [
        noded(2, 2, 1),
        noded(2, 3, 2, 1, bits=4, activation=["tanh", "relu", "sigmoid"], sides="two_sided", leaves=True),
        noded(2, 2, 1, bits=5, activation=["linear", "sigmoid"], shadow=True, family="walsh"),
        noded(3, 64, 1, leaves=True),
        noded(3, 64, 1, leaves=True, leaf_cells=16),
        answering(noded(2, 2, 1, sides="two_sided", shadow=True)),
    ],
    ids=[
        "bits",
        "signs, two-sided",
        "walsh, shadow",
        "two tiles a neuron",
        "five leaves a neuron",
        "answering, two-sided",
    ],
)
def test_node(config, tmp_path):
    run(verilog(NodeArray(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a column of another input", r"\.x\(columns_1\)", ".x({ columns_1[0], columns_1[2:1] })"),
    ("weights shaken", r"weight = \{ visible, 2'h2 \}", "weight = { visible, 2'h3 }"),
    ("shaken at rest", r"= ~ layer_1__rest;", "= 1'h1;"),
    ("the sign forgotten", r"= minus \^ turn\[4\]", "= minus"),
    ("refreshed with another layer", r"<= layer_1__refresh;", "<= layer_0__refresh;"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = noded(2, 2, 1, bits=5, activation=["linear", "sigmoid"], shadow=True)
    assert not stays_unnoticed(mutation, verilog(NodeArray(config), "dut"), BENCH, tmp_path, config)


def test_words_add_up_to_the_product():
    """In plain integers: D times sign times input in parts, whole parts only, for every kind of input."""
    config = noded(2, 3, 2, 2, 1, bits=6, activation=["tanh", "relu", "linear", "sigmoid"])
    rng = np.random.default_rng(3)
    inputs = [
        rng.integers(layer.input.min, layer.input.max + 1, (4, layer.inputs)) for layer in config.shape.layers
    ]
    sign = rng.choice([-1, 1], (4, config.neurons))
    update = rng.integers(-config.words.update.max, config.words.update.max + 1, 4)
    words = list(node_words(config, update, sign, parts(config, inputs)))
    assert len(words) == config.timing.update_clocks == 12
    assert max(np.abs(word).max() for word in words) <= config.words.word.max
    for replica, d in enumerate(update.tolist()):
        expected, codes = [], iter(sign[replica].tolist())
        for layer, x in zip(config.shape.layers, inputs, strict=True):
            counted = [
                math.floor(value * 2.0**config.words.unit_shift / 2**layer.input.fraction_bits)
                for value in x[replica].tolist()
            ]
            for _ in range(layer.neurons):
                s = next(codes)
                expected += [d * s * count for count in [*counted, 2**config.words.unit_shift]]
        assert sum(words)[replica].tolist() == expected


def test_only_sums_are_shaken():
    """As far as the cost goes, a shaken bias is a shaken sum."""
    config = preset("parity4").replaced(
        perturbation={"granularity": "node"}, formats={"parameter": "SQ(5, 16)"}
    )
    shaken = spread(config, np.arange(1, 6))
    assert np.flatnonzero(shaken).tolist() == [4, 9, 14, 19, 24]
    assert shaken[shaken > 0].tolist() == [1, 2, 3, 4, 5]


NODES = preset("nist7x7").replaced(perturbation={"granularity": "node"}, formats={"parameter": "SQ(5, 20)"})


def test_a_walsh_period_gives_the_gradient():
    """Two-sided, orthogonal codes and a small amplitude: nothing is left but third derivatives."""
    config = held(NODES.replaced(learning={"measure": "two_sided"}), "walsh", 2.0**-9)
    assert config.codes.walsh_code.period == 16
    assert float_cosines(config, range(4), [16]).min() > 0.9999


@pytest.mark.parametrize("model", [FloatMgd, Trainer])
def test_the_angle_follows_the_number_of_neurons(model):
    """1 / sqrt(1 + (N - 1) / T) for the slopes by the N = 8 sums, whatever the number of parameters.

    Weights repeat the error of their neuron's slope d_i as often as X_i, the squares of its inputs and the
    bias's 1, and all neurons' slopes are in each of these errors. So for all parameters
    (N - 1) becomes ``sum X_i (|d|^2 - d_i^2) / sum X_i d_i^2``, of each sample its own.

    Over 256 seeds the means are known to 0.02, and what the circuit's three bits of an input below the point
    drop costs less than that.
    """
    config = held(NODES, "random_code", 2.0**-4)
    options = {"circuit_codes": True} if model is FloatMgd else {}
    learner = model(config, range(256), **options)
    rest, start = learner.visible, learner.theta
    if model is Trainer:
        rest = forward_weight(rest, 0) * config.words.weight.step
    biases = list(config.shape.biases)
    for steps in (8, 32, 128):
        learner.run(steps - learner.step)
        x, target = (
            values[learner.current_sample].astype(float)[..., None]
            for values in (learner.samples.x, learner.samples.target)
        )
        network = FloatNetwork(config)
        truth, moved = network.gradient(rest, x, target), (start - learner.theta).astype(float)
        assert cosine(moved[:, biases], truth[:, biases]) == pytest.approx(law(8, steps), abs=0.04)
        d = np.square(truth[:, biases])
        squares = [1 + np.square(each).sum(axis=1) for each in network.inputs(rest, x)]
        squares = np.repeat(np.stack(squares, axis=1), [4, 4], axis=1)
        others = (squares * (d.sum(axis=1, keepdims=True) - d)).sum(axis=1) / (squares * d).sum(axis=1)
        expected = np.mean(1 / np.sqrt(1 + others / steps))
        assert cosine(moved, truth) == pytest.approx(expected, abs=0.04)
        assert cosine(moved, truth) > 2 * law(220, steps) or steps > 8


def cosine(found: Any, truth: Any) -> float:
    """The mean over all seeds."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(truth, axis=1)
    return float(np.mean((found * truth).sum(axis=1) / np.where(lengths, lengths, 1)))


def test_float_rule_is_the_outer_product():
    """One step by hand: all sums shaken, and theta moves by ``-rate C~ / amplitude`` times ``s_i x_j``."""
    config = preset("xor").replaced(
        perturbation={"granularity": "node"}, formats={"parameter": "SQ(5, 12)"}, task={"order": "plain"}
    )
    learner = FloatMgd(config, [5])
    learner.run(3)
    before, x = learner.theta[0], learner.samples.x[3].astype(float)
    learner.run(1)
    moved = learner.theta[0] - before
    network, column = FloatNetwork(config), x[None, :, None]
    hidden = network.inputs(before[None], column)[1][0]
    slopes = moved[[2, 5, 8]]  # of the biases, whose input is 1
    np.testing.assert_allclose(moved[:2], slopes[0] * x)
    np.testing.assert_allclose(moved[3:5], slopes[1] * x)
    np.testing.assert_allclose(moved[6:8], slopes[2] * hidden)
    target = learner.samples.target[3].astype(float)[None, :, None]
    matches = []
    for signs in (np.sign(slopes), -np.sign(slopes)):  # the codes are one of these
        shaken = before.copy()
        shaken[[2, 5, 8]] += 2.0**-4 * signs
        change = network.cost(shaken[None], column, target) - network.cost(before[None], column, target)
        matches.append(np.allclose(slopes, -0.5 * change.item() / 2.0**-4 * signs))
    assert any(matches)
