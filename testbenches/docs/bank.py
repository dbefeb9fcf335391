"""What docs/bank.md tells of learning: from recorded curves, comparisons, and clock rates as placed."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig
from mgd_sim.studies.bank import COMPARED, FIGURES, TASKS, Compared, Learned, upto
from mgd_sim.studies.fashion import BY_NODES, MODELS, Curve, example
from mgd_sim.studies.study import kept
from mgd_synth import banks
from mgd_synth.report import PAPER
from mgd_synth.results import load

from .boards import show
from .pages import ROOT

__all__ = ["computers", "curves", "delayed", "learned", "learned_note", "placed", "seconds", "timed"]

#: What is told of the letters, and from which accuracy on of Fashion-MNIST, by percent.
_LETTERS, _FASHION = 0.98, (0.80, 0.83)
#: What we aim at there.
_AIM = 0.83
#: Our word for the images of so many inputs.
_IMAGES = {196: "Fashion-MNIST, pooled", 784: "Fashion-MNIST, whole images"}

#: What ran, by what a model's name says beside how it is perturbed.
_RAN = {
    "twin": "twin, one seed",
    "float": "floating point MGD, NumPy",
    "PyTorch": "floating point MGD, PyTorch",
    "backpropagation": "backpropagation, NumPy, one sample at a time",
    "PyTorch, backpropagation": "backpropagation, PyTorch, one sample at a time",
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
    """An example with samples from a port."""
    return banks.on_a_port(ROOT / file)


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
    return each.evaluations[looks] // MODELS[each.model].measurements


def _size(config: TrainerConfig) -> str:
    layers = "-".join(map(str, config.network.layers))
    shaken = f"{config.code_count} codes" if config.nodes else f"{config.parameters:,}"
    return f"{layers}, {shaken} on {config.engine.lanes} lanes"


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
    for inputs, title in _IMAGES.items():
        for model, each in curves(inputs, folder).items():
            config, ran = timed(_fashion(inputs, model)), model.removesuffix(BY_NODES)
            yield [
                title + ", node by node" * config.nodes,
                _size(config) if _on_bank(each) else _size(config).partition(" on ")[0],
                _RAN[ran],
                f"{_steps(each):,}",
                f"{max(each.accuracy):.1%} at best, {each.accuracy[-1]:.1%} at the end",
                _compared(config.name, folder) if _on_bank(each) else "",
            ]


def _fashion(inputs: int, model: str) -> str:
    """The example of a model."""
    return str(example(inputs, model).relative_to(ROOT))


def learned_note(folder: Path = FIGURES) -> str:
    """The commands, and whether what we aim at is reached."""
    found = {
        _IMAGES[inputs] + ", node by node" * each.model.endswith(BY_NODES): max(each.accuracy)
        for inputs in _IMAGES
        for each in curves(inputs, folder).values()
        if _on_bank(each)
    }
    there = [title for title, best in found.items() if best >= _AIM]
    aim = f"{_AIM:.0%} on Fashion-MNIST is what we aim at, and reached with {'; '.join(there) or 'none'}"
    return (
        "Measured with `python -m mgd_sim.studies.bank letters`, `... digits` and"
        " `python -m mgd_sim.studies.fashion 196`, or 784;"
        " circuits with their `--circuit STEPS`. Accuracy on Fashion-MNIST is of its 10,000 test images."
        f" {aim}; `goal = 0.8` in the example is when a run counts as solved. Rates and limits were tried on"
        " the test images, and each of its rows is one seed."
    )


def _on_bank(each: Curve) -> bool:
    return each.model.removesuffix(BY_NODES) == "twin"


# ---- how long on a chip, and on a computer ---------------------------------------------------------

#: The placed banks that letters run on; of Fashion-MNIST it is that of the example.
_PLACED = ("49-4-4-w4-ecp5-25k", "49-4-4-w4-ecp5-25k-many")
_DEVICES = {"ecp5-25k": "ECP5-25", "ecp5-85k": "ECP5-85"}


def placed(
    config: TrainerConfig, cases: Sequence[str], results: Mapping[str, Mapping[str, Any]]
) -> tuple[float, float] | None:
    """Clocks of a step, and the clock rate in megahertz: this trainer at the rate of that of some placed
    banks, with as many stages, which makes the most steps a second.
    """
    found = []
    for names in results.values():
        for name in cases:
            if "fmax" in (each := names.get(name, {})):
                stages = banks.CASES[name].config.engine.stages
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
    rows: list[tuple[str, TrainerConfig, Sequence[str], int | None]] = []
    tasks = _tasks(folder)
    if "letters" in tasks:
        config, firsts = timed(TASKS["letters"].file), tasks["letters"].first(_LETTERS)
        for name, share in (("half", 0.5), ("slowest", 1)):
            title = f"letters to {_LETTERS:.0%}, {name} of {len(firsts)} seeds"
            rows.append((title, config, _PLACED, upto(firsts, share)))
    for inputs, images in _IMAGES.items():
        for model, each in curves(inputs, folder).items():
            if _on_bank(each):
                config = timed(_fashion(inputs, model))
                title = images + ", node by node" * config.nodes
                rows += [
                    (f"{title}, to {wanted:.0%}", config, [f"{config.name}-ecp5-85k"], _reached(each, wanted))
                    for wanted in _FASHION
                ]
    for title, config, cases, steps in rows:
        found = placed(config, cases, results)
        if steps is None or found is None:
            continue
        clocks, rate = found
        yield [
            title,
            f"{steps:,}",
            f"{clocks:g}",
            f"{rate:.1f}, {_DEVICES[banks.CASES[cases[0]].target]}",
            show(steps * clocks / rate / 1e6),
            *(show(platform.seconds(steps)) for platform in PAPER),
        ]


def delayed(
    folder: Path = FIGURES, results: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[list[str]]:
    """One line for exact updates, one for delayed ones, and one for both sides at once, which learn in the
    same steps as these: the letters in steps, in clocks, on devices.
    """
    results, tasks = load(banks.BASELINE) if results is None else results, _tasks(folder)
    at_once = {"sides": "at_once", "curves": "two"}
    for updates, how, engine in (
        ("exact", "", {}),
        ("delayed", "", {}),
        ("delayed", ", both sides at once, two curves", at_once),
    ):
        if (found := tasks.get(f"letters_{updates}")) is None:
            continue
        config = TASKS[f"letters_{updates}"].configuration.replaced(engine=engine)
        firsts, clocks = found.first(_LETTERS), float(config.timing.clocks_per_step)
        half, most = (upto(firsts, share) for share in (0.5, 1))
        line = [updates + how, f"{clocks:g}", *(_told(steps) for steps in (half, most))]
        line += [_told(steps and round(steps * clocks)) for steps in (half, most)]
        for device in ("ecp5-25k", "ice40-up5k"):
            case = "49-4-4" + "-delayed" * (updates == "delayed") + "-at-once-two-curves" * (how != "")
            rate = placed(config, [f"{case}-w4-{device}"], results)
            there = rate is not None and half is not None
            line.append(f"{rate[1]:.1f}, {show(half * clocks / rate[1] / 1e6)}" if there else "")
        yield line


def _told(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def computers(folder: Path = FIGURES) -> Iterator[list[str]]:
    """One line a model that ran on a computer: until an accuracy was first seen."""
    for inputs, images in _IMAGES.items():
        for model, each in curves(inputs, folder).items():
            for wanted in _FASHION:
                if _on_bank(each) or (steps := _reached(each, wanted)) is None:
                    continue
                how = ", node by node" * model.endswith(BY_NODES)
                needed = each.seconds * steps / _steps(each)
                yield [
                    f"{images}{how}, to {wanted:.0%}",
                    _RAN[model.removesuffix(BY_NODES)],
                    f"{steps:,}",
                    show(needed),
                ]
