"""The two ways to run Verilog, on a toy: are states right, and is every failure said in one line?"""

from __future__ import annotations

import json
import re
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mgd_sim.rtl import Design, Probe, RtlError, VerilatorModel, simulate
from testbenches.warm import simulator as warm

VERILOG = Path(__file__).with_name("toy.v").read_text()
BENCH = "testbenches.sim.bench_toy"

# Widths; a minus sign: signed.
INPUTS = {"clk": 1, "rst": 1, "run": 1, "fail": 1, "word": -8, "i__payload": 70, "i__valid": 1}
OUTPUTS = {"i__ready": 1, "broadcast_plus": 1, "step_done": 1, "total": -40, "digest": 70}


def toy() -> Design:
    """The toy as its maker would describe it."""
    ports = [
        {"name": name, "direction": way, "width": abs(width), "signed": width < 0, "description": ""}
        for way, group in (("input", INPUTS), ("output", OUTPUTS))
        for name, width in group.items()
    ]
    states = [
        {
            "name": name,
            "path": f"array.cell_{i}.{name}",
            "strobe": strobe,
            "width": abs(width),
            "signed": width < 0,
            "index": i,
        }
        for name, width, strobe in (("code", 1, "array.beginning"), ("theta", -8, "step_done"))
        for i in (2, 0, 1)
    ]
    sidecar = json.dumps({"top": "toy", "ports": ports, "states": states})
    files = {"toy.v": VERILOG, "toy.ports.json": sidecar, "toy.h": ""}
    return Design.from_files(files).watched(["total", "word", "absent"])


def started(model: VerilatorModel, **inputs: int) -> VerilatorModel:
    """After one clock of reset, and running."""
    model.set(rst=1)
    model.clock()
    model.set(rst=0, run=1, **inputs)
    return model


def expected(steps: int, word: int) -> dict[str, np.ndarray]:
    """What the first steps' states are."""
    code = (np.arange(steps)[:, None] >> np.arange(3)) & 1
    theta = np.cumsum((2 * code - 1) * word, axis=0).astype(np.int8)
    return {"code": code, "theta": theta, "total": -1 - np.arange(steps)}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder in which the toy's library is ready."""
    folder = tmp_path_factory.mktemp("verilated")
    VerilatorModel(toy(), folder).close()
    return folder


@pytest.fixture
def model(built):
    with VerilatorModel(toy(), built) as model:
        yield model


# ---- as a shared library ----------------------------------------------------------------------------


def test_states_of_overlapping_steps(model):
    """Codes are seen steps before their step ends, and a chunk's end changes nothing."""
    started(model, word=-77)
    chunks = [model.run(steps, 4 * steps + 20) for steps in (1, 7, 992)]
    for name, states in expected(1000, -77).items():
        np.testing.assert_array_equal(np.concatenate([chunk[name] for chunk in chunks]), states)
    assert chunks[0]["code"].dtype == np.uint8
    assert chunks[0]["theta"].dtype == np.int64
    assert model.clocks == 1 + 2 * 1000 + 4  # reset; a step in two clocks; the last one's way out


def test_states_without_a_strobe(model):
    started(model, word=3).run(5, 100)
    now = model.now()
    np.testing.assert_array_equal(now["theta"], expected(5, 3)["theta"][-1])
    assert now["total"] == model.get("total") == -5
    assert now["total"].shape == ()


def test_nothing_is_watched(built):
    with VerilatorModel(replace(toy(), probes=()), built) as model:
        for wait in (lambda: model.run(1, 100), lambda: model.look(100)):
            with pytest.raises(RtlError, match="toy: no state is watched"):
                wait()


def test_a_restart_forgets_steps_under_way(model):
    """Without it, codes of steps that never ended would stand in the new run's first rows."""
    started(model, word=1).run(10, 100)
    started(model).forget()
    np.testing.assert_array_equal(model.run(20, 100)["code"], expected(20, 1)["code"])


def test_models_are_independent(model, built):
    with VerilatorModel(toy(), built) as other:
        started(other, word=5)
        started(model, word=9).run(6, 100)
        np.testing.assert_array_equal(other.run(6, 100)["theta"], expected(6, 5)["theta"])


def test_stream(model):
    """Each payload goes over once, when the design is ready; 70 bits need three words."""
    payloads = [1 << 69, 3, (1 << 70) - 1, 0x2A_5555_0000_FFFF_1234]
    digest = 0
    for payload in payloads:
        digest = ((digest << 1 | digest >> 69) & ((1 << 70) - 1)) ^ payload
    model.feed("i", payloads)
    model.clock(3 * len(payloads) - 1)
    assert model.fed("i") == len(payloads) - 1
    model.clock(10)
    assert model.fed("i") == len(payloads)
    assert model.get("digest") == digest


def test_stream_without_end(model):
    model.feed("i", [1, 2], repeat=True)
    model.clock(3 * 4)
    assert model.fed("i") == 4
    assert model.get("digest") == ((1 << 1 ^ 2) << 1 ^ 1) << 1 ^ 2


def test_outputs_follow_inputs_without_a_clock(model):
    started(model).clock()
    assert model.get("broadcast_plus") == 1
    model.set(run=0)
    model.settle()
    assert model.get("broadcast_plus") == 0


def test_until_a_port_has_a_value(model):
    """The stream is ready in every third clock, and no step ends where none runs."""
    clocks = []
    for value, most, has in ((1, 10, True), (1, 10, True), (0, 10, True), (1, 1, False), (1, 1, True)):
        before = model.clocks
        assert model.until("i__ready", value, most) is has
        assert (model.get("i__ready") == value) is has
        clocks.append(model.clocks - before)
    assert clocks == [2, 0, 1, 1, 1]
    assert not model.until("step_done", 1, 7)
    assert model.clocks == sum(clocks) + 7
    for name, value in (("total", 0), ("i__ready", 2), ("i__ready", -1)):
        with pytest.raises(RtlError, match=f"{name} = {value}: must be unsigned"):
            model.until(name, value, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"word": 128}, "word = 128: must be an input, and -128 to 127"),
        ({"run": -1}, "run = -1: must be an input, and 0 to 1"),
        ({"total": 0}, "total = 0: must be an input"),
        ({"speed": 1}, "toy has no port 'speed'"),
    ],
)
def test_ports_are_checked(model, values, message):
    with pytest.raises(RtlError, match=message):
        model.set(**values)


def test_a_design_that_stands_still(model):
    with pytest.raises(RtlError, match="only 0 of 3 steps ended within 50 clocks"):
        model.run(3, 50)


def test_a_step_without_its_event(built):
    """Here every third clock counts as the end of a step, and no code has come before."""
    message = "a step ended without the event that comes before its end"
    with VerilatorModel(toy(), built, strobe="i__ready") as model, pytest.raises(RtlError, match=message):
        model.run(1, 50)


def test_events_without_the_end_of_their_step(built):
    message = "clock 130: 64 events of one strobe passed without the end of a step"
    with VerilatorModel(toy(), built, strobe="rst") as model, pytest.raises(RtlError, match=message):
        started(model).run(1, 500)


def test_a_stop_in_the_design_does_not_end_python(model):
    model.set(fail=1)
    with pytest.raises(RtlError, match=r"toy, clock 0: \$stop at design\.v:\d+"):
        model.clock()


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        (Probe("x", "array.cell_1.theta", 9), "array.cell_1.theta in toy: width 9 expected, 8 bits"),
        (Probe("x", "array.cell_3.theta", 8), "array.cell_3.theta in toy: width 8 expected, no such signal"),
        (Probe("x", "nothing", 1), "toy has no port 'nothing'"),
        (
            Probe("x", "array.cell_1.theta", 8, strobe="array.cell_1.theta"),
            "theta in toy: width 1 expected, 8",
        ),
    ],
)
def test_probes_are_checked(built, probe, message):
    with pytest.raises(RtlError, match=message):
        VerilatorModel(replace(toy(), probes=(*toy().probes, probe)), built)


def test_probes_of_an_array_are_numbered_without_gaps():
    with pytest.raises(ValueError, match="array theta: its probes must be numbered 0 to 1"):
        _ = replace(toy(), probes=tuple(p for p in toy().probes if p.name == "theta" and p.index != 1)).arrays


def test_wrong_verilog(tmp_path):
    """The tool's own words are shown, and nothing half built stays."""
    with pytest.raises(RtlError, match=r"translating toy: verilator_bin failed(.|\n)*nonsense"):
        VerilatorModel(toy().changed(VERILOG.replace("second <=", "nonsense <=")), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_libraries_are_kept(built, monkeypatch):
    """The second time nothing is translated or compiled; another text is another library."""
    monkeypatch.setattr("mgd_sim.rtl.verilator._translate", lambda *_: pytest.fail("Verilator ran"))
    VerilatorModel(toy(), built).close()
    with pytest.raises(pytest.fail.Exception, match="Verilator ran"):
        VerilatorModel(toy().changed(VERILOG + "\n"), built)


def test_no_compiler(built, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RtlError, match=r"asking for a C\+\+ compiler: there is no command"):
        VerilatorModel(toy(), built)


def test_trace(tmp_path):
    """A trace names the signals and holds every change."""
    with VerilatorModel(toy(), tmp_path, trace=tmp_path / "toy.vcd") as model:
        started(model, word=1).run(100, 1000)
    text = (tmp_path / "toy.vcd").read_text()
    assert " theta " in text
    assert text.count("\n#") >= 2 * 200
    with pytest.raises(RtlError, match=r"must end in \.vcd or \.fst"):
        VerilatorModel(toy(), tmp_path, trace=tmp_path / "toy.txt")


# ---- under cocotb -----------------------------------------------------------------------------------


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_bench(tmp_path, simulator):
    done = simulate(
        VERILOG, "toy", BENCH, tmp_path, simulator=simulator, parameters={"steps": 30}, waves=True
    )
    assert done.tests == (f"{BENCH}.counts_its_steps", f"{BENCH}.starts_from_zero")
    assert done.waves is not None
    assert done.waves.stat().st_size > 500
    assert "counts_its_steps" in done.log.read_text()


#: As users start a bench, and as other tests do.
both = pytest.mark.parametrize("start", [simulate, warm.simulate], ids=["from nothing", "from a copy"])


@both
def test_a_failing_bench(start, tmp_path):
    with pytest.raises(RtlError, match=rf"1 of 2 tests failed\n  {BENCH}.counts_its_steps"):
        start(VERILOG, "toy", BENCH, tmp_path, parameters={"steps": 3, "error": 1})


def test_a_bench_in_which_nothing_ran(tmp_path):
    with pytest.raises(RtlError, match="no test ran"):
        simulate(VERILOG, "toy", BENCH, tmp_path, test_filter="no such test")


@both
def test_a_bench_that_is_not_there(start, tmp_path):
    with pytest.raises(RtlError, match=r"testbenches\.sim\.absent on toy"):
        start(VERILOG, "toy", "testbenches.sim.absent", tmp_path, parameters={})


def test_a_bench_that_hangs(tmp_path):
    """It ends with its time, and so does the simulator it started."""
    with pytest.raises(RtlError, match=r"not done after 0\.5 s, stopped"):
        simulate(VERILOG, "toy", BENCH, tmp_path, parameters={"steps": 1}, timeout=0.5)


def test_a_copy_that_hangs_ends_with_its_simulator(tmp_path):
    """The next bench has another one."""
    warm.simulate(VERILOG, "toy", BENCH, tmp_path, parameters={"steps": 1})
    (simulator,) = warm.simulators
    with pytest.raises(RtlError, match=r"not done after 0\.01 s, stopped"):
        warm.simulate(VERILOG, "toy", BENCH, tmp_path, parameters={"steps": 10**9}, timeout=0.01)
    assert warm.simulators == []
    assert simulator.process.returncode == -signal.SIGKILL


@both
def test_wrong_verilog_in_a_bench(start, tmp_path):
    with pytest.raises(RtlError, match=r"on toy \(icarus\)(.|\n)*nonsense"):
        start(VERILOG.replace("second <=", "nonsense <="), "toy", BENCH, tmp_path, parameters={"steps": 1})


def test_a_bench_knows_nothing_of_those_before_it(tmp_path):
    """A copy has a process, a folder and parameters of its own, and cocotb's seed is set in each."""
    logs = []
    for steps in (30, 31):
        warm.simulate(VERILOG, "toy", BENCH, tmp_path / str(steps), parameters={"steps": steps})
        logs.append((tmp_path / str(steps) / "bench.log").read_text())
    for log in logs:
        assert log.count("Seeding Python random module with 1\n") == 1
        assert "TESTS=2 PASS=2 FAIL=0 SKIP=0" in log
    times = [re.search(r"counts_its_steps +PASS +([\d.]+)", log)[1] for log in logs]
    assert float(times[1]) > float(times[0]) > 60


def test_icarus_is_missing(tmp_path, monkeypatch):
    where = tmp_path / "bin"
    where.mkdir()
    for tool in ("g++", "make", "perl"):
        (where / tool).symlink_to(shutil.which(tool))
    monkeypatch.setenv("PATH", str(where))
    with pytest.raises(RtlError, match="iverilog"):
        simulate(VERILOG, "toy", BENCH, tmp_path)
