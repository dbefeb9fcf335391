"""How many steps until 99 % of the letters are right, by the number of hidden neurons?

``python -m mgd_sim.studies.hidden 1 2 3`` trains the bit-exact twin of 49-h-4 for each h with eight seeds,
and keeps the steps in ``docs/hidden.json``. With ``python -m mgd_synth.largest`` they are a time for each
device.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig, preset

from .learning import GOALS, Goal, learn

__all__ = ["RESULTS", "main", "network", "steps"]

RESULTS = Path(__file__).parents[3] / "docs" / "hidden.json"

_TASK = "nist7x7_centered"
_SEEDS = 8


def network(hidden: int) -> TrainerConfig:
    """The trainer for the centred letters with so many hidden neurons."""
    return preset(_TASK).replaced(network={"layers": [49, hidden, 4]})


def steps(hidden: int, goal: Goal) -> dict[str, Any]:
    """How many of the goal's seeds met it, and their median steps."""
    for found in learn("twin", network(hidden), range(goal.seeds), goal):
        result = found
    return {
        "seeds": goal.seeds,
        "steps": goal.steps,
        "solved": sum(at is not None for at in result.solved_at),
        "median": result.median,
        "accuracy": round(sum(result.accuracy) / goal.seeds, 4),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m mgd_sim.studies.hidden", description=__doc__)
    parser.add_argument("hidden", nargs="+", type=int, help="numbers of hidden neurons")
    parser.add_argument("--steps", type=int, default=GOALS[_TASK].steps, help="longest run")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the results")
    given = parser.parse_args(arguments)
    goal = Goal(GOALS[_TASK].accuracy, GOALS[_TASK].cost, GOALS[_TASK].every, given.steps, _SEEDS)
    for hidden in given.hidden:
        found = json.loads(given.results.read_text(encoding="utf-8")) if given.results.exists() else {}
        found[str(hidden)] = steps(hidden, goal)
        ordered = {key: found[key] for key in sorted(found, key=int)}
        given.results.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(f"49-{hidden}-4: {found[str(hidden)]}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
