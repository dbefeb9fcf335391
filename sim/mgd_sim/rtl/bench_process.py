"""The process of one cocotb run: ``python -P bench_process.py job.json``, in its folder.

Nothing else imports this file, and it alone imports cocotb's runner; see ``cocotb_run.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner


def main() -> None:
    """Compiles ``<top>.v`` and runs the bench; results and waves stay in the folder."""
    path = Path(sys.argv[1])
    job = json.loads(path.read_text())
    folder, top, verilator = path.parent, job["top"], job["simulator"] == "verilator"
    timescale = ("1ns", "1ps")
    runner = get_runner(job["simulator"])
    runner.build(
        sources=[folder / f"{top}.v"],
        hdl_toplevel=top,
        build_dir=folder,
        always=True,
        timescale=timescale,
        waves=job["waves"],
        build_args=["-Wno-fatal", "--quiet"] if verilator else [],
    )
    runner.test(
        test_module=job["bench"],
        hdl_toplevel=top,
        hdl_toplevel_lang="verilog",
        build_dir=folder,
        test_filter=job["test_filter"],
        seed=job["seed"],
        timescale=timescale,
        waves=job["waves"],
        results_xml="results.xml",
    )


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # the tool has printed what is wrong; where we are is no news
        sys.exit(str(error))
