"""Does a device with fewer multipliers than products get the rest as tables, and is each product right?"""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from mgd_synth.flow import DEVICES, mapped_for
from testbenches.synth.test_synth_netlist import in_models

#: Three products of ten bits.
PRODUCTS = """
module top(input signed [9:0] a, b, c, output signed [19:0] x, y, z);
  assign x = a * b, y = b * c, z = a * c;
endmodule
"""
TRY = """
module try;
  reg signed [9:0] a, b, c;
  wire signed [19:0] x, y, z;
  top dut(.*);
  initial begin
%s
  end
endmodule
"""


@pytest.mark.parametrize("target", ["ice40-up5k", "ecp5-25k", "gowin-gw1nr9"])
def test_products_beyond_the_multipliers_are_tables(target, tmp_path):
    device = replace(DEVICES[target], multipliers=2)
    netlist, notes = mapped_for(device, tmp_path, PRODUCTS, "top")
    assert notes == ("Products want 3 multipliers, and there are 2: the others are tables.",)
    top = netlist["modules"]["top"]
    kinds = [cell["type"] for cell in top["cells"].values()]
    assert sum(re.fullmatch(device.mapped["DSP"], kind) is not None for kind in kinds) == 2

    text = in_models({**netlist, "modules": {"top": top}}, "top", target, tmp_path)
    ends = [-512, -1, 0, 511]
    words = [(a, b, a) for a in ends for b in ends]
    words += np.random.default_rng(1).integers(-512, 512, (200, 3)).tolist()
    lines = [f'    a = {a}; b = {b}; c = {c}; #1 $display("%0d %0d %0d", x, y, z);' for a, b, c in words]
    (tmp_path / "try.v").write_text(text + TRY % "\n".join(lines), encoding="utf-8")
    command = ["iverilog", "-g2012", "-s", "try", "-o", "try.vvp", "try.v"]
    subprocess.run(command, cwd=tmp_path, check=True)
    command = ["vvp", "-n", "try.vvp"]
    run = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    found = [tuple(map(int, line.split())) for line in run.stdout.splitlines()]
    assert found == [(a * b, b * c, a * c) for a, b, c in words]


def test_what_fits_is_mapped_as_ever(tmp_path):
    """The passes for fewer multipliers are not asked."""

    def never(top: str, most: int) -> str:
        raise AssertionError((top, most))

    device = replace(DEVICES["ice40-up5k"], multipliers=3, spare=never)
    netlist, notes = mapped_for(device, tmp_path, PRODUCTS, "top")
    assert notes == ()
    assert [cell["type"] for cell in netlist["modules"]["top"]["cells"].values()] == ["SB_MAC16"] * 3


#: Four products of eight bits, which take two multipliers of a Gowin device, and two of ten, which do too.
MIXED = """
module top(
  input signed [7:0] a, b, c, d, input signed [9:0] e, f, g,
  output signed [15:0] p, q, r, s, output signed [19:0] t, u
);
  assign p = a * b, q = b * c, r = c * d, s = d * a, t = e * f, u = f * g;
endmodule
"""


@pytest.mark.parametrize(("multipliers", "least"), [(3, 2.5), (2, 1.5), (1, 0.5)])
def test_narrow_products_take_half_a_multiplier(multipliers, least, tmp_path):
    """They want four of a Gowin device; of fewer hardly any is left over, and none is used twice."""
    device = replace(DEVICES["gowin-gw1nr9"], multipliers=multipliers)
    netlist, notes = mapped_for(device, tmp_path, MIXED, "top")
    assert notes == (f"Products want 4 multipliers, and there are {multipliers}: the others are tables.",)
    kinds = [cell["type"] for cell in netlist["modules"]["top"]["cells"].values()]
    used = kinds.count("MULT9X9") / 2 + kinds.count("MULT18X18")
    assert least <= used <= multipliers
