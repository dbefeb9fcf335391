"""The trainer: a network that learns by itself, on one chip."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In

from .config.trainer import TrainerConfig
from .core import Core
from .hierarchy import Block, place
from .ports import FLAGS, controls

__all__ = ["FLAGS", "Core", "Trainer"]


class Trainer(Block):
    """Network, cost, learning elements and all that keeps them in step.

    ``start`` resets everything, sets each parameter to a random value and begins at step 0; it may
    come at any time. While ``run`` is high the trainer goes on; low, it stops between two steps,
    and ``step`` then makes one more.

    Registers are read while running: time constants when their counters turn, ``learning_shift``
    at each update, seeds at ``start``.

    A step takes ``config.clocks_per_step`` clocks: with exact updates and without shadow it waits for
    its own update, with shadow it takes two clocks and a window's last one waits. Loaded codes make every
    step wait, and take a clock a parameter to load.

    Members
    -------
    start, run, step, clear_flags : In(1)
    tau_x, tau_p, tau_theta : In(config.learning.tau_bits)
    [tau_layer] : In(config.learning.tau_bits)
        Layer by layer only.
    learning_shift : In
        Learning rate 2**-learning_shift.
    [last_shift, anneal_every] : In, In(24)
        Annealing: one more after every so many updates, until the last.
    [halve_every] : In(24)
        The amplitude halves after so many updates, until its last one.
    [weight_decay] : In
        Parameters lose 2**(k - 1) last bits of half their range at each update, in the mean; 0 for nothing.
    [high_pass] : In(8)
        Analog only: the coefficient of the high-pass, in 1/256; read at each measurement.
    seed_initial, [seed_code, seed_sample, seed_dither, ...] : In(31)
        Only those the configuration uses.
    [cost_noise, update_noise] : In
        Standard deviation 2**(level + 1) last bits of the cost, or of T; 0 for none.
    [i_sample] : In(stream of {x, target})
        ``task.source = "stream"`` only.
    [i_code] : In(stream of u)
        ``perturbation.family = "external"`` only: one code word a parameter, that of the last parameter
        first, for each perturbation.
    busy : Out(1)
        From ``start`` until the trainer stands between two steps.
    step_done : Out(1)
        One clock for each step; its update is in all cells.
    flags : Out(3)
        Sticky: C~, its sum, or D was limited since ``start`` or ``clear_flags``.
    [clear_counts] : In(1); [judged_count, right_count] : Out(24)
        ``task.accuracy`` only: answers given at rest since ``start`` or ``clear_counts``, and right ones.
    [solved] : Out(1)
        ``judge.kind = "window"`` only: the task is learned; high until the next ``start``.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__({"start": In(1), **controls(config)})

    @property
    def module(self) -> str:
        return "trainer"

    def elaborate(self, platform):
        m = Module()
        core = place(m, platform, "core", Core(self.config), reset=self.start)
        started = Signal()
        m.d.sync += started.eq(self.start)
        m.d.comb += core.restart.eq(started)
        for name, member in self.signature.members.items():
            if name == "start":
                continue
            ours, theirs = getattr(self, name), getattr(core, name)
            if not member.is_port:
                m.d.comb += [
                    theirs.payload.eq(ours.payload),
                    theirs.valid.eq(ours.valid),
                    # What is taken while all is reset would be lost.
                    ours.ready.eq(theirs.ready & ~self.start),
                ]
            elif member.flow == In:
                m.d.comb += theirs.eq(ours)
            else:
                m.d.comb += ours.eq(theirs)
        return m
