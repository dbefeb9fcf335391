"""How fast is it here? Ratios measured in one run: ``make bench``, or ``python -m testbenches.speed``.

Absolute figures belong to one machine; the ratios between two things measured in turn tell more.
Each is the median of a few rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files, verilog
from mgd_hdl.files import FileRefused, write_file
from mgd_hdl.host import ChipInTheLoop
from mgd_hdl.learn.array import Array
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.rtl.icarus import IcarusTrainer
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer
from mgd_synth import banks

REPLICAS = 64
ROUNDS = 3

#: Networks of one layer: (inputs, neurons) and so many cells.
NETWORKS = {9: (8, 1), 220: (54, 4), 2_000: (199, 10), 10_000: (624, 16)}


def clocks(work: Callable[[], Any]) -> tuple[float, float]:
    """Processor time of one call, in this process, and wall time."""
    wall, own = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - own, time.perf_counter() - wall


def simulators(name: str, folder: Path) -> dict[str, float]:
    """Steps per second of the twin in NumPy and compiled, of Verilator and of Icarus; and the ratios.

    Those of the twin are for each replica. Rates are by processor time, so that other work on the machine
    does not count; but that of Icarus, a process of its own, by wall time, and so is its ratio.
    """
    config = preset(name)
    design = trainer_design(trainer_files(config))
    registers = config.registers()
    twins = {
        "numpy": Trainer(config, range(REPLICAS), library="numpy"),
        "jax": Trainer(config, range(REPLICAS), library="jax"),
        "jax, one replica": Trainer(config, [config.seed], library="jax"),
    }
    with (
        RtlTrainer(config, design, registers, build_dir=folder) as compiled,
        IcarusTrainer(config, design, registers) as interpreted,
    ):
        work: dict[str, tuple[Callable[[int], Any], int]] = {
            "numpy": (twins["numpy"].run, 3000),
            "jax": (twins["jax"].run, 20_000),
            "jax, one replica": (twins["jax, one replica"].run, 50_000),
            "verilator": (compiled.run, 20_000),
            "icarus": (interpreted.run, 60),
        }
        for twin in twins.values():
            twin.run(10_000)  # which compiles, and finds how many steps make a call
        own: dict[str, list[float]] = {each: [] for each in work}
        wall: dict[str, list[float]] = {each: [] for each in work}
        for _ in range(ROUNDS):
            for each, (run, steps) in work.items():
                spent, passed = clocks(lambda run=run, steps=steps: run(steps))
                own[each].append(steps / spent)
                wall[each].append(steps / passed)
    found = {each: statistics.median(values) for each, values in own.items()}
    found["icarus"] = statistics.median(wall["icarus"])
    for each in ("numpy", "jax"):
        found[f"{each}, all replicas / verilator"] = found[each] * REPLICAS / found["verilator"]
    found["verilator / icarus"] = statistics.median(wall["verilator"]) / found["icarus"]
    return found


class Instant:
    """A device that takes no time: what is left is the loop's own."""

    def __init__(self, replicas: int | None = None):
        self.vectorised, self.replicas = replicas is not None, replicas or 1
        self.answer = np.full((replicas, 2, 1), 0.3) if replicas else np.full(1, 0.3)

    def write(self, parameters: np.ndarray) -> None:
        """Nothing happens."""

    def read(self, inputs: np.ndarray) -> np.ndarray:
        """Always the same."""
        return self.answer


def loop() -> dict[str, float]:
    """Microseconds of a step in the loop beside the device, processor time; and those of the twin's step.

    With a time-out each call is made by a thread.
    """
    config = preset("xor").replaced(device={"kind": "outside"})
    watched = config.replaced(device={"time_out": 1.0})
    runs: dict[str, Any] = {
        "twin": Trainer(preset("xor"), [1]),
        "loop": ChipInTheLoop(Instant(), config),
        "loop with a time-out": ChipInTheLoop(Instant(), watched),
        f"loop, {REPLICAS} devices in one call": ChipInTheLoop(Instant(REPLICAS), config),
    }
    found = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS + 1):
        for name, each in runs.items():
            start = time.process_time()
            each.run(2000)
            found[name] = min(found[name], (time.process_time() - start) / 2000 * 1e6)
    return found


def large() -> dict[str, float]:
    """Microseconds of a step of the twin of a large network in a bank, processor time, with one replica."""
    found: dict[str, float] = {}
    draw = np.random.default_rng(1)
    for net in ("196-32-10", "784-32-10"):
        config = banks.network(net, 16)
        samples = Dataset(
            draw.integers(0, 16, (500, config.inputs)), np.eye(10, dtype=int)[np.arange(500) % 10]
        )
        for library, steps in (("numpy", 1000), ("jax", 8000)):
            twin = Trainer(config, [1], samples=samples, library=library)
            twin.run(steps)  # which compiles, and finds how many steps make a call
            spent = [processor_seconds(lambda twin=twin, n=steps: str(twin.run(n)))[0] for _ in range(ROUNDS)]
            found[f"{net}, {library}"] = min(spent) / steps * 1e6
    return found


def processor_seconds(work: Callable[[], str]) -> tuple[float, str]:
    """Processor time of one call, that of the programs it runs included; and what the call gives."""
    start = os.times()
    text = work()
    end = os.times()
    return sum(end[:4]) - sum(start[:4]), text


def grown(cells: int) -> TrainerConfig:
    """A trainer with so many cells; samples come through its port, so that any shape will do."""
    config = preset("xor").replaced(
        network={"layers": NETWORKS[cells]}, task={"name": "external", "source": "stream"}
    )
    assert config.parameters == cells
    return config


def generation() -> list[dict[str, float]]:
    """Time and size of the Verilog of growing trainers, and of their arrays; cells are made once and placed.

    Time is processor time, the least of a few rounds, so that other work on the machine does not count.
    """
    rows = []
    for cells in NETWORKS:
        config = grown(cells)
        row: dict[str, float] = {"cells": cells}
        makers = {
            "trainer": lambda config=config: trainer_files(config)[f"{config.name}.v"],
            "array": lambda config=config: verilog(Array(config), "array"),
        }
        for part, make in makers.items():
            rounds = [processor_seconds(make) for _ in range(ROUNDS)]
            row |= {f"{part} seconds": min(spent for spent, _ in rounds), f"{part} bytes": len(rounds[0][1])}
        rows.append(row)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m testbenches.speed", description=__doc__)
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--only", choices=("simulators", "generation", "loop", "large"), help="a part of it")
    given = parser.parse_args(arguments)
    if given.out and not given.out.parent.is_dir():
        parser.error(f"argument --out: there is no directory {str(given.out.parent)!r}")
    document: dict[str, Any] = {"replicas": REPLICAS, "simulators": {}, "generation": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in ("xor", "parity4", "nist7x7_centered") if given.only in (None, "simulators") else ():
            found = document["simulators"][name] = simulators(name, Path(folder))
            print(
                f"{name:17} x {REPLICAS} replicas: NumPy {found['numpy']:9,.0f}, JAX {found['jax']:9,.0f}"
                f" steps/s; one replica: JAX {found['jax, one replica']:9,.0f}; Verilator"
                f" {found['verilator']:9,.0f}, Icarus {found['icarus']:7,.0f}; all : Verilator, NumPy"
                f" {found['numpy, all replicas / verilator']:.2f}, JAX"
                f" {found['jax, all replicas / verilator']:.1f}; Verilator : Icarus"
                f" {found['verilator / icarus']:.0f}",
                flush=True,
            )
    for part, measure in (("loop", loop), ("large", large)):
        if given.only in (None, part):
            document[part] = measure()
            for name, spent in document[part].items():
                print(f"{name:34} {spent:6.1f} us a step")
    if given.only in (None, "generation"):
        document["generation"] = generation()
    for row in document["generation"]:
        cells, spent, size = row["cells"], row["trainer seconds"], row["trainer bytes"]
        print(
            f"{cells:6,} cells: whole trainer {spent:6.2f} s, {1000 * spent / cells:6.2f} ms per cell;"
            f" its Verilog {size / 1000:6,.0f} kB, {size / cells:6,.0f} bytes per cell;"
            f" array alone {row['array seconds']:5.2f} s, {row['array bytes'] / 1000:4,.0f} kB"
        )
    if given.out:
        try:
            write_file(given.out, json.dumps(document, indent=1) + "\n", force=True)
        except FileRefused as refused:
            parser.error(f"argument --out: {refused}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
