"""What a simulation needs to know of a design: its Verilog, its ports, and the signals to watch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mgd_hdl.config.names import renamed

__all__ = ["Design", "Port", "Probe", "column_type", "expanded"]


@dataclass(frozen=True)
class Port:
    """A port of the top module."""

    name: str
    direction: Literal["input", "output"]
    width: int
    signed: bool = False

    def __post_init__(self) -> None:
        if self.direction not in ("input", "output"):
            raise ValueError(f"port {self.name}: direction {self.direction!r} must be 'input' or 'output'")
        if self.width < 1:
            raise ValueError(f"port {self.name}: width {self.width} must be 1 or more")


@dataclass(frozen=True)
class Probe:
    """A signal to record, once per step: a column of the array ``name``.

    ``path`` leads from the top module through instances to the signal, joined by dots, or to a word of
    a memory, ``memory[3]``; a path without a dot is a port. ``strobe`` is such a path too: where it
    is 1 for the k-th time, the signal has its value of step k. Strobes come no later than their
    step's end. A probe of index None is alone in its array, which then has no second axis.
    """

    name: str
    path: str
    width: int
    signed: bool = False
    index: int | None = None
    strobe: str = "step_done"

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 64:
            raise ValueError(f"probe {self.name} ({self.path}): width {self.width} must be 1 to 64")


@dataclass(frozen=True)
class Design:
    """One Verilog text with all modules, its top module's ports, and what to record of it."""

    top: str
    verilog: str
    ports: tuple[Port, ...]
    probes: tuple[Probe, ...] = ()

    @classmethod
    def from_files(cls, files: Mapping[str, str]) -> Design:
        """From the texts that ``mgd_hdl.emit.trainer_files`` writes: ``N.v`` and ``N.ports.json``."""
        (sidecar,) = (name for name in files if name.endswith(".ports.json"))
        facts = json.loads(files[sidecar])
        ports = tuple(_port(item) for item in facts["ports"])
        probes = tuple(_probe(item) for item in expanded(facts.get("states", ())))
        return cls(facts["top"], files[f"{facts['top']}.v"], ports, probes)

    def port(self, name: str) -> Port:
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(f"{self.top} has no port {name!r}")

    def watched(self, names: Iterable[str]) -> Design:
        """The same design with those of the output ports ``names`` that it has recorded too."""
        added = tuple(
            Probe(port.name, port.name, port.width, port.signed)
            for port in self.ports
            if port.name in set(names) and port.direction == "output"
        )
        return Design(self.top, self.verilog, self.ports, (*self.probes, *added))

    def renamed(self, top: str) -> Design:
        """The same design with its top module called ``top``, for tools that do not take every name."""
        return Design(top, renamed(self.verilog, self.top, top), self.ports, self.probes)

    def changed(self, verilog: str) -> Design:
        """The same ports and probes on another text."""
        return Design(self.top, verilog, self.ports, self.probes)

    @cached_property
    def arrays(self) -> dict[str, tuple[Probe, ...]]:
        """The columns of every recorded array, in order of their indices."""
        found: dict[str, list[Probe]] = {}
        for probe in self.probes:
            found.setdefault(probe.name, []).append(probe)
        for name, probes in found.items():
            if len(probes) == 1 and probes[0].index is None:
                continue
            probes.sort(key=lambda probe: -1 if probe.index is None else probe.index)
            if [probe.index for probe in probes] != list(range(len(probes))):
                raise ValueError(f"array {name}: its probes must be numbered 0 to {len(probes) - 1}")
        return {name: tuple(probes) for name, probes in found.items()}

    @cached_property
    def groups(self) -> dict[str, tuple[Probe, ...]]:
        """The columns of every array that have a strobe in common: an array, by its name, or a part of one
        whose columns are there at several times, by its name and the strobe's.
        """
        found: dict[str, tuple[Probe, ...]] = {}
        for name, probes in self.arrays.items():
            strobes = list(dict.fromkeys(probe.strobe for probe in probes))
            for strobe in strobes:
                key = name if len(strobes) == 1 else f"{name}@{strobe}"
                found[key] = tuple(probe for probe in probes if probe.strobe == strobe)
        return found

    def joined(self, found: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Arrays of :attr:`groups`, their indices as the second axis, as :attr:`arrays`."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, probes in self.arrays.items():
            if name in found:
                array = found[name]
            else:
                parts = [key for key in self.groups if key.partition("@")[0] == name]
                columns = np.array([probe.index for key in parts for probe in self.groups[key]])
                array = np.concatenate([found[key] for key in parts], axis=1).take(columns.argsort(), axis=1)
            arrays[name] = array[:, 0] if probes[0].index is None else array
        return arrays


def column_type(probes: Iterable[Probe]) -> type[np.uint8] | type[np.int64]:
    """Of a recorded array with these columns."""
    return np.uint8 if all(probe.width == 1 and not probe.signed for probe in probes) else np.int64


def expanded(entries: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every state of ``N.ports.json`` by itself: an entry with ``each`` stands for many."""
    for entry in entries:
        each = entry.get("each")
        if each is None:
            yield dict(entry)
            continue
        same = {key: value for key, value in entry.items() if key != "each"}
        ranges = [range(first, last + 1) for first, last in each.values()]
        for number, values in enumerate(product(*ranges)):
            path = entry["path"].format(**dict(zip(each, values, strict=True)))
            yield {**same, "path": path, "index": entry["index"] + number}


def _port(item: Mapping[str, Any]) -> Port:
    return Port(item["name"], item["direction"], item["width"], bool(item["signed"]))


def _probe(item: Mapping[str, Any]) -> Probe:
    return Probe(
        item["name"],
        item["path"],
        item["width"],
        bool(item["signed"]),
        item.get("index"),
        item.get("strobe", "step_done"),
    )
