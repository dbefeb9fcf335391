"""Does T add every word it is given, and stop at half its range?"""

from __future__ import annotations

import itertools

import cocotb

from testbenches.learn.rail import taken
from testbenches.support import clock, configured, random_numbers, signed, start


async def clear(dut) -> None:
    """A word of each sign clears any T."""
    for word in (0, -1):
        await clock(dut, word=word, enable=1, clear=1)


def early() -> bool:
    """Whether they come one clock before."""
    return configured().early


def special() -> bool:
    """Whether T has a rail nearer than half its range, or words that are compared."""
    return configured().learning.clamp > 0 or configured().decays


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=early() or special())
async def every_word_at_every_value(dut):
    """T is brought to each value it can have by two words, each word tried there, and T cleared."""
    config = configured()
    words = range(config.words.update.min, config.words.update.max + 1)
    if len(words) > 64:  # corners only
        corners = (config.words.update.min, -1, 0, config.words.update.max)
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
            found = taken(
                config.words.parameter, theta, word, enable=enable, clear=clears, resets=config.resets
            )
            assert signed(dut.theta) == found
    await clear(dut)
    await clock(dut, enable=0)
    assert signed(dut.theta) == 0


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=early() or configured().decays)
@cocotb.parametrize(stall=[0.0, 0.7], drift=[-0.5, 0.0, 0.5])
async def one_word_a_clock(dut, stall, drift):
    """A walk that drifts to either rail; a reset in between changes nothing, T has none."""
    config, rng = configured(), random_numbers()
    await start(dut, word=0, enable=0, clear=0)
    await clear(dut)
    clamp, theta = config.learning.clamp, 0
    for turn in range(300):
        size = config.words.update.max * (2.0 * rng.random() - 1 + drift)
        word = max(config.words.update.min, min(config.words.update.max, round(size)))
        enable, clears = rng.random() >= stall, rng.random() < 0.02
        await clock(dut, word=word, enable=enable, clear=clears, rst=turn == 100)
        assert signed(dut.theta) == theta, turn
        theta = taken(
            config.words.parameter,
            theta,
            word,
            enable=enable,
            clear=clears,
            clamp=clamp,
            resets=config.resets,
        )


@cocotb.test(timeout_time=2, timeout_unit="ms", skip=not configured().decays)
async def words_that_are_compared(dut):
    """Every T that two words lead to, every threshold: -1 - R, -c, and R, +c, with other words in between.

    A clamp is in the way of the second.
    """
    config, rng = configured(), random_numbers()
    parameter, clamp, least = config.words.parameter, config.learning.clamp, config.words.update.min
    words = range(config.words.update.min, config.words.update.max + 1)
    await start(dut, word=0, enable=0, clear=0, compare=0)

    async def word(number: int, enable: int = 1) -> None:
        await clock(dut, word=number, enable=enable, clear=0, compare=0)

    for first, second, threshold in itertools.product(words, (least, -1, 2, -least - 1), range(-least)):
        await clear(dut)
        theta = 0
        for each in (first, second):
            await word(each)
            theta = taken(parameter, theta, each, enable=True, clear=False, clamp=clamp)
        size = int(rng.integers(1, -least))
        for compared, step, crosses in (
            (-1 - threshold, -size, theta > threshold),
            (threshold, size, None),
        ):
            if crosses is None:
                crosses = theta < -threshold
            await clock(dut, word=compared, enable=0, compare=1)
            assert signed(dut.theta) == theta
            await word(step)
            assert signed(dut.theta) == theta
            theta = taken(parameter, theta, step, enable=crosses, clear=False, clamp=clamp)
        await word(1)  # no longer asked for
        assert signed(dut.theta) == theta
        theta = taken(parameter, theta, 1, enable=True, clear=False, clamp=clamp)
        await word(0, enable=0)
        assert signed(dut.theta) == theta


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=not early())
@cocotb.parametrize(drift=[-0.5, 0.0, 0.5])
async def enables_one_clock_before_their_words(dut, drift):
    """Pairs +D, -D of which at most one is taken, to either rail; now and then both clear.

    A clock lies between two pairs. The sign of a word of zero is any.
    """
    config, rng = configured(), random_numbers()
    await start(dut, word=0, enable=0, sign=0, clear=0)
    theta = None
    pairs = [(0, (True, True), True)]
    for _ in range(400):
        size = config.words.update.max * (2.0 * rng.random() - 1)
        word = max(-config.words.update.max, min(config.words.update.max, round(size)))
        taker = int(rng.integers(3)) if rng.random() > abs(drift) else int(drift * word < 0)
        clears = bool(rng.random() < 0.02)
        # Of a pair that clears both are taken, but for the one that the rail refuses.
        pairs.append((-1 if clears else word, (taker == 0 or clears, taker == 1 or clears), clears))
    # By clock: enable and sign one clock before word and clear.
    inputs, coming = [], (0, False)
    for word, enables, clears in pairs:
        for each, enable in zip((word, 0 if clears else -word), enables, strict=True):
            sign = each < 0 if each else bool(rng.integers(2)) and not clears
            inputs.append({"word": coming[0], "clear": coming[1], "enable": enable, "sign": sign})
            coming = (each, clears)
        inputs.append({"word": coming[0], "clear": coming[1], "enable": False, "sign": bool(rng.integers(2))})
        coming = (0, False)
    inputs.append({"word": coming[0], "clear": coming[1], "enable": False, "sign": False})
    found = []
    for each in [*inputs, dict.fromkeys(inputs[0], 0)]:
        await clock(dut, **each)
        found.append(signed(dut.theta))
    # Words of pair k stand in clocks 3k + 1 and 3k + 2.
    for number, (word, enables, clears) in enumerate(pairs):
        if theta is not None:
            assert found[3 * number + 1] == theta, number
        if clears:
            theta = 0
        else:
            for each, enable in zip((word, -word), enables, strict=True):
                theta = taken(config.words.parameter, theta, each, enable=enable, clear=False)
    assert found[-1] == theta
    half = 1 << (config.words.parameter.width - 2)
    assert drift == 0 or any(t >= half if drift > 0 else t < -half for t in found[3:])
