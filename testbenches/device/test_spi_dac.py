"""Parameters to converters of data sheets: known parts and one of a user's own, with LDAC and without."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.device.spi_dac import SpiDac
from mgd_hdl.emit import verilog
from mgd_sim.device.spi_dac import frame
from testbenches.device.parts import DACS, dac_front, own
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.device.bench_spi_dac"


def written(part: str, parameters: int, *, clock_hz: int = 12_000_000, **dac: Any) -> TrainerConfig:
    table = own(part) if part == "AD5320" else {"part": part}
    return preset("xor").replaced(
        network={"layers": [2, 1]},
        device={"kind": "outside", "parameters": [parameters], "dac_bits": DACS[part].bits},
        dac={**table, **dac},
        host={"clock_hz": clock_hz},
    )


#: Part, configuration.
CASES = {
    "MCP4922": ("MCP4922", written("MCP4922", 5)),
    "MCP4822 at 100 MHz": ("MCP4822", written("MCP4822", 2, clock_hz=100_000_000)),
    "MCP4922, LDAC tied": ("MCP4922", written("MCP4922", 3, ldac=False)),
    "AD5628": ("AD5628", written("AD5628", 9)),
    "AD5668 at 100 MHz": ("AD5668", written("AD5668", 8, clock_hz=100_000_000)),
    "AD5668, each at once": ("AD5668", written("AD5668", 3, ldac=False)),
    "DAC8568 with its reference on": ("DAC8568", written("DAC8568", 9, setup=[0x0800_0001])),
    "a part of my own": ("AD5320", written("AD5320", 3, clock_hz=50_000_000)),
}


def around(name: str) -> str:
    part, config = CASES[name]
    block = SpiDac(config)
    return verilog(block, "front") + dac_front(config, part, len(block.tdata))


@pytest.mark.parametrize("name", CASES)
def test_spi_dac(name, tmp_path):
    run(around(name), BENCH, tmp_path, CASES[name][1])


@mutations(
    ("another command", r"tdata\[16\], 3'h3", "tdata[16], 3'h2"),
    ("the other channel", r"\{ tdata\[16\], 3'h", "{ ~tdata[16], 3'h"),
    ("the other chip", r"select\(tdata\[18:17\]\)", "select(~tdata[18:17])"),
    ("one that was withdrawn is still wanted", r"wanted = kept & tvalid", "wanted = tvalid"),
    ("no pulse", r"ldac_n <= _\d+_", "ldac_n <= 1'h1"),
    ("a short pulse", r"if \(rst\) left <= 1'h1", "if (rst) left <= 1'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    name = "MCP4922"
    assert not stays_unnoticed(mutation, around(name), BENCH, tmp_path, CASES[name][1])


def test_the_twin_by_hand():
    """From the sheets: B, unbuffered, gain 1, active, 0xABC; and the fields of 32 bits."""
    config = CASES["MCP4922"][1]
    assert frame(config, 0, 0xABC) == (0, 0b0011_1010_1011_1100)
    assert frame(config, 3, 0xABC) == (1, 0b1011_1010_1011_1100)
    assert frame(CASES["AD5628"][1], 8, 0xABC) == (1, 0x000A_BC00)
    assert frame(CASES["AD5628"][1], 6, 0xABC) == (0, 0x006A_BC00)
    assert frame(CASES["AD5668, each at once"][1], 2, 0xABCD) == (0, 0x032A_BCD0)
    assert frame(CASES["a part of my own"][1], 2, 0xABC) == (2, 0x0ABC)


def test_a_table_of_ones_own_is_as_good():
    """The same circuit from the table of a known part."""
    known = written("MCP4922", 5)
    table = {
        "part": "own", "frame_bits": 16, "channels": 2, "channel_low": 15, "command": 0x3000,
        "sclk_hz": 20_000_000, "select_ns": 40, "ldac_ns": 100,
    }  # fmt: skip
    assert verilog(SpiDac(known.replaced(dac=table)), "dut") == verilog(SpiDac(known), "dut")


def test_clocks_by_hand():
    """At 12 MHz: a clock of 6 MHz, 33 clocks selected, 2 not, one to begin; LDAC for two."""
    dac = CASES["MCP4922"][1].spi.dac
    assert [dac.clocks(words) for words in (0, 1, 5)] == [0, 38, 182]
