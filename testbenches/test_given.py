"""A network that was learned begins again as it was: the same answers in twin and circuit, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import load, loads, preset
from mgd_hdl.config.toml import text_of
from mgd_hdl.emit import trainer_files
from mgd_sim.float_mgd import FloatMgd
from mgd_sim.probe import held
from mgd_sim.retry import Retrying
from mgd_sim.rtl import trainer_design
from mgd_sim.rtl.icarus import IcarusTrainer
from mgd_sim.trainer import Trainer
from testbenches.given import given


@pytest.mark.parametrize(("preset_name", "clamp"), [("xor", 1.0), ("parity4", 2.0)])
def test_what_was_learned_is_where_a_fresh_trainer_begins(preset_name, clamp, tmp_path, monkeypatch, capsys):
    """Trained by the command, with T beyond a clamp; begun again elsewhere, and held: every C0 is equal."""
    monkeypatch.chdir(tmp_path)
    # All samples one after the other, so that the circuit's references are those of the whole task.
    config = preset(preset_name).replaced(task={"order": "plain"}, learning={"clamp": clamp})
    Path("first.toml").write_text(text_of(config))
    assert cli.main(["train", "first.toml", "--seeds", "3", "--steps", "2000", "-o", "out"]) == 0
    capsys.readouterr()
    with np.load(f"out/{config.name}.parameters.npz", allow_pickle=False) as found:
        learned = {name: found[name][int(found["best"])] for name in ("T", "visible", "cost", "accuracy")}
    trained = Trainer(config, range(1, 4))
    trained.run(2000)

    again = text_of(config).replace('parameters = ""', f'parameters = "out/{config.name}.parameters.npz"')
    Path("second.toml").write_text(again)
    fresh = load("second.toml")
    assert fresh.given.rounds == 2
    twin = Trainer(fresh, [77])
    assert (twin.theta[0] == learned["T"]).all()
    assert (twin.visible[0] == learned["visible"]).all()
    cost, accuracy = twin.cost_and_accuracy()
    assert (cost[0], accuracy[0]) == (learned["cost"], learned["accuracy"])

    count = len(twin.samples)
    still = held(fresh, count)
    with IcarusTrainer(still, trainer_design(trainer_files(still)), still.registers(77)) as circuit:
        states = circuit.run(count)
    assert (states["visible"] == learned["visible"]).all()
    best = int(np.flatnonzero((trained.theta == learned["T"]).all(axis=1))[0])
    x, target = trained.samples.x.astype(int).T, trained.samples.target.astype(int).T
    y = trained.mlp(trained.take_step.rest(trained.visible), x)
    assert states["baseline"].tolist() == trained.loss(y, target)[best].tolist()
    mean = np.mean(states["baseline"]) * config.words.cost.step
    assert mean == learned["cost"]


def test_every_try_begins_there():
    """Where the judge gives up, a try has other codes and samples, and the same parameters."""
    config = given(preset("xor").replaced(judge={"kind": "window", "window": 8, "limit": 0.001, "retry": 12}))
    trainer = Retrying(config, [1, 2])
    record = trainer.run(60, record=True)
    assert trainer.tries.tolist() == [6, 6]
    start = np.array(config.given.theta) >> config.words.guard_bits
    assert (record.visible[::12] == start).all()  # a reference in every step, so a try takes 12
    assert (record.visible[11::12] != start).any(axis=2).all()
    assert len({code.tobytes() for code in record.code[::12, 0]}) == 5


def test_the_float_model_begins_there():
    config = given(preset("xor"))
    model = FloatMgd(config, [1, 2, 3])
    assert (model.theta == np.array(config.given.theta) / 2**11).all()


def test_a_configuration_as_text_keeps_the_name():
    config = given(preset("xor"))
    assert 'parameters = "given.npz"\n' in text_of(config)
    with pytest.raises(ValueError, match="no such file"):
        loads(text_of(config))
