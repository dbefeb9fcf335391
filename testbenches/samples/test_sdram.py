"""Samples from an SDRAM: of a part of a word and of several, in short rows and in long ones."""

from __future__ import annotations

import subprocess
from dataclasses import asdict, replace
from fractions import Fraction

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.flash import FlashSamples
from mgd_hdl.config.sdram import Sdram, SdramInputs, SdramSamples
from mgd_hdl.emit import lint_waivers, verilog
from mgd_hdl.samples.sdram import InputSdram, SampleSdram
from mgd_sim.samples.sdram import inputs_offered, offered
from testbenches.linting import lint
from testbenches.support import mutations, run, stays_unnoticed

from .sdram_chip import CHIP, instance, ports

BENCH = "testbenches.samples.bench_sdram"
ONE_BY_ONE = "testbenches.samples.sdram_inputs"
CLOCK = 25_000_000
#: Formats of inputs and targets, how many samples there are, words of a row, and the clock.
CASES = {
    "19 bits": ("UQ(1, 7)", "UQ(0, 3)", 60, 16, CLOCK),
    "3 bits": ("UQ(1, 0)", "UQ(1, 0)", 50, 8, CLOCK),
    "32 bits, slow": ("UQ(1, 10)", "UQ(0, 10)", 7, 512, CLOCK // 2),
    "19 bits, real rows": ("UQ(1, 7)", "UQ(0, 3)", 300, 512, CLOCK),
    "one sample": ("SQ(1, 3)", "SQ(1, 6)", 1, 512, CLOCK),
}


def case(name: str) -> tuple[TrainerConfig, SdramSamples, list[int]]:
    x, target, count, columns, clock_hz = CASES[name]
    config = preset("xor").replaced(task={"source": "stream"}, formats={"input": x, "target": target})
    samples = SdramSamples(
        chip=Sdram(clock_hz=clock_hz, columns=columns), count=count, bits=config.sample_bits
    )
    return config, samples, np.random.default_rng(3).integers(0, 1 << samples.bits, count).tolist()


def text(config: TrainerConfig, samples: SdramSamples) -> str:
    inputs = isinstance(samples, SdramInputs)
    front = InputSdram(config, samples) if inputs else SampleSdram(config, samples)
    bits = config.input_bits if inputs else samples.bits
    return f"""{verilog(front, "front")}
module dut(input clk, input rst, input load, i__valid, i__payload, o__ready,
  output i__ready, filled, o__valid, output [{bits - 1}:0] o__payload, output [6:0] broken);
  front front(.clk(clk), .rst(rst), .load(load), .i__valid(i__valid), .i__payload(i__payload),
    .i__ready(i__ready), .filled(filled), .o__valid(o__valid), .o__ready(o__ready), .o__payload(o__payload),
    {ports()});
{instance(samples.chip, words=samples.size)}
endmodule
{CHIP}"""


def given(samples: SdramSamples, words: list) -> dict:
    document = asdict(samples)
    return {"chip": document.pop("chip"), "samples": document, "words": words}


@pytest.mark.parametrize(
    "name",
    [
        "19 bits",
        "3 bits",
        "32 bits, slow",
        pytest.param("19 bits, real rows", marks=pytest.mark.only_all),
        pytest.param("one sample", marks=pytest.mark.only_all),
    ],
)
def test_sdram(name, tmp_path):
    config, samples, words = case(name)
    run(text(config, samples), BENCH, tmp_path, config, **given(samples, words))


def test_no_lint(tmp_path):
    config, samples, _ = case("19 bits, real rows")
    (tmp_path / "waivers.vlt").write_text(lint_waivers(config))
    (tmp_path / f"{config.name}.v").write_text(verilog(SampleSdram(config, samples), "sample_sdram"))
    assert lint(tmp_path, "sample_sdram", "waivers.vlt", f"{config.name}.v") == (0, "")


#: Layers, formats of inputs and targets, and how many samples there are.
INPUTS = {
    "five": ([5, 3, 2], "UQ(0, 3)", "UQ(0, 2)", 9),
    "nine of four bits": ([9, 3, 2], "UQ(0, 4)", "UQ(0, 10)", 5),
    "bits": ([37, 3, 1], "UQ(1, 0)", "UQ(1, 0)", 4),
    "whole words": ([5, 3, 4], "SQ(2, 14)", "UQ(0, 10)", 5),
    "one": ([1, 3, 2], "SQ(2, 2)", "UQ(0, 3)", 20),
}


def inputs(name: str) -> tuple[TrainerConfig, SdramInputs, list[tuple[list[int], int]]]:
    """Samples that are read input by input, in rows of 16 words."""
    layers, x, target, count = INPUTS[name]
    config = preset("xor").replaced(
        network={"layers": layers},
        engine={"kind": "bank", "sample": "memory"},
        task={"name": "external", "source": "stream"},
        formats={"input": x, "target": target},
    )
    width = config.formats.input.width
    chip = Sdram(clock_hz=CLOCK, columns=16)
    samples = SdramInputs(chip=chip, count=count, bits=config.sample_bits, inputs=config.inputs, width=width)
    rng = np.random.default_rng(4)
    given = rng.integers(0, 1 << width, (count, config.inputs)).tolist()
    return (
        config,
        samples,
        [*zip(given, rng.integers(0, 1 << config.target_bits, count).tolist(), strict=True)],
    )


@pytest.mark.parametrize(
    "name",
    [
        "nine of four bits",
        "whole words",
        *(pytest.param(name, marks=pytest.mark.only_all) for name in ("five", "bits", "one")),
    ],
)
def test_inputs_one_by_one(name, tmp_path):
    config, samples, words = inputs(name)
    run(text(config, samples), ONE_BY_ONE, tmp_path, config, **given(samples, words))


@pytest.mark.parametrize("name", INPUTS)
def test_no_lint_of_inputs(name, tmp_path):
    config, samples, _ = inputs(name)
    (tmp_path / "waivers.vlt").write_text(lint_waivers(config))
    (tmp_path / f"{config.name}.v").write_text(verilog(InputSdram(config, samples), "input_sdram"))
    assert lint(tmp_path, "input_sdram", "waivers.vlt", f"{config.name}.v") == (0, "")


def test_clocks_by_hand():
    """At 25 MHz, 40 ns each: 45 ns, 21 ns, 70 ns, and two clocks whatever they are; at 100 MHz more."""
    chip = Sdram(clock_hz=CLOCK)
    assert (chip.activate, chip.precharge, chip.refresh, chip.write, chip.mode) == (2, 1, 2, 2, 2)
    assert (chip.interval, chip.words) == (195, 16_777_216)
    samples = SdramSamples(chip=chip, count=1_000, bits=53)
    assert (samples.sample_words, samples.pad, samples.size) == (4, 11, 4_000)
    assert (samples.row_clocks, samples.refresh_clocks) == (3, 5)
    assert (samples.sample_clocks, samples.load_clocks) == (6, 10)
    assert samples.mean_clocks == pytest.approx((6 + 8 * 3 / 1_000) * 195 / 190)
    assert samples.fill_clocks == 40 * 195 + 2 * 53_000
    assert [samples.clocks_between(asked) for asked in (2, 20)] == [samples.mean_clocks, 20]
    # 784 inputs and 10 targets of four bits.
    large = SdramSamples(chip=chip, count=20_000, bits=4 * 794)
    assert (large.bits, large.sample_words, large.sample_clocks) == (3_176, 199, 201)
    assert 207 < large.mean_clocks < 208
    # Of examples/fashion/fashion_784.toml, whose step takes 1,693 clocks: as many as a flash memory has.
    flash, copied = FlashSamples(first=0, count=37_330, bits=3_146), replace(large, count=37_330, bits=3_146)
    assert flash.size <= (1 << 24) - (1 << 21) < replace(flash, count=37_331).size
    assert round(flash.clocks_between(1_693)) == 6_292
    assert (copied.clocks_between(1_693), copied.size < chip.words) == (1_693, True)
    fast = Sdram(clock_hz=100_000_000)
    assert (fast.activate, fast.precharge, fast.refresh, fast.write) == (5, 3, 7, 2)


@pytest.mark.parametrize("clock_hz", [1_000_000, 12_000_000, 12_800_000, 25_000_000, 25_600_000, 133_000_000])
def test_all_rows_are_refreshed_in_time(clock_hz):
    """8192 refreshes in 64 ms, the last of them 16 clocks late; and no more often than need be."""
    chip = Sdram(clock_hz=clock_hz)
    assert 8192 * chip.interval + 16 <= Fraction(64, 1000) * clock_hz < 8192 * (chip.interval + 1) + 16
    assert 32 * chip.interval >= Fraction(200, 10**6) * clock_hz


def test_the_twin_by_hand():
    """Two words a sample in rows of four: a row after two samples, a refresh in clock 195."""
    samples = SdramSamples(chip=Sdram(clock_hz=CLOCK, columns=4), count=3, bits=20)
    # PRECHARGE in clock 101, ACTIVATE in 102, READ in 104 and 105; READ in 108 and 109; then PRECHARGE in
    # 110, while the second sample is on its way, ACTIVATE in 111, READ in 113 and 114.
    assert offered(samples, 100, 3) == [108, 112, 117]
    # PRECHARGE in 194 for another row, and REFRESH in 195, when it falls due; ACTIVATE in 197, READ in 199.
    assert offered(samples, 184, 3) == [192, 196, 203]
    # The second sample's first word is read in 194; PRECHARGE, REFRESH and ACTIVATE in 195, 196 and 198.
    assert offered(samples, 186, 3) == [194, 203, 208]


def test_inputs_packed_by_hand():
    """A sample of six inputs of three bits and six targets of three: five inputs to a word, and targets of
    two words.
    """
    chip = Sdram(clock_hz=CLOCK)
    samples = SdramInputs(chip=chip, count=2, bits=36, inputs=6, width=3)
    assert (samples.word_inputs, samples.last_inputs, samples.target_words, samples.size) == (5, 1, 2, 8)
    first = 0b110_101_100_011_010_001_111_011_100_101_110_001
    words = 0b0000000000000011, 0b0101100011010001, 0b0_011_100_101_110_001, 0b0000000000000_111
    assert [*samples.sent([first, 0])] == [sum(word << 16 * (3 - at) for at, word in enumerate(words)), 0]
    assert (samples.sent_bits, samples.pad) == (64, 0)


def test_clocks_of_inputs_by_hand():
    """784 inputs of four bits, four to a word, and ten targets of one bit: 197 words, 785 clocks; with two
    pages 3 clocks go by between two samples. One has two rows that end at most, and six refreshes.
    """
    chip = Sdram(clock_hz=CLOCK)
    samples = SdramInputs(chip=chip, count=1_000, bits=3_146, inputs=784, width=4)
    assert (samples.sample_words, samples.sample_clocks, samples.load_clocks) == (197, 785, 8)
    assert (samples.turn_clocks, samples.most_clocks) == (787, 787 + 2 * 3 + 6 * 5)
    assert samples.mean_clocks == pytest.approx((785 + 385 * 3 / 1_000) * 195 / 190)
    assert samples.fill_clocks == 40 * 195 + 2 * 1_000 * 197 * 16
    # As many as a flash memory of a ULX3S has.
    flash = FlashSamples(first=0, count=37_259, bits=samples.sent_bits)
    assert flash.size <= (1 << 24) - (1 << 21) < replace(flash, count=37_260).size
    # A step waits only where a refresh may make it.
    found = [samples.clocks_between(asked) for asked in (600, 800, 823, 1_692)]
    assert found == pytest.approx([(787 + 1.155) * 195 / 190, (800 + 1.155) * 195 / 190, 823, 1_692])
    # A sweep that goes by itself behind 12 clocks may make it wait for longer.
    swept = replace(samples, sweep=500)
    assert [swept.clocks_between(asked) for asked in (810, 811)] == pytest.approx(
        [1_322, (812.155) * 195 / 190]
    )
    # Targets of more than three words take longer than the pages.
    assert replace(samples, bits=4 * 784 + 80).turn_clocks == 783 + 6


def test_the_twin_of_inputs_by_hand():
    """Two inputs of nine bits, a word each, behind a word of targets; rows of four words."""
    chip = Sdram(clock_hz=CLOCK, columns=4)
    samples = SdramInputs(chip=chip, count=3, bits=20, inputs=2, width=9)
    # PRECHARGE in clock 101, ACTIVATE in 102, READ in 104, 105, 106, and in 107, as the first word leaves;
    # then PRECHARGE in 108, ACTIVATE in 109, READ from 111 on.
    assert inputs_offered(samples, 100, 2) == [108, 109, 114, 115]
    # Four inputs to a word: the fourth word is asked for as that of targets leaves, in 107; the next one in
    # 111, as four inputs have left.
    samples = replace(samples, count=10, bits=37, inputs=9, width=4, chip=replace(chip, columns=512))
    assert inputs_offered(samples, 100, 2) == [*range(108, 117), *range(118, 127)]


@mutations(
    ("no rest after power-up", r"age == 6'h20", "age == 6'h10"),
    ("a mode before the refreshes", r"age == 6'h28", "age == 6'h20"),
    ("CAS latency 3", r"13'h0020", "13'h0030"),
    ("refreshes too rare", r"since == 8'hc2", "since == 8'hd6"),
    ("refreshes forgotten", r"_081_ = _001_ \? 1'h1", "_081_ = _001_ ? 1'h0"),
    ("a row that is open too short", r"_087_ = activate \? 1'h1", "_087_ = activate ? 1'h0"),
    ("too early after a refresh", r"_085_ = refresh \? 1'h1", "_085_ = refresh ? 1'h0"),
    ("too early after a word", r"_088_ = write \? 1'h1", "_088_ = write ? 1'h0"),
    ("beyond the end of a row", r"_012_ = _011_ \| _005_", "_012_ = _005_"),
    ("the first sample in the last row", r"_012_ = _011_ \| _005_", "_012_ = _011_"),
    ("one bank closed", r"_027_ \? 11'h400", "_027_ ? 11'h000"),
    ("banks mixed up", r"ba <= address\[5:4\]", "ba <= address[6:5]"),
    ("a word too early", r"if \(fetched\[1\]\)", "if (fetched[0])"),
    ("a payload that does not wait", r"_034_ = _033_ \| _020_", "_034_ = 1'h1"),
    ("a clock lost", r"_034_ = _033_ \| _020_", "_034_ = _033_"),
    ("never given away", r"_070_ = o__ready \? 1'h0", "_070_ = o__ready ? 1'h1"),
    ("a load that keeps the sample", r"_060_ = \| \{ rst, load \}", "_060_ = rst"),
    ("a load that goes on with the next one", r"_063_ = \| \{ _014_, rst \}", "_063_ = rst"),
    ("a load that goes on with the next word", r"_062_ = \| \{ _014_, rst \}", "_062_ = rst"),
    ("a load that takes what is on its way", r"_057_ = \| \{ rst, load \}", "_057_ = rst"),
    ("a load that leaves the row open", r"_079_ = _014_ \? 1'h1", "_079_ = _014_ ? 1'h0"),
    ("a load before it is full", r"_014_ = load & filled", "_014_ = load"),
    ("lowest bit first", r"\{ dq_o\[14:0\], i__payload \}", "{ i__payload, dq_o[15:1] }"),
    ("no bits left free", r"_019_ = part \? 4'hd", "_019_ = part ? 4'h0"),
    ("bits that do not wait", r"i__ready = _029_ & _030_", "i__ready = _030_"),
    ("filled for ever", r"i__ready = _029_ & _030_", "i__ready = _029_"),
    ("words that nobody drives", r"dq_oe <= write", "dq_oe <= 1'h0"),
    ("masked", r"dqm <= _022_", "dqm <= 1'h1"),
    ("a word too many", r"address == 7'h77", "address == 7'h78"),
    ("full after a reset", r"if \(rst\) filled <= 1'h0;\n    else ", ""),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, samples, words = case("19 bits")
    assert not stays_unnoticed(
        mutation, text(config, samples), BENCH, tmp_path, config, **given(samples, words)
    )


@mutations(
    ("a fourth word on its way", r"_060_ = asked != 2'h3", "_060_ = 1'h1"),
    ("two words on their way", r"_060_ = asked != 2'h3", "_060_ = asked != 2'h2"),
    ("a word too late", r"_061_ = _060_ \| leaves", "_061_ = _060_"),
    ("a load that counts words from before", r"_083_ = \| \{ rst, load \}", "_083_ = rst"),
    ("a load that keeps a word", r"_089_ = \| \{ rst, load \}", "_089_ = rst"),
    ("a load that takes what is on its way", r"_091_ = \| \{ rst, load \}", "_091_ = rst"),
    ("a load that goes on in a sample", r"_032_ = _031_ \| load", "_032_ = _031_"),
    ("samples without an end", r"_032_ = _031_ \| load", "_032_ = load"),
    ("one first input", r"_086_ = \| \{ _032_, rst \}", "_086_ = rst"),
    ("every input is the first", r"else if \(taken\) first <= 1'h0", "else if (taken) first <= 1'h1"),
    ("an input in place of targets", r"ahead <= 2'h2", "ahead <= 2'h3"),
    ("targets in place of inputs", r"ahead <= 2'h2", "ahead <= 2'h1"),
    (
        "the lower word of targets first",
        r"\{ targets\[3:0\], waiting_0\[16:1\] \}",
        "{ waiting_0[16:1], targets[3:0] }",
    ),
    ("an input too many", r"waiting_0\[0\] \? 2'h0 : 2'h3", "waiting_0[0] ? 2'h1 : 2'h3"),
    ("an input left out", r"waiting_0\[0\] \? 2'h0 : 2'h3", "waiting_0[0] ? 2'h0 : 2'h2"),
    ("the last input of a word first", r">> \{ number, 2'h0 \}", ">> { ~number, 2'h0 }"),
    ("inputs that do not wait", r"taken = o__valid & o__ready", "taken = o__valid"),
    ("inputs of no word", r"o__valid = full_0 & _053_", "o__valid = _053_"),
    ("targets of no word", r"_057_ = full_0 & _056_", "_057_ = _056_"),
)
def test_mutations_of_inputs_are_noticed(mutation, tmp_path):
    config, samples, words = inputs("nine of four bits")
    block = text(config, samples)
    assert not stays_unnoticed(mutation, block, ONE_BY_ONE, tmp_path, config, **given(samples, words))


# ---- the model of the chip -------------------------------------------------------------------------

READ, WRITE, ACTIVATE, PRECHARGE, REFRESH, MODE, STOP = 5, 4, 3, 2, 1, 0, 6
#: Commands with the clocks, of 20 ns, before each: a command, its bank, its address, and how the data wires
#: are beside it: d: driven, m: masked. The time after power-up is 200 ns here.
BEGIN = [(11, PRECHARGE, 0, 1 << 10, ""), (2, REFRESH, 0, 0, ""), (4, REFRESH, 0, 0, "")]
READY = [*BEGIN, (4, MODE, 0, 0x20, "")]
OPEN = [*READY, (2, ACTIVATE, 1, 1, "")]
WRITTEN = [*OPEN, (2, WRITE, 1, 3, "d")]
#: What is done, and the bits of ``wrong`` that it sets.
DONE = {
    "all is well": ([*WRITTEN, (1, READ, 1, 3, ""), (2, PRECHARGE, 1, 0, ""), (4, REFRESH, 0, 0, "")], set()),
    "a command too early": ([(9, PRECHARGE, 0, 1 << 10, "")], {0}),
    "refreshes before banks are closed": ([(11, REFRESH, 0, 0, "")], {0}),
    "a mode after one refresh": ([*BEGIN[:2], (4, MODE, 0, 0x20, "")], {0}),
    "no mode": ([*BEGIN, (4, ACTIVATE, 0, 0, "")], {0}),
    "a word after 20 ns": ([*READY, (2, ACTIVATE, 1, 1, ""), (1, WRITE, 1, 3, "d")], {1}),
    "closed after 40 ns": ([*OPEN, (2, PRECHARGE, 1, 0, "")], {1}),
    "closed 20 ns after a word": ([*WRITTEN, (1, WRITE, 1, 4, "d"), (1, PRECHARGE, 1, 0, "")], {1}),
    "opened 20 ns after": ([*OPEN, (3, PRECHARGE, 1, 0, ""), (1, ACTIVATE, 1, 0, "")], {1}),
    "opened 60 ns after a refresh": ([*READY, (2, REFRESH, 0, 0, ""), (3, ACTIVATE, 1, 0, "")], {1}),
    "a clock after a mode": ([*READY, (1, ACTIVATE, 1, 0, "")], {1}),
    "opened twice": ([*OPEN, (5, ACTIVATE, 1, 0, "")], {2}),
    "a word of a closed bank": ([*OPEN, (2, WRITE, 2, 0, "d")], {2}),
    "a refresh in an open row": ([*OPEN, (4, REFRESH, 0, 0, "")], {2}),
    "a mode in an open row": ([*OPEN, (4, MODE, 0, 0x20, "")], {2}),
    "no refresh for 8.5 us": ([*READY, (424, STOP + 1, 0, 0, "")], {3}),
    "another mode": ([*BEGIN, (4, MODE, 0, 0x30, "")], {4}),
    "a bank that closes itself": ([*WRITTEN, (1, WRITE, 1, 1 << 10 | 3, "d")], {4}),
    "a stop": ([*OPEN, (2, STOP, 0, 0, "")], {4}),
    "nobody drives a word": ([*OPEN, (2, WRITE, 1, 3, "")], {5}),
    "driven without a word": ([*OPEN, (2, STOP + 1, 0, 0, "d")], {5}),
    "masked": ([*OPEN, (2, WRITE, 1, 3, "dm")], {5}),
    "both drive": ([*WRITTEN, (1, READ, 1, 3, ""), (2, WRITE, 1, 3, "d")], {5}),
    "read and never written": ([*WRITTEN, (1, READ, 1, 4, "")], {6}),
}  # fmt: skip


def scenario(number: int, commands: list[tuple[int, int, int, int, str]]) -> str:
    """A chip, what it is told, and what it says."""
    told = "".join(
        f"    repeat ({wait - 1}) @(negedge clk) {{c{number}, o{number}, m{number}}} = 5'b11100;\n"
        f"    @(negedge clk) {{c{number}, o{number}, m{number}}} = "
        f"{{3'd{command}, 1'd{int('d' in wires)}, 1'd{int('m' in wires)}}};\n"
        f"    b{number} = {bank}; a{number} = {address};\n"
        for wait, command, bank, address, wires in commands
    )
    return f"""
  reg [2:0] c{number} = 7; reg [1:0] b{number} = 0; reg [12:0] a{number} = 0;
  reg o{number} = 0, m{number} = 0;
  wire [6:0] w{number}; wire [15:0] q{number};
  sdram_chip #(.PS(20000), .COLUMNS(4), .ROWS(1), .POWER_UP(200_000)) chip{number}(.clk(clk), .rst(1'b0),
    .command(c{number}), .ba(b{number}), .a(a{number}), .dqm(m{number}), .dq_o(16'h1234), .dq_oe(o{number}),
    .dq_i(q{number}), .wrong(w{number}));
  initial begin
{told}    repeat (2) @(negedge clk) {{c{number}, o{number}, m{number}}} = 5'b11100;
    $display("{number} %d", w{number});
  end
"""


def test_the_chip_notices(tmp_path):
    """Everything that the sheet forbids sets its own bit, and nothing else does."""
    body = "".join(scenario(number, commands) for number, (commands, _) in enumerate(DONE.values()))
    clock_text = "reg clk = 0; always #1 clk = ~clk; initial #2000 $finish;"
    (tmp_path / "b.v").write_text(f"module bench;\n{clock_text}\n{body}endmodule\n{CHIP}")
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "b.vvp", "b.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    command = ["vvp", "-n", "b.vvp"]
    outcome = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    said = dict(map(int, line.split()) for line in outcome.stdout.splitlines() if line[0].isdigit())
    found = {name: {bit for bit in range(7) if said[number] >> bit & 1} for number, name in enumerate(DONE)}
    assert found == {name: bits for name, (_, bits) in DONE.items()}
