"""How many hidden neurons fit? The largest network 49-h-4 for the letters, on each device.

``python -m mgd_synth.largest`` maps networks of more and fewer neurons, with parallel and with serial
cells, until the last that fits is known, and places and routes that one. What
was found is kept in ``synth/baselines/largest.json``, by the releases of the tools, so that it may be stopped
at any time and goes on where it was; what is of another Verilog is found anew. Steps until 99 % of the
answers are right are those of ``python -m mgd_sim.studies.hidden``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_verilog
from mgd_hdl.progress import stopwatch

from .estimate import SUPPLY, coefficients, fits
from .flow import DEVICES, Mapped, mapped, placed
from .nextpnr import sizes
from .process import Say, SynthError
from .results import fingerprint, keep, load, tools
from .script import one_by_one

__all__ = ["BASELINE", "FULL", "current", "largest", "network", "routed", "search", "shares"]

BASELINE = Path(__file__).parents[1] / "baselines" / "largest.json"

#: Of the logic cells: what is fuller takes hours to place, or cannot be routed. Registers with different
#: enables share no pair of a Gowin device's sites; 49-6-4, 93 % full, found no place with three seeds.
FULL = {target: 0.9 if target.startswith("gowin") else 0.95 for target in DEVICES}


def network(hidden: int, engine: str) -> TrainerConfig:
    """A trainer for the centred letters with so many hidden neurons."""
    return preset("nist7x7_centered").replaced(
        network={"layers": [49, hidden, 4]}, engine={"cell": engine}, judge={"kind": "none"}
    )


def current(found: Mapping[str, Any]) -> str:
    """The fingerprint that the Verilog of what was ``found`` has now."""
    config = network(found["hidden"], found["engine"])
    return fingerprint(trainer_verilog(config))


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
    """What a netlist needs of each resource, as a part of what the device lets it have.

    Without multipliers, of which there are never too few: products beyond them are made of tables.
    """
    used = {name: sum(blocks.values()) for name, blocks in sizes(DEVICES[target], found.module).items()}
    limits = {
        name: FULL[target] * number if name == "logic cells" else number
        for name, number in SUPPLY[target].items()
    }
    return {name: used.get(name, 0) / limit for name, limit in limits.items() if limit and name != "DSP"}


def _netlist(target: str, config: TrainerConfig, folder: Path, say: Say) -> Mapped:
    """Mapped at once with as many multipliers as there are, and not a first time to count the products, where
    each takes one.
    """
    device = DEVICES[target]
    unlike = "DSP" in device.weights
    how = device if unlike else (lambda top: device.spare(top, device.multipliers))
    return mapped(config, how, folder, say=say)


def _guess(target: str, engine: str) -> int | None:
    """How many hidden neurons fit by their estimate; None where there is none."""
    if target not in coefficients().targets:
        return None
    return fits(network(4, engine), [target])[0].hidden or 0


def largest(
    target: str, known: Mapping[str, Any], keep: Callable[[dict[str, Any]], None], say: Say
) -> tuple[dict[str, Any], Mapped | None]:
    """The largest network by the sizes of netlists, of serial cells or of parallel ones; and its netlist.

    Shares that are already ``known`` are not counted again, and ``keep`` takes all after every new one;
    where the last one was known there is no netlist.
    """
    counted: dict[str, dict[str, float]] = {
        name: dict(found) for name, found in known.get("shares", {}).items()
    }
    netlists: dict[tuple[str, int], Mapped] = {}

    def share(engine: str, hidden: int) -> float:
        of_engine = counted.setdefault(engine, {})
        if str(hidden) not in of_engine:
            say(f"{target}: 49-{hidden}-4, {engine} cells")
            with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
                found = _netlist(target, network(hidden, engine), Path(folder), say)
            of_engine[str(hidden)] = round(max(shares(target, found).values()), 4)
            if of_engine[str(hidden)] <= 1:
                netlists[engine, hidden] = found
            keep({"shares": counted})
        return of_engine[str(hidden)]

    engine = "serial"
    hidden = search(lambda number: share("serial", number), _guess(target, "serial") or 2)
    # As many in parallel cells are faster, and there may be room for more.
    guess = _guess(target, "parallel")
    if (guess is None or guess > hidden / 2) and share("parallel", more := max(1, hidden)) <= 1:
        engine, hidden = "parallel", search(lambda number: share("parallel", number), more)
    if not hidden:
        raise SynthError(f"not even 49-1-4 fits {DEVICES[target].title}")
    config = network(hidden, engine)
    result = {
        "shares": counted,
        "engine": engine,
        "hidden": hidden,
        "parameters": config.parameters,
        "clocks_per_step": float(config.timing.clocks_per_step),
    }
    result["verilog"] = current(result)
    return result, netlists.get((engine, hidden))


def routed(
    target: str, found: Mapping[str, Any], netlist: Mapped | None, say: Say, *, seed: int = 1
) -> dict[str, Any]:
    """Placed and routed: what was ``found``, and how fast it is."""
    config = network(found["hidden"], found["engine"])
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
        folder = Path(name)
        netlist = netlist or _netlist(target, config, folder, say)
        report = placed(config, netlist, DEVICES[target], folder, seed, None, say)
    cells = next(each for each in report["resources"] if each.name == "logic cells")
    return {
        **found,
        "seed": seed,
        "logic cells": round(cells.used + cells.harness),
        "fmax": round(report["fmax"], 2),
    }


# ---- what was found ------------------------------------------------------------------------------


def _line(target: str, found: Mapping[str, Any]) -> str:
    if "hidden" not in found:
        return f"{target:14} not known yet"
    line = (
        f"{target:14} 49-{found['hidden']}-4, {found['parameters']:,} parameters in {found['engine']} cells"
    )
    if "fmax" not in found:
        return f"{line}, not placed yet"
    available = SUPPLY[target]["logic cells"]
    share = found["logic cells"] / available
    return f"{line}: {found['logic cells']:,} logic cells ({share:.1%}), {found['fmax']:.1f} MHz"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.largest", description=__doc__)
    parser.add_argument("device", nargs="*", help=f"of {', '.join(DEVICES)} (default: all)")
    parser.add_argument("--list", action="store_true", help="say what is known, and find nothing")
    parser.add_argument(
        "--count", action="store_true", help="find the largest by its netlist, and do not place it"
    )
    parser.add_argument("--results", type=Path, default=BASELINE, help="file of the results")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.device if name not in DEVICES]
    if unknown:
        parser.error(f"no device {unknown[0]!r}; there are {', '.join(DEVICES)}")
    say = stopwatch()

    def work(target: str) -> str:
        found = load(given.results).get(tools(target), {}).get(target, {})
        netlist = None
        if "hidden" in found and not given.list and found.get("verilog") != current(found):
            found = {}
        if "hidden" not in found and not given.list:
            kept = partial(keep, given.results, target, target)
            found, netlist = largest(target, found, kept, say)
            kept(found)
        if "fmax" not in found and not given.list and not given.count:
            found = routed(target, found, netlist, say)
            keep(given.results, target, target, found)
        return _line(target, found)

    return one_by_one(given.device or DEVICES, str, work)


if __name__ == "__main__":
    sys.exit(main())
