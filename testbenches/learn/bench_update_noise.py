"""Does the noise follow every update, as large as the register says, and with both signs?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR
from testbenches.cost.bench_noise import added, number
from testbenches.support import clock, configured, random_numbers, signed, start


@cocotb.test(timeout_time=2, timeout_unit="ms")
async def words_follow_updates(dut):
    """All levels of the port, updates as soon as the last word is out and later, new seeds in between."""
    config, rng = configured(), random_numbers()
    phases = 2 if config.independent_noise else 1
    levels = 1 << len(dut.update_noise)
    await start(dut, go=0, update_noise=0, seed=0, load=0)
    state, seen = None, 0
    for turn in range(400):
        if state is None or turn % 50 == 0:
            seed = int(rng.integers(1 << 31))
            await clock(dut, load=1, seed=seed)
            for _ in range(2):
                await clock(dut, load=0, seed=int(rng.integers(1 << 31)))
            state = LFSR.valid(seed)
        await clock(dut, go=1, update_noise=turn % levels)
        assert (signed(dut.word), int(dut.plus.value)) == (0, 0), turn
        word = added(number(state), turn % levels, config.levels.max_update_noise)
        assert abs(word) <= config.words.update.max
        seen = max(seen, abs(word))
        state = LFSR.step(state)
        for phase in range(phases):
            await clock(dut, go=0, update_noise=int(rng.integers(levels)))
            assert signed(dut.word) == (-word if phase else word), turn
            assert int(dut.plus.value) == 1 - phase
            if phases == 2:
                assert int(dut.minus.value) == phase
        for _ in range(int(rng.integers(1, 4))):
            await clock(dut)
            assert (signed(dut.word), int(dut.plus.value)) == (0, 0), turn
            if phases == 2:
                assert int(dut.minus.value) == 0
    assert seen > config.words.update.max / 4
