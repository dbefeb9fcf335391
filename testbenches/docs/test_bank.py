"""Do the tables of docs/bank.md tell what was recorded, whatever that is?"""

from __future__ import annotations

import json

import pytest

from mgd_synth import banks

from . import bank

_PLACED = {"a release": {"49-4-4-w4-ecp5-25k": {"fmax": 100.0}, "fashion_196-ecp5-85k": {"fmax": 50.0}}}


@pytest.fixture
def folder(tmp_path):
    """Four seeds of letters at three looks, and two curves of Fashion-MNIST."""
    letters = {
        "samples": 9,
        "steps": [100, 200, 300],
        "accuracy": [[0.98, 0.5, 0.97, 0.1], [0.9, 0.981, 0.97, 0.2], [1.0, 0.99, 0.98, 0.99]],
        "seconds": 1.0,
        "runs_on": "NumPy",
    }
    (tmp_path / "bank_letters.json").write_text(json.dumps(letters))
    curves = [
        {"model": "twin", "shift": 14, "evaluations": [2000, 4000, 6000], "accuracy": [0.8, 0.79, 0.835]},
        {
            "model": "backpropagation",
            "shift": 7,
            "evaluations": [500, 1000, 2000],
            "accuracy": [0.7, 0.81, 0.84],
            "seconds": 8.0,
        },
    ]
    (tmp_path / "fashion_196.json").write_text(json.dumps({"curves": curves}))
    compared = [
        {"configuration": "bank_trainer", "first": 70, "steps": 5, "states": 1130},
        {"configuration": "bank_trainer", "first": 0, "steps": 1000, "states": 226_000},
        {"configuration": "another", "first": 0, "steps": 1, "states": 1},
    ]
    (tmp_path / "bank_compared.json").write_text(json.dumps(compared))
    return tmp_path


def test_what_was_learned(folder):
    """Seeds were first seen at 98 % after 100, 200, 300 and 300 steps."""
    letters, twin, backpropagation = bank.learned(folder)
    assert letters == [
        "letters, centred",
        "49-4-4, 220 on 4 lanes",
        "twin, 4 seeds",
        "300",
        "all at 98% by 300, half of them by 200; at the end least 98.0%, median 99.0%",
        "first 1,000 steps, 226,000 states: equal; from step 70 on 5 steps, 1,130 states: equal",
    ]
    assert twin[3:] == ["3,000", "83.5% at best, 83.5% at the end", ""]
    assert backpropagation[3:] == ["2,000", "84.0% at best, 84.0% at the end", ""]
    assert "is what we aim at, and reached with Fashion-MNIST, pooled;" in bank.learned_note(folder)
    assert "is what we aim at, and reached with none;" in bank.learned_note(folder / "nothing")


def test_seeds_that_never_were_there(folder):
    """Then there is no step for all of them, and no line for the slowest."""
    document = json.loads((folder / "bank_letters.json").read_text())
    document["accuracy"][2] = [0.97, 0.97, 0.99, 0.97]
    (folder / "bank_letters.json").write_text(json.dumps(document))
    letters, *_ = bank.learned(folder)
    assert letters[4].startswith("half of them by 200; at the end least 97.0%")
    titles = [row[0] for row in bank.seconds(folder, _PLACED)]
    assert titles[0] == "letters to 98%, half of 4 seeds"
    assert not any("slowest" in title for title in titles)


def test_how_long_it_takes(folder):
    """200 steps of 86 clocks at 100 MHz are 172 us, and 200 x 2 ms on HW1; 1,000 steps of 517 clocks at
    50 MHz 10.3 ms.
    """
    half, _, *fashion = bank.seconds(folder, _PLACED)
    assert half[1:] == ["200", "86", "100.0, ECP5-25", "172 us", "400 ms", "4 us", "0.08 us"]
    assert [row[0][-3:] for row in fashion] == ["80%", "83%"]
    assert fashion[0][1:5] == ["1,000", "517", "50.0, ECP5-85", "10.3 ms"]
    assert fashion[1][1] == "3,000"


def test_delayed_updates_take_more_steps_and_fewer_clocks(folder):
    """Half of four seeds by step 200, of 86, 67 and 62 clocks; 13,400 of them at 67 MHz are 200 us, and
    12,400 at 31 MHz 400 us.
    """
    for name in ("exact", "delayed"):
        (folder / f"bank_letters_{name}.json").write_text((folder / "bank_letters.json").read_text())
    rates = {"49-4-4-delayed": {"fmax": 67.0}, "49-4-4-delayed-at-once-two-curves": {"fmax": 31.0}}
    results = {"a release": {f"{name}-w4-ecp5-25k": rate for name, rate in rates.items()}}
    exact, delayed, at_once = bank.delayed(folder, results)
    assert exact == ["exact", "86", "200", "300", "17,200", "25,800", "", ""]
    assert delayed == ["delayed", "67", "200", "300", "13,400", "20,100", "67.0, 200 us", ""]
    assert at_once[1:] == ["62", "200", "300", "12,400", "18,600", "31.0, 400 us", ""]


def test_how_long_it_takes_on_a_computer(folder):
    """1,000 of 2,000 samples, so half of 8 seconds."""
    assert list(bank.computers(folder)) == [
        ["Fashion-MNIST, pooled, to 80%", "backpropagation, NumPy, one sample at a time", "1,000", "4 s"],
        ["Fashion-MNIST, pooled, to 83%", "backpropagation, NumPy, one sample at a time", "2,000", "8 s"],
    ]


def test_what_was_not_placed_is_left_out(folder):
    """Nor is a bank of other lanes taken for this one, or another device."""
    others = {"196-32-10-w16-ecp5-25k": {"fmax": 90.0}, "49-4-4-w4-ice40-up5k": {"fmax": 90.0}}
    assert not list(bank.seconds(folder, {"a release": others}))
    assert not list(bank.seconds(folder, {"a release": {"49-4-4-w4-ecp5-25k": {"over": ["BRAM"]}}}))


def test_the_examples_are_those_that_were_placed():
    """With the same layers and lanes, so that a clock rate is that of such a bank; of Fashion-MNIST the very
    same trainer.
    """
    config = bank.timed("examples/31_letters_on_a_bank.toml")
    case = banks.CASES["49-4-4-w4-ecp5-25k"].config
    assert config.network.layers == case.network.layers
    assert config.engine.lanes == case.engine.lanes
    for name in ("fashion_196", "fashion_196_nodes", "fashion_784", "fashion_784_nodes"):
        case = banks.CASES[f"{name}-ecp5-85k"]
        assert case.config.network.layers == banks.NETWORKS[case.net][0]
        assert case.lanes == case.config.engine.lanes
        assert case.nodes == case.config.nodes
