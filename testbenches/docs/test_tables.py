"""Do tables of placed figures say which of them belong to an earlier circuit?"""

from __future__ import annotations

import pytest

from mgd_synth.results import load

from . import tables

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
