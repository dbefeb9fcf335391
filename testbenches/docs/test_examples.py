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
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.plants import AnalogNetwork
from mgd_sim.rtl import trainer_design
from mgd_sim.rtl.icarus import IcarusModel
from mgd_sim.tasks import Dataset, dataset
from mgd_sim.trainer import Trainer
from testbenches import golden
from testbenches.power_up import starts_from_anything
from testbenches.test_lint import check_names
from testbenches.test_loop import equal

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
OUTSIDE = [path for path in EXAMPLES if load(path).outside]
ON_CHIP = [path for path in EXAMPLES if path not in OUTSIDE]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    """A test for each of the examples."""
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


each_example = each(EXAMPLES)


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
    if not config.outside:
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


@each(ON_CHIP)
def test_its_twin_runs(path):
    """200 steps; every parameter is asked for, so all that can move has moved."""
    config = load(path)
    trainer = Trainer(config, range(4), samples=samples(config))
    before = trainer.theta.copy()
    trainer.run(200)
    assert trainer.step == 200
    assert (trainer.theta != before).any(axis=0).all()


@each([path for path in ON_CHIP if load(path).task.name == "xor"])
def test_it_learns_xor(path):
    """Eight of sixteen seeds or more come to answer all four cases; of 2000 untrained starts none does."""
    config = load(path)
    trainer = Trainer(config, range(16), samples=samples(config))
    solved = np.zeros(16, dtype=bool)
    for _ in range(40):
        trainer.run(500)
        solved |= trainer.cost_and_accuracy()[1] == 1
    assert solved.sum() >= 8


# ---- with a device outside ---------------------------------------------------------------------------

#: XOR, and what is wanted.
CASES, WANTED = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


class Wired:
    """Sixteen networks of analog neurons, none like another, wired as an example says."""

    vectorised, replicas = True, 16

    def __init__(self, config: TrainerConfig):
        self.config, self.plant = config, AnalogNetwork([2, 2, 1], range(16), spread=0.1)

    def write(self, parameters: np.ndarray, code: np.ndarray | float = 0.0) -> None:
        """Codes of converters, or numbers, and what is to be added to them here."""
        device, half = self.config.device, 1 << max(self.config.device.dac_bits, 1) - 1
        if device.dac_bits:
            parameters = (parameters - half) / half / device.dac_gain
        self.given = parameters + self.config.perturbation.amplitude * code
        self.plant.write(self.given)

    def read(self, inputs: np.ndarray) -> np.ndarray:
        """An output from 0 to 1, or its code in offset binary."""
        output, bits = self.plant.read(inputs), self.config.device.adc_bits
        return np.clip(np.floor(output * (1 << bits)), 0, (1 << bits) - 1) if bits else output

    def answers(self) -> np.ndarray:
        """(R, measurements, 4), of all cases."""
        return np.stack([self.plant.read(np.tile(case, (16, 1)))[..., 0] for case in CASES], axis=-1)

    def cost(self) -> np.ndarray:
        """The mean over all cases."""
        return np.square(self.answers() - WANTED).mean(axis=-1)

    def second(self) -> np.ndarray:
        """Power, as of resistors; 1 where all parameters are at their limit of 8."""
        return np.square(self.given / 8).mean(axis=-1)


def wired(path: Path, seeds: range = range(16), **device: float) -> tuple[ChipInTheLoop, Wired]:
    """Devices as the example says, which take no time."""
    config = load(path)
    config = config.replaced(device={"settle": 0.0, "time_out": 0.0, **device})
    networks = Wired(config)
    return ChipInTheLoop(networks, config, seeds), networks


def right(loop: ChipInTheLoop, networks: Wired) -> np.ndarray:
    """Which of the networks answer all cases, parameters at rest."""
    networks.plant.write(loop.parameters[:, None])
    return ((networks.answers()[:, 0] > 0.5) == WANTED).all(axis=-1)


@each(OUTSIDE)
def test_a_device_learns_xor(path):
    """As in all other examples: eight of sixteen networks or more come to answer all four cases."""
    loop, networks = wired(path)
    solved = np.zeros(16, dtype=bool)
    for _ in range(20):
        loop.run(500)
        solved |= right(loop, networks)
        if solved.sum() >= 8:
            break
    assert solved.sum() >= 8
    assert not any(count.any() for kind, count in loop.outside.faults.items() if kind != "out of range")


@pytest.mark.only_all
def test_a_second_cost_is_paid_for():
    """The same networks with power and without: less of it at the same accuracy."""
    (path,) = (path for path in OUTSIDE if "second_cost" in path.stem)
    power, accuracy = [], []
    for weight in (load(path).device.second_weight, 2.0**-12):
        loop, networks = wired(path, second_weight=weight)
        loop.run(6000)
        accuracy.append(right(loop, networks).mean())
        power.append(np.square(loop.parameters).mean())
    assert power[0] < 0.8 * power[1]
    assert accuracy[0] >= accuracy[1] - 0.15


@pytest.mark.only_all
@each([path for path in OUTSIDE if load(path).spi.dac is None])
def test_its_circuit_is_the_software_loop(path, tmp_path_factory):
    """Every state, around a device in Verilog that stalls at random. What stands between converters on SPI
    has a bench of its own.
    """
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    config = load(path).replaced(device={"legal": []})
    assert equal(config, 100, build, stalls=True)["dropped_count"] == 0
