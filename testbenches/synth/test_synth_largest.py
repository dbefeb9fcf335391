"""Is the largest network that fits found, without asking for the same netlist twice?"""

from __future__ import annotations

import json

import pytest

from mgd_synth import largest
from mgd_synth.process import SynthError
from mgd_synth.report import Resource


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
    """Networks of which 0.3 + 0.1 h of a device is needed; the placer finds room for six at most."""
    asked = []

    def mapped(config, device, folder, *, say):
        asked.append(config.network.layers[1])
        return config.network.layers[1]

    def placed(config, found, device, folder, seed, frequency, say):
        assert found == config.network.layers[1]
        if found > 6:
            raise SynthError("place and route failed: no room")
        cells = Resource.of("logic cells", {"trainer": 700.0, "harness": 60.0}, 800)
        return {"resources": (cells,), "fmax": 88.888}

    monkeypatch.setattr(largest, "chosen", lambda target: ("parallel", 2))
    monkeypatch.setattr(largest, "mapped", mapped)
    monkeypatch.setattr(largest, "placed", placed)
    monkeypatch.setattr(
        largest, "shares", lambda target, hidden: {"logic cells": 0.3 + 0.1 * hidden, "DSP": 0.1}
    )
    return asked


def test_goes_on_where_it_was(made, tmp_path, capsys):
    file = tmp_path / "largest.json"
    arguments = ["ice40-hx8k", "--results", str(file)]
    assert largest.main([*arguments, "--list"]) == 0
    assert "ice40-hx8k     not known yet" in capsys.readouterr().out
    assert largest.main(arguments) == 0
    assert made[0] == 2
    assert {7, 8} <= set(made)
    line = "ice40-hx8k     49-6-4, 328 parameters in parallel cells: 760 logic cells (95.0%), 88.9 MHz\n"
    assert capsys.readouterr().out == line
    ((tools, devices),) = json.loads(file.read_text()).items()
    assert tools == largest.tools("ice40-hx8k")
    assert devices["ice40-hx8k"]["shares"]["7"] == 1.0
    assert devices["ice40-hx8k"]["shares"]["8"] == 1.1
    assert devices["ice40-hx8k"]["clocks_per_step"] == 30

    made.clear()
    assert largest.main(arguments) == 0
    assert made == []
    # Stopped before it was placed: only that netlist is made again.
    del devices["ice40-hx8k"]["hidden"]
    file.write_text(json.dumps({tools: devices}))
    assert largest.main(arguments) == 0
    assert made == [7, 6]


def test_unknown_devices_are_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        largest.main(["hx8k"])
    assert stopped.value.code == 2
    assert "no device 'hx8k'" in capsys.readouterr().err
