"""Do the studies find what theory says, and keep what they have found?"""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_sim.studies import angle, families, hidden, learning, measurement, variants

SEEDS = range(48)


def test_walsh_finds_the_gradient_in_one_period():
    """At a small amplitude, where the curvature of the cost plays no part."""
    config = angle.held(preset("nist7x7"), "walsh", 2.0**-9)
    period = config.codes.walsh_code.period
    half, whole = angle.float_cosines(config, SEEDS, [period // 4, period])
    assert whole.min() > 0.9999
    assert half.max() < 0.99


def test_sequential_finds_the_gradient_in_one_round():
    config = angle.held(preset("nist7x7"), "sequential", 2.0**-9)
    half, whole = angle.float_cosines(config, SEEDS, [110, 220])
    assert whole.min() > 0.9999
    assert half.max() < 0.99


@pytest.mark.parametrize("share", [1.0, 0.125])
@pytest.mark.parametrize("cosines", [angle.float_cosines, angle.circuit_cosines])
def test_random_codes_follow_the_law(cosines, share):
    """Within 3 % at T = P and at T = 10 P; a mean of 48 seeds strays by about 0.5 %."""
    config = angle.held(preset("nist7x7"), "random_code", 2.0**-5, share)
    found = cosines(config, SEEDS, [220, 2200]).mean(axis=1)
    assert found == pytest.approx([angle.law(220, steps, share) for steps in (220, 2200)], rel=0.03)


def test_circuit_finds_the_gradient_with_walsh_codes():
    """In the circuit's words too; what is missing is the floor of the cost at its last bit."""
    config = angle.held(preset("nist7x7"), "walsh", 2.0**-5)
    assert angle.circuit_cosines(config, SEEDS, [512]).min() > 0.995


def test_angle_command(tmp_path, capsys):
    out = tmp_path / "angle.json"
    assert angle.main(["xor", "--seeds", "3", "--out", str(out)]) == 0
    assert "P = 9, Walsh period 32" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert found["cosine"]["walsh float"][found["checkpoints"].index(32)] > 0.999


@pytest.mark.parametrize("model", learning.MODELS)
def test_learning_stops_when_all_is_solved(model):
    goal = learning.Goal(accuracy=0.5, cost=1.0, every=10, steps=100, seeds=3)
    for result in learning.learn(model, preset("xor"), range(3), goal):
        assert len(result.solved_at) == 3
    assert result.solved == 1.0
    assert result.steps == max(result.solved_at) < 100
    assert result.median == np.median(result.solved_at)


def test_learning_stops_at_the_limit():
    goal = learning.Goal(accuracy=0.0, cost=0.0, every=40, steps=100, seeds=2)
    results = list(learning.learn("twin", preset("xor"), range(2), goal))
    assert len(results) == 4
    assert results[-1].steps == 100
    assert results[-1].solved == 0
    assert results[-1].median is None


def test_families_command(tmp_path, capsys, monkeypatch):
    """Every family is a configuration; what is done is kept, and not done again."""
    for task, each in families.FAMILIES.items():
        assert len({families.configured(task, name).model_dump_json() for name in each}) == len(each)
    few = ["xor", "--family", "Walsh", "--family", "analog, sinusoidal", "--seeds", "3", "--steps", "100"]
    assert families.main([*few, "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out
    assert [line[:12].strip() for line in lines.splitlines()] == ["twin"] * 2 + ["float_railed"] * 2
    found = json.loads((tmp_path / "xor_families.json").read_text())
    assert [(row["variant"], row["steps"], len(row["accuracy"])) for row in found] == [
        (name, 100, 3) for name in ("Walsh", "analog, sinusoidal") * 2
    ]
    monkeypatch.setattr(variants, "learn", None)
    assert families.main([*few, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == lines
    with pytest.raises(SystemExit):
        families.main(["xor", "--family", "wavelets"])
    assert "--family wavelets: must be one of random; Walsh;" in capsys.readouterr().err


def test_learning_command(tmp_path, capsys):
    out = tmp_path / "learning.json"
    assert learning.main(["xor", "--seeds", "4", "--steps", "300", "--out", str(out)]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["twin", "float"]
    found = json.loads(out.read_text())
    assert [result["steps"] for result in found["results"]] == [300, 300]
    assert found["goal"]["seeds"] == 4


def test_measurement_command(capsys):
    """Every remedy and every number of repeats has its line."""
    assert measurement.main(["--seeds", "2", "--steps", "48"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(set(lines)) == 4 * 2 * 5 + 3 * 2 * 3
    assert "noise 0.25, rate 0.125, mean of 16" in lines[-1]


def test_another_loss():
    """Only where outputs are compared must they be linear; a mean cost is a goal for squared errors only."""
    config = learning.with_loss(preset("nist7x7_centered"), "hinge", 0.25)
    assert [layer.activation for layer in config.shape.layers] == ["sigmoid", "linear"]
    assert (config.loss, config.learning_shift) == ("hinge", 2)
    config = learning.with_loss(preset("xor"), "absolute_error", None)
    assert config.last_activation == "sigmoid"
    assert config.learning == preset("xor").learning
    assert learning.goal_of(preset("xor")).cost == 0.04
    assert learning.goal_of(config).cost == float("inf")
    assert learning.goal_of(preset("xor").replaced(task={"name": "external", "source": "stream"})) is None


def test_interrupted_learning_keeps_its_results(tmp_path, monkeypatch, capsys):
    runs = []

    def interrupted(self, steps: int) -> None:
        runs.append(steps)
        if len(runs) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(learning.Trainer, "run", interrupted)
    out = tmp_path / "learning.json"
    assert learning.main(["xor", "--seeds", "2", "--out", str(out)]) == 130
    assert "step        20" in capsys.readouterr().out
    (found,) = json.loads(out.read_text())["results"]
    assert found["steps"] == 20
    assert len(found["accuracy"]) == 2


def test_hidden_neurons(tmp_path, capsys):
    """What is kept is what the study of learning finds, in the order of sizes."""
    out = tmp_path / "hidden.json"
    assert hidden.main(["4", "1", "--steps", "500", "--results", str(out)]) == 0
    found = json.loads(out.read_text())
    assert list(found) == ["1", "4"]
    goal = learning.Goal(accuracy=0.99, cost=float("inf"), every=500, steps=500, seeds=8)
    *_, result = learning.learn("twin", preset("nist7x7_centered"), range(8), goal)
    assert found["4"]["accuracy"] == round(np.mean(result.accuracy), 4) > 0.3
    assert (found["4"]["seeds"], found["4"]["solved"], found["4"]["median"]) == (8, 0, None)
    assert capsys.readouterr().out.startswith("49-4-4: {'seeds': 8, ")
    assert hidden.network(7).network.layers == (49, 7, 4)
