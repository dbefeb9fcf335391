"""The memory map of one circuit as a page of Markdown."""

from __future__ import annotations

from ..config.memory_map import Mapped, MemoryMap

__all__ = ["page"]

_ACCESS = {
    "ro": "read only",
    "rw": "read and write",
    "wo": "write only, reads as zero",
    "w1c": "read; a one that is written clears its bit",
}


def page(registers: MemoryMap) -> str:
    """One table of all registers, then one of the bits of each that has several fields."""
    lines = [
        f"# Registers of {registers.name}",
        "",
        "Addresses are in bytes, from where the circuit is; words have 32 bits, little endian. Bits that are"
        " not listed read as zero.",
        "Reads have no side effect but where it is said in bold.",
        "",
        "| address | register | access | reset | may be | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
        *map(_row, registers),
    ]
    for register in registers:
        if len(register.fields) > 1:
            lines += [
                "",
                f"## {register.name}",
                "",
                f"{register.meaning} {_ACCESS[register.access].capitalize()}.",
            ]
            lines += ["", "| bits | field | meaning |", "| --- | --- | --- |"]
            for field in register.fields:
                top = field.low + field.width - 1
                place = f"{field.low}" if field.width == 1 else f"{top}:{field.low}"
                lines.append(f"| {place} | `{field.name}` | {field.meaning} |")
    return "\n".join(lines) + "\n"


def _row(register: Mapped) -> str:
    legal = register.legal
    may = "" if legal is None else f"{legal[0]} to {legal[-1]}"
    effect = f" **{register.effect}**" if register.effect else ""
    rule = f" {register.rule[0].upper()}{register.rule[1:]}." if register.rule else ""
    meaning = f"{register.meaning}{effect}{rule}".replace("|", "\\|")
    return (
        f"| 0x{register.address:03X} | `{register.name}` | {register.access} | 0x{register.reset:X} | {may} |"
        f" {meaning} |"
    )
