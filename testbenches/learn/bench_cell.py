"""Does one cell learn what its code bit tells it, and show the network its perturbed parameter?"""

from __future__ import annotations

import itertools
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.learn.rail import taken
from testbenches.support import clock, configured, random_numbers, signed, start


def code_bit(config: TrainerConfig, wires: dict[str, int], prefix: str = "") -> int:
    """The bit of a cell from its wires; ``both`` addresses the cell or picks all."""
    row, column = wires[f"{prefix}row"], wires[f"{prefix}column"]
    if config.sequential:
        return row & column
    picked = "diagonal" if config.perturbation.family == "random_code" else "every"
    every = wires[prefix + picked]
    if wires[f"{prefix}both"]:
        return row & column | every
    return row ^ column ^ (every if picked == "diagonal" else 0)


def perturbed(
    config: TrainerConfig, visible: int, bit: int, *, rest: bool, minus: bool, size: int = 0
) -> int:
    """The visible bits in the middle of their interval, and the perturbation, in amplitudes.

    At rest every bit of an exclusive-or code is forced to one. The other side of those codes has all
    bits inverted, so their sign is always that of the bit. Where the amplitude may halve the last bit
    is worth the smallest, and this one 2**size of it.
    """
    if config.amplitude_halvings:
        return (4 * visible + 2) * 2**config.amplitude_halvings + (0 if rest else (2 * bit - 1) * 2**size)
    if config.sequential:
        return 4 * visible + 2 + bit * (-1 if minus else 1)
    return 4 * visible + 2 + (0 if rest else 2 * bit - 1)


def wire_settings(config: TrainerConfig) -> list[dict[str, int]]:
    """Every combination of a cell's wires that the circuit uses."""
    one = {
        "random_code": ("row", "column", "diagonal", "both"),
        "walsh": ("row", "column", "every", "both"),
        "sequential": ("row", "column"),
    }[config.perturbation.family]
    names = [*one, *(f"shake_{name}" for name in one * config.shadow)]
    settings = [dict(zip(names, bits, strict=True)) for bits in itertools.product((0, 1), repeat=len(names))]
    if config.sequential and config.two_sided:
        return [{**each, "minus": side} for each in settings for side in (0, 1)]
    if config.sequential or not (config.rests or config.amplitude_halvings):
        return settings
    shaking = "shake_" if config.shadow else ""
    if config.amplitude_halvings:
        sizes = [1 << size for size in range(config.amplitude_halvings + 1)] + [0] * config.rests
        return [
            {**each, "steps": steps}
            for each in settings
            for steps in sizes
            if steps or code_bit(config, each, shaking)
        ]
    return [
        {**each, "shaken": shaken}
        for each in settings
        for shaken in (0, 1)
        if shaken or code_bit(config, each, shaking)  # at rest the bit is one
    ]


#: How the names of code wires end.
CODE = ("row", "column", "diagonal", "every", "both")


def sent(config: TrainerConfig, now: dict[str, int], following: dict[str, int]) -> dict[str, int]:
    """What goes to the cell: its code one clock before all else if it keeps the bits."""
    early = {name: bit for name, bit in following.items() if name.endswith(CODE)}
    return now | (early if config.placement.keeps_code else {})


async def live(dut: Any, config: TrainerConfig, inputs: list[dict[str, int]]) -> None:
    """Give the inputs, one set a clock, and follow the cell's registers."""
    parameter, guard_bits = config.words.parameter, config.words.guard_bits
    theta = visible = None  # unknown
    kind = config.imperfections.stuck_kind
    copy = 0  # of a follower, in parts of a visible unit
    await clock(dut, **sent(config, dict.fromkeys(inputs[0], 0), inputs[0]))
    for turn, (each, following) in enumerate(zip(inputs, [*inputs[1:], inputs[0]], strict=True)):
        await clock(dut, **sent(config, each, following))
        if theta is not None:
            assert signed(dut.integrator.theta) == theta, turn
        if not config.shadow and theta is not None:
            visible = theta >> guard_bits
        if config.follow:
            visible = copy // 2**config.follow
        if visible is not None:
            shake = code_bit(config, each, "shake_" if config.shadow else "")
            rest, minus = not each.get("shaken", 1), bool(each.get("minus", 0))
            steps = each.get("steps", 1)
            rest = rest or steps == 0
            stuck = each.get("stuck", 0)
            if stuck and kind == "still":
                shake, rest = 0, True
            expected = (
                0
                if stuck and kind == "dead"
                else perturbed(
                    config, visible, shake, rest=rest, minus=minus, size=max(0, steps.bit_length() - 1)
                )
            )
            assert signed(dut.weight) == expected, turn
        if each.get("refresh", 0) and config.follow:
            copy += -visible if each["away"] else theta >> guard_bits
        elif each.get("refresh", 0):
            visible = None if theta is None else theta >> guard_bits
        enable, clears = bool(code_bit(config, each)), bool(each["clear"])
        if each.get("stuck", 0):
            enable = enable and bool(each["clear" if kind == "dead" else "loading"])
        if theta is None:
            theta = 0 if enable and clears and turn else None  # the second of two words clears
        else:
            theta = taken(parameter, theta, each["word"], enable=enable, clear=clears)


def picked(settings: list[dict[str, int]], config: TrainerConfig) -> dict[str, int]:
    """Wires with which the cell takes a word."""
    return next(each for each in settings if code_bit(config, each))


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(drift=[-0.6, 0.0, 0.6])
async def learns_and_shakes(dut, drift):
    """All wires in every combination, with words that take T from rail to rail."""
    config, rng = configured(), random_numbers()
    settings = wire_settings(config)
    take = {**picked(settings, config), "clear": 1}
    idle: dict[str, Any] = {"refresh": 0} if config.shadow else {}
    stuck = bench_parameters().get("stuck")
    loads = config.some_stuck and config.imperfections.stuck_kind != "dead"
    constant = {} if stuck is None else {"stuck": stuck}
    idle |= constant | ({"loading": 1} if loads else {})
    if config.follow:
        idle["away"] = 0
    inputs = [{**take, **idle, "word": 0}, {**take, **idle, "word": -1}]
    repeats = -(-400 // len(settings))
    away = 0
    for number in np.concatenate([rng.permutation(len(settings)) for _ in range(repeats)]):
        size = config.words.update.max * (2 * rng.random() - 1 + drift)
        word = max(config.words.update.min, min(config.words.update.max, round(size)))
        more = {"refresh": int(rng.random() < 0.3)} if config.shadow else {}
        more |= constant | ({"loading": int(rng.random() < 0.2)} if loads else {})
        if config.follow:
            # Away first, on to T later; a copy that only went on would leave its range.
            away ^= more["refresh"]
            more["away"] = away
        inputs.append({**settings[number], **more, "word": word, "clear": int(rng.random() < 0.02)})
    await start(dut, **dict.fromkeys(inputs[0], 0))
    await live(dut, config, inputs)
