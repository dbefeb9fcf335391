"""Does every measured cost get a number of its own, as large as the register says?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR
from mgd_hdl.config.gaussian import INVERTED, TWICE
from testbenches.support import clock, configured, random_numbers, scattered, start

_FRESH = range(3, 31)


def number(state: int) -> int:
    """A register's word, bit by bit: half a weight up or down."""
    halves = 0
    for bit in _FRESH:
        up = (state >> bit & 1) ^ (bit in INVERTED)
        halves += (2 if bit in TWICE else 1) * (1 if up else -1)
    return halves // 2


def added(word: int, level: int, most: int) -> int:
    """Of deviation 2**(k + 1) last bits: the word has 4."""
    level = min(level, most)
    return word * 2**level // 2 if level else 0


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.7])
async def noise_follows_every_cost(dut, stall):
    """Costs of all sizes at all levels, references among them, and new seeds at any time."""
    config, rng = configured(), random_numbers()
    levels = 1 << len(dut.cost_noise)
    most = config.words.cost_change.fraction_bits - 1
    costs = [0, config.words.cost.max] * levels + rng.integers(config.words.cost.max + 1, size=500).tolist()
    cases = [(cost, int(rng.random() < 0.5), n % levels) for n, cost in enumerate(costs)]
    missed = {"missed": 0} if hasattr(dut, "missed") else {}
    await start(dut, i__valid=0, i__payload=0, cost_noise=0, seed=0, load=0, **missed)

    async def load(seed: int) -> int:
        await clock(dut, load=1, seed=seed, i__valid=0)
        for _ in range(2):
            await clock(dut, load=0, seed=int(rng.integers(1 << 31)))
        return LFSR.valid(seed)

    state = await load(12345)
    expected, seen = None, 0
    for case in scattered(rng, cases, stall):
        if expected is None and rng.random() < 0.02:
            state = await load(int(rng.integers(1 << 31)))
        if missed and case is None:  # a cost that was not measured has a number too
            missed["missed"] = int(rng.random() < 0.5)
        elif missed:
            missed["missed"] = 0
        cost, reference, level = case or (0, 0, 0)
        payload = cost | reference << config.words.cost.width
        await clock(dut, i__valid=case is not None, i__payload=payload, cost_noise=level, **missed)
        assert int(dut.o__valid.value) == (expected is not None)
        if expected is not None:
            found = int(dut.o__payload.value)
            width = config.words.measured.width
            noisy = found & (1 << width) - 1
            assert (noisy - (noisy >> width - 1 << width), found >> width) == expected
            seen += 1
        expected = None
        if case is not None:
            noise = added(number(state), level, most)
            if reference and not config.imperfections.noisy_reference:
                noise = 0
            assert config.words.measured.min <= cost + noise <= config.words.measured.max
            expected = (cost + noise, reference)
        if case is not None or missed.get("missed"):
            state = LFSR.step(state)
    assert seen >= len(cases) - 1
