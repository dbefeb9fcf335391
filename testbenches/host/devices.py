"""Devices for tests: the twin's own network as one, and ways to break any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.network.mlp import Mlp

__all__ = ["Broken", "Bowl", "Network", "Networks"]


class Network:
    """The configuration's network in the circuit's integers, behind numbers."""

    def __init__(self, config: TrainerConfig):
        self.mlp = Mlp(config)
        self.weight, self.input = config.words.weight, config.formats.input
        self.output = config.words.output

    def write(self, parameters: np.ndarray) -> None:
        words = parameters / self.weight.step
        self.words = words.astype(np.int64)
        assert (self.words == words).all(), "parameters are no words"

    def read(self, inputs: np.ndarray) -> np.ndarray:
        x = (inputs / self.input.step).astype(np.int64)
        return self.mlp(self.words, x[:, None])[:, 0] * self.output.step


class Networks(Network):
    """R of them at once."""

    vectorised = True

    def __init__(self, config: TrainerConfig, replicas: int):
        super().__init__(config)
        self.replicas = replicas

    def read(self, inputs: np.ndarray) -> np.ndarray:
        x = (inputs / self.input.step).astype(np.int64)[:, None, :, None]
        return self.mlp(self.words, x)[..., 0] * self.output.step


class Bowl:
    """Its own cost: the squared distance of its parameters from a target, over their number."""

    def __init__(self, target: np.ndarray):
        self.target = np.asarray(target)

    def write(self, parameters: np.ndarray) -> None:
        self.parameters = parameters

    def cost(self) -> float:
        return float(np.square(self.parameters - self.target).mean())

    def second(self) -> float:
        return float(np.square(self.parameters).mean())


class Broken:
    """Another device, of which some calls of ``read`` or ``cost`` go wrong.

    ``fault(call, good)`` gives what is read in place of ``good``, or raises; ``when(call)`` says in which
    calls.
    """

    def __init__(
        self, device: Any, fault: Callable[[int, Any], Any], when: Callable[[int], bool], where: str = "read"
    ):
        self.device, self.fault, self.when, self.where = device, fault, when, where
        self.calls, self.written = 0, []

    def _do(self, name: str, *given: Any) -> Any:
        bad = False
        if name == self.where:
            self.calls += 1
            bad = self.when(self.calls - 1)
        good = getattr(self.device, name)(*given)
        return self.fault(self.calls - 1, good) if bad else good

    def write(self, parameters: np.ndarray) -> None:
        self.written.append(parameters.copy())
        self._do("write", parameters)

    def read(self, inputs: np.ndarray) -> Any:
        return self._do("read", inputs)

    def cost(self) -> Any:
        return self._do("cost")
