"""The twin with a device in place of its network: same codes, words and rounding, and measurements may fail.

What is measured is not known beforehand, and may be nothing at all. A measurement that failed teaches
nothing: its C~ is 0, or, where it was a reference, that of all steps until the next one that did not fail. A
replica whose steps fail again and again comes to rest, with the parameters that good measurements have made,
and goes on from there when it is started. All of this is as the circuit does it, in every state.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig
from mgd_hdl.config.sections import GAIN_FRACTION

from .cost.highpass import HighPass, Passed
from .evaluate import Evaluation, right
from .fixed import Flags, Ints
from .link import Inputs, Link, Now, Setup, State
from .moves import COUNT, FLAG
from .samples.stream import checked
from .step import Step
from .tasks import Dataset
from .trainer import Record, Trainer

__all__ = [
    "OUTSIDE",
    "Kept",
    "LoopStep",
    "LoopTrainer",
    "Measured",
    "Meter",
    "Nothing",
    "Outside",
    "Tally",
    "Undone",
]

#: Under which name :attr:`mgd_sim.link.State.links` has what is kept of failures.
OUTSIDE = "outside"


class Measured(NamedTuple):
    """What a device gave for so many measurements of R replicas.

    Attributes
    ----------
    values : Ints
        (R, measurements, channels) in ``config.converters.reading``: outputs, or the one cost.
    second : Ints or None
        (R, measurements) in ``config.words.given_cost``: the second cost, if it counts.
    valid : Flags or None
        (R, measurements); None: all are. What is not valid may be any number.
    """

    values: Ints
    second: Ints | None
    valid: Flags | None


class Outside(Protocol):
    """What measures a device."""

    def __call__(
        self, weight: Ints, x: npt.NDArray[Any], resting: Flags | None = None, rows: Ints | None = None
    ) -> Measured:
        """Measurements of R replicas; those that rest are given their parameters and not measured.

        Parameters
        ----------
        weight : Ints
            (R, measurements, P) in ``config.words.weight``.
        x : ndarray
            (R, inputs), the numbers that ``formats.input`` stands for.
        resting : Flags or None
            (R,); None: none do.
        rows : Ints or None
            Whose these R are, where there are more: the others are not touched. None: of all.
        """
        ...

    def rest(self, weight: Ints, resting: Flags) -> None:
        """Those that rest are given their parameters, and nothing is measured.

        Parameters
        ----------
        weight : Ints
            (R, P) in ``config.words.weight``.
        resting : Flags
            (R,).
        """
        ...


class Kept(NamedTuple):
    """What is kept of failures.

    Attributes
    ----------
    referenced : Flags
        (R,), C0 is that of the present sample and parameters; analog, the high-pass has seen this sample.
    teaches : Flags
        (R,), the last step did.
    failures : Ints
        (R,), steps in a row with a measurement that failed.
    resting : Flags
        (R,), those that failed too often.
    """

    referenced: Flags
    teaches: Flags
    failures: Ints
    resting: Flags


def _rows(chosen: Flags, there: npt.NDArray[Any], otherwise: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Row by row of two arrays whose first axis is that of the replicas."""
    return np.where(chosen.reshape(-1, *(1,) * (there.ndim - 1)), there, otherwise)


class LoopStep(Step):
    """A step whose outputs, or whose cost, come from outside.

    Where nothing fails and nothing has failed it is the same as :class:`mgd_sim.step.Step`, to the bit.
    """

    def __init__(self, setup: Setup, links: Sequence[Link], devices: Sequence[int] | None, outside: Outside):
        super().__init__(setup, links, devices)
        config = setup.config
        self.outside = outside
        self.input_step = config.formats.input.step
        self.given_cost = config.given_cost
        self.give_up = setup.registers.device_give_up
        self.second_weight = setup.registers.device_second
        self.most = config.words.cost.max
        yes, no = np.ones(setup.replicas, dtype=np.bool_), np.zeros(setup.replicas, dtype=np.bool_)
        #: Where nothing has failed: this very object, so that it is found at once.
        self.whole = Kept(yes, yes, np.zeros(setup.replicas, dtype=np.int64), no)
        self.high_pass = HighPass(config, setup.registers.high_pass)

    def start(self, theta: Ints) -> State:
        state = super().start(theta)
        return state._replace(links={**state.links, OUTSIDE: self.whole})

    def started(self, state: State) -> State:
        """Those that rest go on, and failures are counted anew."""
        kept = Kept(*state.links[OUTSIDE])
        awake = kept._replace(failures=kept.failures * 0, resting=np.zeros_like(kept.resting))
        return state._replace(links={**state.links, OUTSIDE: awake})

    def limits(self) -> dict[str, Any]:
        found = super().limits()
        kept = dict(zip(Kept._fields, (FLAG, FLAG, COUNT, FLAG), strict=True))
        return {**found, "links": {**found["links"], OUTSIDE: kept}}

    def ready(self, x: Ints) -> npt.NDArray[Any]:
        return np.asarray(x * self.input_step)

    def __call__(self, state: State, inputs: Inputs) -> tuple[State, dict[str, npt.NDArray[Any]]]:
        there = state.links[OUTSIDE]
        if there is not self.whole and (resting := Kept(*there).resting).any():
            # The others' code goes on, and A is a sum along a code.
            state = state._replace(hold=state.hold * ~resting)
        after, outputs = super().__call__(state, inputs)
        if after.links[OUTSIDE] is self.whole:
            return after, outputs
        return self._mended(state, after, outputs)

    def outputs(self, now: Now, weights: Ints) -> list[Ints]:
        kept = now.links[OUTSIDE]
        resting = None
        if kept is not self.whole and (there := Kept(*kept).resting).any():
            resting = there
            rest = self.rest(now.before.store.visible)[:, None, :]
            weights = _rows(resting, np.broadcast_to(rest, weights.shape), weights)
        found = self.outside(weights, now.inputs.x[:, 0, :, 0], resting)
        if found.valid is not None or kept is not self.whole:
            now.links[OUTSIDE] = self._judged(now, Kept(*kept), found)
        if found.second is not None:
            now.outputs[OUTSIDE] = found.second  # until the first cost is there
        return [found.values[..., None]]

    def judged(self, now: Now, y: Ints) -> Ints:
        measured = y[..., 0, 0] if self.given_cost else super().judged(now, y)
        return self.both(measured, now.outputs.pop(OUTSIDE, None))

    def both(self, cost: Ints, second: Ints | None) -> Ints:
        """C of the first cost and the second, where there is one, limited to its format."""
        if second is None:
            return cost
        return np.minimum(cost + (second * self.second_weight >> GAIN_FRACTION), self.most)

    def _judged(self, now: Now, kept: Kept, found: Measured) -> Kept:
        """What is known after these measurements."""
        valid = np.ones(found.values.shape[:2], dtype=np.bool_) if found.valid is None else found.valid
        valid = valid & ~kept.resting[:, None]
        due = now.inputs.fresh if self.config.analog else now.inputs.reference
        referenced = valid[:, 0] if due else kept.referenced
        teaches = valid[:, -1] & (True if self.config.analog else referenced)
        failed = ~valid.all(axis=1) & ~kept.resting
        failures = np.where(failed, kept.failures + 1, kept.failures * kept.resting)
        resting = kept.resting | (failures >= self.give_up)
        return Kept(referenced & ~resting, teaches, failures, resting)

    def measure(self, now: Now) -> tuple[Ints, tuple[Ints, ...]]:
        measured, counted = super().measure(now)
        kept = cast(Kept, now.links[OUTSIDE])
        if kept is self.whole or self.config.analog:
            return measured, counted
        # C0 as it was, and C = C0: a C~ of zero, whatever noise was added.
        baseline = now.before.baseline
        if now.inputs.reference:
            baseline = np.where(kept.referenced, measured[:, 0], baseline)
        cost = np.where(kept.teaches, measured[:, -1], baseline)
        return (np.stack([baseline, cost], axis=1) if now.inputs.reference else cost[:, None]), counted

    def compare(self, now: Now, cost: Ints, baseline: Ints) -> tuple[Ints, Flags]:
        before = now.links.get("analog")
        change, limited = super().compare(now, cost, baseline)
        kept = cast(Kept, now.links[OUTSIDE])
        if kept is self.whole or before is None:
            return change, limited
        # A sample's first valid cost is blanked, whenever it comes.
        passed, blanked, limited_blanked = self.high_pass(Passed(*before), cost, True)
        late = kept.teaches & ~kept.referenced
        now.links["analog"] = Passed(
            *(_rows(late, *each) for each in zip(passed, now.links["analog"], strict=True))
        )
        change = np.where(kept.teaches, np.where(late, blanked, change), 0)
        now.outputs["high_passed"] = now.links["analog"][0]
        now.links[OUTSIDE] = kept._replace(referenced=kept.referenced | late)
        return change, np.where(late, limited_blanked, limited) & kept.teaches

    def _mended(
        self, before: State, after: State, outputs: dict[str, npt.NDArray[Any]]
    ) -> tuple[State, dict[str, npt.NDArray[Any]]]:
        """What listens to measurements has not heard those that failed; who rested does not change."""
        kept = Kept(*after.links[OUTSIDE])
        heard = kept.teaches if self.config.analog else kept.referenced
        links: dict[str, tuple[Any, ...]] = {}
        for name, then in after.links.items():
            if name == OUTSIDE or not then:
                links[name] = then
                continue
            mended = [_rows(heard, *each) for each in zip(then, before.links[name], strict=True)]
            links[name] = type(then)(*mended) if hasattr(then, "_fields") else tuple(mended)
            for field, value in zip(getattr(then, "_fields", ()), mended, strict=False):
                if field in outputs:
                    outputs[field] = value
        if self.config.analog:
            outputs["cost"] = np.where(heard, outputs["cost"], Passed(*before.links["analog"]).before)
        rested = Kept(*before.links[OUTSIDE]).resting
        if rested.any():
            moved, stood = after.store, before.store
            store = moved._replace(
                theta=_rows(rested, stood.theta, moved.theta),
                visible=_rows(rested, stood.visible, moved.visible),
                copy=_rows(rested, stood.copy, moved.copy),
            )
            after = after._replace(store=store)
            outputs["theta"] = store.theta
        fine = kept.referenced.all() and not kept.failures.any() and not kept.resting.any()
        links[OUTSIDE] = self.whole if fine else kept
        return after._replace(links=links), outputs

    def held(self, state: State, theta: Ints, which: Flags) -> State:
        """Some replicas have this T (R, P), their devices see it, and no change is summed up yet."""
        new, old = self.copies.start(theta), state.store
        store = old._replace(
            theta=_rows(which, new.theta, old.theta),
            visible=_rows(which, new.visible, old.visible),
            copy=_rows(which, new.copy, old.copy),
        )
        return state._replace(store=store, hold=state.hold * ~which)


class Undone(Exception):
    """Thrown into :meth:`LoopTrainer.advance`: the last step is taken back, and there will be no other."""


class Nothing:
    """In the place of a device that is not there."""

    def __init__(self, config: TrainerConfig):
        self.channels, self.second = config.converters.channels, config.second_cost

    def __call__(
        self, weight: Ints, x: npt.NDArray[Any], resting: Flags | None = None, rows: Ints | None = None
    ) -> Measured:
        values = np.zeros((*weight.shape[:2], self.channels), dtype=np.int64)
        return Measured(values, values[..., 0] if self.second else None, None)

    def rest(self, weight: Ints, resting: Flags) -> None:
        pass


@dataclass
class Tally:
    """Costs that were measured in steps.

    Attributes
    ----------
    total : Ints
        (R,), their sum, in ``config.words.cost``.
    counted : Ints
        (R,), how many there were.
    """

    total: Ints
    counted: Ints

    @classmethod
    def zero(cls, replicas: int) -> Tally:
        """Nothing measured yet."""
        return cls(np.zeros(replicas, dtype=np.int64), np.zeros(replicas, dtype=np.int64))

    def mean(self, config: TrainerConfig) -> npt.NDArray[np.float64]:
        """(R,) in floating point; NaN where there were none."""
        mean = np.where(self.counted > 0, self.total / np.maximum(self.counted, 1), np.nan)
        return np.asarray(mean * config.words.cost.step)


class Meter:
    """C of devices apart from all steps.

    Parameters
    ----------
    step : LoopStep
        Whose loss and costs these are.
    outside : Outside
        What measures all devices.
    samples : Dataset
    replicas : int
    """

    def __init__(self, step: LoopStep, outside: Outside, samples: Dataset, replicas: int):
        self.step, self.outside, self.config = step, outside, step.config
        self.samples, self.replicas = samples, replicas

    def cost_and_accuracy(self, rest: Ints, samples: Dataset | None = None) -> Evaluation:
        """How well the devices do with parameters at rest, sample by sample.

        Parameters
        ----------
        rest : Ints
            (R, P) in ``config.words.weight``.
        samples : Dataset, optional
            By default the whole task.

        Returns
        -------
        cost : ndarray
            (R,), mean over the samples of C; of a cost that the device gives, over as many measurements.
        accuracy : ndarray
            (R,), share of samples answered right; NaN where the device gives no outputs. What could not be
            measured is NaN too.
        """
        given = self.samples if samples is None else checked(self.config, samples)
        half, target_half = self.config.levels.threshold, 0.5 / self.config.formats.target.step
        cost, accuracy = np.zeros(self.replicas), np.zeros(self.replicas)
        for x, target in zip(given.x, given.target, strict=True):
            found, one = self._measured(rest[:, None, :], x, target)
            cost += one[:, 0]
            answers: npt.NDArray[Any] = np.full(self.replicas, np.nan)
            if not self.config.given_cost:
                wanted = target.astype(np.int64)[:, None]
                answers = right(found.values[:, 0, :, None], wanted, half=half, target_half=target_half)[:, 0]
            accuracy += np.where(np.isnan(one[:, 0]), np.nan, answers)
        return cost / len(given), accuracy / len(given)

    def costs(self, weight: Ints, sample: int) -> npt.NDArray[np.float64]:
        """C of some measurements (R, measurements) apart from all steps; NaN where there is none.

        Parameters
        ----------
        weight : Ints
            (R, measurements, P) in ``config.words.weight``.
        sample : int
            Which of ``samples`` is shown.
        """
        return self._measured(weight, self.samples.x[sample], self.samples.target[sample])[1]

    def judged(self, values: Ints, sample: int) -> npt.NDArray[np.float64]:
        """C (...,) of values (..., channels) that were measured of a sample, in floating point."""
        return np.asarray(self._cost(values, self.samples.target[sample]) * self.config.words.cost.step)

    def _cost(self, values: Ints, target: Ints) -> Ints:
        """C (...,) in its own words: the loss of outputs (..., channels), or the one cost."""
        if self.config.given_cost:
            return values[..., 0]
        cost: Ints = self.step.loss(values[..., None], target.astype(np.int64)[:, None])[..., 0]
        return cost

    def _measured(self, weight: Ints, x: Ints, target: Ints) -> tuple[Measured, npt.NDArray[np.float64]]:
        inputs = np.tile(x * self.step.input_step, (self.replicas, 1))
        found = self.outside(weight, inputs)
        cost = self._cost(found.values, target)
        cost = self.step.both(cost, found.second)
        if found.valid is not None:
            cost = np.where(found.valid, cost, np.nan)
        return found, np.asarray(cost * self.config.words.cost.step)


class LoopTrainer(Trainer):
    """R trainers of one configuration with ``device.kind = "outside"``, ready for step 0.

    Parameters
    ----------
    config : TrainerConfig
    seeds : sequence of int or Registers
        One for each replica.
    outside : Outside
        What measures their devices.
    samples, perturbations, changes
        As for :class:`mgd_sim.trainer.Trainer`.
    """

    take_step: LoopStep
    #: What was measured in the last run.
    tally: Tally
    #: C apart from all steps.
    meter: Meter

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int | Registers],
        outside: Outside,
        *,
        samples: Dataset | None = None,
        perturbations: Ints | None = None,
        **changes: int,
    ):
        self._outside = outside
        self.tally = Tally.zero(len(seeds))
        super().__init__(
            config,
            seeds,
            samples=samples,
            perturbations=perturbations,
            devices=None,
            library="numpy",
            **changes,
        )
        self.meter = Meter(self.take_step, outside, self.samples, self.replicas)

    def _step(self, setup: Setup, links: Sequence[Link], devices: Sequence[int] | None) -> Step:
        return LoopStep(setup, links, devices, self._outside)

    @property
    def resting(self) -> Flags:
        """(R,), those whose device failed too often in a row."""
        return Kept(*self._state.links[OUTSIDE]).resting

    def start(self) -> None:
        """Those that rest go on with their parameters, from the next reference or sample on."""
        self._state = self.take_step.started(self._state)

    def clone(self) -> LoopTrainer:
        """A trainer in the same state, and without the device: all that it measures is zero."""
        return copy.deepcopy(self, {id(self._outside): Nothing(self.config)})

    def load(self, theta: Ints, which: Flags | None = None) -> None:
        """Other parameters from now on: T, and what the devices see of it.

        They have A = 0 and no C0: they learn from the next reference on, which is that of the next step where
        all are loaded. Those that rest have them as their last good ones. Whatever is not loaded stays as it
        was, to the bit.

        Parameters
        ----------
        theta : Ints
            (R, P), in ``config.words.parameter``.
        which : Flags, optional
            (R,), which take them; by default all.
        """
        chosen = np.ones(self.replicas, dtype=np.bool_) if which is None else which
        state = self.take_step.held(self._state, theta, chosen)
        kept = Kept(*state.links[OUTSIDE])
        kept = kept._replace(referenced=kept.referenced & ~chosen)
        self._state = state._replace(links={**state.links, OUTSIDE: kept})
        if chosen.all():
            self.inputs.due = 1
        if (loaded := kept.resting & chosen).any():
            self._outside.rest(self.rest, loaded)

    @property
    def rest(self) -> Ints:
        """(R, P), what the devices are given at rest, in ``config.words.weight``."""
        return self.take_step.rest(self.store.visible)

    def run(
        self, steps: int, record: bool = False, goes_on: Callable[[int], bool] = lambda done: True
    ) -> Record | None:
        """Go on for some steps, or until all rest.

        Whatever ends a run, a step has been done or it has not: what is raised in a measurement leaves the
        trainer as it was before the step.

        Parameters
        ----------
        steps : int
        record : bool
            Whether to keep all states; then rows of steps that were not done are zeros.
        goes_on : callable
            Asked after each step, with the steps done, whether to go on.
        """
        kept = Record.empty(self.config, steps, self.replicas) if record else None
        with contextlib.closing(self.advance(steps, kept)) as advance:
            for done in advance:
                if self._state.links[OUTSIDE] is not self.take_step.whole and self.resting.all():
                    self._outside.rest(self.rest, self.resting)
                    break
                if not goes_on(done):
                    break
        return kept

    def advance(self, steps: int, kept: Record | None = None) -> Generator[int]:
        """Up to so many steps, one for each ``next``, which gives how many are done; close it in the end."""
        take, done, prepared = self.take_step, 0, copy.deepcopy(self.inputs.state)
        tally = self.tally = Tally.zero(self.replicas)
        whole = 0  # steps in which nothing had failed
        try:
            for inputs, code, sample in self.inputs.take(steps):
                before = self._state
                self._state, outputs = take(before, inputs)
                done += 1
                if (there := self._state.links[OUTSIDE]) is take.whole:
                    tally.total += outputs["cost"]
                    whole += 1
                else:
                    teaches = Kept(*there).teaches
                    tally.total += outputs["cost"] * teaches
                    tally.counted += teaches
                if kept is not None:
                    self._keep(kept, done - 1, outputs, code, sample)
                try:
                    yield done
                except Undone:
                    self._state, done = before, done - 1
                    raise
        finally:
            tally.counted += whole
            if done < steps:
                # More was prepared than has been done.
                self.inputs.state = prepared
                self.inputs.skip(done)

    @property
    def mean_cost(self) -> npt.NDArray[np.float64]:
        """(R,), of the last run: the mean of C as it was measured, NaN where it never was."""
        return self.tally.mean(self.config)

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """How well the devices do with parameters at rest, see :meth:`Meter.cost_and_accuracy`."""
        return self.meter.cost_and_accuracy(self.rest, samples)
