"""Folders of any name, disks that are full, folders that take no files: one line each, and nothing left."""

from __future__ import annotations

import importlib
import os
import re
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mgd_hdl import cli, emit
from mgd_hdl.config import preset
from mgd_hdl.verbs import simulate as simulate_verb
from mgd_hdl.verbs import train as train_verb

#: What shells, Verilog, C and printf would take for something else.
NAMES = ["a b", 'quo"te', "back\\slash", "new\nline", "per%s%d%cent", "\u03b8\U0001f600", "$HOME;`id`'", "-o"]

SIMULATORS = ["verilator", "icarus"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """One folder for all tests here."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture(autouse=True)
def in_the_workplace(workplace, monkeypatch) -> None:
    monkeypatch.chdir(workplace)


@pytest.fixture(autouse=True, scope="module")
def emitted_once() -> Iterator[None]:
    """The files of XOR: they are the same for all tests, and Yosys itself works on a disk with space only."""
    files = emit.trainer_files(preset("xor"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emit, "trainer_files", lambda _config, **_: files)
        yield


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: what a full disk is to a writer, without being root."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def simulate(simulator: str, *arguments: str | Path, steps: int = 20) -> int:
    command = ["simulate", "xor", "--steps", str(steps), "--simulator", simulator, *map(str, arguments)]
    return cli.main(command)


# ---- names of folders ------------------------------------------------------------------------------


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_folders_of_any_name(simulator, tmp_path):
    """The waveform, too, is written by whoever can spell its folder."""
    texts = set()
    for name in NAMES:
        folder = tmp_path / name
        folder.mkdir()
        more = [f"--output={folder / 'out'}"] if name == NAMES[3] else []
        assert simulate(simulator, f"--vcd={folder / 'w.vcd'}", *more) == 0
        kinds = ("csv", "json", "parameters.npz", "png")
        made = ["out", *(f"out/xor_trainer.{kind}" for kind in kinds)] if more else []
        assert everything(folder) == [*made, "w.vcd"]
        text = (folder / "w.vcd").read_text()
        assert text.count("\n#") > 400
        texts.add(text[text.index("$enddefinitions") :])
    assert len(texts) == 1


def test_generated_folders_of_any_name(tmp_path):
    for name in NAMES:
        assert cli.main(["generate", "xor", f"--output={tmp_path / name}"]) == 0
        assert (tmp_path / name / "xor_trainer.v").exists()


# ---- full disks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulator", "size"),
    [("verilator", 0), ("verilator", 100), ("verilator", 40_000), ("icarus", 1_000_000)],
)
def test_a_waveform_that_does_not_fit(simulator, size, tmp_path, capsys):
    """The disk is full from the start, in the file's head, or in its middle; Icarus' compiler needs some."""
    assert simulate(simulator, "--vcd", tmp_path / "first.vcd") == 0
    capsys.readouterr()
    wave = tmp_path / "w.vcd"
    with largest_file(size):
        assert simulate(simulator, "--vcd", wave, steps=4000) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {wave}: cannot be written: file too large\n"
    assert everything(tmp_path) == ["first.vcd"]


@pytest.mark.parametrize(
    ("arguments", "what"), [(["-o", "full"], "full/xor_trainer.csv"), (["--plot", "x.png"], "x.png")]
)
def test_a_table_or_plot_that_does_not_fit(arguments, what, workplace, capsys):
    before = everything(workplace)
    assert simulate("verilator") == 0
    capsys.readouterr()
    with largest_file(50):
        assert simulate("verilator", *arguments) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {what}: cannot be written: file too large\n"
    assert everything(workplace) == before


@pytest.mark.parametrize(
    ("simulator", "size"), [("verilator", 1000), ("verilator", 100_000), ("icarus", 1000)]
)
def test_a_circuit_that_does_not_fit(simulator, size, tmp_path, capsys, monkeypatch):
    """A compiler that finds no room is one line too, and the cache has no broken entry then."""
    monkeypatch.setenv("MGD_HDL_CACHE", str(tmp_path))
    with largest_file(size):
        assert simulate(simulator) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r": cannot be written: file (too large|size limit exceeded)(;|$)", line)
    assert [path for path in everything(tmp_path) if path != "verilated"] == []


def test_generated_files_that_do_not_fit(tmp_path, capsys):
    with largest_file(100):
        assert cli.main(["generate", "xor", "-o", str(tmp_path / "out")]) == 2
        assert cli.main(["init", "xor", str(tmp_path / "x.toml")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == f"mgd-hdl: {tmp_path / 'out'}: cannot be written: file too large"
    assert second == f"mgd-hdl: {tmp_path / 'x.toml'}: cannot be written: file too large"
    assert everything(tmp_path) == []


# ---- folders that take no files --------------------------------------------------------------------


@pytest.fixture
def locked() -> Iterator[Path]:
    """A folder that takes no files, for a person who is not root; whom root becomes for the test."""
    # That person may not read the folders that Python's modules come from.
    for name in ("mgd_sim.watch", "mgd_sim.rtl.icarus", "mgd_sim.studies.learning", "matplotlib.figure"):
        importlib.import_module(name)
    for name in ("mgd_synth.flow", "mgd_synth.boards"):
        importlib.import_module(name)
    outer = Path(tempfile.mkdtemp(prefix="mgd_locked_"))
    outer.chmod(0o755)
    folder = outer / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
        shutil.rmtree(outer)


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["simulate", "xor", "--vcd", "LOCKED/w.vcd"], "w.vcd"),
        (["simulate", "xor", "--simulator", "icarus", "--vcd", "LOCKED/w.vcd"], "w.vcd"),
        (["simulate", "xor", "--plot", "LOCKED/x.png"], "x.png"),
        (["simulate", "xor", "-o", "LOCKED"], "xor_trainer.csv"),
        (["simulate", "xor", "-o", "LOCKED/new"], "new"),
        (["train", "xor", "--plot", "LOCKED/x.png"], "x.png"),
        (["train", "xor", "-o", "LOCKED"], "xor_trainer.csv"),
        (["init", "xor", "LOCKED/x.toml"], "x.toml"),
        (["schema", "LOCKED/x.json"], "x.json"),
        (["generate", "xor", "-o", "LOCKED"], "xor_trainer.v"),
        (["generate", "xor", "-o", "LOCKED/new"], "new"),
        (["synth", "xor", "--target", "generic", "-o", "LOCKED"], "xor_trainer.generic.json"),
        (["bitstream", "xor", "--board", "hx8k", "-o", "LOCKED"], "xor_trainer.hx8k.bin"),
    ],
)
def test_a_locked_folder_is_told_before_the_work(command, named, locked, capsys, monkeypatch):
    monkeypatch.setattr(simulate_verb, "_Run", lambda *_: pytest.fail("it learned"))
    monkeypatch.setattr(train_verb, "_Run", lambda *_: pytest.fail("it learned"))
    assert cli.main([each.replace("LOCKED", str(locked)) for each in command]) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {locked / named}: cannot be written: permission denied\n"
