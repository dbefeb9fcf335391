"""Timing diagrams of the top's ports are runs of the circuit: trace to WaveDrom's JSON, JSON to SVG.

``make docs`` writes them. Where nothing happens for a while clocks are left out, and a gap stands there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from mgd_hdl.config import preset
from mgd_hdl.files import write_file
from testbenches.stage import Stage, Trace, play

from .pages import ROOT

__all__ = ["FOLDER", "drawn", "refresh", "rendered"]

FOLDER = ROOT / "docs/figures"

_SIGNALS = (
    "rst",
    "start",
    "run",
    "step",
    "busy",
    "step_done",
    "i_sample__valid",
    "i_sample__ready",
    "i_sample__payload",
    "i_infer__valid",
    "i_infer__ready",
    "i_infer__payload",
    "o_infer__valid",
    "o_infer__ready",
)
_BITS = {"i_sample__payload": 3, "i_infer__payload": 2}
#: Of so many equal clocks the first ones and the last one are drawn.
_STILL, _FIRST = 5, 2


def _start(stage: Stage) -> None:
    """Reset, start, a sample that waits, one that comes in the first step, and two steps."""
    stage.clock(2, i_sample__valid=1, i_sample__payload=0b110)
    stage.pulse("start", run=1)
    stage.clock(2)
    stage.clock(20, i_sample__valid=0)
    stage.clock(1, i_sample__valid=1, i_sample__payload=0b101)
    stage.model.set(i_sample__valid=0)
    stage.done(2)
    stage.clock(6)


def _pause(stage: Stage) -> None:
    """Run falls at the third step_done, then one step is asked for."""
    stage.pulse("start", run=1, i_sample__valid=1, i_sample__payload=0b110)
    stage.done(3)
    stage.clock(40, run=0)
    stage.pulse("step")
    stage.clock(40)


def _infer(stage: Stage) -> None:
    """In a step an input comes, and its answer waits; then run falls, and three more are answered."""
    stage.pulse("start", run=1, i_sample__valid=1, i_sample__payload=0b110)
    stage.done(3)
    stage.clock(10)
    stage.model.set(i_infer__valid=1, i_infer__payload=0b10)
    stage.done(1)
    stage.clock(2)
    stage.clock(18, i_infer__valid=0)
    stage.clock(2, o_infer__ready=1)
    stage.clock(40, run=0)
    for payload in (0b11, 0b01, 0b00):
        stage.clock(1, i_infer__valid=1, i_infer__payload=payload)
    stage.clock(24, i_infer__valid=0)


#: Figures by name: what is done, and from the how manieth clock on it is drawn.
FIGURES: dict[str, tuple[Callable[[Stage], None], Callable[[Trace], int]]] = {
    "trainer_start": (_start, lambda _: 1),
    "trainer_pause": (_pause, lambda trace: trace.when("step_done")[-4] - 6),
    "trainer_infer": (_infer, lambda trace: trace.when("i_infer__valid")[0] - 4),
}


def drawn() -> dict[str, str]:
    """Each figure as WaveDrom's JSON, from one simulation of XOR with samples from a port, and inference."""
    config = preset("xor").replaced(task={"source": "stream"}, network={"inference": "yes"})
    traces = play(config, {name: act for name, (act, _) in FIGURES.items()})
    return {name: _text(_waves(traces[name], first(traces[name]))) for name, (_, first) in FIGURES.items()}


def rendered(text: str) -> str:
    """The SVG of a figure."""
    from yowasp_wavedrom import render  # here, so that other pages are made without it

    svg: str = render(json.loads(text))
    return svg + "\n"


def refresh() -> list[str]:
    """Writes what is no longer as the circuit runs; the names of the files."""
    wrote = []
    for name, text in drawn().items():
        source, picture = FOLDER / f"{name}.json", FOLDER / f"{name}.svg"
        if picture.exists() and source.exists() and source.read_text("utf-8") == text:
            continue
        for path, content in ((source, text), (picture, rendered(text))):
            write_file(path, content, force=True)
            wrote.append(path.relative_to(ROOT).as_posix())
    return wrote


def _waves(trace: Trace, first: int) -> dict[str, Any]:
    rows = {name: trace[name][first:] for name in _SIGNALS}
    columns = list(zip(*rows.values(), strict=True))
    shown = _shown(columns)
    gap = "|"
    lanes = [
        {
            "name": "clk",
            "wave": "".join(gap if at is None else "." if k else "p" for k, at in enumerate(shown)),
        },
        {
            "name": "clock",
            "wave": "=" * len(shown),
            "data": ["..." if at is None else f"{at}" for at in shown],
        },
    ]
    for name, values in rows.items():
        if not any(values):
            continue
        states: list[str | None] = []  # of each column; None in a gap
        for at in shown:
            if at is None:
                states.append(None)
            elif name.endswith("payload"):
                read = rows[name.replace("payload", "valid")][at]
                states.append(f"{values[at]}" if read else "x")
            else:
                states.append(f"{values[at]}")
        lanes.append({"name": name, **_lane(states, _BITS.get(name, 0))})
    return {"signal": lanes, "config": {"skin": "narrow"}}


def _shown(columns: Sequence[Any]) -> list[int | None]:
    """The clocks that are drawn, None for a gap."""
    shown: list[int | None] = []
    at = 0
    while at < len(columns):
        end = at
        while end < len(columns) and columns[end] == columns[at]:
            end += 1
        same: list[int | None] = list(range(at, end))
        shown += same if len(same) < _STILL else [*same[:_FIRST], None, same[-1]]
        at = end
    return shown


def _lane(states: Sequence[str | None], bits: int) -> dict[str, Any]:
    """Of a level, or with ``bits`` of a word."""
    wave, data, before = "", [], None
    for state in states:
        if state is None:
            wave += "|"
        elif state == before:
            wave += "."
        elif bits and state != "x":
            wave += "="
            data.append(f"{int(state):0{bits}b}")
        else:
            wave += state
        before = before if state is None else state
    return {"wave": wave, **({"data": data} if bits else {})}


def _text(figure: dict[str, Any]) -> str:
    """One lane a line."""
    lanes = ",\n".join(f"  {json.dumps(lane)}" for lane in figure["signal"])
    return f'{{"signal": [\n{lanes}\n ],\n "config": {json.dumps(figure["config"])}}}\n'
