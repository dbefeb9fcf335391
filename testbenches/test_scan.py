"""Does the scan visit every cell once, in the order of their numbers, and then begin again?"""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.scan import Scan
from testbenches.support import run_natively


def shaped(*layers: int) -> TrainerConfig:
    return preset("xor").replaced(network={"layers": layers})


def follow(block: Scan, config: TrainerConfig) -> None:
    """Three rounds without a pause, then at random with pauses and restarts."""
    rng = np.random.default_rng(1)
    places = config.placement.places

    async def testbench(context):
        number = 0
        for turn in range(10 * len(places)):
            assert context.get(block.rows) == 1 << places[number].row
            assert context.get(block.columns) == 1 << places[number].column
            assert context.get(block.last) == (number == len(places) - 1)
            smooth = turn < 3 * len(places)
            advance, restart = smooth or rng.random() < 0.8, not smooth and rng.random() < 0.05
            context.set(block.advance, int(advance))
            context.set(block.restart, int(restart))
            await context.tick()
            number = 0 if restart else (number + advance) % len(places)

    run_natively(block, testbench)


# Tiles of 3 cells; 6 and 3; 9 and 4; 9, 8 and 3; 64, 2 and 23; 63, 44 and 3.
SHAPES = [(2, 1), (2, 2, 1), (2, 3, 1), (2, 3, 2, 1), (2, 22, 1), (2, 21, 2, 1)]


@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_scan(layers):
    config = shaped(*layers)
    follow(Scan(config), config)


@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_many_stages(layers):
    """Registers tell beforehand where rows end."""
    config = shaped(*layers).replaced(engine={"stages": "many"})
    follow(Scan(config), config)


class Broken(Scan):
    """A scan with one thing wrong."""

    def __init__(self, config: TrainerConfig, wrong: str):
        super().__init__(config)
        self.wrong = wrong

    def elaborate(self, platform):
        m = super().elaborate(platform)
        if self.wrong == "stands still at the end":
            with m.If(self.last & ~self.restart):
                m.d.sync += [self.rows.eq(self.rows), self.columns.eq(self.columns)]
        if self.wrong == "no restart":
            with m.If(self.restart):
                m.d.sync += [self.rows.eq(self.rows), self.columns.eq(self.columns)]
        if self.wrong == "advance goes first":
            with m.If(self.restart & self.advance):
                m.d.sync += self.columns.eq(self.columns << 1)
        return m


@pytest.mark.parametrize("wrong", ["stands still at the end", "no restart", "advance goes first"])
def test_mutations_are_noticed(wrong):
    config = shaped(2, 3, 1)
    with pytest.raises(AssertionError):
        follow(Broken(config, wrong), config)


@pytest.mark.parametrize("other", [(2, 4, 1), (2, 2, 2, 1)], ids=str)
def test_another_shape_is_noticed(other):
    """The same number of rows, which end elsewhere."""
    config = shaped(2, 3, 1)
    assert shaped(*other).placement.rows == config.placement.rows
    with pytest.raises(AssertionError):
        follow(Scan(shaped(*other)), config)
