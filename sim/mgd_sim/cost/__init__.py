"""What is left of the outputs: one number that says how wrong they are, and by how much it changed."""

from __future__ import annotations

from ..fixed import Flags, Ints, namespace

__all__ = ["hot", "total"]


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
