"""Where the circuit holds each state: a path, and the strobe that is high once a step when it is there.

What the cells hold, their engine tells: ``config.facts.probes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from .config.engines import Tile
from .config.number import Format
from .config.ports import FLAGS
from .config.states import STATES
from .config.trainer import TrainerConfig

__all__ = ["PROBES", "states"]

#: Path and strobe: hierarchical names below the top.
_Probe = tuple[str, str]


def _change(config: TrainerConfig) -> str:
    """The block that makes C~."""
    return "highpass" if config.analog else "baseline"


def _cost(config: TrainerConfig) -> str:
    """C, with its noise; with a device outside, where it was not measured, what it is compared with."""
    if config.outside:
        return f"core.{_change(config)}.believed"
    return f"core.{'noise' if config.cost_noisy else config.loss}.cost"


def _arrival(config: TrainerConfig) -> str:
    """High where the perturbed cost of a step arrives."""
    return "core.highpass.i__valid" if config.analog else "core.baseline.perturbed"


def _saturated(block: Callable[[TrainerConfig], str]) -> Callable[[TrainerConfig], _Probe]:
    return lambda config: (f"core.{block(config)}.saturated", f"core.{block(config)}.o__valid")


#: Of states that are there once a step, in the order in which they are listed.
PROBES: dict[str, Callable[[TrainerConfig], _Probe]] = {
    "cost": lambda config: (_cost(config), _arrival(config)),
    "high_passed": lambda _: ("core.highpass.state", "core.highpass.o__valid"),
    # A later C0 may come while C~ is being limited.
    "baseline": lambda config: (
        "core.baseline.level",
        f"core.baseline.{'differs_later_0' if config.staged else 'o__valid'}",
    ),
    "cost_change": lambda config: (
        f"core.{_change(config)}.o__payload",
        f"core.{_change(config)}.o__valid",
    ),
    "hold": lambda config: (
        "core.accumulator.total",
        f"core.accumulator.{'valid_later_0' if config.staged else 'i__valid'}",
    ),
    "update": lambda _: ("core.update.o__payload", "core.update.o__valid"),
    FLAGS[0]: _saturated(_change),
    FLAGS[1]: _saturated(lambda _: "accumulator"),
    FLAGS[2]: _saturated(lambda _: "update"),
    "gated": lambda _: ("core.gate.o__payload", "core.gate.o__valid"),
    "judged_count": lambda _: ("core.classifier.judged", "core.classifier.counting"),
    "right_count": lambda _: ("core.classifier.rights", "core.classifier.counting"),
    "solved": lambda _: ("core.judge.solved", "core.baseline.o__valid"),
}


def states(config: TrainerConfig) -> list[dict[str, Any]]:
    """Where the state of every step is found in the circuit.

    ``path`` and ``strobe`` are hierarchical names below the top module: in the clock in which the
    strobe is high for the i-th time since the start, the signal holds the value of step i.
    """
    rows = {state.name: state for state in STATES if state.shown(config)}
    numbers = {state.name: state.number(config) for state in rows.values() if state.word}
    found = []
    for name in PROBES:
        if name in rows:
            path, strobe = PROBES[name](config)
            found.append(_state(name, path, strobe, numbers[name]))
    strobes = [_strobes(config, layer) for layer in range(len(config.shape.layers))]
    for each, group in groupby(config.facts.probes, lambda probe: probe.each):
        probes = list(group)
        for index, (tile, where) in enumerate(_places(config, each)):
            for probe in probes:
                path = probe.path.format(tile=tile.index, **where)
                number = numbers.get(probe.name, tile.cells)
                found.append(_state(probe.name, path, strobes[tile.layer][probe.strobe], number, index))
    return found


def _strobes(config: TrainerConfig, layer: int) -> dict[str, str]:
    """By what :class:`mgd_hdl.config.engines.Probe` calls them, of the cells of a layer.

    The plus word meets its code in the clock in which the minus word leaves, later behind leaves. With early
    enables the code comes one clock before its word. Where each layer has its own words, a step is done when
    its words are in the last one.
    """
    timing = config.timing
    if config.shape.paced:
        met = timing.left_at(layer) + timing.broadcast_latency
        last = layer == len(config.shape.layers) - 1
        return {
            "measured": _arrival(config),
            "met": f"core.pacer.left_{met}",
            "done": "step_done" if last else f"core.pacer.left_{met + timing.update_clocks}",
        }
    words = ["core.homodyne.plus", "core.homodyne.minus", *(f"core.settling_{clock}" for clock in range(4))]
    first = words[timing.broadcast_latency - config.early]
    return {"measured": _arrival(config), "met": first, "done": "step_done"}


def _places(config: TrainerConfig, each: str) -> Iterator[tuple[Tile, dict[str, int]]]:
    """Where in the array each of them is; ``each`` is that of :class:`mgd_hdl.config.engines.Probe`."""
    tiles, places = config.placement.tiles, config.placement.places
    if each == "bit":
        for tile in tiles:
            for bit in range(config.words.parameter.width):
                yield tile, {"bit": bit}
        return
    words = config.timing.series or config.timing.sweep
    for index in config.shape.biases if each == "neuron" else range(config.parameters):
        tile = tiles[places[index].tile]
        yield tile, config.facts.probed(words, index, index - tile.first)


def _state(
    name: str, path: str, strobe: str, number: Format | int, index: int | None = None
) -> dict[str, Any]:
    width, signed = (number, False) if isinstance(number, int) else (number.width, number.signed)
    entry = {"name": name, "path": path, "strobe": strobe, "width": width, "signed": signed}
    return entry if index is None else {**entry, "index": index}
