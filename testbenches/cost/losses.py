"""What the benches of all losses share: configurations, and outputs and targets at any rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_sim.rtl import bench_parameters
from testbenches.support import configured, pack, random_numbers, respond, scattered, start

__all__ = ["answers", "check", "outputs"]

#: C from the outputs and targets of one sample.
Cost = Callable[[TrainerConfig, Sequence[int], Sequence[int]], int]


def outputs(loss: str, count: int, activation: str, **sections: Any) -> TrainerConfig:
    """A layer of ``count`` outputs with few bits; its samples come through the port, so targets are free."""
    formats = {"activation_fraction": 6, "cost_change": "SQ(2, 8)", **sections.pop("formats", {})}
    return preset("xor").replaced(
        network={"layers": [2, count], "activation": activation},
        formats=formats,
        cost={"loss": loss, **sections.pop("cost", {})},
        task={"name": "external", "source": "stream"},
        learning={"rounding": "floor", **sections.pop("learning", {})},
        **sections,
    )


def answers(config: TrainerConfig, rng: Any, count: int) -> list[tuple[list[int], list[int]]]:
    """Outputs and targets: the corners, anything, outputs near one another, and near their targets."""
    output, wanted, wide = config.shape.layers[-1].output, config.formats.target, config.outputs
    cases = [
        ([y] * wide, [target] * wide)
        for y in (output.min, 0, output.max)
        for target in (wanted.min, wanted.max)
    ]
    cases += [
        ([low] * j + [high] + [low] * (wide - 1 - j), [0] * k + [wanted.max] + [0] * (wide - 1 - k))
        for low, high in ((output.min, output.max), (output.max, output.min))
        for j in range(wide)
        for k in range(wide)
    ]
    shift = output.fraction_bits - wanted.fraction_bits
    for _ in range(count):
        y = rng.integers(output.min, output.max + 1, wide)
        target = rng.integers(wanted.min, wanted.max + 1, wide)
        kind = rng.random()
        if kind < 0.3:
            y = (target << shift) + rng.integers(-3, 4, wide)
        elif kind < 0.6:
            size = 1 << int(rng.integers(output.width))
            y = rng.integers(output.min, output.max + 1) + rng.integers(-size, size + 1, wide)
        cases.append((y.clip(output.min, output.max).tolist(), target.tolist()))
    return cases


async def check(dut: Any, cost: Cost, idle: float) -> None:
    """A case in each clock or fewer, with anything on the wires between; a reset changes nothing."""
    config, rng = configured(), random_numbers()
    output, wanted, count = config.shape.layers[-1].output, config.formats.target, config.outputs
    rows = list(scattered(rng, answers(config, rng, 400), idle))
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
