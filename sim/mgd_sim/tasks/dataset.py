"""Samples as integers, in the formats of the circuit's input and target ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Dataset", "unpack"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """``x`` (count, inputs) and ``target`` (count, outputs), integers of any type."""

    x: npt.NDArray[Any]
    target: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.x)


def unpack(words: npt.NDArray[np.int64], bits: int) -> npt.NDArray[np.uint8]:
    """The low ``bits`` bits of every word, bit 0 first: (..., bits)."""
    return ((words[..., None] >> np.arange(bits)) & 1).astype(np.uint8)
