"""A circuit in ngspice learns: a crossbar with the resistance of its wires, solved anew for each reading.

Needs the program ``ngspice``. Three weights and two outputs are pairs of memory cells between wires that have
resistance; the netlist is written here, and what is inside is found by the simulator alone.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import numpy as np

from mgd_hdl.config import loads
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.tasks import Dataset

CONFIG = loads("""
name = "spice"
[network]
layers = [3, 2]
activation = "linear"
initial = 0.5
[formats]
parameter = "SQ(3, 14)"
input = "UQ(0, 4)"
target = "SQ(3, 4)"
[perturbation]
family = "walsh"
amplitude = 0.03125
[learning]
rate = 0.25
measure = "two_sided"
[task]
name = "external"
source = "stream"
[device]
kind = "outside"
parameters = [6]
""")


def netlist(conductance: np.ndarray, voltage: np.ndarray, resistance: float) -> str:
    """A crossbar of cells (columns, rows): rows driven from the left, columns that end in 0 V below."""

    def lines() -> Iterator[str]:
        columns, rows = conductance.shape
        yield "crossbar"
        for row in range(rows):
            yield f"Vin{row} in{row} 0 {float(voltage[row])!r}"
            for column in range(columns):
                left = f"a{row}_{column - 1}" if column else f"in{row}"
                below = f"b{row + 1}_{column}" if row + 1 < rows else f"out{column}"
                yield f"Ra{row}_{column} {left} a{row}_{column} {resistance!r}"
                yield f"Rb{row}_{column} b{row}_{column} {below} {resistance!r}"
                if conductance[column, row] > 0:
                    cell = 1 / float(conductance[column, row])
                    yield f"Rc{row}_{column} a{row}_{column} b{row}_{column} {cell!r}"
        for column in range(columns):
            yield f"Vout{column} out{column} 0 0"
        wanted = " ".join(f"i(vout{column})" for column in range(columns))
        yield from (".control", "set numdgt=12", "op", f"print {wanted}", "quit", ".endc", ".end")

    return "\n".join(lines()) + "\n"


def solved(text: str) -> np.ndarray:
    """The currents of a netlist, by ngspice."""
    done = subprocess.run(
        ["ngspice", "-n", "-b", "/dev/stdin"],  # noqa: S607
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = re.findall(r"^i\(vout(\d+)\) = (\S+)", done.stdout, re.MULTILINE)
    if not found:
        raise RuntimeError(f"ngspice: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return np.array([float(value) for _, value in sorted(found, key=lambda each: int(each[0]))])


class SpiceCrossbar:
    """Three inputs, two outputs; weight k of output j is G+ - G- of a pair of columns, in siemens."""

    def __init__(self, resistance: float = 0.05, spread: float = 0.2, seed: int = 1):
        self.resistance = resistance
        self.factor = np.exp(spread * np.random.default_rng(seed).normal(size=(4, 3)))

    def write(self, parameters: np.ndarray) -> None:
        """Six weights, output by output."""
        weight = parameters.reshape(2, 3)
        pair = np.stack([np.maximum(weight, 0), np.maximum(-weight, 0)], axis=1)
        self.cells = self.factor * pair.reshape(4, 3)

    def read(self, inputs: np.ndarray) -> np.ndarray:
        """Currents of both outputs, in amperes, for inputs in volts."""
        current = solved(netlist(self.cells, inputs, self.resistance))
        return current[0::2] - current[1::2]


def main(steps: int = 400, seed: int = 1) -> tuple[float, float]:
    """The mean cost before and after: two sums of three voltages are wanted."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 16, (12, 3))
    wanted = x / 16 @ np.array([[0.5, -0.25], [0.25, 0.5], [-0.5, 0.25]])
    samples = Dataset(x, np.rint(wanted * 16).astype(np.int64))
    loop = ChipInTheLoop(SpiceCrossbar(seed=seed), CONFIG, [seed], samples=samples)
    before = loop.cost_and_accuracy()[0][0]
    loop.run(steps, say=print)
    after = loop.cost_and_accuracy()[0][0]
    print(f"mean cost {before:.4f} at first, {after:.4f} after {steps} steps")
    return float(before), float(after)


if __name__ == "__main__":
    main()
