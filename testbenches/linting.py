"""What Verilator finds in Verilog that is only read."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mgd_sim.rtl.tools import clean_environment, verilator_root

__all__ = ["lint"]


def lint(folder: Path, top: str, *files: str) -> tuple[int, str]:
    """All that -Wall finds in these files of a folder, waivers first: status and text, at best 0 and none."""
    command = [str(verilator_root() / "bin/verilator_bin"), "--lint-only", "-Wall", "--top-module", top]
    run = subprocess.run(
        [*command, *files],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.returncode, run.stderr
