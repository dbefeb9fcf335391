"""Frames of the serial line: carried out once, answered as the twin does, deaf to everything else."""

from __future__ import annotations

import pytest

from mgd_hdl.bus.frames import Frames
from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bus.bench_frames"
CONFIG = preset("xor")


def test_frames(tmp_path):
    run(verilog(Frames(), "dut"), BENCH, tmp_path, CONFIG, frames=60, garbage=3_000)


@pytest.mark.only_all
def test_many_frames(tmp_path):
    run(verilog(Frames(), "dut"), BENCH, tmp_path, CONFIG, frames=3_000, garbage=100_000)


@mutations(
    ("a damaged frame is carried out", r"= check == 13'h1d0f;", "= 1'h1;"),
    ("a repetition is carried out again", r"assign (_\d+_) = number == last;", r"assign \1 = 1'h0;"),
    ("number 0 may be a repetition", r"assign (_\d+_) = \| number;", r"assign \1 = 1'h1;"),
    ("sixty-one words", r"count <= 6'h3c", "count <= 6'h3d"),
    ("the address stays", r"= address \+ 1'h1", "= address + 1'h0"),
    ("addresses come round", r"= \| address\[13:10\]", "= 1'h0"),
    ("runs are one short", r"= tail - pointer", "= tail - pointer - 1'h1"),
    ("the rest of a dropped frame is a frame", r"= i__valid & skips;", "= 1'h0;"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    text = verilog(Frames(), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CONFIG, frames=60, garbage=300)
