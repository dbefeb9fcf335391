"""Is every update the hold's sum times minus the learning rate, rounded and limited as configured?"""

from __future__ import annotations

import math
from fractions import Fraction

import cocotb

from mgd_hdl.config import LFSR, Rounding, TrainerConfig
from testbenches.support import clock, configured, random_numbers, scattered, signed, start


def updated(
    config: TrainerConfig, hold: int, learning_shift: int, halved: int, dither: int
) -> tuple[int, bool]:
    """D, and whether it was limited, from the docstrings' real numbers."""
    learning_shift = min(learning_shift, config.levels.max_learning_shift)
    if config.learning.size == "sign":
        hold = (hold > 0) - (hold < 0)
    exact = Fraction(-hold) * Fraction(2) ** (config.levels.gain - learning_shift + halved)
    if config.rounding is Rounding.NEAREST_EVEN:
        rounded = round(exact)
    elif config.rounding is Rounding.STOCHASTIC:
        # As many fraction bits as the smallest rate drops; dither fills them.
        bits = config.levels.max_learning_shift - config.levels.gain
        rounded = math.floor(exact + Fraction(dither % 2**bits, 2**bits))
    else:
        rounded = math.floor(exact)
        assert rounded == exact or config.rounding is Rounding.FLOOR
    limit = config.words.update.max
    return max(-limit, min(limit, rounded)), abs(rounded) > limit


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.6])
async def updates_come_in_their_clock(dut, stall):
    """Two clocks later, with many stages five. One word a clock or fewer, every learning shift the port can
    hold, seeds and resets in between.
    """
    config, rng = configured(), random_numbers()
    least, most = config.words.hold.min, config.words.hold.max
    shifts = range(1 << len(dut.learning_shift))
    halvings = range(config.amplitude_halvings + 1 if hasattr(dut, "halved") else 1)
    # The least and the greatest sums at every shift; then sums of all sizes, so that most are not limited.
    extremes = (least, least + 1, -1, 0, 1, most - 1, most)
    cases = [(hold, shift, halved) for shift in shifts for halved in halvings for hold in extremes]
    for _ in range(500):
        hold = int(rng.integers(least, most + 1)) >> int(rng.integers(config.words.hold.width))
        cases.append((hold, int(rng.choice(shifts)), int(rng.choice(halvings))))
    dithered = config.rounding is Rounding.STOCHASTIC
    await start(
        dut, i__valid=0, i__payload=0, learning_shift=0, **dict.fromkeys(["seed", "load"] * dithered, 0)
    )

    state = 1  # of the dither
    # What each register stage holds: before the dither, and behind it, the last with D.
    many = config.engine.stages == "many"
    shifted: list[tuple[int, int, int] | None] = [None] * (3 if many else 1)
    behind: list[tuple[int, bool] | None] = [None] * (2 if many else 1)
    for turn, case in enumerate(scattered(rng, cases, stall)):
        hold, shift, halved = case or (int(rng.integers(least, most + 1)), 0, 0)
        load, reset, seed = dithered and rng.random() < 0.05, turn % 150 == 149, int(rng.integers(1 << 31))
        more = {"seed": seed, "load": load} if dithered else {}
        if len(halvings) > 1:
            more["halved"] = halved
        await clock(dut, i__valid=case is not None, i__payload=hold, learning_shift=shift, rst=reset, **more)
        expected = behind.pop(0)
        assert int(dut.o__valid.value) == (expected is not None), turn
        if expected is None:
            assert int(dut.saturated.value) == 0, turn
        else:
            assert (signed(dut.o__payload), int(dut.saturated.value)) == expected, turn

        rounded = shifted.pop(0)
        behind.append(None if rounded is None else updated(config, *rounded, state))
        if config.early:
            soon = behind[0]
            assert int(dut.soon.value) == (soon is not None), turn
            if soon is not None and soon[0]:
                assert int(dut.sign.value) == (soon[0] < 0), turn
        if load:
            state = LFSR.valid(seed)
        elif rounded is not None:
            state = LFSR.step(state)
        shifted.append(case)
        if reset:
            state, shifted, behind = 1, [None] * len(shifted), [None] * len(behind)
