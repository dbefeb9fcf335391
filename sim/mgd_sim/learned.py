"""What was learned, to take along: parameters as integers and as numbers, and where they come from.

One file, ``NAME.parameters.npz``, holds all seeds of a run as the circuit's integers, and the best of them as
the numbers that its network multiplies by. Every entry is a plain array, text too: no pickle.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import LayerConfig, TrainerConfig
from mgd_hdl.config.attached.parameters import KIND
from mgd_hdl.config.data import OwnData
from mgd_hdl.config.errors import one_line
from mgd_hdl.config.toml import text_of

from .evaluate import Evaluation
from .fixed import Ints
from .float_mgd import Floats, matrix
from .network.activation import departure
from .retry import Retrying
from .seeds import numbers, quartiles
from .studies.learning import Goal
from .tasks import judging
from .trainer import Trainer

__all__ = ["DEFECTS", "Learned"]

#: What a neuron of a device has of its own, see :class:`mgd_hdl.config.Defect`.
DEFECTS = ("shift", "offset", "gain", "height")

_QUARTILES = ("lower_quartile", "median", "upper_quartile")

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Learned:
    """What trainers of one configuration hold after ``step`` steps.

    Attributes
    ----------
    config : TrainerConfig
    seeds : sequence of int
        One for each of R trainers.
    step : int
    theta, visible : Ints
        (R, P): T in ``config.words.parameter``, and what the network sees of it in ``config.words.visible``.
        The second is the first without its guard bits, unless a copy lags behind: with a shadow or delayed
        updates within a window, with ``learning.follow`` always.
    weights : Floats
        (R, P), the numbers that the network at rest multiplies by.
    scores : Evaluation
        Mean cost and accuracy, (R,) each; of the samples that are set aside, where there are some.
    learned : Floats or None
        (R,), then the accuracy of the samples that are learned from.
    solved_at : sequence of int or None
        The step at which each seed was first seen to meet the task's goal, None if none.
    """

    config: TrainerConfig
    seeds: Sequence[int]
    step: int
    theta: Ints
    visible: Ints
    weights: Floats
    scores: Evaluation
    learned: Floats | None
    solved_at: Sequence[int | None]

    @property
    def best(self) -> int:
        """Number of the seed with most right answers; of equal ones that of least cost, then the first."""
        cost, accuracy = self.scores
        return int(np.lexsort((cost, -accuracy))[0])

    @classmethod
    def of(
        cls,
        config: TrainerConfig,
        trainer: Trainer | Retrying,
        step: int,
        seeds: Sequence[int],
        solved_at: Sequence[int | None],
    ) -> Learned:
        """What trainers hold now, evaluated on their task."""
        aside = judging(config)
        scores = trainer.cost_and_accuracy(aside)
        learned = None if aside is None else trainer.cost_and_accuracy()[1]
        held = (trainer.theta, trainer.visible, trainer.weights)
        return cls(config, seeds, step, *held, scores, learned, solved_at)

    def arrays(self) -> Arrays:
        """Everything by name, as it stands in the file and on the page ``docs/results.md``."""
        config, (cost, accuracy) = self.config, self.scores
        weights = self.weights[self.best]
        found: Arrays = {
            "kind": np.array(KIND),
            "name": np.array(config.name),
            "configuration": np.array(text_of(config)),
            "files": np.array(
                [[key, file.name, file.sha256] for key, file in config.attached.files] or [[""] * 3]
            ),
            "layers": np.array(config.network.layers, np.int32),
            "formats": np.array(
                [[key, str(getattr(config.words, key))] for key in ("parameter", "visible", "weight")]
                + [[key, str(getattr(config.formats, key))] for key in ("input", "target")]
            ),
            "step": np.array(self.step, np.int64),
            "seeds": np.array(self.seeds, np.int64),
            "best": np.array(self.best, np.int32),
            "cost": np.asarray(cost, np.float64),
            "accuracy": np.asarray(accuracy, np.float64),
            **({} if self.learned is None else {"train_accuracy": np.asarray(self.learned, np.float64)}),
            "solved_at": numbers(self.solved_at),
            "T": self.theta.astype(np.int32),
            "visible": self.visible.astype(np.int32),
        }
        if config.shape.task_data.file:
            found |= _of_samples(config.data)
        for layer in config.shape.layers:
            found |= {f"layer_{layer.index}.{key}": each for key, each in _of_layer(layer, weights).items()}
        return found

    def summary(self, goal: Goal) -> dict[str, Any]:
        """What became of the seeds, as JSON has it."""
        cost, accuracy = (each.tolist() for each in self.scores)
        solved = [at for at in self.solved_at if at is not None]
        train = [] if self.learned is None else self.learned.tolist()
        return {
            "name": self.config.name,
            "task": self.config.task.name,
            **self.config.attached.entry,
            "goal": {
                "accuracy": goal.accuracy,
                "cost": None if goal.cost == float("inf") else goal.cost,
                "looked_at_every": goal.every,
            },
            "steps": self.step,
            "seeds": len(self.seeds),
            "solved": len(solved),
            "share_solved": len(solved) / len(self.seeds),
            "steps_to_goal": dict(zip(_QUARTILES, quartiles(self.solved_at), strict=True)),
            "cost": dict(zip(_QUARTILES, quartiles(cost), strict=True)),
            "accuracy": dict(zip(_QUARTILES, quartiles(accuracy), strict=True)),
            **({"train_accuracy": dict(zip(_QUARTILES, quartiles(train), strict=True))} if train else {}),
            "best_seed": self.seeds[self.best],
            "each": [
                {"seed": seed, "solved_at": at, "cost": one_cost, "accuracy": one_accuracy}
                for seed, at, one_cost, one_accuracy in zip(
                    self.seeds, self.solved_at, cost, accuracy, strict=True
                )
            ],
        }

    def npz(self) -> bytes:
        """The file; the same arrays give the same bytes."""
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **self.arrays())
        return file.getvalue()


def _of_samples(data: OwnData) -> Arrays:
    """What the user's own inputs and answers are called, and which numbers are the ends of their formats."""
    inputs, values = data.ranges
    found = {"input_names": _texts(data.samples.inputs)}
    if inputs is not None:
        found["input_range"] = np.stack(inputs)
    if data.classes:
        found["classes"] = _texts(data.classes)
    elif values is not None:
        found["target_range"] = np.stack(values)
    return found


def _texts(names: Sequence[str]) -> npt.NDArray[Any]:
    return np.array([one_line(name) for name in names])


def _of_layer(layer: LayerConfig, theta: Floats) -> Arrays:
    """A layer's numbers: weights (out, in) and biases (out,), of defects four more (out,); and its curve."""
    own = matrix(layer, theta)
    found: Arrays = {
        "weight": own[:, :-1],
        "bias": own[:, -1],
        "activation": np.array(layer.activation),
        "error": np.array(departure(layer)),
    }
    for name in DEFECTS if layer.defects else ():
        found[name] = np.array([getattr(defect, name) for defect in layer.defects])
    return found
