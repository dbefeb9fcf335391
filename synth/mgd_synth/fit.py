"""Fits the coefficients of estimates: ``python -m mgd_synth.fit``.

Sizes come from ``synth/baselines/trainers_*.json``, which ``mgd_synth.baselines --write`` renews, and clock
rates from the boards' trainers in ``docs/boards.json`` and those that ``mgd_synth.frontier`` placed; of what
only banks have from ``bank_trainers_*.json``, and their clock rates from what ``mgd_synth.banks`` placed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.files import write_file

from . import banks, frontier, runs
from .baselines import BASELINES
from .delays import delays, fabric
from .estimate import (
    COEFFICIENTS,
    Fit,
    chooses,
    clock,
    estimated_sizes,
    keys,
    short_of_multipliers,
    totals,
)
from .features import Features, features, reason_against
from .flow import DEVICES
from .process import SynthError
from .results import load
from .script import status_of

__all__ = ["Placed", "errors", "fit", "fitted", "least_squares", "main", "placed", "placed_banks"]

_BOARDS = Path(__file__).parents[2] / "docs" / "boards.json"

#: Sizes by trainer, resource and block.
_Sizes = Mapping[str, Mapping[str, Mapping[str, float]]]


def least_squares(rows: Sequence[Sequence[float]], wanted: Sequence[float]) -> list[float]:
    """Coefficients, none below zero, of the least squared errors (Lawson and Hanson, 1974).

    Errors count by the root of the size, so that small blocks have a say. A breath of weight
    on the coefficients themselves decides where features cannot be told apart.
    """
    given, sizes = np.array(rows, float), np.array(wanted, float)
    scale = np.maximum(np.abs(given).max(axis=0), 1e-9)
    scaled = given / scale
    weighted = scaled.T / (sizes + 4)
    gram = weighted @ scaled + 1e-9 * np.eye(len(scale))
    aim = weighted @ sizes

    found = np.zeros(len(scale))
    free = np.zeros(len(scale), bool)
    while True:
        slopes = np.where(free, 0, aim - gram @ found)
        if slopes.max() < 1e-9:
            return [float(value) for value in found / scale]
        free[slopes.argmax()] = True
        while True:
            best = np.zeros(len(scale))
            best[free] = np.linalg.solve(gram[np.ix_(free, free)], aim[free])
            below = free & (best <= 0)
            if not below.any():
                found = best
                break
            # As far towards the best as all stay above zero; who gets there is fixed.
            step = (found[below] / np.maximum(found[below] - best[below], 1e-12)).min()
            found = found + step * (best - found)
            free &= found > 1e-12


def fitted(
    measured: _Sizes, configs: Mapping[str, TrainerConfig], target: str
) -> dict[str, dict[str, Features]]:
    """Coefficients by kind of block and resource."""
    # Of each kind of block: features, and sizes by resource.
    seen: dict[str, list[tuple[Features, dict[str, float]]]] = {}
    for name, sizes in measured.items():
        for place, (block, given) in features(configs[name], target).items():
            found = {kind: blocks[place] for kind, blocks in sizes.items() if blocks.get(place)}
            seen.setdefault(block, []).append((given, found))
    family: dict[str, dict[str, Features]] = {}
    for block, cases in seen.items():
        names = list(cases[0][0])
        rows = [[float(given[name]) for name in names] for given, _ in cases]
        for kind in sorted({kind for _, found in cases for kind in found}):
            terms = least_squares(rows, [found.get(kind, 0) for _, found in cases])
            family.setdefault(block, {})[kind] = {
                name: float(f"{value:.4g}") for name, value in zip(names, terms, strict=True) if value > 1e-6
            }
    return family


def errors(
    estimates: Mapping[str, Mapping[str, float]], sizes: Mapping[str, Mapping[str, float]]
) -> dict[str, tuple[float, float]]:
    """Median and largest error of each resource's total, as a part of the size, over trainers by name."""
    wrong = {}
    for kind in dict.fromkeys(kind for each in sizes.values() for kind, size in each.items() if size):
        parts = [
            abs(estimates[name].get(kind, 0) - each[kind]) / each[kind]
            for name, each in sizes.items()
            if each.get(kind)
        ]
        wrong[kind] = (statistics.median(parts), max(parts))
    return wrong


@dataclass(frozen=True)
class Placed:
    """A trainer that was placed and routed: its logic cells, and megahertz."""

    title: str
    target: str
    config: TrainerConfig
    cells: float
    rate: float


def placed(group: str) -> list[Placed]:
    """The frontier's trainers of a group, at the median of their seeds; without products of parts, which no
    feature tells.
    """
    return [
        Placed(
            case.title,
            case.target,
            case.config,
            each["logic cells"],
            statistics.median(each["fmax"].values()),
        )
        for results in load(frontier.BASELINE).values()
        for name, each in results.items()
        if isinstance(case := frontier.CASES[name], frontier.TrainerCase)
        and case.group == group
        and not case.config.in_parts
    ]


def placed_banks() -> list[Placed]:
    """Banks that were placed, of those that have an estimate: one seed or the best of some."""
    return [
        Placed(name, case.target, case.config, each["logic cells"], each["fmax"])
        for results in load(banks.BASELINE).values()
        for name, each in results.items()
        if (case := banks.CASES.get(name)) is not None and "fmax" in each
        if not reason_against(case.config)
    ]


def _boards() -> list[Placed]:
    """What was placed and routed for boards, but for trainers with many stages: beside a judge and a button
    these are no faster than others.
    """
    targets = {device.title: target for target, device in DEVICES.items()}
    found = []
    for each in json.loads(_BOARDS.read_text(encoding="utf-8")):
        config, cells = preset(each["preset"]), each["resources"]["logic cells"]
        if not config.staged:
            size = cells["used"] + cells["harness"]
            found.append(Placed(each["preset"], targets[each["device"]], config, size, each["fmax"] / 1e6))
    return found


def _delays(each: Placed, made: Fit) -> Features:
    return delays(each.config, each.cells, short_of_multipliers(each.config, each.target, made))


def periods(made: Fit, known: Sequence[Placed]) -> dict[str, Features]:
    """Nanoseconds by fabric and feature, of what was placed."""
    cases: dict[str, list[Placed]] = {}
    for each in known:
        cases.setdefault(fabric(each.target), []).append(each)
    found = {}
    for name, group in cases.items():
        given = [_delays(each, made) for each in group]
        features = list(given[0])
        rows = [[float(each[feature]) for feature in features] for each in given]
        terms = least_squares(rows, [1000 / each.rate for each in group])
        found[name] = {
            feature: float(f"{value:.4g}")
            for feature, value in zip(features, terms, strict=True)
            if value > 1e-6
        }
    return found


def rate_errors(made: Fit) -> dict[str, tuple[int, float, float]]:
    """By fabric: how many trainers were judged, and the median and the largest error of their rates, of the
    sizes that are estimated.
    """
    parts: dict[str, list[float]] = {}
    for each in placed("judge"):
        cells = totals(estimated_sizes(each.config, each.target, made))["logic cells"]
        guess = clock(each.config, each.target, cells, made)
        if guess is not None:
            parts.setdefault(fabric(each.target), []).append(abs(guess / each.rate - 1))
    return {
        name: (len(found), round(statistics.median(found), 4), round(max(found), 4))
        for name, found in parts.items()
    }


def _recorded(name: str) -> tuple[str, Mapping[str, Any]]:
    """The release, and all entries of a baseline."""
    baseline = BASELINES[name]
    tool, entries = baseline.latest
    if not entries.keys() >= set(baseline.names):
        raise SynthError(f"{baseline.file.name} is not complete: python -m mgd_synth.baselines --write")
    return tool, entries


def fit() -> Fit:
    """Everything that an estimate needs, from what is recorded of the latest release."""
    configs = {name: runs.config(name) for name in (*runs.FIT, *runs.BANKS_FIT)}
    records = {target: _recorded(f"trainers_{target}")[1] for target in runs.WITHOUT}
    families = {
        target: fitted({name: records[target][name] for name in runs.FIT}, configs, target)
        for target in runs.WITHOUT
    }
    tables = {
        target: {
            block: kinds
            for block, kinds in fitted(_recorded(f"products_{target}")[1], configs, target).items()
            if "DSP" in families[target].get(block, {})
        }
        for target in runs.WITHOUT
    }
    tool, _ = _recorded(f"trainers_{next(iter(runs.WITHOUT))}")
    made = Fit(tool, families, tables, {}, {}, [], {}, {}, {}, {}, {})
    made = _with_banks(made, configs)
    made = replace(
        made,
        periods=periods(made, [*_boards(), *placed("trainer")]),
        bank_periods=periods(made, placed_banks()),
    )
    usual = dict(keys(preset("xor")))
    options = _seen([configs[name] for name in runs.FIT])
    return replace(
        made,
        errors={target: _wrong(made, target, entries, runs.JUDGED) for target, entries in records.items()},
        options=options,
        free=[key for key in usual if key not in options],
        rate_errors=rate_errors(made),
        bank_errors={
            target: _wrong(made, target, _banks(target), runs.banks(runs.BANKS_JUDGED, target))
            for target in runs.BANKS_ON
        },
        bank_options=_seen([configs[name] for name in (*runs.FIT, *runs.BANKS_FIT)]),
    )


def _banks(target: str) -> Mapping[str, Any]:
    return _recorded(f"bank_trainers_{target}")[1]


def _with_banks(made: Fit, configs: Mapping[str, TrainerConfig]) -> Fit:
    """And what only banks have, fitted to banks; the others' coefficients stay those of arrays."""
    families = dict(made.families)
    for target in runs.BANKS_ON:
        entries = _banks(target)
        found = fitted({name: entries[name] for name in runs.banks(runs.BANKS_FIT, target)}, configs, target)
        own = {block: kinds for block, kinds in found.items() if block not in families[target]}
        families[target] = {**families[target], **own}
    return replace(made, families=families)


def _wrong(
    made: Fit, target: str, entries: Mapping[str, Any], names: Iterable[str]
) -> dict[str, tuple[float, float]]:
    """Errors over some trainers, by resource."""
    guessed = {name: totals(estimated_sizes(runs.config(name), target, made)) for name in names}
    found = errors(guessed, {name: totals(entries[name]) for name in guessed})
    return {kind: (round(middle, 4), round(most, 4)) for kind, (middle, most) in found.items()}


def _seen(configs: Iterable[TrainerConfig]) -> dict[str, list[Any]]:
    """Every key that chooses, and what it was in some trainer."""
    seen: dict[str, list[Any]] = {key: [] for key, values in keys(preset("xor")) if chooses(key, values)}
    for config in configs:
        for key, values in keys(config):
            if key in seen:
                seen[key] += [value for value in values if value not in seen[key]]
    return seen


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    argparse.ArgumentParser(prog="python -m mgd_synth.fit", description=__doc__).parse_args(arguments)
    write_file(COEFFICIENTS, _text(fit().__dict__), force=True)
    sys.stdout.write(f"wrote {COEFFICIENTS.name}\n")
    return 0


def _text(value: Any, level: int = 0) -> str:
    """JSON, one line a kind of block."""
    if level == 3 or not isinstance(value, Mapping):
        return json.dumps(value)
    space = " " * (level + 1)
    inner = ",\n".join(f"{space}{json.dumps(key)}: {_text(each, level + 1)}" for key, each in value.items())
    return f"{{\n{inner}\n{' ' * level}}}" + "\n" * (level == 0)


if __name__ == "__main__":
    sys.exit(status_of(main))
