"""Checkpoints: where a run is, as a file from which it goes on as if it had not been cut.

A file is an ``.npz`` without pickle: plain arrays, stored as they are, and one entry of JSON that says whose
they are. It has parts, each of one twin or one circuit. Nothing that is read is believed: every entry must
be there, with its type, its shape and numbers within their limits, and no other.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from functools import singledispatch
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.attached.arrays import npy
from mgd_hdl.config.attached.files import Unreadable
from mgd_hdl.config.errors import Refused, one_line
from mgd_hdl.config.sections import Section

from .moves import COUNT, Within, leaves, rebuilt
from .retry import Group, Retrying
from .rtl.design import column_type
from .rtl.registers import MOST_EVENTS, Kept
from .rtl.trainer import KeptTrainer, RtlTrainer
from .trainer import Saved, Trainer

__all__ = ["Checkpoint", "Checkpoints", "Part", "Resumable"]

FORMAT, VERSION = "mgd_hdl checkpoint", 1

_HEADER = "checkpoint"
#: What a file says of itself is text of a few thousand letters.
_MOST_TEXT = 1 << 22
#: Every file of this kind begins and ends so, each entry alike.
_ODD = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    Unreadable,
)

Array = npt.NDArray[Any]
Resumable = Trainer | Retrying | RtlTrainer


# ---- writing ----------------------------------------------------------------------------------------


class Checkpoint:
    """What will be a file.

    Parameters
    ----------
    config : TrainerConfig
    more : mapping
        What the run itself keeps, as JSON has it.
    arrays : mapping
        The same as arrays, under names of its own.
    """

    def __init__(self, config: TrainerConfig, more: Mapping[str, Any] = {}, arrays: Mapping[str, Array] = {}):
        self._header: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "release": metadata.version("mgd-hdl"),
            "configuration": _document(config),
            "more": dict(more),
            "parts": {},
        }
        self._arrays = {f"more.{name}": np.asarray(array) for name, array in arrays.items()}

    def add(self, part: str, thing: Resumable) -> None:
        """Where a twin or a circuit is now, as a part of this name."""
        facts, arrays = _saved(thing)
        self._header["parts"][part] = _same(thing) | facts
        self._arrays |= {f"{part}.{name}": array for name, array in arrays.items()}

    def data(self) -> bytes:
        """The file."""
        file = io.BytesIO()
        text = np.frombuffer(json.dumps(self._header).encode(), np.uint8)
        np.savez(file, allow_pickle=False, **{_HEADER: text, **self._arrays})
        return file.getvalue()


# ---- reading ----------------------------------------------------------------------------------------


def _document(config: TrainerConfig) -> dict[str, Any]:
    """All that is asked for, and the hashes of the files that it names."""
    files = {key: file["sha256"] for key, file in config.attached.as_json().items()}
    return {**config.model_dump(mode="json"), "files": files}


def _as_of_today(said: Mapping[str, Any]) -> dict[str, Any]:
    """With the keys that came later than the file: what nobody could ask for has its default, which is what
    there was before.
    """
    found = dict(said)
    for name, field in TrainerConfig.model_fields.items():
        key, kind = field.alias or name, field.annotation
        if (
            isinstance(kind, type)
            and issubclass(kind, Section)
            and isinstance(section := said.get(key), dict)
        ):
            found[key] = kind.model_construct().model_dump(mode="json") | section
    return found


class Checkpoints:
    """What was read from a file; anything odd raises Refused with one line that begins with its name.

    Parameters
    ----------
    path : Path or str
    config : TrainerConfig
        Of which it must be.

    Attributes
    ----------
    more : dict
        What the run itself kept.
    parts : dict of str to dict
        By name what is said of each part: its ``kind``, its ``registers``, its ``step``, and more.
    """

    def __init__(self, path: Path | str, config: TrainerConfig):
        self.path = str(path)
        self._arrays = self._read()
        header = self._said()
        self.more: dict[str, Any] = self._a_mapping(header, "more")
        self.parts: dict[str, Any] = self._a_mapping(header, "parts")
        self._refuse_another("", _as_of_today(self._a_mapping(header, "configuration")), _document(config))

    def refuse(self, what: str) -> NoReturn:
        """One line about the file."""
        raise Refused([one_line(f"{self.path}: {what}", 400)])

    def odd(self, what: str) -> NoReturn:
        """It is ours, but somebody changed it."""
        self.refuse(f"is damaged: {what}")

    # ---- the container ---------------------------------------------------------------------------

    def _read(self) -> dict[str, Array]:
        data = Path(self.path).read_bytes()
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as file:
                entries = file.infolist()
                # Stored entries are no larger than the file, whatever they say.
                if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                    raise ValueError("compressed")
                return dict(_array(file, entry) for entry in entries)
        except _ODD:
            self.refuse("is no checkpoint of mgd-hdl, or not a whole one")

    def _said(self) -> dict[str, Any]:
        text = self._arrays.pop(_HEADER, np.empty(0))
        try:
            if text.dtype != np.uint8 or not 0 < text.size <= _MOST_TEXT:
                raise ValueError("no text")
            header: Any = json.loads(text.tobytes())
            if header["format"] != FORMAT:
                raise ValueError("another file")
            version = header["version"]
        except (ValueError, TypeError, KeyError, RecursionError):
            self.refuse("is no checkpoint of mgd-hdl, or not a whole one")
        if version != VERSION:
            self.refuse(f"is a checkpoint of version {version!r}; this release reads version {VERSION}")
        found: dict[str, Any] = header
        return found

    def _a_mapping(self, header: Any, name: str) -> dict[str, Any]:
        found = header.get(name) if isinstance(header, dict) else None
        if not isinstance(found, dict):
            self.odd(f"{name} is not there")
        return found

    def _refuse_another(self, where: str, theirs: Any, ours: Any) -> None:
        """Refuses what differs, and names the first such key."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for key in sorted(theirs.keys() | ours.keys()):
                self._refuse_another(
                    f"{where}.{key}".lstrip("."), theirs.get(key, "not there"), ours.get(key, "not there")
                )
        elif theirs != ours:
            self.refuse(f"is of another run: {where} was {_shown(theirs)} and is {_shown(ours)} now")

    # ---- parts -----------------------------------------------------------------------------------

    def put(self, part: str, thing: Resumable) -> None:
        """The twin or circuit, made anew with the same registers, goes on from where that part was.

        Where that is refused it has no meaning any more.
        """
        facts = self._a_mapping(self.parts, part)
        for key, value in _same(thing).items():
            self._refuse_another(key, facts.get(key), value)
        for name in self._arrays:
            if name.partition(".")[0] not in {"more", *self.parts}:
                self.odd(f"holds {name!r}, which belongs to no part")
        prefix = f"{part}."
        ours = {name.removeprefix(prefix) for name in self._arrays if name.startswith(prefix)}
        _resume(thing, Part(self, facts, prefix, ours))

    @property
    def step(self) -> int:
        """Steps done, of all parts alike."""
        steps = {self.number_of(facts, "step") for facts in self.parts.values()}
        if len(steps) != 1:
            self.odd("its parts stand at different steps")
        return steps.pop()

    def number(self, name: str, within: Within = COUNT) -> int:
        """A whole number that the run itself kept."""
        return self.number_of(self.more, name, within)

    def number_of(self, said: Any, name: str, within: Within = COUNT) -> int:
        """The whole number that is said under this name."""
        found = said.get(name) if isinstance(said, dict) else None
        if type(found) is not int or not within.low <= found <= within.high:
            self.odd(f"{name} must be a whole number within {within.low} and {within.high}")
        return found

    def array(
        self, name: str, kind: Any, shape: tuple[int, ...] | None = None, within: Within | None = None
    ) -> Array:
        """One of what the run itself kept; without a shape of any length."""
        found = self._arrays.get(f"more.{name}")
        if (
            found is None
            or found.dtype != kind
            or (found.ndim == 0 if shape is None else found.shape != shape)
        ):
            self.odd(f"{name} is not there, or not as it was written")
        self.hold_within(name, found, within)
        return found

    def hold_within(self, name: str, array: Array, within: Within | None) -> None:
        """Refuses numbers beyond their limits."""
        if within is not None and not _inside(array, within):
            self.odd(f"{name} must be within {within.low} and {within.high}")

    def rows(self, name: str, columns: int, counts: int = 1) -> Array:
        """A table that the run itself kept, of one row or more: steps done, which rise, come first. They and
        as many columns as ``counts`` are whole numbers.
        """
        found = self.array(name, np.float64)
        if found.ndim != 2 or found.shape[1] != columns or not len(found) or not _counts(found[:, :counts]):
            self.odd(f"{name} must be rows of {columns} numbers")
        steps = found[:, 0]
        if not ((np.diff(steps) > 0).all() and steps[-1] <= self.step):
            self.odd(f"{name} must have rising steps, up to {self.step}")
        return found

    def number_or_none(self, name: str, within: Within = COUNT) -> int | None:
        """A whole number that the run itself kept, or that there is none."""
        return None if self.more.get(name, 0) is None else self.number(name, within)

    def entry(self, name: str) -> Array | None:
        """An entry of the file."""
        return self._arrays.get(name)


class Part:
    """One part of a file: what is said of it, and its arrays, each of which must be asked for."""

    def __init__(self, file: Checkpoints, facts: Mapping[str, Any], prefix: str, left: set[str]):
        self.file, self.facts, self._prefix, self._left = file, facts, prefix, left

    def take(self, name: str, shape: tuple[int, ...], kind: Any, within: Within | None = None) -> Array:
        """An array of this shape and type, its numbers within limits."""
        found = self.file.entry(self._prefix + name)
        if found is None or found.shape != shape or found.dtype != kind:
            self.file.odd(f"{name} must be {np.dtype(kind).name} of shape {shape}")
        self.file.hold_within(name, found, within)
        self._left.discard(name)
        return found

    def rows(self, name: str, like: tuple[int, ...], kind: Any, most: int, within: Within | None) -> Array:
        """The same, of up to so many rows of this shape."""
        found = self.file.entry(self._prefix + name)
        rows = -1 if found is None or not found.ndim else len(found)
        if not 0 <= rows <= most:
            self.file.odd(f"{name} must have at most {most} rows")
        return self.take(name, (rows, *like), kind, within)

    def number(self, name: str, within: Within = COUNT) -> int:
        """What is said under this name."""
        return self.file.number_of(self.facts, name, within)

    def done(self) -> None:
        """All was asked for."""
        if self._left:
            self.file.odd(f"nobody knows {min(self._left)}")


def _array(file: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[str, Array]:
    """An entry by name; ValueError where it is no plain array."""
    if not entry.filename.endswith(".npy"):
        raise ValueError(entry.filename)
    found = npy(file.read(entry))  # which looks at its checksum
    return entry.filename.removesuffix(".npy"), found.copy()


def _counts(array: Array) -> bool:
    """Whether all are whole numbers from 0."""
    return _inside(array, COUNT) and bool((array == np.floor(array)).all())


def _inside(array: Array, within: Within) -> bool:
    return bool(array.size == 0 or (array.min() >= within.low and array.max() <= within.high))


def _shown(value: Any) -> str:
    return one_line(json.dumps(value), 60)


# ---- what is saved, and goes on ---------------------------------------------------------------------


def _digest(*given: Array | None) -> str:
    """Of what came from outside, samples or codes, which no configuration tells; "" for nothing."""
    found = hashlib.sha256()
    for array in given:
        if array is None:
            return ""
        found.update(json.dumps(array.shape).encode())
        found.update(np.ascontiguousarray(array, np.int64).tobytes())
    return found.hexdigest()


# ---- a twin -----------------------------------------------------------------------------------------


@singledispatch
def _same(thing: Any) -> dict[str, Any]:
    """What another one that goes on from there must have the same."""
    raise TypeError(type(thing).__name__)


@singledispatch
def _saved(thing: Any) -> tuple[dict[str, Any], dict[str, Array]]:
    """What else is said of it, and its arrays."""
    raise TypeError(type(thing).__name__)


@singledispatch
def _resume(thing: Any, part: Part) -> None:
    """It goes on from there."""
    raise TypeError(type(thing).__name__)


@_same.register
def _(thing: Trainer | Retrying) -> dict[str, Any]:
    return {
        "kind": "twin" if isinstance(thing, Trainer) else "twin that tries again",
        "registers": [asdict(each) for each in thing.each_registers],
        "devices": thing.devices,
        "samples": _digest(thing.samples.x, thing.samples.target),
        "perturbations": _digest(thing.perturbations),
    }


@_saved.register
def _(thing: Trainer) -> tuple[dict[str, Any], dict[str, Array]]:
    return {"step": thing.step}, _state_arrays(thing)


@_resume.register
def _(thing: Trainer, part: Part) -> None:
    _put_state(thing, part, "", part.number("step"))
    part.done()


def _state_arrays(trainer: Trainer, prefix: str = "") -> dict[str, Array]:
    return {prefix + name: np.asarray(each) for name, each in leaves(trainer.state)}


def _put_state(trainer: Trainer, part: Part, prefix: str, step: int) -> None:
    """A fresh trainer takes its state from the arrays with this prefix."""
    if step:  # from the first step on the present code and sample are there too
        trainer.inputs.skip(1)
    limits = dict(leaves(trainer.limits))

    def taken(name: str, here: Any) -> Any:
        array = np.asarray(here)
        found = part.take(prefix + name, array.shape, array.dtype, limits[name])
        return found if isinstance(here, np.ndarray) else int(found)

    state: Saved = rebuilt(trainer.state, taken)
    if state.prepared["steps"]["step"] != step:
        part.file.odd(f"step must be {step}")
    trainer.restore(state)


@_saved.register
def _(thing: Retrying) -> tuple[dict[str, Any], dict[str, Array]]:
    facts = {"step": thing.step, "groups": [{"begun": group.begun} for group in thing.groups]}
    arrays: dict[str, Array] = {"tries": thing.tries}
    for number, group in enumerate(thing.groups):
        prefix = f"group_{number}."
        own = {name: getattr(group, name) for name in ("replicas", "tries", "rows")}
        arrays |= {prefix + name: array for name, array in own.items()}
        arrays |= _state_arrays(group.trainer, prefix)
    return facts, arrays


@_resume.register
def _(thing: Retrying, part: Part) -> None:
    count, step = thing.replicas, part.number("step")
    tries = part.take("tries", (count,), np.int64, Within(1, 1 + step // thing.try_steps))
    said = part.facts.get("groups")
    if not isinstance(said, list) or not 0 < len(said) <= count:
        part.file.odd(f"groups must be 1 to {count}")
    groups = [_group(thing, part, number, step) for number in range(len(said))]
    members = np.concatenate([group.members for group in groups])
    if sorted(members.tolist()) != list(range(count)):
        part.file.odd("every replica must be in one group")
    if any((group.tries[group.rows] != tries[group.members]).any() for group in groups):
        part.file.odd("tries differ from those of the groups")
    part.done()
    thing.step, thing.tries, thing.groups = step, tries, groups


def _group(thing: Retrying, part: Part, number: int, step: int) -> Group:
    """The tries of a file that began together."""
    prefix, replicas = f"group_{number}.", Within(0, thing.replicas - 1)
    begun = part.file.number_of(part.facts["groups"][number], "begun", Within(0, step))
    whose = part.rows(f"{prefix}replicas", (), np.int64, thing.replicas, replicas)
    # Each of the tries before took as long as one without a verdict, or longer.
    most = Within(1, 1 + begun // thing.try_steps)
    tries = part.take(f"{prefix}tries", whose.shape, np.int64, most)
    if not len(whose):
        part.file.odd(f"{prefix}replicas must be there")
    rows = part.rows(f"{prefix}rows", (), np.int64, len(whose), Within(0, len(whose) - 1))
    group = thing.begin(whose, tries, begun)
    group.rows = rows
    _put_state(group.trainer, part, prefix, step - begun)
    return group


# ---- a circuit --------------------------------------------------------------------------------------


@_same.register
def _(thing: RtlTrainer) -> dict[str, Any]:
    return {
        "kind": "circuit",
        "registers": [asdict(thing.registers)],
        "circuit": hashlib.sha256(thing.model.design.verilog.encode()).hexdigest(),
        "streams": thing.digests,
    }


@_saved.register
def _(thing: RtlTrainer) -> tuple[dict[str, Any], dict[str, Array]]:
    state = thing.state
    facts = {
        "step": state.step,
        "flags": state.flags,
        "solved_at": state.solved_at,
        "clocks": state.kept.clocks,
        "fed": state.kept.fed,
    }
    arrays: dict[str, Array] = {f"register.{path}": each for path, each in state.kept.registers.items()}
    arrays |= {f"event.{name}": each for name, each in state.kept.events.items()}
    return facts, arrays


@_resume.register
def _(thing: RtlTrainer, part: Part) -> None:
    model, found = thing.model, {}
    for held in model.held:
        found[held.path] = part.take(f"register.{held.path}", held.shape, held.type)
        if not held.fits(found[held.path]):
            part.file.odd(f"register.{held.path} must have {held.width} bits")
    events = {
        name: part.rows(f"event.{name}", (len(probes),), column_type(probes), MOST_EVENTS, None)
        for name, probes in model.design.groups.items()
    }
    fed = {stream: part.file.number_of(part.facts.get("fed"), stream) for stream in thing.digests}
    kept = Kept(found, events, fed, part.number("clocks"))
    part.done()
    step = part.number("step")
    solved_at = part.number("solved_at", Within(-1, step - 1))
    thing.restore(KeptTrainer(step, part.number("flags", Within(0, 7)), solved_at, kept))
