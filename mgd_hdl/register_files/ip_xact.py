"""The memory map as a component of IP-XACT, IEEE 1685-2014."""

from __future__ import annotations

from xml.etree import ElementTree

from ..config.memory_map import ADDRESS_BITS, VERSION, Mapped, MemoryMap
from .xml import ACCESS, child, text_of

__all__ = ["ip_xact"]

_SPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"


def ip_xact(registers: MemoryMap) -> str:
    """One memory map with one block of registers; for whoever puts the circuit together with others."""
    root = ElementTree.Element(
        "ipxact:component",
        {
            "xmlns:ipxact": _SPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_SPACE} {_SPACE}/index.xsd",
        },
    )
    _child(root, "vendor", "mgd_hdl")
    _child(root, "library", "trainer")
    _child(root, "name", registers.name)
    _child(root, "version", f"{VERSION >> 16}.{VERSION & 0xFFFF}")
    memory_map = _child(_child(root, "memoryMaps"), "memoryMap")
    _child(memory_map, "name", "registers")
    block = _child(memory_map, "addressBlock")
    _child(block, "name", registers.name)
    _child(block, "baseAddress", "'h0")
    _child(block, "range", f"'h{1 << ADDRESS_BITS:X}")
    _child(block, "width", "32")
    _child(block, "usage", "register")
    for register in registers:
        _register(block, register)
    _child(memory_map, "addressUnitBits", "8")
    return text_of(root)


def _register(block: ElementTree.Element, register: Mapped) -> None:
    element = _child(block, "register")
    _child(element, "name", register.name)
    _child(element, "description", register.description)
    _child(element, "addressOffset", f"'h{register.address:X}")
    _child(element, "size", "32")
    volatile = "true" if register.volatile else "false"
    _child(element, "volatile", volatile)
    _child(element, "access", ACCESS[register.access])
    for field in register.fields:
        each = _child(element, "field")
        _child(each, "name", field.name)
        _child(each, "description", field.meaning)
        _child(each, "bitOffset", str(field.low))
        _child(_child(_child(each, "resets"), "reset"), "value", f"'h{field.of(register.reset):X}")
        _child(each, "bitWidth", str(field.width))
        _child(each, "volatile", volatile)
        _child(each, "access", ACCESS[register.access])
        if register.access == "w1c":
            _child(each, "modifiedWriteValue", "oneToClear")


def _child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    return child(parent, f"ipxact:{name}", text)
