"""A device between converters of data sheets, twice: in Verilog around a circuit, and in Python.

Four paths add up: the first input, the second, both together through a gate, which counts twice, and a
constant, each times a code. So XOR can be learned, and both are the same, in integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import Design, RtlTrainer, trainer_design
from mgd_sim.rtl.design import Port, Probe
from testbenches.device.parts import ADCS, MODELS, dac_chips

__all__ = ["Paths", "around", "circuit"]

#: What the wrapper has beside the trainer's own ports.
_MORE = ("cut", "violations", "requests", "answers")


@dataclass
class Paths:
    """The device in Python; ``code`` of a converter in, ``code`` of another one out."""

    config: TrainerConfig

    def write(self, parameters: np.ndarray) -> None:
        out = self.config.converters.out
        assert out is not None
        self.codes = np.rint(parameters).astype(np.int64) - (1 << out.bits - 1)

    def read(self, inputs: np.ndarray) -> np.ndarray:
        out, back = self.config.converters.out, self.config.converters.back
        assert out is not None
        assert back is not None
        a, b = np.rint(inputs).astype(np.int64).tolist()
        total = int(np.array([a, b, 2 * (a & b), 1]) @ self.codes) * 8
        top = (1 << back.bits) - 1
        shift = out.bits - back.bits
        half = 1 << back.bits - 1
        return np.array([min(max((total >> shift if shift > 0 else total << -shift) + half, 0), top)])


def around(config: TrainerConfig, files: Mapping[str, str], dac: str, adc: str) -> Design:
    """The circuit, behind its bus if it has one, chips on its wires, and the device between them; ``cut``:
    the wire from the ADC is.
    """
    plain = trainer_design(files)
    bus = ("dac_", "adc_", "m_axis_inputs_")
    own = tuple(
        Port("rst", "input", 1) if port.name == "rst_n" else port
        for port in plain.ports
        if not port.name.startswith(bus)
    )
    wires = [port for port in plain.ports if port.name.startswith(bus)]
    extra = (Port("cut", "input", 1), *(Port(name, "output", 32) for name in _MORE[1:]))
    ports = (*own, *extra)
    declared = "\n".join(
        f"  {port.direction} {'signed ' if port.signed else ''}[{port.width - 1}:0] {port.name};"
        for port in ports
    )
    inner = "\n".join(f"  wire [{port.width - 1}:0] {port.name};" for port in wires)
    given = {"rst_n": "~rst"}
    pins = ", ".join(f".{port.name}({given.get(port.name, port.name)})" for port in plain.ports)
    out, model = config.converters.out, ADCS[adc]
    assert out is not None
    codes = [
        f"$signed({{1'b0, dac_codes[{k * out.bits} +: {out.bits}]}}) - {1 << out.bits - 1}" for k in range(4)
    ]
    shift = out.bits - model.bits
    way = f">>> {shift}" if shift > 0 else f"<<< {-shift}"
    top = (1 << model.bits) - 1
    paths = "\n".join(f"  wire signed [31:0] path_{k} = {code};" for k, code in enumerate(codes))
    adc_pins = (
        ".clk(clk), .cs_n(adc_cs_n), .sck(adc_sclk), .sdi(adc_mosi), .sdo(sdo),"
        f" .analog({{{{{(model.channels - 1) * model.bits}{{1'b1}}}}, y[{model.bits - 1}:0]}}),"
        " .wrong(adc_wrong)"
    )
    text = f"""
module loop_bench({", ".join(port.name for port in ports)});
{declared}
{inner}
  {plain.top} trainer({pins});
{"  wire dac_ldac_n = 1'b1;" if "dac_ldac_n" not in {port.name for port in wires} else ""}
{dac_chips(config, dac, ("clk", "dac_cs_n", "dac_sclk", "dac_mosi", "dac_ldac_n"), config.dac.ldac)}
  // Inputs stand from one request to the next.
  reg [1:0] x = 0; reg busy_once = 0; reg [31:0] asked = 0, answered = 0;
  assign m_axis_inputs_tready = 1;
  wire takes = m_axis_inputs_tvalid & m_axis_inputs_tready;
  reg cs_was = 1;
  always @(posedge clk) begin
    cs_was <= adc_cs_n;
    if (takes) begin x <= m_axis_inputs_tdata[1:0]; asked <= asked + 1; end
    if (adc_cs_n & ~cs_was) answered <= answered + 1;
  end
{paths}
  wire signed [31:0] total = (x[0] ? path_0 : 0) + (x[1] ? path_1 : 0) + (&x ? 2 * path_2 : 0) + path_3;
  wire signed [31:0] level = (8 * total {way}) + {1 << model.bits - 1};
  wire [31:0] y = level < 0 ? 0 : level > {top} ? {top} : level;
  wire sdo; wire [7:0] adc_wrong; assign adc_miso = cut | sdo;
{model.place("chip", config, adc_pins)}
  assign violations = {{dac_wrong, adc_wrong}}; assign requests = asked; assign answers = answered;
endmodule
{MODELS}"""
    probes = tuple(
        Probe(p.name, f"trainer.{p.path}", p.width, p.signed, p.index,
              p.strobe if "." not in p.strobe and p.strobe != p.path else f"trainer.{p.strobe}")
        for p in plain.probes
    )  # fmt: skip
    return Design("loop_bench", plain.verilog + text, ports, probes)


def circuit(
    config: TrainerConfig,
    dac: str,
    adc: str,
    *,
    build: Any = None,
    seed: int | None = None,
    **changes: int,
) -> RtlTrainer:
    """A running circuit with chips and device around it."""
    design = around(config, trainer_files(config), dac, adc)
    found = RtlTrainer(config, design, config.registers(seed, **changes), build_dir=build)
    found.model.set(cut=0)
    return found
