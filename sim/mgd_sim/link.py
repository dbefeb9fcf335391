"""One step under way, and the options that add to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import Registers, TrainerConfig

from .control.sequencer import Plan
from .fixed import Bits, Flags, Ints
from .lfsr import States
from .moves import Moves, Within
from .store import Store

__all__ = ["Inputs", "Link", "Now", "Prepared", "Setup", "Signs", "State"]

#: Of codes: what each adds to its parameter.
Signs = npt.NDArray[np.signedinteger[Any]]
#: Of an option for a block of steps: an array or some, or plain numbers.
Prepared = npt.NDArray[Any] | tuple[npt.NDArray[Any], ...] | list[int] | None


class State(NamedTuple):
    """All that a step leaves to the next one: arrays, the replicas as their first axis.

    Attributes
    ----------
    store : Store
        The parameters.
    inputs : tuple of Ints
        Node by node the inputs of all layers in the last reference, see :func:`mgd_sim.learn.node.parts`;
        otherwise none.
    baseline, hold : Ints
        (R,), C0 and A.
    saturated : tuple of Flags
        (R,) each: cost_change, hold and update, sticky.
    links : mapping of str to tuple
        What options keep, by their names in :data:`mgd_sim.features.FEATURES`.
    """

    store: Store
    inputs: tuple[Ints, ...]
    baseline: Ints
    hold: Ints
    saturated: tuple[Flags, Flags, Flags]
    links: Mapping[str, tuple[Any, ...]]


class Inputs(NamedTuple):
    """What one step is given: none of it depends on what was learned.

    Plain numbers are known before any array is; there are few different sets of them, so a compiler may make
    a step for each.

    Attributes
    ----------
    fresh, reference, flush, refresh : bool
        What the step does, see :class:`mgd_sim.control.sequencer.Plan`.
    step : int
        Its number.
    x : ndarray
        (R, 1, inputs, 1), as the network's first layer multiplies them.
    target : Ints
        (R, 1, outputs, 1).
    shaken : Signs
        (R or 1, P), in last bits of ``config.words.weight``; node by node (R or 1, N), of sums.
    learns : Signs
        (R or 1, codes), with 0 where a parameter is stuck.
    dither : Ints or int
        (R,).
    links : mapping of str to Any
        What options have prepared, by name.
    """

    fresh: bool
    reference: bool
    flush: bool
    refresh: bool
    step: int
    x: npt.NDArray[Any]
    target: Ints
    shaken: Signs
    learns: Signs
    dither: Ints | int
    links: Mapping[str, Any]


@dataclass
class Now:
    """One step under way.

    Attributes
    ----------
    inputs : Inputs
    before : State
    links : dict of str to tuple
        What options keep, as far as they have come.
    outputs : dict of str to ndarray
        States of this step, by the names of :class:`mgd_sim.trainer.Record`.
    """

    inputs: Inputs
    before: State
    links: dict[str, tuple[Any, ...]]
    outputs: dict[str, npt.NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """What options are made from.

    Attributes
    ----------
    config : TrainerConfig
    registers : Registers
        Of all replicas but for their seeds.
    replicas : int
    seed : callable
        The states (R,) of a register, by its name.
    free : Ints
        (R or 1, P), 0 where a parameter is stuck, else 1.
    narrow : bool
        Large networks are computed in integers as narrow as formats allow, and their sums in floating point;
        otherwise all numbers are integers of one type. It makes no difference but to speed.
    """

    config: TrainerConfig
    registers: Registers
    replicas: int
    seed: Callable[[str], States]
    free: Ints
    narrow: bool = True


class Link:
    """One option. Every method is a place where an option can stand; most stand at one or two.

    Places have the names of those in the circuit, see ``mgd_hdl.site.Link``, and those of
    :data:`mgd_sim.features.FEATURES` that a configuration has are asked in their order. What a method is
    given and does not change it gives back.

    A block of steps is prepared by :meth:`prepared`, in NumPy, which moves what the option draws on. All
    others are functions of arrays, parts of a step or of what it is given: they change nothing but the step
    under way.
    """

    #: What moves while blocks of steps are prepared; a run goes on from there.
    MOVES: ClassVar[Moves] = {}

    def __init__(self, name: str, setup: Setup):
        self.name, self.config, self.registers = name, setup.config, setup.registers

    def start(self, replicas: int) -> tuple[Any, ...]:
        """What it keeps, at step 0."""
        return ()

    def limits(self) -> dict[str, Within]:
        """Of what it keeps, by name."""
        return {}

    # ---- a block of steps ------------------------------------------------------------------------

    def prepared(self, todo: Plan) -> Prepared:
        """What :attr:`Inputs.links` holds under its name, the steps as first axis; None if there is nothing.

        Plain numbers come as a list: they are known before any array is.
        """
        return None

    def prepared_limits(self) -> Any:
        """Of the arrays that :meth:`prepared` gives: :class:`mgd_sim.moves.Within`, in their structure."""
        return None

    # ---- a code ----------------------------------------------------------------------------------

    def turn(self, number: Ints, code: Bits, sign: Signs) -> tuple[Bits, Signs]:
        """Codes (..., R or 1, codes) and their signs, of perturbations with these numbers (...)."""
        return code, sign

    def companion(self, code: Bits) -> dict[str, Bits]:
        """States that a code stands for, by name."""
        return {}

    # ---- one step --------------------------------------------------------------------------------

    def shakes(self, now: Now, shaken: Signs) -> Signs:
        """The perturbations on their way to the parameters."""
        return shaken

    def answers(self, now: Now, y: Ints, target: Ints) -> None:
        """Outputs and targets (R, outputs) at rest."""

    def meter(self, now: Now, cost: Ints) -> Ints:
        """C (R, measurements) on its way to the baseline."""
        return cost

    def costs(self, now: Now, cost: Ints) -> None:
        """C0, as it is measured."""

    def compare(self, now: Now, cost: Ints) -> tuple[Ints, Flags]:
        """In place of the baseline: C~, and where it was limited."""
        raise NotImplementedError

    def change(self, now: Now, change: Ints) -> Ints:
        """C~ on its way to the accumulator."""
        return change

    def rate(self, now: Now, shift: int) -> int:
        """The learning shift of the next update."""
        return shift

    def tail(self, now: Now, theta: Ints) -> Ints:
        """T after words that follow an update."""
        return theta
