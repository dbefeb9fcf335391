"""What does a door cost a whole trainer? The same trainer with it and without, by engine and device.

``python -m mgd_synth.doors`` synthesizes XOR for each and prints logic cells, registers and memories as
``without + more``; ``--target`` and ``--only`` measure less. ``--placed SEEDS`` places and routes both with
so many seeds and prints clock rates in their place.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from . import runs
from .cell_area import TARGETS
from .flow import DEVICES, rates
from .script import status_of

__all__ = ["DOORS", "ENGINES", "clocks", "pair", "sizes"]

#: What asks for each.
DOORS: dict[str, dict[str, dict[str, Any]]] = {
    "inference": {"network": {"inference": "yes"}},
    "access": {"engine": {"access": "yes"}},
}

#: Changes to XOR: each engine, and each form of cells that needs a wire of rest for it.
ENGINES: dict[str, dict[str, dict[str, Any]]] = {
    "parallel": {},
    "parallel, two-sided": {"learning": {"measure": "two_sided"}},
    "shadow": {"engine": {"shadow": "yes"}},
    "delayed": {"learning": {"updates": "delayed"}},
    "serial": {"engine": {"cell": "serial"}},
    "serial, two-sided": {"engine": {"cell": "serial"}, "learning": {"measure": "two_sided"}},
    "loaded, square": {"perturbation": {"family": "square"}},
    "node": {"perturbation": {"granularity": "node"}, "formats": {"parameter": "SQ(5, 14)"}},
}


def pair(door: str, engine: str) -> tuple[TrainerConfig, TrainerConfig]:
    """A trainer without the door, and with it."""
    plain = preset("xor").replaced(**ENGINES[engine])
    return plain, plain.replaced(**DOORS[door])


def sizes(door: str, engine: str, target: str) -> dict[str, tuple[float, float]]:
    """Cells of each kind without the door, and how many more with it."""
    both = [runs.measured(each, TARGETS[target]) for each in pair(door, engine)]
    found = {}
    for kind in sorted({*both[0], *both[1]}):
        plain, more = (sum(each.get(kind, {}).values()) for each in both)
        found[kind] = plain, more - plain
    return found


def clocks(door: str, engine: str, target: str, seeds: int) -> tuple[list[float], list[float]]:
    """Megahertz of each seed, without the door and with it."""
    plain, more = pair(door, engine)
    device = DEVICES[TARGETS[target]]
    return rates(plain, device, seeds), rates(more, device, seeds)


def _size_row(found: Mapping[str, tuple[float, float]]) -> str:
    shown = [f"{plain:g} + {more:g} {kind}" for kind, (plain, more) in found.items() if plain or more]
    return ", ".join(shown)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.doors", description=__doc__)
    parser.add_argument("--door", choices=DOORS, help="one door only")
    parser.add_argument("--target", choices=TARGETS, help="one device only")
    parser.add_argument("--only", choices=ENGINES, metavar="ENGINE", help="one engine only")
    parser.add_argument("--placed", type=int, metavar="SEEDS", help="clock rates, of so many seeds")
    given = parser.parse_args(arguments)
    for door in [given.door] if given.door else DOORS:
        for engine in [given.only] if given.only else ENGINES:
            for target in [given.target] if given.target else TARGETS:
                if given.placed:
                    plain, more = clocks(door, engine, target, given.placed)
                    told = f"{median(plain):.1f} MHz, with it {median(more):.1f} ({plain}, {more})"
                else:
                    told = _size_row(sizes(door, engine, target))
                sys.stdout.write(f"{door}, {engine}, {target}: {told}\n")
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(status_of(main))
