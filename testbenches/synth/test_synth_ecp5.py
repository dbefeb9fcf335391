"""Sums of ECP5 in chains of our own: are they sums, and is nothing spent on their ends?"""

from __future__ import annotations

import json
from collections import Counter

import pytest

from mgd_hdl.config import preset
from mgd_hdl.cost.squared_error import SquaredError
from mgd_hdl.emit import verilog
from mgd_hdl.network.activation import Activation
from mgd_hdl.network.dense import Neuron
from mgd_synth import ecp5
from mgd_synth.nextpnr import place_and_route
from mgd_synth.process import SynthError, silent
from mgd_synth.yosys import YOSYS, netlist_in

#: Every kind of sum that the rule tells apart, of even and odd width.
SUMS = """
module top(
  input [8:0] a, input signed [5:0] b, input c, input minus,
  output [8:0] add9, output [7:0] add8, output [6:0] subtract7, output [5:0] subtract6,
  output [8:0] carry9, output [7:0] carry8, output signed [8:0] extended,
  output [7:0] either8, output [6:0] either7, output less, output at_least, output [7:0] more
);
  assign add9 = a + {3'b0, b};
  assign add8 = a[7:0] + {a[8], a[0], b};
  assign subtract7 = a[6:0] - {b[0], b};
  assign subtract6 = a[5:0] - b;
  assign carry9 = a + {b, b[2:0]} + c;
  assign carry8 = a[7:0] + {b, b[1:0]} + c;
  assign extended = $signed(a) + b;
  assign either8 = minus ? a[7:0] - {b, b[1:0]} : a[7:0] + {b, b[1:0]};
  assign either7 = minus ? a[6:0] - {b, b[0]} : a[6:0] + {b, b[0]};
  assign less = a < {b, b[2:0]};
  assign at_least = $signed(a[7:0]) >= b;
  assign more = a[7:0] - 8'd77;
endmodule
"""

#: Proves the netlist in ``gate.json``, with an unconnected carry input free in every chain.
PROOF = """
read_verilog sums.v; proc; opt_clean; rename top gold; design -stash gold
read_verilog +/lattice/common_sim.vh; read_verilog +/lattice/ccu2c_sim.vh; read_json gate.json
hierarchy -top top; proc; flatten
setundef -undriven -anyseq; setundef -anyseq; opt_clean; rename top gate; design -stash gate
design -copy-from gold -as gold gold; design -copy-from gate -as gate gate
miter -equiv -flatten -make_assert gold gate miter; hierarchy -top miter
sat -verify -prove-asserts miter
"""


def proved(netlist: dict, folder) -> bool:
    (module,) = netlist["modules"].values()
    for cell in module["cells"].values():
        pins = cell["connections"]
        # An output that drives nothing; yosys would call it driven by a constant.
        cell["connections"] = {pin: bits for pin, bits in pins.items() if (pin, bits) != ("COUT", ["x"])}
    (folder / "sums.v").write_text(SUMS)
    (folder / "gate.json").write_text(json.dumps(netlist))
    outcome = YOSYS.run(["-p", "; ".join(PROOF.strip().splitlines())], folder)
    text = "\n".join(outcome.lines)
    assert "SAT proof finished" in text, outcome.last_words
    return not outcome.status and "SAT proof finished - no model found: SUCCESS" in text


@pytest.fixture(scope="module")
def sums(tmp_path_factory):
    netlist = netlist_in(tmp_path_factory.mktemp("sums"), SUMS, ecp5.passes("top"))
    module = ecp5.free_ends(netlist["modules"]["top"])
    return {**netlist, "modules": {"top": module}}


def test_sums_are_sums(sums, tmp_path):
    """For all arguments, whatever the open carry inputs read."""
    assert proved(sums, tmp_path)


def test_the_proof_sees_a_wrong_first_half(sums, tmp_path):
    """One bit of the table that begins one chain."""
    module = sums["modules"]["top"]
    name, cell = next(
        (name, cell)
        for name, cell in module["cells"].items()
        if cell["type"] == "CCU2C" and cell["connections"]["CIN"] == ["x"]
    )
    table = cell["parameters"]["INIT0"]
    wrong = {**cell["parameters"], "INIT0": table[:-1] + str(1 - int(table[-1]))}
    cells = {**module["cells"], name: {**cell, "parameters": wrong}}
    assert not proved({**sums, "modules": {"top": {**module, "cells": cells}}}, tmp_path)


def test_chains_end_in_nothing(sums, tmp_path):
    """n bits take n + 1 sites: place and route adds none of its own, and one table or more is outside."""
    counter = "module top(input clk, input [9:0] d, output reg [9:0] t);"
    counter += " always @(posedge clk) t <= t + d; endmodule"
    netlist = netlist_in(tmp_path, counter, ecp5.passes("top"))
    kinds = [cell["type"] for cell in netlist["modules"]["top"]["cells"].values()]
    assert sorted(kinds) == ["CCU2C"] * 5 + ["LUT4"] + ["TRELLIS_FF"] * 10
    pins = ["clk", *(f"{name}[{bit}]" for name in "dt" for bit in range(10))]
    routed = place_and_route(
        tmp_path, ecp5.DEVICES["ecp5-25k"], netlist, pins, seed=1, frequency=100, say=silent
    )
    placed = [cell["type"] for name, cell in routed.module["cells"].items() if "PACKER" not in name]
    assert placed.count("TRELLIS_COMB") == 11


def test_an_end_that_is_needed_stays():
    """A chain by another rule begins with a half that passes its carry input on."""

    def cell(init: str, c0: str):
        pins = {"A0": [2], "B0": [3], "C0": [c0], "D0": ["1"], "CIN": ["0"], "COUT": [4], "S1": [5]}
        directions = {pin: "output" if pin in ("COUT", "S1") else "input" for pin in pins}
        return {
            "type": "CCU2C",
            "parameters": {"INIT0": init},
            "connections": pins,
            "port_directions": directions,
        }

    def opened(**given):
        module = {"ports": {"y": {"direction": "output", "bits": [5]}}, "cells": {"x": cell(**given)}}
        pins = ecp5.free_ends(module)["cells"]["x"]["connections"]
        return pins["CIN"], pins["COUT"]

    assert opened(init="0000000000001000", c0="1") == (["x"], ["x"])
    assert opened(init="1001011010101010", c0="0") == (["0"], ["x"])
    assert opened(init="0000000000001000", c0="0") == (["0"], ["x"])


# ---- registers inside of multipliers -------------------------------------------------------------

#: A multiplier with registers around a product that may be anything without a state.
AROUND = """
module MULT18X18D #(parameter REG_INPUTA_CLK = "NONE", REG_INPUTB_CLK = "NONE", REG_OUTPUT_CLK = "NONE") (
  input %(A)s, %(B)s, %(C)s, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0, output %(P)s);
  reg [17:0] a_kept = 0, b_kept = 0; reg [35:0] p_kept = 0;
  wire [35:0] made;
  product product(.a(REG_INPUTA_CLK == "NONE" ? {%(A)s} : a_kept),
    .b(REG_INPUTB_CLK == "NONE" ? {%(B)s} : b_kept), .p(made));
  assign {%(P)s} = REG_OUTPUT_CLK == "NONE" ? made : p_kept;
  always @(posedge CLK0) if (RST0) begin a_kept <= 0; b_kept <= 0; p_kept <= 0; end
    else if (CE0) begin a_kept <= {%(A)s}; b_kept <= {%(B)s}; p_kept <= made; end
endmodule
(* blackbox *) module product(input [17:0] a, b, output [35:0] p); endmodule
"""

_READ = (
    "read_json {0}.json; read_verilog -defer -DNO_INCLUDES +/lattice/cells_sim_ecp5.v;"
    " read_verilog -defer -overwrite around.v; hierarchy -top {0}; proc; flatten; opt_clean;"
    " expose -evert t:product; opt_clean -purge; design -stash {0}; design -reset"
)

#: Products are outside: what goes to them is an output, what comes from them is anything. From power-up, and
#: then by induction over clocks.
INSIDE = f"""
{_READ.format("gold")}
{_READ.format("gate")}
design -copy-from gold -as gold gold; design -copy-from gate -as gate gate
miter -equiv -flatten -make_assert gold gate miter; hierarchy -top miter; async2sync; opt_clean
sat -verify -prove-asserts -set-init-zero -tempinduct -seq 1 -maxsteps 6 miter
"""

STAGED = preset("xor").replaced(engine={"stages": "many"}, learning={"updates": "delayed"})

#: Blocks, and how many words of each of their multipliers are in registers around it.
MULTIPLY = {
    "neuron": (Neuron(STAGED.shape.layers[1]), 3),
    "sigmoid": (Activation(STAGED.shape.layers[0]), 3),
    "squared error": (SquaredError(STAGED), 3),
}


def equal(gold: dict, gate: dict, folder, around: str = "") -> bool:
    """Whether two modules with multipliers do the same, whatever a product is; or with memories ``around``
    words that may be any.
    """
    for name, module in (("gold", gold), ("gate", gate)):
        (folder / f"{name}.json").write_text(json.dumps({"modules": {name: module}}))
    wires = {end: ", ".join(f"{end}{i}" for i in reversed(range(36 if end == "P" else 18))) for end in "ABCP"}
    (folder / "around.v").write_text(around or AROUND % wires)
    outcome = YOSYS.run(["-p", "; ".join(INSIDE.strip().splitlines())], folder)
    text = "\n".join(outcome.lines)
    assert "Induction step proven: SUCCESS!" in text or "proof did fail" in text, outcome.last_words
    return not outcome.status and "Induction step proven: SUCCESS!" in text


def multipliers(module: dict) -> list[dict]:
    return [cell for cell in module["cells"].values() if cell["type"] == "MULT18X18D"]


def taken(module: dict) -> list[int]:
    """By multiplier: how many of its words are in registers of its own."""
    return [
        sum(cell["parameters"].get(f"REG_{what}_CLK") == "CLK0" for what in ("INPUTA", "INPUTB", "OUTPUT"))
        for cell in multipliers(module)
    ]


@pytest.mark.parametrize("name", MULTIPLY)
def test_registers_inside_are_those_outside(name, tmp_path):
    block, inside = MULTIPLY[name]
    module = netlist_in(tmp_path, verilog(block, "dut"), ecp5.passes("dut"))["modules"]["dut"]
    changed = ecp5.absorbed(module)
    assert set(taken(module)) == {0}
    assert set(taken(changed)) == {inside}
    kinds = [Counter(cell["type"] for cell in each["cells"].values()) for each in (module, changed)]
    assert kinds[0]["TRELLIS_FF"] - kinds[1]["TRELLIS_FF"] > 10 * len(multipliers(module))
    assert equal(module, changed, tmp_path)
    multipliers(changed)[0]["parameters"]["REG_INPUTB_CLK"] = "NONE"
    assert not equal(module, changed, tmp_path)


#: Of registers before both factors, one that others read, one with an enable, one with a reset and one that
#: begins at 1; behind another one that is read beside its register too.
PARTLY = """
module dut(input clk, en, rst, input signed [8:0] a, b, output signed [17:0] p, q, r, s, t,
  output [8:0] x, output u);
  reg signed [8:0] kept = 0, free = 0, held = 0, reset = 0, one = 1;
  reg signed [17:0] p = 0, q = 0, r = 0, s = 0, t = 0;
  wire signed [17:0] product = kept * b;
  assign x = kept;
  always @(posedge clk) begin
    kept <= a; free <= b; if (en) held <= b; reset <= rst ? 0 : b; one <= b;
    p <= kept * free; q <= free * held; r <= free * reset; s <= free * one; t <= product;
  end
  assign u = product[3];
endmodule
"""


def test_other_registers_stay_outside(tmp_path):
    module = netlist_in(tmp_path, PARTLY, ecp5.passes("dut"))["modules"]["dut"]
    changed = ecp5.absorbed(module)
    assert sorted(taken(changed)) == [0, 1, 1, 1, 3]
    assert equal(module, changed, tmp_path)


def test_a_broken_rule_is_told(tmp_path):
    with pytest.raises(SynthError, match="synthesis failed"):
        netlist_in(tmp_path, SUMS, "techmap -map ecp5_carries.v")


# ---- registers inside of memories, and deep ones -------------------------------------------------

#: A block memory of which any word may come, with a register behind each port.
AROUND_MEMORY = """
module DP16KD #(parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG", %(others)s)
  (input %(inputs)s, output %(outputs)s);
  reg [17:0] a_kept = 0, b_kept = 0;
  wire [17:0] a, b;
  product product(.given({%(inputs)s}), .a(a), .b(b));
  assign {%(A)s} = REGMODE_A == "NOREG" ? a : a_kept;
  assign {%(B)s} = REGMODE_B == "NOREG" ? b : b_kept;
  always @(posedge CLKA) if (OCEA) a_kept <= a;
  always @(posedge CLKB) if (OCEB) b_kept <= b;
endmodule
(* blackbox *) module product(input [%(most)d:0] given, output [17:0] a, b); endmodule
"""

#: Words of one memory are read for a register, of another for one with an enable, of a third for one and for
#: an output, of the last for the sum of two ports.
MEMORIES = """
module dut(input clk, en, we, input [9:0] r, w, input [17:0] d, output reg [17:0] p, q, s, output [17:0] t);
  (* no_rw_check *) reg [17:0] one [0:1023];
  (* no_rw_check *) reg [17:0] two [0:1023];
  (* no_rw_check *) reg [17:0] three [0:1023];
  reg [17:0] a, b, c;
  always @(posedge clk) begin
    if (we) begin one[w] <= d; two[w] <= d; three[w] <= d; end
    a <= one[r]; b <= two[r]; c <= three[r];
    p <= a; if (en) q <= b; s <= c;
  end
  assign t = c;
endmodule
"""


def memories(module: dict) -> list[dict]:
    return [cell for cell in module["cells"].values() if cell["type"] == "DP16KD"]


def test_a_register_behind_a_memory_is_inside(tmp_path):
    module = netlist_in(tmp_path, MEMORIES, ecp5.passes("dut"))["modules"]["dut"]
    changed = ecp5.absorbed(module)
    modes = Counter(cell["parameters"][f"REGMODE_{end}"] for cell in memories(changed) for end in "AB")
    # The other port of that memory is only written.
    assert modes == {"NOREG": 4, "OUTREG": 2}
    assert len(module["cells"]) - len(changed["cells"]) == 18
    (first, *_) = memories(module)
    directions = first["port_directions"]
    ends = {way: [port for port in directions if directions[port] == way] for way in ("input", "output")}
    others = [name for name in first["parameters"] if not name.startswith("REGMODE")]
    around = AROUND_MEMORY % {
        "others": ", ".join(f"{name} = 0" for name in others),
        "inputs": ", ".join(ends["input"]),
        "outputs": ", ".join(ends["output"]),
        "most": len(ends["input"]) - 1,
        **{end: ", ".join(f"DO{end}{place}" for place in reversed(range(18))) for end in "AB"},
    }
    assert equal(module, changed, tmp_path, around)
    inside = next(cell for cell in memories(changed) if cell["parameters"]["REGMODE_B"] == "OUTREG")
    inside["parameters"]["REGMODE_B"] = "NOREG"
    assert not equal(module, changed, tmp_path, around)


@pytest.mark.parametrize(
    ("words", "width", "blocks"), [(1024, 18, 1), (2048, 9, 2), (4096, 4, 4), (6409, 2, 8)]
)
def test_a_deep_memory_has_no_multiplexer(words, width, blocks, tmp_path):
    """Each block has all words, of fewer bits: its output is a register's input."""
    text = f"""module dut(input clk, we, input [12:0] r, w, input [15:0] d, output reg [15:0] q);
      (* no_rw_check *) reg [15:0] store [0:{words - 1}]; reg [15:0] word;
      always @(posedge clk) begin word <= store[r]; q <= word; if (we) store[w] <= d; end
    endmodule"""
    module = netlist_in(tmp_path, text, ecp5.passes("dut"))["modules"]["dut"]
    widths = Counter(int(cell["parameters"]["DATA_WIDTH_A"], 2) for cell in memories(module))
    assert widths == {width: blocks}
    kinds = Counter(cell["type"] for cell in module["cells"].values())
    assert kinds["TRELLIS_FF"] == 16
    assert ecp5.absorbed(module)["cells"].keys() == {
        name for name, cell in module["cells"].items() if cell["type"] != "TRELLIS_FF"
    }
