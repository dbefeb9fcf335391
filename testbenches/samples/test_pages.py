"""Samples in a memory of two pages: of one input, of several, of a number that fills a page."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.samples.pages import SamplePages
from mgd_sim.samples.pages import Word, wholes, words
from mgd_sim.tasks import Dataset
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.samples.bench_pages"


def pages(inputs: int, outputs: int = 1, x: str = "UQ(1, 0)", target: str = "UQ(1, 0)") -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": [inputs, 3, outputs]},
        engine={"kind": "bank", "lanes": 2, "sample": "memory"},
        task={"name": "external", "source": "stream"},
        formats={"input": x, "target": target},
    )


@pytest.mark.parametrize(
    "config", [pages(1), pages(4), pages(5, 2, "SQ(2, 3)", "UQ(0, 3)")], ids=["one", "full", "five"]
)
def test_pages(config, tmp_path):
    run(verilog(SamplePages(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("taken while a sample waits", r"_08_ = _06_ & _07_", "_08_ = _06_"),
    ("written where it is read", r"i__ready = _08_ & _09_", "i__ready = _08_"),
    ("taken before the start", r"_06_ = begun & _00_", "_06_ = _00_"),
    ("taken while loading", r"_06_ = begun & _00_", "_06_ = begun"),
    ("what begins anew goes on", r"number = i__payload\[\d+\] \?", "number = 1'h0 ?"),
    ("words of no sample", r"lands = _10_ & _12_", "lands = _10_"),
    ("whole before its last input", r"_13_ = number == 3'h4", "_13_ = number == 3'h3"),
    ("a load that goes on with the sample", r"_01_ = load \| whole", "_01_ = whole"),
    ("a load that keeps the sample", r"(_\d+_) = \| \{ rst, load \}", r"\1 = rst"),
    ("a load without which nothing comes", r"_05_ = load \| go", "_05_ = go"),
    ("the network reads on", r"_05_ = load \| go", "_05_ = load"),
    ("the other page", r"store\[\{ shown, at \}\]", "store[{ page, at }]"),
    ("one page", r"store\[\{ page, number \}\]", "store[{ 1'h0, number }]"),
    ("given away though there is none", r"(_\d+_) = o__valid & o__ready", r"\1 = o__ready"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = pages(5, 2, "SQ(2, 3)", "UQ(0, 3)")
    assert not stays_unnoticed(mutation, verilog(SamplePages(config), "dut"), BENCH, tmp_path, config)


def test_words_by_hand():
    """x in the low four bits, then two targets of two bits, then whether it is the first."""
    config = pages(3, 2, "SQ(2, 2)", "UQ(1, 1)")
    samples = Dataset(np.array([[1, -1, 7], [0, 2, -8]]), np.array([[1, 3], [2, 0]]))
    first, targets = 1 << 8, (1 | 3 << 2) << 4
    assert list(words(config, samples)) == [
        *(first | targets | 1, targets | 15, targets | 7),
        *(first | 2 << 4, 2 << 4 | 2, 2 << 4 | 8),
    ]


def test_words_that_are_wider_than_a_machine():
    """32 targets of two bits and an input of four, with the mark behind them."""
    config = pages(2, 32, "SQ(2, 2)", "UQ(1, 1)")
    samples = Dataset(np.array([[-1, 5]]), np.full((1, 32), 3))
    targets = ((1 << 64) - 1) << 4
    assert words(config, samples) == [1 << 68 | targets | 15, targets | 5]


def test_words_of_the_page():
    """Inputs 1.0 and 0.25, target 0.875."""
    config = pages(2, 1, "UQ(1, 7)", "UQ(0, 3)")
    samples = Dataset(np.array([[128, 32]]), np.array([[7]]))
    assert list(words(config, samples)) == [128 + 7 * 2**8 + 2**11, 32 + 7 * 2**8] == [3968, 1824]


def test_words_of_inputs_alone():
    """Of the page of the trainer, and with a sign: no targets, so the mark is right above."""
    config = pages(2, 1, "UQ(1, 7)", "UQ(0, 3)")
    assert list(words(config, Dataset(np.array([[128, 32]]), np.empty((1, 0), int)))) == [384, 32]
    config = pages(3, 2, "SQ(2, 2)", "UQ(1, 1)")
    assert list(words(config, Dataset(np.array([[-1, 2, -8]]), np.empty((1, 0), int)))) == [16 + 15, 2, 8]


def test_whole_samples_by_hand():
    """Cut short, whole, with a word too many, whole."""
    taken = [(4, 0), (1, 1), (2, 0), (5, 1), (6, 0), (7, 0), (8, 0), (1, 1), (2, 0), (3, 0)]
    found = list(wholes((Word(x, 9, bool(first)) for x, first in taken), 3))
    assert found == [None] * 5 + [([5, 6, 7], 9)] + [None] * 3 + [([1, 2, 3], 9)]
