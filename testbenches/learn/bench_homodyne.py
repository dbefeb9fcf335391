"""Is every update there twice, once as it is and once with the other sign?"""

from __future__ import annotations

import cocotb

from testbenches.support import clock, configured, random_numbers, scattered, signed, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5], reset=[False, True])
async def plus_then_minus(dut, stall, reset):
    """+D in the clock of the update, -D ``word_clocks`` later, zero in all others.

    Updates come when both words have had their time, or later; meanwhile the payload is anything.
    """
    config, rng = configured(), random_numbers()
    if config.code_bits > 1:
        return
    limit = config.words.update.max
    updates = [limit, -limit, 1, -1, 0, *rng.integers(-limit, limit + 1, 200).tolist()]
    await start(dut, i__valid=0, i__payload=0)
    for turn, update in enumerate(scattered(rng, updates, stall)):
        valid, anything = update is not None, int(rng.integers(-limit, limit + 1))
        breaks_off = reset and turn % 5 == 0  # a reset in the first clock: the second does not come
        await clock(dut, i__valid=valid, i__payload=update if valid else anything, rst=breaks_off)
        assert (int(dut.plus.value), int(dut.minus.value)) == (valid, 0)
        assert signed(dut.word) == (update if valid else 0)
        if valid:
            for _ in range(config.timing.word_clocks - 1):
                await clock(dut, i__valid=0, i__payload=anything, rst=0)
                assert (int(dut.plus.value), int(dut.minus.value), signed(dut.word)) == (0, 0, 0)
            await clock(dut, i__valid=0, i__payload=anything, rst=0)
            assert (int(dut.plus.value), int(dut.minus.value)) == (0, not breaks_off)
            assert signed(dut.word) == (0 if breaks_off else -update)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def multiples_of_both(dut, stall):
    """+D, +2 D, +4 D ..., then -D, -2 D ..., one a clock; a reset in their middle ends them."""
    config, rng = configured(), random_numbers()
    bits = config.code_bits
    if bits == 1:
        return
    limit = config.words.update.max
    updates = [limit, -limit, 1, -1, 0, *rng.integers(-limit, limit + 1, 60).tolist()]
    await start(dut, i__valid=0, i__payload=0)
    for number, update in enumerate(scattered(rng, updates, stall)):
        if update is None:
            await clock(dut, i__valid=0, i__payload=int(rng.integers(-limit, limit + 1)), rst=0)
            assert [int(wire.value) for wire in (dut.word, dut.plus, dut.minus, dut.rotate, dut.last)] == [
                0
            ] * 5
            continue
        breaks_off = number % 7 == 6
        for turn in range(2 * bits):
            side, multiple = divmod(turn, bits)
            anything = int(rng.integers(-limit, limit + 1))
            reset = breaks_off and turn == bits - 1
            await clock(dut, i__valid=turn == 0, i__payload=anything if turn else update, rst=reset)
            assert signed(dut.word) == (-update if side else update) << multiple
            found = [int(wire.value) for wire in (dut.plus, dut.minus, dut.rotate, dut.last)]
            assert found == [turn == 0, side == 1, multiple > 0, turn == 2 * bits - 1]
            if reset:
                break
