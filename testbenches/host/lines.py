"""Lines for tests: some that lose bytes, some that say nothing, or anything."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mgd_hdl.host.errors import Unplugged
from mgd_hdl.host.wire import Wire

__all__ = ["Babbling", "Broken", "Disturbed", "Lossy", "Silent", "Unplugging"]


class Silent:
    """Hears everything and says nothing."""

    name = "line under test"
    byte_seconds = 1e-4

    def __init__(self) -> None:
        self.now = 0.0
        self.heard = b""

    def send(self, data: bytes) -> None:
        self.heard += data

    def receive(self, seconds: float) -> bytes:
        self.now += seconds
        return b""

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def close(self) -> None:
        pass


class Babbling(Silent):
    """Never stops to talk, now and then a zero among it."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self._random = np.random.default_rng(seed)

    def receive(self, seconds: float) -> bytes:
        self.now += 16 * self.byte_seconds
        return self._random.bytes(16)


class Broken(Silent):
    """A circuit behind a function of whole frames."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._answer, self._said = answer, b""

    def send(self, data: bytes) -> None:
        super().send(data)
        self._said += self._answer(data)

    def receive(self, seconds: float) -> bytes:
        said, self._said = self._said, b""
        self.now += seconds if not said else 0.0
        return said


class Lossy:
    """A wire on which bytes get lost, change, and come from nowhere."""

    def __init__(self, wire: Wire, share: float, seed: int = 1) -> None:
        self._wire, self._share, self._random = wire, share, np.random.default_rng(seed)
        self.name, self.byte_seconds = wire.name, wire.byte_seconds
        self.spoilt = 0

    def _worn(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if self._random.random() >= self._share:
                out.append(byte)
                continue
            self.spoilt += 1
            bit, kind = self._random.integers((8, 4)).tolist()
            out += (b"", bytes([byte ^ 1 << bit]), b"\0", bytes([byte, 7]))[kind]
        return bytes(out)

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        return self._worn(self._wire.exchange(self._worn(data), seconds))

    def seconds(self) -> float:
        return self._wire.seconds()

    def let_pass(self, seconds: float) -> None:
        self._wire.let_pass(seconds)

    def close(self) -> None:
        self._wire.close()


class Disturbed(Lossy):
    """A wire to which something else is connected for so many exchanges: what it says comes in its place, and
    goes to the circuit too.
    """

    def __init__(self, wire: Wire, exchanges: int, says: Callable[[int], bytes]) -> None:
        super().__init__(wire, 0.0)
        self._left, self._says = exchanges, says

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        self._left -= 1
        if self._left < 0:
            return super().exchange(data, seconds)
        said = self._says(self._left)
        self._wire.exchange(said, seconds)
        return said


class Unplugging(Lossy):
    """A wire that is gone after so many exchanges."""

    def __init__(self, wire: Wire, after: int) -> None:
        super().__init__(wire, 0.0)
        self._left = after

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise Unplugged("the device is gone", self.name)
        return super().exchange(data, seconds)
