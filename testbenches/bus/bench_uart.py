"""Do bytes go over the line bit by bit as they should, both ways at once, and is what is none told?"""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from mgd_sim.bus.uart import levels, received
from testbenches.support import configured, random_numbers, start


def some_line(rng: np.random.Generator, clocks: int, count: int) -> list[int]:
    """Bytes of a sender whose clock is up to 2 % off, pauses, glitches, and bytes without a stop bit."""
    line = [1] * 5
    for _ in range(count):
        kind = rng.random()
        if kind < 0.1:
            line += [0] * int(rng.integers(1, clocks // 2 - 1)) + [1] * clocks
        pause = 0 if rng.random() < 0.6 else int(rng.integers(3 * clocks))
        byte = levels(int(rng.integers(256)), clocks, stop=int(kind < 0.9))
        off = rng.uniform(-0.02, 0.02)
        sampled = np.minimum((np.arange(len(byte) * (1 + off)) / (1 + off)).astype(int), len(byte) - 1)
        line += [byte[place] for place in sampled] + [1] * pause
        if kind >= 0.9:
            line += [0] * int(rng.integers(4 * clocks)) + [1] * 2 * clocks
    return line + [1] * 2 * clocks


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def bytes_come_in(dut):
    """In the clock of the twin: two registers, and one that gives the byte."""
    clocks, rng = configured().bit_clocks, random_numbers()
    line = some_line(rng, clocks, 60)
    expected = {at + 3: byte for at, byte in received(line, clocks)}
    assert None in expected.values()
    await start(dut, rx=1, i__valid=0, i__payload=0)
    for at in range(len(line)):
        await FallingEdge(dut.clk)
        dut.rx.value = line[at]
        await ReadOnly()
        there = at in expected and expected[at] is not None
        assert dut.o__valid.value == there, at
        assert dut.bad.value == (at in expected and not there), at
        if there:
            assert dut.o__payload.value == expected[at]


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.99])
async def bytes_go_out(dut, stall):
    """One begins in the clock after it was taken; without a pause each lasts ten bits."""
    clocks, rng = configured().bit_clocks, random_numbers()
    sent = [0, 255, *(int(byte) for byte in rng.integers(256, size=14))]
    line, offered, waiting = [], None, list(sent)
    expected = []
    await start(dut, rx=1, i__valid=0, i__payload=0)
    while waiting or offered is not None or len(line) < len(expected):
        if offered is None and waiting and rng.random() >= stall:
            offered = waiting.pop(0)
        await FallingEdge(dut.clk)
        dut.i__valid.value = int(offered is not None)
        dut.i__payload.value = int(rng.integers(256)) if offered is None else offered
        await ReadOnly()
        line.append(int(dut.tx.value))
        if offered is not None and dut.i__ready.value == 1:
            expected += [1] * (len(line) - len(expected)) + levels(offered, clocks)
            offered = None
    assert line == expected[: len(line)]
    assert len(line) >= 10 * clocks * len(sent)
    if not stall:
        assert len(expected) <= 10 * clocks * len(sent) + 2
