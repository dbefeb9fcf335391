"""What the network sees of T: itself, a copy taken at the end of each window, or one that follows it."""

from __future__ import annotations

from amaranth.hdl import Signal, Value

from ..site import Site
from .engine import Engine, Passing

__all__ = ["Direct", "copy_of"]


class Direct:
    """The network sees T, so that every update changes it.

    Attributes
    ----------
    copying : Value
        After the parameters are set: high until what the network sees is there.
    """

    copying: Value

    def __init__(self, site: Site, engine: Engine):
        self.site, self.m, self.config, self.engine = site, site.m, site.config, engine

    def start(self, parameters_set: Value) -> Value:
        """One clock, when step 0 may begin."""
        self.copying = parameters_set
        return parameters_set

    def after(self, updated: Value) -> None:
        """``updated`` comes from :meth:`mgd_hdl.engines.Engine.settled`; the sequencer resumes."""
        self.m.d.comb += self.site.blocks["sequencer"].resume.eq(updated)

    def passes(self, passing: Passing) -> None:
        """A layer's cells."""


class _Copied(Direct):
    """A window's last update is followed by a copy, which takes one clock."""

    def start(self, parameters_set: Value) -> Value:
        done = parameters_set
        parameters_set = Signal()
        self.m.d.sync += parameters_set.eq(done)
        self.copying = parameters_set
        if self.site.renew is not None:
            self.copying = parameters_set | self.site.renew
        return parameters_set

    def after(self, updated: Value) -> None:
        self._window_over(updated)
        if not self.config.delayed:
            super().after(updated)

    def _window_over(self, updated: Value) -> None:
        """Steps that overlap call only a window's last one updated; the others tell."""
        self.window_over = updated
        if not self.config.facts.overlapping:
            self.window_over = updated & self.site.trace.at("window_end", self.site.spread_at)

    def passes(self, passing: Passing) -> None:
        if self.config.delayed:
            # It is taken by the measurements themselves, layer by layer.
            self.window_over = self.site.ends("window_end", passing.clock, passing.measured)
        self.m.d.comb += passing.port.refresh.eq(self.copying | self.window_over)


class _Following(_Copied):
    """A copy that comes nearer takes two clocks, and at the start as many moves as it needs to arrive."""

    def start(self, parameters_set: Value) -> Value:
        done = parameters_set
        parameters_set = Signal()
        left = Signal(range(2 * self.config.timing.settle_moves + 1))
        self.copying, self._left = left.any(), left
        begins, arrived = done, left == 1
        if self.site.renew is not None:
            renewing = Signal()
            with self.m.If(done | self.site.renew):
                self.m.d.sync += renewing.eq(self.site.renew)
            begins, arrived = done | self.site.renew, arrived & ~renewing
        self.m.d.comb += parameters_set.eq(arrived)
        with self.m.If(begins):
            self.m.d.sync += left.eq(2 * self.config.timing.settle_moves)
        with self.m.Elif(self.copying):
            self.m.d.sync += left.eq(left - 1)
        return parameters_set

    def after(self, updated: Value) -> None:
        self._window_over(updated)
        arrives = Signal()
        self.m.d.sync += arrives.eq(self.window_over)
        self.arrives = arrives
        resume = self.engine.resume(updated, self.window_over, arrives)
        self.m.d.comb += self.site.blocks["sequencer"].resume.eq(resume)

    def passes(self, passing: Passing) -> None:
        self.m.d.comb += [
            passing.port.refresh.eq(self.copying | self.window_over | self.arrives),
            passing.port.away.eq((self.copying & ~self._left[0]) | self.window_over),
        ]


def copy_of(site: Site, engine: Engine) -> Direct:
    """What the network sees in this configuration."""
    if site.config.follow:
        return _Following(site, engine)
    return _Copied(site, engine) if site.config.shadow else Direct(site, engine)
