"""Inference: answers in order at the network's own rate, with one network of each kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.emit import verilog
from mgd_hdl.network.inference import Inference, PagedInference
from mgd_sim.network.inference import checked_inputs, infer
from mgd_sim.network.mlp import Mlp
from testbenches.samples.test_pages import pages
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.network.bench_inference"
PAGED = "testbenches.network.paged_door"
ASKED = {"inference": "yes"}

#: Networks, and by hand: clocks from a command to the first and the last one in which the network reads its
#: input, to what each layer is told, to its outputs, to the next command; how many answers there may be, a
#: power of two, enough until the first of them is read and its place free, three clocks after it came.
CASES = {
    # The wires' clock, then layers as in test_mlp.
    "xor": (preset("xor").replaced(network=ASKED), (1, 1), (0, 6), 1 + 6 + 6, 1, 16),
    # Leaves: a register more on the way to the cells, and one for the inputs.
    "letters": (preset("nist7x7").replaced(network=ASKED), (1, 1), (0, 10), 2 + 10 + 7, 1, 32),
    # Three clocks more until the first bit of 9; bits and sums, then the table.
    "serial": (
        preset("xor").replaced(network=ASKED, engine={"cell": "serial"}),
        (4, 12),
        (0, 9 + 2 + 3),
        1 + 3 + 2 * (9 + 2 + 3),
        11,
        4,
    ),
}


def bench(case: str) -> dict:
    """The configuration and the times of a case."""
    config, reads, layers, latency, spacing, places = CASES[case]
    return {
        "config": config,
        "reads": reads,
        "layers": layers,
        "latency": latency,
        "spacing": spacing,
        "places": places,
    }


@pytest.mark.parametrize("case", CASES)
def test_inference(case, tmp_path):
    run(verilog(Inference(CASES[case][0]), "dut"), BENCH, tmp_path, **bench(case))


@mutations(
    ("one answer too many", r"room = ~ promised\[4\]", "room = promised != 5'h11"),
    ("places never come free", r"(promised \+ i__ready;\s+assign _\d+_ = _\d+_) - taken", r"\1"),
    ("an answer shown before it can be read", r"there \+ came", "there + passed[12]"),
    ("the same answer twice", r"reads__addr = read \+ taken", "reads__addr = read"),
    ("an answer a clock late", r"if \(passed\[12\]\)\s+answers", "if (came) answers"),
    ("no turn for training", r"~ turn", "1'h1"),
    ("training's turn though it wants none", r"i__ready & wanted", "i__ready"),
    ("a closed door that lets in", r"i__ready = asks & open", "i__ready = asks"),
    ("taken without being offered", r"i__valid & room", "room"),
    ("a start that forgets no input", r"if \(rst\) passed <= 13'h0000;\s+else ", ""),
    ("a start that keeps answers", r"if \(rst\) there <= 5'h00;\s+else ", ""),
    ("an input that stays", r"if \(i__ready\) x <=", "if (i__ready & ~shows) x <="),
    ("an input shown too long", r"\{ i__ready, passed\[0\] \} != 2'h0", "i__ready"),
    ("inside too short", r"inside  = \| passed", "inside  = | passed[11:0]"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    text = verilog(Inference(CASES["xor"][0]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, **bench("xor"))


@mutations(
    (
        "an input taken while the last one is read",
        r"assign i__ready = passed\[0\]",
        "assign i__ready = begins",
    ),
    ("and shown too short", r"passed\[11\] \? 1'h0", "passed[8] ? 1'h0"),
    ("a pass too early", r"begins \? 4'ha", "begins ? 4'h9"),
    ("the door let go in a pass", r"asks = waits \| _\d+_", "asks = waits"),
)
def test_mutations_of_serial_cells_are_noticed(mutation, tmp_path):
    text = verilog(Inference(CASES["serial"][0]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, **bench("serial"))


def paged(config: TrainerConfig) -> dict[str, Any]:
    """The same with inference, any clocks of a sweep, and by hand: those of an answer from the last word on,
    and from one answer to the next.
    """
    return {
        "config": config.replaced(network={"inference": "yes"}),
        "answered": 21,
        "answer": 1 + 1 + 21 + 1,
        "beat": config.inputs + 1 + 1 + 21,
    }


@pytest.mark.parametrize(
    "config", [pages(1), pages(4), pages(5, 2, "SQ(2, 3)", "UQ(0, 3)")], ids=["one", "full", "five"]
)
def test_inputs_one_by_one(config, tmp_path):
    asked = paged(config)
    run(verilog(PagedInference(asked["config"]), "dut"), PAGED, tmp_path, **asked)


@mutations(
    ("written while it waits", r"_09_ = _07_ & _08_", "_09_ = _07_"),
    ("written while it is read", r"i__ready = _09_ & _10_", "i__ready = _09_"),
    ("taken before the start", r"_07_ = begun & _06_", "_07_ = _06_"),
    ("what begins anew goes on", r"number = i__payload\[5\] \?", "number = 1'h0 ?"),
    ("numbers of no input", r"lands = _11_ & _01_", "lands = _11_"),
    ("whole before its last number", r"_02_ = number == 3'h4", "_02_ = number == 3'h3"),
    ("a start in the middle of an input goes on with it", r"_17_ = \| \{ _03_, rst \}", "_17_ = whole"),
    ("a start that keeps what waits", r"if \(rst\) held <= 1'h0;\s+else ", ""),
    ("swept before the answer is taken", r"waits = held & _00_", "waits = held"),
    ("swept twice", r"_21_ = begins \? 1'h0", "_21_ = begins ? 1'h1"),
    ("a closed door that lets in", r"_05_ = waits & open", "_05_ = waits"),
    ("swept in the middle of another sweep", r"begins = _05_ & free", "begins = _05_"),
    ("the door let go in a sweep", r"asks = waits \| shows", "asks = waits"),
    ("an answer of a sweep of training", r"ends = shows & over", "ends = over"),
    ("an answer nobody waits for", r"owes = shows \| o__valid", "owes = shows"),
)
def test_mutations_of_a_page_are_noticed(mutation, tmp_path):
    asked = paged(pages(5, 2, "SQ(2, 3)", "UQ(0, 3)"))
    assert not stays_unnoticed(
        mutation, verilog(PagedInference(asked["config"]), "dut"), PAGED, tmp_path, **asked
    )


def test_the_twin_answers_block_by_block(monkeypatch):
    """The same in blocks of any size, and for no input at all."""
    config = preset("nist7x7")
    rng = np.random.default_rng(1)
    weight = rng.integers(config.words.weight.min, config.words.weight.max + 1, (3, config.parameters))
    x = rng.integers(0, 2, (50, config.inputs))
    whole = infer(Mlp(config), weight, x)
    assert whole.shape == (3, 50, 4)
    monkeypatch.setattr("mgd_sim.evaluate._BLOCK", 100)
    np.testing.assert_array_equal(infer(Mlp(config), weight, x), whole)
    assert infer(Mlp(config), weight, x[:0]).shape == (3, 0, 4)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros((4, 3), int), r"x has shape \(4, 3\); it must be \(count, 2\)"),
        (np.zeros(2, int), r"x has shape \(2,\)"),
        (np.zeros((4, 2)), r"x holds float64; it must hold integers, last bits of UQ\(1, 0\)"),
        (np.full((1, 2), 2), r"x must stay within UQ\(1, 0\): 0 to 1"),
    ],
)
def test_inputs_that_do_not_fit(x, said):
    with pytest.raises(Refused, match=said):
        checked_inputs(preset("xor"), x)
