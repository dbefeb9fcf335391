"""Is a window over several samples a mini-batch: the summed gradients of its samples?"""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_sim.float_mgd import FloatNetwork
from mgd_sim.learn.cell import forward_weight
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer

SEEDS = (3, 4, 5)


def batches(batch: int, measure: str = "one_sided") -> tuple[TrainerConfig, Dataset]:
    """A window of ``batch`` samples, each for a whole period of Walsh codes, and the samples."""
    config = preset("xor").replaced(
        formats={
            "parameter": "SQ(5, 22)",
            "cost_change": "SQ(2, 22)",
            "activation_fraction": 16,
            "segment_bits": 10,
            "input": "SQ(2, 4)",
            "target": "UQ(1, 3)",
        },
        perturbation={"family": "walsh", "amplitude": 2.0**-6},
        learning={"measure": measure, "rate": 2.0**-5},
        task={"source": "stream"},
    )
    period = config.codes.walsh_code.period
    config = config.replaced(learning={"tau_x": period, "tau_theta": batch * period})
    rng = np.random.default_rng(batch)
    return config, Dataset(x=rng.integers(-32, 32, (batch, 2)), target=rng.integers(0, 9, (batch, 1)))


def moved(config: TrainerConfig, samples: Dataset, steps: int) -> tuple[Trainer, np.ndarray]:
    """The trainer at the end of its window, and by how much T has moved in it."""
    trainer = Trainer(config, SEEDS, samples=samples)
    start, seen = trainer.theta, trainer.visible
    record = trainer.run(steps - 1, record=True)
    np.testing.assert_array_equal(record.visible, np.broadcast_to(seen, record.visible.shape))
    trainer.run(1)
    assert not trainer.flags.any()
    return trainer, trainer.theta - start


@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
@pytest.mark.parametrize("batch", [2, 5])
def test_a_window_is_the_sum_of_its_samples(batch, measure):
    """To the last bit: one window over all of them, and a window for each alone."""
    config, samples = batches(batch, measure)
    period = config.codes.walsh_code.period
    _, together = moved(config, samples, batch * period)
    single = config.replaced(learning={"tau_theta": period})
    alone = [
        moved(single, Dataset(x=samples.x[k : k + 1], target=samples.target[k : k + 1]), period)[1]
        for k in range(batch)
    ]
    np.testing.assert_array_equal(together, sum(alone))
    assert (np.abs(together) > 1000).any(axis=1).all()


@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
def test_it_is_the_gradient(measure):
    """Against backpropagated gradients, added up over the batch.

    Walsh indices are odd, so what is left of the cost's curvature is of third order: amplitude^2 = 2^-12
    times derivatives below one. Words are off by less than 2^-13 in C~, which the amplitude 2^-6 makes 2^-7.
    """
    batch = 5
    config, samples = batches(batch, measure)
    period = config.codes.walsh_code.period
    seen = forward_weight(Trainer(config, SEEDS, samples=samples).visible, 0) * config.words.weight.step
    _, together = moved(config, samples, batch * period)
    estimate = -together * config.words.parameter.step * 2.0**config.learning_shift / period
    truth = FloatNetwork(config).gradient(seen, samples.x.T * 2.0**-4, samples.target.T * 2.0**-3)
    off = np.abs(estimate - truth).max()
    assert off < batch * (2.0**-7 + 2.0**-10)
    assert off < 0.05 * np.abs(truth).max()
