"""How large and fast is a circuit for a device outside, and how many measurements does it make in a second?

``python -m mgd_synth.loops`` places and routes loops of 16, 64 and 256 parameters, and one with converters
on a bus, on iCE40 and ECP5, with three seeds, one after the other. What was found is kept in
``synth/baselines/loops.json``, by the releases of the tools, so that it may be stopped at any time and goes
on where it was; what is of another Verilog is found anew. ``--list`` says what is known; names, or beginnings
of names, as arguments pick some.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, loads
from mgd_hdl.emit import trainer_verilog
from mgd_hdl.progress import stopwatch

from .estimate import SUPPLY
from .flow import DEVICES, mapped, placed
from .nextpnr import sizes
from .process import Say
from .results import fingerprint, keep, load, tools
from .script import one_by_one, picked

__all__ = ["BASELINE", "CASES", "SEEDS", "Case", "Pace", "loop", "measurement_clocks", "rate"]

BASELINE = Path(__file__).parents[1] / "baselines" / "loops.json"

_MEMORIES = ("BRAM", "SPRAM")

#: Of place and route.
SEEDS = (1, 2, 3)
_TARGETS = ("ice40-up5k", "ice40-hx8k", "ecp5-25k")
_BASE = """
name = "outside"
[network]
layers = [2, 1]
initial = 0.5
[formats]
parameter = "SQ(2, 14)"
cost_change = "SQ(2, 12)"
[perturbation]
amplitude = 0.03125
[learning]
rate = 0.125
[task]
name = "xor"
[device]
kind = "outside"
parameters = [16]
dac_bits = 12
dac_gain = 0.5
adc_bits = 12
"""
#: By name: cells; and banks of block memories, or of memories with one port.
_ENGINES: dict[str, dict[str, Any]] = {
    "parallel": {"cell": "parallel"},
    "serial": {"cell": "serial"},
    "bank": {"kind": "bank", "lanes": 1},
    "bank, single ports": {"kind": "bank", "lanes": 1, "memory": "single_port"},
}
_BUSES: dict[str, Any] = {"dac": {"part": "MCP4922"}, "adc": {"part": "MCP3208"}}


def loop(parameters: int, engine: str, *, buses: bool = False) -> TrainerConfig:
    """So many parameters of 16 bits, converters of 12 bits out and back, one output. A bank sends all, for
    with its codes all change, and an update of thousands is small, so that it is rounded by chance.
    """
    bank = engine.startswith("bank")
    return loads(_BASE).replaced(
        device={"parameters": [parameters], **({"sends": "all"} if bank else {})},
        engine=_ENGINES[engine],
        **({"learning": {"rate": 2.0**-12, "rounding": "stochastic"}} if bank else {}),
        **(_BUSES if buses else {}),
    )


# ---- clocks ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """How fast a device and its converters are, in clocks of the circuit.

    Attributes
    ----------
    word : int
        From the take of a parameter to that of the next, at least 1.
    settle : int
        ``device_settle``.
    answer : int
        From the take of a request to its reading, at least 1.
    """

    word: int = 1
    settle: int = 0
    answer: int = 1


def measurement_clocks(config: TrainerConfig, pace: Pace) -> int:
    """From the command of a measurement to the clock in which its cost is there: a single reading, all
    parameters have changed, and all goes well.

    Parameters are scanned one a clock, from a bank when the first one has come through, and of serial cells
    one in a pass of its own. One is offered when the
    next one is there, so two scans pass before the first is taken, and the last two come together.
    Converters on a bus have a pace of their own; then only ``settle`` counts.
    """
    count, dac, adc = config.parameters, config.spi.dac, config.spi.adc
    scan = config.words.weight.width + 5 if config.facts.delivery.marked else 1
    word = pace.word if dac is None else dac.frames.clocks + 1
    taken = (count - 1) * word if dac is None else dac.clocks(count) - 1  # from the first one to the last
    coded = 2 * (config.converters.out is not None)
    comes = 0 if config.timing.series is None else config.timing.series.reach
    sends = comes + max(count * scan + word - 1, 2 * scan - 1 + taken) + 2 + coded
    answer = pace.answer if adc is None else adc.clocks
    reads = 2 * config.converters.channels
    return config.timing.weight_latency + sends + pace.settle + answer + reads + 11


def rate(config: TrainerConfig, clock_hz: float, converter_hz: float) -> float:
    """Measurements in a second, with converters that take a word and give a reading in so many a second."""
    clocks = max(1, math.ceil(clock_hz / converter_hz))
    return clock_hz / measurement_clocks(config, Pace(word=clocks, answer=clocks))


# ---- place and route ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A loop on a device."""

    parameters: int
    engine: str
    target: str
    buses: bool = False

    @property
    def name(self) -> str:
        engine = self.engine.replace(", ", "-").replace(" ", "-")
        return f"{self.target}-{self.parameters}-{engine}{'-buses' * self.buses}"

    @property
    def config(self) -> TrainerConfig:
        return loop(self.parameters, self.engine, buses=self.buses)

    def current(self) -> str:
        """The fingerprint of its Verilog."""
        config = self.config
        return fingerprint(trainer_verilog(config))


#: Serial cells where parallel ones do not fit, and beside them where both do; banks for many parameters.
CASES = (
    *(
        Case(parameters, engine, target)
        for target in _TARGETS
        for parameters, engine in (
            (16, "parallel"),
            (64, "parallel"),
            (64, "serial"),
            (256, "parallel"),
            (256, "serial"),
        )
    ),
    *(Case(16, "parallel", target, buses=True) for target in _TARGETS),
    Case(1_000, "bank", "ice40-up5k"),
    Case(10_000, "bank, single ports", "ice40-up5k"),
    Case(1_000, "bank", "ecp5-25k"),
    Case(10_000, "bank", "ecp5-25k"),
)


def work(case: Case, found: dict[str, Any], seeds: Sequence[int], say: Say) -> Iterator[dict[str, Any]]:
    """What was ``found``, after each seed more; or that it does not fit."""
    config, device = case.config, DEVICES[case.target]
    verilog = case.current()
    if found.get("verilog") != verilog:
        found = {}
    rates: dict[str, float] = dict(found.get("fmax", {}))
    left = [seed for seed in seeds if str(seed) not in rates]
    if found.get("fits") is False or not left:
        return
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
        folder = Path(name)
        netlist = mapped(config, device, folder, say=say)
        used = sum(sizes(device, netlist.module)["logic cells"].values())
        if used > SUPPLY[case.target]["logic cells"]:
            yield {"verilog": verilog, "fits": False, "logic cells": round(used)}
            return
        for seed in left:
            report = placed(config, netlist, device, folder, seed, None, say)
            amounts = {each.name: round(each.used) for each in report["resources"]}
            rates[str(seed)] = round(report["fmax"], 2)
            yield {
                "verilog": verilog,
                "fits": True,
                "logic cells": amounts["logic cells"],
                "memories": {kind: amounts[kind] for kind in _MEMORIES if amounts.get(kind)},
                "fmax": dict(sorted(rates.items())),
            }


def _line(case: Case, found: Mapping[str, Any]) -> str:
    if not found:
        return f"{case.name:30} not known yet"
    if not found["fits"]:
        return f"{case.name:30} does not fit: {found['logic cells']:,} logic cells"
    rates = ", ".join(f"{rate:.1f}" for rate in found["fmax"].values())
    return f"{case.name:30} {found['logic cells']:,} logic cells, {rates} MHz"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.loops", description=__doc__)
    parser.add_argument("case", nargs="*", help="name, or its beginning (default: all)")
    parser.add_argument("--list", action="store_true", help="say what is known, and find nothing")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="no more than so many (default: 3)")
    parser.add_argument("--results", type=Path, default=BASELINE, help="file of the results")
    given = parser.parse_args(arguments)
    chosen = picked(parser, {case.name: case for case in CASES}, given.case)
    say = stopwatch()
    names = [case.name for case in CASES]

    def run(case: Case) -> str:
        found = load(given.results).get(tools(case.target), {}).get(case.name, {})
        for more in () if given.list else work(case, found, SEEDS[: given.seeds], say):
            found = more
            keep(given.results, case.target, case.name, found, names)
        return _line(case, found)

    return one_by_one(chosen, lambda case: case.name, run)


if __name__ == "__main__":
    sys.exit(main())
