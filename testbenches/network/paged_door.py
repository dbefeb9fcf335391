"""Where inputs come one a clock: are all that are whole swept once, as they came, and the answer kept?

The bench of :class:`mgd_hdl.network.inference.PagedInference`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from mgd_sim.samples.pages import Word, wholes
from testbenches.samples.bench_pages import Sender
from testbenches.support import clock, configured, pack, random_numbers, start


class Bench:
    """A sender, a network and a reader around the block, and all that must be true in each clock."""

    def __init__(self, dut: Any, config: TrainerConfig, idle: float):
        self.dut, self.config, self.rng = dut, config, random_numbers()
        self.sender = Sender(config, self.rng, idle)
        self.y_width = config.outputs * config.shape.layers[-1].output.width
        self.forget()
        self.asked: int | None = None
        self.now = self.read = self.given = self.cut = 0
        self.log: dict[str, list[int]] = {"last word": [], "begins": [], "answer": []}

    def forget(self) -> None:
        """After a reset nothing has come."""
        self.begun = False
        self.since: list[Word] = []
        self.held: list[int] | None = None
        self.shown: list[int] | None = None
        self.answer: int | None = None

    def _packed(self, word: Word | None) -> int:
        width = self.config.formats.input.width
        if word is None:
            return int(self.rng.integers(2 << width))
        return pack([word.x], width) | word.first << width

    def _x(self) -> int:
        return int(self.dut.x.value.to_signed() if self.config.formats.input.signed else self.dut.x.value)

    async def clock(self, *, ready: bool, open: bool, free: bool, over: bool, load: bool = False, rst=False):
        """One clock, checked against what was before."""
        dut, rng, config = self.dut, self.rng, self.config
        word, at = self.sender.next(), int(rng.integers(config.inputs))
        y = int(rng.integers(1 << self.y_width))
        given = {"i__valid": word is not None, "i__payload": self._packed(word), "o__ready": ready, "y": y}
        await clock(dut, load=load, rst=rst, open=open, free=free, over=over, at=at, **given)
        accepts = self.begun and not load and self.held is None and self.shown is None
        waits = self.held is not None and self.answer is None
        begins, ends = waits and open and free, self.shown is not None and over
        found = {name: int(getattr(dut, name).value) for name in ("asks", "owes", "shows", "begins")}
        assert found == {
            "asks": waits or self.shown is not None,
            "owes": self.shown is not None or self.answer is not None,
            "shows": self.shown is not None,
            "begins": begins,
        }, self.now
        assert int(dut.i__ready.value) == accepts, self.now
        assert int(dut.o__valid.value) == (self.answer is not None), self.now
        if self.answer is not None:
            assert int(dut.o__payload.value) == self.answer, self.now
        if self.asked is not None:
            assert self._x() == self.asked, self.now
            self.read += 1
        self.asked = None if self.shown is None else self.shown[at]
        if self.answer is not None and ready:
            self.answer, self.given = None, self.given + 1
        if ends:
            self.shown, self.answer = None, y
            self.log["answer"].append(self.now + 1)
        if begins:
            self.shown, self.held = self.held, None
            self.log["begins"].append(self.now)
        if accepts and word is not None:
            self.since.append(word)
            self.sender.offered = None
            *_, whole = wholes(self.since, config.inputs)
            if whole is not None:
                self.held = whole[0]
                self.log["last word"].append(self.now)
        self.begun = self.begun or load
        if rst:
            self.cut += any(each.first for each in self.since[-config.inputs + 1 :])
            self.forget()
        self.now += 1


async def begin(dut: Any, idle: float) -> Bench:
    bench = Bench(dut, configured(), idle)
    assert len(dut.i__payload) == bench.config.formats.input.width + 1
    zeros = dict.fromkeys(
        ("load", "open", "free", "over", "at", "y", "i__valid", "i__payload", "o__ready"), 0
    )
    await start(dut, **zeros)
    return bench


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    (("idle", "ready", "door", "over"), [(0.0, 1.0, 1.0, 0.2), (0.5, 0.3, 0.4, 0.3), (0.0, 0.15, 0.8, 0.2)])
)
async def inputs_are_whole(dut, idle, ready, door, over):
    """Inputs cut short, or with words too many; a slow reader; resets in the midst of it all, and words
    before the block may take them.
    """
    bench = await begin(dut, idle)
    draw = bench.rng.random
    for turn in range(3000):
        rst = draw() < 0.01
        await bench.clock(
            ready=draw() < ready,
            open=draw() < door,
            free=draw() < 0.8,
            over=draw() < over,
            load=not bench.begun and turn > 20 and draw() < 0.3,
            rst=rst,
        )
    assert bench.given > 20
    assert bench.read > 200
    assert bench.cut > 2 or bench.config.inputs == 1


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def clocks_are_those_of_the_page(dut):
    """With nobody in the way, and a network that answers so many clocks after the command of a sweep."""
    bench, answered = await begin(dut, 0.0), bench_parameters()["answered"]
    bench.sender.whole = True
    await bench.clock(ready=True, open=True, free=True, over=False, load=True)
    commanded = None
    while len(bench.log["answer"]) < 6:
        over = commanded is not None and bench.now == commanded + 1 + answered
        await bench.clock(ready=True, open=True, free=True, over=over)
        commanded = bench.log["begins"][-1] if bench.log["begins"] else None
    last, answers = bench.log["last word"], bench.log["answer"]
    assert [b - a for a, b in zip(last, answers, strict=False)] == [bench_parameters()["answer"]] * 6
    assert [b - a for a, b in pairwise(answers)] == [bench_parameters()["beat"]] * 5
