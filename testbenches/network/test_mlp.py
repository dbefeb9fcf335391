"""The network: the shapes of the presets, padded layers, and layers of all activations."""

from __future__ import annotations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from mgd_hdl.network.mlp import Mlp
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.network.bench_mlp"

#: Networks, and the clocks from the inputs to the outputs: in each layer one for the products, one for
#: each level of a tree over the inputs and the bias, three for a table or one for relu.
CASES = {
    "xor": (preset("xor"), (1 + 2 + 3) + (1 + 2 + 3)),
    "parity4": (preset("parity4"), (1 + 3 + 3) + (1 + 3 + 3)),
    "letters": (preset("nist7x7"), (1 + 6 + 3) + (1 + 3 + 3)),
    # Delayed updates make every layer's latency even.
    "padded": (preset("parity4").replaced(learning={"updates": "delayed"}), 8 + 8),
    # Many stages: two more for an activation, one before a multiplier.
    "many stages": (preset("xor").replaced(engine={"stages": "many"}), (1 + 2 + 5) + (2 + 2 + 5)),
    "one layer": (preset("xor").replaced(network={"layers": [2, 1]}), 1 + 2 + 3),
    "all activations": (
        preset("xor").replaced(
            network={"layers": [2, 3, 2, 1], "activation": ["relu", "tanh", "sigmoid"]},
            formats={"input": "SQ(2, 3)", "activation_fraction": 6, "segment_bits": 4},
            task={"source": "stream"},
        ),
        (1 + 2 + 1) + (1 + 2 + 3) + (1 + 2 + 3),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_mlp(case, tmp_path):
    config, clocks = CASES[case]
    run(verilog(Mlp(config), "dut"), BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("the weights of another neuron", r"\.weights\(weights_0_1\)", ".weights(weights_0_0)"),
    (
        "late weights of layer 1",
        r"(dut__neuron_1 neuron_1_0 [^;]*)\(weights_1_0\)",
        r"reg [26:0] late; always @(posedge clk) late <= weights_1_0; \1(late)",
    ),
    ("inputs exchanged", r"(neuron_0_0 [^;]*\.x\()x\)", r"\1{ x[0], x[1] })"),
    ("hidden outputs exchanged", r"\{ (activation_0_1__y), (activation_0_0__y) \}", r"{ \2, \1 }"),
    ("the sum of another neuron", r"(activation_0_1 [^;]*\.z\()activation_0_1__z", r"\1activation_0_0__z"),
    (
        "an early hidden layer",
        r"(module dut__sigmoid_0(?s:.*?))@\(posedge clk\)(\s+y) <=",
        r"\1@*\2 =",
    ),
    (
        "an early output layer",
        r"(module dut__neuron_1(?s:.*?))@\(posedge clk\)(\s+z) <=",
        r"\1@*\2 =",
    ),
    ("cleared by a reset", r"(module dut__sigmoid_1(?s:.*?)\sy) <= (_\d+_)", r"\1 <= dut.rst ? 10'h000 : \2"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, clocks = CASES["xor"]
    assert not stays_unnoticed(mutation, verilog(Mlp(config), "dut"), BENCH, tmp_path, config, clocks=clocks)


@mutations(
    ("outputs exchanged", r"\{ (activation_1_3__y), (activation_1_2__y),", r"{ \2, \1,"),
    ("two pixels exchanged", r"(neuron_0_2 [^;]*\.x\()x\)", r"\1{ x[48:2], x[0], x[1] })"),
)
def test_mutations_of_letters_are_noticed(mutation, tmp_path):
    config, clocks = CASES["letters"]
    assert not stays_unnoticed(mutation, verilog(Mlp(config), "dut"), BENCH, tmp_path, config, clocks=clocks)
