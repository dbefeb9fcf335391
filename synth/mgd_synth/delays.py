"""How long is the slowest way between two registers of a trainer, once it is placed? What it follows from.

That is some logic, less of it with ``engine.stages = "many"``, and wires: these are as long as the trainer is
wide, which goes with the root of its logic cells. Where stages are few two more things count: a long table,
in a block memory or of logic, whose word goes through a multiplier in the same clock, and products for which
no multiplier is left. Letters that are drawn on chip have a long way of their own.
"""

from __future__ import annotations

import math

from mgd_hdl.config import TrainerConfig

from .features import Features

__all__ = ["delays", "fabric", "period"]

#: A table of more segments is a long one.
_SHORT = 32


def fabric(target: str) -> str:
    """Devices that are as fast as each other, by the name of the smallest."""
    return "ecp5-25k" if target.startswith("ecp5") else target


def _segments(config: TrainerConfig) -> int:
    """Of the longest table."""
    words = [layer.tables[0].words[0] for layer in config.shape.layers if layer.table is not None]
    if config.loss == "cross_entropy":
        words.append(config.curves.distance_table.words[0])
    return max(map(len, words), default=0)


def delays(config: TrainerConfig, cells: float, tables: bool) -> Features:
    """Features of the slowest path; their coefficients are nanoseconds.

    Parameters
    ----------
    config : TrainerConfig
    cells : float
        Logic cells that it takes on a device.
    tables : bool
        Whether some products are made of tables though the device has multipliers.
    """
    few, many = not config.staged, config.staged
    return {
        "few": few,
        "many": many,
        "wires, few": few * math.sqrt(cells),
        "wires, many": many * math.sqrt(cells),
        "long table": few and _segments(config) > _SHORT,
        "products": few and tables,
        "letters": config.task.source == "generator",
    }


def period(terms: Features, given: Features) -> float | None:
    """Nanoseconds; None where no trainer with as many stages was placed."""
    stages = "many" if given["many"] else "few"
    if not terms.keys() & {stages, f"wires, {stages}"}:
        return None
    return sum(value * given[name] for name, value in terms.items())
