"""Serial cells: one bit of every parameter a clock, from memories that are look-up tables."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.placement import Tile as TileConfig
from ..config.trainer import TrainerConfig
from ..delay import parity
from ..hierarchy import Block, place
from ..scan import addressed_rows
from . import layer_ports, perturbed, to_neurons, watch_ports
from .array import Wires, held, word_ports
from .cell import WIRES, code_bit, code_wires

__all__ = ["Pass", "SerialArray", "SerialCell", "SerialTile"]


class SerialCell(Block):
    """One parameter of :class:`mgd_hdl.learn.cell.ParameterCell`, one bit a clock.

    T lies in a memory beside the cell. In a pass its bits come by, the lowest first, and go back:

        start    the rail decides whether this parameter takes the word; carry = 0
        mode     cells that take nothing go to rest, or with word = 1 to clearing
        bit k    sum = T[k] ^ word[k] ^ carry, or T[k] at rest, or 0 when clearing

    One look-up table of four inputs makes the sum and one the carry, because a cell that takes no
    word has no carry: there the register tells rest (1) from clearing (0). A pass that is to clear
    holds ``word`` at 1 all the way, any other has it 0 while the mode is set.

    To the network the same bits leave one clock later, except that the two below the visible ones are
    those of the perturbation: ``shake_one`` puts a 1 there, ``shake_code`` the code bit, and both
    together what the other side or rest needs.

    The top two bits of the last pass stay in ``top`` and ``second``, for the rail. That is four
    registers and five look-up tables, whatever the width of T.

    Members
    -------
    row, column, [diagonal | every, both] : In(1)
        Wires of the code.
    start, active : In(1)
        A pass starts; bits come by.
    sign, word : In(1)
        Sign of the word, while ``start``; its bit, from the clock after that on.
    stored : In(1); sum : Out(1)
        A bit of T, and what takes its place.
    shake_one, shake_code : In(1)
    weight : Out(1)
        A bit of the perturbed parameter, one clock later.
    [watched] : Out(1)
        ``engine.access`` only: the bit of T next to its sign, while no bits come by.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                **code_wires(config),
                **{name: In(1) for name in CELL_WIRES},
                "stored": In(1),
                "sum": Out(1),
                "weight": Out(1),
                **watch_ports(config),
            }
        )

    @property
    def module(self) -> str:
        return "cell"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        code = Signal()
        m.d.comb += code.eq(code_bit(config, {name: getattr(self, name) for name in WIRES[self._family]}))

        # Homodyne and rail: the code bit picks +D or -D, unless T is far out and the word leads further.
        top = Signal(reset_less=True)
        second = Signal(reset_less=True)
        takes = Signal(reset_less=True)
        carry = Signal(reset_less=True)
        with m.If(self.start):
            m.d.sync += takes.eq(code & ~((top ^ second) & (top == self.sign)))

        # Integrate.
        generate, propagate = self.stored & self.word, self.stored | self.word
        m.d.comb += self.sum.eq(Mux(takes, self.stored ^ self.word ^ carry, self.stored & carry))
        with m.If(self.start):
            m.d.sync += carry.eq(0)
        with m.Else():
            m.d.sync += carry.eq(Mux(takes, generate | (propagate & carry), carry | ~self.word))
        with m.If(self.active):
            m.d.sync += [top.eq(self.sum), second.eq(top)]

        if config.access:
            m.d.comb += self.watched.eq(second)

        # Perturb.
        other = Const(0, 1)
        if config.sequential:
            other = ~code
        m.d.comb += self.weight.eq(
            Mux(self.shake_one, Mux(self.shake_code, other, 1), Mux(self.shake_code, code, top))
        )
        return m

    @property
    def _family(self) -> str:
        return self.config.perturbation.family


#: What every cell of a layer is told, beside its code.
CELL_WIRES = ("start", "active", "sign", "word", "shake_one", "shake_code")


class SerialTile(Block):
    """Up to 64 serial cells of one layer, and the memory that holds their parameters.

    A word of the memory is one bit of each parameter, so a memory of W words serves all cells
    of the tile with one address. With ``config.placement.leaves`` everything passes one register here.

    Members
    -------
    rows, columns, ... : In
        The wires of :class:`SerialCell`, many of each.
    address : In
        Which bit comes by.
    weights : Out(cells)
        A bit of each perturbed parameter, first cell in the low bit.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig, cells: int):
        self.config = config
        self.cells = cells
        super().__init__(
            {
                **code_wires(config, cells=cells),
                **{name: In(1) for name in CELL_WIRES},
                "address": In(range(config.words.parameter.width)),
                "weights": Out(cells),
                **watch_ports(config),
            }
        )

    @property
    def module(self) -> str:
        return f"tile_{self.cells}"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        wires = {
            name: getattr(self, name) for name in self.signature.members if name not in ("weights", "watched")
        }
        if config.placement.leaves:
            wires = held(m, platform, "leaf", wires)

        m.submodules.store = store = Memory(shape=self.cells, depth=config.words.parameter.width, init=[])
        reads = store.read_port(domain="comb")
        writes = store.write_port()
        stored = Signal(self.cells)
        m.d.comb += [
            stored.eq(reads.data),
            reads.addr.eq(wires["address"]),
            writes.addr.eq(wires["address"]),
            writes.en.eq(wires["active"]),
        ]
        watched = []
        for index in range(self.cells):
            row, column = divmod(index, COLUMNS)
            cell = place(m, platform, f"cell_{index}", SerialCell(config))
            for name in (*WIRES[config.perturbation.family], *CELL_WIRES):
                many = {"row": row, "column": column, "diagonal": (row + column) % COLUMNS}
                wire = wires[f"{name}s"][many[name]] if name in many else wires[name]
                m.d.comb += getattr(cell, name).eq(wire)
            m.d.comb += [
                cell.stored.eq(stored[index]),
                writes.data[index].eq(cell.sum),
                self.weights[index].eq(cell.weight),
            ]
            if config.access:
                watched.append(cell.watched)
        if config.access:
            m.d.comb += self.watched.eq(parity(m, "parity", watched, config.timing.parity_levels[0]))
        return m


class Pass(Block):
    """Leads the bits of one layer's parameters past their cells.

    A pass of a word goes over all W bits. A pass of a measurement begins two bits below the visible
    ones, where the perturbation takes their place; the network has its first bit four clocks
    after ``measure``, five behind leaves.

    A measurement of parameters that a word is just changing need not wait: ``config.timing.join_clocks``
    after ``update`` it finds its first bit under way and goes on with it.

    Members
    -------
    update, measure : In(1)
        Start a pass; never while one is under way, unless ``measure`` joins it.
    reference : In(1)
        With ``measure``: one-sided, no perturbation; two-sided, the other side of it.
    rest : In(1), two-sided where ``config.rests``
        With ``measure``: no perturbation.
    start, active, address, shake_one, shake_code : Out
        See :class:`SerialCell`; one clock later.
    held_reference : Out(1), unless two-sided sequential, where it changes no code
        ``reference`` of the present measurement, from its first clock on.
    held_rest : Out(1), where there is ``rest``
        The same of it.
    first, last : Out(1)
        The bits at the network are the first, or the last.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        in_code = not (config.sequential and config.two_sided)
        super().__init__(
            {
                **({"held_reference": Out(1)} if in_code else {}),
                **({"rest": In(1), "held_rest": Out(1)} if config.two_sided and config.rests else {}),
                "update": In(1),
                "measure": In(1),
                "reference": In(1),
                "start": Out(1),
                "active": Out(1),
                "address": Out(range(config.words.parameter.width)),
                "shake_one": Out(1),
                "shake_code": Out(1),
                "first": Out(1),
                "last": Out(1),
            }
        )

    @property
    def module(self) -> str:
        return "pass"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        below = config.words.guard_bits - 2  # the bit where a measurement begins

        kept = Signal()
        reference = Mux(self.measure, self.reference, kept)
        m.d.sync += kept.eq(reference)
        if "held_reference" in self.signature.members:
            m.d.comb += self.held_reference.eq(reference)
        at_rest: Value = Const(0, 1)
        if "held_rest" in self.signature.members:
            at_rest = Signal(name="kept_rest")
            rest = Mux(self.measure, self.rest, at_rest)
            m.d.sync += at_rest.eq(rest)
            m.d.comb += self.held_rest.eq(rest)

        begins = Signal()
        measuring = Signal()
        mode = Signal()
        at_end = Signal()
        m.d.comb += at_end.eq(self.address == config.words.parameter.width - 1)
        under_way = self.start | mode | (self.active & ~at_end)
        m.d.comb += begins.eq(self.update | (self.measure & ~under_way))
        m.d.sync += [self.start.eq(begins), mode.eq(self.start)]
        with m.If(self.update | self.measure):
            m.d.sync += measuring.eq(self.measure)
        with m.If(begins):
            m.d.sync += self.address.eq(Mux(self.measure, below, 0))
        with m.Elif(self.active & ~at_end):
            m.d.sync += self.address.eq(self.address + 1)
        with m.If(mode):
            m.d.sync += self.active.eq(1)
        with m.Elif(at_end):
            m.d.sync += self.active.eq(0)

        # The bits leave a cell one clock after they came by.
        lower = Signal()
        upper = Signal()
        last = Signal(name="sign_bit")
        bits = self.active & measuring
        m.d.sync += [
            lower.eq(bits & (self.address == below)),
            upper.eq(bits & (self.address == below + 1)),
            last.eq(bits & at_end),
        ]
        lower_bit, upper_bit = self._shakes(kept, at_rest)
        m.d.comb += Cat(self.shake_one, self.shake_code).eq(
            Mux(lower, lower_bit, 0) | Mux(upper, upper_bit, 0)
        )
        if config.placement.leaves:
            m.d.sync += [self.first.eq(lower), self.last.eq(last)]
        else:
            m.d.comb += [self.first.eq(lower), self.last.eq(last)]
        return m

    def _shakes(self, reference: Value, rest: Value) -> tuple[Value, Value]:
        """What stands below the visible bits, as (shake_one, shake_code): ``10`` at rest, ``11`` for
        +amplitude, ``01`` for -amplitude, upper bit first.
        """
        one, code, other = Const(0b01, 2), Const(0b10, 2), Const(0b11, 2)
        if self.config.sequential:  # {side, code}: the code bit is 0 in cells that rest
            return code, Mux(reference, other, one) if self.config.two_sided else one
        # {code, shaken}: at rest the wires make every code bit 1
        if self.config.two_sided:
            return Mux(rest, other, one) if self.config.rests else one, code
        return Mux(reference, other, one), code


class SerialArray(Block):
    """All learning elements of the trainer, as serial cells.

    Takes words and measurements as :class:`mgd_hdl.learn.array.Array` does, but each keeps the
    cells busy for ``config.timing.word_clocks`` or ``config.timing.measure_clocks``.

    Members
    -------
    rows, columns, [diagonals] : In
        The code, for words and measurements.
    word : In(D)
        The word for all cells, taken with ``plus``, ``minus`` or ``load``.
    plus, minus : In(1)
        The word is +D, or -D.
    load, address, address_rows, address_columns, clear : In
        ``load``: the cell of this row and column takes the word; with ``clear`` and a word of -1 all
        are set to zero. ``address`` is high all the while.
    layer_k : the measurement that enters layer k
        ``measure``: In(1) begin. Where ``config.rests``: ``rest``: In(1) no perturbation; two-sided:
        ``minus``: In(1) the other side.
    first_k, last_k : Out(1)
        The bits at the network are the first, or the last.
    weights_k_j : Out(inputs + 1)
        A bit of each perturbed parameter of neuron j of layer k, the bias on top.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`; between two words.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        commands = {"measure": In(1)}
        for name, there in (("minus", config.two_sided), ("rest", config.rests)):
            if there:
                commands[name] = In(1)
        super().__init__(
            {**word_ports(config), **layer_ports(config, lambda _: commands), **watch_ports(config)}
        )

    @property
    def module(self) -> str:
        return "array"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # The word leaves one bit a clock: whether it clears, then its bits, then zeros.
        update = Signal()
        starts = Signal()
        sign = Signal()
        bits = Signal(1 + config.words.parameter.width)
        extended = Signal(signed(config.words.parameter.width))
        m.d.comb += [update.eq(self.plus | self.minus | self.load), extended.eq(self.word)]
        m.d.sync += starts.eq(update)
        with m.If(update):
            m.d.sync += [bits.eq(Cat(self.clear, extended)), sign.eq(self.word[-1])]
        with m.Elif(~starts):
            m.d.sync += bits.eq(bits >> 1)
        everywhere = {"word": bits[0], "sign": sign}

        watched: list[Value] = []
        for layer in config.shape.layers:
            command = getattr(self, f"layer_{layer.index}")
            passing = place(m, platform, f"pass_{layer.index}", Pass(config))
            m.d.comb += [
                passing.update.eq(update),
                passing.measure.eq(command.measure),
                passing.reference.eq(command.minus if config.two_sided else command.rest),
                *([passing.rest.eq(command.rest)] if "rest" in passing.signature.members else []),
                getattr(self, f"first_{layer.index}").eq(passing.first),
                getattr(self, f"last_{layer.index}").eq(passing.last),
            ]
            told = ("start", "active", "address", "shake_one", "shake_code")
            local = everywhere | {name: getattr(passing, name) for name in told}
            tiles = [tile for tile in config.placement.tiles if tile.layer == layer.index]
            local |= self._code_wires(m, platform, f"code_{layer.index}", tiles, update, passing)
            watched += self._place_tiles(m, platform, layer, tiles, local)
        if config.access:
            m.d.comb += self.watched.eq(parity(m, "parity", watched, config.timing.parity_levels[1]))
        return m

    def _code_wires(self, m, platform, name, tiles: list[TileConfig], update, passing) -> dict:
        """The wires of a layer's code: for a word in the clock that starts its pass, else for measuring."""
        config = self.config
        rows = slice(tiles[0].first_row, tiles[-1].first_row + tiles[-1].rows)
        reference = getattr(passing, "held_reference", 0)
        at_rest = getattr(passing, "held_rest", 0) if config.two_sided else reference
        wires = place(m, platform, name, Wires(config, rows.stop - rows.start, addressed=True))
        rest = Mux(update, self.minus if config.sequential else 0, at_rest)
        minus = Mux(update, self.minus, reference if config.two_sided else 0)
        m.d.comb += [
            wires.i_rows.eq(self.rows[rows]),
            wires.i_columns.eq(self.columns),
            wires.rest.eq(rest),
            wires.address.eq(self.address),
            # To be cleared, a cell must not be picked.
            wires.clear.eq(0),
            wires.address_rows.eq(addressed_rows(self)[rows]),
            wires.address_columns.eq(self.address_columns & ~self.clear.replicate(COLUMNS)),
        ]
        if not config.sequential:
            m.d.comb += wires.minus.eq(minus)
        if "diagonals" in wires.driven:
            m.d.comb += wires.i_diagonals.eq(self.diagonals)
        return {name: getattr(wires, name) for name in wires.driven}

    def _place_tiles(self, m, platform, layer, tiles: list[TileConfig], wires) -> list[Value]:
        """The layer's tiles, and the bits of its parameters by neuron; returns what is watched of each."""
        parameters: list[Value] = []
        watched = []
        for tile in tiles:
            placed = place(m, platform, f"tile_{tile.index}", SerialTile(self.config, tile.cells))
            for name in placed.signature.members:
                if name == "watched":
                    watched.append(placed.watched)
                if name in ("weights", "watched"):
                    continue
                wire = wires[name]
                if name == "rows":
                    first = tile.first_row - tiles[0].first_row
                    wire = wire[first : first + tile.rows]
                elif name == "diagonals":
                    wire = wire.rotate_right(tile.index % COLUMNS)
                m.d.comb += getattr(placed, name).eq(wire)
            parameters += perturbed(placed)
        to_neurons(m, self, layer, parameters)
        return watched
