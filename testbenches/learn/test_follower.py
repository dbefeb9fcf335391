"""The follower: from half the way at once to a thousandth, in short and in long words."""

from __future__ import annotations

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.follower import Follower
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_follower"


@pytest.mark.parametrize(
    "config",
    [learner(shadow=True, follow=1), preset("xor").replaced(learning={"follow": 4})],
    ids=lambda each: f"follow {each.follow}",
)
def test_follower(config: TrainerConfig, tmp_path):
    run(verilog(Follower(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize("follow", [1, 3, 10])
def test_settling_is_waited_for(follow):
    """One move fewer would leave some target out of reach."""
    config = learner(shadow=True, follow=follow)

    def arrived(target: int, moves: int) -> bool:
        copy = 0
        for _ in range(moves):
            copy += target - copy // 2**follow
        return copy // 2**follow == target and copy + target - copy // 2**follow == copy

    targets = range(config.words.visible.min, config.words.visible.max + 1)
    assert all(arrived(target, config.timing.settle_moves) for target in targets)
    assert not all(arrived(target, config.timing.settle_moves - 1) for target in targets)


@mutations(
    ("always nearer", r"else if \(refresh\) copy", "else copy"),
    ("another part of the way", r"assign visible = copy\[9:3\]", "assign visible = { copy[9], copy[9:4] }"),
    ("away from it", r"\$signed\(\{ copy, 1'h1 \}\) \+", "$signed({ copy, 1'h1 }) -"),
    ("one bit too far away", r"\{ word, away \}", "{ word, 1'h0 }"),
    ("always on", r"= away \?", "= 1'h0 ?"),
    ("a reset that keeps", r"if \(rst\) copy <= 10'h000", "if (1'h0) copy <= 10'h000"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = preset("xor").replaced(learning={"follow": 3})
    assert not stays_unnoticed(mutation, verilog(Follower(config), "dut"), BENCH, tmp_path, config)
