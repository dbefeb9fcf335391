"""Does fetch come to every word of a bank, read it, set it, answer in order, and say how long it takes?

The memories are a model here, whose words come three clocks after their place.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.control.access import reachable
from mgd_sim.control.fetch import Command, answers, clocks
from testbenches.network.bench_folded import places
from testbenches.support import clock, configured, random_numbers, scattered, signed, start


class Host:
    """Offers commands, takes answers, opens the door, and holds the memories."""

    def __init__(self, dut: Any, config: TrainerConfig, theta: list[int], rng: Any):
        self.dut, self.config, self.rng = dut, config, rng
        self.theta = list(theta)
        self.numbers = {place: number for number, place in places(config).items()}
        self.late: deque[int] = deque([0] * 3)
        self.answers: list[tuple[int, int, bool]] = []
        self.renewed = 0

    @property
    def wanted(self) -> int | None:
        """The parameter whose place is shown."""
        (lane,) = [i for i in range(self.config.engine.lanes) if int(self.dut.lane.value) >> i & 1]
        return self.numbers.get((int(self.dut.place.value), lane))

    async def clock(self, **inputs: int) -> None:
        dut = self.dut
        mask = (1 << self.config.words.parameter.width) - 1
        await clock(dut, held=self.late.popleft() & mask, **inputs)
        number = self.wanted
        self.late.append(int(self.rng.integers(mask)) if number is None else self.theta[number])
        if dut.load.value == 1:
            assert dut.inside.value == 1
            assert number is not None
            self.theta[number] = signed(dut.theta)
        self.renewed += int(dut.renew.value)

    async def command(self, commands: list[Command], stall: float) -> int:
        """All of them, offered and taken with pauses; the clocks inside."""
        dut, config = self.dut, self.config
        width, bits = config.words.parameter.width, config.shape.index_bits
        self.answers, inside, shown = [], 0, None
        offers = scattered(self.rng, commands, stall)
        offered = next(offers, None)
        waiting, opened = bool(commands), False
        while waiting or dut.asks.value == 1:
            opens = dut.asks.value == 1 and self.rng.random() >= stall
            opens = opens or dut.inside.value == 1  # it stays open
            ready = int(self.rng.random() >= stall)
            payload = 0
            if offered:
                payload = offered[0] | (offered[1] & (1 << width) - 1) << bits | offered[2] << bits + width
            within = dut.inside.value == 1
            await self.clock(
                i__valid=offered is not None, i__payload=payload, o__ready=ready, open=opens, restart=0
            )
            inside += int(dut.inside.value)
            assert dut.inside.value == 0 or within or opened
            opened = opens
            assert dut.asks.value == dut.owes.value
            assert dut.owes.value == 1 or dut.inside.value == 0
            if dut.o__valid.value == 1:
                assert shown in (None, int(dut.o__payload.value))  # it stays as it is
                word = int(dut.o__payload.value)
                shown = None if ready else word
                if ready:
                    theta = word >> bits & (1 << width) - 1
                    theta -= theta >> width - 1 << width
                    self.answers.append((word & (1 << bits) - 1, theta, bool(word >> bits + width)))
            else:
                assert shown is None  # and until it is taken
            if offered is None or dut.i__ready.value == 1:
                offered = next(offers, None) if waiting else None
                waiting = offered is not None or len(self.answers) < len(commands)
        return inside


def values(config: TrainerConfig, rng: Any, count: int) -> list[int]:
    """Any T, often one at the end of what is written, or of its format."""
    number = config.words.parameter
    ends = [*reachable(config), number.min, number.max, 0, -1]
    drawn = rng.integers(number.min, number.max + 1, size=count).tolist()
    return [int(rng.choice(ends)) if rng.random() < 0.3 else each for each in drawn]


async def prepared(dut: Any) -> tuple[TrainerConfig, Any, Host]:
    config, rng = configured(), random_numbers()
    host = Host(dut, config, values(config, rng, config.parameters), rng)
    await start(dut, i__valid=0, i__payload=0, o__ready=0, open=0, restart=0, held=0)
    for _ in range(3):  # nothing is taken before a start
        await host.clock(i__valid=1, rst=0)
        assert (int(dut.i__ready.value), int(dut.asks.value)) == (0, 0)
    await host.clock(i__valid=0, restart=1)
    return config, rng, host


@cocotb.test(timeout_time=100, timeout_unit="us")
async def reads_all(dut):
    """In order, as fast as can be; T is as before."""
    config, _, host = await prepared(dut)
    before = list(host.theta)
    commands = [(index, 0, False) for index in range(config.parameters)]
    inside = await host.command(commands, 0)
    assert host.answers == [(index, before[index], False) for index in range(config.parameters)]
    assert inside == clocks(config, commands)
    assert (host.theta, host.renewed) == (before, 0)


@cocotb.test(timeout_time=300, timeout_unit="us")
async def reads_and_writes(dut):
    """At random, with pauses on both sides, the same parameter again and again among them, and none."""
    config, rng, host = await prepared(dut)
    for stall in (0, 0.5):
        theta = list(host.theta)
        commands = [
            (int(rng.integers(1 << config.shape.index_bits)), value, bool(rng.integers(2)))
            for value in values(config, rng, 40)
        ]
        commands[0] = (0, 0, False)  # the walk begins anew
        host.renewed = 0
        inside = await host.command(commands, stall)
        assert host.answers == list(answers(config, theta, commands))
        assert host.theta == theta
        written = any(write and index < config.parameters for index, _, write in commands)
        assert bool(host.renewed) == written
        if stall == 0:
            assert inside == clocks(config, commands)
            assert host.renewed == 1


@cocotb.test(timeout_time=200, timeout_unit="us")
async def a_start_forgets(dut):
    """A reset in the middle: nothing is answered, nothing goes on, and all works as after the first start."""
    config, _, host = await prepared(dut)
    for stop in (3, 9, 40):
        for _ in range(stop):
            await host.clock(i__valid=1, i__payload=config.parameters - 1, o__ready=0, open=1, restart=0)
        await host.clock(i__valid=0, rst=1)
        for _ in range(5):
            await host.clock(rst=0, open=1)
            assert [int(dut.asks.value), int(dut.o__valid.value), int(dut.i__ready.value)] == [0, 0, 0]
        await host.clock(restart=1)
        commands = [(index, 0, False) for index in reversed(range(config.parameters))]
        await host.command(commands, 0)
        assert host.answers == [(index, host.theta[index], False) for index, _, _ in commands]
