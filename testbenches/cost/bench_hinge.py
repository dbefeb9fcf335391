"""Is every cost what the right answer misses of its margin, in its own clock?"""

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
    real = [Fraction(value, 1 << output.fraction_bits) for value in y]
    # The margin to the nearest last bit of the outputs.
    margin = Fraction(round(config.cost_section.margin * 2**output.fraction_bits), 2**output.fraction_bits)
    if len(real) == 1:
        side = 1 if Fraction(target[0], 1 << wanted.fraction_bits) >= Fraction(1, 2) else -1
        missing = margin - side * real[0]
    else:
        right = max(range(len(real)), key=lambda j: (target[j], -j))
        missing = margin + max(value for j, value in enumerate(real) if j != right) - real[right]
    return math.floor(max(missing, 0) * (1 << config.words.cost.fraction_bits))


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(idle=[0.0, 0.6])
async def costs_come_at_any_rate(dut, idle):
    await check(dut, cost, idle)
