"""The activations: all four, behind sums of more and of fewer bits than they keep."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.network.activation import Activation
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.network.bench_activation"


def activation(
    function: str,
    fraction: int,
    segment_bits: int,
    amplitude_shift: int,
    parameter: str = "SQ(5, 12)",
    **sections: Any,
) -> TrainerConfig:
    """Sums of layer 0 have ``amplitude_shift`` fraction bits, those of layer 1 ``fraction`` more."""
    formats = {
        "parameter": parameter,
        "cost_change": "SQ(1, 5)",
        "activation_fraction": fraction,
        "segment_bits": segment_bits,
        "relu_integer_bits": 1,
        "linear_integer_bits": 2,
    }
    network = {"activation": function, "initial": 0.5, **sections.pop("network", {})}
    return preset("xor").replaced(
        network=network, formats=formats, perturbation={"amplitude": 2.0**-amplitude_shift}, **sections
    )


CASES = [
    # In layer 0 as many fraction bits as kept, more, and fewer; in layer 1 always more.
    ("sigmoid", 4, 3, 4),
    ("sigmoid", 6, 5, 9),
    ("sigmoid", 8, 4, 3),
    ("sigmoid", 4, 3, -2),
    ("tanh", 4, 3, 4),
    ("tanh", 6, 5, 9),
    ("tanh", 8, 4, 3),
    ("relu", 4, 3, 4),
    ("relu", 3, 3, 7),
    ("relu", 8, 3, 2),
    ("linear", 4, 3, 4),
    ("linear", 8, 3, 2),
    # An argument of more fraction bits than the output, for so many segments.
    ("sigmoid", 2, 8, 8),
    ("tanh", 3, 10, 8),
    # Sums that just fill [-8, 8) and need no limit.
    ("tanh", 5, 3, 5, "SQ(2, 5)"),
    # The words of the preset.
    ("sigmoid", 10, 5, 4),
]


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_activation(case, layer, tmp_path):
    config = activation(*case)
    run(verilog(Activation(config.shape.layers[layer]), "dut"), BENCH, tmp_path, config, layer=layer)


#: A layer of one input has sums inside [-4, 4), and an odd latency that delayed updates make even.
PADDED = {"network": {"layers": [2, 1, 1]}, "learning": {"updates": "delayed"}}


@pytest.mark.parametrize("function", ["sigmoid", "relu"])
def test_padded(function, tmp_path):
    config = activation(function, 5, 3, 5, "SQ(2, 5)", **PADDED)
    assert config.shape.layers[1].padding == 1
    run(verilog(Activation(config.shape.layers[1]), "dut"), BENCH, tmp_path, config, layer=1)


def test_apart(tmp_path):
    """The last register is behind the product; y comes in the same clock."""
    config = activation("tanh", 5, 3, 5)
    text = verilog(Activation(config.shape.layers[0], apart=True), "dut")
    assert "rise_later_0" in text
    run(text, BENCH, tmp_path, config, layer=0)


#: With many stages: the limit in two clocks, product and sum in one each, a register behind a large table.
MANY = {
    "sigmoid": (("sigmoid", 4, 3, 4), 5),
    "tanh, large": (("tanh", 6, 6, 9), 6),
    "relu": (("relu", 3, 3, 4), 2),
}


@pytest.mark.parametrize("case", MANY)
def test_many_stages(case, tmp_path):
    given, clocks = MANY[case]
    config = activation(*given, engine={"stages": "many"})
    assert config.shape.layers[1].activation_latency == clocks
    run(verilog(Activation(config.shape.layers[1]), "dut"), BENCH, tmp_path, config, layer=1)


@mutations(
    (
        "the limit of the next sum",
        r"@\(posedge clk\)\n    limited_beyond_later_0 <=",
        "@*\n    limited_beyond_later_0 =",
    ),
    (
        "the sign of the next sum",
        r"@\(posedge clk\)\n    limited_negative_later_0 <=",
        "@*\n    limited_negative_later_0 =",
    ),
    ("the base of the next segment", r"@\(posedge clk\)\n    base_later_0 <=", "@*\n    base_later_0 ="),
    ("the product of the next segment", r"@\(posedge clk\)\n    rise_later_0 <=", "@*\n    rise_later_0 ="),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    config = activation("sigmoid", 4, 3, 4, engine={"stages": "many"})
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=1)


@mutations(
    (
        "one register less behind the table",
        r"@\(posedge clk\)\n    knot_later_0 <=",
        "@*\n    knot_later_0 =",
    ),
    (
        "the position of the next row",
        r"@\(posedge clk\)\n    position_later_0 <=",
        "@*\n    position_later_0 =",
    ),
)
def test_mutations_behind_a_large_table_are_noticed(mutation, tmp_path):
    config = activation("tanh", 6, 6, 9, engine={"stages": "many"})
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=1)


@pytest.mark.parametrize("case", ["sigmoid", "tanh, large"])
def test_products_of_parts(case, tmp_path):
    """In as many clocks."""
    given, clocks = MANY[case]
    config = activation(*given, engine={"stages": "many", "products": "parts"})
    assert config.shape.layers[1].activation_latency == clocks
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert "rise_part_0" in text
    run(text, BENCH, tmp_path, config, layer=1)


DEFECTS = [
    # Spread, device, layer, neuron; which way the slopes of that neuron go, and whether it saturates.
    (0.25, 0, 0, 1, {1}, False),
    (0.25, 3, 1, 0, {1}, False),
    (1.0, 2, 0, 1, {-1}, False),
    (0.75, 125, 0, 1, {1}, True),
]


def defective(spread: float, device: int) -> TrainerConfig:
    return activation("sigmoid", 6, 5, 6, imperfections={"activation_spread": spread, "device": device})


@pytest.mark.parametrize("case", DEFECTS, ids=str)
def test_defects(case, tmp_path):
    spread, device, layer, neuron, signs, saturates = case
    config = defective(spread, device)
    each = config.shape.layers[layer]
    table = each.tables[neuron]
    assert {(slope > 0) - (slope < 0) for slope in table.slope} - {0} == signs
    assert saturates == bool({each.output.min, each.output.max} & set(table.knots))
    block = Activation(each, neuron)
    run(verilog(block, "dut"), BENCH, tmp_path, config, layer=layer, neuron=neuron)


@mutations(
    ("a slope without sign", r"\(port__data\[11:10\]\) \*", "({ 1'h0, port__data[11:10] }) *"),
    ("the curve of a sound neuron", r"knots\[16\] = 12'h812", "knots[16] = 12'h820"),
)
def test_mutations_of_defects_are_noticed(mutation, tmp_path):
    config = defective(1.0, 2)
    text = verilog(Activation(config.shape.layers[0], 1), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=0, neuron=1)


@mutations(
    ("padding left out", r"@\(posedge clk\)\n    y <=", "@*\n    y ="),
    ("a table that starts at zero", r"= ~ z\[12\]", "= z[12]"),
)
def test_mutations_of_a_padded_one_are_noticed(mutation, tmp_path):
    config = activation("sigmoid", 5, 3, 5, "SQ(2, 5)", **PADDED)
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=1)


@mutations(
    ("arguments that wrap", r"limited_saturated \?", "1'h0 ?"),
    ("limits exchanged", r"\? \{ z\[14\], (_\d+_),", r"? { \1,"),
    ("rounded to nearest", r": z\[11:4\]", ": z[11:4] + z[3]"),
    ("a table that starts at zero", r"= ~ limited\[7\]", "= limited[7]"),
    ("one knot one higher", r"knots\[3\] = 7'h62", "knots[3] = 7'h63"),
    ("the position of the next argument", r"@\(posedge clk\)\n    position <=", "@*\n    position ="),
    ("steps instead of lines", r"\+ rise\[7:5\]", "+ 3'h0"),
    ("a slope one bit narrower", r"port__data\[6:4\] \*", "port__data[5:4] *"),
    ("a position one bit narrower", r"\* position;", "* position[3:0];"),
    ("one clock early", r"@\(posedge clk\)\n    y <=", "@*\n    y ="),
    ("cleared by a reset", r"y <= (_\d+_)", r"y <= rst ? 4'h0 : \1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = activation("sigmoid", 4, 3, 4)
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=1)


@mutations(
    ("a base without sign", r"\+ \$signed\(\{ 1'h0, rise\[8:5\]", "+ $signed({ rise[8], rise[8:5]"),
    ("tanh as high as low", r"knots\[7\] = 9'h00f", "knots[7] = 9'h010"),
)
def test_mutations_of_tanh_are_noticed(mutation, tmp_path):
    config = activation("tanh", 4, 3, 4)
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=1)


@mutations(
    ("values that wrap", r"limited_saturated \?", "1'h0 ?"),
    ("negative ones at the top", r"(_\d+_) = ~ z\[14\]", r"\1 = 1'h1"),
    ("rounded to nearest", r": z\[7:4\]", ": z[7:4] + z[3]"),
    ("without register", r"@\(posedge clk\)\n    y <=", "@*\n    y ="),
)
def test_mutations_of_relu_are_noticed(mutation, tmp_path):
    config = activation("relu", 3, 3, 4)
    text = verilog(Activation(config.shape.layers[1]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, layer=1)
