"""Engines: whatever holds the parameters, with one contract for the core."""

from __future__ import annotations

from ..config.trainer import TrainerConfig
from .engine import Broadcast, Engine, Passing
from .loaded import LoadedEngine
from .node import NodeEngine
from .parallel import ParallelEngine
from .serial import SerialEngine

__all__ = ["Broadcast", "Engine", "Passing", "engine_of"]


def engine_of(config: TrainerConfig) -> Engine:
    """The engine that a configuration asks for."""
    if config.loaded:
        return LoadedEngine(config)
    if config.nodes:
        return NodeEngine(config)
    return SerialEngine(config) if config.serial else ParallelEngine(config)
