"""Parameters and answers through the driver: from a circuit in software and from circuits in simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.emit import trainer_files
from mgd_hdl.files import FileRefused
from mgd_hdl.host import Circuit, DirectLine, FramedLine, PynqMemory, Standing, Transport, connect
from mgd_hdl.host.resuming import Part, Taken
from mgd_hdl.host.simulation import simulated
from mgd_hdl.host.software import SoftwareCircuit
from mgd_sim.checkpoint import Checkpoint
from mgd_sim.trainer import Trainer
from testbenches.test_used import LEARNED, configured

#: A bit of eight clocks: the quickest in simulation.
LINE = {"bus": "uart", "clock_hz": 12_000_000, "baud": 1_500_000}
DOORS: dict[str, Any] = {"engine": {"access": "yes"}, "network": {"inference": "yes"}}

XOR = preset("xor").replaced(**DOORS)
TRAINERS: dict[str, TrainerConfig] = {
    "uart": XOR.replaced(host=LINE),
    "axi4lite": XOR.replaced(host={"bus": "axi4lite"}),
}
RARER: dict[str, TrainerConfig] = {
    "wishbone, shadow": XOR.replaced(host={"bus": "wishbone"}, learning={"tau_theta": 4, "tau_x": 2}),
    "axi4lite, serial cells": XOR.replaced(
        host={"bus": "axi4lite"}, engine={"cell": "serial", "access": "yes"}
    ),
    "axi4lite, clock enable": XOR.replaced(host={"bus": "axi4lite", "clock_enable": True}),
    "uart, parity4": preset("parity4").replaced(host=LINE, **DOORS),
}


def in_software(config: TrainerConfig) -> Transport:
    return FramedLine(DirectLine(SoftwareCircuit(config)))


def in_memory(config: TrainerConfig) -> Transport:
    return PynqMemory(SoftwareCircuit(config))


def in_simulation(config: TrainerConfig) -> Transport:
    return simulated(config, trainer_files(config))


def used(config: TrainerConfig, transport: Transport, steps: int) -> None:
    """Trained, read, asked, written, trained further: at every moment as the twin."""
    rng = np.random.default_rng(5)
    formats = config.formats
    twin = Trainer(config, [3])
    whole = twin.samples.x
    with connect(config, transport) as circuit:
        circuit.start(3)

        def agrees() -> None:
            assert np.array_equal(circuit.parameters(), twin.theta[0])
            assert np.array_equal(circuit.infer(whole), twin.infer(whole)[0])

        agrees()
        for part in (1, steps, 13):
            circuit.train(part)
            twin.run(part)
            agrees()
        # More than one frame of answers, and inputs that are no samples.
        x = rng.integers(formats.input.min, formats.input.max + 1, (70, config.inputs))
        assert np.array_equal(circuit.infer(x), twin.infer(x)[0])
        word = config.words.parameter
        theta = rng.integers(word.min, word.max + 1, config.parameters)
        circuit.set_parameters(theta)
        twin.write(theta[None])
        agrees()
        circuit.train(steps)
        twin.run(steps)
        agrees()
        assert not {name for name in circuit.flags if not name.endswith("saturated")}
        assert circuit.look().steps == twin.step


@pytest.mark.parametrize("way", [in_software, in_memory])
def test_a_circuit_in_software(way: Callable[[TrainerConfig], Transport]):
    config = TRAINERS["uart"]
    used(config, way(config), 100)


@pytest.mark.parametrize("name", TRAINERS)
def test_circuits_in_simulation(name):
    used(TRAINERS[name], in_simulation(TRAINERS[name]), 2000)


@pytest.mark.only_all
@pytest.mark.parametrize("name", RARER)
def test_circuits_in_simulation_too(name):
    used(RARER[name], in_simulation(RARER[name]), 300)


@pytest.mark.only_all
@pytest.mark.parametrize("bus", [LINE, {"bus": "axi4lite"}], ids=["uart", "axi4lite"])
@pytest.mark.parametrize("name", ["own data", "iris"])
def test_own_data(name, bus, tmp_path):
    """Learned from files, to the end; all samples answered."""
    base, seed, steps, share = LEARNED[name]
    config = configured(base, tmp_path).replaced(host=bus)
    with connect(config, in_simulation(config)) as circuit:
        circuit.start(seed)
        circuit.train(steps)
        twin = Trainer(config, [seed])
        twin.run(steps)
        assert np.array_equal(circuit.parameters(), twin.theta[0])
        assert np.array_equal(circuit.infer(twin.samples.x), twin.infer(twin.samples.x)[0])
        _, accuracy = twin.cost_and_accuracy()
        assert accuracy[0] >= share


def test_while_it_learns():
    """Between its steps: what is read is what the twin has after some step, and all steps are made."""
    config = TRAINERS["axi4lite"]
    found: list[tuple[np.ndarray, np.ndarray]] = []
    with connect(config, in_simulation(config)) as circuit:
        circuit.start(3)
        whole = Trainer(config, [3]).samples.x

        def look(_standing: Standing) -> None:
            found.append((circuit.parameters(), circuit.infer(whole)))

        circuit.train(12_000, progress=look)
        last = circuit.parameters()
    twin = Trainer(config, [3])
    record = twin.run(12_000, record=True)
    assert record is not None
    assert np.array_equal(last, twin.theta[0])
    assert len(found) > 2
    changing = 0
    for theta, _ in found:
        # Each parameter by itself is of one step; nine in a row are of up to nine.
        for place, value in enumerate(theta):
            assert value in record.theta[:, 0, place]
        changing += not np.array_equal(theta, last)
    assert changing >= 2


def test_another_driver_in_the_middle_of_a_window():
    """It begins anew, wherever the one before has left the windows."""
    software = SoftwareCircuit(XOR)
    first, second = (connect(XOR, PynqMemory(software)) for _ in range(2))
    first.start()
    first._seek(4)
    first.write("input_place", 0)
    first._input_ready()
    first.write("input_data", 1)
    twin = Trainer(XOR, [XOR.seed])
    x = np.array([[1, 0]])
    assert np.array_equal(second.parameters(), twin.theta[0])
    assert np.array_equal(second.infer(x), twin.infer(x)[0])


# ---- checkpoints -----------------------------------------------------------------------------------------

WINDOWED = XOR.replaced(learning={"tau_theta": 4, "tau_p": 2}, engine={"shadow": "yes", "access": "yes"})


@pytest.mark.parametrize("way", [in_memory, pytest.param(in_simulation, marks=pytest.mark.only_all)])
def test_a_training_goes_on_in_another_circuit(way, tmp_path):
    """Cut twice, in the middle of windows; other circuits, behind other buses, go on, as does the twin."""
    file = tmp_path / "run.npz"
    config = WINDOWED.replaced(host={"bus": "axi4lite"})
    with connect(config, way(config)) as circuit:
        circuit.start(2, learning_shift=2)
        circuit.train(37)
        taken = circuit.checkpoint(file)
        assert taken.steps == circuit.look().steps == 40
    config = WINDOWED.replaced(host=LINE)
    with connect(config, way(config)) as circuit:
        assert circuit.resume(file).steps == 40
        assert np.array_equal(circuit.parameters(), taken.theta)
        circuit.train(50)
        taken = circuit.checkpoint(file, force=True)
        assert [part.steps for part in taken.parts] == [40, 52]
    assert [part.registers.learning_shift for part in taken.parts] == [2, 2]
    assert taken.parts[0].registers.seed_code != taken.parts[1].registers.seed_code
    with connect(config, way(config)) as circuit:
        taken = circuit.resume(file)
        circuit.train(60)
        last = circuit.take()
    twin = last.twin(config)
    assert np.array_equal(twin.theta[0], last.theta)
    # By hand, as the page says.
    twin = Trainer(config, [2], learning_shift=2)
    twin.run(40)
    for part in last.parts[1:]:
        theta, twin = twin.theta, Trainer(config, [part.registers])
        twin.write(theta)
        twin.run(part.steps)
    assert np.array_equal(twin.theta[0], last.theta)
    assert last.steps == 152


def test_files_that_are_no_such_checkpoint(tmp_path):
    circuit = connect(XOR, PynqMemory(SoftwareCircuit(XOR)))
    circuit.start()
    file = tmp_path / "run.npz"
    circuit.checkpoint(file)
    before = file.read_bytes()
    with pytest.raises(FileRefused, match="exists"):
        circuit.checkpoint(file)
    assert file.read_bytes() == before
    file.write_bytes(before[: len(before) // 2])
    with pytest.raises(Refused, match=r"run.npz: is no checkpoint of mgd-hdl, or not a whole one"):
        circuit.resume(file)
    file.write_bytes(Checkpoint(XOR.replaced(host={"bus": "none"}), {}).data())
    with pytest.raises(Refused, match=r"run.npz: is no checkpoint of a circuit behind a bus"):
        circuit.resume(file)
    other = XOR.replaced(learning={"rate": 0.25})
    taken = Taken((Part(other.registers(), 5),), np.zeros(9, np.int64))
    file.write_bytes(taken.data(other))
    with pytest.raises(Refused, match=r"run.npz: is of another run: learning.rate was 0.25 and is 0.5 now"):
        circuit.resume(file)
    assert circuit.train(5).steps == 5


@pytest.mark.parametrize(
    ("parts", "theta", "line"),
    [
        ([{"registers": {}, "steps": -1}], None, "part 0 must have steps and registers"),
        ([{"registers": {}, "steps": True}], None, "part 0 must have steps and registers"),
        ([{"registers": {"tau_x": 0}, "steps": 1}], None, "registers of part 0: tau_x = 0: must be"),
        ([{"registers": {"a": 1}, "steps": 1}], None, "registers of part 0: a = 1: is no register"),
        ([7], None, "part 0 must have steps and registers"),
        ([{"registers": {}, "steps": 1}], np.full(9, 1 << 15), "T must be within SQ("),
        ([{"registers": {}, "steps": 1}], np.zeros(8, np.int64), "T is not there, or not as it was written"),
    ],
)
def test_a_checkpoint_that_somebody_changed(parts, theta, line, tmp_path):
    file = tmp_path / "run.npz"
    arrays = {"T": np.zeros(9, np.int64) if theta is None else theta}
    file.write_bytes(Checkpoint(XOR, {"host": parts}, arrays).data())
    with pytest.raises(Refused) as caught:
        Taken.read(file, XOR)
    assert str(caught.value).startswith(f"{file}: is damaged: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda circuit: circuit.set_parameters([1, 2]), r"parameters has shape (2,); it must be (9,)"),
        (lambda circuit: circuit.set_parameters([0.5] * 9), r"parameters must hold integers within"),
        (lambda circuit: circuit.set_parameters([1 << 20] * 9), r"parameters must hold integers within SQ("),
        (lambda circuit: circuit.infer([[0, 1, 1]]), r"x has shape (1, 3); it must be (1, 2)"),
        (lambda circuit: circuit.infer([0, 1]), r"x has shape (2,); it must be (2, 2)"),
        (lambda circuit: circuit.infer([[0, 2]]), r"x must hold integers within UQ(1, 0): 0 to 1"),
    ],
)
def test_what_does_not_fit_never_goes_out(call: Callable[[Circuit], object], line: str):
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, PynqMemory(software))
    circuit.start()
    before = circuit.parameters()
    with pytest.raises(Refused) as caught:
        call(circuit)
    assert str(caught.value).startswith(line)
    assert np.array_equal(circuit.parameters(), before)


def test_no_inputs_no_answers():
    circuit = connect(XOR, PynqMemory(SoftwareCircuit(XOR)))
    circuit.start()
    assert circuit.infer(np.empty((0, 2), np.int64)).shape == (0, 1)
