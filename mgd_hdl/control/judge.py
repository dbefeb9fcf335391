"""The judge: has the task been learned, by what the circuit measures anyway?"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.ports import COUNT_BITS
from ..config.showcase import Tries
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister

__all__ = ["Judge", "Retry"]


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


class Retry(Block):
    """Starts the trainer again where the judge was not content for too long, with other seeds.

    Each try has the seeds of :class:`mgd_hdl.config.Tries`: those of the first are the registers', and those
    of later ones differ from them by ``mask``, which is the same for all.

    Members
    -------
    start : In(1)
        The host starts the trainer: this is the first try.
    tired : In(1)
        The trainer stands between two steps, and this try has taken long enough.
    restart : Out(1)
        Start, for either reason.
    mask : Out(31)
        What is exclusive-ored with every seed, from the clock after ``restart`` on.
    tries : Out(24)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "start": In(1),
                "tired": In(1),
                "restart": Out(1),
                "mask": Out(LFSR.degree),
                "tries": Out(COUNT_BITS),
            }
        )

    @property
    def module(self) -> str:
        return "retry"

    def elaborate(self, platform):
        m = Module()
        first = Const(Tries(self.config).first, LFSR.degree)
        register = place(m, platform, "register", ShiftRegister())
        m.d.comb += [
            self.restart.eq(self.start | self.tired),
            register.load.eq(self.start),
            register.seed.eq(first),
            register.advance.eq(self.tired),
            self.mask.eq(register.state ^ first),
        ]
        with m.If(self.start):
            m.d.sync += self.tries.eq(1)
        with m.Elif(self.tired & ~self.tries.all()):
            m.d.sync += self.tries.eq(self.tries + 1)
        return m
