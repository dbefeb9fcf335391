"""What is left of the outputs: one number that says how wrong they are, and by how much it changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Loss", "adder_tree", "chosen", "largest", "leading"]


class Loss(Block):
    """What all losses have in common: outputs and their targets go in, and what they cost comes out.

    Latency ``config.timing.cost_pipeline + config.timing.cost_padding`` clocks; one cost per clock.

    Members
    -------
    y : In(outputs)
    target : In(outputs)
        Where the outputs are classes the largest tells which, of equal ones the first.
    cost : Out(config.words.cost)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "y": In(data.ArrayLayout(shape(config.shape.layers[-1].output), config.outputs)),
                "target": In(data.ArrayLayout(shape(config.formats.target), config.outputs)),
                "cost": Out(shape(config.words.cost)),
            }
        )


def _tree(
    m: Module, terms: Sequence[Value], name: str, join: Callable[[Value, Value], Value]
) -> tuple[Value, int]:
    """Joins neighbours, one register level after the other; the result, and how many levels there are."""
    terms, level = list(terms), 0
    while len(terms) > 1:
        level += 1
        joined = []
        for i in range(0, len(terms), 2):
            pair = terms[i : i + 2]
            value = join(*pair) if len(pair) == 2 else pair[0]
            total = Signal(value.shape(), name=f"{name}_{level}_{i // 2}", reset_less=True)
            m.d.sync += total.eq(value)
            joined.append(total)
        terms = joined
    return terms[0], level


def adder_tree(m: Module, terms: Sequence[Value]) -> Value:
    """The exact sum, ``config.adder_levels`` clocks later."""
    return _tree(m, terms, "sum", lambda left, right: left + right)[0]


def largest(m: Module, terms: Sequence[Value]) -> Value:
    """The largest of words of one shape, ``config.adder_levels`` clocks later."""

    def larger(left: Value, right: Value) -> Value:
        # Mux gives a shape that holds both, which is that of each.
        return Mux(left >= right, left, right)

    return _tree(m, terms, "largest", larger)[0]


def leading(targets: Sequence[Value]) -> list[Value]:
    """Which of the targets is the largest, of equal ones the first; one-hot."""
    leads: list[Value] = [Const(1, 1)]  # larger than all before it
    best = targets[0]
    for target in targets[1:]:
        leads.append(target > best)
        best = Mux(leads[-1], target, best)
    hot, later_ones = [], Const(0, 1)
    for lead in reversed(leads):
        hot.append(lead & ~later_ones)
        later_ones = later_ones | lead
    return hot[::-1]


def chosen(hot: Sequence[Value], words: Sequence[Value]) -> Value:
    """The one of words of one shape whose wire is hot."""
    word = Const(0, len(words[0]))
    for wire, each in zip(hot, words, strict=True):
        word = word | Mux(wire, each.as_unsigned(), 0)
    return word.as_signed() if words[0].shape().signed else word
