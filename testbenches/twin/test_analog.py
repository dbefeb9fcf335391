"""Is a parameter that follows T the analog algorithm of the textbook, and the textbook's momentum too?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_sim.fixed import fits
from mgd_sim.float_mgd import FloatMgd, FloatNetwork
from mgd_sim.learn.follower import followed, settled
from mgd_sim.trainer import Trainer
from testbenches.twin.textbook import codes

# ---- the change of variables, exactly --------------------------------------------------------------


def fractions(rng: np.random.Generator, count: int) -> list[Fraction]:
    """Numbers that no float holds."""
    pairs = zip(rng.integers(-99, 100, count), rng.integers(1, 98, count), strict=True)
    return [Fraction(int(above), int(below)) for above, below in pairs]


@pytest.mark.parametrize("follow", [0, 1, 3, 6])
def test_a_follower_is_the_low_pass(follow):
    """``G = b e + (1-b) G_before; theta -= eta G_before`` and ``T -= eta e; theta += b (T_before - theta)``.

    The error of step n comes after the parameter of step n has moved, as in the authors' code. At every
    step T is theta - (eta / b) G.
    """
    rng = np.random.default_rng(follow)
    eta, b = Fraction(3, 7), Fraction(1, 2**follow)
    theta = copy = total = fractions(rng, 1)[0]
    low_passed = Fraction(0)
    for error in fractions(rng, 60):
        theta -= eta * low_passed
        low_passed = b * error + (1 - b) * low_passed

        copy += b * (total - copy)
        total -= eta * error

        assert copy == theta
        assert total == theta - eta / b * low_passed


@pytest.mark.parametrize("follow", [0, 2, 5])
@pytest.mark.parametrize("window", [1, 3])
def test_a_follower_is_momentum(follow, window):
    """Heavy ball: ``v = mu v + g; theta -= rate v``, with mu = 1 - b, rate = eta b, g a window's sum."""
    rng = np.random.default_rng(window)
    eta, b = Fraction(5, 3), Fraction(1, 2**follow)
    theta = copy = total = fractions(rng, 1)[0]
    velocity = gathered = Fraction(0)
    for step, error in enumerate(fractions(rng, 60)):
        gathered += error
        total -= eta * error
        if (step + 1) % window == 0:
            velocity, gathered = (1 - b) * velocity + gathered, Fraction(0)
            theta -= eta * b * velocity
            copy += b * (total - copy)
        assert copy == theta


# ---- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("follow", [1, 2, 5])
def test_the_copy_stays_within_one_visible_unit(follow):
    """Against the exact low-pass of any T, of which the copy sees the visible bits only.

    Both what T has below its visible bits and what the copy has below are between 0 and 1, and the copy's
    error E becomes (1 - b) E + b times their difference: it never reaches 1.
    """
    rng = np.random.default_rng(follow)
    guard, part = 6, Fraction(1, 2**follow)
    total = np.cumsum(rng.integers(-40, 41, (2000, 3)), axis=0)
    copy = settled(total[0] >> guard, follow)
    exact = [Fraction(int(each), 2**follow) for each in copy]
    worst = Fraction(0)
    for row in total:
        copy = followed(copy, row >> guard, follow)
        exact = [x + part * (Fraction(int(t), 2**guard) - x) for x, t in zip(exact, row, strict=True)]
        worst = max(worst, *(abs(Fraction(int(c), 2**follow) - x) for c, x in zip(copy, exact, strict=True)))
    assert Fraction(1, 8) < worst < 1


def test_settled_and_within_its_format():
    config = preset("xor").replaced(learning={"follow": 4})
    visible = np.arange(config.words.visible.min, config.words.visible.max + 1)
    copy = np.zeros_like(visible)
    for _ in range(config.timing.settle_moves):
        copy = followed(copy, visible, 4)
        assert fits(copy, config.words.copied)
    np.testing.assert_array_equal(copy, settled(visible, 4))
    np.testing.assert_array_equal(copy >> 4, visible)


# ---- the trainer -------------------------------------------------------------------------------------


def settings(**learning) -> TrainerConfig:
    """Fine words at a rate at which nothing is limited."""
    return preset("xor").replaced(
        formats={"parameter": "SQ(5, 16)", "cost_change": "SQ(2, 15)", "activation_fraction": 14},
        learning={"rate": 0.125, **learning},
    )


ANALOG = {"algorithm": "analog", "tau_x": 7}
SINUSOIDAL = {"family": "sinusoidal", "resolution": 3}
CASES = {
    "analog": settings(**ANALOG, follow=3),
    "analog, high-pass alone": settings(**ANALOG, tau_hp=4.0),
    "analog, slow": settings(**ANALOG, tau_theta=5, tau_p=2, follow=2, tau_hp=0.4),
    "analog, sequential": settings(**ANALOG, follow=2).replaced(perturbation={"family": "sequential"}),
    "analog, sinusoidal": settings(**ANALOG, tau_p=2, follow=3).replaced(perturbation=SINUSOIDAL),
    "momentum": settings(follow=4),
    "momentum, two-sided windows": settings(follow=2, measure="two_sided", tau_theta=4, tau_x=2),
}


@pytest.mark.parametrize("name", CASES)
def test_recorded_costs_give_recorded_parameters(name):
    """The textbook in floating point on the circuit's own costs, parameter by parameter.

    With its remainder kept C~ is less than one bit off, whatever came before, so after n steps T is off
    by less than n eta / amplitude bits of C~, of sinusoids times the largest; the copy adds less than one
    visible unit.
    """
    config, seeds, steps = CASES[name], [3, 4], 400
    trainer = Trainer(config, seeds)

    def shown(copy, visible):
        return copy * config.words.copied.step if config.follow else visible * config.words.visible.step

    theta = shown(trainer.store.copy, trainer.visible)
    low = trainer.theta * config.words.parameter.step - theta  # what T has below, which is e already gathered
    record = trainer.run(steps, record=True)
    assert not record.flags.any()
    eta, amplitude = 2.0**-config.learning_shift, 2.0**-config.amplitude_shift
    a, b = config.levels.high_pass / 256, 2.0**-config.follow
    unit, bit = config.words.visible.step, config.words.cost_change.step
    most = 2 - 0.5 ** (config.code_bits - 1)
    estimate, gathered, change, before = np.zeros((2, 9)), -low / eta, np.zeros(2), None
    for step in range(steps):
        off = np.abs(shown(record.copy[step], record.visible[step]) - theta).max()
        assert off < unit + step * eta * bit / amplitude * most, step
        cost = record.cost[step] * bit
        if config.analog:
            fresh = step % config.learning.tau_x == 0
            change = a * (change + cost - (cost if fresh else before))
            before = cost
            assert np.abs(record.cost_change[step] * bit - change).max() < bit
        else:
            change = (cost - record.baseline[step] * bit) / (2 if config.two_sided else 1)
        bits = record.code[step].astype(float)
        sign = bits if config.sequential else (2 * bits + 1) / 2 ** (config.code_bits - 1) - 2
        gathered = gathered + change[:, None] * sign / amplitude
        if (step + 1) % config.learning.tau_theta == 0 or not config.shadow:
            estimate = b * gathered + (1 - b) * estimate
            theta = theta - eta * estimate
            gathered = np.zeros_like(gathered)
    moved = np.abs(record.visible[-1] - record.visible[0]).max()
    assert moved * unit > 8 * steps * eta * bit / amplitude


@pytest.mark.parametrize(
    ("tau_theta", "follow", "code"),
    [(1, 3, {"family": "walsh"}), (1, 0, {"family": "walsh"}), (3, 2, SINUSOIDAL), (1, 4, SINUSOIDAL)],
)
def test_floating_point_is_the_textbook(tau_theta, follow, code):
    """Step by step for one replica: high-pass, homodyne product, low-pass, update, blanking."""
    config = settings(**ANALOG, tau_theta=tau_theta, follow=follow).replaced(
        perturbation=code, task={"order": "plain"}
    )
    learner = FloatMgd(config, [4, 9], circuit_codes=True)
    theta = learner.theta[1].copy()
    learner.run(100)
    network = FloatNetwork(config)
    words = codes(config, config.registers(9).seed_code)
    change, before, low_passed, window = 0.0, 0.0, np.zeros(9), np.zeros(9)
    for step in range(100):
        number = step // 7 % 4
        x = np.array([[number & 1], [number >> 1]], dtype=float)
        sign = (2 * np.array(next(words)) + 1) / 2 ** (config.code_bits - 1) - 2
        cost = float(network.cost(theta + 0.0625 * sign, x, np.array([[x.sum() % 2]]))[0])
        if step % 7 == 0:
            before = cost
        change = 158 / 256 * (change + cost - before)
        before = cost
        window = window + change * sign / 0.0625
        if (step + 1) % tau_theta == 0:
            low_passed = 2.0**-follow * window + (1 - 2.0**-follow) * low_passed
            window = np.zeros(9)
            theta = theta - 0.125 * low_passed
    np.testing.assert_allclose(learner.visible[1], theta, rtol=1e-10)
    if follow:
        np.testing.assert_allclose(learner.low_passed[1], 0.125 * low_passed, rtol=1e-10)
        # T, of which the last move has already taken its part.
        gathered = (2**follow - 1) * low_passed + window
        np.testing.assert_allclose(learner.theta[1], theta - 0.125 * gathered, rtol=1e-10)


def test_rails_stop_what_is_gathered():
    """With momentum too T stops at 8, half the range of SQ(5, 11), and the parameters with it."""
    config = preset("xor").replaced(network={"initial": 8.0}, learning={"follow": 2})
    reached = []
    for railed in (False, True):
        learner, largest = FloatMgd(config, range(8), railed=railed), 0.0
        for _ in range(300):
            learner.run(1)
            largest = max(largest, np.abs(learner.theta).max(), np.abs(learner.visible).max())
        reached.append(largest)
    assert reached[0] > 8
    assert reached[1] <= 8 + 1e-9
