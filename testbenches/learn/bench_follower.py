"""Does the copy come nearer to its target by 2**-m of the way, arrive, and never leave the range between?"""

from __future__ import annotations

import math
from fractions import Fraction

import cocotb

from testbenches.support import clock, configured, random_numbers, signed, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def comes_nearer_in_two_clocks(dut):
    """Targets at random, or held until the copy is there; pauses between moves, and resets."""
    config, rng = configured(), random_numbers()
    least, most = config.words.visible.min, config.words.visible.max
    part = Fraction(1, 2**config.follow)
    await start(dut, refresh=0, away=0, target=0)
    copy = Fraction(0)  # in visible units
    for turn in range(500):
        if turn % 40 == 0:
            target = int(rng.choice([least, most, int(rng.integers(least, most + 1))]))
        elif turn % 400 < 40:
            target = int(rng.integers(least, most + 1))
        if rng.random() < 0.2:
            await clock(dut, refresh=0, away=rng.random() < 0.5, target=target, rst=turn % 300 > 290)
            copy = Fraction(0) if turn % 300 > 290 else copy
        await clock(dut, refresh=1, away=1, target=target, rst=0)
        assert signed(dut.visible) == math.floor(copy), turn
        assert signed(dut.copy) == copy / part, turn
        copy += part * (target - math.floor(copy))
        await clock(dut, refresh=1, away=0)
    await clock(dut, refresh=0)
    assert signed(dut.copy) == copy / part


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def settles_everywhere(dut):
    """From zero to the visible bits of any target in ``config.timing.settle_moves``, and there it stays."""
    config = configured()
    await start(dut, refresh=0, away=0, target=0)
    for target in (
        config.words.visible.min,
        config.words.visible.min + 1,
        -1,
        0,
        1,
        config.words.visible.max,
    ):
        await clock(dut, rst=1, refresh=0, target=target)
        for _ in range(config.timing.settle_moves):
            await clock(dut, rst=0, refresh=1, away=1)
            await clock(dut, away=0)
        for _ in range(3):
            await clock(dut, away=1)
            assert signed(dut.visible) == target
            assert signed(dut.copy) == target * 2**config.follow + (2**config.follow - 1) * (target < 0)
            await clock(dut, away=0)
