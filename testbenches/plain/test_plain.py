"""Do the pages suffice? A trainer written from them alone is the circuit, in configurations at random."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import trainer_design
from mgd_sim.rtl.bugs import inject
from testbenches import own_data

from . import trainer as plain
from .circuit import payload, states
from .draw import Drawn, drawn
from .trainer import PlainTrainer

#: The first of the numbers from which configurations are drawn. With this one the few of a plain run are
#: small, and have nearly all kinds of the core.
SEED = 36_000
CORE, BEYOND = 50, 30
STEPS = 100
#: With samples of its own.
OWN = Path(__file__).parents[2] / "examples/26_own_data.toml"


def configuration(number: int) -> Drawn:
    """First those of the core, then those with other options."""
    return _configuration(SEED + number, number >= CORE)


@cache
def _configuration(seed: int, options: bool) -> Drawn:
    return drawn(seed, options=options)


def expected(given: Drawn, steps: int) -> tuple[dict[str, list[list[int]]], int]:
    """States and flags by the pages."""
    trainer = PlainTrainer(given.config.model_dump(mode="json"), given.samples, given.written)
    return trainer.run(steps), trainer.flags


def found(given: Drawn, folder: Path, verilog: str = "") -> tuple[dict[str, list[list[int]]], int]:
    """States and flags of the circuit, or of a changed one."""
    config, document = given.config, given.config.model_dump(mode="json")
    files = trainer_files(config)
    sent = given.samples if config.task.source == "stream" else None
    return states(
        verilog or files[f"{config.name}.v"],
        files[f"{config.name}.ports.json"],
        PlainTrainer(document, given.samples, given.written).registers,
        [payload(sample, document["formats"]) for sample in sent or ()],
        STEPS,
        folder,
    )


def first_difference(
    circuit: Mapping[str, list[list[int]]], pages: Mapping[str, list[list[int]]]
) -> tuple[int, str, list[int], list[int]] | None:
    """The first step, state, and both values, where they are not the same."""
    differences = [
        (step, name, own, right)
        for name, column in circuit.items()
        for step, (own, right) in enumerate(zip(column, pages[name], strict=True))
        if own != right
    ]
    return min(differences, default=None)


@pytest.mark.parametrize("drawing", range(CORE + BEYOND))
def test_the_circuit_is_what_the_pages_say(drawing, tmp_path):
    """Every state of every step, and the flags at the end."""
    given = configuration(drawing)
    circuit, flags = found(given, tmp_path)
    steps = len(circuit["cost"])
    assert steps >= STEPS
    pages, right_flags = expected(given, steps)
    assert {len(column) for column in circuit.values()} == {steps}
    assert first_difference(circuit, pages) is None, given
    assert flags == right_flags


def test_a_bank_node_by_node(tmp_path):
    """Whose words are products, limited, with parameters at their rail; an array with its many is another."""
    config = TrainerConfig.build(
        {
            "network": {"layers": [2, 3, 1], "initial": 2.0**-5},
            "perturbation": {"granularity": "node"},
            "formats": {"parameter": "SQ(5, 11)", "cost_change": "SQ(2, 9)"},
            "learning": {"clamp": 2.0**-7, "rate": 1.0},
            "engine": {"kind": "bank", "lanes": 2},
        }
    )
    given = Drawn(config, None, {})
    circuit, flags = found(given, tmp_path)
    pages, right_flags = expected(given, len(circuit["cost"]))
    assert first_difference(circuit, pages) is None
    assert flags == right_flags
    array = config.replaced(engine={"kind": "array", "lanes": 4})
    wrong, _ = expected(Drawn(array, None, {}), len(circuit["cost"]))
    assert first_difference(circuit, wrong) is not None


def test_a_bank_with_delayed_updates(tmp_path):
    """Each step sees what the step before the last has changed; an array with a copy sees another."""
    config = TrainerConfig.build(
        {
            "network": {"layers": [2, 3, 1]},
            "perturbation": {"family": "walsh"},
            "learning": {"updates": "delayed", "rate": 1.0, "tau_x": 6, "tau_p": 2, "tau_theta": 2},
            "engine": {"kind": "bank", "lanes": 2},
        }
    )
    given = Drawn(config, None, {})
    circuit, flags = found(given, tmp_path)
    pages, right_flags = expected(given, len(circuit["cost"]))
    assert first_difference(circuit, pages) is None
    assert flags == right_flags
    array = config.replaced(engine={"kind": "array", "lanes": 4})
    wrong, _ = expected(Drawn(array, None, {}), len(circuit["cost"]))
    assert first_difference(circuit, wrong) is not None


@pytest.mark.parametrize("order", ["random", "epoch"])
def test_own_samples(order, tmp_path):
    """Those that docs/data.md finds in the example's table, in the order of docs/blocks/memory.md."""
    config = load(OWN).replaced(task={"order": order})
    rows = [line.split(",") for line in OWN.with_suffix(".csv").read_text().splitlines()[1:]]
    train, _ = own_data.parts(rows, 0, Fraction(1, 5))
    inputs = own_data.scaled(train, train, -8, 7)
    samples = [(x, [int(row[-1] == "odd")]) for x, row in zip(inputs, train, strict=True)]
    given = Drawn(config, samples, {})
    circuit, flags = found(given, tmp_path)
    pages, right_flags = expected(given, len(circuit["cost"]))
    assert first_difference(circuit, pages) is None
    assert flags == right_flags
    wrong, _ = expected(replace(given, samples=samples[1:] + samples[:1]), len(circuit["cost"]))
    assert first_difference(circuit, wrong) is not None


def test_the_draw_covers_the_core():
    """Every kind of the core comes up, and so do all three flags, and parameters beyond their rails."""
    seen: Counter[Any] = Counter()
    for number in range(CORE):
        given = configuration(number)
        document = given.config.model_dump(mode="json")
        trainer = PlainTrainer(document, given.samples, given.written)
        trainer.run(STEPS)
        learning, shake, task = document["learning"], document["perturbation"], document["task"]
        seen.update(
            (key, learning[key]) for key in ("measure", "algorithm", "updates", "rounding", "reference")
        )
        seen.update((key, shake[key]) for key in ("family", "order", "sign_flip"))
        seen.update(
            [("loss", document["cost"]["loss"]), ("source", task["source"]), ("shadow", trainer.shadow)]
        )
        seen.update(("activation", each) for each in trainer.activations)
        seen.update(("flag", bit) for bit in range(3) if trainer.flags >> bit & 1)
        seen["follow"] += learning["follow"] > 0
        seen["written"] += bool(given.written)
        seen["beyond the rail"] += any(abs(t) > 1 << trainer.rail for t in trainer.theta)
        if task["source"] == "memory":
            seen["samples", task["order"]] += 1
    wanted: list[Any] = [
        *(("measure", each) for each in ("one_sided", "two_sided")),
        *(("algorithm", each) for each in ("discrete", "analog")),
        *(("updates", each) for each in ("exact", "delayed")),
        *(("rounding", each) for each in ("carry", "floor", "nearest_even", "stochastic")),
        *(("reference", each) for each in ("when_due", "every_step")),
        *(("family", each) for each in ("random_code", "walsh", "sequential")),
        *(("order", each) for each in ("plain", "shuffled")),
        *(("sign_flip", each) for each in (False, True)),
        *(("loss", each) for each in ("squared_error", "absolute_error")),
        *(("source", each) for each in ("memory", "stream")),
        *(("shadow", each) for each in (False, True)),
        *(("activation", each) for each in ("sigmoid", "tanh", "relu", "linear")),
        *(("flag", bit) for bit in range(3)),
        *(("samples", each) for each in ("random", "epoch", "plain")),
        *("follow", "written", "beyond the rail"),
    ]
    assert [each for each in wanted if not seen[each]] == []


def test_the_trainer_stands_alone():
    """It imports the standard library, and so not a line of circuit or twin."""
    tree = ast.parse(Path(plain.__file__).read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    assert names <= set(sys.stdlib_module_names) | {"collections.abc"}, names


# ---- it can fail ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mutation",
    [
        "minus_adds",
        "crossed_wires",
        "code_stands_still",
        "sample_stays",
        "reference_once",
        "reference_perturbed",
        "hold_not_cleared",
        "rate_halved",
        "bias_forgotten",
        "table_slips",
        "error_unsigned",
        "seed_ignored",
    ],
)
def test_a_fault_of_the_circuit_is_noticed(mutation, tmp_path):
    given = Drawn(preset("xor"), None, {})
    changed = inject(trainer_design(trainer_files(given.config)), mutation).verilog
    circuit, _ = found(given, tmp_path, changed)
    pages, _ = expected(given, len(circuit["cost"]))
    assert first_difference(circuit, pages) is not None


def test_a_wrong_page_is_noticed(tmp_path, monkeypatch):
    """One circuit, and what trainers by slightly other pages say of it."""
    given = Drawn(
        preset("xor").replaced(
            formats={"parameter": "SQ(3, 8)", "cost_change": "SQ(1, 12)", "hold_bits": 0},
            network={"activation": ["sigmoid", "linear"], "initial": 1.0},
            perturbation={"amplitude": 0.5},
            learning={"rate": 1.0, "rounding": "stochastic", "tau_p": 3, "tau_theta": 3},
        ),
        None,
        {},
    )
    circuit, flags = found(given, tmp_path)
    steps = len(circuit["cost"])
    pages, right_flags = expected(given, steps)
    assert first_difference(circuit, pages) is None
    assert flags == right_flags == 7
    wrong = {
        "seeds": lambda seed, real=plain.seeds: real(seed + 1),
        "signed": lambda value, bits, real=plain.signed: real(value >> 1, bits),
        "saturated": lambda value, bits: value,
        "integrated": lambda theta, word, rail: theta + word,
        "rounded": lambda value, dropped, rounding, dither: value >> dropped,
        "row_mask": lambda row, lowest, real=plain.row_mask: real(row + 1, lowest),
        "table": lambda z, *others, real=plain.table: real(z - 1, *others),
    }
    for name, instead in wrong.items():
        with monkeypatch.context() as patched:
            patched.setattr(plain, name, instead)
            assert first_difference(circuit, expected(given, steps)[0]) is not None, name
