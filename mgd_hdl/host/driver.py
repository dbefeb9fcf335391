"""The driver: one object for a trainer behind a bus, in simulation, on a board, in a processor's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from mgd_sim.samples.stream import checked, no_samples
from mgd_sim.tasks import Dataset

from ..config import Mapped, MemoryMap, Registers, TrainerConfig, memory_map
from ..config.device_knobs import device_registers, device_settings
from ..config.errors import ConfigError, Refused
from ..config.memory_map import (
    ACCESS_FLAGS,
    IDENTIFICATION,
    VERSION,
)
from ..config.number import Format
from ..config.registers import SEEDS, as_asked, register_problems
from ..files import write_file
from .errors import AccessRefused, CircuitAtRest, HostError, NoAnswer, TooLong, WrongCircuit
from .framed import FramedLine
from .resuming import Part, Taken
from .serial_port import SerialPort
from .transport import Transport

__all__ = ["Circuit", "Standing", "connect"]

_Error = TypeVar("_Error", bound=HostError)
_Result = TypeVar("_Result")
Integers = npt.NDArray[np.int64]

_WORD = (1 << 32) - 1
#: Between two looks at a circuit that works: at first, and at most.
_SOON, _LATE = 0.001, 0.05
#: While samples are handed over, one look at the counters for so many at the status.
_GLANCES = 16
_COUNTERS = (
    *("steps_low", "steps_high", "samples", "judged_count", "right_count", "tries"),
    *("cost", "cost_high", "baseline", "baseline_high"),
    *("asked_count", "taken_count", "dropped_count"),
)


@dataclass(frozen=True)
class Standing:
    """Where a circuit is, as its registers tell; of what it does not have, None.

    Attributes
    ----------
    steps, samples : int
        Since the start.
    cost, baseline : float or None
        C and C0 of the last step that measured its cost.
    judged, right, tries : int or None
        Answers at rest, and right ones among them; tries since the start.
    solved, busy, running : bool
    asked, taken, dropped : int or None
        Measurements of a device outside that were begun, that gave a cost, and that were bad after all
        repeats; modulo 2**24.
    resting : bool
        The device failed too often, and no step begins.
    """

    steps: int
    samples: int
    cost: float | None
    baseline: float | None
    judged: int | None
    right: int | None
    tries: int | None
    solved: bool
    busy: bool
    running: bool
    asked: int | None = None
    taken: int | None = None
    dropped: int | None = None
    resting: bool = False


def connect(config: TrainerConfig, transport: Transport | str, *, patience: float = 10.0) -> Circuit:
    """The circuit behind a transport, once it has said that it is the one of this configuration.

    It stays as it is: whatever it is doing goes on.

    Parameters
    ----------
    config : TrainerConfig
    transport : Transport or str
        Text is the name of a serial port, at ``host.baud`` bits a second.
    patience : float
        Seconds without any progress after which waiting for the circuit ends; with a device outside beside
        all that a step may wait for it.

    Raises
    ------
    WrongCircuit
        Where something else answers: no trainer, another map, another configuration.
    HostError
        Any other, see :mod:`mgd_hdl.host.errors`.
    """
    if not isinstance(transport, str):
        return Circuit(config, transport, patience=patience)
    line = FramedLine(SerialPort(transport, config.host.baud))
    try:
        return Circuit(config, line, patience=patience)
    except BaseException:
        line.close()
        raise


class Circuit:
    """A trainer that was found by :func:`connect`, and answers to the names of its registers.

    Numbers are the integers of the circuit, as everywhere in the twin: parameters are T in
    ``config.words.parameter``, inputs are in ``config.formats.input``. After an error the circuit stands
    between two steps or goes on, and ``connect`` takes it up again.
    """

    def __init__(self, config: TrainerConfig, transport: Transport, *, patience: float = 10.0):
        self.config, self.transport, self.patience = config, transport, patience
        self.map: MemoryMap = memory_map(config)
        self._samples: Dataset | None = None
        self._next_sample = 0
        self._parts: tuple[Part, ...] = ()  # of the training before its last start
        self._refusals: set[str] = set()  # that the flags told of, and that are cleared there
        self._identify()

    def __enter__(self) -> Circuit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the transport; the circuit goes on with what it does."""
        self.transport.close()

    # ---- registers -------------------------------------------------------------------------------------

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Errors know the name of the register."""
        try:
            yield
        except HostError as error:
            if error.address is not None and not error.register:
                register = self.map.at(error.address & ~3)
                error.register = register.name if register is not None else ""
            raise

    def read(self, name: str) -> int:
        """A register's number."""
        register = self.map[name]
        # A read of a register that is there is refused where a window is not ready, and nowhere else.
        with self._named(), self._heard(name) if register.read_acts else nullcontext():
            return register.value(self.transport.read(register.address))

    def write(self, name: str, value: int) -> None:
        """Writes one, as it is; :meth:`set_knobs` is for knobs, and checks them."""
        with self._named(), self._heard(name):
            self.transport.write(self.map[name].address, value & _WORD)

    @contextmanager
    def _heard(self, name: str) -> Iterator[None]:
        """A refusal that a transport does not tell of is seen by the sticky flags, and raised here.

        Those that stood before are kept in mind, and cleared in the circuit.
        """
        if self.transport.tells_refusals:
            yield
            return
        self._take_refusals()
        yield
        if found := self._take_refusals():
            what = f"refused the access: {', '.join(sorted(found))}"
            raise self._error(AccessRefused, name, what)

    def _take_refusals(self) -> set[str]:
        """Sticky flags of refused accesses; they are no longer the circuit's but the driver's."""
        flags = self.map["flags"]
        found = self.transport.read(flags.address) & sum(flags.bit(name) for name in ACCESS_FLAGS)
        if not found:
            return set()
        self.transport.write(flags.address, found)
        names = {name for name in ACCESS_FLAGS if found & flags.bit(name)}
        self._refusals |= names
        return names

    def _read_all(self, names: Sequence[str]) -> dict[str, int]:
        """Registers by name, those side by side in one access."""
        found: dict[str, int] = {}
        for run in _runs([self.map[name] for name in names]):
            with self._named():
                words = self.transport.read_block(run[0].address, len(run))
            found |= {each.name: each.value(word) for each, word in zip(run, words, strict=True)}
        return found

    def _write_all(self, values: Mapping[str, int]) -> None:
        for run in _runs([self.map[name] for name in values]):
            words = [values[each.name] & _WORD for each in run]
            with self._named(), self._heard(run[0].name):
                self.transport.write_block(run[0].address, words)

    def _ask(self, *controls: str) -> None:
        self.write("control", sum(self.map["control"].bit(name) for name in controls))

    def _is(self, status: int, name: str) -> bool:
        return bool(status & self.map["status"].bit(name))

    def _error(self, kind: type[_Error], name: str, what: str) -> _Error:
        """About a register."""
        error = kind(what, self.transport.name, self.map[name].address)
        error.register = name
        return error

    def _identify(self) -> None:
        found = self._read_all(["id", "version", "hash_low", "hash_high"])

        if found["id"] != IDENTIFICATION:
            raise self._error(
                WrongCircuit,
                "id",
                f"no trainer is here: 0x{found['id']:08X} in place of 0x{IDENTIFICATION:08X}",
            )
        if found["version"] >> 16 != VERSION >> 16:
            theirs, ours = (f"{each >> 16}.{each & 0xFFFF}" for each in (found["version"], VERSION))
            raise self._error(
                WrongCircuit, "version", f"a register map of version {theirs}; this release reads {ours}"
            )
        theirs, ours = (
            f"0x{found['hash_high']:08X}{found['hash_low']:08X}",
            f"0x{self.map['hash_high'].reset:08X}{self.map['hash_low'].reset:08X}",
        )
        if theirs != ours:
            raise self._error(
                WrongCircuit,
                "hash_low",
                f"a trainer of another configuration, {theirs}; that of {self.config.name} is {ours}",
            )

    # ---- knobs -----------------------------------------------------------------------------------------

    @property
    def knobs(self) -> dict[str, int]:
        """The run-time registers that the circuit has, as they were written last."""
        return self._read_all([knob.name for knob in self.map.knobs])

    def set_knobs(self, **knobs: int) -> None:
        """Writes knobs: seeds are read at the next start, others at the border of the present step.

        Several at a time are taken together: steps stop for that moment.

        Raises
        ------
        ConfigError
            Where the circuit cannot follow, one line for each; nothing is written then.
        """
        problems = register_problems(self.config, as_asked(self.config) | self.knobs, knobs)
        if problems:
            raise ConfigError(problems)
        there = {name: int(value) for name, value in knobs.items() if name in self.map}
        if len(there.keys() - set(SEEDS)) > 1:
            with self._paused():
                self._write_knobs(there)
        else:
            self._write_knobs(there)

    def _write_knobs(self, values: Mapping[str, int]) -> None:
        self._write_all(values)
        for name, value in self._read_all(list(values)).items():
            if value != values[name]:
                raise self._error(HostError, name, f"{values[name]} was written, {value} is there")

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """Steps stand still; those that were still to come follow afterwards."""
        left = self.read("steps_left")
        running = self._is(self.read("status"), "running")
        if running:
            self.stop()
        try:
            yield
        finally:
            # With a limit, none left means that all were made before the stop.
            if running and (not left or self.read("steps_left")):
                self._ask("run")

    # ---- training --------------------------------------------------------------------------------------

    def start(self, seed: int | None = None, **knobs: int) -> None:
        """Begins anew: parameters are drawn, step 0 waits for :meth:`train` or :meth:`step`.

        Parameters
        ----------
        seed : int, optional
            By default the configuration's.
        **knobs : int
            Those that differ from the configuration; ConfigError where the circuit cannot follow.
        """
        self._begin(self.config.registers(seed, **knobs))
        self._parts = ()

    def _begin(self, registers: Registers) -> None:
        self._ask("stop")
        if not self.config.outside:  # which may never let a step come to its end
            self._rest()
        self._write_knobs({knob.name: getattr(registers, knob.name) for knob in self.map.knobs})
        self._write_all({"steps_left": 0})
        self._ask("start")
        self._next_sample = 0
        self._until(lambda status: not self._is(status, "busy"), "parameters are still being drawn")

    def stop(self) -> None:
        """No more steps begin; returns once those that have begun are done."""
        self._ask("stop")
        self._rest()

    def step(self, count: int = 1) -> Standing:
        """Makes so many steps."""
        return self.train(count)

    def train(
        self,
        steps: int | None = None,
        *,
        until_solved: bool = False,
        progress: Callable[[Standing], object] | None = None,
        samples: Dataset | None = None,
    ) -> Standing:
        """Lets the circuit learn, and waits.

        An interruption stops it between two steps, and so does an error in ``progress``; both go on upwards.
        So does :class:`mgd_hdl.host.CircuitAtRest` where a device outside failed too often: after
        :meth:`go_on` a further ``train`` goes on.

        Parameters
        ----------
        steps : int, optional
            Exactly so many, or with ``until_solved`` at most.
        until_solved : bool
            Until the circuit's judge is content and the driver has seen it; needs ``judge.kind = "window"``.
        progress : callable, optional
            Is given a :class:`Standing` now and then.
        samples : Dataset, optional
            For ``task.source = "stream"``: what the circuit gets from now on, in this order, repeated.

        Returns
        -------
        Standing
            At the end.
        """
        if steps is None and not until_solved:
            raise Refused(["steps: must be given, or until_solved"])
        if steps is not None and steps < 0:
            raise Refused([f"steps = {steps}: must be 0 or more"])
        if until_solved and self.config.judge.kind != "window":
            raise Refused(['until_solved: needs a judge in the circuit, judge.kind = "window"'])
        self._take_samples(samples)
        seen = self.look()
        left = _WORD + 1 if steps is None else steps
        if left and seen.resting:
            raise self._at_rest(seen)
        try:
            while left and not (until_solved and seen.solved):
                part = 0 if steps is None else min(left, _WORD)
                seen = self._run(part, until_solved, progress)
                left -= part
        except NoAnswer:
            raise
        except BaseException:
            with suppress(HostError):
                self._ask("stop")
            raise
        return seen

    def _take_samples(self, samples: Dataset | None) -> None:
        if samples is not None:
            self._needs("samples")
            self._samples, self._next_sample = checked(self.config, samples), 0
        elif self.config.given_cost and "sample_data" in self.map and self._samples is None:
            self._samples = no_samples(self.config)
        elif self.config.task.source == "stream" and self._samples is None:
            raise Refused(['samples: must be given, since task.source = "stream"'])

    def _run(self, steps: int, until_solved: bool, progress: Callable[[Standing], object] | None) -> Standing:
        """So many steps, or without end; returns when the circuit rests."""
        first = self.look()
        if self._samples is not None:
            self.write("sample_place", 0)
        self._write_all({"steps_left": steps})
        self._ask("run")
        pause, glance = _SOON, 0
        seen, moved = first, self.transport.time()
        while True:
            if self._hand_over():
                glance += 1
                if glance % _GLANCES:
                    continue
            else:
                self.transport.sleep(pause)
                pause = min(2 * pause, _LATE)
            before, seen = seen, self.look()
            if progress is not None:
                progress(seen)
            if seen.resting:
                raise self._at_rest(seen)
            if until_solved and seen.solved:
                self.stop()
                return self.look()
            if not seen.running and not seen.busy:
                self._rest()
                return self._made(first, steps)
            if seen.steps != before.steps or seen.samples != before.samples:
                moved = self.transport.time()
            elif self._is_late(moved):
                raise self._too_long("steps_low", f"no step is done: it stands at {seen.steps:,}")

    def _made(self, first: Standing, steps: int) -> Standing:
        """The end of so many steps."""
        seen = self.look()
        # A trainer that begins again by itself counts anew.
        if seen.steps != first.steps + steps and not self.config.retries:
            what = f"{seen.steps:,} in place of {first.steps + steps:,}: was it reset, or driven by another?"
            raise self._error(HostError, "steps_low", what)
        return seen

    def _hand_over(self) -> bool:
        """Gives the circuit the next sample, if it takes one."""
        if self._samples is None or not self._is(self.read("status"), "sample_ready"):
            return False
        number = self._next_sample % len(self._samples)
        numbers = [*self._samples.x[number].tolist(), *self._samples.target[number].tolist()]
        self._write_numbers("sample_data", numbers)
        self._next_sample += 1
        return True

    def look(self) -> Standing:
        """Where the circuit is."""
        found = self._read_all([name for name in _COUNTERS if name in self.map])

        def cost(name: str) -> float | None:
            if name not in found:
                return None
            high = found.get(f"{name}_high")
            whole = found[name] if high is None else high << 32 | found[name] & _WORD
            return self.config.words.measured.value(whole)

        status = self.read("status")
        return Standing(
            found["steps_high"] << 32 | found["steps_low"],
            found["samples"],
            cost("cost"),
            cost("baseline"),
            found.get("judged_count"),
            found.get("right_count"),
            found.get("tries"),
            **{name: self._is(status, name) for name in ("solved", "busy", "running")},
            asked=found.get("asked_count"),
            taken=found.get("taken_count"),
            dropped=found.get("dropped_count"),
            resting=self.config.outside and self._is(status, "resting"),
        )

    @property
    def flags(self) -> set[str]:
        """What was limited since the start, and what was refused, by name."""
        return set(self._raised("flags")) | self._refusals

    def _raised(self, name: str) -> list[str]:
        """The bits of a register that are high, by name."""
        found = self.read(name)
        return [field.name for field in self.map[name].fields if field.of(found)]

    def clear_flags(self) -> None:
        """All of them become 0."""
        self.write("flags", self.map["flags"].mask)
        self._refusals = set()

    def clear_counts(self) -> None:
        """Both counts of answers become 0."""
        self._ask("clear_counts")

    # ---- a device outside ----------------------------------------------------------------------------

    def _needs_device(self) -> None:
        if not self.config.outside:
            raise Refused([f'{self.config.name} has no device outside; it needs device.kind = "outside"'])

    @property
    def resting(self) -> bool:
        """The device failed too often: no step begins until :meth:`go_on` or :meth:`start`."""
        self._needs_device()
        return self._is(self.read("status"), "resting")

    def go_on(self) -> None:
        """Steps may begin again, with the parameters as they are; ``device_faults`` become none."""
        self._needs_device()
        self._ask("go_on")
        self._until(lambda status: not self._is(status, "resting"), "parameters still rest")

    @property
    def device_faults(self) -> set[str]:
        """What went wrong with the device since the start or the last :meth:`go_on`, by name."""
        self._needs_device()
        return set(self._raised("device_faults"))

    def clear_device_faults(self) -> None:
        """All of them become none; a device that rests goes on resting."""
        self._needs_device()
        self.write("device_faults", self.map["device_faults"].mask)

    @property
    def device(self) -> dict[str, Any]:
        """Those keys of [device] that are knobs of the circuit, as they were written last, in the file's
        units: seconds, readings as numbers.
        """
        self._needs_device()
        return device_settings(self.config, self.knobs)

    def set_device(self, **keys: Any) -> None:
        """Writes such keys as :meth:`set_knobs` does: ``set_device(settle=5e-6, average=4)``.

        Raises
        ------
        ConfigError
            Where a key or its value is none, or the circuit has no such register; nothing is written then.
        """
        self._needs_device()
        self.set_knobs(**device_registers(self.config, keys))

    def _at_rest(self, seen: Standing) -> CircuitAtRest:
        failed = self._failures or "faults that were cleared"
        what = f"the device failed too often: {failed}; parameters rest in step {seen.steps:,}"
        return self._error(CircuitAtRest, "status", f"{what}, go_on goes on, a start begins anew")

    @property
    def _failures(self) -> str:
        """What measurements failed in; what was clipped is believed."""
        return ", ".join(name for name in self._raised("device_faults") if not name.endswith("_clipped"))

    def _device_seconds(self) -> float:
        """The longest that a step may wait for a device, as its knobs are; what has no limit is not in it."""
        if not self.config.outside:
            return 0.0
        device = self.device
        one = device["pause"] + device["settle"] + device["average"] * (device["pause"] + device["time_out"])
        return float(2 * (1 + device["repeats"]) * one)

    # ---- waiting -----------------------------------------------------------------------------------------

    def _is_late(self, since: float) -> bool:
        """Whether nothing has happened for too long."""
        waited = self.transport.time() - since - self.patience
        return waited > 0 and waited > self._device_seconds()

    def _until(self, holds: Callable[[int], bool], what: str) -> int:
        """The status for which this holds."""
        pause, begun = 0.0, self.transport.time()
        while not holds(status := self.read("status")):
            if self._is_late(begun):
                raise self._too_long("status", what)
            self.transport.sleep(pause)
            pause = min(2 * pause + _SOON, _LATE)
        return status

    def _rest(self) -> None:
        """Nothing is under way. Where steps overlap, busy may be low for a moment: so we look twice."""
        quiet, steps = 0, -1

        def rests(status: int) -> bool:
            nonlocal quiet, steps
            before, steps = steps, self.read("steps_low")
            still = not self._is(status, "busy") and not self._is(status, "running") and steps == before
            quiet = quiet + 1 if still else 0
            return quiet == 2

        self._until(rests, "steps do not come to an end")

    def _too_long(self, name: str, what: str) -> TooLong:
        told = f"{what}, after {self.patience + self._device_seconds():g} s"
        if self.config.outside:
            told += f"; of the device: {self._failures or 'no fault'}"
        return self._error(TooLong, name, told)

    # ---- windows -----------------------------------------------------------------------------------------

    def _needs(self, window: str) -> None:
        data, asked = _WINDOWS[window]
        if data not in self.map and window == "inference" and self.config.outside:
            raise Refused([f"{self.config.name} has no network: its device outside is what answers"])
        if data not in self.map:
            raise Refused([f"{self.config.name} has no window onto {window}; it needs {asked}"])

    def _in_turn(self, ready: str, access: Callable[[], _Result]) -> _Result:
        """An access to a window as soon as it takes it. It is asked at once where a refusal is heard of."""
        if self.transport.tells_refusals:
            try:
                return access()
            except AccessRefused:
                if not self._forgiven():
                    raise
        self._until(lambda status: self._is(status, ready), f"{ready} does not come")
        return access()

    def _forgiven(self) -> bool:
        """Whether a window was not ready; then its flag is cleared, since that is no fault here."""
        not_ready = self.map["flags"].bit("not_ready")
        if "not_ready" in self._refusals:
            self._refusals.remove("not_ready")
        elif self.read("flags") & not_ready:
            self.write("flags", not_ready)
        else:
            return False
        self.write("interrupts", self.map["interrupts"].bit("fault"))
        return True

    def _write_numbers(self, name: str, values: Sequence[int]) -> None:
        """Into a window that is ready all numbers of a word, which it takes one after the other."""
        with self._named():
            words = [value & _WORD for value in values]
            with self._heard(name):
                self.transport.write_block(self.map[name].address, words, fixed=True)

    def _seek(self, index: int) -> None:
        """The window onto parameters goes to one, which it does not while it fetches another."""

        def is_there() -> bool:
            try:
                self.write("parameter_index", index)
            except AccessRefused:
                if not self._forgiven():
                    raise
                return False
            return self.read("parameter_index") == index

        self._until(lambda _status: is_there(), "parameter_index stays where it is")

    def parameters(self) -> Integers:
        """(P,), T of all, in ``config.words.parameter``; nothing changes. Needs ``engine.access``."""
        self._needs("parameters")
        self._seek(0)

        def one() -> int:
            return self.read("parameter_data")

        found = [self._in_turn("parameter_ready", one) for _ in range(self.config.parameters)]
        return np.array(found, np.int64)

    def set_parameters(self, theta: npt.ArrayLike) -> None:
        """The other way: T from now on, (P,) integers in ``config.words.parameter``.

        What a cell cannot hold becomes the nearest that it can, as in :meth:`mgd_sim.trainer.Trainer.write`.
        """
        self._needs("parameters")
        values = _integers("parameters", theta, (self.config.parameters,), self.config.words.parameter)
        self._seek(0)
        for value in values.tolist():
            self._in_turn("parameter_ready", partial(self.write, "parameter_data", value))
        # The last one is there when the next one is.
        self._until(lambda status: self._is(status, "parameter_ready"), "parameter_ready does not come")

    def infer(self, x: npt.ArrayLike) -> Integers:
        """What the network answers with its parameters at rest; nothing changes. Needs ``network.inference``.

        Parameters
        ----------
        x : ndarray
            (N, inputs), integers in ``config.formats.input``.

        Returns
        -------
        ndarray
            (N, outputs), integers in ``config.words.output``.
        """
        self._needs("inference")
        count = len(np.atleast_1d(x))
        inputs = _integers("x", x, (count, self.config.inputs), self.config.formats.input)
        register, outputs = self.map["output_data"], self.config.outputs
        answers = np.empty((count, outputs), np.int64)
        self._input_ready()
        self.write("input_place", 0)
        for row, given in enumerate(inputs.tolist()):
            self._write_numbers("input_data", given)
            self._input_ready()
            with self._named():
                words = self.transport.read_block(register.address, outputs, fixed=True)
            answers[row] = [register.value(word) for word in words]
        return answers

    def _input_ready(self) -> None:
        self._until(lambda status: self._is(status, "input_ready"), "input_ready does not come")

    # ---- to take along -------------------------------------------------------------------------------------

    @property
    def steps_before(self) -> int:
        """Of a training that was resumed, those that it had made until then."""
        return sum(part.steps for part in self._parts)

    def take(self) -> Taken:
        """The training so far, at the end of a window, up to which it goes on.

        It is reproducible where knobs are what they were at its start. Where another driver has resumed it,
        the parts before are unknown here.
        """
        self._needs("parameters")
        self.stop()
        knobs = self.knobs
        self.train(-self.look().steps % knobs["tau_theta"])
        last = Part(self.config.registers(**knobs), self.look().steps)
        return Taken((*self._parts, last), self.parameters())

    def checkpoint(self, path: Path | str, *, force: bool = False) -> Taken:
        """Writes it to a file, whole or not at all; ``force`` replaces one that exists."""
        taken = self.take()
        write_file(path, taken.data(self.config), force=force)
        return taken

    def resume(self, path: Path | str) -> Taken:
        """Starts with the parameters of such a file and with other seeds: :mod:`mgd_hdl.host.resuming`.

        C0, counters of annealing, of a judge and of answers, and a follower's copy begin anew. Steps are
        counted from this start on.
        """
        self._needs("parameters")
        taken = Taken.read(path, self.config)
        self._begin(taken.next_registers(self.config))
        self.set_parameters(taken.theta)
        self._parts = taken.parts
        return taken


#: Of each window the register of its data, and what to set so that a circuit has it.
_WINDOWS = {
    "parameters": ("parameter_data", 'engine.access = "yes"'),
    "samples": ("sample_data", 'task.source = "stream"'),
    "inference": ("input_data", 'network.inference = "yes"'),
}


def _integers(name: str, given: npt.ArrayLike, shape: tuple[int, ...], format: Format) -> Integers:
    """Integers of this shape in this format, or Refused."""
    array = np.asarray(given)
    if array.shape != shape:
        raise Refused([f"{name} has shape {array.shape}; it must be {shape}"])
    if array.size and (array.dtype.kind not in "iu" or array.min() < format.min or array.max() > format.max):
        raise Refused([f"{name} must hold integers within {format}: {format.min} to {format.max}"])
    return array.astype(np.int64)


def _runs(registers: Sequence[Mapped]) -> Iterator[list[Mapped]]:
    """Those at addresses that follow each other, together."""
    run: list[Mapped] = []
    for register in sorted(registers, key=lambda each: each.address):
        if run and register.address != run[-1].address + 4:
            yield run
            run = []
        run.append(register)
    if run:
        yield run
