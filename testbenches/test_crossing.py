"""A circuit that was cut goes on exactly, in either simulator; and from circuit to twin and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.emit import trainer_files
from mgd_sim.checkpoint import Checkpoint, Checkpoints
from mgd_sim.compare import first_difference, states
from mgd_sim.moves import leaves
from mgd_sim.perturb.external import port_codes, words
from mgd_sim.retry import Retrying, trainer
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.rtl.crossing import into_circuit, into_twin
from mgd_sim.rtl.icarus import IcarusTrainer
from mgd_sim.rtl.trainer import words_digest
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.catalogue import CATALOGUE, configuration

#: Each engine, each way of time, each source; what counts ahead, and what tries again.
SOME = (
    "xor",
    "serial",
    "bank, two-sided",
    "bank, single ports, two hidden layers",
    "bank, nodes, three layers, signed inputs, halves of windows",
    "external",
    "delayed, two-sided, leaves",
    "sinusoidal, analog, windows",
    "node by node",
    "momentum, noise of updates, annealed",
    "tried again, windows, noisy costs, answers counted",
)
#: Those whose samples somebody else has.
ELSEWHERE = {name for name in CATALOGUE if configuration(name).task.name == "external"}
EVERY = [
    pytest.param(name, marks=() if name in SOME else pytest.mark.only_all)
    for name in CATALOGUE
    if name not in ELSEWHERE
]


@contextmanager
def circuit(config: TrainerConfig, kind: type[RtlTrainer] = RtlTrainer) -> Iterator[RtlTrainer]:
    """With what comes through its ports, ready for step 0."""
    codes = port_codes(config)
    ports: dict[str, Any] = {}
    if kind is RtlTrainer:
        ports = {
            "samples": port_samples(config),
            "codes": None if codes is None else words(config, codes),
        }
    design = trainer_design(trainer_files(config))
    with kind(config, design, config.registers(1), holds=True, **ports) as made:
        yield made


def twin(config: TrainerConfig) -> Trainer | Retrying:
    return trainer(config, [1], samples=port_samples(config), perturbations=port_codes(config))


def assert_equal(one: dict[str, np.ndarray], *parts: dict[str, np.ndarray]) -> None:
    """The states of a run, and of the same in parts."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in one}
    assert first_difference(one, joined) is None
    for name, array in one.items():
        np.testing.assert_array_equal(array, joined[name], name)


def inside(learner: Trainer | Retrying) -> dict[str, Any]:
    """All that a twin's only replica holds."""
    if isinstance(learner, Trainer):
        return dict(leaves(learner.state))
    (group,) = (group for group in learner.groups if len(group.members))
    more = {"tries": learner.tries, "step": learner.step, "begun": group.begun}
    return more | dict(leaves(group.trainer.state))


@pytest.mark.parametrize("name", EVERY)
def test_cut_and_crossed(name, tmp_path):
    """A checkpoint in mid-step, a way to the twin and back; whatever goes on is as the twin that was never
    cut, or with delayed updates one that was paused there.
    """
    config = configuration(name)
    with circuit(config) as first, circuit(config) as other:
        one = first.run(53)
        made = Checkpoint(config)
        made.add("circuit", first)
        (tmp_path / "c.npz").write_bytes(made.data())
        two = first.run(20)

        other.run(7)
        Checkpoints(tmp_path / "c.npz", config).put("circuit", other)
        again = other.run(20)
        assert_equal(two, again)
        assert other.model.clocks == first.model.clocks

        three = first.stand()
        whole = twin(config)
        assert_equal(
            {key: each for key, each in states(whole.run(first.step, record=True)).items() if key in one},
            one,
            two,
            three,
        )
        whole.pause()
        crossed = twin(config)
        into_twin(first, crossed)
        theirs, ours = inside(whole), inside(crossed)
        assert theirs.keys() == ours.keys()
        for key, each in theirs.items():
            np.testing.assert_array_equal(ours[key], each, key)

        into_circuit(whole, other)
        expected = states(whole.run(60, record=True))
        for each in (first, other):
            found = each.run(60)
            assert first_difference(expected, found) is None, first_difference(expected, found)
            assert each.step == whole.step
            assert each.solved_at == whole.solved_at[0]


def test_one_of_many():
    """The replica with the circuit's seed is not the first, and has its own verdict."""
    config = configuration("tried again")
    learner = trainer(config, [2, 1])
    learner.run(60)
    assert len(set(learner.solved_at.tolist()) - {-1}) == 2
    with circuit(config) as made:
        into_circuit(learner, made)
        assert made.solved_at == learner.solved_at[1]
        record = learner.run(200, record=True)
        expected = states(record, 1)
        found = made.run(200)
        assert first_difference(expected, found) is None
        assert made.solved_at == learner.solved_at[1]


def test_on_a_board():
    """Doors load no counters: parameters go from the end of a window to a start with other seeds."""
    config = preset("xor").replaced(
        engine={"access": "yes"}, learning={"tau_theta": 4}, perturbation={"family": "walsh"}
    )
    design = trainer_design(trainer_files(config))
    with RtlTrainer(config, design, config.registers(1)) as first:
        first.run(40)
        first.pause()
        assert first.ended % 4 == 0
        theta = first.read()
        steps = first.ended
    learner = Trainer(config, [1])
    learner.run(steps)
    np.testing.assert_array_equal(learner.theta[0], theta)

    second = Trainer(config, [2])
    second.write(theta[None])
    expected = states(second.run(60, record=True))
    with RtlTrainer(config, design, config.registers(2)) as board:
        board.pause()
        board.write(theta)
        found = board.run(60)
    assert first_difference(expected, found) is None
    np.testing.assert_array_equal(expected["flags"], found["flags"])
    assert (expected["theta"] != states(Trainer(config, [2]).run(60, record=True))["theta"]).any()


@pytest.mark.parametrize("updates", ["exact", "delayed"])
def test_what_a_host_has_written_crosses(updates):
    """With the reference that is due for it, and a noise for each cost."""
    config = preset("xor").replaced(
        engine={"access": "yes"},
        learning={"updates": updates, "tau_x": 5, "tau_theta": 5, "tau_p": 5},
        imperfections={"cost_noise": 0.01},
    )
    with circuit(config) as first, circuit(config) as other:
        first.run(12)
        first.stand()
        learner = twin(config)
        learner.run(first.step)
        theta = learner.theta // 2
        learner.write(theta)
        first.write(theta[0])
        crossed = twin(config)
        first.stand()
        into_twin(first, crossed)
        for key, each in inside(learner).items():
            np.testing.assert_array_equal(inside(crossed)[key], each, key)
        into_circuit(learner, other)
        expected = states(learner.run(30, record=True))
        for each in (first, other):
            assert first_difference(expected, each.run(30)) is None
        # From then on there was one cost more than steps tell.
        first.stand()
        with pytest.raises(Refused, match=r"core\.noise\.numbers\.register\.state of the circuit is"):
            into_twin(first, twin(config))


@pytest.mark.parametrize("name", ["xor", "delayed"])
def test_simulators_go_on_with_each_other(name):
    config = configuration(name)
    with circuit(config) as fast, circuit(config, IcarusTrainer) as slow:
        fast.run(30)
        slow.restore(fast.state)
        one = fast.run(20)
        assert_equal(one, slow.run(20))
        fast.run(5)
        fast.restore(slow.state)
        assert_equal(slow.run(9), fast.run(9))
        assert fast.model.clocks == slow.model.clocks


def test_a_file_without_its_streams(tmp_path):
    """How much was taken of each is told by name."""
    config = configuration("external")
    with circuit(config) as made:
        made.run(5)
        file = Checkpoint(config)
        file.add("circuit", made)
        (tmp_path / "c.npz").write_bytes(file.data())
        read = Checkpoints(tmp_path / "c.npz", config)
        for fed in ([1], {}, {"i_sample": -1, "i_code": 1}):
            read.parts["circuit"]["fed"] = fed
            with pytest.raises(Refused, match=r"is damaged: i_code must be a whole number|i_sample must be"):
                read.put("circuit", made)


def test_long_words_have_a_digest_too():
    """Of more than 14,285 bits, 4,300 digits, Python writes no decimal number; and words keep apart."""
    found = [words_digest(words) for words in ([1 << 20_000], [1 << 20_001], [0x12, 3], [1, 0x23], [0x123])]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("tries", [0, 3, 1 << 23])
def test_a_circuit_of_more_tries_than_its_steps(tries):
    """Of which one takes forty: after 50 there was one, and the second has begun."""
    config = configuration("tried again")
    with circuit(config) as made:
        made.run(50)
        made.stand()
        state = made.state
        state.kept.registers["retry.tries"][...] = tries
        made.restore(state)
        with pytest.raises(Refused, match=rf"retry\.tries of the circuit is {tries}; must be 1 to 2"):
            into_twin(made, twin(config))


def test_a_circuit_that_no_twin_would_be(monkeypatch):
    """A counter that is one off."""
    config = configuration("xor")
    with circuit(config) as made:
        made.run(5)
        made.stand()
        state = made.state
        state.kept.registers["core.sequencer.count_x"][...] += 1
        made.restore(state)
        with pytest.raises(Refused, match=r"core\.sequencer\.count_x of the circuit is \[2\], .* \[1\]"):
            into_twin(made, twin(config))
        with pytest.raises(Refused, match="no replica with the seeds"):
            into_circuit(trainer(config, [2, 3]), made)
