"""The trainer: a network that learns by itself, on one chip."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from .config.registers import REGISTERS
from .config.trainer import COUNT_BITS, TrainerConfig
from .control.initializer import Initializer
from .control.judge import Judge
from .control.sequencer import Sequencer
from .cost.absolute_error import AbsoluteError
from .cost.accumulator import CostAccumulator
from .cost.baseline import Baseline
from .cost.classifier import Classifier
from .cost.cross_entropy import CrossEntropy
from .cost.gate import Gate
from .cost.highpass import HighPass
from .cost.hinge import Hinge
from .cost.noise import CostNoise
from .cost.squared_error import SquaredError
from .fixed import shape
from .hierarchy import Block, place
from .learn.annealing import Annealing
from .learn.array import Array
from .learn.decay import Decay
from .learn.homodyne import Homodyne
from .learn.loaded import LoadedArray
from .learn.node import NodeArray
from .learn.serial import SerialArray
from .learn.update import Update
from .learn.update_noise import UpdateNoise
from .network.mlp import Mlp
from .perturb import code_stream
from .perturb.external import External
from .perturb.layer_turn import LayerTurn
from .perturb.random_code import RandomCode
from .perturb.sequential import Sequential
from .perturb.sinusoid import Sinusoid
from .perturb.sparse import Sparse
from .perturb.walsh import Walsh
from .samples import sample_stream
from .samples.letters import Letters
from .samples.memory import SampleMemory
from .samples.stream import SampleStream

__all__ = ["Core", "FLAGS", "Trainer"]

#: Bits of the sticky flags.
FLAGS = ("cost_change_saturated", "hold_saturated", "update_saturated")

#: Registers that the learning shift of an update is made of.
_ANNEALING = ("learning_shift", "last_shift", "anneal_every")

_CODES = {
    "random_code": RandomCode,
    "walsh": Walsh,
    "sequential": Sequential,
    "sinusoidal": Sinusoid,
    "square": Sinusoid,
    "external": External,
}
_LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "cross_entropy": CrossEntropy,
    "hinge": Hinge,
}
_GATE = ("change_limit", "change_gate")
_SOURCES = {"memory": SampleMemory, "generator": Letters, "stream": SampleStream}


def _registers(config: TrainerConfig) -> dict:
    """Run-time registers: ports that the host holds."""
    return {register.name: In(register.width(config)) for register in REGISTERS if register.there(config)}


def _controls(config: TrainerConfig) -> dict:
    members = {
        "run": In(1),
        "step": In(1),
        "clear_flags": In(1),
        **_registers(config),
        "busy": Out(1),
        "step_done": Out(1),
        "flags": Out(len(FLAGS)),
    }
    if config.judged:
        members["solved"] = Out(1)
    if config.task.accuracy:
        counts = ("judged_count", "right_count")
        members |= {"clear_counts": In(1), **{name: Out(COUNT_BITS) for name in counts}}
    if config.task.source == "stream":
        members["i_sample"] = In(sample_stream(config))
    if config.perturbation.family == "external":
        members["i_code"] = In(code_stream(config))
    return members


class Trainer(Block):
    """Network, cost, learning elements and all that keeps them in step.

    ``start`` resets everything, sets each parameter to a random value and begins at step 0; it may
    come at any time. While ``run`` is high the trainer goes on; low, it stops between two steps,
    and ``step`` then makes one more.

    Registers are read while running: time constants when their counters turn, ``learning_shift``
    at each update, seeds at ``start``.

    A step takes ``config.clocks_per_step`` clocks: with exact updates and without shadow it waits for
    its own update, with shadow it takes two clocks and a window's last one waits. Loaded codes make every
    step wait, and take a clock a parameter to load.

    Members
    -------
    start, run, step, clear_flags : In(1)
    tau_x, tau_p, tau_theta : In(config.learning.tau_bits)
    [tau_layer] : In(config.learning.tau_bits)
        Layer by layer only.
    learning_shift : In
        Learning rate 2**-learning_shift.
    [last_shift, anneal_every] : In, In(24)
        Annealing: one more after every so many updates, until the last.
    [halve_every] : In(24)
        The amplitude halves after so many updates, until its last one.
    [weight_decay] : In
        Parameters lose 2**(k - 1) last bits of half their range at each update, in the mean; 0 for nothing.
    [high_pass] : In(8)
        Analog only: the coefficient of the high-pass, in 1/256; read at each measurement.
    seed_initial, [seed_code, seed_sample, seed_dither, ...] : In(31)
        Only those the configuration uses.
    [cost_noise, update_noise] : In
        Standard deviation 2**(level + 1) last bits of the cost, or of T; 0 for none.
    [i_sample] : In(stream of {x, target})
        ``task.source = "stream"`` only.
    [i_code] : In(stream of u)
        ``perturbation.family = "external"`` only: one code word a parameter, that of the last parameter
        first, for each perturbation.
    busy : Out(1)
        From ``start`` until the trainer stands between two steps.
    step_done : Out(1)
        One clock for each step; its update is in all cells.
    flags : Out(3)
        Sticky: C~, its sum, or D was limited since ``start`` or ``clear_flags``.
    [clear_counts] : In(1); [judged_count, right_count] : Out(24)
        ``task.accuracy`` only: answers given at rest since ``start`` or ``clear_counts``, and right ones.
    [solved] : Out(1)
        ``judge.kind = "window"`` only: the task is learned; high until the next ``start``.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__({"start": In(1), **_controls(config)})

    @property
    def module(self) -> str:
        return "trainer"

    def elaborate(self, platform):
        m = Module()
        core = place(m, platform, "core", Core(self.config), reset=self.start)
        started = Signal()
        m.d.sync += started.eq(self.start)
        m.d.comb += core.restart.eq(started)
        for name, member in self.signature.members.items():
            if name == "start":
                continue
            ours, theirs = getattr(self, name), getattr(core, name)
            if not member.is_port:
                m.d.comb += [
                    theirs.payload.eq(ours.payload),
                    theirs.valid.eq(ours.valid),
                    # What is taken while all is reset would be lost.
                    ours.ready.eq(theirs.ready & ~self.start),
                ]
            elif member.flow == In:
                m.d.comb += theirs.eq(ours)
            else:
                m.d.comb += ours.eq(theirs)
        return m


class Core(Block):
    """All of :class:`Trainer` that a start resets.

    ``restart`` comes one clock after that reset. Clocks in the comments count from t, in which the
    sequencer commands a measurement; R = ``config.measure_latency``.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__({"restart": In(1), **_controls(config)})

    @property
    def module(self) -> str:
        return "core"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        sequencer = place(m, platform, "sequencer", Sequencer(config))
        initializer = place(m, platform, "initializer", Initializer(config))
        samples = place(m, platform, "samples", _SOURCES[config.task.source](config))
        array = place(m, platform, "array", self._array())
        network = place(m, platform, "network", Mlp(config))
        loss = place(m, platform, config.loss, _LOSSES[config.loss](config))
        if config.analog:
            change = place(m, platform, "highpass", HighPass(config))
            m.d.comb += change.coefficient.eq(self.high_pass)
        else:
            change = place(m, platform, "baseline", Baseline(config))
        accumulator = place(m, platform, "accumulator", CostAccumulator(config))
        update = place(m, platform, "update", Update(config))
        homodyne = place(m, platform, "homodyne", Homodyne(config))

        # Start: load every seed, then the parameters, then step 0. A shadow copy is taken once the
        # parameters are there, and step 0 waits for it; one that follows takes some clocks.
        parameters_set = initializer.done
        copying = parameters_set
        if config.follow:
            parameters_set = Signal()
            left = Signal(range(2 * config.settle_moves + 1))
            copying = left.any()
            m.d.comb += parameters_set.eq(left == 1)
            with m.If(initializer.done):
                m.d.sync += left.eq(2 * config.settle_moves)
            with m.Elif(copying):
                m.d.sync += left.eq(left - 1)
        elif config.shadow:
            parameters_set = Signal()
            copying = parameters_set
            m.d.sync += parameters_set.eq(initializer.done)
        m.d.comb += [
            initializer.start.eq(self.restart),
            initializer.seed.eq(self.seed_initial),
            samples.load.eq(self.restart),
            sequencer.restart.eq(parameters_set),
            *(getattr(sequencer, name).eq(getattr(self, name)) for name in ("run", "step")),
            *(getattr(sequencer, name).eq(getattr(self, name)) for name in ("tau_x", "tau_p", "tau_theta")),
        ]
        if "seed_sample" in self.signature.members:
            m.d.comb += samples.seed.eq(self.seed_sample)
        if "seed_dither" in self.signature.members:
            m.d.comb += [update.seed.eq(self.seed_dither), update.load.eq(self.restart)]
        if config.task.source == "stream":
            m.d.comb += [
                samples.i.payload.eq(self.i_sample.payload),
                samples.i.valid.eq(self.i_sample.valid),
                self.i_sample.ready.eq(samples.i.ready),
            ]

        # Where is each measurement now? Stage k belongs to the command of k clocks ago. C is there in
        # measured_at, C~ in changed_at, and the word -D leaves in spread_at.
        measured_at = config.measure_latency
        changed_at = measured_at + config.change_latency
        spread_at = changed_at + 4
        special = "blank" if config.analog else "reference"
        entering = {
            "measure": (sequencer.measure, measured_at - config.noise_latency),
            special: (getattr(sequencer, special), measured_at - config.noise_latency),
        }
        step_ends = {
            "hold_end": (sequencer.hold_end, spread_at),
            "flush": (sequencer.flush, changed_at),
        }
        if config.shadow:
            # A delayed update is taken by the measurements themselves, layer by layer.
            passed = config.layer_offset(len(config.layers) - 1) - config.weight_latency
            clocks = max(passed, changed_at + 1) if config.annealed else passed
            if not config.delayed:
                clocks = spread_at
            step_ends["window_end"] = (sequencer.window_end, clocks)
        timeline = _Timeline(m, {**entering, **step_ends} if config.overlapping else entering)
        perturbed = sequencer.measure if config.analog else sequencer.measure & ~sequencer.reference
        if not config.overlapping:
            # One step at a time: how it ends can simply be kept.
            kept = {name: Signal(name=name) for name in step_ends}
            with m.If(perturbed):
                m.d.sync += [kept[name].eq(signal) for name, (signal, _) in step_ends.items()]

        def ends(name: str, clock: int) -> Value:
            """Whether the step whose last command was ``clock`` clocks ago ends a hold or window."""
            return timeline.at(name, clock) if config.overlapping else kept[name]

        # t: a sample is taken. t + 1: it meets the weights of layer 0, one later behind leaves. Serial
        # cells keep it, since no step overlaps the next.
        x = Signal(len(samples.o.payload.x.as_value()), reset_less=True)
        target = Signal(len(samples.o.payload.target.as_value()), reset_less=True)
        m.d.comb += [sequencer.sample_valid.eq(samples.o.valid), samples.o.ready.eq(sequencer.take)]
        with m.If(sequencer.take):
            m.d.sync += [x.eq(samples.o.payload.x), target.eq(samples.o.payload.target)]
        x_wait = 0 if config.serial else config.broadcast_latency - 1
        m.d.comb += network.x.as_value().eq(_later(m, x, "x", x_wait))
        for layer in config.layers:
            for j in range(layer.neurons):
                name = f"weights_{layer.index}_{j}"
                m.d.comb += getattr(network, name).eq(getattr(array, name))
            if config.serial:
                for name in (f"first_{layer.index}", f"last_{layer.index}"):
                    m.d.comb += getattr(network, name).eq(getattr(array, name))

        # t + R: the cost. The target is kept, or follows its sample where samples overlap.
        if config.overlapping:
            target = _later(m, target, "target", config.layer_offset(len(config.layers)) - 1)
        cost = Signal(shape(config.cost))
        learning_shift = self.learning_shift
        if config.annealed:
            annealing = place(m, platform, "annealing", Annealing(config))
            window_end = ends("window_end" if config.shadow else "flush", changed_at + 1)
            m.d.comb += [
                annealing.restart.eq(self.restart),
                annealing.update.eq(accumulator.o.valid & window_end),
                *(getattr(annealing, name).eq(getattr(self, name)) for name in _ANNEALING),
            ]
            learning_shift = annealing.shift
        if config.shrinks:
            # Updates of a smaller perturbation are as much larger.
            halving = place(m, platform, "halving", Annealing(config, bits=2))
            window_end = ends("window_end" if config.shadow else "flush", changed_at + 1)
            m.d.comb += [
                halving.restart.eq(self.restart),
                halving.update.eq(accumulator.o.valid & window_end),
                halving.last_shift.eq(config.shrinks),
                halving.anneal_every.eq(self.halve_every),
                array.halved.eq(halving.shift),
            ]
            if not config.sign_only:
                more = learning_shift > halving.shift
                learning_shift = Mux(more, learning_shift - halving.shift, 0)
        believed = change
        if config.gated:
            believed = place(m, platform, "gate", Gate(config))
            m.d.comb += [
                believed.i.payload.eq(change.o.payload),
                believed.i.valid.eq(change.o.valid),
                *(getattr(believed, name).eq(getattr(self, name)) for name in _GATE),
            ]
        meter = change.i
        if config.cost_noisy:
            noise = place(m, platform, "noise", CostNoise(config))
            meter = noise.i
            m.d.comb += [
                noise.cost_noise.eq(self.cost_noise),
                noise.seed.eq(self.seed_cost_noise),
                noise.load.eq(self.restart),
                change.i.payload.eq(noise.o.payload),
                change.i.valid.eq(noise.o.valid),
            ]
        m.d.comb += [
            loss.y.eq(network.y),
            loss.target.as_value().eq(target),
            cost.eq(loss.cost),
            meter.payload.cost.eq(cost),
            meter.payload[special].eq(timeline.at(special, measured_at - config.noise_latency)),
            meter.valid.eq(timeline.at("measure", measured_at - config.noise_latency)),
            # R + config.change_latency
            accumulator.i.payload.change.eq(believed.o.payload),
            accumulator.i.payload.flush.eq(ends("flush", changed_at)),
            accumulator.i.valid.eq(believed.o.valid),
            # one later
            update.i.payload.eq(accumulator.o.payload),
            update.i.valid.eq(accumulator.o.valid),
            update.learning_shift.eq(learning_shift),
            # two later, and again config.word_clocks later: +D, then -D, unless parameters are being set.
            homodyne.i.payload.eq(update.o.payload),
            homodyne.i.valid.eq(update.o.valid),
            array.clear.eq(initializer.clear),
        ]
        if not config.loaded:
            m.d.comb += [
                array.address.eq(initializer.busy),
                array.address_rows.eq(initializer.rows),
                array.address_columns.eq(initializer.columns),
            ]
        plus, minus, first_word = homodyne.plus, homodyne.minus, initializer.word
        if config.early:
            # Codes go one clock before their words, and D's sign is known before D.
            plus, minus = update.soon, homodyne.plus
            sign = Mux(update.soon, update.sign, ~update.o.payload[-1])
            m.d.comb += array.sign.eq(Mux(initializer.busy, initializer.word[-1], sign))
            first_word = _later(m, initializer.word, "first_word", 1)
        word = homodyne.word | first_word
        on_its_way = Const(0, 1)
        # After the last word of an update, its decay, then its noise.
        if config.tail_clocks:
            update_over = homodyne.minus & ends("window_end" if config.shadow else "flush", spread_at)
            tail = update_over
        if config.decays:
            decay = place(m, platform, "decay", Decay(config))
            m.d.comb += [
                decay.go.eq(update_over),
                decay.weight_decay.eq(self.weight_decay),
                decay.seed.eq(self.seed_decay),
                decay.load.eq(self.restart),
                array.compare.eq(decay.compare),
            ]
            on_its_way = decay.busy
            if config.update_noisy:
                tail = decay.last
            word, plus = word | decay.word, plus | decay.busy
        if config.update_noisy:
            update_noise = place(m, platform, "update_noise", UpdateNoise(config))
            m.d.comb += [
                update_noise.go.eq(tail),
                update_noise.update_noise.eq(self.update_noise),
                update_noise.seed.eq(self.seed_update_noise),
                update_noise.load.eq(self.restart),
            ]
            noisy = update_noise.plus
            word, plus = word | update_noise.word, plus | update_noise.plus
            if config.independent_noise:
                minus = minus | update_noise.minus
                noisy = update_noise.plus | update_noise.minus
            on_its_way = on_its_way | noisy if config.decays else noisy
        m.d.comb += array.word.eq(word)
        if not config.loaded:
            m.d.comb += [array.plus.eq(plus), array.minus.eq(minus)]
        if config.nodes:
            m.d.comb += array.rotate.eq(homodyne.rotate)
        if config.serial:
            m.d.comb += array.load.eq(initializer.load)
        last_word = homodyne.last if config.words > 1 else homodyne.minus

        # The code that meets the word moves on after the last word of a hold.
        hold_over = Signal()
        m.d.comb += hold_over.eq(last_word & ends("hold_end", spread_at))
        if config.loaded:
            unheard_plus = Signal()  # a name, for lint's sake
            m.d.comb += unheard_plus.eq(plus)
            self._load(m, platform, array, initializer, homodyne, parameters_set | hold_over)
            m.d.comb += sequencer.free.eq(array.loaded)
        else:
            code = self._code(m, platform, "code", hold_over)
            wires = _wires(code)
            if config.sparse:
                wires |= _wires(self._sparse(m, platform, "sparse", hold_over))
            if config.update_noisy:
                wires = self._noise_wires(m, platform, wires, update_noise)
            if config.decays:
                # All cells or none; a sequential code picks by two ones.
                picks = ("rows", "columns") if config.sequential else ("columns",)
                wires = {
                    name: Mux(decay.busy, decay.pick.replicate(len(wire)) if name in picks else 0, wire)
                    for name, wire in wires.items()
                }
            for name, wire in wires.items():
                m.d.comb += getattr(array, name).eq(wire)
        if config.layerwise:
            turn = self._turn(m, platform, "turn", hold_over)

        # Clocks since the last word left. After word_clocks it has passed the wires, so measurements may
        # follow it; a shadow copy takes one clock more, and serial cells let one measurement join. The way
        # to the cells later it is in all of them.
        since = [last_word]
        for clock in range(config.word_clocks + config.broadcast_latency):
            following = Signal(name=f"settling_{clock}")
            m.d.sync += following.eq(since[-1])
            since.append(following)
        late = []  # the same for the last step of a window, which decay and noise follow
        if config.tail_clocks:
            late.append(update_over)
            for clock in range(len(since) - 1 + config.tail_clocks):
                following = Signal(name=f"settling_noise_{clock}")
                m.d.sync += following.eq(late[-1])
                late.append(following)
        updated = Signal()
        if config.serial:
            taken = Signal()  # a word passes the cells
            with m.If(homodyne.minus):
                m.d.sync += taken.eq(1)
            with m.Elif(since[config.word_clocks - 1]):
                m.d.sync += taken.eq(0)
            m.d.comb += [
                updated.eq(since[config.join_clocks - 1]),
                sequencer.free.eq(~taken | since[config.join_clocks]),
            ]
        elif not config.shadow:
            over = last_word
            if late:
                over = (over & ~update_over) | late[config.tail_clocks]
            m.d.comb += updated.eq(over)
        elif not config.overlapping:
            m.d.sync += updated.eq(last_word)
        elif not config.delayed:
            m.d.sync += updated.eq(
                late[config.tail_clocks] if late else last_word & ends("window_end", spread_at)
            )
        # Steps of a window may overlap, and the last of it is done when its noise is there.
        done = since[-1]
        if late:
            done = (done & ~late[len(since) - 1]) | late[-1]
        m.d.comb += self.step_done.eq(done)
        window_over = updated & kept["window_end"] if config.shadow and not config.overlapping else updated
        arrives = Signal()  # a follower's second clock
        if config.follow:
            m.d.sync += arrives.eq(window_over)
            m.d.comb += sequencer.resume.eq(arrives | (updated & ~window_over) if config.loaded else arrives)
        elif not config.delayed:
            m.d.comb += sequencer.resume.eq(updated)

        if config.task.accuracy:
            classifier = place(m, platform, "classifier", Classifier(config))
            answered_at = config.layer_offset(len(config.layers))
            m.d.comb += [
                classifier.y.eq(network.y),
                classifier.target.as_value().eq(target),
                classifier.measure.eq(timeline.at("measure", answered_at)),
                classifier.reference.eq(timeline.at("reference", answered_at)),
                classifier.clear.eq(self.clear_counts),
                self.judged_count.eq(classifier.judged_count),
                self.right_count.eq(classifier.right_count),
            ]

        # What the measurement that passes a layer needs there.
        for layer in config.layers:
            passing = getattr(array, f"layer_{layer.index}")
            clock = config.layer_offset(layer.index) - config.weight_latency
            measured = timeline.at("measure", clock)
            rest = Const(0, 1)
            if not config.analog:
                other = timeline.at("reference", clock)
                measured = measured & ~other
                if config.two_sided:
                    m.d.comb += passing.minus.eq(other)
                else:
                    rest = other
            if config.serial:
                m.d.comb += passing.measure.eq(timeline.at("measure", clock))
            if config.nodes:
                met = config.layer_offset(layer.index)
                m.d.comb += [
                    passing.x.eq(getattr(network, f"inputs_{layer.index}")),
                    passing.capture.eq(timeline.at("measure", met) & timeline.at("reference", met)),
                ]
            if config.overlapping:
                shake = self._code(
                    m, platform, f"shake_{layer.index}", measured & timeline.at("hold_end", clock)
                )
                rows = slice(*_row_span(config, layer.index))
                m.d.comb += [
                    passing.rows.eq(shake.rows[rows]),
                    passing.columns.eq(shake.columns),
                ]
                if hasattr(shake, "diagonals"):
                    m.d.comb += passing.diagonals.eq(shake.diagonals)
                if config.sparse:
                    over = measured & timeline.at("hold_end", clock)
                    sparse = self._sparse(m, platform, f"shake_sparse_{layer.index}", over)
                    for name, wire in _wires(sparse).items():
                        here = wire[rows] if name.endswith("rows") else wire
                        m.d.comb += getattr(passing, name).eq(here)
                if config.layerwise:
                    over = measured & timeline.at("hold_end", clock)
                    name = f"shake_turn_{layer.index}"
                    rest = rest | ~self._turn(m, platform, name, over, layer.index).active
                if config.delayed:
                    window_over = measured & timeline.at("window_end", clock)
            if config.follow:
                m.d.comb += [
                    passing.refresh.eq(copying | window_over | arrives),
                    passing.away.eq((copying & ~left[0]) | window_over),
                ]
            elif config.shadow:
                m.d.comb += passing.refresh.eq(copying | window_over)
            if config.layerwise:
                if not config.shadow:
                    rest = rest | ~turn.active[layer.index]
                m.d.comb += passing.active.eq(turn.active[layer.index] | on_its_way)
            if config.rests:
                m.d.comb += passing.rest.eq(rest)

        if config.judged:
            judge = place(m, platform, "judge", Judge(config))
            m.d.comb += [
                judge.i.payload.eq(noise.o.payload.cost if config.cost_noisy else cost),
                judge.i.valid.eq(
                    noise.o.valid & noise.o.payload.reference
                    if config.cost_noisy
                    else timeline.at("measure", measured_at) & timeline.at("reference", measured_at)
                ),
                self.solved.eq(judge.solved),
            ]

        with m.If(self.clear_flags):
            m.d.sync += self.flags.eq(0)
        for bit, block in enumerate((change, accumulator, update)):
            with m.If(block.saturated):
                m.d.sync += self.flags[bit].eq(1)

        # Busy until every step that entered is done.
        entered = Signal()
        in_flight = Signal(range(config.step_latency if config.overlapping else 2))
        m.d.comb += entered.eq(perturbed)
        m.d.sync += in_flight.eq(in_flight + entered - self.step_done)
        begun = sequencer.measure | sequencer.under_way if config.loaded else sequencer.measure
        m.d.comb += self.busy.eq(self.restart | initializer.busy | copying | begun | in_flight.any())
        return m

    def _noise_wires(self, m, platform, wires, noise) -> dict:
        """While noise is on its way, in place of ``wires`` those that pick all cells, or another code's."""
        config = self.config
        if config.independent_noise:
            own = place(m, platform, "noise_code", RandomCode(config, diagonals="diagonals" in wires))
            m.d.comb += [
                own.load.eq(self.restart),
                own.advance.eq(noise.minus),
                own.seed.eq(self.seed_noise_code),
            ]
            ours = _wires(own)
            return {name: Mux(noise.plus | noise.minus, ours[name], wire) for name, wire in wires.items()}
        # A sequential code picks a cell by two ones, the others by a one among its wires: its column.
        ones = {"rows": config.sequential, "columns": True, "diagonals": False}
        all_ones = {name: noise.plus.replicate(len(wire)) for name, wire in wires.items()}
        return {
            name: wire | all_ones[name] if ones[name] else wire & ~all_ones[name]
            for name, wire in wires.items()
        }

    def _array(self) -> Block:
        if self.config.loaded:
            return LoadedArray(self.config)
        if self.config.nodes:
            return NodeArray(self.config)
        return SerialArray(self.config) if self.config.serial else Array(self.config)

    def _load(self, m, platform, array, initializer, homodyne, next_code) -> None:
        """Between a source of code words, the initializer, and the chain of cells."""
        source = place(m, platform, "code", _CODES[self.config.perturbation.family](self.config))
        m.d.comb += [
            source.load.eq(self.restart),
            array.load.eq(next_code),
            array.i.payload.eq(source.o.payload),
            array.i.valid.eq(source.o.valid),
            source.o.ready.eq(array.i.ready),
            array.fill.eq(initializer.fill),
            array.sign.eq(initializer.sign),
            array.minus.eq(homodyne.minus | initializer.minus),
        ]
        if "seed_code" in self.signature.members:
            m.d.comb += source.seed.eq(self.seed_code)
        if "i_code" in self.signature.members:
            m.d.comb += [
                source.i.payload.eq(self.i_code.payload),
                source.i.valid.eq(self.i_code.valid),
                self.i_code.ready.eq(source.i.ready),
            ]
        if self.config.code_bits > 1:
            m.d.comb += array.rotate.eq(homodyne.rotate)

    def _turn(self, m, platform, name, advance, layer=None) -> Block:
        """Whose turn it is, or whether it is one layer's, of a code that goes on with ``advance``."""
        turn = place(m, platform, name, LayerTurn(self.config, layer))
        m.d.comb += [
            turn.load.eq(self.restart),
            turn.advance.eq(advance),
            turn.tau_layer.eq(self.tau_layer),
        ]
        return turn

    def _sparse(self, m, platform, name, advance) -> Block:
        """What is active, of a code that goes on with ``advance``."""
        sparse = place(m, platform, name, Sparse(self.config))
        m.d.comb += [
            sparse.load.eq(self.restart),
            sparse.advance.eq(advance),
            sparse.seed.eq(self.seed_sparse),
        ]
        return sparse

    def _code(self, m, platform, name, advance) -> Block:
        """A code of the configured family; all start in the same state."""
        config = self.config
        code = place(m, platform, name, _CODES[config.perturbation.family](config))
        m.d.comb += [code.load.eq(self.restart), code.advance.eq(advance)]
        if "seed_code" in self.signature.members:
            m.d.comb += code.seed.eq(self.seed_code)
        return code


class _Timeline:
    """Follows every measurement through the pipeline: one shift register for each thing to know of it."""

    def __init__(self, m: Module, entering: dict[str, tuple[Signal, int]]):
        """``entering`` gives by name the signal in the clock of the command, and for how long it is kept."""
        self.past = {}
        for name, (signal, clocks) in entering.items():
            line = Signal(clocks, name=f"{name}_line")
            m.d.sync += line.eq(Cat(signal, line[:-1]))
            self.past[name] = Cat(signal, line)

    def at(self, name: str, clock: int) -> Value:
        """``name`` of the measurement that was commanded ``clock`` clocks ago."""
        return self.past[name][clock]


def _later(m: Module, signal: Signal, name: str, clocks: int) -> Signal:
    for clock in range(clocks):
        following = Signal(signal.shape(), name=f"{name}_later_{clock}", reset_less=True)
        m.d.sync += following.eq(signal)
        signal = following
    return signal


def _wires(code) -> dict:
    """The wires that a code drives, by name."""
    names = [name for name in code.signature.members if name.endswith(("rows", "columns", "diagonals"))]
    return {name: getattr(code, name) for name in names}


def _row_span(config: TrainerConfig, layer: int) -> tuple[int, int]:
    tiles = [tile for tile in config.tiles if tile.layer == layer]
    return tiles[0].first_row, tiles[-1].first_row + tiles[-1].rows
