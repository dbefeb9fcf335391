"""Does every step come with its sample, its reference and its ends, in the order of the plan?"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.control.sequencer import plan
from testbenches.support import clock, configured, random_numbers, start

INPUTS = ("restart", "run", "step", "resume", "free", "hold", "tau_x", "tau_p", "tau_theta", "sample_valid")
OUTPUTS = ("take", "measure", "reference", "blank", "hold_end", "window_end", "flush", "under_way", "rests")
STEPS = 40


@cache
def absent() -> set[str]:
    """Ports that this kind of sequencer has not."""
    config = configured()
    return {
        *(["resume"] if config.delayed else []),
        *([] if config.shape.paced else ["hold", "rests"]),
        *([] if config.shadow else ["window_end"]),
        *([] if config.serial or config.loaded else ["free"]),
        *([] if config.serial or config.loaded or config.staged else ["under_way"]),
        "reference" if config.analog else "blank",
    }


def present(names: Iterable[str]) -> list[str]:
    """Those of the names that are ports."""
    return [name for name in names if name not in absent()]


@dataclass(frozen=True)
class Pace:
    """How likely each input is high in a clock."""

    run: float = 1
    step: float = 0
    sample_valid: float = 1
    resume: float = 1
    free: float = 1
    hold: float = 0


@dataclass
class Step:
    """What one step does."""

    takes: bool
    reference: bool
    hold_end: bool
    window_end: bool
    flush: bool


def planned(config: TrainerConfig, taus: dict[str, int]) -> list[Step]:
    """The steps as the twin plans them."""
    todo = plan(config, replace(config.registers(), **taus), 0, STEPS)
    hold_end = [(step + 1) % taus["tau_p"] == 0 for step in range(STEPS)]
    return [
        Step(*map(bool, row))
        for row in zip(todo.sample, todo.reference, hold_end, todo.refresh, todo.flush, strict=True)
    ]


async def see(dut: Any, at: Any, inputs: dict[str, int], *high: str) -> None:
    """One clock, in which exactly these outputs are high."""
    await clock(dut, **{name: inputs[name] for name in present(inputs)})
    names = present(OUTPUTS)
    found = [name for name in names if getattr(dut, name).value == 1]
    assert found == [name for name in names if name in high], at


class Hands:
    """Everything around the sequencer: inputs at random, and which step pulses are still to be served."""

    def __init__(self, rng: np.random.Generator, pace: Pace, taus: dict[str, int]):
        self.rng, self.pace, self.taus = rng, pace, taus
        self.asked = False

    def inputs(self, **fixed: int) -> dict[str, int]:
        """For the next clock."""
        drawn = {name: int(self.rng.random() < chance) for name, chance in vars(self.pace).items()}
        return {**self.taus, "restart": 0, **drawn, **fixed}

    def note(self, given: dict[str, int]) -> None:
        """A pulse asks for one step; one that comes while another waits is the same."""
        self.asked |= bool(given["step"] and not given["run"])


async def follow(dut: Any, config: TrainerConfig, steps: Iterator[Step], hands: Hands) -> int:
    """Go through the steps clock by clock; the number of clocks."""
    clocks = 0
    for number, step in enumerate(steps):
        # First clock: when there is leave to go on, and a sample where one is due.
        going = False
        while not going:
            given = hands.inputs()
            hands.note(given)
            held = given["hold"] and "hold" not in absent()
            wanted = bool(given["run"] or hands.asked) and not held
            going = wanted and bool(given["sample_valid"] or not step.takes)
            if config.serial or (config.loaded and config.two_sided):  # else only the perturbed cost waits
                going = going and bool(given["free"])
            taken, measured = "take" * step.takes, "measure" * step.reference
            commands = [taken, measured, "reference" * (not config.analog)]
            await see(dut, number, given, *(commands if going else [] if wanted else ["rests"]))
            clocks += 1
        hands.asked = False
        # Serial cells are busy with the reference.
        for _ in range((config.timing.measure_clocks - 1) * step.reference):
            given = hands.inputs()
            hands.note(given)
            await see(dut, number, given, "under_way")
            clocks += 1
        # Second clock: the perturbed cost ends the step, once serial cells are free, or the code is there.
        given = hands.inputs()
        while (config.serial or config.loaded) and not given["free"]:
            hands.note(given)
            await see(dut, number, given, "under_way")
            clocks += 1
            given = hands.inputs()
        hands.note(given)
        ends = {"hold_end": step.hold_end, "window_end": step.window_end, "flush": step.flush}
        ends["blank"] = step.takes
        named = [name for name, high in ends.items() if high]
        await see(dut, number, given, "measure", "under_way", *named)
        clocks += 1
        # Exact updates: nothing, up to and with the clock of resume.
        resumed = config.delayed or (config.facts.overlapping and not step.window_end)
        while not resumed:
            given = hands.inputs()
            hands.note(given)
            await see(dut, number, given)
            resumed = bool(given["resume"])
            clocks += 1
    return clocks


async def begin(dut: Any, hands: Hands) -> None:
    """Reset, a few idle clocks, then step 0 is due."""
    inputs = hands.inputs(run=0, step=0, rst=1)
    await clock(dut, **{name: inputs[name] for name in present(inputs)})
    await see(dut, "reset", {**hands.inputs(), "rst": 0})
    await see(dut, "idle", hands.inputs())
    await see(dut, "restart", hands.inputs(restart=1))
    hands.asked = False


PACES = {
    "full speed": Pace(),
    "now and then": Pace(run=0.6, step=0.2, sample_valid=0.5, resume=0.3, free=0.4),
    "single steps": Pace(run=0, step=0.25, sample_valid=0.8, resume=0.5, free=0.7),
    "rare samples": Pace(sample_valid=0.1, resume=0.9),
    "held": Pace(sample_valid=0.8, resume=0.7, free=0.8, hold=0.3),
}


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(pace=list(PACES))
async def commands_follow_the_plan(dut, pace):
    """All time constants up to three, and some without common factors, with a reset between."""
    config = configured()
    await start(dut, **dict.fromkeys(present(INPUTS), 0))
    longest = (1 << config.learning.tau_bits) - 1
    more = [(2, 3, 5), (5, 2, 3), (3, 5, 2), (1, 4, 7), (longest, 1, longest), (1, longest, longest)]
    for tau in [*itertools.product((1, 2, 3), repeat=3), *more]:
        taus = dict(zip(("tau_x", "tau_p", "tau_theta"), tau, strict=True))
        hands = Hands(random_numbers(), PACES[pace], taus)
        await begin(dut, hands)
        steps = planned(config, taus)
        clocks = await follow(dut, config, iter(steps), hands)
        if pace == "full speed":
            # Two clocks a step, one more wherever the parameters change; serial cells pass the reference.
            passes = (config.timing.measure_clocks - 1) * sum(step.reference for step in steps)
            waits = (
                0
                if config.delayed
                else sum(step.window_end or not config.facts.overlapping for step in steps)
            )
            assert clocks == 2 * len(steps) + waits + passes


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def time_constants_are_read_at_each_turn(dut):
    """New ones count from the next turn of each counter on, not before."""
    config, rng = configured(), random_numbers()
    await start(dut, **dict.fromkeys(present(INPUTS), 0))
    hands = Hands(rng, PACES["now and then"], {"tau_x": 2, "tau_p": 3, "tau_theta": 2})
    await begin(dut, hands)

    def steps() -> Iterator[Step]:
        left, fresh = dict(hands.taus), True
        takes = True
        for _ in range(5 * STEPS):
            # The values of this step's last clock are those that a turn reads.
            last = {name: count == 1 for name, count in left.items()}
            window_end = last["tau_theta"] or (last["tau_p"] and not config.shadow)
            reference = not config.analog and (
                config.two_sided or config.reference_each_step or takes or fresh
            )
            flush = last["tau_p"] or last["tau_theta"]
            yield Step(takes, reference, last["tau_p"], window_end, flush)
            left = {name: hands.taus[name] if last[name] else count - 1 for name, count in left.items()}
            takes, fresh = last["tau_x"], window_end
            hands.taus = {name: int(rng.integers(1, 5)) for name in hands.taus}

    await follow(dut, config, steps(), hands)
