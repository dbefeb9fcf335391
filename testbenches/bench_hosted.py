"""A trainer behind a bus: trained from outside by its registers alone, equal to the twin in every state."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly

from mgd_hdl.config import SEEDS, TrainerConfig, memory_map
from mgd_hdl.config.memory_map import ADDRESS_BITS, configuration_hash
from mgd_sim.bus import DONE, REFUSED, UNMAPPED, Access
from mgd_sim.bus.bank import Bank
from mgd_sim.compare import states
from mgd_sim.rtl import bench_parameters
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.bench_trainer import Observer
from testbenches.bus.masters import master
from testbenches.support import configured, random_numbers


class Host:
    """Registers by name; an observer looks into the trainer meanwhile."""

    def __init__(self, dut: Any, config: TrainerConfig, stall: float = 0.0):
        self.dut, self.config, self.map = dut, config, memory_map(config)
        self.rng = random_numbers()
        self.observer = Observer(dut, bench_parameters()["states"])
        self.master = master(dut, config, self.rng, stall, others=bench_parameters()["others"])
        self.knobs = {knob.name for knob in self.map.knobs} - set(SEEDS)
        self.changes: list[int] = []  # after so many steps
        self.samples = port_samples(config)
        self.shown = 0

    async def begin(self) -> None:
        """Clock and reset, of whatever kind the top has."""
        dut, reset = self.dut, self.config.host.reset
        on = 0 if reset.endswith("_n") else 1
        getattr(dut, reset).value = on
        if self.config.host.clock_enable:
            dut.clock_enable.value = 1
        Clock(dut.clk, 2, unit="ns").start()
        await ClockCycles(dut.clk, 4)
        await FallingEdge(dut.clk)
        getattr(dut, reset).value = 1 - on
        await ClockCycles(dut.clk, 3)
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        """States step by step; what the trainer sees of a knob changes only where no step is under way."""
        dut, trainer = self.dut, self.dut.trainer
        handles = {name: getattr(trainer, name) for name in self.knobs}
        before: dict[str, int] = {}
        was_busy = False
        while True:
            await FallingEdge(dut.clk)
            enabled = True
            if self.config.host.clock_enable:
                enabled = bool(self.rng.random() < 0.7)
                dut.clock_enable.value = enabled
            await ReadOnly()
            if enabled:
                self.observer.look()
            now = {name: int(handle.value) for name, handle in handles.items()}
            if before and now != before:
                assert not was_busy, "a register changed in mid step"
                self.changes.append(self.observer.steps)
            before, was_busy = now, trainer.busy.value == 1 and trainer.start.value == 0

    async def read(self, name: str) -> int:
        found, error = await self.master.read(self.map[name].address)
        assert error == DONE, name
        return self.map[name].value(found)

    async def write(self, name: str, value: int) -> None:
        assert await self.master.write(self.map[name].address, value & 0xFFFF_FFFF) == DONE, name

    async def ask(self, *controls: str) -> None:
        await self.write("control", sum(self.map["control"].bit(name) for name in controls))

    async def is_now(self, name: str) -> bool:
        return bool(await self.read("status") & self.map["status"].bit(name))

    async def rests(self) -> None:
        """Until no step is under way and none will be."""
        for _ in range(20_000):
            status = await self.read("status")
            if not status & (self.map["status"].bit("busy") | self.map["status"].bit("running")):
                return
            if self.samples is not None and status & self.map["status"].bit("sample_ready"):
                await self.show()
        raise AssertionError("it does not come to rest")

    async def until(self, bit: str) -> None:
        """A bit of ``status`` is high."""
        for _ in range(1_000):
            if await self.is_now(bit):
                return
        raise AssertionError(f"{bit} does not come")

    async def comes(self, bit: str, name: str) -> int:
        """What a register holds once its bit is high."""
        await self.until(bit)
        return await self.read(name)

    async def show(self) -> None:
        """The next sample, through the window."""
        row = self.shown % len(self.samples.x)
        for number in (*self.samples.x[row].tolist(), *self.samples.target[row].tolist()):
            await self.write("sample_data", number)
        self.shown += 1

    async def steps(self) -> int:
        low = await self.read("steps_low")
        return await self.read("steps_high") << 32 | low

    async def train(self, steps: int) -> None:
        await self.write("steps_left", steps)
        await self.ask("run")
        await self.rests()


@cocotb.test(timeout_time=500, timeout_unit="us")
async def trains_as_the_twin(dut):
    """From its registers alone: recognised, started with other seeds, paused, made slower, stepped."""
    config, host = configured(), Host(dut, configured())
    first, second = bench_parameters()["steps"]
    await host.begin()
    assert await host.read("id") == 0x3144474D
    assert await host.read("hash_high") << 32 | await host.read("hash_low") == configuration_hash(config)
    assert await host.read("parameters") == config.parameters
    await host.write("scratch", 0xDEADBEEF)
    assert await host.read("scratch") == 0xDEADBEEF

    registers = config.registers(5)
    for knob in host.map.knobs:
        assert await host.read(knob.name) == knob.reset
        if knob.name in SEEDS:
            await host.write(knob.name, getattr(registers, knob.name))
    await host.write("interrupt_enable", host.map["interrupts"].bit("done"))
    await host.ask("start")
    await host.rests()
    assert await host.steps() == 0
    assert await host.read("interrupts") & host.map["interrupts"].bit("done")
    assert dut.irq.value == 1
    await host.write("interrupts", host.map["interrupts"].bit("done"))
    assert await host.read("interrupts") == 0
    assert dut.irq.value == 0
    samples = host.samples

    await host.train(first)
    assert await host.steps() == first
    assert dut.irq.value == 1
    twin = Trainer(config, [registers], samples=samples)
    record = twin.run(first, record=True)
    expected = states(record)
    host.observer.check(expected)
    assert await host.read("flags") == int(twin.flags[0])
    assert await host.read("cost") == int(record.cost[-1, 0])
    if not config.analog:
        assert await host.read("baseline") == int(record.baseline[-1, 0])
    if config.task.accuracy:
        assert await host.read("judged_count") == int(record.judged_count[-1, 0])
        assert await host.read("right_count") == int(record.right_count[-1, 0])
    assert await host.read("samples") == -(-first // registers.tau_x)

    await doors_are_open(host, twin)

    # A knob that is written while steps follow each other.
    if config.delayed:
        return
    host.observer.forget()
    host.changes.clear()
    slower = config.registers(5, learning_shift=registers.learning_shift + 1)
    await host.write("steps_left", second)
    await host.ask("run")
    await host.write("learning_shift", slower.learning_shift)
    assert await host.read("learning_shift") == slower.learning_shift
    await host.rests()
    await host.ask("step")
    await host.rests()
    assert await host.steps() == first + second + 1
    (at,) = host.changes
    assert host.observer.steps == second + 1
    before = twin.run(at, record=True)
    changed = Trainer(config, [slower], samples=samples)
    changed.restore(twin.state)
    after = changed.run(second + 1 - at, record=True)
    later = states(after)
    host.observer.check({name: np.concatenate([each, later[name]]) for name, each in states(before).items()})


async def doors_are_open(host: Host, twin: Trainer) -> None:
    """Every parameter is read; some are written, and then are what they were; all samples are answered."""
    if "parameter_data" in host.map:
        theta = twin.theta[0].tolist()
        await host.write("parameter_index", 0)
        assert [await host.comes("parameter_ready", "parameter_data") for _ in theta] == theta
        last = len(theta) - 1
        await host.until("parameter_ready")
        await host.write("parameter_index", last)
        for value in (theta[0], theta[last]):
            await host.until("parameter_ready")
            await host.write("parameter_data", value)
            await host.until("parameter_ready")
            assert await host.read("parameter_index") == 0
            await host.write("parameter_index", last)
            assert await host.comes("parameter_ready", "parameter_data") == value
            await host.until("parameter_ready")
            await host.write("parameter_index", last)
    if "input_data" in host.map:
        inputs = twin.samples.x[:4]
        answers = twin.infer(inputs)[0].tolist()
        for x, y in zip(inputs.tolist(), answers, strict=True):
            for number in x:
                await host.write("input_data", number)
            found = [await host.comes("input_ready", "output_data") for _ in y]
            assert found == y


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def every_access_is_answered(dut):
    """Reads and writes at random while it trains: refused where they should be, and all that is kept is
    right.
    """
    config, host = configured(), Host(dut, configured(), stall=0.3)
    await host.begin()
    await host.ask("start", "run")
    rng, model = host.rng, Bank(config)
    # Windows wait, and go on by themselves.
    registers = [each for each in host.map if not each.name.endswith(("_place", "_data", "_index"))]
    kept = {name: register for name, register in model.written.items() if name != "steps_left"}
    wrong = asked = 0
    while asked < bench_parameters()["accesses"]:
        register = registers[rng.integers(len(registers))]
        address = int(rng.integers(1 << ADDRESS_BITS)) if rng.random() < 0.2 else register.address
        if host.map.at(address & ~3) not in (None, *registers):
            continue
        if config.host.bus != "uart":
            address &= ~3  # a read elsewhere is none on Wishbone, and two of the master of AXI4-Lite
        word = int(rng.choice([0, 1, 3, int(rng.integers(1 << 32))]))
        writes = bool(rng.random() < 0.5)
        register = host.map.at(address & ~3)
        if writes and register is not None and register.name == "control":
            word = host.map["control"].bit("run")
        reason = model.refusal(Access(address, writes, word))
        asked += 1
        if writes:
            error = await host.master.write(address, word)
        else:
            found, error = await host.master.read(address)
        expected = {"": DONE, "unmapped": UNMAPPED}.get(reason, REFUSED)
        # Wishbone knows one error only.
        assert error == (min(expected, REFUSED) if config.host.bus == "wishbone" else expected), reason
        wrong += error != DONE
        if error == DONE and register.name in kept:
            if writes:
                kept[register.name] = word & register.mask
            else:
                assert found == kept[register.name], register.name
        elif error == DONE and not writes and register.constant:
            assert found == register.reset
    assert asked > wrong > asked // 10
    assert await host.read("flags") & host.map["flags"].bit("unmapped")
    await host.write("flags", host.map["flags"].mask)
    assert await host.read("flags") & host.map["flags"].bit("unmapped") == 0


@cocotb.test(timeout_time=10, timeout_unit="us")
async def outputs_are_told_in_reset(dut):
    """Each as the table of ports says."""
    config, host = configured(), Host(dut, configured())
    await host.begin()
    await host.ask("start", "run")
    reset = getattr(dut, config.host.reset)
    reset.value = 0 if config.host.reset.endswith("_n") else 1
    await ClockCycles(dut.clk, 4)
    await ReadOnly()
    for name, value in bench_parameters()["resets"].items():
        assert getattr(dut, name).value == value, name


@cocotb.test(timeout_time=10, timeout_unit="us")
async def what_is_offered_in_reset_is_refused(dut):
    """Once; and the flag says so."""
    config, host = configured(), Host(dut, configured())
    if config.host.bus == "uart":
        return
    await host.begin()
    reset = getattr(dut, config.host.reset)
    on = 0 if config.host.reset.endswith("_n") else 1
    reset.value = on
    await ClockCycles(dut.clk, 3)
    pending = cocotb.start_soon(host.master.read(host.map["id"].address))
    await ClockCycles(dut.clk, 5)
    assert not pending.done()
    await FallingEdge(dut.clk)
    reset.value = 1 - on
    _, error = await pending
    assert error == REFUSED
    assert await host.read("id") == 0x3144474D
    assert await host.read("flags") == host.map["flags"].bit("in_reset")
