"""A scheduler of Dask and its workers on this machine; and what they cost a study.

``python -m testbenches.cluster`` trains eight times XOR: in this process, in two others as with ``--jobs 2``,
and with one and two workers of Dask on the loopback interface, all of them started before. They take turns,
so that what else the machine does meets them alike. Rows of a table go to standard output, how far it is
to standard error.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib import metadata
from pathlib import Path

from mgd_hdl.config import preset
from mgd_sim.studies.learning import Goal
from mgd_sim.studies.measures import Job, Row
from mgd_sim.studies.workers import Cluster, Here, Processes, Workers

__all__ = ["cluster", "main"]

SEEDS, STEPS, JOBS, ROUNDS = 64, 1000, 8, 5


@contextmanager
def cluster(workers: int, folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and its workers, each a process, on the loopback interface alone: its address, and all of
    them, the scheduler first. They are killed in the end. ``folder`` takes the scheduler's file.
    """
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    dask, file = [sys.executable, "-m", "distributed.cli.dask_scheduler"], folder / "scheduler.json"
    running = [subprocess.Popen([*dask, *local, "--port", "0", "--scheduler-file", str(file)], **quiet)]
    try:
        end = time.monotonic() + 90
        while not file.exists() or not file.read_text().strip():
            if time.monotonic() > end:
                raise TimeoutError("the scheduler has not begun")
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        each = [sys.executable, "-m", "distributed.cli.dask_worker", address, *local, "--nthreads", "1"]
        running += [subprocess.Popen([*each, "--no-nanny"], **quiet) for _ in range(workers)]
        yield address, running
    finally:
        for process in reversed(running):
            process.kill()
            process.wait(20)


# ---- what they cost ----------------------------------------------------------------------------------


def _spent(others: Collection[int]) -> float:
    """Processor time of this process and others so far."""
    from psutil import Process  # comes with Dask

    return time.process_time() + sum(sum(Process(each).cpu_times()[:2]) for each in others)


def _children() -> set[int]:
    from psutil import Process

    return {each.pid for each in Process().children(recursive=True)}


def _rows(workers: Workers, jobs: Sequence[Job]) -> list[list[Row]]:
    """What all jobs find, in their order."""
    return [rows for _, rows in sorted(workers.done(jobs, lambda _done: False), key=lambda each: each[0])]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main() -> int:
    """Takes no arguments."""
    from distributed import Client

    os.environ["MGD_HDL_TWIN"] = "numpy"  # nothing is compiled, whoever works
    goal = Goal(accuracy=1.0, cost=0.0, every=STEPS, steps=STEPS, seeds=SEEDS)  # which nobody meets
    jobs = [
        Job("solved", preset("xor"), "twin", range(SEEDS * at, SEEDS * (at + 1)), goal) for at in range(JOBS)
    ]
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        ways: dict[str, tuple[Workers, set[int]]] = {"one process": (Here(), set())}
        before = _children()
        pool = stack.enter_context(closing(Processes(2)))
        expected = _rows(pool, jobs[:2])
        ways["`--jobs 2`"] = pool, _children() - before
        for count in (1, 2):
            _say(f"starting a scheduler and its workers: {count}")
            folder = Path(name, str(count))
            folder.mkdir()
            address, running = stack.enter_context(cluster(count, folder))
            with Client(address) as client:
                client.wait_for_workers(count, timeout=90)
            there = stack.enter_context(closing(Cluster(address, metadata.version("mgd-hdl"))))
            ways[f"Dask, {count} worker{'s' * (count > 1)}"] = there, {each.pid for each in running}
        for way, (workers, _) in ways.items():
            _say(f"{way}: the same rows?")
            if _rows(workers, jobs[:2]) != expected:
                raise AssertionError(f"{way}: other rows")
        for number in range(1, ROUNDS + 1):
            for way, (workers, others) in ways.items():
                _say(f"round {number} of {ROUNDS}: {way}")
                spent, wall = _spent(others), time.monotonic()
                _rows(workers, jobs)
                found.setdefault(way, []).append((time.monotonic() - wall, _spent(others) - spent))
    millions = SEEDS * STEPS * JOBS / 1e6
    for way, rounds in found.items():
        walls, spent = zip(*rounds, strict=True)
        ratio = statistics.median(
            mine / one for mine, (one, _) in zip(walls, found["one process"], strict=True)
        )
        per_million = (statistics.median(each) / millions for each in (spent, walls))
        row = [way, *(f"{each:.2f}" for each in per_million), f"{ratio:.2f}"]
        sys.stdout.write(json.dumps(row) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
