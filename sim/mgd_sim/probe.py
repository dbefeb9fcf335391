"""A gradient probe: hold the parameters, let the learning elements gather, and look at what they found.

The circuit is the configuration's own with a shadow copy, whose window is longer than the probe: what T moves
by never reaches the network. The sum of its updates, G, is compared with the gradient of the same samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mgd_hdl.config import ConfigError, Problem, TrainerConfig
from mgd_hdl.config.sections import MAX_TAU_BITS

from .fixed import Ints
from .float_mgd import FloatNetwork, Floats
from .learn.cell import forward_weight
from .perturb.external import words
from .rtl import Design, RtlTrainer
from .tasks import Dataset
from .trainer import Trainer

__all__ = ["Probe", "held", "probe"]

#: Steps whose states are kept at a time, and samples that are evaluated at a time.
_CHUNK = 1 << 10
#: Parameters of networks that are evaluated at a time.
_WEIGHTS = 1 << 20


@dataclass(frozen=True)
class Probe:
    """What was found: all gradients are sums over the steps, in parameter order.

    Attributes
    ----------
    steps, seed : int
    estimate : Floats
        (P,), G.
    backpropagation : Floats
        (P,), of the exact network at the parameters where the circuit's stands at rest.
    differences : Floats
        (P,), central differences of one amplitude in the circuit's own words.
    limited : bool
        A word was saturated on the way, or a parameter stands at its rail: G is not the whole sum.
    """

    steps: int
    seed: int
    estimate: Floats
    backpropagation: Floats
    differences: Floats
    limited: bool

    @property
    def cosines(self) -> dict[str, float]:
        """Between G and either gradient; 0 where there is none."""
        return {
            name: _cosine(self.estimate, getattr(self, name)) for name in ("backpropagation", "differences")
        }

    @property
    def angles(self) -> dict[str, float]:
        """The same in degrees."""
        return {name: math.degrees(math.acos(min(1.0, cosine))) for name, cosine in self.cosines.items()}

    def as_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {
            "steps": self.steps,
            "seed": self.seed,
            "cosine": self.cosines,
            "angle": self.angles,
            "limited": self.limited,
            "estimate": self.estimate.tolist(),
            "backpropagation": self.backpropagation.tolist(),
            "differences": self.differences.tolist(),
        }


def _cosine(a: Floats, b: Floats) -> float:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else 0.0


def held(config: TrainerConfig, steps: int) -> TrainerConfig:
    """The configuration with parameters that stand still for so many steps.

    The rate is the lowest that drops no bit of an update, so that T stays off its rails for longest.
    """
    if steps >= (1 << MAX_TAU_BITS) - 1 or steps % config.learning.tau_p:
        allowed = f"must be below {(1 << MAX_TAU_BITS) - 1} and a multiple of tau_p = {config.learning.tau_p}"
        raise ConfigError([Problem("--steps", str(steps), allowed)])
    bits = max(config.learning.tau_bits, (steps + 1).bit_length())
    times: dict[str, Any] = {"tau_bits": bits, "tau_theta": (1 << bits) - 1}
    plain = {"updates": "exact", "rounding": "carry", "size": "proportional", "follow": 0}
    still = {"anneal_every": 0, "last_rate": 0.0, "rate": 2.0 ** -max(0, config.levels.gain)}
    still |= {"decay": 0.0, "clamp": 0.0}
    return config.replaced(
        learning=times | plain | still,
        perturbation={"halve_every": 0, "last_amplitude": 0.0},
        engine={"shadow": "yes", "cell": "parallel", "enables": "direct"},
        judge={"kind": "none"},
    )


def probe(
    config: TrainerConfig,
    steps: int,
    seed: int,
    *,
    design: Design | None = None,
    samples: Dataset | None = None,
    perturbations: Ints | None = None,
    build_dir: Path | None = None,
    look: Callable[[str, int], None] = lambda stage, done: None,
) -> Probe:
    """Gather for ``steps`` steps, in the twin or, given its ``design``, in the simulated circuit.

    Parameters
    ----------
    config : TrainerConfig
        From :func:`held`.
    steps, seed : int
    design : Design, optional
        From :func:`mgd_sim.rtl.trainer_design`.
    samples : Dataset, optional
        For ``task.source = "stream"``.
    perturbations : Ints, optional
        For external codes, as for the twin.
    build_dir : Path, optional
        Where compiled circuits are kept.
    look : callable
        Told now and then the stage and how many of its steps are done.
    """
    twin = Trainer(config, [seed], samples=samples, perturbations=perturbations)
    start = twin.theta[0]
    shown = np.zeros(len(twin.samples), dtype=np.int64)
    while twin.step < steps:
        look("gathering in the twin", twin.step)
        record = twin.run(min(_CHUNK, steps - twin.step), record=True)
        assert record is not None
        shown += np.bincount(record.sample[:, 0], minlength=len(shown))
    theta, flags = twin.theta[0], twin.flags[0]
    if design is not None:
        registers = config.registers(seed)
        codes = None if perturbations is None else words(config, perturbations)
        with RtlTrainer(
            config, design, registers, samples=samples, codes=codes, build_dir=build_dir
        ) as circuit:
            while circuit.step < steps:
                look("gathering in the circuit", circuit.step)
                states = circuit.run(min(_CHUNK, steps - circuit.step))
            theta, flags = states["theta"][-1], states["flags"][-1]
    unit = config.words.parameter.step * 2.0**config.learning_shift
    railed = np.abs(theta) >= 1 << (config.words.parameter.width - 2)
    return Probe(
        steps=steps,
        seed=seed,
        estimate=(start - theta) * unit,
        backpropagation=_backpropagation(config, twin, shown),
        differences=_differences(config, twin, shown),
        limited=bool(flags) or bool(railed.any()),
    )


def _backpropagation(config: TrainerConfig, twin: Trainer, shown: Ints) -> Floats:
    """Each sample's gradient as often as it was shown."""
    network = FloatNetwork(config)
    rest = forward_weight(twin.visible[0], 0).astype(np.float64) * config.words.weight.step
    total = np.zeros(config.parameters)
    for sample in np.flatnonzero(shown):
        x = twin.samples.x[sample][:, None] * config.formats.input.step
        target = twin.samples.target[sample][:, None] * config.formats.target.step
        total += shown[sample] * network.gradient(rest[None], x[None], target[None])[0]
    return total


def _differences(config: TrainerConfig, twin: Trainer, shown: Ints) -> Floats:
    """``(C(+) - C(-)) / 2 amplitudes`` for one parameter after the other."""
    rest = forward_weight(twin.visible[0], 0)
    numbers = np.flatnonzero(shown)
    total = np.zeros(config.parameters)
    at_a_time = max(1, _WEIGHTS // config.parameters)
    for first in range(0, config.parameters, at_a_time):
        chosen = np.arange(first, min(first + at_a_time, config.parameters))
        one = np.zeros((len(chosen), config.parameters), dtype=np.int64)
        one[np.arange(len(chosen)), chosen] = 1
        for part in np.array_split(numbers, -(-len(numbers) * len(chosen) // (_CHUNK << 4))):
            x = twin.samples.x[part].T.astype(np.int64)
            target = twin.samples.target[part].T.astype(np.int64)
            up, down = (twin.loss(twin.mlp(each, x), target) for each in (rest + one, rest - one))
            total[chosen] += ((up - down) * shown[part]).sum(axis=-1)
    return total * config.words.cost.step / 2 * 2.0**config.amplitude_shift
