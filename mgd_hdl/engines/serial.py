"""Cells that take a word bit by bit, which keeps them busy for a while."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Signal, Value

from ..config.trainer import TrainerConfig
from ..learn.serial import SerialArray, SerialTile
from ..schedule import Settling
from ..site import Site
from .engine import Broadcast, Passing
from .parallel import ParallelEngine

__all__ = ["SerialEngine"]


class SerialEngine(ParallelEngine):
    """:class:`mgd_hdl.learn.serial.SerialArray`: no step overlaps the next."""

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        return SerialArray(config)

    @staticmethod
    def tile(config: TrainerConfig, cells: int) -> Any:
        return SerialTile(config, cells)

    @property
    def x_wait(self) -> int:
        """None: the sample is kept until the step is over."""
        return 0

    def weights(self, site: Site, network: Any) -> None:
        super().weights(site, network)
        for layer in self.config.shape.layers:
            for name in (f"first_{layer.index}", f"last_{layer.index}"):
                site.m.d.comb += getattr(network, name).eq(getattr(self.array, name))

    def words(self, site: Site, broadcast: Broadcast) -> None:
        super().words(site, broadcast)
        load: Value = self.initializer.load
        if self.config.access:
            load = load | site.blocks["access"].load
        site.m.d.comb += self.array.load.eq(load)

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        config, m = self.config, site.m
        taken = Signal()  # a word passes the cells
        with m.If(site.blocks["homodyne"].minus):
            m.d.sync += taken.eq(1)
        with m.Elif(settling.since[config.timing.word_clocks - 1]):
            m.d.sync += taken.eq(0)
        free = ~taken | settling.since[config.timing.join_clocks]
        m.d.comb += [
            updated.eq(settling.since[config.timing.join_clocks - 1]),
            site.blocks["sequencer"].free.eq(free if site.free is None else free & site.free),
        ]

    def passes(self, site: Site, passing: Passing) -> None:
        site.m.d.comb += passing.port.measure.eq(passing.entering)
