"""Cells in a row for each neuron, whose weights learn by the neuron's code and their input."""

from __future__ import annotations

from typing import Any

from ..config.trainer import TrainerConfig
from ..learn.node import NodeArray, NodeTile
from ..site import Site
from .engine import Broadcast, Passing
from .parallel import ParallelEngine

__all__ = ["NodeEngine"]


class NodeEngine(ParallelEngine):
    """:class:`mgd_hdl.learn.node.NodeArray`: no step overlaps the next."""

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        return NodeArray(config)

    @staticmethod
    def tile(config: TrainerConfig, cells: int) -> Any:
        return NodeTile(config, cells, biased=False)

    def words(self, site: Site, broadcast: Broadcast) -> None:
        super().words(site, broadcast)
        site.m.d.comb += self.array.rotate.eq(site.blocks["homodyne"].rotate)

    def passes(self, site: Site, passing: Passing) -> None:
        met = self.config.timing.layer_offset(passing.layer.index)
        inputs = getattr(site.blocks["network"], f"inputs_{passing.layer.index}")
        site.m.d.comb += [
            passing.port.x.eq(inputs),
            passing.port.capture.eq(site.trace.at("measure", met) & site.trace.at("reference", met)),
        ]
