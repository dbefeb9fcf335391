"""The sample memory: all orders, of two, three, five and sixteen samples, targets of one bit and of more."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_hdl.config.tasks import Task
from mgd_hdl.emit import verilog
from mgd_hdl.samples.memory import SampleMemory
from testbenches import own_data
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.samples.bench_memory"
EXAMPLE = Path(__file__).parents[2] / "examples/26_own_data.toml"


def parity(inputs: int, order: str, target: str = "UQ(1, 0)") -> TrainerConfig:
    return preset("xor").replaced(
        network={"layers": [inputs, 1]},
        task={"name": {2: "xor"}.get(inputs, f"parity{inputs}"), "order": order},
        formats={"target": target},
    )


def words(inputs: int, samples: int, one: int) -> list[int]:
    """Inputs in the low bits, their parity as the target above; ``one`` is the target's word for 1."""
    return [x | (one if f"{x:b}".count("1") % 2 else 0) << inputs for x in range(samples)]


def shortened(config: TrainerConfig, samples: int) -> TrainerConfig:
    """Only the first samples of the task."""
    task = config.shape.task_data
    short = Task(name=task.name, inputs=task.inputs, outputs=1, count=samples, stored=lambda: task.samples)
    first = tuple(task.samples[:samples])
    short.__dict__["samples"] = first
    config.shape.__dict__["task_data"] = short
    return config


@pytest.mark.parametrize("order", ["plain", "random", "epoch"])
@pytest.mark.parametrize("inputs", [2, 4])
def test_memory(order, inputs, tmp_path):
    config = parity(inputs, order)
    stored = words(inputs, 2**inputs, 1)
    run(verilog(SampleMemory(config), "dut"), BENCH, tmp_path, config, words=stored, bits=inputs)


@pytest.mark.parametrize("order", ["plain", "random", "epoch"])
@pytest.mark.parametrize(("samples", "bits"), [(2, 1), (3, 2), (5, 3)])
def test_samples_that_fill_no_power_of_two(order, samples, bits, tmp_path):
    """Indices that do not exist take a clock each; a target of 1 is 4 in SQ(2, 2)."""
    config = shortened(parity(3, order, "SQ(2, 2)"), samples)
    stored = words(3, samples, 4)
    run(verilog(SampleMemory(config), "dut"), BENCH, tmp_path, config, words=stored, bits=bits)


@pytest.mark.parametrize("order", ["random", "epoch"])
def test_own_samples_of_several_bits(order, tmp_path):
    """80 of the example's 100 lines, four bits an input and one output."""
    config = load(EXAMPLE).replaced(task={"order": order})
    rows = [line.split(",") for line in EXAMPLE.with_suffix(".csv").read_text().splitlines()[1:]]
    train, _ = own_data.parts(rows, config.task.split, Fraction(1, 5))
    targets = [[int(row[-1] == "odd")] for row in train]
    stored = own_data.words(own_data.scaled(train, train, -8, 7), 4, targets, 1)
    assert len(stored) == 80
    run(verilog(SampleMemory(config), "dut"), BENCH, tmp_path, config, words=stored, bits=7)


def ahead(order: str, samples: int, **more: dict) -> TrainerConfig:
    """With delayed updates."""
    config = parity(3, order).replaced(learning={"updates": "delayed"}, **more)
    return shortened(config, samples)


@pytest.mark.parametrize("order", ["random", "epoch"])
@pytest.mark.parametrize(("samples", "bits"), [(3, 2), (5, 3), (6, 3), (7, 3)])
def test_samples_that_wait_for_their_turn(order, samples, bits, tmp_path):
    """With delayed updates there is one every two clocks: of an epoch always, at random nearly always."""
    config, stored = ahead(order, samples), words(3, samples, 1)
    run(verilog(SampleMemory(config), "dut"), BENCH, tmp_path, config, words=stored, bits=bits)


@mutations(
    ("only one waits", r"assign lands_1 = .*;", "assign lands_1 = 1'h0;"),
    ("the first place keeps its index", r"port__en \? waiting_1 : 3'hx", "port__en ? 0 : 3'hx"),
    ("tried although there is no room", r"register__advance = turn & ", "register__advance = "),
)
def test_mutations_of_waiting_indices_are_noticed(mutation, tmp_path):
    config = ahead("epoch", 5)
    text = verilog(SampleMemory(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, words=words(3, 5, 1), bits=3)


@mutations(
    ("another sample", r"rom\[5\] = 5'h05", "rom[5] = 5'h04"),
    ("one key only", r"\^ register__state\[7:4\]", "^ register__state[3:0]"),
    ("no key", r"= count \+ register__state\[3:0\]", "= count"),
    ("bits not reversed", r"\{ forward\[0\], forward\[1\],", "{ forward[3], forward[2],"),
    ("one key for all epochs", r"register__advance = turn & _03_", "register__advance = 1'h0"),
    ("a new key too early", r"count == 4'hf", "count == 4'he"),
    ("on although nobody takes", r"_01_ = _00_ \| o__ready", "_01_ = 1'h1"),
    ("waiting although nothing is held", r"_01_ = _00_ \| o__ready", "_01_ = o__ready"),
    ("a sample while loading", r"_06_ = \| \{ rst, load \}", "_06_ = rst"),
    ("on in the same epoch", r"_05_ = \| \{ rst, load \}", "_05_ = rst"),
    ("always the same seed", r"\.load\(load\)", ".load(1'h0)"),
    ("a sample after a reset", r"_06_ = \| \{ rst, load \}", "_06_ = load"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = parity(4, "epoch")
    text = verilog(SampleMemory(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, words=words(4, 16, 1), bits=4)


@mutations(
    ("what does not exist is shown", r"(exists = register__state\[2:0\]) < 3'h5", r"\1 <= 3'h5"),
    ("nothing is turned away", r"else if \(register__advance\) o__valid <= exists", "else o__valid <= 1'h1"),
    ("tried twice", r"\.advance\(register__advance\)", ".advance(o__ready)"),
)
def test_mutations_of_indices_are_noticed(mutation, tmp_path):
    config = shortened(parity(3, "random"), 5)
    text = verilog(SampleMemory(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, words=words(3, 5, 1), bits=3)
