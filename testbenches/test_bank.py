"""A bank in the array's place: the same parameters at every step, whatever the codes, batches, sources."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import compare, first_difference, states
from mgd_sim.retry import trainer
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.rtl.trainer import sample_words
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches import test_access_door, test_doors
from testbenches.test_delayed import rhythm, streamed

STREAM = {"task": {"source": "stream"}}
#: One perturbation for all four samples, each of them once.
WHOLE = {"tau_p": 4, "tau_theta": 4}

#: Words of inputs need more bits of T.
WIDE = {"formats": {"parameter": "SQ(5, 17)"}}

#: Trainers that a bank and an array can be; by nodes as long as no parameter comes to its rail.
CASES: dict[str, dict[str, Any]] = {
    "random, two-sided": {"learning": {"measure": "two_sided"}},
    "random, the whole set": {"learning": WHOLE},
    "random, a stream of batches": {"learning": WHOLE | {"measure": "two_sided"}, **STREAM},
    "sequential, the whole set": {"learning": WHOLE, "perturbation": {"family": "sequential"}},
    "walsh, halves of the set": {
        "learning": {"tau_p": 2, "tau_theta": 2},
        "perturbation": {"family": "walsh"},
        "task": {"order": "random"},
    },
    "an eighth shaken, two-sided, the whole set": {
        "perturbation": {"share": 0.125},
        "learning": WHOLE | {"measure": "two_sided"},
    },
    "walsh, layers, two-sided, a stream": {
        "perturbation": {"family": "walsh", "granularity": "layer", "tau_layer": 3},
        "learning": {"measure": "two_sided"},
        **STREAM,
    },
    "walsh, nodes": {
        "perturbation": {"family": "walsh", "granularity": "node"},
        "learning": {"rate": 0.0625},
        **WIDE,
    },
    "random, nodes, two-sided, signed inputs": {
        "perturbation": {"granularity": "node", "resolution": 5},
        "network": {"activation": "tanh"},
        "learning": {"rate": 0.0625, "measure": "two_sided", "tau_p": 2, "tau_theta": 2, "tau_x": 2},
        **WIDE,
    },
}
#: Many stages: D comes late, and sweeps that measure nothing bring what a run leaves behind.
ENGINES = {"one lane": {"lanes": 1}, "three lanes, many stages": {"lanes": 3, "stages": "many"}}


def trainers(case: str, engine: dict[str, Any]) -> tuple[TrainerConfig, TrainerConfig]:
    """On an array, and on a bank; neurons do not fill the lanes, and begin anywhere in a row of codes."""
    network = {"layers": [2, 5, 1], **CASES[case].get("network", {})}
    array = preset("xor").replaced(**{**CASES[case], "network": network})
    stages = {key: value for key, value in engine.items() if key == "stages"}
    return array.replaced(engine=stages), array.replaced(engine={"kind": "bank", **engine})


@pytest.mark.parametrize("case", CASES)
def test_circuits_of_both_engines_learn_alike(case, tmp_path_factory):
    """Neither knows of the other: no twin is asked."""
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    learned = []
    for config in trainers(case, ENGINES["three lanes, many stages"]):
        design, samples = trainer_design(trainer_files(config)), port_samples(config)
        with RtlTrainer(config, design, config.registers(3), samples=samples, build_dir=build) as circuit:
            learned.append(circuit.run(400))
    array, bank = learned
    # A bank keeps no code; what it does show is the array's.
    assert {"theta", "cost", "baseline"} <= set(bank)
    assert first_difference({name: array[name] for name in bank}, bank) is None
    assert (bank["theta"][0] != bank["theta"][-1]).all()
    if config.nodes:
        assert abs(bank["theta"]).max() < 1 << config.levels.rail


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "case",
    [
        case if number < 2 else pytest.param(case, marks=pytest.mark.only_all)
        for number, case in enumerate(CASES)
    ],
)
def test_a_bank_is_its_twin(case, engine, tmp_path_factory):
    _, config = trainers(case, ENGINES[engine])
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    result = compare(
        config,
        trainer_design(trainer_files(config)),
        1500,
        seeds=[1, 2],
        samples=port_samples(config),
        build_dir=build,
    )
    assert result.difference is None, str(result)


# ---- memories ---------------------------------------------------------------------------------------


#: Of memories with two ports, what writes a word.
WRITES = re.compile(r"if \((\w+)\)\s+store\[([^\]]+)\] <=")
#: Of those, and of memories with one: what reads a word, and what it reads while ENABLE writes at ADDRESS.
MET = {
    "(* no_rw_check": (
        r"(\w+) <= store\[([^\]]+)\];",
        r"\1 <= ENABLE && ADDRESS == \2 ? ~store[\2] : store[\2];",
    ),
    "(* single_port": (
        r"if \(reads__en\) begin\s+(\w+) <= (store\[\w+\]);",
        r"begin \1 <= reads__en ? \2 : ~\2;",
    ),
}


def spoiled(files: dict[str, str]) -> dict[str, str]:
    """A read of a word that is written in the same clock gives its complement, in every lane and of every
    sample; so does any read in the clock of a write where a memory has one port.
    """
    found = {}
    for name, text in files.items():
        modules = re.split(r"(?m)^(?=module )", text)
        for number, module in enumerate(modules):
            for mark, (read, met) in MET.items():
                if mark in module:
                    written = WRITES.search(module)
                    assert written is not None
                    given = met.replace("ENABLE", written[1]).replace("ADDRESS", written[2])
                    modules[number], count = re.subn(read, given, module)
                    assert count == 1
        found[name] = "".join(modules)
    assert found != files
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_no_word_that_counts_is_read_while_it_is_written(engine, tmp_path_factory):
    """As the attribute of the memories says: then synthesis may give anything there."""
    _, config = trainers("random, a stream of batches", ENGINES[engine])
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    design = trainer_design(spoiled(trainer_files(config)))
    result = compare(config, design, 600, samples=port_samples(config), build_dir=build)
    assert result.difference is None, str(result)


#: Lanes, layers, and what else: passes of odd and even words, of one group and of several.
SINGLE_PORT: dict[str, tuple[int, list[int], dict[str, Any]]] = {
    "one lane, walsh": (1, [2, 6, 2, 1], {"perturbation": {"family": "walsh"}}),
    "two lanes, random, two-sided, two hidden layers": (
        2,
        [2, 6, 3, 1],
        {"learning": {"measure": "two_sided", "rate": 0.0625}},
    ),
    "three lanes, nodes, many stages": (
        3,
        [2, 7, 1],
        {
            "perturbation": {"granularity": "node"},
            "learning": {"rate": 0.0625},
            "engine": {"stages": "many"},
        },
    ),
    "two lanes, batches, even words": (
        2,
        [2, 3, 2, 1],
        {"learning": WHOLE, "perturbation": {"family": "sequential"}, **STREAM},
    ),
    "two lanes, layer by layer": (
        2,
        [2, 5, 3, 1],
        {"perturbation": {"granularity": "layer"}, "learning": {"measure": "two_sided", "rate": 0.0625}},
    ),
    "two lanes, sparse": (2, [2, 5, 1], {"perturbation": {"share": 0.5}}),
}


@pytest.mark.parametrize("case", SINGLE_PORT)
def test_memories_with_one_port_take_turns(case, tmp_path_factory):
    """Circuit and twin are equal though nothing can be read of a memory that is written."""
    lanes, layers, changes = SINGLE_PORT[case]
    engine = {**changes.get("engine", {}), "kind": "bank", "lanes": lanes, "memory": "single_port"}
    config = preset("xor").replaced(**{**WIDE, **changes, "engine": engine, "network": {"layers": layers}})
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    design = trainer_design(spoiled(trainer_files(config)))
    result = compare(config, design, 300, samples=port_samples(config), build_dir=build)
    assert result.difference is None, str(result)


@pytest.mark.parametrize(
    "name", ["access: a bank, clamped", "access: a bank, single ports", "access: a bank, nodes"]
)
def test_no_word_is_read_by_a_host_while_it_is_written(name, tmp_path_factory, monkeypatch):
    emitted = test_doors.trainer_files
    monkeypatch.setattr(test_doors, "trainer_files", lambda config: spoiled(emitted(config)))
    test_access_door.test_access(name, tmp_path_factory)


# ---- samples in a memory ----------------------------------------------------------------------------


#: Lanes and layers, one group and several; codes, losses, held samples; memories with one port.
IN_MEMORY: dict[str, tuple[int, list[int], dict[str, Any]]] = {
    "two lanes, a held sample, signed inputs": (
        2,
        [3, 5, 2],
        {"learning": {"tau_x": 3}, "perturbation": {"family": "walsh"}, "formats": {"input": "SQ(2, 3)"}},
    ),
    "three lanes, nodes, two-sided, many stages": (
        3,
        [5, 4, 2],
        {
            "perturbation": {"granularity": "node"},
            "learning": {"rate": 0.0625, "measure": "two_sided"},
            "engine": {"stages": "many"},
            "formats": {"parameter": "SQ(5, 17)", "input": "UQ(1, 2)"},
        },
    ),
    "two lanes, single ports, cross-entropy, sparse": (
        2,
        [4, 6, 3],
        {
            "engine": {"memory": "single_port"},
            "network": {"activation": ["tanh", "linear"]},
            "cost": {"loss": "cross_entropy"},
            "perturbation": {"share": 0.5},
        },
    ),
    "two lanes, both sides at once, batches": (
        2,
        [5, 4, 2],
        {
            "engine": {"sides": "at_once"},
            "learning": {"measure": "two_sided", "tau_p": 2, "tau_theta": 2},
            "perturbation": {"family": "walsh"},
        },
    ),
    "one lane, delayed, one layer": (
        1,
        [2, 1],
        {"learning": {"updates": "delayed"}, "perturbation": {"family": "sequential"}},
    ),
    "three lanes, delayed, groups": (
        3,
        [3, 7, 1],
        {"learning": {"updates": "delayed", "measure": "two_sided"}, "engine": {"stages": "many"}},
    ),
}


def kept_in(place: str, case: str) -> TrainerConfig:
    lanes, layers, changes = IN_MEMORY[case]
    engine = {**changes.get("engine", {}), "kind": "bank", "lanes": lanes, "sample": place}
    network = {**changes.get("network", {}), "layers": layers}
    task = {"name": "external", "source": "stream"}
    return preset("xor").replaced(**{**changes, "engine": engine, "network": network, "task": task})


@pytest.mark.parametrize("case", IN_MEMORY)
def test_a_sample_in_a_memory_is_one_in_registers(case, tmp_path_factory):
    """Step by step and clock by clock, though what is read of a word while it is written is anything."""
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    learned, clocks = [], []
    for place in ("registers", "memory"):
        config = kept_in(place, case)
        design, samples = trainer_design(spoiled(trainer_files(config))), streamed(config, 7)
        with RtlTrainer(config, design, config.registers(3), samples=samples, build_dir=build) as circuit:
            learned.append(circuit.run(200))
            clocks.append(circuit.model.clocks)
    assert first_difference(*learned) is None
    assert clocks[0] == clocks[1]
    assert (learned[0]["theta"][0] != learned[0]["theta"][-1]).any()


@pytest.mark.parametrize(
    "case",
    [
        case if number < 2 else pytest.param(case, marks=pytest.mark.only_all)
        for number, case in enumerate(IN_MEMORY)
    ],
)
def test_a_start_in_the_middle_of_a_sample(case, tmp_path_factory):
    """What was cut off never counts: the sample behind it is the first one, however late its words are."""
    config, build = kept_in("memory", case), tmp_path_factory.getbasetemp().parent / "verilated"
    design, samples = trainer_design(spoiled(trainer_files(config))), streamed(config, 7)
    ((stream, words),) = sample_words(config, samples).items()
    behind = Dataset(*(np.roll(each, -1, axis=0) for each in (samples.x, samples.target)))
    expected = states(trainer(config, [3], samples=behind).run(40, record=True))
    with RtlTrainer(config, design, config.registers(3), samples=samples, build_dir=build) as circuit:
        for cut in range(1, config.inputs + 1):
            circuit.run(5)
            circuit.start(circuit.registers)
            circuit.model.feed(stream, words[cut:] + words[:cut], repeat=True, rhythm=rhythm(cut))
            assert first_difference(expected, circuit.run(40)) is None


@pytest.mark.parametrize("case", IN_MEMORY)
def test_with_a_sample_in_a_memory_circuit_and_twin_are_equal(case, tmp_path_factory):
    config = kept_in("memory", case)
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    design = trainer_design(spoiled(trainer_files(config)))
    result = compare(config, design, 300, seeds=[1, 2], samples=streamed(config, 7), build_dir=build)
    assert result.difference is None, str(result)


# ---- letters ----------------------------------------------------------------------------------------

LETTERS = Path(__file__).parents[1] / "examples" / "31_letters_on_a_bank.toml"


@pytest.mark.only_all
def test_letters_are_learned():
    """By the twin, over seeds: 98 % of all 4,904 images within 20,000 steps, each of one image."""
    trainer = Trainer(load(LETTERS), range(1, 17))
    trainer.run(20_000)
    _, accuracy = trainer.cost_and_accuracy()
    assert len(trainer.samples) == 4904
    assert accuracy.min() >= 0.98


@pytest.mark.only_all
def test_letters_for_long(tmp_path_factory):
    """The circuit is its twin until long after it has learned."""
    config, build = load(LETTERS), tmp_path_factory.getbasetemp().parent / "verilated"
    result = compare(config, trainer_design(trainer_files(config)), 100_000, seeds=[1], build_dir=build)
    assert result.difference is None, str(result)
    assert result.steps == 100_000
