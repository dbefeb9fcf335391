"""What trainers with a bank have learned, and how far their circuits were compared with the twin.

``python -m mgd_sim.studies.bank letters`` trains 16 seeds of the example of letters, and ``... digits`` one
seed of that of digits, whose table ``examples/digits/write_digits.py`` writes. Every seed's accuracy at
every look is kept in ``docs/figures/bank_TASK.json``. ``--circuit STEPS`` compares the circuit with the twin
instead and notes that in ``docs/figures/bank_compared.json``, where ``mgd_sim.studies.fashion`` does so too.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mgd_hdl.config import TrainerConfig, load
from mgd_hdl.emit import trainer_files

from ..compare import Comparison, compare
from ..rtl import trainer_design
from ..tasks import judging
from ..trainer import Trainer
from ..watch import port_samples
from .study import Kept, command, ends_in_a_line, folder, hold, keep, number, say

__all__ = ["COMPARED", "FIGURES", "TASKS", "Compared", "Learned", "Task", "learn", "main", "note", "upto"]

ROOT = Path(__file__).parents[3]
FIGURES = ROOT / "docs" / "figures"
COMPARED = "bank_compared.json"


@dataclass(frozen=True)
class Task:
    """An example, and how it is trained: seeds, steps, steps between two looks, exact or delayed updates."""

    file: str
    seeds: int
    steps: int
    every: int
    updates: str = "exact"

    @property
    def configuration(self) -> TrainerConfig:
        config = load(ROOT / self.file)
        if self.updates == config.learning.updates:
            return config
        return config.replaced(name=f"{config.name}_{self.updates}", learning={"updates": self.updates})


_LETTERS = "examples/31_letters_on_a_bank.toml"


TASKS = {
    "letters": Task(_LETTERS, 16, 20_000, 250),
    "letters_exact": Task(_LETTERS, 32, 15_000, 125),
    "letters_delayed": Task(_LETTERS, 32, 15_000, 125, updates="delayed"),
    "digits": Task("examples/digits/digits.toml", 1, 240_000, 10_000),
}


@dataclass
class Learned:
    """How accuracy grew on the samples that are set aside, or of a task without any on all of them.

    Attributes
    ----------
    samples : int
        So many, or of a task that draws them how many are looked at.
    steps : list of int
        Of each look.
    accuracy : list of list of float
        At each look that of each seed.
    """

    samples: int = 0
    steps: list[int] = field(default_factory=list)
    accuracy: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0
    runs_on: str = ""

    def __str__(self) -> str:
        return f"step {self.steps[-1]:,}: least {min(self.accuracy[-1]):.2%}, {self.seconds:.0f} s"

    def first(self, accuracy: float) -> list[int | None]:
        """Of each seed the look at which it was first seen with this accuracy or more."""
        return [
            next((step for step, found in zip(self.steps, seen, strict=True) if found >= accuracy), None)
            for seen in zip(*self.accuracy, strict=True)
        ]


def upto(firsts: Sequence[int | None], share: float) -> int | None:
    """The look at which so large a part of the seeds had been seen there; None if fewer ever were."""
    seen = sorted(step for step in firsts if step is not None)
    wanted = max(1, -int(-share * len(firsts) // 1))
    return seen[wanted - 1] if len(seen) >= wanted else None


def learn(config: TrainerConfig, seeds: int, steps: int, every: int) -> Iterator[Learned]:
    """The same result after every look."""
    twin, test = Trainer(config, range(seeds)), judging(config)
    found, began = Learned(len(twin.samples if test is None else test)), time.monotonic()
    while twin.step < steps:
        twin.run(min(every, steps - twin.step))
        found.steps.append(int(twin.step))
        found.accuracy.append([round(each, 5) for each in twin.cost_and_accuracy(test)[1].tolist()])
        found.seconds, found.runs_on = round(time.monotonic() - began, 1), twin.runs_on
        yield found


@dataclass(frozen=True)
class Compared:
    """Circuit and twin were equal: which configuration, from which step on, for how many steps, and how many
    integers were compared.
    """

    configuration: str
    first: int
    steps: int
    states: int

    @property
    def job(self) -> tuple[object, ...]:
        return self.configuration, self.first, self.steps


def note(found: Comparison, first: int, out: Path = FIGURES) -> None:
    """Keep that they were equal, if they were; the comparison began at a step."""
    if found.equal:
        each = Compared(found.name, first, found.steps - first, found.states)
        Kept(out / COMPARED, Compared).get(each.job, lambda: each)


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("bank", __doc__, seeds="the task's", steps="the task's", every="the task's")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--circuit", type=number, metavar="STEPS", help="compare so many steps, and end")
    parser.add_argument("--out", type=folder, default=FIGURES, help="folder for the results")
    given = parser.parse_args(arguments)
    task = TASKS[given.task]
    config = task.configuration
    if given.circuit:
        design = trainer_design(trainer_files(config))
        compared = compare(config, design, given.circuit, samples=port_samples(config))
        say(compared)
        note(compared, 0, given.out)
        return 0 if compared.equal else 1
    results = given.out / f"bank_{given.task}.json"
    hold(results)
    for found in learn(
        config, given.seeds or task.seeds, given.steps or task.steps, given.every or task.every
    ):
        say(found)
        keep(results, asdict(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
