"""Faults to be put into a circuit on purpose: does the comparison see them?

Each is one edit of the Verilog of one module. An edit that does not find exactly one place is an
error, never a circuit without the fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mgd_hdl.config.names import module_name

from .design import Design
from .tools import RtlError

__all__ = ["BUGS", "Bug", "inject"]


@dataclass(frozen=True)
class Bug:
    """What is broken, in which module, and how.

    ``module`` and ``place`` are regular expressions: the module's name behind the design's (the
    first that matches is edited), and the text to replace. ``shows`` names the state that goes
    wrong first.
    """

    what: str
    module: str
    place: str
    replacement: str
    shows: str


BUGS = {
    "minus_adds": Bug(
        "the second phase of an update broadcasts +D again instead of -D",
        "homodyne",
        r"= - \$signed\(i__payload\);",
        "= $signed(i__payload);",
        "theta",
    ),
    "no_rail": Bug(
        "parameters wrap instead of stopping at half their range; seen once one gets there",
        "integrator",
        r"assign railed = [^;]+;",
        "assign railed = 1'h0;",
        "theta",
    ),
    "remainder_lost": Bug(
        "every update clears the low eight bits of T, as if what is below the visible bits did not count",
        "integrator",
        r"theta <= (_\w+);",
        r"theta <= (\1 >> 8) << 8;",
        "theta",
    ),
    "crossed_wires": Bug(
        "the second cell of the first tile has the code column of the first",
        r"tile_\d+",
        r"( cell_1 \([^;]*?\.column\(\w+\[)1\]",
        r"\g<1>0]",
        "baseline",
    ),
    "code_stands_still": Bug(
        "the perturbation never changes",
        "core",
        r"( code \(\s*\.advance\()[^()]*\)",
        r"\g<1>1'h0)",
        "code",
    ),
    "sample_stays": Bug(
        "the first sample is shown for ever",
        "sequencer",
        r"= turn \? last_x : ",
        "= turn ? 1'h0 : ",
        "baseline",
    ),
    "reference_once": Bug(
        "C0 is measured in the first step only",
        "sequencer",
        r"= last_x \| ends_window;",
        "= 1'h0;",
        "baseline",
    ),
    "reference_perturbed": Bug(
        "C0 is taken from the perturbed measurement",
        "baseline",
        r"= i__valid & (i__payload\[\d+\]);",
        r"= i__valid & ~ \1;",
        "baseline",
    ),
    "hold_not_cleared": Bug(
        "an update does not clear the sum of cost changes",
        "accumulator",
        r"= i__payload\[\d+\] \? \d+'h0+ : total;",
        "= total;",
        "hold",
    ),
    "rate_halved": Bug(
        "updates are shifted one place too far",
        "update",
        r">>> (\w+);",
        r">>> (\1 + 1'h1);",
        "update",
    ),
    "bias_forgotten": Bug(
        "the neurons of one layer have no bias",
        r"neuron_\d+",
        r"bias <= [^;]+;",
        "bias <= 0;",
        "baseline",
    ),
    "table_slips": Bug(
        "neighbouring segments of an activation table are swapped",
        r"(sigmoid|tanh)_\d+",
        r"\[(argument\[\d+:\d+\])\]",
        r"[\1 ^ 1'h1]",
        "baseline",
    ),
    "error_unsigned": Bug(
        "the first output's error is squared as if it had no sign",
        "squared_error",
        r"\$signed\(error_0\) \* \$signed\(error_0\)",
        "error_0 * error_0",
        "baseline",
    ),
    "seed_ignored": Bug(
        "parameters always start from the same random numbers",
        "core",
        r"\.seed\(seed_initial\)",
        ".seed(31'h00000001)",
        "baseline",
    ),
}


def inject(design: Design, name: str) -> Design:
    """The design with the fault ``name`` of :data:`BUGS`; RtlError if it has no place there."""
    if name not in BUGS:
        raise RtlError(f"bug {name!r}: must be one of {', '.join(BUGS)}")
    bug = BUGS[name]
    header = re.compile(rf"^module {module_name(design.top, f'(?:{bug.module})')}\(", re.MULTILINE)
    found = header.search(design.verilog)
    if found is None:
        raise RtlError(f"bug {name}: {design.top} has no module {bug.module}")
    end = design.verilog.index("\nendmodule", found.end())
    module = design.verilog[found.start() : end]
    edited, places = re.subn(bug.place, bug.replacement, module)
    if places != 1 or edited == module:
        raise RtlError(
            f"bug {name}: {places} places in module {found.group().split()[1][:-1]} instead of one"
        )
    return design.changed(design.verilog[: found.start()] + edited + design.verilog[end:])
