"""Is a trainer's name refused in one line, or good for every tool that its files go to?

A trainer under another name differs in the names of its modules only, which the first test shows; so the
others write what many names become from the text of one.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from mgd_hdl.config import ConfigError, preset
from mgd_hdl.emit import HEADER, lint_waivers, trainer_files
from mgd_hdl.fusesoc import core_file
from mgd_sim.rtl import Design, Port, trainer_design
from mgd_sim.rtl.icarus import IcarusTrainer
from mgd_sim.rtl.tools import clean_environment
from mgd_sim.rtl.verilator import VerilatorModel
from mgd_sim.trainer import Trainer
from mgd_synth.flow import mapped
from mgd_synth.yosys import netlist

from .linting import lint
from .test_core_file import fusesoc

_REFUSED = """
run step busy start clk rst flags solved started seed_code tau_x learning_shift update_noise
TOP LUT4 SB_DFF SB_LUT4 TRELLIS_FF DFF ALU DSP48E1 BUFG NULL EOF Q
std Std null class new this bit begin BEGIN wire module table entity Signal cell a__b _a 1e5
"""
_TAKEN = """
bench dut tb core trainer cells theta word sigmoid_0 harness top root Vdut VL_IN8x main
no on_ off yes y n true false e5 inf nan std_ null_ Busy Run run_ net Net net_ net_core net_branch net_leaf_4
namespace template delete operator friend char double int_t typename true_ errno unix asm co_await
lut4 dffeas lcell altsyncram carry_sum sky130 mgd work ieee
"""
#: Names that some tool takes for something else.
REFUSED = _REFUSED.split()
#: And these by none: parts of trainers and benches, words of other languages, names that differ in little.
TAKEN = [*_TAKEN.split(), "x" * 63, "x" * 62 + "_"]
#: Some that could meet each other, a cell of a device, or a word of C++.
CLOSE = (
    "net",
    "Net",
    "net_",
    "net_core",
    "net_branch",
    "lut4",
    "bench",
    "dut",
    "namespace",
    "delete",
    "errno",
)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name):
    with pytest.raises(ConfigError, match=r"^name = ") as found:
        preset("xor").replaced(name=name)
    assert len(str(found.value).splitlines()) == 1


@pytest.fixture(scope="module")
def called() -> Callable[[str], str]:
    """The Verilog of XOR under any name."""
    text = trainer_files(preset("xor"))["xor_trainer.v"].removeprefix(HEADER)
    return lambda name: re.sub(r"\bxor_trainer(?=__|\()", name, text)


def test_a_name_changes_names_of_modules_only(called):
    for name in ("net_branch", "x" * 63):
        found = trainer_files(preset("xor").replaced(name=name))
        assert found[f"{name}.v"] == HEADER + called(name)


def around(names: Sequence[str], called: Callable[[str], str]) -> str:
    """A trainer of each name, and a module that places them all."""
    placed = "".join(f"  {name} {name}_(.clk(clk));\n" for name in names)
    return "".join(map(called, names)) + f"module around_all(input clk);\n{placed}endmodule\n"


def said(command: list[str | Path], folder: Path) -> tuple[int, str]:
    """Status and standard error."""
    run = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return run.returncode, run.stderr


def test_lint_of_some_in_one_circuit(called, tmp_path):
    """No two redefine a module, and no name is a word."""
    (tmp_path / "all.v").write_text(around(CLOSE, called), encoding="utf-8")
    waivers = lint_waivers(preset("xor")).replace("xor_trainer.v", "all.v")
    waivers += 'lint_off -rule PINMISSING -file "*all.v"\n'  # most ports are not used here
    (tmp_path / "all.vlt").write_text(waivers, encoding="utf-8")
    assert lint(tmp_path, "around_all", "all.vlt", "all.v") == (0, "")


def test_icarus_elaborates_all_in_one_circuit(called, tmp_path):
    (tmp_path / "all.v").write_text(around(TAKEN, called), encoding="utf-8")
    command = ["iverilog", "-g2012", "-t", "null", "-s", "around_all", "all.v"]
    assert said(command, tmp_path) == (0, "")


def test_the_synthesizer_reads_some_in_one_circuit(called):
    modules = netlist(around(CLOSE, called), "hierarchy -check -top around_all; proc")["modules"]
    alone = re.findall(r"(?m)^module (\w+)\(", called("net"))
    assert len(set(alone)) == len(alone) > 20
    assert len(modules) == 1 + len(CLOSE) * len(alone)


def test_fusesoc_lists_all(tmp_path):
    for name in TAKEN:
        core = core_file(preset("xor").replaced(name=name), [f"{name}.samples.hex"])
        (tmp_path / f"{name}.core").write_text(core, encoding="utf-8")
        found = yaml.safe_load(core)
        files = [file for each in found["filesets"].values() for file in each["files"]]
        assert files == [f"{name}.v", f"{name}.vlt", f"{name}.tb.v", f"{name}.samples.hex"]
        tops = [found["targets"][target]["toplevel"] for target in ("default", "lint", "sim")]
        assert tops == [name, name, f"{name}__tb"]
    listed = fusesoc(tmp_path, "core", "list")
    assert listed.returncode == 0, listed.stdout
    assert set(re.findall(r"mgd_hdl:trainer:(\w+):0", listed.stdout)) == set(TAKEN)


@pytest.mark.parametrize("name", ["bench", "dut"])
def test_icarus_runs_it(name):
    """Under the names of the bench and of what is in it."""
    config = preset("xor").replaced(name=name)
    trainer = IcarusTrainer(config, trainer_design(trainer_files(config)), config.registers(1))
    twin = Trainer(config, [1])
    twin.run(5)
    assert trainer.run(5)["theta"][-1].tolist() == twin.theta[0].tolist()
    trainer.close()


def test_verilator_runs_it(tmp_path_factory):
    """Under the name of a port: no trainer may be called so, but a design may."""
    verilog = "module busy(input clk, output reg busy = 0); always @(posedge clk) busy <= ~busy; endmodule\n"
    design = Design("busy", verilog, (Port("clk", "input", 1), Port("busy", "output", 1)))
    build = tmp_path_factory.getbasetemp().parent / "verilated"
    with VerilatorModel(design, build, strobe="busy") as model:
        model.clock(3)
        assert model.get("busy") == 1


def test_synthesis_maps_it(tmp_path):
    """Under the name of a cell of the target, which a module of that name would replace."""
    config = preset("xor").replaced(name="and2_cell")
    cells = "module and2_cell(a, b, y); input a, b; output y; endmodule\n"
    found = mapped(
        config,
        lambda top: f"read_verilog -lib cells.v; hierarchy -check -top {top}; proc; flatten",
        tmp_path,
        files={"cells.v": cells.encode()},
    )
    assert len(found.module["cells"]) > 100
