"""Inference: inputs from outside pass the network between two steps, and their outputs wait to be taken."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["FoldedInference", "Inference", "answer_stream", "input_stream"]


def input_stream(config: TrainerConfig) -> stream.Signature:
    """A stream of inputs of the network, input 0 lowest."""
    return stream.Signature(_inputs(config))


def answer_stream(config: TrainerConfig) -> stream.Signature:
    """A stream of outputs of the network, output 0 lowest."""
    return stream.Signature(_outputs(config))


def _inputs(config: TrainerConfig) -> data.ArrayLayout:
    return data.ArrayLayout(shape(config.formats.input), config.inputs)


def _outputs(config: TrainerConfig) -> data.ArrayLayout:
    return data.ArrayLayout(shape(config.shape.layers[-1].output), config.outputs)


def _door(config: TrainerConfig, *says: str) -> dict[str, Any]:
    """Members of both blocks: the streams, and the door between them and training, with what it ``says``."""
    return {
        "i": In(input_stream(config)),
        "o": Out(answer_stream(config)),
        "wanted": In(1),
        "open": In(1),
        **dict.fromkeys(says, Out(1)),
    }


def _network(config: TrainerConfig) -> dict[str, Any]:
    """Members of both: what the network is to see, and what it answers."""
    return {"x": Out(_inputs(config)), "shows": Out(1), "y": In(_outputs(config))}


class Inference(Block):
    """A door through which inputs go to the network, whose parameters rest meanwhile, and outputs come back.

    An input begins like a measurement that nobody measures: where that is commanded in clock t the parameters
    of layer k rest when it comes there, and the outputs are taken in ``t + config.timing.answer_latency``.
    The network is that of training, whose later steps are behind it, so it cannot stand still for a slow
    reader. Instead an input begins only where there is room for its answer, in a memory of
    ``config.timing.answer_places``: enough for one input a clock, with serial cells for one in
    ``config.timing.measure_clocks``. Two clocks after it came an answer is at ``o``, if none is before it.

    Where a step waits too they take turns: after each input one clock is left in which it may begin.

    Members
    -------
    i : In(stream of inputs); o : Out(stream of outputs)
        ``i.ready`` waits for ``i.valid``, and for the door. It comes when the network takes the input: with
        the command, or with serial cells, which still read the input before, a few clocks later.
    wanted : In(1)
        Training would begin a step in this clock.
    open : In(1); asks, inside, owes : Out(1)
        Of a :class:`mgd_hdl.site.Door`.
    passes : Out(layers)
        Bit k: an input comes to layer k, in the clock in which its parameters have to be told.
    x, shows : Out(inputs), Out(1)
        While ``shows`` is high the network is to see ``x``, in place of a sample.
    y : In(outputs)
        Of the network.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                **_door(config, "asks", "inside", "owes"),
                "passes": Out(len(config.shape.layers)),
                **_network(config),
            }
        )

    @property
    def module(self) -> str:
        return "inference"

    def elaborate(self, platform):
        m = Module()
        timing = self.config.timing

        # A measurement keeps serial cells busy, and the door with them.
        begins = Signal()
        ends = Signal()
        busy = Signal(range(timing.measure_clocks))
        with m.If(begins):
            m.d.sync += busy.eq(timing.measure_clocks - 1)
        with m.Elif(busy.any()):
            m.d.sync += busy.eq(busy - 1)
        m.d.comb += ends.eq(begins if timing.measure_clocks == 1 else busy == 1)

        # Training's turn comes after each input.
        turn = Signal()
        room = Signal()
        waits = Signal()
        m.d.sync += turn.eq(ends & self.wanted)
        m.d.comb += [
            waits.eq(self.i.valid & room & ~turn & ~busy.any()),
            self.asks.eq(waits | busy.any()),
            begins.eq(waits & self.open),
        ]
        passed = Signal(timing.answer_latency)
        m.d.sync += passed.eq(Cat(begins, passed))
        past = Cat(begins, passed)
        told = [
            timing.layer_offset(layer.index) - timing.weight_latency for layer in self.config.shape.layers
        ]
        m.d.comb += [
            self.passes.eq(Cat(past[clock] for clock in told)),
            self.inside.eq(passed.any()),
        ]

        # x is for the network in the clock after it was taken, of serial cells until its last bits are there.
        take = past[timing.input_wait]
        m.d.comb += self.i.ready.eq(take)
        x = Signal.like(self.i.payload, name="x_kept", reset_less=True)
        m.d.comb += self.x.eq(x)
        with m.If(take):
            m.d.sync += [x.eq(self.i.payload), self.shows.eq(1)]
        with m.Elif(past[timing.input_wait + timing.measure_clocks]):
            m.d.sync += self.shows.eq(0)
        self._answers(m, begins, room, passed[-1])
        return m

    def _answers(self, m: Module, begins: Signal, room: Signal, comes: Signal) -> None:
        """The queue, and how many places are promised or full."""
        places = self.config.timing.answer_places
        taken = Signal()
        m.d.comb += taken.eq(self.o.valid & self.o.ready)
        promised = Signal(range(places + 1))
        m.d.sync += promised.eq(promised + begins - taken)
        m.d.comb += [room.eq(~promised[-1]), self.owes.eq(promised != 0)]

        m.submodules.answers = answers = Memory(shape=len(self.y.as_value()), depth=places, init=[])
        writes, reads = answers.write_port(), answers.read_port()
        written = Signal(range(places))
        read = Signal(range(places))
        there = Signal(range(places + 1))
        came = Signal()
        m.d.sync += [
            came.eq(comes),
            written.eq(written + comes),
            read.eq(read + taken),
            there.eq(there + came - taken),
        ]
        m.d.comb += [
            writes.addr.eq(written),
            writes.data.eq(self.y.as_value()),
            writes.en.eq(comes),
            # What is read now is there in the next clock.
            reads.addr.eq(read + taken),
            reads.en.eq(1),
            self.o.payload.eq(reads.data),
            self.o.valid.eq(there.any()),
        ]


class FoldedInference(Block):
    """The same door to a folded network: a sweep for each input, in which nothing is shaken or learned.

    A sweep takes its time, so one input is under way at a time and begins when the answer before it is taken.
    An input that is taken in clock t is swept from t + 1 on and its answer at ``o`` in ``t + 2 +
    config.timing.sweep.answered``; with a reader that waits the next one may begin in the clock behind.

    Members
    -------
    i, o, wanted, open, asks, owes
        As of :class:`Inference`; ``i.ready`` comes in the clock in which the input begins.
    free : In(1); begins : Out(1)
        No sweep is under way; one is to begin in the next clock.
    over : In(1)
        Its outputs are at ``y``.
    x, shows, y
        As of :class:`Inference`; while it ``shows`` an input that one is inside.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                **_door(config, "asks", "owes"),
                "free": In(1),
                "begins": Out(1),
                "over": In(1),
                **_network(config),
            }
        )

    @property
    def module(self) -> str:
        return "folded_inference"

    def elaborate(self, platform):
        m = Module()
        x = Signal.like(self.i.payload, name="x_kept", reset_less=True)
        answer = Signal.like(self.o.payload, name="answer", reset_less=True)
        there = Signal()
        turn = Signal()  # training's, after each input
        waits = Signal()
        ends = Signal()
        m.d.comb += [
            waits.eq(self.i.valid & ~self.shows & ~there & ~turn),
            self.asks.eq(waits | self.shows),
            self.begins.eq(waits & self.open & self.free),
            self.i.ready.eq(self.begins),
            self.owes.eq(self.shows | there),
            self.x.eq(x),
            ends.eq(self.shows & self.over),
            self.o.payload.eq(answer),
            self.o.valid.eq(there),
        ]
        m.d.sync += turn.eq(ends & self.wanted)
        with m.If(self.begins):
            m.d.sync += [x.eq(self.i.payload), self.shows.eq(1)]
        with m.Elif(ends):
            m.d.sync += [answer.eq(self.y), self.shows.eq(0)]
        with m.If(ends):
            m.d.sync += there.eq(1)
        with m.Elif(self.o.ready):
            m.d.sync += there.eq(0)
        return m
