"""Time to solution: what its formula says is what counting every sequence of tries says."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import count

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from mgd_hdl.config import TrainerConfig
from mgd_sim.studies import soon
from mgd_sim.studies.learning import goal_or_any, learn

NEVER = math.inf
FAST = [name for each in soon.SETTINGS.values() for name in each if name.endswith("_fast")]


def counted(share: Fraction, solved_at: list[float], tries_of: int, clocks: int, start: int) -> int | None:
    """The least time at which this share is done: all ends of the first try, of the second, and so on, each
    with the share of trainers that it is the end of.
    """
    within = [step for step in solved_at if step <= tries_of]
    if not within:
        return None
    trying, before, done = Fraction(1), 0, Fraction(0)
    for _ in count():
        for step in sorted(within):
            done += trying / len(solved_at)
            if done >= share:
                return before + start + int(step) * clocks
        trying *= 1 - Fraction(len(within), len(solved_at))
        before += start + tries_of * clocks
    raise AssertionError


ends = st.lists(st.one_of(st.integers(1, 12), st.just(NEVER)), min_size=1, max_size=9)


@given(ends, st.integers(1, 14), st.sampled_from([2, 22]), st.integers(0, 40), st.integers(1, 99))
@example([NEVER, NEVER, 1, NEVER, NEVER], 2, 2, 0, 36)  # 0.36 = 1 - 0.8**2, met exactly
def test_quantiles_are_those_of_all_sequences_of_tries(solved_at, tries_of, clocks, start, percent):
    found = soon.clocks_until(percent / 100, np.array(solved_at, dtype=float), tries_of, clocks, start)
    assert found == counted(Fraction(percent, 100), solved_at, tries_of, clocks, start)


@given(ends, st.integers(0, 40))
def test_no_other_number_of_steps_is_sooner(solved_at, start):
    best = soon.best_tries(0.99, np.array(solved_at, dtype=float), 2, start)
    times = {n: counted(Fraction(99, 100), solved_at, n, 2, start) for n in range(1, 14)}
    possible = [time for time in times.values() if time is not None]
    assert (best is None) == (not possible)
    if possible:
        assert times[best] == min(possible)


def test_many_trainers_that_start_again_take_as_long():
    """Against dice: half of the tries end after 100 steps, the others never, and are given up after 150."""
    dice = np.random.default_rng(5)
    failed = dice.geometric(0.5, 200_000) - 1
    clocks = failed * (150 * 2 + 11) + 11 + 100 * 2
    said = soon.clocks_until(0.99, np.array([100.0, NEVER]), 150, 2, 11)
    assert said == np.quantile(clocks, 0.99, method="inverted_cdf")


def test_every_setting_is_a_configuration():
    for each in soon.SETTINGS.values():
        configs = [soon.configured(setting) for setting in each.values()]
        assert len({config.model_dump_json() for config in configs}) == len(each)
        assert all(isinstance(config, TrainerConfig) for config in configs)
    assert len(FAST) == 3


def test_what_the_pages_tell_is_of_todays_settings():
    """Clocks, parameters, and when the first seeds of the fast one solve their task."""
    for task in soon.SETTINGS:
        for name, found in soon.recorded(task).items():
            setting = soon.SETTINGS[task][name]
            config = soon.configured(setting)
            assert found.steps == setting.steps
            assert (found.parameters, found.start) == (config.parameters, soon.start_clocks(config))
            assert found.clocks == (setting.clocks or config.timing.clocks_per_step)
    config, setting = soon.configured(soon.SETTINGS["xor"]["xor_fast"]), soon.SETTINGS["xor"]["xor_fast"]
    known = soon.recorded("xor")["xor_fast"].choosing[:4]
    assert max(known) < 1_000
    goal = replace(goal_or_any(config), seeds=4, steps=1_000, every=setting.every)
    *_, result = learn("twin", config, range(4), goal)
    assert result.solved_at == known


def test_hardware_that_starts_at_no_cost():
    """Of four tries two end after 10 steps, and the others never: seven fail in a row in 1 of 128."""
    outcome = soon.Outcome("", 4, 100, 9, 22.0, 11, [10, 10, None, None], [10, None, None, 10])
    assert outcome.steps_until(0.99) == 7 * 10
    assert outcome.steps_until(0.5) == 10
    assert outcome.until(0.99) == 7 * (10 * 22 + 11)


def test_command(tmp_path, capsys, monkeypatch):
    few = ["xor", "--setting", "xor_fast", "--seeds", "6", "--steps", "800", "--out", str(tmp_path)]
    assert soon.main(few) == 0
    line = capsys.readouterr().out
    (found,) = json.loads((tmp_path / "xor_soon.json").read_text())
    outcome = soon.Outcome(**found)
    assert len(outcome.choosing) == len(outcome.judging) == 6
    assert any(at is not None for at in outcome.choosing)
    assert outcome.tries_of in outcome.choosing
    assert f"N = {outcome.tries_of:,} steps" in line
    monkeypatch.setattr(soon, "learn", None)
    assert soon.main(few) == 0
    assert capsys.readouterr().out == line


def test_nobody_who_solved_nothing_is_told_a_time(tmp_path, capsys):
    assert (
        soon.main(["parity4", "--setting", "parity4", "--seeds", "2", "--steps", "1", "--out", str(tmp_path)])
        == 0
    )
    assert "N = - steps, p = 0.0%; median - clocks, 99 % - clocks" in capsys.readouterr().out
