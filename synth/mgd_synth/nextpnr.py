"""Places and routes a mapped netlist with nextpnr, and reads how large and how fast it became."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .blocks import HARNESS, block, owners, path_of
from .process import Outcome, Say, SynthError, Tool
from .report import CriticalPath, Resource, Segment

__all__ = [
    "Device",
    "Routed",
    "counts",
    "critical_path",
    "nextpnr",
    "of_blocks",
    "place_and_route",
    "resources",
    "sizes",
    "too_large",
]

_NETLIST, _PLACED, _REPORT = "named.json", "placed.json", "report.json"

#: What nextpnr is doing, by what it writes while it does so.
_STAGES = {
    r"Importing|Packing|Pack |Promoting|Constraining": "packing",
    r"plac|wirelen|legalised": "placing",
    r"[Rr]outing|Routed|arcs": "routing",
    r"Timing|critical path|histogram": "timing",
}


def _stage(line: str) -> str | None:
    for pattern, stage in _STAGES.items():
        if re.search(pattern, line):
            return f"nextpnr: {stage}"
    return None


def nextpnr(family: str) -> Tool:
    """The tool for one family of devices."""
    return Tool(f"yowasp-nextpnr-{family}", _stage)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device to place and route for.

    Attributes
    ----------
    title : str
        Device and package in words.
    tool : Tool
    passes : callable
        Given the top module's name: Yosys passes from Verilog to a flat netlist of it.
    multipliers : int
        What the device has; where a trainer has more products,
    spare : callable
        given the top module's name and a number, the passes that make so many of them blocks, and the others
        of tables.
    arguments : tuple of str
        For the tool: device, package, speed grade.
    mapped : mapping
        For each resource the regular expression of the cell types that use it, after synthesis.
    placed : mapping
        The same for cells after place and route.
    weights : mapping
        For a resource the cell types of which each uses more or less than one.
    supply : mapping
        For each resource the name that nextpnr gives to its sites.
    frequency : float
        What to aim at by default, megahertz; somewhat more than designs reach.
    pin_file : callable, optional
        Given the pins' names: name and text of a file that the tool insists on.
    packed : callable
        Given a mapped module: how many logic cells each of its cells takes once packed, none if it is not
        there.
    absorbed : callable, optional
        Given the mapped module: the same with registers inside of multipliers. Of trainers with many stages.
    finish : callable, optional
        Given the mapped module: what to place instead.
    notes : tuple of str
    """

    title: str
    tool: Tool
    passes: Callable[[str], str]
    multipliers: int
    spare: Callable[[str, int], str]
    arguments: tuple[str, ...]
    mapped: Mapping[str, str]
    placed: Mapping[str, str]
    supply: Mapping[str, str]
    frequency: float
    weights: Mapping[str, Mapping[str, float]]
    packed: Callable[[dict[str, Any]], dict[str, float]]
    pin_file: Callable[[Sequence[str]], tuple[str, str]] | None = None
    pin_argument: tuple[str, ...] = ()
    absorbed: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Routed:
    """What nextpnr made of a netlist: the placed module and its report."""

    module: dict[str, Any]
    report: dict[str, Any]

    @property
    def fmax(self) -> float:
        """Megahertz; there is one clock."""
        return min(float(clock["achieved"]) for clock in self.report["fmax"].values())


def place_and_route(
    folder: Path,
    device: Device,
    netlist: dict[str, Any],
    pins: Sequence[str],
    *,
    seed: int,
    frequency: float,
    say: Say,
    options: Sequence[str] = (),
) -> Routed:
    """Run in ``folder``, with more ``options`` of nextpnr if need be; ``netlist`` has one module, with cells
    named by ``blocks.named``.
    """
    if device.finish is not None:
        modules = {name: device.finish(module) for name, module in netlist["modules"].items()}
        netlist = {**netlist, "modules": modules}
    (folder / _NETLIST).write_text(json.dumps(netlist), encoding="utf-8")
    arguments = [
        *device.arguments,
        *("--json", _NETLIST, "--write", _PLACED, "--report", _REPORT),
        *("--seed", str(seed), "--freq", str(frequency), "--timing-allow-fail"),
        *options,
    ]
    if device.pin_file is not None:
        name, text = device.pin_file(pins)
        (folder / name).write_text(text, encoding="utf-8")
        arguments += device.pin_argument
    outcome = device.tool.run(arguments, folder, say=say)
    made = [folder / _PLACED, folder / _REPORT]
    if outcome.status or not all(path.exists() for path in made):
        raise SynthError(too_large(outcome, device) or f"place and route failed: {outcome.last_words}")
    placed, report = (json.loads(path.read_text(encoding="utf-8")) for path in made)
    (module,) = (each for each in placed["modules"].values() if each["cells"])
    return Routed(module, report)


def too_large(outcome: Outcome, device: Device) -> str | None:
    """The first resource of which the design needs more than there is, as one line."""
    # Where one site serves several, the first names it.
    names = {site: name for name, site in reversed([*device.supply.items()])}
    for line in outcome.lines:
        found = re.match(r"Info:\s+(\w+):\s*(\d+)/\s*(\d+)\s+\d+%", line)
        if found and int(found[2]) > int(found[3]):
            what = names.get(found[1], found[1])
            return f"too large for {device.title}: needs {int(found[2]):,} of {int(found[3]):,} {what}"
    return None


def resources(device: Device, mapped: dict[str, Any], routed: Routed) -> tuple[Resource, ...]:
    """Every resource of the device by block."""
    found = {
        **counts(mapped, device.mapped, device.weights),
        **counts(routed.module, device.placed, device.weights),
    }
    sites = routed.report["utilization"]
    order = ["logic cells", *(name for name in found if name != "logic cells")]
    return tuple(
        Resource.of(name, found[name], sites.get(device.supply[name], {}).get("available")) for name in order
    )


def sizes(device: Device, mapped: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Every resource by block, before anything is placed: logic cells as they will be packed."""
    return {
        "logic cells": of_blocks(mapped, device.packed(mapped)),
        **counts(mapped, device.mapped, device.weights),
    }


def of_blocks(module: dict[str, Any], cells: Mapping[str, float]) -> dict[str, float]:
    """What every block takes, given what its cells take."""
    paths = owners(module)
    found: defaultdict[str, float] = defaultdict(float)
    for name, sites in cells.items():
        found[block(paths[name])] += sites
    return dict(found)


def counts(
    module: dict[str, Any], resources: Mapping[str, str], weights: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Of each resource, given the cell types that use it, what every block takes; of some ``weights`` say
    that they take more or less than one.
    """
    paths = owners(module)
    found: dict[str, dict[str, float]] = {}
    for resource, kinds in resources.items():
        taken: defaultdict[str, float] = defaultdict(float)
        for name, path in paths.items():
            kind = module["cells"][name]["type"]
            if re.fullmatch(kinds, kind):
                taken[block(path)] += weights.get(resource, {}).get(kind, 1)
        found[resource] = dict(taken)
    return found


def critical_path(report: dict[str, Any]) -> CriticalPath | None:
    """The slowest path between registers, by block; None if there is none."""
    inside = [
        path["path"]
        for path in report["critical_paths"]
        if all(path[end].startswith(("posedge", "negedge")) for end in ("from", "to"))
    ]
    if not inside:
        return None
    steps = max(inside, key=lambda path: sum(step["delay"] for step in path))
    segments: list[Segment] = []
    name = HARNESS
    for step in steps:
        path = path_of(step["from"]["cell"])
        # A cell that the router put in, such as the feed of a carry, goes with the one before it.
        name = name if path is None else block(path)
        wires = step["type"] == "routing"
        logic, routing = (0.0, step["delay"]) if wires else (step["delay"], 0.0)
        if segments and segments[-1].block == name:
            last = segments.pop()
            logic, routing = last.logic + logic, last.wires + routing
        segments.append(Segment(name, logic, routing))
    return CriticalPath(tuple(segments))
