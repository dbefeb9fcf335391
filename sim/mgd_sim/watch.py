"""A circuit learns in simulation while we look on: how well does it do after so many steps?"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig

from .fixed import Ints
from .float_mgd import Floats
from .rtl import RtlTrainer
from .tasks import Dataset, dataset, judging
from .trainer import Trainer

__all__ = ["Look", "csv", "figure", "from_rows", "joined", "port_samples", "rows", "watch"]


#: Seconds that the circuit runs before anybody is asked whether to go on.
_SLICE = 0.1


@dataclass(frozen=True)
class Look:
    """After ``step`` steps: mean cost and share of right answers over the whole task.

    Where some samples are set aside they are of these, and ``learned`` is the share of right answers over
    those that are learned from; otherwise None. ``measured`` is the mean of the costs that the circuit itself
    measured since the last look, with its parameters perturbed; None before the first step.
    """

    step: int
    cost: float
    accuracy: float
    measured: float | None
    learned: float | None = None


def port_samples(config: TrainerConfig) -> Dataset | None:
    """What comes through the sample port, where there is one: the task's samples.

    A one of a task of bits stands for the value nearest to 1 in the port's formats.
    """
    if config.task.source != "stream":
        return None
    bits, formats = dataset(config), config.formats
    if config.shape.task_data.file:
        return bits
    return Dataset(
        x=np.where(bits.x > 0, formats.input.quantize(1), 0),
        target=np.where(bits.target > 0, formats.target.quantize(1), 0),
    )


def watch(
    twin: Trainer,
    circuit: RtlTrainer,
    steps: int,
    every: int,
    stop: Callable[[int], bool] = lambda step: False,
    since: list[Ints] | None = None,
    goes_on: bool = False,
) -> Iterator[Look]:
    """Run a started circuit for some steps, with a look at the start and after every ``every`` steps.

    A circuit that goes on from somewhere is looked at where one would have been that was not cut.

    The unperturbed network is evaluated in the circuit's own arithmetic, with the parameters that
    the circuit holds.

    Parameters
    ----------
    twin : Trainer
        One replica at step 0, which begins as the circuit does and does not start again by itself. At each
        look it holds the circuit's parameters.
    circuit : RtlTrainer
        At step 0, or where it goes on.
    steps, every : int
    stop : callable
        Asked several times a second, with the steps done so far, whether to take the last look there.
    since : list, optional
        Costs measured since the last look; it holds them while this one lasts.
    goes_on : bool
        The circuit was looked at before, so not now.
    """
    if not goes_on:
        yield _look(twin, circuit.step, None)
    costs, size = [] if since is None else since, 1
    while circuit.step < steps and not stop(circuit.step):
        end = min((circuit.step // every + 1) * every, steps)
        states: dict[str, Any] = {}
        while circuit.step < end and not (states and stop(circuit.step)):
            start = time.monotonic()
            states = circuit.run(min(size, end - circuit.step))
            costs.append(states["cost"])
            size = size * 2 if time.monotonic() - start < _SLICE else max(1, size // 2)
        theta = states["theta"][-1:]
        # A copy that follows may be far from T: what counts is what the last step saw.
        twin.hold(theta, states["visible"][-1:] if twin.config.follow else None)
        measured = float(np.mean(np.concatenate(costs))) * twin.config.words.cost.step
        if circuit.step % every == 0:  # the last look of a run may come early, for who goes on it is none
            costs.clear()
        yield _look(twin, circuit.step, measured)


def _look(twin: Trainer, step: int, measured: float | None) -> Look:
    aside = judging(twin.config)
    cost, accuracy = twin.cost_and_accuracy(aside)
    learned = None if aside is None else float(twin.cost_and_accuracy()[1][0])
    return Look(step, float(cost[0]), float(accuracy[0]), measured, learned)


def joined(costs: Sequence[Ints]) -> Ints:
    """Costs one after the other."""
    return np.concatenate([np.zeros(0, np.int64), *costs])


def rows(looks: Sequence[Look]) -> Floats:
    """Looks as an array, (looks, 5); what was not measured is no number."""
    found = [(each.step, each.cost, each.accuracy, each.measured, each.learned) for each in looks]
    return np.array(found, np.float64).reshape(len(found), 5)  # None becomes no number


def from_rows(found: Floats) -> list[Look]:
    """The same back."""
    return [
        Look(int(step), cost, accuracy, *(None if np.isnan(part) else part for part in parts))
        for step, cost, accuracy, *parts in found.tolist()
    ]


def csv(looks: Sequence[Look]) -> str:
    """A table with a line for each look."""
    parts = looks[0].learned is not None
    lines = ["step,mean_cost,accuracy,measured_cost" + ",train_accuracy" * parts]
    for look in looks:
        measured = "" if look.measured is None else f"{look.measured:.9g}"
        learned = f",{look.learned:.9g}" if look.learned is not None else ""
        lines.append(f"{look.step},{look.cost:.9g},{look.accuracy:.9g},{measured}{learned}")
    return "\n".join(lines) + "\n"


def figure(looks: Sequence[Look], title: str) -> bytes:
    """A PNG of cost and accuracy over steps; needs matplotlib."""
    from matplotlib.figure import Figure

    steps = [look.step for look in looks]
    drawn = Figure(figsize=(6.4, 4.8), layout="constrained")
    above, below = drawn.subplots(2, sharex=True)
    above.plot(steps[1:], [look.measured for look in looks[1:]], color="0.7", label="measured by the circuit")
    above.plot(steps, [look.cost for look in looks], label="whole task, unperturbed")
    above.set_ylabel("mean cost")
    above.set_title(title)
    above.legend()
    below.plot(steps, [look.accuracy for look in looks], label="test samples")
    if looks[0].learned is not None:
        below.plot(steps, [look.learned for look in looks], color="0.7", label="samples to learn from")
        below.legend()
    below.set_ylabel("accuracy")
    below.set_ylim(0, 1.05)
    below.set_xlabel("steps")
    file = io.BytesIO()
    drawn.savefig(file, format="png", dpi=150)
    return file.getvalue()
