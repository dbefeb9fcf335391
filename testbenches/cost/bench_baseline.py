"""Is every cost change the cost less the last reference, limited to its word?"""

from __future__ import annotations

import cocotb

from testbenches.support import clock, configured, random_numbers, scattered, signed, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.6], share=[0.5, 0.1])
async def changes_come_in_their_clock(dut, stall, share):
    """One clock later, with many stages two. References and costs in any order, at the limits of C~ and of C;
    a reset keeps the reference.
    """
    config, rng = configured(), random_numbers()
    cost, change = config.words.cost, config.words.cost_change
    near = [change.min + change.min, change.min - 1, change.min, -1, 0, 1, change.max, change.max + 1]
    await start(dut, i__valid=0, i__payload=0)
    level = None  # unknown until the first reference
    clocks = 2 if config.engine.stages == "many" else 1
    expected, limited, kept = [(0, 0, 0)] * clocks, 0, 0
    for turn, reference in enumerate(scattered(rng, [True, *(rng.random(800) < share).tolist()], stall)):
        measured = int(rng.choice([0, cost.max, *rng.integers(0, cost.max + 1, 6)]))
        if level is not None and rng.random() < 0.5:
            measured = min(cost.max, max(0, level + int(rng.choice(near))))
        reset = turn % 150 == 149
        mark = rng.random() < 0.5 if reference is None else reference
        word = measured | mark << cost.width
        await clock(dut, i__valid=reference is not None, i__payload=word, rst=reset)
        valid, found, saturated = expected.pop(0)
        assert (int(dut.o__valid.value), int(dut.saturated.value)) == (valid, saturated), turn
        if valid:
            assert signed(dut.o__payload) == found, turn

        expected.append((0, 0, 0))
        if reference:
            level = measured
        elif reference is not None:
            exact = measured - level
            found = max(change.min, min(change.max, exact))
            limited, kept = limited + (found != exact), kept + (found == exact)
            expected[-1] = (1, found, int(found != exact))
        if reset:
            expected = [(0, 0, 0)] * clocks
    assert kept > 20
    assert limited > 20 or cost.max <= change.max
