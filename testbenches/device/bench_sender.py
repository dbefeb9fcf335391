"""Is the device sent what it does not have, in order, with the last one marked, however slow it is?"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.ports import fields
from mgd_sim.device.sender import Sender
from testbenches.support import clock, configured, pack, random_numbers, start


class Bench:
    """A sender, cells that show words, and a device that is ready at random."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.twin = Sender(config)
        self.weights = np.zeros(config.parameters, dtype=np.int64)
        self.beats: list[tuple[int, int, int, int]] = []  # number, value, last, id
        self.rows: list[tuple[int, int]] = []
        self.codes: list[tuple[int, int]] = []
        self.held: dict[str, int] = {}
        self.pass_clock = -1  # of serial cells, counted from the clock in which they are asked
        self.in_turn = config.facts.delivery.kind == "words"
        self.next = config.parameters  # of a bank, the number of the word that comes
        self.sends = config.device.sends

    def change(self, share: float) -> None:
        """Some parameters become others."""
        format = self.config.words.weight
        moved = self.rng.random(self.config.parameters) < share
        fresh = self.rng.integers(format.min, format.max + 1, self.config.parameters)
        self.weights = np.where(moved, fresh, self.weights)

    def _cells(self, ready: float) -> dict[str, int]:
        """What stands at ``weights`` in this clock."""
        width = self.config.words.weight.width
        if self.in_turn:
            there = self.next < self.config.parameters and self.rng.random() < (1 + ready) / 2
            noise = int(self.rng.integers(1 << width))
            word = int(self.weights[self.next]) if there else noise
            return {"there": int(there), "weights": word, "drop": 0}
        if not self.config.facts.delivery.marked:
            return {"weights": pack(self.weights.tolist(), width)}
        # Three clocks after it is asked for the lowest bits come, then a bit a clock.
        bit = self.pass_clock - 3
        there = 0 <= bit < width
        bits = self.weights >> bit & 1 if there else self.rng.integers(0, 2, self.config.parameters)
        if self.pass_clock >= 0:
            self.pass_clock += 1
        return {"weights": pack(bits.tolist(), 1), "first": int(bit == 0), "last": int(bit == width - 1)}

    async def clock(self, ready: float, **inputs: int) -> None:
        """One clock; what is taken in it is noted, and what is offered stays as it is."""
        dut = self.dut
        streams = {"": ["tdata", "tid", "tlast"]}
        if self.sends == "apart":
            streams["codes_"] = ["tdata", "tid"]
            inputs["codes_tready"] = int(self.rng.random() < ready)
        inputs["tready"] = int(self.rng.random() < ready)
        cells = self._cells(ready)
        await clock(dut, **(cells | inputs))
        if self.in_turn:
            self.next += cells["there"] and int(dut.takes.value)
            self.next = 0 if inputs.get("go") else self.next
        if self.config.facts.delivery.marked and dut.passes.value == 1:
            self.pass_clock = 0
        for prefix, names in streams.items():
            shown = {prefix + name: int(getattr(dut, prefix + name).value) for name in names}
            valid = getattr(dut, f"{prefix}tvalid").value == 1
            for name in names:
                if prefix + name in self.held:
                    assert valid, f"{prefix}tvalid fell"
                    assert shown[prefix + name] == self.held[prefix + name], name
            taken = valid and inputs[f"{prefix}tready"]
            for name in names:
                self.held.pop(prefix + name, None)
            if valid and not taken:
                self.held |= shown
            if taken:
                self._note(prefix, shown)

    def _note(self, prefix: str, shown: dict[str, int]) -> None:
        if prefix:
            self.codes.append((shown["codes_tdata"], shown["codes_tid"]))
        elif self.sends == "parallel":
            assert shown["tlast"] == 1
            self.rows.append((shown["tdata"], shown["tid"]))
        else:
            parts = {each.name: each for each in fields(self.config, "m_axis_parameters_tdata")}
            value, index = parts["value"], parts["index"]
            word = shown["tdata"] & ((1 << index.low) - 1)
            number = shown["tdata"] >> index.low
            if value.signed:
                word -= (word >> index.low - 1) << index.low
            self.beats.append((number, word, shown["tlast"], shown["tid"]))

    async def send(self, every: bool, number: int, ready: float, drop: int = -1) -> int:
        """One go until it is over; returns its clocks. After so many a bank's sender drops what is left."""
        extra = {"every": int(every)} if self.sends in ("changes", "apart") else {}
        self.beats, self.rows, self.codes = [], [], []
        await self.clock(ready, go=1, number=number, **extra)
        clocks = 0
        while True:
            dropped = {"drop": int(clocks == drop)} if self.in_turn else {}
            await self.clock(ready, go=0, number=number, **dropped)
            if self.dut.busy.value == 0:
                break
            clocks += 1
            assert clocks < 100_000
        for _ in range(int(self.rng.integers(0, 4))):
            await self.clock(ready, go=0)
            assert self.dut.busy.value == 0
        return clocks

    def check(self, every: bool, number: int) -> None:
        """What came is what the twin sends."""
        expected = self.twin.send(self.weights, every)
        if self.sends == "parallel":
            bits = self.config.converters.value_bits
            assert self.rows == [(pack([value for _, value in expected], bits), number)]
        else:
            assert [beat[:2] for beat in self.beats] == expected
            assert [beat[2] for beat in self.beats] == [0] * (len(expected) - 1) + [1] * (len(expected) > 0)
            assert {beat[3] for beat in self.beats} <= {number}
        if self.sends == "apart":
            bits = self.config.converters.shake_bits
            assert self.codes == [(pack(self.twin.codes(self.weights).tolist(), bits), number)]


async def begin(dut: Any) -> Bench:
    bench = Bench(dut, configured())
    names = ("weights", "go", "every", "number", "tready", "codes_tready", "first", "last", "there", "drop")
    await start(dut, **{name: 0 for name in names if hasattr(dut, name)})
    return bench


@cocotb.test(timeout_time=4, timeout_unit="ms")
@cocotb.parametrize(ready=[1.0, 0.5, 0.05])
async def every_change_is_sent_once(dut, ready):
    bench = await begin(dut)
    for turn in range(16):
        every = turn == 0 or bench.rng.random() < 0.2
        bench.change(float(bench.rng.choice([0.0, 0.1, 0.5, 1.0])))
        number = int(bench.rng.integers(0, 16))
        await bench.send(every, number, ready)
        bench.check(every, number)


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=configured().facts.delivery.kind != "words")
async def what_is_dropped_is_not_sent(dut):
    """Some first parameters come, none marked as the last one; then all, as if nothing had been."""
    bench, short, whole = await begin(dut), 0, 0
    for _ in range(150):
        bench.change(1.0)
        ready, number = float(bench.rng.choice([1.0, 0.5, 0.2])), int(bench.rng.integers(0, 16))
        await bench.send(True, number, ready, drop=int(bench.rng.integers(0, 2 * bench.config.parameters)))
        expected, came = bench.twin.send(bench.weights, True), bench.beats
        assert [beat[:2] for beat in came] == expected[: len(came)]
        lasts = [beat[2] for beat in came]
        if len(came) < len(expected):
            assert not any(lasts)
            short += 1
        else:
            assert not any(lasts[:-1])
            whole += lasts[-1]
        await bench.send(True, number, ready)
        bench.check(True, number)
    assert (short > 50, whole > 5) == (True, True)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def one_a_clock(dut):
    """With a device that is always ready: a clock for each parameter, and two more; for codes four."""
    bench = await begin(dut)
    bench.change(1.0)
    clocks = await bench.send(True, 3, 1.0)
    config = bench.config
    coded = 2 * (config.converters.out is not None)
    if config.facts.delivery.marked:
        # For each a clock to ask, three until the first bit, one a bit, one until it is taken.
        assert clocks == config.parameters * (1 + 3 + config.words.weight.width + 1) + 2 + coded
    else:
        assert clocks == config.parameters + 2 + coded
