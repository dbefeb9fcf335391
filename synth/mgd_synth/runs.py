"""Trainers of many shapes and what they take, to fit estimates to and to judge them by.

:mod:`mgd_synth.baselines` synthesizes them and keeps what they take, :mod:`mgd_synth.estimate` fits.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from . import ecp5, generic, gowin, ice40
from .flow import DEVICES, mapped
from .nextpnr import Device, sizes

__all__ = [
    "BANKS_FIT",
    "BANKS_JUDGED",
    "BANKS_ON",
    "FIT",
    "JUDGED",
    "MULTIPLIED",
    "WITHOUT",
    "banks",
    "config",
    "measured",
]

_Changes = Mapping[str, Any]


def _stream(layers: list[int], input_format: str = "UQ(1, 0)", **sections: Any) -> dict[str, Any]:
    """A network of any shape, whose samples are the user's."""
    changes = {
        "network": {"layers": layers},
        "task": {"name": "external", "source": "stream"},
        "formats": {"input": input_format},
    }
    return _with(changes, sections)


def _with(changes: _Changes, more: _Changes) -> dict[str, Any]:
    found = {section: dict(keys) for section, keys in changes.items()}
    for section, keys in more.items():
        found[section] = {**found.get(section, {}), **keys}
    return found


def _task(name: str, layers: list[int], **sections: Any) -> dict[str, Any]:
    return _with({"network": {"layers": layers}, "task": {"name": name}}, sections)


_12_BITS = {"parameter": "SQ(5, 7)", "cost_change": "SQ(2, 8)"}
_SERIAL = {"cell": "serial"}
_LINEAR = {"activation": ["sigmoid", "linear"]}
_ANALOG = {"algorithm": "analog", "tau_x": 4}
_ENTROPY = {"loss": "cross_entropy"}
_DELAYED = {"updates": "delayed"}
_MANY = {"stages": "many"}
_WAVES = {"family": "sinusoidal"}
_BY_LAYER = {"granularity": "layer"}
_BY_NODE = {"granularity": "node"}
_SHORT_CHANGE = {"cost_change": "SQ(2, 8)"}

#: Coefficients come from these: each a preset and what differs from it.
FIT: dict[str, tuple[str, _Changes]] = {
    "2-3-1": ("xor", {"network": {"layers": [2, 3, 1]}}),
    "3-5-1 parity, order random": ("xor", _task("parity3", [3, 5, 1], task={"order": "random"})),
    "5-3-1 walsh, two-sided, tanh": (
        "xor",
        _task(
            "parity5",
            [5, 3, 1],
            network={"activation": "tanh"},
            perturbation={"family": "walsh"},
            learning={"measure": "two_sided"},
        ),
    ),
    "6-4-2 of 8 bits": ("xor", _stream([6, 4, 2], "SQ(1, 7)")),
    "12-3 sequential, relu": (
        "xor",
        _stream([12, 3], network={"activation": "relu"}, perturbation={"family": "sequential"}),
    ),
    "2-4-1 delayed": (
        "xor",
        _task("xor", [2, 4, 1], task={"order": "plain"}, learning={"updates": "delayed"}),
    ),
    "3-4-1 serial": ("xor", _task("parity3", [3, 4, 1], engine=_SERIAL)),
    "8-5-2 serial, walsh, 12 bits": (
        "xor",
        _stream([8, 5, 2], engine=_SERIAL, formats=_12_BITS, perturbation={"family": "walsh"}),
    ),
    "3-3-1 of 12 bits, nearest even": (
        "xor",
        _task("parity3", [3, 3, 1], formats=_12_BITS, learning={"rounding": "nearest_even"}),
    ),
    "2-6-1 of 20 bits": ("xor", _task("xor", [2, 6, 1], formats={"parameter": "SQ(5, 15)"})),
    "24-6-3 leaves": ("xor", _stream([24, 6, 3])),
    "24-6-3 leaves of 8 cells": ("xor", _stream([24, 6, 3], engine={"leaf_cells": 8})),
    "6-5-4-2 shadow, tanh": (
        "xor",
        _stream([6, 5, 4, 2], "SQ(1, 5)", network={"activation": "tanh"}, learning={"tau_theta": 5}),
    ),
    "49-2-4 letters": ("nist7x7_centered", {"network": {"layers": [49, 2, 4]}}),
    "6-4-1 sequential, two-sided, stochastic": (
        "xor",
        _task(
            "parity6",
            [6, 4, 1],
            perturbation={"family": "sequential"},
            learning={"measure": "two_sided", "rounding": "stochastic"},
        ),
    ),
    "10-8-4 serial, leaves": ("xor", _stream([10, 8, 4], engine=_SERIAL)),
    "4-9-1 short table": (
        "xor",
        _stream([4, 9, 1], "SQ(1, 5)", formats={"segment_bits": 4, "activation_fraction": 8}),
    ),
    "5-4-3 sinusoids, cross-entropy, judge": (
        "xor",
        _stream(
            [5, 4, 3],
            network=_LINEAR,
            perturbation=_WAVES,
            formats=_SHORT_CHANGE,
            cost=_ENTROPY,
            judge={"kind": "window"},
        ),
    ),
    "4-3-1 sinusoids of 6 bits, shadow, accuracy": (
        "xor",
        _task(
            "parity4",
            [4, 3, 1],
            perturbation={**_WAVES, "resolution": 6},
            formats=_SHORT_CHANGE,
            engine={"shadow": "yes"},
            task={"accuracy": True},
        ),
    ),
    "5-6-1 square, absolute error, annealed, 12 bits": (
        "xor",
        _task(
            "parity5",
            [5, 6, 1],
            perturbation={"family": "square"},
            cost={"loss": "absolute_error"},
            learning={"anneal_every": 1000, "size": "sign"},
            formats={"parameter": "SQ(5, 7)", "cost_change": "SQ(2, 6)"},
        ),
    ),
    "16-4-2 external, hinge": (
        "xor",
        _stream(
            [16, 4, 2],
            network=_LINEAR,
            perturbation={"family": "external", "resolution": 3},
            cost={"loss": "hinge"},
        ),
    ),
    "3-7-1 analog, update noise": (
        "xor",
        _task("parity3", [3, 7, 1], learning=_ANALOG, imperfections={"update_noise": 0.01}),
    ),
    "5-5-1 follower, cost noise": (
        "xor",
        _task("parity5", [5, 5, 1], learning={"follow": 4}, imperfections={"cost_noise": 0.125}),
    ),
    "6-6-2 independent noise, long table, judge": (
        "xor",
        _stream(
            [6, 6, 2],
            formats={"segment_bits": 8},
            judge={"kind": "window", "misses": 5},
            imperfections={"update_noise": 0.01, "update_noise_kind": "independent"},
        ),
    ),
    "7-4-3 follower of 12 bits, hinge, accuracy": (
        "xor",
        _stream(
            [7, 4, 3],
            network=_LINEAR,
            cost={"loss": "hinge"},
            learning={"follow": 2},
            formats=_12_BITS,
            task={"accuracy": True},
        ),
    ),
    "3-8-1 cross-entropy, longest table": (
        "xor",
        _task("parity3", [3, 8, 1], network=_LINEAR, cost=_ENTROPY, formats={"segment_bits": 10}),
    ),
    "9-4-2 early, analog, absolute error, spread": (
        "xor",
        _stream(
            [9, 4, 2],
            engine={"enables": "early"},
            cost={"loss": "absolute_error"},
            learning={**_ANALOG, "anneal_every": 100},
            imperfections={"activation_spread": 0.1},
        ),
    ),
    "5-4-2 by layer, gate, every reference": (
        "xor",
        _stream(
            [5, 4, 2],
            perturbation=_BY_LAYER,
            cost={"gate": 0.01, "limit": 0.5},
            learning={"reference": "every_step"},
        ),
    ),
    "4-6-1 by layer, Walsh signs, two-sided, shadow": (
        "xor",
        _task(
            "parity4",
            [4, 6, 1],
            perturbation={**_BY_LAYER, "family": "walsh", "sign_flip": True},
            learning={"measure": "two_sided"},
            engine={"shadow": "yes"},
        ),
    ),
    "7-4-1 share 1/2": ("xor", _stream([7, 4, 1], perturbation={"share": 0.5})),
    "5-5-2 share 1/8, shadow": (
        "xor",
        _stream([5, 5, 2], perturbation={"share": 0.125}, engine={"shadow": "yes"}),
    ),
    "4-4-2 by node": ("xor", _stream([4, 4, 2], perturbation=_BY_NODE, formats=_SHORT_CHANGE)),
    "6-5-1 by node, Walsh, two-sided, 12 bits": (
        "xor",
        _stream(
            [6, 5, 1],
            perturbation={**_BY_NODE, "family": "walsh"},
            formats={"parameter": "SQ(5, 7)", "cost_change": "SQ(2, 6)"},
            learning={"measure": "two_sided"},
        ),
    ),
    "5-4-1 decay, clamp": ("xor", _task("parity5", [5, 4, 1], learning={"decay": 0.01, "clamp": 2.0})),
    "6-3-2 amplitudes that halve, decay": (
        "xor",
        _stream([6, 3, 2], perturbation={"halve_every": 1000}, learning={"decay": 0.01}),
    ),
    "6-6-1 shuffled, stuck": (
        "xor",
        _task(
            "parity6",
            [6, 6, 1],
            perturbation={"family": "sequential", "order": "shuffled"},
            imperfections={"stuck": 0.1},
        ),
    ),
    "5-3-2 stream, delayed": ("xor", _stream([5, 3, 2], learning=_DELAYED)),
    "49-3-4 letters, delayed, many stages": (
        "nist7x7_centered",
        {"network": {"layers": [49, 3, 4]}, "learning": _DELAYED, "engine": _MANY},
    ),
    "3-9-1 cross-entropy, limit, many stages": (
        "xor",
        _task(
            "parity3",
            [3, 9, 1],
            network=_LINEAR,
            cost={**_ENTROPY, "limit": 0.25, "segment_bits": 5},
            engine=_MANY,
        ),
    ),
}

#: And are judged by these, of which no coefficient knows, synthesized with the multipliers of the device.
JUDGED: dict[str, tuple[str, _Changes]] = {
    "XOR": ("xor", {}),
    "4-bit parity": ("parity4", {}),
    "49-1-4 letters": ("nist7x7_centered", {"network": {"layers": [49, 1, 4]}}),
    "5-6-3 sinusoids of 5 bits, cross-entropy, judge": (
        "xor",
        _stream(
            [5, 6, 3],
            network=_LINEAR,
            perturbation={**_WAVES, "resolution": 5},
            formats=_SHORT_CHANGE,
            cost=_ENTROPY,
            judge={"kind": "window"},
        ),
    ),
    "4-7-1 analog, follower, spread": (
        "xor",
        _task(
            "parity4",
            [4, 7, 1],
            learning={**_ANALOG, "follow": 3},
            imperfections={"activation_spread": 0.05},
        ),
    ),
    "3-6-1 walsh": ("xor", _task("parity3", [3, 6, 1], perturbation={"family": "walsh"})),
    "7-4-2 sequential, early, hinge, accuracy": (
        "xor",
        _stream(
            [7, 4, 2],
            network=_LINEAR,
            perturbation={"family": "sequential"},
            engine={"enables": "early"},
            cost={"loss": "hinge"},
            learning={"anneal_every": 1000},
            task={"accuracy": True},
        ),
    ),
    "8-6-3 of 8 bits, relu": (
        "xor",
        _stream([8, 6, 3], "SQ(1, 7)", network={"activation": ["relu", "sigmoid"]}),
    ),
    "4-5-3-2, 12 bits, two-sided": (
        "xor",
        _stream([4, 5, 3, 2], formats=_12_BITS, learning={"measure": "two_sided"}),
    ),
    "32-4": ("xor", _stream([32, 4])),
    "14-8-3 leaves of 4 cells, early": (
        "xor",
        _stream([14, 8, 3], engine={"leaf_cells": 4, "enables": "early"}),
    ),
    "12-6-2 serial": ("xor", _stream([12, 6, 2], engine=_SERIAL)),
    "9-5-2 shadow": ("xor", _stream([9, 5, 2], "UQ(0, 4)", learning={"tau_theta": 8})),
    "6-3-1 by layer, two-sided": (
        "xor",
        _task("parity6", [6, 3, 1], perturbation=_BY_LAYER, learning={"measure": "two_sided"}),
    ),
    "9-3-1 by node": ("xor", _stream([9, 3, 1], perturbation=_BY_NODE, formats=_SHORT_CHANGE)),
    "8-4-1 share 1/4, relu": (
        "xor",
        _stream([8, 4, 1], network={"activation": ["relu", "sigmoid"]}, perturbation={"share": 0.25}),
    ),
    "7-3-1 decay, clamp, 12 bits": (
        "xor",
        _stream([7, 3, 1], formats=_12_BITS, learning={"decay": 0.03125, "clamp": 1.0}),
    ),
    "letters_fast, 49-1-4": ("letters_fast", {"network": {"layers": [49, 1, 4]}}),
}


# ---- banks ---------------------------------------------------------------------------------------

_WALSH = {"family": "walsh"}
_SEQUENTIAL = {"family": "sequential"}
_NODES = {"granularity": "node"}
#: D is smaller then.
_DITHER = {"rounding": "stochastic"}
_TWO_SIDED = {"measure": "two_sided"}
_TANH = {"activation": ["tanh", "linear"]}
_ASKED = {"inference": "yes"}


def _bank(
    layers: list[int], lanes: int, input_format: str = "UQ(1, 0)", **sections: Any
) -> tuple[str, _Changes]:
    """A bank of so many lanes, whose samples are the user's; random codes unless others are asked for."""
    changes = _stream(layers, input_format, engine={"kind": "bank", "lanes": lanes})
    return "xor", _with(changes, sections)


#: Coefficients of what only banks have come from these,
BANKS_FIT: dict[str, tuple[str, _Changes]] = {
    "bank 2-4-1, 1 lane, walsh": (
        "xor",
        {"network": {"layers": [2, 4, 1]}, "perturbation": _WALSH, "engine": {"kind": "bank", "lanes": 1}},
    ),
    "bank 9-6-3, 2 lanes, two-sided": _bank([9, 6, 3], 2, learning=_TWO_SIDED),
    "bank 12-8-4 of 8 bits, 4 lanes, walsh, two-sided": _bank(
        [12, 8, 4], 4, "SQ(1, 7)", perturbation=_WALSH, learning=_TWO_SIDED
    ),
    "bank 60-8-3, 4 lanes, sequential, two-sided": _bank(
        [60, 8, 3], 4, perturbation=_SEQUENTIAL, learning=_TWO_SIDED
    ),
    "bank 300-6-2, 3 lanes, walsh, access": _bank(
        [300, 6, 2], 3, perturbation=_WALSH, engine={"access": "yes"}
    ),
    "bank 20-12-6-3, 8 lanes, walsh, accuracy": _bank(
        [20, 12, 6, 3],
        8,
        "UQ(0, 4)",
        network={"activation": ["tanh", "tanh", "linear"]},
        perturbation=_WALSH,
        task={"accuracy": True},
    ),
    "bank 100-8-4, 2 lanes, many stages": _bank([100, 8, 4], 2, "UQ(0, 4)", engine=_MANY),
    "bank 8-6-2, 3 lanes, sequential, both doors": _bank(
        [8, 6, 2], 3, perturbation=_SEQUENTIAL, engine={"access": "yes"}, network=_ASKED
    ),
    "bank 49-6-4 letters, 2 lanes, walsh, two-sided": (
        "nist7x7_centered",
        {
            "network": {"layers": [49, 6, 4]},
            "perturbation": _WALSH,
            "learning": {**_TWO_SIDED, "rate": 0.015625},
            "engine": {"kind": "bank", "lanes": 2},
        },
    ),
    "bank 16-16-4, 16 lanes, walsh, two-sided": _bank(
        [16, 16, 4], 16, "UQ(0, 4)", perturbation=_WALSH, learning=_TWO_SIDED
    ),
    "bank 30-10, 8 lanes": _bank([30, 10], 8),
    "bank 14-6-3, 3 lanes, half shaken": _bank([14, 6, 3], 3, perturbation={"share": 0.5}),
    "bank 40-8-4, 4 lanes, an eighth shaken, two-sided": _bank(
        [40, 8, 4], 4, perturbation={"share": 0.125}, learning=_TWO_SIDED
    ),
    "bank 12-8-3, 4 lanes, by node, walsh, two-sided": _bank(
        [12, 8, 3], 4, perturbation={**_WALSH, **_NODES}, learning={**_TWO_SIDED, **_DITHER}
    ),
    "bank 40-6-4, 2 lanes, by node": _bank([40, 6, 4], 2, "UQ(0, 4)", perturbation=_NODES, learning=_DITHER),
    "bank 80-10-5, 5 lanes, by node, walsh": _bank(
        [80, 10, 5], 5, "UQ(0, 3)", perturbation={**_WALSH, **_NODES, "resolution": 3}, learning=_DITHER
    ),
    "bank 9-6-4-2, 3 lanes, by node, two-sided": _bank(
        [9, 6, 4, 2],
        3,
        perturbation={**_NODES, "resolution": 5},
        learning={**_TWO_SIDED, **_DITHER},
        formats={"parameter": "SQ(4, 18)"},
    ),
}

#: and are judged by these.
BANKS_JUDGED: dict[str, tuple[str, _Changes]] = {
    "49-4-4 letters, 4 lanes, walsh, two-sided": (
        "nist7x7_centered",
        {
            "perturbation": _WALSH,
            "learning": {**_TWO_SIDED, "rounding": "stochastic"},
            "engine": {"kind": "bank", "lanes": 4},
        },
    ),
    "64-12-10, 6 lanes, walsh, two-sided, cross-entropy": _bank(
        [64, 12, 10],
        6,
        "UQ(0, 4)",
        network=_TANH,
        perturbation=_WALSH,
        learning=_TWO_SIDED,
        cost=_ENTROPY,
    ),
    "28-8-4, 5 lanes, inference": _bank([28, 8, 4], 5, learning=_TWO_SIDED, network=_ASKED),
    "20-8-4, 4 lanes, a quarter shaken": _bank([20, 8, 4], 4, "UQ(0, 2)", perturbation={"share": 0.25}),
    "20-9-6-3, 3 lanes, walsh, by layer": _bank(
        [20, 9, 6, 3], 3, "UQ(0, 2)", perturbation={**_WALSH, "granularity": "layer"}
    ),
    "18-9-3, 3 lanes, sequential, access, many stages": _bank(
        [18, 9, 3], 3, "UQ(0, 3)", perturbation=_SEQUENTIAL, engine={**_MANY, "access": "yes"}
    ),
    "150-10-2 of 20 bits, 1 lane, walsh": _bank(
        [150, 10, 2], 1, "UQ(0, 2)", perturbation=_WALSH, formats={"parameter": "SQ(5, 15)"}
    ),
    "60-8-4, 4 lanes, by node, walsh, two-sided": _bank(
        [60, 8, 4], 4, "UQ(0, 4)", perturbation={**_WALSH, **_NODES}, learning={**_TWO_SIDED, **_DITHER}
    ),
    "16-9-2, 3 lanes, by node": _bank([16, 9, 2], 3, perturbation=_NODES, learning={"rate": 0.25, **_DITHER}),
}

#: For these devices,
BANKS_ON = ("ecp5-25k", "ice40-up5k", "gowin-gw1nr9")

#: the largest of them, which take longest, for the first one only.
_FIRST_ONLY = (
    "bank 20-12-6-3, 8 lanes, walsh, accuracy",
    "bank 30-10, 8 lanes",
    "64-12-10, 6 lanes, walsh, two-sided, cross-entropy",
)


def banks(group: Mapping[str, Any], target: str) -> tuple[str, ...]:
    """Those of :data:`BANKS_FIT` or :data:`BANKS_JUDGED` that are synthesized for a device."""
    return tuple(name for name in group if target == BANKS_ON[0] or name not in _FIRST_ONLY)


def config(name: str) -> TrainerConfig:
    """One of those above."""
    start, changes = {**FIT, **JUDGED, **BANKS_FIT, **BANKS_JUDGED}[name]
    return preset(start).replaced(**changes)


#: Those of FIT, of all shapes of products, that are made without any multiplier too.
MULTIPLIED = (
    "2-3-1",
    "3-5-1 parity, order random",
    "6-4-2 of 8 bits",
    "6-5-4-2 shadow, tanh",
    "5-4-3 sinusoids, cross-entropy, judge",
    "9-4-2 early, analog, absolute error, spread",
)

#: One device of each fabric, to which coefficients are fitted, and Yosys passes without its multipliers.
WITHOUT: dict[str, Callable[[str], str]] = {
    "ecp5-25k": lambda top: ecp5.passes(top, 0),
    "ice40-up5k": lambda top: ice40.passes(top, "u", multipliers=False),
    "gowin-gw1nr9": lambda top: gowin.passes(top, 0),
}


def measured(
    given: TrainerConfig, target: str, how: Device | Callable[[str], str] | None = None
) -> dict[str, dict[str, float]]:
    """Synthesize for a device or for "generic": every resource by block.

    By default with as many multipliers as the trainer wants, or else as ``how`` says.
    """
    device = DEVICES.get(target)
    how = how or (generic.passes if device is None else device.passes)
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as folder:
        module = mapped(given, how, Path(folder)).module
    if device is None:
        return {each.name: dict(each.blocks) for each in generic.resources(module)}
    return sizes(device, module)
