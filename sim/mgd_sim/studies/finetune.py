"""What does learning on the device gain for a network that was trained elsewhere?

``python -m mgd_sim.studies.finetune xor`` trains a network in floating point, by backpropagation and without
defects, and puts it on many devices whose neurons have curves of their own. How many answers are right there
before and after some steps of learning on the device, and how many if these steps begin at random? The
circuit's arithmetic; what is done is kept in the output's JSON file and not done again.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.attached import AttachedFile

from ..export.state_dict import packed
from ..float_mgd import Backpropagation, matrix
from ..trainer import Trainer
from .learning import goal_or_any
from .study import Kept, command, ends_in_a_line, folder, say

__all__ = ["STARTS", "TASKS", "Point", "begun", "devices", "elsewhere"]

#: Steps of backpropagation, after which the best of eight networks is right in every answer.
TASKS = {"xor": 20_000, "parity4": 50_000, "nist7x7_centered": 20_000}

_NETWORKS = 8

#: Where learning on the device begins.
STARTS = ("trained elsewhere", "random")


@dataclass(frozen=True)
class Point:
    """What so many devices answer before and after so many steps: the mean share of right answers, and how
    many devices are always right, of letters in 99 %.
    """

    task: str
    start: str
    spread: float
    rate: float
    devices: int
    steps: int
    accuracy_before: float
    right_before: int
    accuracy: float
    right: int

    @property
    def job(self) -> tuple[object, ...]:
        """What was asked for."""
        return self.task, self.start, self.spread, self.rate, self.devices, self.steps

    def __str__(self) -> str:
        before = f"{self.accuracy_before:.1%} of the answers right, {self.right_before} devices"
        after = f"{self.accuracy:.1%}, {self.right} of {self.devices}"
        return f"{self.start:17}: before {before}; after {self.steps:,} steps {after}"


def elsewhere(config: TrainerConfig, steps: int) -> bytes:
    """The best of some networks that backpropagation has trained without defects, as an ``.npz`` file."""
    learner = Backpropagation(config, range(_NETWORKS))
    learner.run(steps)
    cost, accuracy = learner.cost_and_accuracy()
    theta = learner.theta[np.lexsort((cost, -accuracy))[0]]
    layers = (matrix(layer, theta) for layer in config.shape.layers)
    return packed([(each[:, :-1], each[:, -1]) for each in layers])


def begun(config: TrainerConfig, network: bytes) -> TrainerConfig:
    """The trainer that begins from such a file."""
    return config.with_file("network.parameters", AttachedFile("elsewhere.npz", network))


def devices(config: TrainerConfig, count: int, steps: Sequence[int]) -> list[tuple[float, int]]:
    """After each of these steps: the mean accuracy of so many devices, and how many of them are right."""
    trainer = Trainer(config, range(count), devices=range(count))
    enough, found = goal_or_any(config).accuracy, []
    for step in steps:
        trainer.run(step - trainer.step)
        _, accuracy = trainer.cost_and_accuracy()
        found.append((statistics.mean(accuracy.tolist()), int((accuracy >= enough).sum())))
    return found


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("finetune", __doc__, seeds=64, steps=5000)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--spread", type=float, default=0.25, help="of the curves (default: 0.25)")
    parser.add_argument("--rate", type=float, help="learning rate on the device (default: the preset's)")
    parser.add_argument("--out", type=folder, default="build", help="folder for TASK_finetune.json")
    given = parser.parse_args(arguments)

    ideal = preset(given.task)
    changes = {} if given.rate is None else {"learning": {"rate": given.rate}}
    config = ideal.replaced(imperfections={"activation_spread": given.spread}, **changes)
    kept = Kept(given.out / f"{given.task}_finetune.json", Point)
    for start in STARTS:
        job = given.task, start, given.spread, config.learning.rate, given.seeds, given.steps

        def find(job: tuple[str, str, float, float, int, int] = job) -> Point:
            own = config
            if job[1] == STARTS[0]:
                own = begun(config, elsewhere(ideal, TASKS[given.task]))
            before, after = devices(own, given.seeds, [0, given.steps])
            return Point(*job, *before, *after)

        say(kept.get(job, find))
    return 0


if __name__ == "__main__":
    sys.exit(main())
