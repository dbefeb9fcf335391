"""Mixed signal: the Verilog of a trainer teaches transistors; both are simulated, a board is between them.

Needs Icarus Verilog and the shared library of ngspice (Debian: ``iverilog``, ``libngspice0``). Three neurons
and nine synapses are bipolar differential pairs, no two alike; the circuit of ``7_mixed_signal.toml`` sets
their weights through converters, asks for a reading and learns XOR. It ends when the circuit's own judge says
so. Neither the circuit nor this file knows what a transistor does.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mgd_hdl.config import load
from mgd_hdl.emit import trainer_files
from mgd_sim.plants.spice import spice_missing
from mgd_sim.rtl import simulate, trainer_design

HERE = Path(__file__).resolve().parent
TOML = HERE / "7_mixed_signal.toml"
#: Steps whose voltages are kept, at the beginning and behind the verdict.
WATCHED = 4
#: References that the figure's curves are the mean of: sixteen epochs, as the judge sees.
MEAN = 64


@dataclass
class Run:
    """One chip under one seed.

    Attributes
    ----------
    measured : ndarray
        (measurements, 12): codes of nine weights, two inputs, the code that was read; C0 and C in turn.
    theta : ndarray
        (9,), the circuit's registers in the end.
    solved : bool
        The judge's verdict.
    counted : list of int
        Measurements that were asked for, taken, dropped.
    times : ndarray
        Seconds of each measurement.
    names, volts : list of str, list of ndarray
        Voltages over time, (points, names), of the first steps and of the last ones.
    seconds : float
        Of processor time that it took.
    """

    measured: np.ndarray
    theta: np.ndarray
    solved: bool
    counted: list[int]
    times: np.ndarray
    names: list[str]
    volts: list[np.ndarray]
    seconds: float

    @property
    def cost(self) -> np.ndarray:
        """C0 of each step: the squared error of one sample, parameters at rest."""
        x, code = self.measured[::2, 9:11], self.measured[::2, 11]
        return np.square(code / 4096 - (x[:, 0] ^ x[:, 1]))


def train(seed: int, steps: int, folder: Path, device: int | None = None) -> Run:
    """Trains chip number ``device``, that of the seed by default, for so many steps at most."""
    config = load(TOML)
    files = trainer_files(config)
    design = trainer_design(files)
    job = {
        "config": str(TOML),
        "seed": seed,
        "device": seed if device is None else device,
        "steps": steps,
        "watched": WATCHED,
        "inputs": [port.name for port in design.ports if port.direction == "input" and port.name != "clk"],
        "theta": [probe.path for probe in design.probes if probe.name == "theta"],
        "out": str(folder / "run.npz"),
    }
    # The bench is a module beside this file.
    if str(HERE) not in sys.path:
        sys.path.append(str(HERE))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    simulate(design.verilog, design.top, "bench_mixed_signal", folder, parameters=job, timeout=3600 + steps)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    with np.load(job["out"]) as kept:
        volts = [kept[name] for name in sorted(kept.files) if name.startswith("volts")]
        return Run(
            kept["measured"],
            kept["theta"],
            bool(kept["solved"]),
            kept["counted"].tolist(),
            kept["times"],
            kept["names"].tolist(),
            volts,
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        )


def main(arguments: Sequence[str] | None = None) -> list[Run]:
    """Trains one chip after the other, and draws what was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="chips (default: 1)")
    parser.add_argument("--steps", type=int, default=6000, help="patience with each (default: 6,000)")
    parser.add_argument("--figure", type=Path, help="PNG of voltages and costs; needs matplotlib")
    given = parser.parse_args(arguments)
    missing = spice_missing()
    if missing:
        parser.error(missing)
    runs = []
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            run = train(seed, given.steps, Path(folder))
        runs.append(run)
        done = len(run.cost)
        print(
            f"chip {seed}: {'solved' if run.solved else 'not solved'} after {done - WATCHED:,} steps, mean"
            f" cost of the last {MEAN} {run.cost[-MEAN:].mean():.4f}; {1e3 * run.seconds / done:.0f} ms of"
            f" processor time a step, {1e6 * (run.times[-1] - run.times[0]) / done:.1f} us of the chip's",
            flush=True,
        )
    if given.figure:
        given.figure.write_bytes(drawn(runs))
    return runs


def drawn(runs: Sequence[Run]) -> bytes:
    """A PNG: the first chip's voltages in its first steps and its last ones, and the cost of all chips."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6.5), layout="constrained")
    axes = figure.subplot_mosaic(
        [["first inputs", "last inputs"], ["first", "last"], ["cost", "cost"]], height_ratios=[1, 3, 3]
    )
    chip = runs[0]
    for which, points in zip(("first", "last"), chip.volts, strict=True):
        column = dict(zip(chip.names, points.T, strict=True))
        begin, end = column["time"][[0, -1]]
        micro = 1e6 * (column["time"] - begin)
        for k, name in enumerate(("x0", "x1")):
            axes[f"{which} inputs"].plot(micro, 0.5 * (1 + column[name] / 0.1) - 1.5 * k, color=f"C{k + 3}")
        axes[f"{which} inputs"].set(yticks=[0.5, -1], yticklabels=["$x_0$", "$x_1$"], xticklabels=[])
        axes[f"{which} inputs"].set_title(
            "the first steps" if which == "first" else f"after {len(chip.cost) - WATCHED:,} steps", fontsize=9
        )
        for name, label in (("h0_0", "hidden 0"), ("h0_1", "hidden 1")):
            axes[which].plot(micro, column[name], linewidth=0.8, label=label)
        axes[which].plot(micro, column["y0"], color="black", label="output")
        read = chip.times[(chip.times >= begin) & (chip.times <= end)]
        axes[which].plot(
            1e6 * (read - begin), np.interp(read, column["time"], column["y0"]), "r.", label="reading"
        )
        axes[which].set(xlabel="us", ylim=(-1.15, 1.15))
    axes["first"].set_ylabel("V")
    axes["first"].legend(fontsize=7, loc="lower left")
    for number, run in enumerate(runs, 1):
        mean = np.convolve(run.cost, np.full(MEAN, 1 / MEAN), mode="valid")
        (line,) = axes["cost"].plot(np.arange(len(mean)) + MEAN, mean, linewidth=0.8, label=f"chip {number}")
        if run.solved:
            axes["cost"].plot(len(run.cost), mean[-1], "o", color=line.get_color(), markersize=4)
    axes["cost"].set(xlabel="steps", ylabel=f"mean of {MEAN} costs", yscale="log")
    axes["cost"].legend(fontsize=7, ncols=4)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


if __name__ == "__main__":
    main()
