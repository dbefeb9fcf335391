"""Wishbone: classic and pipelined transfers clock by clock."""

from __future__ import annotations

import pytest

from mgd_hdl.bus.wishbone import Wishbone
from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bus.bench_wishbone"
CONFIG = preset("xor")


@pytest.mark.parametrize("pipelined", [False, True], ids=["classic", "pipelined"])
def test_wishbone(pipelined, tmp_path):
    text = verilog(Wishbone(pipelined=pipelined), "dut")
    run(text, BENCH, tmp_path, CONFIG, pipelined=pipelined, clocks=800)


@mutations(
    ("errors are acknowledged", r"assign ack = .*;", "assign ack = i__valid;"),
    ("a transfer begins in the clock of an end", r"assign (_\d+_) = ~ i__valid;", r"assign \1 = 1'h1;"),
    ("nothing is late", r"(if \(_\d+_\)) late <= _\d+_", r"\1 late <= 1'h0"),
    ("a strobe without a cycle", r"assign offered = cyc & stb", "assign offered = stb"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    text = verilog(Wishbone(pipelined=False), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CONFIG, pipelined=False, clocks=800)
