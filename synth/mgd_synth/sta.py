"""The slowest way from register to register through standard cells, by the tables of their library.

Static analysis as usual before layout: every edge leaves a register at the clock's edge, each cell
adds what its table gives for the slope of its input and the load of its output, and where ways meet
the later edge and the flatter slope go on. Wires add neither delay nor load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .blocks import block
from .liberty import Arc, Cell, Library
from .process import SynthError
from .report import CriticalPath, Segment

__all__ = ["slowest_path"]

_EDGES = ("rise", "fall")
#: Which edge of the input makes an edge of the output.
_CAUSES: dict[str, dict[str, tuple[str, ...]]] = {
    "positive_unate": {"rise": ("rise",), "fall": ("fall",)},
    "negative_unate": {"rise": ("fall",), "fall": ("rise",)},
    "non_unate": {"rise": _EDGES, "fall": _EDGES},
}

_Event = tuple[int, str]  # a net, and its rising or falling edge


@dataclass(frozen=True)
class _Arrival:
    time: float
    slope: float
    cell: str
    cause: _Event | None


class _Netlist:
    """A mapped module, seen from its nets."""

    def __init__(self, module: dict[str, Any], library: Library):
        self.cells: dict[str, tuple[Cell, dict[str, int]]] = {}
        self.load: dict[int, float] = {}
        for name, each in module["cells"].items():
            cell = library.cells[each["type"]]
            pins = {
                pin: bits[0] for pin, bits in each["connections"].items() if bits and isinstance(bits[0], int)
            }
            self.cells[name] = cell, pins
            for pin, net in pins.items():
                if cell.pins[pin].direction == "input":
                    self.load[net] = self.load.get(net, 0.0) + cell.pins[pin].capacitance

    def outputs(self, name: str) -> Iterator[tuple[int, Arc]]:
        """Every arc of a cell that ends at a connected output, with that output's net."""
        cell, pins = self.cells[name]
        for pin, net in pins.items():
            if cell.pins[pin].direction == "output":
                for arc in cell.pins[pin].arcs:
                    yield net, arc

    def in_order(self) -> list[str]:
        """The cells that are no registers, each behind those that drive it."""
        driver = {
            net: name
            for name, (cell, _) in self.cells.items()
            if not cell.register
            for net, _ in self.outputs(name)
        }
        waits = {
            name: {
                driver[net]
                for pin, net in pins.items()
                if cell.pins[pin].direction == "input" and net in driver
            }
            for name, (cell, pins) in self.cells.items()
            if not cell.register
        }
        feeds: dict[str, list[str]] = {}
        for name, drivers in waits.items():
            for each in drivers:
                feeds.setdefault(each, []).append(name)
        ready = [name for name, drivers in waits.items() if not drivers]
        order = []
        while ready:
            name = ready.pop()
            order.append(name)
            for reader in feeds.get(name, ()):
                waits[reader].discard(name)
                if not waits[reader]:
                    ready.append(reader)
        if len(order) < len(waits):
            raise SynthError("the netlist has a loop without a register")
        return order


def slowest_path(module: dict[str, Any], library: Library, owners: Mapping[str, str]) -> CriticalPath | None:
    """The path that decides the clock rate, in nanoseconds; None if no register drives another.

    Parameters
    ----------
    module : dict
        A flat module of library cells, as ``write_json`` gives it.
    library : Library
    owners : mapping
        The path of every cell.
    """
    netlist = _Netlist(module, library)
    arrivals: dict[_Event, _Arrival] = {}
    for name, (cell, _) in netlist.cells.items():
        if cell.register:
            for net, arc in netlist.outputs(name):
                if arc.kind in ("rising_edge", "falling_edge"):
                    for edge in _EDGES:
                        _meet(arrivals, netlist, net, edge, arc, name, None)
    for name in netlist.in_order():
        pins = netlist.cells[name][1]
        for net, arc in netlist.outputs(name):
            source = pins.get(arc.source)
            if source is not None and arc.kind.startswith("combinational"):
                for edge in _EDGES:
                    for cause in _CAUSES[arc.sense][edge]:
                        if (source, cause) in arrivals:
                            _meet(arrivals, netlist, net, edge, arc, name, (source, cause))
    ends = list(_ends(netlist, arrivals))
    if not ends:
        return None
    total, register, event = max(ends)
    steps = _steps(arrivals, event)
    steps.append((register, total - arrivals[event].time))
    return _by_block(steps, owners, library.nanoseconds)


def _meet(
    arrivals: dict[_Event, _Arrival],
    netlist: _Netlist,
    net: int,
    edge: str,
    arc: Arc,
    cell: str,
    cause: _Event | None,
) -> None:
    """One way to an edge of a net; the later arrival and the flatter slope stay."""
    delay, slope = arc.tables.get(f"cell_{edge}"), arc.tables.get(f"{edge}_transition")
    if delay is None or slope is None:
        return
    before = arrivals[cause] if cause else _Arrival(0.0, 0.0, cell, None)
    at = {
        "input_net_transition": before.slope,
        "total_output_net_capacitance": netlist.load.get(net, 0.0),
        "scalar": 0.0,
    }
    found = _Arrival(before.time + delay.at(**at), slope.at(**at), cell, cause)
    known = arrivals.get((net, edge))
    if known is not None:
        flatter = max(found.slope, known.slope)
        later = found if found.time > known.time else known
        found = _Arrival(later.time, flatter, later.cell, later.cause)
    arrivals[net, edge] = found


def _ends(netlist: _Netlist, arrivals: Mapping[_Event, _Arrival]) -> Iterator[tuple[float, str, _Event]]:
    """Every edge that a register must see before its clock: with the time it takes until then."""
    for name, (cell, pins) in netlist.cells.items():
        for pin, net in pins.items():
            for arc in cell.pins[pin].arcs if cell.register else ():
                if arc.kind not in ("setup_rising", "setup_falling"):
                    continue
                for edge in _EDGES:
                    arrival, table = arrivals.get((net, edge)), arc.tables.get(f"{edge}_constraint")
                    if arrival is not None and table is not None:
                        at = {
                            "constrained_pin_transition": arrival.slope,
                            "related_pin_transition": 0.0,
                            "scalar": 0.0,
                        }
                        yield arrival.time + table.at(**at), name, (net, edge)


def _steps(arrivals: Mapping[_Event, _Arrival], event: _Event | None) -> list[tuple[str, float]]:
    """Cells and their delays on the way to an edge, from the register on."""
    steps = []
    while event is not None:
        arrival = arrivals[event]
        before = arrivals[arrival.cause].time if arrival.cause else 0.0
        steps.append((arrival.cell, arrival.time - before))
        event = arrival.cause
    return steps[::-1]


def _by_block(steps: list[tuple[str, float]], owners: Mapping[str, str], scale: float) -> CriticalPath:
    segments: list[Segment] = []
    for cell, delay in steps:
        name, logic = block(owners[cell]), delay * scale
        if segments and segments[-1].block == name:
            logic += segments.pop().logic
        segments.append(Segment(name, logic, 0.0))
    return CriticalPath(tuple(segments))
