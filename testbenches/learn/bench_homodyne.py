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
    limit = config.update.max
    updates = [limit, -limit, 1, -1, 0, *rng.integers(-limit, limit + 1, 200).tolist()]
    await start(dut, i__valid=0, i__payload=0)
    for turn, update in enumerate(scattered(rng, updates, stall)):
        valid, anything = update is not None, int(rng.integers(-limit, limit + 1))
        breaks_off = reset and turn % 5 == 0  # a reset in the first clock: the second does not come
        await clock(dut, i__valid=valid, i__payload=update if valid else anything, rst=breaks_off)
        assert (int(dut.plus.value), int(dut.minus.value)) == (valid, 0)
        assert signed(dut.word) == (update if valid else 0)
        if valid:
            for _ in range(config.word_clocks - 1):
                await clock(dut, i__valid=0, i__payload=anything, rst=0)
                assert (int(dut.plus.value), int(dut.minus.value), signed(dut.word)) == (0, 0, 0)
            await clock(dut, i__valid=0, i__payload=anything, rst=0)
            assert (int(dut.plus.value), int(dut.minus.value)) == (0, not breaks_off)
            assert signed(dut.word) == (0 if breaks_off else -update)
