"""Engines, whatever holds the parameters: their facts, and which of them a configuration asks for."""

from __future__ import annotations

from ..asked import Asked
from .bank import BankFacts
from .facts import EngineFacts, Probe
from .indices import Indices, Rows
from .layout import TILE_CELLS, Place, Tile
from .loaded import LoadedFacts
from .node import NodeFacts
from .outside_bank import OutsideBankFacts
from .parallel import ParallelFacts
from .serial import SerialFacts
from .series import Series
from .sweep import Sweep

__all__ = [
    "ENGINES",
    "TILE_CELLS",
    "BankFacts",
    "EngineFacts",
    "Indices",
    "Place",
    "Probe",
    "Rows",
    "Series",
    "Sweep",
    "Tile",
    "facts_of",
]

#: All engines by name.
ENGINES: dict[str, type[EngineFacts]] = {
    each.name: each
    for each in (ParallelFacts, SerialFacts, LoadedFacts, OutsideBankFacts, BankFacts, NodeFacts)
}


def facts_of(asked: Asked) -> EngineFacts:
    """The one place where an engine is chosen; of two that are asked for together the first. Only a bank
    can have another one's option: it goes node by node too.
    """
    for facts in ENGINES.values():
        if facts.chosen(asked):
            return facts(asked)
    return ParallelFacts(asked)
