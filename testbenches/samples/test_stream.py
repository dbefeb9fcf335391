"""The sample stream: words of several bits, and of one."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.samples.stream import SampleStream
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.samples.bench_stream"


def words(x: str, target: str) -> TrainerConfig:
    return preset("xor").replaced(task={"source": "stream"}, formats={"input": x, "target": target})


@pytest.mark.parametrize(("x", "target"), [("UQ(1, 7)", "UQ(0, 3)"), ("UQ(1, 0)", "UQ(1, 0)")])
def test_stream(x, target, tmp_path):
    config = words(x, target)
    run(verilog(SampleStream(config), "dut"), BENCH, tmp_path, config)


def late() -> TrainerConfig:
    return words("UQ(1, 7)", "UQ(0, 3)").replaced(learning={"updates": "delayed"}, engine={"stages": "many"})


def test_a_sample_comes_as_another_goes(tmp_path):
    """Many stages and delayed updates: a step knows one clock late that it has taken a sample."""
    config = late()
    run(verilog(SampleStream(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("not in the same clock", r"_03_ = _02_ \| o__ready", "_03_ = _02_"),
)
def test_a_sample_that_comes_late_is_noticed(mutation, tmp_path):
    config = late()
    assert not stays_unnoticed(mutation, verilog(SampleStream(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("two at once", r"i__ready = _01_ & _02_", "i__ready = _01_"),
    ("taken before the start", r"_01_ = begun & _00_", "_01_ = _00_"),
    ("taken while loading", r"_01_ = begun & _00_", "_01_ = begun"),
    ("never given away", r"_04_ = \{ _03_, o__ready \} != 2'h0", "_04_ = _03_"),
    ("payload that does not wait", r"else if \(_05_\) o__payload", "else if (i__valid) o__payload"),
    ("a load that keeps the sample", r"_06_ = \| \{ rst, load \}", "_06_ = rst"),
    ("a reset that keeps the sample", r"_06_ = \| \{ rst, load \}", "_06_ = load"),
    ("on after a reset", r"if \(rst\) begun <= 1'h0;\n    else ", ""),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = words("UQ(1, 7)", "UQ(0, 3)")
    assert not stays_unnoticed(mutation, verilog(SampleStream(config), "dut"), BENCH, tmp_path, config)
