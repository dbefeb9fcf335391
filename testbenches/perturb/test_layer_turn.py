"""Turns of layers: the ring of the circuit, and what resting layers do in the twin."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.perturb.layer_turn import LayerTurn
from mgd_sim.float_mgd import FloatMgd, FloatNetwork
from mgd_sim.trainer import Trainer
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.perturb.bench_layer_turn"


def layered(*layers: int, **learning) -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": layers},
        perturbation={"granularity": "layer", "tau_layer": 3},
        learning={"tau_bits": 4, **learning},
    )


@pytest.mark.parametrize("layers", [(2, 1), (2, 2, 1), (2, 2, 2, 1)], ids=str)
def test_layer_turn(layers, tmp_path):
    config = layered(*layers)
    run(verilog(LayerTurn(config), "dut"), BENCH, tmp_path, config)
    last = len(config.shape.layers) - 1
    run(verilog(LayerTurn(config, last), "dut"), BENCH, tmp_path / "last", config, layer=last)


@mutations(
    ("one perturbation too many", r"last = count == 1'h1", "last = count == 1'h0"),
    ("the other way round", r"\{ active\[1:0\], active\[2\] \}", "{ active[0], active[2:1] }"),
    ("turns in every clock", r"_00_ = advance & last", "_00_ = last"),
    ("a load forgotten", r"active <= 3'h1", "active <= active"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = layered(2, 2, 2, 1)
    assert not stays_unnoticed(mutation, verilog(LayerTurn(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
def test_only_one_layer_learns(measure):
    """In every step the parameters of one layer move, and in three steps each layer's have had their turn."""
    config = layered(2, 2, 2, 1, measure=measure)
    trainer, moved = Trainer(config, range(20)), set()
    owner = np.repeat([0, 1, 2], [6, 6, 3])
    for perturbation in range(45):
        before = trainer.theta
        record = trainer.run(1, record=True)
        turn = perturbation // 3 % 3
        assert not (trainer.theta != before)[:, owner != turn].any()
        assert not record.code[0][:, owner != turn].any()
        if (trainer.theta != before).any():
            moved.add(turn)
    assert moved == {0, 1, 2}


def test_estimate_is_the_gradient_of_the_layer():
    """Walsh codes over a whole period of one layer's turn: G is the gradient in it and nothing elsewhere.

    Central differences of amplitude 2**-9 miss by its square times third derivatives: below 1e-4.
    """
    config = preset("xor").replaced(
        perturbation={"family": "walsh", "granularity": "layer", "tau_layer": 32, "amplitude": 2.0**-9},
        formats={"parameter": "SQ(5, 20)"},
        learning={"measure": "two_sided", "tau_x": 64, "tau_theta": 64, "rate": 2.0**-5},
        engine={"shadow": "yes"},
        task={"order": "plain"},
    )
    assert config.codes.walsh_code.period == 32
    learner = FloatMgd(config, range(5))
    theta = learner.theta
    for part in (slice(0, 6), slice(6, 9)):
        before = learner.theta
        learner.run(32)
        moved = (learner.theta - before) / -(2.0**-5) / 32
        gradient = FloatNetwork(config).gradient(theta, np.zeros((2, 1)), np.zeros((1, 1)))
        np.testing.assert_allclose(moved[:, part], gradient[:, part], atol=1e-4)
        moved[:, part] = 0
        assert not moved.any()


def test_float_rule_rests_too():
    """The circuit's codes in floating point: the same parameters move in the same steps."""
    config = layered(2, 2, 1)
    learner, trainer = FloatMgd(config, [1, 2], circuit_codes=True), Trainer(config, [1, 2])
    for _ in range(12):
        before, old = learner.theta, trainer.theta
        learner.run(1)
        trainer.run(1)
        rests = [(learner.theta == before).all(axis=0), (trainer.theta == old).all(axis=0)]
        assert rests[0][:6].all() != rests[0][6:].all()
        assert rests[1][rests[0]].all()
