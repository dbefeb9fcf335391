"""How fast is it here? Ratios measured in one run: ``make bench``, or ``python -m testbenches.speed``.

Absolute figures belong to one machine; the ratios between two things measured in turn tell more.
Each is the median of a few rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files, verilog
from mgd_hdl.learn.array import Array
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.rtl.icarus import IcarusTrainer
from mgd_sim.trainer import Trainer

REPLICAS = 64
ROUNDS = 3

#: Arrays of one layer: (inputs, neurons) and so many cells.
ARRAYS = {9: (8, 1), 220: (54, 4), 2_000: (199, 10), 10_000: (624, 16)}


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def simulators(name: str, folder: Path) -> dict[str, float]:
    """Steps per second of the twin, per replica and in all, of Verilator and of Icarus; and the ratios."""
    config = preset(name)
    design = trainer_design(trainer_files(config))
    registers = config.registers()
    twin = Trainer(config, range(REPLICAS))
    twin.run(200)
    rates: dict[str, list[float]] = {"twin": [], "verilator": [], "icarus": []}
    with (
        RtlTrainer(config, design, registers, build_dir=folder) as compiled,
        IcarusTrainer(config, design, registers) as interpreted,
    ):
        work = {
            "twin": (twin.run, 3000),
            "verilator": (compiled.run, 20_000),
            "icarus": (interpreted.run, 60),
        }
        for _ in range(ROUNDS):
            for each, (run, steps) in work.items():
                rates[each].append(steps / seconds(lambda run=run, steps=steps: run(steps)))
    found = {each: statistics.median(values) for each, values in rates.items()}
    found["twin, all replicas"] = found["twin"] * REPLICAS
    found["twin, all replicas / verilator"] = found["twin, all replicas"] / found["verilator"]
    found["verilator / icarus"] = found["verilator"] / found["icarus"]
    return found


def generation() -> list[dict[str, float]]:
    """Time and size of the Verilog of arrays of growing size; cells are made once and placed."""
    rows = []
    for cells, (inputs, neurons) in ARRAYS.items():
        document = preset("xor").model_dump(mode="json")
        document["network"]["layers"] = [inputs, neurons]
        # An array alone: no task has this shape, and none is needed to build it.
        config = TrainerConfig.model_validate(document)
        assert config.parameters == cells
        text = ""
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            text = verilog(Array(config), "array")
            times.append(time.perf_counter() - start)
        rows.append({"cells": cells, "seconds": statistics.median(times), "bytes": len(text)})
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m testbenches.speed", description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    given = parser.parse_args(arguments)
    document: dict[str, Any] = {"replicas": REPLICAS, "simulators": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("xor", "parity4", "nist7x7_centered"):
            found = document["simulators"][name] = simulators(name, Path(folder))
            print(
                f"{name:17} twin {found['twin']:9,.0f} steps/s x {REPLICAS} replicas,"
                f" Verilator {found['verilator']:9,.0f}, Icarus {found['icarus']:7,.0f} steps/s;"
                f" twin/Verilator {found['twin, all replicas / verilator']:.2f},"
                f" Verilator/Icarus {found['verilator / icarus']:.0f}",
                flush=True,
            )
    document["generation"] = generation()
    for row in document["generation"]:
        print(
            f"{row['cells']:6,} cells: {row['seconds']:6.2f} s, {row['bytes'] / 1000:8,.0f} kB,"
            f" {row['bytes'] / row['cells']:6.0f} bytes per cell"
        )
    if given.out:
        given.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
