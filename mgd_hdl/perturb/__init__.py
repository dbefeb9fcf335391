"""The word that carries one parameter's code into its cell."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib.stream import Signature

from ..config.trainer import TrainerConfig

__all__ = ["code_stream"]


def code_stream(config: TrainerConfig) -> Signature:
    """A stream of code words: for each perturbation one a parameter, that of the last parameter first."""
    return Signature(unsigned(config.code_bits))
