"""What stands between ``<!-- table: NAME -->`` and ``<!-- end -->`` in a page is made here.

    ports    on the page of a block: its ports; the last column is written by hand and kept
    size     on the page of a block: what it takes of an iCE40, from docs/sizes.json
    blocks   every block: what it is, its page, its logic cells
    cells    logic cells per parameter, from synth/baselines/cell_ice40.json
    boards   what fits which board, from docs/boards.json
    frontier  arrays of cells, placed and routed, from synth/baselines/frontier.json
    options  every key of a TOML file: what it may be, what it is where it is left out, what it means

Any other NAME is a table of docs/figures.json, which holds measured results with the command that gives
them. Fences called ``timing`` are simulated, see :mod:`testbenches.docs.timing`.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from mgd_hdl.config.summary import json_schema
from mgd_hdl.hierarchy import Block
from mgd_synth import frontier

from .boards import FILE, rows
from .pages import PAGES, ROOMS, ROOT, Page
from .sizes import sizes
from .timing import simulated

__all__ = ["blocks", "filled", "options", "ports"]

_TABLE = re.compile(r"(<!-- table: ([\w-]+) -->\n)(.*?)(?=<!-- end -->)", re.DOTALL)
_TIMING = re.compile(r"(?<=^```timing\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)


def filled(path: Path) -> str:
    """The text of a page with everything in it that is made made anew."""
    text = _TABLE.sub(lambda found: found[1] + _table(found[2], found[3], path), path.read_text("utf-8"))
    return _TIMING.sub(lambda found: simulated(found[1], Page(path).block()), text)


def _table(name: str, old: str, path: Path) -> str:
    if name == "ports":
        return ports(Page(path).block(), old)
    if name == "size":
        return _size(path.stem)
    if name == "blocks":
        return blocks(path.parent)
    if name == "cells":
        return _cells()
    if name == "options":
        return options(json_schema())
    if name == "boards":
        return _boards()
    if name == "frontier":
        return _frontier()
    return _figures(json.loads((ROOT / "docs/figures.json").read_text("utf-8"))[name])


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(map(str, line)).rstrip() + " |\n" for line in lines)


# ---- of one block --------------------------------------------------------------------------------


def ports(block: Block, old: str = "") -> str:
    """Every port of the Verilog; what it means is taken from the ``old`` table."""
    meaning = dict(re.findall(r"(?m)^\| `(\w+)` \|[^|]*\|[^|]*\| (.*) \|$", old))
    rows = []
    for path, member, value in block.signature.flatten(block):
        name = "__".join(map(str, path))
        if isinstance(Value.cast(value), Signal):  # a ready that is always high is no port
            direction = "input" if member.flow == In else "output"
            rows.append([f"`{name}`", direction, _word(member.shape), meaning.get(name, "")])
    return _rows(["port", "direction", "bits", "meaning"], rows)


def _word(shape: Any) -> str:
    """The width, and whether it is signed; of what is composed also its parts, low bits first."""
    part = _part(shape)
    return f"{Shape.cast(shape).width} = {part}" if re.search("[:×]", part) else part


def _part(shape: Any) -> str:
    if isinstance(shape, data.StructLayout):
        return ", ".join(f"{name}: {_part(field.shape)}" for name, field in shape)
    if isinstance(shape, data.ArrayLayout):
        each = _part(shape.elem_shape)
        return each if shape.length == 1 else f"{shape.length} × {each}"
    cast = Shape.cast(shape)
    return f"signed {cast.width}" if cast.signed else f"{cast.width}"


def _size(name: str) -> str:
    size = sizes()["blocks"][name]
    kinds = ("tables", "registers", "carries", *(kind for kind in ("multipliers", "memories") if size[kind]))
    return f"{size['cells']} iCE40 logic cells: {', '.join(f'{kind} {size[kind]}' for kind in kinds)}.\n"


# ---- of all blocks -------------------------------------------------------------------------------


def blocks(folder: Path) -> str:
    """One line a block, for a page in ``folder``: what it is, where it is explained, how large it is."""
    found = sizes()
    rows = []
    for page in sorted(PAGES, key=lambda page: ROOMS.index(page.room)):
        source = os.path.relpath(page.module.__file__, folder)
        opening = " ".join(inspect.getdoc(page.module).split("\n\n")[0].split())
        link = f"[{page.name}]({os.path.relpath(page.path, folder)})"
        cells = found["blocks"][page.name]["cells"]
        rows.append([f"[`{page.room}.{page.name}`]({source})", opening, link, cells])
    note = f"LC: iCE40 logic cells of the block alone, as its page makes it; {found['tool']}."
    return _rows(["block", "what it does", "page", "LC"], rows) + f"\n{note}\n"


def _cells() -> str:
    found = json.loads((ROOT / "synth/baselines/cell_ice40.json").read_text("utf-8"))
    rows = [
        [name, f"{row['cell']['cells']:.2f}", f"{row['array']['cells']:.2f}"]
        for name, row in found["logic cells per parameter"].items()
    ]
    table = _rows(["16-bit parameter, unless said", "cell", "whole array"], rows)
    return table + f"\nMeasured with `python -m mgd_synth.cell_area`; {found['tool']}.\n"


def _frontier() -> str:
    table = []
    for tools, results in frontier.load().items():
        for name, found in results.items():
            case = frontier.CASES[name]
            bound = case.cells * frontier.LOWER_BOUND.get(case.target.partition("-")[0], 0)
            rates = ", ".join(f"{rate:.1f}" for rate in found["fmax"].values())
            rest = [f"{found['logic cells']:,}", f"{bound:,}" if bound else "", rates, case.goal or ""]
            table.append([case.kind, f"{case.cells:,}", case.target, *rest, tools])
    head = ["enables", "cells", "device", "logic cells", "bound", "MHz, by seed", "goal", "tools"]
    return _rows(head, table) + "\nMeasured with `python -m mgd_synth.frontier`.\n"


def _boards() -> str:
    reports = json.loads(FILE.read_text("utf-8"))
    head = [
        "board",
        "task, parameters",
        "logic cells",
        "clock",
        "Fmax",
        "bitstream",
        "LED on after",
        "median",
    ]
    tools = sorted({tool for each in reports for tool in each["tools"]})
    return (
        _rows(head, rows(reports)) + f"\nMade with `python -m testbenches.docs.boards`; {', '.join(tools)}.\n"
    )


# ---- of the configuration ------------------------------------------------------------------------


def options(schema: dict[str, Any]) -> str:
    """One line a key, table by table, from the JSON Schema of configurations."""
    rows = []
    for section, value in schema["properties"].items():
        table = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2])
        entries = {section: value} if table is None else table["properties"]
        required = (schema if table is None else table).get("required", ())
        for key, entry in entries.items():
            name = key if table is None else f"{section}.{key}"
            default = "" if key in required else f"`{json.dumps(entry['default'])}`"
            meaning = " ".join(entry["description"].split()).replace("|", "\\|")
            rows.append([f"`{name}`", _allowed(entry), default, meaning])
    return _rows(["key", "values", "default", "meaning"], rows)


_KINDS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}


def _allowed(entry: dict[str, Any]) -> str:
    """What a key may be, in words."""
    if "enum" in entry or "const" in entry:
        return ", ".join(f"`{json.dumps(value)}`" for value in entry.get("enum", [entry.get("const")]))
    if "anyOf" in entry or "oneOf" in entry:
        return "; ".join(_allowed(each) for each in entry.get("anyOf", entry.get("oneOf")))
    if entry["type"] == "array":
        return f"list, each {_allowed(entry['items'])}"
    if "SQ" in entry.get("pattern", "") or "[SU]" in entry.get("pattern", ""):
        return '`"SQ(i, f)"` or `"UQ(i, f)"`'
    limits = {
        "from {}": entry.get("minimum"), "above {}": entry.get("exclusiveMinimum"),
        "to {}": entry.get("maximum"), "below {}": entry.get("exclusiveMaximum"),
    }  # fmt: skip
    said = [words.format(_number(limit)) for words, limit in limits.items() if limit is not None]
    return " ".join([_KINDS[entry["type"]], *said])


def _number(value: float) -> str:
    return f"2^{value.bit_length()} - 1" if isinstance(value, int) and value > 10**6 else f"{value:g}"


# ---- of measured results -------------------------------------------------------------------------


def _figures(table: dict[str, Any]) -> str:
    note = f" {table['note']}" if table.get("note") else ""
    return _rows(table["columns"], table["rows"]) + f"\nMeasured with `{table['command']}`.{note}\n"
