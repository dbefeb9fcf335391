"""Does Icarus show the same states as the twin, and end well when the design does not?"""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import trainer_files
from mgd_sim.compare import first_difference, states
from mgd_sim.rtl import Design, Port, Probe, RtlError, trainer_design
from mgd_sim.rtl.icarus import IcarusModel, IcarusTrainer
from mgd_sim.trainer import Trainer

XOR = preset("xor")
CASES = {
    "xor": XOR,
    "shadow": XOR.replaced(learning={"tau_x": 3, "tau_p": 2, "tau_theta": 7}),
    "delayed": XOR.replaced(learning={"updates": "delayed"}),
    "walsh_two_sided": XOR.replaced(perturbation={"family": "walsh"}, learning={"measure": "two_sided"}),
}

COUNTER = """\
module counter(input clk, input rst, input [69:0] add, input stop, output step_done, output [79:0] total);
  reg [79:0] sum = 0;
  reg beat = 0;
  wire [3:0] low = sum[3:0];
  wire [63:0] wide = ~sum[63:0];
  always @(posedge clk) begin
    beat <= ~beat & ~stop;
    sum <= rst ? 80'h0 : sum + add;
  end
  assign step_done = beat;
  assign total = sum;
endmodule
"""


def counter(verilog: str = COUNTER) -> Design:
    ports = (
        Port("clk", "input", 1),
        Port("rst", "input", 1),
        Port("add", "input", 70),
        Port("stop", "input", 1),
        Port("step_done", "output", 1),
        Port("total", "output", 80),
    )
    probes = (
        Probe("low", "low", 4, signed=True, index=1),
        Probe("low", "low", 4, index=0),
        Probe("beat", "beat", 1),
        Probe("wide", "wide", 64),
    )
    return Design("counter", verilog, ports, probes)


@pytest.mark.parametrize("name", CASES)
def test_states_are_the_twins(name):
    config = CASES[name]
    with IcarusTrainer(config, trainer_design(trainer_files(config)), config.registers(5)) as circuit:
        parts = [circuit.run(1), circuit.run(150), circuit.run(49)]
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    expected = states(Trainer(config, [5]).run(200, record=True))
    assert {"theta", "code", "cost", "baseline", "hold", "update", "flags"} <= set(found)
    assert first_difference(expected, found) is None


def test_signs_wide_ports_and_clocks():
    model = IcarusModel(counter())
    model.set(rst=0, add=(1 << 69) + 5, stop=0)
    model.clock(1)
    found = model.run(3, 100)
    model.close()
    assert model.clocks == 1 + 6
    assert found["beat"].tolist() == [1, 1, 1]
    low = [5 * clock % 16 for clock in (3, 5, 7)]
    assert found["wide"].tolist() == [-1 - 5 * clock for clock in (3, 5, 7)]  # as 64 bits of an integer
    assert found["low"].tolist() == [[value, (value ^ 8) - 8] for value in low]


def test_a_step_that_never_ends():
    model = IcarusModel(counter())
    model.set(stop=1)
    with pytest.raises(RtlError, match="counter: only 0 of 2 steps ended within 50 clocks"):
        model.run(2, 50)
    model.close()


def test_unknown_values_are_errors():
    model = IcarusModel(counter(COUNTER.replace("reg [79:0] sum = 0", "reg [79:0] sum")))
    with pytest.raises(RtlError, match=r"counter \(icarus\): 0 xx"):
        model.run(2, 50)
    model.close()


PARTLY = """\
module partly(clk, a, step_done);
  input clk;
  wire clk;
  input [4:0] a;
  wire [4:0] a;
  output step_done;
  wire step_done;
  reg [9:0] seen;
  always @(posedge clk)
    seen[5:1] <= a;
  assign step_done = 1'h0;
endmodule
"""


def test_bits_that_are_known_are_saved():
    """Beside others that are not, in digits of four bits."""
    ports = (Port("clk", "input", 1), Port("a", "input", 5), Port("step_done", "output", 1))
    model = IcarusModel(Design("partly", PARTLY, ports), holds=True)
    assert model.save().registers["seen"] == 0
    model.set(a=0b10101)
    model.clock(1)
    assert model.save().registers["seen"] == 0b10101 << 1
    model.close()


def test_what_does_not_compile():
    with pytest.raises(RtlError, match="compiling counter: iverilog failed"):
        IcarusModel(counter(COUNTER.replace("wire [3:0] low", "wire [3:0] other")))


def test_streams_need_another_simulator():
    config = XOR.replaced(task={"source": "stream"})
    with pytest.raises(RtlError, match="Icarus feeds no samples; use Verilator"):
        IcarusTrainer(config, trainer_design(trainer_files(config)), config.registers())
