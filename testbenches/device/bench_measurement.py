"""Does every measurement end, with what it was, whatever goes wrong in its tries?"""

from __future__ import annotations

from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.ports import DEVICE_FAULTS
from mgd_sim.device.measurement import Belief
from testbenches.support import clock, configured, random_numbers, start

SETTLE, PAUSE, TIME_OUT = 9, 24, 17


class Bench:
    """Sequencer, sender, reader and device around the block, and what each try of a measurement will be."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.mark = "blank" if config.analog else "reference"
        self.kinds = ["not_ready", "no_answer", "refused"]
        self.checked = [kind for kind in ("out_of_range", "glitch", "stuck") if hasattr(dut, kind)]
        self.kinds += self.checked
        self.registers = {"settle": SETTLE, "pause": PAUSE, "time_out": TIME_OUT}
        self.plan = ""  # the fault of the present try
        self.plans: list[str] = []  # and those of the next ones
        self.sending = 0  # clocks for which the sender is busy, while the device takes something
        self.reading = 0  # clocks until the reader is done
        self.answer: tuple[int, int] | None = None  # clocks, and the number
        self.second: tuple[int, int] | None = None
        self.stale: list[int] = []  # numbers of requests whose answers come when nobody waits any more
        self.seen: list[str] = []  # faults
        self.requests = 0
        self.since_sent = 0
        self.offered = False  # a request that was not taken
        self.measured: list[tuple[int, int]] = []
        self.counts = 0  # second costs that count

    async def clock(self, **inputs: int) -> None:
        """One clock of all of them."""
        rng, dut = self.rng, self.dut
        held = self.sending > 0 and (self.plan == "not_ready" or rng.random() < 0.3)
        inputs = {
            self.mark: int(rng.integers(2)),
            "measure": 0,
            "go_on": 0,
            "open": 0,
            "restart": 0,
            **inputs,
        }
        inputs |= {"sending": int(self.sending > 0), "held_up": int(held)}
        self.sending -= int(self.sending > 0 and not held)
        ready = int(rng.random() < 0.6)
        inputs["inputs_tready"] = ready
        valid, number, user = 0, int(rng.integers(16)), int(rng.integers(2))
        if self.answer is not None:
            wait, due = self.answer
            if wait == 0 and self.plan != "no_answer":
                valid, number, user = 1, due, int(self.plan == "refused")
                self.answer = None
            else:
                self.answer = (max(0, wait - 1), due)
        if not valid and self.stale and self.answer is not None and rng.random() < 0.5:
            valid, number = 1, self.stale.pop()
        if not valid and self.offered and not ready and rng.random() < 0.5:
            # An answer to a request that the device has not taken yet.
            valid, number, user = 1, int(dut.number.value), 0
        inputs |= {"tvalid": valid, "tid": number, "tuser": user}
        done = self.reading == 1
        self.reading -= int(self.reading > 0)
        inputs["done"] = int(done)
        for kind in self.checked:
            inputs[kind] = int(done and self.plan == kind)
        if self.config.second_cost:
            there = self.second is not None and self.second[0] == 0
            inputs |= {"second_tvalid": int(there), "second_tid": self.second[1] if there else 0}
            if self.second is not None:
                self.second = None if there else (self.second[0] - 1, self.second[1])
        await clock(dut, **self.registers, **inputs)
        self._look(ready, inputs["tid"])

    def _look(self, ready: int, tid: int) -> None:
        dut, rng = self.dut, self.rng
        self.since_sent = 0 if self.sending else self.since_sent + 1
        told = [kind for bit, kind in enumerate(DEVICE_FAULTS[:6]) if int(dut.faults.value) >> bit & 1]
        assert len(told) <= 1
        self.seen += told
        if told:
            self.plan = self.plans.pop(0) if self.plans else ""
        if told and self.answer is not None:
            self.stale.append(self.answer[1])
            self.answer = None
        if dut.go.value == 1:
            assert not self.sending
            self.sending = int(rng.integers(1, 9))
        self.offered = dut.inputs_tvalid.value == 1 and not ready
        if dut.inputs_tvalid.value == 1 and ready:
            self.requests += 1
            assert self.since_sent >= SETTLE
            self.answer = (int(rng.integers(0, 6)), int(dut.number.value))
            self.second = (int(rng.integers(0, 6)), int(dut.number.value))
        if dut.take.value == 1:
            assert self.reading == 0
            assert tid == int(dut.number.value)
            self.reading = int(rng.integers(1, 6))
        if self.config.second_cost:
            self.counts += int(dut.second_counts.value)
        if dut.measured.value == 1:
            self.measured.append((int(dut.mark.value), int(dut.ignore.value)))

    async def measure(self, marked: bool, plans: list[str]) -> bool:
        """A measurement whose tries are as planned, "" for a good one; whether it is good."""
        while self.dut.free.value == 0:
            await self.clock()
        self.plan, *self.plans = plans
        self.seen, self.measured, self.counts, before = [], [], 0, self.requests
        await self.clock(measure=1, **{self.mark: int(marked)})
        clocks = 0
        while self.dut.free.value == 1 or clocks == 0:
            await self.clock()
            clocks += 1
        while self.dut.free.value == 0:
            await self.clock()
            clocks += 1
            assert clocks < 4000, "it hangs"
        faults = [plan for plan in plans if plan]
        assert self.seen == faults, (self.seen, plans)
        good = plans[-1] == ""
        if self.config.second_cost:
            assert self.counts == good, "a second cost counts with its measurement"
        if good:
            assert self.requests - before >= 1 << self.registers["average"]
        return good


async def begin(dut: Any, **registers: int) -> Bench:
    bench = Bench(dut, configured())
    await start(dut, measure=0, restart=0, sending=0, held_up=0, go_on=0, open=0, tvalid=0, done=0,
                inputs_tready=0, tid=0, tuser=0)  # fmt: skip
    bench.registers |= registers
    await bench.clock(restart=1)
    return bench


def plans(bench: Bench, share: float) -> list[str]:
    """What the tries of a measurement will be: up to the first good one, or none is."""
    found: list[str] = []
    for _ in range(1 + bench.registers["repeats"]):
        found.append(str(bench.rng.choice(bench.kinds)) if bench.rng.random() < share else "")
        if not found[-1]:
            break
    return found


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(average=[0, 2], repeats=[0, 3])
async def every_measurement_ends_with_what_it_was(dut, average, repeats):
    """Counts agree, bad ones teach nothing; after enough of them the trainer rests until it may go on."""
    bench = await begin(dut, average=average, repeats=repeats, give_up=3)
    config, rng = bench.config, bench.rng
    belief = Belief(config.analog, 3)
    asked = taken = rested = 0
    for step in range(48):
        share = (0.0, 0.3, 1.0)[step // 8 % 3]  # of tries that fail
        fresh = bool(rng.random() < 0.4)
        if not config.analog and (config.two_sided or fresh or asked == 0):
            good = await bench.measure(True, plans(bench, share))
            asked, taken = asked + 1, taken + good
            assert bench.measured == ([(1, bench.measured[0][1])] if belief.reference(good) else [])
            assert int(dut.minus.value if config.two_sided else dut.rest.value) == 1
        good = await bench.measure(fresh and config.analog, plans(bench, share))
        asked, taken = asked + 1, taken + good
        blank, ignored = belief.perturbed(good, fresh)
        assert bench.measured == [(int(blank), int(ignored))]
        assert int(dut.rest.value) == 0
        assert [int(dut.asked_count.value), int(dut.taken_count.value)] == [asked, taken]
        assert int(dut.dropped_count.value) == asked - taken
        assert dut.resting.value == belief.resting
        if belief.resting:
            rested += 1
            await rest(bench)
            belief.go_on()
    assert rested


async def rest(bench: Bench) -> None:
    """Through its door the device is told of parameters at rest, whether it listens or not."""
    dut = bench.dut
    for _ in range(int(bench.rng.integers(0, 5))):
        await bench.clock()
    assert dut.asks.value == 1
    bench.plan = str(bench.rng.choice(["", "not_ready"]))
    await bench.clock(open=1)
    clocks = 0
    while dut.asks.value == 1:
        await bench.clock()
        assert dut.inputs_tvalid.value == 0 or clocks < 60
        clocks += 1
        assert clocks < 300
    assert dut.rest.value == 1
    assert dut.resting.value == 1
    while bench.sending:
        bench.plan = ""
        await bench.clock()
    await bench.clock(go_on=1)
    await bench.clock()
    assert dut.resting.value == 0


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def without_limits_it_waits(dut):
    """A register of 0: for ever, until a start."""
    bench = await begin(dut, average=0, repeats=1, give_up=3, time_out=0, pause=0)
    bench.plan = "no_answer"
    await bench.clock(measure=1, **{bench.mark: 0})
    for _ in range(600):
        await bench.clock()
    assert dut.free.value == 0
    assert not bench.seen
    await clock(dut, rst=1)
    await clock(dut, rst=0)
    assert dut.free.value == 1
