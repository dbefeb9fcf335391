"""The word that carries one sample through the circuit."""

from __future__ import annotations

from amaranth.lib import data
from amaranth.lib.stream import Signature

from ..config.trainer import TrainerConfig
from ..fixed import shape

__all__ = ["sample_stream"]


def sample_stream(config: TrainerConfig) -> Signature:
    """A stream of {x, target}: inputs and targets, x in the low bits, input 0 lowest of all."""
    return Signature(
        data.StructLayout(
            {
                "x": data.ArrayLayout(shape(config.formats.input), config.inputs),
                "target": data.ArrayLayout(shape(config.formats.target), config.outputs),
            }
        )
    )
