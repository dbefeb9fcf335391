"""Is every cost the sum of squared errors of its own outputs and targets, in its own clock?"""

from __future__ import annotations

import math
from fractions import Fraction

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.support import configured, pack, random_numbers, respond, scattered, start


def cost(config: TrainerConfig, y: list[int], target: list[int]) -> int:
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
    """One a clock or fewer, with anything on the wires between; a reset changes nothing."""
    config, rng = configured(), random_numbers()
    output, wanted, count = config.shape.layers[-1].output, config.formats.target, config.outputs
    cases = [
        ([y] * count, [target] * count)
        for y in (output.min, 0, output.max)
        for target in (wanted.min, wanted.max)
    ]
    for _ in range(300):
        y = rng.integers(output.min, output.max + 1, count).tolist()
        target = rng.integers(wanted.min, wanted.max + 1, count).tolist()
        if rng.random() < 0.3:  # near the target, where the last bits tell
            shift = output.fraction_bits - wanted.fraction_bits
            y = [min(output.max, max(output.min, (t << shift) + int(rng.integers(-3, 4)))) for t in target]
        cases.append((y, target))
    rows = list(scattered(rng, cases, idle))
    inputs: dict[str, list[int]] = {"y": [], "target": [], "rst": []}
    for case in rows:
        for name, word, values in zip(("y", "target"), (output, wanted), case or (None, None), strict=True):
            any_ = rng.integers(word.min, word.max + 1, count).tolist()
            inputs[name].append(pack(any_ if values is None else values, word.width))
        inputs["rst"].append(int(rng.random() < 0.1))
    expected = {at: cost(config, *case) for at, case in enumerate(rows) if case is not None}
    assert len(set(expected.values())) > 20

    await start(dut, y=0, target=0)
    found = (await respond(dut, inputs, ["cost"], bench_parameters()["clocks"]))["cost"]
    assert {at: found[at] for at in expected} == expected
