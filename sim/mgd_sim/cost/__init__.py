"""What is left of the outputs: one number that says how wrong they are, and by how much it changed."""

from __future__ import annotations

from typing import ClassVar

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints, namespace, requantize

__all__ = ["ErrorLoss", "hot", "total"]


class ErrorLoss:
    """A loss that adds up something of each output's error: exact, then floored to the fraction bits of
    ``config.words.cost``.
    """

    #: Of the error, in what is added up.
    power: ClassVar[int] = 1

    def __init__(self, config: TrainerConfig):
        output = config.shape.layers[-1].output
        self.target_shift = output.fraction_bits - config.formats.target.fraction_bits
        self.fraction_bits = self.power * output.fraction_bits
        self.wanted = config.words.cost.fraction_bits

    def __call__(self, y: Ints, target: Ints) -> Ints:
        """The cost.

        Parameters
        ----------
        y : Ints
            (..., outputs, samples), in the output format of the last layer.
        target : Ints
            Broadcast against ``y``, in ``config.formats.target``.

        Returns
        -------
        Ints
            (..., samples), in ``config.words.cost``.
        """
        return requantize(self.added(y - (target << self.target_shift)), self.fraction_bits, self.wanted)

    def added(self, error: Ints) -> Ints:
        """What the errors (..., outputs, samples) are together, (..., samples)."""
        raise NotImplementedError


def hot(target: Ints) -> Flags:
    """Which of the targets (..., outputs, samples) is the largest, of equal ones the first: one-hot."""
    xp = namespace(target)
    largest: Ints = xp.argmax(target, axis=-2, keepdims=True)
    one_hot: Flags = largest == xp.arange(target.shape[-2])[:, None]
    return one_hot


def total(each: Ints) -> Ints:
    """The sum over the outputs, of (..., outputs, samples)."""
    if each.shape[-2] == 1:
        return each[..., 0, :]
    added: Ints = namespace(each).sum(each, axis=-2)
    return added
