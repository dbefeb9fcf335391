"""Letters drawn on chip: 44,136 images of 49 pixels fit no small FPGA, their recipe fits in 31 bits."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.codes import LFSR
from ..config.tasks import LETTERS, letter_image
from ..config.trainer import TrainerConfig
from ..delay import later
from ..hierarchy import Block, place
from ..lfsr import ShiftRegister
from . import first_of, in_a_row, sample_stream

__all__ = ["Letters"]

PIXELS = 49

#: The parts of a candidate, by the bits of a state.
_FIELDS = {"letter": (0, 2), "down": (2, 4), "right": (4, 6), "flip_a": (6, 12), "flip_b": (12, 18)}


def _fields(state: Value) -> dict[str, Value]:
    return {name: state[first:end] for name, (first, end) in _FIELDS.items()}


def _allowed(fields: dict[str, Value], centered: bool) -> Value:
    """The candidate stands for an image."""
    same = fields["flip_a"] == fields["flip_b"]
    blank = (fields["flip_a"] == PIXELS) | (fields["flip_a"] == 0)
    allowed = (fields["flip_a"] <= PIXELS) & (fields["flip_b"] <= PIXELS) & (~same | blank)
    if not centered:
        allowed = allowed & (fields["down"] != 3) & (fields["right"] != 3)
    return allowed


class Letters(Block):
    """One of four letters at one of nine positions, with no, one or two pixels flipped.

    Random bits give letter (2), row and column (2 each) and two symbols a, b of 6 bits: 0..48 a
    pixel, 49 none. A draw is refused unless row and column are below 3, both symbols at most 49,
    and a differs from b or both are 49 or both 0, where nothing is flipped. So each unordered pair of
    different symbols comes in two ways, and so does "no flip": all 1 + 49 + 1176 flips are equally
    likely. The centred task ignores the position bits.

    A sample is taken in any clock; a draw takes one clock and one in 1.7 succeeds (centred), one in
    3 otherwise. Where no step is to wait for that (``config.shape.draws_ahead``), four recipes wait for their
    turn, and where one in 3 succeeds three are tried at a time: a sample every two clocks there nearly always
    is. With many stages (``engine.stages``) a recipe is kept for a clock before it waits, and the first of
    those that wait is made an image, which is kept as well.

    Members
    -------
    load, seed : In(1), In(31)
        Start over.
    o : Out(stream of {x, target})
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__({"load": In(1), "seed": In(LFSR.degree), "o": Out(sample_stream(config))})

    @property
    def module(self) -> str:
        return "letters"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        centered = config.shape.task_data.generator == "centered_letters"
        ahead = config.shape.draws_ahead
        register = place(m, platform, "register", ShiftRegister(most=3 if ahead and not centered else 1))
        turn = Signal()
        good = Signal()
        chosen, any_good, tried = first_of(
            [state[: _FIELDS["flip_b"][1]] for state in register.states],
            [_allowed(_fields(state), centered) for state in register.states],
        )
        fields = {
            name: field
            for name, field in _fields(chosen).items()
            if not (centered and name in ("down", "right"))
        }
        m.d.comb += [
            good.eq(any_good),
            register.load.eq(self.load),
            register.seed.eq(self.seed),
            register.advance.eq(Mux(turn, tried, 0) if register.most > 1 else turn),
        ]

        # What is offered is the recipe; the image is made where it is read.
        staged = ahead and config.staged
        if ahead:
            if staged:
                fields["flip"] = fields["flip_a"] != fields["flip_b"]
            moves = Signal(name="moves") if staged else self.o.valid & self.o.ready
            recipe, there, room = in_a_row(
                m,
                later(m, Cat(*fields.values()), "drawn", int(staged)),
                put=later(m, turn & good, "put", int(staged), resets=True),
                taken=moves,
                load=self.load,
                places=4,
                late=staged,
            )
            m.d.comb += turn.eq(room & ~self.load)
            if staged:
                m.d.comb += moves.eq(there & (~self.o.valid | self.o.ready))
                with m.If(self.load):
                    m.d.sync += self.o.valid.eq(0)
                with m.Elif(moves | self.o.ready):
                    m.d.sync += self.o.valid.eq(moves)
            else:
                m.d.comb += self.o.valid.eq(there)
            held, at = {}, 0
            for name, field in fields.items():
                held[name] = recipe[at : at + len(field)]
                at += len(field)
        else:
            m.d.comb += turn.eq((~self.o.valid | self.o.ready) & ~self.load)
            with m.If(self.load):
                m.d.sync += self.o.valid.eq(0)
            with m.Elif(turn):
                m.d.sync += self.o.valid.eq(good)
            held = {}
            for name, field in fields.items():
                held[name] = Signal(len(field), name=name, reset_less=True)
                with m.If(turn):
                    m.d.sync += held[name].eq(field)

        # A letter at the top left corner, then moved: seven pixels a row.
        corner = Signal(max(letter_image(k, 0, 0) for k in range(len(LETTERS))).bit_length())
        m.d.comb += corner.eq(
            Array(Const(letter_image(k, 0, 0), len(corner)) for k in range(len(LETTERS)))[held["letter"]]
        )
        if centered:
            placed = corner.shift_left(8)
        else:
            moved = Signal(len(corner) + 3)
            m.d.comb += moved.eq(corner << held["right"])
            below, lowest = moved.shift_left(7), moved.shift_left(14)
            placed = Mux(held["down"][1], lowest, Mux(held["down"][0], below, moved))
        flips = Signal(PIXELS)
        flip = held["flip"] if staged else held["flip_a"] != held["flip_b"]
        m.d.comb += flips.eq(
            Cat(flip & ((held["flip_a"] == pixel) | (held["flip_b"] == pixel)) for pixel in range(PIXELS))
        )
        image = Signal(PIXELS)
        m.d.comb += image.eq(placed ^ flips)
        one = 1 << config.formats.target.fraction_bits
        targets = [Mux(held["letter"] == k, one, 0) for k in range(len(LETTERS))]
        if not staged:
            m.d.comb += self.o.payload.x.as_value().eq(image)
            m.d.comb += [self.o.payload.target[k].eq(target) for k, target in enumerate(targets)]
            return m
        sample = Signal(self.o.payload.shape(), reset_less=True)
        m.d.comb += self.o.payload.eq(sample)
        with m.If(moves):
            m.d.sync += sample.x.as_value().eq(image)
            m.d.sync += [sample.target[k].eq(target) for k, target in enumerate(targets)]
        return m
