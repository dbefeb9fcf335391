"""The word that carries one sample through the circuit, and places in which samples wait."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.stream import Signature

from ..config.trainer import TrainerConfig
from ..fixed import shape

__all__ = ["first_of", "in_a_row", "input_stream", "sample_stream", "target_layout"]


def target_layout(config: TrainerConfig) -> data.ArrayLayout:
    """The targets of a sample, the first one lowest."""
    return data.ArrayLayout(shape(config.formats.target), config.outputs)


def sample_stream(config: TrainerConfig) -> Signature:
    """A stream of {x, target}: inputs and targets, x in the low bits, input 0 lowest of all."""
    return Signature(
        data.StructLayout(
            {
                "x": data.ArrayLayout(shape(config.formats.input), config.inputs),
                "target": target_layout(config),
            }
        )
    )


def input_stream(config: TrainerConfig) -> Signature:
    """A stream of {x, target, first}: one input of a sample, x in the low bits; its targets, which count with
    the last one; whether it is input 0.
    """
    return Signature(
        data.StructLayout({"x": shape(config.formats.input), "target": target_layout(config), "first": 1})
    )


def first_of(words: Sequence[Value], good: Sequence[Value]) -> tuple[Value, Value, Value]:
    """The first good one of these candidates, whether there is one, and how many were tried up to it."""
    word, tried, last = words[-1], Const(len(words), len(words).bit_length()), len(words) - 1
    for number in reversed(range(last)):
        word = Mux(good[number], words[number], word)
        tried = Mux(good[number], number + 1, tried)
    return word, good[0] if last == 0 else Cat(*good).any(), tried


def in_a_row(
    m: Module, word: Value, *, put: Value, taken: Value, load: Value, places: int, late: bool = False
) -> tuple[Value, Value, Value]:
    """Words that wait in some places, the first of which is taken while the others move up.

    ``put``: ``word`` comes; nothing is put while there is no room. ``taken``: the first one goes, which there
    must be. ``load`` empties all places. ``late``: a word comes one clock after it was found that there is
    room.

    Returns
    -------
    tuple of Value
        The first word, whether there is one, and whether there is room for one more; all from registers, and
        so is ``put`` where it is late.
    """
    held = [Signal(len(word), name=f"waiting_{place}", reset_less=True) for place in range(places)]
    full = [Signal(name=f"full_{place}") for place in range(places)]
    for place in range(places):
        last = place == places - 1
        behind = Const(0, 1) if last else full[place + 1]
        before = full[place - 1] if place else Const(1, 1)
        free = Mux(taken, full[place] & ~behind, ~full[place] & before)
        lands = Signal(name=f"lands_{place}")
        m.d.comb += lands.eq(put & free)
        with m.If(load):
            m.d.sync += full[place].eq(0)
        with m.Elif(taken | lands):
            m.d.sync += full[place].eq(lands | behind)
        with m.If(lands):
            m.d.sync += held[place].eq(word)
        if not last:
            with m.Elif(taken):
                m.d.sync += held[place].eq(held[place + 1])
    return held[0], full[0], ~full[-1] & ~(full[-2] & put) if late else ~full[-1]
