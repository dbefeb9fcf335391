"""Frames on an SPI bus: four modes, both orders, slow and as fast as the clock allows, one chip and some."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.spi import Frames
from mgd_hdl.device.spi import Spi
from mgd_hdl.emit import verilog
from mgd_sim.device.spi import levels, taken
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.device.bench_spi"
CONFIG = preset("xor")
FAST = Frames(bits=16, half=1, gap=2, mode=0, lsb_first=False, chips=1)
CASES = {
    "mode 0, fast": (FAST, True),
    "mode 1, five chips, write only": (Frames(32, 2, 3, 1, False, 5), False),
    "mode 2, low bit first": (Frames(17, 3, 7, 2, True, 1), True),
    "mode 3, four chips": (Frames(9, 1, 2, 3, False, 4), True),
    "mode 1, low bit first": (Frames(8, 2, 2, 1, True, 1), True),
}


def spi(name: str) -> str:
    frames, reads = CASES[name]
    return verilog(Spi("bus", frames, reads=reads * ((1 << frames.bits) - 1)), "dut")


@pytest.mark.parametrize("name", CASES)
def test_spi(name, tmp_path):
    run(spi(name), BENCH, tmp_path, CONFIG, frames=asdict(CASES[name][0]))


@mutations(
    ("no gap", r"\? 3'h5 :", "? 3'h0 :"),
    ("one edge too few", r"6'h22", "6'h20"),
    ("the clock rests at the other level", r"if \(rst\) sclk <= 1'h1", "if (rst) sclk <= 1'h0"),
    ("nothing comes in", r"sampled <= miso", "sampled <= 1'h0"),
    ("it stays selected", r"cs_n <= 1'h1;\n", "cs_n <= 1'h0;\n"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    name = "mode 2, low bit first"
    frames = asdict(CASES[name][0])
    assert not stays_unnoticed(mutation, spi(name), BENCH, tmp_path, CONFIG, frames=frames)


def test_the_twin_by_hand():
    """0b1011 in three bits fewer than a byte: modes 0 and 1 of the same word, two clocks a half."""
    frames = Frames(bits=4, half=1, gap=2, mode=0, lsb_first=False, chips=1)
    assert levels(frames, 0b1011) == [
        (0, 1),
        (1, 1),
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (0, 1),
        (1, 1),
        (0, None),
    ]
    late = replace(frames, mode=1)
    assert levels(late, 0b1011) == [
        (0, None), (1, 1), (0, 1), (1, 0), (0, 0), (1, 1), (0, 1), (1, 1), (0, 1)
    ]  # fmt: skip
    assert levels(replace(frames, mode=2, lsb_first=True), 0b0001)[:4] == [(1, 1), (0, 1), (1, 0), (0, 0)]
    # The line in the clock before each rising edge: clocks 0, 2, 4, 6; before each falling edge 1, 3, 5, 7.
    assert taken(frames, [1, 0, 0, 1, 1, 0, 1, 1, 0]) == 0b1011
    assert taken(late, [1, 0, 0, 1, 1, 0, 1, 1, 0]) == 0b0101
    assert taken(replace(frames, lsb_first=True), [1, 0, 0, 0, 1, 0, 1, 0, 0]) == 0b1101
    assert [frames.clocks, replace(frames, half=3).clocks] == [11, 29]
