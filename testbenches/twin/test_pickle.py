"""Do trainers arrive whole in another process? Studies send them there, in memory; files hold no pickle."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import PRESETS, load, preset
from mgd_hdl.config.tasks import TASKS
from mgd_sim.float_mgd import Backpropagation, FloatMgd
from mgd_sim.perturb.external import port_codes
from mgd_sim.trainer import Record, Trainer
from mgd_sim.watch import port_samples

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = {path.stem: load(path) for path in sorted((ROOT / "examples").glob("*.toml"))}
#: A device outside is somebody's own, and stays where it is.
EVERY = {
    **{name: preset(name) for name in PRESETS},
    **{name: config for name, config in EXAMPLES.items() if not config.outside},
    "external codes": preset("xor").replaced(perturbation={"family": "external", "resolution": 1}),
}


def trainer(name: str) -> Trainer:
    config = EVERY[name]
    return Trainer(config, [1, 2], samples=port_samples(config), perturbations=port_codes(config))


def sent(thing):
    """What another process receives."""
    return pickle.loads(pickle.dumps(thing))  # noqa: S301 - our own bytes


def run(learner: Trainer, steps: int) -> Record:
    record = learner.run(steps, record=True)
    assert record is not None
    return record


def same(one: Record, other: Record) -> bool:
    return all(np.array_equal(one.arrays[name], array) for name, array in other.arrays.items())


@pytest.mark.parametrize("name", EVERY)
def test_a_sent_trainer_goes_on_where_it_was(name):
    """The one that stayed has not moved when the other starts."""
    stayed = trainer(name)
    before = run(stayed, 7)
    arrived = sent(stayed)
    assert arrived.step == 7
    theirs = run(arrived, 40)
    assert not same(before, run(arrived, 7))
    assert stayed.step == 7
    assert same(theirs, run(stayed, 40))


@pytest.mark.parametrize("kind", [FloatMgd, Backpropagation])
def test_models_in_floating_point_too(kind):
    stayed = kind(preset("parity4"), [1, 2])
    stayed.run(7)
    arrived = sent(stayed)
    arrived.run(40)
    stayed.run(40)
    for mine, theirs in zip(stayed.cost_and_accuracy(), arrived.cost_and_accuracy(), strict=True):
        assert np.array_equal(mine, theirs)


def test_every_task_can_be_sent():
    for task in TASKS.values():
        arrived = sent(task)
        assert (arrived.name, arrived.stored is None) == (task.name, task.stored is None)
        if task.stored is not None:
            assert arrived.samples == tuple((x, x.bit_count() % 2) for x in range(2**task.inputs))


def test_a_pool_of_processes():
    """Nothing is inherited there: what arrives came through the pipe."""
    stayed = trainer("xor")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        theirs = pool.submit(stayed.run, 40, True).result(timeout=120)
    assert stayed.step == 0
    assert same(theirs, run(stayed, 40))
