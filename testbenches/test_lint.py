"""Is the Verilog of trainers with parts of their own free of lint, but for what may be waived?"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl.tools import clean_environment, verilator_root

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "noise of costs and updates": {
        "imperfections": {"cost_noise": 0.01, "update_noise": 0.01, "activation_spread": 0.5, "stuck": 0.3}
    },
    "dead, a clean reference": {
        "imperfections": {"cost_noise": 0.01, "noisy_reference": False, "stuck": 0.3, "stuck_kind": "dead"},
        "judge": {"kind": "window"},
        "learning": {"tau_theta": 4},
    },
    "layers, still, signs": {
        "imperfections": {"stuck": 0.3, "stuck_kind": "still"},
        "perturbation": {"granularity": "layer"},
        "learning": {"measure": "two_sided", "size": "sign", "tau_theta": 3, "anneal_every": 100},
    },
    "independent noise, walsh, signs flipped": {
        "imperfections": {"update_noise": 0.01, "update_noise_kind": "independent"},
        "perturbation": {"family": "walsh", "granularity": "layer", "sign_flip": True},
    },
    "sparse, delayed": {
        "perturbation": {"share": 0.125},
        "learning": {"updates": "delayed"},
        "engine": {"leaves": "yes"},
    },
    "small leaves, early enables, resets": {
        "engine": {"enables": "early", "leaves": "yes", "leaf_cells": 8, "reset": "yes"}
    },
    "small leaves, shadow": {"learning": {"tau_theta": 3}, "engine": {"leaves": "yes", "leaf_cells": 4}},
    "small leaves, shadow, two-sided, sequential": {
        "perturbation": {"family": "sequential"},
        "learning": {"measure": "two_sided", "tau_theta": 3},
        "engine": {"leaves": "yes", "leaf_cells": 16},
    },
    "square, momentum, two-sided": {
        "perturbation": {"family": "square"},
        "learning": {"measure": "two_sided", "follow": 2, "tau_theta": 3},
    },
    "sinusoidal, analog": {
        "perturbation": {"family": "sinusoidal", "resolution": 3},
        "formats": {"cost_change": "SQ(2, 9)"},
        "learning": {"algorithm": "analog", "tau_x": 5},
        "engine": {"leaves": "yes"},
    },
    "external, shadow, a stream": {
        "perturbation": {"family": "external", "resolution": 1},
        "task": {"source": "stream"},
        "learning": {"tau_theta": 4},
    },
    "decay, clamped, gated, an amplitude that halves": {
        "cost": {"gate": 0.01},
        "perturbation": {"halve_every": 100, "last_amplitude": 2.0**-6},
        "learning": {"decay": 2.0**-10, "clamp": 1.0, "reference": "every_step", "anneal_every": 100},
    },
    "decay, sequential, windows, limited": {
        "cost": {"limit": 0.25},
        "perturbation": {"family": "sequential"},
        "learning": {"decay": 2.0**-10, "tau_theta": 3},
    },
    "an amplitude that halves, early enables, signs": {
        "perturbation": {"halve_every": 100},
        "learning": {"size": "sign", "clamp": 0.5},
        "engine": {"enables": "early"},
    },
    "nodes": {
        "network": {"layers": [2, 3, 2, 1], "activation": ["tanh", "relu", "sigmoid"]},
        "perturbation": {"granularity": "node", "resolution": 5},
        "formats": {"parameter": "SQ(5, 16)"},
        "learning": {"tau_theta": 2},
    },
    "serial": {
        "imperfections": {"activation_spread": 0.5, "cost_noise": 0.01},
        "learning": {"anneal_every": 100},
        "engine": {"cell": "serial"},
    },
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_lint(name, tmp_path):
    config = preset("xor").replaced(**CONFIGURATIONS[name])
    for file, text in trainer_files(config).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    command = [
        str(verilator_root() / "bin/verilator_bin"),
        "--lint-only",
        "-Wall",
        "--top-module",
        config.name,
    ]
    run = subprocess.run(
        [*command, f"{config.name}.vlt", f"{config.name}.v"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (run.returncode, run.stderr) == (0, "")
