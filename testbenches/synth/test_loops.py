"""Clocks of a measurement in the loop, as the tables count them, are those that a circuit takes."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import Design, RtlTrainer, trainer_design
from mgd_sim.rtl.design import Port
from mgd_synth.loops import Pace, loop, main, measurement_clocks, rate
from testbenches.spi_device import circuit


def paced(config: TrainerConfig) -> Design:
    """The circuit, and a device that takes a parameter every ``word`` clocks and answers after ``answer``."""
    plain = trainer_design(trainer_files(config))
    own = tuple(port for port in plain.ports if "_axis_" not in port.name)
    wires = [port for port in plain.ports if "_axis_" in port.name]
    extra = (Port("word", "input", 16), Port("answer", "input", 16), Port("spent", "output", 32),
             Port("spent_count", "output", 32))  # fmt: skip
    ports = (*own, *extra)
    declared = "\n".join(
        f"  {port.direction} {'signed ' if port.signed else ''}[{port.width - 1}:0] {port.name};"
        for port in ports
    )
    inner = "\n".join(f"  wire [{port.width - 1}:0] {port.name};" for port in wires)
    pins = ", ".join(f".{port.name}({port.name})" for port in plain.ports)
    top = plain.top
    text = f"""
module loop_bench({", ".join(port.name for port in ports)});
{declared}
{inner}
  {top} trainer({pins});
  reg [15:0] rest = 0, left = 0; reg valid = 0; reg [3:0] tid = 0; reg [31:0] now = 0, begun = 0;
  reg [31:0] spent_reg = 0, count_reg = 0; reg [23:0] asked_was = 0, taken_was = 0; reg working = 0;
  reg [31:0] level = 0;
  assign m_axis_parameters_tready = rest == 0; assign m_axis_inputs_tready = 1;
  assign s_axis_readings_tvalid = valid; assign s_axis_readings_tid = tid;
  assign s_axis_readings_tuser = 0; assign s_axis_readings_tdata = level[11:0];
  assign spent = spent_reg; assign spent_count = count_reg;
  always @(posedge clk) begin
    now <= now + 1;
    level <= level * 1103515245 + 12345;
    rest <= m_axis_parameters_tvalid && rest == 0 ? word - 1 : rest != 0 ? rest - 1 : 0;
    valid <= 0;
    if (m_axis_inputs_tvalid) begin
      tid <= m_axis_inputs_tid; left <= answer - 1; working <= answer != 1; valid <= answer == 1;
    end else if (working) begin
      left <= left - 1;
      if (left == 1) begin valid <= 1; working <= 0; end
    end
    // From the clock of the command, which is counted in the next one, to that in which the cost is there.
    asked_was <= asked_count; taken_was <= taken_count;
    if (asked_count != asked_was) begun <= now - 1;
    if (taken_count != taken_was) begin spent_reg <= now - begun; count_reg <= count_reg + 1; end
  end
endmodule
"""
    return Design("loop_bench", plain.verilog + text, ports, ())


def clocks(config: TrainerConfig, pace: Pace, build: Any) -> set[int]:
    """Of measurements behind the first ones."""
    with RtlTrainer(
        config, paced(config), config.registers(device_settle=pace.settle), build_dir=build
    ) as found:
        model = found.model
        model.set(word=pace.word, answer=pace.answer)
        model.clock(6 * measurement_clocks(config, pace) + 8 * config.parameters)
        seen = set()
        for _ in range(12):
            count = model.get("spent_count")
            while model.get("spent_count") == count:
                model.clock(1)
            seen.add(model.get("spent"))
    return seen


@pytest.fixture
def build(tmp_path_factory):
    return tmp_path_factory.getbasetemp().parent / "verilated"


PACES = [
    Pace(),
    Pace(word=1, settle=9, answer=5),
    Pace(word=3),
    Pace(word=13, settle=4, answer=30),
    Pace(word=40, settle=9, answer=40),
]


@pytest.mark.parametrize(
    ("parameters", "engine"),
    [(16, "parallel"), (16, "bank"), pytest.param(16, "serial", marks=pytest.mark.only_all)],
)
def test_clocks_of_a_measurement(parameters, engine, build):
    """Of a device whose converters are as fast as the circuit, and slower than it in each way."""
    config = loop(parameters, engine).replaced(device={"sends": "all"})
    for pace in PACES:
        assert clocks(config, pace, build) == {measurement_clocks(config, pace)}, pace


@pytest.mark.parametrize("settle", [0, 25])
def test_clocks_with_converters_on_a_bus(settle, build):
    """Whose own clocks are counted in their benches."""
    config = loop(4, "parallel", buses=True).replaced(device={"sends": "all"})
    with circuit(config, "MCP4922", "MCP3208", build=build, device_settle=settle) as found:
        model, seen = found.model, set()
        for _ in range(10):
            asked = model.get("asked_count")
            while model.get("asked_count") == asked:
                model.clock(1)
            begun, taken = model.clocks, model.get("taken_count")
            while model.get("taken_count") == taken:
                model.clock(1)
            seen.add(model.clocks - begun)
    # A command is counted in the clock behind it.
    assert {each + 1 for each in seen} == {measurement_clocks(config, Pace(settle=settle))}


def test_rates_by_hand():
    """16 parameters at 12 MHz: 35 clocks, and a word a clock; at 1 MHz twelve clocks for each."""
    config = loop(16, "parallel")
    assert measurement_clocks(config, Pace()) == 1 + 16 + 4 + 1 + 2 + 11
    assert rate(config, 12e6, 100e6) == pytest.approx(12e6 / 35)
    assert rate(config, 12e6, 1e6) == pytest.approx(12e6 / (35 + 15 * 11 + 11))


def test_a_word_that_names_no_case(capsys):
    """Beside one that does."""
    with pytest.raises(SystemExit) as stopped:
        main(["--list", "ice40-hx8k-16", "array-late"])
    assert stopped.value.code == 2
    assert "no case begins with 'array-late'" in capsys.readouterr().err
