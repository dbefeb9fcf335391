"""Is it one parameter's turn after the other, in the order of the configuration?"""

from __future__ import annotations

import cocotb

from testbenches.perturb.following import follows
from testbenches.support import configured


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.0), (0.5, 0.02)]))
async def one_parameter_at_a_time(dut, stall, reload):
    """Through all turns twice."""
    config = configured()
    places = [config.placement.places[number] for number in config.codes.sequence]

    def check(turn: int) -> None:
        assert int(dut.rows.value) == 1 << places[turn].row
        assert int(dut.columns.value) == 1 << places[turn].column

    await follows(
        dut,
        check,
        first=0,
        loaded=lambda _: 0,
        advanced=lambda turn: (turn + 1) % len(places),
        clocks=4 * len(places) + 20,
        stall=stall,
        reload=reload,
    )
