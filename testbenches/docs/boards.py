"""What fits which board, and how fast is it? ``python -m testbenches.docs.boards`` makes every bitstream.

What was found goes to ``docs/boards.json`` after each bitstream, so that a run that was stopped goes on
where it was, and from there to the page's table. With it goes a fingerprint of the Verilog: what is of
another one, or of other releases of the tools, is made anew. The bitstreams are in ``build/boards``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from mgd_hdl import cli
from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from mgd_hdl.files import write_file
from mgd_hdl.showcase import PATIENCE, Showcase
from mgd_synth.boards import BOARDS, releases
from mgd_synth.results import fingerprint

from .pages import ROOT

__all__ = ["FILE", "TASKS", "at_clock", "design", "known", "rows", "show"]

FILE = ROOT / "docs" / "boards.json"
FOLDER = ROOT / "build" / "boards"

#: Presets by board. Those that are not here are too large for it.
TASKS = {
    "icebreaker": ("xor", "parity4"),
    "hx8k": ("xor", "parity4"),
    "ulx3s-25f": ("xor", "parity4", "nist7x7_centered", "xor_fast", "parity4_fast", "letters_fast"),
    "ulx3s-85f": ("xor", "parity4", "nist7x7_centered"),
    "tang-nano-9k": ("xor", "parity4"),
}


_UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))


def show(seconds: float) -> str:
    """A time with three digits."""
    unit, size = next((unit, size) for unit, size in _UNITS if seconds >= size or unit == "us")
    return f"{seconds / size:.3g} {unit}"


def rows(reports: list[dict[str, Any]]) -> list[list[str]]:
    """A line of the page's table for each report."""
    found = []
    for each in reports:
        cells, light = each["resources"]["logic cells"], each["solution"]
        used = cells["used"] + cells["harness"]
        begun = "-"
        if light is not None and light["first"] is not None:
            first = light["first"]
            tries = first["given_up_before"]
            begun = show(first["seconds"]) + (f", try {tries + 1}" if tries else "")
        found.append(
            [
                each["title"],
                f"{each['preset']}, {each['parameters']}",
                f"{used:,.0f} of {cells['available']:,}",
                f"{each['clock'] / 1e6:g} MHz",
                f"{each['fmax'] / 1e6:.0f} MHz",
                f"{each['bitstream']['bytes'] / 1000:,.0f} kB",
                begun,
                "-" if light is None or light["seconds"] is None else show(light["seconds"]),
            ]
        )
    return found


def design(name: str) -> str:
    """The Verilog of a preset with its showcase, which is the same for every board."""
    config = preset(name)
    config = config if config.judged else config.replaced(judge={"kind": "window"})
    return verilog(Showcase(config), "showcase")


def known() -> dict[tuple[str, str], dict[str, Any]]:
    """What was found, by board and preset."""
    found = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []
    return {(each["board"], each["preset"]): each for each in found}


def made(name: str, board: str, *, twin: bool) -> dict[str, Any]:
    """The report of a bitstream, which is made for it."""
    sys.stderr.write(f"{name} for {board}\n")
    arguments = ["bitstream", name, "--board", board, "-o", str(FOLDER), *([] if twin else ["--no-twin"])]
    if cli.main([*arguments, "--json", "--force"]):
        raise SystemExit(2)
    report = FOLDER / f"{preset(name).name}.{board}.json"
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def at_clock(light: dict[str, Any] | None, report: dict[str, Any]) -> dict[str, Any] | None:
    """What the twin learned of a task on one board, for the clock of another; None if it was not asked."""
    if light is None:
        return None
    step = report["clocks_per_step"] / report["clock"]
    median, first = light["median_steps"], light["first"]
    if first is not None:
        first = {**first, "seconds": (first["given_up_before"] * PATIENCE + first["steps"]) * step}
    return {**light, "seconds": None if median is None else median * step, "first": first}


def main() -> int:
    """Make what is missing; the twin learns each task once."""
    reports = known()
    lights: dict[str, dict[str, Any]] = {}
    designs = {
        name: fingerprint(design(name)) for name in {name for names in TASKS.values() for name in names}
    }
    for board, names in TASKS.items():
        tools = list(releases(BOARDS[board]))
        for name in names:
            found = reports.get((board, name))
            if found is None or (found.get("verilog"), found["tools"]) != (designs[name], tools):
                found = made(name, board, twin=name not in lights)
                found |= {"verilog": designs[name], "preset": name}
            if found["solution"] is not None:
                lights.setdefault(name, found["solution"])
            reports[board, name] = {**found, "solution": at_clock(lights.get(name), found)}
            kept = [
                reports[key]
                for board, names in TASKS.items()
                for name in names
                if (key := (board, name)) in reports
            ]
            write_file(FILE, json.dumps(kept, indent=1) + "\n", force=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
