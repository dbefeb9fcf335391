"""Does the harness reach every port of a design with few pins, and only through registers?"""

from __future__ import annotations

import subprocess

from mgd_synth.harness import harness

PORTS = [
    {"name": name, "direction": direction, "width": width}
    for name, direction, width in (
        ("clk", "input", 1),
        ("go", "input", 1),
        ("first", "input", 3),
        ("second", "input", 5),
        ("busy", "output", 1),
        ("flags", "output", 4),
    )
]

INNER = """
module inner(input clk, input go, input [2:0] first, input [4:0] second, output busy, output [3:0] flags);
  assign busy = go;
  assign flags = {first, second[0]};
endmodule
"""

BENCH = """
module bench;
  reg clk = 0, go = 0, shift = 0, in = 0;
  wire busy, out;
  inner_harness dut(.clk(clk), .go(go), .settings_shift(shift), .settings_in(in),
    .busy(busy), .results_out(out));
  always #5 clk = ~clk;
  reg [7:0] word = 8'b10110_011;
  reg [3:0] back;
  integer i;
  initial begin
    shift = 1;
    for (i = 7; i >= 0; i = i - 1) begin in = word[i]; @(negedge clk); end
    shift = 0;
    repeat (3) @(negedge clk);
    $display("%b %b", dut.inner.first, dut.inner.second);
    go = 1;
    @(negedge clk); $display("%b", busy);
    @(negedge clk); $display("%b", busy);
    shift = 1;
    @(negedge clk);
    for (i = 0; i < 4; i = i + 1) begin back = {back[2:0], out}; @(negedge clk); end
    $display("%b", back);
    $finish;
  end
endmodule
"""


def test_pins():
    found = harness("inner", PORTS)
    assert found.top == "inner_harness"
    assert found.pins == ("clk", "go", "settings_shift", "settings_in", "busy", "results_out")
    assert found.settings == (("first", 3), ("second", 5))


def test_no_pins_for_what_is_not_there():
    narrow = [port for port in PORTS if port["width"] == 1]
    assert harness("inner", narrow).pins == ("clk", "go", "busy")


def test_settings_go_in_and_results_come_out(tmp_path):
    text = INNER + harness("inner", PORTS).verilog.replace(" trainer (", " inner (") + BENCH
    (tmp_path / "bench.v").write_text(text)
    command = ["iverilog", "-g2012", "-Wall", "-o", "bench.vvp", "bench.v"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    command = ["vvp", "bench.vvp"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = [line for line in run.stdout.splitlines() if "finish" not in line]
    # A level at a pin is behind two registers: one in, one out.
    assert lines == ["011 10110", "0", "1", "0110"]
