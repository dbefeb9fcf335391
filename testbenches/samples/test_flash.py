"""Samples from a flash memory: words of many bits and of few, many and a single one."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.flash import FlashInputs, FlashSamples
from mgd_hdl.emit import lint_waivers, verilog
from mgd_hdl.samples.flash import InputFlash, SampleFlash
from mgd_sim.samples.flash import held
from testbenches.linting import lint
from testbenches.support import mutations, run, stays_unnoticed

from .flash_chip import front

BENCH = "testbenches.samples.bench_flash"
INPUTS = "testbenches.samples.flash_inputs"
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


def inputs(layers: list[int], x: str, target: str) -> tuple[TrainerConfig, FlashInputs, bytes]:
    """Samples that are read input by input."""
    config = preset("xor").replaced(
        network={"layers": layers},
        engine={"kind": "bank", "sample": "memory"},
        task={"name": "external", "source": "stream"},
        formats={"input": x, "target": target},
    )
    flash = FlashInputs(
        first=0x12_34_56,
        count=3,
        bits=config.sample_bits,
        inputs=config.inputs,
        width=config.formats.input.width,
        sweep=0,
    )
    return config, flash, np.random.default_rng(4).bytes(flash.size)


def input_text(config: TrainerConfig, flash: FlashInputs, content: bytes) -> str:
    circuit = verilog(InputFlash(config, flash, wake=WAKE), "front")
    return circuit + front(config, flash, content, asleep=WAKE - 4)


FIVE = ([5, 3, 2], "UQ(0, 3)", "UQ(0, 2)")


@pytest.mark.parametrize(
    "form",
    [FIVE, ([4, 3, 1], "UQ(1, 0)", "UQ(1, 0)"), ([1, 3, 2], "SQ(2, 2)", "UQ(0, 3)")],
    ids=["five", "bits", "one"],
)
def test_inputs_one_by_one(form, tmp_path):
    config, flash, content = inputs(*form)
    run(input_text(config, flash, content), INPUTS, tmp_path, config, **given(flash, content))


def test_no_lint_of_inputs(tmp_path):
    config, flash, _ = inputs(*FIVE)
    (tmp_path / "waivers.vlt").write_text(lint_waivers(config))
    (tmp_path / f"{config.name}.v").write_text(verilog(InputFlash(config, flash), "input_flash"))
    assert lint(tmp_path, "input_flash", "waivers.vlt", f"{config.name}.v") == (0, "")


def test_inputs_packed_by_hand():
    """Two samples of three inputs of three bits and two targets of two: inputs 0 and 1, targets 1 and 0,
    input 2.
    """
    config, flash, _ = inputs([3, 3, 2], "UQ(0, 3)", "UQ(0, 2)")
    flash = replace(flash, first=1, count=2)
    content = flash.packed([0b11_10_001_010_111, 0b01_00_110_000_011])
    assert content == bytes([0b111_010_11, 0b10_001_011, 0b000_01_00_1, 0b10_000000])
    found = held(config, flash, b"\xff" + content)
    assert found.x.tolist() == [[7, 2, 1], [3, 0, 6]]
    assert found.target.tolist() == [[2, 3], [0, 1]]
    alone = FlashInputs(first=0, count=1, bits=7, inputs=1, width=3, sweep=0)
    assert alone.packed([0b11_01_100]) == bytes([0b11_01_100_0])


def test_clocks_of_inputs_by_hand():
    """100 samples of 13 bits, inputs of 3. A step of 30 clocks waits 4 n - 2 w + 71 - 2 D = 57 clocks where
    the first sample follows the last, one of 60 or more not at all. A sweep of 20 clocks that goes by itself
    12 clocks after a sample was due is over before, one of 50 is not.
    """
    flash = FlashInputs(first=0, count=100, bits=13, inputs=3, width=3, sweep=0)
    assert [100 * flash.clocks_between(asked) for asked in (20, 30, 58, 59, 60)] == [
        100 * 26 + 69,
        100 * 30 + 57,
        100 * 58 + 1,
        *(100 * 59, 100 * 60),
    ]
    for sweep, more in ((20, 57), (50, 62)):
        assert 100 * replace(flash, sweep=sweep).clocks_between(30) == 3000 + more


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


@mutations(
    ("targets with every input", r"_01_ = last \? 3'h6 : 3'h2", "_01_ = 3'h6"),
    ("no targets", r"_01_ = last \? 3'h6 : 3'h2", "_01_ = 3'h2"),
    ("an input too many", r"last = number == 3'h4", "last = number == 3'h5"),
    ("no mark of the first input", r"else if \(whole\) first <= _04_", "else if (whole) first <= 1'h0"),
    ("every input is the first", r"else if \(whole\) first <= _04_", "else if (whole) first <= 1'h1"),
    ("a bit that is not waited for", r"takes = bits__o__valid & bits__o__ready", "takes = bits__o__ready"),
    ("a word that does not wait", r"bits__o__ready = _00_ \| o__ready", "bits__o__ready = 1'h1"),
    (
        "a word that is given twice",
        r"if \(bits__o__ready\) o__valid <= whole",
        "if (whole) o__valid <= whole",
    ),
    ("a load that keeps the word", r"_07_ = \| \{ rst, load \}", "_07_ = rst"),
    ("a load that goes on with the next input", r"_08_ = \| \{ rst, load \}", "_08_ = rst"),
    ("a load that goes on with the next bit", r"_09_ = \| \{ whole, rst, load \}", "_09_ = whole | rst"),
    (
        "lowest bit first",
        r"row <= \{ row\[5:0\], bits__o__payload \}",
        "row <= { bits__o__payload, row[6:1] }",
    ),
)
def test_mutations_of_inputs_are_noticed(mutation, tmp_path):
    config, flash, content = inputs(*FIVE)
    text = input_text(config, flash, content)
    assert not stays_unnoticed(mutation, text, INPUTS, tmp_path, config, **given(flash, content))
