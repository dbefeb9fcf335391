"""Samples from files: inputs and answers, a part to learn from and one to test with.

What a file is, its content says: ``.npy``, ``.npz`` and IDX by their first bytes, each also packed with gzip;
all else is a table of text. Numbers stay as they are in the file; :mod:`mgd_hdl.config.attached.scaling`
brings them into the words of the circuit.
"""

from __future__ import annotations

import gzip
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from ..draws import shuffled
from ..errors import did_you_mean, one_line
from .arrays import MAX_BYTES, Array, npy, npz
from .files import AttachedFile, Unreadable, size
from .idx import idx, looks_like
from .text import Line, lines_of, number

__all__ = ["Part", "Reading", "Samples", "read_samples"]

#: Numbers in all samples of a file.
MAX_NUMBERS = 1 << 26
#: More classes than outputs that a network may have.
_MAX_CLASSES = 4096
_SHUFFLE = 3  # a stream of the seed's draws


@dataclass(frozen=True)
class Reading:
    """How files are read: the keys of section [task], and how many outputs the network has."""

    target: tuple[str, ...]
    skip: tuple[str, ...]
    header: str
    answers: str
    test_share: float
    split: int
    outputs: int


class Part(NamedTuple):
    """Some samples: ``x`` (count, inputs) as in the file; ``target`` the number of the class (count,), or
    values (count, outputs).
    """

    x: Array
    target: Array


@dataclass(frozen=True, eq=False)
class Samples:
    """All samples of a configuration.

    Attributes
    ----------
    train, test : Part
        ``test`` may have no samples.
    classes : tuple of str
        What the classes are called, in their order; empty where answers are values.
    inputs : tuple of str
        What the inputs are called.
    """

    train: Part
    test: Part
    classes: tuple[str, ...]
    inputs: tuple[str, ...]


class _Raw(NamedTuple):
    """What stands in a file: inputs, and one column of text or (count, columns) numbers, or nothing."""

    x: Array
    answers: list[str] | Array | None
    names: tuple[str, ...]
    places: Sequence[str]


@lru_cache(maxsize=4)
def read_samples(
    file: AttachedFile,
    labels: AttachedFile | None,
    test: AttachedFile | None,
    test_labels: AttachedFile | None,
    how: Reading,
) -> Samples:
    """The samples of these files; Unreadable names the key of section [task] that is to blame."""
    with _blamed("file"):
        kinds = _arrays(file)
        raw = _raw(kinds, file, how, "train", labels is not None)
        held = test is None and isinstance(kinds, Mapping) and _member(kinds, "x", "test") is not None
        tested = _raw(kinds, file, how, "test", labels is not None) if held else None
    if labels is not None:
        with _blamed("labels"):
            raw = _labelled(raw, labels, how)
    if test is not None:
        with _blamed("test"):
            tested = _raw(_arrays(test), test, how, "test", test_labels is not None)
        if test_labels is not None:
            with _blamed("test_labels"):
                tested = _labelled(tested, test_labels, how)
        with _blamed("test"):
            if tested.x.shape[1] != raw.x.shape[1]:
                raise Unreadable(f"has {tested.x.shape[1]} inputs; task.file has {raw.x.shape[1]}")
    if raw.answers is None:
        raise Unreadable("has no answers; name the file that has them", "task.labels")
    if tested is not None and tested.answers is None:
        raise Unreadable("has no answers; name the file that has them", "task.test_labels")
    return _sorted(raw, tested, how)


class _blamed:
    """What cannot be read is blamed on this key, unless it says itself on which."""

    def __init__(self, key: str):
        self.key = f"task.{key}"

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, Unreadable) and not error.key:
            raise Unreadable(str(error), self.key) from None


# ---- what a file is ------------------------------------------------------------------------------


def _unpacked(data: bytes) -> bytes:
    """Without gzip, if it is packed."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            found = file.read(MAX_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise Unreadable(f"is damaged gzip data: {one_line(str(error), 80)}") from None
    if len(found) > MAX_BYTES:
        raise Unreadable(f"unpacks to more than {size(MAX_BYTES)}")
    if not found:
        raise Unreadable("is empty")
    return found


def _arrays(file: AttachedFile) -> bytes | Array | dict[str, Array]:
    """An array, several with their names, or the bytes of what is text."""
    data = _unpacked(file.data)
    if data[:6] == b"\x93NUMPY":
        return npy(data)
    if data[:2] == b"PK":
        return npz(data)
    return idx(data) if looks_like(data) else data


def _member(arrays: Mapping[str, Array], letter: str, part: str) -> Array | None:
    """An array of an archive, as PyTorch's and Keras's users call them: x, X, x_train, train_x."""
    names = {name.lower(): found for name, found in arrays.items()}
    wanted = (f"{letter}_{part}", f"{part}_{letter}", *((letter,) if part == "train" else ()))
    return next((names[name] for name in wanted if name in names), None)


def _raw(
    found: bytes | Array | dict[str, Array], file: AttachedFile, how: Reading, part: str, labelled: bool
) -> _Raw:
    """Inputs and answers of one file; ``labelled`` where the answers are in another."""
    if isinstance(found, bytes):
        return _of_text(found, how, labelled)
    answers: Array | list[str] | None = None
    if isinstance(found, dict):
        x, y = (_member(found, letter, part) for letter in "xy")
        if x is None and part == "test":
            x, y = (_member(found, letter, "train") for letter in "xy")
        if x is None:
            x = next(iter(found.values())) if len(found) == 1 else None
        if x is None:
            raise Unreadable(
                f"holds arrays {', '.join(found)[:100]}; must hold x and y, or x_train and y_train"
            )
        x = _numbers(x)
        answers = None if labelled or y is None else _answers(y, len(x))
    else:
        x = _numbers(found)
    names = tuple(str(column + 1) for column in range(x.shape[1]))
    if answers is not None or labelled:
        if how.target:
            raise Unreadable("must be left out: answers are not in columns of task.file", "task.target")
        inputs, _ = _columns((), x.shape[1], ("?",), how.skip)
        return _Raw(x[:, inputs], answers, tuple(names[i] for i in inputs), _Rows())
    if x.shape[1] < 2 or looks_like(_unpacked(file.data)):
        return _Raw(x, None, names, _Rows())
    inputs, targets = _columns((), x.shape[1], how.target, how.skip)
    return _Raw(x[:, inputs], x[:, targets], tuple(names[i] for i in inputs), _Rows())


class _Rows(Sequence[str]):
    """Names of the rows of an array."""

    def __len__(self) -> int:
        return MAX_NUMBERS

    def __getitem__(self, row: Any) -> Any:
        return f"row {row + 1}"


def _numbers(given: Array) -> Array:
    """(count, numbers of a sample), of any array whose first axis counts samples."""
    if given.dtype.kind == "U":
        raise Unreadable("holds text; must hold numbers")
    if given.ndim == 0 or given.size == 0:
        raise Unreadable(f"has shape {given.shape}; must hold samples")
    if given.size > MAX_NUMBERS:
        raise Unreadable(f"has {given.size:,} numbers; at most {MAX_NUMBERS:,}")
    flat = given.reshape(len(given), -1)
    if flat.dtype.kind == "f":
        bad = np.argwhere(~np.isfinite(flat))
        if len(bad):
            row, column = bad[0]
            raise Unreadable(f"row {row + 1}, column {column + 1} is {flat[row, column]}; must be finite")
    return flat


def _answers(given: Array, count: int) -> Array | list[str]:
    """Those of an array: (count,) of text, or (count, columns) of numbers."""
    if given.ndim == 0 or len(given) != count:
        raise Unreadable(f"has {count} samples and answers of shape {given.shape}")
    if given.dtype.kind != "U":
        return _numbers(given)
    if given.size != count:
        raise Unreadable(f"has text of shape {given.shape} as answers; must have one for each sample")
    return [text.strip() for text in given.ravel().tolist()]


def _labelled(raw: _Raw, labels: AttachedFile, how: Reading) -> _Raw:
    """With the answers of a second file."""
    found, count = _arrays(labels), len(raw.x)
    if isinstance(found, dict):
        if len(found) != 1 and "y" not in found:
            raise Unreadable(f"holds arrays {', '.join(found)[:100]}; must hold y, or a single one")
        found = found.get("y", next(iter(found.values())))
    if isinstance(found, bytes):
        table = lines_of(found, how.header)
        lines = list(table.lines)
        answers = _cells(lines, range(table.columns), table.names)
        places: Sequence[str] = [f"line {line.number}" for line in lines]
    else:
        places = _Rows()
        if found.ndim and len(found) != count:
            raise Unreadable(f"has {len(found)} answers; there are {count} samples")
        answers = _answers(found, count)
    if len(answers) != count:
        raise Unreadable(f"has {len(answers)} answers; there are {count} samples")
    return raw._replace(answers=answers, places=places)


# ---- tables of text ------------------------------------------------------------------------------


def _of_text(data: bytes, how: Reading, labelled: bool) -> _Raw:
    table = lines_of(data, how.header)
    if labelled and how.target:
        raise Unreadable("must be left out: answers are in task.labels", "task.target")
    inputs, targets = _columns(table.names, table.columns, ("?",) if labelled else how.target, how.skip)
    names = table.names or tuple(str(column + 1) for column in range(table.columns))
    numbers, answers, places = array("d"), [], []
    for line in table.lines:
        try:
            numbers.extend([float(line.cells[column]) for column in inputs])
        except ValueError:
            _complain(line, inputs, names)
        if len(numbers) > MAX_NUMBERS:
            raise Unreadable(f"has more than {MAX_NUMBERS:,} numbers")
        answers.append(Line(line.number, [line.cells[column] for column in targets]))
        places.append(f"line {line.number}")
    if not answers:
        raise Unreadable("has no lines below its header")
    x = np.frombuffer(numbers, np.float64).reshape(len(answers), len(inputs))
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if len(bad) or b"_" in data or not data.isascii():  # Python's numbers may have those; ours may not
        for row, line in enumerate(lines_of(data, how.header).lines):
            text = "".join(line.cells)
            if row in bad[:1] or "_" in text or not text.isascii():
                _complain(line, inputs, names)
    return _Raw(
        x,
        None if labelled else _cells(answers, range(len(targets)), tuple(names[i] for i in targets)),
        tuple(names[column] for column in inputs),
        places,
    )


def _complain(line: Line, columns: Sequence[int], names: Sequence[str]) -> None:
    """Raises where one of these cells is no number."""
    for column in columns:
        cell = line.cells[column]
        if number(cell) is None:
            what = repr(one_line(cell, 40)) if cell else "empty"
            hint = "; a decimal point is a point" if number(cell.replace(",", ".")) is not None else ""
            place = f"line {line.number}, column {names[column] or column + 1}"
            raise Unreadable(f"{place}: is {what}; must be a finite number{hint}")


def _cells(lines: Sequence[Line], columns: Sequence[int], names: Sequence[str]) -> Array | list[str]:
    """Answers: numbers where all cells are some; otherwise text, of a single column."""
    if len(columns) == 1 and any(number(line.cells[columns[0]]) is None for line in lines):
        for line in lines:
            if not line.cells[columns[0]]:
                raise Unreadable(f"line {line.number}: has no answer")
        return [line.cells[columns[0]] for line in lines]
    for line in lines:
        _complain(line, columns, names or [str(column + 1) for column in range(len(line.cells))])
    return np.array([[float(line.cells[column]) for column in columns] for line in lines])


# ---- columns -------------------------------------------------------------------------------------


def _columns(
    names: Sequence[str], count: int, target: Sequence[str], skip: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Which columns are inputs and which answers; ``("?",)`` as target for none, ``()`` for the last one."""

    def found(key: str, wanted: str) -> int:
        if wanted in names:
            return names.index(wanted)
        if wanted.isdecimal() and 1 <= int(wanted) <= count:
            return int(wanted) - 1
        called = f" called {', '.join(names)[:100]}{did_you_mean(wanted, names)}" if names else ""
        raise Unreadable(f"there is no column {wanted!r}; there are {count}{called}", f"task.{key}")

    left_out = [found("skip", each) for each in skip]
    rest = [column for column in range(count) if column not in left_out]
    if target == ("?",):
        targets = []
    else:
        targets = [found("target", each) for each in target] or rest[-1:]
    if len(set(targets)) < len(targets) or set(targets) & set(left_out):
        raise Unreadable("names a column twice, or one of task.skip", "task.target")
    inputs = [column for column in rest if column not in targets]
    if not inputs:
        raise Unreadable(f"has {count} columns, and none of them is left for inputs")
    return inputs, targets


# ---- classes and parts ---------------------------------------------------------------------------


def _sorted(raw: _Raw, tested: _Raw | None, how: Reading) -> Samples:
    """Answers as classes or values, and both parts in an order that a seed draws."""
    assert raw.answers is not None
    if _are_classes(raw.answers, how):
        given = _labels(raw.answers, "file")
        classes: Sequence[str] = _in_order(set(given))
        if len(classes) < 2:
            raise Unreadable(f"has a single class, {one_line(classes[0], 40)!r}; must have more", "task.file")
        if len(classes) > _MAX_CLASSES:
            raise Unreadable(f"has {len(classes):,} classes; at most {_MAX_CLASSES:,}", "task.file")
        place = {name: index for index, name in enumerate(classes)}
        target = np.array([place[name] for name in given])
    else:
        classes, place = (), {}
        target = _values(raw.answers, how, "file")
    whole = Part(raw.x, target)
    if tested is None:
        train, test = _split(whole, bool(classes), how)
        return Samples(train, test, tuple(classes), raw.names)
    assert tested.answers is not None
    if classes:
        named = _labels(tested.answers, "test")
        for row, name in enumerate(named):
            if name not in place:
                text = f"{tested.places[row]}: {one_line(name, 40)!r} is a class that task.file does not have"
                raise Unreadable(text, "task.test")
        other = np.array([place[name] for name in named])
    else:
        other = _values(tested.answers, how, "test")
    order = list(shuffled(how.split, _SHUFFLE, len(raw.x)))
    return Samples(Part(raw.x[order], target[order]), Part(tested.x, other), tuple(classes), raw.names)


def _in_order(classes: set[str]) -> list[str]:
    """By their numbers if all are some, else as text."""
    numbers = all(name.removeprefix("-").isdecimal() for name in classes)
    return sorted(classes, key=int) if numbers else sorted(classes)


def _are_classes(answers: Array | list[str], how: Reading) -> bool:
    if how.answers != "auto":
        return how.answers == "classes"
    if isinstance(answers, list):
        return True
    if answers.shape[1] > 1 or (answers != np.rint(answers)).any():
        return False
    return how.outputs > 1 or len(np.unique(answers)) == 2


def _labels(answers: Array | list[str], key: str) -> list[str]:
    """Names of classes, of text or whole numbers."""
    if isinstance(answers, list):
        return answers
    if answers.shape[1] > 1:
        raise Unreadable(f'has {answers.shape[1]} columns of answers; "classes" are one', f"task.{key}")
    rounded = np.rint(answers[:, 0])
    if (rounded != answers[:, 0]).any():
        row = int(np.flatnonzero(rounded != answers[:, 0])[0])
        raise Unreadable(
            f"answer {answers[row, 0]:g} is no class: classes are text or whole numbers", f"task.{key}"
        )
    return [str(int(value)) for value in rounded.tolist()]


def _values(answers: Array | list[str], how: Reading, key: str) -> Array:
    if isinstance(answers, list):
        bad = next(text for text in answers if number(text) is None)
        raise Unreadable(f'answer {one_line(bad, 40)!r} is no number, which "values" are', f"task.{key}")
    if answers.shape[1] != how.outputs:
        outputs = "1 output" if how.outputs == 1 else f"{how.outputs} outputs"
        text = f"has {answers.shape[1]} columns of values as answers; the network has {outputs}"
        raise Unreadable(text, f"task.{key}")
    return answers


def _split(whole: Part, classes: bool, how: Reading) -> tuple[Part, Part]:
    """A part of each class is set aside; of values, a part of all."""
    group = whole.target if classes else np.zeros(len(whole.x), np.int64)
    counts = np.bincount(group)
    # At least one of each class is left to learn from.
    left = np.minimum(np.rint(counts * how.test_share).astype(np.int64), counts - 1).tolist()
    train: list[int] = []
    test: list[int] = []
    for row in shuffled(how.split, _SHUFFLE, len(whole.x)):
        kind = int(group[row])
        (test if left[kind] > 0 else train).append(row)
        left[kind] -= 1
    return Part(*(part[train] for part in whole)), Part(*(part[test] for part in whole))
