"""Elements of XML, and their text."""

from __future__ import annotations

from xml.etree import ElementTree

__all__ = ["ACCESS", "child", "text_of"]

#: What software may do, in the words of IP-XACT and of CMSIS-SVD.
ACCESS = {"ro": "read-only", "rw": "read-write", "wo": "write-only", "w1c": "read-write"}


def child(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    """A new last element, with this text."""
    element = ElementTree.SubElement(parent, name)
    element.text = text
    return element


def text_of(root: ElementTree.Element) -> str:
    """A file."""
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
