"""Does every sample that is taken come out, once, in its order, and wait as long as it must?"""

from __future__ import annotations

from collections import deque

import cocotb

from testbenches.support import clock, configured, random_numbers, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("idle", "stall"), [(0.0, 0.0), (0.7, 0.0), (0.0, 0.7), (0.5, 0.5)]))
async def samples_pass_in_order(dut, idle, stall):
    """Offered with pauses, taken with pauses; none before the first load, and a load forgets what is held."""
    config, rng = configured(), random_numbers()
    width = config.inputs * config.formats.input.width + config.outputs * config.formats.target.width
    assert width == len(dut.i__payload)
    await start(dut, load=0, i__valid=0, i__payload=0, o__ready=0)
    held: deque[int] = deque()
    begun, offering, taken, passed = False, None, 0, 0
    for turn in range(600):
        load, reset = turn == 20 or rng.random() < 0.02 * (turn > 20), turn == 300
        if offering is None and rng.random() >= idle:
            offering = int.from_bytes(rng.bytes(width // 8 + 1)) % 2**width
        ready = rng.random() >= stall
        given = int.from_bytes(rng.bytes(width // 8 + 1)) % 2**width if offering is None else offering
        await clock(
            dut, load=load, i__valid=offering is not None, i__payload=given, o__ready=ready, rst=reset
        )
        free = not held or (ready and config.delayed and config.staged)
        takes = begun and not load and free
        assert int(dut.i__ready.value) == takes, turn
        assert int(dut.o__valid.value) == len(held), turn
        if held:
            assert int(dut.o__payload.value) == held[0], turn
        if held and ready:
            held.popleft()
            passed += not (load or reset)
        if takes and offering is not None:
            held.append(offering)
            taken, offering = taken + 1, None
        if load or reset:
            held.clear()
        begun = (begun or load) and not reset
    assert passed > 40
    if not (idle or stall):
        # Every other clock, or each.
        assert taken > (0.8 if config.delayed and config.staged else 0.4) * 600
