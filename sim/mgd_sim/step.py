"""One step of training: a pure function of a state and of what was prepared, in chains as the circuit has.

Blocks take their functions from the arrays' own namespace, so a step runs on arrays of any library that
keeps to the Python array API standard; NumPy's are what the trainer gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .cost.accumulator import Accumulator
from .cost.baseline import Baseline
from .cost.losses import loss
from .fixed import Bits, Flags, Ints, cast, namespace
from .learn.array import Array
from .learn.cell import resting_weight
from .learn.node import parts
from .learn.update import Update
from .link import Inputs, Link, Now, Setup, Signs, State
from .moves import FLAG, Within
from .network.mlp import Mlp
from .store import Copies

__all__ = ["Step", "flags", "shown"]


def flags(state: State) -> Bits:
    """(R,), sticky: bit 0 cost_change saturated, bit 1 hold, bit 2 update."""
    change, hold, update = (cast(each, np.uint8) for each in state.saturated)
    found: Bits = change | (hold << 1) | (update << 2)
    return found


def shown(
    after: State, outputs: dict[str, npt.NDArray[Any]], code: Bits, sample: Ints, links: Sequence[Link]
) -> dict[str, Any]:
    """The states of a step by name: ``outputs``, and those that are known beside."""
    found = {"update": 0, "sample": sample, "code": code, "flags": flags(after), **outputs}
    for link in links:
        found |= link.companion(code)
    return found


class Step:
    """``state, outputs = step(state, inputs)``: what every trainer does, with the links of its options.

    Nothing is kept here from step to step, and no array that comes in is changed.

    Parameters
    ----------
    setup : Setup
    links : sequence of Link
        In order.
    devices : sequence of int, optional
        One number for each replica, where replicas are different devices.
    """

    def __init__(self, setup: Setup, links: Sequence[Link], devices: Sequence[int] | None = None):
        config = setup.config
        self.config, self.links = config, list(links)
        self.mlp = Mlp(config, devices, setup.narrow)
        self.loss = loss(config)
        self.baseline = Baseline(config)
        self.accumulate = Accumulator(config)
        self.update = Update(config)
        self.array = Array(config)
        self.copies = Copies(config, setup.narrow)
        self.two_sided = config.two_sided
        self.fine_bits = config.words.fine_bits
        self.learning_shift = setup.registers.learning_shift
        #: 0 where a weight is dead, None where none is.
        self.alive = None
        if config.some_stuck and config.imperfections.stuck_kind == "dead":
            self.alive = setup.free.astype(self.copies.type)

        def standing(place: str) -> list[Link]:
            return [link for link in self.links if getattr(type(link), place) is not getattr(Link, place)]

        self.shakes, self.answers, self.meter = standing("shakes"), standing("answers"), standing("meter")
        self.costs, self.change, self.rate = standing("costs"), standing("change"), standing("rate")
        self.tail, self.compares = standing("tail"), standing("compare")

    def start(self, theta: Ints) -> State:
        """At step 0, with the initial T (R, P)."""
        replicas = len(theta)
        none = np.zeros(replicas, dtype=np.int64)
        met = np.zeros(replicas, dtype=np.bool_)
        inputs: tuple[Ints, ...] = ()
        if self.config.nodes:
            inputs = tuple(
                np.zeros((replicas, layer.inputs + 1), dtype=np.int64) for layer in self.config.shape.layers
            )
        links = {link.name: link.start(replicas) for link in self.links}
        return State(self.copies.start(theta), inputs, none, none, (met, met, met), links)

    def ready(self, x: Ints) -> npt.NDArray[Any]:
        """Samples' inputs (..., inputs, samples) as they are measured."""
        return self.mlp.ready(x)

    def limits(self) -> dict[str, Any]:
        """Between which the numbers of a state stay, by the names and places of its arrays."""
        words = self.config.words
        kept, counted = Within.of(words.parameter), Within(-1 << words.multiples, 1 << words.multiples)
        return {
            "store": {
                "theta": kept,
                "visible": Within.of(words.visible),
                "copy": Within.of(words.copied) if self.config.follow else kept,
                "history": (kept,) * self.copies.depth,
            },
            "inputs": (counted,) * (len(self.config.shape.layers) if self.config.nodes else 0),
            "baseline": Within.of(words.measured),
            "hold": Within.of(words.hold),
            "saturated": (FLAG, FLAG, FLAG),
            "links": {link.name: link.limits() for link in self.links},
        }

    def rest(self, seen: Ints) -> Ints:
        """What the network multiplies where nothing is shaken, (R, P); a dead parameter is zero."""
        return self._living(resting_weight(seen, self.fine_bits))

    def weights(self, seen: Ints, shaken: Signs, reference: bool) -> Ints:
        """The weights of C0, if it is measured, and of C: (R, measurements, P)."""
        rest = resting_weight(seen, self.fine_bits)
        if not reference:
            return self._living(rest + shaken)[:, None, :]
        both: Ints = self._living(rest)[:, None, :] + self.sides(self._living(shaken), reference)
        return both

    def sides(self, shaken: Signs, reference: bool) -> Signs:
        """By how much parameters, or the sums of neurons, are shaken for C0, if it is measured, and for C:
        (R or 1, measurements, shaken ones).
        """
        if not reference:
            return shaken[:, None, :]
        sides = namespace(shaken).asarray([-1 if self.two_sided else 0, 1], dtype=shaken.dtype)
        both: Signs = shaken[:, None, :] * sides[:, None]
        return both

    def _living(self, weight: Ints) -> Ints:
        if self.alive is None:
            return weight
        living: Ints = weight * namespace(weight).asarray(self.alive)
        return living

    def __call__(self, state: State, inputs: Inputs) -> tuple[State, dict[str, npt.NDArray[Any]]]:
        """One step.

        Parameters
        ----------
        state : State
        inputs : Inputs

        Returns
        -------
        state : State
            After it.
        outputs : dict of str to ndarray
            Its states, by the names of :class:`mgd_sim.trainer.Record`.
        """
        store, now = state.store, Now(inputs, state, dict(state.links))
        measured, counted = self.measure(now)
        baseline = measured[:, 0] if inputs.reference else state.baseline
        for link in self.costs:
            link.costs(now, baseline)
        cost = measured[:, -1]
        change, limited = self.compare(now, cost, baseline)
        believed = change
        for link in self.change:
            believed = link.change(now, believed)
        hold, limited_hold = self.accumulate(state.hold, believed)
        met_change, met_hold, met_update = state.saturated
        now.outputs |= {"baseline": baseline, "cost": cost, "cost_change": change, "hold": hold}
        theta = store.theta
        if inputs.flush:
            shift = self.learning_shift
            for link in self.rate:
                shift = link.rate(now, shift)
            update, limited_update = self.update(hold, shift, inputs.dither)
            met_update = met_update | limited_update
            theta = self.array.learn(theta, update, inputs.learns, counted)
            now.outputs["update"] = update
            hold = hold - hold  # the same as zeros, in one call
        for link in self.tail:
            theta = link.tail(now, theta)
        now.outputs |= {"theta": theta, "visible": store.visible, "copy": store.copy}
        after = State(
            self.copies.step(store, theta, inputs.refresh),
            counted,
            baseline,
            hold,
            (met_change | limited, met_hold | limited_hold, met_update),
            now.links,
        )
        return after, now.outputs

    def measure(self, now: Now) -> tuple[Ints, tuple[Ints, ...]]:
        """C of each measurement, (R, measurements), and what nodes learn from."""
        inputs, counted, shaken = now.inputs, now.before.inputs, now.inputs.shaken
        for link in self.shakes:
            shaken = link.shakes(now, shaken)
        seen = now.before.store.visible
        if self.config.nodes:
            activities = self.mlp.activities(
                self.rest(seen)[:, None, :], inputs.x, self.sides(shaken, inputs.reference)
            )
        else:
            activities = self.outputs(now, self.weights(seen, shaken, inputs.reference))
        if counted and inputs.reference:
            counted = tuple(parts(self.config, [each[:, 0, :, 0] for each in activities[:-1]]))
        measured = self.judged(now, activities[-1])
        for link in self.meter:
            measured = link.meter(now, measured)
        return measured, counted

    def outputs(self, now: Now, weights: Ints) -> list[Ints]:
        """What the network makes of its weights (R, measurements, P), layer by layer, the outputs last."""
        return self.mlp.activities(weights, now.inputs.x)

    def judged(self, now: Now, y: Ints) -> Ints:
        """C of each measurement, (R, measurements), from the outputs (R, measurements, outputs, 1)."""
        for link in self.answers:
            link.answers(now, y[:, 0, :, 0], now.inputs.target[:, 0, :, 0])
        measured: Ints = self.loss(y, now.inputs.target)[..., 0]
        return measured

    def compare(self, now: Now, cost: Ints, baseline: Ints) -> tuple[Ints, Flags]:
        """C~, and where it was limited."""
        for link in self.compares:
            return link.compare(now, cost)
        return self.baseline(cost, baseline)
