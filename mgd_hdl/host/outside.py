"""Measuring devices outside: each measurement is written, settled, read, checked, repeated if it is bad."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_sim.converters import In, Out
from mgd_sim.fixed import Flags, Ints
from mgd_sim.loop import Measured

from ..config import TrainerConfig
from ..config.errors import one_line
from .faults import FAULTS, Fault, Pause
from .worker import Worker

__all__ = ["OutsideDevices"]

_Array = npt.NDArray[Any]
#: What ``write`` is called with.
_Given = tuple[_Array, ...]
#: Faults that are found in what was read.
_OF_READINGS = ("not a number", "out of range", "glitch", "stuck")
_KIND = {kind: number for number, kind in enumerate(FAULTS)}
#: Between two questions whether a device is ready.
_ASK_SECONDS = 1e-4


class OutsideDevices:
    """Devices as :class:`mgd_sim.loop.Outside` wants them.

    Parameters
    ----------
    devices : sequence
        One for each replica; or one for all, with ``vectorised``.
    config : TrainerConfig
    replicas : int
    vectorised : bool

    Attributes
    ----------
    faults : dict of str to Ints
        How often there was each kind of :data:`mgd_hdl.host.faults.FAULTS`, (R,) each; tries that were
        repeated are counted too.
    dropped : Ints
        (R,), measurements that were bad after all repeats.
    clipped : dict of str to Flags
        ``parameters`` and ``readings``: where a converter or a format was at its limit, sticky, (R,) each. A
        second cost is a reading.
    told : str
        What the last fault was.
    cause : BaseException or None
        The exception that it was, if it was one.
    held : dict of int to ndarray
        What each device that rests has taken as its parameters at rest, by its number; those that could not
        be written are not in it.
    """

    def __init__(self, devices: Sequence[Any], config: TrainerConfig, replicas: int, vectorised: bool):
        self.devices, self.config, self.replicas, self.vectorised = devices, config, replicas, vectorised
        self.device = config.device
        self.out, self.back = Out(config), In(config)
        self.cost, self.second = config.given_cost, config.second_cost
        self.channels = config.converters.channels
        self.second_format = config.words.given_cost
        self._workers = [Worker() if config.device.time_out else None for _ in devices]
        self._calls = [
            _calls(device, config, worker) for device, worker in zip(devices, self._workers, strict=True)
        ]
        self._shape = () if self.cost else (self.channels,)
        self._waits = (self.device.pause, self.device.settle, self.device.average)
        #: Whether every finite reading is.
        device = self.device
        checks = self.second or self.back.converter or device.legal or device.spread or device.stuck
        self.believed = not checks
        #: What is believed; of codes as the circuit has it, in whole last bits of a reading.
        self._legal, self._spread = device.legal, device.spread
        if self.back.converter is not None:
            step, limits = config.converters.reading.step, config.converters
            self._legal = (limits.legal[0] * step, limits.legal[1] * step)
            self._spread = limits.spread * step
        self.faults: dict[str, Ints] = {kind: np.zeros(replicas, dtype=np.int64) for kind in FAULTS}
        self.dropped = np.zeros(replicas, dtype=np.int64)
        self._of_all, self._of_some = 0, np.zeros(replicas, dtype=np.int64)  # measurements
        self.clipped = {name: np.zeros(replicas, dtype=np.bool_) for name in ("parameters", "readings")}
        self.told, self.cause = "", None  # type: tuple[str, BaseException | None]
        self.held: dict[int, _Array] = {}
        # Of the last measurement that could be read at once: the sums of its readings, NaN for none, and for
        # how many they have been the same; and these as they were after the last first try of each one.
        self._seen = np.full((replicas, self.channels), np.nan)
        self._same = np.zeros(replicas, dtype=np.int64)
        self._tried = (self._seen[:, None], self._same[:, None])
        self._last = np.zeros((replicas, config.parameters), dtype=np.int64)  # words that were written last

    @property
    def measurements(self) -> Ints:
        """(R,), measurements that were asked of each replica."""
        return self._of_some + self._of_all

    @measurements.setter
    def measurements(self, count: Ints) -> None:
        self._of_all, self._of_some = 0, count

    # ---- measurements --------------------------------------------------------------------------------

    def __call__(
        self, weight: Ints, x: npt.NDArray[Any], resting: Flags | None = None, rows: Ints | None = None
    ) -> Measured:
        if rows is None:
            self._last = weight[:, -1]
            return self._measured(weight, x, resting, None)
        # All at once, as devices in one call want it; those that are not asked stay as they were set.
        among = np.zeros(self.replicas, dtype=np.bool_)
        among[rows] = True
        words = np.repeat(self._last[:, None], weight.shape[1], axis=1)
        words[rows] = weight
        inputs = np.zeros((self.replicas, x.shape[1]))
        inputs[rows] = x
        rests = np.zeros(self.replicas, dtype=np.bool_)
        rests[rows] = resting if resting is not None else False
        self._last = words[:, -1]
        values, second, valid = self._measured(words, inputs, rests if rests.any() else None, among)
        return Measured(
            values[rows],
            None if second is None else second[rows],
            None if valid is None or valid[rows].all() else valid[rows],
        )

    def _measured(
        self, weight: Ints, x: npt.NDArray[Any], resting: Flags | None, among: Flags | None
    ) -> Measured:
        """Measurements of all, or of those that are among these replicas."""
        given, limited = self.out(weight)
        if limited is not None and limited.any():
            self.clipped["parameters"] |= limited.any(axis=(1, 2))
        replicas, measurements = weight.shape[:2]
        asked = among
        if self.held:
            asking = np.ones(replicas, dtype=np.bool_) if among is None else among
            awake = asking if resting is None else asking & ~resting
            self.held = {number: there for number, there in self.held.items() if not awake[number]}
        if resting is not None:
            if not self.vectorised:  # those are written with the others
                self._rest(tuple(each[:, 0] for each in given), resting)
            asked = ~resting if among is None else among & ~resting
        wanted = None if asked is None else np.repeat(asked[:, None], measurements, axis=1)
        if asked is None:
            self._of_all += measurements
        else:
            self._of_some += measurements * asked
        raw = np.zeros((replicas, measurements, self.device.average, self.channels))
        second = np.zeros((replicas, measurements)) if self.second else None
        measure = self._together if self.vectorised else self._one_by_one
        bad = measure(given, x, raw, second, wanted)
        valid = None
        if bad is not None:
            self.dropped += bad.sum(axis=1)
            valid = ~bad
        if wanted is not None:
            valid = wanted if valid is None else valid & wanted
        if valid is not None:
            raw[~valid] = 0
        values, at_limit = self.back(raw)
        if at_limit is not None and at_limit.any():
            seen: Flags = np.any(at_limit, axis=-1)
            if valid is not None:
                seen = seen & valid
            self.clipped["readings"] |= seen.any(axis=1)
        counted = None
        if second is not None:
            scaled = np.rint(np.where(np.isfinite(second), second, 0) / self.second_format.step)
            counted = np.clip(scaled, 0, self.second_format.max).astype(np.int64)
            # The highest number stands for all beyond it.
            ends = (counted == self.second_format.max) | (scaled < 0)
            if ends.any():
                self.clipped["readings"] |= (ends if valid is None else ends & valid).any(axis=1)
        return Measured(values, counted, valid)

    def _together(
        self, given: _Given, x: _Array, raw: _Array, second: _Array | None, wanted: Flags | None
    ) -> Flags | None:
        """Takes measurements, all or those that are wanted, in one call; again those that are bad. Tells
        which remain so, or None.
        """
        bad = wanted
        for again in range(1 + self.device.repeats):
            kind = self._one(0, (), given, x, raw, second, bad)
            # The sum is finite only if all readings are, and found in one call.
            if kind < 0 and self.believed and math.isfinite(np.add.reduce(raw, axis=None)):
                return None
            bad = self._bad(0, raw, second, np.full(raw.shape[:2], kind), bad, again > 0)
            if bad is None:
                return None
        return bad

    def _one_by_one(
        self, given: _Given, x: _Array, raw: _Array, second: _Array | None, wanted: Flags | None
    ) -> Flags | None:
        """The same with a call for each measurement, which is over before the next one begins, as in the
        circuit.
        """
        left: Flags | None = None
        measurements = raw.shape[1]
        # Of single readings, what they are is found by their number in all.
        single = self.believed and raw.size == raw.shape[0] * measurements
        for replica in range(raw.shape[0]):
            inputs = x[replica]
            for measurement in range(measurements):
                at = (replica, measurement)
                if wanted is not None and not wanted[at]:
                    continue
                mine = tuple([each[at] for each in given])
                for again in range(1 + self.device.repeats):
                    kind = self._one(replica, at, mine, inputs, raw, second, None)
                    if single and kind < 0 and math.isfinite(raw.item(replica * measurements + measurement)):
                        break
                    if self._is_good(at, raw, second, kind, again > 0):
                        break
                else:
                    left = np.zeros(raw.shape[:2], dtype=np.bool_) if left is None else left
                    left[at] = True
        return left

    def _is_good(
        self, at: tuple[int, int], raw: _Array, second: _Array | None, kind: int, again: bool
    ) -> bool:
        """Whether a measurement is, which had this number of a fault or none; found soon where nothing is
        wrong.
        """
        if kind < 0 and self.believed and math.isfinite(np.add.reduce(raw[at], axis=None)):
            return True
        replica, measurement = at
        rows = (slice(replica, replica + 1), slice(measurement, measurement + 1))
        other = None if second is None else second[rows]
        return self._bad(replica, raw[rows], other, np.full((1, 1), kind), None, again) is None

    def _bad(
        self, first: int, raw: _Array, second: _Array | None, kinds: Ints, wanted: Flags | None, again: bool
    ) -> Flags | None:
        """Which measurements are bad, from what they are and what they failed in; counted and told. They are
        of the replicas from ``first`` on.
        """
        self._believable(raw, second, kinds)
        if self.device.stuck:
            self._enter(
                kinds, self._stuck(slice(first, first + len(raw)), raw, kinds, wanted, again), "stuck"
            )
        bad: Flags = kinds >= 0
        if wanted is not None:
            bad &= wanted
        if not bad.any():
            return None
        for row, measurement in np.argwhere(bad).tolist():
            kind, replica = FAULTS[kinds[row, measurement]], first + row
            self.faults[kind][replica] += 1
            if kind in _OF_READINGS:
                shown = one_line(str(raw[row, measurement].tolist()), 60)
                self.told, self.cause = f"device {replica}: {kind}: {shown}", None
        return bad

    def _one(
        self,
        number: int,
        at: tuple[int, ...],
        given: _Given,
        x: _Array,
        raw: _Array,
        second: _Array | None,
        wanted: Flags | None,
    ) -> int:
        """What a device is asked for goes where it belongs; or the number of what it failed in, else -1."""
        try:
            readings, other = self._asked(number, given, x)
        except Fault as fault:
            kind, self.cause, told = fault.kind, fault.__cause__, str(fault)
        except Exception as error:
            kind, self.cause = "exception", error
            told = f"exception: {type(error).__name__}: {error}"
        else:
            if wanted is None:
                raw[at] = readings
                if second is not None:
                    second[at] = other
            else:
                raw[wanted] = readings[wanted]
                if second is not None:
                    second[wanted] = other[wanted]
            return -1
        self.told = one_line(told if self.vectorised else f"device {number}: {told}", 200)
        return _KIND[kind]

    def _asked(self, number: int, given: _Given, x: _Array) -> tuple[_Array, Any]:
        """The readings of one call, (..., readings, channels) or all of these, and the second cost."""
        write, ready, read, second = self._calls[number]
        measurements = given[0].shape[:-1]
        shape = measurements + self._shape
        left, settle, average = self._waits
        while True:
            try:
                write(*given)
                if settle:
                    time.sleep(settle)
                if ready is not None:
                    left = self._until_ready(ready, left)
                found = [self._array(read(x), shape)]
                for _ in range(average - 1):
                    found.append(self._array(read(x), shape))
                other = None if second is None else self._array(second(), measurements)
            except Pause as pause:
                left = self._paused(pause, left)
            else:
                if len(found) == 1:  # as it mostly is: no array is made
                    first = found[0][..., None] if self.cost else found[0]
                    return first[..., None, :] if measurements else first, other
                readings = np.stack(found, axis=len(measurements))
                return (readings[..., None] if self.cost else readings), other

    def _until_ready(self, ready: Callable[[], Any], left: float) -> float:
        """Waits, and gives the seconds that are left for waiting."""
        end = time.monotonic() + left
        while not ready():
            if time.monotonic() > end:
                raise Fault("not ready", f"not within {self.device.pause:g} s")
            time.sleep(_ASK_SECONDS)
        return end - time.monotonic()

    @staticmethod
    def _array(given: Any, shape: tuple[int, ...]) -> _Array:
        """Numbers of this shape, whatever they come as."""
        try:
            found = np.asarray(given, np.float64)
        except (TypeError, ValueError):
            raise Fault("wrong shape", f"{one_line(repr(given), 60)} are no numbers") from None
        if found.shape != shape:
            raise Fault("wrong shape", f"{found.shape}, not {shape}")
        return found

    def transient(
        self, before: Ints, after: Ints, x: npt.NDArray[Any], count: int
    ) -> tuple[npt.NDArray[np.float64], Ints, Flags]:
        """Single readings one after the other, from a change of parameters on, with nothing waited for but a
        pause that a device asks for.

        Parameters
        ----------
        before, after : Ints
            (R, P) in ``config.words.weight``.
        x : ndarray
            (R, inputs), numbers.
        count : int

        Returns
        -------
        times : ndarray
            (count,), seconds; with several devices the mean.
        values : Ints
            (count, R, channels) in ``config.converters.reading``.
        valid : Flags
            (count, R), what was read there and can be; from a device's first fault on nothing is asked.
        """
        times = np.full((len(self.devices), count), np.nan)
        raw = np.full((count, self.replicas, 1, self.channels), np.nan)
        first, then = (self.out(each[:, None, :])[0] for each in (before, after))
        self.told, self.cause = "", None
        for number, (write, _, read, _) in enumerate(self._calls):
            rows: Any = slice(None) if self.vectorised else number
            shape = (() if not self.vectorised else (self.replicas, 1)) + self._shape
            try:
                self._patient(write, *(each if self.vectorised else each[number, 0] for each in first))
                time.sleep(10 * self.device.settle)
                self._patient(write, *(each if self.vectorised else each[number, 0] for each in then))
                begun = time.perf_counter()
                for row in range(count):
                    reading = self._patient(read, x[rows])
                    times[number, row] = time.perf_counter() - begun
                    raw[row, rows, 0] = self._array(reading, shape).reshape(raw[row, rows, 0].shape)
            except Exception as error:
                self.cause, self.told = error, one_line(f"device {number}: {error!r}", 200)
        kinds = np.full((self.replicas, count), -1)
        self._believable(raw[:, :, 0].swapaxes(0, 1)[:, :, None], None, kinds)
        if not self.told and (kinds >= 0).any():
            number, row = np.argwhere(kinds >= 0)[0].tolist()
            self.told = f"device {number}: {FAULTS[kinds[number, row]]}"
        valid = (kinds < 0).T
        values, _ = In(self.config, average_shift=0)(np.where(valid[..., None, None], raw, 0))
        asked = np.isfinite(times)
        mean = np.where(asked, times, 0).sum(axis=0) / np.maximum(asked.sum(axis=0), 1)
        return mean, values, valid

    def _patient(self, call: Callable[..., Any], *given: Any) -> Any:
        """What a call gives, again after each pause that the device asks for."""
        left = self.device.pause
        while True:
            try:
                return call(*given)
            except Pause as pause:
                left = self._paused(pause, left)

    def _paused(self, pause: Pause, left: float) -> float:
        """Waits as long as a device asks for, and gives the seconds that are left for waiting."""
        left -= max(pause.seconds, _ASK_SECONDS)
        if left < 0:
            raise Fault("not ready", f"asked for more than {self.device.pause:g} s") from None
        time.sleep(max(pause.seconds, 0))
        return left

    # ---- what readings can be ------------------------------------------------------------------------

    def _believable(self, raw: _Array, second: _Array | None, kinds: Ints) -> None:
        """Enters the kind of fault of each measurement that has not failed yet and is none, whatever was
        measured before.
        """
        finite = np.isfinite(raw)
        if not finite.all():
            no_number: Flags = np.any(~finite, axis=(2, 3))
            self._enter(kinds, no_number, "not a number")
        if second is not None and not np.isfinite(second).all():
            self._enter(kinds, ~np.isfinite(second), "not a number")
        if self.back.converter is not None:
            codes = (raw >= 0) & (raw < 1 << self.back.converter.bits) & (raw == np.floor(raw))
            if not codes.all():
                no_code: Flags = np.any(~codes, axis=(2, 3))
                self._enter(kinds, no_code, "out of range")
        if self.device.legal or self.device.spread:
            known = np.where((kinds >= 0)[:, :, None, None], 0, raw)
            numbers = self.back.numbers(known)
            if self.device.legal:
                low, high = self._legal
                beyond: Flags = np.any((numbers < low) | (numbers > high), axis=(2, 3))
                self._enter(kinds, beyond, "out of range")
            if self.device.spread:
                apart = np.ptp(numbers, axis=2) > self._spread
                glitch: Flags = np.any(apart, axis=-1)
                self._enter(kinds, glitch, "glitch")

    def _enter(self, kinds: Ints, where: Flags, kind: str) -> None:
        kinds[where & (kinds < 0)] = _KIND[kind]

    def _stuck(self, rows: slice, raw: _Array, kinds: Ints, wanted: Flags | None, again: bool) -> Flags:
        """Which measurements follow too many with the same sums; in the order in which they are made.

        What could not be read counts for nothing, and what is out of range is not the same.
        """
        most = self.device.stuck
        complete = (kinds < 0) | (kinds == _KIND["glitch"])
        total = self.back.total(np.where(complete[:, :, None, None], raw, 0))[0]
        if again:
            # With the parameters of the try before, it may well read the same; what counts is that it moves.
            seen, count = self._tried
            repeated: Flags = (total == seen).all(axis=-1) & (count >= most)
            return repeated
        ended = kinds == _KIND["out of range"]
        if wanted is not None:
            complete, ended = complete & wanted, ended & wanted
        found = np.zeros(raw.shape[:2], dtype=np.bool_)
        seen, count = self._seen[rows], self._same[rows]
        tried = []
        for now, whole, out, stuck in zip(total.swapaxes(0, 1), complete.T, ended.T, found.T, strict=True):
            same = (now == seen).all(axis=-1)
            count = np.where(whole, np.where(same, np.minimum(count + 1, most), 0), count)
            seen = np.where(whole[:, None], now, np.where(out[:, None], np.nan, seen))
            stuck[:] = same & (count >= most)
            tried.append((seen, count))
        self._seen[rows], self._same[rows] = seen, count
        self._tried = (
            np.stack([each for each, _ in tried], axis=1),
            np.stack([each for _, each in tried], axis=1),
        )
        return found

    # ---- rest ----------------------------------------------------------------------------------------

    def rest(self, weight: Ints, resting: Flags) -> None:
        """Those that rest are given their parameters, as often as a measurement is tried.

        Of devices that are written in one call all are, where all rest; else the others' next measurement
        does it.
        """
        if self.vectorised and not resting.all():
            return
        given, _ = self.out(weight)
        for _ in range(1 + self.device.repeats):
            if self._rest(given, resting):
                return
            time.sleep(_ASK_SECONDS)

    def _rest(self, given: _Given, resting: Flags) -> bool:
        """Gives what is in arrays (R, P) to those that rest and have not taken them yet; whether all have.

        A device that is still busy with a call that was given up is not waited for.
        """
        for number in range(len(self.devices)):
            mine = tuple(each[:, None] if self.vectorised else each[number] for each in given)
            there = self.held.get(number)
            if not resting[number] or (there is not None and (there == mine[0]).all()):
                continue
            self.held.pop(number, None)
            worker = self._workers[number]
            if worker is not None and not worker.is_free:
                continue
            # Why it rests stays told; that it does not take its parameters is in held.
            with contextlib.suppress(Exception):
                self._calls[number][0](*mine)
                self.held[number] = mine[0].copy()
        return all(number in self.held for number in np.flatnonzero(resting[: len(self.devices)]).tolist())


def _calls(device: Any, config: TrainerConfig, worker: Worker | None) -> tuple[Any, ...]:
    """Its methods to write, to ask whether it is ready, to read, and for the second cost; None where it has
    none.
    """

    def cost(_x: _Array) -> Any:
        return device.cost()

    read = cost if config.given_cost else device.read
    found = [
        device.write,
        getattr(device, "ready", None),
        read,
        device.second if config.second_cost else None,
    ]
    if worker is not None:
        seconds = config.device.time_out
        return tuple(None if each is None else partial(worker, each, seconds) for each in found)
    return tuple(found)
