"""The update: all roundings; gains above, at and below zero; rates that drop bits and rates that do not."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import verilog
from mgd_hdl.learn.update import Update
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_update"


def bits(parameter: int, cost_change: int, rounding: str, rate: float) -> TrainerConfig:
    """``parameter`` and ``cost_change`` fraction bits; the amplitude is 2**-4."""
    return learner(parameter=f"SQ(2, {parameter})", rounding=rounding, rate=rate).replaced(
        formats={"cost_change": f"SQ(1, {cost_change})", "hold_bits": 2}
    )


CASES = [
    # The gain is 4 + parameter - cost_change, the largest shift the gain, with other roundings 4 more.
    (bits(4, 5, "carry", 0.5), 3, 3),
    (bits(4, 8, "carry", 1.0), 0, 0),
    (bits(4, 5, "floor", 0.5), 3, 7),
    (bits(3, 9, "floor", 0.5), -2, 5),
    (bits(4, 5, "nearest_even", 2**-5), 3, 9),
    (bits(3, 9, "nearest_even", 1.0), -2, 4),
    (bits(4, 5, "stochastic", 0.5), 3, 7),
    (bits(3, 9, "stochastic", 2**-3), -2, 7),
]


@pytest.mark.parametrize(
    ("config", "gain", "largest"), CASES, ids=lambda each: str(getattr(each, "rounding", each))
)
def test_update(config, gain, largest, tmp_path):
    assert (config.levels.gain, config.levels.max_learning_shift) == (gain, largest)
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("rounding", "rate"), [("carry", 0.5), ("stochastic", 0.5)])
def test_of_a_bank(rounding, rate, tmp_path):
    """Whether D is limited is known before the choice."""
    bank = {"kind": "bank", "leaves": "auto"}
    config = bits(4, 5, rounding, rate).replaced(engine=bank, perturbation={"family": "walsh"})
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(("rounding", "rate"), [("nearest_even", 2**-5), ("stochastic", 0.5)])
def test_early_sign(rounding, rate, tmp_path):
    """The sign of every D but zero, one clock before it."""
    config = bits(4, 5, rounding, rate).replaced(engine={"enables": "early"})
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the sign of the hold", r"sign = shifted\[\d+\]", "sign = negative[0]"),
    ("soon in every clock", r"else soon <= i__valid", "else soon <= 1'h1"),
)
def test_mutations_of_the_early_sign_are_noticed(mutation, tmp_path):
    config = bits(4, 5, "carry", 0.5).replaced(engine={"enables": "early"})
    assert not stays_unnoticed(mutation, verilog(Update(config), "dut"), BENCH, tmp_path, config)


def many(rounding: str, rate: float, **engine: str) -> TrainerConfig:
    return bits(4, 5, rounding, rate).replaced(engine={"stages": "many", **engine})


@pytest.mark.parametrize(("rounding", "rate"), [("carry", 0.5), ("nearest_even", 2**-5), ("stochastic", 0.5)])
@pytest.mark.parametrize("enables", ["direct", "early"])
def test_many_stages(rounding, rate, enables, tmp_path):
    config = many(rounding, rate, enables=enables)
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


@mutations(
    (
        "the shift of the next hold",
        r">>> \{ right_later_0\[3:2\], 2'h0 \}",
        ">>> { learning_shift[3:2], 2'h0 }",
    ),
    ("the fine shift of the next hold", r"@\(posedge clk\)\n    fine_later_0 <=", "@*\n    fine_later_0 ="),
    ("no coarse shift", r">>> \{ right_later_0\[3:2\], 2'h0 \}", ">>> 4'h0"),
    (
        "the limit of the next word",
        r"@\(posedge clk\)\n    limited_saturated <=",
        "@*\n    limited_saturated =",
    ),
    (
        "the sign of the next word",
        r"@\(posedge clk\)\n    limited_negative_later_0 <=",
        "@*\n    limited_negative_later_0 =",
    ),
    ("valid one clock early", r"else o__valid <= tested_valid_later_0", "else o__valid <= shifted_valid"),
    ("an update after a reset", r"if \(rst\) tested_valid_later_0 <= 1'h0;\n    else ", ""),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    config = many("nearest_even", 2**-5)
    assert not stays_unnoticed(mutation, verilog(Update(config), "dut"), BENCH, tmp_path, config)


def halving(rounding: str, rate: float, parameter: int = 4, cost_change: int = 5) -> TrainerConfig:
    """The amplitude 2**-4 may halve twice."""
    return bits(parameter, cost_change, rounding, rate).replaced(
        perturbation={"halve_every": 5, "last_amplitude": 2.0**-6}
    )


@pytest.mark.parametrize(("rounding", "rate"), [("carry", 1.0), ("stochastic", 2**-3), ("nearest_even", 0.5)])
def test_halved(rounding, rate, tmp_path):
    """D doubles each time that the amplitude has halved, at the rate 1 too, which has no shift to lose."""
    config = halving(rounding, rate, parameter=5 if rounding == "carry" else 3, cost_change=9)
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("what the shift cannot lose", r"- halved", "- (halved > learning_shift ? learning_shift : halved)")
)
def test_mutations_of_halving_are_noticed(mutation, tmp_path):
    config = halving("floor", 0.5)
    assert not stays_unnoticed(mutation, verilog(Update(config), "dut"), BENCH, tmp_path, config)


def test_two_sided(tmp_path):
    """C~ is twice as large, which takes one off the gain."""
    config = learner(sides="two_sided")
    assert config.levels.gain == learner().levels.gain - 1
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


def signed_only(parameter: str = "SQ(3, 4)") -> TrainerConfig:
    return learner(parameter=parameter, size="sign", rate=0.5)


@pytest.mark.parametrize("parameter", ["SQ(3, 4)", "SQ(2, 5)"])
def test_sign(parameter, tmp_path):
    """The rate 1 is a quarter of T's range or half of it, which is limited; the smallest is T's last bit."""
    config = signed_only(parameter)
    assert config.levels.gain == config.levels.max_learning_shift == config.words.parameter.fraction_bits
    run(verilog(Update(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("minus for plus", r"\$signed\(i__payload\) > ", "$signed(i__payload) < "),
    ("zero is a sign", r"= \| i__payload;", "= 1'h1;"),
)
def test_mutations_of_sign_are_noticed(mutation, tmp_path):
    config = signed_only()
    assert not stays_unnoticed(mutation, verilog(Update(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("plus the hold", r"negative = - ", "negative = "),
    ("the shift without limit", r"assign k = _\d+_ \?", "assign k = 1'h0 ?"),
    ("ties upward", r"\{ 1'h0, shifted\[6\] \}", "2'h1"),
    ("a shift without sign", r">>> k", ">> k"),
    ("no limit", r"limited = limited_saturated \?", "limited = 1'h0 ?"),
    ("limits that differ", r"= limited \| least", "= limited"),
    ("a limit unsaid", r"= limited_saturated \| least", "= limited_saturated"),
    ("valid too early", r"o__valid <= shifted_valid", "o__valid <= i__valid"),
    ("an update after a reset", r"if \(rst\) shifted_valid <= 1'h0", "if (1'h0) shifted_valid <= 1'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = bits(4, 5, "nearest_even", 2**-5)
    assert not stays_unnoticed(mutation, verilog(Update(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("another dither", r"dither__state\[8:0\]", "dither__state[9:1]"),
    ("dither in every clock", r"\.advance\(dither__advance\)", ".advance(1'h1)"),
    ("no seed", r"\.load\(load\)", ".load(1'h0)"),
)
def test_mutations_of_the_dither_are_noticed(mutation, tmp_path):
    config = bits(3, 9, "stochastic", 2**-3)
    assert not stays_unnoticed(mutation, verilog(Update(config), "dut"), BENCH, tmp_path, config)
