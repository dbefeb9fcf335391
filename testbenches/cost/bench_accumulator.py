"""Is every sum that of the cost changes since the last flush, limited wherever it left its range?"""

from __future__ import annotations

import cocotb

from testbenches.support import clock, configured, pack, random_numbers, scattered, signed, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.6], drift=[-0.7, 0.0, 0.7])
async def sums_come_in_their_clock(dut, stall, drift):
    """One clock later, at one cost change a clock or fewer; with many stages two, at one in two clocks.
    Flushes near and far, sums that drift to either limit, resets.
    """
    config, rng = configured(), random_numbers()
    change, hold = config.words.cost_change, config.words.hold
    await start(dut, i__valid=0, i__payload=0)
    many = config.engine.stages == "many"
    held, expected, limited, busy = 0, [(0, 0, 0)] * (1 + many), 0, False
    changes = [change.min, change.max, *(change.max * (2 * rng.random(600) - 1 + drift)).round().tolist()]
    often = 0.5
    given_changes = scattered(rng, changes, stall)
    for turn in range(3 * len(changes) + 100):
        each = None if busy else next(given_changes, None)
        busy = many and each is not None
        if turn % 100 == 0:  # flushed often, seldom, or always
            often = float(rng.choice([0.5, 0.02, 1.0], p=[0.3, 0.6, 0.1]))
        given = min(change.max, max(change.min, int(rng.integers(change.min, 0) if each is None else each)))
        flush, reset = rng.random() < often, turn % 150 == 149
        word = pack([given], change.width) | flush << change.width
        await clock(dut, i__valid=each is not None, i__payload=word, rst=reset)
        valid, total, saturated = expected.pop(0)
        assert (int(dut.o__valid.value), int(dut.saturated.value)) == (valid, saturated), turn
        if valid:
            assert signed(dut.o__payload) == total, turn

        expected.append((0, 0, 0))
        if each is not None:
            total = max(hold.min, min(hold.max, held + given))
            saturated = int(total != held + given)
            limited += saturated
            expected[-1] = (1, total if flush else 0, saturated)
            held = 0 if flush else total
        if reset:
            held, expected, busy = 0, [(0, 0, 0)] * (1 + many), False
    assert limited > 10 or not drift
