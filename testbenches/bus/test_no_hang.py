"""A bus cannot hang: proofs by induction, for all times, whatever a master does within its protocol.

The bank answers each access in the next clock: that is proven of the bank itself, and assumed of it where a
bus is proven. Masters are free, but for what their protocols ask of them.
"""

from __future__ import annotations

import pytest

from mgd_hdl.bus.axi4lite import Axi4Lite
from mgd_hdl.bus.bank import Bank
from mgd_hdl.bus.wishbone import Wishbone
from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from mgd_hdl.hierarchy import Block, ports_of
from mgd_synth.yosys import YOSYS

#: The bank as a bus sees it, around the module ``dut``.
_BANK = """
  reg there = 0;
  wire accepted = ask && (!there || taken);
  always @(posedge clk) there <= !rst && (accepted || (there && !taken));
"""

#: Ages count clocks in which somebody waits who must not wait for long; none comes to its limit.
AXI = f"""
module watch(
  input clk, input rst, input [11:0] awaddr, araddr, input [31:0] wdata, input [3:0] wstrb,
  input awvalid, wvalid, arvalid, bready, rready, input [1:0] error, input [31:0] data
);
  wire awready, wready, arready, bvalid, rvalid, ask, taken;
  {_BANK}
  dut bus(
    .clk(clk), .rst(rst), .awaddr(awaddr), .awprot(3'b0), .awvalid(awvalid), .awready(awready), .wdata(wdata),
    .wstrb(wstrb), .wvalid(wvalid), .wready(wready), .bvalid(bvalid), .bready(bready), .araddr(araddr),
    .arprot(3'b0), .arvalid(arvalid), .arready(arready), .rvalid(rvalid), .rready(rready), .o__valid(ask),
    .o__ready(!there || taken), .i__valid(there), .i__ready(taken), .i__payload({{error, data}})
  );
  reg awake = 0;
  reg [3:0] write_age = 0, read_age = 0;
  // What is complete waits in registers, which are then not ready. What is not taken is not our fault.
  wire held_up = there && !taken;
  always @(posedge clk) begin
    awake <= !rst;
    write_age <= rst || !awake || awready || wready ? 0 : held_up ? write_age : write_age + 1;
    read_age <= rst || !awake || arready ? 0 : held_up ? read_age : read_age + 1;
  end
  // Each answer is offered on one channel, and taken there.
  always @* if (awake) begin
    assert(write_age < 3);
    assert(read_age < 3);
    // Who waits for a second clock waits for one answer of the other kind, and is next.
    assert(awready || wready || write_age == 0 || (write_age == 1 && rvalid));
    assert(arready || read_age == 0 || (read_age == 1 && bvalid));
    assert((bvalid || rvalid) == there);
    assert(!(bvalid && rvalid));
    assert(!there || taken == (bvalid ? bready : rready));
  end
endmodule
"""

CLASSIC = f"""
module watch(
  input clk, input rst, cyc_next, stb_next, input we, input [9:0] adr, input [31:0] dat_w, input [3:0] sel,
  input [1:0] error, input [31:0] data
);
  wire ack, err, ask, taken;
  reg cyc = 0, stb = 0;
  {_BANK}
  dut bus(
    .clk(clk), .rst(rst), .cyc(cyc), .stb(stb), .we(we), .adr(adr), .dat_w(dat_w), .sel(sel), .ack(ack),
    .err(err), .o__valid(ask), .o__ready(!there || taken), .i__valid(there), .i__ready(taken),
    .i__payload({{error, data}})
  );
  reg [3:0] age = 0;
  always @(posedge clk) begin
    // A classic master keeps its strobe until its end.
    if (rst || !(cyc && stb) || ack || err) begin cyc <= cyc_next; stb <= stb_next; end
    age <= rst || !(cyc && stb) || ack || err ? 0 : age + 1;
  end
  always @* begin
    assert(age < 2);
    assert((ack || err) == there);
    assert(!(ack && err));
  end
endmodule
"""

PIPELINED = f"""
module watch(
  input clk, input rst, cyc, stb, input we, input [9:0] adr, input [31:0] dat_w, input [3:0] sel,
  input [1:0] error, input [31:0] data
);
  wire ack, err, stall, ask, taken;
  {_BANK}
  dut bus(
    .clk(clk), .rst(rst), .cyc(cyc), .stb(stb), .we(we), .adr(adr), .dat_w(dat_w), .sel(sel), .ack(ack),
    .err(err), .stall(stall), .o__valid(ask), .o__ready(!there || taken), .i__valid(there), .i__ready(taken),
    .i__payload({{error, data}})
  );
  reg begun = 0, slept = 1;
  always @(posedge clk) begin begun <= !rst && cyc && stb && !stall; slept <= rst; end
  // What is not stalled ends in the next clock, and nothing else does.
  always @* begin
    assert((ack || err) == begun);
    assert(!(ack && err));
    assert(stall == slept);
  end
endmodule
"""


def answers(block: Block) -> str:
    """Around a bank: each access that it takes is answered in the next clock, until that is taken."""
    ports = [(name, len(signal), str(flow)) for name, flow, signal in ports_of(block)]
    inputs = ", ".join(f"input [{bits - 1}:0] {name}" for name, bits, flow in ports if flow == "In")
    wires = " ".join(f"wire [{bits - 1}:0] {name};" for name, bits, flow in ports if flow == "Out")
    pins = ", ".join(f".{name}({name})" for name, *_ in ports)
    return f"""
module watch(input clk, input rst, {inputs});
  {wires}
  dut bank(.clk(clk), .rst(rst), {pins});
  reg there = 0;
  always @(posedge clk) there <= !rst && ((i__valid && i__ready) || (there && !o__ready));
  always @* begin
    assert(o__valid == there);
    assert(i__ready == (!there || o__ready));
  end
endmodule
"""


def proven(text: str, folder, steps: int) -> bool:
    """Whether all assertions of ``watch`` hold for ever, from power-up and by induction over some clocks."""
    (folder / "watch.v").write_text(text)
    script = (
        "read_verilog -formal watch.v; prep -flatten -top watch; async2sync; opt_clean; tee -o read.txt stat;"
        f" sat -verify -tempinduct -prove-asserts -seq 1 -maxsteps {steps} watch"
    )
    outcome = YOSYS.run(["-q", "-p", script], folder)
    assert "$check" in (folder / "read.txt").read_text() or "$assert" in (folder / "read.txt").read_text()
    return outcome.status == 0


CONFIG = preset("xor").replaced(host={"bus": "uart"})
BUSES = {
    "axi4lite": (Axi4Lite, AXI, 4),
    "wishbone, classic": (lambda: Wishbone(pipelined=False), CLASSIC, 4),
    "wishbone, pipelined": (lambda: Wishbone(pipelined=True), PIPELINED, 4),
}


@pytest.mark.parametrize("name", BUSES)
def test_a_bus_cannot_hang(name, tmp_path):
    make, watch, steps = BUSES[name]
    assert proven(verilog(make(), "dut") + watch, tmp_path, steps)


@pytest.mark.parametrize(
    ("name", "place", "fault"),
    [
        ("axi4lite", "assert(write_age < 3)", "assert(write_age < 2)"),
        ("axi4lite", "assert(read_age < 3)", "assert(read_age < 2)"),
        ("wishbone, classic", "assert(age < 2)", "assert(age < 1)"),
    ],
)
def test_the_bounds_are_no_wider_than_they_need_be(name, place, fault, tmp_path):
    make, watch, steps = BUSES[name]
    assert place in watch
    assert not proven(verilog(make(), "dut") + watch.replace(place, fault), tmp_path, steps)


def test_the_bank_answers_in_the_next_clock(tmp_path):
    bank = Bank(CONFIG)
    assert proven(verilog(bank, "dut") + answers(bank), tmp_path, 2)
