"""The ports of a trainer and of its core, as members of a component."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from .config.ports import FRONTS, front_ports, ports, there
from .config.trainer import TrainerConfig
from .control import access
from .network import inference
from .perturb import code_stream
from .samples import input_stream, sample_stream

__all__ = ["inner", "outer"]

#: Ports that every clocked module has by itself.
_CLOCKING = ("clk", "rst")

#: Streams, by name; one that begins with ``o`` leaves the trainer.
_STREAMS: dict[str, Callable[[TrainerConfig], Signature]] = {
    "i_sample": sample_stream,
    "i_input": input_stream,
    "i_code": code_stream,
    "i_infer": inference.input_stream,
    "o_infer": inference.answer_stream,
    "i_access": access.command_stream,
    "o_access": access.answer_stream,
}


_DIRECTIONS = {"input": In, "output": Out}


def inner(config: TrainerConfig) -> dict:
    """Members of the core: those of the trainer, with ``restart`` in place of ``start`` and ``started``, and
    in place of ``tries`` ``tired``: it stands between two steps and has not solved the task for too long.
    Converters on a bus are around the core, which has their streams.
    """
    members = {name: member for name, member in outer(config).items() if not name.startswith(FRONTS)}
    for port in front_ports(config):
        members[port.name] = _DIRECTIONS[port.direction](port.width(config))
    del members["start"]
    members.pop("started", None)
    if members.pop("tries", None):
        members["tired"] = Out(1)
    return {"restart": In(1), **members}


def outer(config: TrainerConfig) -> dict:
    """Members of the trainer: single ports from the table, those of streams together."""
    members = {
        port.name: _DIRECTIONS[port.direction](port.width(config))
        for port in ports(config)
        if port.name not in _CLOCKING and "__" not in port.name
    }
    for name, stream in _STREAMS.items():
        if there(config, name):
            members[name] = (In if name.startswith("i") else Out)(stream(config))
    return members
