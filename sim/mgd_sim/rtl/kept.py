"""What was built once and is kept: in the user's cache folder, never half built, and bounded.

An entry is a file whose name holds a hash of all that went into it, with a lock beside it. Whoever uses
an entry holds its lock together with others; whoever builds or removes it holds the lock alone. A lock
ends with its process, so a build that was killed is cleared away by the next who comes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path

import platformdirs

from .tools import RtlError

__all__ = ["LIMIT", "VARIABLE", "cache_folder", "kept"]

#: The environment variable that names another cache folder.
VARIABLE = "MGD_HDL_CACHE"

#: Bytes that a folder may hold; what was not used for longest goes first. A circuit has about one million.
LIMIT = 1 << 30

_LOCK, _BUILDING = ".lock", ".building"


def cache_folder() -> Path:
    """Where compiled circuits are kept unless a caller says otherwise."""
    named = os.environ.get(VARIABLE)
    top = Path(named) if named else platformdirs.user_cache_path("mgd-hdl", appauthor=False)
    return top.absolute() / "verilated"


@contextlib.contextmanager
def kept(path: Path, build: Callable[[Path], Path]) -> Iterator[Path]:
    """``path``, built if it is not there; it stays there for as long as the block works.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    build : callable
        Given an empty folder, makes the file there and returns its path. Only one process builds an entry,
        and all others wait for it.

    Raises RtlError where the folder takes no files.
    """
    with contextlib.ExitStack() as stack:
        try:
            held = _use(path, build)
        except OSError as error:
            where, reason = error.filename or path.parent, (error.strerror or str(error)).lower()
            raise RtlError(
                f"{where}: cannot be written: {reason}; {VARIABLE} names another folder for compiled circuits"
            ) from None
        if held is not None:
            stack.enter_context(held)
        yield path


def _use(path: Path, build: Callable[[Path], Path]) -> TextIOWrapper | None:
    """The lock of an entry that is there, held together with others; None in a folder without locks."""
    if path.exists() and not os.access(path.parent, os.W_OK):
        return None  # a folder that others fill
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        lock = _locked(path, fcntl.LOCK_SH)
        if path.exists():
            os.utime(path)
            return lock
        lock.close()
        with _locked(path, fcntl.LOCK_EX):
            if not path.exists():
                _build(path, build)
        _bound(path.parent, path)


def _build(path: Path, build: Callable[[Path], Path]) -> None:
    """What is built is renamed into its place at the end; a failure leaves nothing."""
    folder = _beside(path, _BUILDING)
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    try:
        folder.mkdir()
        made = build(folder)
        # Whole on the disk before it has its name: a cut library would kill the process that loads it.
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            _beside(path, _LOCK).unlink()
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _locked(path: Path, how: int) -> TextIOWrapper:
    """The open lock of an entry; raises BlockingIOError with LOCK_NB where another holds it."""
    name = _beside(path, _LOCK)
    while True:
        lock = name.open("a")
        try:
            fcntl.flock(lock, how)
            # Whoever removed the entry meanwhile removed the lock that we were waiting for.
            if os.path.samestat(os.fstat(lock.fileno()), name.stat()):
                return lock
        except FileNotFoundError:
            pass
        except BaseException:
            lock.close()
            raise
        lock.close()


# ---- bounds -----------------------------------------------------------------------------------------


def _bound(folder: Path, newest: Path) -> None:
    """Remove what was not used for longest until the folder is within its bounds, and what the dead left.

    Entries in use stay. Nothing here may fail: the entry that was asked for is there.
    """
    with contextlib.suppress(OSError):
        there = list(folder.iterdir())
        for each in there:
            if each.suffix in (_LOCK, _BUILDING):
                _clear(each.with_suffix(""))
        entries = []
        for each in there:
            if each.suffix not in (_LOCK, _BUILDING):
                with contextlib.suppress(FileNotFoundError):
                    found = each.stat()
                    entries.append((found.st_mtime_ns, found.st_size, each))
        total = sum(size for _, size, _ in entries)
        for _, size, each in sorted(entries):
            if total <= LIMIT:
                break
            if each != newest and _remove(each):
                total -= size


def _clear(entry: Path) -> None:
    """What is left of an entry that is neither there nor being built."""
    if not entry.exists():
        _remove(entry)


def _remove(entry: Path) -> bool:
    """Whether the entry is gone; it stays where somebody uses or builds it."""
    with contextlib.suppress(OSError), _locked(entry, fcntl.LOCK_EX | fcntl.LOCK_NB):
        shutil.rmtree(_beside(entry, _BUILDING), ignore_errors=True)
        entry.unlink(missing_ok=True)
        _beside(entry, _LOCK).unlink()
        return True
    return False
