"""An SDRAM as its data sheet has it, in Verilog: what it does with commands at the edges of its clock.

Written from the sheet of the AS4C16M16SA-7 (Alliance: power-up sequence, command truth table, electrical
characteristics), and knows nothing of the circuit that drives it. Its clock is the inverse of that circuit's.
With CAS latency 2 a word is on its wires from one edge after READ until the next; else there is rubbish. A
reset is a power failure: the content is lost. Whatever the sheet forbids, or does not promise, sets a bit of
``wrong`` for good:

    0   a command within 200 us of power-up, or out of the order of the sequence: all banks closed, two or
        more refreshes, the mode, before anything else
    1   too early a command after another one
    2   ACTIVATE in an open bank; READ or WRITE in a closed one; REFRESH or a mode with a bank open
    3   8192 refreshes that took more than 64 ms; one that came 640 ns late and more, which the sheet allows;
        a row open for more than 100 us
    4   another mode than one word a command and CAS latency 2, automatic precharge, an unknown command
    5   words driven from both sides or none, or masked
    6   read what was not written, or an address that the model has no room for
"""

from __future__ import annotations

from mgd_hdl.config.sdram import Sdram

__all__ = ["CHIP", "instance", "ports"]

CHIP = """
module sdram_chip #(parameter PS = 1, COLUMNS = 9, ROWS = 1, POWER_UP = 200_000_000)
  (input clk, input rst, input [2:0] command, input [1:0] ba, input [12:0] a, input dqm,
  input [15:0] dq_o, input dq_oe, output [15:0] dq_i, output reg [6:0] wrong);
  localparam NOP = 7, READ = 5, WRITE = 4, ACTIVATE = 3, PRECHARGE = 2, REFRESH = 1, MODE = 0;
  localparam [63:0] RCD = 21_000, RAS = 42_000, RP = 21_000, RC = 63_000, RRD = 14_000, RFC = 63_000;
  localparam [63:0] LONGEST = 100_000_000;
  localparam [63:0] ALL_ROWS = 64'd64_000_000_000, LATE = ALL_ROWS / 8192 + 640_000;
  reg [16:0] words [0:4 * (1 << (COLUMNS + ROWS)) - 1];  // highest bit: it was written
  reg [3:0] open = 0;
  reg [12:0] row [0:3];
  reg [63:0] activated [0:3], closed [0:3], written [0:3], refreshed [0:8191];
  reg [63:0] now = 0, activated_any = 0, mode_at = 0;
  reg was_closed = 0, has_mode = 0, reads = 0, shows = 0;
  integer refreshes = 0, each = 0;
  reg [15:0] word = 0, shown = 0;
  wire [ROWS + COLUMNS + 1:0] place = {row[ba][ROWS - 1:0], ba, a[COLUMNS - 1:0]};
  wire [63:0] last_refresh = refreshed[(refreshes - 1) & 8191];
  assign dq_i = shows ? shown : {8'hbb, now[10:3]};
  initial begin
    wrong = 0;
    for (each = 0; each < 4 * (1 << (COLUMNS + ROWS)); each = each + 1) words[each] = 0;
    for (each = 0; each < 4; each = each + 1) begin
      row[each] = 0; activated[each] = 0; closed[each] = 0; written[each] = 0;
    end
  end
  always @(posedge clk) begin
    now <= now + PS;
    reads <= 0; shows <= reads; shown <= word;
    if (dq_oe & (command != WRITE | reads | shows)) wrong[5] <= 1;
    if (command != NOP & now < POWER_UP) wrong[0] <= 1;
    if (command != NOP & refreshes > 0 & now < last_refresh + RFC) wrong[1] <= 1;
    if (command != NOP & has_mode & now < mode_at + 2 * PS) wrong[1] <= 1;
    if (refreshes > 0 & now > last_refresh + LATE) wrong[3] <= 1;
    for (each = 0; each < 4; each = each + 1)
      if (open[each] & now > activated[each] + LONGEST) wrong[3] <= 1;
    case (command)
      NOP: ;
      ACTIVATE: begin
        if (~has_mode) wrong[0] <= 1;
        if (open[ba]) wrong[2] <= 1;
        if (now < closed[ba] + RP | now < activated[ba] + RC | now < activated_any + RRD) wrong[1] <= 1;
        if (a >> ROWS != 0) wrong[6] <= 1;
        open[ba] <= 1; row[ba] <= a; activated[ba] <= now; activated_any <= now;
      end
      READ, WRITE: begin
        if (~has_mode) wrong[0] <= 1;
        if (~open[ba]) wrong[2] <= 1;
        if (now < activated[ba] + RCD) wrong[1] <= 1;
        if (a >> COLUMNS != 0) wrong[4] <= 1;
        if (dqm) wrong[5] <= 1;
        if (command == READ) begin
          if (~words[place][16]) wrong[6] <= 1;
          reads <= 1; word <= words[place][15:0];
        end else begin
          if (~dq_oe) wrong[5] <= 1;
          words[place] <= {1'b1, dq_o}; written[ba] <= now;
        end
      end
      PRECHARGE:
        for (each = 0; each < 4; each = each + 1)
          if (a[10] | ba == each[1:0]) begin
            if (open[each] & (now < activated[each] + RAS | now < written[each] + 2 * PS)) wrong[1] <= 1;
            if (open[each] | ~was_closed) closed[each] <= now;
            open[each] <= 0;
            if (a[10]) was_closed <= 1;
          end
      REFRESH, MODE: begin
        if (open != 0) wrong[2] <= 1;
        if (~was_closed) wrong[0] <= 1;
        for (each = 0; each < 4; each = each + 1) if (now < closed[each] + RP) wrong[1] <= 1;
        if (command == REFRESH) begin
          if (refreshes >= 8192 & now > refreshed[refreshes & 8191] + ALL_ROWS) wrong[3] <= 1;
          refreshed[refreshes & 8191] <= now; refreshes <= refreshes + 1;
        end else begin
          if (refreshes < 2) wrong[0] <= 1;
          if (a != 13'h020 | ba != 0) wrong[4] <= 1;
          has_mode <= 1; mode_at <= now;
        end
      end
      default: wrong[4] <= 1;
    endcase
    if (rst) begin
      now <= 0; open <= 0; refreshes <= 0; was_closed <= 0; has_mode <= 0; reads <= 0; shows <= 0;
      activated_any <= 0; wrong <= wrong;
      for (each = 0; each < 4; each = each + 1) begin
        activated[each] <= 0; closed[each] <= 0; written[each] <= 0;
      end
      for (each = 0; each < 4 * (1 << (COLUMNS + ROWS)); each = each + 1) words[each][16] <= 0;
    end
  end
endmodule
"""


def ports(prefix: str = "") -> str:
    """Of a circuit, on the chip's wires; their names may have a prefix there."""
    names = ("ras_n", "cas_n", "we_n", "ba", "addr", "dqm", "dq_i", "dq_o", "dq_oe")
    return ", ".join(f".{prefix}{name}({name})" for name in names)


def instance(sdram: Sdram, *, words: int) -> str:
    """The wires and a chip on them, with room for so many words, and its bits ``broken``."""
    columns = sdram.columns.bit_length() - 1
    rows = max(1, (-(-words // (4 * sdram.columns)) - 1).bit_length())
    parameters = f".PS({10**12 // sdram.clock_hz}), .COLUMNS({columns}), .ROWS({rows})"
    return f"""
  wire ras_n, cas_n, we_n, dqm, dq_oe;
  wire [1:0] ba;
  wire [12:0] addr;
  wire [15:0] dq_i, dq_o;
  sdram_chip #({parameters}) sdram_chip (.clk(~clk), .rst(rst), .command({{ras_n, cas_n, we_n}}),
    .ba(ba), .a(addr), .dqm(dqm), .dq_i(dq_i), .dq_o(dq_o), .dq_oe(dq_oe), .wrong(broken));
"""
