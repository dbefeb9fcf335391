"""The sender: words and codes, all or only what changed, one by one or side by side, from all cells."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.device.sender import Sender
from mgd_hdl.emit import verilog
from mgd_sim.device.sender import Sender as Twin
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.device.bench_sender"
BANK = {"kind": "bank", "lanes": 1}
DAC = {"dac_bits": 10, "dac_gain": 0.3, "dac_offset": -0.125}


def outside(*, engine: dict | None = None, **device):
    return preset("xor").replaced(
        device={"kind": "outside", "parameters": [5, 6], **device},
        network={"layers": [2, 1]},
        engine=engine or {},
    )


CASES = {
    "changes": outside(),
    "all": outside(sends="all"),
    "parallel": outside(sends="parallel"),
    "apart": outside(sends="apart"),
    "codes, changes": outside(**DAC),
    "codes of two's complement, apart": outside(**DAC, sends="apart", dac_coding="twos_complement"),
    "codes, parallel": outside(**DAC, sends="parallel"),
    "a gain and an offset for each": outside(
        dac_bits=12,
        dac_gain=[(-1) ** k * (1 + k / 8) for k in range(11)],
        dac_offset=[k / 16 - 0.25 for k in range(11)],
    ),
    "serial": outside(engine={"cell": "serial"}),
    "a bank, changes": outside(engine=BANK),
    "a bank, codes, all": outside(engine=BANK, sends="all", **DAC),
    "serial, codes, apart": outside(engine={"cell": "serial"}, sends="apart", **DAC),
}


@pytest.mark.parametrize("name", CASES)
def test_sender(name, tmp_path):
    run(verilog(Sender(CASES[name]), "dut"), BENCH, tmp_path, CASES[name])


@mutations(
    ("nothing is compared", r"= every_kept \| _\d+_;", "= 1'h1;"),
    (
        "the memory is never written",
        r"if \(writes__en\)\n\s+sent\[word_index\]",
        "if (1'h0)\n      sent[word_index]",
    ),
    ("the last one is not marked", r"assign tlast = ~ moving;", "assign tlast = 1'h0;"),
    ("offered before it is known to be the last", r"assign tvalid = held & _\d+_;", "assign tvalid = held;"),
    ("a slow device loses some", r"(advance = _\d+_) \| tready", r"\1 | 1'h1"),
    ("over too early", r"busy = moving \| held", "busy = moving"),
    ("the number of another", r"tid = number", "tid = ~ number"),
    ("one parameter too few", r"index == 4'ha", "index == 4'h9"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    text = verilog(Sender(CASES["changes"]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CASES["changes"])


@mutations(
    ("another gain", r"12'h4cd", "12'h4cc"),
    ("never limited", r"limited_saturated \? ", "1'h0 ? "),
    ("two's complement", r"~ limited\[9\]", "limited[9]"),
)
def test_mutations_of_codes_are_noticed(mutation, tmp_path):
    text = verilog(Sender(CASES["codes, changes"]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CASES["codes, changes"])


@mutations(
    ("nothing waits for the device", r"takes = _\d+_ \| tready", "takes = 1'h1"),
    ("whatever comes is a word", r"scanning & there", "scanning"),
    ("words of nobody", r"scanning & there", "there"),
    ("what comes behind is not dropped", r"if \(_24_\) scanning", "if (rst) scanning"),
    ("what is on its way is not dropped", r"if \(_25_\) word_valid", "if (rst) word_valid"),
    ("what is held is not dropped", r"= drop & _\d+_;", "= 1'h0;"),
    ("what is offered is dropped", r"= drop & _\d+_;", "= drop;"),
    ("marked as the last one", r"left_over <= 1'h1", "left_over <= 1'h0"),
)
def test_mutations_of_a_bank_are_noticed(mutation, tmp_path):
    text = verilog(Sender(CASES["a bank, changes"]), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CASES["a bank, changes"])


def test_the_twin_by_hand():
    """Visible bits are worth 1/4, the two below them an amplitude of 1/16: a word w stands for w / 16."""
    config = outside(dac_bits=8, dac_gain=0.25)
    weight = np.array([0b0000_10, 0b0000_11, 0b0000_01, 0b0011_10, -(1 << 8), (1 << 8) - 1, 0, 0, 0, 0, 0])
    # A code is worth 1/128: w / 16 / 4 * 128 = 2 w, and the middle is 128.
    assert Twin(config).send(weight, True)[:6] == [(0, 132), (1, 134), (2, 130), (3, 156), (4, 0), (5, 255)]
    plain = Twin(outside())
    assert len(plain.send(weight, False)) == 11, "at first all are sent"
    weight[3] = 7
    assert plain.send(weight, False) == [(3, 7)]
    assert plain.send(weight, False) == []
    assert plain.send(weight, True)[3] == (3, 7)
    apart = Twin(outside(sends="apart"))
    assert apart.values(weight)[:3].tolist() == [0, 0, 0]
    assert apart.codes(weight)[:3].tolist() == [2, 3, 1]
