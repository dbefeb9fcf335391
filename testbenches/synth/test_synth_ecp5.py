"""Sums of ECP5 in chains of our own: are they sums, and is nothing spent on their ends?"""

from __future__ import annotations

import json

import pytest

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


def test_a_broken_rule_is_told(tmp_path):
    with pytest.raises(SynthError, match="synthesis failed"):
        netlist_in(tmp_path, SUMS, "techmap -map ecp5_carries.v")
