"""Is the network that is put on devices a good one, and does the study say what becomes of it?"""

from __future__ import annotations

import io
import json
import runpy
import sys

import numpy as np
import pytest

from mgd_hdl.config import load, preset
from mgd_sim.studies import finetune
from mgd_sim.trainer import Trainer
from testbenches.docs.pages import ROOT


@pytest.fixture(scope="module")
def elsewhere() -> bytes:
    return finetune.elsewhere(preset("xor"), 6_000)


def test_it_is_a_plain_network_that_answers_right(elsewhere):
    """By the textbook's formulas; and in a circuit without defects too."""
    with np.load(io.BytesIO(elsewhere), allow_pickle=False) as found:
        first, second = (np.column_stack([found[f"{at}.weight"], found[f"{at}.bias"]]) for at in (0, 2))
    one = np.ones((1, 4))
    hidden = 1 / (1 + np.exp(-first @ np.vstack([[[0, 0, 1, 1], [0, 1, 0, 1]], one])))
    y = 1 / (1 + np.exp(-second @ np.vstack([hidden, one])))
    assert (y.round() == [0, 1, 1, 0]).all()
    cost, accuracy = Trainer(finetune.begun(preset("xor"), elsewhere), [1]).cost_and_accuracy()
    assert accuracy == 1
    assert cost[0] == pytest.approx(np.mean((y - [0, 1, 1, 0]) ** 2), abs=0.005)


def test_each_device_has_its_own_defects(elsewhere):
    """The same start, other answers; without defects all are one."""
    config = finetune.begun(preset("xor"), elsewhere)
    assert finetune.devices(config, 3, [0]) == [(1.0, 3)]
    spread = config.replaced(imperfections={"activation_spread": 0.25})
    single = [
        Trainer(spread.replaced(imperfections={"device": device}), [device]).cost_and_accuracy()[1][0]
        for device in range(6)
    ]
    (found,) = finetune.devices(spread, 6, [0])
    assert found == (pytest.approx(np.mean(single)), single.count(1.0))
    assert len(set(single)) > 1


def test_the_study_keeps_what_it_found(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(finetune.TASKS, "xor", 200)
    arguments = ["xor", "--seeds", "4", "--steps", "20", "--out", str(tmp_path)]
    assert finetune.main(arguments) == 0
    first = capsys.readouterr().out
    rows = json.loads((tmp_path / "xor_finetune.json").read_text())
    assert [row["start"] for row in rows] == list(finetune.STARTS)
    monkeypatch.setattr(finetune, "devices", lambda *_: pytest.fail("done twice"))
    assert finetune.main(arguments) == 0
    assert capsys.readouterr().out == first
    assert f"{rows[0]['accuracy']:.1%}, {rows[0]['right']} of 4" in first


def test_the_example_learns_from_its_file(monkeypatch, tmp_path):
    """As its head says: half of the answers are wrong on the device at first, and none is in the end."""
    config = load(ROOT / "examples/25_fine_tuning.toml")
    trainer = Trainer(config, [config.seed])
    assert trainer.cost_and_accuracy()[1] == 0.5
    trainer.run(2_000)
    assert trainer.cost_and_accuracy()[1] == 1.0


def test_the_examples_file_is_the_one_that_its_script_writes(monkeypatch, tmp_path):
    """By the part of it that needs no PyTorch."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(sys, "argv", ["25_fine_tuning.py", str(tmp_path / "own.npz")])
    runpy.run_path(str(ROOT / "examples/25_fine_tuning.py"), run_name="__main__")
    with np.load(ROOT / "examples/25_fine_tuning.npz") as kept, np.load(tmp_path / "own.npz") as made:
        assert made.files == kept.files
        for name in kept.files:
            assert np.abs(kept[name] - made[name]).max() < 1e-3
