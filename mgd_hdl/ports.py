"""The ports of a trainer and of its core, as members of a component."""

from __future__ import annotations

from amaranth.lib.wiring import In, Out

from .config.ports import ports
from .config.trainer import TrainerConfig
from .perturb import code_stream
from .samples import sample_stream

__all__ = ["controls"]

#: Ports that every clocked module has by itself, and that of the top alone.
_OUTER = ("clk", "rst", "start")


def controls(config: TrainerConfig) -> dict:
    """Members of the trainer but for ``start``: single ports from the table, those of streams together."""
    directions = {"input": In, "output": Out}
    members = {
        port.name: directions[port.direction](port.width(config))
        for port in ports(config)
        if port.name not in _OUTER and "__" not in port.name
    }
    if config.task.source == "stream":
        members["i_sample"] = In(sample_stream(config))
    if config.perturbation.family == "external":
        members["i_code"] = In(code_stream(config))
    return members
