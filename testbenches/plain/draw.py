"""Configurations drawn at random, by a number that is kept: all of the core, and options around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mgd_hdl.config import ConfigError, TrainerConfig

from .trainer import SEEDS, PlainTrainer, Sample, format_of, mix

_Item = TypeVar("_Item")

LAYERS = {
    "xor": ([2, 2, 1], [2, 2, 1], [2, 3, 1], [2, 1], [2, 3, 2, 1]),
    "parity3": ([3, 3, 1], [3, 2, 3, 1], [3, 9, 1]),
    "parity4": ([4, 4, 1], [4, 1]),
    "external": ([1, 1], [3, 2, 2], [5, 3], [2, 4, 2, 3], [9, 7, 2], [12, 9, 2]),
}


class Draws:
    """Random numbers that no release of Python changes."""

    def __init__(self, seed: int):
        self.word = seed

    def below(self, count: int) -> int:
        """A number from 0."""
        self.word = mix(self.word)
        return (self.word >> 8) % count

    def one(self, items: Sequence[_Item]) -> _Item:
        """One of them."""
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        """True, so often."""
        return self.below(100) < percent

    def between(self, least: int, most: int) -> int:
        """A number, both ends among them."""
        return least + self.below(most - least + 1)


def document(draws: Draws, options: bool) -> dict[str, Any]:
    """A document that may be refused; ``options`` are those beyond the core."""
    task = draws.one(["xor", "xor", "parity3", "parity4", "external"])
    layers = draws.one(LAYERS[task])
    stream = task == "external" or draws.chance(15)
    behind = len(layers) - 1
    whole, fraction = draws.between(2, 6), draws.between(2, 14)
    a = draws.one([4, 4, 3, 2, 5, 6, 1, 0, -1])
    activation: str | list[str] = [draws.one(["sigmoid", "tanh", "relu", "linear"]) for _ in range(behind)]
    initial: float | list[float] = [2.0 ** draws.between(-4, whole - 2) for _ in range(behind)]
    if draws.chance(40):
        activation, initial = activation[-1], initial[-1]
    signed_input = draws.one(["SQ", "UQ"])
    formats: dict[str, Any] = {
        "parameter": f"SQ({whole}, {fraction})",
        "cost_change": f"SQ({draws.one([1, 1, 1, 2, 3])}, {draws.between(3, 16)})",
        "hold_bits": draws.one([0, 0, 0, 1, 4]),
        "activation_fraction": draws.between(4, 12),
        "segment_bits": draws.between(3, 7),
        "relu_integer_bits": draws.between(0, 4),
        "linear_integer_bits": draws.between(1, 6),
        "target": draws.one(["UQ(1, 0)", "UQ(1, 0)", "SQ(2, 2)", "UQ(1, 3)"]),
    }
    if stream:
        formats["input"] = draws.one(
            ["UQ(1, 0)", f"{signed_input}({draws.between(1, 3)}, {draws.between(0, 5)})"]
        )
        formats["target"] = f"{draws.one(['SQ', 'UQ'])}({draws.between(1, 2)}, {draws.between(0, 4)})"
    family = draws.one(["random_code", "random_code", "walsh", "sequential"])
    shake: dict[str, Any] = {"family": family, "amplitude": 2.0**-a * draws.one([1, 1, 1.3, 0.8])}
    if family == "sequential":
        shake["order"] = draws.one(["plain", "shuffled"])
    if family == "walsh":
        shake["sign_flip"] = draws.chance(50)
    tau_p, tau_theta = draws.one([1, 1, 2, 3, 4]), draws.one([1, 1, 2, 3, 6])
    learning: dict[str, Any] = {
        "rate": 2.0 ** -draws.between(0, 9) * draws.one([1, 1, 1.2]),
        "tau_x": draws.one([1, 1, 2, 3, 5]),
        "tau_p": tau_p,
        "tau_theta": tau_theta,
        "rounding": draws.one(["carry", "floor", "nearest_even", "stochastic"]),
    }
    kind = draws.below(5)
    if kind == 0:
        learning["measure"] = "two_sided"
    elif kind == 1:
        learning |= {
            "algorithm": "analog",
            "tau_x": draws.between(2, 6),
            "tau_hp": draws.one([1.6, 0.4, 6, 40]),
        }
        learning["follow"] = draws.one([0, 1, 3])
    elif kind == 2:
        learning["reference"] = draws.one(["every_step", "when_due"])
    if kind != 1 and draws.chance(25):
        learning["updates"] = "delayed"
    elif kind != 1 and draws.chance(15):
        learning["follow"] = draws.between(1, 4)
    engine: dict[str, Any] = {
        "shadow": draws.one(["auto", "auto", "yes"]),
        "leaves": draws.one(["auto", "auto", "yes"]),
    }
    drawn: dict[str, Any] = {
        "seed": draws.one([0, 2**63 - 1, draws.below(2**62)]),
        "network": {"layers": layers, "activation": activation, "initial": initial},
        "formats": formats,
        "perturbation": shake,
        "learning": learning,
        "engine": engine,
        "task": {
            "name": task,
            "source": "stream" if stream else "memory",
            "order": draws.one(["random", "epoch", "plain"]),
        },
    }
    loss = draws.below(8)
    if loss == 0:
        drawn["cost"] = {"loss": "absolute_error"}
    if options:
        _beyond(draws, drawn)
    if draws.chance(30):
        engine["stages"] = "many"
    return drawn


def _beyond(draws: Draws, drawn: dict[str, Any]) -> None:
    """Some of the options that are not of the core."""
    if draws.chance(3):
        drawn["network"] = {"layers": [49, 4, 4]}
        drawn["task"] = {"name": draws.one(["nist7x7", "nist7x7_centered"]), "source": "generator"}
        drawn["formats"] |= {"input": "UQ(1, 0)", "target": draws.one(["UQ(1, 0)", "SQ(2, 1)"])}
    shake, learning, engine = drawn["perturbation"], drawn["learning"], drawn["engine"]
    cost = drawn.setdefault("cost", {})
    loss = draws.one(["", "", "hinge", "cross_entropy"])
    if loss:
        cost["loss"] = loss
        count = len(drawn["network"]["layers"]) - 1
        drawn["network"]["activation"] = [
            draws.one(["sigmoid", "tanh", "relu"]) for _ in range(count - 1)
        ] + ["linear"]
        cost |= {"margin": draws.one([1.0, 0.3]), "segment_bits": draws.between(3, 9)}
    if draws.chance(20):
        cost |= {"limit": draws.one([0.0, 0.1, 0.4]), "gate": draws.one([0.0, 0.02])}
    if draws.chance(20):
        learning["size"] = "sign"
    if draws.chance(20):
        learning |= {
            "anneal_every": draws.between(1, 20),
            "last_rate": draws.one([0.0, learning["rate"] / 4]),
        }
    if draws.chance(20):
        learning["decay"] = 2.0 ** -draws.between(1, 9)
    if draws.chance(20):
        learning["clamp"] = 2.0 ** draws.between(-3, 3)
    if draws.chance(15):
        engine["cell"] = "serial"
    if draws.chance(15):
        engine["enables"] = "early"
    if draws.chance(10):
        engine["reset"] = "yes"
    if draws.chance(30):
        engine |= {"leaves": "yes", "leaf_cells": draws.one([4, 8, 16, 32])}
    if draws.chance(20):
        shake["share"] = draws.one([0.5, 0.25, 0.125])
    elif draws.chance(25):
        shake |= {"granularity": "layer", "tau_layer": draws.between(1, 4)}
    if draws.chance(15):
        shake |= {
            "halve_every": draws.between(5, 30),
            "last_amplitude": shake["amplitude"] / draws.one([2, 4]),
        }
    if draws.chance(20):
        drawn["judge"] = {
            "kind": "window",
            "limit": draws.one([0.3, 0.6]),
            "window": 16,
            "misses": draws.between(0, 9),
        }
    if draws.chance(20):
        drawn["task"]["accuracy"] = True
    if draws.chance(30):
        _words(draws, drawn)
    flaws: dict[str, Any] = {"device": draws.below(1000)}
    if draws.chance(15):
        flaws["activation_spread"] = draws.one([0.1, 0.3, 1.0])
    if draws.chance(20):
        flaws |= {"cost_noise": 2.0 ** -draws.between(1, 8), "noisy_reference": draws.chance(50)}
    if draws.chance(20):
        flaws |= {"update_noise": 2.0 ** -draws.between(1, 8)}
        flaws["update_noise_kind"] = draws.one(["common", "independent"])
    if draws.chance(20):
        flaws |= {"stuck": draws.one([0.1, 0.3]), "stuck_kind": draws.one(["shaken", "still", "dead"])}
    drawn["imperfections"] = flaws


def _words(draws: Draws, drawn: dict[str, Any]) -> None:
    """Codes, or inputs of neurons, in words of several bits, which T needs room for."""
    formats = drawn["formats"]
    formats |= {"parameter": f"SQ({draws.between(4, 6)}, {draws.between(7, 14)})"}
    formats |= {"cost_change": f"SQ({draws.one([1, 2])}, {draws.between(3, 10)})"}
    shake = drawn["perturbation"] = {"amplitude": drawn["perturbation"]["amplitude"]}
    shake["resolution"] = draws.between(2, 6)
    shake["family"] = draws.one(["sinusoidal", "square", "walsh", "random_code"])
    if shake["family"] in ("sinusoidal", "square"):
        shake["order"] = draws.one(["plain", "shuffled"])
    else:
        shake["granularity"] = "node"
        drawn["learning"]["tau_x"] = drawn["learning"]["tau_p"] * draws.between(1, 2)


@dataclass(frozen=True)
class Drawn:
    """A configuration that is not refused, what comes through its port if any does, and written registers."""

    config: TrainerConfig
    samples: list[Sample] | None
    written: dict[str, int]


def drawn(seed: int, *, options: bool = False) -> Drawn:
    """The configuration of a number."""
    draws = Draws(seed)
    while True:
        try:
            config = TrainerConfig.build(document(draws, options))
        except ConfigError:
            continue
        break
    plain = config.model_dump(mode="json")
    samples = None
    if plain["task"]["source"] == "stream":
        formats, layers = plain["formats"], plain["network"]["layers"]
        samples = [
            (words(draws, formats["input"], layers[0]), words(draws, formats["target"], layers[-1]))
            for _ in range(draws.between(1, 12))
        ]
    return Drawn(config, samples, registers(draws, plain, samples))


def registers(draws: Draws, plain: dict[str, Any], samples: list[Sample] | None) -> dict[str, int]:
    """What the host writes: seeds of any kind; any times where the circuit has a shadow for sure."""
    written: dict[str, int] = {}
    if draws.chance(40):
        for name in SEEDS:
            if draws.chance(50):
                written[f"seed_{name}"] = draws.one(
                    [0, 1, 2**31 - 1, draws.below(2**31), draws.below(2**30) * 2]
                )
    any_times = (
        plain["learning"]["algorithm"] == "discrete" and plain["perturbation"]["granularity"] != "node"
    )
    if plain["engine"]["shadow"] == "yes" and any_times and draws.chance(50):
        written |= {name: draws.between(1, 7) for name in ("tau_x", "tau_p", "tau_theta")}
    if not plain["learning"]["anneal_every"] and draws.chance(20):
        written["learning_shift"] = draws.between(0, PlainTrainer(plain, samples).slowest)
    if plain["learning"]["algorithm"] == "analog" and draws.chance(30):
        written["high_pass"] = draws.between(1, 255)
    return written


def words(draws: Draws, text: str, count: int) -> list[int]:
    """So many numbers of a format, its ends more often than others."""
    is_signed, whole, fraction = format_of(text)
    size = 1 << (whole + fraction)
    low = -size // 2 if is_signed else 0
    return [low + draws.one([0, size - 1, *[draws.below(size)] * 3]) for _ in range(count)]
