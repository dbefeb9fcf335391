"""Is every forward pass the answer to its own inputs and its own weights, and in its own clock?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.network.bench_activation import activated
from testbenches.network.bench_dense import random_weights, summed
from testbenches.support import configured, pack, random_numbers, respond, scattered, start

PASSES = 200


@dataclass(frozen=True)
class Pass:
    """One forward pass: the inputs, and the weights of all neurons of all layers, each bias last."""

    x: list[int]
    weights: list[list[list[int]]]

    def answer(self, config: TrainerConfig) -> int:
        """The outputs of the last layer, as one word."""
        x = self.x
        for layer, neurons in zip(config.shape.layers, self.weights, strict=True):
            x = [activated(layer, summed(layer, x, weights)) for weights in neurons]
        return pack(x, config.shape.layers[-1].output.width)

    def words(self, config: TrainerConfig) -> dict[str, int]:
        """What each port is given."""
        found = {"x": pack(self.x, config.formats.input.width)}
        for layer, neurons in enumerate(self.weights):
            for j, weights in enumerate(neurons):
                found[f"weights_{layer}_{j}"] = pack(weights, config.words.weight.width)
        return found


def random_pass(config: TrainerConfig, rng: np.random.Generator) -> Pass:
    """Weights of all sizes, for large ones alone would saturate every output."""
    word = config.formats.input
    x = rng.integers(word.min, word.max + 1, config.inputs).tolist()
    weights = [
        [random_weights(rng, layer.weight, layer.inputs + 1) for _ in range(layer.neurons)]
        for layer in config.shape.layers
    ]
    return Pass(x, weights)


def changed(config: TrainerConfig, rng: np.random.Generator, layer: int | None) -> tuple[Pass, Pass]:
    """Two passes with different answers, which differ in the weights of one layer, or in the inputs."""
    while True:
        one, other = random_pass(config, rng), random_pass(config, rng)
        if layer is None:
            other = replace(one, x=other.x)
        else:
            weights = [*one.weights[:layer], other.weights[layer], *one.weights[layer + 1 :]]
            other = replace(one, weights=weights)
        if one.answer(config) != other.answer(config):
            return one, other


def arrival(config: TrainerConfig, layer: int) -> int:
    """Clocks from the inputs until a layer reads its weights; behind the last one, the latency."""
    return config.timing.layer_offset(layer) - config.timing.layer_offset(0)


def arrival_at(config: TrainerConfig, port: str) -> int:
    """The inputs come with the weights of layer 0."""
    return 0 if port == "x" else arrival(config, int(port.split("_")[1]))


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(idle=[0.0, 0.6])
async def passes_at_any_rate(dut, idle):
    """One pass a clock or fewer, with anything on the wires between.

    A reset changes nothing, whenever it comes: there is no state to forget.
    """
    config, rng = configured(), random_numbers()
    passes = list(scattered(rng, (random_pass(config, rng) for _ in range(PASSES)), idle))
    clocks = len(passes) + arrival(config, len(config.shape.layers) - 1)
    inputs: dict[str, list[int]] = {}
    for port in random_pass(config, rng).words(config):
        size = len(getattr(dut, port))
        inputs[port] = [int.from_bytes(rng.bytes(size // 8 + 1)) % 2**size for _ in range(clocks)]
    for clock, each in enumerate(passes):
        for port, word in each.words(config).items() if each else ():
            inputs[port][clock + arrival_at(config, port)] = word
    inputs["rst"] = (rng.random(clocks) < 0.1).astype(int).tolist()
    expected = {clock: each.answer(config) for clock, each in enumerate(passes) if each}
    _, alike = Counter(expected.values()).most_common(1)[0]
    assert alike < PASSES // 4  # answers that say something

    await start(dut, **dict.fromkeys(inputs, 0))
    found = (await respond(dut, inputs, ["y"], arrival(config, len(config.shape.layers))))["y"]
    assert {clock: found[clock] for clock in expected} == expected


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_pulse_takes_its_clocks(dut):
    """What is another word for one clock, at the inputs or at a layer, makes another answer for one clock."""
    config, rng = configured(), random_numbers()
    latency = arrival(config, len(config.shape.layers))
    assert latency == bench_parameters()["clocks"]
    settled = latency + 1
    await start(dut, **dict.fromkeys(random_pass(config, rng).words(config), 0))
    for layer in (None, *range(len(config.shape.layers))):
        rest, pulse = changed(config, rng, layer)
        passes = [rest] * settled + [pulse] + [rest] * settled
        words = [each.words(config) for each in passes]
        inputs = {port: [each[port] for each in words] for port in words[0]}
        found = (await respond(dut, inputs, ["y"], latency))["y"]
        expected = [rest.answer(config)] * len(passes)
        # A layer's answer comes as much sooner as it reads its weights later.
        expected[settled - arrival(config, layer or 0)] = pulse.answer(config)
        assert found == expected, layer
