"""Are layers exact, and how far is the table of an activation from the function?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_sim.fixed import fits
from mgd_sim.network.activation import Activation, curve
from mgd_sim.network.dense import Dense
from mgd_sim.network.mlp import Mlp


def configured(**sections):
    sections.setdefault("task", {"source": "stream"})
    return preset("xor").replaced(**sections)


WORDS = [
    {},
    {"input": "UQ(0, 4)"},
    {"input": "SQ(2, 3)", "activation_fraction": 5},
]


@pytest.mark.parametrize("formats", WORDS, ids=str)
@pytest.mark.parametrize("layer", [0, 1])
def test_dense(formats, layer):
    """Against Python's integers, at random and at the corners, where the sum is largest."""
    config = configured(network={"layers": [2, 3, 1]}, formats=formats)
    layer = config.shape.layers[layer]
    rng = np.random.default_rng(layer.index)
    weight = rng.integers(layer.weight.min, layer.weight.max + 1, (40, layer.parameters))
    x = rng.integers(layer.input.min, layer.input.max + 1, (40, layer.inputs, 6))
    weight[:2], weight[2:4] = layer.weight.min, layer.weight.max
    x[0:4:2], x[1:4:2] = layer.input.min, layer.input.max
    z = Dense(layer)(weight, x)
    assert z.shape == (40, layer.neurons, 6)
    assert fits(z, layer.sum)
    for replica, neuron, sample in np.ndindex(z.shape):
        own = weight[replica, neuron * (layer.inputs + 1) :][: layer.inputs + 1].tolist()
        inputs = [*x[replica, :, sample].tolist(), 2**layer.input.fraction_bits]
        assert z[replica, neuron, sample] == sum(w * v for w, v in zip(own, inputs, strict=True))


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
@pytest.mark.parametrize(("fraction", "segment_bits"), [(10, 5), (4, 3), (8, 8), (6, 10), (12, 4)])
def test_curve(function, fraction, segment_bits):
    """Over all arguments: rising, and near the function.

    With segments of length h, straight lines miss by at most h**2 / 8 times the largest second
    derivative: 0.0963 of sigmoid, 0.770 of tanh. Ends are rounded to half a last bit, or to a
    whole one where tanh meets its limit, and interpolation rounds down: two last bits in all.
    """
    config = configured(
        network={"activation": function},
        formats={"activation_fraction": fraction, "segment_bits": segment_bits},
    )
    table = config.shape.layers[0].table
    y = curve(table)
    assert len(y) == 1 << table.argument.width
    assert (np.diff(y) >= 0).all()
    assert fits(y, table.output)
    z = np.arange(table.argument.min, table.argument.max + 1) * table.argument.step
    exact = np.tanh(z) if function == "tanh" else 1 / (1 + np.exp(-z))
    bend = 0.770 if function == "tanh" else 0.0963
    bound = bend * (16 / 2**segment_bits) ** 2 / 8 + 2 * table.output.step
    assert np.abs(y * table.output.step - exact).max() <= bound


@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
@pytest.mark.parametrize("amplitude", [2.0**-12, 2.0**-4, 0.5])
def test_activation_takes_any_sum(function, amplitude):
    """Sums of more and of fewer fraction bits than the table, and far outside it."""
    config = configured(
        network={"activation": function},
        perturbation={"amplitude": amplitude},
        formats={"parameter": "SQ(6, 12)", "activation_fraction": 8},
    )
    layer = config.shape.layers[0]
    z = np.unique(np.linspace(layer.sum.min, layer.sum.max, 4001).astype(np.int64))
    y = Activation(layer)(z)
    table = curve(layer.table)
    for value, got in zip(z.tolist(), y.tolist(), strict=True):
        argument = math.floor(value * 2.0 ** (layer.table.argument.fraction_bits - layer.sum.fraction_bits))
        argument = min(max(argument, layer.table.argument.min), layer.table.argument.max)
        assert got == table[argument - layer.table.argument.min]
    assert y[0] == table[0]
    assert y[-1] == table[-1]


def test_replicas_may_be_different_devices():
    """Each replica's outputs are those of its own device, neuron by neuron, beside any number of axes."""
    config = configured(imperfections={"activation_spread": 0.5})
    devices, layer = (5, 9, 2), config.shape.layers[0]
    activation = Activation(layer, [config.shape.defects(device)[0] for device in devices])
    rng = np.random.default_rng(4)
    z = rng.integers(layer.sum.min, layer.sum.max + 1, (3, 2, layer.neurons, 200))
    y = activation(z)
    for replica, device in enumerate(devices):
        alone = config.replaced(imperfections={"device": device}).shape.layers[0]
        np.testing.assert_array_equal(Activation(alone)(z[replica]), y[replica])
        np.testing.assert_array_equal(activation(z[:, 0])[replica], y[replica, 0])
        for neuron, table in enumerate(alone.tables):
            bits = layer.sum.fraction_bits - table.argument.fraction_bits
            at = np.clip(z[replica, :, neuron] * 2.0**-bits // 1, table.argument.min, table.argument.max)
            expected = curve(table)[at.astype(int) - table.argument.min]
            np.testing.assert_array_equal(y[replica, :, neuron], expected)


@pytest.mark.parametrize("activation", ["relu", "linear"])
@pytest.mark.parametrize("amplitude", [2.0**-12, 0.5])
def test_limits(amplitude, activation):
    config = configured(
        network={"activation": activation},
        perturbation={"amplitude": amplitude},
        formats={"parameter": "SQ(5, 12)", "activation_fraction": 6},
    )
    layer = config.shape.layers[0]
    z = np.unique(np.linspace(layer.sum.min, layer.sum.max, 4001).astype(np.int64))
    expected = [
        min(max(math.floor(value * 2.0 ** (6 - layer.sum.fraction_bits)), layer.output.min), layer.output.max)
        for value in z.tolist()
    ]
    assert Activation(layer)(z).tolist() == expected
    assert expected[0] == (0 if activation == "relu" else -8 << 6)
    assert expected[-1] == layer.output.max


def test_network_is_near_its_function():
    """With words as fine as they come, the outputs are those of floating point.

    Each neuron's table is off by at most 0.0963 (1/64)**2 / 8 + 2**-15 < 2**-14.8, and the errors
    of a layer reach the next one times weights below 4 and a slope below 1/4.
    """
    config = configured(
        network={"layers": [2, 3, 2, 1]},
        formats={"activation_fraction": 16, "segment_bits": 10, "parameter": "SQ(5, 16)"},
        perturbation={"amplitude": 2.0**-16},
    )
    rng = np.random.default_rng(3)
    weight = rng.integers(-4 << 16, 4 << 16, (50, config.parameters))
    x = np.array([[0, 0, 1, 1], [0, 1, 0, 1]])
    y = Mlp(config)(weight, x)
    for replica in range(50):
        values, worst = x.astype(float), 0.0
        for layer in config.shape.layers:
            matrix = weight[replica, layer.first :][: layer.parameters].reshape(layer.neurons, -1) * 2.0**-16
            values = 1 / (1 + np.exp(-(matrix[:, :-1] @ values + matrix[:, -1:])))
            worst = worst * layer.inputs * 4 / 4 + 2**-14.8
        assert np.abs(y[replica] * 2.0**-16 - values).max() <= worst
