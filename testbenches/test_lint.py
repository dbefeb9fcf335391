"""Is the Verilog of trainers with parts of their own free of lint, but for what may be waived?"""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields

import pytest

from mgd_hdl.config import Registers
from mgd_hdl.config.names import SIGNALS
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl.tools import clean_environment, verilator_root
from testbenches.catalogue import configuration, named


from dataclasses import fields

import pytest

from mgd_hdl.config import Registers
from mgd_hdl.config.names import SIGNALS
        (tmp_path / file).write_text(text, encoding="utf-8")
    command = [
        str(verilator_root() / "bin/verilator_bin"),
        "--lint-only",
        "-Wall",
        "--top-module",
        config.name,
    ]
    run = subprocess.run(
        [*command, f"{config.name}.vlt", f"{config.name}.v"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (run.returncode, run.stderr) == (0, "")
