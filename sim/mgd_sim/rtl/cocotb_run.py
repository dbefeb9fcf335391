"""Runs a cocotb bench on a Verilog text and tells which of its tests passed.

cocotb's runner prints, edits its environment, ends Python on failure, and passes where no test
matched. Here it gets a process of its own with a time limit, and the result file is read back.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

from .tools import RtlError, clean_environment, last_lines, run_tool

__all__ = ["PARAMETERS", "BenchResult", "Simulator", "bench_parameters", "simulate", "verdict"]

Simulator = Literal["icarus", "verilator"]

#: The environment variable in which a bench finds its parameters, as JSON.
PARAMETERS = "MGD_BENCH_PARAMETERS"

#: Started as a file, not as a module: it then imports nothing of ours, which takes longer than a short bench.
_PROCESS = Path(__file__).with_name("bench_process.py")


@dataclass(frozen=True)
class BenchResult:
    """What a bench did: its tests by name, and the wave file if one was asked for."""

    tests: tuple[str, ...]
    waves: Path | None
    log: Path


def simulate(
    verilog: str,
    top: str,
    bench: str,
    build_dir: Path,
    *,
    simulator: Simulator = "icarus",
    parameters: Mapping[str, Any] | None = None,
    test_filter: str | None = None,
    seed: int | None = None,
    waves: bool = False,
    timeout: float = 600,
) -> BenchResult:
    """Runs every cocotb test of the module ``bench`` on the module ``top``.

    Raises RtlError if the design does not compile, if a test fails, or if there was no test.

    Parameters
    ----------
    verilog : str
        The text of all modules.
    bench : str
        A module that Python can import here and now, such as "testbenches.learn.bench_cell".
    build_dir : Path
        A folder of this run's own; everything it writes goes there.
    parameters : mapping, optional
        Handed to the bench, which reads them with :func:`bench_parameters`. JSON's types only.
    test_filter : str, optional
        A regular expression; only tests whose full name has a match run.
    seed : int, optional
        For cocotb's own random numbers; a fixed one unless given.
    waves : bool
        Record every signal: FST with Icarus, VCD with Verilator.
    timeout : float
        Seconds, for compiling and running together.
    """
    build_dir = Path(build_dir).resolve()
    build_dir.mkdir(parents=True, exist_ok=True)
    (build_dir / f"{top}.v").write_text(verilog)
    job = {"top": top, "bench": bench, "simulator": simulator, "waves": waves}
    job |= {"test_filter": test_filter, "seed": 1 if seed is None else seed}
    (build_dir / "job.json").write_text(json.dumps(job))
    results = build_dir / "results.xml"
    results.unlink(missing_ok=True)

    environment = clean_environment()
    # The bench is imported inside the simulator, from wherever it can be imported here. A test
    # that calls us must not look to cocotb as if it were the one running.
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    environment.pop("PYTEST_CURRENT_TEST", None)
    # cocotb lets pytest rewrite a bench's assertions; pytest's own plugins would only take time there.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    environment[PARAMETERS] = json.dumps(dict(parameters or {}))
    what = f"{bench} on {top} ({simulator})"
    log = build_dir / "bench.log"
    try:
        output = run_tool(
            [sys.executable, "-P", _PROCESS, build_dir / "job.json"],
            folder=build_dir,
            timeout=timeout,
            what=what,
            environment=environment,
        )
    except RtlError as error:
        log.write_text(str(error))
        raise
    log.write_text(output)
    names = verdict(results, what, output, test_filter)
    found = [path for path in (build_dir / f"{top}.fst", build_dir / "dump.vcd") if path.exists()]
    return BenchResult(names, found[0] if waves and found else None, log)


def bench_parameters() -> dict[str, Any]:
    """Inside a bench: what :func:`simulate` was given as ``parameters``."""
    found: dict[str, Any] = json.loads(os.environ[PARAMETERS])
    return found


def verdict(results: Path, what: str, output: str, test_filter: str | None = None) -> tuple[str, ...]:
    """The tests that ran, from cocotb's result file; RtlError if one of them failed, or if there was none."""
    names, failures = _read(results)
    if failures:
        shown = "\n".join(f"  {name}: {message}" for name, message in failures.items())
        raise RtlError(
            f"{what}: {len(failures)} of {len(names)} tests failed\n{shown}\n{last_lines(output, 40)}"
        )
    if not names:
        raise RtlError(
            f"{what}: no test ran; is there a @cocotb.test() that matches {test_filter or 'at all'}?"
            f"\n{last_lines(output)}"
        )
    return names


def _read(results: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """All tests that ran, and those that failed with their messages, from cocotb's result file."""
    if not results.exists():
        return (), {}
    names, failures = [], {}
    for case in ElementTree.parse(results).iter("testcase"):  # noqa: S314 - our own process wrote it
        if case.find("skipped") is not None:
            continue
        name = f"{case.get('classname')}.{case.get('name')}"
        names.append(name)
        for kind in ("failure", "error"):
            found = case.find(kind)
            if found is not None:
                message = found.get("error_msg") or found.get("message") or found.text or kind
                failures[name] = message.strip().splitlines()[0] if message.strip() else kind
    return tuple(names), failures
