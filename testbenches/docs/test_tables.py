"""Do tables say which figures belong to an earlier circuit, and is there data for what they tell?"""

from __future__ import annotations

import json
import math
import re
import shlex

import pytest

from mgd_sim.studies.table import read
from mgd_synth.results import load

from . import paper, tables, word_lengths
from .pages import ROOT
from .test_typed import complaint

#: Small ones, of which a circuit is soon there.
SOME = {
    "frontier": ("array-early-16-ecp5-45k", "array-early-16-ice40-hx8k", "array-direct-16-ecp5-45k"),
    "largest": ("ice40-up5k", "ice40-hx8k"),
    "sooner-all": ("trainer-xor_fast-ecp5-25k",),
}


@pytest.mark.parametrize("table", SOME)
def test_figures_of_an_earlier_circuit_are_marked(table, monkeypatch, tmp_path):
    changed = {}

    def some(path):
        return {
            tools: {
                name: {**found, **changed.get(name, {})}
                for name, found in results.items()
                if name in SOME[table]
            }
            for tools, results in load(path).items()
        }

    page = tmp_path / "page.md"
    page.write_text(f"<!-- table: {table} -->\n<!-- end -->\n")
    monkeypatch.setattr(tables, "load", some)
    before = tables.filled(page).splitlines()
    changed[SOME[table][0]] = {"verilog": "another"}
    after = tables.filled(page).splitlines()
    differ = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    ((old, new),) = differ
    assert new.replace(", of an earlier circuit", "") == old


# ---- the papers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", paper.ENTRIES, ids=lambda entry: entry.what[:40])
def test_an_experiment_of_the_papers_has_a_command_and_its_data(entry):
    """The command is one that exists, and made the data; where nothing can be done the line says so."""
    assert entry.sure in paper.SURE
    if not entry.command:
        assert entry.ours.startswith("cannot be done here: ")
        return
    assert complaint(shlex.split(entry.command)) == ""
    assert len(paper.data(entry)) > 100
    name, _, table = entry.data.partition("#")
    if name.endswith(".csv"):
        assert shlex.split(command_of(ROOT / "docs" / name)) == shlex.split(entry.command)
    elif table:
        said = json.loads((ROOT / "docs" / name).read_text())[table]["command"]
        study = re.search(r"mgd_sim\.studies\.(\w+)|mgd-hdl study (\w+)", entry.command)
        assert (study[1] or study[2]) in said


def command_of(table):
    """The command that a table says it is of."""
    return read(table)[0].splitlines()[1].removeprefix("# command: ")


def test_where_a_curve_crosses():
    """Of the law itself, at the places of a study, within a few parts in a hundred."""
    for parameters in (58, 220, 436):
        curve = [(1 << k, 1 / math.sqrt(1 + (parameters - 1) / (1 << k))) for k in range(3, 13)]
        expected = (parameters - 1) / (1 / 0.95**2 - 1)
        assert paper.crossing(curve, 0.95) == pytest.approx(expected, rel=0.04)
    assert paper.crossing([(8, 0.1), (16, 0.2)], 0.95) is None


# ---- word lengths ------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", word_lengths.RECORDED)
def test_a_recorded_search_stands_on_the_page(task):
    page = (ROOT / "docs/word-lengths.md").read_text("utf-8")
    for part in ("bits", "chosen", "front"):
        assert f"<!-- table: {part}-{task} -->" in page
