"""The bank of a device outside: all codes, one side and two, layers, with and without a host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.outside_lane import OutsideLane
from mgd_sim.learn.outside_lane import addresses, memory_words, parameters
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_outside_lane"


def bank(
    *counts: int, family: str = "walsh", access: str = "no", memory: str = "dual_port", **sections: Any
) -> TrainerConfig:
    perturbation = {"family": family, **sections.pop("perturbation", {})}
    return preset("xor").replaced(
        network={"layers": [2, 1]},
        device={"kind": "outside", "parameters": counts},
        engine={"kind": "bank", "lanes": 1, "access": access, "memory": memory},
        perturbation=perturbation,
        **sections,
    )


CASES = {
    "random, two tiles, two sides": bank(70, family="random_code", learning={"measure": "two_sided"}),
    "random, layers": bank(5, 8, 3, family="random_code"),
    "walsh, layers, accessed, two sides": bank(9, 1, 6, access="yes", learning={"measure": "two_sided"}),
    "walsh, signs flipped, clamp": bank(17, perturbation={"sign_flip": True}, learning={"clamp": 4.0}),
    "sequential, layers, two sides": bank(3, 9, family="sequential", learning={"measure": "two_sided"}),
    "sequential, accessed": bank(10, family="sequential", access="yes"),
    "one parameter": bank(1),
    "single ports, layers, accessed": bank(6, 2, 9, memory="single_port", access="yes"),
    "single ports, random": bank(11, family="random_code", memory="single_port"),
}


@pytest.mark.parametrize("name", CASES)
def test_outside_lane(name, tmp_path):
    run(verilog(OutsideLane(CASES[name]), "dut"), BENCH, tmp_path, CASES[name])


def test_where_parameters_lie():
    """By hand: layers of 5, 8 and 3 begin at words 0, 8 and 16."""
    config = CASES["random, layers"]
    assert addresses(config).tolist() == [*range(5), *range(8, 16), 16, 17, 18]
    series = config.timing.series
    assert series is not None
    assert [series.where(number)[1] for number in range(16)] == addresses(config).tolist()
    assert (series.depth, series.bits, series.table) == (19, 5, 3)
    theta = np.arange(1, 33).reshape(2, 16)
    kept = memory_words(config, theta)
    assert kept[0].tolist() == [1, 2, 3, 4, 5, 0, 0, 0, *range(6, 14), 14, 15, 16]
    assert (parameters(config, kept) == theta).all()


@mutations(
    ("-D as +D", r"word = was \? plus : minus", "word = plus"),
    ("nothing is written", r"lane_0__writes = learning & passing\[3\]", "lane_0__writes = 1'h0"),
    (
        "written whenever it leaves",
        r"lane_0__writes = learning & passing\[3\]",
        "lane_0__writes = passing[3]",
    ),
    ("D is taken whenever it leaves", r"lane_0__adds = learning & passing\[1\]", "lane_0__adds = passing[1]"),
    ("D is taken late", r"lane_0__adds = learning & passing\[1\]", "lane_0__adds = learning & passing[2]"),
    ("words that learn leave", r"there = passing\[3\] & _\d+_", "there = passing[3]"),
    ("the code never goes on", r"= learned & turns;", "= 1'h0;"),
    ("the code goes on at once", r"= learned & turns;", "= i__valid & turns;"),
    ("at rest shaken", r"layer_0__rest \? 2'h2 :", "1'h0 ? 2'h2 :"),
    ("always the same side", r"lane_0__code \^ layer_0__minus", "lane_0__code"),
    ("nothing waits in the lane", r"\.clock_enable\(takes\)", ".clock_enable(1'h1)"),
    ("nothing waits in front of it", r"leads & takes", "leads"),
    ("nothing waits on its way", r"else if \(takes\) passing <=", "else passing <="),
    ("what was under way goes on", r"if \(_\d+_\) passing <= 4'h0", "if (rst) passing <= 4'h0"),
    ("no gap between layers", r"_11_ \? 5'h10 : _10_", "_10_"),
    ("no gap where they are written", r"_02_ \? 5'h10 : _01_", "_01_"),
    ("the last one twice", r"leads & _13_", "leads"),
    ("done with every word", r"_04_ = lane_0__writes & \\last\$\d+ ;", "_04_ = lane_0__writes;"),
    ("the host reads what passes", r"fetch \? place", "1'h0 ? place"),
    ("the host writes what passes", r"load \? place", "1'h0 ? place"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = CASES["walsh, layers, accessed, two sides"]
    text = verilog(OutsideLane(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config)
