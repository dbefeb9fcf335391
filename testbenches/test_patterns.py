"""Is the short list of states the long one, read by a reader that shares nothing with its writer?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from mgd_hdl.config import preset
from mgd_hdl.patterns import compact
from mgd_hdl.probes import states
from mgd_sim.rtl import Design, Probe, expanded

CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "xor": ("xor", {}),
    "letters, copies": ("nist7x7", {"engine": {"shadow": "yes"}}),
    "sparse": ("nist7x7", {"perturbation": {"share": 0.25}}),
    "serial": ("nist7x7", {"engine": {"cell": "serial"}}),
    "momentum": ("parity4", {"learning": {"follow": 3}}),
    "node by node": (
        "nist7x7",
        {"perturbation": {"granularity": "node"}, "formats": {"cost_change": "SQ(2, 8)"}},
    ),
    "analog": ("xor", {"learning": {"algorithm": "analog", "tau_x": 8}}),
}


def cell(tile: Any, number: Any) -> str:
    return f"core.array.tile_{tile}.cell_{number}.integrator.theta"


def test_by_hand():
    """Three tiles of two cells, one of one; what has other words or strobes is apart."""
    same = {"name": "theta", "strobe": "s", "width": 16, "signed": True}
    places = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0)]
    long = [{"name": "cost", "path": "core.loss_2.cost", "strobe": "s", "width": 9, "signed": False}]
    long += [{**same, "path": cell(*place), "index": index} for index, place in enumerate(places)]
    long.append({**same, "path": cell(3, 5), "index": 7, "width": 8})
    each = {"tile": [0, 2], "cell": [0, 1]}
    assert compact(long) == [
        long[0],
        {**same, "path": cell("{tile}", "{cell}"), "index": 0, "each": each},
        long[7],
        long[8],
    ]
    assert list(expanded(compact(long))) == long


@pytest.mark.parametrize("wrong", [(0, 0, 0, 2), (0, 1, 0, 1), (1, 0, 0, 2), (2, 1, 0, 2)], ids=str)
def test_gaps_stay(wrong):
    """Whatever is not in a row is not put in one: a place that is missing, or an index."""
    at, tile, number, index = wrong
    places = [[0, 0, 0], [0, 1, 1], [1, 0, 2], [1, 1, 3]]
    places[at] = [tile, number, index]
    long = [{"name": "t", "path": cell(a, b), "index": c} for a, b, c in places]
    assert list(expanded(compact(long))) == long


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_state_is_found_again(name):
    base, changes = CONFIGURATIONS[name]
    long = states(preset(base).replaced(**changes))
    short = json.loads(json.dumps(compact(long)))

    def key(entry: dict[str, Any]) -> tuple[str, int]:
        return entry["name"], entry.get("index", -1)

    assert sorted(expanded(short), key=key) == sorted(long, key=key)
    assert list(dict.fromkeys(each["name"] for each in short)) == list(
        dict.fromkeys(each["name"] for each in long)
    )


@pytest.mark.parametrize("engine", [{}, {"cell": "serial"}], ids=["parallel", "serial"])
def test_thousands_of_cells_are_a_few_lines(engine):
    config = preset("xor").replaced(
        network={"layers": [12, 2858, 1], "activation": "relu"},
        task={"name": "external", "source": "stream"},
        engine=engine,
    )
    assert config.parameters == 40_013
    short = compact(states(config))
    assert len(json.dumps(short, indent=1)) < 5000
    files = {"x.ports.json": json.dumps({"top": "x", "ports": [], "states": short}), "x.v": ""}
    codes = Design.from_files(files).arrays["code"]
    assert len(codes) == 40_013
    last = codes[-1]
    assert isinstance(last, Probe)
    # 37,154 parameters of the first layer fill 580 tiles of 64 and one of 34; 2859 fill 44 and one of 43.
    assert ".tile_625.cell_42." in last.path
