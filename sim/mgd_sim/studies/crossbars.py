"""What does a device gain by being trained in the loop, instead of being given parameters from software?

``python -m mgd_sim.studies.crossbars xor`` takes 64 simulated crossbars for each spread of their cells. Each
is given parameters that were trained in floating point for ideal cells (*programmed*); goes on learning from
there (*tuned*); and learns from random parameters (*in the loop*). Told is which share of the devices
answers every sample right, XOR with a mean cost below 0.04 too, and after how many steps. Then cells of
phase-change memory drift for six decades of time: devices as *programmed*; devices that were tuned and are
*left alone*; and devices that were tuned and learn 400 steps more in each decade (*followed*), with
parameters of the preset's range and of twice that range: a weight whose cells fade has to be asked for anew.

Nothing in it knows a device: all learn by ``mgd_hdl.host.ChipInTheLoop``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.host import ChipInTheLoop

from ..fixed import Flags
from ..float_mgd import Backpropagation
from ..plants import Crossbar
from ..tasks import Dataset, dataset
from .study import command, ends_in_a_line, file, keep, say

__all__ = ["SPREADS", "Drift", "Outcome", "TASKS", "Task", "drifted", "outcomes", "taught"]

SPREADS = (0.0, 0.1, 0.2, 0.3)
#: Deviation of a pulse, in parts of the change it makes.
WRITE_NOISE = 0.05
#: Mean exponent of the drift, and of how many decades of time.
NU, DECADES = 0.05, 6
#: What a followed device learns once in each of them.
FOLLOWED = 400

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


@dataclass(frozen=True)
class Drift:
    """Of devices that drift, at each of ``seconds``: the share that is right, and of answers that are.

    A followed device is looked at before it learns again (``aged``) and after.
    """

    how: str
    spread: float
    devices: int
    seconds: list[float] = field(default_factory=list)
    aged: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        shares = "  ".join(f"{share:6.1%}" for share in self.right)
        answers = f"answers right {self.accuracy[-1]:6.1%}"
        return f"spread {self.spread:4.0%}  {self.how:15}  right {shares}, {answers}"


def drifted(task: Task, spread: float, devices: int, parameters: Floats) -> Iterator[Drift]:
    """What drift makes of devices with this spread, in four ways; their learning takes no time."""
    narrow = task.config()
    given = narrow.formats.parameter
    wide = narrow.replaced(formats={"parameter": f"SQ({given.integer_bits + 1}, {given.fraction_bits})"})
    tuned = task.steps // 8
    for how, first, more, config in (
        ("programmed", 0, 0, narrow),
        ("left alone", tuned, 0, narrow),
        ("followed", tuned, FOLLOWED, narrow),
        ("followed, wider", tuned, FOLLOWED, wide),
    ):
        plant = Crossbar(
            config.network.layers,
            range(devices),
            variation=spread,
            write_noise=WRITE_NOISE,
            drift=NU,
            period=1e-12,
        )
        loop = ChipInTheLoop(plant, config, range(devices))
        loop.load(parameters[:devices])
        loop.run(first)
        found = Drift(how, spread, devices)
        for decade in range(DECADES + 1):
            # Cells count from t0 = 1 s.
            plant.wait(10.0**decade - plant.start - plant.time)
            found.seconds.append(plant.start + plant.time)
            found.aged.append(float(_looked(loop, task)[0].mean()))
            loop.run(more if decade else 0)
            right, accuracy = _looked(loop, task)
            found.right.append(float(right.mean()))
            found.accuracy.append(float(accuracy.mean()))
        yield found


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
    drift = []
    for spread in SPREADS[1:]:
        for each in drifted(task, spread, given.devices, parameters):
            say(each)
            drift.append(asdict(each))
    if given.out:
        keep(given.out, {"task": given.task, "outcomes": found, "drift": drift}, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
