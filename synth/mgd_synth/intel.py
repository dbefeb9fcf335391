"""Intel Cyclone V, counted: adaptive logic modules of two tables, two bits of a sum and four registers."""

from __future__ import annotations

import re
from typing import Any

from .blocks import FLATTEN
from .counted import Counted

__all__ = ["DEVICES", "packed", "passes"]


#: Multipliers: most bits of each factor, and least, as the synthesizer chooses them.
_MULTIPLIERS = ((27, 19, 4), (27, 4, 19), (18, 10, 4), (18, 4, 10), (9, 4, 4))


def passes(top: str) -> str:
    """Yosys: from Verilog to a flat netlist of Cyclone V cells, without pads.

    That is ``synth_intel_alm``, with products mapped before by ``intel_products.v``.
    """
    run = f"synth_intel_alm -family cyclonev -noiopad -noclkbuf -top {top} -run"
    products = "; ".join(
        f"techmap -map +/mul2dsp.v -D DSP_A_MAXWIDTH={most} -D DSP_B_MAXWIDTH={most}"
        f" -D DSP_A_MINWIDTH={least_a} -D DSP_B_MINWIDTH={least_b} -D DSP_NAME=__MUL{most}X{most};"
        " chtype -set $mul t:$__soft_mul"
        for most, least_a, least_b in _MULTIPLIERS
    )
    return (
        f"{run} begin:coarse; proc; flatten; opt_expr; opt_clean; opt -nodffe -nosdff; wreduce; peepopt;"
        f" opt_clean; {products}; techmap -map intel_products.v; {run} coarse:; {FLATTEN}"
    )


def packed(module: dict[str, Any]) -> dict[str, float]:
    """The cells of a flat module that take logic modules, and how many at least.

    A table of six inputs fills a module; two smaller ones fit, as do two bits of a sum and two of the twenty
    words' bits of a memory block, which takes ten modules.
    """
    found: dict[str, float] = {}
    for name, cell in module["cells"].items():
        if cell["type"] == "MISTRAL_ALUT6":
            found[name] = 1
        elif re.fullmatch("MISTRAL_(ALUT[2-5]|NOT|ALUT_ARITH|MLAB)", cell["type"]):
            found[name] = 0.5
    return found


def _device(title: str, modules: int, *, multipliers: int, memories: int) -> Counted:
    """A logic module has four registers; memories are of 10 Kb."""
    return Counted(
        title=title,
        passes=passes,
        sites="ALM",
        packed=packed,
        mapped={
            **{f"ALUT{n}": f"MISTRAL_ALUT{n}" for n in reversed(range(2, 7))},
            "ALUT1": "MISTRAL_NOT",
            "FF": "MISTRAL_FF",
            "carry": "MISTRAL_ALUT_ARITH",
            "MLAB": "MISTRAL_MLAB",
            "M10K": "MISTRAL_M10K",
            "DSP": "MISTRAL_MUL.*",
        },
        weights={
            "DSP": {"MISTRAL_MUL18X18": 1 / 2, "MISTRAL_MUL9X9": 1 / 3},
            "MLAB": {"MISTRAL_MLAB": 1 / 20},
        },
        supply={"ALM": modules, "FF": 4 * modules, "M10K": memories, "DSP": multipliers},
        notes=(
            "ALM: a table of six inputs fills one, and so do two smaller tables or two bits of a sum. Tables"
            " with too many inputs between them cannot share one: this is the least.",
            "carry: bits of sums.",
            "MLAB: memories of 32 words of 20 bits, each in ten ALM.",
            "M10K: memories of 10 Kb.",
            "DSP: a block multiplies 27 by 27 bits, or two times 18 by 18, or three times 9 by 9.",
        ),
    )


#: Logic modules, M10K and DSP blocks: CV-51001 (Cyclone V Device Overview), maximum resource counts of
#: Cyclone V E and of Cyclone V SE.
DEVICES = {
    "5ceba2": _device("Intel Cyclone V 5CEBA2", 9_430, multipliers=25, memories=176),
    "5ceba4": _device("Intel Cyclone V 5CEBA4", 18_480, multipliers=66, memories=308),
    "5cseba6": _device("Intel Cyclone V 5CSEBA6", 41_509, multipliers=112, memories=557),
}
