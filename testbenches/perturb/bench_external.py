"""Do words from outside reach the cells, each once and in their order?"""

from __future__ import annotations

import cocotb

from testbenches.support import clock, configured, random_numbers, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "wait"), [(0.0, 0.0), (0.6, 0.0), (0.0, 0.6), (0.4, 0.4)]))
async def every_word_once(dut, stall, wait):
    """With both sides ready a word a clock; nothing before a load, and nothing held across one."""
    config, rng = configured(), random_numbers()
    await start(dut, load=0, i__valid=0, i__payload=0, o__ready=0)
    sent: list[int] = []
    got: list[int] = []
    begun = False
    for turn in range(600):
        load = (turn > 20 and rng.random() < 0.01) or turn == 20
        reset = turn == 300
        word = int(rng.integers(1 << config.code_bits))
        valid, ready = rng.random() >= stall, rng.random() >= wait
        await clock(dut, load=load, i__valid=valid, i__payload=word, o__ready=ready, rst=reset)
        held = len(sent) - len(got)
        assert held in (0, 1)
        assert int(dut.o__valid.value) == held
        if held:
            assert int(dut.o__payload.value) == sent[-1]
        takes = begun and not load and (not held or ready)
        assert int(dut.i__ready.value) == takes
        if held and ready:
            got.append(sent[-1])
        if takes and valid:
            sent.append(word)
        if load or reset:
            begun, sent, got = not reset, [], []
    assert len(got) > 10
