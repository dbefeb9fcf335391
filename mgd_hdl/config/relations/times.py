"""What times need of each other, and of what is to be done in them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..derived import Derived
from ..errors import Problem
from .relation import Relations

__all__ = ["RELATIONS"]

RELATIONS = relation = Relations()


@relation("perturbation.granularity", "learning.tau_x", "learning.tau_p")
def _node_times(config: Derived) -> Iterator[Problem]:
    """The cost changes of one perturbation meet the inputs of one sample."""
    tau_x, tau_p = config.learning.tau_x, config.learning.tau_p
    if config.nodes and tau_x % tau_p:
        yield Problem(
            "learning.tau_x", str(tau_x), f'must be a multiple of tau_p = {tau_p} with granularity = "node"'
        )


@relation("perturbation.granularity", "perturbation.tau_layer", "learning.tau_bits")
def _tau_layer(config: Derived) -> Iterator[Problem]:
    turns, bits = config.perturbation.tau_layer, config.learning.tau_bits
    if turns >= 1 << bits:
        allowed = f"must be below 2**{bits} (learning.tau_bits = {bits})"
        yield Problem("perturbation.tau_layer", str(turns), allowed)
    elif turns > 1 and not config.layerwise:
        yield Problem("perturbation.tau_layer", str(turns), 'needs granularity = "layer"')


def _fits_register(key: str, config: Derived) -> Iterator[Problem]:
    steps, bits = getattr(config.learning, key), config.learning.tau_bits
    if steps >= 1 << bits:
        yield Problem(f"learning.{key}", str(steps), f"must be below 2**{bits} (learning.tau_bits = {bits})")


for _key in ("tau_x", "tau_p", "tau_theta"):
    relation(f"learning.{_key}", "learning.tau_bits")(partial(_fits_register, _key))


@relation("engine.shadow", "learning.updates", "learning.tau_p", "learning.tau_theta")
def _shadow(config: Derived) -> Iterator[Problem]:
    learning = config.learning
    if not config.shadow and learning.tau_p % learning.tau_theta:
        yield Problem(
            "engine.shadow",
            '"no"',
            f"tau_theta = {learning.tau_theta} must divide tau_p = {learning.tau_p} without the shadow copy",
        )


@relation("learning.algorithm", "learning.tau_x")
def _analog(config: Derived) -> Iterator[Problem]:
    """The high-pass sees only what changes while a sample stays."""
    if config.analog and config.learning.tau_x == 1:
        yield Problem(
            "learning.tau_x",
            "1",
            'algorithm "analog" blanks every step with a new sample, here all of them; must be 2 or more',
        )
