"""The same training in PyTorch, on the CPU, one sample at a time: what a computer takes for it.

:class:`TorchMgd` takes the steps of :class:`mgd_sim.float_mgd.FloatMgd`, and :class:`TorchBackpropagation`
those of :class:`mgd_sim.float_mgd.Backpropagation`: the same start, codes and samples, in the operations of
PyTorch, in its own gradients, and on one thread, since a layer of so few neurons is faster so. PyTorch
comes with the extra ``pytorch``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..float_mgd import Backpropagation, FloatMgd, Floats, matrix
from .study import Unusable

__all__ = ["TorchBackpropagation", "TorchMgd"]


def _torch() -> Any:
    """PyTorch, with one thread; raises Unusable where it is not installed."""
    try:
        import torch
    except ImportError:
        raise Unusable("PyTorch is not installed: pip install 'mgd-hdl[pytorch]'") from None
    torch.set_num_threads(1)
    return torch


def _check(config: TrainerConfig, seeds: Sequence[int]) -> None:
    """Tanh, linear outputs and cross-entropy of several, for one replica: what Fashion-MNIST is learned
    with.
    """
    *hidden, last = [layer.activation for layer in config.shape.layers]
    if set(hidden) - {"tanh"} or last != "linear" or config.loss != "cross_entropy" or len(seeds) != 1:
        raise Unusable("PyTorch's part knows one replica with tanh, linear outputs and cross-entropy")


class _Matrices:
    """The parameters of a learner as PyTorch's matrices, one a layer: the very same numbers in memory.

    Attributes
    ----------
    weights : list of tensor
        (neurons, inputs), views.
    biases : list of tensor
        (neurons,), views.
    """

    def __init__(self, config: TrainerConfig, theta: Floats):
        self.torch = torch = _torch()
        own = [torch.from_numpy(matrix(layer, theta[0])) for layer in config.shape.layers]
        self.weights = [each[:, :-1] for each in own]
        self.biases = [each[:, -1] for each in own]


class TorchMgd(FloatMgd):
    """Node by node, two-sided, with an update in every step; one replica.

    Parameters are those of :class:`mgd_sim.float_mgd.FloatMgd`. Raises Unusable for a configuration that
    learns in another way.
    """

    def __init__(self, config: TrainerConfig, seeds: Sequence[int]):
        super().__init__(config, seeds)
        _check(config, seeds)
        every_step = {self.registers.tau_p, self.registers.tau_theta, self.registers.tau_x} == {1}
        if not (config.nodes and config.two_sided and every_step and self._free_codes) or config.follow:
            raise Unusable("PyTorch's part is node by node, two-sided, with random codes and every tau 1")
        self._matrices = _Matrices(config, self.theta)
        self._ends = np.cumsum([layer.neurons for layer in config.shape.layers])[:-1].tolist()
        step = config.words.cost_change.step
        self._limit_change = self.registers.change_limit * step if config.gated else np.inf

    def _run_block(self, count: int) -> None:
        torch = self._matrices.torch
        _, code, code_at, sample, sample_at = self._taken(count)
        x, target = self._columns(sample[sample_at])
        shaken = torch.from_numpy(self._signs(code)[code_at, 0])
        inputs = torch.from_numpy(x[:, 0, :, 0])
        right = target[:, 0, :, 0].argmax(axis=1).tolist()
        with torch.inference_mode():
            for row in range(count):
                self._learn(inputs[row], right[row], torch.tensor_split(shaken[row], self._ends))
                if self.annealing is not None and self.annealing.updated():
                    self.rate = 2.0**-self.annealing.shift
        self.step += count

    def _learn(self, x: Any, right: int, signs: Sequence[Any]) -> None:
        """One step: both sides, C~ of them, and s_i x_j for every weight."""
        torch, weights, biases = self._matrices.torch, self._matrices.weights, self._matrices.biases
        sides = torch.tensor(self._modes)[:, None]  # -amplitude, +amplitude
        before: list[Any] = []
        y = x[None]
        for weight, bias, sign in zip(weights, biases, signs, strict=True):
            if before:
                y = torch.tanh(y)
            before.append(y[0])
            y = torch.addmm(bias, y, weight.T) + sides * sign
        reference, cost = (torch.logsumexp(y, dim=1) - y[:, right]).tolist()
        change = min(max(cost - reference, -self._limit_change), self._limit_change)
        step = -self.rate * self._per_rate * change
        for weight, bias, sign, taken in zip(weights, biases, signs, before, strict=True):
            weight.addr_(sign, taken, alpha=step)
            bias.add_(sign, alpha=step)


class TorchBackpropagation(Backpropagation):
    """Gradients are PyTorch's; one replica.

    Parameters are those of :class:`mgd_sim.float_mgd.Backpropagation`. Raises Unusable for a network that
    has another curve or loss.
    """

    def __init__(self, config: TrainerConfig, seeds: Sequence[int]):
        super().__init__(config, seeds)
        _check(config, seeds)
        self._matrices = _Matrices(config, self.theta)
        parts = [*self._matrices.weights, *self._matrices.biases]
        for each in parts:
            each.requires_grad_()
        self._descent = self._matrices.torch.optim.SGD(parts, lr=self.rate)

    def _learn(self, x: Floats, target: Floats) -> None:
        """One sample: x (1, inputs, 1), target (1, outputs, 1)."""
        torch = self._matrices.torch
        y = torch.from_numpy(x[..., 0])
        for layer, (weight, bias) in enumerate(
            zip(self._matrices.weights, self._matrices.biases, strict=True)
        ):
            y = torch.nn.functional.linear(torch.tanh(y) if layer else y, weight, bias)
        right = torch.from_numpy(target[..., 0].argmax(axis=1))
        self._descent.zero_grad()
        torch.nn.functional.cross_entropy(y, right).backward()
        self._descent.step()
