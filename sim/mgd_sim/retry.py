"""Trainers that start again by themselves where they have not learned for too long.

A try is a trainer without that option, with the seeds of its turn; so tries are run as such trainers, those
that began in the same step together.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig, Tries

from .control.sequencer import plan
from .evaluate import Evaluation
from .fixed import Bits, Ints
from .tasks import Dataset
from .trainer import Record, Trainer

__all__ = ["Group", "Retrying", "alone", "steps_of_a_try", "trainer"]

#: Steps that are planned at a time, to count their references.
_PLANNED = 1 << 12


def alone(config: TrainerConfig) -> TrainerConfig:
    """The same trainer, which does not start again by itself."""
    return config.replaced(judge={"retry": 0})


def steps_of_a_try(config: TrainerConfig, registers: Registers, references: int) -> int:
    """How many steps have so many references; the last of them has the last."""
    left, step = references, 0
    while True:
        counted = np.cumsum(plan(config, registers, step, _PLANNED).reference)
        if counted[-1] >= left:
            return step + int(np.searchsorted(counted, left)) + 1
        left -= int(counted[-1])
        step += _PLANNED


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
    references, pause : int
        The trainer pauses next once it has made ``pause`` steps, with so many references among them.
    """

    trainer: Trainer
    replicas: Ints
    tries: Ints
    rows: Ints
    begun: int
    references: int
    pause: int

    @property
    def members(self) -> Ints:
        """The replicas of the rows that matter."""
        return self.replicas[self.rows]

    def await_pause(self, step: int, every: int) -> None:
        """The next pause is the first one after so many steps of the trainer; between two are so many
        references.
        """
        while self.pause <= step:
            self.references += every
            self.pause = steps_of_a_try(self.trainer.config, self.trainer.registers, self.references)


class Retrying:
    """R trainers of one configuration with ``judge.retry``, ready for step 0 of their first try.

    After every ``judge.retry`` references a trainer stands still until all of its steps are done. If its
    judge is content by then it goes on, and otherwise it starts again with the next seeds of
    :class:`mgd_hdl.config.Tries`.

    Parameters
    ----------
    config : TrainerConfig
    seeds, devices, changes
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
        **changes: int,
    ):
        self.config = config
        self._alone = alone(config)
        self.each_registers = [
            config.followed(seed) if isinstance(seed, Registers) else config.registers(seed, **changes)
            for seed in seeds
        ]
        self.devices = None if devices is None else list(devices)
        self.perturbations = None  # codes from outside do not begin anew
        self._masks = [0]
        self._tries = Tries(config)
        self.step = 0
        self.tries = np.ones(len(self.each_registers), dtype=np.int64)
        self.groups = [self.begin(np.arange(self.replicas), self.tries, 0)]

    def begin(self, replicas: Ints, tries: Ints, step: int) -> Group:
        """Some tries of replicas, which begin after ``step`` steps of all."""
        while len(self._masks) < tries.max():
            self._masks = self._tries.masks(2 * len(self._masks))
        registers = [
            Tries.masked(self.each_registers[number], self._masks[count - 1])
            for number, count in zip(replicas.tolist(), tries.tolist(), strict=True)
        ]
        devices = None if self.devices is None else [self.devices[number] for number in replicas.tolist()]
        trainer = Trainer(self._alone, registers, devices=devices)
        most = self.config.judge.retry
        pause = steps_of_a_try(self._alone, trainer.registers, most)
        return Group(trainer, replicas, tries.copy(), np.arange(len(replicas)), step, most, pause)

    def begin_try(self, number: int, step: int) -> int:
        """All replicas stand at the beginning of this try, having learned in none before, and the whole at
        ``step``; the step at which it began.
        """
        lasts = steps_of_a_try(self._alone, self.each_registers[0], self.config.judge.retry)
        begun = (number - 1) * lasts
        self.tries = np.full(self.replicas, number)
        self.groups = [self.begin(np.arange(self.replicas), self.tries, begun)]
        self.step = step
        self.groups[0].await_pause(step - begun, self.config.judge.retry)
        return begun

    @property
    def replicas(self) -> int:
        """R."""
        return len(self.each_registers)

    @property
    def samples(self) -> Dataset:
        """All samples."""
        return self.groups[0].trainer.samples

    def _gathered(self, name: str) -> Ints:
        """An attribute of all trainers, in the order of the replicas."""
        parts = [(group.members, getattr(group.trainer, name)[group.rows]) for group in self.groups]
        shape = (self.replicas, *parts[0][1].shape[1:])
        found = np.empty(shape, dtype=parts[0][1].dtype)
        for members, part in parts:
            found[members] = part
        return found

    @property
    def theta(self) -> Ints:
        """(R, P), T in ``config.words.parameter``."""
        return self._gathered("theta")

    @property
    def visible(self) -> Ints:
        """(R, P), what the network sees of T, in ``config.words.visible``."""
        return self._gathered("visible")

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """(R, P), the numbers that the network multiplies by where nothing is shaken."""
        return self._gathered("weights").astype(np.float64)

    @property
    def flags(self) -> Bits:
        """(R,), sticky within a try."""
        flags: Bits = self._gathered("flags").astype(np.uint8)
        return flags

    @property
    def solved_at(self) -> Ints:
        """(R,), the step, of all tries together, whose C0 brought the verdict of the present try, or -1."""
        found = np.full(self.replicas, -1)
        for group in self.groups:
            at = group.trainer.solved_at[group.rows]
            found[group.members] = np.where(at < 0, -1, at + group.begun)
        return found

    def pause(self) -> None:
        """Stand still until all steps that have begun are done; see :meth:`mgd_sim.trainer.Trainer.pause`."""
        for group in self.groups:
            group.trainer.pause()

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
                count = min(steps - at, group.pause - group.trainer.step)
                _keep(kept, at, group, group.trainer.run(count, record))
                at += count
                if group.trainer.step == group.pause:
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
        group.await_pause(group.trainer.step, self.config.judge.retry)
        solved = group.trainer.solved_at[group.rows] >= 0
        tired = group.members[~solved]
        self.tries[tired] += 1
        group.rows = group.rows[solved]
        return tired

    def infer(self, x: npt.NDArray[Any]) -> Ints:
        """What the networks answer in their present tries; see :meth:`mgd_sim.trainer.Trainer.infer`."""
        answers = np.empty((self.replicas, len(x), self.config.outputs), dtype=np.int64)
        for group in self.groups:
            answers[group.members] = group.trainer.infer(x)[group.rows]
        return answers

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """How well the unperturbed network does; see :meth:`mgd_sim.trainer.Trainer.cost_and_accuracy`."""
        cost, accuracy = np.empty(self.replicas), np.empty(self.replicas)
        for group in self.groups:
            found = group.trainer.cost_and_accuracy(samples)
            cost[group.members], accuracy[group.members] = (part[group.rows] for part in found)
        return cost, accuracy


def _keep(kept: Record | None, at: int, group: Group, record: Record | None) -> None:
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
    **changes: int,
) -> Trainer | Retrying:
    """Trainers of a configuration, of the kind that it asks for."""
    if config.retries:
        return Retrying(config, seeds, devices=devices, **changes)
    return Trainer(config, seeds, samples=samples, perturbations=perturbations, devices=devices, **changes)
