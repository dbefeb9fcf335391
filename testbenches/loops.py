"""Configurations of loops: trainers of a device outside, by what they cover."""

from __future__ import annotations

from typing import Any

from mgd_hdl.config import TrainerConfig, preset

__all__ = [
    "ALL",
    "BANK",
    "CODES",
    "ENGINES",
    "FRAGILE",
    "GOLDEN",
    "OTHERS",
    "SINUSOIDS",
    "WINDOWS",
    "outside",
]

WINDOWS = {"tau_theta": 6, "tau_p": 2, "tau_x": 3}
CODES = {
    "dac_bits": 10,
    "dac_gain": 0.5,
    "dac_offset": -0.125,
    "adc_bits": 10,
    "adc_gain": 0.9,
    "adc_offset": 0.1,
}
SINUSOIDS = {
    "perturbation": {"family": "sinusoidal"},
    "formats": {"parameter": "SQ(5, 15)"},
    "learning": {"tau_p": 2, "tau_x": 4},
}


def outside(device: dict[str, Any] | None = None, **sections: Any) -> TrainerConfig:
    """XOR's trainer with a device in the place of its network."""
    return preset("xor").replaced(device={"kind": "outside", **(device or {})}, **sections)


BANK = {"kind": "bank", "lanes": 1}

#: One for each engine, outputs and cost; then what else there is.
ENGINES = {
    "parallel": outside(),
    "a shadow, windows, codes out and back": outside(
        {**CODES, "average": 2}, perturbation={"family": "walsh"}, learning=WINDOWS
    ),
    "serial": outside({"gives": "cost"}, engine={"cell": "serial"}),
    "sinusoids, two costs": outside({"gives": "cost", "second_weight": 0.01, "sends": "all"}, **SINUSOIDS),
    "a bank": outside({"sends": "all"}, engine=BANK),
}
OTHERS = {
    "two-sided, side by side": outside(
        {"sends": "parallel", "average": 4}, learning={"measure": "two_sided"}
    ),
    "analog, apart": outside({"sends": "apart"}, learning={"algorithm": "analog", "tau_x": 4}),
    "two-sided sinusoids, apart, codes": outside(
        {"sends": "apart", **CODES},
        **{**SINUSOIDS, "learning": {"measure": "two_sided"}},
    ),
    "analog, two costs": outside({"second_weight": 0.05}, learning={"algorithm": "analog", "tau_x": 4}),
    "layer by layer, leaves": outside(
        perturbation={"granularity": "layer", "tau_layer": 2}, engine={"leaves": "yes"}
    ),
    "parameters without a network, accessed": outside(
        {"parameters": [13, 20]}, network={"layers": [2, 1]}, engine={"access": "yes"}
    ),
    "sparse, a shadow": outside(perturbation={"share": 0.5}, engine={"shadow": "yes"}),
    "momentum": outside(learning={"follow": 2, "tau_theta": 3, "tau_p": 2}),
    "early enables": outside(engine={"enables": "early"}),
    "serial, two-sided, leaves, codes": outside(
        CODES, engine={"cell": "serial", "leaves": "yes"}, learning={"measure": "two_sided"}
    ),
    "noise, decay, annealed, all checks": outside(
        {"legal": [-1.0, 3.0], "spread": 0.5, "stuck": 1000, "average": 2},
        imperfections={"cost_noise": 0.01, "update_noise": 0.002},
        learning={"decay": 2.0**-10, "anneal_every": 50},
    ),
    "answers counted, judged, gated": outside(
        task={"accuracy": True},
        judge={"kind": "window", "limit": 0.3, "window": 8, "misses": 2},
        cost={"limit": 0.25, "gate": 0.0005},
    ),
    "a bank, two-sided, layers, codes, accessed": outside(
        {**CODES, "parameters": [9, 1, 6]},
        network={"layers": [2, 1]},
        engine={**BANK, "access": "yes"},
        perturbation={"family": "walsh"},
        learning={"measure": "two_sided", "anneal_every": 50},
    ),
    "sequential, references anew": outside(
        perturbation={"family": "sequential"}, learning={"tau_x": 4, "reference": "every_step"}
    ),
}
ALL = {**ENGINES, **OTHERS}

#: All checks, two tries, readings of which two make a mean; what learns and listens keeps what it had.
CHECKED = {
    "legal": [0.001, 0.999],
    "spread": 0.25,
    "average": 2,
    "time_out": 10e-6,
    "pause": 20e-6,
    "repeats": 1,
    "give_up": 5,
}
JUDGED = {
    "task": {"accuracy": True},
    "judge": {"kind": "window", "limit": 0.3, "window": 8, "misses": 2},
}
FRAGILE = {
    "windows, noise, judged, two costs": outside(
        {**CHECKED, "second_weight": 0.01},
        learning={**WINDOWS, "decay": 2.0**-10},
        engine={"shadow": "yes"},
        imperfections={"cost_noise": 0.01, "update_noise": 0.002},
        **JUDGED,
    ),
    "two-sided, apart, codes, noise": outside(
        {**CHECKED, **CODES, "adc_offset": -0.5, "sends": "apart"},
        learning={"measure": "two_sided"},
        imperfections={"cost_noise": 0.01},
    ),
    "analog, apart": outside({**CHECKED, "sends": "apart"}, learning={"algorithm": "analog", "tau_x": 4}),
    "serial, a cost, side by side": outside(
        {**CHECKED, "gives": "cost", "legal": [0.0, 15.9], "sends": "parallel"},
        engine={"cell": "serial"},
    ),
    "sinusoids, momentum": outside(CHECKED, **{**SINUSOIDS, "learning": {"tau_p": 2, "tau_x": 4}}),
    "momentum, layer by layer": outside(
        CHECKED,
        perturbation={"granularity": "layer", "tau_layer": 2},
        learning={"follow": 2, "tau_theta": 3, "tau_p": 2},
    ),
    "all but the legal range": outside({**CHECKED, "legal": [], "stuck": 6}, learning=WINDOWS),
    "long holds, a cost": outside(
        {**CHECKED, "gives": "cost", "legal": [0.0, 15.9]},
        learning={"tau_x": 20, "tau_p": 10, "tau_theta": 10},
    ),
    "two outputs": outside({**CHECKED, "parameters": [13]}, network={"layers": [2, 1]}),
    "a bank, pairs, noise, judged": outside(
        {**CHECKED, "second_weight": 0.01, "sends": "all"},
        engine=BANK,
        learning={"tau_p": 2, "tau_theta": 2},
        imperfections={"cost_noise": 0.01},
        **JUDGED,
    ),
}

#: Of which a hash of all that is emitted is recorded: engines, codes, converters, costs, doors, checks.
GOLDEN = {
    f"loop: {name}": ALL[name] if name in ALL else FRAGILE[name]
    for name in (
        *ENGINES,
        "two-sided sinusoids, apart, codes",
        "analog, apart",
        "layer by layer, leaves",
        "parameters without a network, accessed",
        "windows, noise, judged, two costs",
        "all but the legal range",
    )
}
