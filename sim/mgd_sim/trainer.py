"""The whole trainer, bit for bit: many replicas at once, each with its own seeds.

Learning is a loop over steps that no array operation can skip, so a step costs a few dozen NumPy
calls whatever the number of replicas. All that does not depend on what was learned, which is when
to do what, codes and samples, is computed for a block of steps at a time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

import numpy as np

from mgd_hdl.config import LFSR, RECORDED, SEEDS, Registers, TrainerConfig

from .control.initializer import initial_parameters
from .control.judge import Judge
from .control.sequencer import in_turn, plan
from .cost.accumulator import Accumulator
from .cost.baseline import Baseline
from .cost.classifier import Classifier
from .cost.gate import Gate
from .cost.highpass import HighPass
from .cost.losses import loss
from .cost.noise import CostNoise
from .evaluate import Evaluation, evaluate
from .fixed import Bits, Flags, Ints
from .learn.annealing import Annealing
from .learn.array import Array
from .learn.cell import forward_weight, learning
from .learn.decay import Decay
from .learn.node import parts, spread
from .learn.update import Update
from .learn.update_noise import UpdateNoise
from .lfsr import States, states
from .network.mlp import Mlp
from .perturb.codes import codes, signs
from .perturb.layer_turn import layer_turns
from .samples.source import source
from .samples.stream import checked, task_samples
from .tasks import Dataset

__all__ = ["Record", "Trainer"]

#: Integers of codes in a block: enough to make its cost per step small, few enough for the cache.
_BLOCK = 1 << 19


class Record:
    """The states of a run, one row per step: arrays (steps, R), or (steps, R, number of them).

    They are the attributes that :data:`mgd_hdl.config.STATES` names; formats as in the circuit. Of what a
    trainer does not have there are zeros; where there would be several, none. ``sample`` is an index into
    ``Trainer.samples``, and ``flags`` are sticky.
    """

    def __init__(self, arrays: dict[str, Ints]):
        self.arrays = arrays

    @classmethod
    def empty(cls, config: TrainerConfig, steps: int, replicas: int) -> Record:
        """Room for a run of so many steps."""
        arrays = {}
        for state in RECORDED:
            count = state.count(config) if state.kept(config) else 0
            shape = (steps, replicas) if state.each == "step" else (steps, replicas, count)
            arrays[state.name] = np.zeros(shape, dtype=np.uint8 if state.is_small else np.int64)
        return cls(arrays)

    def keep(self, row: int, config: TrainerConfig, found: Mapping[str, Ints | Bits | int]) -> None:
        """The states of a step, by name."""
        for state in RECORDED:
            if state.kept(config):
                self.arrays[state.name][row] = found[state.name]

    def __getattr__(self, name: str) -> Ints:
        arrays: dict[str, Ints] = self.__dict__.get("arrays", {})
        if name not in arrays:
            raise AttributeError(f"a record has no {name}")
        return arrays[name]


class Trainer:
    """R trainers of one configuration, ready for step 0.

    Parameters
    ----------
    config : TrainerConfig
    seeds : sequence of int or Registers
        One per replica: the registers are ``config.registers(seed, **changes)``, or those given.
    samples : Dataset, optional
        For ``task.source = "stream"``: what comes through the port, in this order, repeated.
    perturbations : Ints, optional
        For external codes: what comes through their port, see :func:`mgd_sim.perturb.external.words`.
    devices : sequence of int, optional
        One for each replica, with imperfections of its own; by default all are ``imperfections.device``.
    **changes : int
        Run-time registers that differ from the configuration, such as ``tau_theta``.

    Attributes
    ----------
    step : int
        Steps done.
    samples : Dataset
        All samples; ``Record.sample`` points into it.
    array : Array
        Its ``theta`` and ``visible`` are (R, P).
    baseline, hold : Ints
        (R,), C0 and A.
    solved_at : Ints
        (R,), the step whose C0 brought the judge's verdict, or -1.
    """

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int | Registers],
        *,
        samples: Dataset | None = None,
        perturbations: Ints | None = None,
        devices: Sequence[int] | None = None,
        **changes: int,
    ):
        registers = [
            config.followed(seed) if isinstance(seed, Registers) else config.registers(seed, **changes)
            for seed in seeds
        ]
        for name in sorted(asdict(registers[0]).keys() - set(SEEDS)):
            if len({getattr(each, name) for each in registers}) > 1:
                raise ValueError(f"{name}: replicas differ in their seeds only, not in their {name}")

        def seed_of(name: str) -> States:
            return np.array([LFSR.valid(getattr(each, name)) for each in registers], dtype=np.uint32)

        activity = np.array([each.seed_sparse for each in registers], dtype=np.uint32)

        self.config = config
        self.registers = registers[0]
        self.samples = task_samples(config, samples)
        self.mlp = Mlp(config, devices)
        self.loss = loss(config)
        self.change = Baseline(config)
        self.noise = CostNoise(config, self.registers.cost_noise, seed_of("seed_cost_noise"))
        self.high_pass = HighPass(config, self.registers.high_pass, len(registers))
        self.accumulate = Accumulator(config)
        self.update = Update(config, self.registers.learning_shift)
        self.annealing = Annealing.of_rate(self.registers) if config.annealed else None
        self.halving = Annealing.of_amplitude(config, self.registers) if config.shrinks else None
        self.decay = Decay(config, self.registers.weight_decay, seed_of("seed_decay"))
        self.free = learning(config, devices)
        initial = initial_parameters(config, seed_of("seed_initial"))
        if config.imperfections.stuck_kind == "dead":
            initial = initial * self.free
        self.array = Array(config, initial)
        self.update_noise = UpdateNoise(
            config, self.registers.update_noise, seed_of("seed_update_noise"), seed_of("seed_noise_code")
        )
        self.codes = codes(config, seed_of("seed_code"), perturbations, activity)
        self.source = source(config, seed_of("seed_sample"), len(self.samples))
        self.dither = seed_of("seed_dither")

        self.step = 0
        self.baseline = np.zeros(len(registers), dtype=np.int64)
        self.hold = np.zeros(len(registers), dtype=np.int64)
        gate = (self.registers.change_limit, self.registers.change_gate)
        self.gate = Gate(*gate) if config.gated else None
        self.classifier = Classifier(config, len(registers)) if config.task.accuracy else None
        self.judge = Judge(config, len(registers)) if config.judged else None
        self.solved_at = np.full(len(registers), -1)
        self._saturated = np.zeros((3, len(registers)), dtype=np.bool_)
        # Step 0 takes the first of each; until then there is nothing to go on with.
        self._code = self.codes.take(0)
        self._sample = self.source.take(0)
        self._perturbation = 0  # how many there were
        self._inputs: list[Ints] = []  # node by node: of all layers, in the last reference
        # The two measurements of a step, in perturbations: C0 and C.
        self._modes = np.array([-1 if config.two_sided else 0, 1])
        self._block = max(16, _BLOCK // (len(registers) * max(config.parameters, config.inputs)))

    @property
    def replicas(self) -> int:
        """R."""
        return len(self.hold)

    @property
    def theta(self) -> Ints:
        """(R, P), T in ``config.words.parameter``."""
        return self.array.theta

    @property
    def visible(self) -> Ints:
        """(R, P), what the network sees of T, in ``config.words.visible``."""
        return self.array.visible

    @property
    def flags(self) -> Bits:
        """(R,), sticky: bit 0 cost_change saturated, bit 1 hold, bit 2 update."""
        flags: Bits = np.packbits(self._saturated, axis=0, bitorder="little")[0]
        return flags

    @property
    def current_sample(self) -> Ints:
        """(R,), the sample of the last step, an index into ``samples``; none before step 0."""
        shown: Ints = self._sample[-1]
        return shown

    def clone(self) -> Trainer:
        """An independent trainer in the same state."""
        return copy.deepcopy(self)

    def run(self, steps: int, record: bool = False) -> Record | None:
        """Go on for some steps; two runs in a row equal one long run.

        Parameters
        ----------
        steps : int
        record : bool
            Whether to keep all states.

        Returns
        -------
        Record or None
        """
        kept = Record.empty(self.config, steps, self.replicas) if record else None
        done = 0
        while done < steps:
            count = min(self._block, steps - done)
            self._run_block(count, kept, done)
            done += count
        return kept

    def _run_block(self, count: int, kept: Record | None, at: int) -> None:
        """``count`` steps, their states kept from row ``at`` on."""
        todo = plan(self.config, self.registers, self.step, count)
        code, code_at = in_turn(self._code, self.codes.take(int(todo.code.sum())), todo.code)
        sample, sample_at = in_turn(self._sample, self.source.take(int(todo.sample.sum())), todo.sample)
        self._code, self._sample = code[-1:], sample[-1:]
        self._perturbation += int(todo.code.sum())
        sign = signs(self.config, code)
        if self.config.layerwise:
            turns = layer_turns(
                self.config, self.registers.tau_layer, self._perturbation - len(code), len(code)
            )
            sign, code = sign * turns[:, None], code * turns[:, None].astype(np.uint8)
        shaken = spread(self.config, sign) if self.config.nodes else sign
        learns, perturbation = sign, shaken[:, :, None, :] * self._modes[:, None]
        if self.config.some_stuck:
            learns = sign * self.free
            if self.config.imperfections.stuck_kind == "still":
                perturbation = perturbation * self.free[:, None]
        # One sample for both measurements: (codes, R, 1, inputs or outputs, 1).
        x = self.samples.x[sample].astype(np.int64)[:, :, None, :, None]
        target = self.samples.target[sample].astype(np.int64)[:, :, None, :, None]
        # The dither moves on in every step: the circuit rounds a zero where nothing is flushed.
        dither = states(self.dither, count * self.update.dithered + 1)
        self.dither, words = dither[-1], iter(dither.astype(np.int64))
        written = None
        if self.config.update_noisy:
            written = zip(*self.update_noise.take(int(todo.refresh.sum())), strict=True)
        noise = self._noise(todo.reference) if self.config.cost_noisy else None
        thresholds = iter(self.decay.take(int(todo.refresh.sum()))) if self.config.decays else None

        what = np.stack([todo.sample, todo.reference, todo.flush, todo.refresh], axis=1).tolist()
        for row, this_code, this_sample, (fresh, reference, flush, refresh) in zip(
            range(at, at + count), code_at, sample_at, what, strict=True
        ):
            word = next(words) if self.update.dithered else 0
            seen, copied = self.array.visible, self.array.copy
            shaken = perturbation[this_code] if reference else perturbation[this_code][:, 1:]
            if self.halving is not None:
                shaken = shaken << (self.config.shrinks - self.halving.shift)
            activities = self.mlp.activities(self._weight(seen[:, None, :], shaken), x[this_sample])
            y = activities[-1]
            if self.config.nodes and reference:
                self._inputs = parts(self.config, [each[:, 0, :, 0] for each in activities[:-1]])
            measured = self.loss(y, target[this_sample])[..., 0]
            if noise is not None:
                measured = measured + next(noise)
            if reference:
                self.baseline = measured[:, 0]
                if self.classifier is not None:
                    self.classifier(y[:, 0, :, 0], target[this_sample][:, 0, :, 0])
                if self.judge is not None:
                    self.judge(self.baseline)
                    self.solved_at[self.judge.solved & (self.solved_at < 0)] = self.step
            cost = measured[:, -1]
            if self.config.analog:
                cost_change, limited_change = self.high_pass(cost, fresh)
            else:
                cost_change, limited_change = self.change(cost, self.baseline)
            believed = cost_change if self.gate is None else self.gate(cost_change)
            hold, limited_hold = self.accumulate(self.hold, believed)
            self.hold = hold
            self._saturated[0] |= limited_change
            self._saturated[1] |= limited_hold
            if flush:
                update, limited_update = self.update(hold, word)
                self._saturated[2] |= limited_update
                self.array.learn(update, learns[this_code], self._inputs)
                self.hold = np.zeros_like(hold)
            if thresholds is not None and refresh:
                self.array.decay(next(thresholds), self.decay.size, self.free)
            if written is not None and refresh:
                word_of_noise, sign_of_noise = next(written)
                self.array.learn(word_of_noise, sign_of_noise * self.free)
            if self.annealing is not None and refresh and self.annealing.updated():
                self.update.learning_shift = self.annealing.shift
            if self.halving is not None and refresh and self.halving.updated():
                self.update.halved = self.halving.shift
            self.array.end_step(self.step, refresh)
            self.step += 1
            if kept is not None:
                code_now = code[this_code]
                found: dict[str, Ints | Bits | int] = {
                    "sample": sample[this_sample],
                    "copy": copied,
                    "visible": seen,
                    "code": code_now & 1 if self.config.sparse else code_now,
                    "active": code_now >> 1,
                    "baseline": self.baseline,
                    "cost": cost,
                    "high_passed": self.high_pass.state,
                    "cost_change": cost_change,
                    "gated": believed,
                    "hold": hold,
                    "update": update if flush else 0,
                    "theta": self.array.theta,
                    "flags": self.flags,
                }
                if self.classifier is not None:
                    found["judged_count"] = self.classifier.judged_count
                    found["right_count"] = self.classifier.right_count
                if self.judge is not None:
                    found["solved"] = self.judge.solved.astype(np.uint8)
                kept.keep(row, self.config, found)

    def _weight(self, seen: Ints, shaken: Ints | int) -> Ints:
        """What the network multiplies; a dead parameter is zero."""
        weight = forward_weight(seen, shaken, self.config.words.fine_bits)
        if self.config.some_stuck and self.config.imperfections.stuck_kind == "dead":
            weight = weight * (self.free if weight.ndim == 2 else self.free[:, None])
        return weight

    def _noise(self, reference: Flags) -> Iterator[Ints]:
        """For each step what is added to its costs, (R, measurements), given which of them measure C0 too."""
        # References come before the perturbed cost of their step.
        there = np.stack([reference, np.full_like(reference, True)], axis=1)
        words = self.noise.take(np.broadcast_to([True, False], there.shape)[there])
        ends = np.cumsum(there.sum(axis=1)).tolist()
        return (words[end - 1 - two : end].T for end, two in zip(ends, reference.tolist(), strict=True))

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """How well the unperturbed network does, in the circuit's own arithmetic.

        Parameters
        ----------
        samples : Dataset, optional
            By default the whole task.

        Returns
        -------
        cost : ndarray
            (R,), mean over the samples of C.
        accuracy : ndarray
            (R,), share of samples answered right, see :func:`mgd_sim.evaluate.right`.
        """
        weight = self._weight(self.array.visible, 0)

        def measure(x: Ints, target: Ints) -> tuple[Ints, Ints]:
            y = self.mlp(weight, x)
            return y, self.loss(y, target)

        cost, accuracy = evaluate(
            measure,
            self.samples if samples is None else checked(self.config, samples),
            numbers_per_sample=self.replicas * max(layer.neurons for layer in self.config.shape.layers),
            half=self.config.levels.threshold,
            target_half=0.5 / self.config.formats.target.step,
        )
        return cost * self.config.words.cost.step, accuracy
