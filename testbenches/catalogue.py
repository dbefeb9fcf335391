"""One catalogue of trainers, of which tests take those with their tag.

A test that needs a trainer of some kind looks here before it makes one of its own: what is emitted or
compiled for one test is there for the next.

Tags
----
trainer
    Circuit and twin are compared, state by state, for thousands of steps.
lint
    The Verilog is linted.
access
    Parameters are read and written between steps.
inference
    Inputs are answered in the midst of training, and the Verilog is linted.
textbook
    The twin is compared with the textbook's algorithm, at rates at which nothing saturates.
preset, example
    What users start from.
estimate
    Sizes are fitted to these or judged by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mgd_hdl.config import PRESETS, TrainerConfig, load, preset
from mgd_hdl.config.options import asked_for
from mgd_synth import runs
from testbenches.given import given

__all__ = ["CATALOGUE", "EXAMPLES", "Entry", "configuration", "enough", "named", "slow"]

_Changes = Mapping[str, Any]

#: Sections with keys that are choices.
_CHOICES = ("network", "cost", "perturbation", "learning", "task", "engine", "judge", "imperfections")

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.toml"))

WINDOWS = {"tau_theta": 6, "tau_p": 2, "tau_x": 3}
SERIAL = {"cell": "serial"}
#: Without a key for its lanes: four.
BANK = {"perturbation": {"family": "walsh"}, "engine": {"kind": "bank"}}
#: Met and not met within a few hundred steps.
JUDGED = {"kind": "window", "limit": 0.3, "window": 8, "misses": 2}
#: Both happen within a few hundred steps.
GATE = {"limit": 0.05, "gate": 0.005}
#: Outputs of either sign.
LOGITS = {"activation": ["sigmoid", "linear"]}
ANALOG_WINDOWS = {"algorithm": "analog", "tau_x": 4, "tau_p": 2, "tau_theta": 3, "follow": 2}
#: Small words, so that every saturation happens.
TIGHT = {"parameter": "SQ(2, 10)", "cost_change": "SQ(1, 12)", "hold_bits": 0}

_TRAINERS: dict[str, tuple[str, _Changes]] = {
    "walsh": ("xor", {"perturbation": {"family": "walsh"}}),
    "walsh, two-sided windows": (
        "xor",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "tau_theta": 32, "tau_x": 32},
        },
    ),
    "walsh, signs flipped, delayed": (
        "xor",
        {"perturbation": {"family": "walsh", "sign_flip": True}, "learning": {"updates": "delayed"}},
    ),
    "sparse, stochastic, noisy costs": (
        "xor",
        {
            "perturbation": {"share": 0.25},
            "learning": {"rounding": "stochastic", "rate": 0.03125},
            "imperfections": {"cost_noise": 0.03},
        },
    ),
    "sparse, delayed, leaves": (
        "parity4",
        {"perturbation": {"share": 0.125}, "learning": {"updates": "delayed"}, "engine": {"leaves": "yes"}},
    ),
    "sparse, early": (
        "xor",
        {"perturbation": {"share": 0.5}, "learning": {"tau_p": 2}, "engine": {"enables": "early"}},
    ),
    "sparse, two-sided, some still": (
        "xor",
        {
            "perturbation": {"share": 0.5},
            "learning": {"measure": "two_sided"},
            "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        },
    ),
    "sequential, shuffled, a sweep per update": (
        "xor",
        {
            "perturbation": {"family": "sequential", "order": "shuffled"},
            "learning": {"tau_theta": 9, "tau_x": 9},
        },
    ),
    "delayed": ("xor", {"learning": {"updates": "delayed"}}),
    "delayed, two-sided, leaves": (
        "parity4",
        {"learning": {"updates": "delayed", "measure": "two_sided"}, "engine": {"leaves": "yes"}},
    ),
    "stochastic": ("xor", {"learning": {"rounding": "stochastic", "rate": 0.03125, "tau_p": 2}}),
    "nearest_even": ("xor", {"learning": {"rounding": "nearest_even", "rate": 0.03125}}),
    "tanh, random order": ("parity4", {"network": {"activation": "tanh"}, "task": {"order": "random"}}),
    "relu, plain order": (
        "parity4",
        {"network": {"activation": ["relu", "sigmoid"]}, "task": {"order": "plain"}},
    ),
    "everything saturates": (
        "xor",
        {
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "floor", "tau_theta": 8, "tau_p": 4},
        },
    ),
    "three layers, target with fraction": (
        "parity4",
        {"network": {"layers": [3, 5, 3, 1]}, "task": {"name": "parity3"}, "formats": {"target": "SQ(2, 2)"}},
    ),
    "letters": ("nist7x7", {}),
    "square": ("xor", {"perturbation": {"family": "square"}, "learning": {"tau_p": 2, "tau_x": 3}}),
    "sinusoidal, shuffled, two-sided windows, leaves": (
        "parity4",
        {
            "perturbation": {"family": "sinusoidal", "resolution": 3, "order": "shuffled"},
            "formats": {"cost_change": "SQ(2, 9)"},
            "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2},
            "engine": {"leaves": "yes"},
        },
    ),
    "sinusoidal, everything saturates": (
        "xor",
        {
            "perturbation": {"family": "sinusoidal"},
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "floor"},
        },
    ),
    "sinusoidal, analog, windows": (
        "xor",
        {
            "perturbation": {"family": "sinusoidal", "resolution": 3},
            "formats": {"cost_change": "SQ(2, 9)"},
            "learning": ANALOG_WINDOWS,
        },
    ),
    "square, analog, no low-pass": (
        "parity4",
        {"perturbation": {"family": "square"}, "learning": {"algorithm": "analog", "tau_x": 5}},
    ),
    "square, momentum, two-sided, leaves": (
        "xor",
        {
            "perturbation": {"family": "square"},
            "learning": {"measure": "two_sided", "follow": 2, "tau_p": 2, "tau_theta": 3},
            "engine": {"leaves": "yes"},
        },
    ),
    "own samples of 8 bits, drawn at random, targets of either sign": (
        "26_own_data.toml",
        {"formats": {"input": "SQ(2, 6)", "target": "SQ(2, 2)"}, "task": {"order": "random"}},
    ),
    "own samples from a stream": (
        "26_own_data.toml",
        {"formats": {"input": "UQ(0, 3)"}, "task": {"source": "stream", "split": 3}},
    ),
    "external": (
        "xor",
        {
            "perturbation": {"family": "external", "resolution": 1},
            "task": {"source": "stream"},
            "learning": {"tau_p": 3},
        },
    ),
    "early enables, walsh, two-sided": (
        "xor",
        {
            "engine": {"enables": "early"},
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "rounding": "stochastic", "rate": 0.03125, "tau_x": 2},
        },
    ),
    "early enables, sequential": (
        "xor",
        {
            "engine": {"enables": "early"},
            "perturbation": {"family": "sequential"},
            "learning": {"measure": "two_sided", "tau_p": 2},
        },
    ),
    "early enables, one layer": (
        "xor",
        {
            "network": {"layers": [2, 1], "activation": "linear", "initial": 0.5},
            "engine": {"enables": "early"},
        },
    ),
    "early enables, leaves, everything saturates": (
        "xor",
        {
            "engine": {"enables": "early", "leaves": "yes"},
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "floor", "tau_p": 3},
        },
    ),
    "small leaves, early enables, resets": (
        "parity4",
        {"engine": {"enables": "early", "leaf_cells": 4, "reset": "yes"}},
    ),
    "small leaves, layer by layer, decay, an amplitude that halves": (
        "parity4",
        {
            "perturbation": {"granularity": "layer", "halve_every": 100, "last_amplitude": 2.0**-6},
            "learning": {"decay": 2.0**-12},
            "engine": {"leaf_cells": 16},
        },
    ),
    "small leaves, stuck": (
        "parity4",
        {"imperfections": {"stuck": 0.25, "stuck_kind": "still"}, "engine": {"leaf_cells": 8}},
    ),
    "small leaves, delayed, walsh": (
        "parity4",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"updates": "delayed"},
            "engine": {"leaf_cells": 16},
        },
    ),
    "small leaves, sinusoidal, two-sided": (
        "parity4",
        {
            "perturbation": {"family": "sinusoidal", "resolution": 3},
            "learning": {"measure": "two_sided", "tau_theta": 3, "rounding": "floor"},
            "engine": {"leaf_cells": 8},
        },
    ),
    "small leaves, node by node": (
        "parity4",
        {
            "perturbation": {"granularity": "node"},
            "learning": {"rounding": "floor"},
            "engine": {"leaves": "yes", "leaf_cells": 8},
        },
    ),
    "tried again": ("xor", {"judge": JUDGED | {"retry": 40}}),
    "tried again, windows, noisy costs, answers counted": (
        "xor",
        {
            "judge": JUDGED | {"retry": 21},
            "learning": WINDOWS,
            "imperfections": {"cost_noise": 0.03},
            "task": {"accuracy": True},
        },
    ),
    "tried again, behind leaves": (
        "xor",
        {
            "judge": JUDGED | {"retry": 21},
            "learning": {"tau_x": 2, "tau_p": 2, "tau_theta": 2},
            "engine": {"leaves": "yes"},
        },
    ),
    "tried again, serial, two-sided": (
        "xor",
        {"judge": JUDGED | {"retry": 24}, "engine": SERIAL, "learning": {"measure": "two_sided"}},
    ),
    "tried again, delayed, windows": (
        "xor",
        {
            "judge": JUDGED | {"retry": 50},
            "learning": {"updates": "delayed", "tau_p": 2, "tau_theta": 3, "anneal_every": 200, "rate": 1.0},
        },
    ),
    "tried again, words wait": (
        "26_own_data.toml",
        {
            "judge": {"kind": "window", "limit": 0.3, "window": 96, "misses": 30, "retry": 130},
            "task": {"order": "random"},
            "learning": {"updates": "delayed", "tau_p": 2, "tau_theta": 3},
        },
    ),
    "tried again, square, each update waits": (
        "xor",
        {
            "judge": JUDGED | {"retry": 33, "limit": 0.1},
            "perturbation": {"family": "square"},
            "learning": {"tau_p": 2, "tau_x": 3},
        },
    ),
    "judged, delayed": ("xor", {"judge": JUDGED, "learning": {"updates": "delayed"}}),
    "judged, two-sided windows": (
        "xor",
        {"judge": JUDGED, "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2, "tau_x": 3}},
    ),
    "annealed, delayed": (
        "xor",
        {"learning": {"updates": "delayed", "tau_p": 2, "tau_theta": 3, "anneal_every": 200, "rate": 1.0}},
    ),
    "annealed signs, serial": (
        "xor",
        {"engine": SERIAL, "learning": {"size": "sign", "rate": 0.125, "anneal_every": 500, "tau_p": 2}},
    ),
    "annealed, shadow": (
        "xor",
        {
            "engine": {"shadow": "yes"},
            "learning": {"rate": 1.0, "rounding": "stochastic", "anneal_every": 300, "last_rate": 0.0625},
        },
    ),
    "layer by layer": ("xor", {"perturbation": {"granularity": "layer", "tau_layer": 2}}),
    "layer by layer, windows, two-sided": (
        "xor",
        {
            "perturbation": {"granularity": "layer", "tau_layer": 3},
            "learning": {"tau_x": 8, "tau_theta": 4, "measure": "two_sided"},
            "engine": {"leaves": "yes"},
        },
    ),
    "layer by layer, walsh, delayed": (
        "parity4",
        {
            "perturbation": {"family": "walsh", "granularity": "layer", "tau_layer": 2},
            "learning": {"updates": "delayed", "tau_p": 2},
        },
    ),
    "layer by layer, noise of updates, some still": (
        "xor",
        {
            "perturbation": {"family": "walsh", "granularity": "layer"},
            "learning": {"measure": "two_sided", "tau_p": 3, "tau_x": 2},
            "imperfections": {
                "update_noise": 0.01,
                "update_noise_kind": "independent",
                "stuck": 0.2,
                "stuck_kind": "still",
            },
        },
    ),
    "node by node": (
        "xor",
        {"perturbation": {"granularity": "node"}, "formats": {"parameter": "SQ(5, 14)"}},
    ),
    "node by node, signs, walsh, two-sided windows, leaves": (
        "xor",
        {
            "network": {"layers": [2, 3, 2, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "perturbation": {"family": "walsh", "granularity": "node", "resolution": 5},
            "formats": {"parameter": "SQ(5, 16)"},
            "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2, "tau_x": 4},
            "engine": {"leaves": "yes"},
        },
    ),
    "letters, each neuron with defects": ("nist7x7_centered", {"imperfections": {"activation_spread": 0.5}}),
    "noisy costs": ("xor", {"imperfections": {"cost_noise": 0.03}, "engine": {"shadow": "yes"}}),
    "noisy costs, judged, delayed, a clean reference": (
        "xor",
        {
            "judge": JUDGED,
            "imperfections": {"cost_noise": 0.25, "noisy_reference": False},
            "learning": {"updates": "delayed", "tau_theta": 4},
        },
    ),
    "noisy costs, serial, two-sided": (
        "xor",
        {"engine": SERIAL, "imperfections": {"cost_noise": 0.004}, "learning": {"measure": "two_sided"}},
    ),
    "common noise of updates, sequential": (
        "xor",
        {
            "perturbation": {"family": "sequential"},
            "learning": {"tau_theta": 9, "tau_x": 9},
            "imperfections": {"update_noise": 0.06},
        },
    ),
    "independent noise of updates, some dead": (
        "xor",
        {
            "imperfections": {
                "update_noise": 0.004,
                "update_noise_kind": "independent",
                "stuck": 0.3,
                "stuck_kind": "dead",
            }
        },
    ),
    "independent noise of updates, walsh, two-sided, some still": (
        "parity4",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided", "tau_p": 2, "tau_theta": 4},
            "engine": {"leaves": "yes"},
            "imperfections": {
                "update_noise": 0.03,
                "update_noise_kind": "independent",
                "stuck": 0.3,
                "stuck_kind": "still",
            },
        },
    ),
    "letters, many stuck": ("nist7x7_centered", {"imperfections": {"stuck": 0.25}}),
    "defects, serial": (
        "parity4",
        {"engine": SERIAL, "network": {"activation": "tanh"}, "imperfections": {"activation_spread": 1.0}},
    ),
    "gated, delayed": ("xor", {"cost": GATE, "learning": {"updates": "delayed"}}),
    "references anew, noisy": (
        "xor",
        {
            "imperfections": {"cost_noise": 0.03},
            "learning": {"reference": "every_step", "tau_theta": 4, "tau_p": 4, "tau_x": 4},
        },
    ),
    "decay, clamped, noise of updates": (
        "xor",
        {
            "learning": {"decay": 2.0**-5, "clamp": 2.0},
            "imperfections": {"update_noise": 0.02, "update_noise_kind": "independent"},
        },
    ),
    "decay, sequential, windows, some stuck": (
        "xor",
        {
            "perturbation": {"family": "sequential"},
            "learning": {"decay": 2.0**-3, "tau_theta": 6, "tau_p": 2, "tau_x": 3},
            "imperfections": {"stuck": 0.3},
        },
    ),
    "decay, walsh, followed, leaves": (
        "xor",
        {
            "perturbation": {"family": "walsh"},
            "engine": {"leaves": "yes"},
            "learning": {"decay": 2.0**-6, "follow": 2},
        },
    ),
    "decay and an amplitude that halves, layer by layer": (
        "xor",
        {
            "perturbation": {"granularity": "layer", "tau_layer": 3, "halve_every": 500},
            "learning": {"size": "sign", "rate": 0.25, "decay": 2.0**-6, "tau_p": 2},
        },
    ),
    "an amplitude that halves twice, annealed, clamped, early enables": (
        "xor",
        {
            "perturbation": {"halve_every": 300, "amplitude": 0.25, "last_amplitude": 0.0625},
            "learning": {"anneal_every": 400, "rate": 1.0, "clamp": 1.0},
            "engine": {"enables": "early"},
        },
    ),
    "an amplitude that halves, windows, two-sided, walsh, some still, gated": (
        "xor",
        {
            "cost": GATE,
            "perturbation": {"halve_every": 100, "family": "walsh"},
            "learning": {"tau_theta": 6, "tau_p": 2, "tau_x": 3, "measure": "two_sided"},
            "engine": {"leaves": "yes"},
            "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        },
    ),
    "answers counted, delayed": (
        "xor",
        {"task": {"accuracy": True, "order": "plain"}, "learning": {"updates": "delayed"}},
    ),
    "answers of four counted, windows": (
        "nist7x7_centered",
        {"task": {"accuracy": True}, "learning": {"tau_x": 2, "tau_theta": 6}},
    ),
    "absolute error": ("parity4", {"cost": {"loss": "absolute_error"}, "learning": {"tau_theta": 3}}),
    "hinge of one": (
        "xor",
        {"network": LOGITS, "cost": {"loss": "hinge"}, "learning": {"updates": "delayed"}},
    ),
    "hinge of four": ("nist7x7", {"network": LOGITS, "cost": {"loss": "hinge", "margin": 0.7}}),
    "cross-entropy of one": (
        "xor",
        {"network": LOGITS, "cost": {"loss": "cross_entropy"}, "learning": {"updates": "delayed"}},
    ),
    "cross-entropy of four": ("nist7x7", {"network": LOGITS, "cost": {"loss": "cross_entropy"}}),
    "analog": ("xor", {"learning": {"algorithm": "analog", "tau_x": 4, "follow": 4, "rate": 0.25}}),
    "analog, no low-pass, no shadow": (
        "parity4",
        {"learning": {"algorithm": "analog", "tau_x": 5, "tau_hp": 6.0}, "perturbation": {"family": "walsh"}},
    ),
    "analog, everything saturates": (
        "xor",
        {
            "formats": TIGHT | {"cost_change": "SQ(1, 8)"},
            "network": {"initial": 0.5, "activation": "relu"},
            "learning": ANALOG_WINDOWS | {"rate": 1.0, "rounding": "floor", "tau_hp": 30.0},
            "engine": {"leaves": "yes"},
        },
    ),
    "momentum, noise of updates, annealed": (
        "xor",
        {
            "learning": {"follow": 2, "tau_theta": 2, "rate": 1.0, "anneal_every": 300},
            "imperfections": {"update_noise": 0.01, "update_noise_kind": "independent"},
        },
    ),
    "momentum, windows": ("xor", {"learning": WINDOWS | {"follow": 3, "measure": "two_sided"}}),
    "serial": ("xor", {"engine": SERIAL}),
    "serial, walsh, two-sided": (
        "parity4",
        {"engine": SERIAL, "perturbation": {"family": "walsh"}, "learning": {"measure": "two_sided"}},
    ),
    "serial, sequential, two-sided": (
        "xor",
        {
            "engine": SERIAL,
            "perturbation": {"family": "sequential"},
            "learning": {"measure": "two_sided", "tau_x": 5},
        },
    ),
    "serial, leaves, held": (
        "xor",
        {
            "engine": SERIAL | {"leaves": "yes"},
            "learning": {"tau_x": 6, "tau_p": 4, "tau_theta": 2, "rounding": "stochastic", "rate": 0.03125},
        },
    ),
    "serial, everything saturates": (
        "xor",
        {
            "engine": SERIAL,
            "formats": TIGHT,
            "network": {"initial": 0.5, "activation": "relu"},
            "learning": {"rate": 1.0, "rounding": "floor", "tau_p": 4},
        },
    ),
    "serial, words as inputs, three bits of guard": (
        "parity4",
        {
            "network": {"layers": [3, 5, 3, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "engine": SERIAL,
            "task": {"name": "parity3", "source": "stream"},
            "formats": {
                "input": "SQ(2, 3)",
                "target": "SQ(2, 2)",
                "parameter": "SQ(5, 5)",
                "cost_change": "SQ(2, 7)",
            },
        },
    ),
    "serial, letters": ("nist7x7", {"engine": SERIAL}),
    "many stages": ("xor", {"engine": {"stages": "many"}}),
    "many stages, delayed": ("xor", {"engine": {"stages": "many"}, "learning": {"updates": "delayed"}}),
    "many stages, delayed, products of parts": (
        "xor",
        {"engine": {"stages": "many", "products": "parts"}, "learning": {"updates": "delayed"}},
    ),
    "many stages, delayed, two-sided windows, gated, hinge, leaves": (
        "parity4",
        {
            "network": {"activation": ["tanh", "linear"]},
            "cost": GATE | {"loss": "hinge"},
            "learning": {"updates": "delayed", "measure": "two_sided", "tau_p": 2, "tau_theta": 3},
            "engine": {"stages": "many", "leaves": "yes"},
        },
    ),
    "many stages, delayed, cross-entropy, tried again, annealed": (
        "xor",
        {
            "network": {"activation": ["relu", "linear"]},
            "cost": {"loss": "cross_entropy"},
            "judge": JUDGED | {"retry": 50},
            "learning": {"updates": "delayed", "tau_theta": 3, "anneal_every": 200, "rate": 1.0},
            "engine": {"stages": "many"},
        },
    ),
    "many stages, early enables, stochastic, everything saturates": (
        "xor",
        {
            "formats": TIGHT,
            "network": {"initial": 0.5},
            "learning": {"rate": 1.0, "rounding": "stochastic", "tau_p": 3},
            "engine": {"stages": "many", "enables": "early"},
        },
    ),
    "many stages, serial, judged, noisy costs": (
        "xor",
        {
            "engine": SERIAL | {"stages": "many"},
            "judge": JUDGED,
            "imperfections": {"cost_noise": 0.03},
        },
    ),
    "bank, two-sided": (
        "xor",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 2},
        },
    ),
    "bank, letters, two-sided": ("nist7x7", {**BANK, "learning": {"measure": "two_sided"}}),
    "bank, random codes, batches": (
        "xor",
        {"engine": {"kind": "bank", "lanes": 3}, "learning": {"tau_p": 4, "tau_theta": 4}},
    ),
    "bank, three layers, judged, noisy costs": (
        "parity4",
        {
            "network": {"layers": [3, 5, 7, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "task": {"name": "parity3", "accuracy": True},
            "perturbation": {"family": "walsh", "sign_flip": True},
            "learning": {"tau_p": 4, "tau_theta": 2, "clamp": 4.0, "anneal_every": 200},
            "imperfections": {"cost_noise": 0.03},
            "judge": JUDGED,
            "engine": {"kind": "bank", "lanes": 3, "stages": "many"},
        },
    ),
    "bank, a quarter shaken, many stages": (
        "parity4",
        {
            "network": {"layers": [4, 5, 3, 1]},
            "perturbation": {"share": 0.25},
            "learning": {"tau_p": 4, "tau_theta": 2},
            "engine": {"kind": "bank", "lanes": 2, "stages": "many"},
        },
    ),
    "bank, layer by layer, Walsh, two-sided": (
        "xor",
        {
            "network": {"layers": [2, 4, 3, 1]},
            "perturbation": {"family": "walsh", "granularity": "layer", "tau_layer": 3},
            "learning": {"measure": "two_sided", "tau_p": 2, "tau_theta": 2},
            "engine": {"kind": "bank", "lanes": 3},
        },
    ),
    "bank, nodes, two-sided": (
        "xor",
        {
            "perturbation": {"family": "walsh", "granularity": "node"},
            "formats": {"parameter": "SQ(5, 14)"},
            "learning": {"measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 2},
        },
    ),
    "bank, single ports, two hidden layers": (
        "xor",
        {
            "network": {"layers": [2, 5, 4, 1]},
            "learning": {"measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 2, "memory": "single_port"},
        },
    ),
    "bank, samples in a memory, a held one": (
        "xor",
        {
            "network": {"layers": [2, 5, 1]},
            "formats": {"input": "UQ(1, 2)"},
            "task": {"source": "stream"},
            "learning": {"tau_x": 5, "measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 2, "memory": "single_port", "sample": "memory"},
        },
    ),
    "bank, nodes, three layers, signed inputs, halves of windows": (
        "parity4",
        {
            "network": {"layers": [3, 5, 7, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "task": {"name": "parity3", "accuracy": True},
            "perturbation": {"granularity": "node", "resolution": 5},
            "formats": {"parameter": "SQ(5, 16)"},
            "learning": {"tau_x": 4, "tau_p": 4, "tau_theta": 2, "clamp": 4.0, "rounding": "stochastic"},
            "judge": JUDGED,
            "engine": {"kind": "bank", "lanes": 3, "stages": "many"},
        },
    ),
    "bank, delayed, batches of a held sample": (
        "xor",
        {
            "perturbation": {"family": "walsh"},
            "learning": {"updates": "delayed", "tau_x": 8, "tau_p": 4, "tau_theta": 2},
            "engine": {"kind": "bank", "lanes": 2},
        },
    ),
    "bank, delayed, tried again, three layers, noisy costs": (
        "parity4",
        {
            "network": {"layers": [3, 5, 7, 1], "activation": ["tanh", "relu", "sigmoid"]},
            "task": {"name": "parity3", "accuracy": True},
            "learning": {"updates": "delayed", "tau_p": 2, "tau_theta": 2, "tau_x": 6, "anneal_every": 200},
            "imperfections": {"cost_noise": 0.03},
            "judge": JUDGED | {"retry": 40},
            "engine": {"kind": "bank", "lanes": 3, "stages": "many"},
        },
    ),
    "bank, delayed, nodes, two-sided": (
        "xor",
        {
            "perturbation": {"family": "walsh", "granularity": "node"},
            "formats": {"parameter": "SQ(5, 14)"},
            "learning": {"updates": "delayed", "measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 2},
        },
    ),
    "bank, both sides at once, three layers": (
        "xor",
        {
            "network": {"layers": [2, 4, 3, 1]},
            "learning": {"measure": "two_sided"},
            "engine": {"kind": "bank", "lanes": 3, "sides": "at_once"},
        },
    ),
    "many stages, cross-entropy of four": (
        "nist7x7",
        {"network": LOGITS, "cost": {"loss": "cross_entropy"}, "engine": {"stages": "many"}},
    ),
}

_LINTED: dict[str, _Changes] = {
    "a bank, groups of outputs, gated": {
        "perturbation": {"family": "walsh"},
        "network": {"layers": [3, 6, 5], "activation": ["tanh", "linear"]},
        "task": {"name": "external", "source": "stream"},
        "formats": {"input": "SQ(2, 4)", "cost_change": "SQ(3, 10)"},
        "cost": GATE,
        "engine": {"kind": "bank", "lanes": 3},
    },
    "noise of costs and updates": {
        "imperfections": {"cost_noise": 0.01, "update_noise": 0.01, "activation_spread": 0.5, "stuck": 0.3}
    },
    "dead, a clean reference": {
        "imperfections": {"cost_noise": 0.01, "noisy_reference": False, "stuck": 0.3, "stuck_kind": "dead"},
        "judge": {"kind": "window"},
        "learning": {"tau_theta": 4},
    },
    "layers, still, signs": {
        "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        "perturbation": {"granularity": "layer"},
        "learning": {"measure": "two_sided", "size": "sign", "tau_theta": 3, "anneal_every": 100},
    },
    "independent noise, walsh, signs flipped": {
        "imperfections": {"update_noise": 0.01, "update_noise_kind": "independent"},
        "perturbation": {"family": "walsh", "granularity": "layer", "sign_flip": True},
    },
    "sparse, delayed": {
        "perturbation": {"share": 0.125},
        "learning": {"updates": "delayed"},
        "engine": {"leaves": "yes"},
    },
    "small leaves, early enables, resets": {
        "engine": {"enables": "early", "leaves": "yes", "leaf_cells": 8, "reset": "yes"}
    },
    "small leaves, shadow": {"learning": {"tau_theta": 3}, "engine": {"leaves": "yes", "leaf_cells": 4}},
    "small leaves, shadow, two-sided, sequential": {
        "perturbation": {"family": "sequential"},
        "learning": {"measure": "two_sided", "tau_theta": 3},
        "engine": {"leaves": "yes", "leaf_cells": 16},
    },
    "square, momentum, two-sided": {
        "perturbation": {"family": "square"},
        "learning": {"measure": "two_sided", "follow": 2, "tau_theta": 3},
    },
    "sinusoidal, analog": {
        "perturbation": {"family": "sinusoidal", "resolution": 3},
        "formats": {"cost_change": "SQ(2, 9)"},
        "learning": {"algorithm": "analog", "tau_x": 5},
        "engine": {"leaves": "yes"},
    },
    "external, shadow, a stream": {
        "perturbation": {"family": "external", "resolution": 1},
        "task": {"source": "stream"},
        "learning": {"tau_theta": 4},
    },
    "decay, clamped, gated, an amplitude that halves": {
        "cost": {"gate": 0.01},
        "perturbation": {"halve_every": 100, "last_amplitude": 2.0**-6},
        "learning": {"decay": 2.0**-10, "clamp": 1.0, "reference": "every_step", "anneal_every": 100},
    },
    "decay, sequential, windows, limited": {
        "cost": {"limit": 0.25},
        "perturbation": {"family": "sequential"},
        "learning": {"decay": 2.0**-10, "tau_theta": 3},
    },
    "an amplitude that halves, early enables, signs": {
        "perturbation": {"halve_every": 100},
        "learning": {"size": "sign", "clamp": 0.5},
        "engine": {"enables": "early"},
    },
    "nodes": {
        "network": {"layers": [2, 3, 2, 1], "activation": ["tanh", "relu", "sigmoid"]},
        "perturbation": {"granularity": "node", "resolution": 5},
        "formats": {"parameter": "SQ(5, 16)"},
        "learning": {"tau_theta": 2},
    },
    "serial": {
        "imperfections": {"activation_spread": 0.5, "cost_noise": 0.01},
        "learning": {"anneal_every": 100},
        "engine": {"cell": "serial"},
    },
}

#: Every engine, and each form of cells that would not rest in training.
_ANSWERING: dict[str, _Changes] = {
    "one-sided": {},
    "a bank, two-sided": {
        "engine": {"kind": "bank", "lanes": 2},
        "learning": {"measure": "two_sided"},
        "perturbation": {"family": "sequential"},
    },
    "a bank, layer by layer": {
        "engine": {"kind": "bank", "lanes": 2},
        "perturbation": {"granularity": "layer", "tau_layer": 2},
        "learning": {"tau_p": 2},
    },
    "a bank, sparse, two-sided": {
        "engine": {"kind": "bank", "lanes": 2},
        "perturbation": {"share": 0.5},
        "learning": {"measure": "two_sided"},
    },
    "a bank, delayed": {
        "engine": {"kind": "bank", "lanes": 2},
        "learning": {"updates": "delayed"},
        "perturbation": {"family": "sequential"},
    },
    "a bank, nodes": {
        "engine": {"kind": "bank", "lanes": 2},
        "perturbation": {"granularity": "node"},
        "formats": {"parameter": "SQ(5, 14)"},
    },
    "a bank, both sides at once, delayed": {
        "engine": {"kind": "bank", "lanes": 2, "sides": "at_once", "curves": "two"},
        "learning": {"updates": "delayed"},
        "perturbation": {"family": "walsh"},
    },
    "a bank, samples in a memory": {
        "engine": {"kind": "bank", "lanes": 2, "sample": "memory"},
        "task": {"source": "stream"},
        "formats": {"input": "SQ(2, 3)"},
        "learning": {"measure": "two_sided", "tau_x": 2},
        "perturbation": {"family": "walsh"},
    },
    "a bank, samples in a memory, both sides at once, delayed": {
        "engine": {"kind": "bank", "lanes": 2, "sides": "at_once", "sample": "memory"},
        "task": {"source": "stream"},
        "learning": {"updates": "delayed"},
    },
    "two-sided, early enables": {"learning": {"measure": "two_sided"}, "engine": {"enables": "early"}},
    "layer by layer, delayed, two-sided, leaves": {
        "perturbation": {"granularity": "layer", "tau_layer": 2},
        "learning": {"measure": "two_sided", "updates": "delayed", "tau_p": 2},
        "engine": {"leaves": "yes"},
    },
    "words wait, layer by layer, leaves": {
        "perturbation": {"granularity": "layer", "tau_layer": 2},
        "task": {"source": "stream"},
        "learning": {"updates": "delayed", "tau_p": 2},
        "engine": {"leaves": "yes"},
    },
    "sequential, two-sided windows": {
        "perturbation": {"family": "sequential"},
        "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2, "tau_x": 3},
    },
    "sparse, two-sided, some still, small leaves": {
        "perturbation": {"share": 0.5},
        "learning": {"measure": "two_sided"},
        "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        "engine": {"leaves": "yes", "leaf_cells": 4},
    },
    "walsh, analog, some dead": {
        "perturbation": {"family": "walsh"},
        "learning": {"algorithm": "analog", "tau_x": 5},
        "imperfections": {"stuck": 0.3, "stuck_kind": "dead"},
    },
    "serial, two-sided, leaves, words as inputs": {
        "engine": SERIAL | {"leaves": "yes"},
        "learning": {"measure": "two_sided"},
        "task": {"source": "stream"},
        "formats": {"input": "SQ(2, 3)"},
    },
    "serial, sequential, two-sided": {
        "engine": SERIAL,
        "perturbation": {"family": "sequential"},
        "learning": {"measure": "two_sided", "tau_x": 5},
    },
    "sinusoidal, analog, followed": {
        "perturbation": {"family": "sinusoidal", "resolution": 3},
        "formats": {"cost_change": "SQ(2, 9)"},
        "learning": ANALOG_WINDOWS,
    },
    "square, two-sided, leaves": {
        "perturbation": {"family": "square"},
        "learning": {"measure": "two_sided", "tau_p": 2},
        "engine": {"leaves": "yes"},
    },
    "node by node, two-sided windows": {
        "perturbation": {"granularity": "node"},
        "formats": {"parameter": "SQ(5, 16)"},
        "learning": {"measure": "two_sided", "tau_theta": 6, "tau_p": 2, "tau_x": 4},
    },
    "many stages, delayed": {"engine": {"stages": "many"}, "learning": {"updates": "delayed"}},
    "tried again, answers counted, defects, costs gated": {
        "judge": JUDGED | {"retry": 40},
        "task": {"accuracy": True},
        "imperfections": {"activation_spread": 0.5, "cost_noise": 0.03},
        "cost": GATE,
    },
}

#: Sinusoids are counted in eighths of the amplitude, so T gets three bits more.
_FINE = {"parameter": "SQ(5, 15)"}


def _settings(base: str, **changes: Any) -> tuple[str, _Changes]:
    """A preset at a small rate, with more changed."""
    slow = {"learning": {"rate": 0.125}, "formats": {"parameter": "SQ(5, 12)"}} if base == "xor" else {}
    sections = {**slow, **changes}
    return base, {key: {**slow.get(key, {}), **value} for key, value in sections.items()}


_TEXTBOOK: dict[str, tuple[str, _Changes]] = {
    "xor": _settings("xor"),
    "order_random": _settings("xor", task={"order": "random"}),
    "order_plain": _settings("xor", task={"order": "plain"}),
    "two_sided": _settings("xor", learning={"measure": "two_sided"}),
    "parity4": _settings("parity4"),
    "walsh": _settings("parity4", perturbation={"family": "walsh"}),
    "walsh_two_sided": _settings("xor", perturbation={"family": "walsh"}, learning={"measure": "two_sided"}),
    "sequential": _settings("xor", perturbation={"family": "sequential"}),
    "sequential_two_sided": _settings(
        "parity4",
        perturbation={"family": "sequential", "order": "shuffled"},
        learning={"measure": "two_sided"},
    ),
    "held": _settings("xor", learning={"tau_x": 5, "tau_p": 4, "tau_theta": 2}),
    "shadow": _settings("xor", learning={"tau_x": 3, "tau_p": 2, "tau_theta": 7}),
    "shadow_unused": _settings("xor", engine={"shadow": "yes"}),
    "shadow_two_sided": _settings(
        "xor", learning={"tau_x": 2, "tau_p": 3, "tau_theta": 4, "measure": "two_sided"}
    ),
    "walsh_window": _settings("xor", perturbation={"family": "walsh"}, learning={"tau_theta": 32}),
    "sparse": _settings("parity4", perturbation={"share": 0.25}, formats={"parameter": "SQ(5, 13)"}),
    "sparse_window": _settings(
        "xor", perturbation={"share": 0.125}, learning={"tau_theta": 12, "tau_p": 2, "measure": "two_sided"}
    ),
    "square": _settings("parity4", perturbation={"family": "square"}),
    "square_two_sided": _settings(
        "xor", perturbation={"family": "square", "order": "shuffled"}, learning={"measure": "two_sided"}
    ),
    "sinusoidal": _settings("xor", perturbation={"family": "sinusoidal"}, formats=_FINE),
    "sinusoidal_window": _settings(
        "xor",
        perturbation={"family": "sinusoidal", "resolution": 3, "order": "shuffled"},
        learning={"tau_theta": 12, "tau_p": 2, "tau_x": 3, "measure": "two_sided"},
        formats=_FINE,
    ),
    "external": _settings("xor", perturbation={"family": "external"}, formats=_FINE),
    "external_signs": _settings("xor", perturbation={"family": "external", "resolution": 1}),
    "delayed": _settings("xor", learning={"updates": "delayed"}),
    "delayed_window": _settings("parity4", learning={"updates": "delayed", "tau_theta": 3, "tau_p": 2}),
    "reference_anew": _settings("xor", learning={"tau_x": 6, "tau_p": 2, "reference": "every_step"}),
    "decay": _settings("xor", learning={"decay": 2.0**-6}),
    "decay_window": _settings(
        "parity4",
        perturbation={"family": "walsh"},
        learning={"decay": 2.0**-4, "tau_theta": 6, "tau_p": 2, "tau_x": 3},
    ),
    "halved": _settings("xor", perturbation={"halve_every": 100, "last_amplitude": 2.0**-6}),
    "halved_window": _settings(
        "parity4",
        perturbation={"halve_every": 20},
        learning={"tau_theta": 3, "tau_p": 2, "measure": "two_sided"},
    ),
    "tanh": _settings("xor", network={"activation": ["tanh", "sigmoid"]}),
    "relu": _settings("parity4", network={"activation": ["relu", "sigmoid"], "initial": 0.5}),
    "relu_output": _settings("xor", network={"activation": "relu", "initial": 0.5}),
    "deep": _settings("xor", network={"layers": [2, 3, 2, 1]}),
    "coarse": _settings(
        "xor", perturbation={"amplitude": 0.5}, formats={"parameter": "SQ(5, 19)", "cost_change": "SQ(2, 16)"}
    ),
    "few_bits": _settings(
        "xor", formats={"activation_fraction": 4, "segment_bits": 8, "cost_change": "SQ(2, 10)"}
    ),
    "centered": _settings("nist7x7_centered"),
    "absolute_error": _settings("parity4", cost={"loss": "absolute_error"}),
    "hinge": _settings(
        "xor", network={"activation": ["sigmoid", "tanh"]}, cost={"loss": "hinge", "margin": 0.8}
    ),
    "hinge_of_letters": _settings("nist7x7_centered", cost={"loss": "hinge", "margin": 0.5}),
    "cross_entropy": _settings(
        "xor", network={"activation": ["sigmoid", "linear"]}, cost={"loss": "cross_entropy"}
    ),
    "cross_entropy_of_letters": _settings(
        "nist7x7_centered",
        network={"activation": ["sigmoid", "linear"]},
        cost={"loss": "cross_entropy", "segment_bits": 5},
    ),
    "letters": _settings("nist7x7", perturbation={"family": "walsh"}),
}


#: They begin from parameters of a file, some of them beyond the rail, on every kind of cell.
_GIVEN: dict[str, tuple[str, _Changes]] = {
    "given, early, clamp": ("xor", {"engine": {"enables": "early"}, "learning": {"clamp": 4.0}}),
    "given, serial": ("xor", {"engine": SERIAL}),
    "given, a bank": ("xor", {"engine": {"kind": "bank", "lanes": 2}}),
    "given, a bank, single ports": (
        "xor", {"engine": {"kind": "bank", "lanes": 2, "memory": "single_port"}},
    ),
    "given, square, windows": (
        "xor", {"perturbation": {"family": "square"}, "learning": {"tau_p": 2, "tau_x": 4, "tau_theta": 4}},
    ),
    "given, node by node": (
        "xor", {"perturbation": {"granularity": "node"}, "formats": {"parameter": "SQ(5, 13)"}},
    ),
}  # fmt: skip

#: With access to parameters: every way to a cell, everything that keeps a copy of T, all that may be stuck.
_ACCESSED: dict[str, _Changes] = {
    "words wait": {"task": {"source": "stream"}, "learning": {"updates": "delayed"}},
    "windows": {"learning": {"tau_theta": 4, "tau_p": 4, "tau_x": 2}},
    "early, leaves of 4": {"engine": {"enables": "early", "leaves": "yes", "leaf_cells": 4}},
    "a shadow, windows, inference": {
        "engine": {"shadow": "yes"},
        "learning": {"tau_theta": 4},
        "network": {"inference": "yes"},
    },
    "delayed, leaves of 16": {
        "learning": {"updates": "delayed"},
        "engine": {"leaves": "yes", "leaf_cells": 16},
    },
    "followed": {"learning": {"follow": 3, "tau_theta": 2, "tau_p": 3}},
    "serial, two-sided, leaves": {
        "engine": {"cell": "serial", "leaves": "yes"},
        "learning": {"measure": "two_sided"},
    },
    "serial, windows": {"engine": SERIAL, "learning": {"tau_theta": 2, "tau_p": 4}},
    "sinusoidal, windows": {
        "perturbation": {"family": "sinusoidal"},
        "learning": {"tau_theta": 2, "tau_p": 4, "rounding": "floor"},
        "network": {"inference": "yes"},
    },
    "square, a shadow, leaves": {
        "perturbation": {"family": "square"},
        "engine": {"shadow": "yes", "leaves": "yes"},
        "learning": {"tau_theta": 3},
    },
    "by node, a shadow": {
        "perturbation": {"granularity": "node"},
        "learning": {"rounding": "floor", "tau_theta": 2},
        "engine": {"shadow": "yes"},
    },
    "a bank, clamped": {
        "engine": {"kind": "bank", "lanes": 3},
        "network": {"layers": [2, 4, 1], "inference": "yes"},
        "learning": {"clamp": 2.0},
    },
    "a bank, layer by layer": {
        "engine": {"kind": "bank", "lanes": 3},
        "network": {"layers": [2, 4, 1]},
        "perturbation": {"granularity": "layer"},
    },
    "a bank, sparse": {
        "engine": {"kind": "bank", "lanes": 3},
        "network": {"layers": [2, 4, 1]},
        "perturbation": {"share": 0.25},
        "learning": {"tau_p": 2},
    },
    "a bank, single ports": {
        "engine": {"kind": "bank", "lanes": 2, "memory": "single_port"},
        "network": {"layers": [2, 4, 1], "inference": "yes"},
    },
    "a bank, both sides at once, clamped": {
        "engine": {"kind": "bank", "lanes": 3, "sides": "at_once"},
        "network": {"layers": [2, 4, 1], "inference": "yes"},
        "learning": {"clamp": 2.0},
    },
    "a bank, delayed": {
        "engine": {"kind": "bank", "lanes": 3},
        "network": {"layers": [2, 4, 1], "inference": "yes"},
        "perturbation": {"family": "walsh"},
        "learning": {"updates": "delayed", "tau_x": 6, "tau_p": 2, "tau_theta": 2},
    },
    "a bank, nodes": {
        "engine": {"kind": "bank", "lanes": 3},
        "network": {"layers": [2, 4, 1]},
        "perturbation": {"granularity": "node"},
        "formats": {"parameter": "SQ(5, 14)"},
        "learning": {"measure": "two_sided"},
    },
    "a bank, layer by layer, samples in a memory": {
        "engine": {"kind": "bank", "lanes": 2, "memory": "single_port", "sample": "memory"},
        "network": {"layers": [2, 4, 1], "inference": "yes"},
        "task": {"source": "stream"},
        "perturbation": {"granularity": "layer"},
    },
    "by layer, clamped": {"perturbation": {"granularity": "layer"}, "learning": {"clamp": 1.0, "tau_p": 2}},
    "sparse, some still": {
        "perturbation": {"share": 0.5},
        "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
    },
    "some shaken, clamped": {"imperfections": {"stuck": 0.3}, "learning": {"clamp": 2.0}},
    "some dead, reset": {
        "imperfections": {"stuck": 0.3, "stuck_kind": "dead"},
        "engine": {"reset": "yes"},
    },
    "analog, followed": {"learning": ANALOG_WINDOWS},
    "everything noisy, decay, judged": {
        "imperfections": {
            "cost_noise": 0.03,
            "update_noise": 0.002,
            "update_noise_kind": "independent",
        },
        "learning": {"decay": 0.001, "tau_theta": 2, "tau_p": 2},
        "judge": JUDGED,
        "task": {"accuracy": True},
    },
    "sequential, 8 bits": {
        "perturbation": {"family": "sequential"},
        "formats": {"parameter": "SQ(3, 5)", "cost_change": "SQ(2, 6)"},
        "learning": {"rounding": "floor", "tau_theta": 9, "tau_x": 9},
        "network": {"initial": 1.0},
    },
    "walsh, two-sided, 28 bits": {
        "perturbation": {"family": "walsh"},
        "formats": {"parameter": "SQ(5, 23)"},
        "learning": {"measure": "two_sided"},
    },
}


@dataclass(frozen=True)
class Entry:
    """A trainer: a preset or an example, and what differs from it.

    Attributes
    ----------
    base : str
        A preset, or an example's file name.
    changes : mapping
        Tables of keys, as for ``TrainerConfig.replaced``.
    tag : str
        See the head of this file.
    begun : bool
        From parameters of a file, see :mod:`testbenches.given`.
    """

    base: str
    changes: _Changes
    tag: str
    begun: bool = False


def _accessed(changes: _Changes) -> _Changes:
    return {**changes, "engine": {**changes.get("engine", {}), "access": "yes"}}


def _catalogue() -> dict[str, Entry]:
    found = {name: Entry(name, {}, "preset") for name in PRESETS}
    found |= {path.name: Entry(path.name, {}, "example") for path in EXAMPLES}
    found |= {name: Entry(*entry, "trainer") for name, entry in _TRAINERS.items()}
    found |= {name: Entry(*entry, "trainer", begun=True) for name, entry in _GIVEN.items()}
    found |= {f"lint: {name}": Entry("xor", changes, "lint") for name, changes in _LINTED.items()}
    found |= {
        f"inference: {name}": Entry("xor", {**changes, "network": {"inference": "yes"}}, "inference")
        for name, changes in _ANSWERING.items()
    }
    found |= {
        f"access: {name}": Entry("xor", _accessed(changes), "access") for name, changes in _ACCESSED.items()
    }
    found |= {f"textbook: {name}": Entry(*entry, "textbook") for name, entry in _TEXTBOOK.items()}
    estimated = {**runs.FIT, **runs.JUDGED}
    found |= {f"estimate: {name}": Entry(*entry, "estimate") for name, entry in estimated.items()}
    return found


#: All trainers, by name.
CATALOGUE = _catalogue()


def named(*tags: str) -> list[str]:
    """The names of those with one of these tags."""
    return [name for name, entry in CATALOGUE.items() if entry.tag in tags]


def enough(names: Iterable[str], times: int = 2) -> list[Any]:
    """These names as parameters of a test: all with ``--all``, in a plain run enough of them.

    That is, the first ``times`` with each option, and with each value of a key that is a choice: a trainer
    is left out if others before it have all that it has, though not together.
    """
    seen: Counter[str] = Counter()
    rows: list[Any] = []
    for name in names:
        has = _has(configuration(name))
        late = all(seen[each] >= times for each in has)
        rows.append(pytest.param(name, marks=[pytest.mark.only_all] * late, id=name))
        seen.update(() if late else has)
    return rows


def _has(config: TrainerConfig) -> set[str]:
    sections = config.model_dump(mode="json", include={*_CHOICES})
    values = (
        f"{section}.{key} = {value}"
        for section, keys in sections.items()
        for key, found in keys.items()
        for value in (found if isinstance(found, list) else [found])
        if isinstance(value, str)
    )
    return {*values, *(option.name for option in asked_for(config))}


@cache
def configuration(name: str) -> TrainerConfig:
    """One of the catalogue."""
    entry = CATALOGUE[name]
    base = load(EXAMPLES[0].parent / entry.base) if entry.base.endswith(".toml") else preset(entry.base)
    config = base.replaced(**entry.changes)
    return given(config) if entry.begun else config


def slow(base: str, **changes: Any) -> TrainerConfig:
    """A preset at a rate at which nothing saturates within a test, with more changed."""
    return preset(base).replaced(**_settings(base, **changes)[1])
