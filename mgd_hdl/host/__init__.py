"""What runs on a computer beside a device: training it in the loop."""

from __future__ import annotations

from .dry_run import Look, dry_run
from .faults import FAULTS, DeviceAtRest, Pause
from .loop import ChipInTheLoop
from .tracking import Tracked, tracked_csv, tracked_figure

__all__ = [
    "FAULTS",
    "ChipInTheLoop",
    "DeviceAtRest",
    "Look",
    "Pause",
    "Tracked",
    "dry_run",
    "tracked_csv",
    "tracked_figure",
]
