"""The judge: windows of several lengths, without misses and with some."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.control.judge import Judge
from mgd_hdl.emit import verilog
from mgd_sim.control import judge as twin
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.control.bench_judge"


def judged(window: int, misses: int, limit: float = 0.125) -> TrainerConfig:
    # The order of samples does not matter here; a short window is allowed with few of them.
    return preset("xor").replaced(
        judge={"kind": "window", "window": window, "misses": misses, "limit": limit}
    )


@pytest.mark.parametrize(("window", "misses"), [(4, 0), (7, 0), (8, 1), (8, 3), (9, 8)])
def test_judge(window, misses, tmp_path):
    config = judged(window, misses)
    run(verilog(Judge(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a cost at the limit is good", r"i__payload >= 10'h200", "i__payload > 10'h200"),
    ("a window one short", r"seen == 3'h7", "seen == 3'h6"),
    ("one more miss allowed", r"missed == 2'h2", "missed == 2'h3"),
    ("every clock counts", r"(valid <=) i__valid", r"\1 1'h1"),
    ("misses of an old window count", r"missed <= 2'h0", "missed <= missed"),
    ("references of a bad window count", r"seen <= 3'h0;\n(\s+else)", r"seen <= seen;\n\1"),
    ("a window full of misses is good", r"(_\d+_) = ~ failed", r"\1 = 1'h1"),
    ("reset forgets nothing", r"if \(rst\) solved <= 1'h0", "if (1'h0) solved <= 1'h0"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = judged(8, 2)
    assert not stays_unnoticed(mutation, verilog(Judge(config), "dut"), BENCH, tmp_path, config)


def verdict(misses: list[bool], window: int, allowed: int) -> int | None:
    """The reference with which the verdict comes, by cutting windows out of the list."""
    at = 0
    while True:
        piece = misses[at : at + window]
        bad = [place for place, miss in enumerate(piece) if miss]
        if len(bad) > allowed:
            at += bad[allowed] + 1
        elif len(piece) == window:
            return at + window - 1
        else:
            return None


@pytest.mark.parametrize(("window", "misses"), [(1, 0), (4, 0), (8, 2), (5, 4)])
def test_twin_cuts_the_same_windows(window, misses):
    config = preset("parity4").replaced(judge={"window": window, "misses": misses})
    rng = np.random.default_rng(window)
    missed = rng.random((300, 50)) < np.linspace(0, 1, 50)
    judge = twin.Judge(config)
    judged, found = judge.start(50), np.full(50, -1)
    for number, row in enumerate(missed):
        cost = np.where(row, config.levels.judge_limit, config.levels.judge_limit - 1)
        judged = judge(judged, cost, number)
        found[judged.solved & (found < 0)] = number
    assert judged.solved_at.tolist() == found.tolist()
    expected = [verdict(column.tolist(), window, misses) for column in missed.T]
    assert found.tolist() == [-1 if at is None else at for at in expected]
    assert -1 in found
    assert found.max() > window


@pytest.mark.parametrize("limit", [0.125, 0.1, 2.0**-12, 0.75])
def test_limit_is_exact(limit):
    """The integers below ``judge_limit`` are just the costs below ``judge.limit``."""
    config = judged(8, 0, limit)
    for cost in range(max(0, config.levels.judge_limit - 3), config.levels.judge_limit + 3):
        assert (cost < config.levels.judge_limit) == (cost * 2.0**-config.words.cost.fraction_bits < limit)
