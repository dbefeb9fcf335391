"""What will the board show? Try by try the step in which its LED goes on, and what it has learned then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, Tries

from .fixed import Flags, Ints
from .retry import alone, steps_of_a_try
from .tasks import judging
from .trainer import Trainer

__all__ = ["Forecast", "forecast"]

#: Steps between two looks whether all is solved.
_LOOK = 500


@dataclass(frozen=True)
class Forecast:
    """The first tries of a showcase.

    Attributes
    ----------
    solved_at : Ints
        (tries,), the step at whose end the LED goes on, or -1: given up.
    theta : Ints
        (tries, P), the parameters that then stand still, 0 where given up.
    accuracy : ndarray
        (tries,), share of samples that they answer right, nan where given up.
    saturated : Flags
        (tries,), whether a limit was met until then.
    patience : int
        Steps after which a try is given up.
    """

    solved_at: Ints
    theta: Ints
    accuracy: npt.NDArray[np.float64]
    saturated: Flags
    patience: int

    @property
    def median(self) -> float | None:
        """Steps until the LED is on, None if no more than half of the tries came so far."""
        steps = np.sort(np.where(self.solved_at < 0, np.iinfo(np.int64).max, self.solved_at + 1))
        middle = steps[(len(steps) - 1) // 2 : len(steps) // 2 + 1]
        return None if (self.solved_at < 0).sum() * 2 >= len(steps) else float(middle.mean())


def forecast(
    config: TrainerConfig,
    tries: int,
    patience: int,
    *,
    until_median: bool = False,
    look: Callable[[int, int], None] | None = None,
) -> Forecast:
    """Learn until each of the first ``tries`` is solved or has had ``patience`` steps.

    The step in which the judge says solved is the last one, except where steps overlap, with a shadow copy
    in the cells: then some that have begun still end.

    Parameters
    ----------
    config : TrainerConfig
        With a judge.
    tries, patience : int
        Of a trainer that tries again by itself ``judge.retry`` is what counts.
    until_median : bool
        Stop as soon as the first try is solved and so many are that the others change the median no more.
    look : callable, optional
        Told now and then the steps done and how many tries are solved.
    """
    registers = Tries(config).registers(tries)
    if config.retries:
        patience = steps_of_a_try(config, registers[0], config.judge.retry)
    config = alone(config)
    trainer = Trainer(config, registers)
    theta = np.zeros((tries, config.parameters), dtype=np.int64)
    saturated = np.zeros(tries, dtype=np.bool_)
    while trainer.step < patience and (trainer.solved_at < 0).any():
        before, count = trainer.clone(), min(_LOOK, patience - trainer.step)
        trainer.run(count)
        (new,) = np.nonzero((before.solved_at < 0) & (trainer.solved_at >= 0))
        if len(new):
            record = before.run(count, record=True)
            assert record is not None
            row = trainer.solved_at[new] - (trainer.step - count)
            theta[new], saturated[new] = record.theta[row, new], record.flags[row, new] != 0
        solved = trainer.solved_at >= 0
        if look is not None:
            look(trainer.step, int(solved.sum()))
        if until_median and solved[0] and solved.sum() > tries // 2:
            break
    trainer.hold(theta)
    _, accuracy = trainer.cost_and_accuracy(judging(config))
    solved = trainer.solved_at >= 0
    return Forecast(trainer.solved_at, theta, np.where(solved, accuracy, np.nan), saturated, patience)
