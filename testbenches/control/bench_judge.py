"""Does the judge's verdict come with the reference that completes a good window, and two clocks after it?"""

from __future__ import annotations

from itertools import islice

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.control.judge import Judge
from testbenches.support import clock, configured, random_numbers, scattered, start


def costs(rng: np.random.Generator, config: TrainerConfig, bad: float) -> list[int]:
    """Around the limit and at the ends of the range; misses with probability ``bad``."""
    limit, most = config.levels.judge_limit, config.words.cost.max
    good, missed = [0, limit - 1, int(rng.integers(limit))], [limit, most, int(rng.integers(limit, most + 1))]
    return [int(rng.choice(missed if rng.random() < bad else good)) for _ in range(20 * config.judge.window)]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.6], bad=[0.15, 0.4])
async def verdicts_equal_the_twin(dut, stall, bad):
    """Three runs, each after a reset in whatever state; after the verdict nothing takes it back."""
    config, rng = configured(), random_numbers()
    await start(dut, i__valid=0, i__payload=0)
    for _ in range(3):
        twin = Judge(config)
        judged = twin.start(1)
        expected = [0, 0]  # the verdict of the costs of two clocks ago
        idle = int(rng.integers(config.words.cost.max + 1))
        await clock(dut, rst=1, i__valid=1, i__payload=0)
        await clock(dut, rst=0, i__valid=0)
        run = costs(rng, config, bad)
        for cost in islice(scattered(rng, run, stall), int(rng.integers(len(run) // 2, len(run)))):
            await clock(dut, i__valid=cost is not None, i__payload=idle if cost is None else cost)
            assert dut.solved.value == expected[-2]
            if cost is not None:
                judged = twin(judged, np.array([cost]))
            expected.append(int(judged.solved[0]))
