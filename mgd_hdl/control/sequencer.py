"""The sequencer: when is a sample taken, a cost measured, a perturbation changed, a parameter updated?"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..hierarchy import Block

__all__ = ["Sequencer"]


class Sequencer(Block):
    """Counts the three time constants and commands one measurement after the other.

    A step takes two clocks: in the first the reference is measured where one is due (one-sided:
    after a new sample or an update, or always; two-sided: always), in the second the perturbed cost. With
    exact updates the sequencer then waits for ``resume`` where parameters are about to change:
    without shadow after every step, with shadow at the end of each window. Delayed updates never
    wait, but those of a bank: there a sweep waits until it may follow the one before.

    The analog algorithm measures no reference: the first clock of a step is for its sample only.

    Serial cells need ``config.timing.measure_clocks`` for a measurement, so the perturbed one follows its
    reference by so many, and each waits until the cells are ``free``. Loaded codes make every step wait for
    ``resume``, and the measurements that need the code until it is there, which also makes them ``free``.

    The registers tau_x, tau_p and tau_theta are read at each turn of their counters, so that finite
    differences, coordinate descent, SPSA and mini-batches are settings of one circuit.

    Members
    -------
    restart : In(1)
        Parameters are set: go to step 0. The sequencer idles after reset.
    run : In(1)
        Keep going; low, it stops between two steps.
    step : In(1)
        While ``run`` is low: one more step; during a step, one more after it.
    resume : In(1), exact updates and banks only
        The update of the last step reaches the cells, or the next step may begin ahead of it.
    free : In(1), serial cells and loaded codes only
        A measurement may begin now; with loaded codes the reference of a one-sided step always may.
    hold : In(1), ``config.holds`` only, or where words wait for steps
        No step begins, whatever is asked for.
    wanted : Out(1), ``config.takes_turns`` only
        A step is asked for, by ``run`` or ``step``, whether anything holds it or not.
    rests : Out(1), where words or sweeps wait for steps (``config.shape.waits_for_steps``)
        A step could begin, but none is wanted.
    between : Out(1), ``config.doors`` only
        No step that has begun has anything more to command, and none begins while ``hold`` is high.
    renew : In(1), ``config.renewed`` only
        Parameters have changed between two steps: the next one measures its reference.
    under_way : Out(1), serial cells, loaded codes, many stages
        A step has begun, and its perturbed measurement not yet.
    tau_x, tau_p, tau_theta : In(tau_bits), at least 1
    sample_valid : In(1); take : Out(1)
        The sample stream's handshake.
    measure : Out(1)
        A measurement enters.
    reference : Out(1), unless analog
        It is the reference; otherwise the perturbed cost, which ends the step, and
    blank : Out(1), analog only
        it is the first of a new sample;
    hold_end, [window_end], flush : Out(1)
        the last one of this perturbation; shadow only: the last before an update; either.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        tau = config.learning.tau_bits
        lasts = config.facts.waits or config.outside
        members = {"free": In(1)} if lasts else {}
        if lasts or config.staged:
            members["under_way"] = Out(1)
        if not config.never_waits:
            members["resume"] = In(1)
        if config.shadow:
            members["window_end"] = Out(1)
        if config.holds or config.shape.paced:
            members["hold"] = In(1)
        if config.shape.waits_for_steps:
            members["rests"] = Out(1)
        if config.takes_turns:
            members["wanted"] = Out(1)
        if config.doors:
            members["between"] = Out(1)
        if config.renewed:
            members["renew"] = In(1)
        super().__init__(
            {
                **members,
                "restart": In(1),
                "run": In(1),
                "step": In(1),
                "tau_x": In(tau),
                "tau_p": In(tau),
                "tau_theta": In(tau),
                "sample_valid": In(1),
                "take": Out(1),
                "measure": Out(1),
                "blank" if config.analog else "reference": Out(1),
                "hold_end": Out(1),
                "flush": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "sequencer"

    @property
    def perturbed(self):
        """The last measurement of a step is commanded."""
        return self.measure if self.config.analog else self.measure & ~self.reference

    def elaborate(self, platform):
        m = Module()
        config, chain = self.config, self.config.facts.chain

        # Each counter starts at its time constant and ends at one.
        turn = Signal()
        last = {}
        for name in ("x", "p", "theta"):
            tau = getattr(self, f"tau_{name}")
            count = Signal.like(tau, name=f"count_{name}")
            last[name] = Signal(name=f"last_{name}")
            # With many stages a register keeps what is known of the count when it is made.
            if not config.staged:
                m.d.comb += last[name].eq(count == 1)
            with m.If(self.restart | (turn & last[name])):
                m.d.sync += [count.eq(tau), *([last[name].eq(tau == 1)] if config.staged else [])]
            with m.Elif(turn):
                m.d.sync += [count.eq(count - 1), *([last[name].eq(count == 2)] if config.staged else [])]

        sample_due = Signal()
        if not config.analog:
            reference_due = Signal()
        asked = Signal()  # one more step was asked for
        go = Signal()
        lasts = config.facts.waits or config.outside  # a step can take more than two clocks
        free = self.free if lasts else Const(1, 1)
        # Between two steps a device outside has nothing to do.
        reference_free = Const(1, 1) if chain and not config.two_sided else free
        wanted = self.run | asked | self.step
        if config.takes_turns:
            m.d.comb += self.wanted.eq(wanted)
        if "hold" in self.signature.members:
            wanted = wanted & ~self.hold
        m.d.comb += go.eq(wanted & (~sample_due | self.sample_valid) & reference_free)
        # What asked for this step is served when it begins; a later pulse asks for the next. Where a step
        # always takes two clocks, the second knows as much.
        with m.If(self.restart):
            m.d.sync += [sample_due.eq(1), *([] if config.analog else [reference_due.eq(1)]), asked.eq(0)]
        begins = turn
        if lasts:
            begins = Signal(name="begins") if config.analog else self.reference
        with m.Elif(begins):
            m.d.sync += asked.eq(0 if lasts else self.step & ~self.run)
        with m.Elif(self.step & ~self.run):
            m.d.sync += asked.eq(1)

        if "renew" in self.signature.members:
            with m.If(self.renew):
                m.d.sync += reference_due.eq(1)

        # Without shadow a flush changes the parameters, so it ends the window.
        ends_window = Signal()
        m.d.comb += ends_window.eq(last["theta"] if config.shadow else last["theta"] | last["p"])
        # The step after which a measurement sees other parameters; a sweep that begins ahead sees those that
        # the step before has changed.
        changes: Value = ends_window
        if config.sweeps_ahead:
            changes = Signal(name="window_ended")
            with m.If(self.restart):
                m.d.sync += changes.eq(1)
            with m.Elif(turn):
                m.d.sync += changes.eq(ends_window)

        passing = Signal(range(config.timing.measure_clocks))  # clocks for which serial cells are still busy
        with m.FSM(name="phase") as phase:
            with m.State("IDLE"), m.If(self.restart):
                m.next = "REFERENCE"
            with m.State("REFERENCE"):
                with m.If(go):
                    m.d.comb += self.take.eq(sample_due)
                    if config.analog and lasts:
                        m.d.comb += begins.eq(1)
                    elif not config.analog:
                        m.d.comb += [
                            self.reference.eq(1),
                            self.measure.eq(reference_due if config.reference_waits else 1),
                        ]
                    if config.timing.measure_clocks == 1:
                        m.next = "PERTURBED"
                    else:
                        m.d.sync += passing.eq(config.timing.measure_clocks - 2)
                        with m.If(self.measure):
                            m.next = "PASSING"
                        with m.Else():
                            m.next = "PERTURBED"
            if config.timing.measure_clocks > 1:
                with m.State("PASSING"):
                    m.d.sync += passing.eq(passing - 1)
                    with m.If(passing == 0):
                        m.next = "PERTURBED"
            with m.State("PERTURBED"), m.If(free):
                m.d.comb += [
                    turn.eq(1),
                    self.measure.eq(1),
                    self.hold_end.eq(last["p"]),
                    self.flush.eq(last["p"] | last["theta"]),
                ]
                if config.shadow:
                    m.d.comb += self.window_end.eq(ends_window)
                m.d.sync += sample_due.eq(last["x"])
                if config.analog:
                    m.d.comb += self.blank.eq(sample_due)
                else:
                    m.d.sync += reference_due.eq(last["x"] | changes)
                if config.never_waits:
                    m.next = "REFERENCE"
                elif config.facts.overlapping:
                    with m.If(ends_window):
                        m.next = "UPDATE"
                    with m.Else():
                        m.next = "REFERENCE"
                else:
                    m.next = "UPDATE"
            if config.shape.waits_for_steps:
                m.d.comb += self.rests.eq(phase.ongoing("REFERENCE") & ~wanted)
            if config.doors:
                m.d.comb += self.between.eq(phase.ongoing("REFERENCE"))
            if "under_way" in self.signature.members:
                waits = phase.ongoing("PERTURBED")
                if config.timing.measure_clocks > 1:
                    waits = waits | phase.ongoing("PASSING")
                m.d.comb += self.under_way.eq(waits)
            if not config.never_waits:
                with m.State("UPDATE"), m.If(self.resume):
                    m.next = "REFERENCE"
        return m
