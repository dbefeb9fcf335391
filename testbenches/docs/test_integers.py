"""Do the pages tell every bit? Formulas written from them against configuration and twin; their examples."""

from __future__ import annotations

import ast
import json
import re
from itertools import chain, islice
from types import MappingProxyType

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.control.initializer import initial_parameters
from mgd_sim.perturb.random_code import masks, random_code
from mgd_sim.perturb.walsh import WalshCodes
from mgd_sim.samples.source import source
from mgd_sim.trainer import Trainer

from . import integers
from .pages import ROOT

#: Lines ``formula = value`` of the blocks called ``example``, page by page.
EXAMPLES = {
    path.relative_to(ROOT / "docs").as_posix(): [
        line
        for block in re.findall(r"(?ms)^```example\n(.*?)^```$", path.read_text("utf-8"))
        for line in block.splitlines()
    ]
    for path in sorted((ROOT / "docs").rglob("*.md"))
}
FORMULAS = MappingProxyType(vars(integers))


@pytest.mark.parametrize("page", [page for page, lines in EXAMPLES.items() if lines])
def test_examples_of_a_page(page):
    for line in EXAMPLES[page]:
        formula, _, value = line.rpartition(" = ")
        assert eval(formula, dict(FORMULAS)) == ast.literal_eval(value), line  # noqa: S307 - our own page


def external(layers: list[int], **sections) -> TrainerConfig:
    """A network of any shape, whose samples come from outside."""
    return TrainerConfig.build(
        {"network": {"layers": layers}, "task": {"name": "external", "source": "stream"}, **sections}
    )


SHAPES = ([2, 2, 1], [49, 4, 4], [3, 70, 5, 2], [13, 5], [200, 3])


@pytest.mark.parametrize("seed", [0, 1, 2023, (1 << 63) - 1])
def test_seeds(seed):
    names = [
        "code",
        "sample",
        "initial",
        "dither",
        "cost_noise",
        "update_noise",
        "noise_code",
        "sparse",
        "decay",
    ]
    registers = preset("xor").registers(seed)
    assert [getattr(registers, f"seed_{name}") for name in names] == integers.seeds(seed)


@pytest.mark.parametrize("value", [0.3, 0.35, 0.353, 0.354, 0.36, 0.7, 0.72, 1.0])
def test_powers_of_two(value):
    config = preset("xor").replaced(learning={"rate": value})
    assert -config.learning_shift == integers.power(value)


@pytest.mark.parametrize("device", [0, 7])
def test_stuck_parameters(device):
    config = preset("nist7x7").replaced(imperfections={"stuck": 0.3, "device": device})
    assert sorted(config.stuck()) == integers.stuck(device, 220, 66)


@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_places_and_codes(layers):
    config = external(layers)
    places = integers.places(layers)
    assert places == [(p.tile, p.tile_row, p.row, p.column, p.diagonal) for p in config.places]
    states = list(islice(integers.words(12344), 20))
    ours = [[integers.random_bit(state, *place[2:]) for place in places] for state in states]
    assert ours == random_code(masks(config), np.array(states, dtype=np.uint32)).tolist()
    for flip in (False, True):
        walsh = external(layers, perturbation={"family": "walsh", "sign_flip": flip})
        rows = places[-1][2] + 1
        index = [integers.walsh_index(rows, row, column, flip) for _, _, row, column, _ in places]
        ours = [[integers.walsh_bit(each, m) for each in index] for m in range(70)]
        assert ours == WalshCodes(walsh).take(70)[:, 0].tolist()


@pytest.mark.parametrize("seed", [0, 3])
def test_shuffled_turns(seed):
    order = {"family": "sequential", "order": "shuffled"}
    config = preset("xor").replaced(name="mgd", seed=seed, perturbation=order)
    turns = json.loads(trainer_files(config)["mgd.parameters.json"])["turns"]
    assert turns == integers.shuffled(seed, 9)


@pytest.mark.parametrize("seed", [1, 2024])
def test_initial_parameters(seed):
    config = external([3, 70, 5, 2], network={"layers": [3, 70, 5, 2], "initial": [0.5, 4.0, 0.3]})
    shifts = [5] * 280 + [2] * 355 + [6] * 12
    states = islice(integers.words(seed), config.parameters)
    ours = [integers.initial(state, 16, shift) for state, shift in zip(states, shifts, strict=True)]
    assert ours == initial_parameters(config, np.array([seed | 1], dtype=np.uint32))[0].tolist()


@pytest.mark.parametrize("order", ["epoch", "random"])
def test_samples(order):
    for config, count in ((preset("xor"), 4), (preset("parity4"), 16)):
        config = config.replaced(task={"order": order})
        theirs = source(config, np.array([2023], dtype=np.uint32), count).take(200)[:, 0].tolist()
        if order == "epoch":
            epochs = (integers.epoch(state, count) for state in islice(integers.words(2023), 60))
            ours = list(chain.from_iterable(epochs))
        else:
            ours = [integers.drawn(state, count) for state in islice(integers.words(2023), 200)]
        assert ours[:200] == theirs


# ---- whole steps ---------------------------------------------------------------------------------

WHOLE = {
    "xor": {},
    "walsh, two-sided, a period in a window": {
        "perturbation": {"family": "walsh", "sign_flip": True},
        "learning": {"measure": "two_sided", "tau_x": 32, "tau_theta": 32, "rate": 0.25},
    },
    "sequential, shuffled, P steps": {
        "seed": 5,
        "perturbation": {"family": "sequential", "order": "shuffled"},
        "learning": {"tau_x": 9, "tau_theta": 9, "rate": 1.0},
    },
    "sequential, two-sided": {
        "perturbation": {"family": "sequential"},
        "learning": {"measure": "two_sided", "tau_p": 3, "tau_x": 2},
    },
    "hold, no shadow": {"learning": {"tau_p": 4, "tau_theta": 2, "tau_x": 3}, "task": {"order": "random"}},
    "hold and shadow": {"learning": {"tau_p": 4, "tau_theta": 6, "tau_x": 5}, "task": {"order": "plain"}},
    "anew, clamp, stochastic": {
        "learning": {"reference": "every_step", "rounding": "stochastic", "rate": 0.01, "clamp": 0.5},
        "formats": {"parameter": "SQ(3, 6)", "cost_change": "SQ(1, 12)", "hold_bits": 0},
    },
    "nearest even, tanh": {
        "network": {"activation": ["relu", "tanh"], "layers": [2, 3, 1]},
        "learning": {"rounding": "nearest_even", "rate": 0.0625},
        "formats": {"parameter": "SQ(4, 6)", "segment_bits": 7},
    },
    "floor, large amplitude, narrow": {
        "network": {"activation": "linear", "initial": 2.0},
        "perturbation": {"amplitude": 0.5},
        "learning": {"rounding": "floor", "rate": 1.0},
        "formats": {"parameter": "SQ(4, 5)", "cost_change": "SQ(1, 6)", "hold_bits": 0, "segment_bits": 3},
    },
    "analog, momentum": {
        "learning": {"algorithm": "analog", "tau_x": 16, "follow": 3, "tau_theta": 2, "rate": 1.0},
    },
    "delayed": {"learning": {"updates": "delayed"}},
    "delayed windows behind leaves": {
        "network": {"layers": [2, 5, 4, 1], "activation": ["relu", "sigmoid", "sigmoid"]},
        "learning": {"updates": "delayed", "tau_theta": 3, "tau_x": 2, "tau_p": 2},
        "engine": {"leaf_cells": 16},
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", WHOLE.values(), ids=WHOLE)
def test_whole_steps(changes):
    config = TrainerConfig.build({"network": {"layers": [2, 2, 1]}}).replaced(**changes)
    samples = [((x & 1, x >> 1), ((x & 1) ^ (x >> 1),)) for x in range(4)]
    record = Trainer(config, [config.seed]).run(120, record=True)
    moved = 0
    for n, ours in enumerate(integers.run(config.model_dump(mode="json"), samples, 120)):
        theirs = {name: getattr(record, name)[n, 0].tolist() for name in ours}
        assert ours == theirs, n
        moved += ours["update"] != 0
    assert moved


def test_first_steps_of_xor():
    """The table of the page."""
    text = (ROOT / "docs/integers.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| (\d+(?: \| [-\d ]+){7}) \|$", text)
    record = Trainer(TrainerConfig.build({"network": {"layers": [2, 2, 1]}}), [0]).run(len(rows), record=True)
    names = ("sample", "code", "baseline", "cost", "cost_change", "update", "theta")
    assert len(rows) == 4
    for n, row in enumerate(rows):
        cells = [[int(each) for each in cell.split()] for cell in row.split(" | ")]
        assert cells == [[n], *(np.ravel(getattr(record, name)[n, 0]).tolist() for name in names)]
