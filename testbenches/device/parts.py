"""Converters as their data sheets have them, in Verilog: what a chip does with the edges that it sees.

They are written from the sheets alone, and know nothing of the circuits that drive them. ``clk`` is their
microscope: an edge of a wire is seen in the clock after it, what a chip drives follows within that clock, and
times of the sheets are counted in it. Whatever a sheet forbids, or does not promise, sets a bit of ``wrong``
for good:

    0   a frame with too few or too many clocks
    1   the chip was let go for too short a time, or its input was not acquired for long enough
    2   LDAC was low for too short a time, or fell too early
    3   data changed with the edge that takes them
    4   a command that nobody wants
    5   the first edge came too soon after the chip was selected
    6   LDAC was low while the chip was selected
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mgd_hdl.config import TrainerConfig

__all__ = ["ADCS", "DACS", "MODELS", "Model", "adc_front", "dac_chips", "dac_front", "own"]

_EDGES = """
  reg cs_was = 1, sck_was = 0, sdi_was = 0;
  wire rise = sck & ~sck_was & ~cs_n, fall = ~sck & sck_was & ~cs_n;
  wire selected = ~cs_n & cs_was, let_go = cs_n & ~cs_was;
  integer high = 1000000, since = 0;  // clocks for which no chip was selected, and this one is
  initial wrong = 0;
  always @(posedge clk) begin
    cs_was <= cs_n; sck_was <= sck; sdi_was <= sdi;
    high <= cs_n ? high + 1 : 0;
    since <= selected ? 1 : since + 1;
    if (selected & (high < CSH)) wrong[1] <= 1;
  end
"""
_LDAC = """
  reg ldac_was = 1;
  integer low = 0;
  always @(posedge clk) begin
    ldac_was <= ldac_n;
    low <= ldac_n ? 0 : low + 1;
    if (~TIED & ~ldac_n & ldac_was & (high < LS)) wrong[2] <= 1;
    if (ldac_n & ~ldac_was & (low < LD)) wrong[2] <= 1;
    if (~TIED & ~ldac_n & ~cs_n) wrong[6] <= 1;
  end
"""

MODELS = f"""
// MCP4822, MCP4922. Microchip DS22249A, DS21897A, chapter 5: sixteen clocks, data taken at rising edges; with
// the rising CS the word goes to the input register of A or B, and while LDAC is low to the output.
module mcp48x2 #(parameter CSH = 1, LD = 1, LS = 1, TIED = 1'b0)
  (input clk, input cs_n, input sck, input sdi, input ldac_n, output reg [23:0] out, output reg [7:0] wrong);
{_EDGES}{_LDAC}
  reg [15:0] word = 0; reg [11:0] a = 0, b = 0; integer clocks = 0;
  initial out = 0;
  always @(posedge clk) begin
    if (selected) clocks <= 0;
    if (selected & rise) wrong[5] <= 1;
    if (rise) begin
      if (sdi != sdi_was) wrong[3] <= 1;
      if (clocks < 16) word <= {{word[14:0], sdi}};
      clocks <= clocks + 1;
    end
    if (let_go) begin
      if (clocks != 16) wrong[0] <= 1;
      else if (~word[12]) wrong[4] <= 1;  // SHDN: the output would be off
      else if (word[15]) b <= word[11:0];
      else a <= word[11:0];
    end
    if (~ldac_n) out <= {{b, a}};
  end
endmodule

// AD5628, AD5668 (Analog Devices, Rev. J, input shift register, tables of commands and addresses), DAC8568
// (Texas Instruments SBAS430D): 32 bits, taken at falling edges; with the 32nd the command is obeyed.
module ad56x8 #(parameter BITS = 16, CSH = 1, LD = 1, LS = 0, TIED = 1'b0)
  (input clk, input cs_n, input sck, input sdi, input ldac_n, output reg [8 * BITS - 1:0] out,
   output reg reference, output reg [7:0] wrong);
{_EDGES}{_LDAC}
  reg [31:0] word = 0; reg [8 * BITS - 1:0] held = 0; integer clocks = 0, i;
  wire [31:0] now = {{word[30:0], sdi}};
  wire [BITS - 1:0] data = now[19 -: BITS];
  initial begin out = 0; reference = 0; end
  always @(posedge clk) begin
    if (selected) clocks <= 0;
    if (selected & fall) wrong[5] <= 1;
    if (let_go & (clocks != 32)) wrong[0] <= 1;
    if (~ldac_n & ldac_was) out <= held;
    if (fall) begin
      if (sdi != sdi_was) wrong[3] <= 1;
      word <= now;
      clocks <= clocks + 1;
      if (clocks == 31) begin
        if (now[31]) wrong[4] <= 1;
        case (now[27:24])
          0, 2, 3: begin
            if (now[23] & (now[23:20] != 15)) wrong[4] <= 1;
            for (i = 0; i < 8; i = i + 1)
              if (now[23:20] == i || now[23:20] == 15) begin
                held[i * BITS +: BITS] <= data;
                if (now[27:24] != 0) out[i * BITS +: BITS] <= data;
              end else if (now[27:24] == 2) out[i * BITS +: BITS] <= held[i * BITS +: BITS];
          end
          8: reference <= now[0];
          default: wrong[4] <= 1;
        endcase
      end
    end
  end
endmodule

// AD5320 (Analog Devices, Rev. C): one channel, 16 bits taken at falling edges: two of no meaning, two that
// switch it off, the code; with the 16th the output changes.
module ad5320 #(parameter CSH = 1)
  (input clk, input cs_n, input sck, input sdi, input ldac_n, output reg [11:0] out, output reg [7:0] wrong);
{_EDGES}
  reg [15:0] word = 0; integer clocks = 0;
  initial out = 0;
  always @(posedge clk) begin
    if (selected) clocks <= 0;
    if (selected & fall) wrong[5] <= 1;
    if (let_go & (clocks != 16)) wrong[0] <= 1;
    if (fall) begin
      if (sdi != sdi_was) wrong[3] <= 1;
      word <= {{word[14:0], sdi}};
      clocks <= clocks + 1;
      if (clocks == 15) begin
        if (word[12:11] != 0) wrong[4] <= 1;
        out <= {{word[10:0], sdi}};
      end
    end
  end
endmodule

// MCP3008, MCP3208. Microchip DS21295D, DS21298E, chapter 5 and figure 5-1: the first one that comes is the
// start, then SGL, D2, D1, D0 at rising edges; the input is held with the falling edge of the clock after D0,
// with which a null bit comes, and the code from the top with those that follow.
module mcp3x08 #(parameter BITS = 10, CSH = 1, SUCS = 1)
  (input clk, input cs_n, input sck, input sdi, input [8 * BITS - 1:0] analog, output sdo,
   output reg [7:0] wrong);
{_EDGES}
  integer clocks = 0;  // from the start bit on
  reg [2:0] channel = 0; reg [BITS - 1:0] held = 0; reg shown = 1, touched = 0;
  wire [BITS - 1:0] shifted = held >> (6 + BITS - clocks);
  wire next = clocks < 6 ? 1'b1 : clocks == 6 ? 1'b0 : clocks <= 6 + BITS ? shifted[0] : 1'b0;
  assign sdo = cs_n ? 1'b1 : selected ? 1'b1 : fall ? next : shown;
  always @(posedge clk) begin
    shown <= sdo;
    if (selected) begin clocks <= 0; touched <= 0; end
    if (rise) begin
      touched <= 1;
      if (~touched & ((selected ? 0 : since) < SUCS)) wrong[5] <= 1;
      if (clocks > 0 || sdi) clocks <= clocks + 1;
      if (clocks < 5 && sdi != sdi_was) wrong[3] <= 1;
      if (clocks == 1 && ~sdi) wrong[4] <= 1;  // a difference of two inputs
      if (clocks >= 2 && clocks <= 4) channel <= {{channel[1:0], sdi}};
    end
    if (fall && clocks == 6) held <= analog[channel * BITS +: BITS];
    if (let_go & (clocks < 7 + BITS)) wrong[0] <= 1;
  end
endmodule

// AD7928 (Analog Devices, Rev. D, control register, serial interface): with the falling CS the input is held
// and a zero comes, with each falling edge the next bit: three of the channel, twelve of the code. Falling
// edges take the control register, which counts from the 14th on.
module ad7928 #(parameter CSH = 1, ACQ = 1)
  (input clk, input cs_n, input sck, input sdi, input [95:0] analog, output sdo, output reg [7:0] wrong);
{_EDGES}
  integer clocks = 0, acquired = 1000000;
  reg [2:0] mux = 0; reg coding = 0; reg [11:0] control = 0; reg [15:0] result = 0; reg shown = 1;
  wire [11:0] code = analog[mux * 12 +: 12];
  assign sdo = cs_n ? 1'b1 : selected ? 1'b0 : fall ? (clocks < 15 ? result[14 - clocks] : 1'b1) : shown;
  always @(posedge clk) begin
    shown <= sdo;
    acquired <= acquired + 1;
    if (selected) begin
      clocks <= 0;
      result <= {{1'b0, mux, coding ? code : code ^ 12'h800}};
      if (acquired < ACQ) wrong[1] <= 1;
      if (fall) wrong[5] <= 1;
    end
    if (fall) begin
      clocks <= clocks + 1;
      if (clocks < 12) control <= {{control[10:0], sdi}};
      if (clocks < 12 && sdi != sdi_was) wrong[3] <= 1;
      if (clocks == 13) begin
        acquired <= 0;
        if (control[11]) begin
          mux <= control[8:6]; coding <= control[0];
          if (control[5:4] != 3 || control[10] || control[3]) wrong[4] <= 1;  // power, sequencer
        end
      end
    end
    if (let_go & (clocks != 16)) wrong[0] <= 1;
  end
endmodule

// ADS7953 (Texas Instruments SLAS605A, figure 45, manual mode): with the falling CS the input is held and
// the first bit comes, with each falling edge the next: four of the channel, twelve of the code. Rising edges
// take the word; its channel is switched to with the second falling edge of the next frame.
module ads7953 #(parameter CSH = 1, ACQ = 1)
  (input clk, input cs_n, input sck, input sdi, input [191:0] analog, output sdo, output reg [7:0] wrong);
{_EDGES}
  integer rises = 0, falls = 0, acquired = 1000000;
  reg [3:0] mux = 0, wanted = 0; reg [15:0] word = 0, result = 0; reg shown = 1;
  wire [15:0] now = {{word[14:0], sdi}};
  assign sdo = cs_n ? 1'b1 : selected ? mux[3] : fall ? (falls < 15 ? result[14 - falls] : 1'b0) : shown;
  always @(posedge clk) begin
    shown <= sdo;
    acquired <= acquired + 1;
    if (selected) begin
      rises <= 0; falls <= 0;
      result <= {{mux, analog[mux * 12 +: 12]}};
      if (acquired < ACQ) wrong[1] <= 1;
      if (rise) wrong[5] <= 1;
    end
    if (rise) begin
      if (sdi != sdi_was) wrong[3] <= 1;
      word <= now;
      rises <= rises + 1;
      if (rises == 13) acquired <= 0;
      if (rises == 15) begin
        if (now[15:12] == 1) wanted <= now[10:7];
        else if (now[15:12] != 0) wrong[4] <= 1;
        if (now[15:12] == 1 && (now[5] || now[4])) wrong[4] <= 1;  // power down, GPIO in place of channel
      end
    end
    if (fall) begin
      falls <= falls + 1;
      if (falls == 1) mux <= wanted;
    end
    if (let_go & (rises != 16)) wrong[0] <= 1;
  end
endmodule
"""


@dataclass(frozen=True)
class Model:
    """Which module a part is, how many channels and bits it has, and times of its sheet in nanoseconds."""

    module: str
    channels: int
    bits: int
    times: dict[str, int]
    more: str = ""

    def place(self, name: str, config: TrainerConfig, pins: str, *, tied: bool = False) -> str:
        """An instance of it."""
        clocks = {key: math.ceil(ns * config.host.clock_hz / 1e9) for key, ns in self.times.items()}
        wired = [f".{key}({value})" for key, value in clocks.items()]
        wired += [f".BITS({self.bits})"] if self.more else []
        wired += [".TIED(1'b1)"] if tied else []
        return f"  {self.module} #({', '.join(wired)}) {name}({pins});"


_AD5668_TIMES = {"CSH": 15, "LD": 20}
DACS = {
    "MCP4822": Model("mcp48x2", 2, 12, {"CSH": 40, "LD": 100, "LS": 40}),
    "MCP4922": Model("mcp48x2", 2, 12, {"CSH": 40, "LD": 100, "LS": 40}),
    "AD5628": Model("ad56x8", 8, 12, _AD5668_TIMES, more="BITS"),
    "AD5668": Model("ad56x8", 8, 16, _AD5668_TIMES, more="BITS"),
    "DAC8568": Model("ad56x8", 8, 16, {"CSH": 80, "LD": 80}, more="BITS"),
    "AD5320": Model("ad5320", 1, 12, {"CSH": 33}),
}
ADCS = {
    "MCP3008": Model("mcp3x08", 8, 10, {"CSH": 270, "SUCS": 100}, more="BITS"),
    "MCP3208": Model("mcp3x08", 8, 12, {"CSH": 500, "SUCS": 100}, more="BITS"),
    "AD7928": Model("ad7928", 8, 12, {"CSH": 50, "ACQ": 300}),
    "ADS7953": Model("ads7953", 16, 12, {"CSH": 20, "ACQ": 325}),
}


def own(part: str) -> dict[str, Any]:
    """Of a user's own table for a part that is no known one."""
    return {
        "AD5320": {
            "part": "own", "frame_bits": 16, "data_low": 0, "mode": 1, "sclk_hz": 20_000_000,
            "select_ns": 33, "ldac": False,
        },
    }[part]  # fmt: skip


def dac_chips(config: TrainerConfig, part: str, bus: Iterable[str], ldac: bool) -> str:
    """Chips on the wires ``bus``: clk, cs_n, sclk, mosi, ldac_n; drives wires ``dac_codes``, the code of
    each parameter, and ``dac_wrong``.
    """
    model, parameters = DACS[part], config.parameters
    clk, cs_n, sclk, mosi, ldac_n = bus
    chips = -(-parameters // model.channels)
    width = chips * model.channels * model.bits
    lines = [f"  wire [{width - 1}:0] all_codes; wire [{8 * chips - 1}:0] all_wrong;"]
    for chip in range(chips):
        out = f"all_codes[{chip * model.channels * model.bits} +: {model.channels * model.bits}]"
        pins = (
            f".clk({clk}), .cs_n({cs_n}[{chip}]), .sck({sclk}), .sdi({mosi}),"
            f" .ldac_n({ldac_n}), .out({out}), .wrong(all_wrong[{8 * chip} +: 8])"
        )
        lines.append(model.place(f"chip_{chip}", config, pins, tied=not ldac and part.startswith("MCP")))
    lines.append(f"  wire [{parameters * model.bits - 1}:0] dac_codes = all_codes;")
    wrongs = " | ".join(f"all_wrong[{8 * chip} +: 8]" for chip in range(chips))
    lines.append(f"  wire [7:0] dac_wrong = {wrongs};")
    return "\n".join(lines)


def dac_front(config: TrainerConfig, part: str, stream: int) -> str:
    """The module ``dut``: the front end ``front`` and its chips."""
    ldac = config.dac.ldac
    # Without a wire, LDAC of these chips is tied low, and of others high.
    idle = "1'b0" if part.startswith("MCP") else "1'b1"
    model, chips = DACS[part], config.spi.chips
    codes = config.parameters * model.bits
    return f"""
module dut(input clk, input rst, input [{stream - 1}:0] tdata, input tlast, input tvalid, output tready,
  output [{codes - 1}:0] codes, output [7:0] wrong, output idle);
  wire sclk, mosi, ldac_n; wire [{chips - 1}:0] cs_n;
  {"" if ldac else f"assign ldac_n = {idle};"}
  front front(.clk(clk), .rst(rst), .tdata(tdata), {".tlast(tlast), .ldac_n(ldac_n)," if ldac else ""}
    .tvalid(tvalid), .tready(tready), .sclk(sclk), .mosi(mosi), .cs_n(cs_n));
{dac_chips(config, part, ("clk", "cs_n", "sclk", "mosi", "ldac_n"), ldac)}
  assign codes = dac_codes; assign wrong = dac_wrong; assign idle = &cs_n;
endmodule
{MODELS}"""


def adc_front(config: TrainerConfig, part: str, readings: int) -> str:
    """The module ``dut``: the front end ``front`` and its chip; ``flips`` what the chip says."""
    model = ADCS[part]
    pins = ".clk(clk), .cs_n(cs_n), .sck(sclk), .sdi(mosi), .analog(analog), .sdo(sdo), .wrong(wrong)"
    return f"""
module dut(input clk, input rst, input [3:0] tid, input tvalid, output tready, output asks, input taken,
  output [{readings - 1}:0] readings_tdata, output [3:0] readings_tid, output readings_tuser,
  output readings_tvalid, input readings_tready, input [{model.channels * model.bits - 1}:0] analog,
  input forced, input level, output [7:0] wrong, output cs_n);
  wire sclk, mosi, sdo; wire miso = forced ? level : sdo;
  front front(.clk(clk), .rst(rst), .tid(tid), .tvalid(tvalid), .tready(tready), .asks(asks), .taken(taken),
    .readings_tdata(readings_tdata), .readings_tid(readings_tid), .readings_tuser(readings_tuser),
    .readings_tvalid(readings_tvalid), .readings_tready(readings_tready),
    .sclk(sclk), .mosi(mosi), .miso(miso), .cs_n(cs_n));
{model.place("chip", config, pins)}
endmodule
{MODELS}"""
