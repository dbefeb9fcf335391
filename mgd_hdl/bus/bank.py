"""The register bank: every register of the memory map, between a bus and a trainer."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from ..config.memory_map import CONTROLS, INTERRUPTS, LINE_FLAGS, memory_map
from ..config.number import Format
from ..config.ports import COUNT_BITS, FLAGS, ports, there, width
from ..config.registers import SEEDS
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block
from . import DONE, REFUSED, UNMAPPED, request_stream, response_stream

__all__ = ["WINDOW_STREAMS", "Bank"]

#: Registers that show what the trainer counts, where it does.
_COUNTS = ("judged_count", "right_count", "tries", "asked_count", "taken_count", "dropped_count")

#: Streams of the bank: the register behind which each is, and that of the trainer.
WINDOW_STREAMS = {
    "sample": ("sample_data", "i_sample"),
    "command": ("parameter_data", "i_access"),
    "answer": ("parameter_data", "o_access"),
    "input": ("input_data", "i_infer"),
    "output": ("input_data", "o_infer"),
}


def _words_of(config: TrainerConfig, port: str) -> Signature:
    """A stream of the trainer with its payload as bits."""
    payload = next(each for each in ports(config) if each.name == f"{port}__payload")
    return Signature(payload.width(config))


class Bank(Block):
    """Answers every access one clock after it was taken, and takes one a clock.

    Which registers there are says :func:`mgd_hdl.config.memory_map`. An access that is refused changes
    nothing but its sticky flag. A one that is written to clear a bit loses against what sets it in the same
    clock.

    Knobs, but for seeds, are held twice: as they were written, and as the trainer sees them. While they may
    differ no step begins; once none is under way, or with a start, the trainer gets all of them in one clock.

    With ``host.clock_enable`` the trainer stands in clocks without ``enable``: what it says there does not
    count, and pulses for it last until the next clock with it.

    Members
    -------
    i : In(stream of requests); o : Out(stream of responses)
    irq : Out(1)
        An enabled interrupt is pending.
    line : In(1 for each), serial line only
        What was wrong on it, one clock each, in the order of ``LINE_FLAGS``.
    enable : In(1), ``host.clock_enable`` only
    start, run, step, [clear_counts] : Out(1)
        For the trainer.
    each knob : Out
    busy, step_done, step_begins, sample_taken, started, [solved] : In(1)
    flags : In(3)
        What was limited in the clock before.
    last_cost, [last_baseline] : In
    [judged_count, right_count, tries] : In(24)
    [go_on] : Out(1); [resting, device_faults, asked_count, taken_count, dropped_count] : In
        Of a device outside: what went wrong in the clock before, and what the trainer's ports say.
    [sample, command, input] : Out(stream); [answer, output] : In(stream)
        The windows, for those streams of the trainer that :data:`WINDOW_STREAMS` names.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.map = memory_map(config)
        cost = shape(config.words.measured)
        members: dict[str, Any] = {
            "i": In(request_stream()),
            "o": Out(response_stream()),
            "irq": Out(1),
            **dict.fromkeys(("start", "run", "step"), Out(1)),
            **{knob.name: Out(knob.width) for knob in self.map.knobs},
            **dict.fromkeys(("busy", "step_done", "step_begins", "sample_taken", "started"), In(1)),
            "flags": In(len(FLAGS)),
            "last_cost": In(cost),
        }
        if not config.analog:
            members["last_baseline"] = In(cost)
        for name in _COUNTS:
            if there(config, name):
                members[name] = In(COUNT_BITS)
        if config.outside:
            members |= {
                "go_on": Out(1),
                "resting": In(1),
                "device_faults": In(width(config, "device_faults")),
            }
        if there(config, "solved"):
            members["solved"] = In(1)
        if there(config, "clear_counts"):
            members["clear_counts"] = Out(1)
        if config.host.bus == "uart":
            members["line"] = In(len(LINE_FLAGS))
        if config.host.clock_enable:
            members["enable"] = In(1)
        for name, (register, port) in WINDOW_STREAMS.items():
            if register in self.map:
                members[name] = (Out if port.startswith("i") else In)(_words_of(config, port))
        super().__init__(members)

    @property
    def module(self) -> str:
        return "bank"

    def elaborate(self, platform):
        m = Module()
        self._m = m
        self._alive = self.enable if self.config.host.clock_enable else Const(1, 1)
        self._reads: dict[str, Value] = {}
        self._ready: dict[str, Value] = {}
        self._illegal: dict[str, Value] = {
            each.name: _outside(self.i.payload.data, each.legal)
            for each in self.map
            if each.legal is not None
        }
        request = self.i.payload
        accepted = Signal()
        self._refused = refused = Signal()
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            accepted.eq(self.i.valid & self.i.ready),
        ]
        self._word = request.data
        # One wire for each register that is asked for, and for each that is written.
        self._hit = {each.name: Signal(name=f"hit_{each.name}") for each in self.map}
        self._written = {each.name: Signal(name=f"write_{each.name}") for each in self.map if each.writable}
        with m.Switch(request.address[2:]):
            for each in self.map:
                with m.Case(each.address >> 2):
                    m.d.comb += self._hit[each.name].eq(1)
        for name, wire in self._written.items():
            m.d.comb += wire.eq(accepted & request.write & ~refused & self._hit[name])
        self._read = {
            each.name: accepted & ~request.write & ~refused & self._hit[each.name]
            for each in self.map
            if each.read_acts
        }
        self._constants()
        running, waiting = self._knobs_and_run()
        self._count()
        self._windows()
        self._status(running, waiting)
        self._answer(accepted)
        return m

    # ---- registers ----------------------------------------------------------------------------------

    def _constants(self) -> None:
        self._reads |= {each.name: Const(each.reset, 32) for each in self.map if each.constant}
        self._kept("scratch")

    def _kept(self, name: str) -> Signal:
        """A register that holds what is written."""
        register = Signal(self.map[name].width, name=name, init=self.map[name].reset)
        with self._m.If(self._written[name]):
            self._m.d.sync += register.eq(self._word)
        self._reads[name] = register
        return register

    def _asked(self, control: str) -> Value:
        """A one was written to this bit of ``control``."""
        return self._written["control"] & self._word[list(CONTROLS).index(control)]

    def _knobs_and_run(self) -> tuple[Signal, Signal]:
        """Start, run, stop and step; knobs, which change between two steps. Returns whether steps follow each
        other, and whether what was written to a knob waits.
        """
        m, alive = self._m, self._alive
        running, waiting = Signal(name="running"), Signal(name="waiting")
        starting, stepping = Signal(name="starting"), Signal(name="stepping")
        left = Signal(32, name="steps_left")
        commit = Signal()
        m.d.comb += [
            self.start.eq(starting),
            self.run.eq(running & ~waiting),
            self.step.eq(stepping & ~waiting),
            commit.eq(waiting & alive & (~self.busy | starting)),
        ]
        with m.If(commit):
            m.d.sync += waiting.eq(0)
        for knob in self.map.knobs:
            name = knob.name
            if name in SEEDS:
                register = self._kept(name)
                m.d.comb += getattr(self, name).eq(register)
            else:
                written = Signal(knob.width, name=f"{name}_written", init=knob.reset)
                seen = Signal(knob.width, name=f"{name}_seen", init=knob.reset)
                with m.If(self._written[name]):
                    m.d.sync += [written.eq(self._word), waiting.eq(1)]
                with m.If(commit):
                    m.d.sync += seen.eq(written)
                m.d.comb += getattr(self, name).eq(seen)
                self._reads[name] = written

        # Of pulses each lasts until the trainer has heard it.
        with m.If(alive):
            m.d.sync += starting.eq(0)
        with m.If(alive & ~waiting):
            m.d.sync += stepping.eq(0)
        with m.If(self._asked("start")):
            m.d.sync += starting.eq(1)
        with m.If(self._asked("step")):
            m.d.sync += stepping.eq(1)
        for control, name in {"clear_counts": "clearing", "go_on": "going_on"}.items():
            if there(self.config, control):
                pulse = Signal(name=name)
                with m.If(alive):
                    m.d.sync += pulse.eq(0)
                with m.If(self._asked(control)):
                    m.d.sync += pulse.eq(1)
                m.d.comb += getattr(self, control).eq(pulse)

        begins = Signal()
        m.d.comb += begins.eq(self.step_begins & alive & running)
        with m.If(begins & left.any()):
            m.d.sync += left.eq(left - 1)
        with m.If(begins & (left == 1)):
            m.d.sync += running.eq(0)
        with m.If(self._written["steps_left"]):
            m.d.sync += left.eq(self._word)
        with m.If(self._asked("run")):
            m.d.sync += running.eq(1)
        with m.If(self._asked("stop")):
            m.d.sync += running.eq(0)
        self._reads["steps_left"] = left

        # A step that was asked for and waits for its sample.
        owed = Signal(name="owed")
        with m.If(self.step_begins & alive | starting):
            m.d.sync += owed.eq(0)
        with m.If(self._asked("step") & ~running):
            m.d.sync += owed.eq(1)
        self._active = running | starting | stepping | owed | self.busy
        return running, waiting

    def _count(self) -> None:
        m, alive, cost = self._m, self._alive, self.config.words.measured
        done, over = Signal(name="done"), Signal(name="over")
        low, high = Signal(32, name="steps_low"), Signal(32, name="steps_high")
        kept = Signal(32, name="steps_kept")
        following, carried = Signal(33, name="following"), Signal(32, name="carried")
        samples = Signal(32, name="samples")
        begun = Signal(name="begun")
        m.d.comb += [done.eq(self.step_done & alive), begun.eq(self.started & alive)]
        # The carry of the low half is counted a clock later.
        m.d.comb += [following.eq(low + done), carried.eq(high + over)]
        m.d.sync += [over.eq(following[32] & ~begun), low.eq(following), high.eq(carried)]
        with m.If(self._read["steps_low"]):
            m.d.sync += kept.eq(carried)
        with m.If(self.sample_taken & alive):
            m.d.sync += samples.eq(samples + 1)
        with m.If(begun):
            m.d.sync += [low.eq(0), high.eq(0), samples.eq(0)]
        self._reads |= {"steps_low": low, "steps_high": kept, "samples": samples}
        self._reads |= {name: getattr(self, name) for name in _COUNTS if there(self.config, name)}
        wide = cost.width > 32
        self._reads["cost"] = self.last_cost
        beside = {}
        if wide:
            self._reads["cost"] = self.last_cost[:32]
            beside["cost_high"] = self.last_cost[32:].as_signed() if cost.signed else self.last_cost[32:]
        if not self.config.analog:
            level = self.last_baseline
            beside["baseline"] = level[:32] if wide else level
            if wide:
                beside["baseline_high"] = level[32:].as_signed() if cost.signed else level[32:]
        for name, value in beside.items():
            register = Signal(value.shape(), name=f"{name}_kept")
            with m.If(self._read["cost"]):
                m.d.sync += register.eq(value)
            self._reads[name] = register

    def _windows(self) -> None:
        """Streams of the trainer as registers; what is on its way at a start is forgotten."""
        if "parameter_data" in self.map:
            self._parameters()
        if "sample_data" in self.map:
            formats = self.config.formats
            parts = {
                "x": (self.config.inputs, formats.input),
                "target": (self.config.outputs, formats.target),
            }
            self._numbers("sample", self.sample, parts)
        if "input_data" in self.map:
            self._inference()

    def _parameters(self) -> None:
        """One after the other: whatever the index becomes, that parameter is fetched."""
        m, count = self._m, self.config.parameters
        index = Signal(self.map["parameter_index"].width, name="parameter_index")
        theta = Signal(shape(self.config.words.parameter), name="parameter_data")
        asks, waits, fetched = (Signal(name=f"parameter_{name}") for name in ("asks", "waits", "fetched"))
        writes = Signal(name="parameter_writes")
        command, answer = self.command, self.answer
        taken, came = Signal(name="command_taken"), Signal(name="answer_came")
        m.d.comb += [
            command.payload.eq(Cat(index, theta, writes)),
            command.valid.eq(asks),
            answer.ready.eq(1),
            taken.eq(asks & command.ready & self._alive),
            came.eq(waits & answer.valid & self._alive),
        ]
        onward = Mux(index == count - 1, 0, index + 1)
        with m.If(taken):
            m.d.sync += [asks.eq(0), waits.eq(1)]
        with m.If(came):
            m.d.sync += [waits.eq(0), theta.eq(answer.payload[len(index) :]), writes.eq(0)]
            # What was written is followed by the next one.
            m.d.sync += [fetched.eq(~writes), asks.eq(writes)]
            with m.If(writes):
                m.d.sync += index.eq(onward)
        with m.If(self._read["parameter_data"]):
            m.d.sync += [index.eq(onward), asks.eq(1), fetched.eq(0)]
        with m.If(self._written["parameter_data"]):
            m.d.sync += [theta.eq(self._word), asks.eq(1), writes.eq(1), fetched.eq(0)]
        with m.If(self._written["parameter_index"]):
            m.d.sync += [index.eq(self._word), asks.eq(1), fetched.eq(0)]
        with m.If(self.start):
            m.d.sync += [asks.eq(0), waits.eq(0), fetched.eq(0), writes.eq(0)]
        self._reads |= {"parameter_index": index, "parameter_data": theta}
        self._ready |= {
            "parameter_data": fetched,
            "parameter_index": (~asks & ~waits) | ~self.i.payload.write,
        }

    def _numbers(self, name: str, whole: Any, parts: dict[str, tuple[int, Format]]) -> Signal:
        """Numbers go into a word one after the other; with the last one it is offered. Returns whether one
        is.
        """
        m = self._m
        count = sum(numbers for numbers, _ in parts.values())
        place = Signal(self.map[f"{name}_place"].width, name=f"{name}_place")
        written = self._written[f"{name}_data"]
        begins = 0
        illegal: Value = Const(0, 1)
        registers = []
        for part, (numbers, number) in parts.items():
            at = Signal(name=f"{name}_at_{part}")
            register = Signal(numbers * number.width, name=f"{name}_{part}", reset_less=True)
            registers.append(register)
            above = place >= begins if begins else Const(1, 1)
            m.d.comb += at.eq(above & (place < begins + numbers) if begins + numbers < count else above)
            # The first number ends in the low bits.
            with m.If(written & at):
                m.d.sync += register.eq(Cat(register, self._word[: number.width])[number.width :])
            wrong = _outside(self._word, range(number.min, number.max + 1))
            illegal = illegal | (at & wrong)
            begins += numbers
        m.d.comb += whole.payload.eq(Cat(*registers))
        offered = whole.valid
        with m.If(offered & whole.ready & self._alive):
            m.d.sync += offered.eq(0)
        with m.If(written):
            m.d.sync += place.eq(Mux(place == count - 1, 0, place + 1))
            with m.If(place == count - 1):
                m.d.sync += offered.eq(1)
        with m.If(self._written[f"{name}_place"]):
            m.d.sync += place.eq(0)
        with m.If(self.start):
            m.d.sync += [offered.eq(0), place.eq(0)]
        self._illegal[f"{name}_data"] = illegal
        self._ready[f"{name}_data"] = ~offered
        self._reads[f"{name}_place"] = place
        return offered

    def _inference(self) -> None:
        """An input, then its outputs, of which one is shown."""
        m, config = self._m, self.config
        offered = self._numbers("input", self.input, {"x": (config.inputs, config.formats.input)})
        waits = Signal(name="output_waits")
        place = Signal(self.map["output_place"].width, name="output_place")
        number = config.shape.layers[-1].output
        outputs = Signal(config.outputs * number.width, name="outputs")
        one = Signal(shape(number), name="output_data")
        m.d.comb += [self.output.ready.eq(1), one.eq(outputs.word_select(place, number.width))]
        with m.If(waits & self.output.valid & self._alive):
            m.d.sync += [waits.eq(0), outputs.eq(self.output.payload), place.eq(0)]
        with m.If(offered):
            m.d.sync += waits.eq(1)
        with m.If(self._read["output_data"]):
            m.d.sync += place.eq(Mux(place == config.outputs - 1, 0, place + 1))
        with m.If(self._written["output_place"]):
            m.d.sync += place.eq(self._word)
        with m.If(self.start):
            m.d.sync += waits.eq(0)
        ready = ~offered & ~waits
        self._ready |= {"input_data": ready, "output_data": ready}
        self._reads |= {"output_place": place, "output_data": one}

    # ---- what is the case, and what was wrong -------------------------------------------------------

    def _status(self, running: Signal, waiting: Signal) -> None:
        m, alive = self._m, self._alive
        solved = self.solved if there(self.config, "solved") else Const(0, 1)
        windows = [
            self._ready.get(name, Const(0, 1)) for name in ("parameter_data", "sample_data", "input_data")
        ]
        resting = [self.resting] if self.config.outside else []
        self._reads["status"] = Cat(self.busy | self.start, running, solved, waiting, *windows, *resting)

        width = self.map["flags"].width
        self._flags = flags = Signal(width, name="sticky")
        names = {field.low: field.name for field in self.map["flags"].fields}
        self._faults = {name: Signal(name=f"fault_{name}") for name in names.values() if name not in FLAGS}
        faults = Cat(*(self._faults.get(names.get(bit, ""), Const(0, 1)) for bit in range(width)))
        cleared = Signal(width)
        with m.If(self._written["flags"]):
            m.d.comb += cleared.eq(self._word)
        with m.If(self.started & alive):
            m.d.comb += cleared[: len(FLAGS)].eq(-1)
        limited = Mux(alive, self.flags, 0)
        m.d.sync += flags.eq((flags & ~cleared) | limited | faults)
        self._reads["flags"] = flags
        of_device = self._device() if self.config.outside else {}

        rose, rested, was_solved, was_active = (
            Signal(name=name) for name in ("rose", "rested", "was_solved", "was_active")
        )
        m.d.sync += [was_solved.eq(solved), was_active.eq(self._active)]
        m.d.comb += [rose.eq(solved & ~was_solved), rested.eq(was_active & ~self._active)]
        happened = {"solved": rose, "done": rested, "fault": Cat(*self._faults.values()).any(), **of_device}
        pending = Signal(len(happened), name="interrupts")
        seen = Signal(len(happened))
        with m.If(self._written["interrupts"]):
            m.d.comb += seen.eq(self._word)
        m.d.sync += pending.eq((pending & ~seen) | Cat(*happened.values()))
        enabled = self._kept("interrupt_enable")
        m.d.sync += self.irq.eq((pending & enabled).any())
        self._reads["interrupts"] = pending
        assert list(happened) == list(INTERRUPTS)[: len(happened)]

    def _device(self) -> dict[str, Value]:
        """Sticky faults of a device outside; which of its interrupts happen in this clock."""
        m, alive = self._m, self._alive
        faults = Signal(len(self.device_faults), name="device_sticky")
        cleared, found = (Signal(len(faults), name=f"device_{name}") for name in ("cleared", "found"))
        was_resting, rested = Signal(name="was_resting"), Signal(name="device_rested")
        with m.If(self._written["device_faults"]):
            m.d.comb += cleared.eq(self._word)
        with m.If((self.started | self.go_on) & alive):
            m.d.comb += cleared.eq(-1)
        m.d.comb += [
            found.eq(Mux(alive, self.device_faults, 0)),
            rested.eq(self.resting & ~was_resting),
        ]
        m.d.sync += [was_resting.eq(self.resting), faults.eq((faults & ~cleared) | found)]
        self._reads["device_faults"] = faults
        return {"device_fault": found.any(), "resting": rested}

    def _answer(self, accepted: Signal) -> None:
        """The access is judged, and answered in the next clock."""
        m, request = self._m, self.i.payload

        def any_of(conditions: dict[str, Value]) -> Value:
            """Whether the register that is asked for has its condition."""
            found: Value = Const(0, 1)
            for name, condition in conditions.items():
                found = found | (self._hit[name] & condition)
            return found

        read_only = any_of({each.name: Const(1, 1) for each in self.map if not each.writable})
        illegal = any_of(self._illegal)
        waits = {name: ~ready for name, ready in self._ready.items()}
        unmapped = ~Cat(*self._hit.values()).any()
        reasons = {
            "in_reset": request.late,
            "unmapped": unmapped,
            "unaligned": request.address[:2].any(),
            "partial": ~request.strobes.all(),
            "read_only": request.write & read_only,
            "not_ready": any_of(waits),
            "illegal": request.write & illegal,
        }
        before: Value = Const(0, 1)
        for name, wrong in reasons.items():
            m.d.comb += self._faults[name].eq(accepted & wrong & ~before)
            before = before | wrong
        if self.config.host.bus == "uart":
            for bit, name in enumerate(LINE_FLAGS):
                m.d.comb += self._faults[name].eq(self.line[bit])
        m.d.comb += self._refused.eq(before)

        found: Value = Const(0, 32)
        for each in self.map:
            if each.readable:
                found = found | Mux(self._hit[each.name], _word(Value.cast(self._reads[each.name])), 0)
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid)
        with m.If(accepted):
            m.d.sync += [
                self.o.payload.data.eq(Mux(before | request.write, 0, found)),
                self.o.payload.error.eq(Mux(before, Mux(unmapped & ~request.late, UNMAPPED, REFUSED), DONE)),
            ]


def _word(value: Value) -> Value:
    """As 32 bits: the sign of a number fills them."""
    fill = value[-1] if value.shape().signed else Const(0, 1)
    return Cat(value, fill.replicate(32 - len(value)))


def _outside(word: Value, legal: range) -> Value:
    """Whether 32 bits, in two's complement where numbers below zero are legal, are not in a range."""
    low, high = legal[0], legal[-1]
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0)
    above = word[bits:]
    if low < 0:
        if (low, high) != (-1 << bits, (1 << bits) - 1):
            raise ValueError(f"{legal} is no format")
        return above.any() & ~above.all()
    found = above.any()
    if high + 1 != 1 << bits:
        found = found | (word[:bits] > high)
    return found | (word < low) if low else found
