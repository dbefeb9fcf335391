"""Learning that never stops: how a drifting device is followed, as numbers and as a figure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mgd_sim.fixed import Flags

__all__ = ["Tracked", "tracked_csv", "tracked_figure"]


@dataclass(frozen=True)
class Tracked:
    """How it was doing after ``step`` steps.

    Attributes
    ----------
    step : int
    cost : ndarray
        (R,), mean of the measured C since the last look; NaN where none was.
    solved : Flags
        (R,), it is below the judge's limit.
    lost : Flags
        (R,), it was, and is no longer.
    again : Flags
        (R,), and begins anew now, with other parameters.
    """

    step: int
    cost: npt.NDArray[np.float64]
    solved: Flags
    lost: Flags
    again: Flags


def tracked_csv(looks: Sequence[Tracked]) -> str:
    """A line for each look and device."""
    lines = ["step,device,mean_cost,solved,lost,again"]
    for look in looks:
        for device, cost in enumerate(look.cost.tolist()):
            flags = ",".join(str(int(each[device])) for each in (look.solved, look.lost, look.again))
            lines.append(f"{look.step},{device},{cost:.9g},{flags}")
    return "\n".join(lines) + "\n"


def tracked_figure(looks: Sequence[Tracked], limit: float, title: str = "") -> bytes:
    """A PNG of the cost over time: every device, their median, the limit, and where one was lost.

    Needs matplotlib, the extra ``plot``.
    """
    from matplotlib.figure import Figure

    steps = np.array([look.step for look in looks])
    cost = np.array([look.cost for look in looks])
    drawn = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = drawn.subplots()
    axes.plot(steps, cost, color="0.8", linewidth=0.7)
    axes.plot(steps, np.nanmedian(cost, axis=1), label="median")
    axes.axhline(limit, color="0.4", linestyle=":", label="limit")
    lost = [(look.step, each) for look in looks for each in look.cost[look.lost].tolist()]
    if lost:
        axes.plot(*zip(*lost, strict=True), "x", color="C3", label="lost")
    axes.set(xlabel="steps", ylabel="mean of the measured costs", title=title)
    axes.legend()
    file = io.BytesIO()
    drawn.savefig(file, format="png", dpi=150)
    return file.getvalue()
