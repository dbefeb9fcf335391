"""The same driver on circuits in simulation, over every bus: do they learn as the twin does, to the bit?"""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.config.memory_map import IDENTIFICATION
from mgd_hdl.emit import trainer_files
from mgd_hdl.host import AccessRefused, Circuit, DirectLine, FramedLine, HostError, Standing, connect
from mgd_hdl.host.simulation import SimulatedUart, simulated
from mgd_hdl.host.terminal import Terminal
from mgd_sim.rtl.design import Design
from mgd_sim.rtl.verilator import VerilatorModel
from mgd_sim.trainer import Record, Trainer

#: A bit of eight clocks: the shortest that there is, and the quickest in simulation.
LINE = {"bus": "uart", "clock_hz": 12_000_000, "baud": 1_500_000}
COUNTED = {"task": {"accuracy": True}, "judge": {"kind": "window", "limit": 0.125, "window": 16}}

XOR = preset("xor").replaced(host=LINE)
TRAINERS: dict[str, TrainerConfig] = {
    "uart": XOR,
    "axi4lite, judge, counts": preset("xor").replaced(host={"bus": "axi4lite"}, **COUNTED),
}
RARER: dict[str, TrainerConfig] = {
    "uart, odd rate": XOR.replaced(host={**LINE, "baud": 115_200}),
    "uart, judge, counts": XOR.replaced(**COUNTED),
    "axi4lite": preset("xor").replaced(
        host={"bus": "axi4lite", "reset": "async_rst_n", "clock_enable": True}
    ),
    "axi4lite, parity4": preset("parity4").replaced(host={"bus": "axi4lite"}),
    "wishbone": preset("xor").replaced(host={"bus": "wishbone", "reset": "rst_n"}),
    "wishbone, pipelined, shadow": preset("xor").replaced(
        host={"bus": "wishbone", "pipelined": True}, learning={"tau_theta": 6, "tau_p": 2, "tau_x": 3}
    ),
    "uart, a bank": XOR.replaced(engine={"kind": "bank", "lanes": 2}),
    "uart, serial cells": XOR.replaced(engine={"cell": "serial"}),
    "uart, analog": XOR.replaced(learning={"algorithm": "analog", "tau_x": 8}),
}


def told(config: TrainerConfig, record: Record, name: str) -> float | None:
    """A cost of the last step."""
    return (
        None
        if config.analog and name == "baseline"
        else getattr(record, name)[-1, 0] * config.words.measured.step
    )


def agrees(circuit: Circuit, twin: Trainer, steps: int) -> Standing:
    """Some steps further, circuit and twin say the same."""
    config = circuit.config
    end = circuit.train(steps)
    record = twin.run(steps, record=True)
    assert record is not None
    assert end.steps == twin.step
    assert (end.busy, end.running) == (False, False)
    assert (end.cost, end.baseline) == (told(config, record, "cost"), told(config, record, "baseline"))
    if config.judged:
        assert end.solved == bool(record.solved[-1, 0])
    if config.task.accuracy:
        assert (end.judged, end.right) == (record.judged_count[-1, 0], record.right_count[-1, 0])
    limited = int(record.flags[-1, 0])
    assert {name for name in circuit.flags if name.endswith("saturated")} == {
        name
        for bit, name in enumerate(("cost_change_saturated", "hold_saturated", "update_saturated"))
        if limited >> bit & 1
    }
    return end


def exercised(config: TrainerConfig, steps: int) -> None:
    """Starts with other seeds and knobs, and goes on in parts; the twin does the same."""
    with connect(config, simulated(config, trainer_files(config))) as circuit:
        for seed, knobs in ((3, {}), (4, {"learning_shift": 2})):
            circuit.start(seed, **knobs)
            twin = Trainer(config, [seed], **knobs)
            for part in (1, 7, steps):
                agrees(circuit, twin, part)
        with pytest.raises(HostError, match=r"register tau_x \(0x100\): refused the access$"):
            circuit.write("tau_x", 0)
        with pytest.raises(AccessRefused) as caught:
            circuit.transport.read_block(0x010, 9)
        assert (caught.value.address, caught.value.done) == (0x020, 4)
        assert list(caught.value.words) == [
            circuit.read(name) for name in ("scratch", "parameters", "shape", "windows")
        ]
        assert circuit.flags >= {"illegal", "unmapped"}


@pytest.mark.parametrize("name", TRAINERS)
def test_trained_in_simulation(name):
    exercised(TRAINERS[name], 2000)


@pytest.mark.only_all
@pytest.mark.parametrize("name", RARER)
def test_trained_in_simulation_too(name):
    exercised(RARER[name], 500)


def test_until_the_judge_is_content():
    config = TRAINERS["axi4lite, judge, counts"]
    with connect(config, simulated(config, trainer_files(config))) as circuit:
        circuit.start(1)
        end = circuit.train(60_000, until_solved=True)
        twin = Trainer(config, [1])
        twin.run(end.steps)
        assert end.solved
        assert 0 < twin.solved_at[0] < end.steps < 60_000


@pytest.mark.parametrize("count", [1_000, pytest.param(100_000, marks=pytest.mark.only_all)])
def test_after_random_bytes_a_read_is_answered(count):
    """The line of a circuit that has heard anything: it is where it was, and says that frames were bad."""
    design = Design.from_files(trainer_files(XOR))
    wire = SimulatedUart(XOR, VerilatorModel(Design(design.top, design.verilog, design.ports)))
    with connect(XOR, FramedLine(DirectLine(wire))) as circuit:
        circuit.start(8)
        circuit.train(20)
        knobs = circuit.knobs
        noise = np.random.default_rng(count)
        replies = b""
        for _ in range(count // 1_000):
            replies += wire.exchange(noise.bytes(1_000))
        # A frame of nothing but chance passes a check of 16 bits once in 65,536.
        assert replies.count(0) <= 3
        assert circuit.read("id") == IDENTIFICATION
        assert "bad_frame" in circuit.flags
        assert circuit.look().steps == 20
        assert circuit.knobs == knobs
        agrees(circuit, twin_after(8, 20), 10)


def twin_after(seed: int, steps: int) -> Trainer:
    twin = Trainer(XOR, [seed])
    twin.run(steps)
    return twin


def test_through_a_pseudo_terminal():
    """The simulated circuit is at the other end of a serial port."""
    pytest.importorskip("serial", reason="the extra serial is not installed")
    design = Design.from_files(trainer_files(XOR))
    model = VerilatorModel(Design(design.top, design.verilog, design.ports))
    with Terminal(SimulatedUart(XOR, model)) as terminal, connect(XOR, terminal.port) as circuit:
        circuit.start(8)
        agrees(circuit, Trainer(XOR, [8]), 3000)


def test_a_circuit_without_a_bus():
    with pytest.raises(Refused, match=r'host.bus = "none": must be a bus'):
        simulated(preset("xor"), {})
