"""AXI4-Lite: the five channels clock by clock, and that no output follows an input of its own clock."""

from __future__ import annotations

from amaranth.lib.wiring import In, Out

from mgd_hdl.bus.axi4lite import Axi4Lite
from mgd_hdl.config import preset
from mgd_hdl.emit import verilog
from mgd_hdl.hierarchy import ports_of
from mgd_synth.yosys import YOSYS
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bus.bench_axi4lite"
CONFIG = preset("xor")


def test_axi4lite(tmp_path):
    run(verilog(Axi4Lite(), "dut"), BENCH, tmp_path, CONFIG, clocks=800)


@mutations(
    ("a write without data", r"= addressed & filled;", "= addressed;"),
    ("reads always first", r"(assign _\d+_ = _\d+_) \| _\d+_;", r"\1;"),
    ("DECERR is SLVERR", r"== 2'h2;", "== 2'h3;"),
    (
        "answers on the other channel",
        r"assign bvalid = i__valid & written",
        "assign bvalid = i__valid & ~written",
    ),
    ("a read is taken in reset", r"assign arready = awake & (_\d+_)", r"assign arready = \1"),
    ("nothing is late", r"o__payload_write \? late\[0\] : late\[1\]", "1'h0"),
    ("bytes of the access before", r"else if \(_\d+_\) strobes <= wstrb", "else if (taken) strobes <= wstrb"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    assert not stays_unnoticed(mutation, verilog(Axi4Lite(), "dut"), BENCH, tmp_path, CONFIG, clocks=800)


def test_no_output_follows_an_input_of_its_clock(tmp_path):
    """Cones of logic behind the manager's outputs, by Yosys: they begin at registers, and at the bank."""
    bus = Axi4Lite()
    ports = [(name, flow) for name, flow, _ in ports_of(bus)]
    inputs = [f"i:{name}" for name, flow in ports if flow == In and "__" not in name]
    outputs = [f"o:{name}" for name, flow in ports if flow == Out and "__" not in name]
    (tmp_path / "bus.v").write_text(verilog(bus, "dut"))
    cone = "@ends %ci*:-$dff,$sdff,$dffe,$sdffe,$sdffce"
    passes = [
        "read_verilog bus.v; prep -top dut; cd dut",
        f"select -set ends {' '.join(outputs)}",
        f"select -set starts {' '.join(inputs)}",
        f"select -assert-any {cone} w:written %i",
        f"select -assert-none {cone} @starts %i",
    ]
    assert YOSYS.run(["-q", "-p", "; ".join(passes)], tmp_path).status == 0
