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
    loop = memory_map(circuits()["xor, a device outside"])
    others = memory_map(_MORE["xor, wide costs"])
    names = [each.name for each in sorted({*loop, *others}, key=lambda each: each.address)]
    for name in dict.fromkeys(names):
        maps = [registers for registers in (others, loop) if name in registers]
        bits = {bit.name: bit for registers in maps for bit in registers[name].fields}
        if len(bits) > 1 and name != "interrupt_enable":
            of_loops = bits.keys() - ({bit.name for bit in others[name].fields} if name in others else set())
            for bit in bits.values():
                place = f"{bit.low}" if bit.width == 1 else f"{bit.low + bit.width - 1}:{bit.low}"
                only = " Only with a device outside." if bit.name in of_loops else ""
                rows.append([f"`{name}`", place, f"`{bit.name}`", f"{bit.meaning}{only}"])
    return rows
