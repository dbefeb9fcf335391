"""Does a study that is stopped, anywhere, leave its results whole and go on where it was?"""

from __future__ import annotations

import errno
import json
import shutil
import signal
from pathlib import Path

import pytest

from mgd_hdl.files import locked
from mgd_sim.studies import hidden, imperfections, soon, study
from mgd_sim.trainer import Trainer

DOCS = Path(__file__).parents[2] / "docs"

#: By name: the study, whose ``learn`` is called, and several jobs of it for a file in a folder.
STUDIES = {
    "imperfections": (
        imperfections,
        "xor_imperfections.json",
        ["xor", "--model", "twin", "--sweep", "dead", "--steps", "60"],
    ),
    "soon": (
        soon,
        "xor_soon.json",
        ["xor", *("--setting", "xor_fast", "--setting", "xor_fast, 2-4-1"), "--steps", "60"],
    ),
    "hidden": (hidden, "hidden.json", ["2", "1", "--steps", "40"]),
}

each_study = pytest.mark.parametrize("name", STUDIES)


class Stopped:
    """One study in a folder; its ``learn`` counts jobs, and the one numbered ``stop`` is interrupted."""

    def __init__(self, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self.study, file, self.arguments = STUDIES[name]
        folder.mkdir(exist_ok=True)
        self.file = folder / file
        if name == "hidden":
            self.arguments = [*self.arguments, "--results", str(self.file)]
        else:
            self.arguments = [*self.arguments, "--seeds", "2", "--out", str(folder)]
        self.jobs, self.stop = 0, 0
        learn = self.study.learn

        def counted(*arguments, **options):
            self.jobs += 1
            for result in learn(*arguments, **options):
                yield result
                if self.jobs == self.stop:
                    raise KeyboardInterrupt

        monkeypatch.setattr(self.study, "learn", counted)

    def run(self) -> int:
        return self.study.main(self.arguments)


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """The bytes that a study leaves which nobody stopped, and how many jobs it is."""

    def run(name: str) -> tuple[bytes, int]:
        with monkeypatch.context() as patch:
            undisturbed = Stopped(name, tmp_path / "whole", patch)
            assert undisturbed.run() == 0
            return undisturbed.file.read_bytes(), undisturbed.jobs

    return run


@each_study
def test_an_interrupt_while_it_trains(name, whole, tmp_path, monkeypatch):
    expected, jobs = whole(name)
    assert jobs >= 2
    stopped = Stopped(name, tmp_path / "stopped", monkeypatch)
    stopped.stop = 2
    assert stopped.run() == 130
    before = stopped.file.read_bytes()
    assert len(json.loads(before)) >= 1
    assert len(before) < len(expected)
    assert stopped.run() == 0
    assert stopped.file.read_bytes() == expected
    assert stopped.jobs == jobs + 1, "the first job is not done again, the interrupted one is"


@each_study
@pytest.mark.parametrize(
    ("error", "status"),
    [(OSError(errno.ENOSPC, "No space left on device", "x.json"), 2), (KeyboardInterrupt(), 130)],
    ids=["full", "interrupt"],
)
def test_a_cut_while_it_writes(name, error, status, whole, tmp_path, monkeypatch, capsys):
    """Half of the text is written when it happens, at the second result."""
    expected, jobs = whole(name)
    stopped = Stopped(name, tmp_path / "stopped", monkeypatch)
    write, before = Path.write_text, b""

    def cut(path: Path, text: str, **options: str) -> int:
        nonlocal before
        if stopped.jobs == 2:
            before = stopped.file.read_bytes()
            write(path, text[: len(text) // 2], **options)
            raise error
        return write(path, text, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", cut)
        assert stopped.run() == status
    assert stopped.file.read_bytes() == before != b""
    figure = stopped.file.with_suffix(".png")
    assert set(stopped.file.parent.iterdir()) - {figure} == {stopped.file}, "nothing is left beside it"
    if status == 2:
        assert capsys.readouterr().err == "x.json: no space left on device\n"
    assert stopped.run() == 0
    assert stopped.file.read_bytes() == expected
    assert stopped.jobs == jobs + 1


@pytest.mark.parametrize("task", ["xor", "nist7x7_centered"])
def test_what_is_recorded_stays_byte_for_byte(task, tmp_path):
    path = DOCS / f"figures/{task}_imperfections.json"
    copy = Path(shutil.copy(path, tmp_path))
    study.Kept(copy, imperfections.Point, task).write()
    assert copy.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("task", ["xor", "nist7x7_centered"])
def test_what_is_recorded_is_what_the_command_trains(task):
    """Every kind of imperfection, and no size that is not one of the study's."""
    recorded: dict[str, set[float]] = {}
    for point in json.loads((DOCS / f"figures/{task}_imperfections.json").read_bytes())["points"]:
        recorded.setdefault(point["sweep"], set()).add(point["value"])
    assert list(recorded) == list(imperfections.SWEEPS)
    for sweep, sizes in recorded.items():
        assert sizes <= set(imperfections.SWEEPS[sweep].values[task])


def test_recorded_hidden_neurons_are_not_trained_again(tmp_path, monkeypatch, capsys):
    copy = Path(shutil.copy(hidden.RESULTS, tmp_path))
    monkeypatch.setattr(hidden, "learn", None)
    assert hidden.main([*json.loads(copy.read_bytes()), "--results", str(copy)]) == 0
    assert copy.read_bytes() == hidden.RESULTS.read_bytes()
    assert "49-1-4: {'seeds': 8, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{]", "is not JSON: "),
        ('{"points": 3}', "holds no results of this study"),
        ('[{"colour": 1}]', "holds no results of this study"),
        ("[1]", "holds no results of this study"),
    ],
)
def test_a_damaged_file_is_told_and_stays(text, said, tmp_path, capsys):
    file = tmp_path / "xor_imperfections.json"
    file.write_text(text)
    assert imperfections.main(["xor", "--steps", "10", "--out", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{file}: {said}")
    assert told.count("\n") == 1
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["xor", "--seeds", "0"], "argument --seeds: must be a whole number above 0, not '0'"),
        (["xor", "--steps", "1e3"], "argument --steps: must be a whole number above 0, not '1e3'"),
        (["xor", "--setting", "xor_fst"], "--setting xor_fst: must be one of xor; xor, delayed; "),
        (["xor", "--out", "/dev/null"], "argument --out: must be a folder, not '/dev/null'"),
    ],
)
def test_what_a_study_refuses(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        soon.main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "said"),
    [("/dev/null", "a regular file or nothing yet"), ("no/such/x.json", "in a folder that exists")],
)
def test_a_file_that_cannot_be_is_refused_before_the_work(name, said, monkeypatch, capsys):
    monkeypatch.setattr(hidden, "learn", None)
    with pytest.raises(SystemExit) as ended:
        hidden.main(["1", "--results", name])
    assert ended.value.code == 2
    assert f"argument --results: must be {said}, not '{name}'" in capsys.readouterr().err


# ---- two at once, and requests to end ------------------------------------------------------------


@pytest.mark.parametrize(
    ("main", "arguments", "name"),
    [
        (soon.main, ["xor", "--out", "."], "xor_soon.json"),
        (imperfections.main, ["xor", "--out", "."], "xor_imperfections.json"),
        (hidden.main, ["2", "--results", "mine.json"], "mine.json"),
    ],
)
def test_the_second_run_into_a_file_does_no_work(main, arguments, name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Trainer, "run", lambda *_: pytest.fail("it worked"))
    with locked(name):
        try:
            status = main(arguments)
        except SystemExit as error:  # of the command line's parser
            status = error.code
    assert status == 2
    assert capsys.readouterr().err.endswith(f"{name}: another run is writing it\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_request_to_end_keeps_what_was_found(number, status, tmp_path, monkeypatch):
    stopped, learn = Stopped("hidden", tmp_path, monkeypatch), hidden.learn

    def ended(*arguments):
        if stopped.jobs:
            signal.raise_signal(number)
        return learn(*arguments)

    monkeypatch.setattr(hidden, "learn", ended)
    assert stopped.run() == status
    assert list(json.loads(stopped.file.read_bytes())) == ["2"]
    assert list(tmp_path.iterdir()) == [stopped.file]
