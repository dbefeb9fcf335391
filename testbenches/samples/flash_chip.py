"""A serial flash memory as its data sheet has it, in Verilog: what it does with the edges that it sees.

Written from the sheet of the W25Q128JV (Winbond, revision H: chapters 8.2.6 Read Data, 8.2.32 Release
Power-down, 9.6 AC characteristics), and knows nothing of the circuit that drives it. ``clk`` is its
microscope: an edge of a wire is seen in the clock after it, what it drives follows within that clock, and
times of the sheet are counted in it. At first it is in power-down, as an iCE40 leaves it. Whatever the sheet
forbids, or does not promise, sets a bit of ``wrong`` for good:

    0   anything but the command to leave power-down, while it is in it or for ``WAKE`` clocks after that
    1   it was let go for less than ``CSH`` clocks
    2   data changed with the edge that takes them
    3   let go within a command or its address, but by a reset
    4   another command
    5   the clock was not low as it was selected, or rose as it was let go
    6   a bit taken from beyond its content
"""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.flash import FlashSamples

__all__ = ["around", "chip", "front", "instance"]

_CHIP = """
module flash_chip #(parameter CSH = 1, WAKE = 1, BYTES = 1, FIRST = 0)
  (input clk, input rst, input cs_n, input sck, input sdi, output sdo, output reg [6:0] wrong);
  reg [7:0] content [0:BYTES - 1];
  initial begin
%s  end
  reg cs_was = 1, sck_was = 0, sdi_was = 0, asleep = 1, reads = 0, shown = 1, cut = 0;
  reg [31:0] word = 0;
  integer high = 1000000, since = 0, clocks = 0, bits = 0;
  wire rise = sck & ~sck_was & ~cs_n, fall = ~sck & sck_was & ~cs_n;
  wire [31:0] now = {word[30:0], sdi};
  wire [31:0] place = bits / 8;
  wire [7:0] read = content[place];
  // Between two bits a wire may be anything.
  assign sdo = fall & reads ? read[7 - bits %% 8] : cs_n | ~reads ? ~sdi : shown;
  initial wrong = 0;
  always @(posedge clk) begin
    cs_was <= cs_n; sck_was <= sck; sdi_was <= sdi; shown <= sdo; cut <= rst;
    high <= cs_n ? high + 1 : 0;
    since <= since + 1;
    if (~cs_n & cs_was) begin
      if (high < CSH) wrong[1] <= 1;
      clocks <= 0; reads <= 0;
    end
    if (~cs_n & cs_was & (sck | sck_was) | cs_n & ~cs_was & sck & ~sck_was) wrong[5] <= 1;
    if (rise) begin
      if (sdi != sdi_was & ~reads) wrong[2] <= 1;
      word <= now;
      clocks <= clocks + 1;
      if (clocks == 7) begin
        if (now[7:0] != 8'h03 & now[7:0] != 8'hab) wrong[4] <= 1;
        if ((asleep | since < WAKE) & now[7:0] != 8'hab) wrong[0] <= 1;
      end
      if (clocks == 31 & word[30:23] == 8'h03) begin
        reads <= 1;
        bits <= 8 * (now[23:0] - FIRST);
        if (now[23:0] < FIRST) wrong[6] <= 1;
      end
    end
    if (fall & reads) bits <= bits + 1;
    if (rise & reads & (bits > 8 * BYTES)) wrong[6] <= 1;
    if (cs_n & ~cs_was) begin
      if (clocks == 8 & word[7:0] == 8'hab) begin asleep <= 0; since <= 0; end
      else if (~reads & ~cut) wrong[3] <= 1;
    end
  end
endmodule
"""


def instance(flash: FlashSamples, content: bytes, *, asleep: int) -> str:
    """A chip on the wires sclk, mosi, miso, cs_n."""
    parameters = f".CSH(4), .WAKE({asleep}), .BYTES({len(content)}), .FIRST({flash.first})"
    return f"""
  flash_chip #({parameters}) flash_chip (
    .clk(clk), .rst(rst), .cs_n(cs_n), .sck(sclk), .sdi(mosi), .sdo(miso), .wrong(wrong));
"""


def chip(content: bytes) -> str:
    """The module of such a chip."""
    return _CHIP % "".join(f"    content[{place}] = {byte};\n" for place, byte in enumerate(content))


def front(config: TrainerConfig, flash: FlashSamples, content: bytes, *, asleep: int) -> str:
    """The module ``dut``: a block ``front`` and its memory, which may be read ``asleep`` clocks after it was
    woken. Its words are samples, or inputs.
    """
    bits = config.input_bits if config.paged else config.sample_bits
    return f"""
module dut(input clk, input rst, input load, input o__ready, output o__valid,
  output [{bits - 1}:0] o__payload, output cs_n, sclk, mosi, output [6:0] wrong);
  wire miso;
  front front(.clk(clk), .rst(rst), .load(load), .o__ready(o__ready), .o__valid(o__valid),
    .o__payload(o__payload), .cs_n(cs_n), .sclk(sclk), .mosi(mosi), .miso(miso));
{instance(flash, content, asleep=asleep)}
endmodule
{chip(content)}"""


def around(flash: FlashSamples, content: bytes, *, asleep: int, ports: str = "", more: str = "") -> str:
    """The module ``dut``: a board's circuit ``show`` and its memory; ``more`` stands on ``ports`` of the
    circuit, and sets bits of ``broken``.
    """
    return f"""
module dut(input clk, input rst, input button, output led_running, led_solved, led_saturated,
  output [6:0] wrong, broken);
  wire cs_n, sclk, mosi, miso;
  show show(.clk(clk), .rst(rst), .button(button), .led_running(led_running), .led_solved(led_solved),
    .led_saturated(led_saturated), .flash_cs_n(cs_n), .flash_sclk(sclk), .flash_mosi(mosi),
    .flash_miso(miso){ports});
{more or "  assign broken = 0;"}
{instance(flash, content, asleep=asleep)}
endmodule
{chip(content)}"""
