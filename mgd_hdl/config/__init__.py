"""What to build: validated, frozen, shared by the circuit and its twin."""

from __future__ import annotations

from .attached import Attached, AttachedFile
from .codes import COLUMNS, LFSR, Lfsr, RandomCode, Sinusoids, SparseCode, WalshCode
from .cost import CurveTable
from .errors import ConfigError, Problem
from .memory_map import BitField, Mapped, MemoryMap, memory_map
from .network import ActivationTable, Defect, LayerConfig, adder_levels
from .number import SQ, UQ, Format, Overflow, Rounding
from .placement import Place, Tile
from .ports import COUNT_BITS, FLAGS, PORTS, Field, Port, fields, ports
from .registers import REGISTERS, SEEDS, Register, Registers
from .sections import HIGH_PASS
from .showcase import Tries
from .states import RECORDED, STATES, State, shown_states
from .toml import PRESETS, load, loads, preset
from .trainer import TrainerConfig

__all__ = [
    "COLUMNS",
    "COUNT_BITS",
    "FLAGS",
    "HIGH_PASS",
    "LFSR",
    "PORTS",
    "PRESETS",
    "RECORDED",
    "REGISTERS",
    "SEEDS",
    "SQ",
    "STATES",
    "UQ",
    "ActivationTable",
    "Attached",
    "AttachedFile",
    "BitField",
    "ConfigError",
    "CurveTable",
    "Defect",
    "Field",
    "Format",
    "LayerConfig",
    "Lfsr",
    "Mapped",
    "MemoryMap",
    "Overflow",
    "Place",
    "Port",
    "Problem",
    "RandomCode",
    "Register",
    "Registers",
    "Rounding",
    "Sinusoids",
    "State",
    "Tile",
    "TrainerConfig",
    "Tries",
    "SparseCode",
    "WalshCode",
    "adder_levels",
    "fields",
    "load",
    "loads",
    "memory_map",
    "ports",
    "preset",
    "shown_states",
]
