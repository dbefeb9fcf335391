"""A bus cannot hang: proofs by induction, for all times, whatever a master does within its protocol.

The bank answers each access in the next clock: that is proven of the bank itself, and assumed of it where a
bus is proven. Masters are free, but for what their protocols ask of them.
"""

from __future__ import annotations

import re

import pytest

from mgd_hdl.bus.axi4lite import Axi4Lite
from mgd_hdl.bus.bank import Bank
from mgd_hdl.bus.frames import Frames
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


#: Inside ``frames``, with a bank that answers in the next clock. From every state it comes to listen again: a
#: bound of the clocks until then, ``left``, falls in each clock but where the line takes no byte.
#: And a reply is sent to each request: it listens again only behind the last byte of one.
_FRAMES = """
  reg there = 0;
  always @(posedge clk) begin
    there <= !rst && ((request__valid && request__ready) || (there && !response__ready));
    assume(rst || request__ready == (!there || response__ready));
    assume(rst || response__valid == there);
  end
  wire [7:0] bytes_left = tail - length, parts_left = total + 8'd2 - part, words_left = count - words;
  wire [15:0] left =
    phase_state == LISTEN ? 0 :
    phase_state == SEND ? 2 * bytes_left + 1 :
    phase_state == LOAD ? 2 * bytes_left + 2 :
    phase_state == DELIMIT ? 600 :
    phase_state == CLOSE ? 601 :
    phase_state == PUT ? 700 + 2 * parts_left :
    phase_state == CHOOSE ? 699 + 2 * parts_left :
    phase_state == REPLY ? 1300 :
    phase_state == FETCH ? 1400 + 8 * words_left + 6 - quarter :
    phase_state == ACCESS ? 1400 + 8 * words_left + 2 :
    phase_state == ANSWER ? 1400 + 8 * words_left + 1 :
    phase_state == KEEP ? 1400 + 8 * words_left + 6 - quarter :
    2000;
  reg watched = 0, held_up, after_zero;
  reg [15:0] before;
  reg [3:0] state;
  always @(posedge clk) begin
    watched <= !rst;
    before <= left;
    state <= phase_state;
    held_up <= phase_state == SEND && !o__ready;
    after_zero <= phase_state == LISTEN && i__valid && i__payload == 0;
  end
  always @* begin
    assert(phase_state <= SEND);
    assert(left <= 2000);
    if (watched && state != LISTEN) assert(held_up ? left == before : left < before);
    if (watched && state != LISTEN && phase_state == LISTEN) assert(state == SEND && before == 1);
    // A zero ends whatever was before it: the next byte begins a frame.
    if (watched && after_zero && phase_state == LISTEN)
      assert(!skips && run == 0 && length == 0 && good && !begun);
    // What the counts above hang on.
    if (phase_state == FETCH || phase_state == ACCESS || phase_state == ANSWER) assert(words < count);
    if (phase_state == KEEP) assert(words <= count);
    if (phase_state >= FETCH && phase_state <= KEEP) assert(count <= 60);
    if (phase_state == REPLY) assert(words <= 60);
    if (phase_state == CHOOSE || phase_state == PUT) assert(total[0] && total <= 243);
    if (phase_state == CHOOSE) assert(parts_left != 0);
    assert(there == (phase_state == ANSWER));
    // And what a zero hangs on.
    if (phase_state != LISTEN || skips) assert(run == 0 && good && !begun);
    if (phase_state == LISTEN && skips) assert(length == 0);
  end
endmodule
"""


def inside_frames() -> str:
    """The block with these assertions in it, as the module ``watch``; its memory holds anything."""
    block = Frames()
    module = block.elaborate(None)
    for unused in (module, module._named_submodules["bytes"][0]):
        unused._MustUse__used = True  # only its table of phases
    phases = module._generated["phase"].encoding
    names = "".join(f"  localparam {name} = {code};\n" for name, code in phases.items())
    text = verilog(block, "watch")
    return text[: text.rindex("endmodule")] + names + _FRAMES


def proven(text: str, folder, steps: int) -> bool:
    """Whether all assertions of ``watch`` hold for ever, from power-up and by induction over some clocks.

    Memories hold anything, and give anything.
    """
    (folder / "watch.v").write_text(text)
    script = (
        "read_verilog -formal watch.v; prep -flatten -top watch; delete t:$mem*; async2sync; opt_clean;"
        f" tee -o read.txt stat; sat -verify -tempinduct -prove-asserts -set-assumes -seq 1 -maxsteps {steps}"
        " watch"
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


def test_frames_cannot_hang(tmp_path):
    assert proven(inside_frames(), tmp_path, 3)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        # Of the circuit: the last word does not end a request; a reply has no end.
        (r"assign (_\d+_) = words == count;", r"assign \1 = 1'h0;"),
        (r"assign (_\d+_) = length == tail;", r"assign \1 = 1'h0;"),
        # Of the proof: the bank never answers.
        (r"response__valid == there", "response__valid == 0"),
    ],
)
def test_frames_that_hang_are_noticed(place, fault, tmp_path):
    text, places = re.subn(place, fault, inside_frames())
    assert places == 1
    assert not proven(text, tmp_path, 3)


def test_the_bank_answers_in_the_next_clock(tmp_path):
    bank = Bank(CONFIG)
    assert proven(verilog(bank, "dut") + answers(bank), tmp_path, 2)
