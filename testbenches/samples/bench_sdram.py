"""Is each sample that filled the SDRAM offered once, in its order and its clock, and is the chip content?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import cocotb

from mgd_hdl.config.sdram import Sdram, SdramSamples
from mgd_sim.rtl import bench_parameters
from mgd_sim.samples.sdram import offered
from testbenches.support import clock, random_numbers, start

#: Clocks of a test, more than any takes.
_MOST = 50_000


class Bench:
    """The block with its memory, and what is offered next."""

    samples: SdramSamples
    kind = SdramSamples

    def __init__(self, dut: Any):
        self.dut, given = dut, bench_parameters()
        self.samples = self.kind(**given["samples"] | {"chip": Sdram(**given["chip"])})
        self.words = given["words"]
        self.clocks = 0  # since the reset

    async def clock(self, **inputs: int) -> bool:
        """The next one; whether a sample is offered."""
        await clock(self.dut, **inputs)
        self.clocks += 1
        assert self.clocks < _MOST, "nothing comes"
        assert self.dut.broken.value == 0, (
            f"{int(self.dut.broken.value):07b}: see testbenches.samples.sdram_chip"
        )
        return bool(self.dut.o__valid.value)

    def bits(self) -> Iterator[int]:
        """What fills the memory."""
        for word in self.words:
            yield from (word >> place & 1 for place in reversed(range(self.samples.bits)))

    async def fill(self, stall: float = 0.0) -> None:
        """Offers all bits, each until it is taken, with loads between them; nothing is offered in return."""
        rng = random_numbers()
        for bit in self.bits():
            while stall and rng.random() < stall:
                assert not await self.clock(i__valid=0, load=rng.random() < 0.05)
            assert not await self.clock(i__valid=1, i__payload=bit, load=0)
            while not self.dut.i__ready.value:
                assert not await self.clock()
        while not self.dut.filled.value:
            assert not await self.clock(i__valid=0)

    def coming(self) -> Iterator[Any]:
        """What is offered from a load on."""
        while True:
            yield from self.words

    def check(self, expected: Any) -> None:
        """The port offers that."""
        assert int(self.dut.o__payload.value) == expected

    async def settled(self) -> None:
        """A sample waits for long enough that nothing is under way, and no refresh is near."""
        for _ in range(3 * self.samples.sample_words + 40):
            await self.clock(o__ready=0)
        while self.clocks % self.samples.chip.interval not in range(20, 30):
            await self.clock()


async def begin(dut: Any, bench: type[Bench] = Bench) -> Bench:
    await start(dut, load=0, i__valid=0, i__payload=0, o__ready=0)
    return bench(dut)


async def take(bench: Bench, count: int) -> list[int]:
    """The clocks in which so many words are offered from a load on, each taken at once."""
    expected, came = bench.coming(), []
    await bench.clock(load=1, o__ready=1)
    while len(came) < count:
        if await bench.clock(load=0):
            bench.check(next(expected))
            came.append(bench.clocks - 1)
    return came


async def wait_at_random(bench: Bench, stall: float) -> tuple[int, int]:
    """Bits that stall, loads at any time, also before it is full; the taker waits with probability ``stall``.

    Returns
    -------
    taken, loads : int
    """
    rng = random_numbers()
    await bench.fill(stall=0.3)
    expected, taken, loads = bench.coming(), 0, 0
    following, since = next(expected), 0
    for turn in range(3_000):
        ready, load = rng.random() >= stall, rng.random() < 1 / 60
        if offers := await bench.clock(o__ready=ready, load=load):
            bench.check(following)
        since = 0 if offers else since + 1
        assert since <= bench.samples.sample_words + 6 + 8 * (2 + bench.samples.sample_words // 8), (
            f"none comes: {turn}"
        )
        if load:
            expected, loads, since = bench.coming(), loads + 1, 0
            following = next(expected)
        elif offers and ready:
            following, taken = next(expected), taken + 1
    return taken, loads


async def fill_again(bench: Bench, count: int) -> None:
    """A reset; then the memory is filled, and so many words are taken."""
    await bench.clock(rst=1, load=0, o__ready=0, i__valid=0)
    await bench.clock(rst=0)
    assert not bench.dut.filled.value
    await bench.fill()
    for word in islice(bench.coming(), count):
        while not await bench.clock(o__ready=1):
            pass
        bench.check(word)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def it_is_filled_and_samples_come_in_the_clocks_of_the_twin(dut):
    """Over several turns, with refreshes and other rows; and as the page has it."""
    bench = await begin(dut)
    samples, chip = bench.samples, bench.samples.chip
    ready = 40 * chip.interval
    await bench.fill()
    assert bench.clocks > ready
    await bench.settled()
    load = bench.clocks
    turns = -(-600 // samples.count) + 1
    came = await take(bench, turns * samples.count)
    assert came == offered(samples, load, len(came))
    assert came[0] == load + samples.load_clocks
    gaps = [after - before for before, after in pairwise(came)]
    assert samples.sample_words + 2 == samples.sample_clocks
    assert samples.count == 1 or min(gaps) == samples.sample_clocks
    rows, refreshes = samples.sample_words // chip.columns + 2, samples.sample_words // chip.interval + 1
    assert max(gaps) <= min(gaps) + samples.row_clocks * rows + samples.refresh_clocks * refreshes
    mean = (came[-1] - came[samples.count - 1]) / (len(came) - samples.count)
    assert samples.sample_clocks < mean <= samples.mean_clocks * (1 + 10 / (came[-1] - came[0]))
    # Filled once and for all.
    for _ in range(40):
        await bench.clock(i__valid=1)
        assert not dut.i__ready.value


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(stall=[0.3, 0.9])
async def samples_wait_and_loads_begin_anew(dut, stall):
    """Each is offered until it is taken; a load begins at the first one; after a reset it is filled again."""
    bench = await begin(dut)
    taken, loads = await wait_at_random(bench, stall)
    assert taken > 30 * (1 - stall)
    assert loads > 20
    await fill_again(bench, bench.samples.count + 2)
