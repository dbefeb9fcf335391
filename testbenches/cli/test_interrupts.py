"""What is left of a run that is ended early, by whom ever and whenever; and who may write where meanwhile?"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import mgd_hdl.files
import mgd_sim.compare
import mgd_synth.boards
import mgd_synth.flow
from mgd_hdl import __main__, cli, emit, progress
from mgd_hdl.config import preset
from mgd_hdl.files import FileRefused, locked, new_directory, new_file, renewed_file, write_files
from mgd_hdl.progress import Progress, duration
from mgd_hdl.trainer import Trainer
from mgd_hdl.verbs import compare, probe
from mgd_hdl.verbs.common import ToolError
from mgd_sim import watch
from mgd_sim.rtl import verilator
from mgd_sim.trainer import Trainer as twins
from testbenches import compiled, emitted
from testbenches.cli.test_refusals import Circuit, no_circuits  # noqa: F401 - a fixture

#: What option -o writes into folder "out", in this order.
WRITTEN = [f"out/xor_trainer.{kind}" for kind in ("csv", "png", "parameters.npz", "json")]

PNG = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))


def started(*arguments: str) -> subprocess.Popen[str]:
    """The command with a terminal's process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "mgd_hdl", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def hidden() -> list[str]:
    """Locks and files that are still being written."""
    return [path.name for path in Path().rglob(".mgd_hdl.*")]


def wait_for(something) -> None:
    end = time.monotonic() + 60
    while not something():
        assert time.monotonic() < end
        time.sleep(0.02)


# ---- real processes, real signals ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulator", "number"), [("verilator", signal.SIGTERM), ("icarus", signal.SIGINT)], ids=str
)
def test_a_run_that_is_ended_keeps_what_there_is(simulator, number, capsys):
    """All of it, and whole: the waveform shows every step that the last line tells of."""
    files = ("w.vcd", *WRITTEN[:2], "p.png", *WRITTEN[2:])
    run = started(
        *("simulate", "xor", "--simulator", simulator, "--steps", "99999999"),
        *("--vcd", "w.vcd", "-o", "out", "--plot", "p.png"),
    )
    assert run.stdout is not None
    first = run.stdout.readline()
    # Another run finds out at its start.
    for option in (["-o", "out"], ["--vcd", "w.vcd"], ["--plot", "./p.png", "--force"]):
        assert cli.main(["simulate", "xor", *option]) == 2
        assert capsys.readouterr().err.endswith(": another run is writing it\n")
    os.killpg(run.pid, number)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 128 + number
    *heard, said = err.splitlines()  # of a compilation that took long
    assert all(line.startswith("mgd-hdl: ") for line in heard)
    ended = re.fullmatch(rf"mgd-hdl: interrupted at step ([\d,]+); kept {', '.join(files)}", said)
    step = int(ended[1].replace(",", ""))
    assert step > 0
    assert f"step {step:>9,}: " in first + out
    assert sorted(str(path) for path in Path().rglob("*.*")) == sorted(files)

    last = Path("out/xor_trainer.csv").read_text().splitlines()[-1]
    assert last.split(",")[0] == str(step)
    for name in ("out/xor_trainer.png", "p.png"):
        data = Path(name).read_bytes()
        assert data.startswith(PNG[0])
        assert data.endswith(PNG[1])
    waves = Path("w.vcd").read_text()
    (symbol,) = set(re.findall(r"\$var wire +1 (\S+) step_done \$end", waves)[:1])
    assert waves.count(f"\n1{symbol}\n") == step


def test_a_training_that_is_ended_keeps_what_there_is():
    """The parameters are those of the step that the last line tells of."""
    run = started("train", "xor", "--seeds", "3", "--steps", "99999999", "-o", "out")
    assert run.stdout is not None
    assert run.stdout.readline().startswith("step         0: 0 of 3 solved")
    assert run.stdout.readline()  # before its first step there is nothing to keep
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130
    ended = re.fullmatch(rf"mgd-hdl: interrupted at step ([\d,]+); kept {', '.join(WRITTEN)}\n", err)
    assert f"xor_trainer, 3 seeds, {ended[1]} steps: " in out
    assert sorted(str(path) for path in Path().rglob("*.*")) == sorted(WRITTEN)
    step = int(ended[1].replace(",", ""))
    assert Path(WRITTEN[0]).read_text().splitlines()[-1].startswith(f"{step},")
    twin = twins(preset("xor"), seeds=range(1, 4))
    twin.run(step)
    with np.load(WRITTEN[2], allow_pickle=False) as found:
        assert found["step"] == step
        assert (found["T"] == twin.theta).all()


def test_at_the_start_there_is_nothing_to_keep():
    run = started("simulate", "xor", "-o", "deep/out", "--vcd", "w.vcd")
    wait_for(lambda: len(hidden()) >= 3)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (130, "", "mgd-hdl: interrupted\n")
    assert list(Path().iterdir()) == []


@pytest.mark.usefixtures("no_circuits")
def test_a_run_that_was_killed_is_in_nobodys_way():
    run = started("simulate", "xor", "-o", "out")
    wait_for(lambda: len(hidden()) >= 3)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)
    left = hidden()
    assert [name.endswith(".lock") for name in sorted(left)].count(True) >= 1
    assert cli.main(["simulate", "xor", "--steps", "5", "-o", "out"]) == 0
    assert sorted(str(path) for path in Path("out").iterdir()) == sorted(WRITTEN)


# ---- signals at chosen moments -------------------------------------------------------------------


@pytest.mark.usefixtures("no_circuits")
def test_while_it_draws(monkeypatch, capsys):
    """The first signal lets it finish, and is told."""

    def draw(looks, title):
        signal.raise_signal(signal.SIGINT)
        return b"drawn"

    monkeypatch.setattr(watch, "figure", draw)
    assert cli.main(["simulate", "xor", "--steps", "30", "-o", "out"]) == 130
    assert capsys.readouterr().err == (f"mgd-hdl: interrupted at step 30; kept {', '.join(WRITTEN)}\n")
    assert Path("out/xor_trainer.png").read_bytes() == b"drawn"
    assert hidden() == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("no_circuits")
def test_twice_while_it_draws(monkeypatch, capsys):
    """The second one ends it at once; what was whole by then stays."""

    def draw(looks, title):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(watch, "figure", draw)
    assert cli.main(["simulate", "xor", "--steps", "30", "-o", "out"]) == 130
    assert capsys.readouterr().err == "mgd-hdl: interrupted\n"
    assert [path.name for path in Path("out").iterdir()] == ["xor_trainer.csv"]
    assert Path("out/xor_trainer.csv").read_text().splitlines()[-1].startswith("30,")


@pytest.mark.usefixtures("no_circuits")
def test_a_simulator_that_dies_leaves_the_curve(monkeypatch, capsys):
    run = Circuit.run

    def dies(self, steps):
        if self.step >= 20:
            raise ToolError("the simulator has died")
        return run(self, steps)

    monkeypatch.setattr(Circuit, "run", dies)
    arguments = ["--steps", "99", "-o", "out", "--vcd", "w.vcd"]
    assert cli.main(["simulate", "xor", *arguments]) == 2
    assert capsys.readouterr().err == (
        f"mgd-hdl: failed at step 20; kept {', '.join(WRITTEN)}\nmgd-hdl: the simulator has died\n"
    )
    assert [line.split(",")[0] for line in Path("out/xor_trainer.csv").read_text().splitlines()[1:]] == [
        *("0", "10", "20")
    ]
    assert [path.name for path in Path().iterdir()] == ["out"]


@pytest.mark.usefixtures("no_circuits")
def test_a_comparison_tells_how_far_it_was_equal(monkeypatch, capsys):
    run = Circuit.run

    def interrupted(self, steps):
        if self.step == 200:
            os.kill(os.getpid(), signal.SIGINT)
        return run(self, steps)

    monkeypatch.setattr(Circuit, "run", interrupted)
    monkeypatch.setattr(mgd_sim.compare, "_CHUNK", 100 * 2 * 9)
    assert cli.main(["compare", "xor", "--steps", "5000"]) == 130
    out, err = capsys.readouterr()
    assert re.fullmatch(r"xor_trainer: 300 steps, 1 seed, \d+ states: circuit and twin are equal\n", out)
    assert err == "mgd-hdl: interrupted after 300 of 5,000 steps: circuit and twin are equal up to there\n"


def test_while_the_command_loads(monkeypatch, capsys):
    class Loading(ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "mgd_hdl.cli", Loading("mgd_hdl.cli"))
    assert __main__.main() == 130
    assert capsys.readouterr() == ("", "mgd-hdl: interrupted\n")


@pytest.mark.parametrize(
    ("holder", "where", "made"),
    [
        (locked, os, "open"),
        (new_file, mgd_hdl.files, "_write_new"),
        (renewed_file, mgd_hdl.files, "_write_new"),
        (new_directory, Path, "mkdir"),
    ],
    ids=["lock", "new file", "renewed file", "folder"],
)
def test_a_signal_as_soon_as_something_is_made(holder, where, made, monkeypatch):
    """There is no moment in which it is there and nobody would remove it."""
    make = getattr(where, made)

    def made_and_interrupted(*arguments, **options):
        monkeypatch.setattr(where, made, make)
        result = make(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        return result

    Path("folder").mkdir()
    monkeypatch.setattr(where, made, made_and_interrupted)
    with pytest.raises(KeyboardInterrupt), holder(Path("folder/new")):
        pytest.fail("it went on")
    assert list(Path("folder").iterdir()) == []


def test_ctrl_c_in_code_in_a_string():
    """As it comes while a dataclass is made: the exit status is told, and no signal."""
    script = (
        "import sys; from mgd_hdl import __main__, cli\n"
        "from mgd_hdl.verbs.endings import status_of\n"
        "cli.main = lambda: status_of(lambda: exec('raise KeyboardInterrupt'))\n"
        "sys.exit(__main__.main())\n"
    )
    Path("command.py").write_text(script)
    run = subprocess.run([sys.executable, "-m", "command"], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (130, "mgd-hdl: interrupted\n")


def test_signals_that_are_ignored_stay_so():
    """As under nohup."""
    script = (
        "import signal; from mgd_hdl import cli; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from mgd_hdl.process import ends_noted, ends_unwind\n"
        "with ends_unwind(), ends_noted() as stop:\n"
        "    signal.raise_signal(signal.SIGHUP)\n"
        "    print(bool(stop)); signal.raise_signal(signal.SIGTERM); print(stop.status)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "143"]


# ---- who may write -------------------------------------------------------------------------------


def test_a_lock_ends_with_its_holder(tmp_path):
    path = tmp_path / "a.png"
    with locked(path):
        with pytest.raises(FileRefused, match=r"a\.png: another run is writing it"), new_file(path):
            pytest.fail("two at once")
        with new_file(tmp_path / "b.png") as other:  # another file in the same folder
            other.write_bytes(b"b")
    with new_file(path) as mine:
        mine.write_bytes(b"a")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["generate", "xor"], "xor_trainer/xor_trainer.v"),
        (["synth", "xor", "--target", "generic", "-o", "xor_trainer"], "xor_trainer/xor_trainer.generic.md"),
        (["bitstream", "xor", "--board", "icebreaker"], "xor_trainer/xor_trainer.icebreaker.json"),
    ],
)
def test_the_second_of_two_runs_does_no_work(arguments, name, capsys, monkeypatch):
    for module, work in (
        (emit, "trainer_files"),
        (mgd_synth.flow, "synthesize"),
        (mgd_synth.boards, "bitstream"),
    ):
        monkeypatch.setattr(module, work, lambda *_, **__: pytest.fail("it worked"))
    Path("xor_trainer").mkdir()
    with locked(name):
        assert cli.main(arguments) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {name}: another run is writing it\n"
    assert list(Path("xor_trainer").iterdir()) == []


def test_many_writers_of_one_folder_lose_no_entry_of_its_list(tmp_path):
    """Each reads the list, adds its own file and writes it back."""
    script = (
        "import sys; from mgd_hdl.files import write_files\n"
        "for k in range(20): write_files('out', {f'{sys.argv[1]}{k}.v': ''})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    write_files("out", {"last.v": ""})
    listed = json.loads(Path("out/mgd_hdl_files.json").read_text())["files"]
    assert len(listed) == 61
    assert hidden() == []


# ---- progress ------------------------------------------------------------------------------------


def test_time_left(monkeypatch):
    """A quarter took 30 s, so the rest takes 90 s."""
    clock = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock)
    shown = Progress(print)
    shown.stage("learning", 4000)
    assert shown.line() == "learning: step 0 of 4,000"
    clock += 30
    shown.at(1000)
    assert shown.line() == "learning: step 1,000 of 4,000, about 90 s left"
    shown.stage("compiling")
    clock += 7
    assert shown.line() == "compiling, 7 s"
    assert [duration(seconds) for seconds in (0.4, 119, 150, 12_000)] == [
        "0 s",
        "119 s",
        "2 min",
        "3 h 20 min",
    ]


@pytest.mark.usefixtures("no_circuits")
@pytest.mark.parametrize("verb", [["compare"], ["probe", "--json"]], ids=" ".join)
def test_long_work_is_heard_of(verb, capsys, monkeypatch):
    """On standard error; what is on standard output can be read by a program."""
    for module in (compare, probe):
        monkeypatch.setattr(module, "Progress", partial(Progress, every=0.02))
    monkeypatch.setattr(mgd_sim.compare, "_CHUNK", 100 * 2 * 9)
    assert cli.main([*verb, "xor", "--steps", "3000"]) == 0
    out, err = capsys.readouterr()
    if "--json" in verb:
        assert json.loads(out)["steps"] == 3000
    else:
        assert len(out.splitlines()) == 1
    what = "comparing, equal so far" if verb == ["compare"] else "gathering in the twin"
    told = [
        line
        for line in err.splitlines()
        if re.fullmatch(rf"mgd-hdl: {what}: step [\d,]+ of 3,000, about \d+ s left", line)
    ]
    assert told
    assert all(line.startswith("mgd-hdl: ") for line in err.splitlines())


# ---- standard streams ----------------------------------------------------------------------------

EVERYTHING = """
import sys
from mgd_hdl import cli
found = []
for arguments in (
    ["list"], ["list", "--json"], ["check", "xor"], ["estimate", "xor", "--json"], ["init", "xor"],
    ["schema", "s.json"], ["schema"], ["probe", "xor", "--steps", "2"], ["check", "missing.toml"],
    ["generate", "xor"], ["compare", "--list-bugs"], ["--version"], ["--help"], ["nonsense"],
):
    try:
        found.append(cli.main(arguments))
    except SystemExit as error:
        found.append(error.code)
open("found", "w").write(repr(found))
"""


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)], ids=str)
def test_closed_streams_are_no_matter(closed):
    """Every verb does what it does, and no file that it opens is taken for a stream."""

    def close():
        for number in closed:
            os.close(number)

    run = subprocess.run(
        [sys.executable, "-c", EVERYTHING],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=close,
        timeout=100,
    )
    assert "Traceback" not in run.stdout + run.stderr
    assert run.returncode == 0
    assert Path("found").read_text() == repr([0] * 8 + [2] + [0] * 4 + [2])
    assert json.loads(Path("s.json").read_text())["title"] == "mgd_hdl trainer"
    assert bool(run.stdout) == (1 not in closed)
    assert bool(run.stderr) == (2 not in closed)


# ---- compilers -----------------------------------------------------------------------------------


def test_nobody_waits_for_compilers(tmp_path, monkeypatch):
    """Two of them work; Ctrl-C ends both, and a third is never started."""
    compiled.as_the_product(monkeypatch)
    compiler = tmp_path / "bin" / "g++"
    compiler.parent.mkdir()
    compiler.write_text('#!/bin/sh\nfor last; do :; done\necho $$ > "$last.pid"\nexec sleep 50\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(verilator, "compiler_launcher", list)
    monkeypatch.setattr(verilator.os, "cpu_count", lambda: 2)
    found: list[int] = []

    def interrupt():
        wait_for(lambda: len([path for path in tmp_path.glob("*.pid") if path.read_text()]) == 2)
        found.extend(int(path.read_text()) for path in tmp_path.glob("*.pid"))
        os.kill(os.getpid(), signal.SIGINT)

    start = time.monotonic()
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        verilator._objects(tmp_path, {f"{name}.cpp": "-O0" for name in "abc"}, "")
    assert time.monotonic() - start < 20
    assert len(found) == 2
    for process in found:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


# ---- Yosys ---------------------------------------------------------------------------------------


def test_yosys_ends_with_the_emission(monkeypatch):
    """Ctrl-C while it works: it is ended, and its status was asked for, so nothing of it is left."""
    begun: list[subprocess.Popen[str]] = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            begun.append(self)
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    monkeypatch.setattr(emit, "_yosys", emitted.genuine)
    monkeypatch.setattr(subprocess, "Popen", Noted)
    with pytest.raises(KeyboardInterrupt):
        emit.verilog(Trainer(preset("xor")), "xor")
    assert [process.returncode for process in begun] == [-signal.SIGKILL]
