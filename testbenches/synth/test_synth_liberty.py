"""Areas and delays of standard cells: by hand with a library of four, and with a real one if found."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from mgd_hdl.config import preset
from mgd_synth import liberty
from mgd_synth.flow import synthesize
from mgd_synth.liberty import NoLibraryError, Table
from mgd_synth.process import SynthError
from mgd_synth.sta import slowest_path
from mgd_synth.yosys import YOSYS, netlist_in


def constant(value: float) -> str:
    """A table of three by three."""
    row = ", ".join([str(value)] * 3)
    return ", ".join([f'"{row}"'] * 3)


def gate(name: str, area: float, function: str, rise: int, fall: int) -> str:
    """A gate of two inputs, each with a load of 0.5; what it gives has a slope of 0.5."""
    pins = "".join(f"    pin ({pin}) {{ direction : input; capacitance : 0.5; }}\n" for pin in ("A", "B"))
    tables = "".join(
        f"        {kind} (delay) {{ values ({constant(value)}); }}\n"
        for kind, value in (
            ("cell_rise", rise),
            ("cell_fall", fall),
            ("rise_transition", 0.5),
            ("fall_transition", 0.5),
        )
    )
    timing = "".join(
        "      timing () {\n"
        f'        related_pin : "{pin}"; timing_sense : negative_unate;\n{tables}'
        "      }\n"
        for pin in ("A", "B")
    )
    output = f'    pin (Y) {{\n      direction : output; function : "{function}";\n{timing}    }}\n'
    return f"  cell ({name}) {{\n    area : {area};\n{pins}{output}  }}\n"


LIBRARY = (
    """
/* Four cells, with numbers that can be added in one's head. */
library (four) {
  time_unit : "1ps";
  capacitive_load_unit (1, ff);
  lu_table_template (delay) {
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("0.0, 1.0, 2.0");
    index_2 ("0.0, 1.0, 2.0");
  }
  lu_table_template (setup) {
    variable_1 : constrained_pin_transition;
    index_1 ("0.0, 1.0");
  }
  cell (INV) {
    area : 2;
    pin (A) { direction : input; capacitance : 0.25; }
    pin (Y) {
      direction : output; function : "!A";
      timing () {
        related_pin : "A"; timing_sense : negative_unate;
        cell_rise (delay) { values ("1, 3, 5", \\
                                    "2, 4, 6", "3, 5, 7"); }
        cell_fall (delay) { values ("2, 2, 2", "2, 2, 2", "2, 2, 2"); }
        rise_transition (delay) { values ("0.5, 0.5, 0.5", "0.5, 0.5, 0.5", "0.5, 0.5, 0.5"); }
        fall_transition (delay) { values ("0.25, 0.25, 0.25", "0.25, 0.25, 0.25", "0.25, 0.25, 0.25"); }
      }
    }
  }
  cell (DFF) {
    area : 10;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (CK) { direction : input; clock : true; capacitance : 0.1; }
    pin (D) {
      direction : input; capacitance : 0.25;
      timing () {
        related_pin : "CK"; timing_type : setup_rising;
        rise_constraint (setup) { values ("1, 5"); }
        fall_constraint (setup) { values ("1, 1"); }
      }
    }
    pin (Q) {
      direction : output; function : "IQ";
      timing () {
        related_pin : "CK"; timing_type : rising_edge; timing_sense : non_unate;
        cell_rise (scalar) { values ("100"); }
        cell_fall (scalar) { values ("100"); }
        rise_transition (scalar) { values ("1"); }
        fall_transition (scalar) { values ("1"); }
      }
    }
  }
"""
    + gate("NAND2", 4.5, "!(A & B)", 10, 20)
    + gate("NOR2", 5, "!(A | B)", 20, 10)
    + "}\n"
)


@pytest.fixture
def library(tmp_path):
    (tmp_path / "four.lib").write_text(LIBRARY)
    return liberty.read(tmp_path / "four.lib")


def test_what_the_file_says(library):
    assert (library.name, library.nanoseconds) == ("four", 1e-3)
    assert {name: (cell.area, cell.register) for name, cell in library.cells.items()} == {
        "INV": (2.0, False),
        "NAND2": (4.5, False),
        "NOR2": (5.0, False),
        "DFF": (10.0, True),
    }
    nand = library.cells["NAND2"].pins
    assert [(pin.name, pin.direction, pin.capacitance) for pin in nand.values()] == [
        ("A", "input", 0.5),
        ("B", "input", 0.5),
        ("Y", "output", 0.0),
    ]
    assert [arc.source for arc in nand["Y"].arcs] == ["A", "B"]


def test_what_is_alike_can_be_said_once(tmp_path, library):
    """One group for both inputs of a gate, and one timing for both."""
    pin = "    pin ({}) {{ direction : input; capacitance : 0.5; }}\n"
    alike = LIBRARY.replace(pin.format("A") + pin.format("B"), pin.format("A, B"))
    alike = re.sub(
        r'"A"(; timing_sense.*?\}\n      \}\n)      timing \(\) \{[^B]*"B"\1',
        r'"A B"\1',
        alike,
        flags=re.DOTALL,
    )
    assert (alike.count("(A, B)"), alike.count('"A B"'), alike.count('"B"')) == (2, 2, 0)
    (tmp_path / "alike.lib").write_text(alike)
    assert liberty.read(tmp_path / "alike.lib").cells == library.cells


@pytest.mark.parametrize(("function", "there"), [("!A", False), ("A", True), ("(A)", True)])
def test_buffers(tmp_path, function, there):
    """A cell whose output is its input; a register's output is not."""
    (tmp_path / "b.lib").write_text(LIBRARY.replace('function : "!A"', f'function : "{function}"'))
    assert liberty.read(tmp_path / "b.lib").buffers == there


def test_tables_are_linear_between_points_and_beyond_the_last():
    table = Table((0.0, 1.0), (0.0, 1.0), ((1.0, 3.0), (2.0, 4.0)), ("x", "y"))
    for x, y, value in ((0, 0, 1), (0.5, 0.5, 2.5), (1, 1, 4), (2, 0, 3), (0, 3, 7), (-1, -1, 1)):
        assert table.at(x=x, y=y) == value
    assert Table((), (), ((7.0,),), ("scalar",)).at() == 7.0
    assert Table((), (0.0, 2.0), ((1.0, 5.0),), ("y",)).at(y=1.0) == 3.0


def cell(kind: str, **pins: int):
    outputs = ("Y", "Q")
    return {
        "type": kind,
        "port_directions": {pin: "output" if pin in outputs else "input" for pin in pins},
        "connections": {pin: [net] for pin, net in pins.items()},
    }


def test_slowest_path_by_hand(library):
    """Register, inverter, gate, register; all in picoseconds.

    The register's output rises or falls after 100, with a slope of 1. The inverter drives 0.5: it
    rises after 2 + 2 * 0.5 = 3, falls after 2. The gate falls 20 after the inverter rose and
    needs 1 before the clock: 100 + 3 + 20 + 1; had the inverter fallen it would be 100 + 2 + 10 + 3.
    """
    module = {
        "cells": {
            "first": cell("DFF", CK=1, D=9, Q=2),
            "invert": cell("INV", A=2, Y=3),
            "gate": cell("NAND2", A=3, B=8, Y=4),
            "last": cell("DFF", CK=1, D=4, Q=5),
        }
    }
    owners = {"first": "trainer.core.code", "invert": "trainer.core.code"}
    owners |= {"gate": "trainer.core.update", "last": "trainer.core.update"}
    path = slowest_path(module, library, owners)
    assert path is not None
    assert [segment.block for segment in path.segments] == ["code", "update"]
    assert [segment.logic for segment in path.segments] == pytest.approx([0.103, 0.021])
    assert path.delay == pytest.approx(0.124)


def test_setup_follows_the_slope(library):
    """From register to register: a rise with slope 1 needs 5 before the clock, a fall 1."""
    module = {"cells": {"first": cell("DFF", CK=1, D=9, Q=2), "last": cell("DFF", CK=1, D=2, Q=5)}}
    path = slowest_path(module, library, dict.fromkeys(module["cells"], "trainer"))
    assert path is not None
    assert path.delay == pytest.approx(0.105)


def test_no_path(library):
    module = {"cells": {"only": cell("DFF", CK=1, D=2, Q=3)}}
    assert slowest_path(module, library, {"only": ""}) is None


def test_loops_are_refused(library):
    module = {"cells": {"a": cell("INV", A=1, Y=2), "b": cell("INV", A=2, Y=1)}}
    with pytest.raises(SynthError, match="a loop without a register"):
        slowest_path(module, library, {})


def test_packed_files(tmp_path, library):
    (tmp_path / "four.lib.gz").write_bytes(gzip.compress(LIBRARY.encode()))
    assert liberty.read(tmp_path / "four.lib.gz") == library


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "cannot be read: no such file or directory"),
        (b"module top; endmodule", "is no Liberty file with cells and delays"),
        (b"", "is no Liberty file with cells and delays"),
        (LIBRARY[:-200].encode(), "is no Liberty file with cells and delays"),
        (b'library (x) { time_unit : "1ns"; }', "is no Liberty file with cells and delays"),
        (gzip.compress(LIBRARY.encode())[:-20], "cannot be read"),
    ],
)
def test_bad_files_are_told_in_one_line(tmp_path, data, message):
    path = tmp_path / "bad.lib"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(SynthError, match=re.escape(message)) as caught:
        liberty.read(path)
    assert "\n" not in str(caught.value)


def test_cells_that_a_library_lacks(library):
    module = {"cells": {"x": cell("$_DFF_P_", CK=1, Q=2)}, "netnames": {}}
    with pytest.raises(SynthError, match=r"library four has no cell for \$_DFF_P_"):
        liberty.resources(module, library)


def test_a_trainer_in_a_library_of_four(tmp_path):
    """So few cells are enough: everything is mapped, and the areas are theirs."""
    (tmp_path / "four.lib").write_text(LIBRARY)
    report = synthesize(preset("xor"), "liberty", library=tmp_path / "four.lib")
    area, cells, registers = report.resources
    kinds = report.kinds
    assert kinds.keys() == {"INV", "NAND2", "NOR2", "DFF"}
    areas = {"INV": 2, "NAND2": 4.5, "NOR2": 5, "DFF": 10}
    assert area.used + area.harness == sum(areas[kind] * count for kind, count in kinds.items())
    assert cells.used + cells.harness == sum(kinds.values())
    assert registers.used + registers.harness == kinds["DFF"]
    assert registers.blocks["array.cell"] == 9 * 16
    assert report.path is not None
    assert report.fmax == pytest.approx(1e3 / report.path.delay)


# ---- a real library ------------------------------------------------------------------------------


def test_where_a_library_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("MGD_LIBERTY", raising=False)
    with pytest.raises(NoLibraryError, match="MGD_LIBERTY names none"):
        liberty.from_environment()
    monkeypatch.setenv("MGD_LIBERTY", str(tmp_path))
    with pytest.raises(NoLibraryError, match=r"has no \.lib or \.lib\.gz"):
        liberty.from_environment()
    for name in ("b.lib", "c.lib.gz", "a.txt"):
        (tmp_path / name).touch()
    assert liberty.from_environment() == tmp_path / "b.lib"
    monkeypatch.setenv("MGD_LIBERTY", str(tmp_path / "c.lib.gz"))
    assert liberty.from_environment() == tmp_path / "c.lib.gz"


def test_a_library_is_known_by_its_text(library, tmp_path):
    """Packed or not; and another one by one letter."""
    (tmp_path / "packed.lib.gz").write_bytes(gzip.compress(LIBRARY.encode()))
    (tmp_path / "other.lib").write_text(LIBRARY + "\n")
    assert library.digest == hashlib.sha256(LIBRARY.encode()).hexdigest()[:12]
    assert liberty.read(tmp_path / "packed.lib.gz").digest == library.digest
    assert liberty.read(tmp_path / "other.lib").digest != library.digest


def real_library() -> Path | None:
    try:
        return liberty.from_environment()
    except NoLibraryError:
        return None


REAL = real_library()
needs_library = pytest.mark.skipif(REAL is None, reason="no Liberty file: MGD_LIBERTY names none")


@needs_library
def test_a_trainer_in_a_real_library(tmp_path):
    assert REAL is not None
    report = synthesize(preset("xor"), "liberty", library=REAL)
    area, cells, registers = report.resources
    assert registers.blocks["array.cell"] == 9 * 16
    assert area.used > 0
    assert cells.used > registers.used > 9 * 16
    assert report.path is not None
    # A register, at least one gate, a register; and hardly a hundred gates.
    assert 0.1 < report.path.delay < 100
    assert report.steps_per_second == pytest.approx(report.fmax * 1e6 / 22)


@needs_library
def test_area_is_what_the_synthesizer_says(tmp_path):
    """Our sum over the cells against its own report."""
    assert REAL is not None
    library = liberty.read(REAL)
    adder = "input [7:0] a, output reg [7:0] s); always @(posedge clk) s <= s + a;"
    design = f"module top(input clk, {adder} endmodule"
    module = netlist_in(
        tmp_path,
        design,
        f"{liberty.passes('top', buffers=library.buffers)}; tee -o stat.txt stat -liberty {liberty.FILE}",
        files={liberty.FILE: library.text.encode()},
    )["modules"]["top"]
    (area, *_) = liberty.resources(module, library)
    said = re.search(r"Chip area for module '\\top': ([\d.]+)", (tmp_path / "stat.txt").read_text())
    assert said is not None, YOSYS.version
    assert area.used + area.harness == pytest.approx(float(said[1]), abs=1e-5)
