"""Tries: how long each is, which seeds it has, and that trainers with them get where one try does not."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from mgd_hdl.config import SEEDS, TrainerConfig, Tries, preset
from mgd_sim.retry import Retrying, alone, steps_of_a_try, trainer
from mgd_sim.trainer import Trainer
from testbenches.catalogue import configuration, named

RETRIED = [name for name in named("trainer") if name.startswith("tried again")]


def retried(**judge: int) -> TrainerConfig:
    return preset("xor").replaced(judge={"kind": "window", "limit": 0.3, "window": 8, "misses": 2, **judge})


@pytest.mark.parametrize("references", [1, 2, 3, 6, 5_000])
@pytest.mark.parametrize("taus", [(1, 1, 1), (3, 2, 4), (5, 1, 7)])
def test_steps_of_a_try(taus, references):
    """A reference belongs to every step with a new sample, and to the first one of every window."""
    times = dict(zip(("tau_x", "tau_p", "tau_theta"), taus, strict=True))
    config = retried().replaced(learning=times, engine={"shadow": "yes"})
    due = (step for step in itertools.count() if step % taus[0] == 0 or step % taus[2] == 0)
    last = next(itertools.islice(due, references - 1, None))
    assert steps_of_a_try(config, config.registers(), references) == last + 1


def test_a_try_as_long_as_can_be():
    """Of each 12 steps those of number 0, 3, 4, 6, 8 and 9 have a reference."""
    config = retried().replaced(learning={"tau_x": 3, "tau_p": 2, "tau_theta": 4}, engine={"shadow": "yes"})
    assert steps_of_a_try(config, config.registers(), 6 * 10**12) == 12 * (10**12 - 1) + 10


def test_tries_are_trainers_one_after_the_other():
    """A replica's tries, put together by hand: seeds of the page, whole tries, the last one goes on."""
    config, steps, seeds = retried(retry=60), 600, [0, 1, 2, 3, 4, 5]
    whole = Retrying(config, seeds)
    record = whole.run(steps, record=True)
    states = [Tries(config).first]
    for _ in range(steps // 60):
        word = states[-1]
        # b[m + 31] = b[m + 3] xor b[m], 28 new bits at a time.
        fresh = (word ^ word >> 3) & (1 << 28) - 1
        states.append(word >> 28 | fresh << 3)
    assert record is not None
    for replica, seed in enumerate(seeds):
        first, at = config.registers(seed), 0
        for number in range(int(whole.tries[replica])):
            mask = states[0] ^ states[number]
            changed = {name: getattr(first, name) ^ mask for name in SEEDS}
            one = Trainer(alone(config), [replace(first, **changed)])
            last = number == whole.tries[replica] - 1
            part = one.run(steps - at if last else 60, record=True)
            assert part is not None
            assert (part.theta[:, 0] == record.theta[at : at + len(part.theta), replica]).all()
            assert (part.sample[:, 0] == record.sample[at : at + len(part.theta), replica]).all()
            if not last:
                assert one.solved_at[0] < 0
            at += len(part.theta)
        assert at == steps
    assert len(set(whole.tries.tolist())) > 1


@pytest.mark.parametrize("name", RETRIED)
def test_two_runs_are_one(name):
    config = configuration(name)
    whole, cut = trainer(config, range(4)), trainer(config, range(4))
    expected = whole.run(300, record=True)
    parts = [cut.run(count, record=True) for count in (7, 93, 1, 199)]
    assert expected is not None
    assert max(whole.tries) > 1
    assert whole.tries.tolist() == cut.tries.tolist()
    for key in ("theta", "visible", "cost", "solved", "flags", "sample"):
        got = np.concatenate([getattr(part, key) for part in parts])
        assert (got == getattr(expected, key)).all(), key


def test_all_get_there():
    """Where a try often ends in a local minimum, trying again helps."""
    config = preset("xor").replaced(judge={"kind": "window", "retry": 3_000})
    once, again = Trainer(alone(config), range(12)), Retrying(config, range(12))
    once.run(3_000)
    while (again.solved_at < 0).any() and again.step < 60_000:
        again.run(3_000)
    assert (once.solved_at < 0).sum() >= 3
    assert (again.solved_at >= 0).all()
    assert ((again.tries > 1) == (once.solved_at < 0)).all()
