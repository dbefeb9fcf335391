"""Simulated devices against formulas that were not used to write them."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from mgd_sim.plants import AnalogNetwork, Crossbar, Mesh, Plant, PulseDensity, Rings
from mgd_sim.plants.crossbar import currents
from mgd_sim.plants.mesh import arrangement
from mgd_sim.plants.rings import ports

MAKERS = {
    "analog": lambda devices: AnalogNetwork([2, 3, 1], devices, spread=0.2),
    "crossbar": lambda devices: Crossbar([2, 3, 1], devices, variation=0.2, drift=0.05),
    "crossbar with wires": lambda devices: Crossbar([2, 3, 1], devices, variation=0.2, resistance=0.01),
    "mesh": lambda devices: Mesh(4, devices, splitting=0.05, phase_error=1.0, crosstalk=0.05),
    "rings": lambda devices: Rings([2, 3, 1], devices, activations=["tanh", "linear"], bias=True),
    "rings, slow": lambda devices: Rings([3, 1], devices, time_constant=1e-5),
}


# ---- what all have -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_many_are_as_each_alone(name):
    """Three devices in one call, two measurements each; and each by itself, one after the other."""
    together = MAKERS[name]((4, 5, 6))
    rng = np.random.default_rng(1)
    given = rng.normal(size=(3, 2, together.parameters)) / 2
    inputs = 4 if name == "mesh" else together.layers[0]
    x = rng.random((3, inputs))
    together.write(given)
    y = together.read(x)
    assert y.shape[:2] == (3, 2)
    for row, device in enumerate((4, 5, 6)):
        alone = MAKERS[name]((device,))
        for measurement in range(2):
            alone.write(given[row, measurement])
            alone.period = together.period * (1 - measurement)  # at the same time
            np.testing.assert_allclose(alone.read(x[row]), y[row, measurement], rtol=1e-7)


@pytest.mark.parametrize("name", MAKERS)
def test_devices_differ_and_stay_the_same(name):
    def response(device: int) -> np.ndarray:
        plant = MAKERS[name]((device,))
        plant.write(np.linspace(-1, 1, plant.parameters))
        return plant.read(np.linspace(0.1, 0.9, 4 if name == "mesh" else plant.layers[0]))

    assert response(3).tolist() == response(3).tolist()
    assert not np.allclose(response(3), response(4), rtol=1e-6)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"shape \(4,\); must be \(1, measurements, 5\)"):
        Rings([5, 1], (0,)).write(np.zeros(4))
    with pytest.raises(ValueError, match="must be 2"):
        Rings([5, 2, 1], (0,))
    with pytest.raises(NotImplementedError):
        Plant((0,), 1).write([0.0])


# ---- analog --------------------------------------------------------------------------------------


def test_neurons_by_hand():
    """Two inputs, one neuron: y0 + L / (1 + exp(-K (z - x0)))."""
    plant = AnalogNetwork([2, 1], (7,), spread=0.3)
    x0, y0, gain, height = (float(each) for each in plant.defects[0].ravel())
    assert len({x0, y0, gain, height}) == 4
    plant.write([0.5, -2.0, 0.25])
    z = 0.5 * 0.3 - 2.0 * 0.8 + 0.25
    wanted = y0 + (1 + height) / (1 + math.exp(-(1 + gain) * (z - x0)))
    assert plant.read([0.3, 0.8])[0] == pytest.approx(wanted, rel=1e-12)


def test_spread():
    """4 x 400 numbers of deviation 0.2: known to 1.8 %, of which four are allowed."""
    plant = AnalogNetwork([2, 400], (1,), spread=0.2)
    assert np.std(plant.defects[0]) == pytest.approx(0.2, rel=0.075)
    assert not np.array(AnalogNetwork([2, 4], (1,)).defects).any()


# ---- crossbar ------------------------------------------------------------------------------------


def test_ohm_and_kirchhoff():
    plant = Crossbar([2, 1], (0,), activation="linear")
    plant.write([0.5, -2.0, 0.25])
    assert plant.read([0.3, 0.8])[0] == pytest.approx(0.5 * 0.3 - 2.0 * 0.8 + 0.25)
    # Positive weights are in one cell, negative ones in the other.
    assert plant.cells[0, 0].tolist() == [[0.5, 0, 0.25], [0, 2.0, 0]]


def test_variation_is_log_normal():
    """Of 20,000 factors the logarithm has mean 0 and deviation 0.3; four of its own are allowed."""
    plant = Crossbar([99, 100], (3,), variation=0.3)
    logarithm = np.log(plant.factor)
    assert logarithm.mean() == pytest.approx(0, abs=4 * 0.3 / math.sqrt(20_000))
    assert logarithm.std() == pytest.approx(0.3, rel=4 / math.sqrt(40_000))


def test_open_loop():
    """A weight comes back to the same conductance without noise; with noise it walks at random."""
    for noise in (0.0, 0.2):
        plant = Crossbar([1, 1], range(2000), write_noise=noise)
        there = np.tile([[3.0, 4.0], [3.5, 4.0]], (2000, 1, 1))
        plant.write(there[:, :1])
        before = plant.cells.copy()
        for _ in range(8):
            plant.write(there[:, ::-1])
        moved = (plant.cells - before)[:, 0, 0, 0]
        # Eight pulses up and eight down, each of 0.5 and of noise 0.1.
        assert moved.std() == pytest.approx(noise * 0.5 * 4 if noise else 0, rel=0.1, abs=1e-9)


def test_limits():
    plant = Crossbar([1, 1], (0,), limit=2.0)
    plant.write([5.0, -5.0])
    assert plant.cells[0, 0].tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_drift():
    """(t / t0)^-nu of each cell: after a hundred t0, and the same in one step or in ten."""
    for steps in (1, 10):
        plant = Crossbar([1, 1], (5,), drift=0.05, drift_start=2.0, activation="linear", period=0.0)
        plant.write([4.0, 4.0])
        for _ in range(steps):
            plant.wait(198.0 / steps)
            found = plant.read([0.0])[0]
        nu = float(plant.nu[0, 0, 0, 1])
        assert found == pytest.approx(4.0 * 100.0**-nu, rel=1e-9)
        assert nu != pytest.approx(0.05, rel=1e-3)


def test_two_cells_and_their_wires_by_hand():
    """One row of two cells at 1 V, wires of R = 1/2, cells of G = 1 and 2; nodes a, b of the row, c, d below.

    At a: 2 (1 - a) = 2 (a - b) + (a - c). At b: 2 (a - b) = 2 (b - d). Below: a - c = 2 c, 2 (b - d) = 2 d.
    So d = b / 2 and c = a / 3; from b, 2 (a - b) = b and b = 2 a / 3; from a, 2 - 2 a = 4 a / 3 and a = 3/5.
    """
    found = currents(np.array([[1.0], [2.0]]), np.array([1.0]), 0.5)
    np.testing.assert_allclose(found, [2 * (3 / 5) / 3, 2 * (2 / 5) / 2], rtol=1e-12)


def test_wires_without_resistance():
    rng = np.random.default_rng(2)
    conductance, voltage = rng.random((5, 3, 4)), rng.random((5, 4))
    ideal = np.einsum("bcr,br->bc", conductance, voltage)
    np.testing.assert_allclose(currents(conductance, voltage, 1e-9), ideal, rtol=1e-6)
    # And with it, currents are smaller: every wire takes some of the voltage.
    assert (currents(conductance, voltage, 0.05) < ideal).all()


def test_wires_are_reciprocal():
    """As any network of resistors: the current at j for 1 V at i is that at i for 1 V at j.

    A crossbar seen from the other side is its transpose, mirrored.
    """
    rng = np.random.default_rng(4)
    conductance = rng.random((4, 3))
    transfer = np.array([currents(conductance, each, 0.2) for each in np.eye(3)])
    # Columns driven from below, rows held at 0 V on the left: the array turned over.
    turned = conductance.T[::-1, ::-1]
    back = np.array([currents(turned, each, 0.2) for each in np.eye(4)])
    np.testing.assert_allclose(back[::-1, ::-1].T, transfer, rtol=1e-10)


# ---- rings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("coupling", [0.9, 0.975, 0.99])
def test_a_ring_is_an_infinite_sum(coupling):
    """The drop port: light that has gone round n + 1/2 times, added up; the through port likewise."""
    r, k, a = coupling, math.sqrt(1 - coupling**2), 0.995
    for phase in (-1.0, -0.02, 0.0, 0.3):
        turn = a * cmath.exp(1j * phase)
        drop = -k * k * cmath.sqrt(turn) * sum((r * r * turn) ** n for n in range(4000))
        through = r - k * k * r * turn * sum((r * r * turn) ** n for n in range(4000))
        found = ports(np.array(phase), r, a)
        assert found[0] == pytest.approx(abs(through) ** 2, rel=1e-9)
        assert found[1] == pytest.approx(abs(drop) ** 2, rel=1e-9)


def test_no_light_is_made():
    phase = np.linspace(-3, 3, 501)
    through, drop = ports(phase, 0.975, 1.0)
    np.testing.assert_allclose(through + drop, 1, rtol=1e-12)
    through, drop = ports(phase, 0.975, 0.99)
    assert (through + drop < 1).all()


def test_a_resonance_is_a_lorentzian():
    """Near it D = D0 / (1 + p^2), p in half widths; by the finesse F a half width is pi / F."""
    plant = Rings([1, 1], (0,))
    p = np.linspace(-3, 3, 61)
    _, drop = ports(p * plant.half_width, plant.COUPLING, plant.LOSS)
    np.testing.assert_allclose(drop / drop[30], 1 / (1 + p * p), rtol=5e-3)
    r2a = plant.COUPLING**2 * plant.LOSS
    finesse = math.pi * math.sqrt(r2a) / (1 - r2a)
    assert plant.half_width == pytest.approx(math.pi / finesse, rel=1e-3)


def test_weights_of_a_bank():
    """2 / (1 + p^2) - 1 of the detuning by hand: three rings, the middle one warmed from both sides."""
    plant = Rings([3, 1], (0,), crosstalk=0.1, variation=0.0, tuning=2.0, per_kelvin=0.5)
    plant.write([0.1, 0.0, -0.2])
    plant.temperature[:] = 0.4
    power = [1.1**2, 1.0, 0.8**2]
    warm = [
        power[0] + 0.1 * power[1] + 0.05 * power[2],
        power[1] + 0.1 * power[0] + 0.1 * power[2],
        power[2] + 0.1 * power[1] + 0.05 * power[0],
    ]
    p = [1 + 2.0 * (each - 1) + 0.5 * 0.4 for each in warm]
    np.testing.assert_allclose(plant.detuning()[0, 0], p, rtol=1e-12)
    np.testing.assert_allclose(plant.weights()[0, 0], [2 / (1 + d * d) - 1 for d in p], atol=0.05)
    assert plant.second() == pytest.approx(sum(power) / 3)


def test_heaters_are_slow():
    """A step of power is there to 1 - exp(-t / tau) when it is read."""
    plant = Rings([1, 1], (0,), variation=0.0, time_constant=4e-6, settle=8e-6)
    plant.write([0.0])
    start = float(plant.powers[0, 0, 0])
    plant.write([0.5])
    assert plant.powers[0, 0, 0] == pytest.approx(start + (2.25 - start) * (1 - math.exp(-2)), rel=1e-12)


# ---- mesh ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("modes", [2, 3, 4, 5, 8])
def test_the_rectangle(modes):
    """N (N - 1) / 2 blocks in N columns, none over another, and every mode meets every neighbour."""
    columns = arrangement(modes)
    assert len(columns) == modes
    assert sum(map(len, columns)) == modes * (modes - 1) // 2
    for column in columns:
        assert len({*column, *(mode + 1 for mode in column)}) == 2 * len(column)


@pytest.mark.parametrize("errors", [0.0, 0.2])
def test_unitary(errors):
    plant = Mesh(5, (0, 1), splitting=errors, phase_error=errors)
    plant.write(np.random.default_rng(1).uniform(0, 6, (2, 3, plant.parameters)))
    matrix = np.stack([plant.fields(each.astype(complex)) for each in np.eye(5)], axis=-1)
    np.testing.assert_allclose(
        matrix.conj().swapaxes(-1, -2) @ matrix, np.tile(np.eye(5), (2, 3, 1, 1)), atol=1e-12
    )


def test_a_block_is_that_of_clements():
    theta, phi = 0.7, 2.1
    plant = Mesh(2, (0,))
    plant.write([theta, phi])
    matrix = np.stack([plant.fields(each.astype(complex))[0, 0] for each in np.eye(2)], axis=-1)
    s, c, turned = math.sin(theta / 2), math.cos(theta / 2), cmath.exp(1j * phi)
    wanted = 1j * cmath.exp(1j * theta / 2) * np.array([[turned * s, c], [turned * c, -s]])
    np.testing.assert_allclose(matrix, wanted, atol=1e-12)


def test_losses_of_a_path():
    """Every path of the rectangle of 4 passes as many columns; blocks at the rim have one arm less."""
    plant = Mesh(2, (0,), loss=0.1)
    plant.write([1.0, 2.0])
    assert plant.read([0.3, 0.7]).sum() == pytest.approx(0.9)


def test_heaters_of_a_column_talk():
    """Four modes: blocks 0 and 1 of the first column warm each other, block 2 is alone in its column."""
    plant = Mesh(4, (0,), crosstalk=0.1)
    phases = np.arange(1.0, 13.0)
    plant.write(phases)
    wanted = phases.reshape(6, 2)
    mixed = wanted.copy()
    for one, other in ((0, 1), (1, 0), (3, 4), (4, 3)):
        mixed[one] += 0.1 * wanted[other]
    np.testing.assert_allclose(plant.phases[0, 0], mixed)


# ---- pulses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("clocks", [64, 1024])
def test_noise_falls_with_the_root_of_the_length(clocks):
    """Two inputs and a bias: the mean of many readings, and the variance of the sum of binomials."""
    plant = PulseDensity([2, 1], range(3000), clocks=clocks, limit=4.0)
    plant.write(np.tile([1.0, -0.5, 0.25], (3000, 1, 1)))
    y = plant.read(np.tile([0.5, 0.25], (3000, 1)))[:, 0, 0]
    rates = [0.5 * 0.25, 0.25 * 0.125, 0.0625]
    mean = 0.5 + (4 * (rates[0] - rates[1] + rates[2])) / 4
    deviation = math.sqrt(sum(p * (1 - p) for p in rates) / clocks) * 4 / 4
    assert y.mean() == pytest.approx(mean, abs=4 * deviation / math.sqrt(3000))
    assert y.std() == pytest.approx(deviation, rel=4 / math.sqrt(6000))
