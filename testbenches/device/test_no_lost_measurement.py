"""The handshake of a measurement: proofs by induction, for all times, whatever a device does.

No measurement is lost, none is doubled, no reading is taken that was not asked for, and a request that was
offered stays. Sequencer, sender and reader are free but for what they keep to.
"""

from __future__ import annotations

import re

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.device.measurement import Measurement
from mgd_hdl.emit import verilog
from mgd_hdl.hierarchy import ports_of
from mgd_synth.yosys import YOSYS
from testbenches.device.test_measurement import CASES


def watch(config: TrainerConfig, average: int) -> str:
    """Around a measurement: 2**average readings each."""
    block = Measurement(config)
    block._MustUse__used = True  # its equal is emitted
    ports = [(name, len(signal), str(flow)) for name, flow, signal in ports_of(block)]
    assumed = {"measure", "open", "done", "average", *block.checked}
    inputs = [
        f"input [{bits - 1}:0] {name}" for name, bits, flow in ports if flow == "In" and name not in assumed
    ]
    free = [f"input try_{name}" for name in assumed - {"average"}]
    wires = " ".join(f"wire [{bits - 1}:0] {name};" for name, bits, flow in ports if flow == "Out")
    pins = ", ".join(f".{name}({name})" for name, *_ in ports)
    checked = " ".join(f"wire {kind} = done && try_{kind};" for kind in block.checked)
    # In the order in which the circuit first names them.
    phases = ["IDLE", "WIRES", "START", "SEND", "FAULT", "SETTLE", "REQUEST", "ANSWER", "READ"]
    phases += ["SECOND", "END"] if config.second_cost else ["END"]
    at = {name: f"(\\dut.phase_state == {number})" for number, name in enumerate(phases)}
    mark = block.mark_of
    marked = (
        "assert(!reference_owed);"
        if config.analog
        else "if (reference_owed) assert(mark); if (owed && !free) assert(!mark);"
    )
    is_reference = "0" if config.analog else mark
    return rf"""
module watch(input clk, input rst, {", ".join(inputs + free)});
  {wires}
  wire [3:0] average = {average};
  reg reading = 0;  // the reader has one, and is not done with it
  // It is commanded while it is free, a door is opened between two steps, a reader ends what it began.
  wire measure = try_measure && free;
  wire open = try_open && free && asks && !measure;
  wire done = try_done && reading;
  {checked}
  wire bad = {" || ".join(block.checked) or "0"};
  dut dut(.clk(clk), .rst(rst), {pins});

  (* hierconn, init = 4'h0 *) wire [3:0] \dut.phase_state ;
  (* hierconn, init = 11'h0 *) wire [10:0] \dut.readings ;
  wire sent = {at["SEND"]}, settles = {at["SETTLE"]}, reads = {at["READ"]};
  wire asks_now = {at["REQUEST"]} || {at["ANSWER"]};
  wire ends = {" || ".join(at[name] for name in ("SECOND", "END") if name in at)};
  wire [23:0] under_way = asked_count - taken_count - dropped_count;
  reg owed = 0, reference_owed = 0;  // a step, its reference, that has begun and is not over
  reg asked = 0;                     // a request was offered, and its reading has not been taken
  reg [1:0] count = 0;               // readings taken in this try
  reg offered = 0; reg [3:0] offered_number = 0;
  reg [23:0] taken_before = 0; reg [1:0] count_before = 0; reg known = 0;
  always @(posedge clk) begin
    reading <= !rst && (take || (reading && !done));
    owed <= !rst && ((measure && !{is_reference}) || (owed && !(measured && !reference_owed)));
    reference_owed <= !rst && ((measure && {is_reference}) || (reference_owed && !free));
    asked <= !rst && !free && (load || (asked && !take && !go));
    count <= rst || go ? 0 : take ? count + 1 : count;
    offered <= !rst && inputs_tvalid && !inputs_tready; offered_number <= number;
    known <= !rst; taken_before <= taken_count; count_before <= count;
  end
  always @* begin
    // Asked and taken agree: one is under way, or none.
    assert(under_way == (!free && !telling));
    // What is over was begun, once; what was begun and is over was told.
    assert(!(owed && reference_owed));
    if (measured && !reference_owed && !free) assert(0);
    if (free && !measured) assert(!owed);
    if (measured) assert(free);
    if (reference_owed) assert(!telling);
    if (owed && !measured) assert(!free && !telling);
    // A reading is one that was asked for, and it is used once.
    if (take) assert(tvalid && tid == number && asked && (!inputs_tvalid || inputs_tready));
    if (take) assert(!reading);
    // A good measurement has so many readings.
    if (known && taken_count != taken_before) assert(count_before == {1 << average});
    // A request stays until it is taken.
    if (offered) assert(inputs_tvalid && number == offered_number);
    if (go) assert(!sending);
    // What follows makes the induction short.
    if (sent || settles) assert(count == 0);
    if (asks_now) assert(\dut.readings   + count == {1 << average});
    if (reads) assert(\dut.readings   + count == {(1 << average) + 1});
    if (ends) assert(count == {1 << average});
    if ({at["ANSWER"]}) assert(asked);
    if (sent || settles || reads || ends) assert(!asked);
    if (asks_now || reads) assert(\dut.readings  != 0);
    assert(reading == reads);
    assert(!(free && telling));
    if (!free && !telling) assert(owed || reference_owed);
    if (telling) assert(!owed && !reference_owed && !asks_now && !reads && !settles && !ends);
    assert(\dut.phase_state  < {len(phases)});
    if (reads) assert(!inputs_tvalid);
    {marked}
  end
endmodule
"""


def proven(text: str, folder, steps: int = 3) -> bool:
    """Whether all assertions of ``watch`` hold for ever, from power-up and by induction over some clocks."""
    (folder / "watch.v").write_text(text)
    script = (
        "read_verilog -formal watch.v; prep -flatten -top watch; async2sync; setundef -anyseq; opt_clean;"
        f" tee -o read.txt stat; sat -verify -tempinduct -prove-asserts -seq 1 -maxsteps {steps} watch"
    )
    outcome = YOSYS.run(["-q", "-p", script], folder)
    assert "$check" in (folder / "read.txt").read_text() or "$assert" in (folder / "read.txt").read_text()
    return outcome.status == 0


@pytest.mark.parametrize("average", [0, 1])
@pytest.mark.parametrize("name", CASES)
def test_no_measurement_is_lost_or_doubled(name, average, tmp_path):
    config = CASES[name]
    assert proven(verilog(Measurement(config), "dut") + watch(config, average), tmp_path)


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        ("tid == number", "1'h1"),
        (r"(answers = _\d+_) & taken", r"\1"),
        (r"dropped_count \+ dropped", "dropped_count"),
        (r"taken_count \+ good", "taken_count + measured"),
        (r"readings - 1'h1", "readings - 2'h2"),
        (r"if \(load\) number <=", "if (load | rest) number <="),
    ],
    ids=[
        "any number will do",
        "an answer before its question",
        "a drop is not counted",
        "a reference counts later",
        "a reading too few",
        "a number that changes",
    ],
)
def test_a_fault_is_noticed(place, fault, tmp_path):
    config = CASES["one-sided"]
    text, count = re.subn(place, fault, verilog(Measurement(config), "dut"))
    assert count == 1
    assert not proven(text + watch(config, 1), tmp_path)
