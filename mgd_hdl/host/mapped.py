"""Registers in the memory of a processor on the same chip: a file like ``/dev/mem``, or an object of PYNQ."""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..config.errors import Refused
from ..config.memory_map import ADDRESS_BITS
from .errors import HostError, LineTaken
from .transport import WordByWord

__all__ = ["MappedMemory", "PynqMemory"]

_BYTES = 1 << ADDRESS_BITS


class MappedMemory(WordByWord):
    """The registers at a place of a file that is mapped into memory: ``/dev/mem``, ``/dev/uio0``.

    Every access is one load or store of 32 bits. Nobody hears of a refusal, and on some processors one ends
    the program with a bus error: the driver asks only for registers that are there.

    Parameters
    ----------
    base : int
        Where register 0 is, in bytes; a multiple of four.
    path : str or Path
        The file. Another driver on the same place, in another process, is told from the lock on these bytes.
    """

    def __init__(self, base: int, path: str | Path = "/dev/mem"):
        if base < 0 or base % 4:
            raise Refused([f"base = {base}: must be a multiple of four"])
        self.name = f"memory {path} at 0x{base:08X}"
        before = base % mmap.PAGESIZE
        try:
            self._file = os.open(path, os.O_RDWR | os.O_SYNC | os.O_CLOEXEC)
        except OSError as error:
            raise HostError((error.strerror or str(error)).lower(), self.name) from None
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, _BYTES, base)
            self._map = mmap.mmap(self._file, before + _BYTES, offset=base - before)
        except (OSError, ValueError) as error:
            os.close(self._file)
            if isinstance(error, BlockingIOError | PermissionError):
                raise LineTaken("another driver is using it", self.name) from None
            raise HostError(f"cannot be mapped: {str(error).lower()}", self.name) from None
        self._words: Any = np.frombuffer(self._map, np.dtype("<u4"), _BYTES // 4, before)

    def read(self, address: int) -> int:
        return int(self._words[address // 4])

    def write(self, address: int, word: int) -> None:
        self._words[address // 4] = word

    def close(self) -> None:
        if self._words is not None:
            self._words = None
            self._map.close()
            os.close(self._file)  # and the lock with it


class PynqMemory(WordByWord):
    """Any object with ``read(offset)`` and ``write(offset, value)``, as PYNQ's MMIO and its drivers.

    Parameters
    ----------
    memory : object
    name : str
        As errors call it.
    """

    def __init__(self, memory: Any, name: str = "memory"):
        self._memory, self.name = memory, name

    def read(self, address: int) -> int:
        return int(self._memory.read(address))

    def write(self, address: int, word: int) -> None:
        self._memory.write(address, word)
