"""Is a parameter still as small as it was? Cells per parameter against the committed baseline."""

from __future__ import annotations

import json

import pytest

from mgd_synth.cell_area import BASELINE, VARIANTS, array_slope, tile_slope
from mgd_synth.ice40 import area, count
from mgd_synth.yosys import SynthError, version

RECORDED = json.loads(BASELINE.read_text(encoding="utf-8"))


def test_every_variant_is_recorded():
    assert RECORDED["logic cells per parameter"].keys() == VARIANTS.keys()


@pytest.mark.parametrize("variant", ["random_code", "walsh", "random_code, shadow"])
def test_cells_per_parameter(variant):
    """The same release gives the same cells; another one may differ by half a cell."""
    found = tile_slope(VARIANTS[variant])["cells"]
    recorded = RECORDED["logic cells per parameter"][variant]["cell"]["cells"]
    tolerance = 0 if version() == RECORDED["tool"] else 0.5
    assert abs(found - recorded) <= tolerance


def test_default_cell_is_its_storage_and_two():
    """Sixteen stored bits, one table for the code and one for enable and rail; nothing unpacked."""
    slope = tile_slope(VARIANTS["random_code"])
    assert slope == {"cells": 18, "tables": 18, "registers": 16, "carries": 15}
    assert array_slope(VARIANTS["random_code"])["cells"] <= 18.25


def test_leaf_registers_survive_synthesis():
    """64 cells behind a leaf: equal registers of four leaves must not become one."""
    with_leaves = array_slope(VARIANTS["random_code, leaves"])["registers"]
    without = array_slope(VARIANTS["random_code"])["registers"]
    assert 0.5 <= with_leaves - without <= 1


PACKING = """
module top(input clk, input [3:0] a, input [3:0] b, output [3:0] sum, output reg lone, output reg [3:0] acc);
  assign sum = a + b;
  always @(posedge clk) lone <= a[0];
  always @(posedge clk) acc <= acc + b;
endmodule
"""


def test_packing_rules():
    """By hand: four tables for each adder with the carries in them, and a register alone."""
    found = area(PACKING, "top")
    assert (found.tables, found.registers, found.carries) == (8, 5, 6)
    assert found.cells == 9


def test_foreign_cells_are_refused():
    module = {"ports": {}, "cells": {"x": {"type": "MULT18X18D", "connections": {}, "port_directions": {}}}}
    with pytest.raises(SynthError, match="MULT18X18D"):
        count(module)


def test_syntax_errors_are_told():
    with pytest.raises(SynthError, match="synthesis failed"):
        area("module top(; endmodule", "top")


def test_a_follower_is_two_tables_a_bit():
    """Of 7 visible bits, with 4 guard bits: one picks the word and one adds; and one is for the code."""
    found = tile_slope({"learning": {"follow": 4}})["cells"]
    tolerance = 0 if version() == RECORDED["tool"] else 0.5
    assert abs(found - (18 + 1 + 7 + 7 + 4)) <= tolerance
