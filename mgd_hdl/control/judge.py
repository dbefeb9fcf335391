"""The judge: has the task been learned, by what the circuit measures anyway?"""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Judge"]


class Judge(Block):
    """Watches the references C0: a window of them with few enough misses, and the task is solved.

    A reference is a miss where ``C0 >= config.judge.limit``. A window begins anew with its first miss
    too many, so with ``misses = 0`` it is a run of ``window`` small costs.

    ``solved`` rises two clocks after the reference that completes such a window, and stays. One
    reference a clock.

    Members
    -------
    i : In(stream of C0, always ready)
    solved : Out(1)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {"i": In(stream.Signature(shape(config.words.measured), always_ready=True)), "solved": Out(1)}
        )

    @property
    def module(self) -> str:
        return "judge"

    def elaborate(self, platform):
        m = Module()
        judge = self.config.judge

        # First clock: one bit of the cost is all that counts.
        valid = Signal()
        miss = Signal()
        m.d.sync += [valid.eq(self.i.valid), miss.eq(self.i.payload >= self.config.levels.judge_limit)]

        # Second clock: windows.
        seen = Signal(max(1, (judge.window - 1).bit_length()))
        last = Signal()
        failed = Signal()
        m.d.comb += last.eq(seen == judge.window - 1)
        if judge.misses:
            missed = Signal(judge.misses.bit_length())
            m.d.comb += failed.eq(miss & (missed == judge.misses))
            with m.If(valid & (failed | last)):
                m.d.sync += missed.eq(0)
            with m.Elif(valid & miss):
                m.d.sync += missed.eq(missed + 1)
        else:
            m.d.comb += failed.eq(miss)
        with m.If(valid & (failed | last)):
            m.d.sync += seen.eq(0)
        with m.Elif(valid):
            m.d.sync += seen.eq(seen + 1)
        with m.If(valid & last & ~failed):
            m.d.sync += self.solved.eq(1)
        return m
