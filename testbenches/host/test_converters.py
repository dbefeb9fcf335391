"""Converters: codes by exact fractions, and learning through them."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.converters import In, Out
from testbenches.host.devices import Network
from testbenches.host.test_equal import outside

XOR = preset("xor")


def code_of(
    value: Fraction, bits: int, offset_binary: bool, gain: Fraction, offset: Fraction
) -> tuple[int, bool]:
    """``gain x value`` to the nearest code, halves upwards, then the offset; and whether it was limited."""
    half = 1 << bits - 1
    code = floor(gain * value * half + Fraction(1, 2)) + offset * half
    kept = min(max(code, -half), half - 1)
    return int(kept + half if offset_binary else kept % (1 << bits)), kept != code


@pytest.mark.parametrize("coding", ["offset_binary", "twos_complement"])
@pytest.mark.parametrize(("bits", "gain", "offset"), [(8, 0.5, 0.25), (12, -0.1875, -0.5), (16, 4.0, 0.0)])
def test_out(coding, bits, gain, offset):
    config = outside(XOR, dac_bits=bits, dac_coding=coding, dac_gain=gain, dac_offset=offset)
    weight, step = np.arange(-400, 400, 7).reshape(-1, 1), Fraction(config.words.weight.step)
    (found,), limited = Out(config)(np.repeat(weight, 9, axis=1))
    wanted = [
        code_of(each * step, bits, coding == "offset_binary", Fraction(gain), Fraction(offset))
        for each in weight[:, 0].tolist()
    ]
    assert [tuple(each) for each in zip(found[:, 4].tolist(), limited[:, 4].tolist(), strict=True)] == wanted
    assert found.min() >= 0
    assert found.max() < 1 << bits
    assert {limit for _, limit in wanted} == {False, True}


def test_each_parameter_has_its_own():
    gains, offsets = [0.25 + k / 64 for k in range(9)], [k / 16 for k in range(9)]
    config = outside(XOR, dac_bits=10, dac_gain=gains, dac_offset=offsets)
    (found,), _ = Out(config)(np.full((1, 9), 19))
    value = 19 * Fraction(config.words.weight.step)
    each = zip(gains, offsets, strict=True)
    assert found[0].tolist() == [code_of(value, 10, True, Fraction(g), Fraction(o))[0] for g, o in each]


def test_apart_with_codes():
    """Codes are those of parameters at rest, whichever way they are shaken; the shake is no code."""
    config = outside(XOR, sends="apart", dac_bits=12, dac_gain=0.25)
    # Visible bits -3, then 01, 10 and 11 below them.
    (codes, shake), _ = Out(config)(np.repeat([[-3 * 4 + 1], [-3 * 4 + 2], [-3 * 4 + 3]], 9, axis=1))
    rest = (-3 * 4 + 2) * Fraction(config.words.weight.step)
    wanted, _ = code_of(rest, 12, True, Fraction(1, 4), Fraction(0))
    assert codes.tolist() == [[wanted] * 9] * 3
    assert shake.tolist() == [[-1.0] * 9, [0.0] * 9, [1.0] * 9]


@pytest.mark.parametrize("coding", ["offset_binary", "twos_complement"])
@pytest.mark.parametrize("average", [1, 8])
@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (0.625, -0.25), (-1.5, 0.5)])
def test_back(coding, average, gain, offset):
    """The mean of all codes, with no bit lost before the last floor."""
    bits, half = 8, 128
    config = outside(XOR, adc_bits=bits, adc_coding=coding, adc_gain=gain, adc_offset=offset, average=average)
    output = config.words.output
    signed = np.random.default_rng(5).integers(-half, half, (300, average, 1))
    raw = signed + half if coding == "offset_binary" else signed % 256
    found, at_limit = In(config)(raw.astype(float))
    for codes, value, limited in zip(signed[..., 0].tolist(), found[:, 0], at_limit[:, 0], strict=True):
        mean = Fraction(sum(codes), average) / half - Fraction(offset)
        exact = floor(mean * Fraction(gain) / Fraction(output.step))
        assert value == min(max(exact, output.min), output.max)
        assert limited == (value != exact or min(codes) == -half or max(codes) == half - 1)


def test_readings_without_converter():
    """To the nearest output; the mean of readings is floored, and what does not fit is limited first."""
    config = outside(XOR, average=4)
    step = config.words.output.step
    given = np.array([[0.0, 1.4, 2.6, 3.0], [5.5, 5.5, 6.5, 6.5], [-3.0, 4.0, 4.0, 4.0]])[..., None] * step
    found, at_limit = In(config)(given)
    assert found[:, 0].tolist() == [(0 + 1 + 3 + 3) // 4, (6 + 6 + 6 + 6) // 4, (0 + 4 + 4 + 4) // 4]
    assert at_limit[:, 0].tolist() == [False, False, True]


class Converted:
    """A device behind ideal converters, as a data sheet has them: volts for codes, codes for volts.

    A DAC of B bits gives ``-V + code x 2 V / 2**B`` volts, an ADC the number of the step of its input.
    """

    def __init__(self, device, dac_bits: int, volts: float, adc_bits: int, full: float):
        self.device, self.dac, self.volts, self.adc, self.full = device, dac_bits, volts, adc_bits, full

    def write(self, codes: np.ndarray) -> None:
        assert codes.dtype.kind == "i"
        assert codes.min() >= 0
        assert codes.max() < 1 << self.dac
        lsb = 2 * self.volts / 2**self.dac
        # Voltages on the grid of the network's words, so that what is tested are the codes.
        word = self.device.weight.step
        self.device.write(np.round((codes * lsb - self.volts) / word) * word)

    def read(self, inputs: np.ndarray) -> np.ndarray:
        y = self.device.read(inputs)
        code = np.floor((y + self.full) / (2 * self.full / 2**self.adc))
        return np.clip(code, 0, 2**self.adc - 1)


def test_converters_of_a_data_sheet_change_nothing():
    """16 bits for +-16 hold every parameter and 12 bits for +-2 every output of 10: the twin's states."""
    config = outside(XOR, dac_bits=16, dac_gain=1 / 16, adc_bits=12, adc_gain=2.0)
    ideal = Converted(Network(XOR), 16, 16.0, 12, 2.0)
    through, straight = ChipInTheLoop(ideal, config), ChipInTheLoop(Network(XOR), outside(XOR))
    found, wanted = (loop.run(200, record=True) for loop in (through, straight))
    np.testing.assert_array_equal(found.theta, wanted.theta)
    assert not any(there.any() for there in through.outside.clipped.values())


def test_clipping_is_told():
    """Parameters up to +-8 at a gain for +-1 volt; a reading above its converter."""
    config = outside(XOR, dac_bits=10, dac_gain=1.0, adc_bits=8, adc_gain=0.25)
    loop = ChipInTheLoop(Converted(Network(XOR), 10, 1.0, 8, 0.25), config)
    loop.load(np.linspace(-2, 2, 9))
    loop.run(20)
    assert loop.outside.clipped["parameters"].all()
    assert loop.outside.clipped["readings"].all()
