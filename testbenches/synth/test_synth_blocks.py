"""Is every cell charged to the block it comes from?"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from mgd_synth.blocks import FLATTEN, HARNESS, SOURCE, block, named, owners, path_of, write_source
from mgd_synth.harness import harness
from mgd_synth.yosys import netlist_in


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", HARNESS),
        ("trainer", "trainer"),
        ("trainer.core", "trainer"),
        ("trainer.core.sequencer", "sequencer"),
        ("trainer.core.initializer.register", "initializer"),
        ("trainer.core.array", "array"),
        ("trainer.core.array.tile_1.leaf", "array"),
        ("trainer.core.array.tile_0.cell_3.integrator", "array.cell"),
        ("trainer.core.network", "network"),
        ("trainer.core.network.neuron_0_12", "network.neuron_0"),
        ("trainer.core.network.activation_1_0.table", "network.activation_1"),
    ],
)
def test_blocks(path, name):
    assert block(path) == name


@pytest.mark.parametrize(
    ("cell", "path"),
    [
        ("trainer.core.update:SB_LUT4:12", "trainer.core.update"),
        ("trainer.core.update:SB_LUT4:12_LC", "trainer.core.update"),
        (":SB_DFF:3_DFFLC", ""),
        ("$nextpnr_ICESTORM_LC_4", None),
        ("$auto$ff.cc:337:slice$16026", None),
        ("clk$sb_io", None),
    ],
)
def test_paths_of_names(cell, path):
    assert path_of(cell) == path


#: Two blocks: one counts, the other adds what the first one gives, and logic lies between them.
DESIGN = """
module counter(input clk, input go, output reg [3:0] count);
  always @(posedge clk) if (go) count <= count + 1;
endmodule
module adder(input clk, input [3:0] word, output reg [5:0] sum);
  always @(posedge clk) sum <= sum + {word[3] ^ word[2], word};
endmodule
module outer(input clk, input go, input [3:0] limit, output [5:0] sum, output high);
  wire [3:0] count;
  counter counter(.clk(clk), .go(go), .count(count));
  adder adder(.clk(clk), .word(count), .sum(sum));
  assign high = sum > limit;
endmodule
"""
PORTS = [
    {"name": name, "direction": direction, "width": width}
    for name, direction, width in (
        ("clk", "input", 1),
        ("go", "input", 1),
        ("limit", "input", 4),
        ("sum", "output", 6),
        ("high", "output", 1),
    )
]


def mapped(folder: Path, passes: str, design: str = DESIGN):
    shell = harness("outer", PORTS)
    script = f"{write_source(shell.top)}; {passes} -top {shell.top}; {FLATTEN}"
    netlist = netlist_in(folder, design + shell.verilog, script)
    source = json.loads((folder / SOURCE).read_text())
    return named(netlist["modules"][shell.top], source["modules"][shell.top])


def count(module, kinds: str) -> Counter[str]:
    """Cells of a type by block."""
    types = {name: cell["type"] for name, cell in module["cells"].items()}
    return Counter(block(path) for name, path in owners(module).items() if re.match(kinds, types[name]))


def test_registers_belong_where_they_are_written(tmp_path):
    """By hand; of the harness: three pins' inputs, the shift register and what it shifts out, high."""
    module = mapped(tmp_path, "synth_ice40")
    assert count(module, "SB_DFF") == {"counter": 4, "adder": 6, HARNESS: 3 + 4 + 2 * 6 + 1}


def test_logic_belongs_to_what_reads_it(tmp_path):
    """The exclusive-or between the blocks is the adder's."""
    plain = DESIGN.replace("sum > limit", "sum[5]")
    assert plain != DESIGN
    tables = count(mapped(tmp_path, "synth_ice40", plain), "SB_LUT4")
    assert tables["counter"] == 4
    assert tables["adder"] == 6 + 1
    # What it shifts out may be taken, or shifted.
    assert tables[HARNESS] == 5
    assert set(tables) == {"counter", "adder", HARNESS}


def test_logic_that_only_pins_read_belongs_to_what_it_reads(tmp_path):
    """The comparison is no part of the harness."""
    without = count(mapped(tmp_path, "synth_ice40", DESIGN.replace("sum > limit", "sum[5]")), "SB_LUT4")
    tables = count(mapped(tmp_path, "synth_ice40"), "SB_LUT4")
    assert tables["adder"] > without["adder"]
    assert tables[HARNESS] == without[HARNESS]


@pytest.mark.parametrize(
    ("passes", "kinds"),
    [("synth_ecp5", "TRELLIS_FF"), ("synth_gowin -noiopads", "DFF"), ("synth -flatten -noabc", r"\$_\w*DFF")],
)
def test_any_mapping_keeps_the_registers_apart(tmp_path, passes, kinds):
    found = count(mapped(tmp_path, passes), kinds)
    assert found == {"counter": 4, "adder": 6, HARNESS: 20}


def test_cells_in_a_circle_are_charged_to_somebody():
    """Two gates that read each other and that a block reads."""

    def gate(a: int, y: int):
        return {
            "type": "G",
            "port_directions": {"A": "input", "Y": "output"},
            "connections": {"A": [a], "Y": [y]},
        }

    module = {
        "cells": {
            "g": gate(3, 2),
            "h": gate(2, 3),
            "trainer.core.update:F:0": gate(2, 4),
        },
        "netnames": {},
    }
    assert set(owners(module).values()) == {"trainer.core.update"}
