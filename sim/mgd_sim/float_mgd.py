"""Learning in floating point: what the circuit is judged against.

:class:`FloatMgd` takes the same steps in the same order as the circuit, with exact numbers:
no words, no tables, no rails. :class:`Backpropagation` knows the network and follows its gradient, one
random sample per step. Both use the configuration's network, task, amplitude, rate and times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import HIGH_PASS, LFSR, LayerConfig, Registers, TrainerConfig

from .control.sequencer import Plan, in_turn, plan
from .evaluate import Evaluation, evaluate
from .fixed import Bits, Ints
from .learn.annealing import Annealing
from .learn.cell import learning
from .learn.node import spread
from .network.activation import per_replica
from .perturb.codes import codes, signs
from .perturb.layer_turn import LayerTurns
from .samples.memory import Plain
from .samples.stream import checked, task_samples
from .tasks import Dataset

__all__ = ["Backpropagation", "FloatMgd", "FloatNetwork", "Floats", "matrix"]

Floats = npt.NDArray[np.float64]

_BLOCK = 1 << 19


def _sigmoid(z: Floats) -> Floats:
    # The same function as 1 / (1 + exp(-z)), without its overflow.
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def _relu(z: Floats) -> Floats:
    return np.maximum(z, 0.0)


_FUNCTIONS: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": _relu,
    "linear": lambda z: z,
}

#: The slope, from the function's value.
_SLOPES: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "relu": lambda y: (y > 0).astype(np.float64),
    "linear": np.ones_like,
}


def _squared_error(y: Floats, target: Floats, margin: float) -> tuple[Floats, Floats]:
    return np.square(y - target).sum(axis=-2), 2 * (y - target)


def _absolute_error(y: Floats, target: Floats, margin: float) -> tuple[Floats, Floats]:
    return np.abs(y - target).sum(axis=-2), np.sign(y - target)


def _right(target: Floats) -> Floats:
    """1 where the target is the largest, of equal ones the first, else 0."""
    outputs = np.arange(target.shape[-2])[:, None]
    return np.asarray(outputs == target.argmax(axis=-2)[..., None, :], dtype=np.float64)


def _cross_entropy(y: Floats, target: Floats, margin: float) -> tuple[Floats, Floats]:
    if y.shape[-2] == 1:
        side = np.where(target >= 0.5, 1.0, -1.0)
        return np.logaddexp(0, -side * y)[..., 0, :], -side * _sigmoid(-side * y)
    right = _right(target)
    total = np.logaddexp.reduce(y, axis=-2, keepdims=True)
    return total[..., 0, :] - (right * y).sum(axis=-2), np.exp(y - total) - right


def _hinge(y: Floats, target: Floats, margin: float) -> tuple[Floats, Floats]:
    if y.shape[-2] == 1:
        side = np.where(target >= 0.5, 1.0, -1.0)
        short = margin - side * y
        return np.maximum(short, 0)[..., 0, :], np.where(short > 0, -side, 0.0)
    right = _right(target)
    rival = _right(np.where(right > 0, -np.inf, y))
    short = margin + ((rival - right) * y).sum(axis=-2)
    return np.maximum(short, 0), np.where(short[..., None, :] > 0, rival - right, 0.0)


#: From outputs, targets and margin: cost (..., samples), and its slopes by the outputs.
_LOSSES: dict[str, Callable[[Floats, Floats, float], tuple[Floats, Floats]]] = {
    "squared_error": _squared_error,
    "absolute_error": _absolute_error,
    "cross_entropy": _cross_entropy,
    "hinge": _hinge,
}


class FloatNetwork:
    """The configuration's network, its cost and the gradient of the cost.

    Arrays are as in the twin: parameters (..., P), inputs (..., inputs, samples), targets (...,
    outputs, samples); leading axes broadcast. A neuron with a defect is the exact function
    ``y0 + L f(k (z - x0))``; with ``devices`` each replica, the first axis, is another device.
    """

    def __init__(self, config: TrainerConfig, devices: Sequence[int] | None = None):
        self.layers = config.shape.layers
        drawn = [config.shape.defects(device) for device in devices or [config.imperfections.device]]
        self._defects = [
            tuple(
                np.array([[getattr(defect, name) for defect in device[layer.index]] for device in drawn])
                for name in ("shift", "offset", "gain", "height")
            )
            if layer.defects
            else None
            for layer in config.shape.layers
        ]
        self.loss = _LOSSES[config.loss]
        self.margin = config.shape.layers[-1].output.value(config.words.margin)

    def __call__(self, theta: Floats, x: Floats) -> Floats:
        """The outputs: (..., outputs, samples)."""
        return self._activities(theta, x)[0][-1]

    def cost(self, theta: Floats, x: Floats, target: Floats) -> Floats:
        """The loss of ``config.words.cost``: (..., samples)."""
        return self.loss(self(theta, x), target, self.margin)[0]

    def inputs(self, theta: Floats, x: Floats) -> list[Floats]:
        """What the layers take of one sample: (R, inputs) each, from theta (R, P) and x (R, inputs, 1)."""
        return [each[..., 0] for each in self._activities(theta, x)[0][:-1]]

    def gradient(self, theta: Floats, x: Floats, target: Floats) -> Floats:
        """The gradient of the cost, added up over the samples, by backpropagation: (..., P)."""
        activities, plain = self._activities(theta, x)
        parts = []
        back = self.loss(activities[-1], target, self.margin)[1]
        for layer, before, value in zip(
            reversed(self.layers), reversed(activities[:-1]), reversed(plain), strict=True
        ):
            delta = back * _SLOPES[layer.activation](value)
            if (defect := self._defect(layer, delta.ndim)) is not None:
                _, _, gain, height = defect
                delta = delta * gain * height
            part = np.concatenate(
                [np.matmul(delta, np.swapaxes(before, -1, -2)), delta.sum(axis=-1, keepdims=True)], axis=-1
            )
            parts.append(part.reshape(*part.shape[:-2], layer.parameters))
            back = np.matmul(np.swapaxes(matrix(layer, theta)[..., :-1], -1, -2), delta)
        return np.concatenate(parts[::-1], axis=-1)

    def _activities(self, theta: Floats, x: Floats) -> tuple[list[Floats], list[Floats]]:
        """The inputs, then the outputs of every layer; and the values of every layer's function itself."""
        activities, plain = [x], []
        for layer in self.layers:
            own = matrix(layer, theta)
            z = np.matmul(own[..., :-1], activities[-1]) + own[..., -1:]
            function = _FUNCTIONS[layer.activation]
            if (defect := self._defect(layer, z.ndim)) is None:
                value = y = function(z)
            else:
                shift, offset, gain, height = defect
                value = function(gain * (z - shift))
                y = offset + height * value
            activities.append(y)
            plain.append(value)
        return activities, plain

    def _defect(self, layer: LayerConfig, axes: int) -> tuple[Floats, ...] | None:
        """x0, y0, k and L of a layer's neurons, for arrays (R, ..., neurons, samples)."""
        drawn = self._defects[layer.index]
        return None if drawn is None else tuple(per_replica(each, axes) for each in drawn)


def matrix(layer: LayerConfig, theta: Floats) -> Floats:
    """The weights of a layer, its biases as the last column: (..., neurons, inputs + 1)."""
    part = theta[..., layer.first : layer.first + layer.parameters]
    return part.reshape(*part.shape[:-1], layer.neurons, layer.inputs + 1)


class _Learner:
    """What both rules share: network, samples, start, evaluation."""

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int],
        samples: Dataset | None,
        devices: Sequence[int] | None,
        changes: dict[str, int],
    ):
        self.config = config
        self.registers: Registers = config.registers(**changes)
        self.network = FloatNetwork(config, devices)
        self.samples = task_samples(config, samples)
        self.replicas = len(seeds)
        # One generator per replica and purpose: no replica depends on the others.
        streams = [np.random.SeedSequence(seed).spawn(5) for seed in seeds]
        initial, self._sample_draws, self._code_draws, self._noise_draws, self._write_draws = (
            [np.random.default_rng(stream) for stream in purpose] for purpose in zip(*streams, strict=True)
        )
        ranges = np.concatenate(
            [np.full(layer.parameters, _initial(config, layer)) for layer in config.shape.layers]
        )
        self.theta: Floats = np.array([ranges * rng.uniform(-1, 1, config.parameters) for rng in initial])
        if config.given:
            self.theta = np.tile(np.array(config.given.theta) * config.words.parameter.step, (len(seeds), 1))
        self.free = learning(config, devices)
        if config.imperfections.stuck_kind == "dead":
            self.theta = self.theta * self.free
        self.amplitude = 2.0**-config.amplitude_shift
        self.rate = 2.0**-self.registers.learning_shift
        self.step = 0

    @property
    def visible(self) -> Floats:
        """(R, P), the parameters that the network sees."""
        return self.theta

    def _block(self) -> int:
        return max(16, _BLOCK // (self.replicas * max(self.config.parameters, self.config.inputs)))

    def _scaled(self, x: Ints, target: Ints) -> tuple[Floats, Floats]:
        """What the integers of samples stand for."""
        formats = self.config.formats
        return x.astype(np.float64) * formats.input.step, target.astype(np.float64) * formats.target.step

    def _columns(self, sample: Ints) -> tuple[Floats, Floats]:
        """Samples (count, R) as columns: x (count, R, inputs, 1), targets (count, R, outputs, 1)."""
        x = self.samples.x[sample].astype(np.int64)[..., None]
        return self._scaled(x, self.samples.target[sample].astype(np.int64)[..., None])

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """As :meth:`mgd_sim.trainer.Trainer.cost_and_accuracy`."""

        def measure(x: Ints, target: Ints) -> tuple[Floats, Floats]:
            inputs, wanted = self._scaled(x, target)
            y = self.network(self.visible, inputs)
            return y, self.network.loss(y, wanted, self.network.margin)[0]

        return evaluate(
            measure,
            self.samples if samples is None else checked(self.config, samples),
            numbers_per_sample=self.replicas * max(layer.neurons for layer in self.config.shape.layers),
            half=self.config.shape.layers[-1].output.value(self.config.levels.threshold),
            target_half=0.5 / self.config.formats.target.step,
        )


def _initial(config: TrainerConfig, layer: LayerConfig) -> float:
    """Half the width of the range in which the layer's parameters start."""
    return 2.0 ** (config.words.parameter.integer_bits - 1 - config.levels.initial_shift(layer.index))


class FloatMgd(_Learner):
    """R replicas of multiplexed gradient descent, ready for step 0.

    Parameters
    ----------
    config : TrainerConfig
        Formats only give the inputs and targets their scale. Delayed updates are taken as exact ones.
    seeds : sequence of int
        One per replica.
    samples : Dataset, optional
        For ``task.source = "stream"``.
    perturbations : Ints, optional
        For external codes, as for the twin.
    devices : sequence of int, optional
        One for each replica, with imperfections of its own.
    circuit_codes : bool
        Random codes from the circuit's register instead of NumPy's generator, which is the default
        because it shares no weakness with the circuit; sinusoids of the circuit's few bits instead of
        exact ones of the same frequencies.
    railed : bool
        T stops at half the range of ``config.words.parameter``, as it does in the circuit.
    **changes : int
        Run-time registers that differ from the configuration.

    Attributes
    ----------
    theta : Floats
        (R, P), the start with all updates so far, which is what the circuit calls T.
    low_passed : Floats
        (R, P), with ``config.follow`` the G of the analog algorithm, times the rate.
    """

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int],
        *,
        samples: Dataset | None = None,
        perturbations: Ints | None = None,
        devices: Sequence[int] | None = None,
        circuit_codes: bool = False,
        railed: bool = False,
        **changes: int,
    ):
        super().__init__(config, seeds, samples, devices, changes)
        self._limit = np.inf
        if railed or config.learning.clamp:
            self._limit = config.words.parameter.step * 2.0**config.levels.rail
        # Level k is 2**(k - 1) last bits in half the range of T.
        self._kept = 1 - 2.0 ** (self.registers.weight_decay - 1 - config.levels.max_weight_decay)
        self._visible = self.theta
        self.baseline: Floats = np.zeros(self.replicas)
        self.change: Floats = np.zeros(self.replicas)
        self._before: Floats = np.zeros(self.replicas)
        self._high_pass = self.registers.high_pass / 2**HIGH_PASS.width
        self._low_pass = 2.0**-config.follow
        self.low_passed: Floats = np.zeros_like(self.theta)
        self._gathered: Floats = np.zeros_like(self.theta)
        self.hold: Floats = np.zeros(self.replicas)
        self._free_codes = config.perturbation.family == "random_code" and not circuit_codes
        self._waves: _Waves | None = None
        if config.perturbation.family in ("sinusoidal", "square") and not circuit_codes:
            self._waves = _Waves(config, self._code_draws)
        code_seeds = [LFSR.valid(config.registers(seed, **changes).seed_code) for seed in seeds]
        sparse_seeds = [config.registers(seed, **changes).seed_sparse for seed in seeds]
        self._circuit_codes = codes(
            config, np.array(code_seeds, np.uint32), perturbations, np.array(sparse_seeds, np.uint32)
        )
        self._order = Plain(len(self.samples), self.replicas)
        self._epochs = np.empty((0, self.replicas), dtype=np.int64)
        self._code: npt.NDArray[Any] = self._take_codes(0)
        self._sample = self._take_samples(0)
        self._perturbation = 0  # how many there were
        self._inputs: list[Floats] = []  # node by node: of all layers, in the last reference
        # theta -= rate * A * sign / amplitude, where a two-sided C~ spans two amplitudes.
        self.annealing = Annealing.of_rate(self.registers) if config.annealed else None
        self.halving = Annealing.of_amplitude(config, self.registers) if config.amplitude_halvings else None
        # What is shaken less often counts for more.
        self._per_rate = 1.0 if config.sign_only else 1 / (self.amplitude * (2 if config.two_sided else 1))
        self._per_rate *= 1 if config.sign_only else 1 << config.share_shift
        self._modes = self.amplitude * np.array([-1.0 if config.two_sided else 0.0, 1.0])

    @property
    def visible(self) -> Floats:
        """(R, P), the parameters as they were at the end of the last window."""
        return self._visible

    @property
    def current_sample(self) -> Ints:
        """(R,), the sample of the last step, an index into ``samples``; none before step 0."""
        shown: Ints = self._sample[-1]
        return shown

    def _take_codes(self, count: int) -> Bits | Floats:
        """The next perturbations: (count, R or 1, P), as codes, or in amplitudes where they are exact."""
        if self._waves is not None:
            return self._waves.take(count)
        if not self._free_codes:
            return self._circuit_codes.take(count)
        shape = (count, self.config.code_count)
        drawn = np.stack([rng.integers(0, 2, shape, dtype=np.uint8) for rng in self._code_draws], axis=1)
        if self.config.sparse:
            active = [rng.random(shape) < 2.0**-self.config.share_shift for rng in self._code_draws]
            drawn |= np.stack(active, axis=1).astype(np.uint8) << 1
        return drawn

    def _take_samples(self, count: int) -> Ints:
        """The next samples, in the order of ``config.task``: (count, R)."""
        task, total = self.config.task, len(self.samples)
        if task.source == "stream" or (task.source == "memory" and task.order == "plain"):
            return self._order.take(count)
        if task.source == "generator" or task.order == "random":
            return _draws(self._sample_draws, total, count)
        while len(self._epochs) < count:
            order = np.stack([rng.permutation(total) for rng in self._sample_draws], axis=1)
            self._epochs = np.concatenate([self._epochs, order])
        taken, self._epochs = self._epochs[:count], self._epochs[count:]
        return taken

    def _signs(self, code: Bits | Floats) -> Floats:
        """In amplitudes, what each code adds to its parameter."""
        if self._waves is not None:
            return np.asarray(code, dtype=np.float64)
        return signs(self.config, np.asarray(code, np.uint8)) / (1 << (self.config.code_bits - 1))

    def _cost_noise(self, count: int) -> Floats:
        """Normal noise of C0 and C in each of ``count`` steps: (count, R, 2)."""
        drawn = np.stack([rng.standard_normal((count, 2)) for rng in self._noise_draws], axis=1)
        drawn[:, :, 0] *= self.config.imperfections.noisy_reference
        return np.asarray(drawn * 2.0 ** (self.registers.cost_noise - self.config.levels.max_cost_noise))

    def _update_noise(self, count: int) -> Floats:
        """Normal noise of all parameters at each of ``count`` updates: (count, R, 1) or (count, R, P)."""
        each = self.config.parameters if self.config.independent_noise else 1
        drawn = np.stack([rng.standard_normal((count, each)) for rng in self._write_draws], axis=1)
        # Level 1 is four last bits of the parameter.
        return np.asarray(drawn * 2.0 ** (self.registers.update_noise + 1) * self.config.words.parameter.step)

    def run(self, steps: int) -> None:
        """Go on for some steps."""
        end = self.step + steps
        while self.step < end:
            self._run_block(min(self._block(), end - self.step))

    def _taken(self, count: int) -> tuple[Plan, npt.NDArray[Any], list[int], Ints, list[int]]:
        """The next steps: what they do, the codes that they use and which of them each one does, the same of
        samples.
        """
        todo = plan(self.config, self.registers, self.step, count)
        taken: npt.NDArray[Any] = self._take_codes(int(todo.code.sum()))
        code, code_at = in_turn(self._code, taken, todo.code)
        sample, sample_at = in_turn(self._sample, self._take_samples(int(todo.sample.sum())), todo.sample)
        self._code, self._sample = code[-1:], sample[-1:]
        self._perturbation += int(todo.code.sum())
        return todo, code, code_at, sample, sample_at

    def _run_block(self, count: int) -> None:
        todo, code, code_at, sample, sample_at = self._taken(count)
        sign = self._signs(code)
        if self.config.layerwise:
            number = np.arange(self._perturbation - len(code), self._perturbation)
            turns = LayerTurns(self.config, self.registers.tau_layer)(number)
            sign = sign * turns[:, None]
        every = spread(self.config, sign) if self.config.nodes else sign
        learns, perturbation = sign, every[:, :, None, :] * self._modes[:, None]
        if self.config.some_stuck:
            learns = sign * self.free
            if self.config.imperfections.stuck_kind != "shaken":
                perturbation = perturbation * self.free[:, None]
        x, target = self._columns(sample)
        x, target = x[:, :, None], target[:, :, None]
        noise = iter(self._cost_noise(count)) if self.registers.cost_noise else None
        written = iter(self._update_noise(int(todo.refresh.sum()))) if self.registers.update_noise else None
        for this_code, this_sample, fresh, reference, flush, refresh in zip(
            code_at, sample_at, todo.sample, todo.reference, todo.flush, todo.refresh, strict=True
        ):
            shaken = perturbation[this_code] if reference else perturbation[this_code][:, 1:]
            if self.halving is not None:
                shaken = shaken * 2.0**-self.halving.shift
            theta = self._visible[:, None, :] + shaken
            measured = self.network.cost(theta, x[this_sample], target[this_sample])[..., 0]
            if noise is not None:
                measured = measured + next(noise)[:, -measured.shape[1] :]
            if reference:
                self.baseline = measured[:, 0]
                if self.config.nodes:
                    self._inputs = self.network.inputs(theta[:, 0], x[this_sample][:, 0])
            self._measured(measured[:, -1], fresh)
            self.hold = self.hold + self._believed()
            if flush:
                hold = np.sign(self.hold) if self.config.sign_only else self.hold
                learn = learns[this_code]
                if self.config.nodes:
                    learn = self._outer(learn)
                self._move(-self.rate * self._per_rate * hold[:, None] * learn)
                self.hold = np.zeros_like(self.hold)
            if self.registers.weight_decay and refresh:
                self._move(self.theta * (self._kept - 1) * self.free)
            if written is not None and refresh:
                self._move(next(written) * self.free)
            if refresh:
                self._refresh()
                if self.annealing is not None and self.annealing.updated():
                    self.rate = 2.0**-self.annealing.shift
                if self.halving is not None and self.halving.updated() and not self.config.sign_only:
                    self._per_rate = self._per_rate * 2
            self.step += 1

    def _outer(self, sign: Floats) -> Floats:
        """Node by node: from the signs of neurons (R or 1, N) to those of parameters (R, P), ``s_i x_j``."""
        found, first = [], 0
        for layer, x in zip(self.config.shape.layers, self._inputs, strict=True):
            code = sign[:, first : first + layer.neurons]
            first += layer.neurons
            one = np.ones((len(x), 1))
            product = code[:, :, None] * np.concatenate([x, one], axis=1)[:, None, :]
            found.append(product.reshape(len(product), layer.parameters))
        return np.concatenate(found, axis=1)

    def _measured(self, cost: Floats, fresh: bool) -> None:
        """C~ of a cost, which is ``fresh`` if it is the first of its sample.

        Analog: ``C~ = a (C~ + C - C_before)``, where a fresh cost is its own C_before.
        """
        if self.config.analog:
            before = cost if fresh else self._before
            self.change = self._high_pass * (self.change + cost - before)
            self._before = cost
        else:
            self.change = cost - self.baseline

    def _believed(self) -> Floats:
        """C~ as far as the gate lets it through."""
        if not self.config.gated:
            return self.change
        step = self.config.words.cost_change.step
        limit, gate = self.registers.change_limit * step, self.registers.change_gate * step
        return np.where(np.abs(self.change) <= gate, 0.0, np.clip(self.change, -limit, limit))

    def _move(self, by: Floats) -> None:
        """Take in the update of a hold, or noise."""
        theta = np.maximum(np.minimum(self.theta + by, self._limit), -self._limit)
        if self.config.follow:
            self._gathered = self._gathered + (self.theta - theta)
        self.theta = theta

    def _refresh(self) -> None:
        """Show the network its new parameters.

        ``G = b e + (1 - b) G`` with the sum e of a window's estimates, then ``theta -= rate G``: the analog
        algorithm, or momentum ``v = e + (1 - b) v`` with ``theta -= (rate b) v``. The rate, which may
        change, has gone into e.
        """
        if not self.config.follow:
            self._visible = self.theta
            return
        low_pass = self._low_pass
        self.low_passed = low_pass * self._gathered + (1 - low_pass) * self.low_passed
        self._visible = self._visible - self.low_passed
        self._gathered = np.zeros_like(self._gathered)


class _Waves:
    """The textbook's sinusoids, ``sqrt(2) sin``, or square waves of +-1, with phases drawn at random."""

    def __init__(self, config: TrainerConfig, draws: Sequence[np.random.Generator]):
        self.frequency = np.array(config.codes.sinusoids.odds) / config.codes.sinusoids.period
        self.phase = np.array([rng.random(config.parameters) for rng in draws])
        self.square = config.perturbation.family == "square"
        self.step = 0

    def take(self, count: int) -> Floats:
        """The next ``count`` perturbations, in amplitudes: (count, R, P)."""
        step = np.arange(self.step, self.step + count)
        self.step += count
        sine = np.sin(2 * np.pi * (step[:, None, None] * self.frequency + self.phase))
        return np.where(sine < 0, -1.0, 1.0) if self.square else math.sqrt(2) * sine


class Backpropagation(_Learner):
    """R replicas of gradient descent by backpropagation, one random sample per step.

    Parameters are those of :class:`FloatMgd`; the times and the perturbation play no part.

    Attributes
    ----------
    theta : Floats
        (R, P).
    """

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int],
        *,
        samples: Dataset | None = None,
        devices: Sequence[int] | None = None,
        **changes: int,
    ):
        super().__init__(config, seeds, samples, devices, changes)

    def run(self, steps: int) -> None:
        """Go on for some steps."""
        end = self.step + steps
        while self.step < end:
            count = min(self._block(), end - self.step)
            x, target = self._columns(_draws(self._sample_draws, len(self.samples), count))
            for step in range(count):
                self._learn(x[step], target[step])
            self.step += count

    def _learn(self, x: Floats, target: Floats) -> None:
        """One sample: x (R, inputs, 1), target (R, outputs, 1)."""
        self.theta = self.theta - self.rate * self.network.gradient(self.theta, x, target)


def _draws(generators: Sequence[np.random.Generator], total: int, count: int) -> Ints:
    """Independent indices below ``total``: (count, R)."""
    return np.stack([rng.integers(0, total, count) for rng in generators], axis=1)
