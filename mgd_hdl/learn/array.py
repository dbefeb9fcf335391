"""The array engine: one cell per parameter, in tiles of 64 behind registers of their own."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.trainer import Tile as TileConfig
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from .cell import ParameterCell, code_wires, loading_wires, perturbation_wires

__all__ = ["Array", "CellTile", "Leaf", "Wires", "code_ports"]


#: Wires of activity.
SPARSE = ("first_", "second_", "third_")


def code_ports(config: TrainerConfig, rows: int) -> dict:
    """Members for the wires that a code drives."""
    wires = code_wires(config, cells=rows * COLUMNS)
    return {name: wire for name, wire in wires.items() if name.endswith("s")}


class Leaf(Block):
    """Registers at one leaf of the broadcast tree.

    Every tile has one and all hold the same, so a synthesizer would merge them into one register
    that drives the whole array again. The emitted module carries ``keep_hierarchy``.
    """

    def __init__(self, width: int):
        self.width = width
        super().__init__({"i": In(width), "o": Out(width)})

    @property
    def module(self) -> str:
        return f"leaf_{self.width}"

    def elaborate(self, platform):
        m = Module()
        held = Signal(self.width, reset_less=True)
        m.d.sync += held.eq(self.i)
        m.d.comb += self.o.eq(held)
        return m


def _broadcast(config: TrainerConfig, cells: int) -> dict:
    """Members of a tile that go to all its cells."""
    members = {
        **code_wires(config, cells=cells),
        **(code_wires(config, "shake_", cells) if config.shadow else {}),
        **perturbation_wires(config),
        **loading_wires(config),
        "word": In(shape(config.update)),
        **({"sign": In(1)} if config.early else {}),
        "clear": In(1),
        **({"compare": In(1)} if config.decays else {}),
    }
    if config.shadow:
        members["refresh"] = In(1)
    if config.follow:
        members["away"] = In(1)
    return members


class CellTile(Block):
    """Up to 64 cells of one layer, eight to a row.

    With ``config.leaves`` everything that goes to all cells passes one register here, which adds
    one clock and keeps the clock rate where a single cell has it.

    Members
    -------
    rows, columns, ... : In
        The wires of :class:`ParameterCell`, many of each.
    [stuck] : In
        Constants: which cells do not learn.
    weights : Out
        The perturbed parameters, first cell in the low bits.
    """

    def __init__(self, config: TrainerConfig, cells: int):
        self.config = config
        self.cells = cells
        members = {**_broadcast(config, cells), "weights": Out(cells * config.weight.width)}
        if config.some_stuck:
            members["stuck"] = In(cells)
        super().__init__(members)

    @property
    def module(self) -> str:
        return f"tile_{self.cells}"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        names = [name for name in self.signature.members if name not in ("weights", "stuck")]
        wires = {name: getattr(self, name) for name in names}
        if config.leaves:
            leaf = place(m, platform, "leaf", Leaf(sum(len(wire) for wire in wires.values())))
            m.d.comb += leaf.i.eq(Cat(*wires.values()))
            held = {name: Signal.like(wire, name=f"leaf_{name}") for name, wire in wires.items()}
            m.d.comb += Cat(*held.values()).eq(leaf.o)
            wires = held
        weights = []
        for index in range(self.cells):
            row, column = divmod(index, COLUMNS)
            cell = place(m, platform, f"cell_{index}", ParameterCell(config))
            for name in cell.signature.members:
                if name == "weight":
                    continue
                port = getattr(cell, name)
                if name == "stuck":
                    m.d.comb += port.eq(self.stuck[index])
                    continue
                many = wires.get(f"{name}s")
                if many is None:
                    m.d.comb += port.eq(wires[name])
                elif name.endswith("row"):
                    m.d.comb += port.eq(many[row])
                elif name.endswith("column"):
                    m.d.comb += port.eq(many[column])
                else:
                    m.d.comb += port.eq(many[(row + column) % COLUMNS])
            weights.append(cell.weight)
        m.d.comb += self.weights.eq(Cat(*weights))
        return m


class Wires(Block):
    """One register between a code and the cells it drives, and all that may take its place.

    ``rest`` makes the cells' code neutral: in the exclusive-or families every code bit reads as one
    while ``shaken`` is low, which is the ``10`` of rest; in a sequential code no column is high.
    ``minus`` inverts the code of those families, which turns +D into -D and + into -. Whatever
    can be done on the eight column wires is not done on the many row wires.

    Sparse codes rest by their first pair of wires, alike everywhere: nothing is active. Their sign wires
    address a row of cells, and the first pair a column.

    One clock of latency.

    Members
    -------
    i_rows, i_columns, [i_diagonals, i_first_rows, ...] : In
        From the code.
    rest, [minus] : In(1)
    address, clear, address_rows, address_columns : In, where ``addressed``
        While ``address`` is high the cells of these rows and columns are picked instead; with
        ``clear`` all are.
    rows, columns, [diagonals | every, both] : Out
    """

    def __init__(self, config: TrainerConfig, rows: int, addressed: bool):
        self.config = config
        self.addressed = addressed
        self.count = rows
        self.driven = code_wires(config, cells=rows * COLUMNS)
        members = {"i_rows": In(rows), "i_columns": In(COLUMNS), "rest": In(1)}
        if not config.sequential:
            members["minus"] = In(1)
        for name in code_ports(config, rows):
            if name not in ("rows", "columns"):
                members[f"i_{name}"] = In(rows if name.endswith("rows") else COLUMNS)
        if addressed:
            members |= {"address": In(1), "clear": In(1)}
            members |= {"address_rows": In(rows), "address_columns": In(COLUMNS)}
        super().__init__({**members, **{name: wire.flip() for name, wire in self.driven.items()}})

    @property
    def module(self) -> str:
        return f"wires_{self.count}{'_addressed' if self.addressed else ''}"

    def elaborate(self, platform):
        m = Module()
        if self.config.sparse:
            return self._sparse(m)
        address, clear = (self.address, self.clear) if self.addressed else (Const(0, 1), Const(0, 1))
        if self.config.sequential:
            rows = self.i_rows
            columns = self.i_columns & ~self.rest.replicate(COLUMNS)
        else:
            rows = self.i_rows
            columns = self.i_columns ^ self.minus.replicate(COLUMNS)
            picks_all = Mux(address, clear, self.rest)
            m.d.sync += self.both.eq(address | self.rest)
            if "diagonals" in self.driven:
                diagonals = self.i_diagonals & ~address.replicate(COLUMNS)
                m.d.sync += self.diagonals.eq(diagonals | picks_all.replicate(COLUMNS))
            else:
                m.d.sync += self.every.eq(picks_all)
        if self.addressed:
            rows = Mux(address, self.address_rows, rows)
            columns = Mux(address, self.address_columns, columns)
            if self.config.sequential:
                rows = rows | clear.replicate(self.count)
                columns = columns | clear.replicate(COLUMNS)
        m.d.sync += [self.rows.eq(rows), self.columns.eq(columns)]
        return m

    def _sparse(self, m: Module) -> Module:
        """All wires of sign and activity; while ``address`` is high, sign is rows and activity columns."""
        wires = {name: getattr(self, f"i_{name}") for name in self.driven}
        wires["columns"] = wires["columns"] ^ self.minus.replicate(COLUMNS)
        for name in ("first_rows", "first_columns"):
            wires[name] = wires[name] & ~self.rest.replicate(len(wires[name]))
        if self.addressed:
            picked = {"rows": self.address_rows, "first_columns": self.address_columns}
            for name, wire in wires.items():
                chosen = Const(0, len(wire))
                if name in picked:  # one exclusive or with zeros
                    chosen = picked[name] | self.clear.replicate(len(wire))
                elif name in ("second_rows", "third_rows"):
                    chosen = Const(-1, len(wire))
                wires[name] = Mux(self.address, chosen, wire)
        m.d.sync += [getattr(self, name).eq(wire) for name, wire in wires.items()]
        return m


class Array(Block):
    """All learning elements of the trainer.

    Every input is taken in the same clock as the word it belongs to and reaches the cells
    ``config.broadcast_latency`` clocks later, where T takes one more. With early enables ``word``
    comes one clock after all else that belongs to it.

    Members
    -------
    rows, columns, [diagonals, first_rows, ...] : In
        The code that meets the word; without shadow also the code that perturbs.
    word : In(D)
        The word for all cells; zero when there is none.
    [sign] : In(1)
        Early enables only: the sign of the word that comes in the next clock.
    plus, minus : In(1)
        The word is +D, or -D.
    address, address_rows, address_columns, clear : In
        Pick cells by place; ``clear`` sets them to zero.
    [compare] : In(1)
        Weight decay only: the word is not taken, see :class:`mgd_hdl.learn.integrator.Integrator`.
    [halved] : In(2)
        How often the amplitude has halved.
    layer_k : the measurement that passes layer k
        Layer by layer only: ``active``: In(1) the word is for this layer.
        One-sided: ``rest``: In(1) no perturbation; two-sided: ``minus``: In(1) the other side; analog:
        neither.
        Shadow only: ``rows``, ``columns``, ``diagonals`` the code that perturbs; ``refresh``: In(1)
        copy the visible bits. Followers only: ``away``: In(1).
    weights_k_j : Out
        Perturbed parameters of neuron j of layer k: inputs first, the bias on top.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {
            **code_ports(config, config.rows),
            "word": In(shape(config.update)),
            **({"sign": In(1)} if config.early else {}),
            "plus": In(1),
            "minus": In(1),
            "address": In(1),
            "address_rows": In(config.rows),
            "address_columns": In(COLUMNS),
            "clear": In(1),
            **({"compare": In(1)} if config.decays else {}),
            **({"halved": In(2)} if config.shrinks else {}),
        }
        for layer in config.layers:
            passing = {"minus": In(1)} if config.two_sided else {}
            if config.rests:
                passing["rest"] = In(1)
            if config.layerwise:
                passing["active"] = In(1)
            if config.shadow:
                passing |= code_ports(config, self._layer_rows(layer.index)[1])
                passing["refresh"] = In(1)
            if config.follow:
                passing["away"] = In(1)
            members[f"layer_{layer.index}"] = Out(wiring.Signature(passing))
            for neuron in range(layer.neurons):
                width = (layer.inputs + 1) * layer.weight.width
                members[f"weights_{layer.index}_{neuron}"] = Out(width)
        super().__init__(members)

    @property
    def module(self) -> str:
        return "array"

    def _tiles(self, layer: int) -> list[TileConfig]:
        return [tile for tile in self.config.tiles if tile.layer == layer]

    def _layer_rows(self, layer: int) -> tuple[int, int]:
        tiles = self._tiles(layer)
        first = tiles[0].first_row
        return first, tiles[-1].first_row + tiles[-1].rows - first

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # What goes to all cells alike.
        held_word = Signal.like(self.word)
        held_clear = Signal()
        clear = self.clear
        if config.early:
            clear = Signal(name="clear_of_word")
            m.d.sync += clear.eq(self.clear)
        m.d.sync += [held_word.eq(self.word), held_clear.eq(clear)]
        everywhere = {"word": held_word, "clear": held_clear}
        if config.early:
            held_sign = Signal()
            m.d.sync += held_sign.eq(self.sign)
            everywhere["sign"] = held_sign
        if config.decays:
            everywhere["compare"] = Signal(name="compare_word")
            m.d.sync += everywhere["compare"].eq(self.compare)
        for name in loading_wires(config):
            everywhere[name] = Signal(name=name)
            m.d.sync += everywhere[name].eq(self.address)
        if config.shadow and not config.layerwise:
            everywhere |= self._code_wires(m, platform, "code", 0, config.rows, None)

        for layer in config.layers:
            passing = getattr(self, f"layer_{layer.index}")
            first_row, rows = self._layer_rows(layer.index)
            local = dict(everywhere)
            if config.shadow:
                shake = place(m, platform, f"shake_{layer.index}", Wires(config, rows, addressed=False))
                m.d.comb += [shake.i_rows.eq(passing.rows), shake.i_columns.eq(passing.columns)]
                for name in code_ports(config, rows):
                    if name.startswith(SPARSE):
                        m.d.comb += getattr(shake, f"i_{name}").eq(getattr(passing, name))
                if config.rests:
                    m.d.comb += shake.rest.eq(passing.rest)
                if config.two_sided and not config.sequential:
                    m.d.comb += shake.minus.eq(passing.minus)
                if "diagonals" in shake.driven:
                    m.d.comb += shake.i_diagonals.eq(passing.diagonals)
                local |= {f"shake_{name}": getattr(shake, name) for name in shake.driven}
                refresh = Signal(name=f"refresh_{layer.index}")
                m.d.sync += refresh.eq(passing.refresh)
                local["refresh"] = refresh
                if config.follow:
                    away = Signal(name=f"away_{layer.index}")
                    m.d.sync += away.eq(passing.away)
                    local["away"] = away
            if config.layerwise or not config.shadow:
                local |= self._code_wires(m, platform, f"code_{layer.index}", first_row, rows, passing)
            for name in perturbation_wires(config):
                if name == "steps":
                    sizes = Cat(self.halved == config.shrinks - bit for bit in range(config.shrinks + 1))
                    now = Mux(passing.rest, 0, sizes) if config.rests else sizes
                else:
                    now = passing.minus if name == "minus" else ~passing.rest
                signal = Signal(len(now), name=f"{name}_{layer.index}")
                m.d.sync += signal.eq(now)
                local[name] = signal
            self._place_tiles(m, platform, layer, first_row, local)
        return m

    def _code_wires(self, m, platform, name, first_row, rows, passing) -> dict:
        """The wires of the code that meets the word.

        Without shadow they serve the measurement too: ``passing`` commands them whenever no word
        is on its way.
        """
        config = self.config
        wires = place(m, platform, name, Wires(config, rows, addressed=True))
        here = slice(first_row, first_row + rows)
        rest, minus = self.minus if config.sequential else Const(0, 1), self.minus
        idle = ~(self.plus | self.minus)
        if not config.shadow:
            if config.two_sided:
                minus = minus | (idle & passing.minus)
            if config.rests:
                rest = rest | (idle & passing.rest)
        address, address_rows = self.address, self.address_rows[here]
        if config.layerwise:
            # A word for another layer addresses no row of this one.
            address_rows = address_rows & address.replicate(rows)
            address = address | (~idle & ~passing.active)
        m.d.comb += [
            wires.i_rows.eq(self.rows[here]),
            wires.i_columns.eq(self.columns),
            wires.rest.eq(rest),
            wires.address.eq(address),
            wires.clear.eq(self.clear),
            wires.address_rows.eq(address_rows),
            wires.address_columns.eq(self.address_columns),
        ]
        if not config.sequential:
            m.d.comb += wires.minus.eq(minus)
        if "diagonals" in wires.driven:
            m.d.comb += wires.i_diagonals.eq(self.diagonals)
        for port in code_ports(config, config.rows):
            if port.startswith(SPARSE):
                ours = getattr(self, port)
                m.d.comb += getattr(wires, f"i_{port}").eq(ours[here] if port.endswith("rows") else ours)
        return {name: getattr(wires, name) for name in wires.driven}

    def _place_tiles(self, m, platform, layer, layer_row, wires) -> None:
        """The layer's tiles, and its perturbed parameters sorted by neuron."""
        config = self.config
        parameters = []
        stuck = config.stuck()
        for tile in self._tiles(layer.index):
            placed = place(m, platform, f"tile_{tile.index}", CellTile(config, tile.cells))
            for name in placed.signature.members:
                if name == "weights":
                    continue
                port = getattr(placed, name)
                if name == "stuck":
                    bits = sum((tile.first + cell in stuck) << cell for cell in range(tile.cells))
                    m.d.comb += port.eq(Const(bits, tile.cells))
                    continue
                wire = wires[name]
                if name.endswith("rows"):
                    # Wires over all rows of the array, or over the rows of this layer.
                    first = tile.first_row - (0 if len(wire) == config.rows else layer_row)
                    wire = wire[first : first + tile.rows]
                elif name.endswith("diagonals"):
                    wire = wire.rotate_right(tile.index % COLUMNS)
                m.d.comb += port.eq(wire)  # fewer than eight cells take the first columns
            width = config.weight.width
            parameters += [placed.weights[i * width : (i + 1) * width] for i in range(tile.cells)]
        step = layer.inputs + 1
        for neuron in range(layer.neurons):
            port = getattr(self, f"weights_{layer.index}_{neuron}")
            m.d.comb += port.eq(Cat(*parameters[neuron * step : (neuron + 1) * step]))
