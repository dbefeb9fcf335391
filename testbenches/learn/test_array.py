"""The array: all families, sides and copies, in tiles of 1, 3, 6, 8, 9, 14 and 64 cells."""

from __future__ import annotations

import itertools
import re

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.learn.array import Array, CellTile
from mgd_hdl.learn.cell import ParameterCell
from testbenches.learn.shapes import FAMILIES, answering, learner
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.learn.bench_array"

#: Tiles of 64, 1 and 14 cells; 64 and 9; 8; 6 and 3; 9 and 8 and 3.
SHAPES = [(4, 13, 1), (7, 8, 1), (7, 1), (2, 2, 1), (2, 3, 2, 1)]


def every_kind() -> list[TrainerConfig]:
    """Each family, side and copy, with shapes and leaves in turn."""
    kinds = itertools.product(FAMILIES, ("one_sided", "two_sided"), (False, True))
    return [
        learner(
            *SHAPES[number % len(SHAPES)],
            family=family,
            sides=sides,
            shadow=shadow,
            leaves=number % 3 != 1,
        )
        for number, (family, sides, shadow) in enumerate(kinds)
    ]


def title(config: TrainerConfig) -> str:
    words = [config.perturbation.family, config.learning.measure, "shadow" * config.shadow]
    words += [f"share_{config.perturbation.share}" * config.sparse]
    words += [
        "answering" * config.inference,
        "analog" * config.analog,
        f"follow_{config.follow}" * (config.follow > 0),
    ]
    tiles = "_".join(str(tile.cells) for tile in config.placement.tiles)
    leaves = "leaves" + f"_of_{config.leaf_cells}" * (config.placement.leaf_levels > 1)
    return "-".join(filter(None, [*words, leaves * config.placement.leaves, tiles]))


KINDS = [
    *every_kind(),
    learner(2, 3, 2, 1, family="walsh", algorithm="analog", tau_x=2),
    learner(7, 8, 1, shadow=True, leaves=True, algorithm="analog", tau_x=2, follow=3),
    learner(2, 3, 2, 1, share=0.5),
    learner(4, 13, 1, share=0.25, sides="two_sided", shadow=True, leaves=True),
    learner(7, 1, share=0.125, algorithm="analog", tau_x=2),
    learner(4, 13, 1, leaves=True, leaf_cells=16),
    learner(7, 8, 1, family="walsh", sides="two_sided", shadow=True, leaves=True, leaf_cells=8),
    learner(4, 13, 1, share=0.25, leaves=True, leaf_cells=32, early=True),
    learner(2, 3, 2, 1, family="sequential", leaves=True, leaf_cells=8),
    learner(7, 8, 1, share=0.5, shadow=True, leaves=True, leaf_cells=4),
    learner(4, 13, 1, shadow=True, leaves=True, algorithm="analog", tau_x=2, follow=3, leaf_cells=4),
    answering(learner(2, 3, 2, 1, sides="two_sided", leaves=True, leaf_cells=8)),
    answering(learner(2, 2, 1, family="sequential", sides="two_sided", shadow=True)),
    answering(learner(2, 2, 1, share=0.5, algorithm="analog", tau_x=2)),
]


@pytest.mark.parametrize("config", KINDS, ids=title)
def test_array(config, tmp_path):
    run(verilog(Array(config), "dut"), BENCH, tmp_path, config)


@pytest.mark.parametrize(
    ("family", "sides", "shape"),
    [("random_code", "one_sided", SHAPES[1]), ("sequential", "two_sided", SHAPES[3])],
)
def test_early_enables(family, sides, shape, tmp_path):
    config = learner(*shape, family=family, sides=sides, leaves=family == "random_code", early=True)
    run(verilog(Array(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("no sign", r"held_sign <= sign", "held_sign <= 1'h0"),
    ("clear with the code", r"held_clear <= clear_of_word", "held_clear <= clear"),
)
def test_mutations_of_early_enables_are_noticed(mutation, tmp_path):
    config = learner(family="walsh", early=True)
    assert not stays_unnoticed(mutation, verilog(Array(config), "dut"), BENCH, tmp_path, config)


@mutations(
    (
        "a tile whose diagonals are not turned",
        r"\(code__diagonals\[3:1\]\)",
        "(code__diagonals[2:0])",
    ),
    ("the row of another tile", r"code__rows\[1\]", "code__rows[0]"),
    ("the side of another layer", r"\.minus\(layer_1__minus\)", ".minus(layer_0__minus)"),
    ("refreshed with another layer", r"\.refresh\(refresh_1\)", ".refresh(refresh_0)"),
    ("the parameters of another neuron", r"(weights_0_0 = tile_0__weights)\[17:0\]", r"\1[35:18]"),
    ("a word one bit narrower", r"held_word <= word", "held_word <= word[3:0]"),
    ("no clear", r"held_clear <= clear", "held_clear <= 1'h0"),
    ("leaves without register", r"\A((?s:.*?))always @\(posedge clk\)\n    o <=", r"\1always @*\n    o ="),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config = KINDS[3]
    assert title(config) == "random_code-two_sided-shadow-leaves-6_3"
    assert not stays_unnoticed(mutation, verilog(Array(config), "dut"), BENCH, tmp_path, config)


@mutations(
    ("a cell with the row of another leaf", r"(cell_57 \([^;]*\.row\()leaf_3", r"\1leaf_2"),
    ("a diagonal of the row above", r"(cell_25 \([^;]*\.diagonal\(leaf_1__o)\[14\]", r"\1[13]"),
    ("a word past its leaf", r"(cell_40 \([^;]*\.word\()leaf_2__o\[24:20\]", r"\1word"),
    ("a leaf without register", r"\A((?s:.*?))always @\(posedge clk\)\n    o <=", r"\1always @*\n    o ="),
    ("the row of another tile", r"(code_of_tile_1 [^;]*\.i_rows\(trunk_0__o\[)15", r"\g<1>14"),
    ("the address of another tile", r"(code_of_tile_1 [^;]*\.address_rows\(trunk_0__o\[)44", r"\g<1>43"),
    ("a diagonal that is not turned", r"(code_of_tile_1 [^;]*\.i_diagonals\([^;]*__o\[)25", r"\g<1>24"),
    ("diagonals that are not turned", r"trunk_1__o\[18:17\], trunk_1__o\[24:19\]", "trunk_1__o[24:17]"),
    ("a word past its trunk", r"(trunk_0 \([^;]*)late_held_word", r"\1held_word"),
    (
        "a code that is not kept",
        r"(module dut__cell\((?s:.*?))always @\(posedge clk\)\n    code <=",
        r"\1always @*\n    code =",
    ),
    ("the rest of another layer", r"( = _\d+_ & )layer_1__rest", r"\1layer_0__rest"),
)
def test_mutations_of_small_leaves_are_noticed(mutation, tmp_path):
    config = learner(4, 13, 1, leaves=True, leaf_cells=16)
    assert not stays_unnoticed(mutation, verilog(Array(config), "dut"), BENCH, tmp_path, config)


def test_a_leaf_holds_what_its_cells_hear():
    """Leaves of 16, 1 and 14 cells; branches, which hold no code; trunks of two tiles and of one, which hold
    what makes it.
    """
    text = verilog(Array(learner(4, 13, 1, leaves=True, leaf_cells=16)), "dut")
    widths = sorted(int(width) for width in re.findall(r"^module dut__leaf_(\d+)", text, re.MULTILINE))
    alike = 5 + 2  # D; shaken, clear
    leaves = [3 + 1 + alike, 2 + 8 + 8 + 1 + alike]  # rows, columns, diagonals; both
    trunks = [2 * rows + 3 * 8 + 4 + alike for rows in (2, 9)]  # addresses too; minus, rest, address, clear
    assert widths == [alike, *leaves, *trunks]


@mutations(
    ("a word where all cells rest", r"assign code_0__rest = minus \|", "assign code_0__rest ="),
    ("address by row alone", r"address \? address_columns", "address ? 8'hff"),
    ("a reset that clears", r"if \((_\d+_)\)(\s+)if \(clear\)", r"if (\1 | dut.rst)\2if (clear | dut.rst)"),
)
def test_mutations_without_shadow_are_noticed(mutation, tmp_path):
    config = KINDS[8]
    assert title(config) == "sequential-one_sided-leaves-6_3"
    assert not stays_unnoticed(mutation, verilog(Array(config), "dut"), BENCH, tmp_path, config)


def test_ten_thousand_cells_are_one(monkeypatch):
    """Of 9,184 parameters one cell is elaborated, and one tile of each size."""
    made = []
    for block in (ParameterCell, CellTile):

        def elaborate(self, platform, genuine=block.elaborate):
            made.append(self.module)
            return genuine(self, platform)

        monkeypatch.setattr(block, "elaborate", elaborate)
    config = preset("nist7x7").replaced(
        network={"layers": [49, 170, 4]}, perturbation={"amplitude": 0.125}, learning={"rate": 0.0078125}
    )
    assert config.parameters == 9184
    text = verilog(Array(config), "dut")
    assert sorted(made) == ["cell", "tile_44", "tile_52", "tile_64"]
    # Each further tile is one more instance, not one more module.
    assert text.count("\n  dut__tile_64 ") == sum(tile.cells == 64 for tile in config.placement.tiles) == 142
