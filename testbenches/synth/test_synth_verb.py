"""Does ``mgd-hdl synth`` write what it says, refuse in one line, and leave nothing when it is stopped?"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from mgd_hdl import cli
from mgd_hdl.config.toml import preset_text
from mgd_synth.flow import TARGETS


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_help_names_every_target(capsys):
    with pytest.raises(SystemExit):
        cli.main(["synth", "--help"])
    text = capsys.readouterr().out
    words = re.findall(r"[\w-]+", " ".join(text.split()))
    assert [word for word in words if word in TARGETS][: len(TARGETS)] == list(TARGETS)


def test_report_and_files(capsys):
    """JSON on the standard output, progress beside it, and both forms in the folder."""
    command = ["synth", "xor", "--target", "ice40-up5k", "--seed", "2", "--freq", "40"]
    assert cli.main([*command, "--no-twin", "--json", "-o", "out"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["options"] == {"seed": 2, "aim": "40 MHz"}
    assert found["resources"]["logic cells"]["available"] == 5280
    assert found["clocks_per_step"] == 22
    assert found["solution"] is None
    assert json.loads(Path("out/xor_trainer.ice40-up5k.json").read_text()) == found
    assert Path("out/xor_trainer.ice40-up5k.md").read_text().startswith("# xor_trainer on ice40-up5k\n")
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "mgd_hdl_files.json",
        "xor_trainer.ice40-up5k.json",
        "xor_trainer.ice40-up5k.md",
    ]
    assert re.search(r"^ +\d+\.\d s  yosys: starting$", err, re.MULTILINE)
    assert re.search(r"^ +\d+\.\d s  nextpnr: starting$", err, re.MULTILINE)
    assert "wrote out/xor_trainer.ice40-up5k.json" in err


def test_time_to_solution(capsys):
    """The twin of XOR solves it with most seeds; without a clock rate only the paper's rows have times."""
    assert cli.main(["synth", "xor", "--target", "generic", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["solution"]
    assert (found["seeds"], found["solved"]) == (15, 8)
    assert 500 < found["median"] <= found["steps"] < 100_000
    assert found["goal"] == "accuracy 100%, mean cost below 0.04, looked at every 10 steps"
    assert found["seconds"] is None
    assert found["paper"]["HW1"] == pytest.approx(2 * found["median"] * 1e-3)


def test_tasks_without_a_goal(capsys):
    text = preset_text("parity4").replace('"parity4"', '"parity3"').replace("[4, 4, 1]", "[3, 3, 1]")
    Path("p3.toml").write_text(text)
    assert cli.main(["synth", "p3.toml", "--target", "generic"]) == 0
    out, err = capsys.readouterr()
    assert "twin: task parity3 has no goal" in err
    assert "Time to solution" not in out


# ---- refusals ------------------------------------------------------------------------------------


def refused(capsys, *arguments: str) -> str:
    assert cli.main(["synth", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    return line


def test_bad_input_is_told_at_once(capsys):
    assert refused(capsys, "xor", "--target", "ice40").startswith(
        "mgd-hdl: no target 'ice40' (did you mean \"ice40-up5k\"?); there are ice40-up5k, ice40-hx8k, "
    )
    assert "--liberty FILE.lib" in refused(capsys, "xor", "--target", "liberty")
    assert "uses no library" in refused(capsys, "xor", "--target", "generic", "--liberty", "a.lib")
    assert refused(capsys, "xor", "--target", "liberty", "--liberty", "a.lib") == (
        "mgd-hdl: a.lib: cannot be read: no such file or directory"
    )
    assert 'xorr: is neither a file nor a preset (did you mean "xor"?)' in refused(
        capsys, "xorr", "--target", "generic"
    )


def test_foreign_files_are_refused_before_the_work(capsys):
    Path("out").mkdir()
    Path("out/xor_trainer.generic.md").write_text("precious")
    start = time.monotonic()
    line = refused(capsys, "xor", "--target", "generic", "-o", "out")
    assert "out/xor_trainer.generic.md: exists and was not written by mgd-hdl" in line
    assert time.monotonic() - start < 2
    assert Path("out/xor_trainer.generic.md").read_text() == "precious"
    assert [path.name for path in Path("out").iterdir()] == ["xor_trainer.generic.md"]


# ---- stopped ---------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(after[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped(number, status, tmp_path):
    """No tool goes on, no folder stays, no file is written."""
    scratch = Path(tempfile.mkdtemp(dir=tmp_path))
    command = [sys.executable, "-m", "mgd_hdl", "synth", "nist7x7", "--target", "ecp5-85k", "-o", "out"]
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as run:
        until = time.monotonic() + 60
        while not any(scratch.glob("*/design.v")) or not children(run.pid):
            assert time.monotonic() < until
            time.sleep(0.05)
        time.sleep(1)  # the tool is at work
        tools = children(run.pid)
        assert tools
        run.send_signal(number)
        _, said = run.communicate(timeout=30)
    assert run.returncode == status, said
    assert "Traceback" not in said
    for tool in tools:
        with pytest.raises(ProcessLookupError):
            os.kill(tool, 0)
    assert list(scratch.iterdir()) == []
    assert not Path("out").exists()
