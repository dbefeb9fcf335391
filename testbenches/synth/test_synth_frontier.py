"""Does the table of arrays go on where it was stopped, and are its figures those of these tools?"""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from mgd_synth import frontier
from mgd_synth.arrays import array_config, array_design
from mgd_synth.frontier import BASELINE, CASES, ArrayCase, best
from mgd_synth.process import SynthError
from mgd_synth.results import fingerprint, load, tools


def test_the_smallest_array_is_as_recorded(tmp_path):
    """Equal tools give equal figures; others may differ by a tenth."""
    case = CASES["array-early-16-ice40-hx8k"]
    (found,) = case.run({}, lambda line: None)
    recorded = load(BASELINE).get(tools(case.target), {}).get(case.name)
    if recorded is not None:
        assert found == recorded
    else:
        (recorded,) = (cases[case.name] for cases in load(BASELINE).values() if case.name in cases)
        assert best(found) == pytest.approx(best(recorded), rel=0.1)


def test_figures_of_another_verilog_do_not_count(monkeypatch):
    def asked(*_args, **_options):
        raise SynthError("asked")

    monkeypatch.setattr(frontier, "netlist_in", asked)
    case = replace(CASES["array-early-16-ice40-hx8k"], seeds=(1,))
    found = {"fmax": {"1": 200.0}, "verilog": fingerprint(case.design()[1])}
    assert list(case.run(found, lambda line: None)) == []
    with pytest.raises(SynthError, match="asked"):
        list(case.run({**found, "verilog": "another"}, lambda line: None))


@pytest.fixture
def routed(monkeypatch):
    """The seeds that were asked for; nothing is placed."""
    seeds = []

    def run(self, found, say):
        for seed in self.seeds:
            if str(seed) not in found.get("fmax", {}):
                seeds.append(seed)
                fmax = {**found.get("fmax", {}), str(seed): 170.0 + seed}
                found = {"fmax": fmax, "logic cells": 96, "available": 100, "goal": self.goal}
                yield found

    monkeypatch.setattr(ArrayCase, "run", run)
    return seeds


def test_goes_on_where_it_was(routed, tmp_path, capsys, monkeypatch):
    file = tmp_path / "frontier.json"
    case = replace(CASES["array-early-400-ice40-hx8k"], seeds=(1, 2, 3))
    monkeypatch.setitem(CASES, case.name, case)
    before = {"fmax": {"1": 181.5}, "logic cells": 96, "available": 100, "goal": 180}
    file.write_text(json.dumps({tools(case.target): {case.name: before}}))
    assert frontier.main([case.name, "--results", str(file)]) == 0
    assert routed == [2, 3]
    assert load(file)[tools(case.target)][case.name]["fmax"] == {"1": 181.5, "2": 172.0, "3": 173.0}
    assert "96 logic cells (96.0%), 181.5 MHz  goal 180" in capsys.readouterr().out
    assert frontier.main([case.name, "--results", str(file)]) == 0
    assert routed == [2, 3]
    assert frontier.main([case.name, "--again", "--results", str(file)]) == 0
    assert routed == [2, 3, 1, 2, 3]
    assert "173.0 MHz  goal 180: missed" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["frontier.json"]


def test_cases_are_told(routed, capsys):
    assert frontier.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CASES)
    assert routed == []
    with pytest.raises(SystemExit) as stopped:
        frontier.main(["array-late"])
    assert stopped.value.code == 2
    assert "no case begins with 'array-late'" in capsys.readouterr().err


@pytest.mark.parametrize(("cells", "leaves"), [(16, False), (64, True), (272, True), (400, True)])
def test_arrays_have_their_cells(cells, leaves):
    config = array_config(cells)
    assert (config.parameters, config.placement.leaves, config.words.parameter.width) == (cells, leaves, 16)


def test_no_input_of_the_array_is_open_or_constant():
    """Every port of the array is driven from registers of the driver, in both directions of a word."""
    text, shell = array_design(array_config(16, engine={"enables": "early"}))
    driver = text[text.index("module array_harness") :]
    assert shell.pins == ("clk", "shift", "settings")
    for port in ("rows", "columns", "diagonals", "address_rows", "address_columns", "word"):
        assert re.search(rf"\.{port}\({{data_[01]\[", driver)
    controls = ("sign", "plus", "minus", "address", "clear", "layer_0__rest")
    assert all(f".{port}(controls[" in driver for port in controls)
    assert "1'" not in driver
