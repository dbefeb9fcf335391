"""Readings on their way back: numbers or codes, checked one by one, and their mean."""

from __future__ import annotations

from itertools import product

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.ports import there, width
from ..config.sections import MAX_AVERAGE_SHIFT, MAX_GIVE_UP
from ..config.trainer import TrainerConfig
from ..fixed import saturate, shape
from ..hierarchy import Block

__all__ = ["Reader"]


class Reader(Block):
    """Makes one number of the readings of a measurement, for each channel, in ``config.converters.reading``.

    A code is made a number by its gain and offset, ``(code - O) * G``, and of these all bits are added up;
    the sum of 2**k is shifted by k and by the converter's own shift, both rounded down, and limited.

    Channels come by one after the other, in rings of registers: channels + 1 clocks for a reading; after the
    last one k clocks that shift, and as many as there are channels that limit.

    What cannot be believed is told with ``done``, one kind at most, that which stands first:

    out_of_range    a reading below ``low`` or above ``high``, as soon as it is there
    glitch          readings of a channel that are further apart than ``spread``
    stuck           the very same sums as in the measurement before, ``stuck_after`` times in a row. A repeat
                    may well read the same; it counts as stuck where they had been for so long before it.
                    What was not read at once is not compared with; what is out of range is not the same.

    Members
    -------
    tdata : In
        See ``s_axis_readings`` in :data:`mgd_hdl.config.PORTS`.
    take, first, last, [again] : In(1)
        Take a reading, which is the first of its measurement, or the last one; of a repeat. Not before the
        last one is ``done``.
    average : In(4)
        The k.
    [low, high, spread, stuck_after] : In
        Registers of the checks that there are.
    done : Out(1)
        A reading has been added, or after the last one the mean is there.
    [out_of_range, glitch, stuck] : Out(1)
        With ``done``: it is not to be believed.
    [clipped] : Out(1)
        A code was the lowest or the highest one, or the mean was limited; one clock. With a converter only.
    y : Out(channels)
        From ``done`` on until the next mean.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.format = config.converters.reading
        self.checks = {
            kind: there(config, f"device_{register}")
            for kind, register in {"out_of_range": "low", "glitch": "spread", "stuck": "stuck"}.items()
        }
        registers = {"low": "low", "high": "high", "spread": "spread", "stuck_after": "stuck"}
        super().__init__(
            {
                "tdata": In(width(config, "s_axis_readings_tdata")),
                **dict.fromkeys(("take", "first", "last"), In(1)),
                **({"again": In(1)} if self.checks["stuck"] else {}),
                "average": In(MAX_AVERAGE_SHIFT.bit_length()),
                **{
                    name: In(width(config, f"device_{register}"))
                    for name, register in registers.items()
                    if there(config, f"device_{register}")
                },
                "done": Out(1),
                **{kind: Out(1) for kind, checked in self.checks.items() if checked},
                **({"clipped": Out(1)} if config.converters.back is not None else {}),
                "y": Out(data.ArrayLayout(shape(self.format), config.converters.channels)),
            }
        )

    @property
    def module(self) -> str:
        return "reader"

    def elaborate(self, platform):
        m = Module()
        config, back = self.config, self.config.converters.back
        channels, bits = config.converters.channels, config.converters.reading_bits

        kept = {name: Signal(name=f"{name}_kept") for name in ("first", "last")}
        if self.checks["stuck"]:
            kept["again"] = Signal(name="again_kept")
        first, last = kept["first"], kept["last"]
        row = Signal(channels * bits, reset_less=True)  # channels still to come, the next one lowest
        reads = Signal(channels)  # a one that goes along with them
        adds = Signal(channels)  # one clock later
        term, self.below = self._term(m, row[:bits], reads)
        total_shape = Shape(len(term) + MAX_AVERAGE_SHIFT, signed=term.shape().signed)
        totals = [Signal(total_shape, name=f"total_{k}", reset_less=True) for k in range(channels)]
        # The sum of the channel that comes by goes to the end of the ring.
        added = Signal(total_shape)
        m.d.comb += added.eq(Mux(first, 0, totals[0]) + term)
        shifts = Signal(MAX_AVERAGE_SHIFT.bit_length())
        shifting, rounding = Signal(name="shifting"), Signal(name="rounding")
        limits = Signal(channels)  # likewise, once all is shifted

        m.d.sync += [reads.eq(reads << 1), adds.eq(reads)]
        with m.If(self.take):
            m.d.sync += [
                row.eq(self.tdata),
                *(register.eq(getattr(self, name)) for name, register in kept.items()),
                reads.eq(1),
            ]
        with m.Elif(reads.any()):
            m.d.sync += row.eq(row >> bits)
        with m.If(adds.any()):
            m.d.sync += _turned(totals, added)
        with m.Elif(shifting):
            m.d.sync += [total.eq(total >> 1) for total in totals]
        with m.Elif(limits.any()):
            m.d.sync += _turned(totals, totals[0])

        over = Signal()  # the last channel of a reading
        wrong = self._out_of_range(m, term, adds)
        m.d.comb += over.eq(adds[-1])
        ends = Signal()  # a reading after which the mean is asked for
        refuses: Value = Const(0, 1)
        if wrong is not None:
            refuses = wrong
        m.d.comb += ends.eq(over & last & ~refuses)
        with m.If(ends):
            m.d.sync += [shifts.eq(self.average), rounding.eq(1)]
        with m.Elif(shifting):
            m.d.sync += shifts.eq(shifts - 1)
        m.d.comb += shifting.eq(rounding & shifts.any())
        m.d.sync += limits.eq(limits << 1)
        with m.If(rounding & ~shifts.any()):
            m.d.sync += [rounding.eq(0), limits.eq(1)]

        # The mean of the channel that comes by goes to the end of the outputs.
        mean: Value = totals[0][: self.format.width]  # a mean of numbers is one of them
        if back is not None:
            mean, outside = saturate(m, totals[0].shift_right(self.below), self.format, "mean")
        with m.If(limits.any()):
            m.d.sync += self.y.as_value().eq(Cat(self.y.as_value()[len(mean) :], mean))
        finished = Signal()
        m.d.sync += finished.eq((over & (~last | refuses)) | limits[-1])
        m.d.comb += self.done.eq(finished)
        self._kinds(m, term, added, adds, kept, over, refuses, ends)
        if back is not None:
            code = row[:bits]
            ends_of_scale = (code[:-1].all() & (code[-1] == int(back.offset_binary))) | (
                ~code[:-1].any() & (code[-1] != int(back.offset_binary))
            )
            m.d.comb += self.clipped.eq((reads.any() & ends_of_scale) | (limits.any() & outside))
        return m

    def _term(self, m: Module, word: Value, reads: Signal) -> tuple[Signal, int]:
        """What a reading adds, one clock later, and how many bits it has below a last bit of the mean."""
        back = self.config.converters.back
        if back is None:
            term = Signal(shape(self.format), reset_less=True)
            m.d.sync += term.eq(word.as_signed() if self.format.signed else word)
            return term, 0
        code = Cat(word[:-1], ~word[-1] if back.offset_binary else word[-1]).as_signed()
        offset, gain = (_ring(constants, reads) for constants in (back.offsets, back.gains))
        ends = (-(1 << back.bits - 1), (1 << back.bits - 1) - 1)
        left = max(0, -back.shift)
        terms = [
            (end - offset) * gain << left
            for end, offset, gain in product(ends, set(back.offsets), set(back.gains))
        ]
        term = Signal(range(min(terms), max(terms) + 1), reset_less=True)
        m.d.sync += term.eq(((code - offset) * gain).shift_left(left))
        return term, max(0, back.shift)

    def _out_of_range(self, m: Module, term: Signal, adds: Signal) -> Signal | None:
        """Whether a channel of this reading was, with its last channel."""
        if not self.checks["out_of_range"]:
            return None
        wrong, before = Signal(name="wrong"), Signal(name="wrong_before")
        above = term.shift_right(self.below) - self.format.min  # in last bits, from the lowest one
        exact = ~term[: self.below].any() if self.below else Const(1, 1)
        beyond = (above < self.low) | (above > self.high) | ((above == self.high) & ~exact)
        m.d.comb += wrong.eq(adds.any() & (before | beyond))
        m.d.sync += before.eq(wrong & ~adds[-1])
        return wrong

    def _kinds(
        self,
        m: Module,
        term: Signal,
        added: Signal,
        adds: Signal,
        kept: dict[str, Signal],
        over: Signal,
        refuses: Value,
        ends: Signal,
    ) -> None:
        """What is told with ``done``."""
        channels, first, last = len(adds), kept["first"], kept["last"]
        told: Value = Const(0, 1)
        if self.checks["out_of_range"]:
            out = Signal(name="was_out_of_range")
            with m.If(over):
                m.d.sync += out.eq(refuses)
            m.d.comb += self.out_of_range.eq(self.done & out)
            told = out
        if self.checks["glitch"]:
            least = [Signal(term.shape(), name=f"least_{k}", reset_less=True) for k in range(channels)]
            most = [Signal(term.shape(), name=f"most_{k}", reset_less=True) for k in range(channels)]
            low = Mux(first | (term < least[0]), term, least[0])
            high = Mux(first | (term > most[0]), term, most[0])
            with m.If(adds.any()):
                m.d.sync += [*_turned(least, low), *_turned(most, high)]
            apart = Signal(name="apart")
            further = Signal(name="further")
            m.d.comb += further.eq(high - low > Cat(Const(0, self.below), self.spread))
            with m.If(adds[0]):
                m.d.sync += apart.eq(further)
            with m.Elif(adds.any()):
                m.d.sync += apart.eq(apart | further)
            glitch = Signal(name="is_glitch")
            m.d.comb += [glitch.eq(last & apart & ~told), self.glitch.eq(self.done & glitch)]
            told = told | glitch
        if self.checks["stuck"]:
            again = kept["again"]
            seen = [Signal(added.shape(), name=f"seen_{k}", reset_less=True) for k in range(channels)]
            known, differs = Signal(name="known"), Signal(name="differs")
            same = Signal(range(MAX_GIVE_UP + 1), name="same_count")
            moved = Signal(name="moved")
            m.d.comb += moved.eq(~known | (added != seen[0]))
            with m.If(adds.any() & last):
                m.d.sync += _turned(seen, Mux(again, seen[0], added))
            with m.If(adds[0]):
                m.d.sync += differs.eq(moved)
            with m.Elif(adds.any()):
                m.d.sync += differs.eq(differs | moved)
            begun = Signal(name="has_ended")
            m.d.sync += begun.eq(ends)
            if self.checks["out_of_range"]:
                with m.If(over & refuses & ~again):
                    m.d.sync += known.eq(0)
            with m.If(begun & ~again):
                m.d.sync += known.eq(1)
                with m.If(differs):
                    m.d.sync += same.eq(0)
                with m.Elif(same != self.stuck_after):
                    m.d.sync += same.eq(same + 1)
            is_stuck = last & ~differs & (same >= self.stuck_after)
            m.d.comb += self.stuck.eq(self.done & is_stuck & ~told)


def _turned(ring: list[Signal], entering: Value) -> list:
    """One turn: each takes what stands behind it, and the last one what enters."""
    return [here.eq(behind) for here, behind in zip(ring, [*ring[1:], entering], strict=True)]


def _ring(constants: tuple[int, ...], reads: Signal) -> Value:
    """Of constants that of the channel that comes by, or the only one."""
    bits = 1 + max(abs(each) for each in constants).bit_length()
    if len(set(constants)) == 1:
        return Const(constants[0], signed(bits))
    chosen: Value = Const(0, signed(bits))
    for number, each in enumerate(constants):
        chosen = Mux(reads[number], Const(each, signed(bits)), chosen)
    return chosen
