"""What studies of presets look at: families and variants at the rates that did best there.

Each family has the rate, and where it matters the amplitude, that did best of a few with other seeds
(1000 and on): first by the share of seeds that solved, then by their median steps.
"""

from __future__ import annotations

from typing import Any

from .points import Sections

__all__ = ["FAMILIES", "VARIANTS"]


# ---- families ------------------------------------------------------------------------------------


def _lowpassed(**learning: object) -> dict[str, object]:
    """One cost a step, low-passed with a time constant of 15 steps."""
    return {"algorithm": "analog", "follow": 4, **learning}


#: By task and name, what differs from the preset. Loaded words of four bits need three more in T.
FAMILIES: dict[str, dict[str, Sections]] = {
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
        "analog, random": {"learning": _lowpassed(tau_x=4), "perturbation": {"amplitude": 0.25}},
        "analog, sinusoidal": {
            "formats": {"parameter": "SQ(5, 13)"},
            "learning": _lowpassed(tau_x=4),
            "perturbation": {"family": "sinusoidal", "amplitude": 0.125},
        },
        "analog, square": {
            "learning": _lowpassed(tau_x=4),
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
            "learning": _lowpassed(rate=2.0**-6, tau_x=16),
            "perturbation": {"amplitude": 0.125},
        },
        "analog, sinusoidal": {
            "formats": {"parameter": "SQ(4, 15)"},
            "learning": _lowpassed(rate=2.0**-5, tau_x=16),
            "perturbation": {"family": "sinusoidal", "amplitude": 0.125},
        },
        "analog, square": {
            "formats": {"parameter": "SQ(4, 15)"},
            "learning": _lowpassed(rate=2.0**-5, tau_x=16),
            "perturbation": {"family": "square", "amplitude": 0.125},
        },
    },
}


# ---- variants ------------------------------------------------------------------------------------


def _rate(shift: int, parameter: str | None = None, **learning: Any) -> Sections:
    changes: Sections = {"learning": {"rate": 2.0**-shift, **learning}}
    return changes | ({"formats": {"parameter": parameter}} if parameter else {})


def _shaken(shift: int, parameter: str, amplitude: int, halve_every: int = 0, last: int = 0) -> Sections:
    given: dict[str, Any] = {"amplitude": 2.0**-amplitude, "halve_every": halve_every}
    if last:
        given["last_amplitude"] = 2.0**-last
    return _rate(shift, parameter) | {"perturbation": given}


def _annealed(first: int, every: int, last: int, parameter: str) -> Sections:
    return _rate(first, parameter, anneal_every=every, last_rate=2.0**-last)


def _analog(shift: int, parameter: str, tau_x: int, follow: int, **learning: Any) -> Sections:
    return _rate(shift, parameter, algorithm="analog", tau_x=tau_x, follow=follow, **learning)


def _grained(granularity: str, shift: int, parameter: str) -> Sections:
    return _rate(shift, parameter) | {"perturbation": {"granularity": granularity}}


#: By task and name, what differs from the preset.
VARIANTS: dict[str, dict[str, Sections]] = {
    "xor": {
        "rate 1": _rate(0),
        "rate 1/2": _rate(1),
        "rate 1/4": _rate(2),
        **{f"signs, 2^-{k}": _rate(k, size="sign") for k in (2, 3, 4, 5, 6)},
        "1 to 1/8, every 1,000": _annealed(0, 1000, 3, "SQ(5, 11)"),
        "1 to 1/8, every 4,000": _annealed(0, 4000, 3, "SQ(5, 11)"),
        "1/2 to 1/8, every 4,000": _annealed(1, 4000, 3, "SQ(5, 11)"),
        "signs, 2^-3 to 2^-6, every 1,000": _rate(3, size="sign", anneal_every=1000, last_rate=2.0**-6),
        **{f"rate 1/2, momentum {1 - 2**-m}": _rate(1, follow=m) for m in (1, 2, 3, 4)},
        **{f"rate 1/4, momentum {1 - 2**-m}": _rate(2, follow=m) for m in (1, 2, 3, 4)},
        "analog, tau_x 4, no low-pass": _analog(2, "SQ(5, 12)", 4, 0),
        "analog, tau_x 4, low-pass 15": _analog(2, "SQ(5, 12)", 4, 4),
        "analog, tau_x 16, low-pass 15": _analog(2, "SQ(5, 12)", 16, 4),
        **{f"decay 2^-{k}": _rate(1, decay=2.0**-k) for k in (14, 12, 10)},
        "clamp at 4": _rate(1, clamp=4.0),
        "clamp at 2": _rate(1, clamp=2.0),
        "amplitude 1/8": _shaken(1, "SQ(5, 11)", 3),
        "amplitude 1/32": _shaken(1, "SQ(5, 11)", 5),
        "amplitude 1/8 to 1/32, every 1,000": _shaken(1, "SQ(5, 11)", 3, 1000, 5),
        "amplitude 1/16 to 1/32, every 2,000": _shaken(1, "SQ(5, 11)", 4, 2000),
        **{f"layer by layer, rate 2^-{k}": _grained("layer", k, "SQ(5, 11)") for k in (0, 1, 2)},
        **{f"node by node, rate 2^-{k}": _grained("node", k, "SQ(5, 13)") for k in (0, 1)},
        "rail at 4": _rate(1, "SQ(4, 11)"),
        "rail at 16": _rate(1, "SQ(6, 11)"),
        "rail at 32": _rate(1, "SQ(7, 11)"),
    },
    "nist7x7_centered": {
        "rate 2^-5": _rate(5, "SQ(4, 12)"),
        "rate 2^-6": _rate(6, "SQ(4, 12)"),
        "rate 2^-7": _rate(7, "SQ(4, 12)"),
        "rate 2^-8": _rate(8, "SQ(4, 14)"),
        **{f"signs, 2^-{k}": _rate(k, "SQ(4, 12)", size="sign") for k in (8, 9, 10, 11)},
        "2^-6 to 2^-9, every 5,000": _annealed(6, 5000, 9, "SQ(4, 14)"),
        "2^-5 to 2^-9, every 5,000": _annealed(5, 5000, 9, "SQ(4, 14)"),
        "signs, 2^-8 to 2^-12, every 5,000": _rate(
            8, "SQ(4, 12)", size="sign", anneal_every=5000, last_rate=2.0**-12
        ),
        **{f"rate 2^-6, momentum {1 - 2**-m}": _rate(6, "SQ(4, 12)", follow=m) for m in (2, 4)},
        "analog, tau_x 4, low-pass 15": _analog(8, "SQ(4, 14)", 4, 4),
        "analog, tau_x 4, low-pass 63": _analog(8, "SQ(4, 14)", 4, 6),
        **{f"decay 2^-{k}": _rate(7, "SQ(4, 14)", decay=2.0**-k) for k in (16, 14, 12)},
        "clamp at 2": _rate(7, "SQ(4, 12)", clamp=2.0),
        "clamp at 1": _rate(7, "SQ(4, 12)", clamp=1.0),
        "amplitude 1/16": _shaken(7, "SQ(4, 13)", 4),
        "amplitude 1/8 to 1/32, every 3,000": _shaken(7, "SQ(4, 14)", 3, 3000, 5),
        "amplitude 1/32 to 1/64, every 5,000": _shaken(7, "SQ(4, 12)", 5, 5000),
        **{f"layer by layer, rate 2^-{k}": _grained("layer", k, "SQ(4, 12)") for k in (4, 5, 6)},
        **{f"node by node, rate 2^-{k}": _grained("node", k, "SQ(4, 14)") for k in (2, 3, 4)},
        "rail at 2": _rate(7, "SQ(3, 12)"),
        "rail at 8": _rate(7, "SQ(5, 12)"),
    },
    "nist7x7": {
        "rate 2^-8": _rate(8, "SQ(4, 16)"),
        "2^-7 to 2^-11, every 250,000": _annealed(7, 250_000, 11, "SQ(4, 16)"),
        "2^-6 to 2^-11, every 250,000": _annealed(6, 250_000, 11, "SQ(4, 16)"),
        "rate 2^-7": _rate(7, "SQ(4, 16)"),
    },
}
