"""Does every word leave with its step, for each layer when the step passes it, and all of them in a pause?"""

from __future__ import annotations

import cocotb

from mgd_sim.learn.pacer import leaving
from testbenches.support import clock, configured, random_numbers, start


def packed(word: int, hold_end: int) -> int:
    """As the port has it."""
    width = configured().words.update.width
    return word % (1 << width) | hold_end << width


@cocotb.test(timeout_time=5, timeout_unit="ms")
@cocotb.parametrize((("gap", "pause", "reset"), [(0.0, 0.0, 0.0), (0.3, 0.02, 0.0), (0.8, 0.05, 0.004)]))
async def words_leave_with_their_steps(dut, gap, pause, reset):
    """Steps as close as they come, or with gaps, pauses and resets; each clock as it should be."""
    config, rng = configured(), random_numbers()
    timing, limit = config.timing, config.words.update.max
    passes = [timing.layer_passes(layer.index) for layer in config.shape.layers]
    outputs = [(getattr(dut, f"o_{k}__valid"), getattr(dut, f"o_{k}__payload")) for k in range(len(passes))]
    quiet = {"begins": 0, "rests": 0, "i__valid": 0, "i__payload": 0}
    await start(dut, **quiet)
    await clock(dut, rst=1)
    turns = pauses = 0
    while turns < 1500:
        # From here on all is as after a start.
        made: list[int] = []  # the words of steps, by number
        comes: dict[int, int] = {}  # the step whose word comes in a clock
        due: dict[int, int] = {}  # the step whose word leaves for layer 0 in a clock, but in a pause
        left: dict[int, int] = {}  # in which clock it did
        steps = since = last = resting = now = 0
        draining = False
        while turns < 1500:
            turns, now = turns + 1, now + 1
            if reset and rng.random() < reset:
                await clock(dut, rst=1, **quiet)
                break
            free = now - last >= 2 or not steps
            if free and not resting and rng.random() < pause:
                resting = int(rng.integers(1, 4))
            rests, resting = bool(resting and free), max(0, resting - 1)
            begins = free and not rests and not draining and rng.random() >= gap
            word = comes.pop(now, None)
            await clock(
                dut,
                rst=0,
                begins=begins,
                rests=rests,
                i__valid=word is not None,
                i__payload=made[word] if word is not None else int(rng.integers(1 << 12)),
            )
            assert int(dut.draining.value) == draining, now
            # For layer 0: with a step, or in a pause one every two clocks at most.
            valid = int(outputs[0][0].value)
            if draining and now not in due:
                assert not (valid and left.get(len(left) - 1, -9) == now - 1), now
                if valid:
                    due[now] = len(left)
            assert valid == (now in due), now
            if valid:
                assert due[now] == len(left), now
                left[due[now]] = now
            for passed, (shown, payload) in zip(passes, outputs, strict=True):
                here = [step for step, at in left.items() if at + passed == now]
                assert int(shown.value) == len(here), now
                for step in (step for step, at in left.items() if now - 1 <= at + passed <= now):
                    assert int(payload.value) == made[step], now
            in_cells = timing.left_until - timing.left_at(0)
            assert int(dut.done.value) == any(at + in_cells == now for at in left.values()), now
            owed = steps - len(left)
            if begins:
                number = leaving(steps, since, timing.pace)
                if number is not None:
                    due[now + 1] = number
                made.append(packed(int(rng.integers(-limit, limit + 1)), int(rng.integers(2))))
                comes[now + 1 + timing.word_latency] = steps
                steps, last = steps + 1, now
            # What leaves in this clock, without a step, stands there in the next.
            if draining and not owed and not valid:
                draining, since, pauses = False, steps, pauses + 1
            elif rests and owed:
                draining = True
        assert not reset or turns < 1500 or pauses > 2
    assert not pause or pauses > 5
