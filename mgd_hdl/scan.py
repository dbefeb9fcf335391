"""One place after another: walks over all cells of an array in the order of their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from .config.engines import Series
from .config.trainer import TrainerConfig
from .hierarchy import Block

__all__ = [
    "LaneScan",
    "PlacedScan",
    "Scan",
    "addressed_rows",
    "place_layout",
    "place_ports",
    "scan_lanes",
    "scan_of",
    "scan_series",
]


class Scan(Block):
    """Two one-hot rings, a row and a column: their crossing is the place.

    Rings need no decoder, and they are the very wires that address a cell. The last row of a
    tile may be short; the column ring turns early there. With many stages (``engine.stages``) registers know
    beforehand whether the next place ends its row, and whether it is the last one.

    Members
    -------
    restart : In(1)
        Go to parameter 0; goes before ``advance``.
    advance : In(1)
        Go to the next parameter; after the last comes the first.
    rows, columns : Out, one-hot
    at_last : Out(1), many stages only
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        at_last = {"at_last": Out(1)} if config.staged else {}
        super().__init__(
            {
                **at_last,
                "restart": In(1),
                "advance": In(1),
                "rows": Out(config.placement.rows, init=1),
                "columns": Out(config.placement.columns, init=1),
            }
        )

    @property
    def module(self) -> str:
        return "scan"

    @property
    def last(self) -> Value:
        """Whether the place is that of the last parameter."""
        if self.config.staged:
            return self.at_last
        return self.rows[-1] & self.columns[self.config.placement.places[-1].column]

    def elaborate(self, platform):
        m = Module()
        config = self.config
        # Where does a row end? After its last column, or where it is short.
        lasts = {place.row: place.column for place in config.placement.places}
        if config.staged:
            self._foretold(m, lasts)
            return m
        row_end = Signal()
        ends = self.columns[-1]
        for row, column in lasts.items():
            if column < config.placement.columns - 1:
                ends = ends | (self.rows[row] & self.columns[column])
        m.d.comb += row_end.eq(ends)
        with m.If(self.restart | (self.advance & self.last)):
            m.d.sync += [self.rows.eq(1), self.columns.eq(1)]
        with m.Elif(self.advance & row_end):
            m.d.sync += [self.rows.eq(self.rows << 1), self.columns.eq(1)]
        with m.Elif(self.advance):
            m.d.sync += self.columns.eq(self.columns << 1)
        return m

    def _foretold(self, m: Module, lasts: dict[int, int]) -> None:
        """The same from registers that are told beforehand; a restart is all that sets them back."""
        places = [(place.row, place.column) for place in self.config.placement.places]
        ends = {"row_end": set(lasts.items()), "at_last": {places[-1]}}
        rows = Signal(len(self.rows), name="row", init=1, reset_less=True)
        columns = Signal(len(self.columns), name="column", init=1, reset_less=True)
        known = {name: Signal(name=name, init=places[0] in ends[name], reset_less=True) for name in ends}
        m.d.comb += [self.rows.eq(rows), self.columns.eq(columns), self.at_last.eq(known["at_last"])]
        with m.If(self.restart):
            m.d.sync += [register.eq(register.init) for register in (rows, columns, *known.values())]
        with m.Elif(self.advance):
            m.d.sync += columns.eq(Mux(known["row_end"], 1, columns << 1))
            with m.If(known["row_end"]):
                m.d.sync += rows.eq(rows.rotate_left(1))
            for name, register in known.items():
                soon: Value = Const(0, 1)
                for column, before in self._before(places, ends[name]).items():
                    # Of all rows that have such a column it needs no row.
                    every = {row for row, other in places if other == column} == set(before)
                    here = Const(1, 1) if every else Cat(rows[row] for row in before).any()
                    soon = soon | (here & columns[column])
                m.d.sync += register.eq(soon)

    @staticmethod
    def _before(places: list[tuple[int, int]], ends: set[tuple[int, int]]) -> dict[int, list[int]]:
        """The places before these: their rows, by column."""
        found: dict[int, list[int]] = {}
        for index, place in enumerate(places):
            if place in ends:
                row, column = places[index - 1]
                found.setdefault(column, []).append(row)
        return found


def place_ports(config: TrainerConfig) -> dict:
    """Members of an array: the word is for the cell where the wires of ``config.placement.rings`` cross."""
    rings = config.placement.rings
    return {"address": In(1), **{f"address_{name}": In(size) for name, size in rings.items()}}


def addressed_rows(array: Any) -> Value:
    """Of an array with :func:`place_ports`, for each of its rows whether the place is in it."""
    if "address_tiles" not in array.signature.members:
        return Value.cast(array.address_rows)
    tiles = array.config.placement.tiles
    return Cat(
        array.address_tiles[tile.index] & array.address_rows[row]
        for tile in tiles
        for row in range(tile.rows)
    )


def place_layout(config: TrainerConfig) -> data.StructLayout:
    """A place as numbers: for each of the rings the one of its wires."""
    return data.StructLayout(
        {name: max(1, (size - 1).bit_length()) for name, size in config.placement.rings.items()}
    )


class PlacedScan(Block):
    """A scan that can also be sent to any place, in two clocks, one place a clock.

    Its rings are ``config.placement.rings``, the outermost first: each goes on where that inside of it turns.
    A wire of a ring takes what the wire before it was, or whether two wires cross that are decoded, one clock
    before, from the high and the low bits of the place: one table of four inputs, which a plain ring of an
    iCE40 spends too.

    Members
    -------
    advance : In(1)
        Go to the next parameter; after the last comes the first.
    seek, place : In(1), In(:func:`place_layout`)
        Be there two clocks later; goes before ``advance``.
    [tiles], rows, columns : Out, one-hot
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                "advance": In(1),
                "seek": In(1),
                "place": In(place_layout(config)),
                **{name: Out(size, init=1) for name, size in config.placement.rings.items()},
            }
        )

    @property
    def module(self) -> str:
        return "placed_scan"

    def _at(self, crossing: dict[str, int], names: list[str]) -> Value:
        """Whether these rings are where a parameter is."""
        found: Value = Const(1, 1)
        for name in names:
            found = found & getattr(self, name)[crossing[name]]
        return found

    @property
    def last(self) -> Value:
        """Whether the place is that of the last parameter."""
        placement = self.config.placement
        return self._at(placement.crossing(self.config.parameters - 1), list(placement.rings))

    def elaborate(self, platform):
        m = Module()
        placement = self.config.placement
        lands = Signal()
        m.d.sync += lands.eq(self.seek)
        turns: Value = self.advance
        names = list(placement.rings)
        for depth in reversed(range(len(names))):
            name, size = names[depth], placement.rings[names[depth]]
            ring, number = getattr(self, name), getattr(self.place, name)
            # Decoded in two halves.
            low = len(number) // 2
            highs = Signal(-(-size >> low) if low else size, name=f"{name}_high")
            m.d.sync += [wire.eq(number[low:] == i) for i, wire in enumerate(highs)]
            picked: list[Value] = list(highs)
            if low:
                lows = Signal(1 << low, name=f"{name}_low")
                m.d.sync += [wire.eq(number[:low] == i) for i, wire in enumerate(lows)]
                picked = [highs[i >> low] & lows[i % len(lows)] for i in range(size)]
            # It turns after its last wire, or earlier where the rings around it tell.
            end = ring[-1]
            for place in self._short(depth, names):
                end = end | self._at(place, names[: depth + 1])
            ends = Signal(name=f"{name}_end")
            m.d.comb += ends.eq(end)
            with m.If(~lands & turns & ends):
                m.d.sync += ring.eq(1)
            with m.Elif(lands | turns):
                m.d.sync += ring.eq(Mux(lands, Cat(*picked), ring << 1))
            turns = turns & ends
        return m

    def _short(self, depth: int, names: list[str]) -> list[dict[str, int]]:
        """Where a ring turns before its last wire: for each place of the rings around it its last wire."""
        placement = self.config.placement
        lasts: dict[tuple[int, ...], int] = {}
        for index in range(self.config.parameters):
            crossing = placement.crossing(index)
            lasts[tuple(crossing[name] for name in names[:depth])] = crossing[names[depth]]
        size = placement.rings[names[depth]]
        return [
            dict(zip(names, (*around, last), strict=False))
            for around, last in lasts.items()
            if last < size - 1
        ]


def scan_of(config: TrainerConfig) -> Scan | PlacedScan:
    """What leads the initializer from cell to cell."""
    return PlacedScan(config) if config.access and not config.facts.chain else Scan(config)


@dataclass(frozen=True)
class LaneScan:
    """Where :func:`scan_lanes` is.

    Attributes
    ----------
    layer : Signal
        Of the parameter.
    lane, place : Value
        One-hot, the lane that holds it, and the address there.
    last : Value
        It is the last one.
    """

    layer: Signal
    lane: Value
    place: Value
    last: Value


def scan_lanes(m: Module, config: TrainerConfig, restart: Value, advance: Value) -> LaneScan:
    """Counters that walk over the words of a bank in the order of their parameters' numbers: from parameter 0
    after ``restart``, which goes first, a parameter a clock with ``advance``, up to the last.
    """
    layers, sweep = config.shape.layers, config.timing.sweep
    if config.timing.series is not None:
        return scan_series(m, config.timing.series, restart, advance)
    assert sweep is not None
    layer = Signal(range(max(2, len(layers))))
    neuron = Signal(range(max(2, *(each.neurons for each in layers))))
    word = Signal(range(max(each.inputs + 1 for each in layers)))
    lane = Signal(config.engine.lanes, init=1)
    first = Signal(range(sweep.depth))  # of the group
    # What is the last one is known in registers, made with the counts.
    last_word = Signal()
    last_neuron = Signal(init=layers[0].neurons == 1)
    single = [each.neurons == 1 for each in (*layers[1:], layers[0])]  # the layer that follows has one neuron
    with m.If(restart):
        m.d.sync += [
            each.eq(each.init) for each in (layer, neuron, word, lane, first, last_word, last_neuron)
        ]
    with m.Elif(advance):
        m.d.sync += [
            word.eq(word + 1),
            last_word.eq(word == Array(each.inputs - 1 for each in layers)[layer]),
        ]
        with m.If(last_word):
            m.d.sync += [
                word.eq(0),
                last_word.eq(0),
                neuron.eq(neuron + 1),
                lane.eq(lane.rotate_left(1)),
                # Of a single one it is known before; here two are left or more.
                last_neuron.eq(neuron + 2 == Array(each.neurons for each in layers)[layer]),
            ]
            with m.If(last_neuron | lane[-1]):
                m.d.sync += first.eq(first + word + 1)
            with m.If(last_neuron):
                m.d.sync += [neuron.eq(0), lane.eq(1), layer.eq(layer + 1)]
                m.d.sync += last_neuron.eq(Array(Const(each, 1) for each in single)[layer])
    last = last_word & last_neuron & (layer == len(layers) - 1)
    return LaneScan(layer, lane, first + word, last)


def scan_series(m: Module, series: Series, restart: Value, advance: Value) -> LaneScan:
    """The same over parameters that lie one after the other; parameter 0 follows the last."""
    place = Signal(range(series.depth))
    layer = Signal(range(max(2, len(series.spans))))
    last = Signal()
    m.d.comb += last.eq(place == series.depth - 1)
    with m.If(restart):
        m.d.sync += [place.eq(0), layer.eq(0)]
    with m.Elif(advance):
        m.d.sync += place.eq(place + 1)
        for span, following in pairwise(series.spans):
            with m.If(place == span[-1]):
                m.d.sync += [place.eq(following[0]), layer.eq(layer + 1)]
        with m.If(last):
            m.d.sync += [place.eq(0), layer.eq(0)]
    return LaneScan(layer, Const(1, 1), place, last)
