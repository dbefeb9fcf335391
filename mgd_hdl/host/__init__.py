"""What runs on a computer beside a device: training it in the loop."""

from __future__ import annotations

from .dry_run import Look, dry_run
from .faults import FAULTS, DeviceAtRest, Pause
from .loop import ChipInTheLoop

__all__ = ["FAULTS", "ChipInTheLoop", "DeviceAtRest", "Look", "Pause", "dry_run"]
