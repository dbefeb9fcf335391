"""Does T add every word it is given, and stop at half its range?"""

from __future__ import annotations

import itertools

import cocotb

from mgd_hdl.config import Format
from testbenches.support import clock, configured, random_numbers, signed, start


def taken(parameter: Format, theta: int, word: int, *, enable: bool, clear: bool) -> int:
    """T one clock later."""
    half = 1 << (parameter.width - 2)
    refused = word >= 0 if theta >= half else word < 0 if theta < -half else False
    if refused or not enable:
        return theta
    return 0 if clear else theta + word


async def clear(dut) -> None:
    """A word of each sign clears any T."""
    for word in (0, -1):
        await clock(dut, word=word, enable=1, clear=1)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_word_at_every_value(dut):
    """T is brought to each value it can have by two words, each word tried there, and T cleared."""
    config = configured()
    words = range(config.update.min, config.update.max + 1)
    if len(words) > 64:  # corners only
        corners = (config.update.min, -1, 0, config.update.max)
        words = sorted({corner + near for corner in corners for near in (-1, 0, 1) if corner + near in words})
    sums = {first + second: (first, second) for first in words for second in words}
    await start(dut, word=0, enable=0, clear=0)
    for theta, way in sums.items():
        for word, enable, clears in itertools.product(words, (False, True), (False, True)):
            await clear(dut)
            for each in way:
                await clock(dut, word=each, enable=1, clear=0)
            await clock(dut, word=word, enable=enable, clear=clears)
            assert signed(dut.theta) == theta
            await clock(dut, enable=0)
            assert signed(dut.theta) == taken(config.parameter, theta, word, enable=enable, clear=clears)
    await clear(dut)
    await clock(dut, enable=0)
    assert signed(dut.theta) == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.7], drift=[-0.5, 0.0, 0.5])
async def one_word_a_clock(dut, stall, drift):
    """A walk that drifts to either rail; a reset in between changes nothing, T has none."""
    config, rng = configured(), random_numbers()
    await start(dut, word=0, enable=0, clear=0)
    await clear(dut)
    theta = 0
    for turn in range(300):
        size = config.update.max * (2.0 * rng.random() - 1 + drift)
        word = max(config.update.min, min(config.update.max, round(size)))
        enable, clears = rng.random() >= stall, rng.random() < 0.02
        await clock(dut, word=word, enable=enable, clear=clears, rst=turn == 100)
        assert signed(dut.theta) == theta, turn
        theta = taken(config.parameter, theta, word, enable=enable, clear=clears)
