"""The gate: which cost changes are too small to be believed, and which too large to be followed?"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Gate"]


class Gate(Block):
    """``0`` where ``|C~| <= change_gate``, else C~ limited to ``-change_limit .. change_limit``.

    Both are registers, in last bits of C~. A limit of ``config.words.cost_change.max`` and a gate of zero
    change nothing but the least C~, which has no positive counterpart. A gate that reaches the limit
    lets nothing through.

    Latency one clock; with many stages (``engine.stages``) three: sums whose signs tell where C~ lies, what
    to do, the choice; what they compare with is what the registers were a clock before. One cost change a
    clock.

    Members
    -------
    i : In(stream of C~, always ready)
    change_limit, change_gate : In
        Unsigned, one bit narrower than C~.
    o : Out(stream of C~, always ready)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        change = stream.Signature(shape(config.words.cost_change), always_ready=True)
        size = config.words.cost_change.width - 1
        super().__init__(
            {"i": In(change), "change_limit": In(size), "change_gate": In(size), "o": Out(change)}
        )

    @property
    def module(self) -> str:
        return "gate"

    def elaborate(self, platform):
        m = Module()
        staged = self.config.staged
        if staged:
            # Nobody reads it without valid: its register is spared a reset.
            m.d.comb += self.o.payload.eq(later(m, self._in_turn(m)[: len(self.i.payload)], "given", 1))
        else:
            m.d.sync += self.o.payload.eq(self._at_once(m))
        m.d.sync += self.o.valid.eq(later(m, self.i.valid, "valid", 2 * staged, resets=True))
        return m

    def _at_once(self, m: Module) -> Value:
        """The size, compared, and with its sign again."""
        change = self.i.payload
        size = Signal(len(change))
        kept = Signal(len(self.change_limit))
        m.d.comb += [
            size.eq(Mux(change < 0, -change, change)),
            kept.eq(Mux(size > self.change_limit, self.change_limit, size)),
        ]
        with m.If(size <= self.change_gate):
            m.d.comb += kept.eq(0)
        return Mux(change < 0, -kept, kept)

    def _in_turn(self, m: Module) -> Value:
        """The same two clocks later, without a size: each comparison is the sign of one sum, which a register
        keeps, and no sum waits for another.
        """
        change = self.i.payload
        limit = later(m, self.change_limit, "limit", 1)
        gate = later(m, self.change_gate, "gate", 1)
        above = later(m, (limit - change) < 0, "above", 1)
        below = later(m, (limit + change) < 0, "below", 1)
        outside = later(m, Cat((gate - change) < 0, (gate + change) < 0), "outside", 1)
        bound = Mux(below, later(m, -limit, "lowest", 1), later(m, limit, "highest", 1))
        given = Mux(
            later(m, above | below, "beyond", 1), later(m, bound, "bound", 1), later(m, change, "change", 2)
        )
        return Mux(later(m, outside.any(), "believed", 1), given, 0)
