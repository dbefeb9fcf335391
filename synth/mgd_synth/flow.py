"""From a configuration to a report, for any target."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import did_you_mean
from mgd_hdl.config.names import module_name, renamed
from mgd_hdl.emit import EmitError, trainer_files

from . import counted, ecp5, generic, gowin, ice40, intel, liberty, xilinx
from .blocks import SOURCE, block, named, owners, path_of, write_source
from .counted import Counted
from .harness import Harness, harness
from .nextpnr import Device, critical_path, place_and_route, resources
from .process import Say, SynthError, need, silent
from .report import Report, device_notes
from .sta import slowest_path
from .yosys import YOSYS, netlist_in

__all__ = [
    "COUNTED",
    "DEVICES",
    "TARGETS",
    "Mapped",
    "check_registers",
    "check_target",
    "mapped",
    "mapped_for",
    "rates",
    "staged",
    "synthesize",
]

#: Targets that are placed and routed.
DEVICES: dict[str, Device] = {**ice40.DEVICES, **ecp5.DEVICES, **gowin.DEVICES}

#: Targets whose cells are counted.
COUNTED: dict[str, Counted] = {**xilinx.DEVICES, **intel.DEVICES}

#: What a trainer's top module is called here: a cell of a device or a library may have the trainer's name.
_TOP = module_name("mgd", "trainer")

TARGETS = (*DEVICES, *COUNTED, "generic", "liberty")


def check_target(target: str, library: Path | None) -> None:
    """Raises SynthError unless the target is known, and has a library where it needs one."""
    if target not in TARGETS:
        raise SynthError(
            f"no target {target!r}{did_you_mean(target, TARGETS)}; there are {', '.join(TARGETS)}"
        )
    if target == "liberty" and library is None:
        raise SynthError("target liberty needs a library of cells: --liberty FILE.lib")
    if target != "liberty" and library is not None:
        raise SynthError(f"target {target} uses no library of cells; --liberty goes with target liberty")


@dataclass(frozen=True)
class Mapped:
    """A trainer in its harness, mapped to cells whose names say their block."""

    harness: Harness
    netlist: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def module(self) -> dict[str, Any]:
        module: dict[str, Any] = self.netlist["modules"][self.harness.top]
        return module

    @property
    def kinds(self) -> dict[str, int]:
        """How many cells of each type."""
        return dict(sorted(Counter(cell["type"] for cell in self.module["cells"].values()).items()))


def mapped(
    config: TrainerConfig,
    how: Device | Counted | Callable[[str], str],
    folder: Path,
    *,
    files: Mapping[str, bytes] | None = None,
    say: Say = silent,
) -> Mapped:
    """Emit a trainer and map it, for a device or by what makes Yosys passes for a top module; ``files`` are
    for these.
    """
    try:
        made = trainer_files(config)
    except EmitError as error:
        raise SynthError(str(error)) from None
    shell = harness(_TOP, json.loads(made[f"{config.name}.ports.json"])["ports"])
    text = renamed(made[f"{config.name}.v"], config.name, _TOP) + shell.verilog
    notes: tuple[str, ...] = ()
    if isinstance(how, Device):
        netlist, notes = mapped_for(how, folder, text, shell.top, say, staged=staged(config))
    else:
        say("yosys: starting")
        marked = isinstance(how, Counted)
        made_for = how.passes if isinstance(how, Counted) else how
        passes = f"{write_source(shell.top)}; {made_for(shell.top)}"
        netlist = netlist_in(folder, text, passes, files=files, say=say, marked=marked)
    source = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
    module = named(netlist["modules"][shell.top], source["modules"][shell.top])
    return Mapped(shell, {**netlist, "modules": {shell.top: module}}, notes)


def staged(config: TrainerConfig) -> bool:
    """Whether there are registers around its multipliers: with many stages, and on the lanes of a bank."""
    return config.staged or config.timing.sweep is not None


def mapped_for(
    device: Device, folder: Path, verilog: str, top: str, say: Say = silent, *, staged: bool = False
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The netlist for a device, with the design before in :data:`SOURCE`, and what a reader must know of it.
    Where it is ``staged`` multipliers have registers around them, and take in those that they can.

    A design with more products than the device has multipliers is mapped again, the others to tables: with
    as many blocks as should fit, where products are not alike, and then with fewer if these were too many.
    """

    def made(passes: str) -> tuple[dict[str, Any], list[float]]:
        """The netlist, and of each product in a block how many multipliers it takes."""
        netlist = netlist_in(folder, verilog, f"{write_source(top)}; {passes}", say=say)
        kinds = (cell["type"] for cell in netlist["modules"][top]["cells"].values())
        weights = device.weights.get("DSP", {})
        return netlist, [weights.get(kind, 1) for kind in kinds if re.fullmatch(device.mapped["DSP"], kind)]

    def with_registers(netlist: dict[str, Any]) -> dict[str, Any]:
        if not staged or device.absorbed is None:
            return netlist
        modules = netlist["modules"]
        return {**netlist, "modules": {**modules, top: device.absorbed(modules[top])}}

    say("yosys: starting")
    netlist, products = made(device.passes(top))
    wanted, there_are = sum(products), device.multipliers
    if wanted <= there_are:
        return with_registers(netlist), ()
    note = f"Products want {wanted:g} multipliers, and there are {there_are}: the others are tables."
    say(f"yosys: {note[0].lower()}{note[1:-1]}")
    most = math.floor(there_are * len(products) / wanted)
    netlist, products = made(device.spare(top, most))
    while (over := sum(products) - there_are) > 0:
        most = max(0, most - math.ceil(over))
        netlist, products = made(device.spare(top, most))
    return with_registers(netlist), (note,)


def synthesize(
    config: TrainerConfig,
    target: str,
    *,
    seed: int = 1,
    frequency: float | None = None,
    library: Path | None = None,
    say: Say = silent,
) -> Report:
    """Emit, map, and for a device of :data:`DEVICES` place and route; then measure.

    Parameters
    ----------
    config : TrainerConfig
    target : str
        One of :data:`TARGETS`.
    seed : int
        Of nextpnr. Others give clock rates some percent higher or lower.
    frequency : float, optional
        What nextpnr aims at, megahertz.
    library : Path, optional
        The Liberty file of target ``liberty``.
    say : callable
        Takes a line of progress now and then.
    """
    check_target(target, library)
    need(
        YOSYS.package, *([DEVICES[target].tool.package] if target in DEVICES else [])
    )  # said before the work
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as name:
        folder = Path(name)
        if library is not None:
            results = _cells(config, library, folder, say)
        elif target == "generic":
            results = _gates(config, folder, say)
        elif target in COUNTED:
            results = _counted(config, COUNTED[target], folder, say)
        else:
            results = _placed(config, DEVICES[target], folder, seed, frequency, say)
    return Report(
        design=config.name,
        target=target,
        parameters=config.parameters,
        clocks_per_step=config.timing.clocks_per_step,
        measurements_per_step=config.timing.measurements_per_step,
        settle_per_step=config.timing.settle_per_step,
        **{**results, "notes": (*results.get("notes", ()), *device_notes(config))},
    )


def _placed(
    config: TrainerConfig, device: Device, folder: Path, seed: int, frequency: float | None, say: Say
) -> dict[str, Any]:
    found = mapped(config, device, folder, say=say)
    return placed(config, found, device, folder, seed, frequency, say)


def placed(
    config: TrainerConfig,
    found: Mapped,
    device: Device,
    folder: Path,
    seed: int,
    frequency: float | None,
    say: Say = silent,
) -> dict[str, Any]:
    """Place and route a mapped trainer: what :class:`Report` wants to know of it."""
    aim = device.frequency if frequency is None else frequency
    check_registers(config, found.module, device.mapped["FF"])
    say("nextpnr: starting")
    routed = place_and_route(
        folder, device, found.netlist, found.harness.pins, seed=seed, frequency=aim, say=say
    )
    return {
        "title": device.title,
        "tools": (YOSYS.version, device.tool.version),
        "options": {"seed": seed, "aim": f"{aim:g} MHz"},
        "resources": resources(device, found.module, routed),
        "kinds": found.kinds,
        "fmax": routed.fmax,
        "path": critical_path(routed.report),
        "notes": (*device.notes, *found.notes),
    }


def rates(config: TrainerConfig, device: Device, seeds: int) -> list[float]:
    """Clock rates of a trainer that is mapped once, megahertz: placed with each of the seeds from 1 on."""
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
        found = mapped(config, device, Path(folder))
        return [
            placed(config, found, device, Path(folder), seed, None)["fmax"] for seed in range(1, seeds + 1)
        ]


def _counted(config: TrainerConfig, device: Counted, folder: Path, say: Say) -> dict[str, Any]:
    found = mapped(config, device, folder, say=say)
    check_registers(config, found.module, device.mapped["FF"])
    sizes = counted.resources(device, found.module)
    return {
        "title": device.title,
        "tools": (YOSYS.version,),
        "resources": sizes,
        "kinds": found.kinds,
        "notes": counted.notes(device, sizes),
    }


def _gates(config: TrainerConfig, folder: Path, say: Say) -> dict[str, Any]:
    found = mapped(config, generic.passes, folder, say=say)
    return {
        "title": generic.TITLE,
        "tools": (YOSYS.version,),
        "resources": generic.resources(found.module),
        "kinds": found.kinds,
        "notes": generic.NOTES,
    }


def _cells(config: TrainerConfig, library: Path, folder: Path, say: Say) -> dict[str, Any]:
    cells = liberty.read(library)
    files = {liberty.FILE: cells.text.encode()}
    passes = partial(liberty.passes, buffers=cells.buffers)
    found = mapped(config, passes, folder, files=files, say=say)
    sizes = liberty.resources(found.module, cells)
    say("delays")
    path = slowest_path(found.module, cells, owners(found.module))
    return {
        "title": f"Standard cells of {cells.name}",
        "tools": (YOSYS.version,),
        "resources": sizes,
        "kinds": found.kinds,
        "fmax": None if path is None else 1e3 / path.delay,
        "path": path,
        "notes": liberty.NOTES,
    }


def check_registers(config: TrainerConfig, module: dict[str, Any], kind: str) -> None:
    """Every cell must still have its registers: a tool that lost some has built something else."""
    found = sum(
        re.fullmatch(kind, cell["type"]) is not None and block(path_of(name) or "") == "array.cell"
        for name, cell in module["cells"].items()
    )
    each = config.facts.cell_registers(config.words.parameter.width)
    expected = config.parameters * each
    if found < expected:
        raise SynthError(
            f"synthesis lost registers: {found} of {expected} in {config.parameters} cells are left"
        )
