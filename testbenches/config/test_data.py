"""Are own samples read from every kind of file as they are meant, parted, and scaled to the integer?"""

from __future__ import annotations

import gzip
import io
import json
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import ConfigError, Format, TrainerConfig, load
from testbenches import own_data

#: Three inputs and a class.
ROWS = [
    (1.5, -2.0, 0.0, "no"),
    (2.5, 4.0, 0.0, "yes"),
    (0.5, 1.0, 0.0, "no"),
    (1.0, 0.25, 0.0, "yes"),
    (2.0, 3.0, 0.0, "no"),
]
NAMES = ("a b", "ç", "flat", "answer")
ALL = {"test_share": 0.0}


def text(delimiter: str = ",", *, header: bool = True, end: str = "\n") -> str:
    lines = [list(NAMES)] * header + [[f"{value}" for value in row] for row in ROWS]
    return "".join(delimiter.join(line) + end for line in lines)


def saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archived(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def config(
    folder: Path, data: bytes | str, layers: tuple[int, ...] = (3, 2, 2), *, name: str = "data", **changes
) -> TrainerConfig:
    """Of data that stand in a file; ``changes`` are keys of [task] and [formats]."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    formats = {key: changes.pop(f"{key}_format") for key in ("input", "target") if f"{key}_format" in changes}
    toml = [f"[network]\nlayers = {list(layers)}\n[formats]"]
    toml += [f'{key} = "{value}"' for key, value in {"input": "SQ(1, 3)", **formats}.items()]
    toml += ['[task]\nname = "file"']
    for key, value in {"file": name, **changes}.items():
        shown = json.dumps(list(value)) if isinstance(value, tuple) else json.dumps(value, ensure_ascii=False)
        toml.append(f"{key} = {shown}")
    (folder / "t.toml").write_text("\n".join(toml) + "\n", encoding="utf-8")
    return load(folder / "t.toml")


def rows(config: TrainerConfig) -> list[tuple[list[int], list[int]]]:
    """Inputs and targets, in an order of their own."""
    train = config.data.train
    return sorted(zip(train.x.tolist(), train.target.tolist(), strict=True))


def expected(format: Format, columns: list[list[float]]) -> list[list[int]]:
    """Each column from its least to its greatest number, in exact fractions, halves to even."""
    found = []
    for column in columns:
        low, high = (Fraction(end) for end in (min(column), max(column)))
        span = format.max - format.min
        found.append(
            [
                round((Fraction(v) - low) * span / (high - low)) + format.min if high > low else 0
                for v in column
            ]
        )
    return [list(row) for row in zip(*found, strict=True)]


INPUTS = [[row[column] for row in ROWS] for column in range(3)]
TARGETS = [[1, 0] if row[3] == "no" else [0, 1] for row in ROWS]


# ---- kinds of files ------------------------------------------------------------------------------

NUMBERS = np.array([row[:3] for row in ROWS])
LABELS = np.array([row[3] for row in ROWS])
CODED = np.array([0, 1, 0, 1, 0], dtype=np.uint8)
KINDS = {
    "commas": text(),
    "no header": text(header=False),
    "tabulators": text("\t"),
    "semicolons": text(";"),
    "bars": text("|"),
    "spaces": text(" ", header=False),
    "more spaces": text("   ", header=False, end="  \n"),
    "lines of another system": text(end="\r\n"),
    "lines of a system long ago": text(end="\r"),
    "quoted": text().replace("no", '"no"').replace("1.5", ' "1.5"').replace(' "1.5"', '"1.5"'),
    "a byte order mark": "\ufeff" + text(),
    "empty lines": "\n" + text().replace("\n", "\n\n,,,\n") + "\n",
    "numbers written otherwise": text().replace("2.5", "+25E-1").replace("-2.0", "-2.").replace("0.5", ".5"),
    "packed": gzip.compress(text().encode()),
    "array of x and y": archived(x=NUMBERS, y=LABELS),
    "array of train": archived(train_y=CODED, train_x=NUMBERS.astype(np.float32), other=LABELS),
    "table of numbers": saved(np.column_stack([NUMBERS, CODED])),
    "table of numbers, packed": gzip.compress(saved(np.column_stack([NUMBERS, CODED]).astype(">f4"))),
    "archive of a table": archived(table=np.column_stack([NUMBERS, CODED])),
}

CODED_KINDS = {"array of train", "table of numbers", "table of numbers, packed", "archive of a table"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_the_same(kind, tmp_path):
    found = config(tmp_path, KINDS[kind], **ALL)
    inputs = expected(Format.parse("SQ(1, 3)"), INPUTS)
    assert rows(found) == sorted(zip(inputs, TARGETS, strict=True))
    assert found.data.classes == (("0", "1") if kind in CODED_KINDS else ("no", "yes"))
    assert found.data.test is None
    assert found.data.train.clipped == (0, 0)


def test_images_and_their_labels(tmp_path):
    """Bytes are from 0 to 255, whatever there is; in eight bits they are what they are."""
    images = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    (tmp_path / "labels").write_bytes(gzip.compress(idx(np.array([3, 7, 3, 7], dtype=np.uint8))))
    (tmp_path / "test").write_bytes(idx(images[:2] + 200))
    (tmp_path / "test labels").write_bytes(idx(np.array([7, 3], dtype=np.uint8)))
    given = {"labels": "labels", "test": "test", "test_labels": "test labels", "input_format": "UQ(0, 8)"}
    found = config(tmp_path, gzip.compress(idx(images)), (6, 2), **given)
    assert rows(found) == sorted(
        (image.ravel().tolist(), [1 - number % 2, number % 2]) for number, image in enumerate(images)
    )
    test = found.data.test
    assert test.x.tolist() == (images[:2] + 200).reshape(2, 6).tolist()
    assert test.target.tolist() == [[0, 1], [1, 0]]
    assert found.data.classes == ("3", "7")


def test_an_archive_with_a_part_to_test_with(tmp_path):
    data = archived(x_train=NUMBERS, y_train=CODED, x_test=NUMBERS[:2] * 2, y_test=CODED[1:3])
    found = config(tmp_path, data)
    assert len(found.data.train) == 5
    # Beyond the range of the samples to learn from: 3 and 5 of at most 2.5, -4 of -2 or more, 8 of at most 4.
    assert found.data.test.x.tolist() == [[7, -8, 0], [7, 7, 0]]
    assert found.data.test.clipped == (4, 0)
    assert found.data.test.target.tolist() == [[0, 1], [1, 0]]


def test_a_part_to_test_with_has_its_answers_beside_it(tmp_path):
    """Whether those to learn from are in a file of their own or not."""
    (tmp_path / "labels.npy").write_bytes(saved(CODED))
    data = archived(x_train=NUMBERS, x_test=NUMBERS[:2], y_test=np.array([True, False]))
    found = config(tmp_path, data, labels="labels.npy")
    assert rows(found) == sorted(zip(expected(found.formats.input, INPUTS), TARGETS, strict=True))
    assert found.data.test.target.tolist() == [[0, 1], [1, 0]]


def test_a_column_of_x_has_the_answers_where_it_is_named(tmp_path):
    """By its number alone: an array that is called x has inputs."""
    data = archived(x=np.column_stack([CODED, NUMBERS]), beside=NUMBERS)
    found = config(tmp_path, data, target="1", **ALL)
    assert rows(found) == sorted(zip(expected(found.formats.input, INPUTS), TARGETS, strict=True))


def test_labels_in_a_table_of_their_own(tmp_path):
    (tmp_path / "labels.csv").write_text("".join(f"{row[3]}\n" for row in ROWS))
    found = config(tmp_path, saved(NUMBERS), labels="labels.csv", **ALL)
    assert rows(found) == sorted(zip(expected(found.formats.input, INPUTS), TARGETS, strict=True))


# ---- columns and answers -------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["answer", "4", ("answer",)])
@pytest.mark.parametrize("skip", ["flat", "3", ("ç", "flat")])
def test_columns_by_name_or_number(target, skip, tmp_path):
    left = 2 if isinstance(skip, str) else 1
    found = config(tmp_path, text(), (left, 2), target=target, skip=skip, **ALL)
    assert found.data.samples.inputs == NAMES[:left]


def test_the_answer_may_stand_anywhere(tmp_path):
    found = config(tmp_path, "kind;x\nb;1\na;2\nb;3\n", (1, 2), target="kind", **ALL)
    assert rows(found) == [([-8], [0, 1]), ([0], [1, 0]), ([7], [0, 1])]


def test_classes_are_in_the_order_of_their_numbers(tmp_path):
    found = config(tmp_path, "1,10\n2,9\n3,-1\n", (1, 3), **ALL)
    assert found.data.classes == ("-1", "9", "10")
    assert config(tmp_path, "1,10\n2,9\n3,x\n", (1, 3), **ALL).data.classes == ("10", "9", "x")


def test_a_class_may_have_more_digits_than_python_takes(tmp_path):
    """Such a number is text, and so are all beside it."""
    long = "9" * 5000
    found = config(tmp_path, f"1,10\n2,9\n3,{long}\n", (1, 3), **ALL)
    assert found.data.classes == ("10", "9", long)


@pytest.mark.parametrize("kind", ["text", "array", "array of text"])
def test_large_numbers_of_classes_stay_apart(kind, tmp_path):
    """Serial numbers, which a double would take for one."""
    first = 2**53
    answers = [first + 2, first, first + 1]
    data = {
        "text": "".join(f"{row},{answer}\n" for row, answer in enumerate(answers)),
        "array": archived(x=np.arange(3), y=np.array(answers)),
        "array of text": archived(x=np.arange(3), y=np.array(list(map(str, answers)))),
    }[kind]
    found = config(tmp_path, data, (1, 3), **ALL)
    assert found.data.classes == tuple(str(first + place) for place in range(3))
    assert rows(found) == [([-8], [0, 0, 1]), ([0], [1, 0, 0]), ([7], [0, 1, 0])]


def test_numbers_written_as_text_are_numbers(tmp_path):
    """In an array as in a table: 1, 01 and 1.0 are one class, and may be values."""
    data = archived(x=np.arange(4), y=np.array(["01", "0", " 1 ", "1.0"]))
    found = config(tmp_path, data, (1, 2), **ALL)
    assert found.data.classes == ("0", "1")
    assert [target for _, target in rows(found)] == [[0, 1], [1, 0], [0, 1], [0, 1]]
    values = config(tmp_path, data, (1, 1), answers="values", **ALL)
    assert [target for _, target in rows(values)] == [[1], [0], [1], [1]]


def test_classes_of_the_test_are_named_as_those_that_are_learned(tmp_path):
    """As numbers if all of those are some, otherwise as text."""
    (tmp_path / "test").write_text("5,01\n6,1\n")
    found = config(tmp_path, "1,01\n2,1\n3,x\n", (1, 3), test="test")
    assert found.data.classes == ("01", "1", "x")
    assert found.data.test.target.tolist() == [[1, 0, 0], [0, 1, 0]]
    found = config(tmp_path, "1,2\n2,1\n3,1.0\n", (1, 2), test="test")
    assert found.data.classes == ("1", "2")
    assert found.data.test.target.tolist() == [[1, 0], [1, 0]]


def test_two_classes_share_an_output(tmp_path):
    found = config(tmp_path, text(), (3, 2, 1), **ALL)
    assert [target for _, target in rows(found)] == [[0], [1], [0], [0], [1]]
    told = config(tmp_path, text(), (3, 2, 1), target="answer", answers="classes", **ALL)
    assert rows(told) == rows(found)


def test_a_one_is_the_nearest_there_is(tmp_path):
    found = config(tmp_path, text(), target_format="UQ(0, 3)", **ALL)
    assert {value for _, target in rows(found) for value in target} == {0, 7}


def test_values(tmp_path):
    """Of two columns for two outputs, rounded in their format, halves to even, and clipped."""
    data = "x,u,v\n0,0.25,0.5625\n1,0.0625,2.0\n2,0.1875,-1\n"
    found = config(tmp_path, data, (1, 2), target=("u", "v"), input_format="UQ(4, 0)", **ALL)
    assert rows(found) == [([0], [0, 1]), ([8], [0, 1]), ([15], [0, 0])]
    (tmp_path / "other").mkdir()
    changes = {"target": ("v", "u"), "target_scale": (0, 2), "scale": "none", "input_format": "UQ(4, 0)"}
    finer = config(tmp_path / "other", data, (1, 2), **changes, **ALL).replaced(
        formats={"target": "UQ(0, 3)"}
    )
    # 7 / 2 for each unit: 0.5625 is 1.97, 2 is 7; 0.25 is 0.875, 0.0625 is 0.22, 0.1875 is 0.66.
    assert rows(finer) == [([0], [2, 1]), ([1], [7, 0]), ([2], [0, 1])]
    assert finer.data.train.clipped == (0, 1)


def test_whole_numbers_may_be_values(tmp_path):
    """One output, three numbers: no classes; unless it is said."""
    found = config(tmp_path, "1,0\n2,1\n3,2\n", (1, 1), target_scale="columns", **ALL)
    assert found.data.classes == ()
    assert [target for _, target in rows(found)] == [[0], [0], [1]]  # 0.5 to even
    assert config(tmp_path, "1,0\n2,1\n3,0\n", (1, 1), answers="values", **ALL).data.classes == ()


# ---- parts ---------------------------------------------------------------------------------------

MANY = "".join(f"{number},{'abc'[number % 3 if number < 60 else 0]}\n" for number in range(100))


def numbers(part) -> list[int]:
    return part.x[:, 0].tolist()


def test_a_share_of_each_class_is_set_aside(tmp_path):
    given = {"input_format": "UQ(7, 0)", "scale": (0, 127)}
    found = config(tmp_path, MANY, (1, 3), test_share=0.2, **given)
    train, test = found.data.train, found.data.test
    assert sorted(numbers(train) + numbers(test)) == list(range(100))
    assert test.target.sum(axis=0).tolist() == [12, 4, 4]
    assert numbers(train) != sorted(numbers(train))
    again = config(tmp_path, MANY, (1, 3), test_share=0.2, **given)
    assert numbers(again.data.train) == numbers(train)
    other = config(tmp_path, MANY, (1, 3), test_share=0.2, split=1, **given)
    assert set(numbers(other.data.test)) != set(numbers(test))
    none = config(tmp_path, MANY, (1, 3), test_share=0.0, **given)
    assert none.data.test is None
    assert sorted(numbers(none.data.train)) == list(range(100))


@pytest.mark.parametrize("split", [0, 1, (1 << 63) - 1])
def test_the_order_is_as_the_page_says(split, tmp_path):
    """To the line, of what is stored and of what is set aside."""
    found = config(tmp_path, MANY, (1, 3), test_share=0.3, split=split, input_format="SQ(1, 7)")
    lines = [line.split(",") for line in MANY.splitlines()]
    train, test = own_data.parts(lines, split, Fraction(3, 10))
    for part, given in ((found.data.train, train), (found.data.test, test)):
        assert part.x.tolist() == own_data.scaled(given, train, -128, 127)
        assert part.target.tolist() == [[int(row[1] == name) for name in "abc"] for row in given]


def test_one_of_each_class_is_left(tmp_path):
    found = config(tmp_path, "1,a\n2,b\n3,b\n", (1, 2), test_share=0.9)
    assert found.data.train.target.sum(axis=0).tolist() == [1, 1]
    assert len(found.data.test) == 1


def test_a_file_to_test_with(tmp_path):
    (tmp_path / "test").write_text(text(";"))
    found = config(tmp_path, text(), test="test")
    assert len(found.data.train) == len(found.data.test) == 5
    inputs = expected(found.formats.input, INPUTS)
    assert found.data.test.x.tolist() == inputs  # in its own order
    assert found.data.test.target.tolist() == TARGETS


# ---- scales and formats --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["UQ(1, 0)", "UQ(0, 8)", "SQ(1, 7)", "SQ(3, 1)", "UQ(16, 0)", "SQ(1, 15)"])
def test_columns_reach_from_end_to_end(name, tmp_path):
    found = config(tmp_path, text(), input_format=name, **ALL)
    assert rows(found) == sorted(zip(expected(Format.parse(name), INPUTS), TARGETS, strict=True))


def test_a_range_clips(tmp_path):
    found = config(tmp_path, text(), input_format="SQ(1, 3)", scale=(-1, 2), **ALL)
    wanted = [[max(-8, min(7, round((Fraction(v) + 1) * 15 / 3) - 8)) for v in row[:3]] for row in ROWS]
    assert sorted(row for row, _ in rows(found)) == sorted(wanted)
    # -2.0, 4.0, 3.0 and 2.5 are beyond; so is no 2.0.
    assert found.data.train.clipped == (4, 0)


def test_numbers_as_they_are(tmp_path):
    found = config(tmp_path, text(), input_format="SQ(3, 1)", scale="none", **ALL)
    wanted = [[max(-8, min(7, round(2 * Fraction(v)))) for v in row[:3]] for row in ROWS]
    assert sorted(row for row, _ in rows(found)) == sorted(wanted)
    assert found.data.train.clipped == (1, 0)  # 4.0


@pytest.mark.parametrize("scale", ["none", (0, 1)])
def test_numbers_far_beyond_are_limited_without_a_word(scale, tmp_path, recwarn):
    """The largest double, whose multiples there are none of."""
    data = f"{1.7e308},a\n{-1.7e308},b\n0,a\n"
    found = config(tmp_path, data, (1, 2), input_format="SQ(1, 3)", scale=scale, **ALL)
    ends = [([-8], [0, 1]), ([0 if scale == "none" else -8], [1, 0]), ([7], [1, 0])]
    assert rows(found) == ends
    assert found.data.train.clipped == (2, 0)
    assert not recwarn.list


def test_another_format_needs_no_file(tmp_path):
    found = config(tmp_path, text(), **ALL)
    (tmp_path / "data").unlink()
    wider = found.replaced(formats={"input": "SQ(1, 7)"})
    assert rows(wider) == sorted(zip(expected(Format.parse("SQ(1, 7)"), INPUTS), TARGETS, strict=True))
    with pytest.raises(ConfigError, match=r'task\.file = "gone": cannot be read'):
        found.replaced(task={"file": "gone"})


def test_words_of_the_memory(tmp_path):
    """Inputs in the low bits, two's complement, then the targets."""
    found = config(tmp_path, text(), target_format="SQ(2, 1)", **ALL)
    words, width = found.shape.sample_words
    assert width == 3 * 4 + 2 * 3
    inputs, targets = (
        expected(Format.parse("SQ(1, 3)"), INPUTS),
        [[2 * one for one in row] for row in TARGETS],
    )
    samples = own_data.words(inputs, 4, targets, 3)
    stored, _ = own_data.parts([(row, ROWS[row][3]) for row in range(5)], 0, Fraction(0))
    assert list(words) == [samples[row] for row, _ in stored]


@pytest.mark.parametrize("folder", ["mes données", "a  b", "日本", "-o", "x\ty"])
def test_paths_of_all_kinds(folder, tmp_path):
    place = tmp_path / folder
    place.mkdir()
    inside = config(place, text(), name="été 2024 (copie).csv", **ALL)
    assert inside.attached.file("task.file").name == "été 2024 (copie).csv"
    beside = config(tmp_path, text(), name=f"{folder}/été 2024 (copie).csv", **ALL)
    absolute = config(tmp_path, text(), name=str(place / "été 2024 (copie).csv"), **ALL)
    assert rows(inside) == rows(beside) == rows(absolute)


# ---- limits --------------------------------------------------------------------------------------


def problems(folder: Path, count: int, columns: int = 1, **changes) -> list[tuple[str, str]]:
    """Of so many samples; none where they are taken."""
    x = np.zeros((count, columns), np.uint8)
    x[::2] = 1
    try:
        config(folder, archived(x=x, y=np.arange(count) % 2), (columns, 2), **ALL, **changes)
    except ConfigError as error:
        return [(problem.key, problem.allowed) for problem in error.problems]
    return []


def test_an_epoch_has_two_keys_in_one_word(tmp_path):
    """Of 31 bits, so indices have 15."""
    assert problems(tmp_path, 1 << 15) == []
    ((key, said),) = problems(tmp_path, (1 << 15) + 1)
    assert (key, said[:47]) == ("task.order", "takes at most 32,768 samples, not 32,769; must ")
    for more in ({"order": "plain"}, {"order": "random"}, {"source": "stream"}):
        assert problems(tmp_path, (1 << 15) + 1, **more) == []


def test_a_memory_has_an_end(tmp_path):
    """2**23 bits, of 255 inputs of four bits and two outputs."""
    given = {"columns": 255, "order": "plain", "input_format": "UQ(0, 4)"}
    most = (1 << 23) // (255 * 4 + 2)
    assert problems(tmp_path, most, **given) == []
    ((key, said),) = problems(tmp_path, most + 1, **given)
    assert key == "task.source"
    bits = f"{most + 1} samples of 1022 bits are {(most + 1) * 1022:,} bits"
    assert said == f'{bits}; at most 8,388,608; must be "stream"'
    assert problems(tmp_path, most + 1, **given, source="stream") == []


def test_a_judge_waits_for_all_samples(tmp_path):
    found = config(tmp_path, MANY, (1, 3), test_share=0.0)
    with pytest.raises(ConfigError, match=r"judge\.window = 99: must be at least 100, the number of samples"):
        found.replaced(judge={"kind": "window", "window": 99})
    assert found.replaced(judge={"kind": "window", "window": 100}).judged
