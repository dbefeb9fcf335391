"""Is one circuit finite differences, coordinate descent, SPSA and mini-batch descent, by its registers alone?

Each algorithm stands here as it is written in a textbook, over a cost in whole numbers; none of them knows
steps, windows or holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cocotb

from mgd_sim.rtl import bench_parameters
from testbenches.bench_trainer import Observer
from testbenches.support import clock, configured, signed, start
from testbenches.twin.textbook import Network, codes

Vector = list[int]
Cost = Callable[[Vector, Vector, int], int]  # of parameters and perturbation, for a sample


def finite_differences(theta: Vector, cost: Cost, rate: int, _: Any) -> Iterator[Vector]:
    """theta <- theta - eta (C(theta + a e_i) - C(theta)) / a for all i at once; then the next sample."""
    count, sample = len(theta), 0
    while True:
        rest = cost(theta, [0] * count, sample)
        slope = [cost(theta, unit(i, count), sample) - rest for i in range(count)]
        theta = [t - rate * g for t, g in zip(theta, slope, strict=True)]
        yield theta
        sample += 1


def coordinate_descent(theta: Vector, cost: Cost, rate: int, _: Any) -> Iterator[Vector]:
    """One parameter after the other, each with a new sample, and each sees the one before."""
    count, step = len(theta), 0
    while True:
        i = step % count
        theta = list(theta)
        theta[i] -= rate * (cost(theta, unit(i, count), step) - cost(theta, [0] * count, step))
        yield theta
        step += 1


def spsa(theta: Vector, cost: Cost, rate: int, signs: Iterator[Vector]) -> Iterator[Vector]:
    """Spall, 1992: all parameters along one random direction, from one cost change (here one-sided)."""
    for step, sign in enumerate(signs):
        change = cost(theta, sign, step) - cost(theta, [0] * len(theta), step)
        theta = [t - rate * change * s for t, s in zip(theta, sign, strict=True)]
        yield theta


def mini_batch(theta: Vector, cost: Cost, rate: int, signs: Iterator[Vector]) -> Iterator[Vector]:
    """The mean direction of four samples, each with a perturbation of its own, before anything moves."""
    sample = 0
    while True:
        total = [0] * len(theta)
        for _ in range(4):
            sign = next(signs)
            change = cost(theta, sign, sample) - cost(theta, [0] * len(theta), sample)
            total = [g + change * s for g, s in zip(total, sign, strict=True)]
            sample += 1
        theta = [t - rate * g for t, g in zip(theta, total, strict=True)]
        yield theta


def unit(i: int, count: int) -> Vector:
    return [int(j == i) for j in range(count)]


#: The registers that make each of them; a sweep of the nine parameters is one window.
ALGORITHMS = {
    "finite differences": (finite_differences, {"tau_x": 9, "tau_p": 1, "tau_theta": 9}),
    "coordinate descent": (coordinate_descent, {"tau_x": 1, "tau_p": 1, "tau_theta": 1}),
    "SPSA": (spsa, {"tau_x": 1, "tau_p": 1, "tau_theta": 1}),
    "mini-batch": (mini_batch, {"tau_x": 1, "tau_p": 1, "tau_theta": 4}),
}


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def registers_make_the_algorithm(dut):
    """All parameters after every update, of every algorithm that this circuit's codes are for."""
    config, places = configured(), bench_parameters()["states"]
    network = Network(config)
    samples = [([x & 1, x >> 1], [(x & 1) ^ (x >> 1)]) for x in range(4)]
    rate = 2 ** (config.levels.gain - config.learning_shift)

    def cost(theta: Vector, perturbation: Vector, sample: int) -> int:
        shaken = [
            4 * (t >> config.words.guard_bits) + 2 + p for t, p in zip(theta, perturbation, strict=True)
        ]
        return network.cost(shaken, *samples[sample % 4])

    await start(dut, start=0, run=0, step=0, clear_flags=0)
    for number, name in enumerate(bench_parameters()["algorithms"]):
        textbook, times = ALGORITHMS[name]
        registers = config.registers(10 + number, **times).__dict__
        observer = Observer(dut, [each for each in places if each["name"] == "theta"])
        await clock(
            dut, start=1, run=0, **{key: value for key, value in registers.items() if hasattr(dut, key)}
        )
        await clock(dut, start=0)
        while dut.busy.value == 1:
            await clock(dut)
        first = [signed(handle) for probes in observer.probes.values() for _, handle, _ in probes]
        observer.forget()
        await clock(dut, run=1)
        updates = 40 if times["tau_theta"] == 1 else 24
        while observer.steps < updates * times["tau_theta"]:
            await clock(dut)
            observer.look()
        found = list(zip(*observer.found["theta"], strict=True))[times["tau_theta"] - 1 :: times["tau_theta"]]
        signs = ([2 * bit - 1 for bit in bits] for bits in codes(config, registers["seed_code"]))
        expected = textbook(first, cost, rate, signs)
        for update in range(updates):
            assert list(found[update]) == next(expected), (name, update)
        # Nothing was limited, and much has moved: the textbook knows no limits.
        assert int(dut.flags.value) == 0
        assert max(map(abs, found[-1])) < 1 << config.words.parameter.width - 2
        assert sum(now != then for now, then in zip(found[-1], first, strict=True)) > len(first) / 2
