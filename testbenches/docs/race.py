"""The cost of 64 trainers over microseconds, in a circuit on an ECP5 and on the paper's HW2.

``python -m testbenches.docs.race`` draws docs/figures/xor_fast_cost.png: delayed updates at the clock rate of
``python -m mgd_synth.frontier``, and the same network's exact updates, at 20 ns a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mgd_sim.studies import soon
from mgd_sim.studies.study import replacing
from mgd_sim.trainer import Trainer
from mgd_synth import frontier
from mgd_synth.report import PAPER
from mgd_synth.results import load

__all__ = ["FIGURE", "costs", "main", "seconds_per_step"]

FIGURE = soon.FOLDER / "xor_fast_cost.png"
SEEDS, STEPS, EVERY = 64, 800, 5
_PLACED = "trainer-xor_fast-ecp5-25k"


def costs(name: str, steps: int = STEPS, seeds: int = SEEDS) -> Iterator[tuple[int, np.ndarray]]:
    """Now and then the step, and the mean cost of all samples for each seed."""
    trainer = Trainer(soon.configured(soon.SETTINGS["xor"][name]), range(seeds))
    yield 0, trainer.cost_and_accuracy()[0]
    for step in range(EVERY, steps + 1, EVERY):
        trainer.run(EVERY)
        yield step, trainer.cost_and_accuracy()[0]


def seconds_per_step() -> dict[str, float]:
    """By setting: delayed updates in the circuit, exact ones on HW2."""
    (found,) = (cases[_PLACED] for cases in load(frontier.BASELINE).values() if _PLACED in cases)
    rate = frontier.best(found)
    assert rate is not None
    (hw2,) = (platform for platform in PAPER if platform.name == "HW2")
    return {"xor_fast": 2 / (rate * 1e6), "xor_fast, exact": hw2.seconds(1)}


def draw(path: Path) -> None:
    """A thin line a seed, and a thick one for their median."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    titles = {"xor_fast": "ECP5, delayed updates", "xor_fast, exact": "HW2, exact updates"}
    for (name, seconds), colour in zip(seconds_per_step().items(), ("C0", "C3"), strict=True):
        steps, found = zip(*costs(name), strict=True)
        times = np.array(steps) * seconds * 1e6
        axes.plot(times, np.array(found), color=colour, alpha=0.12, linewidth=0.6)
        axes.plot(times, np.median(found, axis=1), color=colour, linewidth=2, label=titles[name])
    axes.set(xlabel="microseconds", ylabel="mean cross-entropy", title="xor_fast, 64 seeds", ylim=(0, 1.5))
    axes.grid(alpha=0.3)
    axes.legend()
    with replacing(path) as beside:
        figure.savefig(beside, dpi=80)
    plt.close(figure)


def main() -> int:
    """Takes no arguments."""
    draw(FIGURE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
