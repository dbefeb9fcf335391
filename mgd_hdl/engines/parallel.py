"""Cells that take a whole word in one clock, picked by the wires of a code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Mux, Signal, Value

from ..config.names import numbered
from ..config.trainer import TrainerConfig
from ..delay import later
from ..learn.array import Array, CellTile
from ..schedule import Settling
from ..site import Link, Site
from .codes import place_code
from .engine import Broadcast, Engine, Passing

__all__ = ["ParallelEngine"]


class ParallelEngine(Engine):
    """:class:`mgd_hdl.learn.array.Array`. With a shadow copy the measurements of a window overlap."""

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        return Array(config)

    @staticmethod
    def tile(config: TrainerConfig, cells: int) -> Any:
        return CellTile(config, cells)

    def done(self, site: Site) -> Value:
        """Early enables take words a clock late, which matters where the last one is for the first layer."""
        done = super().done(site)
        if not self.config.early or len(self.config.shape.layers) > 1:
            return done
        last_taken = Signal()
        site.m.d.sync += last_taken.eq(done)
        return last_taken

    def start(self, site: Site) -> None:
        array, initializer = self.array, self.initializer
        rings = self.config.placement.rings
        site.m.d.comb += [
            array.address.eq(self.addresses(site)),
            *(getattr(array, f"address_{name}").eq(getattr(initializer, name)) for name in rings),
        ]
        if self.config.access:
            access = site.blocks["access"]
            site.m.d.comb += [
                initializer.seek.eq(access.seek),
                initializer.place.eq(access.place),
                access.watched.eq(array.watched),
            ]
            if "loading" in array.signature.members:
                site.m.d.comb += array.loading.eq(initializer.busy | access.loading)
        super().start(site)

    def addresses(self, site: Site) -> Value:
        """The word is for the cell at a place, or clears all."""
        busy: Value = self.initializer.busy
        return busy | site.blocks["access"].address if self.config.access else busy

    def broadcast(self, site: Site) -> Broadcast:
        plain = super().broadcast(site)
        if not self.config.early:
            return plain
        # Codes go one clock before their words, and D's sign is known before D.
        update, homodyne = site.blocks["update"], site.blocks["homodyne"]
        sign = Mux(update.soon, update.sign, ~update.o.payload[-1])
        first = self.first_word(site)
        site.m.d.comb += self.array.sign.eq(Mux(self.addresses(site), first[-1], sign))
        word = homodyne.word | later(site.m, first, "first_word", 1)
        return Broadcast(word, update.soon, homodyne.plus, plain.over)

    def words(self, site: Site, broadcast: Broadcast) -> None:
        super().words(site, broadcast)
        site.m.d.comb += [self.array.plus.eq(broadcast.plus), self.array.minus.eq(broadcast.minus)]

    def codes(self, site: Site, links: Sequence[Link], started: Value, hold_over: Value) -> None:
        wires = place_code(site, links, "code", hold_over)
        self._wires = wires
        for link in reversed(links):
            wires = link.wires(wires)
        for name, wire in wires.items():
            site.m.d.comb += getattr(self.array, name).eq(wire)

    def learns(self, site: Site, links: Sequence[Link], layer: int, hold_over: Value) -> None:
        m, port = site.m, getattr(self.array, f"layer_{layer}")
        homodyne = site.blocks[self.config.timing.homodynes[layer]]
        wires = place_code(site, links, numbered("code", layer), hold_over)
        tiles = [tile for tile in self.config.placement.tiles if tile.layer == layer]
        rows = slice(tiles[0].first_row, tiles[-1].first_row + tiles[-1].rows)
        for name, wire in wires.items():
            here = wire[rows] if name.endswith("rows") else wire
            m.d.comb += getattr(port, f"meets_{name}").eq(here)
        m.d.comb += [
            port.word.eq(homodyne.word | self.first_word(site)),
            port.word_plus.eq(homodyne.plus),
            port.word_minus.eq(homodyne.minus),
        ]

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        config, m = self.config, site.m
        if site.free is not None:
            m.d.comb += site.blocks["sequencer"].free.eq(site.free)
        if not config.shadow:
            m.d.comb += updated.eq(settling.passed)
        elif not config.facts.overlapping:
            m.d.sync += updated.eq(settling.passed)
        elif not config.delayed:
            last = settling.last_word & site.trace.at("window_end", site.spread_at)
            m.d.sync += updated.eq(settling.late[config.timing.tail_clocks] if settling.late else last)

    def resume(self, updated: Value, window_over: Value, arrives: Value) -> Value:
        """Where no step overlaps the next, each is waited for, those too that end no window."""
        return arrives if self.config.facts.overlapping else arrives | (updated & ~window_over)

    def shakes(self, site: Site, links: Sequence[Link], passing: Passing, over: Value) -> None:
        if not self.config.shadow or self.config.facts.by_input:
            return
        index = passing.layer.index
        tiles = [tile for tile in self.config.placement.tiles if tile.layer == index]
        rows = slice(tiles[0].first_row, tiles[-1].first_row + tiles[-1].rows)
        if self.config.facts.overlapping:
            wires = place_code(site, links, f"shake_{index}", over)
        else:
            wires = self._wires
        for name, wire in wires.items():
            here = wire[rows] if name.endswith("rows") else wire
            site.m.d.comb += getattr(passing.port, name).eq(here)
