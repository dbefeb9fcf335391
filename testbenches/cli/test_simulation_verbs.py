"""Do circuits learn and compare from the command line, with the files and statuses that are promised?"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from mgd_hdl import cli
from mgd_hdl.config import preset
from mgd_hdl.config.toml import preset_text
from mgd_sim.rtl import RtlTrainer
from mgd_sim.rtl.bugs import BUGS
from mgd_sim.watch import Look, csv


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """One folder for all tests here, so that each circuit is compiled once."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(autouse=True)
def in_the_workplace(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    return {path.name for path in workplace.iterdir()}


def left_behind(before: set[str]) -> set[str]:
    """What is new in the workplace."""
    return {path.name for path in Path().iterdir()} - before


# ---- simulate ------------------------------------------------------------------------------------


def test_both_simulators_learn_the_same_curve(capsys):
    """Verilator and Icarus, from the same seed: equal tables, a figure, and the same last words."""
    for simulator in ("verilator", "icarus"):
        arguments = ["simulate", "xor", "--simulator", simulator, "--seed", "3", "-o", simulator]
        assert cli.main(arguments) == 0
    verilator, icarus = ((Path(name) / "xor_trainer.csv").read_text() for name in ("verilator", "icarus"))
    assert verilator == icarus
    assert Path("verilator/xor_trainer.png").read_bytes().startswith(b"\x89PNG\r\n")

    header, *rows = verilator.splitlines()
    assert header == "step,mean_cost,accuracy,measured_cost"
    steps, costs, accuracies = zip(*(map(float, row.split(",")[:3]) for row in rows), strict=True)
    assert list(steps) == list(range(0, len(rows) * 10, 10))
    assert costs[-1] < 0.04 <= min(costs[:-1])
    assert accuracies[-1] == 1.0
    solved = re.findall(
        r"xor_trainer, seed 3: solved at step ([\d,]+); ([\d,]+) clocks", capsys.readouterr().out
    )
    assert len(solved) == 2
    assert solved[0] == solved[1]
    assert int(solved[0][0].replace(",", "")) == steps[-1]


def test_steps_are_done_to_the_end(capsys):
    assert cli.main(["simulate", "xor", "--steps", "4000", "--plot", "steps.png"]) == 0
    out = capsys.readouterr().out
    assert "step     4,000: " in out
    assert re.search(r"solved at step [\d,]+; ", out)
    assert Path("steps.png").read_bytes().startswith(b"\x89PNG")


def test_an_unsolved_task_is_no_success(capsys):
    assert cli.main(["simulate", "xor", "--steps", "50"]) == 0
    assert cli.main(["simulate", "xor", "--steps", "50", "--until-solved"]) == 1
    assert capsys.readouterr().out.count("xor_trainer, seed 1: not solved; ") == 2


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_waveform(simulator):
    name = f"{simulator}.vcd"
    assert cli.main(["simulate", "xor", "--steps", "20", "--simulator", simulator, "--vcd", name]) == 0
    text = Path(name).read_text()
    assert "$enddefinitions" in text
    assert " theta " in text
    assert text.count("\n#") > 400


@pytest.mark.parametrize("option", ["--vcd", "--plot", "-o"])
def test_files_that_exist_are_refused_before_the_run(option, capsys, monkeypatch, in_the_workplace):
    monkeypatch.setattr(RtlTrainer, "run", lambda *_: pytest.fail("it ran"))
    folder = Path(f"kept{option}")
    folder.mkdir()
    kept = folder / "xor_trainer.csv"
    kept.write_text("precious")
    given = folder if option == "-o" else kept
    assert cli.main(["simulate", "xor", option, str(given)]) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {kept}: exists; --force replaces it\n"
    assert kept.read_text() == "precious"
    assert left_behind(in_the_workplace) == {folder.name}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")], ids=repr)
def test_nothing_is_half_written(error, capsys, monkeypatch, in_the_workplace):
    def fails(*_):
        raise error

    monkeypatch.setattr(RtlTrainer, "run", fails)
    status = cli.main(["simulate", "xor", "--vcd", "half.vcd", "--plot", "half.png"])
    assert status == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert left_behind(in_the_workplace) == set()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_missing_matplotlib_is_said_before_the_run(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(RtlTrainer, "run", lambda *_: pytest.fail("it ran"))
    assert cli.main(["simulate", "xor", "--plot", "x.png"]) == 2
    assert capsys.readouterr().err == (
        "mgd-hdl: matplotlib is missing; install it with: pip install 'mgd-hdl[plot]'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "0"], "argument --steps: '0' must be a whole number from 1"),
        (["--steps", "1e3"], "argument --steps: '1e3' must be a whole number from 1"),
        (["--steps", "9" * 5000], "must be a whole number from 1"),
        (["--seed", "-1"], "argument --seed"),
        (["--seed", "9223372036854775808"], "must be a whole number from 0 to 9223372036854775807"),
        (["--simulator", "verliator"], '(did you mean "verilator"?)'),
    ],
)
def test_bad_numbers(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["simulate", "xor", *arguments])
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_seeds_go_as_far_as_those_of_files(capsys):
    """A file may hold 2**63 - 1; so may the command, and a last seed beyond it is refused."""
    Path("last.toml").write_text(f"seed = {2**63 - 1}\n{preset_text('xor').partition('seed = 1')[2]}")
    angles = []
    for arguments in (["xor", "--seed", str(2**63 - 1)], ["last.toml"], ["xor"]):
        assert cli.main(["probe", *arguments, "--steps", "3"]) == 0
        angles.append(re.findall(r"[\d.]+ degrees", capsys.readouterr().out))
    assert angles[0] == angles[1] != angles[2]
    assert cli.main(["compare", "last.toml", "--seeds", "2"]) == 2
    assert capsys.readouterr().err == (
        "mgd-hdl: --seeds = 2: the last seed must be at most 9223372036854775807\n"
    )


def test_table_of_looks():
    looks = [Look(0, 0.25, 0.5, None), Look(10, 1 / 3, 1.0, 0.125)]
    assert csv(looks) == "step,mean_cost,accuracy,measured_cost\n0,0.25,0.5,\n10,0.333333333,1,0.125\n"


# ---- compare -------------------------------------------------------------------------------------


def test_circuit_and_twin_are_equal(capsys, in_the_workplace):
    assert cli.main(["compare", "xor", "--steps", "3000", "--seeds", "3", "--seed", "7"]) == 0
    states_of_a_step = 6 + 2 * preset("xor").parameters
    expected = (
        f"xor_trainer: 3000 steps, 3 seeds, {9000 * states_of_a_step} states: circuit and twin are equal\n"
    )
    assert capsys.readouterr().out == expected
    assert left_behind(in_the_workplace) == set()


@pytest.mark.parametrize("mutation", BUGS)
def test_every_bug_is_seen_and_named(mutation, capsys):
    assert cli.main(["compare", "xor", "--steps", "2000", "--inject-bug", mutation]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        rf"xor_trainer: step \d+ \(seed 1\): {BUGS[mutation].shows}(\[\d\])? is -?\d+, should be -?\d+", first
    )
    assert re.fullmatch(r"xor_trainer: \d+ steps, 1 seed, \d+ states: \d+ differ", second)


def test_list_of_bugs(capsys):
    assert cli.main(["compare", "--list-bugs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BUGS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "mgd-hdl: FILE|PRESET is required (see mgd-hdl compare --help)"),
        (["xor", "--inject-bug", "no_rial"], '(did you mean "no_rail"?)'),
        (["missing.toml"], "cannot be read: no such file or directory"),
    ],
)
def test_compare_needs_something_to_compare(arguments, message, capsys):
    assert cli.main(["compare", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_bug_without_a_place_is_one_line(capsys):
    text = preset_text("xor").replace('activation = "sigmoid"', 'activation = "relu"')
    Path("relu.toml").write_text(text)
    assert cli.main(["compare", "relu.toml", "--inject-bug", "table_slips"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mgd-hdl: bug table_slips: xor_trainer has no module")


# ---- demo ----------------------------------------------------------------------------------------


def test_demo(capsys, tmp_path, monkeypatch):
    """Verilog and plot are there afterwards."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["demo"]) == 0
    out = capsys.readouterr().out
    assert out.count("$ mgd-hdl ") == 4
    made = {path.name for path in (tmp_path / "build" / "xor").iterdir()}
    assert {"xor_trainer.v", "xor_trainer.png", "xor_trainer.csv"} <= made
    assert "solved at step" in out
    assert "circuit and twin are equal" in out
    assert re.search(r"step 0 \(seed 1\): theta\[\d\] is -?\d+, should be -?\d+\n", out)
