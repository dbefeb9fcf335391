"""Inside a simulator that has no design yet: loads what benches import, and is copied for each of them.

Python's start-up imports a module of this name, here the one in Icarus that cocotb brings; ``vvp`` opens its
design only afterwards. So this process never gets that far: it waits for folders, one a line, and forks for
each. The copy goes into the folder and returns, as if it had just been started there; what it reads, seeds
and changes is its own. Answers are the process and, at its end, its status and CPU seconds.
"""

import gc
import importlib
import json
import os
import socket
from pathlib import Path


def serve(link: socket.socket) -> None:
    """Returns in copies only; ends when nobody is left to ask."""
    from cocotb.regression import RegressionManager

    # Benches and all they import come with assertions that tell what they saw; see ``cocotb_run.py``.
    RegressionManager.setup_pytest_assertion_rewriting()
    for common in ("mgd_sim.compare", "testbenches.support"):
        importlib.import_module(common)
    gc.freeze()  # a collection in a copy would touch, and so copy, every page

    lines = link.makefile("rw", encoding="utf-8")
    for line in lines:
        folder = Path(line.rstrip("\n"))
        process = os.fork()
        if process == 0:
            _begin(folder)
            return
        print(process, file=lines, flush=True)
        _, status, usage = os.wait4(process, 0)
        print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, file=lines, flush=True)
    os._exit(0)


def _begin(folder: Path) -> None:
    os.chdir(folder)
    log = os.open("bench.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(json.loads(Path("environment.json").read_text(encoding="utf-8")))


if "MGD_WARM" in os.environ:
    with socket.socket(fileno=int(os.environ.pop("MGD_WARM"))) as _link:
        serve(_link)
