"""What a value was some clocks ago."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

__all__ = ["later"]


def later(m: Module, value: Value, name: str, clocks: int) -> Value:
    """``value`` as it was so many clocks ago, from registers without reset."""
    for clock in range(clocks):
        following = Signal(value.shape(), name=f"{name}_later_{clock}", reset_less=True)
        m.d.sync += following.eq(value)
        value = following
    return value
