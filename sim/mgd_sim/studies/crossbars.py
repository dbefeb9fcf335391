"""What does a device gain by being trained in the loop, instead of being given parameters from software?

``python -m mgd_sim.studies.crossbars xor`` takes 64 simulated crossbars for each spread of their cells. Each
is given parameters that were trained in floating point for ideal cells (*programmed*); goes on learning from
there (*tuned*); and learns from random parameters (*in the loop*). Told is which share of the devices
answers every sample right, XOR with a mean cost below 0.04 too, and after how many steps. At the end cells
of phase-change memory drift for four decades of time: devices that are left alone, and devices that learn
400 steps now and then.

Nothing in it knows a device: all learn by ``mgd_hdl.host.ChipInTheLoop``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.host import ChipInTheLoop

from ..fixed import Flags
from ..float_mgd import Backpropagation
from ..plants import Crossbar
from ..tasks import Dataset, dataset
from .study import command, ends_in_a_line, file, keep, say

__all__ = ["SPREADS", "Outcome", "TASKS", "Task", "drifted", "outcomes", "taught"]

SPREADS = (0.0, 0.1, 0.2, 0.3)
#: Deviation of a pulse, in parts of the change it makes.
WRITE_NOISE = 0.05
#: Mean exponent of the drift, and how often a device is looked at in four decades of time.
NU, LOOKS = 0.05, 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What is learned, and when it counts as solved: every answer right, and a mean cost below ``cost``."""

    preset: str
    cost: float
    steps: int
    every: int
    teaching: int
    """Steps of backpropagation between two looks."""
    samples: int
    """How many of the task's samples are looked at."""

    def config(self) -> TrainerConfig:
        """Of the loop."""
        return preset(self.preset).replaced(device={"kind": "outside"})

    def judged(self) -> Dataset:
        """The samples that are looked at: evenly spread over all."""
        every = dataset(preset(self.preset))
        stride = max(1, len(every) // self.samples)
        return Dataset(every.x[::stride], every.target[::stride])


TASKS = {
    "xor": Task("xor", 0.04, 20_000, 250, 500, 4),
    "letters": Task("nist7x7_centered", np.inf, 24_000, 1000, 2000, 96),
}


@dataclass(frozen=True)
class Outcome:
    """Of so many devices with this spread: the share that is right at the end, that ever was, the median of
    steps until then, and the mean share of right answers at the end.
    """

    how: str
    spread: float
    devices: int
    right: float
    ever: float
    steps: float
    accuracy: float

    def __str__(self) -> str:
        steps = "" if np.isnan(self.steps) else f", median {self.steps:,.0f} steps"
        head = f"spread {self.spread:4.0%}  {self.how:12} right {self.right:6.1%}"
        return f"{head} (ever {self.ever:6.1%}{steps}), answers right {self.accuracy:6.1%}"


def taught(task: Task, count: int) -> Floats:
    """Parameters (count, P) that solve the task in floating point, by backpropagation with ideal cells."""
    config, judged = preset(task.preset), task.judged()
    found: list[Floats] = []
    seeds = 0
    while len(found) < count:
        learner = Backpropagation(config, range(seeds, seeds + count))
        seeds += count
        solved = np.zeros(count, dtype=np.bool_)
        for _ in range(40):
            learner.run(task.teaching)
            cost, accuracy = learner.cost_and_accuracy(judged)
            fresh = (accuracy == 1) & (cost < min(task.cost, 0.04)) & ~solved
            found += list(learner.theta[fresh])
            solved |= fresh
            if solved.all():
                break
    return np.array(found[:count])


def _looked(loop: ChipInTheLoop, task: Task) -> tuple[Flags, Floats]:
    cost, accuracy = loop.cost_and_accuracy(task.judged())
    return (accuracy == 1) & (cost < task.cost), accuracy


def _learned(how: str, spread: float, loop: ChipInTheLoop, task: Task, steps: int) -> Outcome:
    right, accuracy = _looked(loop, task)
    at = np.where(right, 0, -1)
    while loop.step < steps:
        loop.run(min(task.every, steps - loop.step))
        right, accuracy = _looked(loop, task)
        at = np.where(right & (at < 0), loop.step, at)
    ever = at >= 0
    median = float(np.median(at[ever])) if ever.any() and steps else float("nan")
    return Outcome(
        how, spread, loop.replicas, float(right.mean()), float(ever.mean()), median, float(accuracy.mean())
    )


def outcomes(task: Task, spread: float, devices: int, parameters: Floats, steps: int) -> list[Outcome]:
    """Of devices with this spread, in the three ways."""
    config = task.config()

    def loop() -> ChipInTheLoop:
        plant = Crossbar(config.network.layers, range(devices), variation=spread, write_noise=WRITE_NOISE)
        return ChipInTheLoop(plant, config, range(devices))

    found = []
    for how, given, count in (("programmed", True, 0), ("tuned", True, steps), ("in the loop", False, steps)):
        one = loop()
        if given:
            one.load(parameters[:devices])
        found.append(_learned(how, spread, one, task, count))
    return found


def drifted(
    task: Task,
    spread: float,
    devices: int,
    parameters: Floats,
    watch: Callable[[str], None] = lambda line: None,
) -> dict[str, list[float]]:
    """The share of devices that is right at 1 s, and then until 10^4 s, left alone and followed."""
    config = task.config()
    times = np.logspace(0, 4, LOOKS + 1)
    found: dict[str, list[float]] = {"seconds": times.tolist()}
    for how, steps in (("left alone", 0), ("followed", 400)):
        plant = Crossbar(
            config.network.layers,
            range(devices),
            variation=spread,
            write_noise=WRITE_NOISE,
            drift=NU,
            period=1e-9,
        )
        loop = ChipInTheLoop(plant, config, range(devices))
        loop.load(parameters[:devices])
        # All start from a device that works: left alone, it was tuned before.
        loop.run(task.steps // 4)
        shares = []
        for before, time in zip([0.0, *times[:-1]], times, strict=True):
            plant.wait(time - max(before, plant.time) if before else 0.0)
            if steps and before:
                loop.run(steps)
            right, _ = _looked(loop, task)
            shares.append(float(right.mean()))
        found[how] = shares
        watch(f"spread {spread:4.0%}  {how:11} " + "  ".join(f"{share:6.1%}" for share in shares))
    return found


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("crossbars", __doc__, steps="20,000 for xor, 24,000 for letters")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--devices", type=int, default=64, help="of each kind (default: 64)")
    parser.add_argument("--out", type=file, help="JSON file for the results")
    given = parser.parse_args(arguments)
    task = TASKS[given.task]
    parameters = taught(task, given.devices)
    say(f"{len(parameters)} sets of parameters from floating point")
    found, steps = [], given.steps or task.steps
    for spread in SPREADS:
        for outcome in outcomes(task, spread, given.devices, parameters, steps):
            say(outcome)
            found.append(asdict(outcome))
    drift = {f"{spread:g}": drifted(task, spread, given.devices, parameters, say) for spread in SPREADS[1:]}
    if given.out:
        keep(given.out, {"task": given.task, "outcomes": found, "drift": drift}, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
