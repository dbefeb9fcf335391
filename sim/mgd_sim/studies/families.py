"""How well does each family of perturbations learn, with either algorithm, in words and in floating point?

``python -m mgd_sim.studies.families xor`` trains 64 seeds with each family, all seeds at once, and prints how
many solved the task and after how many steps. The twin is the circuit, bit for bit; ``float_railed`` takes
the same steps with exact numbers and stops parameters where the circuit's rail does; its random codes
come from another generator and its sinusoids are not rounded. What is done is kept in the output's JSON
file and not done again, so a run that was stopped goes on where it was.

Each family has the rate, and where it matters the amplitude, that did best of a few with other seeds
(1000 and on): first by the share of seeds that solved, then by their median steps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

from mgd_hdl.config import TrainerConfig, preset

from .learning import GOALS, MODELS
from .study import Kept, chosen, command, ends_in_a_line, folder, say
from .variants import Changes, Outcome, trained

__all__ = ["FAMILIES", "STEPS", "configured"]

#: The longest run, and how often to look, by task.
STEPS = {"xor": (50_000, 50), "nist7x7_centered": (40_000, 500)}


def _analog(**learning: object) -> dict[str, object]:
    """One cost a step, low-passed with a time constant of 15 steps."""
    return {"algorithm": "analog", "follow": 4, **learning}


#: By task and name, what differs from the preset. Loaded words of four bits need three more in T.
FAMILIES: dict[str, dict[str, Changes]] = {
    "xor": {
        "random": {"learning": {"rate": 1.0}},
        "Walsh": {"learning": {"rate": 1.0}, "perturbation": {"family": "walsh"}},
        "sequential": {
            "learning": {"rate": 1.0, "measure": "two_sided"},
            "perturbation": {"family": "sequential", "order": "shuffled"},
        },
        "sinusoidal": {
            "formats": {"parameter": "SQ(5, 14)"},
            "perturbation": {"family": "sinusoidal", "order": "shuffled"},
        },
        "square": {"perturbation": {"family": "square", "order": "shuffled"}},
        "random, momentum 3/4": {"learning": {"rate": 1.0, "follow": 2}},
        "analog, random": {"learning": _analog(tau_x=4), "perturbation": {"amplitude": 0.25}},
        "analog, sinusoidal": {
            "formats": {"parameter": "SQ(5, 13)"},
            "learning": _analog(tau_x=4),
            "perturbation": {"family": "sinusoidal", "amplitude": 0.125},
        },
        "analog, square": {
            "learning": _analog(tau_x=4),
            "perturbation": {"family": "square", "amplitude": 0.125},
        },
    },
    "nist7x7_centered": {
        "random": {"learning": {"rate": 2.0**-5}},
        "Walsh": {"learning": {"rate": 2.0**-5}, "perturbation": {"family": "walsh"}},
        "sequential": {
            "formats": {"cost_change": "SQ(2, 12)"},
            "learning": {"rate": 1.0},
            "perturbation": {"family": "sequential", "order": "shuffled", "amplitude": 0.125},
        },
        "sinusoidal": {
            "formats": {"parameter": "SQ(4, 15)"},
            "learning": {"rate": 2.0**-5},
            "perturbation": {"family": "sinusoidal", "order": "shuffled"},
        },
        "square": {
            "learning": {"rate": 2.0**-5},
            "perturbation": {"family": "square", "order": "shuffled"},
        },
        "random, momentum 15/16": {"learning": {"rate": 2.0**-5, "follow": 4}},
        "analog, random": {
            "formats": {"parameter": "SQ(4, 13)"},
            "learning": _analog(rate=2.0**-6, tau_x=16),
            "perturbation": {"amplitude": 0.125},
        },
        "analog, sinusoidal": {
            "formats": {"parameter": "SQ(4, 15)"},
            "learning": _analog(rate=2.0**-5, tau_x=16),
            "perturbation": {"family": "sinusoidal", "amplitude": 0.125},
        },
        "analog, square": {
            "formats": {"parameter": "SQ(4, 15)"},
            "learning": _analog(rate=2.0**-5, tau_x=16),
            "perturbation": {"family": "square", "amplitude": 0.125},
        },
    },
}


def configured(task: str, family: str) -> TrainerConfig:
    """The preset with the family's changes."""
    return preset(task).replaced(**FAMILIES[task][family])


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    said = "50,000 for xor, 40,000 for letters"
    parser = command("families", __doc__, seeds=64, steps=said, models=MODELS)
    parser.add_argument("task", choices=FAMILIES)
    parser.add_argument("--family", action="append", help="default: all of the task")
    parser.add_argument("--out", type=folder, default="build", help="folder for NAME_families.json")
    given = parser.parse_args(arguments)
    wanted = chosen(parser, "--family", given.family, FAMILIES[given.task])

    steps, every = STEPS[given.task]
    goal = replace(GOALS[given.task], seeds=given.seeds, steps=given.steps or steps, every=every)
    outcomes = Kept(given.out / f"{given.task}_families.json", Outcome)
    for model in given.model or ("twin", "float_railed"):
        for name in wanted:
            say(trained(outcomes, name, configured(given.task, name), goal, model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
