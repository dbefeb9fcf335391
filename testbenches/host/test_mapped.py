"""Registers in memory: are they where they should be, and does one driver have them alone?"""

from __future__ import annotations

import mmap
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from mgd_hdl.config.errors import Refused
from mgd_hdl.host import HostError, LineTaken, MappedMemory

_BASE = 3 * mmap.PAGESIZE + 0x40


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """As large as the memory map needs, from a place inside a page on."""
    path = tmp_path / "mem"
    path.write_bytes(bytes(range(256)) * (8 * mmap.PAGESIZE // 256))
    return path


def test_words_at_their_places(file: Path):
    memory = MappedMemory(_BASE, file)
    assert memory.read(0x10) == int.from_bytes(bytes([0x50, 0x51, 0x52, 0x53]), "little")
    assert memory.read_block(0x10, 2) == list(struct.unpack("<2I", bytes(range(0x50, 0x58))))
    assert memory.read_block(0x10, 2, fixed=True) == [memory.read(0x10)] * 2
    memory.write(0xFFC, 0xDEADBEEF)
    memory.write_block(0x20, [1, 2])
    memory.write_block(0x30, [8, 9], fixed=True)
    memory.close()
    memory.close()
    data = file.read_bytes()
    assert data[_BASE + 0xFFC : _BASE + 0x1000] == bytes([0xEF, 0xBE, 0xAD, 0xDE])
    assert struct.unpack_from("<2I", data, _BASE + 0x20) == (1, 2)
    assert struct.unpack_from("<I", data, _BASE + 0x30) == (9,)
    assert data[_BASE + 0x34] == 0x74


def test_one_driver_at_a_time(file: Path):
    """A lock of the bytes: other registers of the same file are free."""
    program = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'r+b')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 0x1000, int(sys.argv[2]))\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(file), str(_BASE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(LineTaken) as caught:
            MappedMemory(_BASE, file)
        assert str(caught.value) == f"memory {file} at 0x{_BASE:08X}: another driver is using it"
        MappedMemory(_BASE + 0x1000, file).close()
        other.stdin.close()
    memory = MappedMemory(_BASE, file)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "BlockingIOError" in done.stderr
    memory.close()
    assert subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def test_what_cannot_be_mapped(file: Path, tmp_path: Path):
    with pytest.raises(Refused, match=r"base = 6: must be a multiple of four"):
        MappedMemory(6, file)
    with pytest.raises(HostError, match=r"memory .*nothing at 0x00000000: no such file"):
        MappedMemory(0, tmp_path / "nothing")
    with pytest.raises(HostError, match=r"cannot be mapped"):
        MappedMemory(100 * mmap.PAGESIZE, file)
    assert issubclass(LineTaken, HostError)
