"""Is the mean that of the readings, and is what cannot be believed told with its kind?"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.device.reader import Reader
from mgd_sim.rtl import bench_parameters
from testbenches.support import clock, configured, pack, random_numbers, start, unpack

KINDS = ("out_of_range", "glitch", "stuck")


class Bench:
    """A reader, and readings of its channels."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.bits = config.converters.reading_bits
        self.is_code = config.converters.back is not None
        self.channels = config.converters.channels
        format = config.converters.reading
        self.low, self.high = (0, (1 << self.bits) - 1) if self.is_code else (format.min, format.max)
        self.format = format

    @property
    def middle(self) -> int:
        """The raw code of zero."""
        return (1 << self.bits - 1) * int(self.config.converters.back.offset_binary)

    def reading(self, near: np.ndarray | None = None) -> np.ndarray:
        """One of each channel, anything or near others; at times at an end."""
        if near is not None:
            found = near + self.rng.integers(-2, 3, self.channels)
        else:
            found = self.rng.integers(self.low, self.high + 1, self.channels)
        ends = self.rng.random(self.channels) < 0.02
        return np.where(ends, self.rng.choice([self.low, self.high]), found).clip(self.low, self.high)

    async def measure(self, readings: list[np.ndarray], again: bool, **registers: int) -> tuple[str, int]:
        """All readings of a measurement; the kind of fault or "", and the clocks of the last one."""
        shift = registers["average"]
        flag = {"again": int(again)} if hasattr(self.dut, "again") else {}
        for number, reading in enumerate(readings):
            await clock(
                self.dut,
                tdata=pack(reading.tolist(), self.bits)
                | int(self.rng.integers(0, 2)) << self.bits * self.channels
                if len(self.dut.tdata) > self.bits * self.channels
                else pack(reading.tolist(), self.bits),
                take=1,
                first=int(number == 0),
                last=int(number == len(readings) - 1),
                **flag,
                **registers,
            )
            clocks = 0
            while True:
                # Nothing but take makes it look.
                await clock(
                    self.dut, take=0, tdata=0, first=int(self.rng.integers(2)), last=int(self.rng.integers(2))
                )
                clocks += 1
                told = [
                    kind for kind in KINDS if hasattr(self.dut, kind) and getattr(self.dut, kind).value == 1
                ]
                if self.dut.done.value == 1:
                    break
                assert not told, told
                assert clocks < 100
            if told:
                assert len(told) == 1
                return told[0], clocks
            if number < len(readings) - 1:
                assert clocks == self.channels + 2
            else:
                assert clocks == 2 * self.channels + 3 + shift
        return "", clocks

    @property
    def y(self) -> list[int]:
        return unpack(int(self.dut.y.value), self.format.width, self.channels, signed=self.format.signed)


async def begin(dut: Any) -> Bench:
    bench = Bench(dut, configured())
    names = ("tdata", "take", "first", "last", "again", "average", "low", "high", "spread", "stuck_after")
    await start(dut, **{name: 0 for name in names if hasattr(dut, name)})
    return bench


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(shift=[0, 1, 3])
async def means_and_faults(dut, shift):
    bench = await begin(dut)
    limits = dict(bench_parameters()["limits"])
    twin = Reader(bench.config, shift, **limits)
    registers = {("stuck_after" if name == "stuck" else name): value for name, value in limits.items()}
    seen: dict[str, int] = {}
    kept: list[np.ndarray] = []
    for _ in range(150):
        again = bool(kept) and "again" in dir(dut) and bench.rng.random() < 0.2
        if not kept or bench.rng.random() < 0.6:
            first = bench.reading()
            near = first if bench.rng.random() < 0.7 else None
            kept = [first, *(bench.reading(near) for _ in range((1 << shift) - 1))]
        kind, _ = await bench.measure(kept, again, average=shift, **registers)
        wanted, expected = twin(np.array(kept), again)
        assert kind == expected
        if wanted is not None:
            assert bench.y == wanted.tolist()
        seen[kind] = seen.get(kind, 0) + 1
    for name, kind in {"low": "out_of_range", "spread": "glitch", "stuck": "stuck"}.items():
        if name in limits and (name != "spread" or shift):
            assert seen.get(kind, 0) > 3, (kind, seen)
    assert seen.get("", 0) > 10


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(where=[0, 1])
async def what_is_out_of_range_ends_a_row(dut, where):
    """The same readings all the time, but for one that is illegal: the count of equal ones begins anew."""
    bench = await begin(dut)
    limits = dict(bench_parameters()["limits"])
    if not {"stuck", "high"} <= limits.keys():
        return
    registers = {("stuck_after" if name == "stuck" else name): value for name, value in limits.items()}
    # The lowest legal reading, or the code of zero, and the highest one there is.
    least, most = limits["low"] + bench.format.min, bench.high
    if bench.is_code:
        least, most = bench.middle, bench.middle + (1 << bench.bits - 1) - 1
    good = [np.full(bench.channels, least)] * 2
    bad = [np.full(bench.channels, most) if number == where else good[0] for number in range(2)]
    row = [*[good] * limits["stuck"], bad, *[good] * limits["stuck"], good]
    told = [(await bench.measure(each, False, average=1, **registers))[0] for each in row]
    whole = [""] * limits["stuck"]
    assert told == [*whole, "out_of_range", *whole, "stuck"]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def codes_at_an_end_are_told(dut):
    """``clipped`` is high for the lowest and the highest code alone, where nothing else is limited."""
    bench = await begin(dut)
    if not hasattr(dut, "clipped"):
        return
    registers = {"average": 0, "first": 1, "last": 0}
    for code in (
        0,
        1,
        (1 << bench.bits) // 2 - 1,
        (1 << bench.bits) // 2,
        (1 << bench.bits) - 2,
        (1 << bench.bits) - 1,
    ):
        await clock(dut, take=1, tdata=pack([code] * bench.channels, bench.bits), **registers)
        clipped = 0
        for _ in range(bench.channels + 3):
            await clock(dut, take=0)
            clipped |= int(dut.clipped.value)
        raw = code if bench.config.converters.back.offset_binary else code ^ 1 << bench.bits - 1
        assert clipped == (raw in (0, (1 << bench.bits) - 1)), code
