"""The examples of devices in the loop: each learns; those of others where their package is there."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mgd_sim.plants.crossbar import currents

FOLDER = Path(__file__).parents[2] / "examples/loop"


def example(name: str) -> ModuleType:
    """An example as a module."""
    (path,) = FOLDER.glob(f"?_{name}.py")
    spec = importlib.util.spec_from_file_location(f"loop_example_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_are_here():
    names = ["any_object", "crossbars", "follow_the_weather", "neuroptica", "ngspice"]
    assert [path.stem[2:] for path in sorted(FOLDER.glob("*.py"))] == names


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
