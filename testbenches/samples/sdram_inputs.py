"""Is each input of each sample offered once, in its order and its clock, and are the targets there with the
last one?
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import cocotb

from mgd_hdl.config.sdram import SdramInputs
from mgd_sim.samples.sdram import inputs_offered
from testbenches.samples.bench_sdram import Bench, begin, fill_again, take, wait_at_random
from testbenches.samples.offering import is_input
from testbenches.support import configured


class Inputs(Bench):
    """Of samples whose inputs and targets are given as one number each."""

    samples: SdramInputs
    kind = SdramInputs

    def __init__(self, dut: Any):
        super().__init__(dut)
        self.config = configured()
        self.width, self.targets = self.config.formats.input.width, self.config.target_bits

    def bits(self) -> Iterator[int]:
        """As the page has it; what is left free is 1."""
        each = 16 // self.width
        for x, target in self.words:
            parts = [x[place : place + each] for place in range(0, len(x), each)]
            turned = ["".join(f"{value:0{self.width}b}" for value in reversed(part)) for part in parts]
            for digits in (f"{target:0{self.targets}b}", *turned):
                yield from map(int, digits.rjust(-(-len(digits) // 16) * 16, "1"))

    def coming(self) -> Iterator[tuple[int, int | None, bool]]:
        """Inputs; the targets of the last one; whether it is the first."""
        while True:
            for x, target in self.words:
                for place, value in enumerate(x):
                    yield value, target if place == len(x) - 1 else None, place == 0

    def check(self, expected: tuple[int, int | None, bool]) -> None:
        is_input(self.config, int(self.dut.o__payload.value), *expected)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def inputs_come_in_the_clocks_of_the_twin(dut):
    """Over several turns, with refreshes and other rows; and as the page has it."""
    bench = await begin(dut, Inputs)
    samples = bench.samples
    await bench.fill()
    await bench.settled()
    load = bench.clocks
    turns = -(-600 // (samples.count * samples.sample_clocks)) + 1
    came = await take(bench, turns * samples.count * samples.inputs)
    assert came == inputs_offered(samples, load, turns * samples.count)
    assert came[0] == load + samples.load_clocks
    gaps = [after - before for before, after in pairwise(came)]
    words = -(-bench.targets // 16)
    assert min(gaps[samples.inputs - 1 :: samples.inputs]) == 1 + words
    assert samples.inputs == 1 or min(gaps) == 1
    assert samples.sample_clocks == samples.inputs + words
    assert max(gaps) <= 1 + words + 2 * samples.row_clocks + samples.refresh_clocks
    assert samples.chip.interval < came[-1] - came[0]
    mean = (came[-1] - came[samples.inputs * samples.count - 1]) / (samples.count * (turns - 1))
    assert samples.sample_clocks <= mean <= samples.mean_clocks * (1 + 10 / (came[-1] - came[0]))


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stall=[0.3, 0.9])
async def inputs_wait_and_loads_begin_anew(dut, stall):
    """Each is offered until it is taken; a load begins at the first sample; a reset fills all again."""
    bench = await begin(dut, Inputs)
    taken, loads = await wait_at_random(bench, stall)
    assert taken > 150 * (1 - stall)
    assert loads > 20
    await fill_again(bench, bench.samples.inputs * (bench.samples.count + 2))
