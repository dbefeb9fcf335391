"""Is the code bit of every parameter the exclusive or of its own bits of the shared register?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR
from testbenches.perturb.following import follows
from testbenches.support import configured

SEEDS = (0, 1, 2, LFSR.mask, LFSR.mask - 1, 0x2AAAAAAA, 0x12345678)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.01), (0.6, 0.2)]))
async def bits_follow_the_register(dut, stall, reload):
    """The register starts at 1; a seed of zero counts as 1."""
    config = configured()
    places = config.placement.places
    taps = [config.codes.random_code.taps(place.row, place.column, place.diagonal) for place in places]

    def check(state: int) -> None:
        rows, columns, diagonals = int(dut.rows.value), int(dut.columns.value), int(dut.diagonals.value)
        for place, each in zip(places, taps, strict=True):
            bit = rows >> place.row ^ columns >> place.column ^ diagonals >> place.diagonal
            assert bit & 1 == sum(state >> tap & 1 for tap in each) % 2, place

    await follows(
        dut,
        check,
        first=1,
        loaded=LFSR.valid,
        advanced=LFSR.step,
        clocks=300,
        stall=stall,
        reload=reload,
        seeds=SEEDS,
    )
