"""Parts between a bus and a trainer, each alone in a harness; and Verilog of others beside them."""

from __future__ import annotations

import pytest

from mgd_hdl.config.bus_ports import WISHBONE
from mgd_synth import host_parts
from mgd_synth.host_parts import PARTS, litex, measured, ours

THEIRS = """/* of a generator */
module litex_thing (
    input  wire          sys_clk,
    input  wire          sys_rst,
    input  wire    [7:0] byte,
    output reg     [8:0] next
);
always @(posedge sys_clk) next <= sys_rst ? 9'd0 : byte + 9'd1;
endmodule
"""


@pytest.mark.parametrize("name", PARTS)
def test_ports_are_those_of_the_text(name):
    text, top, found = ours(name)
    assert f"module {top}(" in text
    assert {port["name"] for port in found} >= {"clk", "rst"}


def test_ports_of_others(tmp_path):
    file = tmp_path / "litex_thing.v"
    file.write_text(THEIRS)
    text, top, found = litex(file)
    assert top == "litex_thing"
    assert [(port["name"], port["direction"], port["width"]) for port in found] == [
        ("clk", "input", 1),
        ("rst", "input", 1),
        ("byte", "input", 8),
        ("next", "output", 9),
    ]
    assert "sys_clk" not in text


def test_the_harness_is_not_counted(tmp_path):
    """Eight bits and one more: an adder of eight cells, and the carry out of it; each with its register."""
    file = tmp_path / "litex_thing.v"
    file.write_text(THEIRS)
    cells, rates = measured(litex(file), "ice40-hx8k", 0)
    assert 9 <= cells <= 10
    assert rates == []


def test_what_is_told(capsys, monkeypatch):
    """A line for each part, with the median of its clock rates."""
    monkeypatch.setattr(host_parts, "measured", lambda part, target, seeds: (len(part[2]), [1.0, 5.0, 2.0]))
    assert host_parts.main(["--target", "ecp5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PARTS)
    own = len(WISHBONE[False]) + 8  # clock, reset, and two streams of three wires
    assert lines[2] == f"wishbone, ecp5: {own} cells, 2.0 MHz (1.0, 5.0, 2.0)"
