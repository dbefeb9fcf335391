"""The trainer: a network that learns by itself, on one chip."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from .config.registers import SEEDS
from .config.trainer import TrainerConfig
from .control.judge import Retry
from .core import Core
from .hierarchy import Block, joined, place
from .ports import outer

__all__ = ["Core", "Trainer"]


class Trainer(Block):
    """Network, cost, learning elements and all that keeps them in step.

    ``start`` resets everything, sets each parameter to a random value and begins at step 0; it may
    come at any time. While ``run`` is high the trainer goes on; low, it stops between two steps,
    and ``step`` then makes one more.

    Registers are read while running: time constants when their counters turn, ``learning_shift``
    at each update, seeds at ``start``.

    A step takes ``config.timing.clocks_per_step`` clocks: with exact updates and without shadow it waits for
    its own update, with shadow it takes two clocks and a window's last one waits. Loaded codes make every
    step wait, and take a clock a parameter to load.

    Its ports, with their widths and what each means, are the table :data:`mgd_hdl.config.PORTS`; the page
    ``docs/trainer.md`` says how they play together.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(outer(config))

    @property
    def module(self) -> str:
        return "trainer"

    def elaborate(self, platform):
        m = Module()
        start, mask = self.start, None
        if self.config.retries:
            retry = place(m, platform, "retry", Retry(self.config))
            start, mask = retry.restart, retry.mask
        core = place(m, platform, "core", Core(self.config), reset=start)
        started = self.started if self.config.on_bus else Signal(name="started")
        m.d.sync += started.eq(start)
        m.d.comb += core.restart.eq(started)
        if self.config.retries:
            m.d.comb += [retry.start.eq(self.start), retry.tired.eq(core.tired), self.tries.eq(retry.tries)]
        for name, member in self.signature.members.items():
            if name in ("start", "started", "tries"):
                continue
            ours, theirs = getattr(self, name), getattr(core, name)
            if not member.is_port and member.flow == Out:
                m.d.comb += joined(theirs, ours)
            elif not member.is_port:
                m.d.comb += [
                    theirs.payload.eq(ours.payload),
                    theirs.valid.eq(ours.valid),
                    # What is taken while all is reset would be lost.
                    ours.ready.eq(theirs.ready & ~start),
                ]
            elif member.flow == In:
                m.d.comb += theirs.eq(ours ^ mask if mask is not None and name in SEEDS else ours)
            elif name == "busy" and self.config.retries:
                m.d.comb += ours.eq(theirs | core.tired)
            else:
                m.d.comb += ours.eq(theirs)
        return m
