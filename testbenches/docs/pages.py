"""The pages of ``docs/blocks``: what is the block that each is about?

A page's first Python example makes that block and calls it ``block``. Ports, size and timing on the
page are of this very object.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from mgd_hdl.hierarchy import Block

__all__ = ["PAGES", "ROOMS", "ROOT", "Page", "markdown_files"]

ROOT = Path(__file__).parents[2]

#: Folders of blocks, in the order in which a step passes them.
ROOMS = ("control", "samples", "perturb", "network", "device", "cost", "learn", "bus")

_EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One page, named as the module of its block is."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    def block(self) -> Block:
        """A new block, as the page's example makes it."""
        names: dict[str, Any] = {}
        exec(_EXAMPLE.search(self.path.read_text("utf-8"))[1], names)  # noqa: S102 - our own page
        block: Block = names["block"]
        block._MustUse__used = True  # whoever asks for its ports need not elaborate it
        return block

    @property
    def module(self) -> ModuleType:
        """Where the block is written."""
        return inspect.getmodule(type(self.block()))

    @property
    def room(self) -> str:
        return self.module.__name__.split(".")[1]


PAGES = [Page(path) for path in sorted((ROOT / "docs/blocks").glob("*.md")) if path.stem != "README"]


def markdown_files() -> list[Path]:
    """Every page of the repository, and none of what is built in it."""
    folders = [
        path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name != "build"
    ]
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))])
