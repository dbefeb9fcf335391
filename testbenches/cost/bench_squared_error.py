"""Is every cost the sum of squared errors of its own outputs and targets, in its own clock?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.cost.losses import answers, check
from testbenches.support import configured, pack, random_numbers, respond, start


def cost(config: TrainerConfig, y: Sequence[int], target: Sequence[int]) -> int:
    """C from real numbers, floored to its last bit."""
    output, wanted = config.shape.layers[-1].output, config.formats.target
    errors = [
        Fraction(a, 1 << output.fraction_bits) - Fraction(b, 1 << wanted.fraction_bits)
        for a, b in zip(y, target, strict=True)
    ]
    return math.floor(sum(error**2 for error in errors) * (1 << config.words.cost.fraction_bits))


SERIAL = "lanes" in bench_parameters()


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=SERIAL)
@cocotb.parametrize(idle=[0.0, 0.6])
async def costs_come_at_any_rate(dut, idle):
    await check(dut, cost, idle)


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=not SERIAL)
@cocotb.parametrize(idle=[0.0, 0.4])
async def outputs_come_one_by_one(dut, idle):
    """Reference and perturbed side in turn, so many outputs of each at a time, with anything between; each
    cost is there in the third clock behind its last output.
    """
    config, rng, lanes = configured(), random_numbers(), bench_parameters()["lanes"]
    output, wanted, count = config.shape.layers[-1].output, config.formats.target, config.outputs
    names = ("y", "neuron", "plus", "valid", "target", "rst")
    inputs: dict[str, list[int]] = {name: [] for name in names}
    expected: dict[int, int] = {}
    sides = answers(config, rng, 120)
    for (reference, target), (perturbed, _) in zip(sides[::2], sides[1::2], strict=False):
        for group in range(0, count, lanes):
            for plus, y in enumerate((reference, perturbed)):
                for neuron in range(group, min(group + lanes, count)):
                    while rng.random() < idle:
                        row = (
                            rng.integers(output.min, output.max + 1),
                            rng.integers(count),
                            rng.integers(2),
                            0,
                        )
                        for name, value in zip(names, row, strict=False):
                            inputs[name].append(int(value) & ((1 << output.width) - 1 if name == "y" else -1))
                        inputs["target"].append(pack(target, wanted.width))
                    row = (y[neuron] & ((1 << output.width) - 1), neuron, plus, 1)
                    for name, value in zip(names, row, strict=False):
                        inputs[name].append(value)
                    inputs["target"].append(pack(target, wanted.width))
                if group + lanes >= count:
                    expected[len(inputs["y"]) - 1] = cost(config, y, target)
    inputs["rst"] = [0] * len(inputs["y"])
    assert len(set(expected.values())) > 20
    await start(dut, **dict.fromkeys(names[:-1], 0))
    found = (await respond(dut, inputs, ["cost"], 3))["cost"]
    assert {at: found[at] for at in expected} == expected
