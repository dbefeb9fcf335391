"""Devices in the loop with ``judge.retry``: what does not learn for too long begins anew, as in the circuit.

Tries that began together are one trainer. Trainers take their steps in turn, so that all devices are measured
all the time, and a run that is ended leaves all at the same step.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig

from .evaluate import Evaluation
from .fixed import Flags, Ints
from .loop import LoopTrainer, Measured, Meter, Nothing, Outside, Tally, Undone
from .retry import Group, Retrying, keep
from .tasks import Dataset
from .trainer import Record

__all__ = ["LoopRetrying"]


class _Some:
    """The devices of one trainer's replicas; those that have begun another try are not measured for it."""

    def __init__(self, outside: Outside, replicas: Ints):
        self.outside, self.replicas = outside, replicas
        self.group: Group | None = None

    def __call__(
        self, weight: Ints, x: npt.NDArray[Any], resting: Flags | None = None, rows: Ints | None = None
    ) -> Measured:
        chosen = np.arange(len(self.replicas)) if self.group is None else self.group.rows
        found = self.outside(
            weight[chosen], x[chosen], None if resting is None else resting[chosen], self.replicas[chosen]
        )
        if len(chosen) == len(self.replicas):
            return found

        def among_all(some: npt.NDArray[Any] | None) -> Any:
            """Of those that do not matter any more ones: no fault, and nobody looks at them."""
            if some is None:
                return None
            whole = np.ones((len(self.replicas), *some.shape[1:]), dtype=some.dtype)
            whole[chosen] = some
            return whole

        return Measured(among_all(found.values), among_all(found.second), among_all(found.valid))

    def rest(self, weight: Ints, resting: Flags) -> None:
        """Left to those who know all devices."""


def _loop(group: Group) -> LoopTrainer:
    """Its trainer."""
    assert isinstance(group.trainer, LoopTrainer)
    return group.trainer


class _Stretch:
    """Steps of a trainer up to its next pause or the end of a run, one for each ``next(steps)``.

    Parameters
    ----------
    group : Group
    left : int
        Steps of the run.
    every : int
        References from one pause to the next.
    kept : Record or None
        Where their states go.
    at : int
        The row of the first of them.
    """

    def __init__(self, group: Group, left: int, every: int, kept: Record | None, at: int):
        self.group, self.trainer, self.kept, self.at = group, _loop(group), kept, at
        #: The pause, in steps of all tries together.
        self.pause = group.begun + group.next_pause(every)
        count = min(left, group.next_pause(every) - self.trainer.step)
        self.record = None
        if kept is not None:
            self.record = Record.empty(self.trainer.config, count, self.trainer.replicas)
        self.steps: Generator[int] = self.trainer.advance(count, self.record)

    def undo(self) -> None:
        """The last step has not been done."""
        with contextlib.suppress(Undone, StopIteration):
            self.steps.throw(Undone())

    def end(self, tally: Tally) -> None:
        """No further step; what was seen is kept."""
        self.steps.close()
        keep(self.kept, self.at, self.group, self.record)
        tally.total[self.group.members] += self.trainer.tally.total[self.group.rows]
        tally.counted[self.group.members] += self.trainer.tally.counted[self.group.rows]


class LoopRetrying(Retrying):
    """R trainers of one configuration with a device outside and ``judge.retry``, ready for step 0.

    A try lasts so many references as are due, whether or not they could be measured. Devices that rest begin
    no other try.

    Parameters
    ----------
    config : TrainerConfig
    seeds : sequence of int or Registers
        One for each replica.
    outside : Outside
        What measures their devices.
    changes
        As for :class:`mgd_sim.trainer.Trainer`.
    """

    def __init__(
        self, config: TrainerConfig, seeds: Sequence[int | Registers], outside: Outside, **changes: int
    ):
        self._outside = outside
        self.tally = Tally.zero(len(seeds))
        super().__init__(config, seeds, devices=None, library="numpy", **changes)
        self.meter = Meter(_loop(self.groups[0]).take_step, outside, self.samples, self.replicas)

    def _trainer(self, replicas: Ints, registers: Sequence[Registers]) -> LoopTrainer:
        self._begun = _Some(self._outside, replicas)
        return LoopTrainer(self._alone, registers, self._begun)

    def begin(self, replicas: Ints, tries: Ints, step: int) -> Group:
        group = super().begin(replicas, tries, step)
        self._begun.group = group
        return group

    @property
    def resting(self) -> Flags:
        """(R,), those whose device failed too often in a row."""
        return self._gathered(lambda group: _loop(group).resting)

    @property
    def rest(self) -> Ints:
        """(R, P), what the devices are given at rest, in ``config.words.weight``."""
        return self._gathered(lambda group: _loop(group).rest)

    @property
    def mean_cost(self) -> npt.NDArray[np.float64]:
        """(R,), of the last run: the mean of C as it was measured, NaN where it never was."""
        return self.tally.mean(self.config)

    def start(self) -> None:
        """Those that rest go on, see :meth:`mgd_sim.loop.LoopTrainer.start`."""
        for group in self.groups:
            _loop(group).start()

    def load(self, theta: Ints, which: Flags | None = None) -> None:
        """Other parameters in the present try, see :meth:`mgd_sim.loop.LoopTrainer.load`."""
        chosen = np.ones(self.replicas, dtype=np.bool_) if which is None else which
        for group in self.groups:
            _loop(group).load(theta[group.replicas], chosen[group.replicas])
        if (loaded := self.resting & chosen).any():
            self._outside.rest(self.rest, loaded)

    def clone(self) -> LoopRetrying:
        """The same without the device: all that is measured is zero."""
        return copy.deepcopy(self, {id(self._outside): Nothing(self.config)})

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """How well the devices do with parameters at rest, see :meth:`mgd_sim.loop.Meter`."""
        return self.meter.cost_and_accuracy(self.rest, samples)

    def run(
        self, steps: int, record: bool = False, goes_on: Callable[[int], bool] = lambda done: True
    ) -> Record | None:
        """Go on for some steps, or until all rest; see :meth:`mgd_sim.loop.LoopTrainer.run`."""
        kept = Record.empty(self.config, steps, self.replicas) if record else None
        self.tally = Tally.zero(self.replicas)
        first, end = self.step, self.step + steps
        stretches: dict[int, _Stretch] = {}
        done: list[_Stretch] = []
        try:
            while self.step < end:
                for group in self.groups:
                    stretch = stretches.get(id(group))
                    if stretch is None:
                        stretch = _Stretch(
                            group, end - self.step, self.config.judge.retry, kept, self.step - first
                        )
                        stretches[id(group)] = stretch
                    next(stretch.steps)
                    done.append(stretch)
                self.step += 1
                done.clear()
                for group in list(self.groups):
                    if stretches[id(group)].pause == self.step:
                        stretches.pop(id(group)).end(self.tally)
                        self._begin_again(group)
                if self.resting.all():
                    self._outside.rest(self.rest, self.resting)
                    break
                if not goes_on(self.step - first):
                    break
        finally:
            for stretch in done:
                stretch.undo()
            for stretch in stretches.values():
                stretch.end(self.tally)
        return kept

    def _begin_again(self, group: Group) -> None:
        """At a pause of a group: those that have not learned begin another try."""
        tired = self._paused(group)
        if len(tired):
            self.groups.append(self.begin(tired, self.tries[tired], self.step))
        if not len(group.members):
            self.groups.remove(group)

    def _goes_on(self, group: Group) -> Flags:
        return super()._goes_on(group) | _loop(group).resting[group.rows]
