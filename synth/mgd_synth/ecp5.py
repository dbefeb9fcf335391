"""ECP5: sites of one table each, registers beside them, multipliers of 18 by 18 bits."""

from __future__ import annotations

from .blocks import FLATTEN
from .nextpnr import Device, nextpnr

__all__ = ["DEVICES"]


def _device(size: str) -> Device:
    return Device(
        title=f"Lattice ECP5 LFE5U-{size.upper()}F, CABGA381, speed grade 6",
        tool=nextpnr("ecp5"),
        passes=lambda top: f"synth_ecp5 -top {top}; {FLATTEN}",
        arguments=(
            *(f"--{size}k", "--package", "CABGA381", "--speed", "6"),
            # Pins may be anywhere.
            "--lpf-allow-unconstrained",
        ),
        mapped={
            "LUT": "LUT4",
            "FF": "TRELLIS_FF",
            "carry": "CCU2C",
            "LUT RAM": "TRELLIS_DPR16X4",
            "BRAM": "DP16KD",
            "DSP": "MULT18X18D",
        },
        placed={"logic cells": "TRELLIS_COMB"},
        # Two bits of a sum, in two sites.
        weights={"CCU2C": 2},
        supply={
            "logic cells": "TRELLIS_COMB",
            "LUT": "TRELLIS_COMB",
            "FF": "TRELLIS_FF",
            "carry": "TRELLIS_COMB",
            "LUT RAM": "TRELLIS_RAMW",
            "BRAM": "DP16KD",
            "DSP": "MULT18X18D",
        },
        frequency=150,
        notes=(
            "A logic cell is the site of a table or of one bit of a sum (TRELLIS_COMB).",
            "LUT RAM: memories of 16 words of 4 bits, each in four logic cells and a site for writing.",
        ),
    )


DEVICES = {f"ecp5-{size}k": _device(size) for size in ("25", "45", "85")}
