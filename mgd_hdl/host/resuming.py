"""What a host can take along of a training, and how another circuit goes on with it.

No bus loads a circuit's counters and random registers. So a training goes on from the end of a window: with
the parameters that were read, and with other seeds, which follow from those of its first part. The twin does
exactly the same, see :meth:`Taken.twin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_sim.checkpoint import Checkpoint, Checkpoints
from mgd_sim.retry import registers_of
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer

from ..config import Registers, TrainerConfig, Tries
from ..config.errors import ConfigError
from ..config.sections import HostSection

__all__ = ["Part", "Taken"]

_MOST_PARTS = 1 << 12
_MOST_STEPS = 1 << 63


@dataclass(frozen=True)
class Part:
    """From a start on so many steps, with these registers."""

    registers: Registers
    steps: int


@dataclass(frozen=True)
class Taken:
    """A training so far: its parts, each from a start on, and what was learned.

    Attributes
    ----------
    parts : tuple of Part
        The last one ends with ``theta``.
    theta : ndarray
        (P,), T in ``config.words.parameter``.
    """

    parts: tuple[Part, ...]
    theta: npt.NDArray[np.int64]

    @property
    def steps(self) -> int:
        """Of all parts."""
        return sum(part.steps for part in self.parts)

    def next_registers(self, config: TrainerConfig) -> Registers:
        """Of the part that goes on: those of the last one, with the seeds of the next try of the first."""
        seeds = registers_of(Tries(config), self.parts[0].registers, len(self.parts) + 1)
        changed = {name: value for name, value in asdict(seeds).items() if name.startswith("seed_")}
        return replace(self.parts[-1].registers, **changed)

    def twin(self, config: TrainerConfig, samples: Dataset | None = None) -> Trainer:
        """The same training in the twin: it holds ``theta``, and goes on as the circuit would have.
        ConfigError with a device outside, which no twin has.
        """
        config = config.with_network()
        twin = Trainer(config, [self.parts[0].registers], samples=samples)
        twin.run(self.parts[0].steps)
        for part in self.parts[1:]:
            theta = twin.theta
            twin = Trainer(config, [part.registers], samples=samples)
            twin.write(theta)
            twin.run(part.steps)
        return twin

    def data(self, config: TrainerConfig) -> bytes:
        """As a file; a circuit on another bus may go on with it."""
        parts = [{"registers": asdict(part.registers), "steps": part.steps} for part in self.parts]
        return Checkpoint(_without_bus(config), {"host": parts}, {"T": self.theta}).data()

    @classmethod
    def read(cls, path: Path | str, config: TrainerConfig) -> Taken:
        """From such a file; Refused with one line where it is none, or of another configuration."""
        file = Checkpoints(path, _without_bus(config))
        found = file.more.get("host")
        if not isinstance(found, list) or not 0 < len(found) <= _MOST_PARTS:
            file.refuse("is no checkpoint of a circuit behind a bus")
        parts = tuple(_part(file, config, number, each) for number, each in enumerate(found))
        theta = file.array("T", np.int64, (config.parameters,))
        word = config.words.parameter
        if theta.min() < word.min or theta.max() > word.max:
            file.odd(f"T must be within {word}")
        return cls(parts, theta)


def _without_bus(config: TrainerConfig) -> TrainerConfig:
    """The trainer itself, which is the same on every bus."""
    return config.replaced(host=HostSection().model_dump())


def _part(file: Checkpoints, config: TrainerConfig, number: int, found: Any) -> Part:
    steps = found.get("steps") if isinstance(found, Mapping) else None
    registers = found.get("registers") if isinstance(found, Mapping) else None
    if type(steps) is not int or not 0 <= steps < _MOST_STEPS or not isinstance(registers, Mapping):
        file.odd(f"part {number} must have steps and registers")
    try:
        return Part(config.registers(**registers), steps)
    except (ConfigError, TypeError) as error:
        file.odd(f"registers of part {number}: {error}")
