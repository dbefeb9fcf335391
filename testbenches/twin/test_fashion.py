"""The study of Fashion-MNIST: its files are read as they are, refused where they are not, and runs go on."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config.attached.idx import idx
from mgd_sim.studies import fashion

FOLDER = os.environ.get(fashion.VARIABLE, "")


def write(place: Path, name: str, array: np.ndarray, *, packed: bool = True) -> None:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4) for size in array.shape)
    data = head + array.astype(np.uint8).tobytes()
    (place / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)


@pytest.fixture
def place(tmp_path):
    """Few images: a bright part of each says its class."""
    draw = np.random.default_rng(1)
    for part, count in (("train", 60), ("t10k", 20)):
        y = np.arange(count) % 10
        x = draw.integers(0, 60, (count, 28, 28))
        for image, label in zip(x, y, strict=True):
            image[2 * label : 2 * label + 6, 4:24] += 180
        write(tmp_path, f"{part}-images-idx3-ubyte", x)
        write(tmp_path, f"{part}-labels-idx1-ubyte", y, packed=part == "train")
    return tmp_path


def test_what_is_in_the_files(place):
    """Pixels as they stand there; the mean of four, by Python's fractions of whole numbers."""
    whole, small = fashion.datasets(place, 784), fashion.datasets(place, 196)
    raw = gzip.decompress((place / "train-images-idx3-ubyte.gz").read_bytes())
    assert whole["x_train"].tobytes() == raw[16:]
    assert whole["x_test"].shape == (20, 784)
    assert whole["y_test"].tolist() == [n % 10 for n in range(20)]
    for row, column in ((0, 0), (5, 9), (13, 13)):
        four = [raw[16 + 784 * 3 + 28 * (2 * row + i) + 2 * column + j] for i in (0, 1) for j in (0, 1)]
        assert small["x_train"][3, 14 * row + column] == sum(four) / 4


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda name: name.unlink(), "cannot be read: no such file or directory"),
        (lambda name: name.write_bytes(b""), "is empty"),
        (lambda name: name.write_bytes(b"P5 28 28"), "is not an IDX file: it starts with 50 35 20 32"),
        (lambda name: name.write_bytes(name.read_bytes()[:-99]), "is damaged gzip data"),
        (lambda name: name.write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + bytes(12))), "must hold bytes of"),
        (
            lambda name: name.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7]))),
            "promises 2 bytes",
        ),
    ],
)
def test_other_files_are_refused(place, capsys, spoil, line):
    """One line with the file's name, status 2, and nothing is written."""
    spoil(place / "train-images-idx3-ubyte.gz")
    out = place / "out"
    out.mkdir()
    assert fashion.main(["196", "--folder", str(place), "--write", str(out)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{place}/train-images-idx3-ubyte.gz: ")
    assert line in told
    assert told.count("\n") == 1
    assert not list(out.iterdir())


def test_counts_must_agree(place, capsys):
    write(place, "train-labels-idx1-ubyte", np.zeros(59))
    assert fashion.main(["784", "--folder", str(place), "--out", str(place)]) == 2
    assert "60 images and 59 labels for train" in capsys.readouterr().err


def test_a_place_must_be_named(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv(fashion.VARIABLE, raising=False)
    assert fashion.main(["196", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "where are the data? --folder FOLDER, or the environment variable FASHION_MNIST\n"
    )


def test_a_run_goes_on(place, tmp_path, monkeypatch):
    """Cut after 40 of 80 steps, the curve is that of a run which was not; and both learn on."""
    monkeypatch.setenv(fashion.VARIABLE, str(place))
    for name, parts in (("whole", (80,)), ("cut", (40, 80))):
        out = tmp_path / name
        for steps in parts:
            given = ["196", "--out", str(out), "--steps", str(steps), "--every", "20"]
            assert fashion.main([*given, "--checkpoint", str(tmp_path / f"{name}.npz")]) == 0
        assert (out / "fashion_196.png").stat().st_size > 1000
    whole, cut = (
        json.loads((tmp_path / name / "fashion_196.json").read_text())["curves"][0]
        for name in ("whole", "cut")
    )
    assert whole["evaluations"] == cut["evaluations"] == [40, 80, 120, 160]
    assert whole["accuracy"] == cut["accuracy"]


@pytest.mark.only_all
@pytest.mark.skipif(not FOLDER, reason=f"{fashion.VARIABLE} does not say where Fashion-MNIST is")
def test_fashion_mnist():
    """The published sizes, and a class of each kind as often as its page says."""
    for part, count in (("train", 60_000), ("test", 10_000)):
        x, y = fashion.images(Path(FOLDER), part)
        assert x.shape == (count, 28, 28)
        assert np.bincount(y).tolist() == [count // 10] * 10
    labels = idx(gzip.decompress((Path(FOLDER) / "t10k-labels-idx1-ubyte.gz").read_bytes()))
    assert labels[:5].tolist() == [9, 2, 1, 1, 6]
