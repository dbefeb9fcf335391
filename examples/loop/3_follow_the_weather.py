"""Learning that never stops: microrings follow the temperature of their chip. Writes a table and a figure."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mgd_hdl.host import ChipInTheLoop, tracked_csv, tracked_figure
from mgd_sim.studies.rings import BATCH, bank, configured, samples


def main(windows: int = 200, devices: int = 16, folder: str | None = None) -> list[float]:
    """The median cost over time; each window is 1,000 steps, in which the chip gets warmer, then colder."""
    plant = bank("linear", range(devices))
    config = configured().replaced(judge={"kind": "window", "limit": 0.45, "window": 2 * BATCH})
    loop = ChipInTheLoop(plant, config, range(devices), samples=samples("linear", 1000, 1))
    looks = []
    for look in loop.track(1000 * windows, 1000):
        looks.append(look)
        # Two kelvin up and down, once in the whole run, after it has learned.
        plant.temperature[:] = 2 * np.sin(2 * np.pi * max(0, len(looks) / windows - 0.2))
    costs = [float(np.median(look.cost)) for look in looks]
    lost = sum(int(look.lost.sum()) for look in looks)
    print(f"median cost {costs[0]:.3f} at first, {costs[-1]:.3f} in the end; a task was lost {lost} times")
    if folder is not None:
        Path(folder, "rings.csv").write_text(tracked_csv(looks))
        Path(folder, "rings.png").write_bytes(tracked_figure(looks, 0.45, "rings, +-2 K"))
    return costs


if __name__ == "__main__":
    main(folder=sys.argv[1] if len(sys.argv) > 1 else None)
