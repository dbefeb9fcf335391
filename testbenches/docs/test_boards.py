"""Are the figures of the boards those of today's circuits, and is only what went stale made anew?"""

from __future__ import annotations

import json

import pytest

from mgd_synth.results import fingerprint

from . import boards


def test_every_task_was_built_for_every_board():
    assert list(boards.known()) == [(board, name) for board, names in boards.TASKS.items() for name in names]


@pytest.mark.parametrize("name", sorted({name for names in boards.TASKS.values() for name in names}))
def test_figures_are_of_this_verilog(name):
    """Otherwise: ``python -m testbenches.docs.boards``."""
    now = fingerprint(boards.design(name))
    assert {found["verilog"] for (_, task), found in boards.known().items() if task == name} == {now}


def test_only_what_is_stale_is_made(monkeypatch, tmp_path):
    found = boards.known()
    file = tmp_path / "boards.json"
    stale = {
        ("icebreaker", "xor"): {"verilog": "another"},
        ("hx8k", "parity4"): {"tools": ["yosys of last year"]},
    }
    lost = ("tang-nano-9k", "parity4")
    kept = [{**each, **stale.get(key, {})} for key, each in found.items() if key != lost]
    file.write_text(json.dumps(kept))
    asked = []

    def made(name, board, *, twin):
        asked.append((board, name, twin))
        report = {key: value for key, value in found[board, name].items() if key != "verilog"}
        return report if twin else {**report, "solution": None}

    monkeypatch.setattr(boards, "FILE", file)
    monkeypatch.setattr(boards, "made", made)
    assert boards.main() == 0
    # The first of a task asks the twin; what it learned is known for the others.
    assert asked == [("icebreaker", "xor", True), ("hx8k", "parity4", False), (*lost, False)]
    assert boards.known() == found
