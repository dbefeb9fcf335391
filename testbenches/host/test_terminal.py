"""Through a pseudo-terminal, with an ordinary serial client: from training to a pulled plug."""

from __future__ import annotations

import os
import time
import tty
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.frames import Reply, Request, framed, unframed
from mgd_hdl.config.memory_map import IDENTIFICATION
from mgd_hdl.host import HostError, LineTaken, NoAnswer, Standing, Unplugged, connect
from mgd_hdl.host.framed import FramedLine
from mgd_hdl.host.software import SoftwareCircuit
from mgd_sim.trainer import Trainer

serial = pytest.importorskip("serial", reason="the extra serial is not installed")
from mgd_hdl.host.serial_port import SerialPort  # noqa: E402
from mgd_hdl.host.terminal import Terminal  # noqa: E402

XOR = preset("xor").replaced(host={"bus": "uart"})


def test_trained_through_a_port():
    software = SoftwareCircuit(XOR)
    with Terminal(software) as terminal, connect(XOR, terminal.port) as circuit:
        circuit.start(2)
        assert circuit.train(300).steps == 300
    twin = Trainer(XOR, [2])
    twin.run(300)
    assert np.array_equal(software._learner.twin.theta, twin.theta)


def test_bytes_of_the_page():
    """Another client than ours, which knows the page: a read of the identification word."""
    with Terminal(SoftwareCircuit(XOR)) as terminal:
        with serial.Serial(terminal.port, 115200, timeout=5) as port:
            port.write(b"garbage\0" + framed(Request(1, 0).content))
            reply = Reply.parsed(unframed(port.read_until(b"\0")[:-1]))
    assert reply.words == (IDENTIFICATION,)


def test_two_drivers_on_one_line():
    with Terminal(SoftwareCircuit(XOR)) as terminal:
        with connect(XOR, terminal.port) as circuit:
            with pytest.raises(LineTaken) as caught:
                connect(XOR, terminal.port)
            line = f"serial line {terminal.port} at 115200 baud"
            assert str(caught.value) == f"{line}: another program is using it"
            circuit.start()
            assert circuit.step(2).steps == 2
        connect(XOR, terminal.port).close()


def test_the_plug_is_pulled_in_mid_training():
    software = SoftwareCircuit(XOR)
    terminal = Terminal(software)
    circuit = connect(XOR, terminal.port)
    circuit.start()

    def pull(standing: Standing) -> None:
        if standing.steps > 100:
            terminal.close()

    with pytest.raises(Unplugged) as caught:
        circuit.train(1_000_000, progress=pull)
    assert str(caught.value).startswith(f"serial line {terminal.port} at 115200 baud, register ")
    assert "the device is gone" in str(caught.value)
    circuit.close()
    with Terminal(software) as terminal, connect(XOR, terminal.port) as circuit:
        assert circuit.look().running
        circuit.stop()
        steps = circuit.look().steps
        assert circuit.train(20).steps == steps + 20
    twin = Trainer(XOR, [XOR.seed])
    twin.run(steps + 20)
    assert np.array_equal(software._learner.twin.theta, twin.theta)


@pytest.mark.parametrize("babbles", [False, True])
def test_something_else_is_at_the_port(babbles: bool):
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        line = FramedLine(SerialPort(os.ttyname(theirs), 115200), tries=2, time_out=0.05)
        if babbles:
            os.write(ours, bytes(range(1, 200)) + b"\0" + bytes(range(50, 250)))
        before = time.monotonic()
        with pytest.raises(NoAnswer) as caught:
            connect(XOR, line)
        assert time.monotonic() - before < 2
        what = "only 399 bytes that are none" if babbles else "is this the port"
        assert "at 115200 baud, register id (0x000): no answer" in str(caught.value)
        assert what in str(caught.value)
        line.close()
    finally:
        os.close(ours)
        os.close(theirs)


def test_no_such_port(tmp_path: Path):
    with pytest.raises(HostError, match=r"nothing at 115200 baud: there is no such port$"):
        connect(XOR, str(tmp_path / "nothing"))
    (tmp_path / "file").write_text("no terminal")
    with pytest.raises(HostError, match="cannot be opened"):
        connect(XOR, str(tmp_path / "file"))
