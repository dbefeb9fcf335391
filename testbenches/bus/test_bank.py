"""The register bank: plain, with all that can be read, with samples from a host, with inference."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.bus.bank import Bank
from mgd_hdl.config import TrainerConfig, memory_map, preset
from mgd_hdl.emit import verilog
from mgd_sim.bus import DONE, Access
from mgd_sim.bus.bank import Bank as Model
from mgd_sim.bus.bank import Trainer
from testbenches.bus.bench_bank import some_access, some_trainer
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bus.bench_bank"

BANKS = {
    "plain": {},
    "all counts": {
        "task": {"accuracy": True},
        "judge": {"kind": "window", "retry": 1_000},
        "imperfections": {"cost_noise": 0.125},
        "host": {"bus": "uart"},
    },
    "samples": {
        "task": {"source": "stream"},
        "formats": {"input": "SQ(2, 3)", "target": "UQ(0, 3)"},
        "host": {"bus": "axi4lite", "clock_enable": True},
    },
    "wide costs, inference, parameters": {
        "engine": {"access": "yes"},
        "network": {"layers": [3, 2, 3], "activation": ["sigmoid", "linear"], "inference": "yes"},
        "task": {"name": "external", "source": "stream"},
        "formats": {"cost_change": "SQ(2, 25)", "parameter": "SQ(3, 25)", "input": "SQ(1, 2)"},
    },
    "a device outside": {
        "device": {"kind": "outside", "legal": [0.0, 1.0], "stuck": 9},
        "host": {"bus": "axi4lite", "clock_enable": True},
    },
}


def bank(name: str) -> TrainerConfig:
    return preset("xor").replaced(**{"host": {"bus": "wishbone"}, **BANKS[name]})


@pytest.mark.parametrize("name", BANKS)
def test_bank(name, tmp_path):
    config = bank(name)
    run(verilog(Bank(config), "dut"), BENCH, tmp_path, config, clocks=600)


#: With every register that there is but for some knobs.
FULL = {
    "engine": {"access": "yes"},
    "network": {"layers": [2, 2, 2], "activation": ["sigmoid", "linear"], "inference": "yes"},
    "task": {"name": "external", "source": "stream", "accuracy": True},
    "judge": {"kind": "window"},
    "formats": {"cost_change": "SQ(2, 25)", "parameter": "SQ(3, 25)"},
    "host": {"bus": "uart"},
}


def full() -> Model:
    """A model with a parameter at hand, two answers, and more steps than a register holds."""
    model = Model(preset("xor").replaced(**FULL))
    model.parameter, model.output, model.steps = "fetched", [1, 2], 5 << 32
    return model


def test_reads_that_act():
    """A clock with a read leads elsewhere than one without: for those registers that say so, and no other."""
    counts = dict.fromkeys(("judged_count", "right_count", "tries"), 3)
    says = Trainer(last_cost=7 << 32, last_baseline=9 << 32, counts=counts)
    acting = set()
    for register in full().map:
        if register.readable:
            reads, rests = full(), full()
            answer = reads.clock(says, Access(register.address))
            rests.clock(says, None)
            assert answer.error == DONE
            if {**vars(reads), "map": None} != {**vars(rests), "map": None}:
                acting.add(register.name)
    assert acting == {register.name for register in full().map if register.read_acts}
    assert acting == {"steps_low", "cost", "parameter_data", "output_data"}


def test_registers_that_move():
    """Whatever happens, the circuit changes just those written registers by itself that say so."""
    model, rng = full(), np.random.default_rng(1)
    registers, says, moved = list(memory_map(model.config)), Trainer(), set()
    for _ in range(20_000):
        access = some_access(rng, registers)
        says = some_trainer(rng, model.config, says)
        before = dict(model.written)
        model.clock(says, access)
        register = model.map.at(access.address & ~3)
        ours = register.name if register is not None and access.write else ""
        moved |= {name for name, value in model.written.items() if value != before[name] and name != ours}
    assert moved == {register.name for register in registers if register.access == "rw" and register.moves}
    assert {register.name for register in registers if register.volatile} > moved


@pytest.mark.only_all
def test_many_accesses(tmp_path):
    config = bank("all counts")
    run(verilog(Bank(config), "dut"), BENCH, tmp_path, config, clocks=100_000)


@mutations(
    ("a knob changes in mid step", r"assign commit = .*;", "assign commit = waiting;"),
    ("steps begin while a knob waits", r"assign run = .*;", "assign run = running;"),
    ("the high half is that of before the carry", r"steps_kept <= carried", "steps_kept <= steps_high"),
    ("a partial access leaves no flag", r"assign fault_partial = .*;", "assign fault_partial = 1'h0;"),
    ("nothing is late", r"assign fault_in_reset = .*;", "assign fault_in_reset = 1'h0;"),
    ("an answer is lost where a bus waits", r"assign i__ready = .*;", "assign i__ready = 1'h1;"),
    (
        "numbers of a sample in the other order",
        r"\{ i__payload\[16:12\], sample_x\[9:5\] \}",
        "{ sample_x[4:0], i__payload[16:12] }",
    ),
    ("a step in a clock that does not count", r"assign done = step_done & enable", "assign done = step_done"),
    ("reset of a knob", r"(if \(rst\) tau_p_written <= 16'h000)1", r"\g<1>2"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = bank("samples")
    assert not stays_unnoticed(mutation, verilog(Bank(config), "dut"), BENCH, tmp_path, config, clocks=600)


@mutations(
    ("a fault is not kept", r"(assign device_found = ).*;", r"\g<1>8'h00;"),
    ("a fault in a clock that does not count", r"(assign device_found = ).*;", r"\g<1>device_faults;"),
    ("a start clears no fault", r"started \| go_on", "go_on"),
    ("going on clears no fault", r"started \| go_on", "started"),
    ("a one clears nothing", r"device_sticky & _\d+_", "device_sticky"),
    ("it goes on for ever", r"else if \(\w+\) (go_on <= )\w+;", r"else \g<1>1'h1;"),
    ("it rests again in every clock", r"(assign device_rested = ).*;", r"\g<1>resting;"),
    ("resting is not told", r"hit_status \? \{ resting", "hit_status ? { 1'h0"),
)
def test_mutations_of_a_loop_are_noticed(mutation, tmp_path):
    config = bank("a device outside")
    assert not stays_unnoticed(mutation, verilog(Bank(config), "dut"), BENCH, tmp_path, config, clocks=600)
