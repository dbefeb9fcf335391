"""Do circuits start from whatever registers hold? Those of ``examples`` do in their own test."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mgd_hdl.config import PRESETS, TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import RtlError, trainer_design
from mgd_synth.yosys import YOSYS
from testbenches.power_up import powered_up, random_bits, started, starts_from_anything, with_resets

XOR = preset("xor")

CONFIGURATIONS: dict[str, TrainerConfig] = {
    **{name: preset(name) for name in PRESETS if name != "xor"},  # the first example
    "serial": XOR.replaced(engine={"cell": "serial"}),
    "serial, sequential, leaves": preset("parity4").replaced(
        engine={"cell": "serial", "leaves": "yes"}, perturbation={"family": "sequential"}
    ),
    "external": XOR.replaced(
        perturbation={"family": "external", "resolution": 3},
        learning={"tau_x": 4, "tau_p": 2, "tau_theta": 6},
    ),
    "small leaves, early enables": preset("parity4").replaced(engine={"enables": "early", "leaf_cells": 4}),
    "hinge, gate, noise, answers, dither, an amplitude that halves": XOR.replaced(
        network={"activation": ["sigmoid", "linear"]},
        cost={"loss": "hinge", "gate": 0.01, "limit": 0.5},
        perturbation={"halve_every": 2},
        learning={"rounding": "stochastic", "tau_theta": 2, "anneal_every": 2, "rate": 0.125},
        task={"accuracy": True},
        imperfections={"cost_noise": 0.03},
    ),
    "inference, two-sided": XOR.replaced(network={"inference": "yes"}, learning={"measure": "two_sided"}),
    "access": XOR.replaced(engine={"access": "yes"}, learning={"follow": 2}),
    "access, a chain": XOR.replaced(engine={"access": "yes"}, perturbation={"family": "square"}),
    # The last group has a lane without a neuron, whose words nothing ever makes known.
    "bank": XOR.replaced(
        network={"layers": [2, 3, 1]},
        perturbation={"family": "walsh"},
        engine={"kind": "bank", "lanes": 2},
    ),
    "bank, single ports": XOR.replaced(
        perturbation={"family": "walsh"}, engine={"kind": "bank", "lanes": 2, "memory": "single_port"}
    ),
    "bank, layer by layer": XOR.replaced(
        network={"layers": [2, 3, 1]},
        perturbation={"granularity": "layer"},
        engine={"kind": "bank", "lanes": 2},
    ),
    "bank, sparse": XOR.replaced(
        network={"layers": [2, 3, 1]},
        perturbation={"share": 0.5},
        engine={"kind": "bank", "lanes": 2},
    ),
    "bank, nodes": XOR.replaced(
        network={"layers": [2, 3, 1]},
        perturbation={"granularity": "node"},
        formats={"parameter": "SQ(5, 14)"},
        engine={"kind": "bank", "lanes": 2},
    ),
    "decay, dead parameters": XOR.replaced(
        learning={"decay": 0.125}, imperfections={"stuck": 0.5, "stuck_kind": "dead"}
    ),
}


def test_what_is_taken_out():
    """Registers and memories that something writes lose their values, and nothing else does."""
    text = """\
module a(clk, q);
  reg [2:0] held = 3'h5;
  reg beat = 1'h0;
  reg [3:0] rom [1:0];
  initial begin
    rom[0] = 4'h3;
    rom[1] = 4'h6;
  end
  reg [3:0] store [1:0];
  initial begin
    store[0] = 4'h1;
    store[1] = 4'h2;
  end
  always @(posedge clk)
    store[beat] <= rom[held];
endmodule
"""
    known = "".join(f"    rom[{place}] = 4'h{word};\n" for place, word in enumerate((3, 6)))
    memory = f"  reg [3:0] rom [1:0];\n  initial begin\n{known}  end\n"
    lines = "  reg [2:0] held{};\n  reg beat{};\n" + memory + "  reg [3:0] store [1:0];\n"
    end = text[text.index("  always") :]
    assert powered_up(text) == "module a(clk, q);\n" + lines.format("", "") + end
    words = "".join(f"    store[{place}] = <4>;\n" for place in range(2))
    filled = lines.format(" = <3>", " = <1>") + f"  initial begin\n{words}  end\n"
    assert powered_up(text, lambda bits: f"<{bits}>") == "module a(clk, q);\n" + filled + end


@pytest.mark.parametrize("name", ["small leaves, early enables", "external", "decay, dead parameters"])
def test_the_option_changes_nothing_else(name):
    """Only how the integrator is cleared: other tests edit the Verilog and need not emit it anew."""
    config = CONFIGURATIONS[name]
    plain = trainer_files(config)[f"{config.name}.v"]
    resetting = trainer_files(config.replaced(engine={"reset": "yes"}))[f"{config.name}.v"]
    assert resetting == with_resets(plain)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_start_makes_all_known(name):
    starts_from_anything(CONFIGURATIONS[name], trainer_files(CONFIGURATIONS[name]))


def test_without_resets_unknown_bits_stay():
    """The rail of a parallel cell is made of T, and holds back the word that is to clear it."""
    assert not XOR.facts.starts_unknown
    design = trainer_design(trainer_files(XOR))
    with pytest.raises(RtlError, match=r"xor_trainer \(icarus\): \d+ [0-9a-f]*[xX]"):
        started(XOR, replace(design, verilog=powered_up(design.verilog)), rst=True)


def test_a_start_that_needs_initial_values_is_noticed():
    """Cells at a rail that refuse every word are as good as new with initial values only."""
    design = trainer_design(trainer_files(XOR))
    broken, places = re.subn(r"assign outward = .*;", "assign outward = 1'h1;", design.verilog)
    assert places == 1
    assert started(XOR, replace(design, verilog=broken), rst=True) is None
    random = replace(design, verilog=powered_up(broken, random_bits))
    difference = started(XOR, random, rst=True)
    assert difference is not None
    assert difference.step == 0


#: Gates in place of selectors, which would hide an unknown choice between equal values.
SELECTOR = r"""
module \$_MUX_ (input A, B, S, output Y);
  assign Y = (A & ~S) | (B & S);
endmodule
"""


def test_gates_are_known_too(tmp_path):
    """Conditions do not hide X in a netlist of gates and plain registers, made without initial values."""
    config = XOR.replaced(engine={"reset": "yes"})
    design = trainer_design(trainer_files(config))
    (tmp_path / "design.v").write_text(powered_up(design.verilog))
    (tmp_path / "selector.v").write_text(SELECTOR)
    script = (
        f"read_verilog design.v; hierarchy -top {design.top}; proc; opt_clean; memory_map; opt_clean;"
        " techmap; techmap -map selector.v; simplemap; opt_clean; write_verilog -noattr gates.v"
    )
    outcome = YOSYS.run(["-q", "-p", script], tmp_path)
    assert outcome.status == 0, outcome.last_words
    gates = (tmp_path / "gates.v").read_text()
    assert " ? " not in gates
    assert "if (" not in gates
    assert started(config, replace(design, verilog=gates), rst=False) is None
