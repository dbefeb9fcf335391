"""How soon is it solved, for 99 of 100 trainers? Settings beside each other, restarts included.

``python -m mgd_sim.studies.soon xor`` trains two sets of seeds with each setting. The first chooses after how
many steps N a trainer had better start again with other seeds; the second tells how long that takes then.
What is done is kept in the output's JSON file and not done again, so a run that was stopped goes on where it
was.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, preset

from .learning import Goal, goal_or_any, learn
from .points import Sections
from .study import Kept, chosen, command, ends_in_a_line, folder, kept, say, watched

__all__ = [
    "FOLDER",
    "SETTINGS",
    "Outcome",
    "Setting",
    "best_tries",
    "clocks_until",
    "configured",
    "recorded",
    "start_clocks",
]

#: Where what the pages tell is kept.
FOLDER = Path(__file__).parents[3] / "docs" / "figures"


@dataclass(frozen=True)
class Setting:
    """A preset, how long a try is at most and how often it is looked at, and what differs: the number of
    hidden neurons, if it is not 0, and keys.

    ``clocks``: of a step, as simulated, where that is more than the configuration says because samples are
    drawn at random and at times come late.
    """

    preset: str
    steps: int
    every: int
    hidden: int = 0
    changes: Sections = field(default_factory=dict)
    clocks: float = 0.0


#: More registers on the way to an update: of the fast presets, and of a plain one.
_FEW, _MANY = {"engine": {"stages": "few"}}, {"engine": {"stages": "many"}}
_DELAYED: Sections = {"learning": {"updates": "delayed"}}
#: Exact updates wait for every register, so they have few.
_EXACT: Sections = {"learning": {"updates": "exact"}, **_FEW}
#: Clocks of a step with delayed updates, letters being drawn: at times one comes late.
_LATE = 201_933 / 100_000

#: By task and name.
SETTINGS: dict[str, dict[str, Setting]] = {
    "xor": {
        "xor": Setting("xor", 20_000, 10),
        "xor, delayed": Setting("xor", 20_000, 10, changes=_DELAYED),
        "xor, delayed, many stages": Setting("xor", 20_000, 10, changes={**_DELAYED, **_MANY}),
        "xor_fast, 2-2-1": Setting("xor_fast", 8_000, 5, 2),
        "xor_fast, 2-4-1": Setting("xor_fast", 8_000, 5, 4),
        "xor_fast, 2-4-1, exact": Setting("xor_fast", 8_000, 5, 4, changes=_EXACT),
        "xor_fast": Setting("xor_fast", 4_000, 5),
        "xor_fast, few stages": Setting("xor_fast", 4_000, 5, changes=_FEW),
        "xor_fast, exact": Setting("xor_fast", 4_000, 5, changes=_EXACT),
        "xor_fast, 2-12-1": Setting("xor_fast", 4_000, 5, 12),
        "xor_fast, 2-12-1, exact": Setting("xor_fast", 4_000, 5, 12, changes=_EXACT),
    },
    "parity4": {
        "parity4": Setting("parity4", 400_000, 500),
        "parity4_fast, 4-8-1": Setting("parity4_fast", 40_000, 50, 8),
        "parity4_fast": Setting("parity4_fast", 30_000, 50),
        "parity4_fast, few stages": Setting("parity4_fast", 30_000, 50, changes=_FEW),
        "parity4_fast, exact": Setting("parity4_fast", 30_000, 50, changes=_EXACT),
        "parity4_fast, 4-16-1": Setting("parity4_fast", 30_000, 50, 16),
        "parity4_fast, 4-24-1": Setting("parity4_fast", 24_000, 50, 24),
    },
    "letters": {
        "nist7x7_centered": Setting("nist7x7_centered", 40_000, 500),
        "letters_fast, tau_theta 64": Setting(
            "letters_fast",
            16_000,
            125,
            changes={"learning": {"updates": "exact", "tau_theta": 64}, **_FEW},
            clocks=11_263 / 4_096,
        ),
        "letters_fast": Setting("letters_fast", 16_000, 125, clocks=_LATE),
        "letters_fast, few stages": Setting("letters_fast", 16_000, 125, changes=_FEW, clocks=_LATE),
        "letters_fast, exact": Setting("letters_fast", 16_000, 125, changes=_EXACT),
        "letters_fast, 49-6-4": Setting("letters_fast", 16_000, 125, 6, clocks=_LATE),
        "letters_fast, 49-6-4, exact": Setting("letters_fast", 16_000, 125, 6, _EXACT),
    },
}


def configured(setting: Setting) -> TrainerConfig:
    """The preset with the setting's changes."""
    config = preset(setting.preset)
    if setting.hidden:
        inputs, _, outputs = config.network.layers
        config = config.replaced(network={"layers": [inputs, setting.hidden, outputs]})
    return config.replaced(**setting.changes)


def start_clocks(config: TrainerConfig) -> int:
    """Until step 0 may begin, of cells that a whole word is for: see the initializer."""
    return config.parameters + 2


# ---- tries ---------------------------------------------------------------------------------------

#: Shares are fractions of some hundred tries, so they are never nearer to each other.
_ROUNDING = 1e-9

_Steps = npt.NDArray[np.float64]


def clocks_until(
    share: float, solved_at: _Steps, tries_of: int, clocks: Fraction | float, start: int
) -> float | None:
    """After how many clocks this share of trainers has solved its task, if each starts again after N steps.

    With F(s) the share of tries that have solved theirs after s steps and p = F(N), a trainer has failed j
    tries and not yet solved the next one after s steps with probability (1 - p)**j (1 - F(s)), all tries
    being alike. The quantile is the least time at which that is 1 - share or less::

        j = ceil(log(1 - share) / log(1 - p)) - 1,   1 - F(s) <= (1 - share) / (1 - p)**j

    Parameters
    ----------
    share : float
        0.99 for time to solution at 99 %, 0.5 for the median.
    solved_at : ndarray
        (tries,), the step at which each was first seen to have solved its task; infinite for others.
    tries_of : int
        N.
    clocks : Fraction or float
        Of a step.
    start : int
        Clocks that it takes to begin a try.

    Returns
    -------
    float or None
        None where no try succeeds.
    """
    within = np.sort(solved_at[solved_at <= tries_of])
    p = len(within) / len(solved_at)
    if not p:
        return None
    # Rounding must not make a share that is met exactly be missed: 0.36 = 1 - 0.8**2.
    left, failed = 1 - share, 0
    while p < 1 and left / (1 - p) < 1 - _ROUNDING:
        left, failed = left / (1 - p), failed + 1
    wanted = math.ceil((1 - left) * len(solved_at) - _ROUNDING)
    return failed * (tries_of * float(clocks) + start) + start + float(within[wanted - 1] * float(clocks))


def best_tries(share: float, solved_at: _Steps, clocks: Fraction | float, start: int) -> int | None:
    """The N with which this share of trainers is soonest done: one of the steps at which a try was solved,
    and at least one, or trainers would draw parameters until some need no training.
    """
    possible = sorted({max(1, int(step)) for step in solved_at[np.isfinite(solved_at)]})
    times = [clocks_until(share, solved_at, n, clocks, start) for n in possible]
    return min(zip(times, possible, strict=True), default=(0, None))[1]


@dataclass(frozen=True)
class Outcome:
    """One setting: when each seed solved its task, or None. ``choosing`` are those that N is chosen by."""

    setting: str
    seeds: int
    steps: int
    parameters: int
    clocks: float
    start: int
    choosing: list[int | None]
    judging: list[int | None]

    @property
    def job(self) -> tuple[object, ...]:
        """What was asked for."""
        return self.setting, self.seeds, self.steps

    @cached_property
    def tries_of(self) -> int | None:
        """N, in steps."""
        return best_tries(0.99, _numbers(self.choosing), self.clocks, self.start)

    @property
    def solved(self) -> float:
        """The share of the other seeds that solved their task within N steps."""
        within = self.tries_of or 0
        return sum(at is not None and at <= within for at in self.judging) / len(self.judging)

    def until(self, share: float) -> float | None:
        """Clocks until this share of trainers is done, as the other seeds tell."""
        if self.tries_of is None:
            return None
        return clocks_until(share, _numbers(self.judging), self.tries_of, self.clocks, self.start)

    def steps_until(self, share: float) -> float | None:
        """The same in steps, for hardware that starts at no cost, with the N that suits it."""
        choosing, judging = _numbers(self.choosing), _numbers(self.judging)
        tries_of = best_tries(0.99, choosing, 1, 0)
        return None if tries_of is None else clocks_until(share, judging, tries_of, 1, 0)

    def __str__(self) -> str:
        half, most = ("-" if found is None else f"{found:,.0f}" for found in map(self.until, (0.5, 0.99)))
        tries = "-" if self.tries_of is None else f"{self.tries_of:,}"
        return (
            f"{self.setting:30}{self.parameters:4} parameters, {self.clocks:g} clocks a step: N = {tries}"
            f" steps, p = {self.solved:.1%}; median {half} clocks, 99 % {most} clocks"
        )


def _numbers(solved_at: Sequence[int | None]) -> _Steps:
    return np.array([math.inf if at is None else at for at in solved_at], dtype=np.float64)


def recorded(task: str) -> dict[str, Outcome]:
    """What the pages tell of a task, by setting."""
    return {each["setting"]: Outcome(**each) for each in kept(FOLDER / f"{task}_soon.json") or ()}


def _tried(name: str, setting: Setting, goal: Goal) -> Outcome:
    config = configured(setting)
    found = watched(learn("twin", config, range(2 * goal.seeds), goal), name).solved_at
    return Outcome(
        name,
        goal.seeds,
        goal.steps,
        config.parameters,
        setting.clocks or float(config.timing.clocks_per_step),
        start_clocks(config),
        found[: goal.seeds],
        found[goal.seeds :],
    )


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("soon", __doc__, seeds=128, steps="the setting's")
    parser.add_argument("task", choices=SETTINGS)
    parser.add_argument("--setting", action="append", help="default: all of the task")
    parser.add_argument("--out", type=folder, default="build", help="folder for NAME_soon.json")
    given = parser.parse_args(arguments)
    known = SETTINGS[given.task]
    outcomes = Kept(given.out / f"{given.task}_soon.json", Outcome)
    for name in chosen(parser, "--setting", given.setting, known):
        setting = known[name]
        goal = goal_or_any(configured(setting))
        goal = replace(goal, seeds=given.seeds, steps=given.steps or setting.steps, every=setting.every)
        say(outcomes.get((name, goal.seeds, goal.steps), partial(_tried, name, setting, goal)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
