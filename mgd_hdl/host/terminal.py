"""A serial port without a cable: a pseudo-terminal, behind which a circuit in this program answers."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from types import TracebackType

from .wire import Wire

__all__ = ["Terminal"]

#: Seconds between two looks at the line, and the most that the circuit lives at a time.
_LOOK, _SLICE = 0.001, 0.005
_BYTES = 1024


class Terminal:
    """While it is open, whatever program opens ``port`` talks to the circuit, as to a board's.

    Parameters
    ----------
    wire : Wire
        It lives in a thread of its own from now on; nobody else may ask it anything.

    Attributes
    ----------
    port : str
        Such as ``/dev/pts/3``.
    """

    def __init__(self, wire: Wire):
        self._wire = wire
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        # Held open, or a line that nobody has opened yet counts as gone.
        self._theirs: int | None = theirs
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        before = time.monotonic()
        while not self._over.is_set():
            ready, _, _ = select.select([self._ours], [], [], _LOOK)
            data = os.read(self._ours, _BYTES) if ready else b""
            now = time.monotonic()
            said = self._wire.exchange(data, min(now - before, _SLICE))
            before = now
            if said:
                os.write(self._ours, said)

    def close(self) -> None:
        """The line is gone, as if somebody had pulled the plug; the circuit stays where it is."""
        if self._theirs is not None:
            self._over.set()
            self._thread.join()
            for each in (self._ours, self._theirs):
                with contextlib.suppress(OSError):
                    os.close(each)
            self._theirs = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
