"""How large is every block? ``docs/sizes.json`` remembers, with the Verilog that each number belongs to.

Each block stands alone, in the configuration of its page, so the numbers do not add up to a trainer: what
two blocks share or cut away in each other is in both.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.files import write_file
from mgd_hdl.learn.lanes import Lane, Lanes
from mgd_synth import results
from mgd_synth.ice40 import area
from mgd_synth.yosys import version

from .pages import PAGES, ROOT, Page

__all__ = ["CODES", "coded", "fingerprint", "measured", "of_lanes", "sizes"]

_FILE = ROOT / "docs" / "sizes.json"

#: What the lanes of a bank are measured with, by how the page calls the code.
CODES: dict[str, dict[str, Any]] = {
    "sequential": {"family": "sequential"},
    "Walsh": {"family": "walsh"},
    "Walsh, layer by layer": {"family": "walsh", "granularity": "layer"},
    "random": {},
    "random, 1/2 shaken": {"share": 0.5},
    "random, 1/4 shaken": {"share": 0.25},
    "random, 1/8 shaken": {"share": 0.125},
}


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


def _letters(code: str) -> TrainerConfig:
    """The letters on four lanes."""
    return preset("nist7x7_centered").replaced(engine={"kind": "bank", "lanes": 4}, perturbation=CODES[code])


def coded(code: str) -> str:
    """A fingerprint of the lanes with a code."""
    return results.fingerprint(verilog(Lanes(_letters(code)), "block"))


def of_lanes(code: str) -> dict[str, Any]:
    """Synthesize a lane with a code, and four with what they share."""
    config = _letters(code)
    cells = {block.__name__: area(verilog(block(config), "block"), "block").cells for block in (Lane, Lanes)}
    row = config.timing.indices.row_bits if config.timing.indices and config.timing.indices.rows else 0
    return {
        "verilog": coded(code),
        "lane": cells["Lane"],
        "shared": cells["Lanes"] - config.engine.lanes * cells["Lane"],
        "row_bits": row,
    }


def refresh() -> None:
    """Measure every block whose Verilog is not the one that was measured last, or whose tool is not."""
    old = sizes() if _FILE.exists() else {"tool": None}
    known = old if old["tool"] == version() else {}

    def kept(kind: str, name: str, mark: str) -> dict[str, Any] | None:
        found: dict[str, Any] = known.get(kind, {}).get(name, {})
        return found if found.get("verilog") == mark else None

    blocks = {page.name: kept("blocks", page.name, fingerprint(page)) or measured(page) for page in PAGES}
    lanes = {code: kept("lanes", code, coded(code)) or of_lanes(code) for code in CODES}
    document = {"tool": version(), "blocks": blocks, "lanes": lanes}
    write_file(_FILE, json.dumps(document, indent=1) + "\n", force=True)
