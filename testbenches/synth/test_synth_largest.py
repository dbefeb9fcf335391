"""Is the largest network that fits found, without asking for the same netlist twice?"""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from mgd_synth import largest
from mgd_synth.report import Resource
from mgd_synth.results import tools as released


@pytest.mark.parametrize("first", [1, 2, 9, 40])
@pytest.mark.parametrize("fixed", [0.0, 0.3])
def test_search(first, fixed):
    """Sizes grow nearly in proportion; every answer is checked against its neighbour."""
    for slope in (0.013, 0.11, 0.4):
        for bend in (0.0, 0.01):
            asked = []

            def share(hidden, slope=slope, bend=bend, asked=asked):
                asked.append(hidden)
                return fixed + slope * hidden + bend * (hidden % 3)

            found = largest.search(share, first)
            known = [0, *(h for h in range(1, 200) if fixed + slope * h + bend * (h % 3) <= 1)]
            assert found in known
            assert share(found + 1) > 1
            assert len(set(asked[:-1])) == len(asked) - 1 <= 12


def test_nothing_fits():
    assert largest.search(lambda hidden: 1.5 + hidden, 5) == 0


def test_the_network():
    config = largest.network(3, "serial")
    assert (config.network.layers, config.serial, config.parameters) == ((49, 3, 4), True, 166)


@pytest.fixture
def made(monkeypatch):
    """Netlists that were asked for. Parallel cells need 0.1 and 0.15 a neuron, serial ones 0.3 and 0.1."""
    asked = []

    def mapped(config, device, folder, *, say):
        found = (config.engine.cell, config.network.layers[1])
        asked.append(found)
        return found

    def placed(config, found, device, folder, seed, frequency, say):
        assert found == (config.engine.cell, config.network.layers[1])
        return {
            "resources": (Resource.of("logic cells", {"trainer": 700.0, "harness": 60.0}, 800),),
            "fmax": 88.888,
        }

    def shares(target, found):
        engine, hidden = found
        cells = 0.1 + 0.15 * hidden if engine == "parallel" else 0.3 + 0.1 * hidden
        return {"logic cells": cells, "DSP": 0.1}

    monkeypatch.setattr(largest, "mapped", mapped)
    monkeypatch.setattr(largest, "placed", placed)
    monkeypatch.setattr(largest, "shares", shares)
    monkeypatch.setattr(largest, "_guess", lambda target, engine: None)
    return asked


def test_goes_on_where_it_was(made, tmp_path, capsys):
    """Seven with serial cells, six with parallel ones: serial it is."""
    file = tmp_path / "largest.json"
    arguments = ["ice40-hx8k", "--results", str(file)]
    assert largest.main([*arguments, "--list"]) == 0
    assert "ice40-hx8k     not known yet" in capsys.readouterr().out
    assert largest.main([*arguments, "--count"]) == 0
    assert made[0] == ("serial", 2)
    assert made[-1] == ("parallel", 7)
    assert {("serial", 7), ("serial", 8)} < set(made)
    line = "ice40-hx8k     49-7-4, 382 parameters in serial cells"
    assert capsys.readouterr().out == f"{line}, not placed yet\n"
    ((tools, devices),) = json.loads(file.read_text()).items()
    assert tools == released("ice40-hx8k")
    found = devices["ice40-hx8k"]
    assert (found["shares"]["serial"]["8"], found["shares"]["parallel"]["7"]) == (1.1, 1.15)
    assert found["clocks_per_step"] == float(largest.network(7, "serial").timing.clocks_per_step)

    # Only that netlist is made again.
    made.clear()
    assert largest.main(arguments) == 0
    assert made == [("serial", 7)]
    assert capsys.readouterr().out == f"{line}: 760 logic cells (9.9%), 88.9 MHz\n"
    assert largest.main(arguments) == 0
    assert made == [("serial", 7)]


def test_what_is_of_another_verilog_is_found_anew(made, tmp_path):
    file = tmp_path / "largest.json"
    arguments = ["ice40-hx8k", "--results", str(file)]
    assert largest.main(arguments) == 0
    document = json.loads(file.read_text())
    made.clear()
    document[released("ice40-hx8k")]["ice40-hx8k"]["verilog"] = "another"
    changed = json.dumps(document)
    file.write_text(changed)
    assert largest.main([*arguments, "--list"]) == 0
    assert (made, file.read_text()) == ([], changed)
    assert largest.main(arguments) == 0
    assert made[0] == ("serial", 2)
    assert json.loads(file.read_text())[released("ice40-hx8k")]["ice40-hx8k"]["verilog"] != "another"


def test_as_many_parallel_cells_are_faster(made, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        largest, "shares", lambda target, found: {"FF": {"parallel": 0.2, "serial": 0.3}[found[0]] * found[1]}
    )
    assert largest.main(["ice40-up5k", "--results", str(tmp_path / "largest.json")]) == 0
    assert "49-5-4, 274 parameters in parallel cells: 760 logic cells" in capsys.readouterr().out
    assert len(made) == len(set(made))


def test_multipliers_are_never_too_few(monkeypatch):
    """All 28 of an ECP5-25 are in use, by however many products; the search goes by what grows."""
    sizes = {"logic cells": {"a": 2428.8, "b": 9112.0}, "FF": {"a": 2428.8}, "DSP": {"a": 28}}
    monkeypatch.setattr(largest, "sizes", lambda device, module: sizes)
    netlist = SimpleNamespace(module={})
    found = largest.shares("ecp5-25k", netlist)
    assert max(found.values()) == found["logic cells"] == pytest.approx((2428.8 + 9112) / 24288 / 0.95)
    assert "DSP" not in found


def test_unknown_devices_are_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        largest.main(["hx8k"])
    assert stopped.value.code == 2
    assert "no device 'hx8k'" in capsys.readouterr().err
