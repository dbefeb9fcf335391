"""Does it help with a noisy meter to limit C~, to gate it, or to average repeated measurements?

``python -m mgd_sim.studies.measurement`` trains 64 circuits of XOR for every size of cost noise and every
remedy, and prints how many come to answer all four cases right, and how fast. Averaging is a setting of the
registers: two-sided, with tau_x = tau_p = tau_theta = K and a rate K times smaller, an update takes the mean
of K measurements of one C~. A step is one of them, so remedies are compared at equal numbers of measurements.
With noise a circuit that was right for a moment may go wrong again: the accuracy at the end tells more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from .learning import Goal, learn
from .study import command, ends_in_a_line, say

__all__ = ["AVERAGED", "GATES", "NOISES", "averaged", "gated"]

#: Standard deviations of the noise of one cost.
NOISES = {"gate": (0.0, 2.0**-5, 2.0**-4, 2.0**-3), "average": (2.0**-4, 2.0**-3, 2.0**-2)}
RATES = (0.5, 0.125)
GATES: dict[str, dict[str, float]] = {
    "plain": {},
    "limit 1/16": {"limit": 2.0**-4},
    "limit 1/4": {"limit": 2.0**-2},
    "gate 1/64": {"gate": 2.0**-6},
    "gate 1/16": {"gate": 2.0**-4},
}
AVERAGED = (1, 4, 16)


def gated(noise: float, rate: float, remedy: str) -> TrainerConfig:
    """One-sided XOR behind a gate."""
    return preset("xor").replaced(
        imperfections={"cost_noise": noise},
        cost=GATES[remedy],
        learning={"rate": rate},
        formats={"parameter": "SQ(5, 13)"},
    )


def averaged(noise: float, rate: float, repeats: int) -> TrainerConfig:
    """Two-sided XOR, with the mean of so many measurements of each C~."""
    times: dict[str, Any] = dict.fromkeys(("tau_x", "tau_p", "tau_theta"), repeats)
    return preset("xor").replaced(
        imperfections={"cost_noise": noise},
        learning={"measure": "two_sided", "rate": rate / repeats, **times},
        formats={"parameter": "SQ(5, 17)"},
    )


def _runs(kind: str) -> Iterator[tuple[str, TrainerConfig, Goal]]:
    for noise in NOISES[kind]:
        for rate in RATES:
            for remedy in GATES if kind == "gate" else AVERAGED:
                name = f"noise {noise:g}, rate {rate:g}, " + (
                    f"mean of {remedy}" if isinstance(remedy, int) else remedy
                )
                every, steps = (48, 48_000) if kind == "average" else (50, 20_000)
                goal = Goal(accuracy=1.0, cost=float("inf"), every=every, steps=steps, seeds=64)
                if isinstance(remedy, int):
                    yield name, averaged(noise, rate, remedy), goal
                else:
                    yield name, gated(noise, rate, remedy), goal


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("measurement", __doc__, seeds=64, steps="20,000; where C~ is averaged 48,000")
    parser.add_argument("--kind", choices=NOISES, action="append", help="default: both")
    given = parser.parse_args(arguments)
    for kind in given.kind or NOISES:
        for name, config, goal in _runs(kind):
            aim = replace(goal, steps=given.steps or goal.steps)
            *_, result = learn("twin", config, range(given.seeds), aim)
            say(f"{name:40} {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
