"""How large and how fast are trainers whose parameters lie in a bank? Networks, lanes and devices.

``python -m mgd_synth.banks`` maps, places and routes them one after the other, and keeps what it found in
``synth/baselines/banks.json``, by the releases of the tools: it may be stopped at any time and goes on where
it was. What does not fit is kept with the reason. A case is placed with some of the placer's seeds, of which
the fastest counts. ``--list`` names the cases; names, or beginnings of names, as arguments pick some.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_verilog
from mgd_hdl.progress import stopwatch

from .flow import DEVICES, check_registers, mapped
from .nextpnr import critical_path, place_and_route, resources, sizes
from .process import Say
from .results import fingerprint, keep, load, tools
from .script import one_by_one, picked

__all__ = ["BASELINE", "CASES", "BankCase", "ExampleCase", "bound", "network", "on_a_port", "plot", "speed"]

BASELINE = Path(__file__).parents[1] / "baselines" / "banks.json"
_EXAMPLES = Path(__file__).parents[2] / "examples"
#: By the beginnings of targets.
_FAMILIES = {"ecp5": "Lattice ECP5", "ice40": "Lattice iCE40 UP5K", "gowin": "Gowin GW1NR-9"}

#: What nextpnr aims at, megahertz.
_AIMS = {"ice40-up5k": 60.0, "gowin-gw1nr9": 120.0, "ecp5-25k": 150.0, "ecp5-85k": 120.0}

#: Layers and bits of an input, by parameters: the letters, pooled images, whole ones, and a wide network.
NETWORKS: dict[str, tuple[tuple[int, ...], str]] = {
    "49-4-4": ((49, 4, 4), "UQ(1, 0)"),
    "196-32-10": ((196, 32, 10), "UQ(0, 4)"),
    "784-32-10": ((784, 32, 10), "UQ(0, 4)"),
    "784-128-10": ((784, 128, 10), "UQ(0, 4)"),
    "784-32-10-bits": ((784, 32, 10), "UQ(1, 0)"),
    "196-32-10-bits": ((196, 32, 10), "UQ(1, 0)"),
}


def network(
    name: str,
    lanes: int,
    stages: str = "few",
    nodes: bool = False,
    single_port: bool = False,
    updates: str = "exact",
    curves: int = 0,
    sample: str = "registers",
) -> TrainerConfig:
    """A trainer of one of the :data:`NETWORKS`: two-sided, with Walsh codes and samples from outside. By
    nodes inputs have 4 bits, and D is rounded stochastically, as it is smaller. With curves both sides come
    at once, through one or through two.
    """
    layers, given = NETWORKS[name]
    built = TrainerConfig.build(
        {
            "name": "swept",
            "network": {"layers": layers},
            "formats": {"input": given},
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "rate": 0.25, "updates": updates},
            "engine": {"kind": "bank", "lanes": lanes, "stages": stages, "sample": sample},
            "task": {"name": "external", "source": "stream"},
        }
    )
    if single_port:
        built = built.replaced(engine={"memory": "single_port"})
    if curves:
        built = built.replaced(engine={"sides": "at_once", "curves": ("one", "two")[curves - 1]})
    if not nodes:
        return built
    return built.replaced(perturbation={"granularity": "node"}, learning={"rounding": "stochastic"})


def on_a_port(file: Path) -> TrainerConfig:
    """The trainer of a file, with samples from a port where its own are in another file: as large and as fast
    as it is.
    """
    document = tomllib.loads(file.read_text("utf-8"))
    if document["task"]["name"] == "file":
        document["task"] = {"name": "external", "source": "stream"}
    return TrainerConfig.build(document)


def bound(config: TrainerConfig) -> Fraction:
    """Clocks of a step in which every lane has a parameter in every clock."""
    return Fraction(config.parameters, config.engine.lanes)


@dataclass(frozen=True)
class BankCase:
    """A network on so many lanes, with few stages or many, for a device; all parameters are shaken, or the
    sums of neurons; they are in memories of two ports, or of one; updates are exact or delayed; sides take
    turns, or come at once through one curve or two; a sample is in registers, or in a memory.
    """

    net: str
    lanes: int
    target: str
    stages: str = "few"
    seeds: tuple[int, ...] = (1,)
    nodes: bool = False
    single_port: bool = False
    updates: str = "exact"
    curves: int = 0
    sample: str = "registers"

    @property
    def name(self) -> str:
        once = ("", "-at-once", "-at-once-two-curves")[self.curves] + "-sample-memory" * self._paged
        how = "-nodes" * self.nodes + "-delayed" * self._delayed + once
        memory = "-single-port" * self.single_port
        return f"{self.net}{how}-w{self.lanes}{memory}-{self.target}" + "-many" * (self.stages == "many")

    @property
    def _paged(self) -> bool:
        return self.sample == "memory"

    @property
    def _delayed(self) -> bool:
        return self.updates == "delayed"

    @property
    def shown(self) -> str:
        """The network, for tables."""
        net = self.net.replace("-bits", ", inputs of one bit")
        once = ("", ", both sides at once", ", both sides at once, two curves")[self.curves]
        how = ", by nodes" * self.nodes + ", delayed" * self._delayed + once
        return net + how + ", sample in a memory" * self._paged

    @property
    def config(self) -> TrainerConfig:
        how = self.single_port, self.updates, self.curves, self.sample
        return network(self.net, self.lanes, self.stages, self.nodes, *how)

    @property
    def verilog(self) -> str:
        """The fingerprint."""
        config = self.config
        return fingerprint(trainer_verilog(config))

    def left(self, found: Mapping[str, Any]) -> list[int]:
        """The seeds that are still to be tried, where so much was ``found`` for the Verilog of today."""
        if "over" in found:
            return []
        return [seed for seed in self.seeds if str(seed) not in found.get("seeds", {})]

    def run(self, found: dict[str, Any], say: Say) -> Iterator[dict[str, Any]]:
        """Sizes and clock rates, after each seed; of what does not fit the sizes, and which there are too
        many of. What was ``found`` for another Verilog does not count.
        """
        config, device = self.config, DEVICES[self.target]
        if found.get("verilog") != self.verilog:
            found = {
                "verilog": self.verilog,
                "parameters": config.parameters,
                "clocks": float(config.timing.clocks_per_step),
            }
        if not self.left(found):
            return
        with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
            folder = Path(name)
            made = mapped(config, device, folder, say=say)
            check_registers(config, made.module, device.mapped["FF"])
            counted = {each: sum(blocks.values()) for each, blocks in sizes(device, made.module).items()}
            found |= {each: round(number, 1) for each, number in counted.items()}
            if over := self.over(counted):
                yield found | {"over": over}
                return
            for seed in self.left(found):
                say(f"nextpnr: seed {seed}")
                routed = place_and_route(
                    folder,
                    device,
                    made.netlist,
                    made.harness.pins,
                    seed=seed,
                    frequency=_AIMS[self.target],
                    say=say,
                )
                rates = {**found.get("seeds", {}), str(seed): round(routed.fmax, 2)}
                if rates[str(seed)] == max(rates.values()):
                    slowest = critical_path(routed.report)
                    found |= {
                        each.name: round(each.used + each.harness, 1)
                        for each in resources(device, made.module, routed)
                    }
                    found["path"] = [
                        [each.block, round(each.logic, 2), round(each.wires, 2)]
                        for each in (slowest.segments if slowest else ())
                    ]
                found |= {"fmax": max(rates.values()), "seeds": rates}
                yield found

    def over(self, counted: Mapping[str, float]) -> list[str]:
        """The resources of which the device has fewer."""
        from .estimate import SUPPLY

        supply = SUPPLY[self.target]
        return [name for name, number in counted.items() if number > supply.get(name, number)]


@dataclass(frozen=True)
class ExampleCase(BankCase):
    """The trainer of an example, as it learned.

    Attributes
    ----------
    file : str
        Below the folder of examples.
    """

    file: str = ""

    @property
    def name(self) -> str:
        return f"{Path(self.file).stem}-{self.target}"

    @property
    def shown(self) -> str:
        return f"{super().shown}: {Path(self.file).stem}"

    @property
    def config(self) -> TrainerConfig:
        return on_a_port(_EXAMPLES / self.file)


def speed(found: Mapping[str, Any]) -> float | None:
    """Steps a second; None of what was not placed."""
    return found["fmax"] * 1e6 / found["clocks"] if "fmax" in found else None


def plot(path: Path, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Steps a second over parameters, a field for each family of devices and a line for each number of lanes,
    of the fastest where there are several; dashed the bound at that clock.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    points: dict[tuple[str, int], dict[int, tuple[float, float]]] = {}
    for name, found in results.items():
        case = CASES[name]
        alike = not (case.nodes or case.curves or isinstance(case, ExampleCase) or case.updates == "delayed")
        if alike and (steps := speed(found)) is not None:
            most = found["fmax"] * 1e6 / float(bound(case.config))
            line = points.setdefault((case.target.partition("-")[0], case.lanes), {})
            line[found["parameters"]] = max((steps, most), line.get(found["parameters"], (0.0, 0.0)))
    colors = {lanes: f"C{place}" for place, lanes in enumerate(sorted({lanes for _, lanes in points}))}
    figure, fields = plt.subplots(1, len(_FAMILIES), figsize=(9, 3.8), layout="constrained", sharey=True)
    for axes, (family, title) in zip(fields, _FAMILIES.items(), strict=True):
        for (_, lanes), line in sorted((key, line) for key, line in points.items() if key[0] == family):
            parameters, reached, most = zip(*((p, *line[p]) for p in sorted(line)), strict=True)
            label = f"{lanes} lane{'s' * (lanes > 1)}"
            axes.loglog(parameters, reached, marker="o", markersize=4, color=colors[lanes], label=label)
            axes.loglog(parameters, most, linestyle="--", marker="_", color=colors[lanes])
        axes.set(xlabel="parameters", title=title, xlim=(100, 200_000))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    fields[0].set(ylabel="steps a second; dashed: lanes x clock / parameters")
    figure.savefig(path, dpi=130)
    plt.close(figure)


# ---- cases ---------------------------------------------------------------------------------------

#: What was asked for first comes first; then from the small to the large.
_SEEDS = (1, 2, 3)
_FIRST = (
    BankCase("196-32-10", 16, "ecp5-25k", seeds=_SEEDS),
    BankCase("196-32-10", 16, "ecp5-25k", "many", seeds=_SEEDS),
    BankCase("49-4-4", 4, "ice40-up5k", seeds=_SEEDS),
    BankCase("49-4-4", 4, "ecp5-25k", seeds=_SEEDS),
    BankCase("49-4-4", 4, "ecp5-25k", "many", seeds=_SEEDS),
    BankCase("784-128-10", 16, "ecp5-85k", "many"),
    BankCase("784-128-10", 64, "ecp5-85k", "many", sample="memory"),
)
_LANES = (1, 4, 16, 64)
_SMALL = {"ice40-up5k": ("49-4-4", "196-32-10"), "gowin-gw1nr9": ("49-4-4", "196-32-10", "784-32-10")}
_REST = (
    BankCase(net, lanes, target, sample="memory" if net.startswith("784") else "registers")
    for net in ("49-4-4", "196-32-10", "784-32-10", "784-128-10")
    for target in ("ice40-up5k", "gowin-gw1nr9", "ecp5-25k", "ecp5-85k")
    for lanes in _LANES
    if net in _SMALL.get(target, NETWORKS)
    and not (target == "ecp5-25k" and (lanes > 16 or net == "784-128-10"))
    and not (target == "ecp5-85k" and net != "784-128-10" and lanes < 64)
    and lanes <= {"49-4-4": 4}.get(net, 64)
)
_NODES = (BankCase("49-4-4", 4, "ecp5-25k", nodes=True), BankCase("196-32-10", 16, "ecp5-25k", nodes=True))
#: On a UP5K each of two lanes has two large memories.
_SINGLE_PORT = tuple(
    BankCase(net, 2, "ice40-up5k", single_port=True, sample=sample)
    for net, sample in (
        ("784-32-10-bits", "registers"),
        ("784-32-10-bits", "memory"),
        ("196-32-10-bits", "registers"),
    )
)
_LEARNED = tuple(
    ExampleCase(net, 16, "ecp5-85k", nodes=how != "", file=f"fashion/fashion_{inputs}{how}.toml")
    for inputs, net in ((196, "196-32-10"), (784, "784-32-10"))
    for how in ("", "_nodes")
)
_DELAYED = tuple(
    BankCase("49-4-4", 4, target, seeds=_SEEDS, updates="delayed") for target in ("ecp5-25k", "ice40-up5k")
)
#: On 16 lanes one curve leaves both sides 28 multipliers, all that the device has; on four there are enough.
_AT_ONCE = (
    BankCase("196-32-10", 16, "ecp5-25k", seeds=_SEEDS, updates="delayed", curves=1),
    BankCase("49-4-4", 4, "ecp5-25k", seeds=_SEEDS, updates="delayed", curves=2),
    BankCase("196-32-10", 16, "ecp5-25k", curves=1),
    BankCase("49-4-4", 4, "ice40-up5k", updates="delayed", curves=2),
)
CASES: dict[str, BankCase] = {}
for _case in (*_FIRST, *_SINGLE_PORT, *_NODES, *_DELAYED, *_AT_ONCE, *_LEARNED, *_REST):
    CASES.setdefault(_case.name, _case)


def _line(case: BankCase, found: Mapping[str, Any]) -> str:
    if not found:
        return f"{case.name:28} not known yet"
    used = ", ".join(
        f"{found[name]:g} {name}" for name in ("logic cells", "FF", "BRAM", "SPRAM", "DSP") if found.get(name)
    )
    if (steps := speed(found)) is None:
        return f"{case.name:28} {used}: too many of {', '.join(found['over'])}"
    return f"{case.name:28} {used}: {found['clocks']:g} clocks, {found['fmax']:.1f} MHz, {steps:,.0f} steps/s"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_synth.banks", description=__doc__)
    parser.add_argument("case", nargs="*", help="names, or beginnings of names (default: all)")
    parser.add_argument("--list", action="store_true", help="name the cases, with what is known of them")
    parser.add_argument("--again", action="store_true", help="run cases that are finished, too")
    parser.add_argument("--results", type=Path, default=BASELINE, help="file of the results")
    parser.add_argument("--plot", type=Path, help="draw what is known, a PNG, and end")
    given = parser.parse_args(arguments)
    chosen = picked(parser, CASES, given.case)
    if given.plot:
        known = load(given.results).values()
        plot(given.plot, {name: found for each in known for name, found in each.items()})
        return 0
    say = stopwatch()

    def work(case: BankCase) -> str:
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
