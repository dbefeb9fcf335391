"""Options: what cannot be together is refused, and nothing else is."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from mgd_hdl.config import REGISTERS, STATES, ConfigError, TrainerConfig
from mgd_hdl.config.options import OPTIONS
from mgd_hdl.config.relations.exclusions import MATRIX, apart_from
from mgd_hdl.config.summary import summary, summary_lines
from mgd_hdl.features import FEATURES

#: How to ask for each option in a file that has room for all of them.
ASKED: dict[str, dict[str, Any]] = {
    "random codes": {"perturbation": {"family": "random_code"}},
    "Walsh codes": {"perturbation": {"family": "walsh"}},
    "sequential codes": {"perturbation": {"family": "sequential"}},
    "loaded codes": {"perturbation": {"family": "square"}},
    "external codes": {"perturbation": {"family": "external"}},
    "shuffled order": {"perturbation": {"order": "shuffled"}},
    "sign flip": {"perturbation": {"sign_flip": True}},
    "two-sided": {"learning": {"measure": "two_sided"}},
    "delayed updates": {"learning": {"updates": "delayed"}},
    "delayed sweeps": {"learning": {"updates": "delayed"}, "engine": {"kind": "bank"}},
    "shadow": {"engine": {"shadow": "yes"}},
    "no shadow": {"engine": {"shadow": "no"}},
    "follower": {"learning": {"follow": 2}},
    "serial cells": {"engine": {"cell": "serial"}},
    "bank": {"engine": {"kind": "bank", "lanes": 1}},
    "sample memory": {"engine": {"kind": "bank", "sample": "memory"}, "task": {"source": "stream"}},
    "early enables": {"engine": {"enables": "early"}},
    "no leaves": {"engine": {"leaves": "no"}},
    "small leaves": {"engine": {"leaf_cells": 16}},
    "many stages": {"engine": {"stages": "many"}},
    "codes with a seed": {"perturbation": {"family": "random_code"}},
    "samples in drawn order": {"task": {"source": "memory", "order": "random"}},
    "drawn parameters": {"network": {"parameters": ""}},
    "stochastic rounding": {"learning": {"rounding": "stochastic"}},
    "resets": {"engine": {"reset": "yes"}},
    "references anew": {"learning": {"reference": "every_step"}},
    "node by node": {"perturbation": {"granularity": "node"}},
    "clamp": {"learning": {"clamp": 2.0}},
    "stuck parameters": {"imperfections": {"stuck": 0.25}},
    "analog": {"learning": {"algorithm": "analog"}},
    "annealing": {"learning": {"anneal_every": 100}},
    "halving": {"perturbation": {"halve_every": 100}},
    "gate": {"cost": {"limit": 0.25}},
    "noise of costs": {"imperfections": {"cost_noise": 0.125}},
    "decay": {"learning": {"decay": 0.0625}},
    "noise of updates": {"imperfections": {"update_noise": 0.03125}},
    "independent noise": {"imperfections": {"update_noise": 0.03125, "update_noise_kind": "independent"}},
    "sparse codes": {"perturbation": {"share": 0.5}},
    "layer by layer": {"perturbation": {"granularity": "layer"}},
    "device outside": {"device": {"kind": "outside"}},
    "legal readings": {"device": {"kind": "outside", "legal": [0.0, 1.0]}},
    "spread of readings": {"device": {"kind": "outside", "spread": 0.5}},
    "stuck readings": {"device": {"kind": "outside", "stuck": 9}},
    "second cost": {"device": {"kind": "outside", "second_weight": 0.5}},
    "SPI DAC": {"device": {"kind": "outside", "dac_bits": 12}, "dac": {"part": "MCP4922"}},
    "SPI ADC": {"device": {"kind": "outside", "adc_bits": 12}, "adc": {"part": "MCP3208"}},
    "accuracy": {"task": {"accuracy": True}},
    "judge": {"judge": {"kind": "window"}},
    "retry": {"judge": {"kind": "window", "retry": 1_000}},
    "inference": {"network": {"inference": "yes"}},
    "access": {"engine": {"access": "yes"}},
    "host": {"host": {"bus": "axi4lite"}},
}
#: Whoever asks for the first asks for the second too.
ALSO = {
    "retry": "judge",
    "external codes": "loaded codes",
    "independent noise": "noise of updates",
    "follower": "shadow",
    "delayed updates": "shadow",
    "delayed sweeps": "bank",
    "sample memory": "bank",
    "legal readings": "device outside",
    "spread of readings": "device outside",
    "stuck readings": "device outside",
    "second cost": "device outside",
    "SPI DAC": "device outside",
    "SPI ADC": "device outside",
}
BASE: dict[str, dict[str, Any]] = {
    "network": {"layers": [2, 2, 1]},
    "formats": {"parameter": "SQ(5, 16)", "cost_change": "SQ(2, 12)"},
    "learning": {"tau_x": 2, "rate": 0.125},
    "perturbation": {"resolution": 5},
}


def document(*names: str) -> dict[str, Any]:
    merged = {section: dict(keys) for section, keys in BASE.items()}
    for name in names:
        for section, keys in ASKED[name].items():
            merged.setdefault(section, {}).update(keys)
    return merged


def problems(*names: str) -> list[str]:
    try:
        config = TrainerConfig.build(document(*names))
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    assert all(OPTIONS[name].on(config) for name in names), names
    return []


def implied() -> set[frozenset[str]]:
    """Pairs of which one is another form of the other, or decides the same key, so that they never meet."""
    return {
        frozenset(pair)
        for pair in combinations(OPTIONS, 2)
        if {(section, key) for section, keys in ASKED[pair[0]].items() for key in keys}
        & {(section, key) for section, keys in ASKED[pair[1]].items() for key in keys}
    } | {frozenset(("delayed updates", other)) for other in ("bank", "sample memory")}


def test_every_option_is_asked_here():
    assert set(ASKED) == set(OPTIONS)


def test_no_pair_is_declared_twice():
    """And none of two options that decide the same key."""
    pairs = [frozenset((pair.option.name, pair.other.name)) for pair in MATRIX]
    assert len(set(pairs)) == len(pairs)
    assert not set(pairs) & implied()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_matrix_is_what_is_refused(name):
    """Alone each option is taken, but for those that need another; two of them unless the matrix has both."""
    alone = {"shuffled order", "sign flip"}  # need a family other than the default
    assert bool(problems(name)) == (name in alone)
    for other in OPTIONS:
        if other == name or frozenset((name, other)) in implied():
            continue
        found = problems(name, other)
        both = [{each, ALSO.get(each, each)} for each in (name, other)]
        if any(second in apart_from(first) for first in both[0] for second in both[1]):
            assert found, f"{name} and {other} are taken together"
        elif not {name, other} & alone:
            assert not found, f"{name} and {other}: {found}"


@pytest.mark.parametrize("pair", MATRIX, ids=lambda pair: f"{pair.option.name}, {pair.other.name}")
def test_the_blamed_key_is_that_of_the_option(pair):
    found = problems(pair.option.name, pair.other.name)
    keys = {line.partition(" = ")[0] for line in found}
    assert pair.option.keys[0] in keys, found


# ---- what belongs to an option -------------------------------------------------------------------


def test_every_register_has_one_owner():
    """An option, or the trainer itself."""
    own = {"tau_x", "tau_p", "tau_theta", "learning_shift"}
    of_options = [name for option in OPTIONS.values() for name in option.registers]
    assert len(set(of_options)) == len(of_options)
    assert {register.name for register in REGISTERS} == own | set(of_options)
    assert {register.name for register in REGISTERS if register.option is None} == own


def test_every_state_has_one_owner():
    """An option, or the trainer itself; what cells hold is there by their engine."""
    own = {
        *["sample", "visible", "code", "baseline", "cost", "cost_change", "hold", "update", "theta", "flags"],
        *["cost_change_saturated", "hold_saturated", "update_saturated", "theta_bits"],
    }
    of_options = [name for option in OPTIONS.values() for name in option.states]
    assert len(set(of_options)) == len(of_options)
    assert {state.name for state in STATES} == own | set(of_options)
    assert {state.name for state in STATES if state.option is None} == own


def test_every_option_is_a_link_or_says_what_it_changes():
    """And no link is there without an option."""
    links = {name for name, option in OPTIONS.items() if not option.form}
    assert links == set(FEATURES)


def test_a_check_lists_the_links():
    config = TrainerConfig.build(document("decay", "judge", "clamp"))
    assert summary(config)["options"] == ["decay", "judge"]
    assert any(line.split() == ["options", "decay,", "judge"] for line in summary_lines(summary(config)))


@pytest.mark.parametrize(
    ("name", "measure", "step"),
    [
        ("gate", 0, 1),
        ("noise of costs", 1, 1),
        ("analog", 0, 2),
        ("decay", 0, 4),
        ("noise of updates", 0, 1),
        ("independent noise", 0, 2),
        ("annealing", 0, 0),
        ("halving", 0, 0),
        ("accuracy", 0, 0),
        ("judge", 0, 0),
        ("retry", 0, 0),
    ],
)
def test_clocks_by_hand(name, measure, step):
    """So much later than without: a register for C with noise, one behind the gate, a decay's four words."""
    without, config = (TrainerConfig.build(document(*names)).timing for names in ((), (name,)))
    assert config.measure_latency - without.measure_latency == measure
    assert config.step_latency - without.step_latency == step
