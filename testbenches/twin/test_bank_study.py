"""The study of banks: what it keeps is what trainers are at each look, and only what was equal is noted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mgd_hdl.config import load
from mgd_sim.compare import Comparison, Difference
from mgd_sim.studies import bank
from mgd_sim.studies.study import ends_in_a_line
from mgd_sim.trainer import Trainer

_LETTERS = bank.ROOT / bank.TASKS["letters"].file


def test_looks_are_kept(tmp_path):
    """Of each seed alone, trained in one go."""
    arguments = ["letters", "--seeds", "2", "--steps", "25", "--every", "10", "--out", str(tmp_path)]
    assert bank.main(arguments) == 0
    found = json.loads((tmp_path / "bank_letters.json").read_text())
    assert found["steps"] == [10, 20, 25]
    assert found["samples"] > 1000
    for seed in (0, 1):
        alone = Trainer(load(_LETTERS), [seed])
        alone.run(25)
        assert found["accuracy"][-1][seed] == pytest.approx(float(alone.cost_and_accuracy()[1][0]), abs=1e-5)


def test_only_equal_ones_are_noted(tmp_path):
    equal = Comparison("a", (0,), 120, 700, 0, None, clocks=1, seconds_circuit=1.0, seconds_twin=1.0)
    differs = replace(equal, difference=Difference("theta", 3, 1, 2), unequal=1)
    bank.note(differs, 0, tmp_path)
    assert not (tmp_path / bank.COMPARED).exists()
    for first in (100, 0):  # each in a run of its own, which holds the file
        assert ends_in_a_line(lambda _, first=first: bank.note(equal, first, tmp_path) or 0)([]) == 0
    found = json.loads((tmp_path / bank.COMPARED).read_text())
    assert [(each["first"], each["steps"], each["states"]) for each in found] == [
        (100, 20, 700),
        (0, 120, 700),
    ]


@pytest.mark.only_all
def test_the_circuit_is_compared_and_noted(tmp_path):
    assert bank.main(["letters", "--circuit", "20", "--out", str(tmp_path)]) == 0
    (found,) = json.loads((tmp_path / bank.COMPARED).read_text())
    assert (found["configuration"], found["first"], found["steps"]) == ("bank_trainer", 0, 20)
    assert found["states"] > 20 * 220


def test_how_many_seeds_were_there():
    """Half of five are three."""
    firsts = [30, None, 10, 20, None]
    assert bank.upto(firsts, 0.5) == 30
    assert bank.upto(firsts, 0.4) == 20
    assert bank.upto(firsts, 1) is None
    assert bank.upto([5], 0.5) == 5
