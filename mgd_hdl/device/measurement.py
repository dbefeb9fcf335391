"""A measurement of a device outside: a transaction that ends, whatever the device does."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.ports import COUNT_BITS, DEVICE_FAULTS, NUMBER_BITS, there, width
from ..config.sections import CLOCKS_BITS, MAX_AVERAGE_SHIFT
from ..config.trainer import TrainerConfig
from ..hierarchy import Block

__all__ = ["Measurement"]

#: Kinds of faults that end a try.
_KINDS = DEVICE_FAULTS[:6]


class Measurement(Block):
    """Leads one measurement at a time: parameters out, settle, inputs out, a reading back, again for a mean.

        wires     the cells follow what is asked of them
        start     the sender is free, and begins
        send      the device takes parameters
        settle    it comes to rest
        request   a number and the inputs are offered
        answer    they are taken, and the reading with this number is awaited; any other one is forgotten
        read      it is checked; the next one, or the mean
        end       the measurement counts, or is dropped

    A fault in any of them begins again at ``start``, with all parameters, ``device_repeats`` times; then the
    measurement is dropped. Every wait has a limit, unless the host set it to 0.

    What is believed: a perturbed measurement counts if it and the reference it is compared with are good;
    otherwise the step changes nothing, ``ignore``. A reference that is not good is not told of. After
    ``device_give_up`` steps in a row with a measurement that was dropped the trainer rests: it holds the
    sequencer, and through its door, when all updates are over, the device is given the parameters at rest.

    Members
    -------
    restart : In(1)
        All begins anew. The number of the next request does not, so that nothing late is taken for an answer.
    measure, reference | blank : In(1)
        The sequencer commands a measurement, while ``free``; of C0, or of a sample's first cost.
    free : Out(1)
    rest, [minus] : Out(1)
        How the parameters are to be shaken, from the clock after ``measure`` until the next.
    settle, pause, time_out, average, repeats, give_up : In
        Registers of the device, without their ``device_``.
    go_on : In(1)
        It rests no longer.
    go, [every] : Out(1); sending, held_up : In(1)
        Of the sender: begin; it is busy; it waits for the device.
    number : Out(4)
        Of the request that is offered or was last.
    inputs_tvalid, inputs_tready : Out(1), In(1)
        A request.
    load : Out(1)
        The inputs of the next request are to be kept.
    tvalid, tid, tuser : In
        A reading.
    take, first, last, again : Out(1); done, [out_of_range, glitch, stuck] : In(1)
        Of the reader.
    [second_tvalid, second_tid] : In; [second_take, second_counts] : Out(1)
        A second cost; it is the one; with its measurement it counts, one clock.
    measured, mark, ignore : Out(1)
        A measurement is over, one clock; it is the reference, or blank; it teaches nothing.
    [missed] : Out(1)
        A reference that is not good is over, one clock; with noise of costs.
    asks, telling, open : Out(1), Out(1), In(1)
        Of a :class:`mgd_hdl.site.Door`; what works inside of it.
    resting : Out(1)
    faults : Out(6)
        What went wrong, one clock, in the order of ``DEVICE_FAULTS``.
    asked_count, taken_count, dropped_count : Out(24)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.checked = [
            kind
            for kind, register in {"out_of_range": "low", "glitch": "spread", "stuck": "stuck"}.items()
            if there(config, f"device_{register}")
        ]
        self.mark_of = "blank" if config.analog else "reference"
        self.compares = config.device.sends in ("changes", "apart")
        second = {
            "second_tvalid": In(1),
            "second_tid": In(NUMBER_BITS),
            **dict.fromkeys(("second_take", "second_counts"), Out(1)),
        }
        registers = ("settle", "pause", "time_out", "average", "repeats", "give_up")
        super().__init__(
            {
                **dict.fromkeys(("restart", "measure", self.mark_of), In(1)),
                **dict.fromkeys(("free", "rest"), Out(1)),
                **({"minus": Out(1)} if config.two_sided else {}),
                **{name: In(width(config, f"device_{name}")) for name in registers},
                "go_on": In(1),
                "go": Out(1),
                **({"every": Out(1, init=1)} if self.compares else {}),
                **dict.fromkeys(("sending", "held_up"), In(1)),
                "number": Out(NUMBER_BITS),
                "inputs_tvalid": Out(1),
                "inputs_tready": In(1),
                "load": Out(1),
                "tvalid": In(1),
                "tid": In(NUMBER_BITS),
                "tuser": In(1),
                **dict.fromkeys(("take", "first", "last"), Out(1)),
                **({"again": Out(1)} if "stuck" in self.checked else {}),
                "done": In(1),
                **dict.fromkeys(self.checked, In(1)),
                **(second if config.second_cost else {}),
                **dict.fromkeys(("measured", "mark", "ignore", "asks", "telling"), Out(1)),
                **({"missed": Out(1)} if config.cost_noisy else {}),
                "open": In(1),
                "resting": Out(1),
                "faults": Out(len(_KINDS)),
                **dict.fromkeys(("asked_count", "taken_count", "dropped_count"), Out(COUNT_BITS)),
            }
        )

    @property
    def module(self) -> str:
        return "measurement"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        fault = dict(zip(_KINDS, self.faults, strict=True))

        # One counter for all waits: ours, until the device has settled, and those for the device.
        timer = Signal(CLOCKS_BITS)
        waits, late = Signal(name="waits"), Signal(name="late")
        until = {name: Signal(name=f"until_{name}") for name in ("settled", "answered", "taken")}
        m.d.comb += late.eq(waits & (timer == 1))
        with m.If(until["settled"]):
            m.d.sync += timer.eq(self.settle)
        with m.Elif(until["answered"]):
            m.d.sync += timer.eq(self.time_out)
        with m.Elif(until["taken"]):
            m.d.sync += timer.eq(self.pause)
        with m.Elif(waits & timer.any()):
            m.d.sync += timer.eq(timer - 1)

        # The request that is offered, and its number, which a start does not change.
        number = Signal(NUMBER_BITS, reset_less=True)
        taken = Signal()
        m.d.comb += [self.number.eq(number), taken.eq(~self.inputs_tvalid | self.inputs_tready)]
        with m.If(self.load):
            m.d.sync += [self.inputs_tvalid.eq(1), number.eq(number + 1)]
        with m.Elif(self.inputs_tready):
            m.d.sync += self.inputs_tvalid.eq(0)
        answers = Signal()
        m.d.comb += answers.eq(self.tvalid & (self.tid == number) & taken)
        second_there = self._second(m, number, taken)

        wires = Signal(range(config.timing.weight_latency + 1))
        told = Signal()  # parameters at rest
        left = Signal(len(self.repeats))
        again = Signal()
        readings = Signal(range((1 << MAX_AVERAGE_SHIFT) + 1))
        good, dropped = Signal(name="good"), Signal(name="dropped")
        m.d.comb += [
            self.last.eq(readings == 1),
            self.asks.eq((self.resting & ~told) | self.telling),
        ]
        if "again" in self.signature.members:
            m.d.comb += self.again.eq(again)

        with m.FSM(name="phase") as phase:
            m.d.comb += self.free.eq(phase.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.sync += [wires.eq(config.timing.weight_latency), left.eq(self.repeats), again.eq(0)]
                with m.If(self.measure):
                    m.next = "WIRES"
                with m.Elif(self.open):
                    m.d.sync += self.telling.eq(1)
                    m.next = "WIRES"
            with m.State("WIRES"):
                m.d.comb += until["taken"].eq(1)
                m.d.sync += wires.eq(wires - 1)
                with m.If(wires == 0):
                    m.next = "START"
            with m.State("START"):
                m.d.comb += waits.eq(self.held_up)
                with m.If(~self.sending):
                    m.d.comb += self.go.eq(1)
                    m.next = "SEND"
                with m.Elif(late):
                    m.d.comb += fault["not_ready"].eq(1)
                    m.next = "FAULT"
            with m.State("SEND"):
                m.d.comb += waits.eq(self.held_up)
                with m.If(~self.sending & self.telling):
                    m.d.sync += [self.telling.eq(0), told.eq(1)]
                    m.next = "IDLE"
                with m.Elif(~self.sending):
                    m.d.comb += until["settled"].eq(1)
                    m.next = "SETTLE"
                with m.Elif(late):
                    m.d.comb += fault["not_ready"].eq(1)
                    m.next = "FAULT"
            with m.State("SETTLE"):
                m.d.comb += waits.eq(1)
                m.d.sync += [readings.eq(Const(1) << self.average), self.first.eq(1)]
                with m.If(timer == 0):
                    m.d.comb += until["taken"].eq(1)
                    m.next = "REQUEST"
            with m.State("REQUEST"):
                m.d.comb += waits.eq(1)
                with m.If(taken):
                    m.d.comb += [self.load.eq(1), until["taken"].eq(1)]
                    m.next = "ANSWER"
                with m.Elif(late):
                    m.d.comb += fault["not_ready"].eq(1)
                    m.next = "FAULT"
            with m.State("ANSWER"):
                m.d.comb += waits.eq(1)
                with m.If(answers & self.tuser):
                    m.d.comb += fault["refused"].eq(1)
                    m.next = "FAULT"
                with m.Elif(answers):
                    m.d.comb += self.take.eq(1)
                    m.next = "READ"
                with m.Elif(self.inputs_tvalid & self.inputs_tready):
                    m.d.comb += until["answered"].eq(1)
                with m.Elif(late):
                    m.d.comb += [
                        fault["not_ready"].eq(self.inputs_tvalid),
                        fault["no_answer"].eq(~self.inputs_tvalid),
                    ]
                    m.next = "FAULT"
            with m.State("READ"):
                with m.If(self.done):
                    m.d.sync += [readings.eq(readings - 1), self.first.eq(0)]
                    m.d.comb += [fault[kind].eq(getattr(self, kind)) for kind in self.checked]
                    with m.If(self._is_bad()):
                        m.next = "FAULT"
                    with m.Elif(self.last):
                        m.d.comb += until["answered"].eq(1)
                        m.next = "SECOND" if config.second_cost else "END"
                    with m.Else():
                        m.d.comb += until["taken"].eq(1)
                        m.next = "REQUEST"
            if config.second_cost:
                with m.State("SECOND"):
                    m.d.comb += waits.eq(1)
                    with m.If(second_there):
                        m.next = "END"
                    with m.Elif(late):
                        m.d.comb += fault["no_answer"].eq(1)
                        m.next = "FAULT"
            with m.State("FAULT"):
                m.d.comb += until["taken"].eq(1)
                m.d.sync += [left.eq(left - 1), again.eq(1)]
                with m.If(self.telling):
                    m.d.sync += [self.telling.eq(0), told.eq(1)]
                    m.next = "IDLE"
                with m.Elif(left.any()):
                    m.next = "START"
                with m.Else():
                    m.d.comb += dropped.eq(1)
                    m.next = "IDLE"
            with m.State("END"):
                m.d.comb += good.eq(1)
                m.next = "IDLE"

        if self.compares:
            with m.If(self.go_on | phase.ongoing("FAULT")):
                m.d.sync += self.every.eq(1)
            with m.Elif(self.go):
                m.d.sync += self.every.eq(0)
        if config.second_cost:
            m.d.comb += self.second_counts.eq(good)
        self._believe(m, good, dropped, told)
        for count, event in (
            (self.asked_count, self.measure),
            (self.taken_count, good),
            (self.dropped_count, dropped),
        ):
            m.d.sync += count.eq(count + event)
        return m

    def _is_bad(self) -> Value:
        """The reading that is done is not to be believed."""
        return Cat(*(getattr(self, kind) for kind in self.checked)).any() if self.checked else Const(0, 1)

    def _second(self, m: Module, number: Signal, taken: Signal) -> Value:
        """Whether the second cost of the last request is there."""
        if not self.config.second_cost:
            return Const(1, 1)
        there = Signal(name="second_there")
        m.d.comb += self.second_take.eq(self.second_tvalid & (self.second_tid == number) & taken)
        with m.If(self.load):
            m.d.sync += there.eq(0)
        with m.Elif(self.second_take):
            m.d.sync += there.eq(1)
        return there

    def _believe(self, m: Module, good: Signal, dropped: Signal, told: Signal) -> None:
        """What measurements are to the trainer, how parameters are shaken, and when it rests."""
        config = self.config
        over = good | dropped
        referenced = Signal(init=1)
        step_over, step_failed = Signal(name="step_over"), Signal(name="step_failed")
        chances = Signal(len(self.give_up))  # steps that may fail until it rests
        m.d.sync += self.measured.eq(over)
        if config.analog:
            # A sample's first good cost is blanked, whenever it comes.
            m.d.comb += [step_over.eq(over), step_failed.eq(dropped)]
            with m.If(self.measure & self.blank):
                m.d.sync += referenced.eq(0)
            with m.Elif(good):
                m.d.sync += referenced.eq(1)
            with m.If(over):
                m.d.sync += [self.mark.eq(good & ~referenced), self.ignore.eq(dropped)]
        else:
            # Of C0 it must be known, when C is there, whether it is that of the present parameters.
            is_reference, lost = Signal(name="is_reference"), Signal(name="lost")
            with m.If(self.measure):
                m.d.sync += is_reference.eq(self.reference)
            m.d.comb += [
                step_over.eq(over & ~is_reference),
                step_failed.eq(dropped | lost),
            ]
            with m.If(over & is_reference):
                m.d.sync += [referenced.eq(good), lost.eq(dropped), self.measured.eq(good)]
            with m.If(step_over):
                m.d.sync += [lost.eq(0), self.ignore.eq(dropped | ~referenced)]
            m.d.comb += self.mark.eq(is_reference)
            if "missed" in self.signature.members:
                m.d.comb += self.missed.eq(dropped & is_reference)
        with m.If(step_over & step_failed):
            m.d.sync += chances.eq(chances - 1)
            with m.If(chances == 1):
                m.d.sync += [self.resting.eq(1), told.eq(0), referenced.eq(0)]
        with m.Elif(step_over | self.restart | self.go_on):
            m.d.sync += chances.eq(self.give_up)
        with m.If(self.go_on):
            m.d.sync += self.resting.eq(0)

        one_sided = not (config.analog or config.two_sided)
        with m.If(self.measure):
            m.d.sync += self.rest.eq(self.reference if one_sided else 0)
            if config.two_sided:
                m.d.sync += self.minus.eq(self.reference)
        with m.Elif(self.telling):
            m.d.sync += self.rest.eq(1)
            if config.two_sided:
                m.d.sync += self.minus.eq(0)
