"""How many cells fit a device, and how fast are they? How fast are whole trainers?

``python -m mgd_synth.frontier`` places and routes arrays of cells and some trainers, one after the other,
and keeps what it found in ``synth/baselines/frontier.json``, by the releases of the tools: it may be stopped
at any time and goes on where it was. ``--list`` names the cases; names, or beginnings of names, as arguments
pick some.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_verilog
from mgd_hdl.progress import stopwatch

from . import runs
from .arrays import array_config, array_design, without_ports
from .blocks import SOURCE, named, write_source
from .flow import DEVICES, check_registers, mapped
from .harness import Harness
from .nextpnr import critical_path, place_and_route, resources
from .process import Say
from .results import fingerprint, keep, load, tools
from .script import one_by_one, picked
from .yosys import netlist_in

__all__ = ["BASELINE", "CASES", "ArrayCase", "TrainerCase", "best"]

BASELINE = Path(__file__).parents[1] / "baselines" / "frontier.json"

#: What nextpnr aims at, megahertz: more than is reached, so that it goes on trying.
_AIMS = {"ice40-up5k": 100.0, "ice40-hx8k": 220.0, "gowin-gw1nr9": 150.0}
_AIM_ECP5 = 300.0

#: On an iCE40, where the cells leave no room for small leaves, slow wires count for more than long ones.
_OPTIONS_ICE40 = ("--placer-heap-timingweight", "200")

#: The least logic cells of a cell of 16 bits: each stored bit takes one, and the code one. Bits of a serial
#: cell are in look-up tables used as memory, 1.5 sites for 16, and its adder takes two.
_BOUND, _BOUND_SERIAL = 17, 3.5

#: Kinds of cells, by what they change in the configuration.
KINDS: dict[str, dict[str, Any]] = {
    "direct": {},
    "early": {"engine": {"enables": "early"}},
    "small-leaves": {"engine": {"enables": "early", "leaf_cells": 4}},
    "serial": {"engine": {"cell": "serial"}},
}


@dataclass(frozen=True)
class ArrayCase:
    """So many cells alone (:mod:`mgd_synth.arrays`) on a device."""

    kind: str
    cells: int
    target: str
    goal: float | None = None
    seeds: tuple[int, ...] = (1,)

    @property
    def name(self) -> str:
        return f"array-{self.kind}-{self.cells}-{self.target}"

    @property
    def bound(self) -> float:
        """No fewer logic cells can do it."""
        return self.cells * (_BOUND_SERIAL if self.kind == "serial" else _BOUND)

    @property
    def options(self) -> tuple[str, ...]:
        """Of nextpnr."""
        return _OPTIONS_ICE40 if self.target.startswith("ice40") else ()

    @property
    def aim(self) -> float:
        return 200.0 if self.kind == "serial" else _AIMS.get(self.target, _AIM_ECP5)

    def design(self) -> tuple[TrainerConfig, str, Harness]:
        """Its configuration, Verilog, and driver."""
        config = array_config(self.cells, **KINDS[self.kind])
        return config, *array_design(config)

    def run(self, found: dict[str, Any], say: Say) -> Iterator[dict[str, Any]]:
        """What was found so far, after each seed; what was ``found`` for another Verilog does not count."""
        config, text, shell = self.design()
        device, verilog = DEVICES[self.target], fingerprint(text)
        if found.get("verilog") != verilog:
            found = {}
        left = [seed for seed in self.seeds if str(seed) not in found.get("fmax", {})]
        if not left:
            return
        with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
            folder = Path(name)
            passes = f"{write_source(shell.top)}; {device.passes(shell.top)}"
            say("yosys: starting")
            made = netlist_in(folder, text, passes, say=say)
            source = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
            module = named(made["modules"][shell.top], source["modules"][shell.top])
            module = without_ports(module, shell.pins)
            check_registers(config, module, device.mapped["FF"])
            made = {**made, "modules": {shell.top: module}}
            for seed in left:
                say(f"nextpnr: seed {seed}")
                found = _routed(found, self, folder, made, shell.pins, seed, say)
                yield {**found, "goal": self.goal, "verilog": verilog}


@dataclass(frozen=True)
class TrainerCase:
    """A whole trainer on a device: a preset with changes. Those of the group "judge" are there to judge
    estimates of the clock rate, which are fitted to the others.
    """

    title: str
    base: str
    changes: Mapping[str, Any]
    target: str
    aim: float
    goal: float | None = None
    seeds: tuple[int, ...] = (1, 2, 3)
    group: str = "trainer"

    options: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return f"{self.group}-{self.title.replace(',', '').replace(' ', '-')}-{self.target}"

    @property
    def config(self) -> TrainerConfig:
        return preset(self.base).replaced(**self.changes)

    @property
    def verilog(self) -> str:
        """The fingerprint."""
        config = self.config
        return fingerprint(trainer_verilog(config))

    def run(self, found: dict[str, Any], say: Say) -> Iterator[dict[str, Any]]:
        """As :meth:`ArrayCase.run`."""
        device, verilog = DEVICES[self.target], self.verilog
        if found.get("verilog") != verilog:
            found = {}
        left = [seed for seed in self.seeds if str(seed) not in found.get("fmax", {})]
        if not left:
            return
        with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
            folder = Path(name)
            made = mapped(self.config, device, folder, say=say)
            check_registers(self.config, made.module, device.mapped["FF"])
            for seed in left:
                say(f"nextpnr: seed {seed}")
                found = _routed(found, self, folder, made.netlist, made.harness.pins, seed, say)
                yield {**found, "goal": self.goal, "verilog": verilog}


def _routed(
    found: dict[str, Any],
    case: ArrayCase | TrainerCase,
    folder: Path,
    made: dict[str, Any],
    pins: Sequence[str],
    seed: int,
    say: Say,
) -> dict[str, Any]:
    device = DEVICES[case.target]
    (module,) = made["modules"].values()
    routed = place_and_route(
        folder, device, made, pins, seed=seed, frequency=case.aim, say=say, options=case.options
    )
    cells, *_ = resources(device, module, routed)
    path = critical_path(routed.report)
    return {
        **found,
        "aim": case.aim,
        "logic cells": round(cells.used + cells.harness),
        "available": cells.available,
        "fmax": {**found.get("fmax", {}), str(seed): round(routed.fmax, 2)},
        "path": [[each.block, round(each.logic, 2), round(each.wires, 2)] for each in path.segments]
        if path
        else [],
    }


# ---- cases ---------------------------------------------------------------------------------------

_ARRAYS = (
    # The goals of 400, 272 and 1024 cells; on an ECP5 1024 are to be at most a tenth slower than 16.
    ArrayCase("early", 16, "ecp5-45k", seeds=(1, 2, 3)),
    *(ArrayCase("early", cells, "ecp5-45k") for cells in (64, 256, 1024)),
    ArrayCase("small-leaves", 16, "ecp5-45k", seeds=(1, 2, 3)),
    *(ArrayCase("small-leaves", cells, "ecp5-45k") for cells in (64, 256)),
    ArrayCase("small-leaves", 1024, "ecp5-45k", seeds=(1, 2, 3)),
    *(ArrayCase("early", cells, "ice40-hx8k") for cells in (16, 64, 256)),
    ArrayCase("early", 400, "ice40-hx8k", goal=180, seeds=(1, 2, 3)),
    *(ArrayCase("early", cells, "ice40-up5k") for cells in (16, 64, 256)),
    ArrayCase("early", 272, "ice40-up5k", goal=75),
    ArrayCase("serial", 1024, "ecp5-25k", goal=130),
    ArrayCase("direct", 16, "ecp5-45k"),
    ArrayCase("direct", 1024, "ecp5-45k"),
    ArrayCase("direct", 16, "ice40-hx8k"),
    ArrayCase("direct", 400, "ice40-hx8k"),
)
_DELAYED: dict[str, Any] = {"learning": {"updates": "delayed"}}
_MANY: dict[str, Any] = {"engine": {"stages": "many"}}
#: For devices without multipliers.
_PARTS: dict[str, Any] = {"engine": {"stages": "many", "products": "parts"}}
_EXACT: dict[str, Any] = {"learning": {"updates": "exact"}, "engine": {"stages": "few"}}
_STREAM: dict[str, Any] = {"task": {"name": "external", "source": "stream"}} | _DELAYED | _MANY
#: Every product has a multiplier of its own: 18 of eight-bit inputs, 3, 4 of tables, and a square.
_BYTES: dict[str, Any] = {
    "network": {"layers": [6, 3, 1], "activation": "tanh"},
    "formats": {"input": "SQ(1, 7)"},
}
_LOGITS: dict[str, Any] = {
    "network": {"layers": [24, 3], "activation": "linear"},
    "cost": {"loss": "cross_entropy", "segment_bits": 5},
}
#: The same as it is by default: exact updates, few stages, and a table of 128 segments in a block memory.
_LOGITS_EXACT: dict[str, Any] = {
    "network": {"layers": [24, 3], "activation": "linear"},
    "cost": {"loss": "cross_entropy"},
    "task": {"name": "external", "source": "stream"},
}
_TRAINERS = (
    TrainerCase("XOR delayed, many stages", "xor", _DELAYED | _MANY, "ecp5-25k", aim=250, goal=185),
    TrainerCase("XOR delayed", "xor", _DELAYED, "ecp5-25k", aim=250, seeds=(1,)),
    TrainerCase("XOR delayed, many stages", "xor", _DELAYED | _MANY, "ice40-hx8k", aim=140, seeds=(1,)),
    TrainerCase("XOR delayed, products of parts", "xor", _DELAYED | _PARTS, "ice40-hx8k", aim=140, goal=120),
    TrainerCase("XOR delayed, many stages", "xor", _DELAYED | _MANY, "ice40-up5k", aim=80, goal=55),
    TrainerCase("xor_fast", "xor_fast", {}, "ecp5-25k", aim=250, goal=185),
    TrainerCase("parity4_fast", "parity4_fast", {}, "ecp5-25k", aim=250, goal=125),
    TrainerCase("letters_fast", "letters_fast", {}, "ecp5-25k", aim=200, goal=130),
    TrainerCase("6-3-1 tanh of 8 bits", "xor", _BYTES | _STREAM, "ecp5-25k", aim=250, goal=175),
    TrainerCase("24-3 cross-entropy", "xor", _LOGITS | _STREAM, "ecp5-25k", aim=200, goal=125),
    TrainerCase("24-3 cross-entropy, exact", "xor", _LOGITS_EXACT, "ecp5-25k", aim=150, seeds=(1,)),
    TrainerCase("xor_fast, products of parts", "xor_fast", _PARTS, "ice40-hx8k", aim=140, seeds=(1,)),
    TrainerCase("xor_fast, exact", "xor_fast", _EXACT, "ecp5-25k", aim=150, seeds=(1,)),
    TrainerCase("parity4_fast, exact", "parity4_fast", _EXACT, "ecp5-25k", aim=150, seeds=(1,)),
)
_JUDGES = tuple(
    TrainerCase(title, base, changes, "ecp5-25k", aim=150, seeds=(1,), group="judge")
    for title, (base, changes) in runs.JUDGED.items()
    if changes
)
_ALL: tuple[ArrayCase | TrainerCase, ...] = (*_ARRAYS, *_TRAINERS, *_JUDGES)
CASES: dict[str, ArrayCase | TrainerCase] = {case.name: case for case in _ALL}


# ---- what was found ------------------------------------------------------------------------------


def best(result: dict[str, Any]) -> float | None:
    """The highest clock rate over nextpnr's seeds."""
    return max(result.get("fmax", {}).values(), default=None)


def _line(case: ArrayCase | TrainerCase, result: dict[str, Any]) -> str:
    rate = best(result)
    words = [f"{case.name:32}"]
    if rate is not None:
        share = result["logic cells"] / result["available"]
        words.append(f"{result['logic cells']:,} logic cells ({share:.1%}), {rate:.1f} MHz")
    if result.get("goal"):
        words.append(f"goal {result['goal']:g}" + ("" if rate and rate >= result["goal"] else ": missed"))
    return "  ".join(words)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.frontier", description=__doc__)
    parser.add_argument("case", nargs="*", help="names, or beginnings of names (default: all)")
    parser.add_argument("--list", action="store_true", help="name the cases, with what is known of them")
    parser.add_argument("--again", action="store_true", help="run cases that are finished, too")
    parser.add_argument("--results", type=Path, default=BASELINE, help="file of the results")
    given = parser.parse_args(arguments)
    chosen = picked(parser, CASES, given.case)
    say = stopwatch()

    def work(case: ArrayCase | TrainerCase) -> str:
        found = load(given.results).get(tools(case.target), {}).get(case.name, {})
        if not given.list:
            say(case.name)
            for latest in case.run({} if given.again else found, say):
                found = latest
                keep(given.results, case.target, case.name, found, list(CASES))
        return _line(case, found)

    return one_by_one(chosen, lambda case: case.name, work)


if __name__ == "__main__":
    sys.exit(main())
