"""What stands between ``<!-- table: NAME -->`` and ``<!-- end -->`` in a page is made here.

    ports    on the page of a block: its ports; the last column is written by hand and kept
    size     on the page of a block: what it takes of an iCE40, from docs/sizes.json
    lane_codes   what a lane takes of an iCE40 with each code, from docs/sizes.json
    blocks   every block: what it is, its page, its logic cells
    cells    logic cells per parameter, from synth/baselines/cell_*.json; cells-ice40: every cell there
    estimates, judged   errors of estimates, from synth/baselines/trainers_*.json; bank_estimates, bank_judged
             the same of banks; bank_placed: of banks that were placed
    rates    estimated clock rates beside placed ones, of trainers to which none was fitted
    boards   what fits which board, from docs/boards.json
    time     how long these take to learn at their best clock rate, beside the paper's platforms
    soon     how long at worst, in clocks, from docs/figures/*_soon.json; of others from docs/figures.json
    sooner-all, sooner-short   the same at clock rates of placed trainers, beside the paper's platform HW2
    toggles  bits that change in a step, and until it is solved, from docs/figures/toggles.json
    frontier  arrays of cells, placed and routed, from synth/baselines/frontier.json
    loops  circuits for a device outside, from synth/baselines/loops.json
    banks    trainers with a bank, placed and routed, from synth/baselines/banks.json; banks-short: some
    bank_learned, bank_seconds, bank_computers, bank_delayed   what banks have learned, and how long that
             takes, see testbenches/docs/bank.py
    largest  networks that fill a device, from synth/baselines/largest.json and docs/hidden.json
    access   what a parameter costs more where it can be read and written, from synth/baselines
    visits   how long reading takes
    proofs   which mapped blocks are proven, from synth/baselines/proofs.json
    top-...  ports of the top: controls, registers, outputs, streams, from mgd_hdl.config.PORTS; top-sample,
             top-access, top-flags: the parts of a word
    map-...  the memory map: registers, bits
    states   what every step leaves behind, from mgd_hdl.config.STATES
    apart    what options cannot be together with, from mgd_hdl.config.relations.exclusions
    bits-..., chosen-..., front-...  word lengths of a task, from docs/figures/*_bits.csv
    paper, paper-times, paper-scaling  experiments of the papers, see testbenches/docs/paper.py
    options  every key of a TOML file: what it may be, what it is where it is left out, what it means

Any other NAME is a table of docs/figures.json, which holds measured results with the command that gives
them. Fences called ``timing`` are simulated, see :mod:`testbenches.docs.timing`.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from amaranth.hdl import Shape, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import In

from mgd_hdl.config import STATES, preset
from mgd_hdl.config.options import OPTIONS
from mgd_hdl.config.relations.exclusions import apart_from
from mgd_hdl.config.summary import json_schema
from mgd_hdl.hierarchy import Block
from mgd_sim.control.access import clocks, rounds
from mgd_sim.studies import soon
from mgd_sim.studies import toggles as toggled
from mgd_sim.studies.hidden import RESULTS
from mgd_synth import banks, frontier, largest, loops, proofs, runs
from mgd_synth.baselines import BASELINES
from mgd_synth.boards import BOARDS
from mgd_synth.cell_area import ARRAYS, VARIANTS, bound, goal
from mgd_synth.estimate import SUPPLY, coefficients, estimate, estimated_sizes, totals
from mgd_synth.fit import placed, placed_banks
from mgd_synth.report import PAPER
from mgd_synth.results import fingerprint, load

from . import bank, memory_map, paper, top, word_lengths
from .boards import known, rows, show
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
    kind, dash, part = name.partition("-")
    if name in _TABLES:
        return _TABLES[name](path, old)
    if kind + dash in _PARTS:
        return _PARTS[kind + dash](part)
    return _figures(json.loads((ROOT / "docs/figures.json").read_text("utf-8"))[name])


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(map(str, line)).rstrip() + " |\n" for line in lines)


def _top(name: str) -> str:
    words = {
        "sample": ("example 09", "i_sample__payload"),
        "access": ("xor, access", "i_access__payload"),
        "flags": ("xor", "flags"),
    }
    if name in words:
        circuit, port = words[name]
        head, *rows = top.payload(top.circuits()[circuit], port)
    else:
        head, *rows = top.ports(name)
    return _rows(head, rows)


def _apart() -> str:
    """One line an option that there is something against, each pair from both sides."""
    rows = [
        [name, _keys(option.asked), ", ".join(apart_from(name))]
        for name, option in OPTIONS.items()
        if apart_from(name)
    ]
    return _rows(["option", "asked for by", "cannot be together with"], rows)


def _keys(asked: str) -> str:
    """How to ask for an option, its keys as code."""
    return re.sub(r"[a-z_]+\.[a-z_]+( = (\"\w+\"|true))?|\"\w+\"", r"`\g<0>`", asked)


def _states() -> str:
    """One line a state."""
    rows = []
    for state in STATES:
        each = {"step": "", "bit of a tile": "a tile's bit"}.get(state.each, state.each)
        needs = _keys(state.option.asked) if state.option else ""
        rows.append([f"`{state.name}`", each, f"`{state.word}`" if state.word else "", needs, state.meaning])
    return _rows(["state", "for each", "word", "only with", "of step n"], rows)


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


def _lane_codes() -> str:
    """A lane of the letters' bank with each code, and what four of them share."""
    found = sizes()
    rows = [
        [name, each["lane"], each["shared"], each["row_bits"] or ""] for name, each in found["lanes"].items()
    ]
    note = f"iCE40 logic cells, 49-4-4 on four lanes; {found['tool']}."
    return f"{_rows(['code', 'a lane', 'what lanes share', 'bits of a row of its table'], rows)}\n{note}\n"


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


_DEVICES = {"ice40": "iCE40", "ecp5": "ECP5"}


def _rounded(size: float | None) -> str:
    return "" if size is None else f"{round(size, 2):g}"


def _access() -> str:
    """Per parameter, arrays with access beside those without."""
    rows = []
    for name in ARRAYS:
        accessed = name.replace(", 16 bits", ", access, 16 bits")
        if accessed in ARRAYS:
            row = [name.removeprefix("tiles of ").removesuffix(", 16 bits")]
            for target in _DEVICES:
                entries = BASELINES[f"cell_{target}"].latest[1]
                plain, more = (entries[each]["logic cells"] for each in (name, accessed))
                row += [_rounded(plain), f"+{more - plain:.3f}"]
            rows.append(row)
    columns = ["cells"]
    for device in _DEVICES.values():
        columns += [device, "with access"]
    return _rows(columns, rows)


def _visits() -> str:
    """How long reading takes, of some trainers."""
    rows = []
    for name, changes in _READ.items():
        config = preset(name.partition(",")[0]).replaced(**changes)
        slots, beat = config.timing.access_slots, config.timing.access_beat
        one = clocks(config, [0]) - slots * beat
        each = clocks(config, range(config.parameters)) / config.parameters
        rows.append([name, config.parameters, rounds(config), beat, slots, one, f"{each:.1f}"])
    columns = ["trainer", "P", "visits", "clocks from visit to visit", "slots", "one", "each of all"]
    return _rows(columns, rows)


#: With access.
_READ: dict[str, dict[str, Any]] = {
    "xor": {"engine": {"access": "yes"}},
    "xor, serial cells": {"engine": {"access": "yes", "cell": "serial"}},
    "parity4": {"engine": {"access": "yes"}},
    "nist7x7": {"engine": {"access": "yes"}},
    "nist7x7, leaves of 4": {"engine": {"access": "yes", "leaf_cells": 4}},
}


def _cells() -> str:
    """The cells of 16 bits: every kind, and every family of codes."""
    columns = ["16-bit parameter"]
    for device in _DEVICES.values():
        columns += [device, "bound", "target"]
    latest = {target: BASELINES[f"cell_{target}"].latest for target in _DEVICES}
    rows = []
    for name in (*VARIANTS, *ARRAYS):
        if not re.fullmatch(r"(random_code, .*|\w+, parallel|array of .*), 16 bits", name) or "sided" in name:
            continue
        row = [name.removesuffix(", 16 bits")]
        for target, (_, entries) in latest.items():
            sizes_of = (entries[name]["logic cells"], bound(name, target), goal(name, target))
            row += [_rounded(size) for size in sizes_of]
        rows.append(row)
    (tool,) = {tool for tool, _ in latest.values()}
    note = (
        "Logic cells, as the slope between two arrays; sinusoids and external codes in words of four bits."
        " Measured with `python -m mgd_synth.cell_area`"
    )
    return _rows(columns, rows) + f"\n{note}; {tool}.\n"


def _all_cells(target: str) -> str:
    """Everything that one family of devices was measured for, one line for cells of all widths."""
    tool, entries = BASELINES[f"cell_{target}"].latest
    widths = sorted({int(name.split()[-2]) for name in entries}, reverse=True)
    columns = ["cell"]
    for bits in widths:
        columns += [f"{bits} bits", "LUT", "FF", "bound"]
    rows = []
    for cell in dict.fromkeys(name.rpartition(", ")[0] for name in entries):
        row = [cell]
        for bits in widths:
            name = f"{cell}, {bits} bits"
            entry = entries.get(name, {})
            row += [_rounded(entry.get(kind)) for kind in ("logic cells", "LUT", "FF")]
            row.append(_rounded(bound(name, target)) if entry else "")
        rows.append(row)
    note = f"Logic cells of every width. Measured with `python -m mgd_synth.cell_area --target {target}`"
    return _rows(columns, rows) + f"\n{note}; {tool}.\n"


# ---- of estimates --------------------------------------------------------------------------------


def _estimates(group: str) -> str:
    """The median and the largest error on each device that was fitted, to arrays or banks."""
    fit = coefficients()
    errors = fit.bank_errors if group == "bank_trainers" else fit.errors
    kinds = list(dict.fromkeys(kind for found in errors.values() for kind in found))
    rows = [
        [target, *(f"{found[kind][0]:.1%}, {found[kind][1]:.1%}" if kind in found else "" for kind in kinds)]
        for target, found in errors.items()
    ]
    table = _rows(["median, largest error", *kinds], rows)
    return (
        f"{table}\nMade with `python -m mgd_synth.fit` from `synth/baselines/{group}_*.json`; {fit.tool}.\n"
    )


def _judged(group: str, judges: Iterable[str], targets: Iterable[str]) -> str:
    """The logic cells of every judged trainer: what was estimated, and what synthesis gave."""
    fit = coefficients()
    records = {target: BASELINES[f"{group}_{target}"].latest[1] for target in targets}
    rows = []
    for name in judges:
        config = runs.config(name)
        row = [name, config.parameters]
        for target, entries in records.items():
            if name in entries:
                size = totals(entries[name])["logic cells"]
                guess = totals(estimated_sizes(config, target))["logic cells"]
                row.append(f"{guess:,} for {size:,}, {guess / size - 1:+.1%}")
            else:
                row.append("")
        rows.append(row)
    table = _rows(["trainer", "parameters", *records], rows)
    return f"{table}\nLogic cells, estimated for synthesized; {fit.tool}.\n"


#: Goes with figures that were not measured again since the circuit's Verilog has changed.
_EARLIER = ", of an earlier circuit"


def _frontier() -> str:
    """One line an array, with the rates of all seeds; and how much slower 1024 cells are than 16."""
    table = []
    rates: dict[tuple[str, str, int], float] = {}
    for results in load(frontier.BASELINE).values():
        for name, found in results.items():
            case, best = frontier.CASES[name], frontier.best(found)
            assert best is not None
            if isinstance(case, frontier.TrainerCase):
                continue
            rates[case.kind, case.target, case.cells] = best
            seeds = ", ".join(f"{seed}: {rate:.1f}" for seed, rate in found["fmax"].items())
            if found["verilog"] != fingerprint(case.design()[1]):
                seeds += _EARLIER
            size = f"{found['logic cells']:,} of {found['available']:,}"
            row = [case.kind, f"{case.cells:,}", case.target, size, f"{case.bound:,.0f}"]
            table.append([*row, f"{best:.1f}", case.goal or "", seeds])
    head = ["cells", "number", "device", "logic cells", "bound", "MHz", "goal", "by seed"]
    falls = [
        f"1,024 {kind} cells on {target} are {1 - rates[kind, target, 1024] / rates[base, target, 16]:.1%}"
        f" slower than 16 {base} ones."
        for kind, target, cells in rates
        if cells == 1024 and kind != "serial"
        for base in dict.fromkeys(("early", kind))
    ]
    note = f"Made with `python -m mgd_synth.frontier`; {'; '.join(load(frontier.BASELINE))}."
    return _rows(head, table) + "\n" + " ".join([*falls, note]) + "\n"


def _trainers() -> str:
    """One line a trainer, with the rates of all seeds."""
    table = []
    for results in load(frontier.BASELINE).values():
        for name, found in results.items():
            case, best = frontier.CASES[name], frontier.best(found)
            if isinstance(case, frontier.TrainerCase) and case.group == "trainer":
                assert best is not None
                seeds = ", ".join(f"{seed}: {rate:.1f}" for seed, rate in found["fmax"].items())
                if found["verilog"] != case.verilog:
                    seeds += _EARLIER
                size = f"{found['logic cells']:,}"
                slowest = max(found["path"], key=lambda part: part[1] + part[2])[0]
                table.append([case.title, case.target, size, f"{best:.1f}", case.goal or "", seeds, slowest])
    head = ["trainer", "device", "logic cells", "MHz", "goal", "by seed", "the last seed's slowest path"]
    return _rows(head, table) + "\nMade with `python -m mgd_synth.frontier trainer`.\n"


def _banks() -> str:
    """One line a placed bank, beside the bound; of what does not fit, of what there is too much."""
    table = []
    for results in load(banks.BASELINE).values():
        for name, found in results.items():
            case, steps = banks.CASES[name], banks.speed(found)
            words = banks.bound(case.config)
            lanes = f"{case.lanes}" + ", many stages" * (case.stages == "many")
            lanes += ", single ports" * case.single_port
            row = [case.shown, f"{found['parameters']:,}", lanes, case.target]
            row += [f"{found[each]:,.0f}" for each in ("logic cells", "FF", "BRAM")] + [f"{found['DSP']:g}"]
            row[-2] += f", {found['SPRAM']:g} SPRAM" if found.get("SPRAM") else ""
            row += [f"{found['clocks']:,g}", f"{float(words):,.1f}", f"{float(words) / found['clocks']:.1%}"]
            if steps is None:
                row += ["", f"too many {', '.join(found['over'])}"]
            else:
                seeds = f", best of {len(found['seeds'])} seeds" if len(found.get("seeds", {})) > 1 else ""
                row += [f"{found['fmax']:.1f}{seeds}", f"{steps:,.0f}"]
            table.append([*row[:-1], row[-1] + (_EARLIER if found["verilog"] != case.verilog else "")])
    head = ["network", "parameters", "lanes", "device", "logic cells", "registers", "block memories"]
    head += ["multipliers", "clocks a step", "bound", "lane use", "MHz", "steps a second"]
    made = f"Made with `python -m mgd_synth.banks`; {'; '.join(load(banks.BASELINE))}."
    return f"{_rows(head, table)}\n{made}\n"


#: Of the placed banks those that the first page shows, by what they are.
_SHOWN_BANKS = {
    "49-4-4-w4-ice40-up5k": "letters",
    "49-4-4-delayed-at-once-two-curves-w4-ecp5-25k": "letters",
    "196-32-10-delayed-at-once-w16-ecp5-25k": "images, pooled",
    "784-32-10-bits-sample-memory-w2-single-port-ice40-up5k": "images of bits",
    "fashion_784_nodes-ecp5-85k": "Fashion-MNIST, node by node",
    "784-128-10-sample-memory-w64-ecp5-85k-many": "images",
}


def _banks_short() -> str:
    """Some of :func:`_banks`, without what only those compare who look closer."""
    table = []
    for results in load(banks.BASELINE).values():
        for name, task in _SHOWN_BANKS.items():
            if (found := results.get(name)) is None:
                continue
            case, steps = banks.CASES[name], banks.speed(found)
            assert steps is not None
            layers = "-".join(map(str, case.config.network.layers))
            row = [f"{task}, {layers}", f"{found['parameters']:,}", case.target, f"{case.lanes}"]
            row += [f"{found['logic cells']:,.0f}", f"{found['DSP']:g}", f"{found['clocks']:,g}"]
            table.append([*row, f"{found['fmax']:.1f}", f"{steps:,.0f}"])
    head = ["network", "parameters", "device", "lanes", "logic cells", "multipliers", "clocks a step", "MHz"]
    return _rows([*head, "steps a second"], table) + "\nPlaced and routed by `python -m mgd_synth.banks`.\n"


def _bank_placed() -> str:
    """One line a placed bank: its size and clock rate as estimated, and as they are."""
    table = []
    for each in placed_banks():
        if each.target in coefficients().targets_of(each.config):
            guess = estimate(each.config, each.target)
            cells = next(found.used for found in guess.resources if found.name == "logic cells")
            row = [f"{cells:,.0f} for {each.cells:,.0f}, {cells / each.cells - 1:+.1%}"]
            if guess.fmax is not None:
                row.append(f"{guess.fmax:.0f} for {each.rate:.0f}, {guess.fmax / each.rate - 1:+.0%}")
            table.append([each.title, f"{each.config.parameters:,}", *row])
    head = ["bank", "parameters", "logic cells, estimated for placed", "MHz, estimated for placed"]
    return _rows(head, table) + "\nMade with `python -m mgd_synth.banks`.\n"


def _bank_learned() -> str:
    head = ["task", "network, parameters", "what ran", "steps", "accuracy", "circuit against twin"]
    return f"{_rows(head, bank.learned())}\n{bank.learned_note()}\n"


def _bank_seconds() -> str:
    head = ["task", "steps", "clocks a step", "MHz", "on the bank"]
    head += [platform.name for platform in PAPER]
    return (
        f"{_rows(head, bank.seconds())}\nMade with `python -m mgd_synth.banks`,"
        " `python -m mgd_sim.studies.bank letters` and `python -m mgd_sim.studies.fashion 196`, or 784. Clock"
        " rates are those of these trainers as placed.\n"
    )


def _bank_delayed() -> str:
    head = [
        "updates",
        "clocks a step",
        "steps, half of 32 seeds",
        "slowest",
        "clocks, half of them",
        "slowest",
    ]
    head += ["ECP5-25: MHz, half of them after", "UP5K: MHz, half of them after"]
    return (
        f"{_rows(head, bank.delayed())}\nMade with `python -m mgd_sim.studies.bank letters_exact`,"
        " `... letters_delayed` and `python -m mgd_synth.banks 49-4-4`. Looks are 125 steps apart.\n"
    )


def _bank_computers() -> str:
    head = ["task", "what ran", "steps, or samples", "processor seconds"]
    return (
        f"{_rows(head, bank.computers())}\nMade with `python -m mgd_sim.studies.fashion 196`, on one core;"
        " processor time, looks at the test images included.\n"
    )


def _loops() -> str:
    """One line a circuit that was placed; rates at the median of its clocks."""
    cases = {case.name: case for case in loops.CASES}
    table = []
    for results in load(loops.BASELINE).values():
        for name, found in results.items():
            case, config = cases[name], cases[name].config
            earlier = _EARLIER * (found["verilog"] != case.current())
            memories = [f"{count} {kind}" for kind, count in found.get("memories", {}).items()]
            cells = ": ".join([case.engine, *([" and ".join(memories)] if memories else [])])
            row = [f"{case.parameters:,}{earlier}", cells, case.target, f"{found['logic cells']:,}"]
            if not found["fits"]:
                table.append([*row, "does not fit", *[""] * 4])
                continue
            clock = median(found["fmax"].values())
            count = len(found["fmax"])
            row.append(f"{clock:.0f}, {count} seed{'s' * (count > 1)}")
            if case.buses:
                config = config.replaced(host={"clock_hz": int(clock * 1e6)})
                clocks = loops.measurement_clocks(config, loops.Pace())
                table.append([*row, f"{clocks:,}", f"MCP4922, MCP3208: {clock * 1e6 / clocks:,.0f}", "", ""])
                continue
            table.append(
                [
                    *row,
                    f"{loops.measurement_clocks(config, loops.Pace()):,}",
                    *(f"{loops.rate(config, clock * 1e6, hz):,.0f}" for hz in (1e6, 1e7, 1e8)),
                ]
            )
    head = ["parameters", "cells", "device", "logic cells", "MHz", "clocks of a measurement"]
    rates = ["measurements/s: converters of 1 MHz", "10 MHz", "100 MHz"]
    note = f"Made with `python -m mgd_synth.loops`; {'; '.join(load(loops.BASELINE))}."
    return _rows([*head, *rates], table) + f"\n{note}\n"


def _largest() -> str:
    """One line a device; seeds of the twin that did not learn are told."""
    learned = json.loads(RESULTS.read_text("utf-8"))
    table = []
    for results in load(largest.BASELINE).values():
        for target, found in results.items():
            if "hidden" not in found:
                continue
            earlier = _EARLIER * (found["verilog"] != largest.current(found))
            row = [target, f"49-{found['hidden']}-4{earlier}", f"{found['parameters']:,}", found["engine"]]
            share = largest.FULL[target] * found["shares"][found["engine"]][str(found["hidden"])]
            if "logic cells" in found:
                share = found["logic cells"] / SUPPLY[target]["logic cells"]
            row.append(f"{share:.0%}")
            rate = found["fmax"] * 1e6 / found["clocks_per_step"] if "fmax" in found else None
            row += ["", ""] if rate is None else [f"{found['fmax']:.1f}", f"{rate:,.0f}"]
            steps = learned.get(str(found["hidden"]))
            median = None if steps is None else steps["median"]
            if steps is not None:
                row.append(
                    "-" if median is None else f"{median:,.0f}, {steps['solved']} of {steps['seeds']} seeds"
                )
            table.append([*row, "" if rate is None or median is None else show(median / rate)])
    head = [
        "device",
        "network",
        "parameters",
        "cells",
        "full",
        "MHz",
        "steps/s",
        "steps to 99 %",
        "time to 99 %",
    ]
    tools = "; ".join(load(largest.BASELINE))
    note = f"Made with `python -m mgd_synth.largest` and `python -m mgd_sim.studies.hidden H`; {tools}."
    return _rows(head, table) + f"\n{note}\n"


def _proofs(book: proofs.Book) -> str:
    """One line a kind of block: in how many forms it was proven, for each family, and which are not."""
    kinds: dict[str, list[proofs.Proof]] = {}
    for proof in book.proofs:
        kinds.setdefault(_kind(proof.block), []).append(proof)
    reasons: dict[str, dict[str, None]] = {}
    for each in book.simulated:
        reasons.setdefault(_kind(each.block), {})[each.reason] = None
    for each in book.proofs:
        if not each.complete:
            reason = f"{each.block} of {each.configuration}, {each.family}: {each.reason}"
            reasons.setdefault(_kind(each.block), {})[reason] = None
    table = []
    for kind in sorted({*kinds, *reasons}):
        row = [f"`{kind}`"]
        for family in proofs.FAMILIES:
            tried = [each for each in kinds.get(kind, ()) if each.family == family]
            done = [each for each in tried if each.complete]
            row.append(f"{len(done)} of {len(tried)}, {sum(each.pairs for each in done):,}" if tried else "-")
        trainers = dict.fromkeys(each.configuration for each in kinds.get(kind, ()))
        table.append([*row, ", ".join(trainers), "; ".join(reasons.get(kind, ()))])
    head = [
        "block",
        *(f"{_DEVICES[family]}: forms, pairs" for family in proofs.FAMILIES),
        "trainers",
        "not proven",
    ]
    forms = {(each.configuration, each.block) for each in book.proofs}
    complete = sum(each.complete for each in book.proofs)
    note = (
        f"{len({*kinds, *reasons})} blocks, of {len(kinds)} of them {len(forms)} forms; {complete} of"
        f" {len(book.proofs)} proofs are complete"
    )
    return _rows(head, table) + f"\nMade with `python -m mgd_synth.proofs --write`; {note}; {book.tool}.\n"


def _kind(block: str) -> str:
    """A block's name without its place in the network, or its size."""
    return re.sub(r"(_\d+)?(_addressed)?(_branch)?$", "", block)


def _boards() -> str:
    reports = list(known().values())
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


#: Tasks by the first column of the table of learning, where a median is said in steps.
_TASKS = {"xor": "XOR", "parity4": "4-bit parity", "nist7x7_centered": "NIST7x7, centred"}


def _time() -> str:
    """Every trainer of the boards at the clock rate that it reaches, then the paper's platforms."""
    reports = list(known().values())
    figures = json.loads((ROOT / "docs/figures.json").read_text("utf-8"))["learning"]["rows"]
    medians = {row[0]: int(re.search(r"median ([\d,]+)", row[3])[1].replace(",", "")) for row in figures[:3]}
    table = []
    for task, title in _TASKS.items():
        steps = medians[title]
        for each in reports:
            if each["preset"] == task:
                rate = each["fmax"] / each["clocks_per_step"]
                cells = each["resources"]["logic cells"]
                size = f"{cells['used'] + cells['harness']:,.0f}"
                clock = [f"{each['fmax'] / 1e6:.0f}", f"{each['clocks_per_step']:g}", f"{rate:,.0f}"]
                device = each["device"].partition(",")[0]
                table.append([title, device, size, *clock, f"{steps:,}", show(steps / rate)])
        for platform in PAPER:
            where = f"{platform.name}: {platform.example}"
            rate = f"{1 / platform.seconds(1):,.0f}"
            table.append([title, where, "", "", "", rate, f"{steps:,}", show(platform.seconds(steps))])
    note = (
        "Trainers with their judge and showcase, placed and routed by `python -m testbenches.docs.boards`;"
        " median steps as above. HW1 to HW3 are the paper's hypothetical platforms: two inferences a step, of"
        " 1 ms, 10 ns and 200 ps."
    )
    head = ["task", "device", "logic cells", "MHz", "clocks per step", "steps/s", "median steps"]
    return _rows([*head, "time to solution"], table) + f"\n{note}\n"


def _rates() -> str:
    """One line a trainer by which the estimate of clock rates is judged."""
    table = []
    for each in placed("judge"):
        found = estimate(each.config, each.target).fmax
        assert found is not None
        row = [each.title, each.target, f"{found:.0f}", f"{each.rate:.0f}"]
        table.append([*row, f"{found / each.rate - 1:+.0%}"])
    head = ["trainer", "device", "MHz, estimated", "MHz, placed", "error"]
    return _rows(head, table) + "\nPlaced with `python -m mgd_synth.frontier judge`, one seed.\n"


#: Tasks of the study of times to solution, as they are called here.
_SOON = {"xor": "XOR", "parity4": "4-bit parity", "letters": "NIST7x7, centred"}


def _setting(name: str) -> str:
    """With the preset as code."""
    base, *rest = name.split(", ")
    return ", ".join([f"`{base}`", *rest])


def _clocks(found: float | None) -> str:
    return "-" if found is None else f"{found:,.0f}"


@dataclass(frozen=True)
class _Told:
    """A row of docs/figures.json, where no seeds are kept."""

    network: str
    clocks: float
    tries_of: int
    solved: float
    median: float
    most: float

    @classmethod
    def of(cls, row: Sequence[str]) -> _Told:
        numbers = [float(word.replace(",", "").rstrip(" %")) for word in row[3:]]
        clocks, tries_of, solved, median, most = numbers
        return cls(row[2], clocks, int(tries_of), solved / 100, median, most)

    def until(self, share: float) -> float:
        return {0.5: self.median, 0.99: self.most}[share]

    def steps_until(self, share: float) -> float:
        """The clocks in which a try begins are next to none of it."""
        return self.until(share) / self.clocks


def _outcomes(task: str) -> dict[str, soon.Outcome | _Told]:
    """What is known of a task, by setting, in the order of the study."""
    rows = json.loads((ROOT / "docs/figures.json").read_text("utf-8"))["soon"]["rows"]
    told = {row[1].replace("`", ""): _Told.of(row) for row in rows if row[0] == _SOON[task]}
    found: dict[str, soon.Outcome | _Told] = {**told, **soon.recorded(task)}
    return {name: found[name] for name in soon.SETTINGS[task] if name in found}


def _soon() -> str:
    """One line a setting."""
    table = []
    for task, title in _SOON.items():
        for name, each in _outcomes(task).items():
            if isinstance(each, _Told):
                network = each.network
            else:
                layers = soon.configured(soon.SETTINGS[task][name]).network.layers
                network = f"{'-'.join(map(str, layers))}, {each.parameters}"
            row = [title, _setting(name), network, f"{each.clocks:.4g}"]
            row += ["-" if each.tries_of is None else f"{each.tries_of:,}", f"{each.solved:.1%}"]
            table.append([*row, _clocks(each.until(0.5)), _clocks(each.until(0.99))])
    head = ["task", "setting", "network, parameters", "clocks a step", "N, steps", "solved within N"]
    note = (
        "Measured with `python -m mgd_sim.studies.soon TASK`. Two sets of 256 seeds, of parity and of plain"
        " letters 128, of plain parity 48: the first chose N, the second is what is told. A setting's name"
        " is that of its preset and what differs; exact ones have few stages. Solved: every answer right,"
        " for plain XOR also a mean squared error below 0.04, for letters 99 %. Looked at every 5 steps,"
        " plain XOR every 10, parity every 50 (plain: 500), letters every 125 (plain: 500); a try begins"
        " after P + 2 clocks. Clocks a step of overlapping letters are simulated: at times a draw comes"
        " late. The time of the judge is not in it."
    )
    return _rows([*head, "median, clocks", "99 %, clocks"], table) + f"\n{note}\n"


def _toggles() -> str:
    """One line a setting: what moves in a step, and until 99 of 100 are done."""
    table = []
    for name, each in toggled.recorded().items():
        task = toggled.SETTINGS[name]
        most = _outcomes(task)[name].until(0.99)
        row = [_SOON[task], _setting(name), f"{each.bits:,}", f"{each.per_step:,.0f}"]
        row += [f"{each.cells / each.toggles:.0%}", f"{each.per_clock / each.bits:.1%}"]
        table.append([*row, "-" if most is None else f"{float(f'{most * each.per_clock / 1e6:.3g}'):,g}"])
    seeds, steps = ({each.job[place] for each in toggled.recorded().values()} for place in (1, 2))
    note = (
        "Measured with `python -m mgd_sim.studies.toggles`: bits of registers and of written memories that"
        f" differ from one clock to the next, in the first {max(steps)} steps of {max(seeds)} seeds, in"
        " simulated Verilog. The last column is for the clocks of 99 % above. What moves between registers,"
        " and the clock itself, is not counted: this is no energy."
    )
    head = ["task", "setting", "bits", "toggles a step", "of these in cells", "of all bits, a clock"]
    return _rows([*head, "million toggles until 99 %"], table) + f"\n{note}\n"


#: Task, setting, the same with exact updates, and where it was placed: a case of the frontier, or a board.
_SOONER: tuple[tuple[str, str, str, str | tuple[str, str]], ...] = (
    ("xor", "xor", "xor", ("ulx3s-25f", "xor")),
    ("xor", "xor, delayed, many stages", "xor", "trainer-XOR-delayed-many-stages-ecp5-25k"),
    ("xor", "xor, delayed, many stages", "xor", "trainer-XOR-delayed-products-of-parts-ice40-hx8k"),
    ("xor", "xor_fast", "xor_fast, exact", "trainer-xor_fast-ecp5-25k"),
    ("xor", "xor_fast", "xor_fast, exact", ("hx8k", "xor_fast")),
    ("parity4", "parity4", "parity4", ("ulx3s-25f", "parity4")),
    ("parity4", "parity4_fast", "parity4_fast, exact", "trainer-parity4_fast-ecp5-25k"),
    ("letters", "nist7x7_centered", "nist7x7_centered", ("ulx3s-25f", "nist7x7_centered")),
    ("letters", "letters_fast", "letters_fast, exact", "trainer-letters_fast-ecp5-25k"),
)


def _placed(where: str | tuple[str, str]) -> tuple[str, float, float] | None:
    """Device, logic cells and megahertz of a trainer, the best of its seeds; None where it was not placed."""
    if isinstance(where, str):
        for results in load(frontier.BASELINE).values():
            if where in results:
                case, found, best = frontier.CASES[where], results[where], frontier.best(results[where])
                assert isinstance(case, frontier.TrainerCase)
                assert best is not None
                earlier = _EARLIER * (found["verilog"] != case.verilog)
                return case.target + earlier, found["logic cells"], best
        return None
    report = known().get(where)
    if report is None:
        return None
    cells = report["resources"]["logic cells"]
    return BOARDS[where[0]].target, cells["used"] + cells["harness"], report["fmax"] / 1e6


def _sooner(part: str) -> str:
    """One line a trainer and device: what it takes, and what HW2 would."""
    hw2 = next(platform for platform in PAPER if platform.name == "HW2")
    table = []
    for task, name, exact, where in _SOONER:
        outcomes, placed = _outcomes(task), _placed(where)
        if placed is None or not {name, exact} <= outcomes.keys():
            continue
        target, cells, rate = placed
        ours = [outcomes[name].until(share) for share in (0.5, 0.99)]
        theirs = [outcomes[exact].steps_until(share) for share in (0.5, 0.99)]
        times = [
            *(each and each / rate / 1e6 for each in ours),
            *(each and hw2.seconds(each) for each in theirs),
        ]
        row = [_SOON[task], _setting(name), target]
        if part == "all":
            row += [f"{cells:,.0f}"]
        elif not target.startswith("ecp5-25k"):
            continue
        row += [f"{rate:.1f}", *("-" if time is None else show(time) for time in times)]
        if part == "all":
            most, theirs_most = times[1], times[3]
            row += ["-" if not most or not theirs_most else f"{most / theirs_most:.2f}"]
            row += ["-" if ours[1] is None else f"{float(f'{cells * ours[1] / 1e6:.3g}'):,g}"]
        table.append(row)
    head = ["task", "trainer", "device", *(["logic cells"] if part == "all" else []), "MHz"]
    head += [
        "median",
        "99 %",
        "HW2: median",
        "HW2: 99 %",
        *(["of HW2's 99 %", "million cells x clocks"] if part == "all" else []),
    ]
    note = (
        "Time until half of all trainers, and 99 of 100, have solved the task, restarts included: clocks of"
        " `python -m mgd_sim.studies.soon TASK` at the best clock rate of"
        " `python -m mgd_synth.frontier trainer` or `python -m testbenches.docs.boards`. HW2 is the paper's"
        " hypothetical memory that computes, two inferences of 10 ns a step: the same network and loss with"
        " exact updates, restarts at no cost, with the N that suits it."
    )
    return _rows(head, table) + f"\n{note}\n"


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
    """A large power of two, or one less, as such."""
    if abs(value) < 10**6 or value != int(value):
        return f"{value:g}"
    size, sign = abs(int(value)), "-" if value < 0 else ""
    for rest, words in ((0, "2^{}"), (1, "2^{} - 1")):
        if (size + rest).bit_count() == 1 and not (rest and sign):
            return sign + words.format((size + rest).bit_length() - 1)
    return f"{value:g}"


# ---- of measured results -------------------------------------------------------------------------


def _figures(table: dict[str, Any]) -> str:
    note = f" {table['note']}" if table.get("note") else ""
    return _rows(table["columns"], table["rows"]) + f"\nMeasured with `{table['command']}`.{note}\n"


def _map(part: str) -> str:
    head, *rest = memory_map.table(part)
    return _rows(head, rest)


# ---- by name -------------------------------------------------------------------------------------

#: What makes a table, from its page and what stands there.
_TABLES: dict[str, Callable[[Path, str], str]] = {
    "ports": lambda path, old: ports(Page(path).block(), old),
    "size": lambda path, _: _size(path.stem),
    "lane_codes": lambda *_: _lane_codes(),
    "blocks": lambda path, _: blocks(path.parent),
    "access": lambda *_: _access(),
    "visits": lambda *_: _visits(),
    "cells": lambda *_: _cells(),
    "estimates": lambda *_: _estimates("trainers"),
    "judged": lambda *_: _judged("trainers", runs.JUDGED, (*runs.WITHOUT, "ice40-hx8k")),
    "bank_estimates": lambda *_: _estimates("bank_trainers"),
    "bank_judged": lambda *_: _judged("bank_trainers", runs.BANKS_JUDGED, runs.BANKS_ON),
    "bank_placed": lambda *_: _bank_placed(),
    "options": lambda *_: options(json_schema()),
    "states": lambda *_: _states(),
    "apart": lambda *_: _apart(),
    "boards": lambda *_: _boards(),
    "time": lambda *_: _time(),
    "soon": lambda *_: _soon(),
    "rates": lambda *_: _rates(),
    "toggles": lambda *_: _toggles(),
    "frontier": lambda *_: _frontier(),
    "trainers": lambda *_: _trainers(),
    "largest": lambda *_: _largest(),
    "banks": lambda *_: _banks(),
    "banks-short": lambda *_: _banks_short(),
    "bank_learned": lambda *_: _bank_learned(),
    "bank_seconds": lambda *_: _bank_seconds(),
    "bank_computers": lambda *_: _bank_computers(),
    "bank_delayed": lambda *_: _bank_delayed(),
    "loops": lambda *_: _loops(),
    "proofs": lambda *_: _proofs(proofs.Book.stored()),
    "paper": lambda *_: _rows(*paper.experiments()),
    "paper-times": lambda *_: _rows(*paper.times()),
    "paper-scaling": lambda *_: _rows(*paper.scaling()),
}
#: Of tables that come in several parts, by how their names begin; from what follows.
_PARTS: dict[str, Callable[[str], str]] = {
    "cells-": _all_cells,
    "top-": _top,
    "map-": _map,
    "sooner-": _sooner,
    "bits-": lambda task: _rows(*word_lengths.shortest_words(task)),
    "front-": lambda task: _rows(*word_lengths.front(task)),
    "chosen-": lambda task: _rows(*word_lengths.chosen(task)) + word_lengths.note(task),
}
