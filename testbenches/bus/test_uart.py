"""The serial line's bits: at the fewest clocks a bit, at an odd number, at those of a usual rate."""

from __future__ import annotations

import pytest

from mgd_hdl.bus.uart import Uart
from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_sim.bus.uart import levels, received
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bus.bench_uart"


def line(clocks: int) -> TrainerConfig:
    config = preset("xor").replaced(host={"bus": "uart", "clock_hz": 1_000_000, "baud": 1_000_000 // clocks})
    assert config.bit_clocks == clocks
    return config


@pytest.mark.parametrize("clocks", [8, 13])
def test_uart(clocks, tmp_path):
    config = line(clocks)
    run(verilog(Uart(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a byte without a stop bit counts", r"else o__valid <= line", "else o__valid <= 1'h1"),
    ("no byte is bad", r"else bad <= _\d+_", "else bad <= 1'h0"),
    ("high bit first", r"\{ line, o__payload\[7:1\] \}", "{ o__payload[6:0], line }"),
    ("no stop bit", r"(assign _\d+_ = send_left) == 1'h1;", r"\1 == 2'h2;"),
    ("the line is low at rest", r"if \(rst\) tx <= 1'h1", "if (rst) tx <= 1'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = line(8)
    assert not stays_unnoticed(mutation, verilog(Uart(config), "dut"), BENCH, tmp_path, config)


def test_a_byte_by_hand():
    """0x53 is 0101 0011: low bit first 1 1 0 0 1 0 1 0."""
    assert levels(0x53, 1) == [0, 1, 1, 0, 0, 1, 0, 1, 0, 1]
    assert levels(0x53, 2) == [int(bit) for bit in "00111100001100110011"]


def test_the_twin_hears_what_it_says():
    bits = [1, *levels(0x53, 8), *levels(0xA7, 8), *levels(0x00, 8, stop=0), 1, 1]
    assert list(received(bits, 8)) == [(1 + 4 + 72, 0x53), (81 + 76, 0xA7), (161 + 76, None)]
