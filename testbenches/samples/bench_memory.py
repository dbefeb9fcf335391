"""Is every stored sample shown in its order, whole, and for as long as nobody takes it?"""

from __future__ import annotations

from collections.abc import Iterator

import cocotb

from mgd_hdl.config import LFSR
from mgd_sim.rtl import bench_parameters
from testbenches.samples.offering import drawn_ahead, offers
from testbenches.support import configured

SEEDS = (0, 1, 2, LFSR.mask, LFSR.mask - 1, 0x2AAAAAAA, 0x12345678)


def indices(order: str, bits: int, count: int, seed: int) -> Iterator[int]:
    """The indices that are tried, those that do not exist among them."""
    state = LFSR.valid(seed)
    while order == "random":
        yield state % 2**bits
        state = LFSR.step(state)
    while order == "plain":
        yield from range(count)
    while True:
        add, flip = state % 2**bits, state // 2**bits % 2**bits
        for counter in range(2**bits):
            yield int(f"{(counter + add) % 2**bits:0{bits}b}"[::-1], 2) ^ flip
        state = LFSR.step(state)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.004), (0.6, 0.05)]))
async def samples_come_in_their_order(dut, stall, reload):
    """Several epochs, from every seed; where all indices exist, one sample a clock."""
    config, words = configured(), bench_parameters()["words"]
    order, bits = config.task.order, bench_parameters()["bits"]

    def tries(seed: int) -> Iterator[int | None]:
        for index in indices(order, bits, len(words), seed):
            yield words[index] if index < len(words) else None

    if config.delayed and order != "plain" and len(words) < 2**bits:
        missed = await drawn_ahead(dut, tries, stall=stall, reload=reload / 8, clocks=1500, seeds=SEEDS)
        assert missed <= (0 if order == "epoch" else 0.04)
        return
    seeds = () if order == "plain" else SEEDS
    taken = await offers(dut, tries, stall=stall, reload=reload, clocks=600, seeds=seeds)
    assert taken > (500 if not stall and len(words) == 2**bits else 80)
