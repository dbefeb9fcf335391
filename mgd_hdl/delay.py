"""What a value was some clocks ago, or what many bits had in common."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value

__all__ = ["later", "parity"]


def later(m: Module, value: Value, name: str, clocks: int, *, resets: bool = False) -> Value:
    """``value`` as it was so many clocks ago, from registers without reset, or with one."""
    for clock in range(clocks):
        following = Signal(value.shape(), name=f"{name}_later_{clock}", reset_less=not resets)
        m.d.sync += following.eq(value)
        value = following
    return value


def parity(m: Module, name: str, bits: Sequence[Value], levels: int) -> Value:
    """Whether an odd number of bits was high so many clocks ago: a tree of four to one, a register each."""
    for level in range(levels):
        register = Signal(-(-len(bits) // 4), name=f"{name}_{level}", reset_less=True)
        m.d.sync += register.eq(Cat(Cat(*bits[i : i + 4]).xor() for i in range(0, len(bits), 4)))
        bits = list(register)
    (root,) = bits
    return root
