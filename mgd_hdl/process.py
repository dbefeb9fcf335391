"""What a command owes to the system it runs on: it ends when it is asked to, and needs no open streams."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

__all__ = [
    "Stop",
    "ends_held",
    "ends_interrupt",
    "ends_noted",
    "ends_unwind",
    "interrupt_is_handled",
    "open_standard_streams",
]

#: Ctrl-C, a request to end, and a terminal that is closed.
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether a signal asked to end: its number, or None."""

    number: int | None = None

    def __bool__(self) -> bool:
        return self.number is not None

    @property
    def status(self) -> int:
        """The exit status by convention; 0 without a signal."""
        return 0 if self.number is None else 128 + self.number


def _heard() -> list[signal.Signals]:
    """Signals that can be handled here and that nobody told this process to ignore, as nohup does."""
    if threading.current_thread() is not threading.main_thread():
        return []
    return [each for each in _ENDS if signal.getsignal(each) is not signal.SIG_IGN]


@contextlib.contextmanager
def ends_unwind() -> Iterator[None]:
    """A request to end cleans up on its way, as Ctrl-C does."""
    before = {
        each: signal.signal(each, lambda number, _frame: sys.exit(128 + number))
        for each in _heard()
        if each is not signal.SIGINT
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def ends_interrupt() -> Iterator[Stop]:
    """A request to end is a KeyboardInterrupt, as Ctrl-C is, for code that keeps what it has then."""
    stop = Stop()

    def interrupt(number: int, _frame: object) -> None:
        stop.number = number
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in _heard()}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def ends_noted() -> Iterator[Stop]:
    """The first signal is noted, for a loop that looks at it; a second one ends at once."""
    stop = Stop()
    before = {each: signal.getsignal(each) for each in _heard()}

    def note(number: int, _frame: object) -> None:
        stop.number = number
        restore()

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    for each in before:
        signal.signal(each, note)
    try:
        yield stop
    finally:
        restore()


@contextlib.contextmanager
def ends_held() -> Iterator[None]:
    """Signals wait until the block is done."""
    came: list[int] = []
    before = {each: signal.signal(each, lambda number, _frame: came.append(number)) for each in _heard()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came:
            signal.raise_signal(number)


def interrupt_is_handled() -> None:
    """Call it last: ``python -m`` ends with the exit status it is given, and not by the signal.

    Python takes a KeyboardInterrupt that leaves code in a string (dataclasses and named tuples are made of
    such code) for one that nobody handles, even where a caller handles it. The next code in a string makes
    it forget that.
    """
    exec("")  # noqa: S102 - no code at all


def open_standard_streams() -> None:
    """Streams that the caller has closed lead nowhere, and no file opened later is taken for one."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_WRONLY if number else os.O_RDONLY), True)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", closefd=False))
