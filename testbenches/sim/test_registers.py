"""Is every register of a design found, and its value the same number in an array?"""

from __future__ import annotations

import re

import numpy as np
import pytest

from mgd_sim.rtl.registers import Held, apart, registers
from mgd_sim.rtl.tools import RtlError

TEXT = """\
module top(clk, a, q, w);
  input clk;
  wire clk;
  output [2:0] q;
  reg [2:0] q = 3'h0;
  output w;
  reg w = 1'h0;
  reg [70:0] wide = 71'h0;
  always @(posedge clk)
    if (a) q <= 3'h1;
    else q[1:0] <= 2'h2;
  always @(posedge clk) begin
    if (a) w <= q <= 3'h4;
  end
  part \\part$12  (
    .clk(clk)
  );
  part other (
    .clk(clk)
  );
endmodule

module part(clk);
  input clk;
  reg [5:0] kept [15:0];
  reg [5:0] fixed [7:0];
  reg [5:0] _3_;
  always @(posedge clk) begin
    if (clk)
      kept[at[2:1]] <= in;
  end
endmodule
"""


def test_all_are_found():
    """Below each instance, whatever its name; what nothing writes is none."""
    assert registers(TEXT, "top") == (
        Held("q", 3, is_port=True),
        Held("w", 1, is_port=True),
        Held("wide", 71),
        Held("part$12.kept", 6, 16),
        Held("part$12._3_", 6),
        Held("other.kept", 6, 16),
        Held("other._3_", 6),
    )


def test_keywords_may_be_names():
    """Of SystemVerilog, written with a backslash; without it in paths, as Verilator has them."""
    text = TEXT.replace("reg [70:0] wide ", "reg [70:0] \\before  ").replace("kept", "\\inside ")
    found = registers(text, "top")
    assert found[2] == Held("before", 71)
    assert found[3] == Held("part$12.inside", 6, 16)


@pytest.mark.parametrize("name", ["\\cell[3] ", "\\a.b "])
def test_none_is_passed_over(name):
    """A register that is not found would be lost on the way from a checkpoint, without a word."""
    text = TEXT.replace("reg [70:0] wide ", f"reg [70:0] {name}")
    with pytest.raises(RtlError, match=f"top: register {re.escape(name.strip())} has an escaped name"):
        registers(text, "top")
    with pytest.raises(RtlError, match=r"top: register \\before has an escaped name"):
        registers(TEXT.replace(" w;", " \\before ;").replace("reg w ", "reg \\before  "), "top")


def test_outputs_get_registers_of_their_own():
    text = apart(TEXT)
    for line in (
        "  wire [2:0] q;\n  reg [2:0] q__register = 3'h0;\n  assign q = q__register;",
        "    if (a) q__register <= 3'h1;\n    else q__register[1:0] <= 2'h2;",
        "    if (a) w__register <= q <= 3'h4;",
    ):
        assert line in text
    assert text[text.index("module part") :] == TEXT[TEXT.index("module part") :]
    assert [held.place for held in registers(TEXT, "top")][:3] == ["q__register", "w__register", "wide"]


@pytest.mark.parametrize(
    ("held", "values", "array"),
    [
        (Held("a", 8), [255], np.array(255, np.uint8)),
        (Held("a", 9), [256], np.array(256, np.uint16)),
        (Held("a", 33), [1 << 32], np.array(1 << 32, np.uint64)),
        (Held("a", 65), [(1 << 64) + 5], np.array([5, 0, 1], np.uint32)),
        (Held("a", 5, 3), [1, 2, 31], np.array([1, 2, 31], np.uint8)),
        (Held("a", 70, 2), [7, 1 << 69], np.array([[7, 0, 0], [0, 0, 32]], np.uint32)),
    ],
)
def test_values_and_arrays(held, values, array):
    made = held.array(values)
    assert made.dtype == array.dtype
    np.testing.assert_array_equal(made, array)
    assert held.values(array) == values
    assert held.bytes == array.nbytes
    assert held.fits(array)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, 2, 32], np.uint8),  # a bit too many
        np.array([1, 2], np.uint8),
        np.array([1, 2, 3], np.uint16),
        np.array([1, 2, 3], np.int8),
    ],
)
def test_what_does_not_fit(array):
    assert not Held("a", 5, 3).fits(array)
