"""Parameters in block memories, which a sweep updates as it measures them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value

from ..config.trainer import TrainerConfig
from ..delay import later
from ..learn.lanes import Lane, Lanes, Loader
from ..schedule import Settling
from ..site import Link, Site
from .engine import Broadcast, Engine

__all__ = ["AheadEngine", "BankEngine"]


class BankEngine(Engine):
    """:class:`mgd_hdl.learn.lanes.Lanes`: the update of a step is taken in the sweep of the next one.

    So a step is done when that sweep has passed all parameters. Where no step follows soon, a sweep that
    measures nothing comes in its place, and steps wait for it.
    """

    #: So many clocks without a step until a sweep goes by itself.
    PATIENCE = 8

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.initializer: Any = Loader(config)
        self.array: Any = self.cells(config)

    @staticmethod
    def cells(config: TrainerConfig) -> Any:
        return Lanes(config)

    @staticmethod
    def tile(config: TrainerConfig, cells: int) -> Any:
        """A lane, however many parameters it has."""
        return Lane(config)

    def start(self, site: Site) -> None:
        site.m.d.comb += [
            self.initializer.start.eq(site.restart),
            *([self.initializer.seed.eq(site.ports.seed_initial)] if "seed_initial" in site else []),
            self.array.restart.eq(site.restart),
            *([self.array.seed.eq(site.ports.seed_code)] if "seed_code" in site else []),
        ]
        initializer, array = self.initializer, self.array
        if not self.config.access:
            names = ("load", "place", "theta")
            site.m.d.comb += [getattr(array, name).eq(getattr(initializer, name)) for name in names]
            return
        fetch, busy = site.blocks["access"], initializer.busy
        site.m.d.comb += [
            array.load.eq(initializer.load | Mux(fetch.load, fetch.lane, 0)),
            array.place.eq(Mux(busy, initializer.place, fetch.place)),
            array.theta.eq(Mux(busy, initializer.theta, fetch.theta)),
            array.fetch.eq(fetch.inside),
            array.at.eq(fetch.lane),
            fetch.held.eq(array.held),
        ]

    def weights(self, site: Site, network: Any) -> None:
        array = self.array
        names = ("address", "index", "layer", "adds", "which", "counted", "keeps")
        asked = [name for name in names if name in array.signature.members]
        site.m.d.comb += [
            *(getattr(array, name).eq(getattr(network, name)) for name in asked),
            *(getattr(network, name).eq(getattr(array, name)) for name in ("visible", "codes")),
            *([network.turns.eq(array.turns_now)] if self.config.layerwise else []),
            *([network.actives.eq(array.actives)] if self.config.sparse else []),
        ]

    def broadcast(self, site: Site) -> Broadcast:
        homodyne = site.blocks["homodyne"]
        return Broadcast(homodyne.word, homodyne.plus, homodyne.minus, Const(0, 1))

    def words(self, site: Site, broadcast: Broadcast) -> None:
        """D itself; the bank has -D of its own."""
        update = site.blocks["update"]
        site.m.d.comb += [self.array.i.payload.eq(update.o.payload), self.array.i.valid.eq(update.o.valid)]

    def codes(self, site: Site, links: Sequence[Link], started: Value, hold_over: Value) -> None:
        """Codes go on when a sweep begins, which may only be while none goes by itself."""
        m, sequencer, network = site.m, site.blocks["sequencer"], site.blocks["network"]
        begins = Signal(name="sweep_begins")
        by_itself = Signal(name="sweep_by_itself")  # one that measures nothing is to begin
        self.quiet = quiet = Signal(name="sweep_is_quiet")  # it begins, or is under way
        self._owes(site, begins, by_itself)
        answers: Value = Const(0, 1)  # one that only answers is to begin
        if self.config.inference:
            inference = site.blocks["inference"]
            answers = inference.begins
            m.d.comb += [
                network.rest.eq(inference.shows),
                inference.over.eq(network.over),
                inference.free.eq(~quiet),
            ]
        with m.If(by_itself | answers):
            m.d.sync += quiet.eq(1)
        with m.Elif(network.over):
            m.d.sync += quiet.eq(0)
        m.d.sync += begins.eq(sequencer.perturbed | by_itself | answers)
        # Whether this step's reference was commanded.
        wanted = Signal()
        with m.If(site.command(sequencer.measure & sequencer.reference, "wants")):
            m.d.sync += wanted.eq(1)
        with m.Elif(begins):
            m.d.sync += wanted.eq(0)
        m.d.comb += [
            sequencer.free.eq(~quiet),
            network.go.eq(begins),
            network.quiet.eq(quiet),
            network.wanted.eq(wanted),
            self.array.go.eq(begins),
            self.array.hold_end.eq(site.command(sequencer.hold_end, "turns")),
            *self._tells(network),
        ]
        for link in links:
            for name, wire in link.companion("code", self.array.go & self.array.hold_end).items():
                m.d.comb += getattr(self.array, name).eq(wire)

    def _owes(self, site: Site, begins: Signal, by_itself: Signal) -> None:
        """What no sweep has brought to all parameters; drives ``by_itself``."""
        m, network = site.m, site.blocks["network"]
        comes = site.blocks["update"].o.valid
        sweeping = Signal()
        self.owed = owed = Signal(name="owed")  # D is here, and no sweep has brought it to all parameters
        with m.If(comes):
            m.d.sync += owed.eq(1)
        with m.Elif(network.swept):
            m.d.sync += owed.eq(0)
        with m.If(begins):
            m.d.sync += sweeping.eq(1)
        with m.Elif(network.swept):
            m.d.sync += sweeping.eq(0)
        waited = self._waited(m, comes | begins)
        under_way = site.blocks["sequencer"].under_way
        m.d.comb += by_itself.eq(owed & ~sweeping & waited & ~under_way & ~begins)

    def _waited(self, m: Module, goes_on: Value) -> Value:
        """So many clocks have passed as no step follows in."""
        waited = Signal(range(self.PATIENCE + 1), name="waited", reset_less=True)  # a reset has nothing owed
        with m.If(goes_on):
            m.d.sync += waited.eq(0)
        with m.Elif(~waited[-1]):
            m.d.sync += waited.eq(waited + 1)
        return waited[-1]

    def _tells(self, network: Any) -> list[Any]:
        """The statements by which lanes hear what became of D."""
        return [self.array.clear.eq(~self.owed)]

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        """The next sweep is commanded two clocks before D comes; the sequencer needs two more for that."""
        network, timing = site.blocks["network"], self.config.timing
        ended = network.measured & ~network.reference
        clocks = timing.word_latency - 4 - timing.command_latency
        resumes = later(site.m, ended, "resumes", clocks, resets=True)
        site.m.d.comb += updated.eq(resumes)

    def over(self, site: Site, settling: Settling) -> Value:
        """A sweep that brought D has passed."""
        done: Value = self.owed & site.blocks["network"].swept
        return done

    def begun(self, sequencer: Any) -> Value:
        """Nor can a step begin while a sweep that measures nothing is not over."""
        begun: Value = super().begun(sequencer) | self.quiet
        return begun


class AheadEngine(BankEngine):
    """Delayed updates: a sweep begins as soon as its words may follow those of the one before.

    Its words take what the sweep before the last has brought, so that D of a step is on its way while the
    next step is measured; a sweep that measures nothing brings nothing. Two steps at most are without their
    D. Where samples are late sweeps wait for them, and D waits with them: which words meet which D is a
    matter of steps. Only where no step is wanted two sweeps go by themselves, and then the next step sees all
    updates.
    """

    def _owes(self, site: Site, begins: Signal, by_itself: Signal) -> None:
        m, sequencer, network = site.m, site.blocks["sequencer"], site.blocks["network"]
        timing = self.config.timing
        assert timing.sweep is not None
        # D of a step will be there when a sweep needs it that is commanded three clocks after this one.
        ended = network.measured & ~network.reference
        known = later(m, ended, "known", timing.word_latency - 5 - timing.command_latency, resets=True)
        flying = Signal(range(3))  # steps whose D is not known
        m.d.sync += flying.eq(flying + sequencer.perturbed - known)
        # Clocks of the sweep, until another one may follow: that takes three from the sequencer's leave on.
        swept_for = Signal(range(timing.sweep.beat - 2))
        passed = Signal(name="sweep_passed")
        m.d.comb += passed.eq(swept_for == timing.sweep.beat - 3)
        with m.If(sequencer.perturbed):
            m.d.sync += swept_for.eq(0)
        with m.Elif(~passed):
            m.d.sync += swept_for.eq(swept_for + 1)
        self._resumes = passed & ~flying[1]
        # What the last sweep brought, and the one before it, that parameters have not taken.
        last = Signal(name="owed_last")
        self.owed = owed = Signal(name="owed")
        with m.If(network.swept):
            m.d.sync += [owed.eq(last), last.eq(~self.quiet)]
        waited = self._waited(m, known | begins)
        rests = sequencer.rests & ~flying.any() & ~self.quiet
        m.d.comb += by_itself.eq((owed | last) & rests & waited)
        if self.config.renewed:
            m.d.comb += sequencer.renew.eq(by_itself if site.renew is None else by_itself | site.renew)

    def _tells(self, network: Any) -> list[Any]:
        return [self.array.passed.eq(network.passed), self.array.nothing.eq(network.over & self.quiet)]

    def settled(self, site: Site, settling: Settling, updated: Value) -> None:
        """Another step may begin."""
        site.m.d.comb += updated.eq(self._resumes)
