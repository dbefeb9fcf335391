"""The ports of a trainer and of its core."""

from __future__ import annotations

from amaranth.lib.wiring import In, Out

from .config.registers import REGISTERS
from .config.trainer import COUNT_BITS, TrainerConfig
from .perturb import code_stream
from .samples import sample_stream

__all__ = ["FLAGS", "controls"]

#: Bits of the sticky flags.
FLAGS = ("cost_change_saturated", "hold_saturated", "update_saturated")


def _registers(config: TrainerConfig) -> dict:
    """Run-time registers: ports that the host holds."""
    return {register.name: In(register.width(config)) for register in REGISTERS if register.there(config)}


def controls(config: TrainerConfig) -> dict:
    """Members of the trainer but for ``start``."""
    members = {
        "run": In(1),
        "step": In(1),
        "clear_flags": In(1),
        **_registers(config),
        "busy": Out(1),
        "step_done": Out(1),
        "flags": Out(len(FLAGS)),
    }
    if config.judged:
        members["solved"] = Out(1)
    if config.task.accuracy:
        counts = ("judged_count", "right_count")
        members |= {"clear_counts": In(1), **{name: Out(COUNT_BITS) for name in counts}}
    if config.task.source == "stream":
        members["i_sample"] = In(sample_stream(config))
    if config.perturbation.family == "external":
        members["i_code"] = In(code_stream(config))
    return members
