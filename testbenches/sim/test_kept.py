"""Is what was built once found again, never half built, bounded, and safe with many processes at once?"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from mgd_sim.rtl import Design, Port, Probe, RtlError, cache_folder, verilator
from mgd_sim.rtl import kept as module
from mgd_sim.rtl.kept import kept
from mgd_sim.rtl.registers import Held

#: Builds an entry slowly, says so in ``log``, and prints the entry's text; run by ``python -c``.
SLOW = """
import os, sys, time
from pathlib import Path
from mgd_sim.rtl.kept import kept

def build(place):
    with open("log", "a") as log:
        log.write(f"{os.getpid()}\\n")
    (place / "half").write_text("half")
    print("building", flush=True)
    time.sleep(float(sys.argv[1]))
    (place / "whole").write_text("whole")
    return place / "whole"

with kept(Path("cache/entry.so"), build) as path:
    print(path.read_text(), flush=True)
"""


def process(folder: Path, seconds: float) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", SLOW, str(seconds)]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)


def entry(path: Path, size: int = 1) -> Path:
    """The entry, of so many bytes if it has to be built."""

    def build(place: Path) -> Path:
        (place / "made").write_bytes(bytes(size))
        return place / "made"

    with kept(path, build) as found:
        assert found == path
        assert path.exists()
    return path


def test_the_folder(monkeypatch, tmp_path):
    """That of the variable, or else where this system keeps the user's caches."""
    monkeypatch.setenv("MGD_HDL_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine" / "verilated"
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("MGD_HDL_CACHE")
        else:
            monkeypatch.setenv("MGD_HDL_CACHE", value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
        if sys.platform == "linux":
            assert cache_folder() == tmp_path / "xdg" / "mgd-hdl" / "verilated"
        else:
            assert platformdirs.user_cache_path() in cache_folder().parents


def test_one_process_builds_and_all_use(tmp_path):
    processes = [process(tmp_path, 0.5) for _ in range(3)]
    outputs = [each.communicate(timeout=60)[0] for each in processes]
    assert all(output.endswith("whole\n") for output in outputs)
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["entry.so", "entry.so.lock"]


def test_a_killed_build_leaves_no_entry(tmp_path):
    """Who comes next builds anew; who builds something else clears away what was left."""
    for again in (True, False):
        killed = process(tmp_path, 60)
        assert killed.stdout is not None
        assert killed.stdout.readline() == "building\n"
        killed.kill()
        killed.communicate()
        assert (tmp_path / "cache" / "entry.so.building" / "half").exists()
        if again:
            assert process(tmp_path, 0).communicate(timeout=60)[0] == "building\nwhole\n"
            assert not (tmp_path / "cache" / "entry.so.building").exists()
            (tmp_path / "cache" / "entry.so").unlink()
        else:
            entry(tmp_path / "cache" / "other.so")
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["other.so", "other.so.lock"]


def test_what_was_not_used_for_longest_goes(tmp_path, monkeypatch):
    """Entries in use stay, and so does the newest, however large."""
    monkeypatch.setattr(module, "LIMIT", 1000)
    for number in range(3):
        os.utime(entry(tmp_path / f"{number}.so", 300), ns=(number, number))
    entry(tmp_path / "0.so")  # used again
    entry(tmp_path / "3.so", 300)
    assert sorted(path.name for path in tmp_path.glob("*.so")) == ["0.so", "2.so", "3.so"]
    with kept(tmp_path / "2.so", lambda _place: pytest.fail("it was there")):
        entry(tmp_path / "4.so", 5000)
        assert sorted(path.name for path in tmp_path.glob("*.so")) == ["2.so", "4.so"]
    assert {path.name for path in tmp_path.iterdir()} == {"2.so", "2.so.lock", "4.so", "4.so.lock"}


def test_an_entry_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    """After a crash of the system there would else be a library without its end, and loading it kills."""
    seen = []
    flush = os.fsync

    def flushed(number: int) -> None:
        seen.append((os.fstat(number).st_size, (tmp_path / "x.so").exists()))
        flush(number)

    monkeypatch.setattr(os, "fsync", flushed)
    entry(tmp_path / "x.so", 123)
    assert seen == [(123, False)]


def test_a_failed_build_leaves_nothing(tmp_path):
    def fails(place: Path) -> Path:
        (place / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), kept(tmp_path / "cache" / "x.so", fails):
        pass
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    message = f"{tmp_path}/file/cache: cannot be written: not a directory; MGD_HDL_CACHE names another folder"
    with pytest.raises(RtlError) as caught:
        entry(tmp_path / "file" / "cache" / "x.so")
    assert str(caught.value).startswith(message)


# ---- compiled circuits ------------------------------------------------------------------------------

COUNTER = """
module counter(input clk, output reg step_done, output reg [3:0] count);
  initial begin step_done = 1; count = 0; end
  always @(posedge clk) count <= count + 4'd1;
endmodule
"""
PORTS = (Port("clk", "input", 1), Port("step_done", "output", 1), Port("count", "output", 4))
DESIGN = Design("counter", COUNTER, PORTS, (Probe("count", "count", 4),))


def test_a_name_tells_all_that_went_into_it(monkeypatch, tmp_path):
    """Whatever is changed, what was compiled before is not found."""
    seen = [verilator._key(DESIGN, trace) for trace in ("", "vcd")]
    seen.append(verilator._key(DESIGN.changed(COUNTER + "\n"), ""))
    seen.append(verilator._key(replace(DESIGN, ports=PORTS[:2]), ""))
    inner = Probe("inner", "core.count", 4)
    seen.append(verilator._key(replace(DESIGN, probes=(inner,)), ""))
    seen.append(verilator._key(DESIGN, "", [Held("core.count", 4)]))
    wrapper = tmp_path / "wrapper.cpp"
    wrapper.write_text("// another\n")
    for name, value in {
        "_WRAPPER": wrapper,
        "_versions": lambda: "others",
        "_VERILATOR_FLAGS": ("-O2",),
        "_CXX_FLAGS": ("-g",),
        "_FAST": "-O3",
        "_SLOW": "-O1",
    }.items():
        with monkeypatch.context() as patch:
            patch.setattr(verilator, name, value)
            seen.append(verilator._key(DESIGN, ""))
    assert len(set(seen)) == len(seen)
    assert verilator._key(DESIGN, "") == seen[0]
