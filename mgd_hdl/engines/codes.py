"""Codes of a core: each place that needs one has a generator of its own, all in the same state."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Value

from ..hierarchy import Block
from ..kinds import code_block
from ..site import Link, Site

__all__ = ["code_wires", "place_code"]


def code_wires(code: Block) -> dict[str, Value]:
    """The wires that a code drives, by name."""
    names = [name for name in code.signature.members if name.endswith(("rows", "columns", "diagonals"))]
    return {name: getattr(code, name) for name in names}


def place_code(site: Site, links: Sequence[Link], name: str, advance: Value) -> dict[str, Value]:
    """The wires of one more code, and of what options put beside it."""
    code = site.place(name, code_block(site.config))
    site.m.d.comb += [code.load.eq(site.restart), code.advance.eq(advance)]
    if "seed_code" in site:
        site.m.d.comb += code.seed.eq(site.ports.seed_code)
    wires = code_wires(code)
    for link in links:
        wires |= link.companion(name, advance)
    return wires
