"""Writing files without losing any: all of a set or none, and never over somebody else's work, nor over what
the same command reads.

A directory written here holds a manifest with the hash of every file. What it lists and still has
that hash was written here and may be replaced; anything else is foreign and stays.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .process import ends_held

__all__ = [
    "MANIFEST",
    "FileRefused",
    "FilesOfARun",
    "fill",
    "locked",
    "may_write",
    "new_directory",
    "new_file",
    "nothing_read",
    "renewed_file",
    "reserved",
    "was_read",
    "write_file",
    "write_files",
]

MANIFEST = "mgd_hdl_files.json"

#: Device and inode of what the present command reads: that is never replaced.
_READ: set[tuple[int, int]] = set()

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class FileRefused(Exception):
    """A file that is not written; ``problems`` has one line for each."""

    def __init__(self, problems: list[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def nothing_read() -> None:
    """A command begins."""
    _READ.clear()


def was_read(*paths: Path | str) -> None:
    """The present command reads these files, so it does not write over them, whatever is forced."""
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            found = Path(path).stat()
            _READ.add((found.st_dev, found.st_ino))


def write_file(path: Path | str, data: str | bytes, *, force: bool = False) -> None:
    """Write one file that the user named, completely or not at all.

    Parameters
    ----------
    path : Path or str
        Its directory must exist.
    data : str or bytes
        Text is written as UTF-8.
    force : bool
        Replace a file that exists. Directories, symbolic links, devices and what the present command reads
        are never replaced.

    Raises
    ------
    FileRefused
        Nothing was written.
    """
    with new_file(path, force=force) as aside:
        fill(aside, data)


def fill(path: Path, data: str | bytes) -> None:
    """Write what :func:`new_file` has made; an OSError tells which file it was."""
    try:
        path.write_bytes(_bytes(data))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


@contextlib.contextmanager
def new_file(path: Path | str, *, force: bool = False) -> Iterator[Path]:
    """For a file that some tool writes: gives the name it shall write to, in the same folder.

    An empty file of that name is there from the start, so that a folder that takes no files is told
    before the work. What is there at the end becomes ``path``; after an error or an interrupt nothing
    does. The name keeps the suffix of ``path``. Otherwise as :func:`write_file`.
    """
    path = Path(path)
    with _reasons(path):
        _refuse_odd(path)
        if path.exists() and not force:
            raise FileRefused([f"{path}: exists; --force replaces it"])
    with locked(path):
        aside = _aside(path)
        try:
            with _reasons(path):
                _write_new(aside, b"")
            try:
                yield aside
            except OSError as error:
                if error.filename != str(aside):
                    raise
                with _reasons(path):
                    raise
            with _reasons(path):
                if force:
                    aside.replace(path)
                else:
                    _move_new(aside, path)
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()


@contextlib.contextmanager
def renewed_file(path: Path | str, *, force: bool = False) -> Iterator[Callable[[bytes], None]]:
    """For a file that is written again and again: gives what writes it, each time whole or not at all.

    What was there before stays until the first time; a process that is killed leaves the last whole one.
    Without ``force`` nothing may be there the first time either. Otherwise as :func:`new_file`.
    """
    path = Path(path)
    with _reasons(path):
        _refuse_odd(path)
        if path.exists() and not force:
            raise FileRefused([f"{path}: exists; --force replaces it"])

    is_ours = force

    def write(data: bytes) -> None:
        nonlocal is_ours
        aside = _aside(path)
        with _reasons(path), ends_held():
            try:
                _write_new(aside, data)
                if is_ours:
                    aside.replace(path)
                else:
                    _move_new(aside, path)
                is_ours = True
            finally:
                aside.unlink(missing_ok=True)

    with locked(path):
        with _reasons(path):  # a folder that takes no files is told before the work
            probe = _aside(path)
            with ends_held():
                _write_new(probe, b"")
                probe.unlink()
        yield write


@contextlib.contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Nobody else writes ``path`` meanwhile: another :func:`new_file` or this refuses at once.

    A lock is an empty hidden file beside it that a living process holds; that of a process that was
    killed keeps nobody away, and what it was writing is removed.
    """
    path = Path(path)
    handle = None
    try:
        with _reasons(path), ends_held():  # a signal comes when the handle is known
            handle = _lock(path, wait=False)
        with contextlib.suppress(OSError):
            for left in path.parent.glob(f".mgd_hdl.{_short(path)}.*.tmp*"):
                left.unlink()
        yield
    finally:
        if handle is not None:
            _unlock(path, handle)


@contextlib.contextmanager
def reserved(directory: Path | str, names: Iterable[str], *, force: bool = False) -> Iterator[None]:
    """For those who have long to work before :func:`write_files` writes these names into a directory.

    Raises FileRefused now if it would then, and keeps others from writing them meanwhile.
    """
    directory, names = Path(directory), list(names)
    may_write(directory, names, force=force)
    with contextlib.ExitStack() as stack:
        stack.enter_context(new_directory(directory))
        for name in names:
            stack.enter_context(locked(directory / name))
        yield


@contextlib.contextmanager
def new_directory(path: Path | str) -> Iterator[Path]:
    """A directory for files that follow: made if need be, and gone again where nothing came of them."""
    path = Path(path)
    with _reasons(path):
        _refuse_no_directory(path)
        missing = [each for each in (path, *path.parents) if not each.exists()]
    try:
        with _reasons(path):
            path.mkdir(parents=True, exist_ok=True)
        yield path
    except BaseException:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()
        raise


class FilesOfARun:
    """The files of a run: each gets its name as soon as it is whole, whatever comes then, or never."""

    def __init__(self, stack: contextlib.ExitStack, *, force: bool):
        self._stack, self._force = stack, force
        self._open: dict[Path, tuple[str, contextlib.ExitStack]] = {}
        self.kept: list[str] = []

    def new(self, name: Path | str) -> Path:
        """Where to write what shall have this name."""
        own = self._stack.enter_context(contextlib.ExitStack())
        path = own.enter_context(new_file(name, force=self._force))
        self._open[path] = str(name), own
        return path

    def keep(self, path: Path) -> None:
        """It is whole."""
        name, own = self._open.pop(path)
        own.close()
        self.kept.append(name)

    @property
    def said(self) -> str:
        """What is kept, behind whatever else is told of the run."""
        return f"; kept {', '.join(self.kept)}" if self.kept else ""

    def folder(self, name: str) -> Path:
        """A folder for files that follow."""
        return self._stack.enter_context(new_directory(name))


def write_files(
    directory: Path | str, files: Mapping[str, str | bytes], *, force: bool = False
) -> list[Path]:
    """Write a set of files into one directory, all or none, and a manifest that lists them.

    Files that the manifest lists and nobody changed are replaced. Files listed before and not in this
    set stay.

    Parameters
    ----------
    directory : Path or str
        Made if need be.
    files : mapping of str to (str or bytes)
        Plain names: letters, digits, ``.``, ``_`` and ``-``.
    force : bool
        Replace listed files that were changed since. Foreign files are never replaced.

    Returns
    -------
    list of Path
        The files written, without the manifest.

    Raises
    ------
    FileRefused
        Nothing was written.
    """
    directory = Path(directory)
    _refuse_names(files)
    contents = {name: _bytes(data) for name, data in files.items()}
    with _reasons(directory), new_directory(directory), _turn(directory / MANIFEST):
        hashes = _manifest(directory)
        _refuse_foreign(directory, contents, hashes, force)
        hashes |= {name: _hash(data) for name, data in contents.items()}
        # The manifest first: whatever happens next, every file there is is listed.
        _replace_all(directory, {MANIFEST: _manifest_text(hashes), **contents})
    return [directory / name for name in contents]


def may_write(directory: Path | str, names: Iterable[str], *, force: bool = False) -> None:
    """Raises FileRefused if :func:`write_files` would, for those who have long to work before they write."""
    directory = Path(directory)
    planned = dict.fromkeys(names, b"")
    _refuse_names(planned)
    with _reasons(directory):
        _refuse_no_directory(directory)
        if directory.exists():
            _refuse_foreign(directory, planned, _manifest(directory), force)


# ---- refusals ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _reasons(path: Path) -> Iterator[None]:
    """What the operating system refuses, as one line."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileRefused([f"{path}: cannot be written: {reason}"]) from None
    except ValueError:  # a NUL in the name
        raise FileRefused([f"{path}: is no name of a file"]) from None


def _refuse_names(files: Mapping[str, str | bytes]) -> None:
    seen: dict[str, str] = {MANIFEST: MANIFEST}
    problems = []
    for name in files:
        if not _NAME.fullmatch(name):
            problems.append(f"{name!r}: must be a plain file name")
        elif name.lower() in seen:
            problems.append(f"{name}: is the same file as {seen[name.lower()]} on some systems")
        seen[name.lower()] = name
    if problems:
        raise FileRefused(problems)


def _refuse_odd(path: Path) -> None:
    """Only a regular file that nobody reads now, or nothing, may stand where a file will be."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    mode = found.st_mode
    if stat.S_ISLNK(mode):
        raise FileRefused([f"{path}: is a symbolic link"])
    if stat.S_ISDIR(mode):
        raise FileRefused([f"{path}: is a directory"])
    if not stat.S_ISREG(mode):
        raise FileRefused([f"{path}: is not a regular file"])
    if (found.st_dev, found.st_ino) in _READ:
        raise FileRefused([f"{path}: is what this command reads; choose another name or folder"])


def _refuse_no_directory(path: Path) -> None:
    if path.is_symlink():
        raise FileRefused([f"{path}: is a symbolic link"])
    if path.exists() and not path.is_dir():
        raise FileRefused([f"{path}: is not a directory"])


def _refuse_foreign(
    directory: Path, contents: Mapping[str, bytes], hashes: Mapping[str, str], force: bool
) -> None:
    problems: list[str] = []
    for name in contents:
        path = directory / name
        try:
            _refuse_odd(path)
        except FileRefused as refused:
            problems += refused.problems
            continue
        if not path.exists():
            continue
        if name not in hashes:
            problems.append(
                f"{path}: exists and was not written by mgd-hdl; move it or choose another folder"
            )
        elif not force and _hash(path.read_bytes()) != hashes[name]:
            problems.append(f"{path}: was changed since it was generated; --force replaces it")
    if problems:
        raise FileRefused(problems)


# ---- the manifest --------------------------------------------------------------------------------


def _manifest(directory: Path) -> dict[str, str]:
    """Hashes by file name, empty where there is no manifest."""
    path = directory / MANIFEST
    _refuse_odd(path)
    if not path.exists():
        return {}
    try:
        found: Any = json.loads(path.read_bytes())
        hashes = dict(found["files"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise FileRefused([f"{path}: is not a list of files that mgd-hdl wrote"]) from None
    return {str(name): str(digest) for name, digest in hashes.items()}


def _manifest_text(hashes: Mapping[str, str]) -> bytes:
    document = {"generator": "mgd_hdl", "files": dict(sorted(hashes.items()))}
    return (json.dumps(document, indent=1) + "\n").encode()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---- locks ---------------------------------------------------------------------------------------


def _lock(path: Path, *, wait: bool) -> int:
    """The lock of ``path`` as an open file, held until that is closed, whatever closes it."""
    name = _lock_name(path)
    while True:
        # Reading is enough for a lock, and another user's left one can be read.
        handle = os.open(name, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            # The last holder may have removed the name in between: then the lock is of no file.
            if os.path.samestat(os.fstat(handle), name.stat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            raise FileRefused([f"{path}: another run is writing it"]) from None
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                return handle  # a file system without locks
            os.close(handle)
            raise
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _unlock(path: Path, handle: int) -> None:
    with contextlib.suppress(OSError):
        _lock_name(path).unlink()
    os.close(handle)


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Waits for its turn to change ``path``, which takes nobody long."""
    handle = _lock(path, wait=True)
    try:
        yield
    finally:
        _unlock(path, handle)


def _lock_name(path: Path) -> Path:
    return path.with_name(f".mgd_hdl.{_short(path)}.lock")


# ---- writing -------------------------------------------------------------------------------------


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _short(path: Path) -> str:
    """The file's name, however long it is; the same for names that are one file on some systems."""
    return hashlib.sha256(os.fsencode(path.name.lower())).hexdigest()[:12]


def _aside(path: Path) -> Path:
    """A name beside ``path`` for what will become it."""
    return path.with_name(f".mgd_hdl.{_short(path)}.{secrets.token_hex(6)}.tmp{path.suffix}")


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)


def _move_new(temporary: Path, path: Path) -> None:
    """Give a file its name, unless somebody else took it in the meantime."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise FileRefused([f"{path}: exists; --force replaces it"]) from None
    except OSError:  # a file system without hard links
        temporary.replace(path)


def _replace_all(directory: Path, contents: Mapping[str, bytes]) -> None:
    """Write everything aside, then rename; if a rename fails, put back what was there."""
    temporaries = {directory / name: _aside(directory / name) for name in contents}
    try:
        for temporary, data in zip(temporaries.values(), contents.values(), strict=True):
            _write_new(temporary, data)
        with ends_held():
            _rename_all(temporaries)
    finally:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def _rename_all(temporaries: Mapping[Path, Path]) -> None:
    before: dict[Path, bytes | None] = {}
    try:
        for path, temporary in temporaries.items():
            old = path.read_bytes() if path.exists() else None
            temporary.replace(path)
            before[path] = old
    except OSError:
        for path, old in before.items():
            with contextlib.suppress(OSError):
                if old is None:
                    path.unlink(missing_ok=True)
                else:
                    again = _aside(path)
                    _write_new(again, old)
                    again.replace(path)
        raise
