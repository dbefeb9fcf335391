"""The verb that talks to a circuit: through a pseudo-terminal, and to one in simulation."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import load, preset
from mgd_hdl.config.registers import followed
from mgd_hdl.config.toml import preset_text
from mgd_hdl.host import ChipInTheLoop, Taken, connect
from mgd_hdl.host.software import SoftwareCircuit
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.outside import Sums

pytest.importorskip("serial", reason="the extra serial is not installed")
from mgd_hdl.host.terminal import Terminal

EXAMPLES = Path(__file__).parents[2] / "examples"
XOR = preset("xor")
UNIT = XOR.words.measured.step


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def port() -> Iterator[str]:
    with Terminal(SoftwareCircuit(XOR)) as terminal:
        yield terminal.port


def test_what_is_there(port, capsys):
    assert cli.main(["connect", "xor", "--port", port]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[:2] == [
        f"xor_trainer on serial line {port} at 115200 baud",
        "  step 0, standing",
    ]
    assert "tau_x 1, tau_p 1, tau_theta 1, learning_shift 1, seed_code " in out


def test_it_learns_and_goes_on(port, capsys):
    twin = Trainer(XOR, [6])
    record = twin.run(400, record=True)
    assert cli.main(["connect", "xor", "--port", port, "--steps", "300", "--seed", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["steps"], found["running"], found["solved"]) == (300, False, None)
    assert (found["cost"], found["baseline"]) == (record.cost[299, 0] * UNIT, record.baseline[299, 0] * UNIT)
    assert found["knobs"]["seed_code"] == XOR.registers(6).seed_code
    assert cli.main(["connect", "xor", "--port", port, "--steps", "100", "--go-on"]) == 0
    out = capsys.readouterr().out
    assert "  step 400, standing\n" in out
    assert f"  last C {record.cost[399, 0] * UNIT:.4f}, C0 {record.baseline[399, 0] * UNIT:.4f}\n" in out


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--until-solved"], '--until-solved: needs a judge in the circuit: judge.kind = "window"'),
        (["-o", "x.npz"], '-o = x.npz: parameters can be read and written with engine.access = "yes" only'),
        (["--seed", "3"], "--seed = 3: is for a start, with --steps or --until-solved"),
        (["--seed", "3", "--steps", "5", "--go-on"], "--seed = 3: is for a start"),
        (
            ["--checkpoint", "x.npz", "--steps", "5"],
            "--checkpoint = x.npz: parameters can be read and written",
        ),
        (["--resume", "x.npz"], "--resume = x.npz: parameters can be read and written"),
    ],
)
def test_what_cannot_be_asked_for(port, capsys, arguments, line):
    assert cli.main(["connect", "xor", "--port", port, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mgd-hdl: {line}")
    assert err.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_the_wrong_circuit_and_no_port(port, capsys):
    Path("other.toml").write_text(preset_text("xor").replace("rate = 0.5", "rate = 0.25"))
    assert cli.main(["connect", "other.toml", "--port", port]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(
        f"mgd-hdl: serial line {port} at 115200 baud, register hash_low (0x008): a trainer of"
    )
    assert err.count("\n") == 1
    assert cli.main(["connect", "xor", "--port", "/dev/nothing"]) == 2
    assert capsys.readouterr().err == (
        "mgd-hdl: serial line /dev/nothing at 115200 baud: there is no such port\n"
    )


def test_the_plug_is_pulled_in_mid_training(capsys):
    """One line, no file; the circuit goes on, and whoever comes next finds it."""
    Path("doors.toml").write_text(preset_text("xor") + '[engine]\naccess = "yes"\n')
    config = load("doors.toml")
    software = SoftwareCircuit(config)
    terminal = Terminal(software)

    def pull() -> None:
        end = time.monotonic() + 60
        while software.bank.steps < 100 and time.monotonic() < end:
            time.sleep(0.01)
        terminal.close()

    hand = threading.Thread(target=pull)
    hand.start()
    arguments = ["connect", "doors.toml", "--steps", "1000000", "-o", "x.npz", "--checkpoint", "run.npz"]
    assert cli.main([*arguments, "--port", terminal.port]) == 2
    hand.join()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith(f"mgd-hdl: serial line {terminal.port} at 115200 baud, register ")
    assert err.endswith(": the device is gone\n")
    assert [path.name for path in Path().iterdir()] == ["doors.toml"]
    with Terminal(software) as terminal:
        assert cli.main(["connect", "doors.toml", "--port", terminal.port, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["running"]
    assert found["steps"] >= 100


def test_samples_of_the_task_go_over_the_line(capsys):
    """From the file of a stream, each in turn."""
    config = load(EXAMPLES / "09_stream.toml")
    with Terminal(SoftwareCircuit(config)) as terminal:
        arguments = ["connect", str(EXAMPLES / "09_stream.toml"), "--port", terminal.port, "--steps", "30"]
        assert cli.main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    record = Trainer(config, [config.seed], samples=port_samples(config)).run(30, record=True)
    assert record is not None
    assert (found["steps"], found["cost"]) == (30, record.cost[-1, 0] * config.words.measured.step)
    Path("axis.toml").write_text(
        (EXAMPLES / "09_stream.toml").read_text() + '[host]\nbus = "uart"\nsamples = "stream"\n'
    )
    assert cli.main(["connect", "axis.toml", "--port", "/dev/nothing", "--steps", "1"]) == 2
    assert capsys.readouterr().err == (
        'mgd-hdl: host.samples = "stream": must be "window" for samples of a computer\n'
    )


def test_parameters_to_a_file(capsys):
    """The file that train and simulate write, with what the circuit holds."""
    Path("doors.toml").write_text(preset_text("xor") + '[engine]\naccess = "yes"\n')
    config = load("doors.toml")
    with Terminal(SoftwareCircuit(config)) as terminal:
        arguments = ["connect", "doors.toml", "--port", terminal.port, "-o", "learned.npz"]
        assert cli.main([*arguments, "--steps", "200", "--seed", "4"]) == 0
        assert cli.main(arguments) == 2
    assert "learned.npz: exists" in capsys.readouterr().err
    twin = Trainer(config, [4])
    twin.run(200)
    with np.load("learned.npz", allow_pickle=False) as found:
        assert found["T"].tolist() == twin.theta.tolist()
        assert found["step"] == 200
        assert found["seeds"].tolist() == [4]
        cost, accuracy = twin.cost_and_accuracy()
        assert (found["cost"], found["accuracy"]) == (cost, accuracy)


def test_a_training_that_was_cut_goes_on(capsys):
    """In another circuit, by the file alone; the twin makes all of it again."""
    Path("doors.toml").write_text(preset_text("xor") + '[engine]\naccess = "yes"\n')
    config = load("doors.toml")
    for steps, options in (
        ("200", ["--seed", "4", "--checkpoint", "run.npz"]),
        ("100", ["--resume", "run.npz", "--checkpoint", "run.npz", "-o", "learned.npz"]),
    ):
        with Terminal(SoftwareCircuit(config)) as terminal:
            arguments = ["connect", "doors.toml", "--port", terminal.port, "--steps", steps, *options]
            assert cli.main(arguments) == 0
    assert "  step 100, standing\n" in capsys.readouterr().out
    taken = Taken.read("run.npz", config)
    assert [part.steps for part in taken.parts] == [200, 100]
    assert followed(config, taken.parts[0].registers) == followed(config, config.registers(4))
    twin = taken.twin(config)
    assert taken.theta.tolist() == twin.theta[0].tolist()
    with np.load("learned.npz", allow_pickle=False) as found:
        assert found["T"].tolist() == twin.theta.tolist()
        assert found["step"] == 300
    # A file of the first part is not taken for a new one, nor anything else for such a file.
    with Terminal(SoftwareCircuit(config)) as terminal:
        arguments = ["connect", "doors.toml", "--port", terminal.port, "--steps", "1"]
        assert cli.main([*arguments, "--checkpoint", "run.npz"]) == 2
        assert "run.npz: exists; --force replaces it" in capsys.readouterr().err
        assert cli.main([*arguments, "--resume", "doors.toml"]) == 2
        assert "doors.toml: is no checkpoint of mgd-hdl" in capsys.readouterr().err
        assert cli.main([*arguments, "--resume", "run.npz", "--go-on"]) == 2
        assert "--resume = run.npz: is a start of its own" in capsys.readouterr().err
        assert cli.main([*arguments, "--checkpoint", "new.npz", "--go-on"]) == 2
        assert "--checkpoint = new.npz: is for a training from its start on" in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir()) == ["doors.toml", "learned.npz", "run.npz"]


def test_an_interruption_keeps_what_was_learned():
    """Up to the end of a window; the file goes on elsewhere."""
    Path("doors.toml").write_text(preset_text("xor") + '[engine]\naccess = "yes"\n')
    config = load("doors.toml")
    software = SoftwareCircuit(config)
    with Terminal(software) as terminal:
        command = [sys.executable, "-m", "mgd_hdl", "connect", "doors.toml", "--port", terminal.port]
        command += ["--steps", "1000000000", "--checkpoint", "run.npz"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as verb:
            end = time.monotonic() + 60
            while software.bank.steps < 100 and time.monotonic() < end:
                time.sleep(0.02)
            verb.send_signal(signal.SIGINT)
            _, said = verb.communicate(timeout=60)
    assert verb.returncode == 130
    assert re.search(r"interrupted; the circuit stands at step ([\d,]+); kept run.npz\n$", said), said
    taken = Taken.read("run.npz", config)
    assert taken.steps == software.bank.steps
    assert taken.theta.tolist() == taken.twin(config).theta[0].tolist()


def test_an_interruption_stops_the_circuit():
    """Between two steps; the line goes to whoever comes next."""
    software = SoftwareCircuit(XOR)
    with Terminal(software) as terminal:
        command = [sys.executable, "-m", "mgd_hdl", "connect", "xor", "--port", terminal.port]
        with subprocess.Popen([*command, "--steps", "1000000000"], stderr=subprocess.PIPE, text=True) as verb:
            end = time.monotonic() + 60
            while software.bank.steps < 100 and time.monotonic() < end:
                time.sleep(0.02)
            verb.send_signal(signal.SIGINT)
            _, said = verb.communicate(timeout=60)
        assert verb.returncode == 130
        found = re.fullmatch(r"(?s).*mgd-hdl: interrupted; the circuit stands at step ([\d,]+)\n", said)
        assert found is not None, said
        with connect(XOR, terminal.port) as circuit:
            seen = circuit.look()
            assert not seen.running
            assert 0 <= seen.steps - int(found[1].replace(",", "")) <= 1


def test_in_simulation(capsys):
    """One that has no bus gets a serial line."""
    assert cli.main(["connect", "xor", "--port", "simulation", "--steps", "250", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    record = Trainer(XOR, [XOR.seed]).run(250, record=True)
    assert record is not None
    assert found["transport"] == "serial line of xor_trainer in simulation"
    assert (found["steps"], found["cost"]) == (250, record.cost[-1, 0] * UNIT)


# ---- a device outside ------------------------------------------------------------------------------------

LOOP = """
name = "loop9"
[network]
layers = [2, 1]
[learning]
rate = 0.5
[task]
name = "xor"
[engine]
access = "yes"
[device]
kind = "outside"
parameters = [9]
settle = 1e-5
repeats = 1
give_up = 3
"""


class Supplied(Sums):
    """It fails where its supply does."""

    supply = True

    def read(self, inputs: np.ndarray) -> np.ndarray:
        if not self.supply:
            raise OSError("no supply")
        return super().read(inputs)


def test_a_circuit_for_a_device_outside(capsys):
    """It learns, rests where the device fails, and says why; --go-on goes on."""
    Path("loop.toml").write_text(LOOP)
    config = load("loop.toml")
    device = Supplied(config)
    with Terminal(SoftwareCircuit(config, device=device)) as terminal:
        verb = ["connect", "loop.toml", "--port", terminal.port]
        assert cli.main([*verb, "--steps", "40", "--seed", "5", "--checkpoint", "run.npz"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1] == "  step 40, standing"
        assert lines[-4:-1] == [
            "  device in the loop: no fault",
            "  measurements 80 begun, 80 taken, 0 dropped",
            "  settle 1e-05, pause 1, time_out 0, average 1, repeats 1, give_up 3",
        ]
        assert lines[-1].startswith("  tau_x 1, ")
        assert "device_" not in lines[-1]
        device.supply = False
        assert cli.main([*verb, "--steps", "100", "--go-on"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err == (
            f"mgd-hdl: serial line {terminal.port} at 115200 baud, register status (0x044): the device failed"
            " too often: refused; parameters rest in step 43, go_on goes on, a start begins anew\n"
        )
        assert cli.main(verb) == 0
        assert "  device at rest: refused\n  measurements 86 begun, 80 taken, 6 dropped\n" in (
            capsys.readouterr().out
        )
        device.supply = True
        assert cli.main([*verb, "--steps", "10", "--go-on", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
    assert found["steps"] == 53
    assert found["device"] == {
        "resting": False,
        "faults": [],
        "asked": 106,
        "taken": 100,
        "dropped": 6,
        "knobs": {"settle": 1e-5, "pause": 1.0, "time_out": 0, "average": 1, "repeats": 1, "give_up": 3},
    }
    assert found["knobs"]["device_settle"] == 120
    loop = ChipInTheLoop(Supplied(config), config, [5])
    loop.run(40)
    assert Taken.read("run.npz", config).theta.tolist() == loop.trainer.theta[0].tolist()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port", "simulation"], 'must be a serial port with device.kind = "outside", which is not simul'),
        (["--port", "/dev/nothing", "-o", "x.npz"], 'must be left out with device.kind = "outside"; --check'),
    ],
)
def test_what_a_loop_has_not(capsys, arguments, line):
    Path("loop.toml").write_text(LOOP)
    assert cli.main(["connect", "loop.toml", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert line in err
    assert err.count("\n") == 1
