"""The pacer: a delayed update waits for the step that it belongs to, however late that step comes."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, memory, stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block

__all__ = ["Pacer"]


class Pacer(Block):
    """Words of updates in a memory, from which each layer reads them in its own time.

    The word of step n leaves for layer 0 with the perturbed measurement of step n + ``config.timing.pace``,
    and for each layer behind it as much later as that measurement passes its cells. So a word and a
    measurement meet in the same order whenever steps begin: how old the parameters are that a step sees is a
    number of steps, and not of clocks.

    Where no step is wanted, all words that wait leave, one every two clocks; meanwhile none may begin. A word
    is read a clock after it came, or later.

    Members
    -------
    i : In(stream of {word, hold_end}, always ready)
        D of each step in turn, and whether the step is the last of its perturbation.
    begins : In(1)
        A step begins: its perturbed measurement is commanded in the next clock.
    rests : In(1)
        None is wanted.
    draining : Out(1)
        No step may begin: words leave that will wait for none.
    done : Out(1)
        The words of a step are in all cells.
    o_k : Out(stream of {word, hold_end}, always ready)
        To layer k; the payload stays for another clock.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.layers = [config.timing.layer_passes(layer.index) for layer in config.shape.layers]
        words = stream.Signature(
            data.StructLayout({"word": shape(config.words.update), "hold_end": 1}), always_ready=True
        )
        super().__init__(
            {
                "i": In(words),
                "begins": In(1),
                "rests": In(1),
                "draining": Out(1),
                "done": Out(1),
                **{f"o_{index}": Out(words) for index in range(len(self.layers))},
            }
        )

    @property
    def module(self) -> str:
        return "pacer"

    def elaborate(self, platform):
        m = Module()
        pace = self.config.timing.pace
        # At most ``pace`` words wait, and one more is read.
        places = 1 << pace.bit_length()
        width = len(self.i.payload.as_value())
        m.submodules.waiting = waiting = memory.Memory(
            shape=unsigned(width), depth=places, init=[], attrs={"no_rw_check": True}
        )

        write = waiting.write_port()
        put = Signal(range(places))
        m.d.comb += [
            write.addr.eq(put),
            write.data.eq(self.i.payload.as_value()),
            write.en.eq(self.i.valid),
        ]
        with m.If(self.i.valid):
            m.d.sync += put.eq(put + 1)

        # Steps whose word has not left yet.
        owed = Signal(range(pace + 1))
        some = Signal()
        leaves = Signal()
        taken = Signal(range(places))
        m.d.comb += some.eq(owed.any())

        # A layer reads as much later as a measurement comes to it.
        line = [leaves]
        for clock in range(1, self.config.timing.left_until + 1):
            following = Signal(name=f"left_{clock}", attrs={"keep": True})  # who watches finds it
            m.d.sync += following.eq(line[-1])
            line.append(following)
        m.d.comb += self.done.eq(line[-1])
        with m.If(self.begins):
            m.d.comb += leaves.eq(owed == pace)
            with m.If(~leaves):
                m.d.sync += owed.eq(owed + 1)
        with m.Elif(self.draining & (put != taken) & ~line[1]):
            m.d.comb += leaves.eq(1)
            m.d.sync += owed.eq(owed - 1)
        with m.If(~some & ~line[1]):
            m.d.sync += self.draining.eq(0)
        with m.Elif(self.rests & some):
            m.d.sync += self.draining.eq(1)

        for index, passes in enumerate(self.layers):
            read = waiting.read_port()
            # They give registers their names, which must differ.
            read.addr.name, read.en.name = f"place_{index}", f"reads_{index}"
            output = getattr(self, f"o_{index}")
            at = taken if index == 0 else Signal(range(places), name=f"taken_{index}")
            with m.If(line[passes]):
                m.d.sync += at.eq(at + 1)
            m.d.comb += [
                read.addr.eq(at),
                read.en.eq(line[passes]),
                output.payload.as_value().eq(read.data),
                output.valid.eq(line[passes + 1]),
            ]
        return m
