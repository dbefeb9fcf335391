"""Is every parameter active where its own bits of all registers say so?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR
from testbenches.perturb.following import follows
from testbenches.support import configured

ENDS = ("001", "011", "101")
SEEDS = (0, 1, 2, LFSR.mask, LFSR.mask - 1, 0x2AAAAAAA, 0x12345678)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.01), (0.6, 0.2)]))
async def activity_follows_the_registers(dut, stall, reload):
    """They start at 1. A single one takes the seed, of which bit 0 counts as 1; of several the second and
    third take it turned by 10 and 20 bits, some of them inverted, and all end in 001, 011 and 101.
    """
    config = configured()
    code, places = config.codes.sparse_code, config.placement.places
    taps = [code.taps(place.row, place.column) for place in places]

    def check(states: tuple[int, ...]) -> None:
        if config.bank:
            assert int(dut.states.value) == sum(state << 31 * pair for pair, state in enumerate(states))
            return
        for (row, column), state in zip(code.pairs, states, strict=True):
            rows, columns = int(getattr(dut, f"{row}s").value), int(getattr(dut, f"{column}s").value)
            for place, each in zip(places, taps, strict=True):
                bit = rows >> place.row ^ columns >> place.column
                assert bit & 1 == sum(state >> tap & 1 for tap in each) % 2, (row, place)

    def loaded(seed: int) -> tuple[int, ...]:
        bits = f"{seed:031b}"
        if code.share_shift == 1:
            return (seed | 1,)
        turned = (bits, bits[10:] + bits[:10], bits[20:] + bits[:20])[: code.share_shift]
        keys = (0, 0x1E3779B9, 0x243F6A88)
        starts = (f"{int(word, 2) ^ key:031b}" for word, key in zip(turned, keys, strict=False))
        return tuple(int(start[:28] + end, 2) for start, end in zip(starts, ENDS, strict=False))

    await follows(
        dut,
        check,
        first=(1,) * code.share_shift,
        loaded=loaded,
        advanced=lambda states: tuple(LFSR.step(state) for state in states),
        clocks=300,
        stall=stall,
        reload=reload,
        seeds=SEEDS,
    )
