"""Training in PyTorch takes the steps of the float model, with its own operations and gradients."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig
from mgd_sim.float_mgd import Backpropagation, FloatMgd
from mgd_sim.studies.pytorch import TorchBackpropagation, TorchMgd
from mgd_sim.studies.study import Unusable

HERE = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not HERE, reason="PyTorch is not installed")

CONFIG = TrainerConfig.build(
    {
        "name": "letters",
        "network": {"layers": [49, 5, 4], "activation": ["tanh", "linear"]},
        "formats": {"parameter": "SQ(4, 20)", "cost_change": "SQ(2, 13)"},
        "cost": {"loss": "cross_entropy", "limit": 2.0**-6},
        "perturbation": {"family": "random_code", "granularity": "node", "amplitude": 2.0**-7},
        "learning": {
            "measure": "two_sided",
            "rate": 2.0**-4,
            "rounding": "stochastic",
            "anneal_every": 60,
            "last_rate": 2.0**-5,
        },
        "engine": {"kind": "bank", "lanes": 4},
        "task": {"name": "nist7x7_centered", "source": "generator"},
    }
)


@needs_torch
@pytest.mark.parametrize(("kind", "model"), [(TorchMgd, FloatMgd), (TorchBackpropagation, Backpropagation)])
def test_the_same_steps(kind, model):
    """Parameters are equal to twelve digits after 200 steps, some of them at half the rate."""
    torch, numpy = kind(CONFIG, [7]), model(CONFIG, [7])
    start = numpy.theta.copy()
    for steps in (120, 80):
        torch.run(steps)
        numpy.run(steps)
        np.testing.assert_allclose(torch.theta, numpy.theta, rtol=0, atol=1e-12)
    assert np.abs(numpy.theta - start).max() > 1e-3
    assert torch.cost_and_accuracy()[1] == numpy.cost_and_accuracy()[1]


@needs_torch
@pytest.mark.parametrize(
    "changes",
    [{"cost": {"loss": "squared_error", "limit": 0.0}}, {"network": {"activation": ["sigmoid", "linear"]}}],
)
def test_what_it_does_not_know(changes):
    for kind in (TorchMgd, TorchBackpropagation):
        with pytest.raises(Unusable, match="tanh, linear outputs and cross-entropy"):
            kind(CONFIG.replaced(**changes), [7])


@needs_torch
def test_other_perturbations():
    with pytest.raises(Unusable, match="node by node"):
        TorchMgd(CONFIG.replaced(perturbation={"granularity": "network"}), [7])


@pytest.mark.skipif(HERE, reason="PyTorch is installed")
def test_without_it():
    with pytest.raises(Unusable, match=r"pip install 'mgd-hdl\[pytorch\]'"):
        TorchMgd(CONFIG, [7])
