"""Do four words follow every update: a threshold and a step, each with both signs?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR
from testbenches.support import clock, configured, random_numbers, signed, start


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def words_follow_updates(dut):
    """All levels of the port, updates as soon as the last word is out and later, new seeds in between."""
    config, rng = configured(), random_numbers()
    levels, half = 1 << len(dut.weight_decay), 1 << (config.words.parameter.width - 2)
    names = ("busy", "compare", "pick", *["last"] * config.update_noisy)
    await start(dut, go=0, weight_decay=0, seed=0, load=0)
    state, seen = None, set()
    for turn in range(300):
        if state is None or turn % 50 == 0:
            seed = int(rng.integers(1 << 31))
            await clock(dut, load=1, seed=seed)
            await clock(dut, load=0, seed=int(rng.integers(1 << 31)))
            state = LFSR.valid(seed)
        level = turn % levels
        # The level counts in the clocks of the words.
        await clock(dut, go=1, weight_decay=int(rng.integers(levels)))
        assert not any(int(getattr(dut, name).value) for name in names), turn
        assert signed(dut.word) == 0
        threshold = state % half
        size = 2 ** (min(level, config.levels.max_weight_decay) - 1) if level else 0
        words = (-1 - threshold, -size, threshold, size)
        for place, word in enumerate(words):
            await clock(dut, go=0, weight_decay=level)
            assert signed(dut.word) == word, (turn, place)
            found = [int(getattr(dut, name).value) for name in names]
            assert found == [1, place % 2 == 0, place % 2, place == 3][: len(names)], (turn, place)
        seen.add(threshold >= half // 2)
        state = LFSR.step(state)
        for _ in range(int(rng.integers(0, 3))):
            await clock(dut)
            assert (signed(dut.word), int(dut.busy.value)) == (0, 0), turn
    assert seen == {False, True}
