"""The examples of devices in the loop: each learns; those of others where their package is there."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mgd_hdl.config import load
from mgd_hdl.emit import trainer_files
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.plants.crossbar import currents
from mgd_sim.plants.spice import spice_missing
from testbenches.linting import lint

FOLDER = Path(__file__).parents[2] / "examples/loop"


def example(name: str) -> ModuleType:
    """An example as a module."""
    (path,) = FOLDER.glob(f"?_{name}.py")
    spec = importlib.util.spec_from_file_location(f"loop_example_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_all_are_here():
    names = ["any_object", "crossbars", "follow_the_weather", "neuroptica", "ngspice", "mixed_signal"]
    names += ["behind_a_bus"]
    assert [path.stem[2:] for path in sorted(FOLDER.glob("[0-9]_*.py"))] == names


def test_any_object(capsys):
    assert example("any_object").main(12_000, seed=1) < 0.04
    assert "100% of the answers right" in capsys.readouterr().out


def test_crossbars(capsys):
    before, after = example("crossbars").main(1500, devices=12)
    assert before <= 0.5
    assert after >= 0.75
    capsys.readouterr()


def test_follow_the_weather(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    costs = example("follow_the_weather").main(12, 6, str(tmp_path))
    assert min(costs) < 0.8 * costs[0]
    lines = (tmp_path / "rings.csv").read_text().splitlines()
    assert len(lines) == 1 + 12 * 6
    assert lines[0] == "step,device,mean_cost,solved,lost,again"
    assert (tmp_path / "rings.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()


def test_neuroptica(capsys):
    pytest.importorskip("neuroptica", reason="the package neuroptica is not installed")
    before, after = example("neuroptica").main(800)
    assert after < 0.6 * before
    capsys.readouterr()


needs_ngspice = pytest.mark.skipif(
    shutil.which("ngspice") is None, reason="the program ngspice is not installed"
)


@needs_ngspice
def test_wires_by_ngspice():
    """The nodal equations of mgd_sim.plants, against a simulator that has its own: 4 columns, 3 rows."""
    spice = example("ngspice")
    rng = np.random.default_rng(8)
    conductance, voltage = rng.random((4, 3)), rng.random(3)
    for resistance in (1e-3, 0.3):
        found = spice.solved(spice.netlist(conductance, voltage, resistance))
        np.testing.assert_allclose(found, currents(conductance, voltage, resistance), rtol=1e-5)


@needs_ngspice
def test_ngspice_learns(capsys):
    before, after = example("ngspice").main(60)
    assert after < 0.5 * before
    capsys.readouterr()


class Replayed:
    """Reads what was read, in the same order, and keeps what it was asked with."""

    def __init__(self, measured: np.ndarray):
        self.readings = iter(measured[:, 11:].tolist())
        self.asked: list[list[int]] = []

    def write(self, parameters: np.ndarray) -> None:
        self.codes = parameters.astype(np.int64).tolist()

    def read(self, inputs: np.ndarray) -> list[int]:
        self.asked.append([*self.codes, *inputs.astype(np.int64).tolist()])
        return next(self.readings)


needs_both = pytest.mark.skipif(
    bool(spice_missing()) or shutil.which("iverilog") is None,
    reason=spice_missing() or "the program iverilog is not installed",
)


@needs_both
def test_mixed_signal_is_the_software_loop(tmp_path, monkeypatch):
    """Whatever the transistors answered: the loop in software, given the same readings, asks the same.

    So the circuit set every weight that it should have, for every sample, and its registers are the same in
    the end; no measurement was lost or taken twice.
    """
    monkeypatch.syspath_prepend(FOLDER)
    mixed = example("mixed_signal")
    run = mixed.train(1, 20, tmp_path)
    steps = len(run.measured) // 2
    assert steps == 20 + mixed.WATCHED
    assert run.counted == [2 * steps + 1, 2 * steps, 0]  # the next one has been asked for
    config = load(mixed.TOML).replaced(device={"settle": 0.0, "time_out": 0.0})
    device = Replayed(run.measured)
    loop = ChipInTheLoop(device, config, [1])
    loop.run(steps)
    np.testing.assert_array_equal(device.asked, run.measured[:, :11])
    np.testing.assert_array_equal(loop.trainer.theta[0], run.theta)
    # The network has settled when it is read: 160 ns before, its output was the same within 5 mV.
    time, output = (run.volts[0][:, run.names.index(name)] for name in ("time", "y0"))
    read = run.times[: 2 * mixed.WATCHED]
    np.testing.assert_allclose(
        np.interp(read - 1.6e-7, time, output), np.interp(read, time, output), atol=5e-3
    )
    np.testing.assert_allclose(
        run.measured[: 2 * mixed.WATCHED, 11] / 2048 - 1, np.interp(read, time, output), atol=1e-3
    )
    pytest.importorskip("matplotlib")
    assert mixed.drawn([run]).startswith(b"\x89PNG")


@pytest.mark.only_all
@needs_both
def test_mixed_signal_learns(tmp_path, monkeypatch):
    """Until the judge on chip is content: every answer of sixteen epochs within a quarter."""
    monkeypatch.syspath_prepend(FOLDER)
    run = example("mixed_signal").train(1, 6000, tmp_path)
    assert run.solved
    assert run.cost[-64:].max() < 0.0625


def test_behind_a_bus(capsys):
    """It rests where the supply fails, says why, goes on, and learns."""
    behind = example("behind_a_bus")
    steps, told = behind.main()
    assert 300 < steps < 5000
    assert "the device failed too often: refused; parameters rest in step 304, go_on goes on" in told
    out = capsys.readouterr().out
    assert f"step {steps:,}: solved True, {2 * steps:,} measurements, 8 dropped\n" in out


def test_the_circuit_behind_a_bus(tmp_path):
    """The Verilog has the serial line and the device's streams, and lint finds nothing in it."""
    config = load(FOLDER / "8_behind_a_bus.toml")
    files = trainer_files(config)
    for end in (".v", ".vlt"):
        (tmp_path / f"{config.name}{end}").write_text(files[f"{config.name}{end}"])
    assert lint(tmp_path, config.name, f"{config.name}.vlt", f"{config.name}.v") == (0, "")
    ports = {port["name"] for port in json.loads(files[f"{config.name}.ports.json"])["ports"]}
    assert {"uart_rx", "uart_tx", "irq", "m_axis_parameters_tdata", "s_axis_readings_tdata"} <= ports
    assert "resting" not in ports
    assert "`device_faults`" in files[f"{config.name}.registers.md"]


def test_a_bank_of_many(tmp_path):
    """The circuit is emitted in full, and Verilator has nothing to say of it."""
    config = load(FOLDER / "9_bank.toml")
    assert (config.parameters, config.timing.lane.depth, config.timing.lane.block_depth) == (
        10_000,
        10_000,
        5_000,
    )
    # Eleven clocks to D and its two words; all words pass; a table, five clocks to write a word, the end.
    assert config.timing.clocks_per_step == 11 + 10_000 + 1 + 5 + 1
    files = trainer_files(config)
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert lint(tmp_path, config.name, f"{config.name}.vlt", f"{config.name}.v") == (0, "")
