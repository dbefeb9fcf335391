"""Is the trainer, with its merged register and its blocks of steps, the textbook's algorithm?"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mgd_hdl.config import Rounding, TrainerConfig, preset
from mgd_sim.tasks import Dataset, dataset
from mgd_sim.trainer import Trainer
from testbenches.catalogue import configuration, named, slow
from testbenches.twin import textbook

SEEDS = (0, 1, 77)


def from_outside(config: TrainerConfig) -> np.ndarray | None:
    """Seven perturbations for an external code."""
    if config.perturbation.family != "external":
        return None
    largest = 2**config.code_bits - 1
    return 2 * np.random.default_rng(7).integers(0, largest + 1, (7, config.parameters)) - largest


@pytest.mark.parametrize("name", named("textbook"))
def test_merged_register_is_the_textbook(name):
    """Every state of every step; T where a hold has ended, for in between the textbook is ahead."""
    config = configuration(name)
    steps = 40 if config.parameters > 100 else 300
    given = from_outside(config)
    trainer = Trainer(config, SEEDS, perturbations=given)
    given = None if given is None else given.tolist()
    record = trainer.run(steps, record=True)
    assert not record.flags.any()
    assert np.abs(record.theta).max() < 2 ** (config.words.parameter.width - 2), (
        "the rail is not the textbook's"
    )
    for replica, seed in enumerate(SEEDS):
        for step, state in enumerate(textbook.train(config, config.registers(seed), steps, given)):
            sample = record.sample[step, replica]
            got = {
                "x": trainer.samples.x[sample].tolist(),
                "target": trainer.samples.target[sample].tolist(),
                "code": record.code[step, replica].tolist(),
                "active": record.active[step, replica].tolist(),
                "visible": record.visible[step, replica].tolist(),
                **{
                    key: getattr(record, key)[step, replica]
                    for key in ("baseline", "cost", "cost_change", "hold", "update")
                },
            }
            assert got == {key: state[key] for key in got}, f"step {step}, replica {replica}"
            if state["flush"]:
                assert record.theta[step, replica].tolist() == state["total"], f"step {step}"


def test_registers_override_the_configuration():
    """The seed is even on purpose: its bit 0 is forced to one."""
    config = configuration("textbook: xor")
    changes = {"tau_x": 3, "tau_p": 2, "tau_theta": 1, "learning_shift": 3, "seed_code": 12344}
    record = Trainer(config, [5], **changes).run(100, record=True)
    reference = textbook.train(config, config.registers(5, **changes), 100)
    assert record.update[:, 0].tolist() == [state["update"] for state in reference]
    assert len(np.unique(record.update)) > 20


def test_the_rate_stays_while_the_amplitude_halves():
    """D = -eta A / amplitude, eta = 1/2, at 1/8, 1/16 and 1/32: two halvings are more than the shift of eta.

    A counts 2**-f_C and D 2**-f_T.
    """
    config = preset("xor").replaced(
        perturbation={"amplitude": 0.125, "halve_every": 5, "last_amplitude": 0.03125}, learning={"rate": 0.5}
    )
    record = Trainer(config, range(200)).run(20, record=True)
    change, parameter, found = (
        config.words.cost_change.fraction_bits,
        config.words.parameter.fraction_bits,
        set(),
    )
    for step, (holds, updates) in enumerate(zip(record.hold, record.update, strict=True)):
        amplitude = Fraction(1, 8 << min(2, step // 5))
        for hold, update in zip(holds.tolist(), updates.tolist(), strict=True):
            wanted = -Fraction(1, 2) * Fraction(hold, 1 << change) / amplitude
            if abs(update) < config.words.update.max:
                assert Fraction(update, 1 << parameter) == wanted, (step, hold)
                found.add((amplitude, update != 0))
    assert len(found) == 6


@pytest.mark.parametrize("given", [None, np.ones((3, 9), dtype=np.int64)], ids=["missing", "not external"])
def test_perturbations_come_where_they_are_asked_for(given):
    config = configuration("textbook: external" if given is None else "textbook: sinusoidal")
    with pytest.raises(ValueError, match=r"needs? .*perturbations|perturbations need"):
        Trainer(config, [0], perturbations=given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((2, 8), dtype=np.int64), r"shape \(2, 8\); it must be \(count, 9\)"),
        (np.ones((0, 9), dtype=np.int64), r"must be \(count, 9\)"),
        (np.ones((2, 9)), "hold float64; they must hold signed integers"),
        (np.full((1, 9), 2), "must be odd numbers, -15 to 15"),
        (np.full((1, 9), -17), "must be odd numbers, -15 to 15"),
    ],
)
def test_perturbations_must_fit_their_words(given, message):
    with pytest.raises(ValueError, match=message):
        Trainer(configuration("textbook: external"), [0], perturbations=given)


@pytest.mark.parametrize(
    "name", ["shadow", "delayed_window", "letters", "sequential", "order_random", "sinusoidal"]
)
def test_resumes(name):
    """Two runs are one long run, wherever it is cut; a clone goes on from where it was taken."""
    config = configuration(f"textbook: {name}").replaced(learning={"rounding": "stochastic"})
    shift = config.levels.gain + 2  # drops bits, so that the dither tells
    whole = Trainer(config, SEEDS, learning_shift=shift).run(200, record=True)
    cut = Trainer(config, SEEDS, learning_shift=shift)
    first = cut.run(37, record=True)
    other = cut.clone()
    for trainer in (cut, other):
        second = trainer.run(163, record=True)
        assert trainer.step == 200
        for name, array in whole.arrays.items():
            parts = [first.arrays[name], second.arrays[name]]
            np.testing.assert_array_equal(np.concatenate(parts), array, name)


def test_replicas_are_independent():
    """A replica does what it would do alone."""
    together = Trainer(configuration("textbook: letters"), SEEDS)
    alone = Trainer(configuration("textbook: letters"), SEEDS[2:])
    together.run(150)
    alone.run(150)
    np.testing.assert_array_equal(together.theta[2:], alone.theta)
    assert (together.theta[0] != together.theta[1]).any()


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
def test_limits(rounding, measure):
    """A rate far too large, in narrow words: every saturation, the rails, and each rounding."""
    formats = {"parameter": "SQ(3, 5)", "cost_change": "SQ(1, 4)", "hold_bits": 1}
    config = slow(
        "xor",
        formats=formats,
        network={"initial": 2.0, "activation": "relu"},
        learning={"rate": 1.0, "rounding": rounding.value, "tau_p": 6, "tau_theta": 3, "measure": measure},
        perturbation={"amplitude": 0.5},
    )
    # Carry drops no bits, so there the rate stays at one; elsewhere three bits are dropped.
    up, down = (config.levels.gain, 0) if rounding is Rounding.CARRY else (0, 3)
    seeds = range(40)
    trainer = Trainer(config, seeds, learning_shift=config.levels.gain + down - up)
    theta = trainer.theta.tolist()
    record = trainer.run(400, record=True)
    if not down:
        assert record.flags[-1].max() == 7, "not every saturation was reached"
    dither = [textbook.lfsr_states(config.registers(seed).seed_dither) for seed in seeds]
    refused = 0
    for replica in seeds:
        hold, flags = 0, 0
        for step in range(400):
            change = int(record.cost[step, replica] - record.baseline[step, replica])
            limited = max(-16, min(15, change))
            assert record.cost_change[step, replica] == limited
            total = hold + limited
            hold = max(-32, min(31, total))
            assert record.hold[step, replica] == hold
            update = 0
            drawn = next(dither[replica]) % 2**config.levels.dropped_bits  # one in every step
            if step % 3 == 2:
                word = drawn >> (config.levels.dropped_bits - down) if down else 0
                wanted = {
                    Rounding.FLOOR: -hold // 2**down,
                    Rounding.NEAREST_EVEN: round(-hold / 2**down),
                    Rounding.STOCHASTIC: (-hold + word) // 2**down,
                    Rounding.CARRY: -hold * 2**up,
                }[rounding]
                update = max(-63, min(63, wanted))
                flags |= 4 * (update != wanted)
                for number, bit in enumerate(record.code[step, replica]):
                    add = update if bit else -update
                    t = theta[replica][number]
                    if (t >= 64 and add >= 0) or (t < -64 and add < 0):
                        refused += add != 0
                    else:
                        theta[replica][number] = t + add
                hold = 0
            flags |= (change != limited) | 2 * (total != max(-32, min(31, total)))
            assert record.update[step, replica] == update
            assert record.theta[step, replica].tolist() == theta[replica]
            assert record.flags[step, replica] == flags
    assert refused > 0, "the rails were not reached"


def test_mini_batch():
    """Registers alone make it gradient descent on all four samples, by finite differences."""
    config = slow("xor", perturbation={"family": "sequential"}, task={"order": "plain"})
    config = config.replaced(learning={"tau_p": 4, "tau_theta": 36})
    trainer = Trainer(config, SEEDS)
    start, seen = trainer.theta.tolist(), trainer.visible.tolist()
    trainer.run(36)
    network = textbook.Network(config)
    samples = list(zip(trainer.samples.x.tolist(), trainer.samples.target.tolist(), strict=True))
    for replica in range(len(SEEDS)):
        middle = [4 * v + 2 for v in seen[replica]]
        rest = sum(network.cost(middle, *sample) for sample in samples)
        for number in range(9):
            up = [w + (i == number) for i, w in enumerate(middle)]
            rise = sum(network.cost(up, *sample) for sample in samples) - rest
            moved = trainer.theta[replica, number] - start[replica][number]
            assert moved == -rise * 2 ** (config.levels.gain - config.learning_shift)


def test_stream():
    """Samples of several bits per input come through the port in their order, again and again."""
    words = {"input": "UQ(0, 4)", "target": "UQ(1, 3)", "activation_fraction": 6}
    config = slow("xor", formats=words, task={"source": "stream"}, learning={"tau_x": 2})
    rng = np.random.default_rng(5)
    given = Dataset(x=rng.integers(0, 16, (7, 2)), target=rng.integers(0, 9, (7, 1)))
    record = Trainer(config, SEEDS, samples=given).run(40, record=True)
    assert record.sample[:, 1].tolist() == [step // 2 % 7 for step in range(40)]
    network = textbook.Network(config)
    for step in range(40):
        sample = record.sample[step, 0]
        middle = [4 * int(v) + 2 for v in record.visible[step, 0]]
        sign = [1 if bit else -1 for bit in record.code[step, 0]]
        x, target = given.x[sample].tolist(), given.target[sample].tolist()
        assert record.baseline[step, 0] == network.cost(middle, x, target)
        assert record.cost[step, 0] == network.cost(
            [w + s for w, s in zip(middle, sign, strict=True)], x, target
        )


@pytest.mark.parametrize(
    ("x", "target", "message"),
    [
        (np.zeros((3, 3), int), np.zeros((3, 1), int), r"samples\.x has shape \(3, 3\)"),
        (np.zeros((3, 2), int), np.zeros((2, 1), int), r"samples\.target has shape \(2, 1\)"),
        (np.zeros((0, 2), int), np.zeros((0, 1), int), r"samples\.x has shape \(0, 2\)"),
        (np.zeros((3, 2)), np.zeros((3, 1), int), r"samples\.x holds float64"),
        (np.full((3, 2), 2), np.zeros((3, 1), int), r"samples\.x must stay within UQ\(1, 0\): 0 to 1"),
        (np.zeros((3, 2), int), np.full((3, 1), -1), r"samples\.target must stay within"),
    ],
)
def test_bad_samples(x, target, message):
    config = slow("xor", task={"source": "stream"})
    with pytest.raises(ValueError, match=message):
        Trainer(config, [0], samples=Dataset(x=x, target=target))


def test_samples_belong_to_streams():
    with pytest.raises(ValueError, match=r'samples need task\.source = "stream", not "memory"'):
        Trainer(preset("xor"), [0], samples=dataset(preset("xor")))
    with pytest.raises(ValueError, match=r'task\.source = "stream" needs samples'):
        Trainer(slow("xor", task={"source": "stream"}), [0])


@pytest.mark.parametrize("name", ["xor", "parity4", "centered"])
def test_cost_and_accuracy(name):
    """Against the textbook's network, sample by sample."""
    config = configuration(f"textbook: {name}")
    trainer = Trainer(config, SEEDS[:2])
    trainer.run(30)
    every = trainer.samples
    some = Dataset(x=every.x[::61], target=every.target[::61]) if name == "centered" else every
    cost, accuracy = trainer.cost_and_accuracy(some)
    network = textbook.Network(config)
    for replica in range(2):
        weight = [4 * int(v) + 2 for v in trainer.visible[replica]]
        costs, right = [], 0
        for x, target in zip(some.x.tolist(), some.target.tolist(), strict=True):
            costs.append(network.cost(weight, x, target))
            y = _outputs(network, weight, x)
            right += (y[0] >= 512) == target[0] if len(y) == 1 else y.index(max(y)) == target.index(1)
        assert cost[replica] == sum(costs) / len(some.x) * 2.0**-config.words.cost.fraction_bits
        assert accuracy[replica] == right / len(some.x)


def _outputs(network: textbook.Network, weight: list[int], x: list[int]) -> list[int]:
    fraction = 0
    for layer, knots in zip(network.config.shape.layers, network.knots, strict=True):
        own = [
            weight[layer.first + n * (layer.inputs + 1) :][: layer.inputs + 1] for n in range(layer.neurons)
        ]
        z = [sum(w * v for w, v in zip(each, [*x, 2**fraction], strict=True)) for each in own]
        x = [
            network._activation(layer, knots, value, network.config.amplitude_shift + fraction) for value in z
        ]
        fraction = layer.output.fraction_bits
    return x


def test_evaluation_in_parts(monkeypatch):
    """The blocks in which the evaluation is done do not show."""
    trainer = Trainer(preset("nist7x7_centered"), SEEDS)
    whole = trainer.cost_and_accuracy()
    monkeypatch.setattr("mgd_sim.evaluate._BLOCK", 3 * 4 * 1000)
    parts = trainer.cost_and_accuracy()
    np.testing.assert_array_equal(whole, parts)


def test_xor_learns():
    """32 seeds in 60,000 steps: all four right and a mean squared error below 0.04 in at least 90 %.

    The share is of luck as well as of the rule: with a true share of 99 % it falls below 90 % of 32
    once in a thousand seeds sets; these seeds are fixed.
    """
    trainer = Trainer(preset("xor"), range(32))
    solved = np.zeros(32, dtype=bool)
    for _ in range(600):
        trainer.run(100)
        cost, accuracy = trainer.cost_and_accuracy()
        solved |= (cost < 0.04) & (accuracy == 1)
    assert solved.mean() >= 0.9


@pytest.mark.parametrize(
    ("repeats", "learning", "noises"),
    [
        (1, {"measure": "two_sided"}, 2),
        (16, {"measure": "two_sided"}, 2 / 16),
        (16, {"reference": "every_step"}, 2 / 16),
        (16, {}, 1 + 1 / 16),
    ],
    ids=["one", "two-sided", "one-sided, C0 anew", "one-sided, C0 once"],
)
def test_repeated_measurements_are_averaged(repeats, learning, noises):
    """tau_x = tau_p = tau_theta = K measures the same C~ K times, and with a rate K times smaller one
    update takes their mean, to the last bit.

    ``noises`` is the variance of that mean, in variances of one cost: C and its reference have one each.
    Over 4,000 replicas a deviation is known to 1.1 %, of which four times are allowed.
    """
    noise, seeds = 2**-3, range(4000)
    times = dict.fromkeys(("tau_x", "tau_p", "tau_theta"), repeats)
    config = preset("xor").replaced(
        imperfections={"cost_noise": noise},
        formats={"parameter": "SQ(5, 16)", "cost_change": "SQ(3, 12)"},
        learning={**learning, **times, "rate": 0.25 / repeats},
    )
    noisy = Trainer(config, seeds).run(repeats, record=True)
    assert not noisy.flags.any()
    # The textbook: theta -= eta mean(C~) s / amplitude, where two sides are two amplitudes apart.
    per_mean = Fraction(1, 4) / Fraction(1, 16) / (2 if config.two_sided else 1)
    changes = noisy.cost_change.T.tolist()
    mean = [sum(Fraction(change, 2**12) for change in each) / repeats for each in changes]
    words = [Fraction(word, 2**16) for word in noisy.update[-1].tolist()]
    assert words == [-per_mean * each for each in mean]
    clean = Trainer(config, seeds, cost_noise=0).run(repeats, record=True)
    assert (clean.cost_change == clean.cost_change[0]).all()
    miss = np.array(mean, dtype=float) - clean.cost_change[0] * config.words.cost_change.step
    assert abs(miss.std() / (noise * np.sqrt(noises)) - 1) < 0.045
