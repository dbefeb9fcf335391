"""Trainers that start again by themselves where they have not learned for too long.

A try is a trainer without that option, with the seeds of its turn; so tries are run as such trainers, those
that began in the same step together.
"""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig, Tries

from .compiled import Library
from .control.sequencer import reference_turns, references
from .evaluate import Evaluation
from .fixed import Bits, Flags, Ints
from .lfsr import after
from .tasks import Dataset
from .trainer import Record, Trainer

__all__ = ["Group", "Retrying", "alone", "keep", "registers_of", "steps_of_a_try", "trainer"]


def alone(config: TrainerConfig) -> TrainerConfig:
    """The same trainer, which does not start again by itself."""
    return config.replaced(judge={"retry": 0})


def registers_of(tries: Tries, first: Registers, number: int) -> Registers:
    """The run-time registers of a try, 1 the first one, from those of the first."""
    return Tries.masked(first, after(tries.first, number - 1) ^ tries.first)


def steps_of_a_try(config: TrainerConfig, registers: Registers, count: int) -> int:
    """How many steps have ``count`` references; the last of them has the last."""
    enough = count * min(turn.every for turn in reference_turns(config, registers))
    return bisect_left(range(enough), count, key=lambda steps: references(config, registers, steps))


@dataclass
class Group:
    """Tries that began together, after ``begun`` steps of all.

    Attributes
    ----------
    trainer : Trainer
    replicas, tries : Ints
        (rows of the trainer,), whose try each row is, and which try of theirs.
    rows : Ints
        Those that matter; the replicas of others have begun another try since.
    begun : int
    """

    trainer: Trainer
    replicas: Ints
    tries: Ints
    rows: Ints
    begun: int

    @property
    def members(self) -> Ints:
        """The replicas of the rows that matter."""
        return self.replicas[self.rows]

    @property
    def solved_at(self) -> Ints:
        """(rows of the trainer,), the step, of all tries together, that brought the verdict, or -1."""
        at = self.trainer.solved_at
        return np.where(at < 0, -1, at + self.begun)

    def next_pause(self, every: int) -> int:
        """After how many of its steps it stands still next: it does after every so many references."""
        trainer = self.trainer
        done = references(trainer.config, trainer.registers, trainer.step)
        return steps_of_a_try(trainer.config, trainer.registers, (done // every + 1) * every)


class Retrying:
    """R trainers of one configuration with ``judge.retry``, ready for step 0 of their first try.

    After every ``judge.retry`` references a trainer stands still until all of its steps are done. If its
    judge is content by then it goes on, and otherwise it starts again with the next seeds of
    :class:`mgd_hdl.config.Tries`.

    Parameters
    ----------
    config : TrainerConfig
    seeds, devices, library, changes
        As for :class:`mgd_sim.trainer.Trainer`.

    Attributes
    ----------
    each_registers, devices
        As those of a trainer, in the first try.
    groups : list of Group
    step : int
        Steps done, of all tries together.
    tries : Ints
        (R,), tries so far, the present one among them.
    """

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int | Registers],
        *,
        devices: Sequence[int] | None = None,
        library: Library = "auto",
        **changes: int,
    ):
        self.config, self._library = config, library
        self._alone = alone(config)
        self.each_registers = [
            config.followed(seed) if isinstance(seed, Registers) else config.registers(seed, **changes)
            for seed in seeds
        ]
        self.devices = None if devices is None else list(devices)
        self.perturbations = None  # codes from outside do not begin anew
        self._tries = Tries(config)
        self.step = 0
        self.tries = np.ones(len(self.each_registers), dtype=np.int64)
        self.groups = [self.begin(np.arange(self.replicas), self.tries, 0)]

    def begin(self, replicas: Ints, tries: Ints, step: int) -> Group:
        """Some tries of replicas, which begin after ``step`` steps of all."""
        registers = [
            registers_of(self._tries, self.each_registers[number], count)
            for number, count in zip(replicas.tolist(), tries.tolist(), strict=True)
        ]
        trainer = self._trainer(replicas, registers)
        return Group(trainer, replicas, tries.copy(), np.arange(len(replicas)), step)

    def _trainer(self, replicas: Ints, registers: Sequence[Registers]) -> Trainer:
        """Of tries that begin, without the option."""
        devices = None if self.devices is None else [self.devices[number] for number in replicas.tolist()]
        return Trainer(self._alone, registers, devices=devices, library=self._library)

    def begin_try(self, number: int, step: int) -> int:
        """All replicas stand at the beginning of this try, having learned in none before, and the whole at
        ``step``; the step at which it began.
        """
        begun = (number - 1) * self.try_steps
        self.tries = np.full(self.replicas, number)
        self.groups = [self.begin(np.arange(self.replicas), self.tries, begun)]
        self.step = step
        return begun

    @property
    def try_steps(self) -> int:
        """Steps of a try without a verdict."""
        return steps_of_a_try(self._alone, self.each_registers[0], self.config.judge.retry)

    @property
    def replicas(self) -> int:
        """R."""
        return len(self.each_registers)

    @property
    def samples(self) -> Dataset:
        """All samples."""
        return self.groups[0].trainer.samples

    def _gathered(self, of: Callable[[Group], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """What there is of each row of the groups, in the order of the replicas."""
        members = np.concatenate([group.members for group in self.groups])
        found = np.concatenate([of(group)[group.rows] for group in self.groups])
        return found[np.argsort(members)]

    @property
    def theta(self) -> Ints:
        """(R, P), T in ``config.words.parameter``."""
        return self._gathered(lambda group: group.trainer.theta)

    @property
    def visible(self) -> Ints:
        """(R, P), what the network sees of T, in ``config.words.visible``."""
        return self._gathered(lambda group: group.trainer.visible)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """(R, P), the numbers that the network multiplies by where nothing is shaken."""
        return self._gathered(lambda group: group.trainer.weights)

    @property
    def flags(self) -> Bits:
        """(R,), sticky within a try."""
        return self._gathered(lambda group: group.trainer.flags)

    @property
    def solved_at(self) -> Ints:
        """(R,), the step, of all tries together, whose C0 brought the verdict of the present try, or -1."""
        return self._gathered(lambda group: group.solved_at)

    def pause(self) -> None:
        """Stand still until all steps that have begun are done; see :meth:`mgd_sim.trainer.Trainer.pause`."""
        for group in self.groups:
            group.trainer.pause()

    @property
    def runs_on(self) -> str:
        """What the last steps ran on; see :attr:`mgd_sim.trainer.Trainer.runs_on`."""
        return self.groups[-1].trainer.runs_on

    def clone(self) -> Retrying:
        """An independent trainer in the same state."""
        return copy.deepcopy(self)

    def run(self, steps: int, record: bool = False) -> Record | None:
        """Go on for some steps; see :meth:`mgd_sim.trainer.Trainer.run`."""
        kept = Record.empty(self.config, steps, self.replicas) if record else None
        waiting = [(group, 0) for group in self.groups]
        self.groups = []
        while waiting:
            group, at = waiting.pop()
            while at < steps and len(group.members):
                pause = group.next_pause(self.config.judge.retry)
                count = min(steps - at, pause - group.trainer.step)
                keep(kept, at, group, group.trainer.run(count, record))
                at += count
                if group.trainer.step == pause:
                    tired = self._paused(group)
                    if len(tired):
                        waiting.append((self.begin(tired, self.tries[tired], self.step + at), at))
            if len(group.members):
                self.groups.append(group)
        self.step += steps
        return kept

    def _paused(self, group: Group) -> Ints:
        """After the step with the last reference of a try: the replicas that start again leave the group."""
        group.trainer.pause()
        goes_on = self._goes_on(group)
        tired = group.members[~goes_on]
        self.tries[tired] += 1
        group.rows = group.rows[goes_on]
        return tired

    def _goes_on(self, group: Group) -> Flags:
        """Which of a group's members do not start again at its pause."""
        solved: Flags = group.trainer.solved_at[group.rows] >= 0
        return solved

    def infer(self, x: npt.NDArray[Any]) -> Ints:
        """What the networks answer in their present tries; see :meth:`mgd_sim.trainer.Trainer.infer`."""
        return self._gathered(lambda group: group.trainer.infer(x))

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """How well the unperturbed network does; see :meth:`mgd_sim.trainer.Trainer.cost_and_accuracy`."""
        cost, accuracy = self._gathered(
            lambda group: np.stack(group.trainer.cost_and_accuracy(samples), axis=1)
        ).T
        return cost, accuracy


def keep(kept: Record | None, at: int, group: Group, record: Record | None) -> None:
    """The states of a group's replicas, from row ``at`` on."""
    if kept is None or record is None:
        return
    for name, part in record.arrays.items():
        kept.arrays[name][at : at + len(part), group.members] = part[:, group.rows]


def trainer(
    config: TrainerConfig,
    seeds: Sequence[int | Registers],
    *,
    samples: Dataset | None = None,
    perturbations: Ints | None = None,
    devices: Sequence[int] | None = None,
    library: Library = "auto",
    **changes: int,
) -> Trainer | Retrying:
    """Trainers of a configuration, of the kind that it asks for."""
    if config.retries:
        return Retrying(config, seeds, devices=devices, library=library, **changes)
    return Trainer(
        config,
        seeds,
        samples=samples,
        perturbations=perturbations,
        devices=devices,
        library=library,
        **changes,
    )
