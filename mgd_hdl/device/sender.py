"""Parameters on their way out: one after the other, as words or as codes of a converter."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Const, Module, Signal, Value, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.converters import Converter
from ..config.number import SQ
from ..config.ports import NUMBER_BITS, there, width
from ..config.trainer import TrainerConfig
from ..fixed import saturate
from ..hierarchy import Block

__all__ = ["Sender"]


@dataclass(frozen=True)
class _Stage:
    """Registers of the pipeline: a parameter's number and what is known of it."""

    valid: Signal
    index: Signal
    value: Signal


class Sender(Block):
    """Goes over all parameters after ``go`` and sends those that the device does not have yet.

    One parameter a clock passes the pipeline, and with serial cells one in a pass of its own: the word that
    the cells show, or that comes from a bank, with a converter two clocks for its code, a comparison with
    what was sent last. What has changed is held until the next one that has, or the end, so that the last one
    is known to be the last. A device that is not ready holds up all of it.

    ``device.sends``: ``changes`` and ``apart`` compare, with a memory of one value for each parameter;
    ``all`` does not; ``parallel`` offers all values at once, and ``apart`` all codes, from registers that the
    pipeline fills.

    Members
    -------
    weights : In
        Perturbed parameters, or a bit of each; of a bank one.
    passes, first, last : Out(1), In(1), In(1), serial cells only
        Ask for all bits; the bits at ``weights`` are the lowest, or the signs.
    there, takes, drop : In(1), Out(1), In(1), a bank only
        The next word is at ``weights``; it is taken, if it is there; all that has not been offered yet is
        forgotten, and what is offered stays until it is taken.
    go, [every] : In(1)
        Begin, while not ``busy``; where values are compared: send all parameters, changed or not.
    [number] : In(4)
        Goes with what is sent, where something outside the chip is told.
    busy : Out(1)
        From the clock after ``go`` until the device has taken everything. ``weights`` stand still meanwhile.
    clipped : Out(1)
        A code was limited, one clock. With a converter only.
    tdata, [tid, tlast], tvalid, tready : an AXI-Stream
        See ``m_axis_parameters`` in :data:`mgd_hdl.config.PORTS`; what converters on the same chip do not
        look at is not there.
    codes_tdata, codes_tid, codes_tvalid, codes_tready : the same, ``device.sends = "apart"`` only
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        delivery = config.facts.delivery
        self.in_turn = delivery.kind == "words"
        self.compares = config.device.sends in ("changes", "apart")
        ports = {"tid": Out(NUMBER_BITS), "tlast": Out(1), "tvalid": Out(1), "tready": In(1)}
        told = {"tlast"} if config.spi.dac is None or config.spi.dac.ldac else set()
        told |= set() if config.spi_dac else {"tid"}
        members = {
            "weights": In((1 if self.in_turn else config.parameters) * config.words.weight_wires),
            "go": In(1),
            **({"every": In(1)} if self.compares else {}),
            **({"number": In(NUMBER_BITS)} if "tid" in told else {}),
            "busy": Out(1),
            "tdata": Out(width(config, "m_axis_parameters_tdata")),
            **{name: port for name, port in ports.items() if name in (*told, "tvalid", "tready")},
        }
        if delivery.marked:
            members |= {"passes": Out(1), "first": In(1), "last": In(1)}
        if self.in_turn:
            members |= {"there": In(1), "takes": Out(1), "drop": In(1)}
        if config.converters.out is not None:
            members["clipped"] = Out(1)
        if there(config, "m_axis_codes_tdata"):
            members["codes_tdata"] = Out(width(config, "m_axis_codes_tdata"))
            members |= {f"codes_{name}": port for name, port in ports.items() if name != "tlast"}
        super().__init__(members)

    @property
    def module(self) -> str:
        return "sender"

    def elaborate(self, platform):
        m = Module()
        config, converters = self.config, self.config.converters
        self._advance = advance = Signal(name="advance")
        self._scanning = scanning = Signal(name="scanning")
        self._index = index = Signal(config.shape.index_bits, name="index")
        end = config.parameters - 1
        word = self._words(m)
        stages = [word]
        if converters.out is not None:
            stages.append(self._product(m, word, converters.out))
            stages.append(self._code(m, stages[-1], converters.out))
            value: Value = stages[-1].value
            stored = value
        else:
            # At rest the visible bits alone; with its perturbation the whole word.
            below = converters.shake_bits if config.device.sends == "apart" else 0
            value = word.value.shift_right(below)
            stored = value
        leaving = stages[-1]
        moving = Signal()
        m.d.comb += moving.eq(scanning | Cat(*(stage.valid for stage in stages)).any())
        waits: Value = Const(0, 1)
        if config.device.sends == "parallel":
            m.d.comb += advance.eq(1)
            waits = self._side_by_side(m, leaving, value, end, self.tdata, self.tvalid, self.tready)
            m.d.comb += [self.tid.eq(self.number), self.tlast.eq(1)]
        else:
            changed = Signal()
            if self.compares:
                before = stages[-2].index if len(stages) > 1 else index
                last = self._last(m, before, leaving, stored, changed)
                every = Signal(name="every_kept")
                with m.If(self.go):
                    m.d.sync += every.eq(self.every)
                m.d.comb += changed.eq(leaving.valid & (every | (last != stored)))
            else:
                m.d.comb += changed.eq(leaving.valid)
            waits = self._one_by_one(m, leaving, value, changed, moving)
        if self.in_turn:
            with m.If(self.drop):
                m.d.sync += [scanning.eq(0), *(stage.valid.eq(0) for stage in stages)]
        if config.device.sends == "apart":
            below = converters.shake_bits
            waits = waits | self._side_by_side(
                m, word, word.value[:below], end, self.codes_tdata, self.codes_tvalid, self.codes_tready
            )
            m.d.comb += self.codes_tid.eq(self.number)
        m.d.comb += self.busy.eq(moving | waits)
        return m

    # ---- words ---------------------------------------------------------------------------------------

    def _stage(self, name: str, shape: object) -> _Stage:
        return _Stage(
            Signal(name=f"{name}_valid"),
            Signal(self.config.shape.index_bits, name=f"{name}_index", reset_less=True),
            Signal(shape, name=name, reset_less=True),
        )

    def _words(self, m: Module) -> _Stage:
        """Words with their numbers."""
        if self.in_turn:
            return self._in_turn(m)
        return self._serial(m) if self.config.facts.delivery.marked else self._parallel(m)

    def _in_turn(self, m: Module) -> _Stage:
        """One word a clock, as they come from a bank."""
        word = self._stage("word", signed(self.config.words.weight.width))
        takes = Signal()
        m.d.comb += [self.takes.eq(self._advance), takes.eq(self._scanning & self.there)]
        with m.If(self._advance):
            m.d.sync += [word.valid.eq(takes), word.index.eq(self._index), word.value.eq(self.weights)]
        with m.If(self.go):
            m.d.sync += [self._scanning.eq(1), self._index.eq(0)]
        with m.Elif(takes & self._advance):
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(self._index == self.config.parameters - 1):
                m.d.sync += self._scanning.eq(0)
        return word

    def _parallel(self, m: Module) -> _Stage:
        """One word a clock, from a multiplexer over all cells."""
        width = self.config.words.weight.width
        room = 1 << (width - 1).bit_length()  # so that the number of a word is the top of a shift
        words = [self.weights.word_select(i, width) for i in range(self.config.parameters)]
        row = Cat(*(Cat(each, Const(0, room - width)) for each in words))
        word = self._stage("word", signed(width))
        with m.If(self._advance):
            m.d.sync += [word.valid.eq(self._scanning), word.index.eq(self._index)]
            m.d.sync += word.value.eq(row.word_select(self._index, room)[:width])
        with m.If(self.go):
            m.d.sync += [self._scanning.eq(1), self._index.eq(0)]
        with m.Elif(self._scanning & self._advance):
            m.d.sync += self._index.eq(self._index + 1)
            with m.If(self._index == self.config.parameters - 1):
                m.d.sync += self._scanning.eq(0)
        return word

    def _serial(self, m: Module) -> _Stage:
        """One word in a pass over the bits of all cells, of which one cell's are gathered."""
        width = self.config.words.weight.width
        word = self._stage("word", signed(width))
        asks, gathers = Signal(name="asks"), Signal(name="gathers")
        bits = Signal(width, reset_less=True)
        bit = self.weights.bit_select(self._index, 1)
        whole = Signal()  # the bits of this word, until the pipeline takes it
        m.d.comb += self.passes.eq(asks)
        m.d.sync += asks.eq(self.go)
        with m.If(self.first):
            m.d.sync += gathers.eq(1)
        with m.If(self.first | gathers):
            m.d.sync += bits.eq(Cat(bits[1:], bit))
        with m.If(self.last):
            m.d.sync += [gathers.eq(0), whole.eq(1)]
        with m.If(self._advance):
            m.d.sync += [word.valid.eq(whole), word.index.eq(self._index), word.value.eq(bits)]
        with m.If(self.go):
            m.d.sync += [self._scanning.eq(1), self._index.eq(0)]
        with m.Elif(whole & self._advance):
            m.d.sync += [whole.eq(0), self._index.eq(self._index + 1)]
            with m.If(self._index == self.config.parameters - 1):
                m.d.sync += self._scanning.eq(0)
            with m.Else():
                m.d.sync += asks.eq(1)
        return word

    # ---- codes ---------------------------------------------------------------------------------------

    def _product(self, m: Module, word: _Stage, out: Converter) -> _Stage:
        """``value * gain + half``, exact."""
        value = word.value
        if self.config.device.sends == "apart":
            below = self.config.converters.shake_bits
            value = Cat(Const(1 << below - 1, below), value[below:]).as_signed()
        half = 1 << out.shift - 1 if out.shift > 0 else 0
        most = max(abs(gain) for gain in out.gains) or 1
        bits = len(value) + most.bit_length() + 1
        product = self._stage("product", signed(bits))
        with m.If(self._advance):
            m.d.sync += [
                product.valid.eq(word.valid),
                product.index.eq(word.index),
                product.value.eq(value * _picked(out.gains, word.index) + half),
            ]
        return product

    def _code(self, m: Module, product: _Stage, out: Converter) -> _Stage:
        """The code, limited, as on the wires of the converter."""
        way = out.shift
        rounded = product.value.shift_right(way) if way >= 0 else product.value.shift_left(-way)
        wanted = rounded + _picked(out.offsets, product.index)
        limited, outside = saturate(m, wanted, SQ(out.bits, 0), "limited")
        top = ~limited[-1] if out.offset_binary else limited[-1]
        code = self._stage("code", out.bits)
        was_outside = Signal(reset_less=True)
        with m.If(self._advance):
            m.d.sync += [
                code.valid.eq(product.valid),
                code.index.eq(product.index),
                code.value.eq(Cat(limited[:-1], top)),
                was_outside.eq(outside),
            ]
        m.d.comb += self.clipped.eq(code.valid & was_outside & self._advance)
        return code

    # ---- what leaves ---------------------------------------------------------------------------------

    def _last(self, m: Module, before: Signal, leaving: _Stage, stored: Value, changed: Signal) -> Value:
        """What was sent last of the parameter that leaves."""
        m.submodules.sent = sent = Memory(shape=len(stored), depth=self.config.parameters, init=[])
        reads = sent.read_port()
        writes = sent.write_port()
        m.d.comb += [
            reads.addr.eq(before),
            reads.en.eq(self._advance),
            writes.addr.eq(leaving.index),
            writes.data.eq(stored),
            writes.en.eq(changed & self._advance),
        ]
        last = Signal(len(stored), name="last_sent")
        m.d.comb += last.eq(reads.data)
        return last.as_signed() if stored.shape().signed else last

    def _one_by_one(self, m: Module, leaving: _Stage, value: Value, changed: Value, moving: Value) -> Value:
        """A stream of numbers and values, from a register; returns whether it waits there."""
        held = Signal()
        held_value = Signal(value.shape(), reset_less=True)
        held_index = Signal.like(leaving.index, name="held_index", reset_less=True)
        low = -(-len(value) // 8) * 8
        shown = Signal(low)
        last: Value = ~moving
        if self.in_turn and "tlast" in self.signature.members:
            last = last & ~self._left_over(m, last)
        m.d.comb += [
            self.tvalid.eq(held & (changed | ~moving)),
            *([self.tlast.eq(last)] if "tlast" in self.signature.members else []),
            *([self.tid.eq(self.number)] if "tid" in self.signature.members else []),
            shown.eq(held_value),
            self.tdata.eq(Cat(shown, held_index)),
            self._advance.eq(~(held & changed) | self.tready),
        ]
        with m.If(changed & self._advance):
            m.d.sync += [held.eq(1), held_value.eq(value), held_index.eq(leaving.index)]
        with m.Elif(self.tvalid & self.tready):
            m.d.sync += held.eq(0)
        if self.in_turn:
            with m.If(self.drop & ~(self.tvalid & ~self.tready)):
                m.d.sync += held.eq(0)
        return held

    def _left_over(self, m: Module, last: Value) -> Signal:
        """What is offered was no last one when all behind it was dropped, and so it stays."""
        left_over = Signal()
        with m.If(self.tready):
            m.d.sync += left_over.eq(0)
        with m.Elif(self.drop & self.tvalid & ~last):
            m.d.sync += left_over.eq(1)
        return left_over

    def _side_by_side(
        self, m: Module, stage: _Stage, value: Value, end: int, data: Signal, valid: Signal, ready: Signal
    ) -> Value:
        """All values at once, shifted in one after the other; returns whether they wait."""
        row = Signal(len(value) * self.config.parameters, name=f"row_of_{stage.value.name}", reset_less=True)
        with m.If(stage.valid & self._advance):
            m.d.sync += row.eq(Cat(row[len(value) :], value))
            with m.If(stage.index == end):
                m.d.sync += valid.eq(1)
        with m.Elif(ready):
            m.d.sync += valid.eq(0)
        m.d.comb += data.eq(row)
        return valid


def _picked(constants: tuple[int, ...], index: Value) -> Value:
    """One of some constants, or the only one."""
    if len(set(constants)) == 1:
        return Const(constants[0])
    bits = 1 + max(abs(each) for each in constants).bit_length()
    return Value.cast(Array(Const(each, signed(bits)) for each in constants)[index])
