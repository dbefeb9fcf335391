"""How many hidden neurons fit? The largest network 49-h-4 for the letters, on each device.

``python -m mgd_synth.largest`` takes parallel or serial cells, whichever by its estimate give more, maps
networks of more and fewer neurons until the last that fits is known, and places and routes that one. What
was found is kept in ``synth/baselines/largest.json``, by the releases of the tools, so that it may be stopped
at any time and goes on where it was. Steps until 99 % of the answers are right are those of
``python -m mgd_sim.studies.hidden``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from .estimate import SUPPLY, fits
from .flow import DEVICES, Mapped, mapped, placed
from .nextpnr import sizes
from .process import Say, SynthError
from .yosys import YOSYS

__all__ = ["BASELINE", "FULL", "largest", "load", "network", "search", "shares", "tools"]

BASELINE = Path(__file__).parents[1] / "baselines" / "largest.json"

#: Of the logic cells: what is fuller takes hours to place, or cannot be routed.
FULL = 0.95

ENGINES = ("parallel", "serial")
#: Where memory is made of registers, serial cells are larger.
_NO_LUT_RAM = ("ice40-up5k", "ice40-hx8k")


def network(hidden: int, engine: str) -> TrainerConfig:
    """A trainer for the centred letters with so many hidden neurons."""
    return preset("nist7x7_centered").replaced(
        network={"layers": [49, hidden, 4]}, engine={"cell": engine}, judge={"kind": "none"}
    )


def search(fits_in: Callable[[int], float], first: int) -> int:
    """The largest whole number from 0 that fits.

    Parameters
    ----------
    fits_in : callable
        The share that so many need, growing; they fit where it is at most 1. Slow, so each is asked once
        and the next to ask lies on the line through the last two.
    first : int
        What to ask first, 1 or more.
    """
    low, high, asked = 0, None, [(0, 0.0)]
    now = first
    while True:
        share = fits_in(now)
        asked.append((now, share))
        if share <= 1:
            low = now
        else:
            high = now
        if high is not None and high - low == 1:
            return low
        (x0, y0), (x1, y1) = asked[-2:]
        guess = x1 + int((1 - y1) * (x1 - x0) / (y1 - y0)) if y1 != y0 else low + 1
        most = 2 * low if high is None else high - 1
        now = max(low + 1, min(guess, most))


def shares(target: str, found: Mapped) -> dict[str, float]:
    """What a netlist needs of each resource, as a part of what the device lets it have."""
    used = {name: sum(blocks.values()) for name, blocks in sizes(DEVICES[target], found.module).items()}
    limits = {
        name: FULL * number if name == "logic cells" else number for name, number in SUPPLY[target].items()
    }
    return {name: used.get(name, 0) / limit for name, limit in limits.items() if limit}


def chosen(target: str) -> tuple[str, int]:
    """The engine with more hidden neurons by its estimate, and how many."""
    engines = ENGINES[:1] if target in _NO_LUT_RAM else ENGINES
    guesses = {engine: fits(network(4, engine), [target])[0].hidden or 0 for engine in engines}
    engine = max(guesses, key=lambda each: guesses[each])
    return engine, max(1, guesses[engine])


def largest(
    target: str, known: Mapping[str, Any], keep: Callable[[dict[str, Any]], None], say: Say, *, seed: int = 1
) -> dict[str, Any]:
    """What is found, with every share that is already ``known`` and without what it makes again.

    ``keep`` takes it after every netlist.
    """
    engine, first = chosen(target)
    counted: dict[str, float] = dict(known.get("shares", {})) if known.get("engine") == engine else {}
    best: dict[int, Mapped] = {}

    def ask(hidden: int) -> float:
        if str(hidden) not in counted:
            say(f"{target}: 49-{hidden}-4, {engine} cells")
            with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
                found = mapped(network(hidden, engine), DEVICES[target], Path(folder), say=say)
            need = shares(target, found)
            counted[str(hidden)] = round(max(need.values()), 4)
            if counted[str(hidden)] <= 1:
                best.clear()
                best[hidden] = found
            keep({"engine": engine, "shares": counted})
        return counted[str(hidden)]

    hidden = search(ask, first)
    while hidden:
        config = network(hidden, engine)
        with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
            folder = Path(name)
            found = best.get(hidden) or mapped(config, DEVICES[target], folder, say=say)
            try:
                report = placed(config, found, DEVICES[target], folder, seed, None, say)
            except SynthError as error:
                say(f"{target}: 49-{hidden}-4: {error}")
                hidden -= 1
                continue
        cells = next(each for each in report["resources"] if each.name == "logic cells")
        return {
            "engine": engine,
            "shares": counted,
            "hidden": hidden,
            "parameters": config.parameters,
            "seed": seed,
            "logic cells": round(cells.used + cells.harness),
            "available": cells.available,
            "fmax": round(report["fmax"], 2),
            "clocks_per_step": float(config.clocks_per_step),
        }
    raise SynthError(f"not even 49-1-4 fits {DEVICES[target].title}")


# ---- what was found ------------------------------------------------------------------------------


def tools(target: str) -> str:
    """Releases that decide the result."""
    return f"{YOSYS.version}, {DEVICES[target].tool.version}"


def load(path: Path = BASELINE) -> dict[str, dict[str, Any]]:
    """Results by tools, then by device."""
    if not path.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _store(path: Path, target: str, result: Mapping[str, Any]) -> None:
    document = load(path)
    document.setdefault(tools(target), {})[target] = result
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(path)


def _line(target: str, found: Mapping[str, Any]) -> str:
    if "hidden" not in found:
        return f"{target:14} not known yet"
    share = found["logic cells"] / found["available"]
    return (
        f"{target:14} 49-{found['hidden']}-4, {found['parameters']:,} parameters in {found['engine']} cells:"
        f" {found['logic cells']:,} logic cells ({share:.1%}), {found['fmax']:.1f} MHz"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.largest", description=__doc__)
    parser.add_argument("device", nargs="*", help=f"of {', '.join(DEVICES)} (default: all)")
    parser.add_argument("--list", action="store_true", help="say what is known, and find nothing")
    parser.add_argument("--results", type=Path, default=BASELINE, help="file of the results")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.device if name not in DEVICES]
    if unknown:
        parser.error(f"no device {unknown[0]!r}; there are {', '.join(DEVICES)}")
    start = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - start:8.1f} s  {line}\n")
        sys.stderr.flush()

    failed = 0
    for target in given.device or DEVICES:
        try:
            found = load(given.results).get(tools(target), {}).get(target, {})
            if "hidden" not in found and not given.list:
                found = largest(target, found, lambda part: _store(given.results, target, part), say)  # noqa: B023
                _store(given.results, target, found)
            sys.stdout.write(_line(target, found) + "\n")
            sys.stdout.flush()
        except SynthError as error:
            sys.stderr.write(f"mgd_synth: {target}: {error}\n")
            failed = 1
        except KeyboardInterrupt:
            return 130
    return failed


if __name__ == "__main__":
    sys.exit(main())
