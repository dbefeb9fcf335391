"""Parameters of a device outside in a block memory, from which they go out one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Value

from ..config.trainer import TrainerConfig
from ..delay import later
from ..learn.outside_lane import OutsideLane
from ..schedule import Settling
from ..site import Link, Site
from .bank import BankEngine
from .engine import Engine

__all__ = ["OutsideBankEngine"]


class OutsideBankEngine(BankEngine):
    """:class:`mgd_hdl.learn.outside_lane.OutsideLane`: a step is done when all words have taken its update.

    For that they pass by themselves, which no device can hold up. Then they pass once for each measurement.
    """

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        return OutsideLane(config)

    def tells(self, site: Site, sender: Any) -> None:
        measurement, array = site.blocks["measurement"], self.array
        site.m.d.comb += [
            sender.weights.eq(array.weight),
            sender.there.eq(array.there),
            array.takes.eq(sender.takes),
            # A fault ends a try: what of it has not been offered yet is not sent any more. The measurement
            # hears of the sender again in the clock behind.
            sender.drop.eq(later(site.m, measurement.faults.any(), "fault", 1, resets=True)),
        ]

    def codes(self, site: Site, links: Sequence[Link], started: Value, hold_over: Value) -> None:
        array, measurement = self.array, site.blocks["measurement"]
        site.m.d.comb += [
            array.go.eq(measurement.go),
            array.turns.eq(site.trace.at("hold_end", site.spread_at)),
            site.blocks["sequencer"].free.eq(measurement.free),
        ]

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        site.m.d.comb += updated.eq(self.array.learned)

    def over(self, site: Site, settling: Settling) -> Value:
        done: Value = self.array.learned
        return done

    def begun(self, sequencer: Any) -> Value:
        return Engine.begun(self, sequencer)
