"""The pacer: one layer and several, a long way to the cells, many stages."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.pacer import Pacer
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_pacer"
WAITING: dict[str, Any] = {"task": {"source": "stream"}, "learning": {"updates": "delayed"}}
SMALL: dict[str, Any] = {"leaves": "yes", "leaf_cells": 8, "stages": "many"}


def waiting(layers: list[int], **more: dict[str, Any]) -> TrainerConfig:
    task = {"name": {2: "xor"}.get(layers[0], f"parity{layers[0]}"), "source": "stream"}
    return preset("xor").replaced(network={"layers": layers}, **WAITING | {"task": task}, **more)


@pytest.mark.parametrize(
    "config",
    [waiting([3, 1]), waiting([2, 2, 1]), waiting([2, 4, 3, 1], engine=SMALL)],
    ids=["one layer", "two", "three, small leaves, many stages"],
)
def test_pacer(config, tmp_path):
    run(verilog(Pacer(config), "dut"), BENCH, tmp_path, config)


def test_a_word_is_there_when_it_is_read():
    """D is in the memory one clock after it was made, and read with a step that is as early as can be."""
    for layers in ([2, 2, 1], [2, 3, 1], [3, 1], [2, 4, 3, 1]):
        for engine in ({}, {"stages": "many"}, {"leaves": "yes"}, SMALL):
            timing = waiting(layers, engine=engine).timing
            read = 2 * timing.pace - 1  # clocks from the perturbed measurement to that step's reference
            assert timing.word_latency + 1 <= read <= timing.word_latency + 2


@mutations(
    ("a step too early", r"owed == 4'hb", "owed == 4'ha"),
    ("no pause", r"else if \(_\d+_\) draining <= 1'h1", "else if (1'h0) draining <= 1'h1"),
    ("another layer's word", r"waiting\[place_1\]", "waiting[taken]"),
    ("words without steps", r"assign _\d+_ = draining & ", "assign _10_ = "),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = waiting([2, 2, 1])
    assert not stays_unnoticed(mutation, verilog(Pacer(config), "dut"), BENCH, tmp_path, config)
