"""Tables of the memory map, for ``docs/host.md``."""

from __future__ import annotations

import re

from mgd_hdl.config import Mapped, TrainerConfig, memory_map, preset

from .top import circuits

__all__ = ["table"]

#: Beside those of :func:`circuits`: registers that none of them has.
_MORE = {
    "xor, wide costs": preset("xor").replaced(
        formats={"cost_change": "SQ(2, 25)", "parameter": "SQ(3, 25)"},
        network={"activation": ["sigmoid", "linear"]},
        task={"accuracy": True},
        judge={"kind": "window", "retry": 1_000},
        host={"bus": "uart"},
    )
}


def _all() -> list[tuple[Mapped, TrainerConfig, bool]]:
    """Every register once, by address, with the first circuit that has it, and whether all have it."""
    configs = [*circuits().values(), *_MORE.values()]
    maps = [memory_map(config) for config in configs]
    found: dict[str, tuple[Mapped, TrainerConfig, bool]] = {}
    for config, registers in zip(configs, maps, strict=True):
        for register in registers:
            found.setdefault(register.name, (register, config, all(register.name in each for each in maps)))
    return sorted(found.values(), key=lambda entry: entry[0].address)


def table(part: str) -> list[list[str]]:
    """A head, then a row for each register or bit."""
    return {"registers": _registers, "bits": _bits}[part]()


def _registers() -> list[list[str]]:
    rows = [["address", "register", "access", "meaning"]]
    for register, _, everywhere in _all():
        effect = f" **{register.effect}**" if register.effect else ""
        only = "" if everywhere else " Only in circuits that have it."
        meaning = f"{_general(register)}{effect}{only}"
        rows.append([f"0x{register.address:03X}", f"`{register.name}`", register.access, meaning])
    return rows


def _general(register: Mapped) -> str:
    """The meaning without the formats, which differ from circuit to circuit."""
    return re.sub(r",? in [SU]Q\(\d+, \d+\)", "", register.meaning)


def _bits() -> list[list[str]]:
    rows = [["register", "bits", "name", "meaning"]]
    registers = memory_map(_MORE["xor, wide costs"])
    for register in registers:
        if len(register.fields) > 1 and register.name != "interrupt_enable":
            for field in register.fields:
                place = f"{field.low}" if field.width == 1 else f"{field.low + field.width - 1}:{field.low}"
                rows.append([f"`{register.name}`", place, f"`{field.name}`", field.meaning])
    return rows
