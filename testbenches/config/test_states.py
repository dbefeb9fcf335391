"""States: the table, what circuits show of it, and what the twin keeps."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import RECORDED, STATES, TrainerConfig, preset, shown_states
from mgd_hdl.probes import PROBES, states
from mgd_sim.compare import first_difference
from mgd_sim.trainer import Trainer
from testbenches.catalogue import CATALOGUE, configuration

XOR = preset("xor")
ALL = {name: configuration(name) for name in CATALOGUE}
ALWAYS = "cost cost_change hold update code cost_change_saturated hold_saturated update_saturated"


def shown(config: TrainerConfig) -> set[str]:
    return {state.name for state in shown_states(config)}


def test_every_state_has_a_name_of_its_own_and_a_home():
    """Each is shown by some trainer of the catalogue, or kept by the twin alone."""
    names = [state.name for state in STATES]
    assert len(set(names)) == len(names)
    found = set().union(*map(shown, ALL.values()))
    assert {state.name for state in STATES if state.each == "step" and state.name in found} == set(PROBES)
    every = {probe.name for config in ALL.values() for probe in config.facts.probes}
    assert {state.name for state in STATES if state.each != "step"} == every
    assert {state.name for state in RECORDED} - found == {"sample", "flags"}
    assert found - {state.name for state in RECORDED} == {
        "cost_change_saturated", "hold_saturated", "update_saturated", "theta_bits"
    }  # fmt: skip


def test_causes_stand_before_their_effects():
    """Along the chain of a step, as the page on integers has it."""
    names = [state.name for state in STATES]
    chains = (
        "sample code cost cost_change gated hold update theta flags",
        "copy visible baseline solved cost",
        "sample code active baseline judged_count right_count",
        "cost high_passed cost_change_saturated flags",
        "hold hold_saturated update update_saturated theta_bits",
    )
    for chain in chains:
        places = [names.index(name) for name in chain.split()]
        assert places == sorted(places), chain


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, "baseline theta"),
        ({"engine": {"shadow": "yes"}}, "baseline theta visible"),
        ({"learning": {"updates": "delayed"}}, "baseline theta"),
        ({"learning": {"follow": 2}}, "baseline theta visible copy"),
        ({"learning": {"algorithm": "analog", "tau_x": 4}}, "high_passed theta"),
        ({"engine": {"cell": "serial"}, "formats": {"parameter": "SQ(5, 11)"}}, "baseline theta_bits"),
        ({"cost": {"limit": 0.25}}, "baseline theta gated"),
        ({"perturbation": {"share": 0.5}}, "baseline theta active"),
        ({"task": {"accuracy": True}}, "baseline theta judged_count right_count"),
        ({"judge": {"kind": "window"}}, "baseline theta solved"),
    ],
    ids=str,
)
def test_what_a_circuit_shows(changes, more):
    config = XOR.replaced(**changes)
    assert shown(config) == {*ALWAYS.split(), *more.split()}
    assert {entry["name"] for entry in states(config)} == shown(config)


@pytest.mark.parametrize("name", ["xor", "serial, leaves, held", "small leaves, node by node"])
def test_there_are_as_many_as_the_table_says(name):
    """And each has one strobe; indices count up from zero."""
    config = ALL.get(name, XOR)
    found: dict[str, list[dict]] = {}
    for entry in states(config):
        found.setdefault(entry["name"], []).append(entry)
    for state in shown_states(config):
        assert len(found[state.name]) == state.count(config), state.name
        assert len({entry["strobe"] for entry in found[state.name]}) == 1
        if state.each != "step":
            assert [entry["index"] for entry in found[state.name]] == list(range(state.count(config)))


def test_an_entry_by_hand():
    """The last parameter of 2-2-1, in a tile for each layer; T is SQ(5, 11)."""
    entries = {entry["name"]: entry for entry in states(XOR)}
    assert entries["theta"] == {
        "name": "theta",
        "path": "core.array.tile_1.cell_2.integrator.theta",
        "strobe": "step_done",
        "width": 16,
        "signed": True,
        "index": 8,
    }


def test_the_record_has_what_the_trainer_has():
    """What it does not have is zero, or empty; a name that no state has is refused."""
    record = Trainer(XOR, [1, 2]).run(3, record=True)
    assert list(record.arrays) == [state.name for state in RECORDED]
    assert record.theta.shape == (3, 2, 9)
    assert record.theta.any()
    assert record.copy.shape == record.active.shape == (3, 2, 0)
    assert not record.gated.any()
    with pytest.raises(AttributeError, match="a record has no velocity"):
        _ = record.velocity


def test_the_first_difference_is_the_cause():
    """Of two states that differ in one step that which stands before the other; of two steps the earlier."""
    zeros = {"cost": np.zeros(4), "theta": np.zeros((4, 2))}
    both = {"cost": np.array([0, 0, 1, 0]), "theta": np.array([[0, 0], [0, 0], [0, 5], [1, 1]])}
    later = {**both, "cost": np.array([0, 0, 0, 7])}
    assert str(first_difference(zeros, both)) == "step 2: cost is 1, should be 0"
    assert str(first_difference(zeros, later)) == "step 2: theta[1] is 5, should be 0"
