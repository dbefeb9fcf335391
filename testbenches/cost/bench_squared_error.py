"""Is every cost the sum of squared errors of its own outputs and targets, in its own clock?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import cocotb

from mgd_hdl.config import TrainerConfig
from testbenches.cost.losses import check


def cost(config: TrainerConfig, y: Sequence[int], target: Sequence[int]) -> int:
    """C from real numbers, floored to its last bit."""
    output, wanted = config.shape.layers[-1].output, config.formats.target
    errors = [
        Fraction(a, 1 << output.fraction_bits) - Fraction(b, 1 << wanted.fraction_bits)
        for a, b in zip(y, target, strict=True)
    ]
    return math.floor(sum(error**2 for error in errors) * (1 << config.words.cost.fraction_bits))


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(idle=[0.0, 0.6])
async def costs_come_at_any_rate(dut, idle):
    await check(dut, cost, idle)
