"""Calls that may never come back, made by a thread, so that somebody else can stop waiting for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from .faults import Fault

__all__ = ["Worker"]


class Worker:
    """One thread for one device. It is never killed: a call that is given up goes on, and what it gives is
    dropped by its number. Until it comes back no other call is begun, for devices are not made for two.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[int, Callable[[], Any]]] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
        self._number = 0
        self._busy = False
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            number, call = self._calls.get()
            try:
                self._answers.put((number, call(), None))
            except BaseException as error:
                self._answers.put((number, None, error))

    def __call__(self, call: Callable[..., Any], seconds: float, *given: Any) -> Any:
        """What ``call(*given)`` gives or raises; a fault where that takes longer."""
        if self._busy:
            self._wait(seconds)  # of an earlier number: late, and dropped
        self._number += 1
        self._busy = True
        self._calls.put((self._number, partial(call, *given)))
        answer, error = self._wait(seconds)
        if error is not None:
            raise error
        return answer

    @property
    def is_free(self) -> bool:
        """Whether no call is under way; what one that was given up has brought by now is dropped."""
        if self._busy and not self._answers.empty():
            self._wait(0)
        return not self._busy

    def _wait(self, seconds: float) -> tuple[Any, BaseException | None]:
        try:
            number, answer, error = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise Fault("no answer in time", f"none in {seconds:g} s") from None
        assert number == self._number, "one call is under way at a time"
        self._busy = False
        return answer, error
