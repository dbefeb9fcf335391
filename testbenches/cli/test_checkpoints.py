"""Is a run that was cut and resumed the one that was not, whoever cuts it, whatever it is resumed from?"""

from __future__ import annotations

import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import preset
from mgd_hdl.files import FileRefused, renewed_file
from mgd_hdl.verbs.checkpoints import Keeper
from mgd_sim.checkpoint import Checkpoints
from testbenches.cli.test_interrupts import hidden, wait_for

#: A command that keeps where it is all the time.
OFTEN = (
    "import sys; from mgd_hdl import cli; from mgd_hdl.verbs import checkpoints;"
    "checkpoints._EVERY, checkpoints._SHARE = 0.02, 0.5; sys.exit(cli.main(sys.argv[1:]))"
)
VERBS = {"train": ["train", "xor", "--seeds", "3"], "simulate": ["simulate", "xor"]}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))


def arrays(path: str | Path) -> dict[str, np.ndarray]:
    file = np.load(path, allow_pickle=False)
    return {name: file[name] for name in file.files}


def assert_same(one: str, other: str) -> None:
    """All that two checkpoints hold, but for the times that a run took."""
    first, second = arrays(one), arrays(other)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array, name)


def run_cut(arguments: list[str], cuts: int, seed: int) -> int:
    """Cut so often, by force and by Ctrl-C in turn, and resumed; how many cuts found it at work."""
    rng, found = np.random.default_rng(seed), 0
    command = [sys.executable, "-c", OFTEN, *arguments, "--checkpoint", "cut.npz", "--force"]
    kept = Path("cut.npz")
    for cut in range(cuts + 1):
        resume = ["--resume", "cut.npz"] if kept.exists() else []
        before = kept.stat().st_mtime_ns if resume else 0
        run = subprocess.Popen([*command, *resume], stderr=subprocess.PIPE, text=True, start_new_session=True)
        if cut < cuts:
            wait_for(
                lambda before=before, run=run: (
                    run.poll() is not None or (kept.exists() and kept.stat().st_mtime_ns > before)
                )
            )
            time.sleep(rng.uniform(0, 0.2))
            number = [signal.SIGKILL, signal.SIGINT][cut % 2]
            if run.poll() is None:
                os.killpg(run.pid, number)
            _, err = run.communicate(timeout=100)
            assert run.returncode in (0, -signal.SIGKILL if number == signal.SIGKILL else 130), err
            found += run.returncode != 0
            assert number == signal.SIGKILL or hidden() == []
    _, err = run.communicate(timeout=600)
    assert run.returncode == 0, err
    return found


@pytest.mark.parametrize(("verb", "cuts"), [("train", 2), ("simulate", 1)])
def test_cut_by_signals(verb, cuts):
    """Every state, and the whole curve, which a checkpoint holds too."""
    arguments = [*VERBS[verb], "--steps", "6000"]
    assert cli.main([*arguments, "--checkpoint", "whole.npz"]) == 0
    assert run_cut(arguments, cuts, seed=cuts) >= 1
    assert_same("whole.npz", "cut.npz")


@pytest.mark.only_all
@pytest.mark.parametrize("verb", VERBS)
def test_cut_ten_times(verb):
    """And all that a run leaves behind."""
    arguments = [*VERBS[verb], "--steps", "100000"]
    assert cli.main([*arguments, "--checkpoint", "whole.npz", "-o", "whole"]) == 0
    assert run_cut([*arguments, "-o", "cut"], 10, seed=10) >= 8
    assert_same("whole.npz", "cut.npz")
    for path in sorted(Path("whole").iterdir()):
        assert (Path("cut") / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("verb", VERBS)
def test_longer_than_it_was_to_be(verb, capsys):
    """Where the first run ends is no place at which the longer one would have looked."""
    arguments = VERBS[verb]
    assert cli.main([*arguments, "--steps", "203", "--checkpoint", "a.npz"]) == 0
    more = ["--steps", "401", "--checkpoint", "a.npz", "--resume", "a.npz"]
    assert cli.main([*arguments, *more, "-o", "one"]) == 0
    assert cli.main([*arguments, "--steps", "401", "-o", "whole"]) == 0
    for path in Path("whole").iterdir():
        if path.suffix != ".png":
            assert (Path("one") / path.name).read_bytes() == path.read_bytes()
    capsys.readouterr()
    assert cli.main([*arguments, "--resume", "a.npz", "--steps", "401"]) == 2
    assert capsys.readouterr().err == "mgd-hdl: a.npz: stands at step 401; --steps must be more\n"


def test_a_twin_goes_on_as_a_circuit_and_back(capsys):
    """With the curve that the twin alone would have had from there on."""
    assert cli.main([*VERBS["train"], "--steps", "500", "--checkpoint", "twin.npz"]) == 0
    arguments = ["--steps", "900", "--resume", "twin.npz", "--checkpoint", "circuit.npz"]
    assert cli.main(["simulate", "xor", "--seed", "2", *arguments]) == 0
    back = ["--steps", "1500", "--resume", "circuit.npz", "--checkpoint", "back.npz"]
    assert cli.main(["train", "xor", "--seeds", "1", *back]) == 0
    assert (
        cli.main(
            ["train", "xor", "--seeds", "1", "--seed", "2", "--steps", "1500", "--checkpoint", "all.npz"]
        )
        == 0
    )
    whole, parts = arrays("all.npz"), arrays("back.npz")
    for name in (name for name in whole if name.startswith("twin.")):
        np.testing.assert_array_equal(parts[name], whole[name], name)


LOOKS = {"train": "mgd_sim.trainer.Trainer.cost_and_accuracy", "simulate": "mgd_sim.watch._look"}


def interrupt_second_look(verb, monkeypatch) -> None:
    """Of a verb; the first one is at step 0."""
    package, _, name = LOOKS[verb].rpartition(".")
    look = pkgutil.resolve_name(LOOKS[verb])
    looked = 0

    def interrupted(*arguments):
        nonlocal looked
        looked += 1
        if looked == 2:
            signal.raise_signal(signal.SIGINT)
        return look(*arguments)

    monkeypatch.setattr(pkgutil.resolve_name(package), name, interrupted)


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_in_the_last_look(verb, monkeypatch):
    """Nobody asks any more whether to go on; where the run is is kept all the same."""
    interrupt_second_look(verb, monkeypatch)
    assert cli.main([*VERBS[verb], "--steps", "7", "--checkpoint", "c.npz"]) == 130
    assert Checkpoints("c.npz", preset("xor")).step == 7


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_in_a_look(verb, monkeypatch):
    """No step comes after it, and no other look."""
    interrupt_second_look(verb, monkeypatch)
    assert cli.main([*VERBS[verb], "--steps", "400", "-o", "out"]) == 130
    table = Path("out/xor_trainer.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in table] == ["0", "10"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_curve_that_begins_between_two_looks(verb, monkeypatch, capsys):
    """The other verb ended where this one would not look; then Ctrl-C, before the next look."""
    other = "simulate" if verb == "train" else "train"
    one = {"train": ["train", "xor", "--seeds", "1"], "simulate": ["simulate", "xor"]}
    assert cli.main([*one[other], "--steps", "503", "--checkpoint", "c.npz"]) == 0
    resumed = [*one[verb], "--resume", "c.npz"]
    assert cli.main([*resumed, "--steps", "601", "-o", "whole"]) == 0
    assert cli.main([*resumed, "--steps", "506", "--checkpoint", "cut.npz"]) == 0
    again = [*one[verb], "--resume", "cut.npz", "--checkpoint", "cut.npz"]
    due = Keeper.due

    def at_once(keeper, stop):
        if not stop:
            signal.raise_signal(signal.SIGINT)
        return due(keeper, stop)

    with monkeypatch.context() as patched:
        patched.setattr(Keeper, "due", at_once)
        assert cli.main([*again, "--steps", "601"]) == 130
    assert cli.main([*again, "--steps", "601", "-o", "parts"]) == 0
    assert Path("parts/xor_trainer.csv").read_text() == Path("whole/xor_trainer.csv").read_text()


def test_a_comparison_goes_on(capsys):
    assert cli.main(["compare", "xor", "--steps", "300", "--seeds", "2", "--checkpoint", "c.npz"]) == 0
    more = ["--steps", "700", "--seeds", "2", "--resume", "c.npz", "--checkpoint", "c.npz"]
    assert cli.main(["compare", "xor", *more]) == 0
    assert cli.main(["compare", "xor", "--steps", "700", "--seeds", "2", "--checkpoint", "d.npz"]) == 0
    _, two, whole = capsys.readouterr().out.splitlines()
    assert two == whole
    assert_same("c.npz", "d.npz")
    assert cli.main(["compare", "xor", *more, "--force"]) == 2
    assert capsys.readouterr().err == "mgd-hdl: c.npz: stands at step 700; --steps must be more\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "xor", "--seeds", "2"], "is of seed 1; --seed and --seeds must ask for the same"),
        (["simulate", "xor", "--seed", "2"], "is of seed 1; --seed and --seeds must ask for the same"),
        (["simulate", "parity4"], "is of another run: learning.rate was 0.5 and is 0.25 now"),
        (["compare", "xor"], "is not of a run that goes on here; compare resumes runs of compare"),
        (["train", "xor", "--resume", "none.npz"], "no such file or directory"),
        (["train", "xor", "--resume", "."], "is a directory"),
        (["train", "xor", "--seeds", "1", "--checkpoint", "text"], "text: exists; --force replaces it"),
        (["train", "xor", "--seeds", "1", "--checkpoint", "no/c.npz"], "no/c.npz: cannot be written"),
    ],
    ids=" ".join,
)
def test_refusals(arguments, said, capsys):
    assert cli.main(["train", "xor", "--seeds", "1", "--steps", "10", "--checkpoint", "c.npz"]) == 0
    Path("text").write_text("mine")
    before = Path("c.npz").read_bytes()
    capsys.readouterr()
    resume = [] if "--resume" in arguments else ["--resume", "c.npz"]
    assert cli.main([*arguments, *resume]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err
    assert sorted(path.name for path in Path().iterdir()) == ["c.npz", "text"]
    assert (Path("c.npz").read_bytes(), Path("text").read_text()) == (before, "mine")


def test_a_renewed_file_is_whole(tmp_path):
    """Each time; and nobody else writes it meanwhile."""
    path = tmp_path / "c.npz"
    with renewed_file(path) as write:
        assert not path.exists()
        for data in (b"one", b"two"):
            write(data)
            assert path.read_bytes() == data
        with pytest.raises(FileRefused, match="another run is writing it"), renewed_file(path, force=True):
            pytest.fail("two at once")
    assert [each.name for each in tmp_path.iterdir()] == ["c.npz"]
    with pytest.raises(FileRefused, match="exists; --force replaces it"), renewed_file(path):
        pytest.fail("it was there")
    with pytest.raises(KeyboardInterrupt), renewed_file(path, force=True):
        raise KeyboardInterrupt
    assert path.read_bytes() == b"two"


def test_somebody_elses_file_comes_first(tmp_path):
    """It was not there when the run began, and it stays."""
    path = tmp_path / "c.npz"
    with renewed_file(path) as write:
        path.write_bytes(b"mine")
        with pytest.raises(FileRefused, match="exists; --force replaces it"):
            write(b"one")
    assert path.read_bytes() == b"mine"
    assert [each.name for each in tmp_path.iterdir()] == ["c.npz"]
