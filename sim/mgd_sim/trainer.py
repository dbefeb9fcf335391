"""The whole trainer, bit for bit: many replicas at once, each with its own seeds.

Learning is a loop over steps that no array operation can skip, so a step costs a few dozen calls whatever
the number of replicas. What does not depend on what was learned is prepared for a block of steps at a time
(:mod:`mgd_sim.prepare`); the rest is one pure function (:mod:`mgd_sim.step`), which long runs give to a
compiler
(:mod:`mgd_sim.compiled`).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import LFSR, RECORDED, SEEDS, Registers, TrainerConfig
from mgd_hdl.config.errors import Refused

from .compiled import Compiled, Library
from .control.access import written
from .control.initializer import initial_parameters
from .control.judge import Judged
from .cost.losses import Loss
from .evaluate import Evaluation, evaluate
from .features import links_of
from .fixed import Bits, Ints
from .learn.cell import learning
from .lfsr import States
from .link import Link, Setup, State
from .network.inference import checked_inputs, infer
from .network.mlp import Mlp
from .prepare import Drawn, Preparation
from .samples.stream import checked, task_samples
from .step import Step, flags, shown
from .store import Store
from .tasks import Dataset

__all__ = ["Record", "Saved", "Trainer"]


class Record:
    """The states of a run, one row per step: arrays (steps, R), or (steps, R, number of them).

    They are the attributes that :data:`mgd_hdl.config.STATES` names; formats as in the circuit. Of what a
    trainer does not have there are zeros; where there would be several, none. ``sample`` is an index into
    ``Trainer.samples``, and ``flags`` are sticky.
    """

    def __init__(self, arrays: dict[str, Ints], kept: Sequence[str]):
        self.arrays, self._kept = arrays, kept

    @classmethod
    def empty(cls, config: TrainerConfig, steps: int, replicas: int) -> Record:
        """Room for a run of so many steps."""
        arrays = {}
        for state in RECORDED:
            count = state.count(config) if state.kept(config) else 0
            shape = (steps, replicas) if state.each == "step" else (steps, replicas, count)
            arrays[state.name] = np.zeros(shape, dtype=np.uint8 if state.is_small else np.int64)
        return cls(arrays, [state.name for state in RECORDED if state.kept(config)])

    def keep(self, row: int, found: Mapping[str, Ints | Bits | int]) -> None:
        """The states of a step, by name."""
        for name in self._kept:
            self.arrays[name][row] = found[name]

    @property
    def shapes(self) -> dict[str, tuple[tuple[int, ...], Any]]:
        """Of what a step leaves here, by name: its shape, and the type of its numbers."""
        return {name: (self.arrays[name].shape[1:], self.arrays[name].dtype.type) for name in self._kept}

    def keep_block(self, row: int, found: Mapping[str, Ints]) -> None:
        """The states of several steps, from a row on."""
        for name in self._kept:
            self.arrays[name][row : row + len(found[name])] = found[name]

    def __getattr__(self, name: str) -> Ints:
        arrays: dict[str, Ints] = self.__dict__.get("arrays", {})
        if name not in arrays:
            raise AttributeError(f"a record has no {name}")
        return arrays[name]


class Saved(NamedTuple):
    """Where a trainer is; one of the same configuration and seeds goes on from there.

    Attributes
    ----------
    learned : State
        Arrays, see :class:`mgd_sim.link.State`.
    prepared : dict of str to dict
        Integers and arrays of what makes codes, samples and noise, by generator and name.
    """

    learned: State
    prepared: dict[str, dict[str, Any]]


def _seeds(registers: Sequence[Registers], name: str) -> States:
    """(R,), states of a random register."""
    return np.array([LFSR.valid(getattr(each, name)) for each in registers], dtype=np.uint32)


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
    library : Library
        What steps run on, see :mod:`mgd_sim.compiled`; it makes no difference but to speed.
    **changes : int
        Run-time registers that differ from the configuration, such as ``tau_theta``.

    Attributes
    ----------
    registers, each_registers : Registers, list of Registers
        Those of the first replica, which differ from those of others in their seeds only; and of each.
    devices, perturbations : list of int, Ints, or None
        As they were given.
    samples : Dataset
        All samples; ``Record.sample`` points into it.
    inputs : Preparation
        What makes codes and samples.
    take_step : Step
        The pure function of a step.
    compiled : Compiled
        The same function for long runs.
    """

    def __init__(
        self,
        config: TrainerConfig,
        seeds: Sequence[int | Registers],
        *,
        samples: Dataset | None = None,
        perturbations: Ints | None = None,
        devices: Sequence[int] | None = None,
        library: Library = "auto",
        **changes: int,
    ):
        if config.retries:
            raise Refused(
                [f"judge.retry = {config.judge.retry}: such trainers are made by mgd_sim.retry.trainer(...)"]
            )
        registers = [
            config.followed(seed) if isinstance(seed, Registers) else config.registers(seed, **changes)
            for seed in seeds
        ]
        for name in sorted(asdict(registers[0]).keys() - set(SEEDS)):
            if len({getattr(each, name) for each in registers}) > 1:
                raise ValueError(f"{name}: replicas differ in their seeds only, not in their {name}")

        seed_of = partial(_seeds, registers)
        activity = np.array([each.seed_sparse for each in registers], dtype=np.uint32)

        self.config = config
        self.registers, self.each_registers = registers[0], registers
        self.perturbations = perturbations
        self.devices = None if devices is None else list(devices)
        self.samples = task_samples(config, samples)
        setup = Setup(config, self.registers, len(registers), seed_of, learning(config, devices))
        links = links_of(setup)
        self.compiled = Compiled(setup, devices, library)
        self.take_step = self._step(setup, links, devices)
        self.inputs = Preparation(setup, links, self.take_step, self.samples, perturbations, activity)
        initial = initial_parameters(config, seed_of("seed_initial"))
        if config.imperfections.stuck_kind == "dead":
            initial = initial * setup.free
        self._state = self.take_step.start(initial)

    def _step(self, setup: Setup, links: Sequence[Link], devices: Sequence[int] | None) -> Step:
        setup.config.with_network()
        return Step(setup, links, devices)

    @property
    def replicas(self) -> int:
        """R."""
        return self.inputs.replicas

    @property
    def step(self) -> int:
        """Steps done."""
        return self.inputs.step

    @property
    def runs_on(self) -> str:
        """What the last steps ran on, for people to read."""
        return str(self.compiled)

    @property
    def mlp(self) -> Mlp:
        """The network."""
        return self.take_step.mlp

    @property
    def loss(self) -> Loss:
        """What makes C of outputs and targets."""
        return self.take_step.loss

    @property
    def store(self) -> Store:
        """The parameters, and what the network sees of them."""
        return self._state.store

    @property
    def theta(self) -> Ints:
        """(R, P), T in ``config.words.parameter``."""
        return self.store.theta.astype(np.int64)

    @property
    def visible(self) -> Ints:
        """(R, P), what the network sees of T, in ``config.words.visible``."""
        return self.store.visible.astype(np.int64)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """(R, P), the numbers that the network multiplies by where nothing is shaken."""
        return self.take_step.rest(self.visible) * np.float64(self.config.words.weight.step)

    @property
    def flags(self) -> Bits:
        """(R,), sticky: bit 0 cost_change saturated, bit 1 hold, bit 2 update."""
        return flags(self._state)

    @property
    def solved_at(self) -> Ints:
        """(R,), the step whose C0 brought the judge's verdict, or -1."""
        if "judge" not in self._state.links:
            return np.full(self.replicas, -1)
        return Judged(*self._state.links["judge"]).solved_at

    @property
    def current_sample(self) -> Ints:
        """(R,), the sample of the last step, an index into ``samples``; none before step 0."""
        shown: Ints = self.inputs.sample[-1]
        return shown

    @property
    def state(self) -> Saved:
        """Where the trainer is now; nothing that it does later changes that."""
        return Saved(self._state, copy.deepcopy(self.inputs.state))

    @property
    def limits(self) -> dict[str, Any]:
        """Between which the numbers of :attr:`state` stay, by the names and places of its arrays."""
        return {"learned": self.take_step.limits(), "prepared": self.inputs.limits}

    def restore(self, state: Saved) -> None:
        """Go on from where a trainer of the same configuration, seeds and registers was.

        Parameters
        ----------
        state : Saved
            From :attr:`state`.
        """
        ours, theirs = self.store.theta.shape, state.learned.store.theta.shape
        if ours != theirs or self.inputs.state.keys() != state.prepared.keys():
            raise ValueError(f"state: from a trainer of other options or sizes, {theirs} and not {ours}")
        self.inputs.state = copy.deepcopy(state.prepared)
        self._state = state.learned

    def hold(self, theta: Ints, seen: Ints | None = None) -> None:
        """Parameters from now on: T (R, P), and what the network sees of it, by default its upper bits.

        So is a circuit whose host has written them: all steps that have begun are done, and the next one
        measures its reference.
        """
        self._state = self._state._replace(store=self.take_step.copies.held(self.store, theta, seen))
        self.inputs.due = 1

    def write(self, theta: Ints) -> None:
        """The host writes T (R, P): see :func:`mgd_sim.control.access.written`."""
        self.hold(written(self.config, self.theta, theta, self.inputs.shaken.free != 0))

    def pause(self) -> None:
        """Stand still until all steps that have begun are done, which delayed updates notice. In a bank the
        next step sees other parameters then, and measures its reference.
        """
        self._state = self._state._replace(store=self.take_step.copies.paused(self.store))
        if self.config.sweeps_ahead and self.config.renewed:
            self.inputs.due = 1

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
        shapes = {} if kept is None else kept.shapes
        done = 0
        while done < steps:
            # After what a host has done a step may be of a kind that hardly ever comes.
            compiles = self.compiled.due(record) and not self.inputs.due
            size = self.compiled.size(shapes) if compiles else 1 if self.inputs.due else self.inputs.block
            drawn = self.inputs.draw(min(size, steps - done))
            if compiles and self.compiled.takes(drawn, record):
                self._state, found = self.compiled.run(self._state, drawn, self.inputs, shapes)
                if kept is not None:
                    kept.keep_block(done, found)
            else:
                self._interpret(drawn, done, kept)
            done += len(drawn.todo.code)
        return kept

    def _interpret(self, drawn: Drawn, done: int, kept: Record | None) -> None:
        """A block of steps in NumPy, recorded from row ``done`` on."""
        began, take = time.monotonic(), self.take_step
        for row, (inputs, code, sample) in enumerate(self.inputs.given(drawn), done):
            self._state, outputs = take(self._state, inputs)
            if kept is not None:
                self._keep(kept, row, outputs, code, sample)
        self.compiled.spent(time.monotonic() - began, kept is not None)

    def _keep(
        self, kept: Record, row: int, outputs: dict[str, npt.NDArray[Any]], code: Bits, sample: Ints
    ) -> None:
        """The states of a step that has just been done."""
        kept.keep(row, shown(self._state, outputs, code, sample, self.take_step.links))

    def infer(self, x: npt.NDArray[Any]) -> Ints:
        """What the network answers with its parameters at rest, as at the circuit's port; nothing changes.

        Parameters
        ----------
        x : ndarray
            (N, inputs), integers in ``config.formats.input``.

        Returns
        -------
        Ints
            (R, N, outputs) in the last layer's output format.
        """
        weight = self.take_step.rest(self.store.visible)
        return infer(self.mlp, weight, checked_inputs(self.config, x))

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
        weight = self.take_step.rest(self.store.visible)

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
