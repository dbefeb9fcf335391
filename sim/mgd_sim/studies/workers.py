"""Who does the jobs of a study: this process, or several beside it.

Which one it is makes no difference to what is found, only to when.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from typing import Any, Protocol

from mgd_hdl.config.errors import Refused

from .measures import Job, Row, Stopped

__all__ = ["Found", "Here", "Processes", "Workers"]

#: The number of a job in its batch, and its rows.
Found = tuple[int, list[Row]]

#: Seconds between two looks whether to stop.
_LOOK = 0.2


class Workers(Protocol):
    """Whoever does jobs."""

    def done(self, jobs: Sequence[Job], stop: Callable[[float], bool]) -> Iterator[Found]:
        """Each job's rows, as soon as they are there, in whatever order.

        ``stop`` is asked now and then, with the number of jobs that are done and of parts of the present one,
        whether to stop; then Stopped is raised.
        """

    def close(self) -> None:
        """No more jobs come."""


class Here:
    """This process, one job after the other."""

    def done(self, jobs: Sequence[Job], stop: Callable[[float], bool]) -> Iterator[Found]:
        """See :class:`Workers`."""
        for number, job in enumerate(jobs):
            yield number, job.rows(lambda share, number=number: stop(number + share))  # type: ignore[misc]

    def close(self) -> None:
        """Nothing."""


class Processes:
    """So many processes of this machine.

    Each is a new one, not a copy of this, and ends with it, whatever ends it.
    """

    def __init__(self, count: int):
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        self._pool = ProcessPoolExecutor(count, context, initializer=_begin, initargs=(self._stop,))

    def done(self, jobs: Sequence[Job], stop: Callable[[float], bool]) -> Iterator[Found]:
        """See :class:`Workers`."""
        numbers = {self._pool.submit(_rows, job): number for number, job in enumerate(jobs)}
        try:
            yield from as_they_come(numbers, stop, self._stop.set)
        except BrokenProcessPool:
            told = "a process of --jobs was ended from outside; the same command goes on"
            raise Refused([told]) from None

    def close(self) -> None:
        """Ends the processes, which give up what they do."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)


def as_they_come(
    numbers: dict[Future[Any], int], stop: Callable[[float], bool], end: Callable[[], None]
) -> Iterator[Found]:
    """What futures bring, each under its number; ``end`` is called where ``stop`` says so."""
    left = set(numbers)
    while left:
        finished, left = wait(left, timeout=_LOOK, return_when=FIRST_COMPLETED)
        for each in finished:
            yield numbers[each], each.result()
        if left and stop(len(numbers) - len(left)):
            end()
            for each in left:
                each.cancel()
            raise Stopped


# ---- in a process of its own -----------------------------------------------------------------------

_ended: Event


def _begin(ended: Event) -> None:
    global _ended
    _ended = ended
    # A terminal tells every process of it; here the first one tells the others.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _rows(job: Job) -> list[Row]:
    return job.rows(lambda _share: _ended.is_set())
