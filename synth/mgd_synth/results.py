"""What place and route found, kept by the releases that decide it: a study goes on where it was stopped.

With each result goes a :func:`fingerprint` of its Verilog: what is of another one is stale.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.files import write_file

from .flow import DEVICES
from .yosys import YOSYS

__all__ = ["fingerprint", "keep", "load", "tools"]


def fingerprint(verilog: str) -> str:
    """Two texts of one fingerprint are the same, lines of comment, names of modules and marks aside that no
    flow of place and route reads (``yosys.UNMARKED``).

    Modules count by their order: what a design is called, and so all its modules, changes neither the
    flat netlist nor what is placed.
    """
    text = re.sub(r"(?m)^(//| *\(\* keep = ).*\n", "", verilog)
    numbers = {name: f"module {number}" for number, name in enumerate(re.findall(r"(?m)^module (\w+)", text))}
    # Where a module begins, and where one is placed: `name instance (`. A signal may have a module's name.
    text = re.sub(
        r"(?m)^(module | *)(\w+)(?=\(| \w+ \()",
        lambda found: found[1] + numbers.get(found[2], found[2]),
        text,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tools(target: str) -> str:
    """Releases that decide the results of a device."""
    return f"{YOSYS.version}, {DEVICES[target].tool.version}"


def load(path: Path) -> dict[str, dict[str, Any]]:
    """Results by tools, then by name."""
    if not path.exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def keep(
    path: Path, target: str, name: str, result: Mapping[str, Any], names: Sequence[str] | None = None
) -> None:
    """One result more, or anew. Equal results give equal bytes, in whatever order they came.

    That is the order of ``names``, or without them all keys in that of the alphabet.
    """
    document = load(path)
    document.setdefault(tools(target), {})[name] = result
    if names is not None:
        order = {each: place for place, each in enumerate(names)}
        document = {
            key: dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))
            for key, found in sorted(document.items())
        }
    write_file(path, json.dumps(document, indent=1, sort_keys=names is None) + "\n", force=True)
