"""Before anything learns: how noisy is a device, how fast does it settle, how far is it straight?"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_sim.fixed import Ints

from .faults import DeviceAtRest
from .loop import ChipInTheLoop

__all__ = ["Look", "dry_run"]

Floats = npt.NDArray[np.float64]

#: A slope counts as the same while it differs by less, of its root mean square.
_STRAIGHT = 0.2
#: The largest amplitude, of the initial range: parameters move in steps of four amplitudes.
_FINEST = 1 / 16
#: So many deviations of a cost change must fit C~.
_LARGEST = 4
#: Deviations of the noise within which a reading has settled.
_SETTLED = 3.0


@dataclass(frozen=True)
class Look:
    """What a dry run saw, and what it proposes; means over all devices.

    Attributes
    ----------
    readings : Floats
        (readings,), C at rest, of the first device.
    noise : float
        Standard deviation of C of one measurement at rest.
    times, settling : Floats
        (readings,), seconds after a change of parameters, and how far C then is from where it ends.
    settle : float
        Seconds until it stays within the noise; ``times[-1]`` where it does not, NaN where nothing could be
        read after a change.
    amplitudes, slopes, bends : Floats
        Amplitudes that were tried; of C along random codes of these the root mean square slope, and how far
        slopes differ from those of half the amplitude, in parts of the slope.
    trace : float
        Of the second derivative, mean over samples and codes; what a rate has to match.
    amplitude, rate : float
    average : int
        Proposals for ``perturbation.amplitude``, ``learning.rate`` and ``device.average``.
    warnings : tuple of str
        What is wrong, one line each.
    """

    readings: Floats
    noise: float
    times: Floats
    settling: Floats
    settle: float
    amplitudes: Floats
    slopes: Floats
    bends: Floats
    trace: float
    amplitude: float
    rate: float
    average: int
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """All of it for a person."""
        return [
            f"noise of a measured cost  {self.noise:.3g}",
            f"settled after             {self.settle:.3g} s",
            *(
                f"amplitude {a:<9.4g} slope {s:.3g}, bends by {100 * b:.0f} %"
                for a, s, b in zip(self.amplitudes, self.slopes, self.bends, strict=True)
            ),
            f"proposed: perturbation.amplitude = {self.amplitude:g}, learning.rate = {self.rate:g},"
            f" device.average = {self.average}, device.settle = {self.settle:.3g}",
            *(f"warning: {each}" for each in self.warnings),
        ]

    def figure(self) -> bytes:
        """A PNG; needs matplotlib, the extra ``plot``."""
        from matplotlib.figure import Figure

        drawn = Figure(figsize=(9.6, 3.2), layout="constrained")
        noise, settling, line = drawn.subplots(1, 3)
        noise.plot(self.readings, ".", color="0.4")
        noise.set(title="at rest", xlabel="measurement", ylabel="C")
        settling.semilogy(1e6 * self.times, np.maximum(np.abs(self.settling), 1e-12), ".-")
        settling.axhline(max(_SETTLED * self.noise, 1e-12), color="0.7")
        settling.axvline(1e6 * self.settle, color="0.7")
        settling.set(title="after a change", xlabel="us", ylabel="|C - C at the end|")
        line.semilogx(self.amplitudes, self.bends, "o-")
        line.axhline(_STRAIGHT, color="0.7")
        line.axvline(self.amplitude, color="0.7")
        line.set(
            title="how far slopes differ from\nthose of half the amplitude",
            xlabel="amplitude",
            ylabel="share",
        )
        file = io.BytesIO()
        drawn.savefig(file, format="png", dpi=150)
        return file.getvalue()


def dry_run(
    loop: ChipInTheLoop,
    *,
    readings: int = 64,
    codes: int = 16,
    samples: Sequence[int] | None = None,
    seed: int = 0,
) -> Look:
    """Measures a device without training it: parameters stay what they are.

    Amplitudes are tried from ``perturbation.amplitude`` upwards, each twice the one before. With
    ``device.sends = "apart"`` larger ones are moves of parameters at rest. Faults are
    handled as in training; what could not be measured counts for nothing, and is told.

    Parameters
    ----------
    loop : ChipInTheLoop
    readings : int
        At rest, and after a change; eight or more.
    codes : int
        Random codes, for each sample.
    samples : sequence of int, optional
        Which are shown; by default the first eight.
    seed : int
        Of the codes.

    Raises
    ------
    DeviceAtRest
        Where no two measurements at rest were good, or ``device.give_up`` times in a row none was.
    """
    trainer, config = loop.trainer, loop.config
    rng = np.random.default_rng(seed)
    shown = range(min(8, len(trainer.samples))) if samples is None else samples
    rest = np.asarray(trainer.rest, dtype=np.int64)
    before = loop.outside.dropped.sum()
    costs = _Costs(loop)
    at_rest = np.concatenate([costs(rest[:, None], shown[0]) for _ in range(readings)], axis=1)
    # Of differences of neighbours, so that drift is no noise; the first readings may still settle.
    settled = np.diff(at_rest[:, readings // 4 :], axis=1)
    if not np.isfinite(settled).any():
        raise DeviceAtRest(f"no two measurements in a row were good: {loop.outside.told}")
    noise = float(np.sqrt(_mean(settled**2) / 2))

    step = config.words.weight.step
    limit = config.words.weight
    sizes = [1 << k for k in range(limit.width - 1) if rest.max() + (1 << k) <= limit.max][:8]
    sizes = [size for size in sizes if rest.min() - size >= limit.min]
    if loop.outside.out.apart:  # shaken as far as a code can say; beyond, parameters at rest are moved
        sizes = [size for size in sizes if size != 1 << loop.outside.out.below - 1]
    sign = rng.choice((-1, 1), (len(shown), codes, 1, config.parameters))
    plus, minus, zero = _around(costs, rest, sign, sizes, shown)
    amplitudes = np.array(sizes) * step
    slope = (plus - minus) / (2 * amplitudes[:, None, None, None])
    slopes = np.sqrt(_mean(slope**2, axis=(1, 2, 3)))
    bends = np.full(len(sizes), np.nan)
    for k in range(1, len(sizes)):
        # A difference of two noisy slopes; noise is taken out in the mean.
        own = sum(noise**2 / 2 / a**2 for a in amplitudes[k - 1 : k + 1])
        apart = float(_mean((slope[k] - slope[k - 1]) ** 2)) - own
        bends[k] = math.sqrt(
            max(apart, 0.0) / max(slopes[k] ** 2 - noise**2 / 2 / amplitudes[k] ** 2, 1e-300)
        )
    straight = 0
    change = config.words.cost_change
    for k in range(1, len(sizes)):
        coarse = amplitudes[k] > config.initials[0] * _FINEST
        large = _LARGEST * slopes[k] * amplitudes[k] > change.max * change.step
        if not bends[k] < _STRAIGHT or coarse or large:
            break
        straight = k
    bends[0] = bends[1] if len(bends) > 1 else 0.0
    amplitude = float(amplitudes[straight])
    even = plus[straight] + minus[straight] - 2 * zero
    trace = float(_mean(even)) / amplitude**2
    signal = float(slopes[straight]) * amplitude
    warnings = [f"{name} were at a limit" for name, there in loop.outside.clipped.items() if there.any()]
    if not np.isfinite(signal) or signal == 0:
        warnings.append("no measurement differs: is the device connected, and its cost in range?")
    elif noise > signal:
        warnings.append(f"a measurement's noise, {noise:.3g}, is above what a code changes, {signal:.3g}")
    if (dropped := loop.outside.dropped.sum() - before) > 0:
        warnings.append(f"{dropped} measurements were bad, the last one: {loop.outside.told}")
    if straight == 0 and len(bends) > 1 and bends[1] >= _STRAIGHT:
        warnings.append(
            "the smallest amplitude that was tried is the largest that is straight; try half of it"
        )
    times, settling, settle = _settling(loop, rest, sign[0, 0] * sizes[straight], shown[0], readings, noise)
    if np.isnan(settle):
        warnings.append(f"no reading after a change of parameters was good: {loop.outside.told}")
    return Look(
        at_rest[0],
        noise,
        times,
        settling,
        settle,
        amplitudes,
        slopes,
        bends,
        trace,
        amplitude,
        _rate(config.initials[0], amplitude, signal, trace),
        _average(config.device.average, noise, signal),
        tuple(warnings),
    )


def _mean(values: Floats, axis: int | tuple[int, ...] | None = None) -> Floats:
    """Of what was measured; NaN where nothing was."""
    good = np.isfinite(values)
    count = good.sum(axis=axis)
    total = np.where(good, values, 0).sum(axis=axis)
    return np.asarray(np.where(count, total / np.maximum(count, 1), np.nan))


class _Costs:
    """C of measurements (R, measurements), as long as a device answers now and then."""

    def __init__(self, loop: ChipInTheLoop):
        self.loop, self.bad = loop, 0

    def __call__(self, weight: Ints, sample: int) -> Floats:
        found = self.loop.trainer.meter.costs(weight, sample)
        self.bad = 0 if np.isfinite(found).any() else self.bad + 1
        if self.bad >= self.loop.config.device.give_up:
            raise DeviceAtRest(f"{self.bad} times in a row no measurement was good: {self.loop.outside.told}")
        return found


def _around(
    costs: _Costs, rest: Ints, sign: Ints, sizes: Sequence[int], shown: Sequence[int]
) -> tuple[Floats, Floats, Floats]:
    """C on both sides of rest, (sizes, samples, codes, R), and at rest, (samples, codes, R)."""
    plus, minus = np.empty((2, len(sizes), *sign.shape[:2], len(rest)))
    zero = np.empty((*sign.shape[:2], len(rest)))
    for number, sample in enumerate(shown):
        for code in range(sign.shape[1]):
            zero[number, code] = costs(rest[:, None], sample)[:, 0]
            for k, size in enumerate(sizes):
                both = np.stack([rest + size * sign[number, code], rest - size * sign[number, code]], axis=1)
                found = costs(both, sample)
                plus[k, number, code], minus[k, number, code] = found[:, 0], found[:, 1]
    return plus, minus, zero


def _settling(
    loop: ChipInTheLoop, rest: Ints, change: Ints, sample: int, count: int, noise: float
) -> tuple[Floats, Floats, float]:
    """Seconds, how far C is from its end (of the first device), and when all stay near it."""
    x = np.tile(loop.trainer.samples.x[sample] * loop.config.formats.input.step, (loop.replicas, 1))
    times, values, valid = loop.outside.transient(rest - change, rest + change, x, count)
    cost: npt.NDArray[Any] = np.where(valid, loop.trainer.meter.judged(values, sample), np.nan)
    away = cost - _mean(cost[-max(1, count // 4) :], axis=0)
    near = max(_SETTLED * noise * math.sqrt(loop.config.device.average), loop.config.words.cost.step)
    late = np.flatnonzero((np.abs(away) > near).any(axis=1))
    settled = 0 if not len(late) else min(int(late[-1]) + 1, count - 1)
    if not np.isfinite(away).any():
        return times, away[:, 0], float("nan")
    return times, away[:, 0], float(times[settled]) if settled else 0.0


def _rate(initial: float, amplitude: float, signal: float, trace: float) -> float:
    """The rate, a power of two.

    An update moves parameters by ``-eta (g s) s``. With H the second derivative the mean cost then changes by
    ``-eta g^2 + eta^2 g^2 trace(H) / 2``, least for ``eta = 1 / trace(H)`` (Spall 1992 has the same for gains
    that fall). Where the cost is flat a quarter of the initial range is the most that one update may go.
    """
    most = initial / 4 * amplitude / signal if signal > 0 else 1.0
    best = min(most, 1 / trace) if trace > 0 else most
    return float(2.0 ** max(-40, min(0, math.floor(math.log2(best)))))


def _average(now: int, noise: float, signal: float) -> int:
    """So many readings that a cost change is no smaller than its noise, which is that of two costs."""
    if signal <= 0:
        return now
    wanted = now * 2 * (noise / signal) ** 2
    return int(1 << max(0, min(10, math.ceil(math.log2(wanted))))) if wanted > 0 else 1
