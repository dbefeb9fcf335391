"""Who does the jobs of a study: this process, several beside it, or those of a cluster.

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
from importlib import metadata
from multiprocessing.synchronize import Event
from typing import Any, Protocol

from mgd_hdl.config.errors import Refused

from .measures import Job, Row, Stopped

__all__ = ["Cluster", "Found", "Here", "Processes", "Workers"]

#: The number of a job in its batch, and its rows.
Found = tuple[int, list[Row]]

#: Seconds between two looks whether to stop.
_LOOK = 0.2
#: Seconds that a scheduler has to answer, and how often a job may be lost.
_ANSWERS, _RETRIES = 10, 3


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


class Cluster:
    """Processes of other machines, which a scheduler of Dask gives work; jobs of one that is lost are done
    by another.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tcp://HOST:PORT``.
    release : str
        Of this package, which all of them must have.
    """

    def __init__(self, address: str, release: str):
        from distributed import Client

        try:
            self._client = Client(address, timeout=_ANSWERS)
        except (OSError, ValueError):
            told = f"must be the address of a scheduler of Dask that answers within {_ANSWERS} s"
            raise Refused([f"--scheduler = {address}: {told}"]) from None
        others = sorted({each for each in self._client.run(_release).values() if each != release})
        if others:
            self.close()
            told = f"its workers have release {', '.join(others)} of mgd-hdl, and not {release}"
            raise Refused([f"--scheduler = {address}: {told}"])

    def done(self, jobs: Sequence[Job], stop: Callable[[float], bool]) -> Iterator[Found]:
        """See :class:`Workers`; where a job is under way it is not stopped, only forgotten."""
        executor = self._client.get_executor(pure=False, retries=_RETRIES)
        numbers = {executor.submit(_rows_there, job): number for number, job in enumerate(jobs)}
        yield from as_they_come(numbers, stop, lambda: None)

    def close(self) -> None:
        """The cluster goes on without us."""
        self._client.close()


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


def _release() -> str:
    return metadata.version("mgd-hdl")


def _rows_there(job: Job) -> list[Row]:
    return job.rows(lambda _share: False)


def _rows(job: Job) -> list[Row]:
    return job.rows(lambda _share: _ended.is_set())
