"""The files themselves: which keys name some, how they are read, and how they are carried."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Problem, shown

__all__ = ["SLOTS", "Attached", "AttachedFile", "Slot", "Unreadable", "read", "read_for", "size"]


class Unreadable(Exception):
    """A file, or what it holds, cannot be used; the message says why, without its name.

    ``key`` is the key that is to blame, where the one who raises it knows.
    """

    def __init__(self, reason: str, key: str = ""):
        super().__init__(reason)
        self.key = key


@dataclass(frozen=True)
class Slot:
    """A key that may name a file.

    Attributes
    ----------
    key : str
        ``"section.key"``; its value is the file's name, ``""`` for none.
    most : int
        Bytes that the file may have.
    """

    key: str
    most: int


#: Every key that may name a file. As many bytes as five times the images of Fashion-MNIST.
SLOTS: tuple[Slot, ...] = tuple(
    Slot(key, 1 << 28)
    for key in ("network.parameters", "task.file", "task.labels", "task.test", "task.test_labels")
)


@dataclass(frozen=True)
class AttachedFile:
    """A file's content. Equal ones have the same name and the same SHA-256.

    Attributes
    ----------
    name : str
        As the configuration gives it; it says nothing of the content.
    data : bytes
    sha256 : str
        Of ``data``, hexadecimal.
    """

    name: str
    data: bytes = field(repr=False, compare=False)
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", hashlib.sha256(self.data).hexdigest())

    def as_json(self) -> dict[str, Any]:
        """What results say of the data that they come from; JSON types only."""
        return {"file": self.name, "sha256": self.sha256, "bytes": len(self.data)}


@dataclass(frozen=True)
class Attached:
    """The files of a configuration, by key; those that are equal have equal files.

    Attributes
    ----------
    files : tuple of (str, AttachedFile)
        By the keys that name them.
    folder : Path, optional
        Relative names are looked for there: where the TOML is. None: the working directory.
    """

    files: tuple[tuple[str, AttachedFile], ...] = ()
    folder: Path | None = field(default=None, compare=False, repr=False)

    def file(self, key: str) -> AttachedFile | None:
        """The file that a key names, if it does."""
        return dict(self.files).get(key)

    @property
    def paths(self) -> list[Path]:
        """Where those are sought that are found by their names."""
        return [(self.folder or Path()) / file.name for _, file in self.files]

    def following(self, config: Any) -> tuple[Attached, list[Problem]]:
        """The files that a configuration names, and one problem for each that cannot be read.

        A name that stays what it was keeps its content, whether its file is still there or not.
        """
        files, problems = {}, []
        for slot in SLOTS:
            section, _, key = slot.key.rpartition(".")
            name = getattr(getattr(config, section) if section else config, key)
            if not name:
                continue
            held = self.file(slot.key)
            try:
                if held is None or held.name != name:
                    held = read(name, self.folder, slot.most)
                files[slot.key] = held
            except Unreadable as reason:
                problems.append(Problem(slot.key, shown(name), str(reason)))
        return Attached(tuple(files.items()), self.folder), problems

    def with_file(self, key: str, file: AttachedFile) -> Attached:
        """With another file at a key; the configuration must name it so."""
        return Attached(tuple({**dict(self.files), key: file}.items()), self.folder)

    def as_json(self) -> dict[str, Any]:
        """Names and hashes by key; JSON types only."""
        return {key: file.as_json() for key, file in self.files}

    @property
    def entry(self) -> dict[str, Any]:
        """What a result adds to its JSON: ``files``, or nothing where there are none."""
        return {"files": self.as_json()} if self.files else {}

    def packed(self) -> dict[str, list[str]]:
        """Everything, as JSON types: for a process that is sent text. :meth:`unpacked` takes it."""
        return {key: [file.name, base64.b64encode(file.data).decode()] for key, file in self.files}

    @classmethod
    def unpacked(cls, packed: Mapping[str, list[str]]) -> Attached:
        """What :meth:`packed` packed."""
        return cls(
            tuple(
                (key, AttachedFile(name, base64.b64decode(data, validate=True)))
                for key, (name, data) in packed.items()
            )
        )


def read(name: str, folder: Path | None, most: int) -> AttachedFile:
    """The content of a regular file of at most ``most`` bytes.

    Whatever else may have that name, or cannot be read, is Unreadable.
    """
    try:
        path = Path(name) if folder is None else folder / name
        # Without waiting: a pipe that nobody writes would hold us for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(handle)
            if stat.S_ISDIR(found.st_mode):
                raise Unreadable("is a directory")
            if not stat.S_ISREG(found.st_mode):
                raise Unreadable("is not a regular file")
            with open(handle, "rb", closefd=False) as file:
                data = file.read(min(found.st_size, most) + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise Unreadable(f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    except ValueError:  # a NUL, or half of a character
        raise Unreadable("is no name of a file") from None
    if len(data) > most:
        raise Unreadable(f"is larger than {size(most)}")
    if not data:
        raise Unreadable("is empty")
    return AttachedFile(name, data)


def read_for(key: str, name: str) -> AttachedFile:
    """A file that may stand at this key, given otherwise: its name is of the working directory."""
    return read(name, None, next(slot.most for slot in SLOTS if slot.key == key))


def size(number: int) -> str:
    """Bytes in words."""
    return f"{number >> 20} MiB" if number and not number % (1 << 20) else f"{number:,} bytes"
