"""A microring weight bank learns two weights, and is followed through steps of temperature.

``python -m mgd_sim.studies.rings`` repeats with a simulated bank what Guo et al. (arXiv 2506.18041, 2025)
did on silicon: two inputs, two rings, batches of 100 samples measured before and after a random shake of +-1
in both parameters, an update behind each. That is this project's rule with a hold and a window of 100 steps.
A linear task: is ``w . x`` positive? A quadratic one, with the square behind the detectors. Then the chip
gets 2 K warmer, and 2 K colder, and learning goes on.

An epoch is 20 batches: they give 22 ms for a training step and 100 s for 200 epochs. Each of the devices has
rings at other offsets; nothing is calibrated.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, loads
from mgd_hdl.host import ChipInTheLoop

from ..plants import Rings
from ..tasks import Dataset
from .study import command, ends_in_a_line, file, keep, say

__all__ = ["BATCH", "EPOCH", "GOALS", "Run", "bank", "configured", "run", "samples"]

#: Samples of a batch, batches of an epoch.
BATCH, EPOCH = 100, 20
#: What Guo et al. reach, and in how many epochs.
GOALS = {"linear": (0.9, 200), "quadratic": (0.8, 100)}
#: Kelvin of each step, one after the other.
STEPS = (2.0, -2.0)

_CONFIG = """
name = "rings"
seed = 1
[network]
layers = [2, 1]
activation = "linear"
initial = 0.5
[formats]
parameter = "SQ(2, 25)"
input = "UQ(0, 8)"
cost_change = "SQ(4, 12)"
hold_bits = 7
[cost]
loss = "cross_entropy"
[perturbation]
amplitude = 0.0078125
[learning]
rate = {rate}
tau_x = 1
tau_p = {batch}
tau_theta = {batch}
[task]
name = "external"
source = "stream"
[device]
kind = "outside"
parameters = [2]
"""

Floats = npt.NDArray[np.float64]


def configured() -> TrainerConfig:
    """Of the loop: two parameters that nobody knows the meaning of."""
    return loads(_CONFIG.format(rate=2.0**-14, batch=BATCH))


def samples(task: str, count: int, seed: int) -> Dataset:
    """Two powers, uniform in (0, 1), and the class: ``x - 0.9 y > 0``, or ``(2.6 x - 1.9 y)^2 > 1/2``."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (count, 2))
    value = x / 256
    if task == "linear":
        hot = value @ np.array([1.0, -0.9]) > 0
    else:
        hot = np.square(value @ np.array([2.6, -1.9])) > 0.5
    return Dataset(x, hot[:, None].astype(np.int64))


def bank(task: str, devices: Sequence[int]) -> Rings:
    """The device: the sum as a logit, or its square less one half."""
    if task == "linear":
        return Rings([2, 1], devices, gain=4.0, tuning=4.0, read_noise=0.02)
    return Rings(
        [2, 1], devices, activations=["square"], gain=3.0, tuning=4.0, threshold=0.5, read_noise=0.02
    )


@dataclass
class Run:
    """Of one task: accuracy of every device after each epoch, and epochs until the goal.

    ``recovery`` has for each step of temperature the epochs until the goal is reached again, -1 where it is
    not, of the devices that reached it before; ``fallen`` the mean accuracy right after the step.
    """

    task: str
    devices: int
    goal: float
    accuracy: list[list[float]] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)
    kelvin: list[float] = field(default_factory=list)
    fallen: list[float] = field(default_factory=list)
    recovery: list[list[int]] = field(default_factory=list)


def run(
    task: str, devices: int, epochs: int, after: int, watch: Callable[[str], None] = lambda line: None
) -> Run:
    """Learn for some epochs, then for so many after each step of temperature."""
    goal, _ = GOALS[task]
    plant = bank(task, range(devices))
    loop = ChipInTheLoop(plant, configured(), range(devices), samples=samples(task, 10 * BATCH, 1))
    judged = samples(task, 200, 2)
    found = Run(task, devices, goal)

    def epoch() -> Floats:
        loop.run(BATCH * EPOCH)
        return loop.cost_and_accuracy(judged)[1]

    at = np.full(devices, -1)
    for number in range(1, epochs + 1):
        accuracy = epoch()
        found.accuracy.append(accuracy.tolist())
        at = np.where((accuracy >= goal) & (at < 0), number, at)
    found.reached = at.tolist()
    there = at >= 0
    middle = np.median(at[there]) if there.any() else float("nan")
    watch(f"{task}: {there.mean():.0%} of {devices} devices above {goal:.0%}, median epoch {middle:.0f}")
    for kelvin in STEPS:
        plant.temperature += kelvin
        fallen = loop.cost_and_accuracy(judged)[1]
        back = np.where(fallen >= goal, 0, -1)
        for number in range(1, after + 1):
            back = np.where((epoch() >= goal) & (back < 0), number, back)
        found.kelvin.append(kelvin)
        again = back[there]
        found.recovery.append(again.tolist())
        if len(again):
            fell = float(fallen[there].mean())
            found.fallen.append(fell)
            middle = np.median(again[again >= 0]) if (again >= 0).any() else float("nan")
            watch(
                f"{kelvin:+.0f} K: accuracy falls to {fell:.1%}; {np.mean(again >= 0):.0%} are back,"
                f" median epoch {middle:.0f}, largest {again.max()}"
            )
    return found


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("rings", __doc__)
    parser.add_argument("--task", choices=GOALS, action="append", help="default: both")
    parser.add_argument("--devices", type=int, default=64, help="default: 64")
    parser.add_argument("--epochs", type=int, default=20, help="before the temperature changes (default: 20)")
    parser.add_argument("--after", type=int, default=20, help="epochs after each step (default: 20)")
    parser.add_argument("--out", type=file, help="JSON file for the results")
    given = parser.parse_args(arguments)
    runs = [run(task, given.devices, given.epochs, given.after, say) for task in given.task or GOALS]
    if given.out:
        keep(given.out, [asdict(each) for each in runs])
    return 0


if __name__ == "__main__":
    sys.exit(main())
