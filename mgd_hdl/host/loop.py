"""Train a device that you have: the learning is here, the device is yours, measured and never modelled."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_sim.checkpoint import Checkpoint, Checkpoints
from mgd_sim.control.initializer import initial_parameters
from mgd_sim.evaluate import Evaluation
from mgd_sim.fixed import Flags, Ints
from mgd_sim.loop import LoopTrainer
from mgd_sim.loop_retry import LoopRetrying
from mgd_sim.retry import registers_of
from mgd_sim.samples.stream import no_samples
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Record

from ..config import LFSR, Registers, TrainerConfig, Tries
from ..config.errors import Refused
from ..files import write_file
from ..process import ends_noted
from ..progress import Progress
from .faults import DeviceAtRest
from .outside import OutsideDevices
from .tracking import Tracked

__all__ = ["ChipInTheLoop"]

Floats = npt.NDArray[np.float64]


class ChipInTheLoop:
    """Trains any object with ``write(parameters)`` and ``read(inputs)`` or ``cost()``.

    Codes, words and rounding are the circuit's, so a deterministic device gives the same states here, in the
    twin and in a circuit. A device is an object with

    ``write(parameters)``
        (P,): numbers, or with ``device.dac_bits`` raw codes of its converters, integers. With
        ``device.sends = "apart"`` it is ``write(parameters, code)``: parameters at rest, and by how many
        amplitudes the device is to shake each, (P,): -1, 0 or 1, with words of code less than 2.
    ``read(inputs)``
        Outputs (outputs,) for the inputs (inputs,), which are numbers. Numbers, or with ``device.adc_bits``
        raw codes. With ``device.gives = "cost"`` there is ``cost()`` instead, which gives one.
    ``second()``
        With ``device.second_weight``: a second cost, such as power, of the last parameters.
    ``ready()``
        If it is there, it is asked after each ``write`` until it gives true.

    A device that says ``vectorised = True`` and has ``replicas``, the R of them in it, is given all at once:
    parameters (R, measurements, P) and inputs (R, inputs), and gives outputs (R, measurements, outputs) or
    costs (R, measurements). The measurements of a step are C0, if it is due, and C.

    Parameters
    ----------
    device
        One, or a list of R.
    config : TrainerConfig
        With ``device.kind = "outside"``.
    seeds : sequence of int or Registers, optional
        One for each device; by default the configuration's seed and those behind it.
    samples : Dataset, optional
        For ``task.source = "stream"``. A device that gives its own cost needs none.
    perturbations, changes
        As for :class:`mgd_sim.trainer.Trainer`.

    Attributes
    ----------
    trainer : LoopTrainer or LoopRetrying
        What learns.
    outside : OutsideDevices
        What measures; it counts faults.
    """

    def __init__(
        self,
        device: Any,
        config: TrainerConfig,
        seeds: Sequence[int | Registers] | None = None,
        *,
        samples: Dataset | None = None,
        perturbations: Ints | None = None,
        **changes: int,
    ):
        if not config.outside:
            raise Refused(
                [f'device.kind = "{config.device.kind}": must be "outside" for a device in the loop']
            )
        vectorised = bool(getattr(device, "vectorised", False))
        devices = [device] if vectorised or not isinstance(device, list | tuple) else list(device)
        replicas = int(device.replicas) if vectorised else len(devices)
        for each in devices:
            _methods(each, config)
        chosen = range(config.seed, config.seed + replicas) if seeds is None else seeds
        if not replicas or len(chosen) != replicas:
            raise Refused([f"{replicas} devices and {len(chosen)} seeds: must be one seed for each device"])
        if samples is None and config.given_cost and config.task.source == "stream":
            samples = no_samples(config)
        self.config = config
        self.outside = OutsideDevices(devices, config, replicas, vectorised)
        self.trainer: LoopTrainer | LoopRetrying
        if config.retries:  # of samples and codes that are drawn: others do not begin anew
            self.trainer = LoopRetrying(config, chosen, self.outside, **changes)
        else:
            self.trainer = LoopTrainer(
                config, chosen, self.outside, samples=samples, perturbations=perturbations, **changes
            )
        self._tries = np.ones(replicas, dtype=np.int64)

    # ---- where it is -----------------------------------------------------------------------------------

    @property
    def replicas(self) -> int:
        """R."""
        return self.trainer.replicas

    @property
    def step(self) -> int:
        """Steps done."""
        return self.trainer.step

    @property
    def parameters(self) -> Floats:
        """(R, P), as the devices are given them at rest, before any converter."""
        return self.trainer.weights

    @property
    def resting(self) -> Flags:
        """(R,), devices that failed too often."""
        return self.trainer.resting

    @property
    def mean_cost(self) -> Floats:
        """(R,), of the last run: the mean of the measured C."""
        return self.trainer.mean_cost

    @property
    def tries(self) -> Ints:
        """(R,), how often each device has begun, the present try among them."""
        return self.trainer.tries if isinstance(self.trainer, LoopRetrying) else self._tries

    def save(self, path: Path | str) -> None:
        """Write a checkpoint, an .npz that replaces the one of this name completely or not at all."""
        found = Checkpoint(self.config, {"verb": "loop", "tries": self._tries.tolist()})
        found.add("loop", self.trainer)
        write_file(path, found.data(), force=True)

    def resume(self, path: Path | str) -> None:
        """Go on from a checkpoint of the same configuration and seeds, written by another loop or this one.

        What the device itself remembers is not in it. Refused with one line where the file is another's.
        """
        file = Checkpoints(path, self.config)
        tries = np.asarray(file.more.get("tries"))
        if file.more.get("verb") != "loop" or tries.shape != (self.replicas,) or tries.dtype.kind != "i":
            file.refuse("is no checkpoint of these devices in the loop")
        file.put("loop", self.trainer)
        self._tries = tries

    def load(self, parameters: npt.ArrayLike) -> None:
        """Start from given parameters, such as some that were trained in software.

        Parameters
        ----------
        parameters : ndarray
            (P,) or (R, P), numbers; those beyond half the range of ``formats.parameter`` are limited to it.
        """
        words = self.config.words.parameter
        given = np.asarray(parameters, dtype=np.float64)
        if given.shape not in ((self.config.parameters,), (self.replicas, self.config.parameters)):
            shape = f"({self.config.parameters},), or ({self.replicas}, {self.config.parameters})"
            raise Refused([f"parameters have shape {given.shape}; it must be {shape}"])
        if not np.isfinite(given).all():
            raise Refused(["parameters must be finite numbers"])
        most = 1 << self.config.levels.rail
        theta = np.clip(np.floor(given / words.step), -most, most - 1).astype(np.int64)
        self.trainer.load(np.broadcast_to(theta, (self.replicas, self.config.parameters)))

    # ---- learning ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Devices that rest go on from their last good parameters."""
        self.trainer.start()

    def run(
        self,
        steps: int,
        *,
        record: bool = False,
        say: Callable[[str], None] | None = None,
        stop: Callable[[int], bool] = lambda step: False,
    ) -> Record | None:
        """Learn for some steps.

        Ctrl-C ends it after the present step, and a second one at once, as if that step had not begun;
        parameters are whole either way, and a further ``run`` goes on.

        Parameters
        ----------
        steps : int
        record : bool
            Whether to keep all states of all steps.
        say : callable, optional
            Is given a line now and then that tells how far it is.
        stop : callable
            Asked after each step, with all steps so far, whether to end there.

        Raises
        ------
        DeviceAtRest
            Where measurements failed so often in a row that no device is left.
        """
        if self.resting.all():
            raise DeviceAtRest(f"all devices rest in step {self.step}: start() goes on; {self.outside.told}")
        first, kept = self.step, None
        progress = Progress(say or (lambda line: None))
        progress.stage("learning", steps)
        with ends_noted() as asked:

            def goes_on(done: int) -> bool:
                return not (asked or stop(first + done))

            def seen(done: int) -> bool:
                progress.at(done)
                return goes_on(done)

            if say is None:
                kept = self.trainer.run(steps, record, goes_on)
            else:
                with progress:
                    kept = self.trainer.run(steps, record, seen)
        if asked:
            if asked.number == signal.SIGINT:
                raise KeyboardInterrupt
            sys.exit(asked.status)
        if self.resting.all():
            raise DeviceAtRest(
                f"{self.outside.told}; no good measurement in {self.config.device.give_up} steps in a row, up"
                f" to step {self.step - 1}; parameters rest at their last good values, start() goes on"
                + "".join(
                    f"; device {number} has not taken them"
                    for number in range(len(self.outside.devices))
                    if number not in self.outside.held
                )
            ) from self.outside.cause
        return kept

    def track(self, steps: int, window: int, *, retry: int = 0) -> Iterator[Tracked]:
        """Learn without end in sight, with a look every ``window`` steps: is the device followed?

        A device counts as solved while the mean of its measured costs is below ``judge.limit``, and as lost
        where it no longer is.

        Parameters
        ----------
        steps, window : int
        retry : int
            After so many looks in a row at a device that is not solved it begins anew, see
            :meth:`begin_again`. 0: never. With ``judge.retry`` devices do so by themselves until they are
            solved, and this must be 0.
        """
        if window < 1:
            raise Refused([f"window = {window}: must be 1 or more"])
        if retry and self.config.retries:
            raise Refused([f"retry = {retry}: must be 0 with judge.retry = {self.config.judge.retry}"])
        solved, looks = np.zeros(self.replicas, dtype=np.bool_), np.zeros(self.replicas, dtype=np.int64)
        end = self.step + steps
        while self.step < end:
            tries = self.tries.copy()
            self.run(min(window, end - self.step))
            before, solved = solved, self.mean_cost < self.config.judge.limit
            looks = np.where(solved, 0, looks + 1)
            again = (looks >= retry) if retry else self.tries > tries
            if retry and again.any():
                self.begin_again(again)
                looks = np.where(again, 0, looks)
            yield Tracked(self.step, self.mean_cost.copy(), solved, before & ~solved, again)

    def begin_again(self, which: Flags) -> None:
        """Other initial parameters for some devices: those of their next try, as ``judge.retry`` counts them.

        Codes and samples go on, and A and C0 are those of the new parameters. A device that rests stays so.
        """
        if self.config.retries:
            raise Refused([f"judge.retry = {self.config.judge.retry}: devices begin anew by themselves"])
        self._tries = self._tries + which
        seeded = Tries(self.config)
        tries = [
            registers_of(seeded, each, number)
            for each, number in zip(self.trainer.each_registers, self._tries.tolist(), strict=True)
        ]
        seeds = np.array([LFSR.valid(each.seed_initial) for each in tries], dtype=np.uint32)
        self.trainer.load(initial_parameters(self.config, seeds), which)

    def cost_and_accuracy(self, samples: Dataset | None = None) -> Evaluation:
        """How well the devices do at rest: (R,) each, see :meth:`LoopTrainer.cost_and_accuracy`."""
        return self.trainer.cost_and_accuracy(samples)


def _methods(device: Any, config: TrainerConfig) -> None:
    """Refuses what is no device of this configuration."""
    wanted = ["write", "cost" if config.given_cost else "read"] + ["second"] * config.second_cost
    missing = [name for name in wanted if not callable(getattr(device, name, None))]
    if missing:
        raise Refused([f"{type(device).__name__} has no {', '.join(missing)}: must have {', '.join(wanted)}"])
