"""Are the timing diagrams of the top what the circuit does, and what their page says of them?"""

from __future__ import annotations

import json
import re

import pytest

from . import waves
from .pages import ROOT


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return waves.drawn()


@pytest.mark.parametrize("name", waves.FIGURES)
def test_a_figure_is_as_the_command_draws_it(name, drawn):
    """Otherwise: ``make docs``."""
    assert (waves.FOLDER / f"{name}.json").read_text("utf-8") == drawn[name]
    assert (waves.FOLDER / f"{name}.svg").read_text("utf-8") == waves.rendered(drawn[name])


def lanes(name: str) -> dict[str, dict[int, str]]:
    """What the committed JSON shows of each signal, by the number of the clock, as a reader sees it."""
    signals = json.loads((waves.FOLDER / f"{name}.json").read_text("utf-8"))["signal"]
    (clocks,) = (lane["data"] for lane in signals if lane["name"] == "clock")
    found = {}
    for lane in signals:
        state, shown, data = "", {}, iter(lane.get("data", ()))
        for clock, letter in zip(clocks, lane["wave"], strict=True):
            if letter not in ".|":
                state = next(data) if letter == "=" else letter
            if clock != "...":
                shown[int(clock)] = state
        found[lane["name"]] = shown
    return found


def high(lane: dict[int, str]) -> list[int]:
    return [clock for clock, state in lane.items() if state == "1"]


def test_a_start_as_the_page_tells_it():
    """P = 9: the first step begins in clock 3 + P + 4 and is done 23 clocks later."""
    shown = lanes("trainer_start")
    assert high(shown["rst"]) == [0]
    assert high(shown["start"]) == [3]
    assert min(high(shown["busy"])) == 4
    assert high(shown["step_done"]) == [16 + 23, 16 + 22 + 23]
    taken = [clock for clock in high(shown["i_sample__valid"]) if clock in high(shown["i_sample__ready"])]
    assert taken == [5, 26]
    assert [shown["i_sample__payload"][clock] for clock in taken] == ["110", "101"]
    assert shown["busy"][62] == "0"
    assert set(shown["run"].values()) == {"0", "1"}
    page = (ROOT / "docs/trainer.md").read_text("utf-8")
    assert re.findall(r"clock (\d+)", page.partition("## Timing")[2].partition("## ")[0]) == ["5", "16", "26"]


def test_a_pause_as_the_page_tells_it():
    shown = lanes("trainer_pause")
    first, second, third, last = high(shown["step_done"])
    assert max(high(shown["run"])) + 1 == second
    assert third == second + 22
    assert shown["busy"][third + 1] == "0"
    (asked,) = high(shown["step"])
    assert (shown["busy"][asked - 1], shown["busy"][asked]) == ("0", "1")
    assert last == asked + 23
    assert first == second - 22


def test_an_input_between_steps_as_the_page_tells_it():
    shown = lanes("trainer_infer")
    (last, *_), takes = high(shown["step_done"]), high(shown["i_infer__ready"])
    answers = high(shown["o_infer__valid"])
    assert takes == [last + 1, 78, 79, 80]
    assert [shown["i_infer__payload"][clock] for clock in takes] == ["10", "11", "01", "00"]
    assert (shown["busy"][last + 1], shown["busy"][last + 2]) == ("0", "1")
    assert answers[0] == last + 1 + 15
    assert min(high(shown["o_infer__ready"])) > answers[0]
    page = (ROOT / "docs/trainer.md").read_text("utf-8")
    told = re.findall(r"clock (\d+)", page.partition("## Doors")[2].partition("## ")[0])
    assert told == [f"{takes[0]}", "78"]


def test_only_what_changed_is_written(drawn, monkeypatch, tmp_path):
    """And drawn: who has not the renderer can still make all other pages."""
    monkeypatch.setattr(waves, "FOLDER", tmp_path)
    monkeypatch.setattr(waves, "ROOT", tmp_path)
    monkeypatch.setattr(waves, "drawn", lambda: drawn)
    pictures = []
    monkeypatch.setattr(waves, "rendered", lambda text: pictures.append(text) or "picture")
    assert len(waves.refresh()) == 2 * len(waves.FIGURES)
    assert waves.refresh() == []
    (tmp_path / "trainer_pause.json").write_text("stale")
    assert waves.refresh() == ["trainer_pause.json", "trainer_pause.svg"]
    assert pictures == [*drawn.values(), drawn["trainer_pause"]]
