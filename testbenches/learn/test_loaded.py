"""Cells with loaded codes: signs and words of several bits, all sides and copies, tiles of many sizes."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import verilog
from mgd_hdl.learn.loaded import LoadedArray
from testbenches.learn.shapes import answering, learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_loaded"


def loaded(*layers: int, bits: int = 1, **kind: Any) -> TrainerConfig:
    """T is nine bits wide; the network sees its upper four."""
    config = learner(*layers, parameter="SQ(2, 7)", rate=1.0, rounding="floor", **kind)
    return config.replaced(perturbation={"family": "external", "resolution": bits})


@pytest.mark.parametrize(
    "config",
    [
        loaded(2, 2, 1),
        loaded(2, 3, 2, 1, sides="two_sided", leaves=True),
        loaded(2, 2, 1, bits=2, shadow=True),
        loaded(2, 2, 1, bits=3, sides="two_sided", shadow=True, leaves=True),
        loaded(7, 8, 1, bits=4, leaves=True),
        loaded(7, 8, 1, bits=2, leaves=True, leaf_cells=32),
        loaded(2, 2, 1, bits=3, shadow=True, algorithm="analog", tau_x=2, follow=2),
        answering(loaded(2, 2, 1, bits=3, sides="two_sided")),
    ],
    ids=[
        "signs",
        "signs two-sided",
        "2 bits shadow",
        "3 bits two-sided shadow",
        "64 cells",
        "two leaves",
        "analog",
        "two-sided, answering",
    ],
)
def test_loaded(config, tmp_path):
    run(verilog(LoadedArray(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a cell that is passed over", r"\.i_code\(cell_4__o_code\)", ".i_code(cell_3__o_code)"),
    ("a chain that misses a tile", r"\.i_code\(tile_0__o_code\)", ".i_code(tile_0__i_code)"),
    ("one word too many", r"load \? 4'h9", "load ? 4'ha"),
    ("a word that is not there", r"= i__ready & i__valid;", "= i__ready;"),
    ("filled with the other sign", r"fill \? \{ sign, sign, sign \}", "fill ? 3'h0"),
    ("shaken at rest", r"= ~ layer_1__rest;", "= 1'h1;"),
    ("multiples for all", r"= ~ rotate;", "= 1'h1;"),
    ("bits that stay", r"= rotate \? \{ lower\[0\], lower\[1\] \}", "= rotate ? { lower[1], lower[0] }"),
    ("refreshed with another layer", r"<= layer_1__refresh;", "<= layer_0__refresh;"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = loaded(2, 2, 1, bits=3, shadow=True)
    assert not stays_unnoticed(mutation, verilog(LoadedArray(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("follows another layer's way", r"<= layer_1__away;", "<= layer_0__away;"),
    ("always on to T", r"(dut__follower [^;]*\.away\()away", r"\g<1>1'h0"),
)
def test_mutations_of_followers_are_noticed(mutation, tmp_path):
    config = loaded(2, 2, 1, bits=1, algorithm="analog", tau_x=2, follow=2, shadow=True)
    assert not stays_unnoticed(mutation, verilog(LoadedArray(config), "dut"), BENCH, tmp_path, config)
