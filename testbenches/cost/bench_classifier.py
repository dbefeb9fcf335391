"""Is every answer at rest counted once, right or wrong, and by the step it belongs to?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge

from mgd_hdl.config import TrainerConfig
from testbenches.cost.losses import answers
from testbenches.support import clock, configured, pack, random_numbers, start


def right(config: TrainerConfig, y: Sequence[int], target: Sequence[int]) -> bool:
    """Whether the outputs answer the target's class, from real numbers."""
    if len(y) == 1:
        half = 0.5 if config.loss in ("squared_error", "absolute_error") else 0.0
        answer = y[0] / 2 ** config.shape.layers[-1].output.fraction_bits >= half
        return answer == (target[0] / 2**config.formats.target.fraction_bits >= 0.5)
    return y.index(max(y)) == target.index(max(target))


def others(config: TrainerConfig, rng: Any, idle: float) -> Iterator[tuple]:
    """Clocks without a measurement, with anything on the wires."""
    while rng.random() < idle:
        yield (*answers(config, rng, 1)[-1], False, rng.random() < 0.5)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(idle=[0.0, 0.5])
async def answers_are_counted(dut, idle):
    """Steps with and without a reference, at any distance, with clears and resets between them."""
    config, rng = configured(), random_numbers()
    output, wanted = config.shape.layers[-1].output, config.formats.target
    latency = max(1, (config.outputs - 1).bit_length()) + 1
    rows: list[tuple] = []  # what stands at the inputs: outputs, target, measure, reference
    for case in answers(config, rng, 300):
        rows.append((*case, rng.random() < 0.7, True))
        rows += others(config, rng, idle)
        rows.append((*answers(config, rng, 1)[-1], True, False))
        rows += others(config, rng, idle)
    await start(dut, y=0, target=0, measure=0, reference=0, clear=0)
    judged = rights = 0
    pending: bool | None = None
    past: list[tuple] = []
    counted = set()
    for y, target, measure, reference in rows:
        clear = rng.random() < 0.01
        await clock(
            dut,
            y=pack(y, output.width),
            target=pack(target, wanted.width),
            measure=measure,
            reference=reference,
            clear=clear,
        )
        assert (int(dut.judged_count.value), int(dut.right_count.value)) == (judged, rights)
        # What entered so long ago reaches the counters at the next clock edge.
        past.append((y, target, measure, reference))
        if len(past) >= latency:
            y, target, measure, reference = past[-latency]
            if measure and reference:
                pending = right(config, y, target)
            elif measure:
                if pending is not None:
                    judged, rights = judged + 1, rights + pending
                    counted.add(pending)
                pending = None
        if clear:
            judged = rights = 0
    assert counted == {False, True}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def full_counters_stop(dut):
    """The last answer that fits is counted, and no other."""
    config = configured()
    target = [config.formats.target.max] + [0] * (config.outputs - 1)
    y = [config.shape.layers[-1].output.max] + [config.shape.layers[-1].output.min] * (config.outputs - 1)
    await start(dut, y=0, target=0, measure=0, reference=0, clear=0)
    await clock(
        dut,
        y=pack(y, config.shape.layers[-1].output.width),
        target=pack(target, config.formats.target.width),
    )
    await FallingEdge(dut.clk)
    dut.judged_count.value = (1 << 24) - 2
    dut.right_count.value = 5
    for turn in range(12):
        await clock(dut, measure=1, reference=1 - turn % 2)
    assert int(dut.judged_count.value) == (1 << 24) - 1
    assert int(dut.right_count.value) == 6
