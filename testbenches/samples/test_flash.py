"""Samples from a flash memory: words of many bits and of few, many and a single one."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.flash import FlashSamples
from mgd_hdl.emit import lint_waivers, verilog
from mgd_hdl.samples.flash import SampleFlash
from mgd_sim.samples.flash import held
from testbenches.linting import lint
from testbenches.support import mutations, run, stays_unnoticed

from .flash_chip import front

BENCH = "testbenches.samples.bench_flash"
WAKE = 64
#: Formats of inputs and targets, where samples begin, and how many there are.
CASES = {
    "19 bits": ("UQ(1, 7)", "UQ(0, 3)", 1 << 20, 7),
    "3 bits": ("UQ(1, 0)", "UQ(1, 0)", 0x12_34_56, 16),
    "one sample": ("SQ(1, 3)", "SQ(1, 6)", 0, 1),
}


def case(name: str) -> tuple[TrainerConfig, FlashSamples, bytes]:
    x, target, first, count = CASES[name]
    config = preset("xor").replaced(task={"source": "stream"}, formats={"input": x, "target": target})
    flash = FlashSamples(first=first, count=count, bits=config.sample_bits)
    return config, flash, np.random.default_rng(3).bytes(flash.size)


def text(config: TrainerConfig, flash: FlashSamples, content: bytes) -> str:
    return verilog(SampleFlash(config, flash, wake=WAKE), "front") + front(
        config, flash, content, asleep=WAKE - 4
    )


def given(flash: FlashSamples, content: bytes) -> dict:
    return {"flash": asdict(flash), "content": content.hex(), "wake": WAKE}


@pytest.mark.parametrize(
    "name", ["19 bits", "3 bits", pytest.param("one sample", marks=pytest.mark.only_all)]
)
def test_flash(name, tmp_path):
    config, flash, content = case(name)
    run(text(config, flash, content), BENCH, tmp_path, config, **given(flash, content))


def test_no_lint(tmp_path):
    config, flash, _ = case("19 bits")
    (tmp_path / "waivers.vlt").write_text(lint_waivers(config))
    (tmp_path / f"{config.name}.v").write_text(verilog(SampleFlash(config, flash), "sample_flash"))
    assert lint(tmp_path, "sample_flash", "waivers.vlt", f"{config.name}.v") == (0, "")


def test_packed_by_hand():
    """Three words of five bits: highest bit first, and one bit left free in the second byte."""
    flash = FlashSamples(first=0, count=3, bits=5)
    assert flash.packed([0b10110, 0b00001, 0b11010]) == bytes([0b10110_000, 0b01_11010_0])
    assert (flash.size, flash.sample_clocks, flash.wrap_clocks) == (2, 10, 69)
    assert flash.mean_clocks == 33
    # All are read no faster; and behind the last one a trainer waits that asks less often.
    assert [flash.clocks_between(asked) for asked in (10, 11, 33, 40)] == [33, 33, 33, 40]
    assert FlashSamples(first=0, count=30, bits=5).clocks_between(20) == 21


def test_the_twin_reads_what_was_packed():
    """Signed and unsigned numbers, each at its place in the word; from an address on."""
    config = preset("xor").replaced(
        task={"source": "stream"}, formats={"input": "SQ(1, 3)", "target": "UQ(0, 3)"}
    )
    flash = FlashSamples(first=2, count=2, bits=11)
    content = flash.packed([0b101_0001_1111, 0b010_1000_0111])
    assert content == bytes([0b10100011, 0b11101010, 0b00011100])
    found = held(config, flash, b"\xff\x55" + content)
    assert found.x.tolist() == [[-1, 1], [7, -8]]
    assert found.target.tolist() == [[5], [2]]


@pytest.mark.parametrize("wake", [4, 100])
def test_other_waits_are_refused(wake):
    config, flash, _ = case("3 bits")
    with pytest.raises(ValueError, match=f"wake must be a power of two above 4, not {wake}"):
        SampleFlash(config, flash, wake=wake)


@mutations(
    ("it is not woken", r"if \(rst\) awake <= 1'h0", "if (rst) awake <= 1'h1"),
    ("read before it is awake", r"_061_ = _004_ \? 7'h00", "_061_ = _004_ ? 7'h20"),
    ("too short a rest", r"_059_ = _000_ \? 7'h3c", "_059_ = _000_ ? 7'h3d"),
    ("another address", r"58'h3100000000000ab", "58'h3100001000000ab"),
    ("another command", r"58'h3100000000000ab", "58'h2100000000000ab"),
    ("lowest bit first", r"\{ o__payload\[17:0\], miso \}", "{ miso, o__payload[18:1] }"),
    ("a bit too many", r"_013_ = place == 5'h12", "_013_ = place == 5'h13"),
    ("a sample too many", r"_016_ = number == 3'h6", "_016_ = number == 3'h7"),
    ("a payload that does not wait", r"_007_ = _006_ \| o__ready", "_007_ = 1'h1"),
    ("never given away", r"_017_ = _014_ \| o__ready", "_017_ = _014_"),
    ("a load that keeps the sample", r"_043_ = \| \{ rst, load \}", "_043_ = rst"),
    ("a load that goes on with the next one", r"_044_ = \| \{ rst, load \}", "_044_ = rst"),
    ("a load that goes on with the next bit", r"_045_ = \| \{ _014_, rst, load \}", "_045_ = _014_ | rst"),
    ("a load that cuts nothing off", r"_011_ = _010_ \| load", "_011_ = _010_"),
    ("read before the first load", r"_001_ = begun \| _021_", "_001_ = 1'h1"),
    ("on after a reset", r"if \(rst\) begun <= 1'h0;\n    else ", ""),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, flash, content = case("19 bits")
    assert not stays_unnoticed(
        mutation, text(config, flash, content), BENCH, tmp_path, config, **given(flash, content)
    )
