"""Accuracy over steps: the circuit's arithmetic, floating point, and backpropagation on one network.

``python -m mgd_sim.studies.curve nist7x7`` trains several seeds of each and looks at all images at a
few steps, evenly spaced on a logarithmic scale. Ctrl-C keeps what was found so far.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from mgd_hdl.config import PRESETS, TrainerConfig, preset

from .learning import MODELS
from .study import command, ends_in_a_line, folder, hold, keep, replacing, say

__all__ = ["Curve", "curve", "looks", "plot"]

#: Backpropagation has no noise of an estimate to average out, and learns at a larger rate.
BACKPROPAGATION_SHIFT = 3


@dataclass
class Curve:
    """Accuracy of every seed over steps.

    Attributes
    ----------
    model : str
        Key of :data:`mgd_sim.studies.learning.MODELS`.
    learning_shift : int
        The learning rate was 2**-learning_shift.
    steps : list of int
    accuracy : list
        One list of accuracies, one per seed, for each entry of ``steps``.
    seconds : float
    """

    model: str
    learning_shift: int
    steps: list[int] = field(default_factory=list)
    accuracy: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        last = self.accuracy[-1]
        return (
            f"{self.model:15} step {self.steps[-1]:>10,}: accuracy {np.mean(last):.2%},"
            f" seeds {min(last):.2%} to {max(last):.2%} ({self.seconds:.0f} s)"
        )


def looks(steps: int) -> list[int]:
    """When to look: 1, 2, 5 and their multiples by ten from 1,000, and the last step."""
    found = [head * 10**power for power in range(3, 12) for head in (1, 2, 5)]
    return [step for step in found if step < steps] + [steps]


def curve(
    model: str, config: TrainerConfig, seeds: Sequence[int], steps: int, learning_shift: int | None = None
) -> Iterator[Curve]:
    """Trains ``seeds`` at once and yields the same curve after every look."""
    shift = config.learning_shift if learning_shift is None else learning_shift
    learner = MODELS[model](config, seeds, learning_shift=shift)
    found = Curve(model, shift)
    start = time.monotonic()
    done = 0
    for step in looks(steps):
        learner.run(step - done)
        done = step
        found.steps.append(step)
        found.accuracy.append(learner.cost_and_accuracy()[1].tolist())
        found.seconds = time.monotonic() - start
        yield found


def plot(curves: Sequence[Curve], title: str, path: Path) -> None:
    """A figure of all curves: the mean of the seeds, and a band from the worst to the best."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for each in curves:
        values = np.array(each.accuracy) * 100
        line = axes.plot(each.steps, values.mean(axis=1), marker="o", markersize=3, label=each.model)[0]
        axes.fill_between(
            each.steps, values.min(axis=1), values.max(axis=1), alpha=0.2, color=line.get_color()
        )
    axes.set(xscale="log", xlabel="steps (one sample each)", ylabel="accuracy, %", title=title)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    with replacing(path) as beside:
        figure.savefig(beside, dpi=130)
    plt.close(figure)


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command(
        "curve",
        __doc__,
        seeds=8,
        steps=2_000_000,
        models=MODELS,
        default_models="twin, float and backpropagation",
    )
    parser.add_argument("task", choices=PRESETS)
    parser.add_argument("--out", type=folder, default="build", help="folder for NAME_curve.json and .png")
    given = parser.parse_args(arguments)

    results = given.out / f"{given.task}_curve.json"
    hold(results)
    config = preset(given.task)
    curves: list[Curve] = []
    status = 0
    for model in given.model or ("twin", "float", "backpropagation"):
        shift = BACKPROPAGATION_SHIFT if model == "backpropagation" else None
        try:
            for number, found in enumerate(curve(model, config, range(given.seeds), given.steps, shift)):
                if number == 0:
                    curves.append(found)
                say(found)
        except KeyboardInterrupt:
            status = 130
            break
    document = {"task": given.task, "seeds": given.seeds, "curves": [asdict(each) for each in curves]}
    keep(results, document)
    if curves:
        plot(curves, f"{given.task}, {given.seeds} seeds", given.out / f"{given.task}_curve.png")
    return status


if __name__ == "__main__":
    sys.exit(main())
