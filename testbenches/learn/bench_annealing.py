"""Is every update made with the learning shift that the count of updates before it asks for?"""

from __future__ import annotations

import cocotb

from testbenches.support import clock, configured, random_numbers, start


def shift_of(update: int, first: int, last: int, every: int) -> int:
    """Of the update with this number, from 0."""
    return max(first, min(last, first + update // every))


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def one_more_after_every_so_many(dut):
    """All sorts of periods and ends, the end before the beginning too; updates in a row and far apart."""
    config, rng = configured(), random_numbers()
    largest = config.levels.max_learning_shift
    await start(dut, restart=0, update=0, learning_shift=0, last_shift=0, anneal_every=1)
    grown = 0
    for turn in range(40):
        first, last = (int(rng.integers(largest + 1)) for _ in range(2))
        every = int(rng.integers(1, 6)) if turn else 1
        # The period is read when its counter starts; the shift it adds to counts at any time.
        await clock(dut, restart=1, update=int(rng.integers(2)), anneal_every=every)
        await clock(dut, restart=0, update=0, learning_shift=first, last_shift=last)
        made = 0
        while made < every * (largest + 2):
            update = int(rng.random() < 0.7)
            await clock(dut, update=update)
            assert int(dut.shift.value) == shift_of(made, first, last, every), (turn, made)
            made += update
        grown += last > first
        # Raised meanwhile: as far as the port goes, and never around to the largest rate.
        added = shift_of(made, first, last, every) - first
        await clock(dut, update=0, learning_shift=largest)
        assert int(dut.shift.value) == min(largest + added, (1 << len(dut.shift)) - 1)
    assert grown > 5


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_period_of_zero_is_the_longest(dut):
    """Nothing happens for a thousand updates."""
    await start(dut, restart=0, update=0, learning_shift=1, last_shift=3, anneal_every=0)
    await clock(dut, restart=1)
    for _ in range(1000):
        await clock(dut, restart=0, update=1)
        assert int(dut.shift.value) == 1
