"""How many steps until 99 % of the letters are right, by the number of hidden neurons?

``python -m mgd_sim.studies.hidden 1 2 3`` trains the bit-exact twin of 49-h-4 for each h with eight seeds,
and keeps the steps in ``docs/hidden.json``: what is there is not done again. With ``python -m
mgd_synth.largest`` they are a time for each device.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from .learning import GOALS, Goal, learn
from .study import command, ends_in_a_line, file, keep, kept, number, say, watched

__all__ = ["RESULTS", "main", "network", "steps"]

RESULTS = Path(__file__).parents[3] / "docs" / "hidden.json"

_TASK = "nist7x7_centered"
_SEEDS = 8


def network(hidden: int) -> TrainerConfig:
    """The trainer for the centred letters with so many hidden neurons."""
    return preset(_TASK).replaced(network={"layers": [49, hidden, 4]})


def steps(hidden: int, goal: Goal) -> dict[str, Any]:
    """How many of the goal's seeds met it, and their median steps."""
    result = watched(learn("twin", network(hidden), range(goal.seeds), goal), f"49-{hidden}-4")
    return {
        "seeds": goal.seeds,
        "steps": goal.steps,
        "solved": sum(at is not None for at in result.solved_at),
        "median": result.median,
        "accuracy": round(sum(result.accuracy) / goal.seeds, 4),
    }


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    usual = GOALS[_TASK]
    parser = command("hidden", __doc__, steps=usual.steps)
    parser.add_argument("hidden", nargs="+", type=number, help="numbers of hidden neurons")
    parser.add_argument("--results", type=file, default=RESULTS, help="file of the results")
    given = parser.parse_args(arguments)
    goal = replace(usual, steps=given.steps, seeds=_SEEDS)
    for hidden in given.hidden:
        found = kept(given.results) or {}
        known = found.get(str(hidden), {})
        if (known.get("seeds"), known.get("steps")) != (goal.seeds, goal.steps):
            found[str(hidden)] = steps(hidden, goal)
            keep(given.results, {key: found[key] for key in sorted(found, key=int)}, indent=1)
        say(f"49-{hidden}-4: {found[str(hidden)]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
