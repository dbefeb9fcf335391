"""Is every sum exact, whatever the weights and the inputs?"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import Format, LayerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.support import configured, pack, random_numbers, respond, start, unpack

#: Inputs, and weights with the bias last.
Case = tuple[list[int], list[int]]


def summed(layer: LayerConfig, x: list[int], weights: list[int]) -> int:
    """The bias counts as a weight whose input is one."""
    return sum(w * v for w, v in zip(weights, [*x, 2**layer.input.fraction_bits], strict=True))


def perturbed(weight: Format) -> list[int]:
    """All words that a weight can be: visible bits, then 01, 10 or 11."""
    return [word for word in range(weight.min, weight.max + 1) if word % 4]


def random_weights(rng: np.random.Generator, weight: Format, count: int) -> list[int]:
    """As many words, at every call of another size."""
    visible = rng.integers(weight.min // 4, weight.max // 4 + 1, count) >> rng.integers(weight.width - 2)
    return (4 * visible + rng.integers(1, 4, count)).tolist()


def extremes(layer: LayerConfig, rng: np.random.Generator) -> list[Case]:
    """The least and the greatest sums, then extreme words in places at random."""
    weights = [layer.weight.min + 1, layer.weight.max]
    inputs = sorted({layer.input.min, 0, layer.input.max})
    found: list[Case] = [
        ([x] * layer.inputs, [w] * layer.inputs + [bias])
        for x, w, bias in itertools.product(inputs, weights, weights)
    ]
    for _ in range(200):
        x = rng.choice(inputs, layer.inputs).tolist()
        found.append((x, rng.choice(weights, layer.inputs + 1).tolist()))
    return found


def each_place(layer: LayerConfig, rng: np.random.Generator) -> list[Case]:
    """Each place alone: one input that is not zero, and every weight another one as far as it goes."""
    found: list[Case] = []
    for place in range(layer.inputs):
        for value in {layer.input.min, layer.input.max} - {0}:
            x = [value * (i == place) for i in range(layer.inputs)]
            words = rng.permutation(np.resize(perturbed(layer.weight), layer.inputs + 1))
            found.append((x, words.tolist()))
    return found


def every_word(layer: LayerConfig, rng: np.random.Generator) -> list[Case]:
    """All inputs with all weights where they are few; else every word at each input in turn, among others."""
    words = range(layer.input.min, layer.input.max + 1)
    weights = perturbed(layer.weight)
    if len(weights) ** (layer.inputs + 1) * len(words) ** layer.inputs <= 5000:
        every_x = itertools.product(words, repeat=layer.inputs)
        every_weight = itertools.product(weights, repeat=layer.inputs + 1)
        return [(list(x), list(w)) for x, w in itertools.product(every_x, every_weight)]
    found: list[Case] = []
    for place, word, _ in itertools.product(range(layer.inputs), words, range(1 + 64 // len(words))):
        x = rng.integers(layer.input.min, layer.input.max + 1, layer.inputs).tolist()
        x[place] = word
        found.append((x, random_weights(rng, layer.weight, layer.inputs + 1)))
    return found


KINDS: dict[str, Callable[[LayerConfig, np.random.Generator], list[Case]]] = {
    "extremes": extremes,
    "each place": each_place,
    "every word": every_word,
}


async def bit_by_bit(dut: Any, layer: LayerConfig, given: list[Case], rng: np.random.Generator) -> None:
    """A bit of every weight a clock, inputs held meanwhile; anything comes between. A sum is there
    ``width + levels`` clocks after the first bits, and stays until the next.
    """
    width, rows, ready = layer.weight.width, [], {}
    for turn, (x, weights) in enumerate(given):
        for _ in range(int(rng.integers(4)) * (turn % 2)):
            words = rng.integers(layer.input.min, layer.input.max + 1, layer.inputs).tolist()
            rows.append((pack(words, layer.input.width), int(rng.integers(1 << layer.inputs + 1)), 0, 0))
        ready[len(rows) + width + layer.levels] = summed(layer, x, weights)
        for place in range(width):
            bits = pack([weight >> place & 1 for weight in weights], 1)
            rows.append((pack(x, layer.input.width), bits, int(place == 0), int(place == width - 1)))
    rows += [(0, 0, 0, 0)] * (width + layer.levels)
    inputs = dict(zip(("x", "weights", "first", "last"), map(list, zip(*rows, strict=True)), strict=True))
    await start(dut, x=0, weights=0, first=0, last=0)
    words = (await respond(dut, inputs, ["z"], 0))["z"]
    found = unpack(pack(words, len(dut.z)), len(dut.z), len(words), signed=True)
    at = min(ready)
    expected: list[int] = []
    for clock in range(at, len(found)):
        expected.append(ready.get(clock, expected[-1] if expected else 0))
    assert found[at:] == expected


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(kind=list(KINDS))
async def sums_are_exact(dut, kind):
    """Cases in any order, one a clock; each sum is there ``1 + levels`` clocks later, with many stages before
    a multiplier one more. Serial ones follow each other at once, or after idle clocks.

    A reset changes nothing, whenever it comes: there is no state to forget.
    """
    layer, rng = configured().shape.layers[bench_parameters()["layer"]], random_numbers()
    cases = KINDS[kind](layer, rng)
    order = rng.permutation(len(cases)).tolist()
    given = [cases[place] for place in order]
    if layer.delivery.marked:
        await bit_by_bit(dut, layer, given[:200], rng)
        return
    inputs = {
        "x": [pack(x, layer.input.width) for x, _ in given],
        "weights": [pack(weights, layer.weight.width) for _, weights in given],
        "rst": (rng.random(len(given)) < 0.1).astype(int).tolist(),
    }
    await start(dut, x=0, weights=0)
    found = (await respond(dut, inputs, ["z"], bench_parameters().get("stages", 0) + 1 + layer.levels))["z"]
    sums = unpack(pack(found, len(dut.z)), len(dut.z), len(found), signed=True)
    assert sums == [summed(layer, x, weights) for x, weights in given]
