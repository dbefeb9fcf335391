"""From training to use, all in hardware: what was learned is read, used, and given to another circuit.

Each circuit here begins from seeds that the twin solves the task with.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.evaluate import right
from mgd_sim.rtl import RtlTrainer, trainer_design
from mgd_sim.trainer import Trainer

EXAMPLES = Path(__file__).parents[1] / "examples"
DOORS = {"network": {"inference": "yes"}, "engine": {"access": "yes"}}

#: A preset or an example, a seed, steps, and the share of right answers that there is after so many.
LEARNED = {
    "xor": ("xor", 2, 600, 1.0),
    "parity4": ("parity4", 17, 55_000, 1.0),
    "letters": ("nist7x7_centered", 7, 8_000, 0.99),
    "own data": ("26_own_data.toml", 1, 3_000, 0.9),
    "iris": ("iris/iris.toml", 1, 5_000, 0.95),
}


def configured(base: str, folder: Path) -> TrainerConfig:
    """With both doors; Iris is written into the folder by the example's own script."""
    if not base.endswith(".toml"):
        return preset(base).replaced(**DOORS)
    file = EXAMPLES / base
    if "iris" in base:
        pytest.importorskip("sklearn", reason="scikit-learn, which has the data, is not installed")
        subprocess.run([sys.executable, file.with_name("write_iris.py"), folder], check=True)
        file = Path(shutil.copy(file, folder))
    return load(file).replaced(**DOORS)


@pytest.mark.parametrize(
    "name", [name if name == "xor" else pytest.param(name, marks=pytest.mark.only_all) for name in LEARNED]
)
def test_learned_read_and_used(name, tmp_path, tmp_path_factory):
    """Parameters and answers are the twin's, and those of a fresh circuit to which they are written."""
    base, seed, steps, share = LEARNED[name]
    config = configured(base, tmp_path)
    design = trainer_design(trainer_files(config))
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    with RtlTrainer(config, design, config.registers(seed), build_dir=build) as circuit:
        circuit.run(steps)
        circuit.pause()
        ended = circuit.ended
        theta = circuit.read()
        twin = Trainer(config, [seed])
        twin.run(ended)
        np.testing.assert_array_equal(theta, twin.theta[0])

        samples = twin.samples
        answers = circuit.infer(samples.x)
        np.testing.assert_array_equal(answers, twin.infer(samples.x)[0])
        half, target_half = config.levels.threshold, 0.5 / config.formats.target.step
        found = right(answers.T[None], samples.target.T, half=half, target_half=target_half)
        assert found.mean() >= share

        circuit.start(config.registers(seed + 1))
        circuit.pause()
        assert circuit.infer(samples.x).tolist() != answers.tolist()
        np.testing.assert_array_equal(circuit.write(theta), theta)
        np.testing.assert_array_equal(circuit.infer(samples.x), answers)
        np.testing.assert_array_equal(circuit.read(), theta)
