"""The memory map as files of others: a page, a C header, CMSIS-SVD, SystemRDL and IP-XACT."""

from __future__ import annotations

from ..config.memory_map import MemoryMap
from .c_header import c_header
from .ip_xact import ip_xact
from .page import page
from .svd import svd
from .system_rdl import system_rdl

__all__ = ["register_files"]


def register_files(registers: MemoryMap) -> dict[str, str]:
    """By name. Equal maps give equal bytes."""
    name = registers.name
    return {
        f"{name}.registers.md": page(registers),
        f"{name}.registers.h": c_header(registers),
        f"{name}.svd": svd(registers),
        f"{name}.rdl": system_rdl(registers),
        f"{name}.ipxact.xml": ip_xact(registers),
    }
