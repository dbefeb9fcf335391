"""Readings from converters of data sheets: a result in its own frame, in the next, and in the one after."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.device.spi_adc import SpiAdc
from mgd_hdl.emit import verilog
from mgd_sim.device.spi_adc import asked, reading
from testbenches.device.parts import ADCS, adc_front
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.device.bench_spi_adc"


def read(part: str, outputs: int, *, clock_hz: int = 12_000_000, **adc: Any) -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": [2, outputs]},
        device={"kind": "outside", "parameters": [3], "adc_bits": ADCS[part].bits},
        adc={"part": part, **adc},
        host={"clock_hz": clock_hz},
        task={"name": "external", "source": "stream"},
    )


CASES = {
    "MCP3008": ("MCP3008", read("MCP3008", 3)),
    "MCP3208 after a wait": ("MCP3208", read("MCP3208", 1, wait=1e-6)),
    "AD7928 at 100 MHz": ("AD7928", read("AD7928", 8, clock_hz=100_000_000)),
    "AD7928, slow": ("AD7928", read("AD7928", 2, sclk_hz=1_500_000)),
    "ADS7953 at 40 MHz": ("ADS7953", read("ADS7953", 16, clock_hz=40_000_000)),
    "ADS7953": ("ADS7953", read("ADS7953", 1)),
}


def around(name: str) -> str:
    part, config = CASES[name]
    block = SpiAdc(config)
    return verilog(block, "front") + adc_front(config, part, len(block.readings_tdata))


@pytest.mark.parametrize("name", CASES)
def test_spi_adc(name, tmp_path):
    part, config = CASES[name]
    run(around(name), BENCH, tmp_path, config, part=part)


@mutations(
    ("nobody waits for the pipeline", r"number == 2'h3", "number == 2'h2"),
    ("another channel", r"4'h8, number,", "4'h8, ~number,"),
    ("any frame may be bad", r"number > 1'h1", "1'h1"),
    ("nothing is bad", r"(assign _\d+_ = readings_tuser) \| _\d+_;", r"\1;"),
    ("of the channel after it", r"number - 2'h2", "number - 2'h1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    part, config = CASES["AD7928, slow"]
    assert not stays_unnoticed(mutation, around("AD7928, slow"), BENCH, tmp_path, config, part=part)


def test_the_twin_by_hand():
    """From the sheets: start, single-ended, D2 to D0; control registers on top of sixteen bits."""
    assert asked(CASES["MCP3008"][1]) == [0b11_000 << 12, 0b11_001 << 12, 0b11_010 << 12]
    assert asked(CASES["AD7928, slow"][1]) == [
        0b1000_0011_0001_0000, 0b1000_0111_0001_0000, 0b1000_1011_0001_0000
    ]  # fmt: skip
    assert asked(CASES["ADS7953"][1]) == [0x1840, 0x18C0, 0x1940]
    config = CASES["AD7928, slow"][1]
    assert reading(config, [0xFFFF, 0x0ABC, 0x1123]) == ([0xABC, 0x123], False)
    assert reading(config, [0, 0x1ABC, 0x1123])[1], "of another channel"
    assert reading(config, [0, 0x8ABC, 0x1123])[1], "no leading zero"
    assert reading(CASES["MCP3208 after a wait"][1], [0x7E123]) == ([0x123], False)
    assert reading(CASES["MCP3208 after a wait"][1], [0x7F123])[1], "no null bit"


def test_clocks_by_hand():
    """At 12 MHz a clock of 2 MHz at most: 39 halves of 3 clocks, 6 without a chip, 2 around, 12 to wait."""
    assert CASES["MCP3208 after a wait"][1].spi.adc.clocks == 2 + 12 + 39 * 3 + 6
    assert CASES["ADS7953"][1].spi.adc.clocks == 2 + 3 * (33 + 3)
