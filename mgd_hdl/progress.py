"""How far is something long, and how long will it still take? A line now and then, while it goes on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

__all__ = ["Progress", "stopwatch"]


def stopwatch() -> Callable[[str], None]:
    """Shows lines on standard error, each with the seconds since now."""
    start = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - start:7.1f} s  {line}\n")
        sys.stderr.flush()

    return say


class Progress:
    """Tells the present stage whenever nothing was told for some seconds, from a thread of its own.

    So it speaks even while one call of a library takes minutes.

    Parameters
    ----------
    say : callable
        Shows a line.
    every : float
        Seconds between two lines; what ends before that is never heard of.
    """

    def __init__(self, say: Callable[[str], None], every: float = 5.0):
        self._say, self._every = say, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, daemon=True)
        self._told = time.monotonic()
        self.stage("starting")

    def stage(self, name: str, total: int | None = None, unit: str = "step") -> None:
        """Something new begins: it takes ``total`` steps, or of whatever unit, where that is known."""
        self._began = time.monotonic()
        self._stage, self._total, self._unit = name, total, unit
        self._done: float = 0
        self._expected: float | None = None

    def at(self, done: float) -> None:
        """So many steps of the stage are done, parts included."""
        self._done = done

    def reckoned(self, name: str, share: float) -> None:
        """The stage goes on under another name, and ``share`` of its time, 0 to 1, lies behind it."""
        self._stage = name
        if share > 0:
            self._expected = (time.monotonic() - self._began) / share

    def told(self) -> None:
        """The user has just been told otherwise."""
        self._told = time.monotonic()

    def line(self) -> str:
        """The stage as a line, with the time left where it can be known."""
        seconds = time.monotonic() - self._began
        left = ""
        if not self._total:
            if self._expected is not None and self._expected - seconds >= 1:
                left = f", about {duration(self._expected - seconds)} left"
            return f"{self._stage}, {seconds:.0f} s{left}"
        if self._done:
            left = f", about {duration(seconds * (self._total - self._done) / self._done)} left"
        return f"{self._stage}: {self._unit} {int(self._done):,} of {self._total:,}{left}"

    def _tell(self) -> None:
        while not self._over.wait(max(0.01, self._told + self._every - time.monotonic())):
            if time.monotonic() - self._told >= self._every:
                self._say(self.line())
                self.told()

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


def duration(seconds: float) -> str:
    """Seconds as people say them: ``40 s``, ``7 min``, ``3 h 20 min``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
