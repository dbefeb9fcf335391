"""Every example is what it says: it loads, differs from the others, gives Verilog, and its twin runs."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, load
from mgd_hdl.config.toml import preset_text
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import trainer_design
from mgd_sim.rtl.icarus import IcarusModel
from mgd_sim.tasks import Dataset, dataset
from mgd_sim.trainer import Trainer
from testbenches import golden
from testbenches.power_up import starts_from_anything
from testbenches.test_lint import check_names

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))

each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def samples(config: TrainerConfig) -> Dataset | None:
    """What comes through the port of a stream: the task's samples, one of them not quite 0 or 1."""
    if config.task.source != "stream":
        return None
    whole, formats = dataset(config), config.formats
    x = whole.x.astype(np.int64) << formats.input.fraction_bits
    target = np.where(whole.target > 0, formats.target.max, formats.target.min + 1)
    return Dataset(x=x, target=target)


def test_examples_are_numbered_without_gaps():
    assert len(EXAMPLES) >= 9
    assert [path.name[:3] for path in EXAMPLES] == [f"{number:02}_" for number in range(1, len(EXAMPLES) + 1)]


def test_the_first_example_is_the_preset():
    assert EXAMPLES[0].read_bytes() == preset_text("xor").encode()


def test_no_two_examples_are_alike():
    shown = {path.stem: load(path).model_dump_json(exclude={"name"}) for path in EXAMPLES}
    assert len(set(shown.values())) == len(EXAMPLES)
    names = [load(path).name for path in EXAMPLES]
    assert len(set(names)) == len(names)


@each_example
def test_it_opens_with_its_idea(path):
    """The first comment says what is new; the first example has nothing to compare with."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# XOR" if path == EXAMPLES[0] else "# New: ")
    assert max(map(len, text.splitlines())) <= 110


@each_example
def test_it_generates_verilog(path):
    config = load(path)
    files = trainer_files(config)
    assert golden.hashes(config, files) == golden.load()[path.name]
    check_names(config.name, files[f"{config.name}.v"])
    assert clocks_per_step(config, files) == config.timing.clocks_per_step
    starts_from_anything(config, files)


def clocks_per_step(config: TrainerConfig, files: dict[str, str]) -> Fraction:
    """The mean over whole windows and holds, counted in the simulated circuit; samples are always there."""
    design = replace(trainer_design(files), probes=())
    steps = math.lcm(*(getattr(config.learning, name) for name in ("tau_x", "tau_p", "tau_theta")))
    steps *= -(-24 // steps)
    model = IcarusModel(design)
    try:
        inputs = {port.name for port in design.ports if port.direction == "input"}
        given = {name: value for name, value in asdict(config.registers(3)).items() if name in inputs}
        streams = {name: 1 for name in ("i_sample__valid", "i_code__valid") if name in inputs}
        model.set(rst=1, **given, **streams)
        model.clock()
        model.set(rst=0, start=1)
        model.clock()
        model.set(start=0, run=1)
        # Parameters are loaded first; a window's last update may still be on its way.
        model.run(2 * steps, 100_000)
        before = model.clocks
        model.run(steps, 100_000)
    finally:
        model.close()
    return Fraction(model.clocks - before, steps)


@each_example
def test_its_twin_runs(path):
    """200 steps; every parameter is asked for, so all that can move has moved."""
    config = load(path)
    trainer = Trainer(config, range(4), samples=samples(config))
    before = trainer.theta.copy()
    trainer.run(200)
    assert trainer.step == 200
    assert (trainer.theta != before).any(axis=0).all()


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if load(path).task.name == "xor"], ids=lambda path: path.stem
)
def test_it_learns_xor(path):
    """Eight of sixteen seeds or more come to answer all four cases; of 2000 untrained starts none does."""
    config = load(path)
    trainer = Trainer(config, range(16), samples=samples(config))
    solved = np.zeros(16, dtype=bool)
    for _ in range(40):
        trainer.run(500)
        solved |= trainer.cost_and_accuracy()[1] == 1
    assert solved.sum() >= 8
