"""Sites of a Gowin device, counted before anything is placed: as many as its packer takes?"""

from __future__ import annotations

import json
import re

import pytest

from mgd_synth import gowin
from mgd_synth.process import silent
from mgd_synth.yosys import netlist_in

DEVICE = gowin.DEVICES["gowin-gw1nr9"]

#: Sums of even and odd width, one whose carry is read and one that subtracts; a memory; registers after
#: tables, also two after one, after sums, after registers, and after a pin.
DESIGN = """
module top(
  input clk, input [7:0] a, input [3:0] address, input write,
  output reg [4:0] sum5, output reg [5:0] sum6, output [5:0] more6, output flag,
  output reg [3:0] read, output reg [2:0] both, output reg [1:0] late, output reg again
);
  reg [3:0] memory [0:15];
  always @(posedge clk) begin
    if (write) memory[address] <= a[3:0];
    read <= memory[~address];
    sum5 <= sum5 + a[4:0];
    sum6 <= sum6 - a[5:0];
    both <= {&a, &a & write, ^a};
    if (write) again <= ^a;
    late <= {late[0], a[7]};
  end
  assign more6 = a[5:0] + 6'd29;
  assign flag = a < {sum5, both} ^ a[7];
endmodule
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sites")
    return netlist_in(folder, DESIGN, gowin.passes("top"))["modules"]["top"]


def pins(module):
    return [
        name if len(port["bits"]) == 1 else f"{name}[{bit}]"
        for name, port in module["ports"].items()
        for bit in range(len(port["bits"]))
    ]


def packed_by_the_tool(module, folder):
    """The cells after nextpnr has packed them, and how many registers it has tied to a table."""
    (folder / "named.json").write_text(json.dumps({"modules": {"top": module}}))
    name, text = DEVICE.pin_file(pins(module))
    (folder / name).write_text(text)
    arguments = [*DEVICE.arguments, *DEVICE.pin_argument, "--json", "named.json", "--write", "packed.json"]
    outcome = DEVICE.tool.run([*arguments, "--pack-only"], folder, say=silent)
    assert not outcome.status, outcome.last_words
    (tied,) = re.findall(r"Constrained (\d+) LUTFF pairs", "\n".join(outcome.lines))
    packed = json.loads((folder / "packed.json").read_text())["modules"]["top"]
    return [cell["type"] for cell in packed["cells"].values()], int(tied)


def test_sites_are_those_of_the_packer(module, tmp_path):
    kinds, tied = packed_by_the_tool(module, tmp_path)
    found = gowin.packed(module)
    registers = {name for name, cell in module["cells"].items() if cell["type"].startswith("DFF")}
    others = sum(sites for name, sites in found.items() if name not in registers)
    # What it puts in the way of tables stands for bits of sums, and for the half of a memory.
    assert others == sum(kind.startswith(("LUT", "BLOCKER_LUT")) for kind in kinds)

    sums = {cell["connections"]["SUM"][0] for cell in module["cells"].values() if cell["type"] == "ALU"}
    after_sums = sum(module["cells"][name]["connections"]["D"][0] in sums for name in registers)
    alone = sum(found.get(name, 0) for name in registers)
    assert tied > 0
    assert after_sums > 0
    assert alone == len(registers) - tied - after_sums > 0


def test_the_design_has_all_kinds(module):
    """Or the comparison would see nothing."""
    cells = list(module["cells"].values())
    carries = {cell["connections"]["COUT"][0] for cell in cells if cell["type"] == "ALU"}
    read = {
        bit
        for cell in cells
        if cell["type"] != "ALU"
        for bits in cell["connections"].values()
        for bit in bits
    }
    starts = [
        cell for cell in cells if cell["type"] == "ALU" and cell["connections"]["CIN"][0] not in carries
    ]
    assert len(starts) == 4
    assert carries & read
    assert "RAM16SDP4" in {cell["type"] for cell in cells}
