"""Is every cost change the high-pass of the costs, blanked where the sample is new, and is nothing lost?"""

from __future__ import annotations

import math
from fractions import Fraction

import cocotb

from mgd_hdl.config import TrainerConfig
from testbenches.support import clock, configured, random_numbers, signed, start


class Filter:
    """``C~ = a (C~ + C - C_before)`` with fractions: what a word cannot hold waits for the next step."""

    def __init__(self, config: TrainerConfig):
        self.low, self.high = config.words.cost_change.min, config.words.cost_change.max
        self.change, self.rest, self.before = 0, Fraction(0), 0

    def take(self, cost: int, coefficient: int, *, blank: bool) -> tuple[int, bool]:
        """C~, and whether its sum was limited."""
        total = self.change + (0 if blank else cost - self.before)
        limited = max(self.low, min(self.high, total))
        exact = Fraction(coefficient, 256) * limited + self.rest
        self.change, self.before = math.floor(exact), cost
        self.rest = exact - self.change
        return self.change, limited != total


def costs(config: TrainerConfig, rng, count: int) -> list[tuple[int, bool]]:
    """Costs and whether they are the first of a sample: wanderings and jumps over the whole range."""
    highest, cost, found = config.words.cost.max, 0, []
    for number in range(count):
        blank = rng.random() < 0.1
        if blank or rng.random() < 0.05:
            cost = int(rng.choice([0, highest, int(rng.integers(highest + 1))]))
        elif number % 200 < 150:
            cost = max(0, min(highest, cost + round(float(rng.normal(0, highest / 60)))))
        found.append((cost, blank))  # the last quarter of 200: the cost stays
    return found


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def changes_come_three_clocks_later(dut, stall):
    """One cost every second clock or fewer; the coefficient moves now and then, and a reset comes."""
    config, rng = configured(), random_numbers()
    await start(dut, i__valid=0, i__payload=0, coefficient=0)
    model, coefficient, way = Filter(config), 1, [None] * 3
    limited = 0
    waiting = costs(config, rng, 600)[::-1]
    waiting[-1] = (waiting[-1][0], True)  # what was before the first is unknown
    idle = False
    turn = 0
    while waiting or any(way):
        turn += 1
        if turn % 97 == 0:
            coefficient = int(rng.choice([0, 1, 128, 254, 255, int(rng.integers(256))]))
        given = None if idle or not waiting or rng.random() < stall else waiting.pop()
        idle = given is not None
        cost, blank = given or (int(rng.integers(config.words.cost.max + 1)), bool(rng.integers(2)))
        payload = cost | blank << config.words.cost.width
        await clock(dut, i__valid=idle, i__payload=payload, coefficient=coefficient)
        wanted = way.pop(0)
        assert int(dut.o__valid.value) == (wanted is not None), turn
        assert int(dut.saturated.value) == (wanted is not None and wanted[1]), turn
        if wanted is not None:
            assert signed(dut.o__payload) == wanted[0], turn
            limited += wanted[1]
        # The product is made two clocks after the cost came.
        if way[0] is not None:
            way[0] = model.take(way[0][0], coefficient, blank=way[0][1])
        way.append(given)
    assert limited > 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def nothing_is_left_hanging(dut):
    """A cost that stays is forgotten to the last bit, and the sum of all C~ is what algebra says.

    With a cost that was 0 and is C from some step on, the sum over all steps is C a / (1 - a), and the
    words' sum lies below it by less than 1 / (1 - a).
    """
    config, rng = configured(), random_numbers()
    highest = config.words.cost_change.max
    await start(dut, i__valid=0, i__payload=0, coefficient=0)
    for coefficient in (10, 158, 250):
        for _ in range(2):
            jump = int(rng.integers(highest // 2, highest + 1))
            await clock(dut, rst=1, i__valid=0)
            inputs = [(0, True)] + [(jump, False)] * (15 * 256 // (256 - coefficient))
            total = last = 0
            for cost, blank in [*inputs, *inputs[-1:] * 2]:
                await clock(
                    dut,
                    rst=0,
                    i__valid=1,
                    i__payload=cost | blank << config.words.cost.width,
                    coefficient=coefficient,
                )
                if dut.o__valid.value == 1:
                    total, last = total + signed(dut.o__payload), signed(dut.o__payload)
                await clock(dut, i__valid=0)
                if dut.o__valid.value == 1:
                    total, last = total + signed(dut.o__payload), signed(dut.o__payload)
            assert last == 0
            below = Fraction(jump * coefficient, 256 - coefficient) - total
            assert 0 <= below < Fraction(256, 256 - coefficient)
