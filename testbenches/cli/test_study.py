"""Is a study's table the same whoever fills it, in however many attempts; and is what it tells true?"""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import PRESETS, ConfigError, load, loads, preset
from mgd_hdl.config.toml import text_of
from mgd_hdl.files import locked
from mgd_sim.studies import bits, measures, running
from mgd_sim.studies.catalogue import STUDIES
from mgd_sim.studies.figures import drawn
from mgd_sim.studies.learning import goal_of, learn
from mgd_sim.studies.points import applied, axis, from_text, grid, sampled
from mgd_sim.studies.table import Table, read
from mgd_sim.studies.workers import Here
from mgd_synth.estimate import estimated_sizes, totals
from testbenches.cluster import cluster
from testbenches.docs import word_lengths
from testbenches.docs.pages import ROOT

XOR = preset("xor")
#: Six points, each of a fraction of a second.
SIX = ("study", "learning", "xor", "--seeds", "4", "--until", "1000", "--vary", "learning.rate=0.25,0.5,1")
SIX = (*SIX, "--vary", "formats.segment_bits=4..5")
FILE = "xor_trainer_learning.csv"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of the six points that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert cli.main([*SIX, "-o", str(folder)]) == 0
    return (folder / FILE).read_bytes()


def rows_of(file: Path | str) -> list[dict[str, str]]:
    """As anybody reads it who skips lines that begin with #."""
    lines = [line for line in Path(file).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


# ---- what is in the table ----------------------------------------------------------------------------


def test_a_row_is_what_training_finds():
    arguments = ["--seeds", "5", "--until", "3000", "--every", "10", "--seed", "1"]
    assert cli.main(["study", "learning", "xor", *arguments, "-o", "out"]) == 0
    (row,) = rows_of(f"out/{FILE}")
    goal = goal_of(XOR)
    for expected in learn("twin", XOR, range(1, 6), goal):
        if expected.steps == 3000:
            break
    at = [math.inf if each is None else each for each in expected.solved_at]
    assert row["solved_at"].split() == ["-" if math.isinf(each) else str(each) for each in at]
    assert int(row["solved"]) == sum(map(math.isfinite, at)) >= 3
    assert [float(row[f"{part}_quartile"]) for part in ("lower", "upper")] == [sorted(at)[1], sorted(at)[3]]
    assert float(row["median"]) == sorted(at)[2]
    assert float(row["accuracy"]) == pytest.approx(np.mean(expected.accuracy), rel=1e-8)
    assert float(row["clocks_per_step"]) == 22
    # Behind its start a first try is as long as the first solved seed that judges.
    assert float(row["clocks_half"]) >= 22 * min(at[2:]) + 11


def test_the_table_says_what_it_is_of(whole):
    top, columns, rows = whole.decode().partition("\nlearning.rate,")
    lines = [line.removeprefix("# ").removeprefix("#") for line in top.splitlines()]
    assert lines[0].startswith("mgd-hdl ")
    assert lines[1] == "command: mgd-hdl " + " ".join(SIX)
    text = "\n".join(line.removeprefix("  ") for line in lines[lines.index("configuration:") + 1 :])
    assert loads(text) == XOR
    assert (columns, rows.count("\n")) == ("\nlearning.rate,", 7)


def test_its_command_makes_it_again(whole):
    (line,) = [each for each in whole.decode().splitlines() if each.startswith("# command: ")]
    assert cli.main([*line.removeprefix("# command: mgd-hdl ").split(), "-o", "again"]) == 0
    assert Path("again", FILE).read_bytes() == whole


def test_own_data_and_every_measure():
    (example,) = (ROOT / "examples").glob("26_own_data.toml")
    for name in ("learning", "curve", "angle"):
        arguments = ["--seeds", "2", "--until", "40", "--model", "twin", "-o", "out"]
        assert cli.main(["study", name, str(example), *arguments]) == 0
    top, _, _ = read(next(Path("out").glob("*_curve.csv")))
    assert "\n# file: 26_own_data.csv " in top
    curve = rows_of(next(Path("out").glob("*_curve.csv")))
    assert [int(row["steps"]) for row in curve] == [0, 10, 20, 40]
    angle = rows_of(next(Path("out").glob("*_angle.csv")))
    for row in angle:
        assert float(row["degrees"]) == pytest.approx(math.degrees(math.acos(float(row["cosine"]))), abs=1e-4)
    assert {row["point"] for row in angle} == {"random_code", "walsh", "sequential"}


def test_a_point_that_no_circuit_can_have_stands_there_with_the_reason(capsys):
    vary = ["--vary", "formats.parameter=SQ(5, 11),SQ(2, 2)"]
    assert cli.main(["study", "learning", "xor", *vary, "--seeds", "2", "--until", "20", "-o", "out"]) == 0
    good, bad = rows_of(f"out/{FILE}")
    assert (good["problem"], bad["solved"]) == ("", "")
    with pytest.raises(ConfigError) as refused:
        XOR.replaced(formats={"parameter": "SQ(2, 2)"})
    assert bad["problem"] == str(refused.value.problems[0])
    assert "2 points, 1 of which cannot be built\n" in capsys.readouterr().out


def test_a_bank_has_no_angle():
    """Every row says so, and the figure, of which nothing is left, warns of nothing."""
    bank = ROOT / "examples/31_letters_on_a_bank.toml"
    assert cli.main(["study", "angle", str(bank), "--seeds", "2", "--until", "20", "-o", "out"]) == 0
    told = 'cannot gather an estimate over many perturbations, so has no angle; must be "array"'
    rows = rows_of(next(Path("out").glob("*_angle.csv")))
    assert {row["problem"] for row in rows} == {f'engine.kind = "bank": {told}'}


def test_banks_have_their_sizes():
    """By parameters and by nodes."""
    engines = ["--vary", "engine.kind=bank", "--vary", "learning.measure=two_sided"]
    engines += ["--vary", "perturbation.family=walsh", "--vary", "learning.rounding=stochastic"]
    engines += ["--vary", "perturbation.granularity=network,node"]
    assert cli.main(["study", "soon", "xor", *engines, "--seeds", "2", "--until", "20", "-o", "out"]) == 0
    rows = rows_of("out/xor_trainer_soon.csv")
    sized = {
        (row["perturbation.granularity"], row["logic_cells"] != "") for row in rows if not row["problem"]
    }
    assert sized == {("network", True), ("node", True)}


def test_a_point_that_a_sample_takes_twice_is_told_once(capsys):
    sample = ["--vary", "learning.rate=0.5", "--sample", "3", "--seeds", "2", "--until", "20", "-o", "out"]
    assert cli.main(["study", "learning", "xor", *sample]) == 0
    told, summary = capsys.readouterr().out.splitlines()
    assert told.startswith("learning.rate=0.5, twin: ")
    assert summary.endswith(": 1 point")
    assert len(rows_of(f"out/{FILE}")) == 1


def test_a_model_that_cannot_have_a_point_says_why():
    """The others go on."""
    models = ["--model", "backpropagation", "--model", "twin"]
    vary = ["--vary", "task.source=stream", "--seeds", "2", "--until", "20", "-o", "out"]
    assert cli.main(["study", "learning", "xor", *models, *vary]) == 0
    refused, twin = rows_of(f"out/{FILE}")
    assert (refused["problem"], refused["solved"]) == ('task.source = "stream" needs samples', "")
    assert (twin["problem"], twin["solved"]) == ("", "0")


def test_json_is_all_that_is_printed(capsys):
    assert cli.main(["study", "learning", "xor", "--seeds", "2", "--until", "20", "-o", "o", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["rows"] == rows_of(f"o/{FILE}")


def test_figures_are_the_same_for_the_same_rows():
    for folder in ("a", "b"):
        assert cli.main([*SIX[:7], "--until", "60", "-o", folder]) == 0
    for kind, head in (("png", b"\x89PNG\r\n"), ("svg", b"<?xml")):
        first, second = (Path(folder, FILE).with_suffix(f".{kind}").read_bytes() for folder in "ab")
        assert first == second
        assert first.startswith(head)


def test_word_lengths_of_each_variation_have_a_line_of_their_own():
    """Under a title that is no wider than its panel."""
    base = asked_of("bits", XOR, cells_of)
    asked = replace(base, varied=[{"learning.tau_x": 1}, {"learning.tau_x": 2}])
    table = went_through(asked, Landscape(), Table(TOP, *running.columns(asked)))
    picture = drawn("svg", STUDIES["bits"], table.columns, table.all, "xor").decode()
    told = re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", picture)
    assert [told.count(f"{rounding}, {k}") for rounding in bits.ROUNDINGS for k in (1, 2)] == [1] * 8
    assert max(map(len, told)) <= 42


# ---- interrupted, killed, in other hands -------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "jobs"),
    [
        (signal.SIGINT, 1),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.only_all),
        (signal.SIGKILL, 2),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.only_all),
    ],
    ids=str,
)
def test_what_was_ended_goes_on_to_the_same_bytes(number, jobs, whole, monkeypatch):
    """All processes of the terminal hear it, or the first one is killed; with none left over."""
    command = [sys.executable, "-m", "mgd_hdl", *SIX, "-o", "out", "--jobs", str(jobs)]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert run.stdout is not None
    assert ": " in run.stdout.readline()
    file = Path("out", FILE)
    end = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    if number == signal.SIGKILL:
        run.kill()
        with run:
            pass
    else:
        os.killpg(run.pid, number)
        _, err = run.communicate(timeout=60)
        assert run.returncode == 128 + number
        known = len(rows_of(file))
        held = "1 point" if known == 1 else f"{known} points"
        told = f"mgd-hdl: interrupted; {file} holds {held}; the same command goes on"
        assert err.splitlines()[-1] == told
    before = file.read_bytes()
    assert 1 <= len(rows_of(file)) < 6, "it was ended in between"
    trained: list[object] = []
    here = Here.done
    monkeypatch.setattr(Here, "done", lambda self, todo, stop: trained.extend(todo) or here(self, todo, stop))
    assert cli.main([*SIX, "-o", "out"]) == 0
    assert file.read_bytes() == whole != before
    assert len(trained) == 6 - before.count(b",twin,")
    end = time.monotonic() + 20
    while True:  # those who worked for it end with it
        try:
            os.killpg(run.pid, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_second_run_into_a_table_does_no_work(monkeypatch, capsys):
    Path("out").mkdir()
    monkeypatch.setattr(Here, "done", lambda *_: pytest.fail("it worked"))
    with locked(f"out/{FILE}"):
        assert cli.main([*SIX, "-o", "out"]) == 2
    assert capsys.readouterr().err == f"mgd-hdl: out/{FILE}: another run is writing it\n"
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (b"# mgd-hdl ", "is a table of something else: mgd-hdl 9"),
        (b"--seeds 4", "is a table of something else: command: "),
        (b"rate = 0.5", "is a table of something else:   rate = 0.7"),
        (b"solved_at", "is a table of something else: other columns"),
        (None, "is no table of a study; choose another folder, or --force"),
    ],
    ids=str,
)
def test_the_table_of_another_command_stays(change, said, whole, monkeypatch, capsys):
    new = {b"# mgd-hdl ": b"# mgd-hdl 9", b"--seeds 4": b"--seeds 5", b"rate = 0.5": b"rate = 0.7"}
    text = b"precious\n" if change is None else whole.replace(change, new.get(change, b"at"), 1)
    assert text != whole
    Path("out").mkdir()
    file = Path("out", FILE)
    file.write_bytes(text)
    with monkeypatch.context() as patch:
        patch.setattr(Here, "done", lambda *_: pytest.fail("it worked"))
        assert cli.main([*SIX, "-o", "out"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"mgd-hdl: {file}: {said}")
    assert file.read_bytes() == text
    if change is None:
        assert cli.main([*SIX, "-o", "out", "--force"]) == 0
        assert file.read_bytes() == whole


# ---- on a cluster ------------------------------------------------------------------------------------

needs_dask = pytest.mark.skipif(
    find_spec("distributed") is None, reason="needs Dask: pip install 'mgd-hdl[cluster]'"
)


@needs_dask
def test_a_cluster_that_loses_a_worker_fills_the_same_table(whole):
    """Killed while it works: what it had under way is done by the other one."""
    with cluster(2, Path()) as (address, (_, worker, _)):
        command = [sys.executable, "-m", "mgd_hdl", *SIX, "-o", "out", "--scheduler", address]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with run:
            assert run.stdout is not None
            assert ": " in run.stdout.readline()
            worker.kill()
            out, err = run.communicate(timeout=240)
        assert run.returncode == 0, err
        assert out.count(", twin: ") == 5, "all others came behind"
    assert Path("out", FILE).read_bytes() == whole


@needs_dask
def test_an_address_without_scheduler(monkeypatch, capsys):
    monkeypatch.setattr("mgd_sim.studies.workers._ANSWERS", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        assert cli.main([*SIX, "-o", "out", "--scheduler", address]) == 2
        *slow, line = capsys.readouterr().err.splitlines()
        assert all(each.startswith("mgd-hdl: starting, ") for each in slow)
        told = "must be the address of a scheduler of Dask that answers within 1 s"
        assert line == f"mgd-hdl: --scheduler = {address}: {told}"
    assert not Path("out").exists()


def test_a_cluster_has_its_own_workers(capsys):
    assert cli.main([*SIX, "--scheduler", "tcp://127.0.0.1:9", "--jobs", "2"]) == 2
    assert capsys.readouterr().err.startswith("mgd-hdl: --jobs = 2: is of this machine; must be left out")


# ---- what is asked -----------------------------------------------------------------------------------


def test_every_study_is_listed(capsys):
    assert cli.main(["study", "--list"]) == 0
    out = capsys.readouterr().out
    for name, each in STUDIES.items():
        assert f"{name:13} {each.asks}\n" in out


def test_no_study_is_hidden(capsys):
    """Each module with a command of its own is a study here, or is named by the list."""
    assert cli.main(["study", "--list"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    folder = ROOT / "sim/mgd_sim/studies"
    named = {path.stem for path in folder.glob("*.py") if "\ndef main(" in path.read_text("utf-8")}
    assert named - set(STUDIES) == set(last.partition("NAME: ")[2].split(", "))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "NAME: must be given, or --list"),
        (["learning"], "FILE|PRESET: must be given, or --list"),
        (["lerning", "xor"], "NAME = lerning: must be one of learning, "),
        (["rings", "xor"], "it has a command of its own, python -m mgd_sim.studies.rings"),
        (["learning", "xor", "--vary", "learning.rat=1"], 'unknown key (did you mean "rate"?)'),
        (
            ["learning", "xor", "--vary", "learning.rate=0.5,x"],
            'learning.rate = "x": must be a finite number',
        ),
        (["learning", "xor", "--vary", "learning.rate"], "must be KEY=VALUES"),
        (["learning", "xor", "--vary", "=3"], "must be KEY=VALUES"),
        (["learning", "xor", "--vary", "learning.rate=0.1..1"], "is a span of real numbers"),
        (
            ["learning", "xor", "--vary", "learning.rate=1..0.1"],
            "must be LOW..HIGH, two numbers",
        ),
        (["learning", "xor", "--vary", "learning.rate=log:0.0..1.0"], "log: must begin above 0"),
        (["learning", "xor", "--vary", "learning.tau_x=1..9999"], "must be at most 1000 values"),
        (
            ["learning", "xor", "--vary", "seed=1,2"],
            "--vary seed: changes no circuit; --seed and --seeds say",
        ),
        (
            ["learning", "xor", *["--vary", "learning.tau_x=1,2"] * 2],
            "must be given once",
        ),
        (["learning", "xor", "--vary", "network.layers=[2,2],[1,1]"], 'task "xor" has 2 inputs and 1 output'),
        (["learning", "xor", "--sample", "3"], "--sample = 3: needs --vary, which says what"),
        (["learning", "xor", "--seeds", "1"], "argument --seeds: '1' must be a whole number from 2"),
        (["angle", "xor", "--model", "backpropagation"], "must be one of twin, float"),
        (["learning", "xor", "--seed", str(2**63 - 1)], "must leave twice 64 seeds above it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_asked(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(Here, "done", lambda *_: pytest.fail("it worked"))
    try:
        status = cli.main(["study", *arguments])
    except SystemExit as error:
        status = error.code
    assert status == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mgd-hdl: ")
    assert message in line
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("learning.rate=0.25, 0.5,1", [0.25, 0.5, 1]),
        ("learning.rate=2^-3,2**-4", [0.125, 0.0625]),
        ("formats.segment_bits=3..6", [3, 4, 5, 6]),
        ("formats.parameter=SQ(5, 11),SQ(4,9)", ["SQ(5, 11)", "SQ(4,9)"]),
        ("network.layers=[2,2,1],[2, 4, 1]", [[2, 2, 1], [2, 4, 1]]),
        ('network.activation="tanh",["tanh", "sigmoid"]', ["tanh", ["tanh", "sigmoid"]]),
        ("perturbation.family=walsh,random_code", ["walsh", "random_code"]),
        ("learning.tau_p=3", [3]),
    ],
)
def test_values_as_people_write_them(text, values):
    assert list(axis(text, XOR).values) == values


def test_a_grid_is_every_combination():
    axes = [axis("learning.tau_x=1,2", XOR), axis("formats.segment_bits=3..5", XOR)]
    found = [tuple(point.values()) for point in grid(axes)]
    assert found == list(itertools.product((1, 2), (3, 4, 5)))


def test_a_sample_fills_the_space():
    """In each direction no part of it is left out, which a draw of independent points does not manage."""
    texts = ("learning.rate=log:0.0001..1.0", "formats.segment_bits=3..6", "perturbation.family=walsh,square")
    axes = [axis(text, XOR) for text in texts]
    found = sampled(axes, 64, 1)
    assert found == sampled(axes, 64, 1) != sampled(axes, 64, 2)
    rates, sizes, families = zip(*(point.values() for point in found), strict=True)
    parts = np.bincount((8 + 2 * np.log10(rates)).astype(int), minlength=8)
    assert parts.tolist() == [8] * 8
    assert [sizes.count(size) for size in (3, 4, 5, 6)] == pytest.approx([16] * 4, abs=1)
    assert [families.count(each) for each in ("walsh", "square")] == pytest.approx([32] * 2, abs=1)


# ---- the studies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STUDIES)
def test_points_of_a_study(name):
    """Their names differ, and of a preset most of them can be built; one of each kind runs."""
    for config in (XOR, XOR.replaced(name="mine"), preset("nist7x7_centered")):
        study = STUDIES[name]
        points = next(study.plan(config, running.goal_for(config, study, 2, 20, None)))
        assert len({point.name for point in points}) == len(points) >= 1
        built = 0
        for point in points:
            try:
                applied(config, point.changes)
                built += 1
            except ConfigError:
                pass
        assert built > len(points) / 2


# ---- word lengths ------------------------------------------------------------------------------------


#: So many guard bits more are wanted with these roundings.
MORE = {"carry": 0, "stochastic": 1, "nearest_even": 2, "floor": 3}


class Landscape:
    """Stands for training: solved from certain word lengths on, which a rounding moves; cells are bits."""

    LEAST = bits.Words(range=3, guard=4, change=7, activation=5, amplitude=4, segments=3, rounding="carry")

    def __init__(self):
        self.jobs = []

    def solves(self, words: bits.Words) -> bool:
        guard = self.LEAST.guard + MORE[words.rounding]
        least = self.LEAST.but(guard=guard, rounding=words.rounding)
        return all(getattr(words, name) >= getattr(least, name) for name in bits.AXES)

    def done(self, jobs, stop):
        self.jobs += jobs
        for number, job in enumerate(jobs):
            solves = self.solves(bits.Words.of(job.config))
            row = dict.fromkeys(measures.MEASURES["solved"].columns)
            yield (
                number,
                [{**row, "seeds": 64, "solved": 60 if solves else 3, "median": 900.0, "accuracy": 1.0}],
            )

    def close(self):
        pass


def cells_of(config) -> int:
    words = bits.Words.of(config)
    return 10 * words.parameter + words.change + words.activation + 2**words.segments


def asked_of(name: str, config, area=None):
    study = STUDIES[name]
    goal = running.goal_for(config, study, 64, 100, None)
    return running.Asked(study, config, [{}], ["twin"], range(1, 65), goal, area)


TOP = "# mgd-hdl 1\n# command: mgd-hdl study bits xor\n"


def went_through(asked, workers, table=None):
    table = table or Table(TOP, *running.columns(asked))
    quiet = {"write": lambda text: None, "told": lambda *_: None, "stop": lambda *_: False}
    running.run(asked, table, workers, **quiet)
    return table


def test_the_search_finds_the_shortest_words():
    """They are known here; it takes no more trainings than it says, and none twice."""
    world = Landscape()
    table = went_through(asked_of("bits", XOR, cells_of), world)
    (chosen,) = [row for row in table.all if row["point"] == "chosen, other seeds"]
    found = applied(XOR, world.LEAST.changes(XOR))
    assert chosen["changes"] == "; ".join(
        f"{key}={value:.9g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in world.LEAST.changes(XOR).items()
    )
    assert int(chosen["logic_cells"]) == cells_of(found)
    searched = [row for row in table.all if row["point"].startswith("search")]
    assert 0 < len(searched) <= bits.SEARCH
    told = [(text_of(job.config), job.seeds) for job in world.jobs]
    assert len(set(told)) == len(told)
    (judged,) = [job for job in world.jobs if job.config == found and job.seeds[0] != 1]
    assert judged.seeds == range(65, 129)


def test_a_search_goes_on_where_it_was():
    """From the text of its table, at any place; no job is done again, and the text is the same."""
    asked, world = asked_of("bits", XOR, cells_of), Landscape()
    expected = went_through(asked, world).text()
    lines = expected.splitlines(keepends=True)
    for kept in (20, 40, len(lines) - 4):
        Path("t.csv").write_text("".join(lines[:kept]))
        table = Table(TOP, *running.columns(asked))
        table.resume(Path("t.csv"))
        again = Landscape()
        assert went_through(asked, again, table).text() == expected
        assert len(again.jobs) < len(world.jobs)


@pytest.mark.parametrize("clocks", [None, 700.0])
def test_what_nothing_beats_is_told_or_that_there_is_none(clocks, monkeypatch, capsys):
    def done(_, jobs, stop):
        for number, rows in Landscape().done(jobs, stop):
            yield number, [{**row, "clocks_99": clocks} for row in rows]

    monkeypatch.setattr(Here, "done", done)
    monkeypatch.setattr("mgd_hdl.verbs.study._logic_cells", cells_of)
    assert cli.main(["study", "bits", "xor", "--seeds", "2", "-o", "out"]) == 0
    told = capsys.readouterr().out.splitlines()
    (at,) = [at for at, line in enumerate(told) if line.startswith("logic cells (ecp5-25k, estimated) ")]
    assert ("of no point" in told[at]) == (clocks is None)
    assert len(told) - at - 2 == len(bits.front(rows_of("out/xor_trainer_bits.csv"))) == (clocks is not None)


class Backwards(Landscape):
    """The last job is done first."""

    def done(self, jobs, stop):
        yield from reversed(list(super().done(jobs, stop)))


def test_rows_stand_where_they_were_asked_for():
    """Whoever is done first; what is known of a table that was cut among them."""
    asked = asked_of("times", XOR)
    expected = went_through(asked, Landscape()).text()
    assert went_through(asked, Backwards()).text() == expected
    lines = expected.splitlines(keepends=True)
    Path("t.csv").write_text("".join([*lines[:3], lines[9], lines[5]]))
    table = Table(TOP, *running.columns(asked))
    table.resume(Path("t.csv"))
    assert went_through(asked, Backwards(), table).text() == expected


def test_nothing_beats_what_stands_on_the_front():
    rng = np.random.default_rng(1)
    rows = [
        {"point": str(k), "changes": "", "logic_cells": str(cells), "clocks_99": str(clocks), "median": "9"}
        for k, (cells, clocks) in enumerate(rng.integers(1, 40, (60, 2)))
    ]
    rows.append({"point": "never", "changes": "", "logic_cells": "1", "clocks_99": "", "median": ""})

    def beaten(row):
        mine = int(row["logic_cells"]), int(row["clocks_99"])
        return any(
            other != mine and other[0] <= mine[0] and other[1] <= mine[1]
            for other in ((int(each["logic_cells"]), int(each["clocks_99"])) for each in rows[:-1])
        )

    expected = {(int(r["logic_cells"]), float(r["clocks_99"])) for r in rows[:-1] if not beaten(r)}
    found = [(each.logic_cells, each.clocks) for each in bits.front(rows)]
    assert set(found) == expected
    assert found == sorted(found)


def test_the_front_of_what_was_varied_says_all_that_differs():
    """A point's own change of a key counts, whatever was varied."""
    row = {"network.layers": "[2, 3, 1]", "learning.rounding": "floor", "point": "p", "median": "9"}
    row |= {"changes": "formats.segment_bits=3; learning.rounding=carry", "logic_cells": "5"}
    (found,) = bits.front([{**row, "clocks_99": "7"}])
    assert from_text(found.changes) == {
        "network.layers": [2, 3, 1],
        "formats.segment_bits": 3,
        "learning.rounding": "carry",
    }
    assert found.changes.count("rounding") == 1


@pytest.mark.parametrize("name", PRESETS)
def test_words_as_given_change_nothing(name):
    config = preset(name)
    assert bits.Words.of(config).changes(config) == {}
    assert bits.Words.of(config).parameter == config.words.parameter.width


# ---- what the pages tell -----------------------------------------------------------------------------


@pytest.mark.parametrize("task", word_lengths.RECORDED)
def test_a_recorded_table_is_of_this_configuration(task):
    """With every point that the command asks for; areas are as estimated today."""
    file = ROOT / f"docs/figures/{task}_bits.csv"
    top, columns, rows = read(file)
    lines = [line[2:] for line in top.splitlines()]
    text = "\n".join(line[2:] for line in lines[lines.index("configuration:") + 1 :])
    config = word_lengths.configuration(task)
    assert loads(text, samples=config.attached.file("task.file")) == config
    given = task if task in PRESETS else word_lengths.example(task).relative_to(ROOT)
    assert lines[1].startswith(f"command: mgd-hdl study bits {given}")
    points, _ = bits.each_on_its_own(config, bits.Words.of(config), bits.sizes_of(config))
    assert {point.name for point in points} <= {row["point"] for row in rows}
    assert columns[-1] == "problem"
    for row in rows:
        if not row["problem"]:
            solved = [at for at in row["solved_at"].split() if at != "-"]
            assert int(row["solved"]) == len(solved)
            assert len(row["solved_at"].split()) == int(row["seeds"])
    (judged,) = [row for row in rows if row["point"] == "chosen, other seeds"]
    found = applied(config, from_text(judged["changes"]))
    assert int(judged["logic_cells"]) == round(totals(estimated_sizes(found, "ecp5-25k"))["logic cells"])


def with_its_data(task, monkeypatch):
    """The configuration; the data of an example are written here by its own script, which needs a package."""
    if task in PRESETS:
        return preset(task)
    pytest.importorskip("sklearn", reason="scikit-learn, which has the data, is not installed")
    toml = word_lengths.example(task)
    shutil.copy(toml, ".")
    monkeypatch.setattr(sys, "argv", ["", "."])
    with pytest.raises(SystemExit):
        runpy.run_path(str(toml.with_name(f"write_{task}.py")), run_name="__main__")
    return load(toml.name)


@pytest.mark.only_all
@pytest.mark.parametrize("task", word_lengths.RECORDED)
def test_a_recorded_row_comes_again(task, monkeypatch):
    """The chosen configuration, trained anew from the same files: the step of every seed."""
    top, _, rows = read(ROOT / f"docs/figures/{task}_bits.csv")
    config = with_its_data(task, monkeypatch)
    files = [f"# file: {file.name} {file.sha256}" for _, file in config.attached.files]
    assert [line for line in top.splitlines() if line.startswith("# file: ")] == files
    (row,) = [row for row in rows if row["point"] == "chosen, other seeds"]
    found, seeds = applied(config, from_text(row["changes"])), int(row["seeds"])
    goal = running.goal_for(found, STUDIES["bits"], seeds, int(row["until"]), None)
    first = config.seed + seeds
    job = measures.Job("solved", found, "twin", range(first, first + seeds), goal)
    (again,) = job.rows(lambda _share: False)
    assert again["solved_at"] == row["solved_at"]
