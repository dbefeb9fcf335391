"""Does the floating-point truth follow the rule and the gradient?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_sim.float_mgd import Backpropagation, FloatMgd, FloatNetwork
from mgd_sim.trainer import Trainer
from testbenches.twin import textbook


@pytest.mark.parametrize("spread", [0.0, 0.5])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", ["relu", "sigmoid"]], ids=str)
def test_gradient_is_the_difference_quotient(activation, spread):
    """Central differences of width 2h miss by about h**2 = 1e-8 and by rounding, 1e-16 / h = 1e-12."""
    if spread and "relu" in activation:
        activation = ["tanh", "sigmoid"]  # relu has no defects
    config = preset("nist7x7_centered").replaced(
        network={"activation": activation}, imperfections={"activation_spread": spread}
    )
    network = FloatNetwork(config, [3, 1, 8])
    rng = np.random.default_rng(2)
    theta = rng.uniform(-1, 1, (3, config.parameters))
    x, target = rng.integers(0, 2, (49, 5)).astype(float), rng.integers(0, 2, (4, 5)).astype(float)
    gradient = network.gradient(theta, x, target)
    assert gradient.shape == theta.shape
    for number in range(0, config.parameters, 7):
        shift = np.zeros(config.parameters)
        shift[number] = 1e-4
        difference = network.cost(theta + shift, x, target) - network.cost(theta - shift, x, target)
        np.testing.assert_allclose(gradient[:, number], difference.sum(axis=-1) / 2e-4, rtol=1e-6, atol=1e-7)


def test_defects():
    """Against the paper's f(z) = L / (1 + exp(-k (z - x0))) + y0, neuron by neuron, device by device."""
    config = preset("xor").replaced(imperfections={"activation_spread": 0.25})
    devices = [4, 7]
    theta = np.random.default_rng(1).uniform(-2, 2, (2, 9))
    found = FloatNetwork(config, devices)(theta, np.array([[0.0, 1.0], [1.0, 1.0]]))
    for replica, device in enumerate(devices):
        hidden, output = config.shape.defects(device)

        def f(z: float, d) -> float:
            return d.height / (1 + math.exp(-d.gain * (z - d.shift))) + d.offset

        w = theta[replica].tolist()
        for sample, (a, b) in enumerate([(0, 1), (1, 1)]):
            h = [f(w[0] * a + w[1] * b + w[2], hidden[0]), f(w[3] * a + w[4] * b + w[5], hidden[1])]
            assert found[replica, 0, sample] == pytest.approx(f(w[6] * h[0] + w[7] * h[1] + w[8], output[0]))


LOSSES = [
    ("squared_error", "sigmoid"),
    ("absolute_error", "tanh"),
    ("cross_entropy", "linear"),
    ("hinge", "linear"),
]


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize(("loss", "last"), LOSSES)
def test_gradient_of_every_loss(loss, last, outputs):
    """As above; a kink of a loss within the width 2h is passed over, and hit by no other draw."""
    config = preset("nist7x7_centered" if outputs == 4 else "parity4").replaced(
        network={"activation": ["sigmoid", last]}, cost={"loss": loss}
    )
    network = FloatNetwork(config)
    rng = np.random.default_rng(4)
    theta = rng.uniform(-1, 1, (3, config.parameters))
    x = rng.integers(0, 2, (config.inputs, 5)).astype(float)
    target = np.eye(4)[:, [0, 1, 2, 3, 1]] if outputs == 4 else np.array([[0.0, 1.0, 1.0, 0.0, 1.0]])
    gradient = network.gradient(theta, x, target)
    assert np.abs(gradient).max() > 0.1
    for number in range(0, config.parameters, 3):
        shift = np.zeros(config.parameters)
        shift[number] = 1e-5
        difference = network.cost(theta + shift, x, target) - network.cost(theta - shift, x, target)
        np.testing.assert_allclose(gradient[:, number], difference.sum(axis=-1) / 2e-5, rtol=1e-5, atol=1e-6)


def test_losses_by_hand():
    """log(e^2 + e + 1) - 1 for the middle one of three; a miss of 1 + (2 - 1); sums of differences."""
    y, target = np.array([[2.0], [1.0], [0.0]]), np.array([[0.0], [1.0], [0.0]])

    def cost(loss: str, y: np.ndarray, target: np.ndarray) -> float:
        config = preset("nist7x7_centered").replaced(
            network={"activation": ["sigmoid", "linear"]}, cost={"loss": loss}
        )
        return float(FloatNetwork(config).loss(y, target, 1.0)[0][0])

    assert cost("cross_entropy", y, target) == pytest.approx(np.log(np.exp(2) + np.e + 1) - 1)
    assert cost("hinge", y, target) == 2
    assert cost("absolute_error", y, target) == 2
    assert cost("squared_error", y, target) == 4
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    assert cost("cross_entropy", 3 * one, one) == pytest.approx(np.log(1 + np.exp(-3)))
    assert cost("cross_entropy", 3 * one, zero) == pytest.approx(np.log(1 + np.exp(3)))
    assert [cost("hinge", 3 * one, one), cost("hinge", 3 * one, zero)] == [0, 4]


TIMES = [(1, 1, 1), (3, 2, 4), (5, 4, 2), (2, 3, 9)]


@pytest.mark.parametrize("times", TIMES, ids=str)
@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
@pytest.mark.parametrize("family", ["walsh", "sequential"])
def test_rule(family, measure, times):
    """Against the textbook's rule for one replica, parameter by parameter."""
    tau_x, tau_p, tau_theta = times
    config = preset("xor").replaced(
        perturbation={"family": family},
        learning={"measure": measure, "tau_x": tau_x, "tau_p": tau_p, "tau_theta": tau_theta},
        task={"order": "plain"},
        engine={"shadow": "yes"},
    )
    learner = FloatMgd(config, [4, 9])
    theta, amplitude, rate = learner.theta[1].tolist(), 0.0625, 0.5
    learner.run(100)

    network = FloatNetwork(config)
    estimate, sample, code, baseline, changed = [0.0] * 9, -1, -1, 0.0, True

    def cost(shift: float) -> float:
        perturbed = np.array([value + shift * s for value, s in zip(theta, sign, strict=True)])
        x = np.array([[sample % 4 & 1], [sample % 4 >> 1]], dtype=float)
        return float(network.cost(perturbed, x, np.array([[x.sum() % 2]]))[0])

    for step in range(100):
        if step % tau_x == 0:
            sample, changed = sample + 1, True
        if step % tau_p == 0:
            code += 1
        if family == "walsh":
            index = [
                config.codes.walsh_code.index(place.row, place.column) for place in config.placement.places
            ]
            sign = [1 if (each & code).bit_count() % 2 else -1 for each in index]
        else:
            sign = [int(code % 9 == number) for number in range(9)]
        if measure == "two_sided":
            baseline = cost(-amplitude)
        elif changed:
            baseline = cost(0.0)
        change = (cost(amplitude) - baseline) / (2 if measure == "two_sided" else 1)
        estimate = [g + change * s / amplitude for g, s in zip(estimate, sign, strict=True)]
        changed = (step + 1) % tau_theta == 0
        if changed:
            theta = [value - rate * g for value, g in zip(theta, estimate, strict=True)]
            estimate = [0.0] * 9
    np.testing.assert_allclose(learner.visible[1], theta, rtol=1e-10)


@pytest.mark.parametrize("share", [0.5, 0.125])
def test_rule_of_sparse_codes(share):
    """A parameter that is shaken in a share of the steps is updated by the inverse of it, then only."""
    config = preset("xor").replaced(
        perturbation={"share": share}, learning={"rate": 0.125}, task={"order": "plain"}
    )
    learner = FloatMgd(config, [4, 9], circuit_codes=True)
    theta, amplitude = learner.theta[1].copy(), 0.0625
    learner.run(200)
    registers = config.registers(9)
    signs, shaken = (
        textbook.codes(config, registers.seed_code),
        textbook.activity(config, registers.seed_sparse),
    )
    network, times = FloatNetwork(config), np.zeros(9)
    for step in range(200):
        x = np.array([[step & 1], [step >> 1 & 1]], dtype=float)
        s = np.array([(2 * bit - 1) * on for bit, on in zip(next(signs), next(shaken), strict=True)])
        before, after = (
            network.cost(each, x, np.array([[x.sum() % 2]])) for each in (theta, theta + amplitude * s)
        )
        theta = theta - 0.125 * (after - before) * s / amplitude / share
        times += s != 0
    np.testing.assert_allclose(learner.visible[1], theta, rtol=1e-9)
    assert np.abs(times - 200 * share).max() < 5 * np.sqrt(200 * share)


@pytest.mark.parametrize(
    ("measure", "code"),
    [("one_sided", {"family": "walsh"}), ("two_sided", {"family": "walsh"}), ("one_sided", {"share": 0.25})],
    ids=str,
)
def test_circuit_is_near(measure, code):
    """One update of the circuit in fine words is that of floating point from the same start.

    The words are off by 2**-15 at most at the outputs, so C~ by 2**-12, which dividing by the
    amplitude 2**-4 and the rate 2**-2 make 2**-10 of a parameter; four times that of a sparse code.
    """
    config = preset("xor").replaced(
        formats={
            "parameter": "SQ(5, 20)",
            "activation_fraction": 16,
            "segment_bits": 10,
            "cost_change": "SQ(2, 20)",
        },
        perturbation=code,
        learning={"measure": measure, "rate": 0.25},
        task={"order": "plain"},
    )
    trainer = Trainer(config, range(20))
    start = trainer.theta
    learner = FloatMgd(config, range(20), circuit_codes=True)
    learner.theta = learner._visible = (4 * trainer.visible + 2) * config.words.weight.step
    before = learner.theta
    trainer.run(1)
    learner.run(1)
    moved = (trainer.theta - start) * config.words.parameter.step
    assert np.abs(moved).max() > 2**-4
    np.testing.assert_allclose(moved, learner.theta - before, rtol=0, atol=2**-10 / code.get("share", 1))


def test_random_codes_and_samples_are_fair():
    """Own generators: signs of mean zero, samples equally often, replicas of their own."""
    config = preset("xor").replaced(task={"order": "random"})
    learner = FloatMgd(config, [1, 2])
    bits, samples = learner._take_codes(4000), learner._take_samples(4000)
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 5 * 0.5 / np.sqrt(4000)
    assert np.abs(np.bincount(samples[:, 0]) / 4000 - 0.25).max() < 5 * np.sqrt(0.1875 / 4000)
    assert (bits[:, 0] != bits[:, 1]).any()
    assert (samples[:, 0] != samples[:, 1]).any()
    epochs = FloatMgd(preset("xor"), [1, 2])._take_samples(40).reshape(10, 4, 2)
    np.testing.assert_array_equal(
        np.sort(epochs, axis=1), np.arange(4)[None, :, None].repeat(10, 0).repeat(2, 2)
    )


def test_circuit_codes():
    config = preset("xor")
    learner = FloatMgd(config, [3], circuit_codes=True)
    record = Trainer(config, [3]).run(50, record=True)
    np.testing.assert_array_equal(learner._take_codes(50)[:, 0], record.code[:, 0])


def test_rails():
    """Half the range of SQ(5, 11) is 8."""
    config = preset("xor").replaced(network={"initial": 8.0})
    reached = []
    for railed in (False, True):
        learner, largest = FloatMgd(config, range(8), railed=railed), 0.0
        for _ in range(300):
            learner.run(1)
            largest = max(largest, np.abs(learner.theta).max())
        reached.append(largest)
    assert reached[0] > 8
    assert reached[1] == 8


def test_backpropagation_learns():
    """Three thousand letters, one at a time, take every replica most of the way."""
    learner = Backpropagation(preset("nist7x7_centered"), range(4), learning_shift=2)
    before, _ = learner.cost_and_accuracy()
    learner.run(3000)
    after, accuracy = learner.cost_and_accuracy()
    assert (after < 0.2 * before).all()
    assert (accuracy > 0.97).all()


def test_stuck_parameters():
    """They keep their start; dead ones are zero, shaken or not, and the others learn."""
    for kind in ("shaken", "still", "dead"):
        config = preset("xor").replaced(imperfections={"stuck": 0.4, "stuck_kind": kind})
        devices = [3, 5]
        learner = FloatMgd(config, [1, 2], devices=devices)
        start = learner.theta
        learner.run(200)
        for replica, device in enumerate(devices):
            stuck = sorted(config.shape.stuck(device))
            assert len(stuck) == 4
            moved = learner.theta[replica] != start[replica]
            assert not moved[stuck].any()
            assert kind == "dead" or moved.sum() == 5  # a dead output neuron stops the others too
            assert (learner.theta[replica, stuck] == 0).all() == (kind == "dead")


@pytest.mark.parametrize("kind", ["common", "independent"])
def test_update_noise(kind):
    """One update with and without: normal numbers of the deviation that was asked for."""
    config = preset("xor").replaced(imperfections={"update_noise": 0.0625, "update_noise_kind": kind})
    learners = [FloatMgd(config, range(500)), FloatMgd(config, range(500), update_noise=0)]
    for learner in learners:
        learner.run(1)
    noise = learners[0].theta - learners[1].theta
    assert noise.std() == pytest.approx(0.0625, rel=5 / np.sqrt(2 * 500))
    if kind == "common":
        np.testing.assert_allclose(noise, np.broadcast_to(noise[:, :1], noise.shape), atol=1e-12)
    else:
        assert np.abs(np.corrcoef(noise.T) - np.eye(9)).max() < 5 / np.sqrt(500)


@pytest.mark.parametrize("reference", [True, False])
def test_cost_noise(reference):
    """Of both costs, or of one: C~ has their variances together; an update is that by rate over amplitude."""
    config = preset("xor").replaced(imperfections={"cost_noise": 2**-7, "noisy_reference": reference})
    learners = [FloatMgd(config, range(500)), FloatMgd(config, range(500), cost_noise=0)]
    for learner in learners:
        learner.run(1)
    moved = np.abs(learners[0].theta - learners[1].theta)[:, 0]
    assert np.sqrt((moved**2).mean()) == pytest.approx(
        2**-7 * np.sqrt(1 + reference) * 0.5 / 0.0625, rel=5 / np.sqrt(2 * 500)
    )


def test_signs_and_annealing():
    """Every update is the rate, up or down, and the rate halves after every ten until it is 1/16."""
    config = preset("xor").replaced(
        learning={"size": "sign", "rate": 0.25, "anneal_every": 10, "last_rate": 0.0625}
    )
    learner = FloatMgd(config, [1, 2, 3])
    for update in range(45):
        before = learner.theta
        learner.run(1)
        np.testing.assert_allclose(np.abs(learner.theta - before), max(0.0625, 0.25 / 2 ** (update // 10)))


def test_an_amplitude_that_halves():
    """1/16, after two updates 1/32, then 1/64: C of parameters so far away, and an update by their slope."""
    shakes = {"halve_every": 2, "last_amplitude": 2.0**-6}
    config = preset("xor").replaced(perturbation=shakes)
    learner = FloatMgd(config, range(4))
    for update in range(9):
        amplitude = 2.0 ** -min(4 + update // 2, 6)
        before = learner.theta
        learner.run(1)
        moved, change = learner.theta - before, learner.change[:, None]
        sign = -np.sign(moved * change)
        np.testing.assert_allclose(moved, -0.5 * change / amplitude * sign, rtol=1e-9)
        x, target = learner._columns(learner.current_sample)
        costs = [
            learner.network.cost(theta[:, None], x[:, None], target[:, None])[:, 0, 0]
            for theta in (before + amplitude * sign, before)
        ]
        np.testing.assert_allclose(learner.change, costs[0] - costs[1], rtol=1e-9)


def test_clamp():
    """Parameters come to the clamp, and not further."""
    learner = FloatMgd(preset("xor").replaced(learning={"clamp": 2.0, "rate": 1.0}), range(8))
    learner.run(2000)
    assert np.abs(learner.theta).max() == 2.0
    learner = FloatMgd(preset("xor").replaced(learning={"rate": 1.0}), range(8))
    learner.run(2000)
    assert np.abs(learner.theta).max() > 2.0
