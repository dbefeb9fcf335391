"""The array engine: one cell per parameter, in tiles of 64 behind registers of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.network import LayerConfig
from ..config.placement import Tile as TileConfig
from ..config.trainer import TrainerConfig
from ..delay import parity
from ..fixed import shape
from ..hierarchy import Block, place
from ..scan import addressed_rows, place_ports
from . import layer_ports, perturbed, to_neurons, watch_ports
from .cell import ParameterCell, code_wires, loading_wires, perturbation_wires
from .follower import copy_ports

__all__ = ["Array", "CellTile", "Leaf", "Tap", "Wires", "code_ports", "held", "later", "spread", "word_ports"]

#: What a port hears: a wire, by name, and which bits of it; None for all.
Tap = tuple[str, Sequence[int] | None]

#: Where leaves are small, so many tiles share a trunk.
TRUNK_TILES = 4


def word_ports(config: TrainerConfig) -> dict:
    """Members of an array whose cells a code picks, or their place: the code, the word, what it is for."""
    return {
        **code_ports(config, config.placement.rows),
        "word": In(shape(config.words.update)),
        **({"sign": In(1)} if config.early else {}),
        "plus": In(1),
        "minus": In(1),
        **({"load": In(1)} if config.timing.word_clocks > 1 else {}),
        **place_ports(config),
        "clear": In(1),
    }


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


def later(m: Module, name: str, wire: Value) -> Signal:
    """The wire one clock later, in a register of this name."""
    register = Signal(len(wire), name=name)
    m.d.sync += register.eq(wire)
    return register


def held(m: Module, platform, name: str, wires: Mapping[str, Value]) -> dict[str, Value]:
    """All wires one clock later, behind a :class:`Leaf` of this name."""
    leaf = place(m, platform, name, Leaf(sum(len(wire) for wire in wires.values())))
    outputs = {key: Signal.like(wire, name=f"{name}_{key}") for key, wire in wires.items()}
    m.d.comb += [leaf.i.eq(Cat(*wires.values())), Cat(*outputs.values()).eq(leaf.o)]
    return outputs


def _picked(wire: Value, bits: Sequence[int] | None) -> Value:
    """These bits of a wire, or all; the wire itself where these are all of them, in order."""
    if bits is None or (len(bits) == len(wire) and all(bit == i for i, bit in enumerate(bits))):
        return wire
    return Cat(wire[bit] for bit in bits)


def spread(
    m: Module, platform, name: str, wires: Mapping[str, Value], taps: Sequence[Mapping[str, Tap]], step: int
) -> Iterator[dict[str, Value]]:
    """What each of several blocks hears of common wires: one clock later, from registers beside it.

    Parameters
    ----------
    name : str
        Of the registers; numbered where there are several.
    wires : mapping
        By name.
    taps : sequence
        For each block, by its ports, what it hears.
    step : int
        So many blocks share registers, which hold what these hear and nothing else; 0: no registers, and no
        clock.

    Yields
    ------
    dict
        For each block the values of its ports.
    """
    if not step:
        for block in taps:
            yield {port: _picked(wires[source], bits) for port, (source, bits) in block.items()}
        return
    for start in range(0, len(taps), step):
        group = taps[start : start + step]
        heard: dict[str, set[int]] = {source: set() for source in wires}
        for source, bits in (tap for block in group for tap in block.values()):
            heard[source].update(range(len(wires[source])) if bits is None else bits)
        kept = {source: sorted(found) for source, found in heard.items() if found}
        local = held(
            m,
            platform,
            f"{name}_{start // step}" if len(taps) > step else name,
            {source: _picked(wires[source], bits) for source, bits in kept.items()},
        )
        at = {source: {bit: i for i, bit in enumerate(bits)} for source, bits in kept.items()}
        for block in group:
            yield {
                port: _picked(local[source], None if bits is None else [at[source][bit] for bit in bits])
                for port, (source, bits) in block.items()
            }


def _broadcast(config: TrainerConfig, cells: int) -> dict:
    """Members of a tile that go to all its cells."""
    return {
        **code_wires(config, cells=cells),
        **(code_wires(config, "shake_", cells) if config.shadow else {}),
        **perturbation_wires(config),
        **loading_wires(config),
        "word": In(shape(config.words.update)),
        **({"sign": In(1)} if config.early else {}),
        "clear": In(1),
        **({"compare": In(1)} if config.decays else {}),
        **copy_ports(config),
    }


class CellTile(Block):
    """Up to 64 cells of one layer, eight to a row.

    With ``config.placement.leaves`` everything that goes to all cells passes one register here
    (:func:`spread`), which adds one clock and keeps the clock rate where few cells have it.

    Members
    -------
    rows, columns, ... : In
        The wires of :class:`ParameterCell`, many of each.
    [stuck] : In
        Constants: which cells do not learn.
    weights : Out
        The perturbed parameters, first cell in the low bits.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig, cells: int):
        self.config = config
        self.cells = cells
        weights = {"weights": Out(cells * config.words.weight.width)}
        members = {**_broadcast(config, cells), **weights, **watch_ports(config)}
        if config.some_stuck:
            members["stuck"] = In(cells)
        super().__init__(members)

    @property
    def module(self) -> str:
        return f"tile_{self.cells}"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        wires = {name: getattr(self, name) for name in _broadcast(config, self.cells)}
        cells = [place(m, platform, f"cell_{index}", ParameterCell(config)) for index in range(self.cells)]
        taps = [self._taps(index, cell, wires) for index, cell in enumerate(cells)]
        leaves = spread(m, platform, "leaf", wires, taps, config.placement.leaves * config.leaf_cells)
        for cell, heard in zip(cells, leaves, strict=True):
            m.d.comb += [getattr(cell, port).eq(wire) for port, wire in heard.items()]
        if config.some_stuck:
            m.d.comb += [cell.stuck.eq(stuck) for cell, stuck in zip(cells, self.stuck, strict=True)]
        m.d.comb += self.weights.eq(Cat(cell.weight for cell in cells))
        if config.access:
            bits = [cell.watched for cell in cells]
            m.d.comb += self.watched.eq(parity(m, "parity", bits, config.timing.parity_levels[0]))
        return m

    @staticmethod
    def _taps(index: int, cell: ParameterCell, wires: Mapping[str, Value]) -> dict[str, Tap]:
        """What the cell of this number hears, by its ports."""
        row, column = divmod(index, COLUMNS)
        bits = {"row": row, "column": column, "diagonal": (row + column) % COLUMNS}
        return {
            port: (port, None) if port in wires else (f"{port}s", [bits[port.rpartition("_")[2]]])
            for port in cell.signature.members
            if port not in ("weight", "stuck", "watched")
        }


class Wires(Block):
    """One register between a code and the cells it drives, and all that may take its place.

    ``rest`` makes the cells' code neutral: in the exclusive-or families every code bit reads as one
    while ``shaken`` is low, which is the ``10`` of rest; in a sequential code no column is high.
    ``minus`` inverts the code of those families, which turns +D into -D and + into -. Whatever
    can be done on the eight column wires is not done on the many row wires.

    Sparse codes rest by their first pair of wires, alike everywhere: nothing is active. Their sign wires
    address a row of cells, and the first pair a column.

    One clock of latency. ``branch``: the wires of one tile, which are not to be merged with those of another.

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

    def __init__(self, config: TrainerConfig, rows: int, addressed: bool, *, branch: bool = False):
        self.config = config
        self.addressed = addressed
        self.branch = branch
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
        kinds = "_addressed" * self.addressed + "_branch" * self.branch
        return f"wires_{self.count}{kinds}"

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


@dataclass(frozen=True)
class _Code:
    """A code over rows of the array: as it is given; as inputs of :class:`Wires`, named ``code_*``; or the
    wires that these make.
    """

    wires: Mapping[str, Value]
    first_row: int
    rows: int
    addressed: bool

    def taps(self, prefix: str, tile: TileConfig) -> dict[str, Tap]:
        """What a tile hears of them: its rows, and diagonals turned one further than the tile before; fewer
        than eight cells the first columns.
        """
        first, columns = tile.first_row - self.first_row, min(tile.cells, COLUMNS)
        found: dict[str, Tap] = {}
        for name in self.wires:
            bits: Sequence[int] | None = None
            if name.endswith("rows"):
                bits = range(first, first + tile.rows)
            elif name.endswith("columns"):
                bits = range(columns)
            elif name.endswith("diagonals"):
                bits = [(column + tile.index) % COLUMNS for column in range(columns)]
            found[prefix + name] = prefix + name, bits
        return found


class Array(Block):
    """All learning elements of the trainer.

    Every input is taken in the same clock as the word it belongs to and reaches the cells
    ``config.timing.broadcast_latency`` clocks later, where T takes one more. With early enables ``word``
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
    address, address_rows, address_columns, [address_tiles], clear : In
        Pick cells by place; ``clear`` sets them to zero. With ``engine.access`` rows count in a tile.
    [loading] : In(1)
        ``engine.access`` with stuck parameters only: they take the word too; otherwise they do with
        ``address``.
    [compare] : In(1)
        Weight decay only: the word is not taken, see :class:`mgd_hdl.learn.integrator.Integrator`.
    [halved] : In(2)
        How often the amplitude has halved.
    layer_k : the measurement that passes layer k
        Layer by layer only: ``active``: In(1) the word is for this layer.
        Where ``config.rests``: ``rest``: In(1) no perturbation; two-sided: ``minus``: In(1) the other side.
        Shadow only: ``rows``, ``columns``, ``diagonals`` the code that perturbs; ``refresh``: In(1)
        copy the visible bits. Followers only: ``away``: In(1). Where words wait for their steps
        (``config.shape.paced``) each layer has its own: ``word``, ``word_plus``, ``word_minus`` and, with
        ``meets_`` before their names, the wires of the code that meets it.
    weights_k_j : Out
        Perturbed parameters of neuron j of layer k: inputs first, the bias on top.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {
            **word_ports(config),
            **({"compare": In(1)} if config.decays else {}),
            **({"halved": In(2)} if config.amplitude_halvings else {}),
            **({name: In(1) for name in loading_wires(config)} if config.access else {}),
            **watch_ports(config),
        }
        if config.shape.paced:
            for name in ("word", "plus", "minus", *code_ports(config, config.placement.rows)):
                del members[name]
        super().__init__({**members, **layer_ports(config, self._passing)})

    def _passing(self, layer: LayerConfig) -> dict:
        config, rows = self.config, self._layer_rows(layer.index)[1]
        words = {}
        if config.shape.paced:
            words = {f"meets_{name}": wire for name, wire in code_ports(config, rows).items()}
            words |= {"word": In(shape(config.words.update)), "word_plus": In(1), "word_minus": In(1)}
        return {
            **({"minus": In(1)} if config.two_sided else {}),
            **({"rest": In(1)} if config.rests else {}),
            **({"active": In(1)} if config.layerwise else {}),
            **(code_ports(config, rows) if config.shadow else {}),
            **words,
            **copy_ports(config),
        }

    @property
    def module(self) -> str:
        return "array"

    def _tiles(self, layer: int) -> list[TileConfig]:
        return [tile for tile in self.config.placement.tiles if tile.layer == layer]

    def _layer_rows(self, layer: int) -> tuple[int, int]:
        tiles = self._tiles(layer)
        first = tiles[0].first_row
        return first, tiles[-1].first_row + tiles[-1].rows - first

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # What goes to all cells alike.
        paced = config.shape.paced
        held_word = Signal(shape(config.words.update))
        held_clear = Signal()
        clear = self.clear
        if config.early:
            clear = Signal(name="clear_of_word")
            m.d.sync += clear.eq(self.clear)
        m.d.sync += [*([] if paced else [held_word.eq(self.word)]), held_clear.eq(clear)]
        everywhere = {"clear": held_clear} if paced else {"word": held_word, "clear": held_clear}
        if config.early:
            held_sign = Signal()
            m.d.sync += held_sign.eq(self.sign)
            everywhere["sign"] = held_sign
        if config.decays:
            everywhere["compare"] = Signal(name="compare_word")
            m.d.sync += everywhere["compare"].eq(self.compare)
        for name in loading_wires(config):
            everywhere[name] = Signal(name=name)
            m.d.sync += everywhere[name].eq(getattr(self, name) if config.access else self.address)
        everywhere = self._after_code(m, everywhere)
        watched: list[Value] = []
        shared = {}
        if config.shadow and not config.layerwise and not paced:
            shared[""] = self._code(m, platform, "code", self._update_code(0, config.placement.rows, None))

        for layer in config.shape.layers:
            passing = getattr(self, f"layer_{layer.index}")
            first_row, rows = self._layer_rows(layer.index)
            local: dict[str, Value] = {}
            codes = dict(shared)
            if paced:
                local["word"] = Signal(shape(config.words.update), name=f"held_word_{layer.index}")
                m.d.sync += local["word"].eq(passing.word)
            if config.shadow:
                shaking = self._shake_code(first_row, rows, passing)
                codes["shake_"] = self._code(m, platform, f"shake_{layer.index}", shaking)
                refresh = Signal(name=f"refresh_{layer.index}")
                m.d.sync += refresh.eq(passing.refresh)
                local["refresh"] = refresh
                if config.follow:
                    away = Signal(name=f"away_{layer.index}")
                    m.d.sync += away.eq(passing.away)
                    local["away"] = away
            if not shared:
                updating = self._update_code(first_row, rows, passing)
                codes[""] = self._code(m, platform, f"code_{layer.index}", updating)
            for name in perturbation_wires(config):
                if name == "steps":
                    sizes = Cat(
                        self.halved == config.amplitude_halvings - bit
                        for bit in range(config.amplitude_halvings + 1)
                    )
                    now = Mux(passing.rest, 0, sizes) if config.rests else sizes
                else:
                    now = passing.minus if name == "minus" else ~passing.rest
                signal = Signal(len(now), name=f"{name}_{layer.index}")
                m.d.sync += signal.eq(now)
                local[name] = signal
            local = self._after_code(m, local)
            watched += self._place_tiles(m, platform, layer, codes, everywhere | local)
        if config.access:
            m.d.comb += self.watched.eq(parity(m, "parity", watched, config.timing.parity_levels[1]))
        return m

    def _after_code(self, m: Module, wires: Mapping[str, Value]) -> dict[str, Value]:
        """What goes to cells beside their code, which may be kept there: then a clock later."""
        if not self.config.placement.keeps_code:
            return dict(wires)
        return {name: later(m, f"late_{wire.name}", wire) for name, wire in wires.items()}

    def _shake_code(self, first_row: int, rows: int, passing) -> _Code:
        """The code that perturbs a layer, where it has wires of its own, and what it becomes."""
        config = self.config
        given = {name: getattr(passing, name) for name in code_ports(config, rows)}
        if config.rests:
            given["rest"] = passing.rest
        if config.two_sided and not config.sequential:
            given["minus"] = passing.minus
        return _Code(given, first_row, rows, addressed=False)

    def _update_code(self, first_row: int, rows: int, passing) -> _Code:
        """The code that meets the word, and what it becomes.

        Without shadow it serves the measurement too: ``passing`` commands it whenever no word is on its
        way.
        """
        config = self.config
        names = [
            *code_ports(config, config.placement.rows),
            "minus",
            "address",
            "address_rows",
            "address_columns",
            "clear",
        ]
        commands = ["active"] * config.layerwise
        if not config.shadow:
            commands += ["minus"] * config.two_sided + ["rest"] * config.rests
        if commands:
            names.append("plus")
        here = slice(first_row, first_row + rows)
        given = {}
        # Words in their own time come with a code of the layer's own.
        own = {}
        if config.shape.paced:
            own = {name: getattr(passing, f"meets_{name}") for name in code_ports(config, rows)}
            own |= {"plus": passing.word_plus, "minus": passing.word_minus}
        for name in names:
            if name in own:
                given[name] = own[name]
                continue
            wire = addressed_rows(self) if name == "address_rows" else getattr(self, name)
            given[name] = wire[here] if name.endswith("rows") else wire
        given |= {f"layer_{name}": getattr(passing, name) for name in commands}
        return _Code(given, first_row, rows, addressed=True)

    def _inputs(self, code: _Code) -> dict[str, Value]:
        """Of :class:`Wires`, from what is given."""
        config, given = self.config, dict(code.wires)
        inputs = {f"i_{name}": given.pop(name) for name in code_ports(config, code.rows)}
        if not code.addressed:
            return inputs | given
        minus, address, address_rows = given["minus"], given["address"], given["address_rows"]
        rest = minus if config.sequential else Const(0, 1)
        idle = ~(given["plus"] | minus) if "plus" in given else Const(0, 1)
        if "layer_minus" in given:
            minus = minus | (idle & given["layer_minus"])
        if "layer_rest" in given:
            rest = rest | (idle & given["layer_rest"])
        if "layer_active" in given:
            # A word for another layer addresses no row of this one.
            address_rows = address_rows & address.replicate(code.rows)
            address = address | (~idle & ~given["layer_active"])
        if not config.sequential:
            inputs["minus"] = minus
        return inputs | {
            "rest": rest,
            "address": address,
            "clear": given["clear"],
            "address_rows": address_rows,
            "address_columns": given["address_columns"],
        }

    def _code(self, m: Module, platform, name: str, code: _Code) -> _Code:
        """One clock later the wires that the code drives, or what makes them at each branch."""
        inputs = self._inputs(code)
        if self.config.placement.keeps_code:
            # What is always 0 need not be sent, nor columns without a cell.
            rows = range(code.first_row, code.first_row + code.rows)
            columns = max(tile.cells for tile in self.config.placement.tiles if tile.first_row in rows)
            sent = {
                port: wire[:columns] if port.endswith("columns") else wire
                for port, wire in inputs.items()
                if not isinstance(wire, Const)
            }
            registers = {f"code_{port}": later(m, f"{name}_{port}", wire) for port, wire in sent.items()}
            return replace(code, wires=registers)
        wires = place(m, platform, name, Wires(self.config, code.rows, code.addressed))
        m.d.comb += [getattr(wires, port).eq(wire) for port, wire in inputs.items()]
        return replace(code, wires={port: getattr(wires, port) for port in wires.driven})

    def _branch(self, m: Module, platform, tile: TileConfig, codes, heard) -> dict[str, Value]:
        """What goes to a tile, one clock after it stands at the trunk: wires of its own, and all else."""
        heard = dict(heard)
        found: dict[str, Value] = {}
        for prefix, code in codes.items():
            # Where columns go to no cell, wires for them would be kept for nothing.
            kept = tile.cells >= COLUMNS
            block = Wires(self.config, tile.rows, code.addressed, branch=kept)
            wires = place(m, platform, f"{prefix or 'code_'}of_tile_{tile.index}", block)
            for name in code.wires:
                m.d.comb += getattr(wires, name.removeprefix("code_")).eq(heard.pop(prefix + name))
            found |= {prefix + port: getattr(wires, port) for port in wires.driven}
        return found | held(m, platform, f"branch_{tile.index}", heard)

    def _place_tiles(self, m: Module, platform, layer, codes: Mapping[str, _Code], local) -> list[Value]:
        """The layer's tiles, and its perturbed parameters by neuron; returns what is watched of each."""
        config = self.config
        parameters: list[Value] = []
        watched = []
        stuck = config.shape.stuck()
        wires, taps = dict(local), []
        for prefix, code in codes.items():
            wires |= {prefix + name: wire for name, wire in code.wires.items()}
        tiles = self._tiles(layer.index)
        for tile in tiles:
            heard: dict[str, Tap] = {name: (name, None) for name in local}
            for prefix, code in codes.items():
                heard |= code.taps(prefix, tile)
            taps.append(heard)
        # Behind small leaves a code comes as what makes its wires, in a tree.
        trunks = spread(
            m, platform, f"trunk_{layer.index}", wires, taps, config.placement.keeps_code * TRUNK_TILES
        )
        for tile, heard in zip(tiles, trunks, strict=True):
            if config.placement.keeps_code:
                heard = self._branch(m, platform, tile, codes, heard)
            placed = place(m, platform, f"tile_{tile.index}", CellTile(config, tile.cells))
            for name in placed.signature.members:
                port = getattr(placed, name)
                if name == "watched":
                    watched.append(port)
                if name in ("weights", "watched"):
                    continue
                if name == "stuck":
                    bits = sum((tile.first + cell in stuck) << cell for cell in range(tile.cells))
                    m.d.comb += port.eq(Const(bits, tile.cells))
                else:
                    m.d.comb += port.eq(heard[name])
            parameters += perturbed(placed)
        to_neurons(m, self, layer, parameters)
        return watched
