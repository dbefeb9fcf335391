"""Cells in a chain, into which code words of any family are shifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from amaranth.hdl import Mux, Signal, Value

from ..config.trainer import TrainerConfig
from ..kinds import code_block
from ..learn.loaded import LoadedArray, LoadedTile
from ..schedule import Settling
from ..site import Link, Site
from .engine import Broadcast, Engine

__all__ = ["LoadedEngine"]


class LoadedEngine(Engine):
    """:class:`mgd_hdl.learn.loaded.LoadedArray`: no step overlaps the next, which waits for its code."""

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        return LoadedArray(config)

    @staticmethod
    def tile(config: TrainerConfig, cells: int) -> Any:
        return LoadedTile(config, cells)

    def words(self, site: Site, broadcast: Broadcast) -> None:
        super().words(site, broadcast)
        unheard_plus = Signal()  # a name, for lint's sake
        site.m.d.comb += unheard_plus.eq(broadcast.plus)

    def _filling(self, site: Site) -> Iterator[Any]:
        """What picks a cell: the initializer, or the host's access."""
        array, homodyne, initializer = self.array, site.blocks["homodyne"], self.initializer
        minus = homodyne.minus | initializer.minus
        if not self.config.access:
            yield from (
                array.fill.eq(initializer.fill),
                array.sign.eq(initializer.sign),
                array.minus.eq(minus),
            )
            return
        access = site.blocks["access"]
        sign = initializer.sign.replicate(self.config.code_bits)
        yield from (
            array.fill.eq(initializer.fill | access.fill),
            array.filling.eq(Mux(initializer.fill, sign, access.filling)),
            array.minus.eq(minus | access.minus),
            array.pause.eq(access.pause),
            access.end.eq(array.end),
            access.watched.eq(array.watched),
        )

    def codes(self, site: Site, links: Sequence[Link], started: Value, hold_over: Value) -> None:
        """Between a source of code words, the initializer, and the chain of cells."""
        config, array = self.config, self.array
        source: Any = site.place("code", code_block(config))
        site.m.d.comb += [
            source.load.eq(site.restart),
            array.load.eq(started | hold_over),
            array.i.payload.eq(source.o.payload),
            array.i.valid.eq(source.o.valid),
            source.o.ready.eq(array.i.ready),
            *self._filling(site),
        ]
        if "seed_code" in site:
            site.m.d.comb += source.seed.eq(site.ports.seed_code)
        site.stream(source, "i_code")
        if config.code_bits > 1:
            site.m.d.comb += array.rotate.eq(site.blocks["homodyne"].rotate)
        free = array.loaded if site.free is None else array.loaded & site.free
        site.m.d.comb += site.blocks["sequencer"].free.eq(free)

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        if self.config.shadow:
            site.m.d.sync += updated.eq(settling.last_word)
        else:
            site.m.d.comb += updated.eq(settling.passed)

    def resume(self, updated: Value, window_over: Value, arrives: Value) -> Value:
        return arrives | (updated & ~window_over)
