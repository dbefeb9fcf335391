"""Is every access answered as the twin does, and what the trainer sees and says in every clock the same?"""

from __future__ import annotations

from functools import cache

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge

from mgd_hdl.config import SEEDS, Format, Mapped, TrainerConfig, memory_map
from mgd_hdl.config.memory_map import ADDRESS_BITS
from mgd_sim.bus import Access, Answer
from mgd_sim.bus.bank import Bank, Trainer
from mgd_sim.rtl import bench_parameters
from testbenches.bus.payloads import packed, said
from testbenches.support import clock, configured, pack, random_numbers, start

WORD = (1 << 32) - 1


def some_data(rng: np.random.Generator, register: Mapped) -> int:
    """Often at the ends of what is legal, or around a sign, or with few bits."""
    name = register.name
    least, most = (register.legal[0], register.legal[-1]) if register.legal else (0, 3)
    near = [least, least - 1, most, most + 1, int(rng.integers(least, most + 1))]
    if name in ("sample_data", "input_data", "steps_left"):
        near = [0, 1, 2, -1, int(rng.integers(-300, 300))]
    if rng.random() < 0.05 or name in ("control", "flags", "interrupts", "device_faults", "scratch"):
        few = int(rng.integers(1 << 32)) & int(rng.integers(1 << 32))
        near = [few, 1, 2, 6, 8, 1 << register.width - 1, register.mask]
    return int(rng.choice(near)) & WORD


def some_access(rng: np.random.Generator, registers: list[Mapped]) -> Access:
    register = registers[rng.integers(len(registers))]
    address, strobes = register.address, 0b1111
    if rng.random() < 0.05:
        address = int(rng.integers(1 << ADDRESS_BITS))
    if rng.random() < 0.05:
        address ^= int(rng.integers(4))
    if rng.random() < 0.05:
        strobes = int(rng.integers(16))
    late = bool(rng.random() < 0.02)
    return Access(address, bool(rng.random() < 0.5), some_data(rng, register), strobes, late)


def some_trainer(rng: np.random.Generator, config: TrainerConfig, before: Trainer) -> Trainer:
    """What a trainer might say, and what none does."""
    cost = config.words.measured
    changes = rng.random() < 0.3

    def rarely(share: float = 0.1) -> bool:
        return bool(rng.random() < share)

    def number() -> int:
        return int(rng.integers(cost.min, cost.max + 1))

    counts, device = ["judged_count", "right_count", "tries"], {}
    if config.outside:
        counts += ["asked_count", "taken_count", "dropped_count"]
        device["resting"] = not before.resting if rarely() else before.resting
        device["device_faults"] = int(rng.integers(256)) if rarely() else 0
    return Trainer(
        busy=not before.busy if rarely(0.2) else before.busy,
        step_done=rarely(0.4),
        step_begins=rarely(0.3),
        sample_taken=rarely(0.3),
        started=rarely(0.02),
        flags=int(rng.integers(8)) if rarely() else 0,
        last_cost=number() if changes else before.last_cost,
        last_baseline=number() if changes else before.last_baseline,
        solved=config.judged and (not before.solved if rarely() else before.solved),
        counts={name: int(rng.integers(1 << 24)) for name in counts},
        line=int(rng.integers(4)) if rarely(0.05) else 0,
        sample_ready=rarely(0.3),
        command_ready=rarely(0.4),
        answer=some_number(rng, config.words.parameter) if rarely(0.3) else None,
        input_ready=rarely(0.4),
        output=outputs(rng, config) if rarely(0.3) else None,
        alive=not config.host.clock_enable or rarely(0.5),
        **device,
    )


def some_number(rng: np.random.Generator, number: Format) -> int:
    return int(
        rng.choice([number.min, -1 if number.signed else 1, number.max, int(rng.integers(number.max + 1))])
    )


def outputs(rng: np.random.Generator, config: TrainerConfig) -> list[int]:
    return [some_number(rng, config.shape.layers[-1].output) for _ in range(config.outputs)]


def driven(dut, config: TrainerConfig, trainer: Trainer) -> dict[str, int]:
    """Those ports that this bank has."""
    ports = {
        **{name: getattr(trainer, name) for name in ("busy", "step_done", "step_begins", "sample_taken")},
        **{name: getattr(trainer, name) for name in ("started", "flags", "last_cost", "last_baseline")},
        **trainer.counts,
        "solved": trainer.solved,
        "device_faults": trainer.device_faults,
        "resting": trainer.resting,
        "line": trainer.line,
        "enable": trainer.alive,
        "sample__ready": trainer.sample_ready,
        "command__ready": trainer.command_ready,
        "answer__valid": trainer.answer is not None,
        "input__ready": trainer.input_ready,
        "output__valid": trainer.output is not None,
    }
    if trainer.answer is not None:
        ports["answer__payload"] = trainer.answer << (config.parameters - 1).bit_length()
    if trainer.output is not None:
        ports["output__payload"] = pack(trainer.output, config.shape.layers[-1].output.width)
    there = _ports(dut)
    return {name: value for name, value in ports.items() if name in there}


@cache
def _ports(dut) -> set[str]:
    return {handle._name for handle in dut}


def expected(config: TrainerConfig, bank: Bank) -> dict[str, int]:
    found = bank.outputs()
    if not config.task.accuracy:
        del found["clear_counts"]
    if not config.outside:
        del found["go_on"]
    for name, offered in bank.offered.items():
        found[f"{name}__valid"] = offered
        if offered:
            # By hand: number after number, from the low bits on.
            word, low = 0, 0
            for value, number in zip(bank.given[name], bank.numbers[name], strict=True):
                word |= (value & (1 << number.width) - 1) << low
                low += number.width
            found[f"{name}__payload"] = word
    if "parameter_data" in bank.map:
        found["command__valid"] = bank.parameter == "asks"
        if bank.parameter == "asks":
            bits, width = (config.parameters - 1).bit_length(), config.words.parameter.width
            theta = bank.written["parameter_data"] & (1 << width) - 1
            word = bank.written["parameter_index"] | theta << bits | bank.parameter_writes << bits + width
            found["command__payload"] = word
    return {name: int(value) for name, value in found.items()}


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def every_clock_equals_the_twin(dut, stall):
    config, rng = configured(), random_numbers()
    # Seeds are many and alike.
    often = ("control", "sample_data", "input_data", "parameter_data") * 4
    often += ("device_faults", "interrupts", "control") * 4 * config.outside
    found = memory_map(config)
    registers = [register for register in found if register.name not in SEEDS[1:]]
    registers += [found[name] for name in often if name in found]
    bank, trainer = Bank(config), Trainer()
    answer: Answer | None = None  # what the bank offers in this clock
    answered, faulty, last = 0, 0, None
    await start(dut, i__valid=0, i__payload=0, o__ready=1, **driven(dut, config, trainer))
    for _ in range(bench_parameters()["clocks"]):
        access = some_access(rng, registers) if rng.random() >= stall else None
        ready = bool(rng.random() >= stall / 2)
        trainer = some_trainer(rng, config, trainer)
        await clock(
            dut,
            i__valid=access is not None,
            i__payload=int(rng.integers(1 << 50)) if access is None else packed(access),
            o__ready=ready,
            **driven(dut, config, trainer),
        )
        taken = answer is None or ready
        assert dut.i__ready.value == taken
        assert dut.o__valid.value == (answer is not None)
        if answer is not None:
            assert int(dut.o__payload.value) == said(answer), last
            answered += ready
        for name, value in expected(config, bank).items():
            assert int(getattr(dut, name).value) == value, name
        found = bank.clock(trainer, access if taken else None)
        faulty |= bank.device_faults
        if taken:
            answer, last = found, access
    assert answered > 100
    # What is rare has happened too.
    assert bank.interrupts
    assert bank.flags
    assert faulty or not config.outside


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_high_half_is_that_of_the_low_one(dut):
    """Steps done in every clock, across a carry: what is read is one moment."""
    await start(dut, i__valid=0, i__payload=0, o__ready=1, **driven(dut, configured(), Trainer()))
    config = configured()
    low, high = (memory_map(config)[name].address for name in ("steps_low", "steps_high"))
    for offset in range(6):
        await clock(dut, step_done=0, i__valid=0)
        await FallingEdge(dut.clk)
        dut.steps_low.value = WORD - 3
        dut.steps_high.value = 6
        await clock(dut, step_done=1)
        for _ in range(offset):
            await clock(dut)
        await clock(dut, i__valid=1, i__payload=packed(Access(low)))
        await clock(dut, i__payload=packed(Access(high)))
        first = int(dut.o__payload.value) & WORD
        await clock(dut, i__valid=0)
        assert (int(dut.o__payload.value) << 32 | first) == (6 << 32) + WORD - 3 + offset + 1
