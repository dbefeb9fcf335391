"""Does the benchmark keep its figures, and say before it measures that it could not?"""

from __future__ import annotations

import json

import pytest

from testbenches import speed


@pytest.fixture
def measured(monkeypatch):
    """What was measured; nothing is."""
    asked = []
    rates = {"numpy": 1.0, "jax": 2.0, "jax, one replica": 2.0, "verilator": 3.0, "icarus": 4.0}
    ratios = {f"{each}, all replicas / verilator": 5.0 for each in ("numpy", "jax")}
    ratios["verilator / icarus"] = 6.0

    def simulators(name, folder):
        asked.append(name)
        return rates | ratios

    monkeypatch.setattr(speed, "simulators", simulators)
    monkeypatch.setattr(speed, "generation", list)
    monkeypatch.setattr(speed, "large", dict)
    return asked


def test_keeps_its_figures(measured, tmp_path):
    file = tmp_path / "speed.json"
    file.write_text("before")
    assert speed.main(["--out", str(file)]) == 0
    assert (
        list(json.loads(file.read_text())["simulators"]) == measured == ["xor", "parity4", "nist7x7_centered"]
    )


@pytest.mark.parametrize("name", ["nowhere/speed.json", "taken"])
def test_a_file_that_cannot_be_written_is_told(name, measured, tmp_path, capsys):
    (tmp_path / "taken").mkdir()
    with pytest.raises(SystemExit) as stopped:
        speed.main(["--out", str(tmp_path / name)])
    assert stopped.value.code == 2
    assert "error: argument --out: " in capsys.readouterr().err
    assert not measured or name == "taken"
