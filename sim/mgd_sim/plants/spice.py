"""A circuit in ngspice whose time we turn: set voltages, let some time pass, read voltages.

Needs the shared library of ngspice (Debian: ``libngspice0``), which is loaded by ctypes with the interface
that its manual documents, chapter "ngspice as shared library or dynamic link library". Of it three call-backs
do the work: one is asked for the value of each source that is ``external``, one is given every point of time
that was solved, and in the third, between two points, ngspice waits for us and is told how far it may go.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections import deque
from collections.abc import Mapping
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int, c_void_p
from typing import Any, ClassVar

__all__ = ["Spice", "SpiceError", "spice_missing"]

#: The library's name, which holds the version of its interface.
LIBRARY = "libngspice.so.0"
#: Seconds below which two times are one.
_SAME = 1e-15


class SpiceError(RuntimeError):
    """The library is not there, or a circuit that it refuses or cannot solve; one line says why."""


def spice_missing() -> str:
    """Why there is no ngspice here; empty where there is one."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return f"{LIBRARY} is not installed (Debian: apt-get install libngspice0)"
    return ""


# ---- what the library declares ------------------------------------------------------------------


class _Value(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("real", c_double),
        ("imaginary", c_double),
        ("is_scale", c_bool),
        ("is_complex", c_bool),
    )


class _Values(ctypes.Structure):
    _fields_ = (("count", c_int), ("index", c_int), ("values", POINTER(POINTER(_Value))))


_TEXT = ctypes.CFUNCTYPE(c_int, c_char_p, c_int, c_void_p)
_EXIT = ctypes.CFUNCTYPE(c_int, c_int, c_bool, c_bool, c_int, c_void_p)
_DATA = ctypes.CFUNCTYPE(c_int, POINTER(_Values), c_int, c_int, c_void_p)
_PLOT = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, c_void_p)
_RUNS = ctypes.CFUNCTYPE(c_int, c_bool, c_int, c_void_p)
_SOURCE = ctypes.CFUNCTYPE(c_int, POINTER(c_double), c_double, c_char_p, c_int, c_void_p)
_SYNC = ctypes.CFUNCTYPE(c_int, c_double, POINTER(c_double), c_double, c_int, c_int, c_int, c_void_p)


class Spice:
    """A transient analysis under way. There is one at a time in a process, as the library has one state.

    Parameters
    ----------
    netlist : str
        With a first line that is a title, a ``.tran`` that is longer than will be needed, and sources that
        end in ``external`` (and give no DC value: ngspice 39 ends with a fault there).
    sources : mapping
        Volts of each external source in the operating point from which time starts.
    first : float
        Seconds of the first step after a voltage was set, which jumps there.
    limit : float
        Seconds of real time within which ngspice must come to where it is told.

    Attributes
    ----------
    time : float
        Seconds since the operating point.
    waves : list of dict or None
        A list here gets every point of time that is solved from then on.
    """

    _here: ClassVar[Spice | None] = None
    _kept: ClassVar[tuple[Any, ...]] = ()

    def __init__(
        self, netlist: str, sources: Mapping[str, float], *, first: float = 2e-9, limit: float = 60.0
    ):
        if Spice._here is not None:
            raise SpiceError("ngspice: one circuit at a time; close the other one")
        self.time, self.first, self.limit = 0.0, first, limit
        self.waves: list[dict[str, float]] | None = None
        self._volts = {name.lower().encode(): float(volts) for name, volts in sources.items()}
        # What is to happen, in order of time: sources that are set, and None where we stop.
        self._events: deque[tuple[float, dict[bytes, float] | None]] = deque()
        self._ended = False
        self._arrived, self._go = threading.Event(), threading.Event()
        self._row: Any = None
        self._state: tuple[int, int] | None = None
        self._said: list[str] = []
        self._library = self._loaded()
        Spice._here = self
        lines = [line.encode() for line in netlist.splitlines()]
        if self._library.ngSpice_Circ((c_char_p * (len(lines) + 1))(*lines, None)):
            self._refused("does not take the circuit")
        self._events.append((0.0, None))
        if self._library.ngSpice_Command(b"bg_run"):
            self._refused("does not start")
        self._wait()

    def set(self, **volts: float) -> None:
        """Sets external sources, from now on."""
        values = {name.encode(): float(value) for name, value in volts.items()}
        for name in values:
            if name not in self._volts:
                raise SpiceError(f"{name.decode()}: is no external source; must be one of {self._names()}")
        self._events.append((self.time, values))

    def wait(self, seconds: float) -> None:
        """So much time passes; nothing is solved before it is read."""
        self.time += seconds

    def read(self) -> dict[str, float]:
        """The voltages that are there now, by the names of ``.save``."""
        self._events.append((self.time, None))
        self._go.set()
        self._wait()
        return self._voltages()

    def close(self) -> None:
        """Ends the analysis; another circuit may follow."""
        if Spice._here is not self:
            return
        self._ended = True
        self._go.set()
        for command in (b"bg_halt", b"destroy all", b"remcirc"):
            self._library.ngSpice_Command(command)
        Spice._here = None

    # ---- the library's own thread ----------------------------------------------------------------

    @classmethod
    def _loaded(cls) -> ctypes.CDLL:
        """The library, which is told its call-backs once."""
        try:
            library = ctypes.CDLL(LIBRARY)
        except OSError:
            raise SpiceError(spice_missing()) from None
        if not cls._kept:
            cls._kept = (
                _TEXT(cls._text),
                _TEXT(lambda *_: 0),
                _EXIT(cls._exit),
                _DATA(cls._data),
                _PLOT(lambda *_: 0),
                _RUNS(cls._runs),
                _SOURCE(cls._source),
                _SOURCE(lambda *_: 0),
                _SYNC(cls._sync),
                c_int(0),
            )
            *first, source, current, sync, ident = cls._kept
            library.ngSpice_Init(*first, None)
            library.ngSpice_Init_Sync(source, current, sync, byref(ident), None)
        return library

    @staticmethod
    def _text(text: bytes, _ident: int, _user: object) -> int:
        if Spice._here is not None:
            Spice._here._said.append(text.decode(errors="replace"))
        return 0

    @staticmethod
    def _exit(_status: int, _now: bool, _asked: bool, _ident: int, _user: object) -> int:
        return Spice._runs(True, 0, None)

    @staticmethod
    def _runs(ended: bool, _ident: int, _user: object) -> int:
        here = Spice._here
        if ended and here is not None:
            if here._state is not None and here._state[0] == threading.get_ident():
                ctypes.pythonapi.PyGILState_Release(here._state[1])
                here._state = None
            here._ended = True
            here._arrived.set()
        return 0

    @staticmethod
    def _data(row: Any, _count: int, _ident: int, _user: object) -> int:
        here = Spice._here
        if here is not None:
            here._row = row.contents
            if here.waves is not None:
                here.waves.append(here._voltages())
        return 0

    @staticmethod
    def _source(volts: Any, _time: float, name: bytes, _ident: int, _user: object) -> int:
        here = Spice._here
        volts[0] = 0.0 if here is None else here._volts.get(name, 0.0)
        return 0

    @staticmethod
    def _sync(time: float, delta: Any, _old: float, redo: int, _ident: int, place: int, _user: object) -> int:
        here = Spice._here
        if here is None or redo or place:
            return 0
        if here._state is None:
            # Python would make a state for this thread in each call-back and drop it behind, which takes five
            # times as long.
            here._state = threading.get_ident(), ctypes.pythonapi.PyGILState_Ensure()
        jumped = False
        # Times are sums of steps, so the last bits of two that are the same may differ.
        while not here._ended and (not here._events or here._events[0][0] - time < _SAME):
            if not here._events:
                here._go.wait()
                here._go.clear()
                continue
            _, volts = here._events.popleft()
            if volts is None:
                here._arrived.set()
            else:
                here._volts |= volts
                jumped = True
        if here._events:
            delta[0] = max(min(delta[0], here._events[0][0] - time), _SAME)
        if jumped:
            delta[0] = min(delta[0], here.first)
        return 0

    # ---- ours ------------------------------------------------------------------------------------

    def _wait(self) -> None:
        if not self._arrived.wait(self.limit):
            self._refused(f"did not get there within {self.limit:g} s")
        self._arrived.clear()
        if self._ended:
            self._refused("gave up")

    def _voltages(self) -> dict[str, float]:
        row = self._row
        found = (row.values[number].contents for number in range(row.count))
        return {each.name.decode(): each.real for each in found}

    def _refused(self, what: str) -> None:
        lines = [line.removeprefix("stderr ").strip() for line in self._said if line.startswith("stderr ")]
        first = next((number for number, line in enumerate(lines) if "error" in line.lower()), -1)
        why = " ".join(lines[first:][:2])
        with contextlib.suppress(SpiceError):
            self.close()
        raise SpiceError(f"ngspice {what}: {why or 'it does not say why'}")

    def _names(self) -> str:
        return ", ".join(sorted(name.decode() for name in self._volts))
