"""Tests compile circuits in half the time: Verilator's headers are parsed once, and nothing for long runs.

Most of a compilation reads headers that are the same for every circuit, and most tests run some thousand
steps. Commands that tests start as a user would, and the tests of ``testbenches/sim``, compile as the product
does.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from mgd_sim.rtl import RtlError, verilator
from mgd_sim.rtl.kept import VARIABLE, kept
from mgd_sim.rtl.tools import compiler_launcher, run_tool

__all__ = ["as_the_product", "install"]

_NAMES = ("_objects", "_CXX_FLAGS", "_FAST", "_SLOW")
_PRODUCT = {name: getattr(verilator, name) for name in _NAMES}

#: One for all, since headers that were parsed serve one optimisation only.
_OPTIMISATION = "-O1"

_HEADERS = [
    *(f'"{name}.h"' for name in ("verilated", "verilated_syms", "verilated_dpi", "svdpi")),
    *(f"<{name}>" for name in ("cerrno", "cstdint", "cstring", "exception", "stdexcept", "string", "vector")),
]


def as_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test."""
    for name, value in _PRODUCT.items():
        monkeypatch.setattr(verilator, name, value)


def install() -> None:
    """For this process."""
    text = "".join(f"#include {name}\n" for name in _HEADERS)
    flags = [*verilator._flags(""), _OPTIMISATION]
    try:
        parts = [verilator._versions(), text, *flags]
    except RtlError:
        return  # no compiler; the tests that need it say so
    folder = Path(os.environ[VARIABLE]) / "headers"
    header = folder / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}.h"
    folder.mkdir(parents=True, exist_ok=True)
    if not header.exists():
        header.write_text(text, encoding="utf-8")  # read where parsed ones do not fit, as with a trace

    def parse(place: Path) -> Path:
        command = [*compiler_launcher(), "g++", *flags, "-x", "c++-header", header, "-o", "parsed"]
        run_tool(command, folder=place, timeout=300, what="parsing Verilator's headers")
        return place / "parsed"

    def objects(place: Path, sources: dict[str, str], trace: str) -> None:
        with kept(header.with_suffix(".h.gch"), parse):
            _PRODUCT["_objects"](place, sources, trace)

    verilator._objects = objects
    verilator._CXX_FLAGS = (*verilator._CXX_FLAGS, "-include", str(header))
    verilator._FAST = verilator._SLOW = _OPTIMISATION
