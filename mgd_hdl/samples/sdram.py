"""Samples from an SDRAM, 16 bits a clock, which is filled once with bits that come one by one."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import In, Out

from ..config.sdram import (
    BANKS,
    MODE,
    PLACES,
    READY_TICKS,
    WAIT_TICKS,
    WORD,
    SdramInputs,
    SdramSamples,
)
from ..config.trainer import TrainerConfig
from ..hierarchy import Block
from . import in_a_row, input_stream, sample_stream

__all__ = ["WIRES", "InputSdram", "SampleSdram"]

#: Commands: levels of ``ras_n``, ``cas_n`` and ``we_n``, the first one highest; at rest all are high.
_COMMANDS = {
    "mode": 0b000,
    "refresh": 0b001,
    "precharge": 0b010,
    "activate": 0b011,
    "write": 0b100,
    "read": 0b101,
}
#: Bits of an address on the wires. With PRECHARGE bit 10 means all banks; with READ and WRITE it is 0, so
#: that the row stays open.
_ADDRESS, _ALL = 13, 1 << 10

#: Those of the chip: commands, addresses, masks, words that come and go, and when they go.
WIRES = {
    "ras_n": Out(1, init=1),
    "cas_n": Out(1, init=1),
    "we_n": Out(1, init=1),
    "dqm": Out(1, init=1),
    "ba": Out(BANKS.bit_length() - 1),
    "addr": Out(_ADDRESS),
    "dq_i": In(WORD),
    "dq_o": Out(WORD),
    "dq_oe": Out(1),
}


class _Reader(Block):
    """Fills an SDRAM once; then its words are read, again and again, and make a stream.

    After power-up, or a reset, the chip gets what its sheet asks for: 250 us of rest, all banks closed, eight
    refreshes, its mode. Then the bits that ``i`` gives are written, 16 a command; with the last word
    ``filled`` goes high for good. From then on a word may be read in each clock, row after row, and after the
    last one the first again. Every refresh interval the row is closed for a refresh, wherever reading or
    writing is.

    The chip's clock is this one inverted, so it takes a command half a clock after the registers have
    changed that drive its wires. With CAS latency 2 it drives a word one and a half clocks after that edge of
    its own, and the next edge here takes it.
    """

    def __init__(self, words: Signature, samples: SdramSamples):
        self.samples = samples
        super().__init__(
            {
                "load": In(1),
                "i": In(Signature(1)),
                "filled": Out(1),
                **WIRES,
                "o": Out(words),
            }
        )

    def elaborate(self, platform):
        m = Module()
        given = {name: Signal(name=name) for name in _COMMANDS}
        ready = Signal()  # the chip has its mode
        leave = Signal()  # the row that is open is not that of the address
        free = self._wires(m, given)
        age, due = self._refreshes(m, given["refresh"])
        row, bank, column, last = self._address(m, given, leave)
        full = self._filling(m, given["write"], last)
        wanted = self._reading(m, given["read"], last)

        m.d.sync += [self.ba.eq(bank), self.addr.eq(_ALL), self.dqm.eq(~ready)]
        with m.FSM(name="chip"):
            with m.State("POWER_UP"):
                with m.If(age == WAIT_TICKS):
                    m.d.comb += given["precharge"].eq(1)
                    m.next = "CLOSED"
            with m.State("CLOSED"):
                m.d.sync += self.addr.eq(Mux(ready, row, MODE))
                with m.If(free):
                    with m.If(due):
                        m.d.comb += given["refresh"].eq(1)
                    with m.Elif(ready):
                        m.d.comb += given["activate"].eq(1)
                        m.next = "OPEN"
                    with m.Elif(age == READY_TICKS):
                        m.d.comb += given["mode"].eq(1)
                        m.d.sync += ready.eq(1)
            with m.State("OPEN"):
                m.d.sync += self.addr.eq(Mux(due | leave, _ALL, column))
                with m.If(free):
                    with m.If(due | leave):
                        m.d.comb += given["precharge"].eq(1)
                        m.next = "CLOSED"
                    with m.Elif(self.filled):
                        m.d.comb += given["read"].eq(wanted)
                    with m.Else():
                        m.d.comb += given["write"].eq(full)
        return m

    def _wires(self, m: Module, given: dict[str, Signal]) -> Value:
        """The registers of a command, and whether the last one is over, so that the next may be given."""
        chip = self.samples.chip
        clocks = {"read": 1} | {name: getattr(chip, name) for name in _COMMANDS if name != "read"}
        rest = Signal(range(max(clocks.values())))
        for place, wire in enumerate((self.we_n, self.cas_n, self.ras_n)):
            low = [given[name] for name, levels in _COMMANDS.items() if not levels >> place & 1]
            m.d.sync += wire.eq(~Cat(*low).any())
        m.d.sync += self.dq_oe.eq(given["write"])
        with m.If(rest != 0):
            m.d.sync += rest.eq(rest - 1)
        for name, number in clocks.items():
            with m.If(given[name]):
                m.d.sync += rest.eq(number - 1)
        return rest == 0

    def _refreshes(self, m: Module, given: Signal) -> tuple[Signal, Signal]:
        """Intervals since power-up, up to READY_TICKS, and whether a refresh is due."""
        interval = self.samples.chip.interval
        since = Signal(range(interval))
        age = Signal(range(READY_TICKS + 1))
        due = Signal()
        m.d.sync += since.eq(since + 1)
        with m.If(given):
            m.d.sync += due.eq(0)
        with m.If(since == interval - 1):
            m.d.sync += [since.eq(0), due.eq(1)]
            with m.If(age != READY_TICKS):
                m.d.sync += age.eq(age + 1)
        return age, due

    def _address(
        self, m: Module, given: dict[str, Signal], leave: Signal
    ) -> tuple[Value, Value, Value, Value]:
        """Row, bank and column of the next word, and whether it is the last one of its sample."""
        samples, chip = self.samples, self.samples.chip
        address = Signal(range(chip.words))
        part = Signal(range(samples.sample_words))
        last = part == samples.sample_words - 1
        end = address == samples.size - 1
        bits = chip.columns.bit_length() - 1
        above = bits + len(self.ba)
        column, bank, row = address[:bits], address[bits:above], address[above:]
        with m.If(given["activate"]):
            m.d.sync += leave.eq(0)
        with m.If(given["write"] | given["read"]):
            m.d.sync += [
                address.eq(Mux(end, 0, address + 1)),
                part.eq(Mux(last, 0, part + 1)),
                leave.eq(column.all() | end),
            ]
        with m.If(given["write"] & end):
            m.d.sync += self.filled.eq(1)
        with m.If(self.load & self.filled):
            m.d.sync += [address.eq(0), part.eq(0), leave.eq(1)]
        return row, bank, column, last

    def _filling(self, m: Module, given: Signal, last: Value) -> Signal:
        """Gathers the bits of a word in ``dq_o``: whether they all are there."""
        full = Signal()
        place = Signal(range(WORD), init=self.samples.pad)
        m.d.comb += self.i.ready.eq(~full & ~self.filled)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                self.dq_o.eq(Cat(self.i.payload, self.dq_o[:-1])),
                place.eq(place + 1),
                full.eq(place.all()),
            ]
        with m.If(given):
            m.d.sync += [full.eq(0), place.eq(Mux(last, self.samples.pad, 0))]
        return full

    def _reading(self, m: Module, given: Signal, last: Value) -> Value:
        """Makes words of the stream of those of the memory: whether the next one may be asked for.

        ``given``: it is; ``last``: it is its sample's last.
        """
        raise NotImplementedError

    def _coming(self, m: Module, given: Signal, last: Value) -> tuple[Value, Value]:
        """Whether a word is there, two clocks after it was asked for, and whether it is its sample's last."""
        fetched = Signal(2)
        ends = Signal(2)
        m.d.sync += [fetched.eq(Cat(given, fetched[0])), ends.eq(Cat(given & last, ends[0]))]
        with m.If(self.load):
            m.d.sync += [fetched.eq(0), ends.eq(0)]
        return fetched[1], ends[1]


class SampleSdram(_Reader):
    """Fills an SDRAM once, and gives its samples one after the other, after the last the first again.

    Each begins with a word of its own, and its words are taken right into the sample's register; the next one
    is read once that is taken. A load begins at the first sample.

    A sample of w words is offered w + 2 clocks after the one before, if that one was taken at once, and the
    first one w + 6 clocks after a load; another row takes up to 3 more, a refresh up to 5, at 25 MHz.

    Members
    -------
    load : In(1)
        Forget the sample that is held, and begin at the first one; nothing while the memory is being filled.
    i : In(stream of bits)
        All samples, each from its highest bit on; none is taken once the memory is full.
    filled : Out(1)
        All samples are in the memory.
    ras_n, cas_n, we_n, dqm : Out(1), ba : Out(2), addr : Out(13)
        The chip's wires; ``dqm`` is both of its masks. It is always selected, and its clock always enabled.
    dq_i : In(16), dq_o : Out(16), dq_oe : Out(1)
        Its words, and whether they are driven from here.
    o : Out(stream of {x, target})
    """

    def __init__(self, config: TrainerConfig, samples: SdramSamples):
        super().__init__(sample_stream(config), samples)

    @property
    def module(self) -> str:
        return "sample_sdram"

    def _reading(self, m: Module, given: Signal, last: Value) -> Value:
        row = Signal(self.samples.bits, reset_less=True)
        asked = Signal()  # for all words of the sample
        m.d.comb += self.o.payload.as_value().eq(row)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += asked.eq(0)
        with m.If(given & last):
            m.d.sync += asked.eq(1)
        there, whole = self._coming(m, given, last)
        with m.If(there):
            m.d.sync += row.eq(Cat(self.dq_i, row)[: len(row)])
        with m.If(whole):
            m.d.sync += self.o.valid.eq(1)
        with m.If(self.load):
            m.d.sync += [asked.eq(0), self.o.valid.eq(0)]
        return ~self.load & (~asked | (self.o.valid & self.o.ready))


class InputSdram(_Reader):
    """Fills an SDRAM once, and gives its samples input by input, in the order of :class:`SampleSdram`.

    A sample's first words bring its targets, which wait in a register of their own; in each of the others
    there are as many inputs as it has room for. Three words are held or on their way: so many clocks it takes
    until one is there that was asked for. An input is offered a clock after the one before, if that one was
    taken at once, and the first one of a sample a clock later for each word of targets.

    With t words of targets the first input is offered t + 7 clocks after a load; another row takes up to 3
    more, a refresh up to 5, at 25 MHz.

    Members
    -------
    load : In(1)
        Forget what is held, and begin at the first sample; nothing while the memory is being filled.
    i : In(stream of bits)
        All words of all samples, each from its highest bit on; none is taken once the memory is full.
    filled, ras_n, ... dq_oe
        As of :class:`SampleSdram`.
    o : Out(stream of {x, target, first})
    """

    samples: SdramInputs

    def __init__(self, config: TrainerConfig, samples: SdramInputs):
        self.config = config
        super().__init__(input_stream(config), samples)

    @property
    def module(self) -> str:
        return "input_sdram"

    def _reading(self, m: Module, given: Signal, last: Value) -> Value:
        samples, payload = self.samples, self.o.payload
        ends_at = samples.last_inputs - 1, samples.word_inputs - 1  # of a sample's last word, of others
        there, ends = self._coming(m, given, last)
        leaves = Signal()
        row, held, _ = in_a_row(
            m, Cat(ends, self.dq_i), put=there, taken=leaves, load=self.load, places=PLACES
        )
        final, word = row[0], row[1:]
        taken = Signal()  # an input
        number = Signal(range(samples.word_inputs))  # of the next one in its word
        first = Signal(init=1)
        asked = Signal(range(PLACES + 1))  # words that have not left
        targets = Signal(self.config.target_bits, reset_less=True)
        ahead = Signal(range(samples.target_words + 1), init=samples.target_words)  # words of targets
        m.d.comb += [
            payload.x.eq(word.word_select(number, samples.width)),
            Value.cast(payload.target).eq(targets),
            payload.first.eq(first),
            self.o.valid.eq(held & (ahead == 0)),
            taken.eq(self.o.valid & self.o.ready),
            # A word of inputs with its last one, and one of targets at once.
            leaves.eq(Mux(taken, number == Mux(final, *ends_at), held & ahead.any())),
        ]
        with m.If(taken):
            m.d.sync += [first.eq(0), number.eq(number + 1)]
        with m.Elif(leaves):
            m.d.sync += [targets.eq(Cat(word, targets)), ahead.eq(ahead - 1)]
        with m.If(leaves):
            m.d.sync += number.eq(0)
        with m.If((leaves & final) | self.load):
            m.d.sync += [first.eq(1), number.eq(0), ahead.eq(samples.target_words)]
        m.d.sync += asked.eq(Mux(self.load, 0, asked + given - leaves))
        return ~self.load & ((asked != PLACES) | leaves)
