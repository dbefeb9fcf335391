"""Every study that can be asked of any configuration, declared: its question, its points, its measure.

Of presets some points are at the rates that did best there, see :mod:`mgd_sim.studies.tuned`; any other
configuration keeps its own rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mgd_hdl.config import LFSR, PRESETS, SQ, TrainerConfig, preset

from . import bits
from .imperfections import SWEEPS
from .learning import Goal
from .points import Point, Sections, dotted
from .running import Plan, Study, once
from .tuned import FAMILIES, VARIANTS

__all__ = ["OWN_COMMANDS", "STUDIES"]

#: Studies of devices, of banks, of codes and of one data set: ``python -m mgd_sim.studies.NAME``.
OWN_COMMANDS = ("bank", "codes", "crossbars", "fashion", "finetune", "ring_networks", "rings", "toggles")


def _preset_of(config: TrainerConfig) -> str | None:
    """The preset that a configuration is."""
    return next((name for name in PRESETS if preset(name) == config), None)


def _named(found: Mapping[str, Sections]) -> Iterator[Point]:
    return (Point(name, dotted(sections)) for name, sections in found.items())


def _wider(config: TrainerConfig, bits: int) -> dict[str, Any]:
    """T with so many more guard bits, as far as there are any."""
    given = config.words.parameter
    fraction = min(given.fraction_bits + bits, LFSR.leap - given.integer_bits)
    return {"formats.parameter": str(SQ(given.integer_bits, fraction))}


def _itself(_config: TrainerConfig, _goal: Goal) -> Plan:
    return once([Point()])


def _angle(_config: TrainerConfig, _goal: Goal) -> Plan:
    families = ("random_code", "walsh", "sequential")
    return once(Point(family, {"perturbation.family": family}) for family in families)


def _families(config: TrainerConfig, _goal: Goal) -> Plan:
    name = _preset_of(config)
    if name in FAMILIES:
        return once(_named(FAMILIES[name]))
    family, shuffled = "perturbation.family", {"perturbation.order": "shuffled"}
    analog = {"learning.algorithm": "analog", "learning.follow": 4, **_wider(config, 3)}
    analog["learning.tau_x"] = max(4, config.learning.tau_x)
    return once(
        [
            Point("random", {family: "random_code"}),
            Point("Walsh", {family: "walsh"}),
            Point("sequential", {family: "sequential", **shuffled}),
            Point("sinusoidal", {family: "sinusoidal", **shuffled, **_wider(config, 3)}),
            Point("square", {family: "square", **shuffled, **_wider(config, 3)}),
            Point("random, momentum 3/4", {family: "random_code", "learning.follow": 2}),
            Point("analog, random", {family: "random_code", **analog}),
            Point("analog, sinusoidal", {family: "sinusoidal", **shuffled, **analog}),
        ]
    )


def _variants(config: TrainerConfig, _goal: Goal) -> Plan:
    name = _preset_of(config)
    if name in VARIANTS:
        return once(_named(VARIANTS[name]))
    rate, amplitude = 2.0**-config.learning_shift, 2.0**-config.amplitude_shift
    wide = _wider(config, 2)
    found = [
        Point(f"rate times {factor:g}", {"learning.rate": rate * factor, **wide})
        for factor in (4, 2, 1, 0.5, 0.25)
    ]
    found += [
        Point(
            f"signs, rate times {factor:g}", {"learning.rate": rate * factor, "learning.size": "sign", **wide}
        )
        for factor in (0.25, 0.0625)
    ]
    found += [
        Point(f"momentum {1 - 2**-follow}", {"learning.follow": follow, **wide}) for follow in (1, 2, 3)
    ]
    found += [Point(f"decay 2^-{k}", {"learning.decay": 2.0**-k, **wide}) for k in (14, 12)]
    found += [
        Point(f"amplitude times {factor:g}", {"perturbation.amplitude": amplitude * factor, **wide})
        for factor in (2, 0.5)
    ]
    found += [
        Point(f"{grain} by {grain}", {"perturbation.granularity": grain}) for grain in ("layer", "node")
    ]
    return once(found)


def _imperfections(config: TrainerConfig, _goal: Goal) -> Plan:
    def points() -> Iterator[Point]:
        for name, sweep in SWEEPS.items():
            sizes = sweep.values.get(config.task.name, sweep.values["nist7x7"])
            for size in sizes:
                changes = dotted({"imperfections": {sweep.key: size, **sweep.others}}) if size else {}
                yield Point(f"{name} {size:.3g}", changes, sweep.by_accuracy)

    return once(points())


#: Standard deviations of the noise of one cost, and what may help.
_NOISES = (0.0, 2.0**-5, 2.0**-4, 2.0**-3)
_GATES: dict[str, dict[str, float]] = {
    "plain": {},
    "limit 1/16": {"limit": 2.0**-4},
    "limit 1/4": {"limit": 2.0**-2},
    "gate 1/64": {"gate": 2.0**-6},
    "gate 1/16": {"gate": 2.0**-4},
}


def _measurement(config: TrainerConfig, _goal: Goal) -> Plan:
    """Averaging is a setting of the registers: two-sided, with tau_x = tau_p = tau_theta = K and a rate K
    times smaller, an update takes the mean of K measurements of one C~. A step is one of them.
    """
    rate = 2.0**-config.learning_shift
    remedies = {name: {**dotted({"cost": gate}), **_wider(config, 2)} for name, gate in _GATES.items()}
    for repeats in (1, 4, 16):
        times = dict.fromkeys(("tau_x", "tau_p", "tau_theta"), repeats)
        learning = {"measure": "two_sided", "rate": rate / repeats, **times}
        remedies[f"two-sided, mean of {repeats}"] = {**dotted({"learning": learning}), **_wider(config, 6)}
    return once(
        Point(f"noise {noise:g}, {name}", {"imperfections.cost_noise": noise, **changes}, by_accuracy=True)
        for noise in _NOISES
        for name, changes in remedies.items()
    )


def _hidden(config: TrainerConfig, _goal: Goal) -> Plan:
    first, *between, last = config.network.layers
    if not between:
        return once([Point()])
    return once(
        Point(f"{count} hidden", {"network.layers": [first, *[count] * len(between), last]})
        for count in (1, 2, 3, 4, 6, 8, 12, 16)
    )


def _soon(config: TrainerConfig, _goal: Goal) -> Plan:
    first, *between, last = config.network.layers

    def wide(factor: int) -> dict[str, Any]:
        return {"network.layers": [first, *[factor * count for count in between], last]}

    delayed = {"learning.updates": "delayed"}
    exact = {"learning.updates": "exact", "engine.stages": "few"}
    found = [Point("as it is"), Point("delayed", delayed), Point("exact, few stages", exact)]
    if between:
        found += [Point(f"{factor} times as many hidden", wide(factor)) for factor in (2, 4)]
        found += [
            Point(f"{factor} times as many hidden, delayed", wide(factor) | delayed) for factor in (2, 4)
        ]
    return once(found)


def _times(config: TrainerConfig, _goal: Goal) -> Plan:
    """Each time constant on its own, then mini-batches: tau_theta samples to an update, at a rate that
    makes it the mean of their estimates.
    """
    rate, wide = 2.0**-config.learning_shift, _wider(config, 6)
    found = [
        Point(f"{key} {steps}", {f"learning.{key}": steps, **wide})
        for key in ("tau_x", "tau_p", "tau_theta")
        for steps in (1, 4, 16, 64)
    ]
    found += [
        Point(f"batch of {steps}", {"learning.tau_theta": steps, "learning.rate": rate / steps, **wide})
        for steps in (4, 16, 64)
    ]
    return once(found)


#: By name.
STUDIES = {
    "learning": Study("How often and how fast does it learn?", _itself),
    "curve": Study("How do accuracy and cost go over the steps?", _itself, "curve", ("twin", "float")),
    "angle": Study("How near is its estimate to the gradient?", _angle, "angle", ("twin", "float")),
    "families": Study("Which perturbations learn best?", _families),
    "variants": Study("Which rates and rules learn best?", _variants),
    "times": Study("What do tau_x, tau_p and tau_theta do to success and steps?", _times),
    "bits": Study("How many bits does it need?", bits.plan, area=True, shorter=10),
    "imperfections": Study("How much imperfection does it bear?", _imperfections, devices=True),
    "measurement": Study("What helps with a noisy meter?", _measurement),
    "hidden": Study("How many hidden neurons does it want?", _hidden, area=True),
    "soon": Study("How soon is it solved, restarts included?", _soon, area=True),
}
