"""Letters: the whole task and the centred one, targets of one bit and of more."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.samples.letters import Letters
from testbenches.samples.bench_letters import middle
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.samples.bench_letters"


def letters(name: str, target: str) -> TrainerConfig:
    return preset(name).replaced(formats={"target": target})


def test_the_bench_draws_four_letters():
    """N has 13 pixels, I and S 13, T 9; all lie in the inner field, and its edges are reached."""
    assert [len(middle(letter)) for letter in range(4)] == [13, 13, 13, 9]
    for letter in range(4):
        for axis in (0, 1):
            assert {min(p[axis] for p in middle(letter)), max(p[axis] for p in middle(letter))} == {1, 5}


@pytest.mark.parametrize("target", ["UQ(1, 0)", "SQ(2, 2)"])
@pytest.mark.parametrize("name", ["nist7x7", "nist7x7_centered"])
def test_letters(name, target, tmp_path):
    config = letters(name, target)
    centered = name == "nist7x7_centered"
    run(verilog(Letters(config), "dut"), BENCH, tmp_path, config, centered=centered)


def ahead(name: str, target: str = "UQ(1, 0)", **engine: str) -> TrainerConfig:
    return letters(name, target).replaced(learning={"updates": "delayed"}, engine=engine)


@pytest.mark.parametrize("name", ["nist7x7", "nist7x7_centered"])
def test_letters_that_wait_for_their_turn(name, tmp_path):
    """The same images in the same order; for a step every two clocks there is nearly always one."""
    config = ahead(name)
    run(verilog(Letters(config), "dut"), BENCH, tmp_path, config, centered=name != "nist7x7")


@pytest.mark.parametrize("name", ["nist7x7", "nist7x7_centered"])
def test_many_stages(name, tmp_path):
    config = ahead(name, "SQ(2, 2)", stages="many")
    run(verilog(Letters(config), "dut"), BENCH, tmp_path, config, centered=name != "nist7x7")


@mutations(
    ("a recipe too many", r"= full_2 & put_later_0", "= 1'h0"),
    ("an image while one is held", r"moves = full_0 & _\d+_", "moves = full_0"),
    ("a sample while loading", r"if \(_\d+_\) o__valid <= 1'h0;\n    else ", ""),
    ("equal symbols flip", r"= register__state\[11:6\] != register__state\[17:12\]", "= 1'h1"),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    config = ahead("nist7x7_centered", stages="many")
    assert not stays_unnoticed(
        mutation, verilog(Letters(config), "dut"), BENCH, tmp_path, config, centered=True
    )


@mutations(
    ("no place but two", r"assign lands_2 = .*;", "assign lands_2 = 1'h0;"),
    ("never more than one waits", r"assign lands_1 = .*;", "assign lands_1 = 1'h0;"),
    ("all three passed over", r"register__advance = turn \? _\d+_ :", "register__advance = turn ? 2'h3 :"),
)
def test_mutations_of_waiting_letters_are_noticed(mutation, tmp_path):
    config = ahead("nist7x7")
    assert not stays_unnoticed(
        mutation, verilog(Letters(config), "dut"), BENCH, tmp_path, config, centered=False
    )


@mutations(
    ("another corner", r"= corner << right", "= corner << down"),
    ("never one row down", r"= down\[0\] \?", "= 1'h0 ?"),
    ("a pixel that never flips", r"flips\[24\] = _003_ &", "flips[24] = 1'h0 &"),
    ("equal symbols flip", r"_003_ = flip_a != flip_b", "_003_ = 1'h1"),
    ("a pixel too many", r"register__state\[11:6\] <= 6'h31", "register__state[11:6] <= 6'h32"),
    ("row 3 allowed", r"= register__state\[3:2\] != 2'h3", "= 1'h1"),
    ("the target of another letter", r"(_target_1 = letter ==) 1'h1", r"\1 2'h2"),
    ("a pixel of a letter", r"33'h113254991", "33'h113254990"),
    ("valid without a letter", r"else if \(register__advance\) o__valid <= good", "else o__valid <= good"),
    ("another while one is held", r"_037_ = _030_ \| o__ready", "_037_ = 1'h1"),
    ("a sample while loading", r"_166_ = \| \{ rst, load \}", "_166_ = rst"),
    ("always the same seed", r"\.load\(load\)", ".load(1'h0)"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = letters("nist7x7", "UQ(1, 0)")
    text = verilog(Letters(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, centered=False)
