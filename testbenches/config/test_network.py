"""Do the words of a layer hold their extreme values, and is no word wider than it needs to be?"""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction

import pytest

from mgd_hdl.config import SQ, UQ, ActivationTable, Defect, Format, LayerConfig, adder_levels

INPUTS = [UQ(1, 0), UQ(0, 1), UQ(0, 3), UQ(2, 2), SQ(1, 0), SQ(1, 3), SQ(0, 4), SQ(3, 1)]
WEIGHTS = [SQ(3, 0), SQ(2, 1), SQ(4, -1), SQ(2, 4), SQ(5, 1)]


def layer(number_of_inputs: int, word: Format, weight: Format, activation: str = "sigmoid") -> LayerConfig:
    return LayerConfig(
        index=0,
        inputs=number_of_inputs,
        neurons=1,
        first=0,
        activation=activation,
        input=word,
        weight=weight,
        output=SQ(1, 4) if activation == "tanh" else UQ(0, 4),
        segment_bits=3,
    )


def perturbed(weight: Format) -> list[int]:
    """All words that the forward pass sees: visible bits, then 01, 10 or 11."""
    return [integer for integer in range(weight.min, weight.max + 1) if integer & 3]


def fits(integer: int, word: Format) -> bool:
    return word.min <= integer <= word.max


@pytest.mark.parametrize("word", INPUTS, ids=str)
@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
def test_every_product_fits(word, weight):
    product = layer(2, word, weight).product
    assert product.fraction_bits == weight.fraction_bits + word.fraction_bits
    products = [w * x for w in perturbed(weight) for x in range(word.min, word.max + 1)]
    assert all(fits(each, product) for each in products)


def test_the_bit_saved_in_products_needs_perturbed_weights():
    """The argument of LayerConfig.product: only the least weight, never seen, would overflow."""
    weight, word = SQ(3, 0), SQ(1, 3)
    product = layer(2, word, weight).product
    assert not fits(weight.min * word.min, product)
    assert fits((weight.min + 1) * word.min, product)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 49, 4096])
@pytest.mark.parametrize("word", INPUTS, ids=str)
@pytest.mark.parametrize("weight", WEIGHTS, ids=str)
def test_extreme_sums_fit(count, word, weight):
    """All weights, the bias and all inputs at the values that make the sum least and greatest."""
    this = layer(count, word, weight)
    weights = perturbed(weight)
    products = [w * x for w in weights for x in (word.min, word.max)]
    for pick in (min, max):
        total = count * pick(products) + (pick(weights) << word.fraction_bits)
        assert fits(total, this.sum)
        # Every partial sum of the adder tree has its own level's width.
        for level in range(this.levels + 1):
            terms = min(count + 1, 1 << level)
            widest = max(abs(pick(products)), abs(pick(weights) << word.fraction_bits))
            assert terms * widest <= 1 << (this.sum.width - 1 - this.levels + level)


def test_sums_have_no_bit_to_spare():
    """Three inputs and a bias, all as low as they go, need the last bit of the sum."""
    this = layer(3, UQ(1, 0), SQ(2, 4))
    total = 4 * min(perturbed(SQ(2, 4)))
    assert fits(total, this.sum)
    assert not fits(total, SQ(this.sum.integer_bits - 1, this.sum.fraction_bits))


@pytest.mark.parametrize("terms", range(1, 70))
def test_adder_levels_halve_the_terms(terms):
    levels, left = 0, terms
    while left > 1:
        left, levels = (left + 1) // 2, levels + 1
    assert adder_levels(terms) == levels


# ---- activations ---------------------------------------------------------------------------------

TABLES = [
    (function, fraction, segment_bits)
    for function in ("sigmoid", "tanh")
    for fraction in (2, 3, 4, 6, 8, 10)
    for segment_bits in (3, 4, 5, 7, 10)
] + [(function, 16, bits) for function in ("sigmoid", "tanh") for bits in (3, 5)]


def table(function: str, fraction: int, segment_bits: int) -> ActivationTable:
    found = LayerConfig(
        index=0,
        inputs=1,
        neurons=1,
        first=0,
        activation=function,
        input=UQ(1, 0),
        weight=SQ(5, 4),
        output=SQ(1, fraction) if function == "tanh" else UQ(0, fraction),
        segment_bits=segment_bits,
    ).table
    assert found is not None
    return found


def interpolated(each: ActivationTable) -> list[int]:
    """The output for every argument, from the least on."""
    outputs = []
    for offset in range(1 << each.argument.width):
        segment, position = divmod(offset, 1 << each.position_bits)
        rise = each.slope[segment] * position
        outputs.append(each.base[segment] + (rise >> each.position_bits))
    return outputs


@pytest.mark.parametrize(("function", "fraction", "segment_bits"), TABLES)
def test_table(function, fraction, segment_bits):
    """For every argument: inside the output's format, never falling, and near the function.

    Linear interpolation over a segment of width h is off by at most h * h / 8 times the largest
    second derivative (0.097 for sigmoid, 0.77 for tanh); rounding the ends adds half a last bit,
    a quarter of one more where the end 1 does not fit, and rounding down one.
    """
    each = table(function, fraction, segment_bits)
    outputs = interpolated(each)
    assert each.position_bits >= 1
    assert len(each.base) == len(each.slope) == 1 << segment_bits
    assert all(0 <= slope < 1 << each.slope_format.width for slope in each.slope)
    assert max(each.slope) >> (each.slope_format.width - 1) == 1
    assert not each.slope_format.signed
    assert all(fits(output, each.output) for output in (*each.knots, *outputs))
    assert all(left <= right for left, right in itertools.pairwise(outputs))

    width = 16 / (1 << segment_bits)
    curvature = {"sigmoid": 0.0963, "tanh": 0.77}[function]
    allowed = curvature * width * width / 8 + 2 * each.output.step
    for integer, output in enumerate(outputs, each.argument.min):
        z = each.argument.value(integer)
        exact = math.tanh(z) if function == "tanh" else 1 / (1 + math.exp(-z))
        assert abs(each.output.value(output) - exact) <= allowed


@pytest.mark.parametrize("height", [1.5, -0.75])
def test_a_defect_is_a_table_of_its_own(height):
    """y0 + L f(k (z - x0)) at the ends of the segments, and signed slopes where it falls."""
    defect = Defect(shift=0.5, offset=-0.25, gain=2.0, height=height)
    plain = LayerConfig(
        index=1, inputs=1, neurons=2, first=0, activation="sigmoid", input=UQ(1, 0), weight=SQ(5, 4),
        output=SQ(2, 8), segment_bits=5,
    )  # fmt: skip
    with_defect = dataclasses.replace(plain, defects=(Defect(), defect))
    assert with_defect.tables[0] == plain.table == plain.tables[1]
    each = with_defect.tables[1]
    for place, knot in enumerate(each.knots):
        z = Fraction(place, 2) - 8
        exact = -0.25 + height / (1 + math.exp(-2.0 * float(z - Fraction(1, 2))))
        assert abs(knot / 256 - exact) <= 0.5 / 256
    assert all(fits(slope, each.slope_format) for slope in each.slope)
    assert each.slope_format.signed == (height < 0)
    words, width = each.words
    assert width == each.output.width + each.slope_format.width
    for word, base, slope in zip(words, each.base, each.slope, strict=True):
        assert word == base % 2**10 + 2**10 * (slope % 2**each.slope_format.width)
    assert [with_defect.curve_name(neuron) for neuron in (0, 1)] == ["sigmoid_1_0", "sigmoid_1_1"]
    assert [plain.curve_name(neuron) for neuron in (0, 1)] == ["sigmoid_1", "sigmoid_1"]


def test_relu_has_no_table():
    assert layer(2, UQ(1, 0), SQ(5, 4), "relu").table is None
    assert layer(2, UQ(1, 0), SQ(5, 4), "linear").table is None


@pytest.mark.parametrize(
    ("activation", "inputs", "latency"), [("sigmoid", 1, 5), ("tanh", 3, 6), ("relu", 1, 3), ("relu", 49, 8)]
)
def test_latency(activation, inputs, latency):
    """Products 1, adder tree ceil(log2(inputs + 1)), table 3 or relu 1."""
    assert layer(inputs, UQ(1, 0), SQ(5, 4), activation).latency == latency
