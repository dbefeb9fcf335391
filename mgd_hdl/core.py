"""The core of a trainer: blocks, the chains between them, and a trace of what is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value

from .config.network import LayerConfig
from .config.trainer import TrainerConfig
from .control.sequencer import Sequencer
from .cost.accumulator import CostAccumulator
from .delay import later
from .engines import Engine, Passing, engine_of
from .engines.copies import Direct, copy_of
from .engines.plant import plant_of
from .features import links_of
from .fixed import shape
from .hierarchy import Block
from .kinds import change_block, source_block
from .learn.homodyne import Homodyne
from .learn.pacer import Pacer
from .learn.update import Update
from .ports import inner
from .schedule import Fact, Settling
from .site import Link, Site

__all__ = ["Core"]


class Core(Block):
    """All of :class:`Trainer` that a start resets.

    ``restart`` comes one clock after that reset. Clocks in the comments count from t, in which the
    sequencer commands a measurement; R = ``config.timing.measure_latency``.

    Here is what every trainer has. An option is a :class:`mgd_hdl.site.Link`, listed in
    :data:`mgd_hdl.features.FEATURES`; what holds the parameters is a :class:`mgd_hdl.engines.Engine`, and
    what the network sees of them is one of :mod:`mgd_hdl.engines.copies`.
    """

    def __init__(self, config: TrainerConfig, engine: Callable[[TrainerConfig], Engine] = engine_of):
        self.config = config
        self._engine = engine
        super().__init__(inner(config))

    @property
    def module(self) -> str:
        return "core"

    def elaborate(self, platform):
        m = Module()
        site = Site(m, platform, self, self.config)
        engine = self._engine(self.config)
        self._place(site, engine)
        links = links_of(site)
        copy = copy_of(site, engine)
        self._hold(site)
        for link in links:
            link.placed()
        started = copy.start(engine.done(site))
        engine.start(site)
        perturbed = self._sequence(site, started)
        target = self._show(site, links, engine)
        cost = self._measure(site, links, target)
        self._learn(site, links, engine, copy, started)
        for link in links:
            link.answers(self._plant.y, target)
        for layer in self.config.shape.layers:
            self._pass(site, links, engine, copy, layer)
        for link in links:
            link.costs(cost)
        self._report(site, copy, engine, perturbed)
        return m

    def _place(self, site: Site, engine: Engine) -> None:
        """The blocks of every trainer."""
        config = self.config
        site.place("sequencer", Sequencer(config))
        site.place("initializer", engine.initializer)
        site.place("samples", source_block(config))
        site.place("array", engine.array)
        self._plant = plant_of(site)
        self._plant.place()
        change = change_block(config)
        site.change = site.place(change.module, change)
        site.place("accumulator", CostAccumulator(config))
        site.place("update", Update(config))
        if config.shape.paced:
            site.place("pacer", Pacer(config))
        for name in config.timing.homodynes:
            site.place(name, Homodyne(config))

    def _sequence(self, site: Site, started: Value) -> Value:
        """The sequencer begins, and what it says of measurements and steps goes along with them.

        Returns whether it commands the last measurement of a step, the perturbed one.
        """
        config, m, sequencer = self.config, site.m, site.blocks["sequencer"]
        m.d.comb += sequencer.restart.eq(started)
        site.registers(sequencer, "run", "step", "tau_x", "tau_p", "tau_theta")
        mark = site.change.MARK
        commands = self._plant.commands(mark)
        ends: dict[str, Fact] = {
            "hold_end": (site.command(sequencer.hold_end, "hold_end"), site.hold_end_at),
            "flush": (site.command(sequencer.flush, "flush"), site.flush_at),
        }
        if "window_end" in sequencer.signature.members:
            window_end = site.command(sequencer.window_end, "window_end")
            ends["window_end"] = (window_end, config.timing.window_clocks)
        perturbed: Value = sequencer.perturbed
        site.trace = self._plant.trace(commands, ends, perturbed)
        return perturbed

    def _show(self, site: Site, links: Sequence[Link], engine: Engine) -> Value:
        """A sample and the perturbed parameters meet in the network; returns the targets."""
        config, m = self.config, site.m
        sequencer, samples = site.blocks["sequencer"], site.blocks["samples"]
        # Many registers hear of a restart; samples have the time to hear of it a clock late.
        m.d.comb += samples.load.eq(later(m, site.restart, "restart", int(config.staged), resets=True))
        if "seed_sample" in site:
            m.d.comb += samples.seed.eq(self.seed_sample)
        site.stream(samples, "i_sample")
        site.stream(samples, "i_input")

        # t: a sample is taken. t + 1: it meets the weights of layer 0, later behind leaves.
        target = Signal(config.target_bits, reset_less=True)
        take = site.command(sequencer.take, "take")
        m.d.comb += [sequencer.sample_valid.eq(samples.o.valid), samples.o.ready.eq(take)]
        shown = self._in_memory(site) if config.paged else self._in_register(site, take)
        with m.If(take):
            m.d.sync += target.eq(samples.o.payload.target)
        for link in links:
            shown = link.shows(shown)
        self._plant.shows(engine, shown)
        return self._plant.meets(target)

    def _in_register(self, site: Site, take: Value) -> Value:
        """The inputs of the present sample side by side; where they turn, as the network says."""
        config, m, samples = self.config, site.m, site.blocks["samples"]
        x = Signal(len(samples.o.payload.x.as_value()), reset_less=True)
        with m.If(take):
            m.d.sync += x.eq(samples.o.payload.x)
        if config.turning:
            with m.Elif(site.blocks["network"].x_turns):
                m.d.sync += x.eq(x.rotate_right(config.formats.input.width))
        return x

    def _in_memory(self, site: Site) -> Value:
        """The input of the present sample that the network asks for, a clock later."""
        samples, network = site.blocks["samples"], site.blocks["network"]
        site.m.d.comb += [samples.at.eq(network.x_at), samples.go.eq(network.go)]
        shown: Value = samples.x
        return shown

    def _measure(self, site: Site, links: Sequence[Link], target: Value) -> Value:
        """From outputs to updates; returns C."""
        config, m, trace = self.config, site.m, site.trace
        shift, believed, meter = self.learning_shift, site.change, site.change.i
        for link in links:
            shift = link.rate(shift)
        for link in links:
            believed = link.change(believed)
        for link in links:
            meter = link.meter(meter)
        cost = Signal(shape(config.words.cost))
        mark, metered_at = site.change.MARK, site.metered_at
        accumulator, update = site.blocks["accumulator"], site.blocks["update"]
        m.d.comb += [
            *self._plant.costs(target, cost),
            meter.payload.cost.eq(cost),
            meter.payload[mark].eq(trace.at(mark, metered_at)),
            meter.valid.eq(trace.at("measure", metered_at)),
            # R + config.timing.change_latency
            accumulator.i.payload.change.eq(believed.o.payload),
            accumulator.i.payload.flush.eq(trace.at("flush", site.changed_at)),
            accumulator.i.valid.eq(believed.o.valid),
            # config.timing.sum_latency later
            update.i.payload.eq(accumulator.o.payload),
            update.i.valid.eq(accumulator.o.valid),
            update.learning_shift.eq(shift),
            # config.timing.learn_latency after C~, and again config.timing.word_clocks later: +D, then -D,
            # unless parameters are being set.
            *self._leaves(site, update),
        ]
        site.seed(update, "seed_dither")
        return cost

    def _leaves(self, site: Site, update: Update) -> list[Any]:
        """The statements by which D becomes words: at once, or when its step has come."""
        names = self.config.timing.homodynes
        if not self.config.shape.paced:
            homodyne = site.blocks[names[0]]
            return [homodyne.i.payload.eq(update.o.payload), homodyne.i.valid.eq(update.o.valid)]
        pacer, made_at = site.blocks["pacer"], self.config.timing.word_latency
        found = [
            pacer.i.payload.word.eq(update.o.payload),
            pacer.i.payload.hold_end.eq(site.trace.at("hold_end", made_at)),
            pacer.i.valid.eq(update.o.valid),
            pacer.begins.eq(site.trace.at("reference", 0)),
            pacer.rests.eq(site.blocks["sequencer"].rests),
        ]
        for index, name in enumerate(names):
            word = getattr(pacer, f"o_{index}")
            found += [
                site.blocks[name].i.payload.eq(word.payload.word),
                site.blocks[name].i.valid.eq(word.valid),
            ]
        return found

    def _learn_in_turn(
        self, site: Site, links: Sequence[Link], engine: Engine, copy: Direct, started: Value
    ) -> None:
        """Words and codes go to the cells of each layer when their step passes it."""
        m = site.m
        site.tail = Const(0, 1)
        for index, name in enumerate(self.config.timing.homodynes):
            word, hold_over = getattr(site.blocks["pacer"], f"o_{index}"), Signal(name=f"hold_over_{index}")
            m.d.comb += hold_over.eq(site.blocks[name].last_word & word.payload.hold_end)
            engine.learns(site, links, index, hold_over)
            for link in links:
                link.turn(hold_over, index)
        m.d.comb += self.step_done.eq(site.blocks["pacer"].done)
        copy.after(Const(0, 1))

    def _learn(self, site: Site, links: Sequence[Link], engine: Engine, copy: Direct, started: Value) -> None:
        """Words and codes go to the cells, and the sequencer resumes when they are there."""
        if self.config.shape.paced:
            self._learn_in_turn(site, links, engine, copy, started)
            return
        config, m, homodyne = self.config, site.m, site.blocks["homodyne"]
        broadcast = engine.broadcast(site)
        over = broadcast.over
        for link in links:
            link.tail(broadcast)
        site.tail = broadcast.tail
        engine.words(site, broadcast)
        last_word = homodyne.last_word
        # The code that meets the word moves on after the last word of a hold.
        hold_over = Signal()
        m.d.comb += hold_over.eq(site.ends("hold_end", site.spread_at, last_word))
        engine.codes(site, links, started, hold_over)
        for link in links:
            link.turn(hold_over)
        settling = Settling(m, config, last_word, over)
        updated = Signal()
        engine.settled(site, settling, updated)
        m.d.comb += self.step_done.eq(engine.over(site, settling))
        copy.after(updated)

    def _pass(
        self, site: Site, links: Sequence[Link], engine: Engine, copy: Direct, layer: LayerConfig
    ) -> None:
        """What a measurement needs in the layer that it passes."""
        config, m = self.config, site.m
        clock = config.timing.layer_offset(layer.index) - config.timing.weight_latency
        port = getattr(engine.array, f"layer_{layer.index}")
        measured, reference, rest = self._plant.passing(clock)
        entering = self._plant.enters(measured)
        for link in links:
            entering = link.enters(layer.index, entering)
        if reference is not None:
            measured = measured & ~reference
            if "minus" in port.signature.members:  # C0 is the cost of the other side
                m.d.comb += port.minus.eq(reference)
            else:
                rest = reference
        passing = Passing(layer, clock, port, measured, entering)
        engine.passes(site, passing)
        over = self._plant.ends(clock, measured)
        engine.shakes(site, links, passing, over)
        for link in links:
            rest = link.rests(passing, over, rest)
        copy.passes(passing)
        if "rest" in port.signature.members:
            m.d.comb += port.rest.eq(rest)

    def _open(self, site: Site, under_way: Value) -> None:
        """A door opens when all that had begun is done, and no other one is open."""
        m, doors = site.m, site.doors
        if not doors:
            return
        # The parameters are set, no step is under way, and the network's copy of them is made.
        still = Signal()
        m.d.comb += [
            still.eq(site.blocks["sequencer"].between & ~under_way),
            site.engaged.eq(reduce(or_, [door.asks | door.owes for door in doors])),
        ]
        for number, door in enumerate(doors):
            others = [other.inside for other in doors if other is not door]
            before = [other.asks for other in doors[:number]]
            closed = reduce(or_, [*others, *before], Const(0, 1))
            m.d.comb += door.open.eq(door.asks & still & ~closed)

    def _report(self, site: Site, copy: Direct, engine: Engine, perturbed: Value) -> None:
        """Sticky flags, and busy until every step that entered is done."""
        config, m = self.config, site.m
        with m.If(self.clear_flags):
            m.d.sync += self.flags.eq(0)
        for bit, block in enumerate((site.change, site.blocks["accumulator"], site.blocks["update"])):
            with m.If(block.saturated):
                m.d.sync += self.flags[bit].eq(1)
        entered = Signal()
        in_flight = Signal(range(config.timing.steps_under_way + 1))
        # With many stages a step is counted one clock late, and told before by itself.
        entering = later(m, perturbed, "entering", int(config.staged), resets=True)
        m.d.comb += entered.eq(entering)
        m.d.sync += in_flight.eq(in_flight + entered - self.step_done)
        under_way = in_flight.any() | entering if config.staged else in_flight.any()
        self._open(site, under_way)
        setting = self.restart | engine.initializer.busy | copy.copying
        m.d.comb += self.busy.eq(setting | engine.begun(site.blocks["sequencer"]) | under_way)

    def _hold(self, site: Site) -> None:
        """While something holds no step begins."""
        if self.config.shape.paced:
            site.holds.append(site.blocks["pacer"].draining)
        holds = [*site.holds, *(door.asks for door in site.doors)]
        if holds:
            site.m.d.comb += site.blocks["sequencer"].hold.eq(reduce(or_, holds))
