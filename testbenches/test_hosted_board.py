"""A board with a host, from power-up on: what a script on its cable sees, and what its LEDs show."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import lint_waivers, verilog
from mgd_hdl.hierarchy import ports_of
from mgd_hdl.host import DirectLine, FramedLine, connect
from mgd_hdl.host.simulation import SimulatedUart
from mgd_hdl.hosted_board import HostedBoard
from mgd_sim.rtl.design import Design, Port
from mgd_sim.rtl.verilator import VerilatorModel
from mgd_sim.trainer import Trainer
from testbenches.linting import lint

CONFIG = preset("xor").replaced(
    host={"bus": "uart", "clock_hz": 12_000_000, "baud": 1_500_000},
    judge={"kind": "window", "limit": 0.125, "window": 64},
)
TIMES = {"power_up": 64, "debounce": 16, "blink": 32}
LEDS = ("led_running", "led_solved", "led_saturated")


@pytest.fixture
def model() -> VerilatorModel:
    board = HostedBoard(CONFIG, **TIMES)
    ports = [
        Port(name, "input" if name in ("button", "uart_rx") else "output", len(signal))
        for name, _, signal in ports_of(board)
    ]
    ports += [Port("clk", "input", 1), Port("rst", "input", 1)]
    return VerilatorModel(Design("dut", verilog(board, "dut"), tuple(ports)))


def leds(model: VerilatorModel) -> tuple[int, ...]:
    return tuple(model.get(name) for name in LEDS)


def test_a_script_on_the_cable(model):
    line = FramedLine(DirectLine(SimulatedUart(CONFIG, model)))
    model.clock(2 * TIMES["power_up"])
    assert leds(model) == (0, 0, 0)
    circuit = connect(CONFIG, line)
    circuit.start(1)
    seen = set()
    end = circuit.train(8000, until_solved=True, progress=lambda _: seen.add(leds(model)[0]))
    twin = Trainer(CONFIG, [1])
    record = twin.run(end.steps, record=True)
    assert end.solved
    assert end.cost == record.cost[-1, 0] * CONFIG.words.measured.step
    assert leds(model) == (0, 1, int(record.flags.any()))
    assert 1 in seen

    # It blinks: on for so many steps, off for as many.
    circuit.start(2)
    assert leds(model) == (0, 0, 0)
    model.clock(10)
    shown = []
    circuit.write("control", circuit.map["control"].bit("run"))
    for _ in range(4 * TIMES["blink"]):
        model.clock(22)
        shown.append(leds(model)[0])
    circuit.stop()
    turns = np.flatnonzero(np.diff(shown))
    assert (np.diff(turns) == TIMES["blink"]).all()
    assert len(turns) >= 2


def test_the_button_is_a_reset(model):
    line = FramedLine(DirectLine(SimulatedUart(CONFIG, model)))
    model.clock(2 * TIMES["power_up"])
    circuit = connect(CONFIG, line)
    circuit.start(5)
    circuit.set_knobs(tau_x=3)
    circuit.train(20)
    model.set(button=1)
    model.clock(TIMES["debounce"] - 2)
    model.set(button=0)
    model.clock(TIMES["debounce"] + 4)
    assert circuit.look().steps == 20
    model.set(button=1)
    model.clock(TIMES["debounce"] + 4)
    model.set(button=0)
    model.clock(TIMES["debounce"] + 4)
    circuit = connect(CONFIG, line)
    assert circuit.look().steps == 0
    assert circuit.knobs["tau_x"] == CONFIG.learning.tau_x
    circuit.start(5)
    assert circuit.train(20).steps == 20


def test_no_lint(tmp_path):
    (tmp_path / "waivers.vlt").write_text(lint_waivers(CONFIG))
    (tmp_path / f"{CONFIG.name}.v").write_text(verilog(HostedBoard(CONFIG), "show"))
    assert lint(tmp_path, "show", "waivers.vlt", f"{CONFIG.name}.v") == (0, "")


ODD = ({"clock_enable": True}, {"reset": "rst_n"})


@pytest.mark.parametrize(
    "host",
    [{"bus": "axi4lite"}, {"bus": "none"}, *({"bus": "uart", **odd} for odd in ODD)],
)
def test_what_is_no_board(host):
    with pytest.raises(ValueError, match=r'needs host.bus = "uart"'):
        HostedBoard(preset("xor").replaced(host=host))
