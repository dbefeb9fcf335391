"""Xilinx and Intel: does every product keep its factors, and are the counts those of a circuit by hand?"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from fractions import Fraction

import pytest

from mgd_hdl import cli
from mgd_hdl.config import preset
from mgd_hdl.cost.cross_entropy import CrossEntropy
from mgd_hdl.cost.highpass import HighPass
from mgd_hdl.cost.squared_error import SquaredError
from mgd_hdl.emit import ports, verilog
from mgd_hdl.hierarchy import Block
from mgd_hdl.network.mlp import Mlp
from mgd_hdl.trainer import Trainer
from mgd_synth.counted import notes, resources
from mgd_synth.flow import COUNTED
from mgd_synth.yosys import netlist_in
from testbenches.synth.test_synth_netlist import in_models

#: Mapping for Xilinx up to its multipliers, before what has no driver becomes a constant.
MULTIPLIERS = (
    "setattr -mod -unset keep_hierarchy *;"
    " synth_xilinx -flatten -noiopad -noclkbuf -top {top} -run begin:coarse; opt_clean; blackbox =A:whitebox"
)


def without_driver(text, top, folder, *, marked):
    """Inputs of multipliers that nothing drives: the ports' names, and how many multipliers there are."""
    folder.mkdir()
    module = netlist_in(folder, text, MULTIPLIERS.format(top=top), marked=marked)["modules"][top]
    driven = {"0", "1"}
    for port in module["ports"].values():
        driven.update(port["bits"] if port["direction"] == "input" else ())
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            driven.update(bits if cell["port_directions"][port] == "output" else ())
    multipliers = [cell for cell in module["cells"].values() if cell["type"] == "DSP48E1"]
    missing = Counter(
        port
        for cell in multipliers
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input" and not driven.issuperset(bits)
    )
    return dict(missing), len(multipliers)


def test_no_factor_loses_its_driver(tmp_path):
    """Two hidden neurons, each read by two others, and two squares.

    Without the marks of ``fixed.OUTSIDE`` the synthesizer takes the adder away from one product of each
    hidden neuron and from one factor of each square. When that fails, it is mended, and the marks may go.
    """
    config = preset("xor").replaced(
        network={"layers": [2, 2, 2]}, task={"name": "external", "source": "stream"}
    )
    text = verilog(Trainer(config), "dut")
    # Four weights, two squares, and four activations.
    assert without_driver(text, "dut", tmp_path / "marked", marked=True) == ({}, 10)
    assert without_driver(text, "dut", tmp_path / "plain", marked=False) == ({"A": 2, "B": 2}, 10)


def blocks() -> dict[str, Block]:
    """Every block with a product."""

    def config(loss, last):
        return preset("xor").replaced(
            network={"layers": [2, 2, 2], "activation": ["tanh", last]},
            cost={"loss": loss},
            task={"name": "external", "source": "stream"},
        )

    return {
        "network": Mlp(config("squared_error", "tanh")),
        "square": SquaredError(config("squared_error", "tanh")),
        "entropy": CrossEntropy(config("cross_entropy", "linear")),
        "high": HighPass(preset("xor").replaced(learning={"algorithm": "analog", "tau_x": 4})),
    }


def side_by_side():
    """All blocks in a module without a name: what they hear is a shift register of random bits. The bits of
    their outputs.
    """
    texts, placed, heard, said = [], [], 0, 0
    for name, block in blocks().items():
        texts.append(verilog(block, name))
        pins = []
        for port in ports(block):
            width = port["width"]
            if f" {port['name']};" not in texts[-1]:
                continue  # clocks of what has no register that is reset
            if port["name"] in ("clk", "rst"):
                pins.append(f".{port['name']}({port['name']})")
            elif port["name"].startswith("weights"):
                # Below half their range, as in the array: the least word is none of theirs.
                words = [
                    f"line[{heard + at + WEIGHT - 2}], line[{heard + at} +: {WEIGHT - 1}]"
                    for at in range(0, width, WEIGHT)
                ]
                pins.append(f".{port['name']}({{{', '.join(words)}}})")
                heard += width
            elif port["direction"] == "input":
                pins.append(f".{port['name']}(line[{heard} +: {width}])")
                heard += width
            else:
                pins.append(f".{port['name']}(said[{said} +: {width}])")
                said += width
        placed.append(f"  {name} {name}_ ({', '.join(pins)});\n")
    return said, "".join(texts) + (
        f"module NAME(input clk, rst, next, output [{said - 1}:0] said);\n  reg [{heard - 1}:0] line = 0;\n"
        f"  always @(posedge clk) line <= {{line[{heard - 2}:0], next}};\n{''.join(placed)}endmodule\n"
    )


#: Bits of a weight of XOR.
WEIGHT = 9

BOTH = """
module try;
  reg clk = 0, rst = 1, next = 0;
  wire [%d:0] a, b;
  integer clock, seed = 1, wrong = 0;
  rtl one(.clk(clk), .rst(rst), .next(next), .said(a));
  mapped two(.clk(clk), .rst(rst), .next(next), .said(b));
  initial begin
    for (clock = 0; clock < 1000; clock = clock + 1) begin
      #1 clk = 1;
      #1 clk = 0; next = $random(seed); rst = clock %% 400 == 300;
      #1 if (clock > 350 && a !== b) wrong = wrong + 1;
    end
    $display("%%0d %%0d", wrong, ^a === 1'bx);
  end
endmodule
"""


@pytest.mark.parametrize("target", [pytest.param("xc7a35t", marks=pytest.mark.only_all), "5ceba2"])
def test_every_block_with_a_product_is_what_it_was(target, tmp_path):
    """Random words into the blocks and into what they are mapped to, clock by clock, after a reset that comes
    when the first words have passed: not all registers begin alike.
    """
    bits, text = side_by_side()
    netlist = netlist_in(
        tmp_path, text.replace("NAME", "mapped"), COUNTED[target].passes("mapped"), marked=True
    )
    kinds = Counter(cell["type"] for cell in netlist["modules"]["mapped"]["cells"].values())
    assert sum(count for kind, count in kinds.items() if re.match("DSP48E1|MISTRAL_MUL", kind)) > 9
    only = {"modules": {"mapped": netlist["modules"]["mapped"]}}
    mapped = in_models(only, "mapped", target, tmp_path)
    (tmp_path / "try.v").write_text(
        text.replace("NAME", "rtl") + mapped + BOTH % (bits - 1), encoding="utf-8"
    )
    for command in (["iverilog", "-g2012", "-s", "try", "-o", "try.vvp", "try.v"], ["vvp", "-n", "try.vvp"]):
        run = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert run.stdout.split() == ["0", "0"]


#: Every resource once or more. Parities are tables of as many inputs; sums have eight bits.
DESIGN = """
module top(input clk, write, input [5:0] a, input [9:0] address, input [17:0] data, input signed [17:0] x, y,
  output reg six, three, output reg [7:0] sum, output reg [17:0] block, output [3:0] table, output late,
  output signed [35:0] product);
  reg [17:0] blocks [0:1023];
  reg [3:0] tables [0:31];
  reg [15:0] line;
  assign table = tables[address[4:0]], late = line[15], product = x * y;
  always @(posedge clk) begin
    six <= ^a;
    three <= ^data[17:15];
    sum <= sum + data[7:0];
    line <= {line[14:0], a[0]};
    if (write) blocks[address] <= data;
    if (write) tables[address[9:5]] <= data[3:0];
    block <= blocks[data[9:0]];
  end
endmodule
"""

HAND = {
    "xc7a35t": {
        # Tables of six, three and, in the sum, two inputs; RAM32M; a line of 16 registers.
        "LUT sites": 1 + 1 + 8 + 4 + 1,
        "LUT6": 1,
        "LUT3": 1,
        "LUT2": 8,
        "LUT RAM": 4 + 1,
        "FF": 1 + 1 + 8,
        "carry": 2,
        "BRAM": Fraction(1, 2),
        "DSP": 1,
    },
    "5ceba2": {
        # A table of six inputs, half a module for three, eight bits of a sum, four of a memory, and an
        # inverter before the other memory's enable, which is active low.
        "ALM": 1 + Fraction(1, 2) + 4 + 2 + Fraction(1, 2),
        "ALUT6": 1,
        "ALUT3": 1,
        "ALUT1": 1,
        "FF": 1 + 1 + 8 + 16,
        "carry": 8,
        "MLAB": Fraction(4, 20),
        # Words of 18 bits in memories of 512 by 20.
        "M10K": 2,
        "DSP": Fraction(1, 2),
    },
}


@pytest.mark.parametrize("target", HAND)
def test_counts_by_hand(target, tmp_path):
    device = COUNTED[target]
    module = netlist_in(tmp_path, DESIGN, device.passes("top"), marked=True)["modules"]["top"]
    sizes = resources(device, module)
    found = {each.name: Fraction(each.used + each.harness).limit_denominator(60) for each in sizes}
    assert {name: count for name, count in found.items() if count} == HAND[target]
    assert not any("Too large" in note for note in notes(device, sizes))


def test_devices_of_a_family_differ_in_size_only():
    """Tables of the data sheets of AMD, registers of those of Intel."""
    for device in COUNTED.values():
        assert device.supply.keys() <= {device.sites, *device.mapped}
    assert [device.supply["LUT sites"] for device in COUNTED.values() if "Xilinx" in device.title] == [
        *(20_800, 63_400, 53_200),
    ]
    assert [device.supply["FF"] for device in COUNTED.values() if "Intel" in device.title] == [
        *(37_720, 73_920, 166_036),
    ]


def test_report_and_estimate(capsys):
    """A count has no clock, and no estimate."""
    assert cli.main(["synth", "xor", "--target", "5ceba2", "--no-twin", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    kinds, sizes = found["kinds"], found["resources"]
    for size, kind in (("FF", "MISTRAL_FF"), ("carry", "MISTRAL_ALUT_ARITH"), ("ALUT6", "MISTRAL_ALUT6")):
        assert sizes[size]["used"] + sizes[size]["harness"] == kinds[kind], size
    assert sizes["FF"]["blocks"]["array.cell"] == 9 * 16
    assert found["fmax"] is None
    assert found["notes"][0] == "Counted after mapping, not placed: no clock rate."

    assert cli.main(["estimate", "xor", "--target", "5ceba2"]) == 2
    assert capsys.readouterr().err.startswith(
        "mgd-hdl: no estimates for target '5ceba2', which synth counts; there are "
    )
