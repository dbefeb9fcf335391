"""Do the studies find what theory says, and keep what they have found?"""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_sim.studies import angle, hidden, imperfections, learning
from mgd_sim.studies.catalogue import STUDIES
from mgd_sim.studies.points import applied
from mgd_sim.studies.tuned import FAMILIES, VARIANTS

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


@pytest.mark.parametrize("study", ["families", "variants"])
def test_every_family_and_variant_is_another_configuration(study):
    """Of presets that have points of their own."""
    for task, each in {"families": FAMILIES, "variants": VARIANTS}[study].items():
        (points,) = STUDIES[study].plan(preset(task), learning.goal_or_any(preset(task)))
        assert [point.name for point in points] == list(each)
        assert len({applied(preset(task), point.changes).model_dump_json() for point in points}) == len(each)


def test_means_of_a_noisy_meter_take_as_many_measurements():
    """The mean of K: two-sided, each of the three times K, and K times less of a rate for their sum."""
    (points,) = STUDIES["measurement"].plan(preset("xor"), learning.goal_or_any(preset("xor")))
    named = {point.name: applied(preset("xor"), point.changes) for point in points}
    assert len(named) == len(points) == 4 * (5 + 3)
    found = named["noise 0.125, two-sided, mean of 16"]
    assert found.imperfections.cost_noise == 0.125
    times = (found.learning.tau_x, found.learning.tau_p, found.learning.tau_theta)
    assert (*times, found.learning.measure) == (16, 16, 16, "two_sided")
    assert found.learning_shift == preset("xor").learning_shift + 4
    assert named["noise 0.125, gate 1/16"].model_dump()["cost"]["gate"] == 0.0625


def test_a_goal_has_a_cost_for_squared_errors_only():
    config = preset("xor").replaced(cost={"loss": "absolute_error"})
    assert learning.goal_of(preset("xor")).cost == 0.04
    assert learning.goal_of(config).cost == float("inf")
    assert learning.goal_of(preset("xor").replaced(task={"name": "external", "source": "stream"})) is None


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


def test_imperfections_are_told_under_their_models(tmp_path, capsys):
    """A row for each size, with the share of seeds that the same learners solve on such devices."""
    asked = ["xor", "--sweep", "dead", "--seeds", "3", "--steps", "400", "--out", str(tmp_path)]
    assert imperfections.main([*asked, "--model", "float", "--model", "twin"]) == 0
    told = [line.split()[1:] for line in capsys.readouterr().out.splitlines() if line.startswith("dead   ")]
    assert [row[0] for row in told] == ["size", "0", "0.111", "0.222", "0.333"]
    assert told[0][1:] == ["float", "twin"]
    goal = learning.Goal(accuracy=1.0, cost=0.04, every=50, steps=400, seeds=3)
    *_, result = learning.learn("twin", preset("xor"), range(3), goal, devices=range(3))
    assert told[1][-1 if result.median is None else -3].rstrip(",") == f"{result.solved:.0%}"
