"""Is every parameter active where its own bits of all registers say so?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR
from testbenches.perturb.following import follows
from testbenches.support import configured

SEEDS = (0, 1, 2, LFSR.mask, LFSR.mask - 1, 0x2AAAAAAA, 0x12345678)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.01), (0.6, 0.2)]))
async def activity_follows_the_registers(dut, stall, reload):
    """They start at 1, and from the seed turned by 0, 10 and 20 bits, of which bit 0 counts as 1."""
    config = configured()
    code, places = config.sparse_code, config.places
    taps = [code.taps(place.row, place.column) for place in places]

    def check(states: tuple[int, ...]) -> None:
        for (row, column), state in zip(code.pairs, states, strict=True):
            rows, columns = int(getattr(dut, f"{row}s").value), int(getattr(dut, f"{column}s").value)
            for place, each in zip(places, taps, strict=True):
                bit = rows >> place.row ^ columns >> place.column
                assert bit & 1 == sum(state >> tap & 1 for tap in each) % 2, (row, place)

    def loaded(seed: int) -> tuple[int, ...]:
        bits = f"{seed:031b}"
        return tuple(int(bits[10 * pair :] + bits[: 10 * pair], 2) | 1 for pair in range(code.halvings))

    await follows(
        dut,
        check,
        first=(1,) * code.halvings,
        loaded=loaded,
        advanced=lambda states: tuple(LFSR.step(state) for state in states),
        clocks=300,
        stall=stall,
        reload=reload,
        seeds=SEEDS,
    )
