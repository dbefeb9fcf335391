"""Does every file of samples that cannot be used get one clear line, status 2, and leave nothing behind?

A row is a name, the files by name, keys of section [task] beside ``file = "data"``, and what the line says.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import zipfile

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config.attached import arrays, files, samples

GOOD = "x,y,class\n1,2,a\n3,4,b\n5,6,a\n"


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archived(**given: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **given)
    return file.getvalue()


def idx(*shape: int, data: bytes) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


def zipped(**given: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in given.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


class Trap:
    """Whoever unpickles it is told."""

    def __reduce__(self):
        return pytest.fail, ("unpickled",)


PAIR = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 1.0]])
TRAP = saved(np.array([[Trap(), Trap()]]))
HEADER = b"\x93NUMPY\x01\x00\x76\x00"
ROWS = [
    # ---- text that is no table ----
    ("missing", None, {}, "cannot be read: no such file or directory"),
    ("empty", b"", {}, "is empty"),
    ("blank", b"\n  \n,,\n", {}, "has no lines"),
    ("a header only", b"x,y,class\n", {"header": "yes"}, "has no lines below its header"),
    ("ragged", GOOD + "7,8\n", {}, "line 5: has 2 cells; the first line has 3"),
    ("ragged above", "x,y\n" + GOOD, {}, "line 2: has 3 cells; the first line has 2"),
    ("a column twice", GOOD.replace("y,", "x,"), {}, "line 1: names two columns 'x'"),
    ("a cell of text", GOOD.replace("4", "four"), {}, "line 3, column y: is 'four'; must be a finite number"),
    ("no header there", GOOD, {"header": "no"}, "line 1, column 1: is 'x'; must be a finite number"),
    ("an empty cell", GOOD.replace("4", ""), {}, "line 3, column y: is empty; must be a finite number"),
    ("NaN", GOOD.replace("4", "nan"), {}, "line 3, column y: is 'nan'; must be a finite number"),
    ("infinite", GOOD.replace("4", "-inf"), {}, "line 3, column y: is '-inf'; must be a finite number"),
    ("beyond all numbers", GOOD.replace("4", "1e999"), {}, "line 3, column y: is '1e999'"),
    ("a number of Python", GOOD.replace("4", "1_0"), {}, "line 3, column y: is '1_0'"),
    ("decimal commas", GOOD.replace(",", ";").replace("4", "4,5"), {}, "a decimal point is a point"),
    (
        "decimal commas below a header",
        "x;y;class\n1,5;2,5;a\n3,5;4,5;b\n",
        {},
        "line 2, column x: is '1,5'; must be a finite number; a decimal point is a point",
    ),
    ("decimal commas from the first line on", "1,5;2,5;a\n3,5;4,5;b\n", {}, "line 1, column 1: is '1,5'"),
    ("digits of another script", GOOD.replace("5", "\u0665"), {}, "line 4, column x: is '\u0665'"),
    ("no answer", GOOD.replace("b", ""), {}, "line 3: has no answer"),
    ("an open quote", GOOD + '"7,8,a\n', {}, "line 5: unexpected end of data"),
    ("letters behind a quote", GOOD + '"7"0,8,a\n', {}, "line 5: "),
    ("a cell without end", GOOD + "7," + "8" * 200_000 + ",a\n", {}, "line 5: field larger than field limit"),
    ("UTF-16", GOOD.encode("utf-16"), {}, "is UTF-16; save it as UTF-8"),
    ("Latin-1", GOOD.replace("b", "é").encode("latin-1"), {}, "that is read; save text as UTF-8"),
    ("a NUL", GOOD.replace("b", "\0"), {}, "line 3: holds a NUL"),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(50), {}, "is neither UTF-8 nor another kind"),
    # ---- columns and classes ----
    ("no such column", GOOD, {"target": "klass"}, "no column 'klass'; there are 3 called x, y, class (did"),
    ("column nought", GOOD, {"target": "0"}, "there is no column '0'"),
    ("nothing to skip", GOOD, {"skip": "id"}, "task.skip = \"id\": there is no column 'id'"),
    ("no inputs", "a\nb\na\n", {}, "has 1 columns, and none of them is left for inputs"),
    ("inputs too few", GOOD, {"skip": "y"}, 'task "file" has 1 input and 2 outputs; must be [1, ..., 2]'),
    ("a class too many", GOOD + "7,8,c\n", {}, 'task "file" has 2 inputs and 3 outputs'),
    ("a single class", GOOD.replace("b", "a"), {}, "has a single class, 'a'; must have more"),
    ("classes that are none", "1,2,0.5\n1,2,1\n", {"answers": "classes"}, "answer 0.5 is no class"),
    ("values that are none", GOOD, {"answers": "values"}, "answer 'a' is no number"),
    ("half a range", GOOD, {"scale": [1]}, "or a list of 2 entries, each a number from -1e+30 to 1e+30"),
    ("a range too wide", GOOD, {"scale": [0, 1e31]}, "task.scale[1] = 1e+31: must be a number from -1e+30"),
    ("a range of nothing", GOOD, {"scale": [0, 5e-324]}, "must be [least, greatest], 1e-270 or more apart"),
    ("classes for too few outputs", "1,2,7\n3,4,8\n5,6,9\n", {"target": "1"}, "must be [2, ..., 3]"),
    ("a class of many digits", f"3,4,1\n5,6,2\n1,2,{'9' * 5000}\n", {}, "has 2 inputs and 3 outputs"),
    (
        "a first line that is half a header",
        "1,?,a\n2,3,b\n4,5,a\n",
        {},
        "task.header = \"auto\": line 1 may name the columns or be a sample: '1' is a number and '?' is none",
    ),
    ("a range from 1 to 0", GOOD, {"scale": [1, 0]}, "task.scale = [1.0, 0.0]: must be [least, greatest]"),
    # ---- NumPy's files ----
    ("a huge header", HEADER + b"9" * 100, {}, "is not an .npy file, or its header is damaged"),
    ("cut", saved(PAIR)[:-3], {}, "promises 48 bytes of numbers and has 45"),
    ("a pickle", TRAP, {}, "holds Python objects; must hold numbers"),
    ("a pickle, packed", zipped(x=TRAP, y=TRAP), {}, "array 'x' holds Python objects"),
    ("complex numbers", saved(PAIR * 1j), {}, "holds entries of type complex128; must hold numbers"),
    ("text", saved(np.array([["a", "b"]])), {}, "holds text; must hold numbers"),
    ("a number", saved(np.array(3.0)), {}, "has shape (); must hold samples"),
    ("a number as inputs", archived(x=np.array(3.0), y=PAIR), {}, "has shape (); must hold samples"),
    (
        "numbers next to nought",
        saved(PAIR * [5e-324, 1, 1]),
        {},
        "has numbers from 4.94066e-324 to 1.4822e-323 in column 1 of what is scaled; these must be between",
    ),
    (
        "numbers at both ends",
        archived(x=np.array([[1.7e308, 0], [-1.7e308, 1]]), y=np.array([0, 1])),
        {},
        "has numbers from -1.7e+308 to 1.7e+308 in column 1",
    ),
    ("no samples", saved(np.zeros((0, 3))), {}, "has shape (0, 3); must hold samples"),
    ("NaN in an array", saved(np.where(PAIR == 4, np.nan, PAIR)), {}, "row 2, column 2 is nan"),
    ("arrays of other names", archived(a=PAIR, b=PAIR), {}, "holds arrays a, b; must hold x and y"),
    ("answers of another name", archived(x=PAIR, labels=PAIR), {}, "x, labels; must also hold y, the answer"),
    ("inputs alone", archived(x=PAIR), {}, 'task.labels = "": has no answers; name'),
    (
        "inputs of both parts",
        archived(x_train=PAIR, x_test=PAIR),
        {},
        "holds arrays x_train, x_test; must also hold y_train, the answers",
    ),
    (
        "answers of one part",
        archived(x_train=PAIR, y_train=np.array([0, 1]), x_test=PAIR),
        {},
        "holds arrays x_train, y_train, x_test; must also hold y_test, the answers",
    ),
    (
        "a test of other inputs in the same file",
        archived(x_train=PAIR, y_train=np.array([0, 1]), x_test=PAIR[:, :2], y_test=np.array([0, 1])),
        {},
        'task.file = "data": has 2 inputs to test with and 3 to learn from',
    ),
    ("an array of images", saved(np.zeros((4, 1, 3))), {}, 'task.labels = "": has no answers; name'),
    ("an array of images in an archive", archived(a=np.zeros((4, 1, 3))), {}, "has no answers; name"),
    ("an array of one axis", saved(np.zeros(4)), {}, "has no answers; name"),
    (
        "numbers in text are no values",
        archived(x=PAIR, y=np.array(["1", "one"])),
        {"answers": "values"},
        "answer 'one' is no number",
    ),
    (
        "halves in text are no classes",
        archived(x=PAIR, y=np.array(["1", "0.5"])),
        {"answers": "classes"},
        "answer 0.5 is no class",
    ),
    ("answers too few", archived(x=PAIR, y=np.array([1])), {}, "has 2 samples and answers of shape (1,)"),
    ("a bomb of zip", zipped(x=bytes(2_000_000)), {}, "unpacks to more than 1 MiB"),
    ("no archive", b"PK\x03\x04" + bytes(90), {}, "is not an .npz file, or is damaged"),
    # ---- IDX and gzip ----
    ("images without labels", idx(2, 1, 2, data=b"abcd"), {}, "task.labels = \"\": has no answers; name"),
    ("rows without labels", idx(2, 2, data=b"abcd"), {}, "task.labels = \"\": has no answers; name"),
    ("images cut", idx(2, 1, 2, data=b"abc"), {}, "promises 4 bytes of numbers and has 3"),
    ("a bomb of gzip", gzip.compress(bytes(2_000_000)), {}, "unpacks to more than 1 MiB"),
    ("gzip, cut", gzip.compress(GOOD.encode())[:-9], {}, "is damaged gzip data: Compressed file ended"),
    ("gzip of nothing", gzip.compress(b""), {}, "is empty"),
    ("too many numbers", saved(np.zeros((300, 400))), {}, "has 120,000 numbers; at most 100,000"),
    ("too large", bytes(3_000_001), {}, "is larger than 3,000,000 bytes"),
    # ---- files that do not go together ----
    (
        "a test of other inputs",
        {"data": GOOD, "test": "x,class\n1,a\n"},
        {"test": "test"},
        'task.test = "test": has 1 inputs; task.file has 2',
    ),
    (
        "a test with its columns in another order",
        {"data": GOOD, "test": "y,x,class\n2,1,a\n"},
        {"test": "test"},
        'task.test = "test": has inputs y, x; task.file has x, y, in this order',
    ),
    ("no arrays", archived(), {}, "holds no arrays; must hold x and y"),
    (
        "labels of no arrays",
        {"data": saved(PAIR[:, :2]), "labels": zipped()},
        {"labels": "labels"},
        'task.labels = "labels": holds no arrays; must hold y, or a single one',
    ),
    (
        "a class that nobody learned",
        {"data": GOOD, "test": GOOD.replace("b", "z")},
        {"test": "test"},
        "line 3: 'z' is a class that task.file does not have",
    ),
    (
        "labels too few",
        {"data": saved(PAIR[:, :2]), "labels": "a\n"},
        {"labels": "labels"},
        'task.labels = "labels": has 1 answers; there are 2 samples',
    ),
    (
        "a number as labels",
        {"data": saved(PAIR[:, :2]), "labels": saved(np.array(3))},
        {"labels": "labels"},
        'task.labels = "labels": has 2 samples and answers of shape ()',
    ),
    ("labels missing", GOOD, {"labels": "gone"}, 'task.labels = "gone": cannot be read'),
    ("labels of no test", GOOD, {"test_labels": "data"}, 'task.test_labels = "data": needs task.test'),
    (
        "labels and a column",
        {"data": GOOD, "labels": GOOD},
        {"labels": "labels", "target": "x"},
        'task.target = "x": must be left out: answers are in task.labels',
    ),
    ("no file named", GOOD, {"file": ""}, 'task.file = "": must name a file with name = "file"'),
    ("a file of no task", GOOD, {"name": "external", "source": "stream"}, 'needs name = "file", not'),
    ("from a generator", GOOD, {"source": "generator"}, 'task "file" has no on-chip generator'),
]  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Limits that a test can afford to exceed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arrays, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(samples, "MAX_BYTES", 1 << 20)
    monkeypatch.setattr(samples, "MAX_NUMBERS", 100_000)
    monkeypatch.setattr(files, "SLOTS", tuple(files.Slot(slot.key, 3_000_000) for slot in files.SLOTS))


def refused(capsys, *arguments: str) -> str:
    """The line with which it is refused."""
    assert cli.main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("mgd-hdl: ")
    assert err[:-1].isprintable()
    assert len(err) < 600
    return err


@pytest.mark.parametrize(("data", "keys", "said"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_broken_data(data, keys, said, tmp_path, capsys):
    given = data if isinstance(data, dict) else {} if data is None else {"data": data}
    for name, content in given.items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    task = {"name": "file", "file": "data", **keys}
    toml = "[network]\nlayers = [2, 2]\n[formats]\ninput = 'UQ(0, 4)'\n[task]\n"
    (tmp_path / "t.toml").write_text(toml + "".join(f"{k} = {json.dumps(v)}\n" for k, v in task.items()))
    before = sorted(tmp_path.iterdir())
    for verb in ("check", "generate"):
        assert said in refused(capsys, verb, "t.toml")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("folder", "is a directory"),
        ("pipe", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        ("gone", "cannot be read: no such file or directory"),
        ("a\nb", "cannot be read"),
        ("n" * 300, "cannot be read: file name too long"),
    ],
)
def test_no_file_to_learn_from(name, said, tmp_path, capsys):
    """Of an argument too."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    external = '[network]\nlayers = [2, 2]\n[task]\nname = "external"\nsource = "stream"\n'
    (tmp_path / "t.toml").write_text(external)
    line = refused(capsys, "train", "t.toml", "--samples", name)
    assert line.startswith("mgd-hdl: --samples = ")
    assert said in line
    (tmp_path / "t.toml").write_text(external.replace("external", "file") + f"file = {json.dumps(name)}\n")
    assert said in refused(capsys, "train", "t.toml")


def test_samples_of_a_task_that_has_its_own(tmp_path, capsys):
    (tmp_path / "data").write_text(GOOD)
    assert 'task "xor" has its own' in refused(capsys, "simulate", "xor", "--samples", "data")


def test_two_mistakes_are_two_lines(tmp_path, capsys):
    (tmp_path / "t.toml").write_text(
        '[network]\nlayers = [2, 2]\n[task]\nname = "file"\nfile = "gone"\ntest = "gone too"\n'
    )
    assert cli.main(["check", "t.toml"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" = ")[0] for line in lines] == ["mgd-hdl: task.file", "mgd-hdl: task.test"]
