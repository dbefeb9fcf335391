"""Access: the host reads and writes single parameters, of which a cell shows no more than one bit of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from ..scan import place_layout

__all__ = ["Access", "Chain", "Walk", "answer_stream", "command_stream"]


def command_stream(config: TrainerConfig) -> stream.Signature:
    """A stream of {index, theta, write}, the index in the low bits."""
    return stream.Signature(_layout(config, "write"))


def answer_stream(config: TrainerConfig) -> stream.Signature:
    """A stream of {index, theta, refused}, the index in the low bits."""
    return stream.Signature(_layout(config, "refused"))


def _layout(config: TrainerConfig, last: str) -> data.StructLayout:
    return data.StructLayout(
        {"index": config.shape.index_bits, "theta": shape(config.words.parameter), last: 1}
    )


def _rounds(config: TrainerConfig) -> list[tuple[str, int]]:
    """What each visit of a parameter is for, and the k of its word +-2**k."""
    top, rail = config.words.parameter.width - 2, config.levels.rail
    clamped = rail < top
    return [
        ("turn", top),
        *[("drop", top)] * (2 if clamped else 3),
        *([("rise", rail)] if clamped else [("rise", top - 1)] * 2),
        *(("halve", k) for k in reversed(range(top))),
        ("last", 0),
        *([("try", 0), ("back", 0)] if config.some_keep else []),
        ("first", 0),
    ]


class Access(Block):
    """Answers commands {index, theta, write} with {index, theta}, in their order, one for each.

    T of W bits is found with words that its cell can add anyway. Of all cells a tree of exclusive ors tells
    whether an odd number has the bit next to the sign, T[W-2]; only the cell that is visited moves, so where
    that changes it is its own. In units of T's last bit, with H = 2**(W-2), the rail at 2**r, and r = W - 2
    without a clamp:

        drop     -H, three times, with a clamp twice: the bit flips where the rail lets it pass, n times.
                 Then -H - 2**r <= T < -2**r.
        rise     H/2 twice, with a clamp 2**r once: then -H <= T < 0.
        halve    2**k, k = W-3 .. 0, upwards where T < 0 and downwards where not, from both sides: no word is
                 refused, the bit flips where zero is crossed, and -2**k <= T < 2**k.
        last     +1 where T = -1. T is 0, and was (n - 2) H, with a clamp (n - 1) H - 2**r, plus the
                 number whose bits, the highest first, tell after each halving whether T is 0 or more.
        first    of two words that lead to any T that can be reached: T itself where it is a word, otherwise
        turn     all but H, or H - 1, and then that.

    The last of the two words leaves in the round in which the answer does and the next command comes: W + 6
    rounds, 22 for 16 bits, with a clamp W + 4; two more where some are stuck. A parameter is visited once a
    round, ``config.timing.access_slots`` of them in turn, which hides the wait for the bit: one word a clock.
    Commands of rising index that follow each other share their rounds, as many as there are slots; any other
    begins its own.

    While T is on its way nothing may see it: the block is a door (:class:`mgd_hdl.site.Door`), which opens
    when all stands still. What reads leaves no trace. Writes end with ``renew``.

    A theta that no words lead to is written as the nearest that they do: -H - 2**r to H - 2 + 2**r. Stuck
    parameters that keep their value answer it: they take all words but those of a *try*, -1 and +1, by which
    they are known, and then their old value again. Dead ones, which never flip, answer 0.

    Words and places leave two clocks after the visit: the place passes a decoder meanwhile.

    Members
    -------
    restart : In(1)
        A start: from the next clock on commands are taken.
    open : In(1); asks, inside, owes : Out(1)
        The door.
    i, o : In, Out(stream)
        Commands, answers.
    watched : In(1)
        From the array.
    word : Out(config.words.word)
        Zero when there is none.
    address : Out(1)
        There is one, for the cell at the place.
    seek, place : Out
        To :class:`mgd_hdl.scan.PlacedScan`.
    [load] : Out(1), cells that words last in only
        As ``address``.
    [loading] : Out(1), stuck parameters that keep their value only
        These take the word too.
    fill, filling, minus, pause : Out, end : In; loaded codes only, in place of ``address``, ``seek`` and
    ``place``
        See :class:`Chain`; the word is for the only negative code.
    renew : Out(1)
        Parameters have been written, and all words have arrived: the network's copies are to be taken anew.
    [copying] : In(1), followers only
        They are on their way.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members: dict[str, Any] = {
            "restart": In(1),
            "open": In(1),
            "asks": Out(1),
            "inside": Out(1),
            "owes": Out(1),
            "i": In(command_stream(config)),
            "o": Out(answer_stream(config)),
            "watched": In(1),
            "word": Out(shape(config.words.word)),
            "renew": Out(1),
        }
        if config.facts.chain:
            members |= {"minus": Out(1), **_chain_ports(config)}
        else:
            members |= {"address": Out(1), "seek": Out(1), "place": Out(place_layout(config))}
        if config.timing.word_clocks > 1:
            members["load"] = Out(1)
        if config.some_keep:
            members["loading"] = Out(1)
        if config.follow:
            members["copying"] = In(1)
        super().__init__(members)
        self._rounds = _rounds(config)

    @property
    def module(self) -> str:
        return "access"

    def _numbers(self, *kinds: str, after: int = 0) -> list[int]:
        """Rounds of these kinds, or so many after them."""
        return [number + after for number, (kind, _) in enumerate(self._rounds) if kind in kinds]

    def _context(self) -> data.StructLayout:
        """What is kept of a command from visit to visit."""
        config, theta = self.config, shape(self.config.words.parameter)
        return data.StructLayout(
            {
                "index": config.shape.index_bits,
                **({} if config.facts.chain else {"place": place_layout(config)}),
                "write": 1,
                "refused": 1,
                "below": 1,  # T is known to be negative
                "value": theta,
                **({"found": theta, "moves": 1} if config.some_keep else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        config, timing = self.config, self.config.timing
        width = config.words.parameter.width
        slots = timing.access_slots

        # ---- commands: one to look at, one behind it, so that ready is a register -------------------------
        awake = Signal()
        front = Signal(self.i.payload.shape(), name="front", reset_less=True)
        spare = Signal(self.i.payload.shape(), name="spare", reset_less=True)
        there = Signal()
        behind = Signal()
        comes = Signal()
        taken = Signal()
        m.d.comb += [self.i.ready.eq(awake & ~behind), comes.eq(self.i.valid & self.i.ready)]
        with m.If(self.restart):
            m.d.sync += awake.eq(1)
        with m.If(taken | ~there):
            m.d.sync += [there.eq(behind | comes), front.eq(Mux(behind, spare, self.i.payload)), behind.eq(0)]
        with m.Elif(comes):
            m.d.sync += [spare.eq(self.i.payload), behind.eq(1)]

        # ---- one visit after the other ---------------------------------------------------------------------
        number = Signal(range(len(self._rounds)))  # of the round
        slot = Signal(range(slots))
        ending = Signal()  # the last words are on their way
        working = Signal()
        visit = Signal()
        go = Signal()  # the visit ends with this clock
        over = Signal()  # and with it the round
        flip = Signal()
        full = Signal(slots)  # this slot has a command, and the next ones
        some = Signal()  # one of the next round has
        m.d.comb += over.eq(go & (slot == slots - 1))
        self._beat(m, working, visit, go, flip)

        new = Signal(self._context())
        after = Signal.like(slot)
        m.d.comb += after.eq(Mux(go, Mux(slot == slots - 1, 0, slot + 1), slot))
        now = self._keep(m, slot, after, go, new)

        turning = Signal()
        m.d.comb += turning.eq(number == 0)
        accepts = Signal()
        with m.If(go):
            m.d.sync += [slot.eq(after), full.eq(Cat(full[1:], Mux(turning, accepts, full[0])))]
            with m.If(turning):
                m.d.sync += some.eq(~over & (some | accepts))

        # ---- a command takes the slot of one that is answered ----------------------------------------------
        fits = Signal()
        least = Signal(config.shape.index_bits, reset_less=True)
        m.d.comb += [
            self.o.payload.index.eq(now.index),
            self.o.payload.theta.eq(now.value),
            self.o.payload.refused.eq(now.refused),
            # Of two words for one cell the second would be tested without the first: indices rise.
            fits.eq(there & ~ending & (~some | (front.index > least))),
            accepts.eq(turning & fits),
            taken.eq(go & accepts),
        ]
        with m.If(taken):
            m.d.sync += least.eq(front.index)
        waits = Signal()
        owed: Value = full[0]
        m.d.comb += go.eq(visit & ~waits)

        self._think(m, number, flip, now, new)
        with m.If(turning):
            m.d.comb += self._command(front, new)

        # ---- the word --------------------------------------------------------------------------------------
        sends = Signal()
        sent = Signal(signed(width - 1))
        m.d.comb += [sent.eq(self._word(m, number, over, now, new)), sends.eq(full[0] & ~now.refused)]
        chosen = Signal.like(sent)
        chooses = Signal()
        leaves: Value = self.minus if config.facts.chain else self.address
        m.d.sync += [
            chosen.eq(Mux(go & sends, sent, 0)),
            chooses.eq(go & sends),
            self.word.eq(chosen),
            leaves.eq(chooses),
        ]
        if "load" in self.signature.members:
            m.d.comb += self.load.eq(self.address)
        if "loading" in self.signature.members:
            trying = Signal()
            tried = Signal()
            m.d.sync += [trying.eq(number.matches(*self._numbers("try", "back"))), tried.eq(trying)]
            m.d.comb += self.loading.eq(self.address & ~tried)

        # ---- from place to place ---------------------------------------------------------------------------
        opened, closed = Const(1, 1), Const(1, 1)
        if config.facts.chain:
            chain: Any = place(m, platform, "chain", Chain(config))
            m.d.comb += [
                chain.end.eq(self.end),
                chain.index.eq(now.index),
                chain.seek.eq(visit & number.matches(*self._numbers("turn", after=1)) & sends),
                waits.eq((turning & owed & ~self.o.ready) | chain.moving),
                self.fill.eq(chain.fill),
                self.filling.eq(chain.filling),
                self.pause.eq(self.inside),
            ]
            opened, closed = chain.opened, chain.closed
        else:
            m.d.comb += [self.seek.eq(go & sends), self.place.eq(now.place)]
            finding: Value = Const(0, 1)
            if config.facts.by_input:
                # The answer may leave before the place of the next one is found.
                answered = Signal()
                owed = owed & ~answered
                with m.If(go):
                    m.d.sync += answered.eq(0)
                with m.Elif(self.o.valid & self.o.ready):
                    m.d.sync += answered.eq(1)
                walk: Any = place(m, platform, "walk", Walk(config))
                m.d.comb += [
                    walk.index.eq(front.index),
                    walk.seek.eq(there & ~self._beyond(front.index)),
                    walk.advance.eq(taken),
                    new.place.eq(walk.place),
                ]
                finding = fits & walk.moving
            else:
                m.d.comb += Value.cast(new.place).eq(self._place(m, front.index))
            m.d.comb += waits.eq(turning & (finding | (owed & ~self.o.ready)))
            with m.If(~turning):
                m.d.comb += new.place.eq(now.place)
        m.d.comb += self.o.valid.eq(visit & turning & owed)

        # ---- the door --------------------------------------------------------------------------------------
        written = Signal()
        with m.If(taken & front.write & ~self._beyond(front.index)):
            m.d.sync += written.eq(1)
        m.d.comb += [self.owes.eq(there | self.inside), self.asks.eq(self.owes)]
        with m.FSM(name="phase") as phase:
            with m.State("IDLE"), m.If(self.open & there):
                m.next = "OPEN"
            with m.State("OPEN"), m.If(opened):
                m.next = "WORK"
            with m.State("WORK"):
                m.d.comb += working.eq(1)
                with m.If(over):
                    with m.If(ending):
                        m.d.sync += ending.eq(0)
                        m.next = "CLOSE"
                    with m.Elif(turning & ~(some | accepts)):
                        m.d.sync += ending.eq(1)
                    with m.Elif(number == len(self._rounds) - 1):
                        m.d.sync += number.eq(0)
                    with m.Else():
                        m.d.sync += number.eq(number + 1)
            with m.State("CLOSE"), m.If(closed):
                m.next = "RENEW"
            with m.State("RENEW"):
                m.d.comb += self.renew.eq(written)
                m.d.sync += written.eq(0)
                m.next = "COPY" if config.follow else "IDLE"
            if config.follow:
                with m.State("COPY"), m.If(~self.copying):
                    m.next = "IDLE"
        m.d.comb += self.inside.eq(~phase.ongoing("IDLE"))
        if config.facts.chain:
            m.d.comb += [chain.open.eq(phase.ongoing("OPEN")), chain.close.eq(phase.ongoing("CLOSE"))]
        return m

    def _beat(self, m: Module, working: Value, visit: Value, go: Value, flip: Value) -> None:
        """When visits are, and what became of the word of the slot's visit before."""
        timing = self.config.timing
        before = Signal()
        sampled: Value = Const(1, 1)
        if timing.access_beat == 1:
            m.d.comb += visit.eq(working)
        else:
            clock = Signal(range(timing.access_beat))
            m.d.comb += visit.eq(working & (clock == 0))
            with m.If(go | (clock != 0)):
                m.d.sync += clock.eq(Mux(clock == timing.access_beat - 1, 0, clock + 1))
            sampled = clock == timing.watch_latency % timing.access_beat
        with m.If(sampled):
            m.d.sync += [flip.eq(self.watched ^ before), before.eq(self.watched)]

    def _keep(self, m: Module, slot: Value, after: Value, go: Value, new: Any) -> Any:
        """A context for each slot, of which that of this visit is read while the one before is at work."""
        slots, layout = self.config.timing.access_slots, self._context()
        if slots == 1:
            registers = [Signal(field.shape, name=f"now_{name}", reset_less=True) for name, field in layout]
            now = data.View(layout, Cat(*registers))
            with m.If(go):
                m.d.sync += now.eq(new)
            return now
        m.submodules.contexts = contexts = Memory(shape=layout.size, depth=slots, init=[])
        reads, writes = contexts.read_port(), contexts.write_port()
        m.d.comb += [
            reads.addr.eq(after),
            reads.en.eq(1),
            writes.addr.eq(slot),
            writes.data.eq(new),
            writes.en.eq(go),
        ]
        return data.View(layout, reads.data)

    def _beyond(self, index: Value) -> Value:
        """There is no parameter of this number."""
        parameters = self.config.parameters
        return index >= parameters if parameters < 1 << len(index) else Const(0, 1)

    def _place(self, m: Module, index: Value) -> Value:
        """Where a parameter is: each layer begins in a tile of its own."""
        placement, layers = self.config.placement, self.config.shape.layers
        # A tile takes so many numbers, used or not.
        size = 1 << sum(
            (wires - 1).bit_length() for name, wires in placement.rings.items() if name != "tiles"
        )
        skipped: Value = Const(0, 1)
        for layer in layers[1:]:
            tile = placement.places[layer.first].tile
            skipped = Mux(index >= layer.first, tile * size - layer.first, skipped)
        number = Signal(range(len(placement.tiles) * size), name="padded")
        m.d.comb += number.eq(index + skipped)
        fields: list[Value] = []
        low = 0
        for name in reversed(placement.rings):
            bits = (placement.rings[name] - 1).bit_length()
            fields.append(number[low : low + bits] if bits else Const(0, 1))
            low += bits
        return Cat(*reversed(fields))

    def _command(self, front: Any, new: Any) -> Iterable[Any]:
        """A new context."""
        config, width = self.config, self.config.words.parameter.width
        top, rail = width - 2, config.levels.rail
        # With a clamp the parameter stands one 2**rail lower.
        start = (3 if rail < top else 2) << top
        theta: Value = front.theta
        least, most = -(1 << top) - (1 << rail), (1 << top) + (1 << rail) - 2
        if least > -(2 << top):
            theta = Mux(theta < least, least, theta)
        theta = Mux(theta > most, most, theta)
        # No parameter is as one to which nobody sends the 0 that is written.
        refused = self._beyond(front.index)
        theta = Mux(refused, 0, theta)
        yield from (
            new.index.eq(front.index),
            new.write.eq(front.write | refused),
            new.refused.eq(refused),
            new.below.eq(1),
        )
        if config.some_keep:
            yield from (new.value.eq(theta), new.found.eq(start), new.moves.eq(0))
        else:
            yield new.value.eq(Mux(front.write | refused, theta, start))

    def _think(self, m: Module, number: Value, flip: Value, now: Any, new: Any) -> None:
        """What a visit learns from the word of the visit before."""
        config, width = self.config, self.config.words.parameter.width
        tries = config.some_keep
        found, kept = (now.found, new.found) if tries else (now.value, new.value)
        learns = Const(1, 1) if tries else ~now.write
        below = Signal()
        halved = number.matches(*self._numbers("halve", after=1))
        settles = number.matches(*self._numbers("last", after=1))
        m.d.comb += [
            Value.cast(new).eq(Value.cast(now)),
            below.eq(now.below ^ ((halved | settles) & flip)),
            new.below.eq(below),
        ]
        low, high = Value.cast(found)[:-2], Value.cast(found)[-2:]
        seen = Signal(signed(width))
        m.d.comb += seen.eq(
            Cat(
                Mux(halved, Cat(~below, low[:-1]), low),
                high + (flip & number.matches(*self._numbers("drop", after=1)))[: len(high)],
            )
        )
        with m.If(learns):
            m.d.comb += kept.eq(seen)
        if config.levels.rail < width - 2:
            with m.If(settles & learns):
                m.d.comb += kept.eq(seen - (1 << config.levels.rail))
        if config.some_stuck and not tries:
            with m.If(settles & below):  # it never moved
                m.d.comb += new.value.eq(0)
        if tries:
            with m.If(number.matches(*self._numbers("try", after=1))):
                m.d.comb += new.moves.eq(flip)
            keeps = ~now.refused & ~(now.write & now.moves)
            with m.If(number.matches(*self._numbers("first")) & keeps):
                m.d.comb += new.value.eq(now.found)

    def _word(self, m: Module, number: Value, over: Value, now: Any, new: Any) -> Value:
        """The word of a visit."""
        bits = self.config.words.parameter.width - 1
        # -2**k, the same for all parameters of a round.
        down = Signal(signed(bits), init=-1 << (bits - 1))
        with m.If(over), m.Switch(number):
            for turn, (_, k) in enumerate(self._rounds):
                following = self._rounds[(turn + 1) % len(self._rounds)][1]
                if following not in (k, k - 1):
                    with m.Case(turn):
                        m.d.sync += down.eq(-1 << following)
                elif following == k:
                    with m.Case(turn):
                        pass
            with m.Default():
                m.d.sync += down.eq(down >> 1)
        upwards = Signal()
        m.d.comb += upwards.eq(~number.matches(*self._numbers("drop", "try")) & new.below)
        power = Cat(down[j] & ~(upwards & (down[j - 1] if j else Const(0, 1))) for j in range(bits))
        with_below = number.matches(*self._numbers("last"))
        power = Mux(with_below & ~new.below, 0, power)
        # +1 goes back, whether it was crossed or not.
        if self.config.some_keep:
            power = Mux(number.matches(*self._numbers("back")), 1, power)
        first, last = Value.cast(new.value), Value.cast(now.value)
        beyond = first[-1] != first[-2]
        first = Cat((first[:-2] + (beyond & ~first[-1]))[: bits - 1], first[-1])
        last = Mux(last[-1] != last[-2], Cat((~last[-1]).replicate(bits - 1), last[-1]), 0)
        word = Mux(number == 0, last, Mux(number.matches(*self._numbers("first")), first, power))
        return word.as_signed()


class Walk(Block):
    """Finds the place of a parameter whose number does not tell it, cell by cell.

    A clock for each cell between it and the one before, which is none for one behind the other; where numbers
    fall it begins anew.

    Members
    -------
    seek, index : In(1), In
        The parameter, one that there is.
    moving : Out(1)
        Not there yet.
    place : Out
        See :func:`mgd_hdl.scan.place_layout`.
    advance : In(1)
        Go on to the next.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "seek": In(1),
                "index": In(config.shape.index_bits),
                "moving": Out(1),
                "place": Out(place_layout(config)),
                "advance": In(1),
            }
        )

    @property
    def module(self) -> str:
        return "walk"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        number = Signal(config.shape.index_bits)
        row = Signal.like(self.place.rows, name="row")
        column = Signal.like(self.place.columns, name="column")
        inputs: Value = Const(config.shape.layers[0].inputs)
        for layer in config.shape.layers[1:]:
            first = config.placement.places[layer.first].row
            inputs = Mux(row >= first, layer.inputs, inputs)
        m.d.comb += [
            self.place.rows.eq(row),
            self.place.columns.eq(column),
            self.moving.eq(self.seek & (number != self.index)),
        ]
        last = number == config.parameters - 1
        with m.If((self.moving & (self.index < number)) | (self.advance & last)):
            m.d.sync += [number.eq(0), row.eq(0), column.eq(0)]
        with m.Elif(self.moving | self.advance):
            m.d.sync += number.eq(number + 1)
            with m.If(column == inputs):
                m.d.sync += [row.eq(row + 1), column.eq(0)]
            with m.Else():
                m.d.sync += column.eq(column + 1)
        return m


def _chain_ports(config: TrainerConfig) -> dict:
    """Members between a chain of codes and what makes room in it."""
    return {
        "fill": Out(1),
        "filling": Out(config.code_bits),
        "pause": Out(1),
        "end": In(config.code_bits),
    }


class Chain(Block):
    """Picks one cell of a chain of codes, as the initializer does: its code is the only negative one.

    The codes of the chain are kept in a memory meanwhile, a word a parameter. They leave it in P clocks,
    while positive ones enter, and go back in P clocks. The negative code goes from cell to cell, a clock
    each; from the last cell it goes on to the first.

    Members
    -------
    open, opened : In(1), Out(1)
        Take the codes out; ``opened`` in the last clock of it.
    seek, index : In(1), In
        Go to this parameter.
    moving : Out(1)
        Not there yet; a word of the next clock finds the cell.
    close, closed : In(1), Out(1)
        Put the codes back; ``closed`` in the last clock of it.
    fill, filling : Out(1), Out(u)
        To the array: shift this in.
    end : In(u)
        From it: what leaves the chain.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        ports = _chain_ports(config)
        del ports["pause"]
        super().__init__(
            {
                "open": In(1),
                "opened": Out(1),
                "seek": In(1),
                "index": In(config.shape.index_bits),
                "moving": Out(1),
                "close": In(1),
                "closed": Out(1),
                **ports,
            }
        )

    @property
    def module(self) -> str:
        return "chain"

    def elaborate(self, platform):
        m = Module()
        config, last = self.config, self.config.parameters - 1
        m.submodules.codes = codes = Memory(shape=config.code_bits, depth=config.parameters, init=[])
        reads, writes = codes.read_port(), codes.write_port()

        # Out: they leave the chain when what is shifted in gets there.
        count = Signal(range(config.parameters))
        leaving: Value = self.open
        for clock in range(config.timing.broadcast_latency):
            register = Signal(name=f"leaving_{clock}")
            m.d.sync += register.eq(leaving)
            leaving = register
        left = Signal(range(config.parameters))
        m.d.comb += [
            self.opened.eq(self.open & (count == last)),
            writes.addr.eq(left),
            writes.data.eq(self.end),
            writes.en.eq(leaving),
        ]
        with m.If(leaving):
            m.d.sync += left.eq(Mux(left == last, 0, left + 1))

        # In: read one clock before.
        read = Signal()
        m.d.comb += [
            reads.addr.eq(count),
            reads.en.eq(1),
            self.closed.eq(read & (count == 0)),
        ]
        m.d.sync += read.eq(self.close & ~self.closed)
        with m.If(self.open | (self.close & ~self.closed)):
            m.d.sync += count.eq(Mux(count == last, 0, count + 1))

        # From cell to cell.
        at = Signal(range(config.parameters))
        placed = Signal()
        outside = Signal()
        m.d.comb += [
            outside.eq(at == last),
            self.moving.eq(self.seek & ~(placed & (at == self.index))),
            self.fill.eq(self.open | self.moving | read),
            self.filling.eq(Mux(read, reads.data, (~(self.moving & outside)).replicate(config.code_bits))),
        ]
        with m.If(self.open):
            m.d.sync += [at.eq(last), placed.eq(0)]
        with m.Elif(self.moving):
            m.d.sync += [at.eq(Mux(outside, 0, at + 1)), placed.eq(1)]
        return m
