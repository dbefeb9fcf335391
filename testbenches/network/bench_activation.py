"""Is every output what the docstrings define, for every argument, and near the function?"""

from __future__ import annotations

import math
from fractions import Fraction

import cocotb
import numpy as np

from mgd_hdl.config import LayerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.support import configured, pack, random_numbers, respond, start, unpack

FUNCTIONS = {
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": lambda z: 2 / (1 + math.exp(-2 * z)) - 1,
}

#: The largest second derivatives: 1 / sqrt(108) and 4 / sqrt(27), rounded up.
BEND = {"sigmoid": 0.09623, "tanh": 0.76981}


def neuron() -> int:
    """Which neuron of its layer is under test."""
    return int(bench_parameters().get("neuron", 0))


def exactly(layer: LayerConfig, z: float) -> float:
    """The function, with the neuron's defect if it has one: y0 + L f(k (z - x0))."""
    function = FUNCTIONS[layer.activation]
    if not layer.defects:
        return function(z)
    defect = layer.defects[neuron()]
    return defect.offset + defect.height * function(defect.gain * (z - defect.shift))


def limited(layer: LayerConfig, y: float) -> float:
    """The nearest value that the output's format has room for."""
    return max(layer.output.min * layer.output.step, min(layer.output.max * layer.output.step, y))


def knot(layer: LayerConfig, place: int) -> int:
    """The function at the left end of a segment, to the nearest last bit of y that there is."""
    exact = exactly(layer, -8 + place * 16 / 2**layer.segment_bits)
    return max(layer.output.min, min(layer.output.max, round(exact * 2**layer.output.fraction_bits)))


def argument(layer: LayerConfig, z: int) -> int:
    """The sum in the format of the table: floor, then limits at -8 and just below 8."""
    bits = layer.table.argument.fraction_bits
    floored = math.floor(z * Fraction(2) ** (bits - layer.sum.fraction_bits))
    return max(-8 << bits, min((8 << bits) - 1, floored))


def activated(layer: LayerConfig, z: int) -> int:
    """The output as an integer, from the real number that z stands for."""
    if layer.table is None:
        y = math.floor(z * Fraction(2) ** (layer.output.fraction_bits - layer.sum.fraction_bits))
        return max(layer.output.min, min(layer.output.max, y))
    real = Fraction(argument(layer, z), 2**layer.table.argument.fraction_bits)
    segment, position = divmod((real + 8) * 2**layer.segment_bits / 16, 1)
    left, right = knot(layer, segment), knot(layer, segment + 1)
    return left + math.floor((right - left) * position)


def sums(layer: LayerConfig, rng: np.random.Generator) -> list[int]:
    """Every sum there is, shuffled; of wide ones each kept word once, and some over the whole range."""
    least, greatest = layer.sum.min, layer.sum.max
    if layer.sum.width <= 13:
        return rng.permutation(np.arange(least, greatest + 1)).tolist()
    kept = layer.output if layer.table is None else layer.table.argument
    dropped = layer.sum.fraction_bits - kept.fraction_bits
    assert dropped >= 0
    first, last = max(least, kept.min - 1 << dropped), min(greatest, (kept.max + 2 << dropped) - 1)
    found = [floor + int(rng.integers(1 << dropped)) for floor in range(first, last + 1, 1 << dropped)]
    anywhere = rng.integers(least, greatest + 1, 500).tolist()
    some = np.array([*found, *anywhere, first - 1, last + 1, least, greatest])
    return rng.permutation(some.clip(least, greatest)).tolist()


async def outputs(dut, layer: LayerConfig, given: list[int], rng: np.random.Generator) -> list[int]:
    """One sum a clock; resets at any time change nothing, for there is no state to forget."""
    await start(dut, z=0)
    resets = (rng.random(len(given)) < 0.1).astype(int).tolist()
    latency = layer.activation_latency + layer.padding
    found = await respond(dut, {"z": given, "rst": resets}, ["y"], latency)
    words = pack(found["y"], layer.output.width)
    return unpack(words, layer.output.width, len(given), signed=layer.output.signed)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_argument_in_any_order(dut):
    """The outputs are those of the definition, to the bit and to the clock."""
    layer = configured().shape.layers[bench_parameters()["layer"]]
    rng = random_numbers()
    given = sums(layer, rng)
    if layer.table is not None and layer.sum.fraction_bits >= layer.table.argument.fraction_bits:
        least, greatest = argument(layer, layer.sum.min), argument(layer, layer.sum.max)
        assert {argument(layer, z) for z in given} == set(range(least, greatest + 1))
    found = await outputs(dut, layer, given, rng)
    assert found == [activated(layer, z) for z in given]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def near_the_function(dut):
    """Smooth curves rise everywhere, or fall, and miss the function by no more than straight lines must.

    A segment of length h misses by at most ``h**2 / 8`` times the largest second derivative. Its ends
    are rounded to half a last bit, or to one where the function's limit 1 is above the output's format,
    and the interpolation rounds down: two last bits in all. relu and linear are off by the
    bits below their last one.
    A defect makes the second derivative ``L k**2`` times as large, and where the output stops at its
    format's limit the line cuts the corner: by a quarter of a segment times the slope, ``L k / 4``.
    """
    layer = configured().shape.layers[bench_parameters()["layer"]]
    rng = random_numbers()
    given = sorted(sums(layer, rng))
    found = await outputs(dut, layer, given, rng)
    steepness = layer.defects[neuron()] if layer.defects else None
    falls = steepness is not None and steepness.height * steepness.gain < 0
    assert found == sorted(found, reverse=falls)
    corner = 0.0
    if steepness and {layer.output.min, layer.output.max} & set(found):
        corner = abs(steepness.height * steepness.gain) / 4 * (16 / 2**layer.segment_bits) / 4
    bends = abs(steepness.height) * steepness.gain**2 if steepness else 1.0
    step = layer.output.step
    for z, y in zip(given, found, strict=True):
        if layer.table is None:
            exact = min(max(layer.sum.value(z), layer.output.min * step), layer.output.max * step)
            assert 0 <= exact - y * step < step, z
        else:
            exact = limited(layer, exactly(layer, layer.table.argument.value(argument(layer, z))))
            lines = bends * BEND[layer.activation] * (16 / 2**layer.segment_bits) ** 2 / 8
            lines += corner
            assert abs(y * step - exact) <= lines + 2 * step, z
