"""Does the twin train from the command line, and can what it learned be taken along?"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import TrainerConfig, load, loads, preset
from mgd_hdl.config.toml import preset_text, text_of
from mgd_sim.float_mgd import FloatNetwork
from mgd_sim.seeds import Look, csv, quartiles
from mgd_sim.studies.learning import goal_of, learn
from mgd_sim.trainer import Trainer
from testbenches.docs.pages import ROOT


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def arrays(file: Path | str) -> dict[str, np.ndarray]:
    """Everything in it, read as anybody would, without pickle."""
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


# ---- the verb --------------------------------------------------------------------------------------


def test_seeds_learn_side_by_side(capsys):
    """What is told and written is what the study of the same seeds finds; the last of them is awaited."""
    assert cli.main(["train", "xor", "--seeds", "3", "--seed", "2", "-o", "out"]) == 0
    out = capsys.readouterr().out
    config, goal = preset("xor"), goal_of(preset("xor"))
    *_, expected = learn("twin", config, range(2, 5), goal)
    summary = json.loads(Path("out/xor_trainer.json").read_text())
    assert [each["solved_at"] for each in summary["each"]] == expected.solved_at
    assert [each["cost"] for each in summary["each"]] == expected.cost
    assert summary["steps"] == max(expected.solved_at)
    lower, median, upper = np.quantile(expected.solved_at, (0.25, 0.5, 0.75))
    assert summary["steps_to_goal"] == {"lower_quartile": lower, "median": median, "upper_quartile": upper}
    assert f"xor_trainer, 3 seeds, {summary['steps']:,} steps: 3 solved (100.0%)\n" in out
    assert f"steps to the goal: median {median:,.0f}, quartiles {lower:,.0f} and {upper:,.0f}\n" in out
    best = min(range(3), key=lambda seed: expected.cost[seed])
    assert summary["best_seed"] == best + 2
    assert f"best: seed {best + 2}, mean cost {expected.cost[best]:.4f}, accuracy 100.00%\n" in out

    header, *rows = Path("out/xor_trainer.csv").read_text().splitlines()
    assert header.startswith("step,solved,mean_cost,accuracy,")
    assert [int(row.split(",")[0]) for row in rows] == list(range(0, summary["steps"] + 1, goal.every))
    for at, row in enumerate(rows):
        assert int(row.split(",")[1]) == sum(10 * at >= step for step in expected.solved_at)
    assert Path("out/xor_trainer.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_json_is_all_that_is_printed(capsys):
    assert cli.main(["train", "xor", "--seeds", "2", "--steps", "300", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (json.loads(out)["steps"], json.loads(out)["seeds"]) == (300, 2)
    assert list(Path().iterdir()) == []


def test_an_unsolved_task_is_no_success(capsys):
    """With --steps alone it was not to be solved; one solved seed is a success."""
    assert cli.main(["train", "xor", "--seeds", "2", "--steps", "50"]) == 0
    assert cli.main(["train", "xor", "--seeds", "2", "--steps", "50", "--until-solved"]) == 1
    assert "steps to the goal: median never, quartiles never and never" in capsys.readouterr().out
    assert cli.main(["train", "xor", "--seeds", "3", "--steps", "600", "--until-solved"]) == 0
    out = capsys.readouterr().out
    assert "600 steps: 1 solved (33.3%)\n" in out


def test_tasks_without_goal_streams_and_tries_train_too(capsys):
    """Samples from a port, codes from a port, and trainers that start again by themselves."""
    Path("stream.toml").write_text(
        '[network]\nlayers = [3, 2, 1]\n[task]\nname = "parity3"\nsource = "stream"\n'
        '[perturbation]\nfamily = "external"\nresolution = 1\n'
    )
    assert cli.main(["train", "stream.toml", "--seeds", "2", "--steps", "40"]) == 0
    text = preset_text("xor") + '\n[judge]\nkind = "window"\nwindow = 8\nretry = 20\n'
    Path("retry.toml").write_text(
        re.sub(r"(?s)\[judge\].*?(?=\n\[|$)", "", text, count=text.count("[judge]") - 1)
    )
    assert cli.main(["train", "retry.toml", "--seeds", "2", "--steps", "100", "-o", "r"]) == 0
    assert arrays(f"r/{load('retry.toml').name}.parameters.npz")["T"].shape == (2, 9)
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "argument --seeds: '0' must be a whole number from 1"),
        (["--steps", "many"], "argument --steps: 'many' must be a whole number from 1"),
        (["--seeds", "2", "--seed", str(2**63 - 1)], "--seeds = 2: the last seed must be at most"),
    ],
)
def test_bad_numbers(arguments, message, capsys):
    try:
        status = cli.main(["train", "xor", *arguments])
    except SystemExit as error:
        status = error.code
    assert status == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_files_that_exist_are_refused_before_the_run(capsys):
    Path("out").mkdir()
    kept = Path("out/xor_trainer.parameters.npz")
    kept.write_bytes(b"precious")
    assert cli.main(["train", "xor", "-o", "out"]) == 2
    assert capsys.readouterr() == ("", f"mgd-hdl: {kept}: exists; --force replaces it\n")
    assert [path.name for path in Path("out").iterdir()] == [kept.name]
    assert kept.read_bytes() == b"precious"


# ---- numbers of many seeds -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], (3.0, 3.0, 3.0)),
        ([1, 2, 3, 4, 5], (2, 3, 4)),
        ([4, 1, 3, 2], (1.75, 2.5, 3.25)),
        ([1, 2, 3, None, None], (2, 3, None)),
        ([1, None], (None, None, None)),
        ([None, 1, 2, 3], (1.75, 2.5, None)),
        ([None], (None, None, None)),
    ],
    ids=str,
)
def test_quartiles(values, expected):
    """Between two values on the line, which an unsolved seed on either side of it makes endless."""
    assert quartiles(values) == expected


def test_table_of_looks():
    looks = [Look(0, 0, 0.25, 0.5, (0.25, 0.25, 0.25)), Look(10, 2, 1 / 3, 1.0, (0.1, 0.2, 0.3))]
    assert csv(looks).splitlines()[1:] == ["0,0,0.25,0.5,0.25,0.25,0.25", "10,2,0.333333333,1,0.1,0.2,0.3"]


# ---- NAME.parameters.npz -----------------------------------------------------------------------------


def small(**changes) -> TrainerConfig:
    return preset("xor").replaced(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"perturbation": {"family": "sinusoidal", "resolution": 3}},
        {"perturbation": {"halve_every": 10}},
        {"imperfections": {"stuck": 0.3, "stuck_kind": "dead"}},
        {"network": {"layers": [2, 3, 2, 1], "activation": ["tanh", "relu", "sigmoid"]}},
    ],
    ids=str,
)
def test_numbers_are_what_the_network_multiplies(changes):
    """The middle of the interval that the visible bits of T leave, in exact fractions; a dead one is zero."""
    config = small(**changes)
    Path("c.toml").write_text(text_of(config))
    assert cli.main(["train", "c.toml", "--seeds", "3", "--steps", "60", "-o", "out"]) == 0
    found = arrays(f"out/{config.name}.parameters.npz")
    assert loads(str(found["configuration"])) == config
    assert found["layers"].tolist() == list(config.network.layers)
    assert found["T"].shape == (3, config.parameters)
    guard = config.words.guard_bits
    assert (found["visible"] == found["T"] >> guard).all()
    theta, place = found["T"][int(found["best"])].tolist(), 0
    dead = config.shape.stuck() if config.imperfections.stuck_kind == "dead" else set()
    for index, (inputs, neurons) in enumerate(pairwise(config.network.layers)):
        weight, bias = found[f"layer_{index}.weight"], found[f"layer_{index}.bias"]
        assert (weight.shape, bias.shape) == ((neurons, inputs), (neurons,))
        for number in np.concatenate([weight, bias[:, None]], axis=1).ravel():
            middle = (theta[place] >> guard << guard) + Fraction(1 << guard, 2)
            expected = 0 if place in dead else middle / 2**config.words.parameter.fraction_bits
            assert Fraction(float(number)) == expected, place
            place += 1
    assert place == config.parameters


def test_the_best_seed_is_the_one_whose_numbers_stand_there():
    assert cli.main(["train", "xor", "--seeds", "6", "--steps", "700", "-o", "out"]) == 0
    found = arrays("out/xor_trainer.parameters.npz")
    assert found["seeds"].tolist() == [1, 2, 3, 4, 5, 6]
    best = int(found["best"])
    assert found["accuracy"][best] == found["accuracy"].max()
    assert found["cost"][best] == found["cost"][found["accuracy"] == found["accuracy"].max()].min()
    weights = [
        np.concatenate([found[f"layer_{k}.weight"], found[f"layer_{k}.bias"][:, None]], axis=1).ravel()
        for k in (0, 1)
    ]
    x = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=float)
    y = FloatNetwork(preset("xor"))(np.concatenate(weights), x)
    cost = np.mean((y - [0, 1, 1, 0]) ** 2)
    assert abs(cost - found["cost"][best]) < 0.003  # the table of the sigmoid, 2**-8 off at most
    assert (cost < 0.04) == (found["solved_at"][best] >= 0)


def test_the_same_training_writes_the_same_bytes():
    for folder in ("a", "b"):
        assert cli.main(["train", "xor", "--seeds", "2", "--steps", "20", "-o", folder]) == 0
    for kind in ("csv", "json", "parameters.npz"):
        first, second = (Path(f"{folder}/xor_trainer.{kind}").read_bytes() for folder in ("a", "b"))
        assert first == second


def test_a_circuit_leaves_the_same_file_as_its_twin(capsys):
    """All but the table and the figure: the circuit measures its cost, too."""
    arguments = ["--steps", "90", "--seed", "4"]
    assert cli.main(["simulate", "xor", *arguments, "-o", "rtl"]) == 0
    assert cli.main(["train", "xor", *arguments, "--seeds", "1", "-o", "twin"]) == 0
    for kind in ("json", "parameters.npz"):
        circuit, twin = (Path(f"{folder}/xor_trainer.{kind}").read_bytes() for folder in ("rtl", "twin"))
        assert circuit == twin
    trainer = Trainer(preset("xor"), [4])
    trainer.run(90)
    assert (arrays("rtl/xor_trainer.parameters.npz")["T"] == trainer.theta).all()
    capsys.readouterr()


# ---- configurations as text --------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.toml")), ids=lambda path: path.stem)
def test_a_configuration_as_text_is_the_same(file):
    config = load(file)
    assert loads(text_of(config), "text", file.parent) == config


def test_every_number_survives():
    config = small(learning={"decay": 1e-4}, cost={"limit": 0.1}, network={"initial": [0.3, 2.0]})
    assert "decay = 0.0001\n" in text_of(config)
    assert loads(text_of(config)) == config
