"""Does every cost change pass as the gate says, one clock later, at any rate?"""

from __future__ import annotations

import cocotb

from testbenches.support import clock, configured, random_numbers, scattered, signed, start


def believed(change: int, limit: int, gate: int) -> int:
    """What C~ counts as."""
    if abs(change) <= gate:
        return 0
    return min(max(change, -limit), limit)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.6])
async def changes_pass(dut, stall):
    """Every C~ with limits and gates of all sizes, in any order. With many stages three clocks later, and
    compared with what the registers were a clock before.
    """
    word, rng = configured().words.cost_change, random_numbers()
    many = configured().engine.stages == "many"
    pairs = [(word.max, 0), (0, 0), (word.max, word.max), (5, 9), (9, 5), (9, 9)]
    cases = [(change, *pair) for change in range(word.min, word.max + 1) for pair in pairs]
    for _ in range(300):
        change = int(rng.integers(word.min, word.max + 1))
        cases.append((change, *rng.integers(0, word.max + 1, 2).tolist()))
    cases = [cases[place] for place in rng.permutation(len(cases))]
    await start(dut, i__valid=0, i__payload=0, change_limit=0, change_gate=0)
    expected: list[int | None] = [None] * (3 if many else 1)
    before = (0, 0)  # limit and gate a clock ago
    for turn, case in enumerate(scattered(rng, cases, stall)):
        change, limit, gate = case or rng.integers(0, word.max + 1, 3).tolist()
        reset = turn % 150 == 149
        await clock(
            dut, i__valid=case is not None, i__payload=change, change_limit=limit, change_gate=gate, rst=reset
        )
        found = expected.pop(0)
        assert int(dut.o__valid.value) == (found is not None), turn
        if found is not None:
            assert signed(dut.o__payload) == found, turn
        now = (limit, gate)
        expected.append(None if case is None else believed(change, *(before if many else now)))
        before = now
        if reset:
            expected = [None] * len(expected)
