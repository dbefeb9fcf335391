"""Is what the configuration allows really built and simulated, at the limit and anywhere below it?"""

from __future__ import annotations

import contextlib
import random

import pytest
from amaranth.lib.wiring import In

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.config.relations import MAX_WIRES
from mgd_hdl.hierarchy import Modules, ports_of
from mgd_hdl.network.dense import Neuron
from mgd_hdl.samples.stream import SampleStream
from mgd_hdl.trainer import Trainer
from mgd_sim import trainer as twin

CHOICES = {
    "network": {"activation": ["sigmoid", "tanh", "relu", "linear"]},
    "formats": {
        "input": ["UQ(1, 0)", "UQ(1, 0)", "UQ(0, 8)", "SQ(1, 7)", "UQ(16, 0)", "UQ(0, 1)"],
        "target": ["UQ(1, 0)", "UQ(1, 0)", "SQ(2, 2)", "UQ(8, 0)", "SQ(1, 3)"],
        "activation_fraction": [2, 3, 8, 10, 16],
        "relu_integer_bits": [0, 2, 8],
        "linear_integer_bits": [1, 4, 8],
        "segment_bits": [3, 5, 10],
        "hold_bits": [0, 1, 4, 16],
    },
    "cost": {
        "loss": ["squared_error", "squared_error", "absolute_error", "cross_entropy", "hinge"],
        "margin": [0.25, 1.0],
        "limit": [0.0, 0.0, 0.25],
        "gate": [0.0, 0.0, 0.125],
        "segment_bits": [3, 7, 10],
    },
    "perturbation": {"family": ["random_code", "walsh", "sequential"], "halve_every": [0, 0, 3]},
    "learning": {
        "tau_x": [1, 1, 5],
        "tau_p": [1, 1, 3],
        "tau_theta": [1, 2, 7],
        "tau_bits": [3, 16, 24],
        "measure": ["one_sided", "two_sided"],
        "reference": ["when_due", "when_due", "every_step"],
        "decay": [0.0, 0.0, 0.25, 2.0**-6],
        "clamp": [0.0, 0.0, 0.25, 1.0],
        "rounding": ["floor", "nearest_even", "stochastic", "carry"],
        "updates": ["exact", "exact", "delayed"],
    },
    "task": {
        "accuracy": [False, False, True],
        "source": ["memory", "memory", "generator", "stream"],
        "order": ["random", "epoch", "plain"],
        "name": ["xor", "xor", "parity3", "nist7x7_centered"],
    },
    "engine": {
        "shadow": ["auto", "auto", "yes", "no"],
        "leaves": ["auto", "yes", "no"],
        "leaf_cells": [4, 8, 16, 32, 64],
        "enables": ["direct", "direct", "early"],
    },
    "judge": {
        "kind": ["none", "window"],
        "limit": [2.0**-20, 0.125, 0.5],
        "window": [1, 8, 9, 5000],
        "misses": [0, 0, 1, 8],
    },
}


def anything(draw: random.Random) -> dict:
    """A configuration that may or may not fit together."""
    document = {
        section: {key: draw.choice(values) for key, values in keys.items()}
        for section, keys in CHOICES.items()
    }
    integer_bits, fraction_bits = draw.choice([2, 3, 5, 8, 16]), draw.randrange(23)
    inputs, outputs = {"xor": (2, 1), "parity3": (3, 1), "nist7x7_centered": (49, 4)}[
        document["task"]["name"]
    ]
    hidden = [draw.randrange(1, 5) for _ in range(draw.randrange(3))]
    document["network"] |= {"layers": [inputs, *hidden, outputs], "initial": 2.0 ** draw.randrange(-4, 3)}
    document["formats"] |= {
        "parameter": f"SQ({integer_bits}, {fraction_bits})",
        "cost_change": f"SQ({draw.choice([1, 2, 5, 16])}, {draw.randrange(1, 17)})",
    }
    document["perturbation"]["amplitude"] = 2.0 ** -draw.randrange(3 - integer_bits, fraction_bits + 3)
    document["learning"]["rate"] = 2.0 ** -draw.randrange(12)
    return document


def some_valid(count: int, seed: int) -> list[TrainerConfig]:
    draw, found = random.Random(seed), []  # noqa: S311 - a stream of test cases
    while len(found) < count:
        with contextlib.suppress(ConfigError):
            found.append(TrainerConfig.build(anything(draw)))
    return found


@pytest.mark.parametrize(
    "drawing", [pytest.param(each, id=str(n)) for n, each in enumerate(some_valid(40, 1))]
)
def test_every_valid_configuration_elaborates_and_runs(drawing):
    config = drawing
    modules = Modules("any")
    modules.add(Trainer(config), "any")
    assert "any__core" in modules.text
    if config.task.source != "stream":
        twin.Trainer(config, [1]).run(30)


@pytest.mark.only_all
def test_the_widest_neuron_elaborates():
    config = preset("xor").replaced(
        network={"layers": [1412, 1]},
        formats={"parameter": "SQ(5, 23)", "input": "UQ(15, 1)", "activation_fraction": 2},
        perturbation={"amplitude": 2.0**-25},
        task={"name": "external", "source": "stream"},
    )
    (layer,) = config.shape.layers
    assert MAX_WIRES - 46 < 1412 * 16 + 1413 * layer.weight.width <= MAX_WIRES
    modules = Modules("large")
    modules.add(Neuron(layer), "large")
    assert "sum_11_0" in modules.text["large"]


def test_the_widest_sample_has_a_port():
    """Beside all other ports of the trainer, in front of the 16 bits that Amaranth counts them with."""
    config = preset("xor").replaced(
        network={"layers": [4, 4062], "activation": "relu"},
        formats={"target": "UQ(6, 10)"},
        task={"name": "external", "source": "stream"},
        learning={"rounding": "stochastic", "rate": 0.0625, "tau_bits": 24},
    )
    assert MAX_WIRES - 16 < 4 + 4062 * 16 <= MAX_WIRES
    trainer = Trainer(config)
    trainer._MustUse__used = True
    assert sum(len(signal) for _, flow, signal in ports_of(trainer) if flow == In) < (1 << 16) - 4
    modules = Modules("large")
    modules.add(SampleStream(config), "large")
    assert "width 64996" in modules.text["large"]


def test_an_array_wider_than_a_module_elaborates():
    """Array and network stay parts of the core; their tiles and neurons are modules as ever."""
    config = preset("xor").replaced(
        network={"layers": [199, 37]}, task={"name": "external", "source": "stream"}
    )
    assert config.parameters * config.words.weight.width > MAX_WIRES
    modules = Modules("large")
    modules.add(Trainer(config), "large")
    assert not {"large__array", "large__mlp"} & set(modules.text)
    assert {"large__tile_64", "large__neuron_0"} < set(modules.text)
    assert "module \\large__core.array\n" in modules.text["large__core"]
    assert modules.text["large__core"].count("cell \\large__neuron_0 ") == 37
