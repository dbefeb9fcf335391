"""Facts of engines: which one a configuration asks for, and what it says of itself, in integers by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.config.delivery import BITS, PARALLEL
from mgd_hdl.config.engines import ENGINES, Probe
from testbenches.catalogue import CATALOGUE, configuration
from testbenches.loops import ALL as LOOPS

SHADOW = {"engine": {"shadow": "yes"}}
ROUNDED = {"learning": {"rounding": "stochastic"}}

#: Changes to the preset XOR.
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("parallel", {}),
    "shadow": ("parallel", SHADOW),
    "delayed": ("parallel", {"learning": {"updates": "delayed"}}),
    "early": ("parallel", {"engine": {"enables": "early"}}),
    "by layer": ("parallel", {"perturbation": {"granularity": "layer"}}),
    "serial": ("serial", {"engine": {"cell": "serial"}}),
    "sinusoids": ("loaded", {"perturbation": {"family": "sinusoidal"}, **ROUNDED}),
    "square": ("loaded", {"perturbation": {"family": "square"}, **SHADOW}),
    "external": ("loaded", {"perturbation": {"family": "external", "resolution": 3}}),
    "by node": ("node", {"perturbation": {"granularity": "node"}, **ROUNDED, **SHADOW}),
    "bank": (
        "bank",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 2},
        },
    ),
    "bank outside": ("outside bank", {"engine": {"kind": "bank", "lanes": 1}, "device": {"kind": "outside"}}),
    "bank by node": (
        "bank",
        {"perturbation": {"granularity": "node"}, "engine": {"kind": "bank", "lanes": 2}, **ROUNDED},
    ),
}


def asked(name: str) -> TrainerConfig:
    return preset("xor").replaced(**ASKED[name][1])


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_for_chooses_the_engine(name):
    facts = asked(name).facts
    assert facts.name == ASKED[name][0]
    assert type(facts) is ENGINES[facts.name]


def test_every_engine_is_in_the_catalogue():
    found = {configuration(name).facts.name for name in CATALOGUE}
    assert found | {config.facts.name for config in LOOPS.values()} == set(ENGINES)


@pytest.mark.parametrize(
    ("name", "overlapping", "waits", "clears", "multiples"),
    [
        ("plain", False, False, 2, 1),
        ("shadow", True, False, 2, 1),
        ("delayed", True, False, 2, 1),
        ("early", False, False, 3, 1),
        ("serial", False, True, 1, 1),
        ("sinusoids", False, True, 2, 4),
        ("square", False, True, 2, 1),
        ("external", False, True, 2, 3),
        ("by node", False, False, 2, 4),
        ("bank", False, True, 2, 1),
        ("bank by node", False, True, 2, 4),
        ("bank outside", False, True, 2, 1),
    ],
)
def test_measurements_and_words(name, overlapping, waits, clears, multiples):
    """Where measurements overlap their latency is counted; everywhere else the next one is an event."""
    facts = asked(name).facts
    assert (facts.overlapping, facts.counted, facts.waits) == (overlapping, overlapping, waits)
    assert (facts.clears, facts.multiples) == (clears, multiples)


def test_clocks_of_serial_cells():
    """T has 16 bits, 9 of them guard bits, and the network reads the 7 visible ones and two below."""
    serial, plain = asked("serial"), asked("plain")
    assert (serial.words.guard_bits, serial.words.weight.width) == (9, 9)
    timing = serial.timing
    assert (timing.word_clocks, timing.update_clocks, timing.measure_clocks) == (2 + 16, 2 * 18, 2 + 9)
    assert (timing.weight_latency - timing.broadcast_latency, timing.join_clocks) == (3, 9 - 2)
    assert (plain.timing.word_clocks, plain.timing.measure_clocks) == (1, 1)
    assert plain.timing.weight_latency == plain.timing.broadcast_latency
    # A measurement joins the last word, so a step begins before the one before is done.
    assert (timing.steps_under_way, plain.timing.steps_under_way) == (2, 1)
    # A layer has its products once the last bit has come.
    more = [a.latency - b.latency for a, b in zip(serial.shape.layers, plain.shape.layers, strict=True)]
    assert more == [9 - 1] * 2


@pytest.mark.parametrize(
    ("name", "wait", "tail", "clocks"),
    [
        # The wait for the update, and a clock for the reference; for the copy one more, once a window.
        ("plain", 21, 0, Fraction(22)),
        ("plain", 21, 4, Fraction(26)),
        ("shadow", 21, 0, Fraction(23)),
        ("delayed", 21, 0, Fraction(2)),
        ("serial", 90, 0, Fraction(90)),
        # Nine words, one of them with the reference.
        ("sinusoids", 24, 0, Fraction(24 + 1 + 9 - 1)),
        ("square", 24, 0, Fraction(24 + 1 + 9 - 1)),
        ("by node", 30, 0, Fraction(32)),
        # The next command is given three clocks before D, with which the wait would end two clocks later.
        ("bank", 37, 0, Fraction(32)),
        # All nine words pass; the last one takes its way of four clocks, a table's one and that of the end.
        ("bank outside", 9, 0, Fraction(9 + 9 + 4 + 1 + 1)),
    ],
)
def test_clocks_of_a_step(name, wait, tail, clocks):
    assert asked(name).facts.step_clocks(wait, tail) == clocks


def test_clocks_of_a_bank():
    """The sweep of XOR on two lanes takes 28 clocks, :mod:`testbenches.network.test_folded`. Then the last
    square and the last sum, C~, A, two clocks of the update, its two words; and a register of commands.
    """
    timing = asked("bank").timing
    assert timing.sweep is not None
    assert timing.sweep.answered == 28
    assert timing.clocks_per_step == 28 + 2 + 1 + 1 + 2 + 2 + 1 - 5
    assert timing.steps_under_way == 2


def test_words_of_a_bank_node_by_node():
    """A word is a product: two words in an update, as wide as with D alone; a sweep takes two clocks more."""
    banked, array = asked("bank by node"), asked("by node")
    assert (banked.words.sent, array.words.sent) == (1, 4)
    assert (banked.timing.update_clocks, array.timing.update_clocks) == (2, 8)
    assert banked.timing.sweep is not None
    assert banked.timing.sweep.answered == 30
    # T has 16 bits and X four: D has 16 - 4, and D X three more where X is up to 2**3, as the bias is.
    assert banked.words.update == array.words.update
    for config, counted, product in (
        (banked, "UQ(1, 3)", 15),
        (banked.replaced(network={"activation": "tanh"}), "SQ(2, 2)", 14),
        (banked.replaced(network={"activation": ["relu", "sigmoid"]}), "UQ(2, 2)", 16),
    ):
        words = config.words
        assert (words.update.width, str(words.counted), words.word.width) == (12, counted, 15)
        assert words.product.width == product
    assert banked.placement.code_places == array.placement.code_places


#: Layers, and lanes; of the second a neuron begins in any column, of the third tiles are full.
FOLDED = (((2, 2, 1), 2), ((3, 7, 5, 2), 3), ((49, 10, 4), 4))


@pytest.mark.parametrize(("layers", "lanes"), FOLDED)
@pytest.mark.parametrize("family", ["walsh", "sequential", "random_code"])
def test_indices_of_codes(family, layers, lanes):
    """They grow by one from word to word, and from group to group by what the circuit adds. They are
    the places of an array; or with random codes a column there, and a row that is one of the array's.
    """
    config = preset("xor").replaced(
        perturbation={"family": family},
        engine={"kind": "bank", "lanes": lanes},
        network={"layers": list(layers)},
        task={"name": "external", "source": "stream"},
    )
    indices, places = config.timing.indices, config.placement.places
    assert indices is not None
    zero = {number: index for index, number in indices.parameters(0)}
    seen: set[int] = set()
    for lane in range(lanes):
        rows: dict[int, int] = {}
        for index, number in indices.parameters(lane):
            seen.add(number)
            place = places[number]
            assert 0 <= index < 1 << indices.bits
            layer = config.shape.layers[place.layer]
            neuron, word = divmod(number - layer.first, layer.inputs + 1)
            first = layer.first + neuron // lanes * lanes * (layer.inputs + 1)
            assert index == zero[first + word] + indices.ahead(layer.index, lane)
            assert zero[first] == indices.first(layer.index) + neuron // lanes * indices.strides(layer.index)
            if family == "random_code":
                assert index % 8 == place.column
                assert index // 8 < indices.table
                assert rows.setdefault(index // 8, place.row) == place.row
            else:
                assert index == 8 * place.row + place.column
    assert seen == set(range(config.parameters))


@pytest.mark.parametrize(("layers", "lanes"), FOLDED)
@pytest.mark.parametrize("family", ["walsh", "random_code"])
def test_indices_of_neurons(family, layers, lanes):
    """All words of a neuron have its number, or that of its group, whatever the circuit adds."""
    config = preset("xor").replaced(
        perturbation={"family": family, "granularity": "node"},
        engine={"kind": "bank", "lanes": lanes},
        network={"layers": list(layers)},
        formats={"parameter": "SQ(5, 14)"},
        task={"name": "external", "source": "stream"},
    )
    indices = config.timing.indices
    assert indices is not None
    group = number = 0
    seen: list[tuple[int, int]] = []
    for layer in config.shape.layers:
        base, words = indices.first(layer.index), layer.inputs + 1
        for neuron in range(layer.neurons):
            at, lane = divmod(neuron, lanes)
            index = base + at * indices.strides(layer.index) + indices.ahead(layer.index, lane)
            assert (index, number) in set(indices.neurons(lane))
            assert index == (number if family == "walsh" else group + at)
            assert 0 <= index < 1 << indices.bits
            seen += [(index, layer.first + neuron * words + word) for word in range(words)]
            number += 1
        group += -(-layer.neurons // lanes)
    assert indices.table >= group
    assert indices.step == 0
    assert sorted(pair for lane in range(lanes) for pair in indices.parameters(lane)) == sorted(seen)


def test_leaves_on_the_way_to_a_cell():
    """At the cell; at its tile; at a trunk, where codes come by wires."""
    small = {"engine": {"leaf_cells": 8, "leaves": "yes"}}
    levels = {name: asked(name).replaced(**small).placement.leaf_levels for name in ("plain", "square")}
    assert levels == {"plain": 3, "square": 2}
    assert asked("plain").placement.leaf_levels == 0
    assert asked("serial").replaced(engine={"leaves": "yes"}).placement.leaf_levels == 1


def test_wires_from_a_cell_to_the_network():
    assert (PARALLEL.wires(9), PARALLEL.clocks(9), PARALLEL.marked) == (9, 1, False)
    assert (BITS.wires(9), BITS.clocks(9), BITS.marked) == (1, 9, True)
    assert [asked(name).words.weight_wires for name in ("plain", "serial", "square", "by node")] == [
        9,
        1,
        9,
        9,
    ]


def test_probes_are_paths():
    """Serial cells have one word of a memory where others have a register each."""
    cell = "core.array.tile_{tile}.cell_{cell}"
    assert asked("plain").facts.probes == (
        Probe("code", "parameter", f"{cell}.integrator.enable", "met"),
        Probe("theta", "parameter", f"{cell}.integrator.theta", "done"),
    )
    assert [(probe.name, probe.each, probe.strobe) for probe in asked("serial").facts.probes] == [
        ("code", "parameter", "measured"),
        ("theta_bits", "bit", "done"),
    ]
    assert [(probe.name, probe.each, probe.strobe) for probe in asked("by node").facts.probes] == [
        ("code", "neuron", "measured"),
        ("theta", "parameter", "done"),
        ("visible", "parameter", "done"),
    ]


#: What no engine but the parallel one has.
PARALLEL_ONLY = {"early enables", "stuck parameters", "halving", "decay"}


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("plain", set()),
        (
            "serial",
            PARALLEL_ONLY
            | {"shadow", "follower", "small leaves", "resets", "clamp", "analog", "noise of updates"}
            | {"sparse codes", "loaded codes", "node by node", "layer by layer", "bank"},
        ),
        (
            "square",
            PARALLEL_ONLY
            | {"sparse codes", "delayed updates", "noise of updates", "sign flip", "serial cells"}
            | {"node by node", "layer by layer", "bank"},
        ),
        (
            "by node",
            PARALLEL_ONLY
            | {"sparse codes", "delayed updates", "noise of updates", "analog", "follower", "serial cells"}
            | {"sequential codes", "loaded codes", "device outside"},
        ),
        (
            "bank",
            PARALLEL_ONLY
            | {"loaded codes", "shadow", "serial cells", "no leaves"}
            | {"small leaves", "resets", "noise of updates", "analog"},
        ),
    ],
)
def test_what_an_engine_refuses(name, refused):
    assert asked(name).facts.refuses == refused


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"engine": {"lanes": 2}}, 'engine.lanes = 2: needs kind = "bank"'),
        (
            {"engine": {"memory": "single_port"}},
            'engine.memory = "single_port": needs kind = "bank"',
        ),
        (
            {"engine": {"sample": "memory"}, "task": {"source": "stream"}},
            'engine.sample = "memory": needs kind = "bank"',
        ),
        (
            {"engine": {"kind": "bank", "sample": "memory"}},
            'engine.sample = "memory": needs task.source = "stream": a memory gives whole samples',
        ),
        (
            {
                "engine": {"kind": "bank", "sample": "memory"},
                "task": {"source": "stream"},
                "host": {"bus": "axi4lite"},
            },
            'engine.sample = "memory": must be "registers" with host.bus = "axi4lite": its registers and'
            " ports hold whole samples",
        ),
        ({"engine": {"products": "parts"}}, 'engine.products = "parts": needs stages = "many"'),
        (
            {"engine": {"products": "parts", "stages": "many", "kind": "bank"}},
            'engine.products = "parts": must be "whole" with kind = "bank"',
        ),
        (
            {"engine": {"kind": "bank", "leaves": "yes"}},
            'engine.leaves = "yes": must be "auto" with kind = "bank", which has no cells',
        ),
        (
            {"engine": {"kind": "bank"}, "imperfections": {"activation_spread": 0.5}},
            'imperfections.activation_spread = 0.5: must be 0 with engine.kind = "bank": all neurons share a'
            " curve",
        ),
        ({"engine": {"sides": "at_once"}}, 'engine.sides = "at_once": needs kind = "bank"'),
        (
            {"engine": {"kind": "bank", "curves": "two"}},
            'engine.curves = "two": needs sides = "at_once"',
        ),
        (
            {"engine": {"kind": "bank", "sides": "at_once"}, "network": {"layers": [2, 1]}},
            'engine.sides = "at_once": needs a hidden layer: the first layer reads each word once in'
            " any case",
        ),
        (
            {"engine": {"kind": "bank", "lanes": 1, "sides": "at_once"}, "device": {"kind": "outside"}},
            'engine.sides = "at_once": must be "by_turns" with a device outside, which is no'
            " network of lanes",
        ),
        (
            {"engine": {"kind": "bank", "memory": "single_port"}, "learning": {"updates": "delayed"}},
            'engine.memory = "single_port": must be "dual_port" with updates = "delayed": a sweep may begin'
            " in any clock",
        ),
        (
            {
                "engine": {"kind": "bank"},
                "perturbation": {"family": "random_code", "share": 0.5},
                "learning": {"updates": "delayed"},
            },
            'learning.updates = "delayed": must be "exact" in a bank with share = 0.5: of two steps it knows'
            " what rests",
        ),
        (
            {"engine": {"kind": "bank"}, "perturbation": {"family": "square"}},
            'engine.kind = "bank": must be "array" for square codes: a bank makes a code of index and step'
            " alone",
        ),
        (
            {"engine": {"kind": "bank"}, "perturbation": {"family": "sequential", "order": "shuffled"}},
            'perturbation.order = "shuffled": must be "plain" with engine.kind = "bank", which has no table'
            " of turns",
        ),
    ],
)
def test_what_a_bank_refuses_is_said_in_one_line(changes, said):
    with pytest.raises(ConfigError) as error:
        preset("xor").replaced(**{"perturbation": {"family": "walsh"}, **changes})
    assert [str(problem) for problem in error.value.problems] == [said]


@pytest.mark.parametrize(
    ("kind", "hidden", "said"),
    [
        # (784 + 1) h + (h + 1) 10 parameters.
        ("array", 82, None),
        ("array", 83, 'the array engine takes at most 65536, engine.kind = "bank" 131072'),
        ("array", 164, 'the array engine takes at most 65536, engine.kind = "bank" 131072'),
        ("array", 165, "the array engine takes at most 65536"),
        ("bank", 164, None),
        ("bank", 165, "the bank engine takes at most 131072"),
    ],
)
def test_too_many_parameters_tell_which_engine_would_do(kind, hidden, said):
    changes: dict[str, Any] = {
        "engine": {"kind": kind},
        "network": {"layers": [784, hidden, 10], "initial": 0.25},
        "task": {"name": "external", "source": "stream"},
    }
    if said is None:
        assert preset("xor").replaced(**changes).parameters == 795 * hidden + 10
        return
    with pytest.raises(ConfigError) as error:
        preset("xor").replaced(**changes)
    assert [str(problem) for problem in error.value.problems] == [
        f"network.layers = [784, {hidden}, 10]: has {795 * hidden + 10} parameters; {said}"
    ]
