"""64 crossbars of memory cells: parameters of ideal cells fail on most of them, and learning mends all."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import preset
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.float_mgd import Backpropagation
from mgd_sim.plants import Crossbar

CONFIG = preset("xor").replaced(device={"kind": "outside"})


def taught() -> np.ndarray:
    """Parameters that were trained in software, for cells that are as they should be."""
    for seed in range(100):
        learner = Backpropagation(preset("xor"), [seed])
        learner.run(6000)
        if learner.cost_and_accuracy()[0][0] < 0.01:
            return learner.theta[0]
    raise RuntimeError("no seed solves the task")


def main(steps: int = 3000, devices: int = 64) -> tuple[float, float]:
    """Shares of devices that answer well, as programmed and after learning."""
    plant = Crossbar([2, 2, 1], range(devices), variation=0.3, write_noise=0.05)
    loop = ChipInTheLoop(plant, CONFIG, range(devices))
    loop.load(taught())
    before = float((loop.cost_and_accuracy()[0] < 0.04).mean())
    loop.run(steps)
    after = float((loop.cost_and_accuracy()[0] < 0.04).mean())
    print(f"cells that differ by 30 %: {before:.0%} of {devices} devices work as programmed,")
    print(f"{after:.0%} after {steps:,} steps in the loop")
    return before, after


if __name__ == "__main__":
    main()
