"""Lanes of a bank: one and several, all words with and without a clamp, signs of codes flipped."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn import lanes
from mgd_hdl.learn.lanes import Lanes, Loader
from mgd_sim.compare import first_difference, states
from mgd_sim.learn.lanes import memory_words, parameters
from mgd_sim.trainer import Trainer
from testbenches.network.bench_folded import places
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_lanes"
LANES = {"block": "lanes", "turns": 1500}
LOADER = {"block": "loader"}


def bank(
    lanes: int,
    *layers: int,
    family: str = "walsh",
    flip: bool = False,
    clamp: float = 0.0,
    share: float = 1.0,
    grain: str = "network",
    activation: Any = "sigmoid",
    updates: str = "exact",
    memory: str = "dual_port",
    stages: str = "few",
    **sections: Any,
) -> TrainerConfig:
    return preset("xor").replaced(
        perturbation={"family": family, "sign_flip": flip, "granularity": grain, "share": share},
        learning={"clamp": clamp, "updates": updates},
        engine={"kind": "bank", "lanes": lanes, "memory": memory, "stages": stages},
        network={
            "layers": list(layers),
            "activation": activation,
            "initial": [2.0 ** (1 - i) for i in range(len(layers) - 1)],
        },
        task={"name": "external", "source": "stream"},
        **sections,
    )


#: T wide enough for words of inputs.
NODES: dict[str, Any] = {"grain": "node", "formats": {"parameter": "SQ(5, 14)"}}

CASES = {
    "two lanes": bank(2, 2, 2, 1),
    "one lane, signs flipped": bank(1, 2, 2, 1, flip=True),
    "five lanes, clamp": bank(5, 3, 6, 2, clamp=4.0),
    "three layers": bank(3, 9, 5, 4, 3),
    "random": bank(3, 9, 5, 4, 3, family="random_code"),
    "a half shaken": bank(3, 9, 5, 4, 3, family="random_code", share=0.5),
    "an eighth shaken, clamp": bank(2, 3, 40, 2, family="random_code", share=0.125, clamp=4.0),
    "an eighth shaken, many stages": bank(2, 3, 40, 2, family="random_code", share=0.125, stages="many"),
    "layers": bank(2, 3, 6, 2, grain="layer"),
    "layers, random": bank(3, 9, 5, 4, 3, family="random_code", grain="layer"),
    "sequential": bank(2, 3, 6, 2, family="sequential"),
    # The inputs of two layers reach 4, and their products are limited.
    "nodes": bank(2, 2, 2, 1, activation=["relu", "sigmoid"], **NODES),
    "nodes, random, clamp": bank(3, 9, 5, 4, 3, family="random_code", clamp=4.0, **NODES),
    "nodes, random, many stages": bank(3, 9, 5, 4, 3, family="random_code", stages="many", **NODES),
    "single ports": bank(2, 2, 4, 1, memory="single_port"),
    "single ports, nodes, random": bank(
        3, 9, 5, 4, 3, family="random_code", clamp=4.0, memory="single_port", **NODES
    ),
    "nodes, signed inputs, signs flipped": bank(
        4, 3, 9, 2, flip=True, grain="node", formats={"parameter": "SQ(5, 14)", "input": "SQ(2, 3)"}
    ),
}


#: Sweeps that begin before the step before has brought its update.
DELAYED = {
    "two lanes, delayed": bank(2, 2, 2, 1, updates="delayed"),
    "random, delayed": bank(3, 9, 5, 4, 3, family="random_code", updates="delayed"),
    "sequential, delayed": bank(2, 3, 6, 2, family="sequential", updates="delayed"),
    "nodes, delayed": bank(2, 2, 2, 1, activation=["relu", "sigmoid"], updates="delayed", **NODES),
    "nodes, random, delayed": bank(3, 9, 5, 4, 3, family="random_code", updates="delayed", **NODES),
    "random, delayed, many stages": bank(
        3, 9, 5, 4, 3, family="random_code", updates="delayed", stages="many"
    ),
    "nodes, random, delayed, many stages": bank(
        3, 9, 5, 4, 3, family="random_code", updates="delayed", stages="many", **NODES
    ),
}
CASES |= DELAYED


@pytest.mark.parametrize("case", CASES)
def test_lanes(case, tmp_path):
    config = CASES[case]
    run(verilog(Lanes(config), "dut"), BENCH, tmp_path, config, **LANES)


@pytest.mark.parametrize("hidden", [62, 64])
def test_large_memories_have_no_initial_words(hidden):
    """Of 4,093 and of 4,225 words."""
    text = verilog(Lanes(bank(1, 64, hidden, 1)), "dut")
    assert ("store[0] = 16'h0000;" in text) == (hidden == 62)
    assert len(re.findall(r"unset", text)) == (hidden == 64)


@pytest.mark.parametrize("case", ["five lanes, clamp", "nodes, random, clamp"])
def test_words_that_begin_with_anything(case, tmp_path, monkeypatch):
    monkeypatch.setattr(lanes, "_LARGE", 0)
    text = verilog(Lanes(CASES[case]), "dut")
    assert re.search(r"unset .*\n  reg \[\d+:0\] store \[\d+:0\];\n  (?!initial)", text)
    run(text, BENCH, tmp_path, CASES[case], **LANES)


@pytest.mark.parametrize("case", list(CASES)[:4])
def test_loader(case, tmp_path):
    config = CASES[case]
    run(verilog(Loader(config), "dut"), BENCH, tmp_path, config, **LOADER)


def unnoticed(mutation, tmp_path, config: TrainerConfig) -> bool:
    """Of lanes alone."""
    text = verilog(Lanes(config), "dut")
    return stays_unnoticed(mutation, text, BENCH, tmp_path, config, **LANES)


@mutations(
    ("-D as +D", r"word = was \? plus : minus", "word = plus"),
    ("the code that shakes now", r"_00_ = index & past", "_00_ = index & now"),
    ("a code without its place", r"_03_ = \^ _00_", "_03_ = 1'h0"),
    ("a code without the bit that is always on", r"_07_ = _06_ \^ now\[5\]", "_07_ = _06_"),
    ("an early code", r"code <= shaken", "code <= _07_"),
    ("lane 1 has the index of lane 0", r"(_\d+_) = index \+ _\d+_", r"\1 = index"),
    ("another layer's neurons", r"(_\d+_) = layer \?", r"\1 = ~layer ?"),
    ("no rail", r"_01_ = adds & _10_", "_01_ = adds"),
    ("every word is updated", r"_01_ = adds & _10_", "_01_ = _10_"),
    ("a rail on both sides", r"outward = kept\[15\] == word\[14\]", "outward = 1'h1"),
    ("a narrower rail", r"_08_ = kept\[15\] \^ kept\[14\]", "_08_ = kept[15] ^ kept[13]"),
    ("nothing is written", r"writes__en = load \| writes", "writes__en = load"),
    ("written whenever it comes by", r"writes__en = load \| writes", "writes__en = 1'h1"),
    ("the place of the word behind", r"place_later_0 : address_later_3", "place_later_0 : address_later_2"),
    ("loaded before its place is there", r"load\(load_later_0\[1\]\)", "load(load[1])"),
    ("the next word is loaded", r"theta_later_0 <= theta", "theta_later_0 <= theta_later_0"),
    ("a code that never goes on", r"following \+ hold_end", "following"),
    ("the next code's update", r"past <= now", "past <= following"),
    ("D is kept for ever", r"(_\d+_) = go & clear", r"\1 = 1'h0"),
    ("D is forgotten at once", r"(_\d+_) = go & clear", r"\1 = go"),
    ("D outlasts a start", r"_11_ = \| \{ rst, restart \}", "_11_ = rst"),
    ("codes outlast a start", r"_12_ = \| \{ rst, restart \}", "_12_ = rst"),
)
def test_mutations_of_lanes_are_noticed(mutation, tmp_path):
    assert not unnoticed(mutation, tmp_path, bank(2, 2, 3, 1))


@mutations(
    ("the code of the step before", r"past <= between", "past <= now"),
    ("codes change a word too early", r"else if \(begins_later_0\) following", "else if (go) following"),
    ("D of the step before", r"= update_waits \? waiting : i__payload", "= i__payload"),
    (
        "D before the last word has taken its own",
        r"= passed_later_1 \| update_taken",
        "= passed | update_taken",
    ),
    ("D that comes late is never taken", r"= passed_later_1 \| update_taken", "= passed_later_1"),
    ("D that waits is forgotten", r"= update_waits \| i__valid", "= i__valid"),
    ("a quiet sweep brings nothing, not even 0", r"nothing \? 1'h1 :", "1'h0 ? 1'h1 :"),
    (
        "a quiet sweep brings what came before",
        r"(_\d+_) = \| \{ rst, nothing, restart \}",
        r"\1 = rst | restart",
    ),
    ("D outlasts a start", r"(_\d+_) = \| \{ rst, nothing, restart \}", r"\1 = rst | nothing"),
)
def test_mutations_of_delayed_updates_are_noticed(mutation, tmp_path):
    assert not unnoticed(mutation, tmp_path, bank(2, 2, 3, 1, updates="delayed"))


@mutations(
    ("the same row for all", r"rows\[index\[\d:3\]\]", "rows[0]"),
    ("the same column for all", r"column_later_0 <= index\[2:0\]", "column_later_0 <= 3'h0"),
    ("diagonals that do not turn", r"row__data\[17:15\] \+ column_later_0", "row__data[17:15]"),
    ("tiles that do not turn", r"row__data\[17:15\] \+ column_later_0", "column_later_0"),
    ("half of a row", r"row__data\[14:0\] & past\[30:16\]", "row__data[2:0] & past[18:16]"),
    ("the code that shakes now", r"row__data\[14:0\] & past", "row__data[14:0] & now"),
    ("a code that never goes on", r"register__advance = go & hold_end", "register__advance = 1'h0"),
    ("read with its index", r"\.read\(lane_0__read\)", ".read(address)"),
)
def test_mutations_of_random_codes_are_noticed(mutation, tmp_path):
    assert not unnoticed(mutation, tmp_path, bank(1, 2, 13, 1, family="random_code"))


@mutations(
    ("all are shaken", r"active <= active_later_0", "active <= 1'h1"),
    ("all learn", r"(_\d+_) = adds & was_active_later_0", r"\1 = adds"),
    ("a register for both", r"row__data\[40:18\] & now\[92:70\]", "row__data[40:18] & now[61:39]"),
    ("the code that shakes now", r"row__data\[40:18\] & past\[61:39\]", "row__data[40:18] & now[61:39]"),
    ("half of a row", r"row__data\[40:18\] & past\[92:70\]", "row__data[20:18] & past[72:70]"),
    ("rows without columns", r"(now_pair_0_later_0 <= \{ )_\d+_", r"\g<1>1'h0"),
    ("states of the clock behind", r"lane_0__now <= \{ states,", "lane_0__now <= { lane_0__now[92:31],"),
)
def test_mutations_of_sparse_codes_are_noticed(mutation, tmp_path):
    assert not unnoticed(mutation, tmp_path, bank(1, 2, 13, 1, family="random_code", share=0.25))


@mutations(
    ("any layer learns", r"turns_past >> layer", "2'h3 >> layer"),
    ("the turn that shakes now", r"turns_past >> layer", "turns_now >> layer"),
    ("another layer's turn", r"turns_past >> layer", "turns_past >> ~layer"),
    ("turns that never come", r"turns_now <= turn;", "turns_now <= turns_now;"),
)
def test_mutations_layer_by_layer_are_noticed(mutation, tmp_path):
    assert not unnoticed(mutation, tmp_path, bank(2, 2, 3, 1, grain="layer"))


@mutations(
    ("one block for all", r"odd_later_0 \? block_1__there : block_0__there", "block_0__there"),
    ("the block of the word behind", r"odd_later_0 <= read\[0\]", "odd_later_0 <= ~read[0]"),
    ("written a clock early", r"load \? theta : updated_later_0", "load ? theta : updated"),
    ("written in both", r"block_1__writes = stored_en & write\[0\]", "block_1__writes = stored_en"),
    ("read where it should be written", r"block_1__writes \? write", "1'h0 ? write"),
    ("written where it should be read", r"block_0__writes \? write", "1'h1 ? write"),
    ("the place of the word behind", r"place_later_0 : address_later_4", "place_later_0 : address_later_3"),
)
def test_mutations_of_single_ports_are_noticed(mutation, tmp_path):
    assert not unnoticed(mutation, tmp_path, bank(2, 2, 4, 1, memory="single_port"))


@mutations(
    ("always the same input", r"_51_ <= store\[which\]", "_51_ <= store[0]"),
    ("inputs that are never kept", r"if \(keeps\)", "if (1'h0)"),
    ("all inputs are kept", r"if \(keeps\)", "if (1'h1)"),
    ("kept in the place of the input behind", r"store\[which_later_5\]", "store[which_later_4]"),
    ("no product", r"\$signed\(update\) \* \$signed\(\{ 1'h0, factor \}\)", "$signed(update)"),
    ("a product that wraps", r"limited = limited_saturated \?", "limited = 1'h0 ?"),
    (
        "a negative one that wraps",
        r"limited_negative = limited_negative_saturated \?",
        "limited_negative = 1'h0 ?",
    ),
    ("D is kept for ever", r"_15_ = clear \? 1'h0 : 1'hx", "_15_ = 1'h1"),
    ("D outlasts a start", r"_10_ = \| \{ restart, rst \}", "_10_ = rst"),
    ("the same column for all", r"now\[7:0\] >> row__data\[20:18\]", "now[7:0] >> 3'h0"),
    ("another diagonal", r"diagonal_later_0 <= row__data\[17:15\]", "diagonal_later_0 <= row__data[20:18]"),
)
def test_mutations_node_by_node_are_noticed(mutation, tmp_path):
    assert not unnoticed(
        mutation, tmp_path, bank(1, 2, 13, 1, family="random_code", activation=["relu", "sigmoid"], **NODES)
    )


@mutations(
    ("another layer's size", r"theta\[11:0\] = layer \?", "theta[11:0] = ~layer ?"),
    ("a word too many", r"_10_ = layer \? 2'h2 : 2'h1", "_10_ = 2'h2"),
    ("a neuron too few", r"_00_ = layer \? 2'h1 : 2'h3", "_00_ = layer ? 2'h1 : 2'h2"),
    ("a layer of one neuron goes on", r"_06_ = layer \? 1'h0 : 1'h1", "_06_ = 1'h0"),
    ("all in one lane", r"_28_ = last_neuron \? 2'h1 : \{ lane\[0\], lane\[1\] \}", "_28_ = 2'h1"),
    ("a group upon the last", r"_03_ = last_neuron \| lane\[1\]", "_03_ = last_neuron"),
    ("no end", r"_08_ = _07_ & layer", "_08_ = 1'h0"),
    ("an end after each layer", r"_08_ = _07_ & layer", "_08_ = _07_"),
    ("always the same word", r"\.advance\(register__advance\)", ".advance(1'h0)"),
    ("no seed", r"\.load\(start\)", ".load(1'h0)"),
    ("goes on where it was", r"_23_ = \| \{ start, rst \}", "_23_ = rst"),
    ("done too early", r"else done <= ends", "else done <= _07_"),
)
def test_mutations_of_the_loader_are_noticed(mutation, tmp_path):
    config = bank(2, 2, 3, 1)
    text = verilog(Loader(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, **LOADER)


# ---- the twin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_memory_words(case):
    """Each parameter has a place of its own: that of the page."""
    config = CASES[case]
    theta = np.arange(3 * config.parameters).reshape(3, -1) - 7
    words = memory_words(config, theta)
    for number, (address, lane) in places(config).items():
        assert (words[:, lane, address] == theta[:, number]).all()
    assert (parameters(config, words) == theta).all()
    assert np.count_nonzero(words) == np.count_nonzero(theta)
    sweep = config.timing.sweep
    assert sweep is not None
    assert words.shape == (3, config.engine.lanes, sweep.depth)
    assert [sweep.where(number) for number in range(config.parameters)] == [
        (lane, address) for address, lane in (places(config)[i] for i in range(config.parameters))
    ]


@pytest.mark.parametrize(
    "perturbation",
    [
        {"family": "walsh"},
        {"share": 0.25},
        {"granularity": "layer", "tau_layer": 5},
    ],
    ids=str,
)
def test_a_bank_learns_as_an_array(perturbation):
    """The same configuration on both engines: the same parameters, codes and costs."""
    changes = {"perturbation": perturbation, "learning": {"measure": "two_sided"}}
    array = preset("nist7x7").replaced(**changes)
    banked = preset("nist7x7").replaced(**changes, engine={"kind": "bank"})
    records = [Trainer(config, [3]).run(200, record=True) for config in (array, banked)]
    assert first_difference(*map(states, records)) is None
    assert (records[0].arrays["theta"][0] != records[0].arrays["theta"][-1]).any()
