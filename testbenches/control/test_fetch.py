"""Fetch: one lane and many, groups, clamps, numbers of which none is."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.control.fetch import Fetch
from mgd_hdl.emit import verilog
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.control.bench_fetch"


def bank(lanes: int, *layers: int, **learning: Any) -> TrainerConfig:
    return preset("xor").replaced(
        engine={"kind": "bank", "lanes": lanes, "access": "yes"},
        network={"layers": list(layers)},
        learning=learning,
        task={"name": "external", "source": "stream"},
    )


CASES = {
    "two lanes": bank(2, 2, 2, 1),
    "one lane, clamp": bank(1, 2, 3, 1, clamp=2.0),
    "groups": bank(3, 3, 7, 5, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_fetch(case, tmp_path):
    config = CASES[case]
    run(verilog(Fetch(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a lane that stays", r"lane <= (_\d+_);", r"lane <= 2'h1;"),
    ("no way back", r"number <= 4'h0", "number <= number"),
    ("nothing is too large", r"theta = _\d+_ \? 16'h4ffe : (_\d+_)", r"theta = \1"),
    ("nothing is too small", r"\? 16'hb000 : command", "? command[19:4] : command"),
    ("a word that is not there yet", r"clocks == 2'h2", "clocks == 2'h1"),
    ("nothing is refused", r"command\[3:0\] >= 4'h9", "1'h0"),
    ("no news", r"renew = _\d+_ \? _\d+_ : 1'h0", "renew = 1'h0"),
    ("news of what was read", r"written \| command\[20\]", "1'h1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = bank(2, 2, 2, 1, clamp=2.0)
    text = verilog(Fetch(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config)
