"""Serial cells: all families and sides; tiles behind leaves and not; few guard bits and many."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.serial import SerialArray, SerialCell
from mgd_sim.learn.serial import memory_words, parameters
from testbenches.learn.shapes import FAMILIES, answering, learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_serial"
CELL = {"block": "cell"}
ARRAY = {"block": "array", "turns": 60}


def serial(*layers: int, family: str = "random_code", sides: str = "one_sided", leaves: bool = False,
           parameter: str = "SQ(2, 5)") -> TrainerConfig:  # fmt: skip
    base = learner(
        *layers, family=family, sides=sides, leaves=leaves, parameter=parameter, rate=1.0, rounding="floor"
    )
    return base.replaced(engine={"cell": "serial"})


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("parameter", ["SQ(2, 5)", "SQ(5, 11)"])
def test_cell(family, parameter, tmp_path):
    config = serial(family=family, parameter=parameter)
    run(verilog(SerialCell(config), "dut"), BENCH, tmp_path, config, **CELL)


#: Tiles of 6 and 3; 64 and 9; 9, 8 and 3 cells.
SHAPES = [(2, 2, 1), (7, 8, 1), (2, 3, 2, 1)]
KINDS = [
    serial(*SHAPES[number % 3], family=family, sides=sides, leaves=number % 2 == 1,
           parameter=("SQ(2, 5)", "SQ(3, 8)")[number % 2])
    for number, (family, sides) in enumerate(itertools.product(FAMILIES, ("one_sided", "two_sided")))
]  # fmt: skip
KINDS += [
    answering(serial(2, 3, 2, 1, family="walsh", sides="two_sided", leaves=True)),
    answering(serial(2, 2, 1, family="sequential", sides="two_sided")),
]


def title(config: TrainerConfig) -> str:
    tiles = "_".join(str(tile.cells) for tile in config.placement.tiles)
    return (
        f"{config.perturbation.family}-{config.learning.measure}-{tiles}"
        + "-leaves" * config.placement.leaves
        + "-answering" * config.inference
    )


@pytest.mark.parametrize("config", KINDS, ids=title)
def test_array(config, tmp_path):
    run(verilog(SerialArray(config), "dut"), BENCH, tmp_path, config, **ARRAY)


def test_kinds():
    """A measurement that joins a word at once, and some clocks later; a tile that fills its memory."""
    assert {config.timing.join_clocks for config in KINDS} == {1, 4}
    assert max(tile.cells for config in KINDS for tile in config.placement.tiles) == 64


@mutations(
    ("no carry", r"_17_ = _16_ \^ carry", "_17_ = _16_"),
    ("a carry left over", r"if \(start\) carry <= 1'h0", "if (1'h0) carry <= 1'h0"),
    ("a carry of all", r"_09_ = _06_ \| _08_", "_09_ = _07_"),
    ("every word is taken", r"_05_ = code & _04_", "_05_ = _04_"),
    ("no rail", r"_05_ = code & _04_", "_05_ = code"),
    ("a rail on both sides", r"_02_ = top == sign", "_02_ = 1'h1"),
    ("taken at any time", r"if \(start\) takes", "takes"),
    ("no clearing", r"_12_ = carry \| _10_", "_12_ = 1'h1"),
    ("cleared at rest", r"_12_ = carry \| _10_", "_12_ = carry"),
    ("the rail of an idle clock", r"if \(active\) second", "second"),
    ("the bit of an idle clock", r"if \(active\) top", "top"),
    ("the code in no place", r"_20_ = shake_code \? code : top", "_20_ = top"),
    ("one in no place", r"weight = shake_one \? _19_", "weight = 1'h0 ? _19_"),
    ("both shakes are one", r"_19_ = shake_code \? 1'h0", "_19_ = 1'h0 ? 1'h0"),
)
def test_mutations_of_a_cell_are_noticed(mutation, tmp_path):
    config = serial()
    assert not stays_unnoticed(mutation, verilog(SerialCell(config), "dut"), BENCH, tmp_path, config, **CELL)


@mutations(
    ("a word without sign", r"\{ word\[5\], word, clear \}", "{ 1'h0, word, clear }"),
    ("no clearing", r"\{ word\[5\], word, clear \}", "{ word[5], word, 1'h0 }"),
    ("bits one clock early", r"_02_ = \{ starts, pass_0__update \} != 2'h2", "_02_ = 1'h1"),
    ("picked to be cleared", r"= address_columns & _01_", "= address_columns"),
    ("-D as +D", r"code_0__minus = pass_0__update \?", "code_0__minus = 1'h0 ?"),
    ("rest while a word passes", r"code_0__rest = pass_0__update \?", "code_0__rest = 1'h0 ?"),
    ("the rest of another layer", r"\.reference\(layer_1__rest\)", ".reference(layer_0__rest)"),
    ("another layer's pass", r"(dut__tile_3 tile_1 (?s:.*?)\.shake_one\()pass_1", r"\1pass_0"),
    ("a row too low", r"(code_1 \((?s:.*?)\.i_rows\()rows\[1\]", r"\1rows[0]"),
    ("nothing held", r"held_reference = measure \? reference : kept", "held_reference = reference"),
    ("no joining", r"_08_ = ~ _07_", "_08_ = 1'h1"),
    ("no end", r"_17_ = \{ at_end, mode \} != 2'h0", "_17_ = mode"),
    ("a measurement as long as a word", r"_23_ = begins \? \{ 2'h0, measure \}", "_23_ = begins ? 3'h0"),
    ("words at the network", r"_00_ = active & measuring", "_00_ = active"),
    ("the rest of the other side", r"_11_ = kept \? 2'h3", "_11_ = 1'h0 ? 2'h3"),
    ("no upper bit", r"_13_ = upper \?", "_13_ = 1'h0 ?"),
    ("never the last", r"_03_ = _00_ & at_end", "_03_ = 1'h0"),
    ("a place in the memory", r"(module dut__tile_3(?s:.*?)store\[)address\] <=", r"\g<1>address ^ 3'h1] <="),
    ("written at any time", r"(module dut__tile_3(?s:.*?))if \(active\)", r"\1"),
    ("two parameters exchanged", r"\{ cell_2__sum, cell_1__sum,", "{ cell_1__sum, cell_2__sum,"),
    ("another neuron", r"weights_0_0 = tile_0__weights\[2:0\]", "weights_0_0 = tile_0__weights[5:3]"),
)  # fmt: skip
def test_mutations_of_the_array_are_noticed(mutation, tmp_path):
    config = KINDS[0]
    text = verilog(SerialArray(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, **ARRAY)


# ---- the twin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xor", "nist7x7"])
def test_memory_words_by_hand(name):
    """Bit k of a parameter stands at its cell's place in word k of its tile; and all comes back."""
    config = preset(name)
    rng = np.random.default_rng(5)
    low, high, width = config.words.parameter.min, config.words.parameter.max, config.words.parameter.width
    theta = rng.integers(low, high + 1, (3, config.parameters))
    theta[0, :2] = low, high
    words = memory_words(config, theta)
    assert words.shape == (3, len(config.placement.tiles) * width)
    for step in range(3):
        for index, place in enumerate(config.placement.places):
            tile = config.placement.tiles[place.tile]
            mine = [int(word) for word in words[step, tile.index * width : (tile.index + 1) * width]]
            value = sum((word >> (index - tile.first) & 1) << k for k, word in enumerate(mine))
            assert value - (value >> (width - 1) << width) == theta[step, index]
    np.testing.assert_array_equal(parameters(config, words), theta)
