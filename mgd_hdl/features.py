"""Options of a core, each with all its wiring in one place: see :class:`mgd_hdl.site.Link`."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Mux, Signal, Value

from .config.options import OPTIONS
from .control.access import Access
from .control.fetch import Fetch
from .control.judge import Judge
from .cost.classifier import Classifier
from .cost.gate import Gate
from .cost.noise import CostNoise
from .engines.codes import code_wires
from .engines.engine import Broadcast, Passing
from .learn.annealing import Annealing
from .learn.decay import Decay
from .learn.update_noise import UpdateNoise
from .network.inference import Inference, folded_inference
from .perturb.layer_turn import LayerTurn
from .perturb.random_code import RandomCode
from .perturb.sparse import Sparse
from .site import Link, Site

__all__ = ["FEATURES", "links_of"]


class _Analog(Link):
    """C~ is the high-pass of one cost a step."""

    def placed(self) -> None:
        self.m.d.comb += self.site.blocks["highpass"].coefficient.eq(self.site.ports.high_pass)


class _Annealed(Link):
    """The rate halves while training goes on."""

    def rate(self, shift: Value) -> Value:
        annealing = self.site.place("annealing", Annealing(self.config))
        _counts_windows(self.site, annealing)
        self.site.registers(annealing, "learning_shift", "last_shift", "anneal_every")
        return annealing.shift


class _Halved(Link):
    """The amplitude halves; updates of a smaller perturbation are as much larger."""

    def rate(self, shift: Value) -> Value:
        halving = self.site.place("halving", Annealing(self.config, bits=2))
        _counts_windows(self.site, halving)
        self.m.d.comb += [
            halving.last_shift.eq(self.config.amplitude_halvings),
            halving.anneal_every.eq(self.site.ports.halve_every),
            self.site.blocks["array"].halved.eq(halving.shift),
        ]
        if self.config.halved_updates:
            self.m.d.comb += self.site.blocks["update"].halved.eq(halving.shift)
        return shift


def _counts_windows(site: Site, annealing: Any) -> None:
    ended = site.window_ends(site.changed_at + site.config.timing.sum_latency)
    site.m.d.comb += [
        annealing.restart.eq(site.restart),
        annealing.update.eq(site.blocks["accumulator"].o.valid & ended),
    ]


class _Gated(Link):
    """Small cost changes count as zero, large ones are limited."""

    def change(self, stream: Any) -> Any:
        gate = self.site.place("gate", Gate(self.config))
        self.m.d.comb += [gate.i.payload.eq(stream.o.payload), gate.i.valid.eq(stream.o.valid)]
        self.site.registers(gate, "change_limit", "change_gate")
        return gate


class _CostNoise(Link):
    """Every measured cost gets noise."""

    def meter(self, stream: Any) -> Any:
        noise = self.site.place("noise", CostNoise(self.config))
        self.site.registers(noise, "cost_noise")
        self.site.seed(noise, "seed_cost_noise")
        if "missed" in noise.signature.members:
            self.m.d.comb += noise.missed.eq(self.site.blocks["measurement"].missed)
        self.m.d.comb += [stream.payload.eq(noise.o.payload), stream.valid.eq(noise.o.valid)]
        return noise.i


class _Decay(Link):
    """An update is followed by words that make every parameter a little smaller."""

    def tail(self, broadcast: Broadcast) -> None:
        self.decay = decay = self.site.place("decay", Decay(self.config))
        self.site.registers(decay, "weight_decay")
        self.site.seed(decay, "seed_decay")
        self.m.d.comb += [
            decay.go.eq(broadcast.over),
            self.site.blocks["array"].compare.eq(decay.compare),
        ]
        if "last" in decay.signature.members:
            broadcast.over = decay.last
        broadcast.word = broadcast.word | decay.word
        broadcast.plus = broadcast.plus | decay.busy
        broadcast.tails.append(decay.busy)

    def wires(self, wires: dict[str, Value]) -> dict[str, Value]:
        # All cells or none; a sequential code picks by two ones.
        decay = self.decay
        picks = ("rows", "columns") if self.config.sequential else ("columns",)
        return {
            name: Mux(decay.busy, decay.pick.replicate(len(wire)) if name in picks else 0, wire)
            for name, wire in wires.items()
        }


class _UpdateNoise(Link):
    """An update, and its decay, is followed by a word of noise."""

    def tail(self, broadcast: Broadcast) -> None:
        self.noise = noise = self.site.place("update_noise", UpdateNoise(self.config))
        self.site.registers(noise, "update_noise")
        self.site.seed(noise, "seed_update_noise")
        self.m.d.comb += noise.go.eq(broadcast.over)
        noisy = noise.plus
        broadcast.word, broadcast.plus = broadcast.word | noise.word, broadcast.plus | noise.plus
        if self.config.independent_noise:
            broadcast.minus = broadcast.minus | noise.minus
            noisy = noise.plus | noise.minus
        broadcast.tails.append(noisy)

    def wires(self, wires: dict[str, Value]) -> dict[str, Value]:
        """In place of ``wires`` those that pick all cells, or those of another code."""
        noise = self.noise
        if self.config.independent_noise:
            own = self.site.place("noise_code", RandomCode(self.config, diagonals="diagonals" in wires))
            self.site.seed(own, "seed_noise_code")
            self.m.d.comb += own.advance.eq(noise.minus)
            ours = code_wires(own)
            return {name: Mux(noise.plus | noise.minus, ours[name], wire) for name, wire in wires.items()}
        # A sequential code picks a cell by two ones, the others by a one among its wires: its column.
        ones = {"rows": self.config.sequential, "columns": True, "diagonals": False}
        all_ones = {name: noise.plus.replicate(len(wire)) for name, wire in wires.items()}
        return {
            name: wire | all_ones[name] if ones[name] else wire & ~all_ones[name]
            for name, wire in wires.items()
        }


class _Sparse(Link):
    """Only some parameters are active at a time."""

    def companion(self, code: str, advance: Value) -> dict[str, Value]:
        name = code.replace("shake", "shake_sparse").replace("code", "sparse")
        sparse = self.site.place(name, Sparse(self.config))
        self.site.seed(sparse, "seed_sparse")
        self.m.d.comb += sparse.advance.eq(advance)
        return {"states": sparse.states} if self.config.bank else code_wires(sparse)


class _Layerwise(Link):
    """One layer is perturbed and updated at a time."""

    def _place(self, name: str, advance: Value, layer: int | None = None) -> Any:
        turn = self.site.place(name, LayerTurn(self.config, layer))
        self.m.d.comb += [turn.load.eq(self.site.restart), turn.advance.eq(advance)]
        self.site.registers(turn, "tau_layer")
        return turn

    def turn(self, hold_over: Value, layer: int | None = None) -> None:
        array = self.site.blocks["array"]
        if self.config.bank:  # a code goes on with the sweep that shakes by it
            self.m.d.comb += array.turn.eq(self._place("turn", array.go & array.hold_end).active)
            return
        if layer is None:
            turn = self._place("turn", hold_over)
            self._active = [turn.active[index] for index in range(len(turn.active))]
            return
        if layer == 0:
            self._active = []
        self._active.append(self._place(f"turn_{layer}", hold_over, layer).active)

    def rests(self, passing: Passing, over: Value, rest: Value) -> Value:
        if self.config.bank:  # a sweep knows by itself what rests
            return rest
        index = passing.layer.index
        active = self._active[index]
        self.m.d.comb += passing.port.active.eq(active | self.site.tail)
        if self.config.facts.overlapping:
            active = self._place(f"shake_turn_{index}", over, index).active
        return rest | ~active


class _Accuracy(Link):
    """Answers at rest are counted, and the right ones."""

    def answers(self, y: Any, target: Value) -> None:
        classifier = self.site.place("classifier", Classifier(self.config))
        answered_at = self.config.timing.answer_latency
        ports = self.site.ports
        self.m.d.comb += [
            classifier.y.eq(y),
            classifier.target.as_value().eq(target),
            classifier.measure.eq(self.site.trace.at("measure", answered_at)),
            classifier.reference.eq(self.site.trace.at("reference", answered_at)),
            classifier.clear.eq(ports.clear_counts),
            ports.judged_count.eq(classifier.judged_count),
            ports.right_count.eq(classifier.right_count),
        ]


class _Judged(Link):
    """The judge sees every C0, as it is measured."""

    def costs(self, cost: Value) -> None:
        judge = self.site.place("judge", Judge(self.config))
        at, trace, noise = self.site.measured_at, self.site.trace, self.site.blocks.get("noise")
        if noise is None:
            valid = trace.at("measure", at) & trace.at("reference", at)
        else:
            cost, valid = noise.o.payload.cost, noise.o.valid & noise.o.payload.reference
        self.m.d.comb += [
            judge.i.payload.eq(cost),
            judge.i.valid.eq(valid),
            self.site.ports.solved.eq(judge.solved),
        ]


class _Retried(Link):
    """After so many references the trainer stands still between two steps, until all have been judged and no
    door has anything to do.
    """

    def __init__(self, site: Site):
        super().__init__(site)
        self.full = Signal(name="full")  # with the step that made the last reference
        site.holds.append(self.full)

    def placed(self) -> None:
        m, ports, sequencer = self.m, self.site.ports, self.site.blocks["sequencer"]
        most, full = self.config.judge.retry, self.full
        references = Signal(range(most + 1))
        stands = Signal()
        quiet = ~ports.busy
        if self.config.doors:
            quiet = quiet & ~self.site.engaged
        m.d.comb += [
            stands.eq(full & quiet),
            ports.tired.eq(stands & ~ports.solved),
        ]
        with m.If(stands):
            m.d.sync += references.eq(0)
        with m.Elif(sequencer.measure & sequencer.reference):
            m.d.sync += references.eq(references + 1)
        with m.If(stands):
            m.d.sync += full.eq(0)
        with m.Elif(sequencer.perturbed & (references == most)):
            m.d.sync += full.eq(1)


class _Inference(Link):
    """Inputs from outside pass the network between two steps."""

    def __init__(self, site: Site):
        super().__init__(site)
        self.door = site.door("inference")

    def placed(self) -> None:
        site, door = self.site, self.door
        made: Any = folded_inference(self.config) if self.config.bank else Inference(self.config)
        self.inference: Any = site.place("inference", made)
        block = self.inference
        site.stream(block, "i_infer")
        site.gives(block, "o_infer")
        self.m.d.comb += [
            block.open.eq(door.open),
            door.asks.eq(block.asks),
            door.inside.eq(block.shows if self.config.bank else block.inside),
            door.owes.eq(block.owes),
            block.y.eq(site.blocks["network"].y),
        ]
        if self.config.takes_turns:
            self.m.d.comb += block.wanted.eq(site.blocks["sequencer"].wanted)
        else:
            self.m.d.comb += [block.load.eq(site.restart), block.at.eq(site.blocks["network"].x_at)]

    def shows(self, x: Value) -> Value:
        return Mux(self.inference.shows, Value.cast(self.inference.x), x)

    def enters(self, layer: int, entering: Value) -> Value:
        return entering if self.config.bank else entering | self.inference.passes[layer]

    def rests(self, passing: Passing, over: Value, rest: Value) -> Value:
        if self.config.bank:  # a sweep knows by itself what rests
            return rest
        return rest | self.inference.passes[passing.layer.index]


class _Accessed(Link):
    """The host reads and writes parameters."""

    def __init__(self, site: Site):
        super().__init__(site)
        self.door = site.door("access")
        self.access: Any = Fetch(site.config) if site.config.bank else Access(site.config)
        self.renew = site.renew = Signal(name="renew")

    def placed(self) -> None:
        site, door = self.site, self.door
        access = site.place("access", self.access)
        site.stream(access, "i_access")
        site.gives(access, "o_access")
        self.m.d.comb += [
            access.restart.eq(site.restart),
            access.open.eq(door.open),
            *(getattr(door, name).eq(getattr(access, name)) for name in ("asks", "inside", "owes")),
            self.renew.eq(access.renew),
        ]
        if self.config.reference_waits and not self.config.sweeps_ahead:  # a bank has a reason of its own
            self.m.d.comb += site.blocks["sequencer"].renew.eq(access.renew)
        if self.config.follow:
            self.m.d.comb += access.copying.eq(site.ports.busy)


class _Hosted(Link):
    """What a host's registers show: beginnings, and what was measured."""

    def placed(self) -> None:
        ports, sequencer = self.site.ports, self.site.blocks["sequencer"]
        self.m.d.comb += [
            ports.step_begins.eq(sequencer.perturbed),
            ports.sample_taken.eq(sequencer.take),
        ]

    def costs(self, cost: Value) -> None:
        ports, measured, mark = self.site.ports, self.site.change.i, self.site.change.MARK
        if self.config.analog:
            counts = measured.valid
            if self.config.outside:
                counts = counts & ~self.site.change.ignore
            with self.m.If(counts):
                self.m.d.sync += ports.last_cost.eq(measured.payload.cost)
            return
        reference = measured.payload[mark]
        level = Signal(len(measured.payload.cost), name="last_reference", reset_less=True)
        with self.m.If(measured.valid & reference):
            self.m.d.sync += level.eq(measured.payload.cost)
        counts = measured.valid & ~reference
        if self.config.outside:
            counts = counts & ~self.site.change.ignore
        with self.m.If(counts):
            self.m.d.sync += [ports.last_cost.eq(measured.payload.cost), ports.last_baseline.eq(level)]


#: The wiring of each option of :data:`mgd_hdl.config.options.OPTIONS` that is a link. Links are asked in this
#: order.
FEATURES: dict[str, type[Link]] = {
    "analog": _Analog,
    "annealing": _Annealed,
    "halving": _Halved,
    "gate": _Gated,
    "noise of costs": _CostNoise,
    "decay": _Decay,
    "noise of updates": _UpdateNoise,
    "sparse codes": _Sparse,
    "layer by layer": _Layerwise,
    "accuracy": _Accuracy,
    "judge": _Judged,
    "retry": _Retried,
    "inference": _Inference,
    "access": _Accessed,
    "host": _Hosted,
}


def links_of(site: Site) -> list[Link]:
    """The options that this core has, in order."""
    return [link(site) for name, link in FEATURES.items() if OPTIONS[name].on(site.config)]
