"""What does a host cost? The register bank and each bus around XOR, with and without windows, and the clock.

``python -m mgd_synth.host`` synthesizes each and prints what its blocks take; ``--target`` and ``--only``
measure less. ``--placed SEEDS`` places and routes each, with so many seeds, and prints clock rates in their
place, after that of the trainer alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from . import runs
from .cell_area import TARGETS
from .flow import DEVICES, rates
from .script import status_of

__all__ = ["HOSTS", "configuration", "sizes"]

#: Blocks that a host adds.
BLOCKS = ("bank", "bus", "uart", "frames")
_WINDOWS: dict[str, Any] = {"engine": {"access": "yes"}, "network": {"inference": "yes"}}
HOSTS: dict[str, dict[str, Any]] = {
    "axi4lite": {"host": {"bus": "axi4lite"}},
    "wishbone": {"host": {"bus": "wishbone"}},
    "wishbone, pipelined": {"host": {"bus": "wishbone", "pipelined": True}},
    "uart": {"host": {"bus": "uart"}},
    "axi4lite, parameters and inference": {"host": {"bus": "axi4lite"}, **_WINDOWS},
}


def configuration(host: str) -> TrainerConfig:
    """XOR behind it."""
    return preset("xor").replaced(**HOSTS[host])


def sizes(host: str, target: str) -> dict[str, dict[str, float]]:
    """Cells of each block that it adds, by their kind."""
    found = runs.measured(configuration(host), TARGETS[target])
    return {
        block: {kind: cells[block] for kind, cells in found.items() if cells.get(block)}
        for block in BLOCKS
        if any(cells.get(block) for cells in found.values())
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.host", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, help="one device only")
    parser.add_argument("--only", choices=HOSTS, metavar="HOST", help="one host only")
    parser.add_argument("--placed", type=int, metavar="SEEDS", help="clock rates, of so many seeds")
    given = parser.parse_args(arguments)
    known: dict[tuple[str, str], list[float]] = {}

    def placed(config: TrainerConfig, target: str) -> list[float]:
        """Megahertz of each seed. Several hosts stand around the same trainer, which is placed once."""
        key = target, config.model_dump_json()
        if key not in known:
            known[key] = rates(config, DEVICES[TARGETS[target]], given.placed)
        return known[key]

    for target in [given.target] if given.target else TARGETS:
        for host in [given.only] if given.only else HOSTS:
            config = configuration(host)
            if given.placed:
                alone, both = placed(config.bare, target), placed(config, target)
                told = f"alone {median(alone):.1f} MHz, with it {median(both):.1f} ({alone}, {both})"
            else:
                told = "; ".join(
                    f"{block} {', '.join(f'{cells:g} {kind}' for kind, cells in found.items())}"
                    for block, found in sizes(host, target).items()
                )
            sys.stdout.write(f"{host}, {target}: {told}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(status_of(main))
