"""What does one parameter cost? The slope between two arrays, so that nothing shared is in it.

``python -m mgd_synth.cell_area --target ice40`` measures and prints every family of codes with every kind of
cell at 8, 12 and 16 bits; ``--bits 16`` and ``--only NAME`` measure less. What the tests compare with is
written by :mod:`mgd_synth.baselines`.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.config.codes import Family
from mgd_hdl.emit import EmitError, verilog
from mgd_hdl.engines import ENGINES
from mgd_hdl.hierarchy import Block

from . import liberty
from .flow import DEVICES
from .nextpnr import sizes
from .process import SynthError
from .script import status_of
from .yosys import netlist_in

__all__ = ["ARRAYS", "KINDS", "TARGETS", "VARIANTS", "array_slope", "bound", "goal", "measured", "tile_slope"]

#: One device of each family; others have the same cells.
TARGETS = {"ice40": "ice40-hx8k", "ecp5": "ecp5-25k", "gowin": "gowin-gw1nr9"}

KINDS = ("logic cells", "LUT", "FF", "carry", "LUT RAM")

_CELLS: dict[str, dict[str, Any]] = {
    "parallel": {},
    "two-sided": {"learning": {"measure": "two_sided"}},
    "shadow": {"engine": {"shadow": "yes"}},
    "early enables": {"engine": {"enables": "early"}},
    "reset": {"engine": {"reset": "yes"}},
    "follower": {"learning": {"follow": 4}},
    "share 1/4": {"perturbation": {"share": 0.25}},
    "share 1/8": {"perturbation": {"share": 0.125}},
    "by layer": {"perturbation": {"granularity": "layer"}},
    "by layer, two-sided": {
        "perturbation": {"granularity": "layer"},
        "learning": {"measure": "two_sided"},
    },
    "by node": {"perturbation": {"granularity": "node"}},
    "decay": {"learning": {"decay": 0.125}},
    "clamp": {"learning": {"clamp": 1.0}},
    "halved amplitude": {"perturbation": {"halve_every": 1000}},
    "serial": {"engine": {"cell": "serial"}},
    "serial, two-sided": {"engine": {"cell": "serial"}, "learning": {"measure": "two_sided"}},
}

#: Cells that differ from the default by the same whatever the code, so they are measured with one.
_ALIKE = ("reset", "by layer", "by layer, two-sided", "decay", "clamp", "halved amplitude")

#: Formats by the width of a parameter.
_FORMATS = {
    16: {"parameter": "SQ(5, 11)", "cost_change": "SQ(2, 12)"},
    12: {"parameter": "SQ(5, 7)", "cost_change": "SQ(2, 8)"},
    8: {"parameter": "SQ(3, 5)", "cost_change": "SQ(2, 6)"},
}


def _variants() -> dict[str, dict[str, Any]]:
    found = {}
    for bits, formats in _FORMATS.items():
        for family in get_args(Family):
            # Loaded words have a gain of their own. How fine C~ is changes nothing in a cell.
            words = {**formats, "cost_change": "SQ(2, 2)"}
            for cell, changes in _CELLS.items():
                if family != "random_code" and cell in _ALIKE:
                    continue
                codes = {"family": family, **changes.get("perturbation", {})}
                wanted = {**changes, "perturbation": codes, "formats": words}
                try:
                    preset("xor").replaced(**wanted)
                except ConfigError:  # no such cell for these codes
                    continue
                found[f"{family}, {cell}, {bits} bits"] = wanted
    return found


#: What one parameter costs alone: changes to the preset XOR, by name. Sinusoids have words of four bits.
VARIANTS = _variants()

#: What it costs with its share of the wires that lead to it, and of the registers at the leaves of the
#: broadcast: changes to the preset again.
ARRAYS: dict[str, dict[str, Any]] = {
    "array of parallel, 16 bits": {},
    "array of shadow, 16 bits": {"engine": {"shadow": "yes"}},
    "array of serial, 16 bits": {"engine": {"cell": "serial"}},
    "array of parallel, leaves, 16 bits": {"engine": {"leaves": "yes"}},
    "array of parallel, leaves of 16 cells, 16 bits": {"engine": {"leaves": "yes", "leaf_cells": 16}},
    "array of parallel, leaves of 8 cells, 16 bits": {"engine": {"leaves": "yes", "leaf_cells": 8}},
    "array of parallel, leaves of 4 cells, 16 bits": {"engine": {"leaves": "yes", "leaf_cells": 4}},
    "array of serial, leaves, 16 bits": {"engine": {"cell": "serial", "leaves": "yes"}},
}

#: Arrays that are measured with access and without, between the same two sizes.
_TREES: dict[str, dict[str, Any]] = {
    "parallel": {},
    "parallel, leaves": {"engine": {"leaves": "yes"}},
    "serial": {"engine": {"cell": "serial"}},
    "loaded": {"perturbation": {"family": "square"}},
    "nodes": {"perturbation": {"granularity": "node"}, "formats": {"cost_change": "SQ(2, 2)"}},
}
_TILES_OF: dict[str, dict[str, Any]] = {
    f"tiles of {name}{', access' * (access == 'yes')}, 16 bits": {
        **changes,
        "engine": {**changes.get("engine", {}), "access": access},
    }
    for name, changes in _TREES.items()
    for access in ("no", "yes")
}
ARRAYS |= _TILES_OF

_TILES = (8, 24)

#: Two networks, as inputs and neurons.
Shapes = tuple[tuple[int, int], tuple[int, int]]

#: 64 and 128 parameters in one layer: one tile, and two.
_SHAPES: Shapes = ((63, 1), (63, 2))
#: 64 and 320, because a tree over tiles has no root where there is one tile.
_TILED: Shapes = ((63, 1), (63, 5))


def _config(shape: tuple[int, int], changes: Mapping[str, Any]) -> TrainerConfig:
    sections: dict[str, Any] = {"engine": {"leaves": "no"}}
    for section, keys in changes.items():
        sections[section] = {**sections.get(section, {}), **keys}
    config = preset("xor").replaced(**sections)
    # An array alone: no task has this shape, and none is needed to build it.
    document = config.model_dump(mode="json")
    document["network"]["layers"] = list(shape)
    return TrainerConfig.model_validate(document)


def _sizes(block: Block, target: str) -> dict[str, float]:
    try:
        text = verilog(block, "array")
    except EmitError as error:
        raise SynthError(str(error)) from None
    if target == "liberty":
        return _areas(text, liberty.read(liberty.from_environment()))
    device = DEVICES[TARGETS[target]]
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
        module = netlist_in(Path(folder), text, device.passes("array"))["modules"]["array"]
    found = sizes(device, module)
    return {kind: sum(found.get(kind, {}).values()) for kind in KINDS}


def _areas(text: str, library: liberty.Library) -> dict[str, float]:
    passes = liberty.passes("array", buffers=library.buffers)
    files = {liberty.FILE: library.text.encode()}
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
        module = netlist_in(Path(folder), text, passes, files=files)["modules"]["array"]
    return {each.name: each.used + each.harness for each in liberty.resources(module, library)}


def _slope(small: Mapping[str, float], large: Mapping[str, float], parameters: int) -> dict[str, float]:
    slopes = {kind: (large[kind] - small[kind]) / parameters for kind in large}
    return {kind: slope for kind, slope in slopes.items() if slope}


def tile_slope(changes: Mapping[str, Any], target: str = "ice40") -> dict[str, float]:
    """Per parameter of the cells alone: code bit, integrator, rail and perturbed output."""
    config = _config(_SHAPES[0], changes)

    engine = ENGINES[config.facts.name]
    small, large = (_sizes(engine.tile(config, cells), target) for cells in _TILES)
    return _slope(small, large, _TILES[1] - _TILES[0])


def array_slope(
    changes: Mapping[str, Any], target: str = "ice40", shapes: Shapes = _SHAPES
) -> dict[str, float]:
    """Per parameter of a whole array: the cell, its row's wire, and leaf registers if there are any; between
    two networks of one layer.
    """
    configs = [_config(shape, changes) for shape in shapes]
    small, large = (_sizes(ENGINES[config.facts.name].cells(config), target) for config in configs)
    return _slope(small, large, configs[1].parameters - configs[0].parameters)


def measured(name: str, target: str) -> dict[str, float]:
    """One of :data:`VARIANTS` or :data:`ARRAYS`."""
    if name in VARIANTS:
        return tile_slope(VARIANTS[name], target)
    return array_slope(ARRAYS[name], target, _TILED if name in _TILES_OF else _SHAPES)


# ---- what to compare with ------------------------------------------------------------------------


def bound(name: str, target: str) -> float:
    """No cell can be smaller: what it stores, and the least that works on it.

    A parallel cell stores W bits and its code, with a shadow or a follower also the visible bits, each in a
    register that comes with a logic cell; node by node it has no code. On ECP5 registers are counted apart;
    W bits and the code are sums and a table. There W bits of a serial cell take their share of 64 bits
    in six sites, and a serial adder's sum and carry two.
    """
    config = _config(_SHAPES[0], VARIANTS[name] if name in VARIANTS else ARRAYS[name])
    width, code = config.words.parameter.width, 0 if config.facts.by_input else config.code_bits
    if target == "ecp5":
        return 6 * width / 64 + 2 if config.facts.memory else width + min(1, code)
    return width + code + config.shadow * config.words.visible.width


#: What the 16-bit cells should reach, in logic cells.
_GOALS = {("ice40", "parallel"): 18.0, ("ecp5", "parallel"): 20.0, ("ecp5", "serial"): 6.5}


def goal(name: str, target: str) -> float | None:
    """What a cell was meant to reach, where something was."""
    found = re.fullmatch(r"random_code, (\w+), 16 bits", name)
    return _GOALS.get((target, found[1])) if found else None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.cell_area", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, default="ice40", help="default: ice40")
    parser.add_argument("--bits", type=int, choices=_FORMATS, help="parameters of this width only")
    parser.add_argument("--only", choices=(*VARIANTS, *ARRAYS), metavar="NAME", help="one row only")
    given = parser.parse_args(arguments)
    names = [given.only] if given.only else [*VARIANTS, *ARRAYS]
    if given.bits:
        names = [name for name in names if f" {given.bits} bits" in name]
    sys.stdout.write(f"{'':46}{'bound':>8}" + "".join(f"{kind:>12}" for kind in KINDS) + "\n")
    for name in names:
        found = measured(name, given.target)
        row = "".join(f"{found.get(kind, 0):12.3f}" for kind in KINDS)
        sys.stdout.write(f"{name:46}{bound(name, given.target):8.2f}{row}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(status_of(main))
