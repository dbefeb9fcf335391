"""Does the record of place and route depend on the circuit, and not on names or the order of results?"""

from __future__ import annotations

import re
from itertools import permutations

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from mgd_hdl.trainer import Trainer
from mgd_synth.results import fingerprint, keep, load
from mgd_synth.yosys import netlist, netlist_in

FOUND = [
    ("ice40-hx8k", "small", {"fmax": 200.0, "cells": 16}),
    ("ice40-hx8k", "large", {"fmax": 180.0, "cells": 400}),
    ("ecp5-25k", "serial", {"fmax": 195.0, "cells": 1024}),
]


@pytest.mark.parametrize(
    ("names", "order"),
    [(["small", "large", "serial"], ["small", "large"]), (None, ["large", "small"])],
    ids=["by names", "by the alphabet"],
)
def test_equal_results_give_equal_bytes(names, order, tmp_path):
    written = set()
    for number, found in enumerate(permutations(FOUND)):
        file = tmp_path / f"{number}.json"
        for target, name, result in found:
            keep(file, target, name, result, names)
        written.add(file.read_bytes())
    assert len(written) == 1
    assert [list(results) for results in load(file).values()] == [["serial"], order]


@pytest.fixture(scope="module")
def emitted() -> dict[str, str]:
    """One trainer under two names, the second also that of a port. Columns in the text are equal."""
    return {name: verilog(Trainer(preset("xor")), name) for name in ("calm", "busy")}


def test_a_fingerprint_does_not_depend_on_names(emitted):
    """Nor does what is placed: the flat netlist is the same, with the names of all its cells and wires."""
    first, second = emitted.values()
    assert first != second
    assert fingerprint(first) == fingerprint(second)
    passes = "proc; flatten -noscopeinfo; opt_clean; rename -top dut"
    flat = {
        name: netlist(text, f"hierarchy -top {name}; {passes}")["modules"]["dut"]
        for name, text in emitted.items()
    }
    assert len(flat["calm"]["cells"]) > 100
    assert flat["calm"] == flat["busy"]


def test_a_fingerprint_does_not_depend_on_marks(emitted, tmp_path):
    """Where devices are placed the marks are gone before anything is mapped."""
    text = emitted["calm"]
    plain = text.replace("  (* keep = 32'd1 *)\n", "")
    assert text.count("(* keep = ") == 3
    assert "(* keep = " not in plain
    assert fingerprint(text) == fingerprint(plain)
    for marked in (False, True):
        modules = netlist_in(tmp_path, text, "hierarchy -top calm; proc", marked=marked)["modules"]
        wires = [wire for module in modules.values() for wire in module["netnames"].values()]
        assert sum("keep" in wire["attributes"] for wire in wires) == 3 * marked


@pytest.mark.parametrize(
    ("place", "other"),
    [
        (r"started <= 1'h0", "started <= 1'h1"),  # what a register takes
        (r"(?m)^  calm\w+sigmoid_1 ", "  calm_other "),  # a module that is not there
        (r"\bbusy\b", "bussy"),  # a signal
    ],
)
def test_a_fingerprint_depends_on_the_circuit(emitted, place, other):
    changed, places = re.subn(place, other, emitted["calm"])
    assert places
    assert fingerprint(changed) != fingerprint(emitted["calm"])


def test_a_fingerprint_depends_on_which_module_is_placed():
    ends = "endmodule\n"
    text = f"module a(x);\n{ends}module b(x);\n{ends}module top(x);\n  a one (x);\n  b two (x);\n{ends}"
    crossed = text.replace("  a one", "  c one").replace("  b two", "  a two").replace("  c one", "  b one")
    renamed = text.replace("module a", "module one").replace("  a one", "  one one")
    assert fingerprint(text) == fingerprint(renamed) != fingerprint(crossed)
