"""Samples from files: inputs and answers, a part to learn from and one to test with.

What a file is, its content says: ``.npy``, ``.npz`` and IDX by their first bytes, each also packed with gzip;
all else is a table of text. Numbers stay as they are in the file; :mod:`mgd_hdl.config.attached.scaling`
brings them into the words of the circuit.
"""

from __future__ import annotations

import gzip
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import numpy as np

from ..draws import shuffled
from ..errors import did_you_mean, one_line
from .arrays import MAX_BYTES, Array, npy, npz
from .files import AttachedFile, Unreadable, size
from .idx import idx, looks_like
from .text import Line, lines_of, number

__all__ = ["Part", "Reading", "Samples", "read_samples", "unpacked"]

#: One text a sample, as it stands there; or (count, columns) numbers.
Answers = list[str] | Array

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
    """What stands in a file.

    ``x`` is (count, inputs), ``answers`` None where another file has them. ``names`` are those of the inputs,
    their numbers where there is no header (``headed``); ``lines`` the number of each sample's line, of text.
    """

    x: Array
    answers: Answers | None
    names: tuple[str, ...]
    headed: bool = False
    lines: Sequence[int] = ()


@lru_cache(maxsize=4)
def read_samples(
    file: AttachedFile,
    labels: AttachedFile | None,
    test: AttachedFile | None,
    test_labels: AttachedFile | None,
    how: Reading,
) -> Samples:
    """The samples of these files; Unreadable names the key of section [task] that is to blame."""
    tested = None
    with _blamed("file"):
        found = _content(file)
        raw = _raw(found, how, "train", labelled=labels is not None)
        if test is None and isinstance(found, Mapping) and _name(found, "x", "test"):
            tested = _raw(found, how, "test", labelled=False)
            if tested.x.shape[1] != raw.x.shape[1]:
                inputs = f"{tested.x.shape[1]} inputs to test with and {raw.x.shape[1]} to learn from"
                raise Unreadable(f"has {inputs}")
    if labels is not None:
        with _blamed("labels"):
            raw = _labelled(raw, labels, how)
    if test is not None:
        with _blamed("test"):
            tested = _raw(_content(test), how, "test", labelled=test_labels is not None)
            if tested.x.shape[1] != raw.x.shape[1]:
                raise Unreadable(f"has {tested.x.shape[1]} inputs; task.file has {raw.x.shape[1]}")
            if tested.headed and raw.headed and tested.names != raw.names:
                names = (one_line(", ".join(each.names), 100) for each in (tested, raw))
                raise Unreadable("has inputs {}; task.file has {}, in this order".format(*names))
        if test_labels is not None:
            with _blamed("test_labels"):
                tested = _labelled(tested, test_labels, how)
    return _sorted(raw, tested, how)


@contextmanager
def _blamed(key: str) -> Iterator[None]:
    """What cannot be read is blamed on this key, unless it says itself on which."""
    try:
        yield
    except Unreadable as reason:
        raise reason if reason.key else Unreadable(str(reason), f"task.{key}") from None


# ---- what a file is ------------------------------------------------------------------------------


def unpacked(data: bytes) -> bytes:
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


def _content(file: AttachedFile) -> bytes | dict[str, Array]:
    """Arrays with their names; or what is text. An ``.npy`` file's array has no name, that of IDX is x."""
    data = unpacked(file.data)
    if data[:6] == b"\x93NUMPY":
        return {"": npy(data)}
    if data[:2] == b"PK":
        return dict(npz(data))
    return {"x": idx(data)} if looks_like(data) else data


def _name(arrays: Mapping[str, Array], letter: str, part: str) -> str | None:
    """An array's name, as PyTorch's and Keras's users call it: x, X, x_train, train_x."""
    names = {name.lower(): name for name in arrays}
    wanted = (f"{letter}_{part}", f"{part}_{letter}", *((letter,) if part == "train" else ()))
    return next((names[name] for name in wanted if name in names), None)


def _raw(found: bytes | Mapping[str, Array], how: Reading, part: str, *, labelled: bool) -> _Raw:
    """Inputs and answers of one file; ``labelled`` where the answers are in another."""
    if isinstance(found, bytes):
        return _of_text(found, how, labelled)
    x, y = (_name(found, letter, part) for letter in "xy")
    if x is None and part == "test":
        x, y = (_name(found, letter, "train") for letter in "xy")
    alone = x is None and len(found) == 1 and not _name(found, "x", "test")
    if alone:
        (x,) = found
    if x is None:
        raise Unreadable(f"{_listed(found)}; must hold x and y, or x_train and y_train")
    numbers = _numbers(found[x])
    names = tuple(str(column + 1) for column in range(numbers.shape[1]))
    if labelled or y is not None:
        if how.target:
            raise Unreadable("must be left out: answers are not in columns of task.file", "task.target")
        inputs, _ = _columns((), len(names), None, how.skip)
        answers = None if labelled or y is None else _answers(found[y], len(numbers))
    elif found[x].ndim == 2 and (alone or how.target):
        inputs, targets = _columns((), len(names), how.target, how.skip)
        answers = numbers[:, targets]
    elif len(found) == 1:
        key = "labels" if part == "train" else "test_labels"
        raise Unreadable("has no answers; name the file that has them", f"task.{key}")
    else:
        raise Unreadable(f"{_listed(found)}; must also hold {x.lower().replace('x', 'y')}, the answers")
    return _Raw(numbers[:, inputs], answers, tuple(names[column] for column in inputs))


def _listed(arrays: Mapping[str, Array]) -> str:
    return f"holds arrays {', '.join(arrays)[:100]}" if arrays else "holds no arrays"


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


def _answers(given: Array, count: int) -> Answers:
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
    found, count = _content(labels), len(raw.x)
    if isinstance(found, bytes):
        table = lines_of(found, how.header)
        lines = list(table.lines)
        answers = _cells(lines, range(table.columns), table.names)
        if len(answers) != count:
            raise Unreadable(f"has {len(answers)} answers; there are {count} samples")
        return raw._replace(answers=answers, lines=[line.number for line in lines])
    if len(found) != 1 and "y" not in found:
        raise Unreadable(f"{_listed(found)}; must hold y, or a single one")
    given = found.get("y", next(iter(found.values())))
    if given.ndim and len(given) != count:
        raise Unreadable(f"has {len(given)} answers; there are {count} samples")
    return raw._replace(answers=_answers(given, count), lines=())


# ---- tables of text ------------------------------------------------------------------------------


def _of_text(data: bytes, how: Reading, labelled: bool) -> _Raw:
    table = lines_of(data, how.header)
    if labelled and how.target:
        raise Unreadable("must be left out: answers are in task.labels", "task.target")
    inputs, targets = _columns(table.names, table.columns, None if labelled else how.target, how.skip)
    names = table.names or tuple(str(column + 1) for column in range(table.columns))
    numbers, answers = array("d"), []
    for line in table.lines:
        try:
            numbers.extend([float(line.cells[column]) for column in inputs])
        except ValueError:
            _complain(line, inputs, names)
        if len(numbers) > MAX_NUMBERS:
            raise Unreadable(f"has more than {MAX_NUMBERS:,} numbers")
        answers.append(Line(line.number, [line.cells[column] for column in targets]))
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
        headed=bool(table.names),
        lines=[line.number for line in answers],
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


def _cells(lines: Sequence[Line], columns: Sequence[int], names: Sequence[str]) -> Answers:
    """Answers: of a single column as they stand there, of several numbers."""
    if len(columns) == 1:
        texts = [line.cells[columns[0]] for line in lines]
        for line, text in zip(lines, texts, strict=True):
            if not text:
                raise Unreadable(f"line {line.number}: has no answer")
        return texts
    for line in lines:
        _complain(line, columns, names or [str(column + 1) for column in range(len(line.cells))])
    return np.array([[float(line.cells[column]) for column in columns] for line in lines])


# ---- columns -------------------------------------------------------------------------------------


def _columns(
    names: Sequence[str], count: int, target: Sequence[str] | None, skip: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Which columns are inputs and which answers; no target for none, ``()`` for the last one."""

    def found(key: str, wanted: str) -> int:
        if wanted in names:
            return names.index(wanted)
        if wanted.isdecimal() and 1 <= int(wanted) <= count:
            return int(wanted) - 1
        called = f" called {', '.join(names)[:100]}{did_you_mean(wanted, names)}" if names else ""
        raise Unreadable(f"there is no column {wanted!r}; there are {count}{called}", f"task.{key}")

    left_out = [found("skip", each) for each in skip]
    rest = [column for column in range(count) if column not in left_out]
    if target is None:
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
    numbers = _as_numbers(raw.answers)
    if _are_classes(numbers, how):
        given = _labels(raw.answers, "file", text=numbers is None)
        classes = sorted(set(given), key=None if numbers is None else int)
        if len(classes) < 2:
            raise Unreadable(f"has a single class, {one_line(classes[0], 40)!r}; must have more", "task.file")
        if len(classes) > _MAX_CLASSES:
            raise Unreadable(f"has {len(classes):,} classes; at most {_MAX_CLASSES:,}", "task.file")
        place = {name: index for index, name in enumerate(classes)}
        target = np.array([place[name] for name in given])
    else:
        classes, place = [], {}
        target = _values(raw.answers, how, "file")
    whole = Part(raw.x, target)
    if tested is None:
        train, test = _split(whole, bool(classes), how)
        return Samples(train, test, tuple(classes), raw.names)
    assert tested.answers is not None
    if classes:
        named = _labels(tested.answers, "test", text=numbers is None)
        for row, name in enumerate(named):
            if name not in place:
                where = f"line {tested.lines[row]}" if tested.lines else f"row {row + 1}"
                text = f"{where}: {one_line(name, 40)!r} is a class that task.file does not have"
                raise Unreadable(text, "task.test")
        other = np.array([place[name] for name in named])
    else:
        other = _values(tested.answers, how, "test")
    order = list(shuffled(how.split, _SHUFFLE, len(raw.x)))
    return Samples(Part(raw.x[order], target[order]), Part(tested.x, other), tuple(classes), raw.names)


def _as_numbers(answers: Answers) -> Array | None:
    """(count, columns); None where any of them is text."""
    if not isinstance(answers, list):
        return answers
    found = array("d")
    for text in answers:
        value = number(text)
        if value is None:
            return None
        found.append(value)
    return np.frombuffer(found, np.float64)[:, None]


def _are_classes(numbers: Array | None, how: Reading) -> bool:
    if how.answers != "auto":
        return how.answers == "classes"
    if numbers is None:
        return True
    if numbers.shape[1] > 1 or (numbers != np.rint(numbers)).any():
        return False
    return how.outputs > 1 or len(np.unique(numbers)) == 2


def _labels(answers: Answers, key: str, *, text: bool) -> list[str]:
    """Names of classes: as they stand there if they are text, otherwise every number in one spelling."""
    if isinstance(answers, list):
        names = {each: each if text else _whole(each, key) for each in set(answers)}
        return [names[each] for each in answers]
    if answers.shape[1] > 1:
        raise Unreadable(f'has {answers.shape[1]} columns of answers; "classes" are one', f"task.{key}")
    column = answers[:, 0].astype(np.result_type(answers, np.uint8)).tolist()  # false is 0
    names = {each: _whole(str(each), key) for each in set(column)}
    return [names[each] for each in column]


def _whole(answer: str, key: str) -> str:
    """A whole number in decimal digits, all of them; what is no number stays what it is."""
    if number(answer) is None:
        return answer
    exact = Fraction(answer)
    if exact.denominator > 1:
        reason = f"answer {one_line(answer, 40)} is no class: classes are text or whole numbers"
        raise Unreadable(reason, f"task.{key}")
    return str(exact.numerator)


def _values(answers: Answers, how: Reading, key: str) -> Array:
    numbers = _as_numbers(answers)
    if numbers is None:
        bad = next(text for text in answers if number(text) is None)
        raise Unreadable(f'answer {one_line(bad, 40)!r} is no number, which "values" are', f"task.{key}")
    if numbers.shape[1] != how.outputs:
        outputs = "1 output" if how.outputs == 1 else f"{how.outputs} outputs"
        text = f"has {numbers.shape[1]} columns of values as answers; the network has {outputs}"
        raise Unreadable(text, f"task.{key}")
    return numbers


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
