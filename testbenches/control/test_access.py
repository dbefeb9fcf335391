"""Access: every width, clamps, stuck parameters, and each way to a cell."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.control.access import Access
from mgd_hdl.emit import verilog
from mgd_sim.control.access import reachable, visits
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.control.bench_access"


def accessible(
    parameter: str = "SQ(5, 11)", layers: tuple[int, ...] = (2, 2, 1), **sections: Any
) -> TrainerConfig:
    engine = {"access": "yes", **sections.pop("engine", {})}
    learning = {"rounding": "floor", "rate": 1.0, **sections.pop("learning", {})}
    formats = {"parameter": parameter, **sections.pop("formats", {})}
    network = {"layers": layers, "initial": 0.5}
    return preset("xor").replaced(
        network=network, formats=formats, learning=learning, engine=engine, **sections
    )


CASES = {
    "16 bits": accessible(),
    "4 bits": accessible("SQ(2, 2)"),
    "28 bits": accessible("SQ(4, 24)"),
    "clamp": accessible(learning={"clamp": 2.0}),
    "narrow clamp": accessible("SQ(5, 7)", learning={"clamp": 0.03125}),
    "tiles": accessible("SQ(4, 6)", (2, 30, 1)),
    "early": accessible("SQ(4, 6)", engine={"enables": "early"}),
    "serial": accessible("SQ(4, 6)", engine={"cell": "serial"}),
    "node by node": accessible("SQ(4, 6)", (2, 5, 1), perturbation={"granularity": "node"}),
    "loaded": accessible("SQ(4, 6)", perturbation={"family": "square"}),
    "loaded, words": accessible(
        "SQ(5, 11)", formats={"cost_change": "SQ(2, 2)"}, perturbation={"family": "sinusoidal"}
    ),
    "follower": accessible(learning={"follow": 2}),
    "stuck": accessible("SQ(4, 6)", (2, 4, 1), imperfections={"stuck": 0.4}),
    "stuck, clamp": accessible(
        "SQ(4, 6)", (2, 4, 1), learning={"clamp": 1.0}, imperfections={"stuck": 0.4, "stuck_kind": "still"}
    ),
    "dead": accessible("SQ(4, 6)", (2, 4, 1), imperfections={"stuck": 0.4, "stuck_kind": "dead"}),
}


@pytest.mark.parametrize("name", CASES)
def test_access(name, tmp_path):
    config = CASES[name]
    run(verilog(Access(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("one context for all", r"contexts\[slot\] <=", "contexts[0] <="),
    ("two words for one cell at a time", r"(assign _\d+_ = front\[3:0\]) > least;", r"\1 >= least;"),
    ("numbers fall", r"(else if \(taken\) |if \(taken\) )least <= [^;]+;", r"\1least <= 4'h0;"),
    ("words for no parameter", r"assign sends = full\[0\] & _\d+_;", "assign sends = full[0];"),
    ("a value out of reach", r"> \$signed\(4'h6\);", "> $signed(4'h7);"),
    ("numbers without a parameter", r">= 4'h9;", ">= 4'hf;"),
    ("a layer in the wrong tile", r"\? 2'h2 : 2'h0;", "? 2'h1 : 2'h0;"),
    ("levels taken for flips", r"else flip <= _\d+_;", "else flip <= watched;"),
    ("renewed after reads", r"assign renew = (_\d+_) \? written : 1'h0;", r"assign renew = \1;"),
    ("never renewed", r"assign renew = (_\d+_) \? written : 1'h0;", "assign renew = 1'h0;"),
    ("the last word missing", r"assign sent = turning \? _\d+_", "assign sent = turning ? 3'h0"),
    ("a value beyond by one word", r"assign (_\d+_) = (new_value\[1:0\]) \+ _\d+_;", r"assign \1 = \2;"),
    ("nothing forgotten in a reset", r"if \(rst\) full <= 8'h00;\s+else if \(go\)", "if (go)"),
    ("commands before a start", r"assign i__ready = awake &", "assign i__ready = 1'h1 &"),
    ("an answer that waits for nobody", r"assign waits = [^;]+;", "assign waits = 1'h0;"),
    ("not asked for while inside", r"assign asks = there \| \\inside ;", "assign asks = there;"),
    ("no wait for the door", r"assign (_\d+_) = open & there;", r"assign \1 = there;"),
    ("the second command lost", r"= behind \? spare : i__payload;", "= i__payload;"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = CASES["4 bits"]
    assert not stays_unnoticed(mutation, verilog(Access(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("the stuck taken for free", r"assign loading = address & _\d+_;", "assign loading = address;"),
    ("no stuck one is told", r"(new_moves = turning \? 1'h0 : )", r"\g<1>1'h1 | "),
)
def test_mutations_of_stuck_parameters_are_noticed(mutation, tmp_path):
    config = CASES["stuck"]
    assert not stays_unnoticed(mutation, verilog(Access(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("codes kept a clock late", r"if \(leaving_0\)\s+codes", "if (open)\n      codes"),
    ("a code too few put back", r"assign closed = read & _\d+_;", "assign closed = read & count[3];"),
    ("two negative codes", r"assign outside = at == 4'h8;", "assign outside = at == 4'h7;"),
    ("a cell too early", r"assign (_\d+_) = placed & _\d+_;", r"assign \1 = placed;"),
    ("codes go on meanwhile", r"assign pause = \\inside ;", "assign pause = 1'h0;"),
)
def test_mutations_of_chains_are_noticed(mutation, tmp_path):
    config = CASES["loaded"]
    assert not stays_unnoticed(mutation, verilog(Access(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a layer of the wrong width", r"\? 3'h5 : 3'h2;", "? 3'h2 : 3'h2;"),
    ("never back", r"assign (_\d+_) = index < number;", r"assign \1 = 1'h0;"),
    ("an answer given twice", r"if \((rst|_\d+_)\) answered <= 1'h0;\s+else if \(_\d+_\) answered <= 1'h1;",
     "answered <= 1'h0;"),
    ("taken before it is found", r"assign waits = turning & [^;]+;", "assign waits = turning & ~o__ready;"),
)  # fmt: skip
def test_mutations_of_walks_are_noticed(mutation, tmp_path):
    config = CASES["node by node"]
    assert not stays_unnoticed(mutation, verilog(Access(config), "dut"), BENCH, tmp_path, config)


# ---- the words, in plain integers ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["4 bits", "narrow clamp", "clamp", "stuck", "dead"])
def test_words_find_and_set_any_value(name):
    """Every T that can be, some to be written: the words lead from one to the other, and never beyond."""
    config = CASES[name]
    width, rail = config.words.parameter.width, 1 << config.levels.rail
    half, (least, most) = 1 << width - 2, reachable(config)
    kinds = ["free"]
    if config.some_stuck:
        kinds.append("dead" if config.imperfections.stuck_kind == "dead" else "stuck")
    wanted = [None, least - 1, least, -half, -1, 0, half - 1, half, most, most + 1]
    for kind in kinds:
        step = max(1, (most - least) // 700)
        for theta in [0] if kind == "dead" else [*range(least, most, step), most]:
            for write in wanted:
                found = visits(config, theta, write, kind)
                now = theta
                for word in found.words:
                    assert -half <= word < half
                    outside = now >= rail if word > 0 else now < -rail
                    now += 0 if outside or kind == "dead" else word
                    assert least <= now <= most
                free = write is not None and kind == "free"
                assert found.answer == now == (min(max(write, least), most) if free else theta)
