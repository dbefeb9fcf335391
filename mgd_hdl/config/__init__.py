"""What to build: validated, frozen, shared by the circuit and its twin."""

from __future__ import annotations

from .codes import COLUMNS, LFSR, Lfsr, RandomCode, Sinusoids, SparseCode, WalshCode
from .cost import CurveTable
from .errors import ConfigError, Problem
from .network import ActivationTable, Defect, LayerConfig, adder_levels
from .number import SQ, UQ, Format, Overflow, Rounding
from .registers import REGISTERS, SEEDS, Register, Registers
from .sections import HIGH_PASS
from .showcase import Tries
from .toml import PRESETS, load, loads, preset
from .trainer import COUNT_BITS, Place, Tile, TrainerConfig

__all__ = [
    "COLUMNS",
    "COUNT_BITS",
    "HIGH_PASS",
    "LFSR",
    "PRESETS",
    "REGISTERS",
    "SEEDS",
    "SQ",
    "UQ",
    "ActivationTable",
    "ConfigError",
    "CurveTable",
    "Defect",
    "Format",
    "LayerConfig",
    "Lfsr",
    "Overflow",
    "Place",
    "Problem",
    "RandomCode",
    "Register",
    "Registers",
    "Rounding",
    "Sinusoids",
    "Tile",
    "TrainerConfig",
    "Tries",
    "SparseCode",
    "WalshCode",
    "adder_levels",
    "load",
    "loads",
    "preset",
]
