"""The dense layer's neuron: one to forty-nine inputs, of one bit and of several, with and without sign."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.network.dense import Neuron, SerialNeuron
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.network.bench_dense"

#: Tasks by their number of inputs.
_TASKS = {inputs: f"parity{inputs}" for inputs in range(3, 9)} | {2: "xor", 49: "nist7x7"}


def dense(
    inputs: int, word: str = "UQ(1, 0)", hidden: int = 1, activation: str = "sigmoid", amplitude: float = 0.25
) -> TrainerConfig:
    """Layer 0 reads ``inputs`` words, layer 1 the outputs of ``hidden`` neurons, with 3 fraction bits."""
    return preset("xor").replaced(
        network={"layers": [inputs, hidden, 4 if inputs == 49 else 1], "activation": activation},
        formats={
            "parameter": "SQ(3, 5)",
            "input": word,
            "activation_fraction": 3,
            "relu_integer_bits": 2,
            "cost_change": "SQ(1, 4)",
        },
        perturbation={"amplitude": amplitude},
        task={"name": _TASKS[inputs], "source": "stream"},
    )


CASES = {
    "two bits": (dense(2), 0),
    "three bits": (dense(3), 0),
    "eight bits": (dense(8), 0),
    "49 bits": (dense(49), 0),
    "two halves": (dense(2, "UQ(0, 1)"), 0),
    "five below four": (dense(5, "UQ(2, 2)"), 0),
    "two without fraction": (dense(2, "UQ(3, 0)"), 0),
    "two zeros or minus ones": (dense(2, "SQ(1, 0)"), 0),
    "three inside one": (dense(3, "SQ(1, 3)"), 0),
    "six inside one half": (dense(6, "SQ(0, 4)"), 0),
    "one sigmoid": (dense(2), 1),
    "seven sigmoids": (dense(2, hidden=7), 1),
    "four of tanh": (dense(2, hidden=4, activation="tanh"), 1),
    "three of relu": (dense(2, hidden=3, activation="relu"), 1),
    # Weights of three bits: few enough for every sum there is.
    "all of two bits": (dense(2, amplitude=1.0), 0),
    "all of two halves": (dense(2, "UQ(0, 1)", amplitude=1.0), 0),
    "all of two zeros or minus ones": (dense(2, "SQ(1, 0)", amplitude=1.0), 0),
    "all of one sigmoid": (dense(2, amplitude=1.0), 1),
    "the preset's hidden layer": (preset("parity4"), 0),
    "the preset's output layer": (preset("parity4"), 1),
}


@pytest.mark.parametrize("case", CASES)
def test_dense(case, tmp_path):
    config, layer = CASES[case]
    run(verilog(Neuron(config.shape.layers[layer]), "dut"), BENCH, tmp_path, config, layer=layer)


#: With many stages: one register more, but before inputs of one bit, which need no multiplier.
MANY = {
    name: (CASES[name][0].replaced(engine={"stages": "many"}), CASES[name][1], stages)
    for name, stages in {"three bits": 0, "five below four": 1, "three of relu": 1}.items()
}


@pytest.mark.parametrize("case", MANY)
def test_many_stages(case, tmp_path):
    config, layer, stages = MANY[case]
    block = Neuron(config.shape.layers[layer])
    run(verilog(block, "dut"), BENCH, tmp_path, config, layer=layer, stages=stages)


@mutations(
    ("an early input", r"1'h0, x_1_later_0 \}", "1'h0, x[7:4] }"),
    ("an early weight", r"@\(posedge clk\)\n    weight_0_later_0 <=", "@*\n    weight_0_later_0 ="),
    ("an early bias", r"@\(posedge clk\)\n    bias_later_0 <=", "@*\n    bias_later_0 ="),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    config, layer, stages = MANY["five below four"]
    text = verilog(Neuron(config.shape.layers[layer]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=layer, stages=stages)


#: The same sums one clock later: of parts of the narrower factor, with a sign and without.
PARTS = {"engine": {"stages": "many", "products": "parts"}}


@pytest.mark.parametrize("case", ["five below four", "three of relu", "seven sigmoids"])
def test_products_of_parts(case, tmp_path):
    config, layer = CASES[case]
    config = config.replaced(**PARTS)
    text = verilog(Neuron(config.shape.layers[layer]), "dut")
    assert "product_0_part_0" in text
    run(text, BENCH, tmp_path, config, layer=layer, stages=2)


@mutations(
    ("a part one place lower", r"\{ product_1_part_2, 2'h0 \}", "{ product_1_part_2, 1'h0 }"),
    ("a part with a sign", r"\{ 1'h0, x_0_later_0\[3:2\] \}", "{ x_0_later_0[3], x_0_later_0[3:2] }"),
)
def test_mutations_of_parts_are_noticed(mutation, tmp_path):
    config, layer = CASES["five below four"]
    config = config.replaced(**PARTS)
    text = verilog(Neuron(config.shape.layers[layer]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=layer, stages=2)


SERIAL = {
    name: (CASES[name][0].replaced(engine={"cell": "serial"}), CASES[name][1])
    for name in ("three bits", "49 bits", "five below four", "six inside one half", "seven sigmoids",
                 "four of tanh", "all of two zeros or minus ones")
}  # fmt: skip


@pytest.mark.parametrize("case", SERIAL)
def test_serial(case, tmp_path):
    config, layer = SERIAL[case]
    run(verilog(SerialNeuron(config.shape.layers[layer]), "dut"), BENCH, tmp_path, config, layer=layer)


@mutations(
    ("weights without sign", r"\$signed\((weights\[4:0\])\)", r"$signed({ 1'h0, \1 })"),
    ("inputs without sign", r"\$signed\((x\[3:0\])\)", r"$signed({ 1'h0, \1 })"),
    ("a weight of another input", r"\$signed\(weights\[9:5\]\)", "$signed(weights[4:0])"),
    ("another input", r"\$signed\(x\[11:8\]\)", "$signed(x[7:4])"),
    ("a bias of smaller weight", r"\$signed\(\{ bias, 3'h0 \}\)", "$signed(bias)"),
    ("an early bias", r"@\(posedge clk\)(\s+bias) <=", r"@*\1 ="),
    ("a product one bit narrower", r"reg \[7:0\] product_2", "reg [6:0] product_2"),
    ("a level one bit narrower", r"reg \[8:0\] sum_1_0", "reg [7:0] sum_1_0"),
    ("a product twice", r"\$signed\(product_1\)", "$signed(product_0)"),
    ("a sum without sign", r"\$signed\((sum_1_0)\)", r"$signed({ 1'h0, \1 })"),
    ("one clock early", r"@\(posedge clk\)\n    z <=", "@*\n    z ="),
    ("cleared by a reset", r"sum_1_1 <= (_\d+_)", r"sum_1_1 <= rst ? 9'h000 : \1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, layer = CASES["three inside one"]
    text = verilog(Neuron(config.shape.layers[layer]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=layer)


@mutations(
    ("open where closed", r"if \(!x\[0\]\)", "if (x[0])"),
    ("the gate of another input", r"if \(!x\[0\]\)", "if (!x[1])"),
    ("always open", r"if \(!x\[1\]\)", "if (1'h0)"),
    ("an early bias", r"@\(posedge clk\)\n    bias <=", "@*\n    bias ="),
    ("a level one bit narrower", r"reg \[5:0\] sum_1_0", "reg [4:0] sum_1_0"),
    ("a bias without sign", r"\$signed\(sum_1_1\)", "$signed({ 1'h0, sum_1_1 })"),
)
def test_mutations_of_gates_are_noticed(mutation, tmp_path):
    config, layer = CASES["two bits"]
    text = verilog(Neuron(config.shape.layers[layer]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=layer)


@mutations(
    ("the sign counted up", r"_04_ = marks_3\[1\] \?", "_04_ = 1'h0 ?"),
    ("nothing forgotten", r"_02_ = marks_3\[0\] \?", "_02_ = 1'h0 ?"),
    ("a sum that does not stay", r"if \(marks_3\[1\]\) z", "z"),
    ("a bias of smaller weight", r"\{ weights\[5\], 2'h0 \}", "weights[5]"),
    ("marks one clock early", r"else marks_2 <= marks_1", "else marks_2 <= { last, first }"),
    ("another input", r"weights\[3\] \? x\[15:12\]", "weights[3] ? x[11:8]"),
)
def test_mutations_of_bits_are_noticed(mutation, tmp_path):
    config, layer = SERIAL["five below four"]
    text = verilog(SerialNeuron(config.shape.layers[layer]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=layer)
