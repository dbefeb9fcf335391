"""What runs on a computer beside a circuit or a device: the driver of circuits, and training in the loop."""

from __future__ import annotations

from .driver import Circuit, Standing, connect
from .dry_run import Look, dry_run
from .errors import (
    AccessRefused,
    CircuitAtRest,
    HostError,
    LineTaken,
    NoAnswer,
    TooLong,
    Unplugged,
    WrongCircuit,
)
from .faults import FAULTS, DeviceAtRest, Pause
from .framed import FramedLine
from .loop import ChipInTheLoop
from .mapped import MappedMemory, PynqMemory
from .resuming import Taken
from .serial_port import SerialPort
from .tracking import Tracked, tracked_csv, tracked_figure
from .transport import Transport
from .wire import DirectLine

__all__ = [
    "FAULTS",
    "AccessRefused",
    "ChipInTheLoop",
    "Circuit",
    "CircuitAtRest",
    "DeviceAtRest",
    "DirectLine",
    "FramedLine",
    "HostError",
    "LineTaken",
    "Look",
    "MappedMemory",
    "NoAnswer",
    "Pause",
    "PynqMemory",
    "SerialPort",
    "Standing",
    "Taken",
    "TooLong",
    "Tracked",
    "Transport",
    "Unplugged",
    "WrongCircuit",
    "connect",
    "dry_run",
    "tracked_csv",
    "tracked_figure",
]
