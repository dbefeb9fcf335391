"""Is every cost what the docstrings define, to the bit and to the clock, and near the cross-entropy?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.cost.losses import answers, check
from testbenches.support import configured, pack, random_numbers, respond, start


def interpolated(
    function: Callable[[float], float], span: int, segments: int, unit: int, ends_at_zero: bool, d: Fraction
) -> int:
    """A curve in units of 1 / ``unit``: straight between rounded knots, moved away from the left one by
    what is rounded down.
    """

    def knot(k: int) -> int:
        if ends_at_zero and k == segments:
            return 0
        # Where 1 is above the format it stays below; only exp(0) reaches it, and its format has it.
        return round(unit * function(span * k / segments))

    segment, position = divmod(d * segments / span, 1)
    left, right = knot(segment), knot(segment + 1)
    moved = math.floor(abs(right - left) * position)
    return left - moved if right < left else left + moved


def cost(config: TrainerConfig, y: Sequence[int], target: Sequence[int]) -> int:
    """C from the docstrings' tables, in real numbers."""
    output, wanted = config.shape.layers[-1].output, config.formats.target
    real = [Fraction(value, 1 << output.fraction_bits) for value in y]
    segments = 2**config.cost_section.segment_bits
    unit = 2 ** (config.words.cost_change.fraction_bits + 3)
    # Arguments stop one last bit below 8; they have enough fraction bits for two places in a segment.
    fraction = max(output.fraction_bits, config.cost_section.segment_bits - 2)
    last = 8 - Fraction(1, 1 << fraction)
    if len(real) == 1:
        right = (real[0] >= 0) == (Fraction(target[0], 1 << wanted.fraction_bits) >= Fraction(1, 2))
        behind = Fraction(0) if right else abs(real[0])
        size = min(abs(real[0]), last)
        logarithm = interpolated(lambda d: math.log(1 + math.exp(-d)), 8, segments, unit, True, size)
    else:
        distance = [max(real) - value for value in real]
        behind = distance[max(range(len(real)), key=lambda j: (target[j], -j))]
        total = sum(
            interpolated(lambda d: math.exp(-d), 8, segments, unit, True, min(d, last)) for d in distance
        )
        most = math.floor(math.log2(len(real)))
        octave = math.floor(math.log2(total / unit))
        segments = min(segments, unit * 2 ** (most - 1))
        rest = Fraction(total, unit * 2**octave) - 1
        logarithm = round(unit * octave * math.log(2))
        logarithm += interpolated(lambda d: math.log(1 + d), 1, segments, unit, False, rest)
    return math.floor((Fraction(logarithm, unit) + behind) * (1 << config.words.cost.fraction_bits))


def exact(config: TrainerConfig, y: Sequence[int], target: Sequence[int]) -> float:
    """The textbook's cross-entropy of the same outputs."""
    real = [value * 2.0 ** -config.shape.layers[-1].output.fraction_bits for value in y]
    if len(real) == 1:
        side = 1 if target[0] * 2.0**-config.formats.target.fraction_bits >= 0.5 else -1
        return max(-side * real[0], 0) + math.log1p(math.exp(-abs(real[0])))
    right = max(range(len(real)), key=lambda j: (target[j], -j))
    return math.log(sum(math.exp(value - max(real)) for value in real)) + max(real) - real[right]


def bound(config: TrainerConfig) -> float:
    """How far the page allows a cost to be from the real number."""
    length, log_length = 8 / 2**config.cost_section.segment_bits, 2**-config.cost_section.segment_bits
    unit = 2.0 ** -(config.words.cost_change.fraction_bits + 3)
    floor = 2.0**-config.words.cost_change.fraction_bits
    if config.outputs == 1:
        return max(length**2 / 32, math.log1p(math.exp(-8))) + 1.5 * unit + floor
    power = max(length**2 / 8, math.exp(-8)) + 1.5 * unit
    return (config.outputs - 1) * power + log_length**2 / 8 + 2 * unit + floor


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(idle=[0.0, 0.6])
async def costs_come_at_any_rate(dut, idle):
    await check(dut, cost, idle)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def near_the_cross_entropy(dut):
    """Every single output with both targets; of several outputs some thousand."""
    config, rng = configured(), random_numbers()
    output, wanted = config.shape.layers[-1].output, config.formats.target
    cases = answers(config, rng, 2000)
    if config.outputs == 1:
        cases += [([y], [t]) for y in range(output.min, output.max + 1) for t in (0, wanted.max)]
    await start(dut, y=0, target=0)
    inputs = {
        "y": [pack(y, output.width) for y, _ in cases],
        "target": [pack(target, wanted.width) for _, target in cases],
    }
    found = (await respond(dut, inputs, ["cost"], bench_parameters()["clocks"]))["cost"]
    allowed, worst = bound(config), 0.0
    assert math.isclose(allowed, config.curves.loss_error, rel_tol=0.02)
    for (y, target), got in zip(cases, found, strict=True):
        worst = max(worst, abs(got * 2.0**-config.words.cost.fraction_bits - exact(config, y, target)))
    assert allowed / 8 < worst <= allowed
