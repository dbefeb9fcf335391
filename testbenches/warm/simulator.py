"""Benches under Icarus without the start of Python for each: one simulator has all loaded and is copied.

Starting Python and importing NumPy, cocotb and configurations takes longer than most benches. Each bench
still has a process of its own, which knows nothing of those before it. ``mgd_sim.rtl.simulate`` starts one
from nothing, as users do, and gives the same verdicts: ``testbenches/sim/test_rtl.py`` asks both.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mgd_sim.rtl import RtlError
from mgd_sim.rtl.cocotb_run import PARAMETERS, verdict
from mgd_sim.rtl.tools import run_tool

__all__ = ["simulate", "simulators"]


class _Simulator:
    """The process that is copied, and the line to it."""

    def __init__(self) -> None:
        import cocotb_tools.config
        import find_libpython

        here = Path(__file__).parent
        users = [find_libpython.find_libpython(), cocotb_tools.config.pygpi_entry_point()]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([os.environ["PATH"], str(cocotb_tools.config.libs_dir)]),
            "PYTHONPATH": os.pathsep.join([str(here), *filter(None, sys.path)]),
            "PYGPI_PYTHON_BIN": sys.executable,
            "GPI_USERS": ";".join(users),
            "TOPLEVEL_LANG": "verilog",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        environment.pop("PYTEST_CURRENT_TEST", None)
        self.link, other = socket.socketpair()
        with other:
            environment["MGD_WARM"] = str(other.fileno())
            library = str(cocotb_tools.config.lib_entry("vpi", "icarus"))
            self.process = subprocess.Popen(
                ["vvp", "-m", library, "sim.vvp", "-none"],  # noqa: S607 - the one in PATH
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )
        self.lines = self.link.makefile("rw", encoding="utf-8")
        atexit.register(self.end)

    def run(self, folder: Path, timeout: float) -> int:
        """The status of ``vvp sim.vvp`` in a folder that has an ``environment.json``."""
        self.link.settimeout(timeout)
        print(folder, file=self.lines, flush=True)
        self.lines.readline()
        status, _ = self.lines.readline().split()
        return int(status)

    def end(self) -> None:
        """With the copy that runs."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.lines.close()
        self.link.close()


#: Of this process: none or one.
simulators: list[_Simulator] = []


def simulate(
    verilog: str, top: str, bench: str, folder: Path, parameters: Mapping[str, Any], timeout: float = 600
) -> None:
    """Every cocotb test of the module ``bench`` on the module ``top``; errors are those of ``mgd_sim``'s."""
    what = f"{bench} on {top} (icarus)"
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{top}.v").write_text(verilog, encoding="utf-8")
    (folder / "cmds.f").write_text("+timescale+1ns/1ps\n", encoding="utf-8")
    results = folder / "results.xml"
    results.unlink(missing_ok=True)
    command = ["iverilog", "-o", "sim.vvp", "-s", top, "-g2012", "-f", "cmds.f", f"{top}.v"]
    run_tool(command, folder=folder, timeout=600, what=what)
    environment = {
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": bench,
        "COCOTB_RANDOM_SEED": "1",
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_REWRITE_ASSERTION_FILES": "",  # already set up
        PARAMETERS: json.dumps(dict(parameters)),
    }
    (folder / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    if not simulators:
        simulators.append(_Simulator())
    try:
        status = simulators[0].run(folder, timeout)
    except BaseException as error:
        simulators.pop().end()
        if isinstance(error, TimeoutError):
            raise RtlError(f"{what}: not done after {timeout:g} s, stopped") from None
        raise
    output = (folder / "bench.log").read_text(encoding="utf-8", errors="replace")
    if status:
        raise RtlError(f"{what}: vvp failed ({status})\n{output}")
    verdict(results, what, output)
