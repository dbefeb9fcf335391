"""Bits that change are counted in the circuit; for its parameters the twin knows how many there are."""

from __future__ import annotations

from collections import Counter

import numpy as np

from mgd_hdl.config import preset
from mgd_sim.studies import soon, toggles
from mgd_sim.trainer import Trainer

STEPS = 24


def test_parameters_move_as_in_the_twin():
    """With exact updates each word moves a parameter at most once, from one step's T to the next's."""
    config = preset("xor")
    bits, clocks, found = toggles.toggles(config, 1, STEPS)
    theta = Trainer(config, [1]).run(STEPS + 1, record=True).theta[:, 0]
    mask = (1 << config.words.parameter.width) - 1
    changed = np.bitwise_count((theta[1:] ^ theta[:-1]) & mask).sum()
    assert changed > STEPS
    assert sum(count for path, count in found.items() if path.endswith(".theta")) == changed
    assert clocks == STEPS * config.timing.clocks_per_step
    assert found.total() < bits * clocks
    # The code register goes on in each step.
    assert found["core.code.register.state"] > STEPS


def test_what_differs():
    before = {"a": np.array(0b1010, np.uint8), "b": np.array([1, 2], np.uint32)}
    after = {"a": np.array(0b0110, np.uint8), "b": np.array([1, 2], np.uint32)}
    assert toggles.moved(before, after) == Counter(a=2)


def test_what_the_pages_tell_is_of_todays_settings():
    found = toggles.recorded()
    assert list(found) == list(toggles.SETTINGS)
    for name, each in found.items():
        config = soon.configured(soon.SETTINGS[toggles.SETTINGS[name]][name])
        least = each.steps * each.seeds * config.timing.clocks_per_step
        assert least <= each.clocks < 1.1 * least


def test_command(tmp_path, capsys):
    assert toggles.main(["--setting", "xor", "--seeds", "1", "--steps", "3", "--out", str(tmp_path)]) == 0
    assert "toggles a clock" in capsys.readouterr().out
    assert (tmp_path / "toggles.json").exists()
