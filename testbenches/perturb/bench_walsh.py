"""Is the code bit of every parameter the parity of its index and the step?"""

from __future__ import annotations

import cocotb

from testbenches.perturb.following import follows
from testbenches.support import configured


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.0), (0.5, 0.1)]))
async def bits_follow_the_step(dut, stall, reload):
    """Until the codes repeat, and further."""
    config = configured()
    code, places = config.codes.walsh_code, config.placement.places
    index = [code.index(place.row, place.column) for place in places]

    def check(step: int) -> None:
        rows, columns = int(dut.rows.value), int(dut.columns.value)
        for place, each in zip(places, index, strict=True):
            bit = rows >> place.row ^ columns >> place.column
            assert bit & 1 == (each & step).bit_count() % 2, place

    await follows(
        dut,
        check,
        first=0,
        loaded=lambda _: 0,
        advanced=lambda step: (step + 1) % code.repeats,
        clocks=2 * code.repeats + 20,
        stall=stall,
        reload=reload,
    )
