"""The studies of devices: small runs of each, and what they must show."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgd_sim.studies import crossbars, rings


@pytest.mark.only_all
def test_programmed_tuned_and_in_the_loop():
    """Eight crossbars of a spread of 30 %: most fail with parameters of ideal cells; learning mends all."""
    task = crossbars.TASKS["xor"]
    parameters = crossbars.taught(task, 8)
    assert parameters.shape == (8, 9)
    programmed, tuned, _ = crossbars.outcomes(task, 0.3, 8, parameters, 2500)
    assert programmed.right <= 0.5
    assert tuned.right >= 0.75
    assert tuned.ever == 1
    assert str(programmed).startswith("spread  30%  programmed   right")


@pytest.mark.only_all
def test_taught_parameters_solve_the_task():
    """On ideal cells, which nothing was told of the task."""
    task = crossbars.TASKS["xor"]
    programmed, *_ = crossbars.outcomes(task, 0.0, 4, crossbars.taught(task, 4), 0)
    assert programmed.accuracy == 1


def test_rings_learn_and_recover(tmp_path, capsys):
    """Six banks: the quadratic task within two epochs, and again after each step of 2 K."""
    out = tmp_path / "rings.json"
    options = ["--task", "quadratic", "--devices", "6", "--epochs", "2", "--after", "2", "--out", str(out)]
    assert rings.main(options) == 0
    (found,) = json.loads(out.read_text())
    assert sum(at > 0 for at in found["reached"]) >= 4
    assert found["kelvin"] == [2.0, -2.0]
    assert max(found["fallen"]) < 0.85
    assert np.mean(np.array(found["recovery"]) >= 0) > 0.7
    assert "2 K: accuracy falls" in capsys.readouterr().out


def test_classes_are_balanced():
    """A class that is always given answers at most 62 % of either task."""
    for task in rings.GOALS:
        share = rings.samples(task, 4000, 3).target.mean()
        assert 0.38 < share < 0.62
