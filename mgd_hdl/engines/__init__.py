"""Engines: whatever holds the parameters, with one contract for the core."""

from __future__ import annotations

from ..config.trainer import TrainerConfig
from .bank import AheadEngine, BankEngine
from .engine import Broadcast, Engine, Passing
from .loaded import LoadedEngine
from .node import NodeEngine
from .outside_bank import OutsideBankEngine
from .parallel import ParallelEngine
from .serial import SerialEngine

__all__ = ["ENGINES", "Broadcast", "Engine", "Passing", "engine_of"]

#: By the names of their facts, :data:`mgd_hdl.config.engines.ENGINES`.
ENGINES: dict[str, type[Engine]] = {
    "parallel": ParallelEngine,
    "serial": SerialEngine,
    "loaded": LoadedEngine,
    "outside bank": OutsideBankEngine,
    "bank": BankEngine,
    "node": NodeEngine,
}


def engine_of(config: TrainerConfig) -> Engine:
    """The engine that a configuration asks for."""
    return (AheadEngine if config.sweeps_ahead else ENGINES[config.facts.name])(config)
