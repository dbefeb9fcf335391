"""Options of a trainer, each with all that it does in one place: see :class:`mgd_sim.link.Link`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mgd_hdl.config.options import OPTIONS

from .control.judge import Judge, Judged
from .control.sequencer import Plan
from .cost.classifier import Classifier, Counts
from .cost.gate import Gate
from .cost.highpass import HighPass, Passed
from .cost.noise import CostNoise
from .fixed import Bits, Flags, Ints, cast, namespace
from .learn.annealing import Annealing
from .learn.array import Array
from .learn.decay import Decay
from .learn.update_noise import UpdateNoise
from .lfsr import States
from .link import Link, Now, Setup, Signs
from .moves import COUNT, FLAG, STATE, Moves, Within
from .perturb.layer_turn import LayerTurns
from .store import whole_type

__all__ = ["FEATURES", "links_of"]


def _where(there: Flags, each: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """For every step the next one of ``each`` if there is one, else zeros."""
    found = np.zeros((len(there), *each.shape[1:]), dtype=each.dtype)
    found[there] = each
    return found


class _Analog(Link):
    """C~ is the high-pass of one cost a step."""

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.high_pass = HighPass(self.config, self.registers.high_pass)

    def start(self, replicas: int) -> Passed:
        return self.high_pass.start(replicas)

    def limits(self) -> dict[str, Within]:
        words = self.config.words
        return {"high_passed": Within.of(words.high_passed), "before": Within.of(words.cost)}

    def compare(self, now: Now, cost: Ints) -> tuple[Ints, Flags]:
        passed, change, limited = self.high_pass(Passed(*now.links[self.name]), cost, now.inputs.fresh)
        now.links[self.name] = passed
        now.outputs["high_passed"] = passed.high_passed
        return change, limited


class _Annealed(Link):
    """The rate halves while training goes on."""

    MOVES: ClassVar[Moves] = {
        "shift": lambda self: self.annealing.within,
        "left": lambda self: Within(1, self.annealing.every),
    }

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.annealing = self._annealing()

    def _annealing(self) -> Annealing:
        return Annealing.of_rate(self.registers)

    @property
    def shift(self) -> int:
        return self.annealing.shift

    @shift.setter
    def shift(self, shift: int) -> None:
        self.annealing.shift = shift

    @property
    def left(self) -> int:
        """Updates until the next halving."""
        return self.annealing.left

    @left.setter
    def left(self, left: int) -> None:
        self.annealing.left = left

    def prepared(self, todo: Plan) -> list[int]:
        shifts = []
        for updated in todo.refresh.tolist():
            shifts.append(self.annealing.shift)
            if updated:
                self.annealing.updated()
        return shifts

    def rate(self, now: Now, shift: int) -> int:
        annealed: int = now.inputs.links[self.name]
        return annealed


class _Halved(_Annealed):
    """The amplitude halves; updates of a smaller perturbation are as much larger."""

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.type = whole_type(setup.config, setup.narrow)

    def _annealing(self) -> Annealing:
        return Annealing.of_amplitude(self.config, self.registers)

    def shakes(self, now: Now, shaken: Signs) -> Signs:
        halved: int = now.inputs.links[self.name]
        wide: Signs = cast(shaken, self.type)
        return wide << (self.config.amplitude_halvings - halved)

    def rate(self, now: Now, shift: int) -> int:
        halved: int = now.inputs.links[self.name]
        return shift - halved if self.config.halved_updates else shift


class _Gated(Link):
    """Small cost changes count as zero, large ones are limited."""

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.gate = Gate(self.registers.change_limit, self.registers.change_gate)

    def change(self, now: Now, change: Ints) -> Ints:
        now.outputs["gated"] = passed = self.gate(change)
        return passed


class _CostNoise(Link):
    """Every measured cost gets noise."""

    MOVES: ClassVar[Moves] = {"noise.state": STATE}

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.noise = CostNoise(self.config, self.registers.cost_noise, setup.seed("seed_cost_noise"))

    def prepared(self, todo: Plan) -> Ints:
        """What is added to costs, (steps, R, 2): to the reference, where there is one, and to the other."""
        # References come before the perturbed cost of their step.
        there = np.stack([todo.reference, np.full_like(todo.reference, True)], axis=1)
        words = self.noise.take(np.broadcast_to([True, False], there.shape)[there])
        found = np.zeros((*there.shape, words.shape[1]), dtype=np.int64)
        found[there] = words
        return found.swapaxes(1, 2)

    def prepared_limits(self) -> Within:
        return self.noise.limits

    def meter(self, now: Now, cost: Ints) -> Ints:
        noise: Ints = now.inputs.links[self.name]
        return cost + noise[:, -cost.shape[1] :]


class _Decay(Link):
    """An update is followed by words that make every parameter a little smaller."""

    MOVES: ClassVar[Moves] = {"decay.state": STATE}

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.decay = Decay(self.config, self.registers.weight_decay, setup.seed("seed_decay"))
        self.array, self.free = Array(self.config), setup.free

    def prepared(self, todo: Plan) -> Ints:
        return _where(todo.refresh, self.decay.take(int(todo.refresh.sum())))

    def prepared_limits(self) -> Within:
        return Within(0, self.decay.mask)

    def tail(self, now: Now, theta: Ints) -> Ints:
        if not now.inputs.refresh:
            return theta
        threshold = now.inputs.links[self.name]
        free = namespace(theta).asarray(self.free)
        return self.array.decay(theta, threshold, self.decay.size, free)


class _UpdateNoise(Link):
    """An update, and its decay, is followed by a word of noise."""

    MOVES: ClassVar[Moves] = {"noise.state": STATE, "noise.code_state": STATE}

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.noise = UpdateNoise(
            self.config,
            self.registers.update_noise,
            setup.seed("seed_update_noise"),
            setup.seed("seed_noise_code"),
        )
        self.array, self.free = Array(self.config), setup.free.astype(whole_type(setup.config, setup.narrow))

    def prepared(self, todo: Plan) -> tuple[Ints, States]:
        words, codes = self.noise.draw(int(todo.refresh.sum()))
        return _where(todo.refresh, words), _where(todo.refresh, codes)

    def prepared_limits(self) -> tuple[Within, Within]:
        return self.noise.limits, STATE

    def tail(self, now: Now, theta: Ints) -> Ints:
        if not now.inputs.refresh:
            return theta
        word, code = now.inputs.links[self.name]
        free = namespace(theta).asarray(self.free)
        return self.array.learn(theta, word, cast(self.noise.signs(code), free.dtype) * free)


class _Sparse(Link):
    """Only some parameters are active at a time."""

    def companion(self, code: Bits) -> dict[str, Bits]:
        sign, active = code & 1, code >> 1
        return {"code": cast(sign, np.uint8), "active": cast(active, np.uint8)}


class _Layerwise(Link):
    """One layer is perturbed and updated at a time."""

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.turns = LayerTurns(self.config, self.registers.tau_layer)

    def turn(self, number: Ints, code: Bits, sign: Signs) -> tuple[Bits, Signs]:
        turns = self.turns(number)[..., None, :]
        return code * cast(turns, code.dtype), sign * cast(turns, sign.dtype)


class _Accuracy(Link):
    """Answers at rest are counted, and the right ones."""

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.classifier = Classifier(self.config)

    def start(self, replicas: int) -> Counts:
        return self.classifier.start(replicas)

    def limits(self) -> dict[str, Within]:
        return dict.fromkeys(Counts._fields, Within(0, self.classifier.full))

    def answers(self, now: Now, y: Ints, target: Ints) -> None:
        if now.inputs.reference:
            now.links[self.name] = self.classifier(Counts(*now.links[self.name]), y, target)
        counts = Counts(*now.links[self.name])
        now.outputs |= counts._asdict()


class _Judged(Link):
    """The judge sees every C0, as it is measured."""

    def __init__(self, name: str, setup: Setup):
        super().__init__(name, setup)
        self.judge = Judge(self.config)

    def start(self, replicas: int) -> Judged:
        return self.judge.start(replicas)

    def limits(self) -> dict[str, Within]:
        return {
            "seen": Within(0, self.judge.window - 1),
            "missed": Within(0, self.judge.misses),
            "solved": FLAG,
            "solved_at": Within(-1, COUNT.high),
        }

    def costs(self, now: Now, cost: Ints) -> None:
        judged = Judged(*now.links[self.name])
        if now.inputs.reference:
            now.links[self.name] = judged = self.judge(judged, cost, now.inputs.step)
        now.outputs["solved"] = judged.solved


#: What each option of :data:`mgd_hdl.config.options.OPTIONS` does that is a link. Links are asked in this
#: order, which is that of the circuit's.
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
}


def links_of(setup: Setup) -> list[Link]:
    """The options that this configuration has, in order."""
    return [link(name, setup) for name, link in FEATURES.items() if OPTIONS[name].on(setup.config)]
