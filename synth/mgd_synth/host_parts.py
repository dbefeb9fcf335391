"""The parts between a bus and a trainer, each alone: cells and clock rates, beside those of LiteX.

``python -m mgd_synth.host_parts`` prints, for iCE40 and ECP5, logic cells of each part and the median of the
clock rates of some seeds of place and route. Each part stands in the harness of all reports: registers before
and behind its ports, which are not counted. ``--litex FOLDER`` measures LiteX's Verilog in the same way: the
files of ``scripts/litex_parts.py``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from mgd_hdl.bus.axi4lite import Axi4Lite
from mgd_hdl.bus.bank import Bank
from mgd_hdl.bus.frames import Frames
from mgd_hdl.bus.uart import Uart
from mgd_hdl.bus.wishbone import Wishbone
from mgd_hdl.config import preset
from mgd_hdl.emit import ports, verilog
from mgd_hdl.hierarchy import Block

from .blocks import HARNESS, SOURCE, named
from .cell_area import TARGETS
from .flow import DEVICES, mapped_for
from .harness import harness
from .nextpnr import place_and_route, sizes
from .process import silent
from .script import status_of

__all__ = ["PARTS", "Part", "litex", "measured"]

_FAMILIES = ("ice40", "ecp5")
_XOR = preset("xor")
PARTS: dict[str, Callable[[], Block]] = {
    "bank": lambda: Bank(_XOR.replaced(host={"bus": "axi4lite"})),
    "axi4lite": Axi4Lite,
    "wishbone": lambda: Wishbone(pipelined=False),
    "wishbone, pipelined": lambda: Wishbone(pipelined=True),
    "uart": lambda: Uart(_XOR.replaced(host={"bus": "uart"})),
    "frames": Frames,
}

#: Verilog, the name of its module, and its ports as ``mgd_hdl.emit.ports`` lists them.
Part = tuple[str, str, list[dict[str, Any]]]


def ours(name: str) -> Part:
    """One of :data:`PARTS`."""
    block = PARTS[name]()
    block._MustUse__used = True  # its equal is emitted
    return verilog(PARTS[name](), "part"), "part", ports(block)


def litex(file: Path) -> Part:
    """A module of LiteX, whose clock and reset get the names that they have here."""
    text = re.sub(r"\bsys_(clk|rst)\b", r"\1", file.read_text(encoding="utf-8"))
    found = []
    header = text[text.index(f"module {file.stem}") :].partition(");")[0]
    for direction, _, high, name in re.findall(
        r"(input|output)\s+(wire|reg)\s+(?:signed\s+)?(?:\[(\d+):0\])?\s*(\w+)", header
    ):
        width = int(high or 0) + 1
        found.append({"name": name, "direction": direction, "width": width, "signed": False})
    return text, file.stem, found


def measured(part: Part, target: str, seeds: int) -> tuple[float, list[float]]:
    """Logic cells, and megahertz of each seed."""
    text, top, found = part
    device, shell = DEVICES[target], harness(top, found)
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
        folder = Path(name)
        netlist, _ = mapped_for(device, folder, text + "\n" + shell.verilog, shell.top)
        source = (folder / SOURCE).read_text(encoding="utf-8")
        module = named(netlist["modules"][shell.top], json.loads(source)["modules"][shell.top])
        cells = sizes(device, module)["logic cells"]
        whole = {**netlist, "modules": {shell.top: module}}
        rates = [
            place_and_route(
                folder, device, whole, shell.pins, seed=seed, frequency=device.frequency, say=silent
            ).fmax
            for seed in range(1, seeds + 1)
        ]
    return sum(count for block, count in cells.items() if block != HARNESS), rates


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.host_parts", description=__doc__)
    parser.add_argument("--target", choices=_FAMILIES, help="one device only")
    parser.add_argument("--litex", type=Path, metavar="FOLDER", help="Verilog of LiteX, in place of ours")
    parser.add_argument("--seeds", type=int, default=3, help="of place and route (default: 3)")
    given = parser.parse_args(arguments)
    if given.litex is None:
        parts = {name: ours(name) for name in PARTS}
    else:
        parts = {file.stem: litex(file) for file in sorted(given.litex.glob("litex_*.v"))}
    for target in [given.target] if given.target else _FAMILIES:
        for name, part in parts.items():
            cells, rates = measured(part, TARGETS[target], given.seeds)
            shown = ", ".join(f"{rate:.1f}" for rate in rates)
            sys.stdout.write(f"{name}, {target}: {cells:g} cells, {median(rates):.1f} MHz ({shown})\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(status_of(main))
