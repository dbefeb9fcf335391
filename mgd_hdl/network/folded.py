"""The network under training, folded: a few lanes sum up one group of neurons after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amaranth.hdl import Array, Cat, Const, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Member, Out

from ..config.network import LayerConfig
from ..config.number import SQ
from ..config.trainer import TrainerConfig
from ..delay import later
from ..fixed import shape
from ..hierarchy import Block, place
from .activation import Activation

__all__ = ["Folded", "FoldedAtOnce", "Reader", "folded"]


def folded(config: TrainerConfig) -> Folded:
    """The network of a bank: sides take turns, or come at once."""
    return (FoldedAtOnce if config.sides_at_once else Folded)(config)


class Reader(Block):
    """Addresses the words of a sweep, in the clocks of :class:`mgd_hdl.config.engines.Sweep`.

    Members
    -------
    go : In(1)
        A sweep begins in this clock.
    valid : Out(1); address, index : Out
        A word, and the index of lane 0's code.
    layer : Out; [word] : Out
        Its layer; its number in its pass, where the sample, outputs or, node by node, inputs are in a memory.
    plus : Out(1)
        Layers behind the first: for the perturbed side; otherwise for the reference.
    first_word, last_word, first_group, last_group : Out(1)
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        sweep, indices = config.timing.sweep, config.timing.indices
        assert sweep is not None
        assert indices is not None
        self.sweep, self.indices = sweep, indices
        self._numbered = sweep.numbered or indices.nodes or config.paged
        self._word = range(max(span.words for span in sweep.spans))
        flags = ("valid", "plus", "first_word", "last_word", "first_group", "last_group")
        super().__init__(
            {
                "go": In(1),
                "address": Out(range(sweep.depth)),
                "index": Out(indices.bits),
                "layer": Out(range(max(2, len(sweep.spans)))),
                **({"word": Out(self._word)} if self._numbered else {}),
                **{name: Out(1) for name in flags},
            }
        )

    @property
    def module(self) -> str:
        return "reader"

    def elaborate(self, platform):
        m = Module()
        spans, layers, step = self.sweep.spans, self.config.shape.layers, self.indices.step
        layer, last_layer = self.layer, len(spans) - 1
        word: Signal = self.word if self._numbered else Signal(self._word, name="word")
        group = Signal(range(max(2, *(span.groups for span in spans))))
        left = Signal(range(max(2, *(gap + 1 for span in spans for gap in span.gaps))))

        def of(values: Sequence[int]) -> Value:
            """That of the present layer."""
            return Array(Const(value) for value in values)[layer]

        bases = [self.indices.first(each.index) for each in layers]
        strides = [self.indices.strides(each.index) - step * each.inputs for each in layers]
        ends = Signal()  # a pass ends in this clock
        turns = Signal()  # the same group comes again, for the other side
        m.d.comb += [
            ends.eq(self.valid & self.last_word),
            turns.eq(Const(0, 1) if self.sweep.at_once else (layer != 0) & ~self.plus),
            self.first_group.eq(group == 0),
        ]
        gap = Signal.like(left)
        with m.If(self.go):
            m.d.sync += [
                self.valid.eq(1),
                self.address.eq(0),
                self.index.eq(bases[0]),
                layer.eq(0),
                group.eq(0),
                word.eq(0),
                self.plus.eq(0),
                self.first_word.eq(1),
                self.last_word.eq(0),
                self.last_group.eq(spans[0].groups == 1),
            ]
        with m.Elif(ends):
            m.d.sync += [word.eq(0), self.first_word.eq(1), self.last_word.eq(0)]
            with m.If(turns):
                m.d.comb += gap.eq(
                    Mux(self.first_group, of([s.gaps[1] for s in spans]), of([s.gaps[2] for s in spans]))
                )
                m.d.sync += [
                    self.plus.eq(1),
                    self.address.eq(self.address - of([s.words - 1 for s in spans])),
                    self.index.eq(self.index - of([step * (s.words - 1) for s in spans])),
                ]
            with m.Else():
                m.d.sync += [self.plus.eq(0), self.address.eq(self.address + 1)]
                with m.If(~self.last_group):
                    m.d.comb += gap.eq(of([s.gaps[3] for s in spans]))
                    m.d.sync += [
                        group.eq(group + 1),
                        self.last_group.eq(group + 2 == of([s.groups for s in spans])),
                        self.index.eq(self.index + of(strides)),
                    ]
                with m.Else():
                    following = [*spans[1:], spans[-1]]
                    m.d.comb += gap.eq(of([s.gaps[0] for s in following]))
                    m.d.sync += [
                        group.eq(0),
                        layer.eq(layer + 1),
                        self.last_group.eq(of([s.groups == 1 for s in following])),
                        self.index.eq(of([*bases[1:], 0])),
                    ]
            over = Signal()
            m.d.comb += over.eq(~turns & self.last_group & (layer == last_layer))
            m.d.sync += [self.valid.eq((gap == 0) & ~over), left.eq(Mux(over, 0, gap))]
        with m.Elif(self.valid):
            m.d.sync += [
                word.eq(word + 1),
                self.address.eq(self.address + 1),
                self.index.eq(self.index + step),
                self.first_word.eq(0),
                self.last_word.eq(word + 2 == of([s.words for s in spans])),
            ]
        with m.Elif(left.any()):
            m.d.sync += [left.eq(left - 1), self.valid.eq(left == 1)]
        return m


class Folded(Block):
    """All dense layers on as many multipliers as the bank has lanes, in one sweep for both measurements.

    In each clock every lane multiplies one weight of its neuron by an input that all lanes share; the bias is
    a weight of the input one. The schedule is :class:`mgd_hdl.config.engines.Sweep`: in layer 0 a lane keeps
    two sums, of all weights at rest and of all inputs with the signs of the code, and both sides' sums are
    made of them; in all further layers it sums up each side by itself. Sums leave the lanes side by side, go
    one a clock through the layer's activation, and are inputs of the next layer at once or wait in a memory.
    Everything is exact, so sums are those of :class:`mgd_hdl.network.dense.Neuron`.

    ``measured`` comes twice, for the reference and then for the perturbed cost, this one ``sweep.answered``
    clocks after ``go``, each time with the outputs of this measurement at ``y``.

    Members
    -------
    x : In(inputs)
        There with ``go``; where it turns, see ``x_turns``, for as long as the first layer is passed. With a
        sample in a memory one input, that of ``x_at`` a clock before.
    [x_at] : Out, a sample in a memory only
        The number of an input.
    [x_turns] : Out(1), single ports without inference only
        In the next clock ``x`` has turned by one input: the second one is first, and the first last. When the
        first layer has been passed, ``x`` is as it was. A sweep that measures nothing leaves it.
    go : In(1)
        A sweep begins.
    quiet, wanted : In(1)
        With ``go``: it measures nothing; the reference is wanted.
    [rest] : In(1), inference only
        With ``go``: nothing is shaken, so that the outputs that are there with ``over`` are those at rest.
    visible, codes : In
        What the bank reads, four clocks after the address; codes three.
    [actives] : In(lanes), sparse codes only
        With ``codes``: which words are shaken; the others rest.
    address, index, [layer], adds : Out
        To the bank: a word.
    [turns] : In(layers), layer by layer only
        One-hot, whose turn it is in this sweep: the others rest.
    [which] : Out, node by node only
        Which input it is for.
    [counted, keeps] : Out(config.words.counted), Out(1), node by node only
        To the bank, ``config.timing.sweep.reach`` clocks after the address: the input, and that it is one of
        a reference, and was the last time that it came in this sweep.
    [y] : Out(outputs)
        Where the loss takes them together, or accuracy is asked for.
    each, each_y, each_plus, each_neuron : Out
        Before they are together: an output comes, of the perturbed side or not, and its number.
    measured, reference : Out(1)
    swept : Out(1)
        All parameters have been updated.
    over : Out(1)
        All outputs have come, measured or not: the next sweep may begin.
    [passed, turns] : Out(1), where sweeps begin ahead of the answers to the one before
        The last word of a sweep is addressed, so that another one may be commanded; from the next clock on
        outputs are those of the sweep that was commanded last.
    """

    #: What lanes multiply by: registers, one for each multiplier of a lane.
    OPERANDS: ClassVar[tuple[str, ...]] = ("operand",)
    #: Names of the sides end so, where each has a curve of its own.
    SIDES: ClassVar[tuple[str, ...]] = ("", "_other")

    def __init__(self, config: TrainerConfig):
        self.config = config
        #: Whether somebody wants all outputs at a time.
        self.together = config.loss != "squared_error" or config.task.accuracy or config.inference
        first, last = config.shape.layers[0], config.shape.layers[-1]
        sweep, lanes, indices = config.timing.sweep, config.engine.lanes, config.timing.indices
        assert sweep is not None
        assert indices is not None
        self.sweep, self.indices = sweep, indices
        counted = Out(shape(config.words.counted))
        inputs = {"which": Out(sweep.input_bits), "counted": counted, "keeps": Out(1)}
        super().__init__(
            {
                **self._given(first),
                "go": In(1),
                "quiet": In(1),
                "wanted": In(1),
                **({"rest": In(1)} if config.inference else {}),
                "visible": In(lanes * config.words.visible.width),
                "codes": In(lanes),
                **({"actives": In(lanes)} if indices.pairs else {}),
                "address": Out(range(sweep.depth)),
                "index": Out(indices.bits),
                **({"layer": Out(range(max(2, len(config.shape.layers))))} if indices.asks_layer else {}),
                **({"turns": In(len(config.shape.layers))} if indices.turns else {}),
                **(inputs if indices.nodes else {}),
                "adds": Out(1),
                **({"y": Out(data.ArrayLayout(shape(last.output), last.neurons))} if self.together else {}),
                "each": Out(1),
                "each_y": Out(shape(last.output)),
                "each_plus": Out(1),
                "each_neuron": Out(range(max(2, last.neurons))),
                "measured": Out(1),
                "reference": Out(1),
                "swept": Out(1),
                "over": Out(1),
                **({"passed": Out(1), "turns": Out(1)} if config.sweeps_ahead else {}),
            }
        )

    def _given(self, first: LayerConfig) -> dict[str, Member]:
        """How the sample comes."""
        if self.config.paged:
            return {"x": In(shape(first.input)), "x_at": Out(range(max(2, first.inputs)))}
        x = In(data.ArrayLayout(shape(first.input), first.inputs))
        return {"x": x, **({"x_turns": Out(1)} if self.config.turning else {})}

    @property
    def module(self) -> str:
        return "folded"

    # ---- formats ---------------------------------------------------------------------------------------

    @property
    def _input(self) -> Shape:
        """Holds an input of any layer, and a bias's one in its fraction bits."""
        return self._holds(self.config.shape.layers)

    @staticmethod
    def _holds(layers: Sequence[LayerConfig]) -> Shape:
        """An input of any of these layers."""
        formats = [layer.input for layer in layers]
        is_signed = any(each.signed for each in formats)
        widths = [
            max(each.width + (is_signed and not each.signed), each.fraction_bits + 1 + is_signed)
            for each in formats
        ]
        return Shape(max(widths), signed=is_signed)

    @property
    def _sum(self) -> Shape:
        """Holds the sum of any layer, in last bits of its own."""
        return signed(max(layer.sum.width for layer in self.config.shape.layers))

    # ---- circuit ---------------------------------------------------------------------------------------

    def elaborate(self, platform):
        m = Module()
        config, sweep, layers = self.config, self.sweep, self.config.shape.layers
        reach = sweep.reach
        reader = place(m, platform, "reader", Reader(config))
        self._reader = reader
        again = Array(Const(span.again, 1) for span in sweep.spans)
        m.d.comb += [
            reader.go.eq(self.go),
            self.address.eq(reader.address),
            self.index.eq(reader.index),
            self.adds.eq(reader.valid & (~reader.plus | again[reader.layer])),
        ]
        if self.indices.asks_layer:
            m.d.comb += self.layer.eq(reader.layer)
        silent = Signal()
        awaited = Signal()
        with m.If(self.go):
            m.d.sync += [silent.eq(self.quiet), awaited.eq(self.wanted)]
        if config.sweeps_ahead:
            awaited = self._turns(m, awaited)
        self._still: Value = Const(0, 1)
        if config.inference:
            self._still = Signal(name="still", reset_less=True)
            with m.If(self.go):
                m.d.sync += self._still.eq(self.rest)

        # What is known of a word, clock by clock after its address.
        ends_first = ~reader.plus & reader.last_group & reader.last_word & (reader.layer == len(layers) - 1)
        if config.sweeps_ahead:
            ends = reader.valid & reader.last_group & reader.last_word & (reader.layer == len(layers) - 1)
            once = Const(len(layers) == 1 or sweep.at_once, 1)
            m.d.comb += self.passed.eq(ends & (reader.plus | once))
        valid = self._line(m, "valid", reader.valid, reach + sweep.sums + 1, resets=True)
        swept = sweep.lead + sweep.back + 1
        final = self._line(m, "final", reader.valid & ends_first, swept, resets=True)
        bottom = self._line(m, "bottom", reader.layer == 0, reach + sweep.sums)
        plus = self._line(m, "plus", reader.plus, reach + sweep.sums)
        first_word = self._line(m, "first_word", reader.first_word, reach + 1)
        last_word = self._line(m, "last_word", reader.last_word, reach + sweep.sums)
        first_group = self._line(m, "first_group", reader.first_group, reach + sweep.sums)
        last_group = self._line(m, "last_group", reader.last_group, reach + sweep.sums)
        layer = self._line(m, "layer", reader.layer, reach + sweep.sums)
        word: list[Value] = []
        if sweep.numbered:
            # No bit that nobody asks for: a first layer may have many more words than there are neurons.
            far = any(span.fresh for span in sweep.spans)
            asked = reader.word if far else reader.word[: self._neuron_bits]
            word = self._line(m, "word", asked, reach - 2)
        m.d.comb += self.swept.eq(final[swept])

        outputs = self._outputs()
        if config.turning:
            at = reach - 2
            m.d.comb += self.x_turns.eq(valid[at] & bottom[at] & ~last_word[at] & ~silent)
        if config.paged:  # the memory answers a clock later
            number = reader.word[: len(self.x_at)]
            m.d.comb += self.x_at.eq(self._line(m, "number", number, reach - 3)[-1])
        inputs = self._inputs(m, valid, bottom, plus, last_word, first_group, layer, word, outputs)
        if self.indices.nodes:
            keeps = valid[reach] & ~plus[reach] & last_group[reach] & ~silent
            self._counts(m, inputs[0], layer[reach], keeps)
        at = reach - 1
        turn = self.turns.bit_select(layer[at], 1) if self.indices.turns else None
        sums = self._summed(m, inputs, bottom, plus, last_word, first_word[reach + 1], turn)
        at = reach + sweep.sums
        load = Signal()
        m.d.comb += load.eq(valid[at] & last_word[at])
        drained = self._drained(m, sums, load, layer[at], plus[at], first_group[at], last_group[at])
        known = self._activations(m, platform, drained, outputs)
        self._kept(m, known)
        self._answers(m, known, silent, awaited)
        return m

    def _outputs(self) -> list[Signal]:
        """What comes out of each curve."""
        self._activated = Signal(self._output, name="activated")
        return [self._activated]

    def _turns(self, m: Module, awaited: Signal) -> Signal:
        """Whose outputs come: those of a sweep while the next one has begun, then those of that one."""
        coming = Signal()  # outputs of a sweep are to come
        behind = Signal()  # and those of another one behind it
        asked = Signal()
        m.d.comb += self.turns.eq(self.over | (self.go & ~coming))
        with m.If(self.turns):
            m.d.sync += [
                coming.eq(behind | self.go),
                behind.eq(0),
                asked.eq(Mux(self.go, self.wanted, awaited)),
            ]
        with m.Elif(self.go):
            m.d.sync += behind.eq(1)
        return asked

    @staticmethod
    def _line(m: Module, name: str, value: Value, clocks: int, *, resets: bool = False) -> list[Value]:
        """The value, as it was so many clocks ago."""
        found = [value]
        for clock in range(1, clocks + 1):
            found.append(later(m, found[-1], f"{name}_{clock}", 1, resets=resets))
        return found

    @property
    def _neuron_bits(self) -> int:
        """Of the number of a hidden neuron."""
        return max(1, (max(each.neurons for each in self.config.shape.layers[:-1]) - 1).bit_length())

    @property
    def _output(self) -> Shape:
        """Holds the output of any layer."""
        formats = [layer.output for layer in self.config.shape.layers]
        is_signed = any(each.signed for each in formats)
        return Shape(max(each.width + (is_signed and not each.signed) for each in formats), signed=is_signed)

    def _inputs(self, m, valid, bottom, plus, last_word, first_group, layer, word, outputs) -> list[Signal]:
        """What all lanes multiply by, in the clock in which the parameters are there."""
        sweep, layers, reach = self.sweep, self.config.shape.layers, self.sweep.reach
        passed = valid[reach - 2] & bottom[reach - 2] & ~last_word[reach - 2]
        taken = self.x if self.config.paged else self._turned(m, passed)
        if sweep.stores:
            stored = self._reads(m, plus[reach - 2], layer[reach - 2], word[reach - 2])
        # What does not come from a layer before is chosen a clock ahead: the last register has neither enable
        # nor reset, so that a multiplier can take it in, and before it is only what comes late.
        at = reach - 2
        ones = Array(Const(1 << each.input.fraction_bits, self._input) for each in layers)
        known = Signal(self._input, name="known", reset_less=True)
        m.d.sync += known.eq(Mux(last_word[at], ones[layer[at]], taken))
        values: list[Value] = [known for _ in self.OPERANDS]
        if len(layers) > 1:
            behind = [
                Mux(plus[at], Const(span.streams[1], 1), Const(span.streams[0], 1)) for span in sweep.spans
            ]
            streams = Signal()
            far: Value = Const(1, 1)
            if any(span.fresh for span in sweep.spans):
                far = word[at] >= Array(Const(span.fresh) for span in sweep.spans)[layer[at]]
            m.d.comb += streams.eq(first_group[at] & Array(behind)[layer[at]] & far)
            inner = ~bottom[at] & ~last_word[at]
            from_before = later(m, inner & streams, "from_before", 1)
            values = [
                Mux(from_before, came, value)
                for came, value in zip(self._came(m, word, layer), values, strict=True)
            ]
            if sweep.stores:
                from_store = later(m, inner & ~streams, "from_store", 1)
                values = [Mux(from_store, kept, value) for kept, value in zip(stored, values, strict=True)]
        found = []
        for name, value in zip(self.OPERANDS, values, strict=True):
            x = Signal(self._input, name=name, reset_less=True)
            m.d.sync += x.eq(value)
            found.append(x)
        return found

    def _came(self, m: Module, word: list[Value], layer: list[Value]) -> list[Value]:
        """For each operand an input that is taken as it comes."""
        return [self._activated]

    def _turned(self, m: Module, passed: Value) -> Value:
        """A sample goes round, input by input, so that each group finds it as it was: what is first of it."""
        first = self.config.shape.layers[0].input
        turning: Value = self.x.as_value()
        if not self.config.turning:
            turning = Signal(len(self.x.as_value()), name="turning", reset_less=True)
            with m.If(self.go):
                m.d.sync += turning.eq(self.x.as_value())
            with m.Elif(passed):
                m.d.sync += turning.eq(turning.rotate_right(first.width))
        sample = turning[: first.width]
        return sample.as_signed() if first.signed else sample

    def _reads(self, m: Module, plus: Value, layer: Value, word: Value) -> list[Value]:
        """Outputs of the layer before, from the memory: of even and odd layers by turns, of either side."""
        hidden = [each.output for each in self.config.shape.layers[:-1]]
        is_signed = any(each.signed for each in hidden)
        width = max(each.width + (is_signed and not each.signed) for each in hidden)
        kept = self._row(Shape(width, signed=is_signed))
        places = 1 << self._neuron_bits + len(self._place(plus, layer[0]))
        m.submodules.outputs = store = Memory(shape=kept, depth=places, init=[])
        reads = store.read_port()
        writes = store.write_port()
        self._writes = writes
        number = Signal(self._neuron_bits, name="number_read")
        m.d.comb += [number.eq(word), reads.addr.eq(Cat(number, self._place(plus, layer[0])))]
        return self._columns(reads.data)

    @staticmethod
    def _row(kept: Shape) -> Any:
        """Of the memory of outputs."""
        return kept

    @staticmethod
    def _columns(row: Any) -> list[Value]:
        """For each operand what a row of the memory has."""
        return [row]

    @staticmethod
    def _place(plus: Value, odd: Value) -> Value:
        """Where in the memory outputs are that a layer reads: its upper address bits."""
        return Cat(plus, odd)

    def _counts(self, m: Module, x: Signal, layer: Value, keeps: Value) -> None:
        """What weights learn by: the input in parts that are the same in all layers, rounded down."""
        unit, counted = self.config.words.unit_shift, []
        for each in self.config.shape.layers:
            below = each.input.fraction_bits - unit
            counted.append(x.shift_right(below) if below >= 0 else x.shift_left(-below))
        m.d.comb += [
            self.which.eq(Cat(self._reader.word, self._reader.layer)),
            self.counted.eq(Array(counted)[layer]),
            self.keeps.eq(keeps),
        ]

    def _summed(
        self,
        m: Module,
        operands: Sequence[Signal],
        bottom: list[Value],
        plus: list[Value],
        last: list[Value],
        first: Value,
        turn: Value | None = None,
    ) -> list[tuple[Signal, Value]]:
        """Of each lane the sum of the products, and of the inputs with signs; node by node the sign alone.
        What of a weight is not in the memory is known a clock before: the whole factor comes from registers.
        Layer by layer a word rests where it is not its layer's ``turn``.
        """
        config, still, at, x = self.config, self._still, self.sweep.reach - 1, operands[0]
        rests = self._rests(bottom[at], plus[at], last[at], turn)
        if turn is not None:
            still = still | ~self.turns[0]  # the second sum is of the first layer
        width = config.words.visible.width
        bottom_sum = config.shape.layers[0].sum.width
        other = self._negated(m, x)
        found: list[tuple[Signal, Value]] = []
        for lane in range(config.engine.lanes):
            visible = self.visible.word_select(lane, width)
            lower = self._lower(m, f"lower_{lane}", lane, rests, bottom[at], plus[at])
            code, none = self._shakes(m, lane, still)
            weight = Cat(lower, visible).as_signed()
            product = Signal(signed(len(weight) + len(x)), name=f"product_{lane}", reset_less=True)
            if self.indices.nodes:
                total = Signal(self._sum, name=f"sum_{lane}", reset_less=True)
                m.d.sync += [product.eq(weight * x), total.eq(Mux(first, 0, total) + product)]
                found.append((total, later(m, code, f"summed_code_{lane}", self.sweep.sums)))
                continue
            part = Signal(signed(min(len(x) + 1, bottom_sum)), name=f"part_{lane}", reset_less=True)
            m.d.sync += [product.eq(weight * x), part.eq(Mux(none, 0, Mux(code, x, other)))]
            total = Signal(self._sum, name=f"sum_{lane}", reset_less=True)
            shaken = Signal(signed(bottom_sum), name=f"shaken_{lane}", reset_less=True)
            m.d.sync += [
                total.eq(Mux(first, 0, total) + product),
                shaken.eq(Mux(first, 0, shaken) + part),
            ]
            found.append((total, shaken))
        return found

    def _rests(self, bottom: Value, plus: Value, last: Value, turn: Value | None) -> Value:
        """Whether the words at the lanes are not shaken on this side."""
        rests: Value = bottom | self._still if self.config.two_sided else bottom | ~plus | self._still
        if turn is not None:
            rests = rests | ~turn
        if self.indices.nodes:
            rests = rests | ~last  # only the bias is shaken
        return rests

    def _negated(self, m: Module, x: Value) -> Value:
        """What of an input a sign of -1 adds: sequential codes know rest in its place."""
        negated = Signal(signed(len(x) + 1))
        m.d.comb += negated.eq(-x)
        return Const(0, 1) if self.config.sequential else negated

    def _shakes(self, m: Module, lane: int, still: Value) -> tuple[Value, Value]:
        """A lane's sign, and whether it has none, in the clock of the product."""
        code = later(m, self.codes[lane], f"code_{lane}", 1)
        if self.indices.pairs:
            still = still | ~later(m, self.actives[lane], f"active_{lane}", 1)
        return code, still

    def _lower(self, m: Module, name: str, lane: int, rests: Value, bottom: Value, plus: Value) -> Signal:
        """What of a weight is below the visible bits: at rest 10, perturbed 11 or 01; the reference of two
        sides is perturbed the other way.
        """
        code, side = self.codes[lane], self.config.two_sided
        lower = Signal(2, name=name, reset_less=True)
        if self.indices.pairs:
            rests = rests | ~self.actives[lane]
        if self.config.sequential:  # Perturbed 11, or 01 on the other side; all others rest.
            beside = code & ~bottom & (plus | Const(side, 1)) & ~self._still
            m.d.sync += lower.eq(Mux(beside, Cat(1, plus), 0b10))
        elif side:
            m.d.sync += lower.eq(Mux(rests, 0b10, Cat(1, code ^ ~plus)))
        else:
            m.d.sync += lower.eq(Mux(rests, 0b10, Cat(1, code)))
        return lower

    def _drained(
        self,
        m: Module,
        sums: Sequence[tuple[Signal, Value]],
        load: Signal,
        layer: Value,
        plus: Value,
        first_group: Value,
        last_group: Value,
    ) -> dict[str, Value]:
        """One sum a clock from all lanes, and whose it is."""
        sweep, lanes, layers = self.sweep, self.sweep.lanes, self.config.shape.layers
        # Of layer 0 all lanes of the reference, a clock of nothing, and all lanes of the other side.
        busy = Signal()
        lane = Signal(range(lanes + 1))  # that of the head
        second = Signal()
        bottom = Signal()
        between = Signal()
        own_layer = Signal.like(layer, name="drain_layer")
        reads = Signal(name="drain_next")  # the layer that reads them is an odd one
        own_plus = Signal(name="drain_plus")
        ends = Signal(name="drain_ends")  # with this group the layer does
        # Beyond the last neuron of a layer it counts on, which nobody reads.
        neuron = Signal(range(max(2, *(each.neurons for each in layers))))
        base = Signal.like(neuron)
        start = Signal.like(neuron)
        # Neurons of this group.
        count = Mux(ends, Array(Const(span.last_lanes) for span in sweep.spans)[own_layer], lanes)
        m.d.comb += [
            between.eq(lane == lanes),
            start.eq(Mux(plus, base, Mux(first_group, 0, base + lanes))),
        ]
        with m.If(load):
            m.d.sync += [
                busy.eq(1),
                lane.eq(0),
                second.eq(0),
                bottom.eq(layer == 0),
                own_layer.eq(layer),
                reads.eq(~layer[0]),
                own_plus.eq(plus),
                ends.eq(last_group),
                base.eq(start),
                neuron.eq(start),
            ]
        with m.Elif(between):
            m.d.sync += [lane.eq(0), second.eq(1), own_plus.eq(1), neuron.eq(base)]
        with m.Elif(busy):
            m.d.sync += [lane.eq(lane + 1), neuron.eq(neuron + 1)]
            with m.If((lane == lanes - 1) & (~bottom | second)):
                m.d.sync += [busy.eq(0), lane.eq(0)]

        heads = self._heads(m, sums, load, [~between] * 2, "drain_shaken")
        z = Signal(self._sum, name="z", reset_less=True)
        if self.indices.nodes:
            m.d.sync += z.eq(heads[0] + self._shaken(heads[1], bottom, second))
        else:
            self._both(m, heads, bottom, second, z)
        comes, last = busy & ~between & (lane < count), ends & (lane + 1 == count)
        return {"z": z, **self._whose(m, comes, own_layer, reads, own_plus, neuron, last)}

    @staticmethod
    def _heads(
        m: Module,
        sums: Sequence[tuple[Signal, Value]],
        load: Signal,
        goes: Sequence[Value],
        other: str,
        *,
        around: bool = True,
    ) -> list[Signal]:
        """Of either sum that of the lane that is next; they go on, and round where they are read again."""
        heads = []
        for what, name in enumerate(("drain", other)):
            held = [
                Signal(each[what].shape(), name=f"{name}_{number}", reset_less=True)
                for number, each in enumerate(sums)
            ]
            following = [*held[1:], held[0] if around else held[-1]]
            for number, each in enumerate(held):
                with m.If(load):
                    m.d.sync += each.eq(sums[number][what])
                with m.Elif(goes[what]):
                    m.d.sync += each.eq(following[number])
            heads.append(held[0])
        return heads

    @staticmethod
    def _whose(
        m: Module, comes: Value, layer: Value, reads: Value, plus: Value, neuron: Value, last: Value
    ) -> dict[str, Value]:
        """Whose sum it is, beside z."""
        return {
            "valid": later(m, comes, "z_valid", 1, resets=True),
            "layer": later(m, layer, "z_layer", 1),
            "next": later(m, reads, "z_next", 1),
            "plus": later(m, plus, "z_plus", 1),
            "neuron": later(m, neuron, "z_neuron", 1),
            "last": later(m, last, "z_last", 1),
        }

    def _shaken(self, code: Value, bottom: Value, second: Value) -> Value:
        """Node by node what either side of layer 0 has more than the sum at rest: a bias's amplitude."""
        one = self.config.shape.layers[0].input.fraction_bits
        bit = code if not self.config.two_sided else code ^ ~second
        here = (bottom if self.config.two_sided else second) & ~self._still
        sign = here & ~bit
        return Cat(Const(0, one), here, sign).as_signed()

    def _both(self, m: Module, heads: Sequence[Signal], bottom: Value, second: Value, z: Signal) -> None:
        """Layer 0 makes either side of its two sums, A + B and A - B or A. One chain of carries does both."""
        total, shaken = heads
        subtracts = Signal()
        part = Signal(shaken.shape())
        if self.config.two_sided:
            m.d.comb += [
                subtracts.eq(bottom & ~second),
                part.eq(Mux(bottom, shaken ^ subtracts.replicate(len(shaken)), 0)),
            ]
        else:
            m.d.comb += part.eq(Mux(second, shaken, 0))
        both = Cat(Const(1, 1), total).as_signed() + Cat(subtracts, part).as_signed()
        m.d.sync += z.eq(both[1 : len(z) + 1])

    def _activations(
        self, m: Module, platform, drained: dict[str, Value], outputs: Sequence[Signal]
    ) -> dict[str, Value]:
        """One block for each curve; all take as long as the slowest. What is known goes along."""
        layers, clocks = self.config.shape.layers, self.sweep.curve - 1
        owners = [layer.index if layer.shared is None else layer.shared for layer in layers]
        curves: list[dict[int, Value]] = []
        for side in self.SIDES[: len(outputs)]:
            found: dict[int, Value] = {}
            for owner in dict.fromkeys(owners):
                users = [layer for layer, own in zip(layers, owners, strict=True) if own == owner]
                found[owner] = self._curve(m, platform, users, drained, clocks, side)
            curves.append(found)
        known = {
            name: later(m, value, f"y_{name}", clocks, resets=name == "valid")
            for name, value in drained.items()
            if not name.startswith("z")
        }
        for y, found in zip(outputs, curves, strict=True):
            chosen: Value = (
                Array(found[own] for own in owners)[known["layer"]] if len(found) > 1 else found[0]
            )
            m.d.comb += y.eq(chosen)
        return known

    def _curve(
        self,
        m: Module,
        platform,
        users: Sequence[LayerConfig],
        drained: dict[str, Value],
        clocks: int,
        side: str = "",
    ) -> Value:
        """Sums of some layers, in one format, go through the curve that they share."""
        sums = [layer.sum for layer in users]
        fraction = max(each.fraction_bits for each in sums)
        common = SQ(max(each.integer_bits for each in sums), fraction)
        name, given = f"activation_{users[0].index}{side}", drained[f"z{side}"]
        curve = place(m, platform, name, Activation(users[0], z=common, apart=True))
        z: Value = given.shift_left(fraction - sums[0].fraction_bits)
        for layer in users[1:]:
            moved = given.shift_left(fraction - layer.sum.fraction_bits)
            z = Mux(drained["layer"] == layer.index, moved, z)
        m.d.comb += curve.z.eq(z)
        return later(m, curve.y, f"slow_{users[0].index}{side}", clocks - users[0].activation_latency)

    def _kept(self, m: Module, known: dict[str, Value]) -> None:
        """Outputs that wait for the next layer."""
        if self.sweep.stores:
            number = known["neuron"][: self._neuron_bits]
            row, whole = self._made(known)
            m.d.comb += [
                self._writes.addr.eq(Cat(number, self._place(known["plus"], known["next"]))),
                self._writes.data.eq(row),
                self._writes.en.eq(whole),
            ]

    def _made(self, known: dict[str, Value]) -> tuple[Any, Value]:
        """A row of the memory of outputs, and that it is there."""
        return self._activated, known["valid"]

    def _answer(self, known: dict[str, Value]) -> Value:
        """An output of the last layer."""
        return self._activated

    def _answers(self, m: Module, known: dict[str, Value], silent: Signal, awaited: Signal) -> None:
        """Outputs of the last layer, together; both sides apart where their groups take turns."""
        layer, span, y = self.config.shape.layers[-1], self.sweep.spans[-1], self._answer(known)
        apart = span.groups > 1
        comes = Signal()
        m.d.comb += comes.eq(known["valid"] & (known["layer"] == layer.index))
        output = shape(layer.output)
        m.d.comb += [
            self.each.eq(comes),
            self.each_y.eq(y),
            self.each_plus.eq(known["plus"]),
            self.each_neuron.eq(known["neuron"]),
        ]
        sides: list[Value] = []
        for number in range((1 + apart) * self.together):
            kept = Signal(data.ArrayLayout(output, layer.neurons), name=f"answer_{number}", reset_less=True)
            bits = kept.as_value()
            with m.If(comes & (known["plus"] == number) if apart else comes):
                m.d.sync += bits.eq(Cat(bits[output.width :], y[: output.width]))
            sides.append(bits)
        together = Signal()
        side = Signal()
        m.d.sync += [together.eq(comes & known["last"]), side.eq(known["plus"])]
        m.d.comb += [
            self.measured.eq(together & (side | awaited) & ~silent),
            self.over.eq(together & side),
            self.reference.eq(~side),
        ]
        if sides:
            m.d.comb += self.y.as_value().eq(Mux(side, sides[-1], sides[0]))


class FoldedAtOnce(Folded):
    """The same with both sides in each pass: behind the first layer lanes have a second multiplier and sum.

    There a lane multiplies its weight of the reference by the input of the reference, and its perturbed one
    by that of the perturbed side, so each word is read once; only as many lanes can as the widest of these
    layers has neurons in a group. In layer 0, where both sides have the same inputs, the second sum is that
    of all inputs with signs. Both sums of a neuron leave the drain one behind the other, or together where
    each side has a curve; of the last layer all of the reference come first, as the loss expects them.
    """

    OPERANDS: ClassVar[tuple[str, ...]] = ("operand", "operand_other")

    def _outputs(self) -> list[Signal]:
        names = [f"activated{side}" for side in self.SIDES[: 3 - self.sweep.pair]]
        self._curves = [Signal(self._output, name=name) for name in names]
        return self._curves

    def _came(self, m: Module, word: list[Value], layer: list[Value]) -> list[Value]:
        """Both outputs of a neuron. Two curves give them together. From one the reference came a clock
        before, and a pair comes in every second clock: as words follow in every clock, the last input but one
        came a clock before it is taken.
        """
        if self.sweep.pair == 1:
            self._pair = self._curves
            return self._pair
        (y,) = self._curves
        before = later(m, y, "before", 1)
        self._pair = [before, y]
        at = self.sweep.reach - 2
        ends = Array(Const(each.inputs - 1) for each in self.config.shape.layers)
        newest = later(m, word[at] == ends[layer[at]], "newest", 1)
        return [Mux(newest, before, later(m, before, "past", 1)), Mux(newest, y, before)]

    @staticmethod
    def _row(kept: Shape) -> Any:
        return data.ArrayLayout(kept, 2)

    @staticmethod
    def _columns(row: Any) -> list[Value]:
        return [row[0], row[1]]

    @staticmethod
    def _place(plus: Value, odd: Value) -> Value:
        return odd

    def _made(self, known: dict[str, Value]) -> tuple[Any, Value]:
        """With the perturbed side there are both."""
        width = len(self._writes.data.as_value()) // 2
        return Cat(y[:width] for y in self._pair), known["valid"] & known["plus"]

    def _answer(self, known: dict[str, Value]) -> Value:
        return Array(self._curves)[known["plus"]] if len(self._curves) > 1 else self._curves[0]

    # ---- sums ------------------------------------------------------------------------------------------

    def _summed(
        self,
        m: Module,
        operands: Sequence[Signal],
        bottom: list[Value],
        plus: list[Value],
        last: list[Value],
        first: Value,
        turn: Value | None = None,
    ) -> list[tuple[Signal, Value]]:
        """Of each lane the sum of the reference's products, or of all at rest, and that of the other side's,
        or of the inputs with signs.
        """
        at, still = self.sweep.reach - 1, self._still
        if turn is not None:
            still = still | ~self.turns[0]
        if self.indices.nodes:
            still = still | ~last[at + 1]
        rests = [self._rests(bottom[at], Const(side, 1), last[at], turn) for side in (0, 1)]
        bottom_sum = signed(self.config.shape.layers[0].sum.width)
        x = self._bottom_input(operands[0])
        other = self._negated(m, x)
        found: list[tuple[Signal, Value]] = []
        for lane in range(self.sweep.lanes):
            wide = lane < self.sweep.doubled
            code, none = self._shakes(m, lane, still)
            part = Signal(signed(min(len(x) + 1, bottom_sum.width)), name=f"part_{lane}", reset_less=True)
            m.d.sync += part.eq(Mux(none, 0, Mux(code, x, other)))
            products = [
                self._product(m, lane, side, operand, rests[side], bottom[at])
                for side, operand in enumerate(operands if wide else [x])
            ]
            added = [products[0], Mux(bottom[at + 2], part, products[1]) if wide else part]
            sums = []
            for side, name in enumerate(self.SIDES):
                kept = self._sum if wide else bottom_sum
                total = Signal(kept, name=f"sum{name}_{lane}", reset_less=True)
                m.d.sync += total.eq(Mux(first, 0, total) + added[side])
                sums.append(total)
            found.append((sums[0], sums[1]))
        return found

    def _bottom_input(self, x: Signal) -> Value:
        """Of the first layer: narrower, and all that lanes without a second multiplier see."""
        held = self._holds(self.config.shape.layers[:1])
        found: Value = x[: held.width]
        return found.as_signed() if held.signed else found

    def _product(self, m: Module, lane: int, side: int, x: Value, rests: Value, bottom: Value) -> Value:
        """Of a lane and a side. The reference of one side is always at rest, so half a weight is exact."""
        visible = self.visible.word_select(lane, self.config.words.visible.width)
        name, half = f"{self.SIDES[side]}_{lane}", not (side or self.config.two_sided)
        lower: Value = Const(1, 1)
        if not half:
            lower = self._lower(m, f"lower{name}", lane, rests, bottom, Const(side, 1))
        weight = Cat(lower, visible).as_signed()
        product = Signal(signed(len(weight) + len(x)), name=f"product{name}", reset_less=True)
        m.d.sync += product.eq(weight * x)
        return product.shift_left(half)

    # ---- drain -----------------------------------------------------------------------------------------

    def _drained(
        self,
        m: Module,
        sums: Sequence[tuple[Signal, Value]],
        load: Signal,
        layer: Value,
        plus: Value,
        first_group: Value,
        last_group: Value,
    ) -> dict[str, Value]:
        """One sum a clock from all lanes, or that of either side, and whose it is."""
        sweep, lanes, layers = self.sweep, self.sweep.lanes, self.config.shape.layers
        busy = Signal()
        left = Signal(range(lanes))  # neurons behind that of the heads
        most = Signal.like(left)
        second = Signal(name="drain_plus")  # the perturbed side comes, or both do
        pairs = Signal()  # both sides of a neuron come before the next one
        own_layer = Signal.like(layer, name="drain_layer")
        reads = Signal(name="drain_next")  # the layer that reads them is an odd one
        ends = Signal(name="drain_ends")  # with this group the layer does
        neuron = Signal(range(max(2, *(each.neurons for each in layers))))
        base = Signal.like(neuron)
        start = Signal.like(neuron)
        last = Signal()  # neuron of this group
        others = Mux(last_group, Array(Const(span.last_lanes - 1) for span in sweep.spans)[layer], lanes - 1)
        above = layer == len(layers) - 1
        m.d.comb += [start.eq(Mux(first_group, 0, base + lanes)), last.eq(left == 0)]
        # Either side's sums go on one by one when they are read.
        goes = [pairs | ~second, second]
        if sweep.pair == 2:
            goes[0] = pairs == second
        with m.If(load):
            m.d.sync += [
                busy.eq(1),
                left.eq(others),
                most.eq(others),
                second.eq(~above if sweep.pair == 1 else 0),
                pairs.eq(~above),
                own_layer.eq(layer),
                reads.eq(~layer[0]),
                ends.eq(last_group),
                base.eq(start),
                neuron.eq(start),
            ]
        with m.Elif(busy):
            if sweep.pair == 2:
                with m.If(pairs):
                    m.d.sync += second.eq(~second)
            with m.If(second | ~pairs):
                m.d.sync += [left.eq(left - 1), neuron.eq(neuron + 1)]
            with m.If(last):
                with m.If(second):
                    m.d.sync += busy.eq(0)
                with m.Elif(~pairs):
                    m.d.sync += [second.eq(1), left.eq(most), neuron.eq(base)]
        # Nobody reads a sum again, so none goes round.
        heads = self._heads(m, sums, load, goes, "drain_other", around=False)
        return {
            **self._sides(m, heads, own_layer == 0, second),
            **self._whose(m, busy, own_layer, reads, second, neuron, ends & last),
        }

    def _sides(self, m: Module, heads: Sequence[Signal], bottom: Value, second: Value) -> dict[str, Value]:
        """A + B and A - B or A of layer 0, either sum of all others: by turns, or together."""
        total, other = heads
        taken = bottom & Const(self.config.two_sided, 1)
        sides = [total - Mux(taken, other, 0), other + Mux(bottom, total, 0)]
        if self.sweep.pair == 2:
            sides = [Mux(second, sides[1], sides[0])]
        found: dict[str, Value] = {}
        for side, name in zip(sides, self.SIDES, strict=False):
            found[f"z{name}"] = Signal(self._sum, name=f"z{name}", reset_less=True)
            m.d.sync += found[f"z{name}"].eq(side)
        return found
