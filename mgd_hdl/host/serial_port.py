"""A serial port of this computer, such as that of a board's USB chip. Needs the extra ``serial``."""

from __future__ import annotations

import contextlib
import errno
import time
from typing import Any

from .errors import HostError, LineTaken, NoAnswer, Unplugged

__all__ = ["SerialPort"]

#: For a write that the port does not take, as when a cable holds it back.
_WRITE_SECONDS = 2.0
_REASONS = {
    errno.ENOENT: "there is no such port",
    errno.ENXIO: "there is no such port",
    errno.EACCES: "no permission to use it; on Linux the group of the file, often dialout, has it",
}


class SerialPort:
    """The bytes of a serial port: eight bits, no parity, one stop bit, for this driver alone.

    Parameters
    ----------
    port : str
        ``/dev/ttyUSB1``, ``COM3``, or any other that pyserial knows.
    baud : int
    """

    def __init__(self, port: str, baud: int):
        import serial  # an extra

        self.name = f"serial line {port} at {baud} baud"
        self.byte_seconds = 10 / baud
        self._fault: type[Exception] = serial.SerialException
        self._full: type[Exception] = serial.SerialTimeoutException
        try:
            self._port: Any = serial.Serial(
                port, baud, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True
            )
            self._port.reset_input_buffer()
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None)
            if number in (errno.EAGAIN, errno.EBUSY):
                raise LineTaken("another program is using it", self.name) from None
            raise HostError(_REASONS.get(number or 0, f"cannot be opened: {error}"), self.name) from None

    def send(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except self._full:
            raise NoAnswer(f"it takes no bytes for {_WRITE_SECONDS:g} s", self.name) from None
        except (OSError, TypeError, self._fault) as error:
            raise Unplugged("the device is gone", self.name) from error

    def receive(self, seconds: float) -> bytes:
        try:
            self._port.timeout = seconds
            return bytes(self._port.read(max(1, self._port.in_waiting)))
        except (OSError, TypeError, self._fault) as error:
            raise Unplugged("the device is gone", self.name) from error

    def time(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it is gone, and so is what was to be closed
            self._port.close()
