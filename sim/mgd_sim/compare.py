"""Is the circuit what the twin says? Compares every state of every step, and shows the first difference."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import STATES, TrainerConfig, shown_states

from .compiled import Library
from .fixed import Ints
from .perturb.external import words
from .retry import Retrying, trainer
from .rtl import Design, RtlError, RtlTrainer
from .tasks import Dataset, judging
from .trainer import Record, Trainer

__all__ = ["Comparison", "Counted", "Difference", "Parts", "States", "compare", "first_difference", "states"]

States = Mapping[str, npt.NDArray[Any]]

#: What is compared, by name.
Parts = Mapping[str, Trainer | Retrying | RtlTrainer]


class Counted(NamedTuple):
    """Steps and states that were equal."""

    steps: int
    states: int


#: States of one chunk, all seeds together: much enough to cross into C++ rarely, little enough for memory.
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Difference:
    """A state in which the two differ."""

    step: int
    signal: str
    expected: int
    actual: int
    seed: int | None = None

    def __str__(self) -> str:
        seed = "" if self.seed is None else f" (seed {self.seed})"
        return f"step {self.step}{seed}: {self.signal} is {self.actual}, should be {self.expected}"


@dataclass(frozen=True)
class Comparison:
    """What was compared, and the first difference if there is one.

    ``states`` counts the compared integers and ``unequal`` those that differ, up to the end of the
    chunk of steps in which the first one was found. With samples from a file ``accuracy`` is that of
    each seed in the end, of the samples that are set aside if there are some.
    """

    name: str
    seeds: tuple[int, ...]
    steps: int
    states: int
    unequal: int
    difference: Difference | None
    clocks: int
    seconds_circuit: float
    seconds_twin: float
    accuracy: tuple[float, ...] = ()

    @property
    def equal(self) -> bool:
        return self.difference is None

    @property
    def _learned(self) -> str:
        if not self.accuracy:
            return ""
        median, least = statistics.median(self.accuracy), min(self.accuracy)
        return f"\n{self.name}: accuracy: median {median:.2%}, least {least:.2%}"

    def __str__(self) -> str:
        extent = (
            f"{self.steps} steps, {len(self.seeds)} seed{'s' * (len(self.seeds) > 1)}, {self.states} states"
        )
        if self.difference is None:
            return f"{self.name}: {extent}: circuit and twin are equal{self._learned}"
        return f"{self.name}: {self.difference}\n{self.name}: {extent}: {self.unequal} differ"


def _accuracy(config: TrainerConfig, twin: Trainer | Retrying) -> tuple[float, ...]:
    if not config.shape.task_data.file:
        return ()
    return tuple(twin.cost_and_accuracy(judging(config))[1].tolist())


def states(record: Record, replica: int = 0) -> dict[str, npt.NDArray[Any]]:
    """One replica's arrays of a record, the step as their first axis."""
    return {name: array[:, replica] for name, array in record.arrays.items()}


def first_difference(expected: States, actual: States, first_step: int = 0) -> Difference | None:
    """The earliest step's first state, in the order of ``STATES``, that is not the same in both.

    Names that only one of them has are not compared. Arrays must be of equal length; ``first_step``
    is the number of their first row.
    """
    best: Difference | None = None
    for name in (state.name for state in STATES):
        if name not in expected or name not in actual:
            continue
        right, found = expected[name], actual[name]
        if right.shape != found.shape:
            raise ValueError(f"{name}: shapes {right.shape} and {found.shape} cannot be compared")
        until = len(right) if best is None else best.step - first_step
        unequal = np.argwhere(right[:until] != found[:until])
        if len(unequal):
            row, *index = map(int, unequal[0])
            where = (row, *index)
            signal = name + "".join(f"[{i}]" for i in index)
            best = Difference(first_step + row, signal, int(right[where]), int(found[where]))
    return best


def compare(
    config: TrainerConfig,
    design: Design,
    steps: int,
    *,
    seeds: Sequence[int] | None = None,
    samples: Dataset | None = None,
    perturbations: Ints | None = None,
    build_dir: Path | None = None,
    trace: Path | None = None,
    stop: Callable[[int], bool] = lambda done: False,
    resume: Callable[[Parts], Counted] | None = None,
    keep: Callable[[Parts, Counted, bool], None] | None = None,
    library: Library = "auto",
    **changes: int,
) -> Comparison:
    """Runs circuit and twin side by side, until they differ or ``steps`` are done.

    Parameters
    ----------
    config : TrainerConfig
    design : Design
        Its circuit, from :func:`mgd_sim.rtl.trainer_design`.
    steps : int
    seeds : sequence of int, optional
        One circuit for each; by default the configuration's seed.
    samples : Dataset, optional
        For ``task.source = "stream"``, as for the twin.
    perturbations : Ints, optional
        For external codes, as for the twin.
    build_dir : Path, optional
        Where compiled libraries are kept.
    trace : Path, optional
        A waveform of the first seed's circuit.
    stop : callable
        Asked now and then, with the steps done so far, whether to end there.
    resume : callable, optional
        Puts twin and circuits where they were, and gives what had been compared by then.
    keep : callable, optional
        Told now and then, as long as all is equal, where they are; at the end with True.
    library : Library
        What the twin runs on, see :mod:`mgd_sim.compiled`.
    **changes : int
        Run-time registers that differ from the configuration, such as ``tau_theta``.
    """
    chosen = tuple(seeds) if seeds else (config.seed,)
    missing = {state.name for state in shown_states(config)} - set(design.arrays)
    if missing:
        raise RtlError(f"{design.top} does not show {', '.join(sorted(missing))}")
    twin = trainer(
        config,
        chosen,
        samples=samples,
        perturbations=perturbations,
        devices=None,
        library=library,
        **changes,
    )
    codes = None if perturbations is None else words(config, perturbations)
    chunk = max(1, _CHUNK // (2 * config.parameters * len(chosen)))
    done = count = unequal = 0
    holds = resume is not None or keep is not None
    difference: Difference | None = None
    seconds = np.zeros(2)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        circuits = [
            stack.enter_context(
                RtlTrainer(
                    config,
                    design,
                    config.registers(seed, **changes),
                    samples=samples,
                    codes=codes,
                    build_dir=build_dir,
                    trace=trace if number == 0 else None,
                    holds=holds,
                )
            )
            for number, seed in enumerate(chosen)
        ]
        parts: Parts = {"twin": twin, **{f"circuit_{number}": each for number, each in enumerate(circuits)}}
        if resume is not None:
            done, count = resume(parts)
        ended = False
        while done < steps and difference is None:
            ended = stop(done)
            if keep is not None:
                keep(parts, Counted(done, count), False)
            if ended:
                break
            size = min(chunk, steps - done)
            times = [time.perf_counter()]
            found = list(pool.map(lambda circuit, size=size: circuit.run(size), circuits))
            times.append(time.perf_counter())
            record = twin.run(size, record=True)
            times.append(time.perf_counter())
            seconds += np.diff(times)
            assert record is not None
            for replica, (seed, actual) in enumerate(zip(chosen, found, strict=True)):
                expected = states(record, replica)
                here = first_difference(expected, actual, done)
                if here is not None and (difference is None or here.step < difference.step):
                    difference = Difference(here.step, here.signal, here.expected, here.actual, seed)
                for name in expected.keys() & actual.keys():
                    count += actual[name].size
                    unequal += int(np.count_nonzero(expected[name] != actual[name]))
            done += size
        if keep is not None and difference is None and not ended:
            keep(parts, Counted(done, count), True)
        clocks = sum(circuit.model.clocks for circuit in circuits)
    return Comparison(
        name=config.name,
        seeds=chosen,
        steps=done,
        states=count,
        unequal=unequal,
        difference=difference,
        clocks=clocks,
        seconds_circuit=float(seconds[0]),
        seconds_twin=float(seconds[1]),
        accuracy=_accuracy(config, twin),
    )
