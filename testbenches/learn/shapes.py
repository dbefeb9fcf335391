"""Configurations that the tests of the learning elements share."""

from __future__ import annotations

from typing import Any

from mgd_hdl.config import TrainerConfig, preset

__all__ = ["FAMILIES", "answering", "learner"]

FAMILIES = ("random_code", "walsh", "sequential")

#: Parity tasks have as many inputs as the first layer.
_TASKS = {inputs: f"parity{inputs}" for inputs in range(3, 9)} | {2: "xor"}


def learner(
    *layers: int,
    family: str = "random_code",
    sides: str = "one_sided",
    shadow: bool = False,
    leaves: bool = False,
    leaf_cells: int = 64,
    early: bool = False,
    parameter: str = "SQ(2, 4)",
    share: float = 1.0,
    **learning: Any,
) -> TrainerConfig:
    """A trainer of few bits: T is six bits wide, of which the network sees the top four."""
    return preset("xor").replaced(
        network={"layers": layers or (2, 2, 1), "initial": 0.5},
        formats={"parameter": parameter, "cost_change": "SQ(1, 5)"},
        perturbation={"family": family, "share": share},
        learning={"measure": sides, **learning},
        task={"name": _TASKS[layers[0] if layers else 2]},
        engine={
            "shadow": "yes" if shadow else "no",
            "leaves": "yes" if leaves else "no",
            "leaf_cells": leaf_cells,
            "enables": "early" if early else "direct",
        },
    )


def answering(config: TrainerConfig) -> TrainerConfig:
    """The same with cells that can rest, whatever is measured."""
    return config.replaced(network={"inference": "yes"})
