"""How large is every block? ``docs/sizes.json`` remembers, with the Verilog that each number belongs to.

Each block stands alone, in the configuration of its page, so the numbers do not add up to a trainer: what
two blocks share or cut away in each other is in both.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mgd_hdl.emit import verilog
from mgd_hdl.files import write_file
from mgd_synth import results
from mgd_synth.ice40 import area
from mgd_synth.yosys import version

from .pages import PAGES, ROOT, Page

__all__ = ["fingerprint", "measured", "sizes"]

_FILE = ROOT / "docs" / "sizes.json"


def sizes() -> dict[str, Any]:
    """What the last measurement found: the tool, and every block by the name of its page."""
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def fingerprint(page: Page) -> str:
    """Of the block's Verilog."""
    return results.fingerprint(verilog(page.block(), "block"))


def measured(page: Page) -> dict[str, Any]:
    """Synthesize the block."""
    return {"verilog": fingerprint(page), **asdict(area(verilog(page.block(), "block"), "block"))}


def refresh() -> None:
    """Measure every block whose Verilog is not the one that was measured last, or whose tool is not."""
    old = sizes() if _FILE.exists() else {"tool": None}
    known = old["blocks"] if old["tool"] == version() else {}
    blocks = {
        page.name: known[page.name]
        if known.get(page.name, {}).get("verilog") == fingerprint(page)
        else measured(page)
        for page in PAGES
    }
    document = {"tool": version(), "blocks": blocks}
    write_file(_FILE, json.dumps(document, indent=1) + "\n", force=True)
