"""What does one parameter cost? The slope between two arrays, so that nothing shared is in it.

``python -m mgd_synth.cell_area`` prints the table; ``--write`` renews the baseline that the tests
compare with.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.array import Array, CellTile
from mgd_hdl.learn.loaded import LoadedArray, LoadedTile

from .ice40 import area
from .yosys import SynthError, version

__all__ = ["BASELINE", "VARIANTS", "array_slope", "tile_slope"]

BASELINE = Path(__file__).parents[1] / "baselines" / "cell_ice40.json"

#: 64 and 256 parameters in one layer.
_SHAPES = ((63, 1), (63, 4))

VARIANTS: dict[str, dict[str, Any]] = {
    "random_code": {},
    "random_code, two-sided": {"learning": {"measure": "two_sided"}},
    "random_code, shadow": {"engine": {"shadow": "yes"}},
    "random_code, leaves": {"engine": {"leaves": "yes"}},
    "walsh": {"perturbation": {"family": "walsh"}},
    "sequential": {"perturbation": {"family": "sequential"}},
    "square": {"perturbation": {"family": "square"}},
    "sinusoidal, 4 bits": {"perturbation": {"family": "sinusoidal"}, "formats": {"cost_change": "SQ(2, 9)"}},
    "sinusoidal, 4 bits, two-sided": {
        "perturbation": {"family": "sinusoidal"},
        "formats": {"cost_change": "SQ(2, 8)"},
        "learning": {"measure": "two_sided"},
    },
    "random_code, 12 bits": {"formats": {"parameter": "SQ(5, 7)", "cost_change": "SQ(2, 8)"}},
    "random_code, 20 bits": {"formats": {"parameter": "SQ(5, 15)"}},
}


def _config(shape: tuple[int, int], changes: dict[str, Any]) -> TrainerConfig:
    sections: dict[str, Any] = {"engine": {"leaves": "no"}}
    for section, keys in changes.items():
        sections[section] = {**sections.get(section, {}), **keys}
    config = preset("xor").replaced(**sections)
    # An array alone: no task has this shape, and none is needed to build it.
    document = config.model_dump(mode="json")
    document["network"]["layers"] = list(shape)
    return TrainerConfig.model_validate(document)


def array_slope(changes: dict[str, Any]) -> dict[str, float]:
    """Per parameter of a whole array: the cell, its row's wire, and leaf registers if there are any."""
    small, large = (_config(shape, changes) for shape in _SHAPES)
    array = LoadedArray if small.loaded else Array
    found = [area(verilog(array(config), "array"), "array") for config in (small, large)]
    return found[1].slope(found[0], large.parameters - small.parameters)


def tile_slope(changes: dict[str, Any]) -> dict[str, float]:
    """Per parameter of the cells alone: code bit, integrator, rail and perturbed output."""
    config = _config(_SHAPES[0], changes)
    tile = LoadedTile if config.loaded else CellTile
    found = [area(verilog(tile(config, cells), "tile"), "tile") for cells in (16, 64)]
    return found[1].slope(found[0], 48)


def measure() -> dict[str, Any]:
    """Every variant, keyed by the synthesizer's release."""
    table = {}
    for name, changes in VARIANTS.items():
        table[name] = {"cell": tile_slope(changes), "array": array_slope(changes)}
        sys.stderr.write(f"{name}\n")
    return {"tool": version(), "logic cells per parameter": table}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.cell_area", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {BASELINE.name}")
    given = parser.parse_args(arguments)
    try:
        found = measure()
    except SynthError as error:
        sys.stderr.write(f"mgd_synth: {error}\n")
        return 1
    for name, row in found["logic cells per parameter"].items():
        cell, array = row["cell"]["cells"], row["array"]["cells"]
        sys.stdout.write(f"{name:26} cell {cell:7.3f}   in the array {array:7.3f}\n")
    if given.write:
        BASELINE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
