"""Is each whole sample offered once, in its order, and read as it came while the next one comes?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import TrainerConfig
from mgd_sim.samples.pages import Word, wholes
from testbenches.support import clock, configured, pack, random_numbers, start

TURNS = 3000


class Sender:
    """Samples of random inputs; now and then one is cut short, or has words too many, or is late."""

    def __init__(self, config: TrainerConfig, rng, idle: float):
        self.config, self.rng, self.idle = config, rng, idle
        self.whole = False  # all of them are
        self.left: list[Word] = []
        self.offered: Word | None = None

    def next(self) -> Word | None:
        """What is offered in a clock; it stays until it is taken."""
        if self.offered is None and self.rng.random() >= self.idle:
            self.left = self.left or self._sample()
            self.offered = self.left.pop(0)
        return self.offered

    def _sample(self) -> list[Word]:
        inputs, number = self.config.inputs, self.config.formats.input
        count = inputs if self.whole or self.rng.random() < 0.7 else int(self.rng.integers(1, 3 * inputs + 1))
        return [
            Word(
                int(self.rng.integers(number.min, number.max + 1)),
                int(self.rng.integers(1 << self.config.target_bits)),
                place == 0,
            )
            for place in range(count)
        ]


def packed(config: TrainerConfig, word: Word) -> int:
    width = config.formats.input.width
    return pack([word.x], width) | word.target << width | word.first << (width + config.target_bits)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(
    (("idle", "takes", "goes"), [(0.0, 1.0, 1.0), (0.6, 0.3, 0.3), (0.0, 0.1, 0.5), (0.3, 0.8, 0.1)])
)
async def samples_are_whole(dut, idle, takes, goes):
    """None before the first load; a load forgets what is held, in the middle of a sample too; what is read is
    the sample that was taken before the last sweep began, until the next one begins.
    """
    config, rng = configured(), random_numbers()
    assert len(dut.i__payload) == config.input_bits
    await start(dut, load=0, i__valid=0, i__payload=0, o__ready=0, go=0, at=0)
    sender, begun, since = Sender(config, rng, idle), False, []
    waiting = taken = shown = asked = None
    found, cut, read, moving = [], 0, 0, False
    for turn in range(TURNS):
        load, reset = turn == 20 or rng.random() < 0.01 * (turn > 20), turn == TURNS // 2
        word = sender.next()
        ready, go = rng.random() < takes, moving and rng.random() < goes
        at = int(rng.integers(config.inputs))
        given = packed(config, word) if word else int(rng.integers(1 << min(62, config.input_bits)))
        await clock(
            dut,
            load=load,
            rst=reset,
            i__valid=word is not None,
            i__payload=given,
            o__ready=ready,
            go=go,
            at=at,
        )
        accepts = begun and not load and waiting is None and not moving
        assert int(dut.i__ready.value) == accepts, turn
        assert int(dut.o__valid.value) == (waiting is not None), turn
        if waiting is not None:
            assert int(dut.o__payload.value) == waiting[1], turn
        if asked is not None:
            x = dut.x.value
            assert int(x.to_signed() if config.formats.input.signed else x) == asked, turn
            read += 1
        asked = shown[0][at] if shown is not None else None
        if accepts and word is not None:
            since.append(word)
            sender.offered = None
            *_, waiting = wholes(since, config.inputs)
        elif waiting is not None and ready and not load:
            taken, waiting, moving = waiting, None, True
            found.append(taken)
        elif go:
            shown, moving = taken, False
        if load or reset:
            cut += any(each.first for each in since[-config.inputs + 1 :])
            since, waiting, moving = [], None, False
            if reset or taken is not shown:  # nothing is read until another sample is there
                shown = taken = None
        begun = (begun or load) and not reset
    assert len(found) > 20
    assert cut > 3 or config.inputs == 1
    assert read > 200
