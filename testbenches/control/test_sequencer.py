"""The sequencer: one- and two-sided, with exact updates without and with shadow, and delayed ones."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.control.sequencer import Sequencer
from mgd_hdl.emit import verilog
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.control.bench_sequencer"


def timed(
    sides: str = "one_sided",
    shadow: str = "no",
    updates: str = "exact",
    cell: str = "parallel",
    family: str = "random_code",
) -> TrainerConfig:
    return preset("xor").replaced(
        learning={"measure": sides, "updates": updates, "tau_bits": 4},
        engine={"shadow": shadow, "cell": cell},
        perturbation={"family": family},
    )


def analog(shadow: str) -> TrainerConfig:
    return timed(shadow=shadow).replaced(learning={"algorithm": "analog", "tau_x": 2})


@pytest.mark.parametrize("sides", ["one_sided", "two_sided"])
@pytest.mark.parametrize(("shadow", "updates"), [("no", "exact"), ("yes", "exact"), ("yes", "delayed")])
def test_sequencer(sides, shadow, updates, tmp_path):
    config = timed(sides, shadow, updates)
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


def waiting() -> TrainerConfig:
    return timed(updates="delayed", shadow="yes").replaced(task={"source": "stream"})


def test_words_that_wait_are_told_when_no_step_is_wanted(tmp_path):
    config = waiting()
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a step although it is held", r"~ hold", "1'h1"),
    ("rest also for a late sample", r"assign rests = ", "assign rests = ~sample_valid | "),
)
def test_mutations_of_waiting_words_are_noticed(mutation, tmp_path):
    config = waiting()
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


def many(updates: str) -> TrainerConfig:
    return timed(updates=updates, shadow="yes").replaced(engine={"stages": "many"})


@pytest.mark.parametrize("updates", ["exact", "delayed"])
def test_many_stages(updates, tmp_path):
    """Registers that say beforehand whether a count is the last say the same."""
    config = many(updates)
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a last one that is never told at a turn", r"(_\d+_) = tau_x == 1'h1;", r"\1 = 1'h0;"),
    ("the last but one", r"(_\d+_) = count_theta == 2'h2;", r"\1 = count_theta == 2'h3;"),
)
def test_mutations_of_many_stages_are_noticed(mutation, tmp_path):
    config = many("exact")
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("shadow", ["no", "yes"])
def test_a_reference_at_every_step(shadow, tmp_path):
    config = timed(shadow=shadow).replaced(learning={"reference": "every_step"})
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


def serial(sides: str) -> TrainerConfig:
    return timed(sides, cell="serial").replaced(
        formats={"parameter": "SQ(2, 5)", "cost_change": "SQ(1, 5)"},
        network={"initial": 0.5},
        learning={"rounding": "floor"},
    )


@pytest.mark.parametrize("sides", ["one_sided", "two_sided"])
def test_serial_cells(sides, tmp_path):
    config = serial(sides)
    assert config.timing.measure_clocks == 8
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("shadow", ["no", "yes"])
def test_analog(shadow, tmp_path):
    """No references, and the first cost of every sample is named."""
    config = analog(shadow)
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(
    ("sides", "shadow"), [("one_sided", "no"), ("two_sided", "no"), ("one_sided", "yes")]
)
def test_loaded_codes(sides, shadow, tmp_path):
    config = timed(sides, shadow, family="square")
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


def test_loaded_codes_of_the_analog_algorithm(tmp_path):
    config = analog("yes").replaced(perturbation={"family": "square"})
    run(verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("steps that pass while a code loads", r"turn = under_way \? free :", "turn = under_way ? 1'h1 :"),
    ("not said to wait", r"assign under_way = [^;]+;", "assign under_way = 1'h0;"),
)
def test_mutations_of_loaded_codes_are_noticed(mutation, tmp_path):
    config = timed(family="square")
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("samples one step short", r"count_x == 1'h1", "count_x == 2'h2"),
    ("a window that outlasts a flush", r"(ends_window =) last_p \|", r"\1"),
    ("on without a sample", r"(assign go = _\d+_) & _\d+_", r"\1"),
    ("a reference in every step", r"go \? reference_due", "go ? 1'h1"),
    ("no reference after a sample", r"= last_x \| ends_window", "= ends_window"),
    ("the time constant of another counter", r"\? tau_theta", "? tau_p"),
    ("a step pulse that is lost", r"asked <= _\d+_", "asked <= ~turn"),
    ("no waiting for the update", r"2'h3, (_\d+_ \})", r"2'h1, \1"),
    ("on after a reset", r"if \(rst\) phase_state <= 2'h0", "if (1'h0) phase_state <= 2'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = timed()
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("waiting in every step", r"ends_window \? 2'h3 : 2'h1", "1'h1 ? 2'h3 : 2'h1"),
    ("no flush inside a window", r"(assign flush = turn \?) _\d+_", r"\1 ends_window"),
)
def test_mutations_with_shadow_are_noticed(mutation, tmp_path):
    config = timed("two_sided", "yes")
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("never blank", r"(assign blank = \S+ \?) sample_due", r"\1 1'h0"),
    ("blank in every step", r"(assign blank = \S+ \?) sample_due", r"\1 1'h1"),
)
def test_mutations_of_blanking_are_noticed(mutation, tmp_path):
    config = analog("no")
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)


@mutations(
    (
        "a pulse in a step that is lost",
        r"(assign _\d+_ = \| \{) reference, (rst, restart \})",
        r"\1 turn, \2",
    ),
    ("a cost while cells are busy", r"assign turn = (_\d+_) \? free : 1'h0", r"assign turn = \1"),
    ("a reference while cells are busy", r"(assign go = _\d+_) & free", r"\1"),
    ("a cost one clock early", r"go \? 3'h6", "go ? 3'h5"),
)
def test_mutations_with_serial_cells_are_noticed(mutation, tmp_path):
    config = serial("one_sided")
    assert not stays_unnoticed(mutation, verilog(Sequencer(config), "dut"), BENCH, tmp_path, config)
