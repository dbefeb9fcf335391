"""Do the verbs learn, simulate and report with the user's own samples, wherever these come from?"""

from __future__ import annotations

import hashlib
import json
import random
import runpy
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import AttachedFile, load
from mgd_hdl.emit import trainer_files
from mgd_sim.tasks import judging
from mgd_sim.trainer import Trainer
from mgd_synth.estimate import estimated_sizes
from testbenches import own_data

EXAMPLES = Path(__file__).parents[2] / "examples"
OWN = EXAMPLES / "26_own_data.toml"
TABLE = OWN.with_suffix(".csv")
IRIS = EXAMPLES / "iris/iris.toml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Its name is what names of folders are."""
    place = tmp_path / "données à moi (2)"
    place.mkdir()
    monkeypatch.chdir(tmp_path)
    return place


def flowers() -> list[str]:
    """Lines as those of Iris: four lengths in tenths, 50 of each kind, of which two are near each other."""
    draw = random.Random(3)  # noqa: S311 - no secret
    kinds = {
        "setosa": (5.0, 3.4, 1.5, 0.2),
        "versicolor": (5.9, 2.8, 4.3, 1.3),
        "virginica": (6.6, 3.0, 5.6, 2.0),
    }
    return [
        ",".join([*(f"{draw.gauss(length, 0.25):.1f}" for length in lengths), kind])
        for kind, lengths in kinds.items()
        for _ in range(50)
    ]


def verb(capsys, *arguments: str, status: int = 0) -> str:
    assert cli.main(list(arguments)) == status
    return capsys.readouterr().out


def trained(capsys, file: Path) -> dict:
    """What ``train`` says of sixteen seeds."""
    return json.loads(verb(capsys, "train", str(file), "--seeds", "16", "--steps", "5000", "--json"))


# ---- flowers -------------------------------------------------------------------------------------


def test_flowers_are_learned_with_and_without_a_header(folder, capsys):
    """A median of 95 % of flowers that were never shown; a header, delimiters and names change nothing."""
    results = []
    for name, header, delimiter in (("plain", "", ","), ("avec tête", "a,b,c,d,kind\n", ";")):
        file = f"été – {name}.csv"
        lines = header + "\n".join(flowers()) + "\n"
        (folder / file).write_text(lines.replace(",", delimiter), "utf-8")
        (folder / "t.toml").write_text(IRIS.read_text("utf-8").replace("iris.csv", file), "utf-8")
        found = trained(capsys, folder / "t.toml")
        assert found["accuracy"]["median"] >= 0.95
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        assert found["files"]["task.file"]["sha256"] == digest
        results.append([(each["seed"], each["accuracy"], each["cost"]) for each in found["each"]])
    assert results[0] == results[1]


def test_iris(folder, capsys, monkeypatch):
    pytest.importorskip("sklearn", reason="scikit-learn, which has the data, is not installed")
    shutil.copy(IRIS, folder)
    monkeypatch.setattr(sys, "argv", ["write_iris.py", str(folder)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(IRIS.with_name("write_iris.py")), run_name="__main__")
    assert ended.value.code == 0
    assert len((folder / "iris.csv").read_text().splitlines()) == 151
    assert trained(capsys, folder / "iris.toml")["accuracy"]["median"] >= 0.95


def test_the_script_of_iris_says_what_it_lacks(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(sys, "argv", ["write_iris.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(IRIS.with_name("write_iris.py")), run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "scikit-learn is missing; install it with: pip install scikit-learn\n"
    assert not list(tmp_path.iterdir())


# ---- what is told --------------------------------------------------------------------------------


def test_check_tells_what_was_found(capsys):
    out = verb(capsys, "check", str(OWN))
    assert "80 to learn from, 20 to test with; 720 bits of memory" in out
    assert "classes      even, odd" in out
    assert "inputs       temperature 17.2 to 32.5, pressure 939 to 1267" in out
    found = json.loads(verb(capsys, "check", str(OWN), "--json"))
    assert found["files"]["task.file"]["sha256"] == hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert found["samples"]["train"] == 80
    assert found["samples"]["clipped"]["train"] == {"inputs": 0, "targets": 0}


def test_check_tells_what_was_clipped(folder, capsys):
    text = OWN.read_text("utf-8").replace("26_own_data.csv", str(TABLE))
    (folder / "t.toml").write_text(text + "scale = [0, 1000]\ntest_share = 0\n", "utf-8")
    out = verb(capsys, "check", str(folder / "t.toml"))
    beyond = sum(
        float(line.split(",")[1]) > 1000 * (1 + 0.5 / 15) for line in TABLE.read_text().splitlines()[1:]
    )
    assert f"clipped      {beyond} of the inputs of the train samples, beyond their format" in out
    assert "none to test with: accuracy is of these" in out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"order": "plain"}, "codes        repeat after 64: in one order each sample meets 4 of them\n"),
        ({"source": "stream"}, "codes        repeat after 64: in one order each sample meets 4 of them\n"),
        ({"order": "plain", "test_share": 0}, "in one order each sample meets 16 of them\n"),
        ({"order": "epoch"}, ""),
    ],
)
def test_check_tells_how_many_codes_a_sample_meets(folder, capsys, changes, told):
    """Walsh codes of 17 parameters repeat after 64, which is 16 times 4 as 80 samples are 16 times 5; with
    100 the factor in common is 4. An epoch's order is another one each time.
    """
    text = OWN.read_text("utf-8").replace("26_own_data.csv", str(TABLE)).replace("random_code", "walsh")
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in changes.items()]
    (folder / "t.toml").write_text(text + "".join(lines), "utf-8")
    out = verb(capsys, "check", str(folder / "t.toml"))
    assert (told in out) if told else ("meets" not in out)


def test_files_are_named_beside_the_verilog(capsys):
    parameters = json.loads(trainer_files(load(OWN))["own_data_trainer.parameters.json"])
    assert parameters["files"]["task.file"] == {
        "file": TABLE.name,
        "sha256": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "bytes": TABLE.stat().st_size,
    }


@pytest.mark.parametrize("verb_and_more", ["estimate", "probe --steps 8", "train --steps 8", "check"])
def test_results_name_the_files(verb_and_more, capsys):
    name, *more = verb_and_more.split()
    found = json.loads(verb(capsys, name, str(OWN), *more, "--json"))
    assert found["files"]["task.file"]["file"] == TABLE.name
    bare = json.loads(verb(capsys, name, "xor", *more, "--json"))
    assert not bare.get("files")


def test_estimates_count_the_memory(capsys):
    """What Yosys makes of 8,000 samples of 9 bits, and of 800 of 33."""
    found = json.loads(verb(capsys, "estimate", str(OWN), "--json"))
    assert not [note for note in found["notes"] if "No fitted trainer" in note]
    lines = TABLE.read_text().splitlines()[1:]
    for times, format, blocks in (
        (1, "SQ(1, 3)", (0, 0)),
        (100, "SQ(1, 3)", (18, 4)),
        (10, "SQ(1, 15)", (9, 2)),
    ):
        file = AttachedFile("many.csv", "\n".join(lines * times).encode())
        many = load(OWN).with_file("task.file", file, formats={"input": format})
        for target, number in zip(("ice40-up5k", "ecp5-25k"), blocks, strict=True):
            estimated = estimated_sizes(many, target)["BRAM"].get("samples", 0)
            assert number <= estimated <= 1.25 * number


@pytest.mark.parametrize(
    ("option", "place", "file"),
    [
        ("-o", "", "own_data_trainer.csv"),
        ("-o", "", "own_data_trainer.json"),
        ("--plot", "data", "data"),
        ("--checkpoint", "data", "data"),
        ("--plot", "t.toml", "t.toml"),
    ],
)
def test_what_is_read_is_never_written_over(option, place, file, folder, capsys):
    """A table that has the name of a result, too; whether the TOML names it or an argument."""
    data = folder / ("data" if file == "t.toml" else file)
    data.write_text(TABLE.read_text())
    (folder / "t.toml").write_text(OWN.read_text("utf-8").replace("26_own_data.csv", data.name), "utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    run = ["train", str(folder / "t.toml"), "--seeds", "1", "--steps", "8", "--force"]
    for samples in ([], ["--samples", str(data)]):
        assert cli.main([*run, *samples, option, str(folder / place)]) == 2
        line = capsys.readouterr().err
        assert line.endswith(f"{file}: is what this command reads; choose another name or folder\n")
        assert line.count("\n") == 1
        assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert cli.main([*run, "-o", str(folder / "other")]) == 0


def test_results_tell_how_inputs_were_scaled(folder, capsys):
    """By the least and the greatest number of each column, of the lines to learn from."""
    verb(capsys, "train", str(OWN), "--seeds", "1", "--steps", "8", "-o", str(folder))
    with np.load(folder / "own_data_trainer.parameters.npz", allow_pickle=False) as found:
        lines = [line.split(",") for line in TABLE.read_text().splitlines()[1:]]
        columns = list(zip(*own_data.parts(lines, 0, Fraction(1, 5))[0], strict=True))[:2]
        numbers = [[float(cell) for cell in column] for column in columns]
        assert found["input_range"].tolist() == [[end(column) for column in numbers] for end in (min, max)]
        assert found["input_names"].tolist() == ["temperature", "pressure"]
        assert found["classes"].tolist() == ["even", "odd"]
        assert "target_range" not in found
    assert cli.main(["train", "xor", "--seeds", "1", "--steps", "8", "-o", str(folder)]) == 0
    with np.load(folder / "xor_trainer.parameters.npz", allow_pickle=False) as found:
        assert not {"input_range", "input_names", "classes"} & set(found)


@pytest.mark.parametrize(
    ("line", "coarse"),
    [("0,1,1", []), ("0,0.5,1", ["input"]), ("0,1,0.5", ["target"]), ("2,1,0.5", ["input", "target"])],
)
def test_numbers_that_become_a_bit_are_told(line, coarse, folder, capsys):
    """Where there are more than two of them: inputs, and answers that are values."""
    lines = [f"{number % 2},{1 - number % 2},{number % 2}" for number in range(10)]
    (folder / "bits.csv").write_text("\n".join([*lines, line]))
    toml = '[network]\nlayers = [2, 1]\n[task]\nname = "file"\nfile = "bits.csv"\ntest_share = 0.0\n'
    (folder / "t.toml").write_text(toml)
    assert cli.main(["check", str(folder / "t.toml")]) == 0
    out, err = capsys.readouterr()
    assert "  input        UQ(1, 0), 1 bit\n" in out
    notes = [f"mgd-hdl: note: formats.{key} = UQ(1, 0) keeps a single bit of each number" for key in coarse]
    assert err.splitlines() == notes


# ---- where samples come from ---------------------------------------------------------------------


def stream(folder: Path, *, external: bool) -> Path:
    """The trainer of the catalogue "own samples from a stream", without saying where they come from."""
    text = OWN.read_text("utf-8").replace("SQ(1, 3)", "UQ(0, 3)") + 'source = "stream"\nsplit = 3\n'
    if external:
        text = text.replace('name = "file"\n', 'name = "external"\n').replace('file = "26_own_data.csv"', "")
    else:
        text = text.replace("26_own_data.csv", str(TABLE))
    path = folder / ("external.toml" if external else "file.toml")
    path.write_text(text, "utf-8")
    return path


def test_samples_of_an_external_task(folder, capsys):
    """The circuit does not know where they come from; verbs that simulate it do."""
    external, file = (stream(folder, external=known) for known in (True, False))
    name = "own_data_trainer.v"
    assert trainer_files(load(external))[name] == trainer_files(load(file))[name]
    wanted = Trainer(load(file), [1])
    wanted.run(2000)
    assert judging(load(file)) is not None
    _, test = wanted.cost_and_accuracy(judging(load(file)))
    _, train = wanted.cost_and_accuracy()
    out = verb(capsys, "simulate", str(external), "--samples", str(TABLE), "--steps", "2000")
    last = [line for line in out.splitlines() if line.startswith("step")][-1]
    assert f"accuracy {test[0]:7.2%} (train {train[0]:7.2%})" in last
    out = verb(capsys, "compare", str(external), "--samples", str(TABLE), "--steps", "200")
    assert "circuit and twin are equal\nown_data_trainer: accuracy: median " in out
    assert "degrees" in verb(capsys, "probe", str(external), "--samples", str(TABLE), "--steps", "40")


def test_samples_in_place_of_others(folder, capsys):
    """The same file under another name; then one with classes exchanged, which is learned as well."""
    one, other = (folder / f"{name}.csv" for name in ("same", "exchanged"))
    lines = TABLE.read_text()
    one.write_text(lines)
    other.write_text(lines.replace("odd", "a"))  # which comes before "even"
    plain, same, turned = (
        json.loads(verb(capsys, "train", str(OWN), *more, "--seeds", "2", "--steps", "600", "--json"))
        for more in ((), ("--samples", str(one)), ("--samples", str(other)))
    )
    assert plain["each"] == same["each"] != turned["each"]
    assert turned["files"]["task.file"]["file"] == str(other)


@pytest.mark.parametrize("name", ["file", "external"])
def test_the_files_of_the_configuration_need_not_be_there_then(name, folder, capsys):
    """Nor are its labels and its test those of the other file; what is wrong beside them is told."""
    own = 'file = "gone.csv"\nlabels = "gone too"\ntest = "gone as well"\ntest_labels = "gone"\n'
    text = OWN.read_text("utf-8").replace('file = "26_own_data.csv"', own).replace('"file"', f'"{name}"')
    (folder / "t.toml").write_text(text + 'source = "stream"\n', "utf-8")
    found = verb(capsys, "check", str(folder / "t.toml"), "--samples", str(TABLE), "--json")
    assert json.loads(found)["files"].keys() == {"task.file"}
    assert json.loads(found)["samples"]["train"] == 80
    (folder / "t.toml").write_text(text + 'source = "stream"\nsplit = -1\n', "utf-8")
    assert cli.main(["check", str(folder / "t.toml"), "--samples", str(TABLE)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mgd-hdl: task.split = -1: ")


def test_a_run_is_not_resumed_with_other_data(folder, capsys):
    """Cut and resumed it is the run that was not cut; with one other cell in the file it is refused."""
    text = OWN.read_text("utf-8").replace("26_own_data.csv", "t.csv")
    (folder / "t.toml").write_text(text, "utf-8")
    (folder / "t.csv").write_text(TABLE.read_text())
    run = ["train", str(folder / "t.toml"), "--seeds", "2", "--json"]
    whole = json.loads(verb(capsys, *run, "--steps", "400"))
    verb(capsys, *run, "--steps", "160", "--checkpoint", str(folder / "c"))
    resumed = [*run, "--steps", "400", "--resume", str(folder / "c")]
    assert json.loads(verb(capsys, *resumed)) == whole
    (folder / "t.csv").write_text(TABLE.read_text().replace("20.0,1009", "20.0,1010"))
    assert cli.main(resumed) == 2
    line = capsys.readouterr().err
    assert "is of another run: files.task.file was" in line
    assert line.count("\n") == 1
