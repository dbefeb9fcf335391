"""The folded network: one lane and many, one group and several, one layer to three."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.network.folded import folded as network_of
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.network.bench_folded"


#: Sides by turns; at once, through one curve or through two.
ONCE: dict[str, dict[str, str]] = {
    "": {},
    "one": {"sides": "at_once"},
    "two": {"sides": "at_once", "curves": "two"},
}


def folded(
    base: str,
    lanes: int,
    *layers: int,
    sides: str = "two_sided",
    family: str = "walsh",
    grain: str = "network",
    share: float = 1.0,
    memory: str = "dual_port",
    at_once: str = "",
    sample: str = "registers",
    **sections: dict,
) -> TrainerConfig:
    task = {"source": "stream"} if base != "nist7x7" else {}
    network = {"layers": list(layers), **sections.pop("network", {})}
    return preset(base).replaced(
        perturbation={"family": family, "granularity": grain, "share": share},
        learning={"measure": sides},
        engine={"kind": "bank", "lanes": lanes, "memory": memory, "sample": sample, **ONCE[at_once]},
        network=network,
        task=task,
        **sections,
    )


MIXED = {
    "network": {"activation": ["relu", "tanh", "sigmoid"]},
    "formats": {"input": "SQ(2, 3)", "activation_fraction": 6, "segment_bits": 4},
}

NODES: dict[str, Any] = {"grain": "node", "formats": {"parameter": "SQ(5, 20)"}}

#: Networks, and the clock in which the perturbed outputs are together. By hand, of two layers on lanes
#: enough: a word in each clock from the first on, n + 1 of n inputs. Seven clocks from the last address to
#: the drain, four to the first output, which is multiplied in the next clock, four clocks behind the address
#: of its word: eight clocks behind the last one of layer 0. Then twice the words of the output layer, again
#: seven and four clocks, one for each further output, and one for putting the last one to the others.
CASES = {
    "xor": (folded("xor", 2, 2, 2, 1), 3 + 8 + 2 * 3 - 1 + 11 + 1),
    "letters": (folded("nist7x7", 4, 49, 4, 4), 50 + 8 + 2 * 5 - 1 + 11 + 4),
    "one-sided": (folded("nist7x7", 4, 49, 4, 4, sides="one_sided"), 50 + 8 + 2 * 5 - 1 + 11 + 4),
    # Two groups: the last outputs are inputs 2 and 3, so the second layer begins two clocks earlier.
    "groups": (folded("parity4", 2, 4, 4, 1), 37),
    "one lane": (folded("xor", 1, 2, 2, 1), 32),
    # All outputs are there after the last group's other side: W + 1 clocks behind the reference's.
    "one layer": (folded("xor", 2, 2, 1), 3 + 11 + 3 + 1),
    # The clocks of deep networks are those of the schedule, which the circuit has to keep.
    "three layers": (folded("xor", 2, 2, 3, 5, 1), None),
    "all activations": (folded("xor", 3, 2, 4, 3, 1, **MIXED), None),
    "output groups": (folded("nist7x7", 3, 49, 7, 4), None),
    # Two clocks more: until the first word of all is read.
    "random": (folded("nist7x7", 4, 49, 4, 4, family="random_code"), 2 + 50 + 8 + 2 * 5 - 1 + 11 + 4),
    "random groups": (folded("nist7x7", 3, 49, 7, 4, sides="one_sided", family="random_code"), None),
    "sparse": (folded("parity4", 2, 4, 5, 3, 1, family="random_code", share=0.5), None),
    "sparse, one-sided": (folded("xor", 2, 2, 2, 1, sides="one_sided", family="random_code", share=0.5), 30),
    "layers": (folded("parity4", 2, 4, 5, 3, 1, grain="layer"), None),
    "layers, one-sided": (folded("xor", 2, 2, 2, 1, sides="one_sided", grain="layer"), 28),
    "sequential": (folded("parity4", 2, 4, 5, 1, family="sequential"), None),
    "sequential, one-sided": (folded("xor", 2, 2, 2, 1, sides="one_sided", family="sequential"), 28),
    # Two clocks more here too: until there is D times the input of the first word.
    "nodes": (folded("xor", 2, 2, 2, 1, **NODES), 2 + 28),
    "nodes, letters": (folded("nist7x7", 4, 49, 4, 4, **NODES), 2 + 82),
    "nodes, groups, one-sided": (folded("parity4", 3, 4, 7, 4, 1, sides="one_sided", **NODES), None),
    # The other side may come an even number of clocks behind the reference, so not three: six, when its
    # inputs are in their memory.
    "single ports": (folded("xor", 2, 2, 2, 1, memory="single_port"), 28 + 3),
    "single ports, three layers": (folded("xor", 2, 2, 5, 3, 1, memory="single_port"), None),
    "single ports, output groups": (
        folded("parity4", 3, 4, 7, 4, 1, sides="one_sided", family="random_code", memory="single_port"),
        None,
    ),
    # An input that is asked for comes a clock later, and no clock is lost.
    "a sample in a memory": (folded("xor", 2, 2, 2, 1, sample="memory"), 3 + 8 + 2 * 3 - 1 + 11 + 1),
    "a sample in a memory, nodes, groups, single ports": (
        folded("parity4", 3, 4, 7, 4, 1, sample="memory", memory="single_port", **NODES),
        None,
    ),
    "a sample in a memory, one layer, signed": (
        folded("xor", 2, 2, 1, sample="memory", family="random_code", formats={"input": "SQ(2, 3)"}),
        2 + 3 + 11 + 3 + 1,
    ),
    "nodes, random, all activations": (
        folded(
            "xor",
            2,
            *(2, 4, 3, 1),
            family="random_code",
            grain="node",
            network=MIXED["network"],
            formats={**MIXED["formats"], "parameter": "SQ(5, 14)"},
        ),
        None,
    ),
}

#: The same with both sides at once. By hand, of two layers on lanes enough: a pair of outputs in each clock,
#: or in every second, so that the last of h pairs comes h clocks later; the words of the output layer once;
#: the outputs of the reference, and behind them those of the perturbed side.
CASES |= {
    "at once, xor": (folded("xor", 2, 2, 2, 1, at_once="one"), 3 + 8 + 2 + 3 - 1 + 11 + 2),
    "at once, two curves, xor": (folded("xor", 2, 2, 2, 1, at_once="two"), 3 + 8 + 3 - 1 + 11 + 2),
    "at once, letters": (folded("nist7x7", 4, 49, 4, 4, at_once="one"), 50 + 8 + 4 + 5 - 1 + 11 + 8),
    "at once, two curves, letters": (
        folded("nist7x7", 4, 49, 4, 4, at_once="two", sides="one_sided"),
        50 + 8 + 5 - 1 + 11 + 8,
    ),
    "at once, one lane": (folded("xor", 1, 2, 2, 1, at_once="one"), None),
    "at once, one hidden neuron": (folded("xor", 2, 2, 1, 1, at_once="one"), None),
    "at once, three layers": (folded("xor", 2, 2, 3, 5, 1, at_once="one"), None),
    "at once, all activations": (folded("xor", 3, 2, 4, 3, 1, at_once="one", **MIXED), None),
    "at once, two curves, all activations": (folded("xor", 3, 2, 4, 3, 1, at_once="two", **MIXED), None),
    "at once, output groups": (folded("nist7x7", 3, 49, 7, 4, at_once="one"), None),
    "at once, two curves, output groups": (
        folded("nist7x7", 3, 49, 7, 4, sides="one_sided", family="random_code", at_once="two"),
        None,
    ),
    "at once, sparse": (
        folded("parity4", 2, 4, 5, 3, 1, family="random_code", share=0.5, at_once="one"),
        None,
    ),
    "at once, layers": (folded("parity4", 2, 4, 5, 3, 1, grain="layer", at_once="two"), None),
    "at once, sequential": (folded("parity4", 2, 4, 5, 1, family="sequential", at_once="one"), None),
    "at once, sequential, one-sided": (
        folded("xor", 2, 2, 2, 1, sides="one_sided", family="sequential", at_once="two"),
        None,
    ),
    "at once, nodes": (folded("xor", 2, 2, 2, 1, at_once="one", **NODES), 2 + 3 + 8 + 2 + 3 - 1 + 11 + 2),
    "at once, nodes, groups, one-sided": (
        folded("parity4", 3, 4, 7, 4, 1, sides="one_sided", at_once="two", **NODES),
        None,
    ),
    "at once, single ports": (folded("xor", 2, 2, 5, 3, 1, memory="single_port", at_once="one"), None),
    "at once, single ports, output groups": (
        folded("parity4", 3, 4, 7, 4, 1, sides="one_sided", memory="single_port", at_once="two"),
        None,
    ),
}


def unnoticed(mutation, config: TrainerConfig, tmp_path) -> bool:
    """Whether the bench passes with a network that is so changed."""
    sweep = config.timing.sweep
    assert sweep is not None
    text = verilog(network_of(config), "dut")
    return stays_unnoticed(mutation, text, BENCH, tmp_path, config, answered=sweep.answered)


@pytest.mark.parametrize("case", CASES)
def test_folded(case, tmp_path):
    config, answered = CASES[case]
    sweep = config.timing.sweep
    assert sweep is not None
    assert answered in (None, sweep.answered)
    run(verilog(network_of(config), "dut"), BENCH, tmp_path, config, answered=sweep.answered)


@mutations(
    # The reader.
    ("a word too many", r"(_\d+_) = 3'h5 == (_\d+_)", r"\1 = 3'h6 == \2"),
    ("one side only", r"turns = layer & _\d+_", "turns = 1'h0"),
    ("the index of the next parameter", r"index \+ 3'h6", "index + 3'h1"),
    ("codes begin in another row", r"layer \? 5'h00 : 5'h18", "layer ? 5'h00 : 5'h10"),
    ("no clock without a word", r"last_group \? 3'h5", "last_group ? 3'h4"),
    # Inputs.
    ("the other side's outputs", r"layer_2_later_0, plus_2_later_0", "layer_2_later_0, ~plus_2_later_0"),
    ("nothing is taken as it comes", r"streams = _\d+_ & _\d+_", "streams = 1'h0"),
    ("all is taken as it comes", r"streams = (_\d+_) & _\d+_", r"streams = \1"),
    ("a small bias", r"layer_2_later_0 \? 11'h400", "layer_2_later_0 ? 11'h001"),
    ("inputs stand still", r"(_\d+_) = valid_2_later_0 & bottom_2_later_0", r"\1 = 1'h0"),
    # Sums.
    ("both sides shaken alike", r"(_\d+_) = codes\[0\] \^ _\d+_", r"\1 = codes[0]"),
    ("signs of the code lost", r"(_\d+_) = code_0_later_0 \?", r"\1 = 1'h1 ?"),
    ("sums go on", r"first_word_5_later_0 \? 22'h000000 : sum_0", "sum_0"),
    ("signs go on", r"first_word_5_later_0 \? 12'h000 : shaken_0", "shaken_0"),
    # The drain.
    ("the reference twice", r"subtracts = bottom & _\d+_", "subtracts = bottom"),
    ("a last bit less", r"\{ part, subtracts \}", "{ part, 1'h0 }"),
    ("signs in every layer", r"part = bottom \?", "part = 1'h1 ?"),
    ("half of the first layer", r"(_\d+_) = ~ bottom;", r"\1 = 1'h1;"),
    ("a lane too many", r"lane < (_\d+_)", r"lane <= \1"),
    ("two groups in one place", r"base \+ 2'h2", "base"),
    # Outputs.
    ("fraction bits", r"activation_0__z = z_layer_later_0 \?", "activation_0__z = ~z_layer_later_0 ?"),
    ("measured in silence", r"(_\d+_) = ~ silent", r"\1 = 1'h1"),
    ("a reference that nobody wants", r"(_\d+_) = side \| awaited", r"\1 = 1'h1"),
    ("over with the reference", r"over = together & side", "over = together"),
    ("outputs of all layers", r"each = writes__en & y_layer_later_2", "each = writes__en"),
    ("swept too early", r"(_\d+_) = (_\d+_) & reader__last_word", r"\1 = \2"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, _ = CASES["groups"]
    assert not unnoticed(mutation, config, tmp_path)


@mutations(
    ("weights that rest are shaken", r"(_\d+_) = ~ actives\[0\]", r"\1 = 1'h0"),
    ("as the lane beside", r"(_\d+_) = ~ actives\[0\]", r"\1 = ~ actives[1]"),
    ("signs of what rests", r"if \(!active_0_later_0\)", "if (1'h0)"),
    ("a clock early", r"active_1_later_0 <= actives\[1\]", "active_1_later_0 <= 1'h1"),
)
def test_mutations_of_sparse_codes_are_noticed(mutation, tmp_path):
    config = folded("parity4", 2, 4, 4, 1, family="random_code", share=0.5)
    assert not unnoticed(mutation, config, tmp_path)


@mutations(
    ("all layers are shaken", r"turns >> layer_3_later_0", "2'h3 >> layer_3_later_0"),
    ("another layer's turn", r"turns >> layer_3_later_0", "turns >> ~layer_3_later_0"),
    ("the first layer never rests", r"if \(!turns\[0\]\) part_0", "if (1'h0) part_0"),
    ("the first layer rests with the others", r"if \(!turns\[0\]\) part_1", "if (!turns[1]) part_1"),
)
def test_mutations_layer_by_layer_are_noticed(mutation, tmp_path):
    config = folded("parity4", 2, 4, 4, 1, grain="layer")
    assert not unnoticed(mutation, config, tmp_path)


@mutations(
    ("a sample that stands still", r"turns = (_\d+_) & _\d+_", "turns = 1'h0"),
    ("it turns in silence", r"turns = (_\d+_) & _\d+_", r"turns = \1"),
    ("no clock before the other side", r"turns \? \{ 2'h0, layer \}", "turns ? 3'h0"),
)
def test_mutations_of_single_ports_are_noticed(mutation, tmp_path):
    config = folded("parity4", 2, 4, 4, 1, memory="single_port")
    assert not unnoticed(mutation, config, tmp_path)


@mutations(
    ("a clock late", r"x_at <= reader__word\[1:0\]", "x_at <= word_1_later_0[1:0]"),
    ("another input", r"x_at <= reader__word\[1:0\]", "x_at <= {1'h0, reader__word[0]}"),
)
def test_mutations_of_a_sample_in_a_memory_are_noticed(mutation, tmp_path):
    config = folded("parity4", 2, 4, 4, 1, sample="memory")
    assert not unnoticed(mutation, config, tmp_path)


@mutations(
    ("all weights are shaken", r"(_\d+_) = bottom_5_later_0 \| _\d+_", r"\1 = bottom_5_later_0"),
    ("nothing is shaken", r"(_\d+_) = bottom_5_later_0 \| _\d+_", r"\1 = 1'h1"),
    ("both sides shaken alike", r"(_\d+_) = drain_shaken_0 \^ _\d+_", r"\1 = drain_shaken_0"),
    ("inputs of either side", r"(_\d+_) = valid_6_later_0 & _\d+_", r"\1 = valid_6_later_0"),
    ("inputs of all groups", r"(_\d+_) = (_\d+_) & last_group_6_later_0", r"\1 = \2"),
    ("inputs of nothing that is measured", r"keeps = (_\d+_) & _\d+_", r"keeps = \1"),
    ("one layer's parts", r"counted = layer_6_later_0 \?", "counted = 1'h0 ?"),
)
def test_mutations_node_by_node_are_noticed(mutation, tmp_path):
    config = folded("parity4", 2, 4, 4, 1, **NODES)
    assert not unnoticed(mutation, config, tmp_path)


@mutations(
    # Inputs.
    (
        "the other side sees the reference",
        r"newest_later_0 \? each_y : before",
        "newest_later_0 ? before_later_0 : before",
    ),
    ("the last pair twice", r"newest_later_0 \? before_later_0 : past", "1'h1 ? before_later_0 : past"),
    ("the last pair is the one before", r"(_\d+_) == word_2_later_0", r"(\1 ^ 1) == word_2_later_0"),
    ("sides of a row in turn", r"reads__data\[9:0\] \}", "reads__data[19:10] }"),
    (
        "half a pair is kept",
        r"writes__en = y_valid_later_2 & each_plus",
        "writes__en = y_valid_later_2 & ~each_plus",
    ),
    # Sums.
    ("both sides shaken alike", r"lower_other_0\[1\] <= codes", "lower_other_0[1] <= ~codes"),
    ("no signs of the first layer", r"bottom_5_later_0 \? \{ part_0", "1'h0 ? { part_0"),
    ("signs in every layer", r"bottom_5_later_0 \? \{ part_0", "1'h1 ? { part_0"),
    ("the other sum goes on", r"first_word_5_later_0 \? 22'h000000 : sum_other_0", "sum_other_0"),
    # The drain.
    ("a neuron in each clock", r"pairs == drain_plus", "1'h1"),
    ("pairs of the last layer", r"pairs <= _\d+_", "pairs <= 1'h1"),
    ("half of the first layer", r"drain_layer \? 22'h000000 : drain_0", "22'h000000"),
    ("the reference twice", r"\$signed\(drain_other_0\) \+", r"$signed(drain_0) +"),
)
def test_mutations_of_sides_at_once_are_noticed(mutation, tmp_path):
    config = folded("nist7x7", 2, 49, 4, 4, at_once="one")
    assert not unnoticed(mutation, config, tmp_path)
