"""What docs/bank.md tells of learning: from recorded curves, comparisons, and clock rates as placed."""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig
from mgd_sim.studies.bank import COMPARED, FIGURES, TASKS, Compared, Learned, upto
from mgd_sim.studies.fashion import MODELS, Curve, noted
from mgd_sim.studies.study import kept
from mgd_synth import banks
from mgd_synth.report import PAPER
from mgd_synth.results import load

from .boards import show
from .pages import ROOT

__all__ = ["curves", "learned", "learned_note", "placed", "seconds", "seconds_note", "timed"]

#: What is told of the letters, and from which accuracy on of Fashion-MNIST, by percent.
_LETTERS, _FASHION = 0.98, (0.79, 0.80, 0.81, 0.82, 0.83)
#: What we aim at there.
_AIM = 0.83

_BY_MODEL = {
    "twin": "twin, one seed",
    "twin, by nodes": "twin, one seed",
    "float": "NumPy",
    "backpropagation": "NumPy, one sample at a time",
}


def _tasks(folder: Path) -> dict[str, Learned]:
    """What is recorded of letters and digits."""
    found = {name: kept(folder / f"bank_{name}.json") for name in TASKS}
    return {name: Learned(**each) for name, each in found.items() if each is not None}


def curves(inputs: int, folder: Path = FIGURES) -> dict[str, Curve]:
    """What is recorded of Fashion-MNIST, by model."""
    document = kept(folder / f"fashion_{inputs}.json") or {"curves": []}
    return {each["model"]: Curve(**each) for each in document["curves"]}


def timed(file: str) -> TrainerConfig:
    """An example with samples from a port, whatever its own are: as large and as fast as it is."""
    document = tomllib.loads((ROOT / file).read_text("utf-8"))
    if document["task"]["name"] == "file":
        document["task"] = {"name": "external", "source": "stream"}
    return TrainerConfig.build(document)


def _compared(name: str, folder: Path) -> str:
    """How far the circuit of a configuration was compared with the twin."""
    found = [Compared(**each) for each in kept(folder / COMPARED) or ()]
    return "; ".join(
        f"{f'from step {each.first:,} on' if each.first else 'first'} {each.steps:,} steps,"
        f" {each.states:,} states: equal"
        for each in sorted(found, key=lambda each: each.first)
        if each.configuration == name
    )


def _steps(each: Curve, looks: int = -1) -> int:
    """Of a curve: two measurements a step, of backpropagation one sample."""
    return each.evaluations[looks] // (1 if each.model == "backpropagation" else 2)


def _size(config: TrainerConfig) -> str:
    layers = "-".join(map(str, config.network.layers))
    return f"{layers}, {config.parameters:,} on {config.engine.lanes} lanes"


def learned(folder: Path = FIGURES) -> Iterator[list[str]]:
    """One line a task and model: what ran, for how long, and how good it was."""
    tasks = _tasks(folder)
    if "letters" in tasks:
        found, config = tasks["letters"], timed(TASKS["letters"].file)
        firsts = found.first(_LETTERS)
        half, most = upto(firsts, 0.5), upto(firsts, 1)
        end = found.accuracy[-1]
        said = [
            f"all at {_LETTERS:.0%} by {most:,}" if most else "",
            f"half of them by {half:,}" if half else "",
        ]
        told = ", ".join(each for each in said if each)
        yield [
            "letters, centred",
            _size(config),
            f"twin, {len(end)} seeds",
            f"{found.steps[-1]:,}",
            f"{told}; at the end least {min(end):.1%}, median {statistics.median(end):.1%}",
            _compared(config.name, folder),
        ]
    if "digits" in tasks:
        found, config = tasks["digits"], timed(TASKS["digits"].file)
        said_of = f"{found.accuracy[-1][0]:.1%} of {found.samples:,} test digits"
        yield [
            "digits 8 x 8",
            _size(config),
            "twin, one seed",
            f"{found.steps[-1]:,}",
            said_of,
            _compared(config.name, folder),
        ]
    for inputs, title in ((196, "Fashion-MNIST, pooled"), (784, "Fashion-MNIST, whole images")):
        config = timed(f"examples/fashion/fashion_{inputs}.toml")
        titles = {
            "twin": (title, _size(config)),
            "twin, by nodes": (
                f"{title}, node by node",
                f"{sum(config.network.layers[1:])} codes on {config.engine.lanes} lanes",
            ),
            "float": (f"{title}, floating point MGD", f"{config.parameters:,}"),
            "backpropagation": (f"{title}, backpropagation", f"{config.parameters:,}"),
        }
        for model, each in curves(inputs, folder).items():
            yield [
                *titles.get(model, (f"{title}, {model}", f"{config.parameters:,}")),
                _BY_MODEL.get(model, "twin, one seed"),
                f"{_steps(each):,}",
                f"{max(each.accuracy):.1%} at best, {each.accuracy[-1]:.1%} at the end",
                _compared(noted(config.name, model), folder),
            ]


def learned_note(folder: Path = FIGURES) -> str:
    """The commands, and whether what we aim at is reached."""
    best = max((max(each.accuracy) for each in curves(196, folder).values() if _on_bank(each)), default=0.0)
    aim = f"{_AIM:.0%} on Fashion-MNIST is what we aim at, and {'' if best >= _AIM else 'not '}reached"
    return (
        "Measured with `python -m mgd_sim.studies.bank letters`, `... digits` and"
        " `python -m mgd_sim.studies.fashion 196`;"
        " circuits with their `--circuit STEPS`. Accuracy on Fashion-MNIST is of its 10,000 test images."
        f" {aim}; `goal = 0.8` in the example is when a run counts as solved. Rates and limits were tried on"
        " the test images, and each of its rows is one seed."
    )


def _on_bank(each: Curve) -> bool:
    return each.model in ("twin", "twin, by nodes")


# ---- how long on a chip ------------------------------------------------------------------------------


def placed(
    config: TrainerConfig, target: str, results: Mapping[str, Mapping[str, Any]]
) -> tuple[float, float] | None:
    """Clocks of a step, and the clock rate in megahertz, of what makes the most steps a second: this trainer
    at the rate of a bank of its layers, on as many lanes, that was placed on a device, with as many stages.
    """
    found = []
    for names in results.values():
        for name, each in names.items():
            case = banks.CASES.get(name)
            if case is None or case.target != target or "fmax" not in each:
                continue
            of, stages = case.config, case.config.engine.stages
            alike = of.network.layers == config.network.layers and of.nodes == config.nodes
            if alike and of.engine.lanes == config.engine.lanes:
                clocks = config.replaced(engine={"stages": stages}).timing.clocks_per_step
                found.append((float(clocks), float(each["fmax"])))
    return min(found, key=lambda each: each[0] / each[1], default=None)


def _reached(each: Curve, accuracy: float) -> int | None:
    """The step of the look at which this was first seen."""
    looks = (look for look, found in enumerate(each.accuracy) if found >= accuracy)
    return next((_steps(each, look) for look in looks), None)


def seconds(
    folder: Path = FIGURES, results: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[list[str]]:
    """One line a task: steps until an accuracy was first seen, at the clock of the placed bank and on the
    platforms of the paper.
    """
    results = load(banks.BASELINE) if results is None else results
    rows: list[tuple[str, TrainerConfig, int | None]] = []
    tasks = _tasks(folder)
    if "letters" in tasks:
        config, firsts = timed(TASKS["letters"].file), tasks["letters"].first(_LETTERS)
        for name, share in (("half", 0.5), ("slowest", 1)):
            rows.append(
                (f"letters to {_LETTERS:.0%}, {name} of {len(firsts)} seeds", config, upto(firsts, share))
            )
    for model, how in (("twin", ""), ("twin, by nodes", ", node by node")):
        if (each := curves(196, folder).get(model)) is not None:
            config = MODELS[model][1](timed("examples/fashion/fashion_196.toml"))
            rows += [
                (f"Fashion-MNIST, pooled{how}, to {wanted:.0%}", config, _reached(each, wanted))
                for wanted in _FASHION
            ]
    for title, config, steps in rows:
        found = placed(config, "ecp5-25k", results)
        if steps is None or found is None:
            continue
        clocks, rate = found
        yield [
            title,
            f"{steps:,}",
            f"{clocks:g}",
            f"{rate:.1f}",
            show(steps * clocks / rate / 1e6),
            *(show(platform.seconds(steps)) for platform in PAPER),
        ]


def seconds_note(folder: Path = FIGURES) -> str:
    """And what backpropagation took on a computer."""
    told = (
        "Made with `python -m mgd_synth.banks`, `python -m mgd_sim.studies.bank letters` and"
        " `python -m mgd_sim.studies.fashion 196`. Clocks are those of the examples; the clock rate is that"
        " of the placed bank above with the same layers and lanes, whose loss is the squared error."
    )
    each = curves(196, folder).get("backpropagation")
    if each is None or (samples := _reached(each, 0.8)) is None:
        return told
    needed = each.seconds * samples / each.evaluations[-1]
    return (
        f"{told} Backpropagation in NumPy, one sample at a time on one core of a machine under load, was"
        f" first seen above 80 % after {samples:,} samples, in {needed:.0f} s, looks included."
    )
