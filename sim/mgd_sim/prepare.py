"""What a block of steps is given: codes, samples and all else that does not depend on what was learned.

What moves is drawn for many steps at a time, in NumPy. What a step is given is a function of that, of arrays
of any library, for a block of steps or for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .control.sequencer import Plan, in_turn, plan
from .fixed import Bits, Ints, namespace
from .lfsr import States, states
from .link import Inputs, Link, Prepared, Setup, Signs
from .moves import COUNT, FLAG, STATE, Moves, Within, limits, moved, moving
from .network.dense import MANY
from .perturb import Draws
from .perturb.codes import codes, signs
from .ranges import limits_of
from .samples.source import source
from .step import Step
from .tasks import Dataset

__all__ = ["Drawn", "Preparation", "Shaken", "narrowest"]

#: Codes in a block, and steps: enough to make its cost per step small, few enough for the cache.
_BLOCK, _STEPS = 1 << 21, 1 << 12


class Drawn(NamedTuple):
    """What was drawn for a block of steps.

    Attributes
    ----------
    first : int
        The first step's number.
    todo : Plan
    code : Draws
        Of the perturbations that begin in these steps, see :class:`mgd_sim.perturb.CodeSource`.
    perturbation : int
        The number of the first of them.
    sample : Ints
        (samples, R), those that are taken in these steps.
    dither : Ints or None
        (steps, R).
    links : mapping of str to Prepared
        What options have prepared, by name.
    """

    first: int
    todo: Plan
    code: Draws
    perturbation: int
    sample: Ints
    dither: Ints | None
    links: Mapping[str, Prepared]


class Shaken:
    """What codes do to parameters or neurons: by how much each is shaken, and with which sign it learns."""

    def __init__(self, setup: Setup, links: Sequence[Link]):
        config = setup.config
        self.config, self.links = config, links
        #: Narrow where there are many; codes of 7 bits and more need more than 8.
        narrow = np.int8 if config.code_bits < 7 else np.int16
        many = setup.narrow and config.parameters >= MANY
        self.type: type[np.signedinteger[Any]] = narrow if many else np.int64
        self.free: Signs = setup.free.astype(self.type)

    def __call__(self, code: Bits, number: Ints) -> tuple[Bits, Signs, Signs]:
        """The codes as they are recorded, and what :class:`mgd_sim.link.Inputs` calls shaken and learns.

        Parameters
        ----------
        code : Bits
            (..., R or 1, codes), the words of perturbations.
        number : Ints
            (...,), their numbers.
        """
        config, sign = self.config, signs(self.config, code, self.type)
        for link in self.links:
            code, sign = link.turn(number, code, sign)
        shaken = learns = sign
        if config.some_stuck:
            free = namespace(sign).asarray(self.free)
            learns = sign * free
            if config.imperfections.stuck_kind == "still":
                shaken = shaken * free
        return code, shaken, learns


def narrowest(array: Ints) -> Ints:
    """The same numbers in the fewest bytes: tables of samples are large."""
    within = limits_of(array)
    for kind in (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= within.low and within.high <= np.iinfo(kind).max:
            return array.astype(kind)
    return array


class Preparation:
    """The inputs of one step after the other, for R replicas.

    Parameters
    ----------
    setup : Setup
    links : sequence of Link
    step : Step
        Which takes them.
    samples : Dataset
    perturbations : Ints, optional
        For external codes.
    activity : States
        (R,), for sparse codes: seeds of what is active, with bit 0 as it is.
    """

    MOVES: ClassVar[Moves] = {
        "step": COUNT,
        "dither": STATE,
        "perturbation": COUNT,
        "code": lambda self: Within(0, (1 << (self.config.code_bits + self.config.sparse)) - 1),
        "sample": lambda self: Within(0, len(self.samples) - 1),
        "due": FLAG,
    }

    def __init__(
        self,
        setup: Setup,
        links: Sequence[Link],
        step: Step,
        samples: Dataset,
        perturbations: Ints | None,
        activity: States,
    ):
        config = setup.config
        self.config, self.registers, self.replicas = config, setup.registers, setup.replicas
        self.links, self.samples = links, samples
        self.codes = codes(config, setup.seed("seed_code"), perturbations, activity)
        self.source = source(config, setup.seed("seed_sample"), len(samples))
        # One sample for both measurements: (samples, 1, inputs or outputs, 1).
        self.x, self.target = (narrowest(each)[:, None, :, None] for each in (samples.x, samples.target))
        self.ready = step.ready
        self.dithered = step.update.dithered
        self.step = 0
        self.dither = setup.seed("seed_dither")
        # Step 0 takes the first of each; until then there is nothing to go on with.
        self.code = self.codes.take(0)
        self.sample = self.source.take(0)
        self.perturbation = 0  # how many there were
        self.due = 0  # whether parameters were written since the last step
        self.shaken = Shaken(setup, links)
        at_once = _BLOCK // (self.replicas * max(config.parameters, config.inputs))
        self.block = min(max(16, at_once), _STEPS)

    def take(self, count: int) -> Iterator[tuple[Inputs, Bits, Ints]]:
        """The inputs of the next ``count`` steps, with their codes (R or 1, codes) and samples (R,)."""
        while count:
            size = min(self.block, count)
            count -= size
            yield from self.given(self.draw(size))

    def skip(self, count: int) -> None:
        """The next ``count`` steps are not taken here."""
        while count:
            size = min(self.block, count)
            count -= size
            next(self.given(self.draw(size)))

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """What moves, generator by generator, options by their names."""
        return {name: moving(each) for name, each in self._generators()}

    @state.setter
    def state(self, state: dict[str, dict[str, Any]]) -> None:
        for name, each in self._generators():
            moved(each, state[name])

    @property
    def limits(self) -> dict[str, dict[str, Within]]:
        """Between which the numbers of :attr:`state` stay."""
        return {name: limits(each) for name, each in self._generators()}

    def _generators(self) -> Iterator[tuple[str, Any]]:
        yield from (("steps", self), ("codes", self.codes), ("samples", self.source))
        yield from ((link.name, link) for link in self.links if link.MOVES)

    def draw(self, count: int) -> Drawn:
        """What the next ``count`` steps draw. The codes and samples that they end with, :attr:`code` and
        :attr:`sample`, are for the caller to set.
        """
        config, first, begun = self.config, self.step, self.perturbation
        todo = plan(config, self.registers, first, count)
        if not config.analog:
            todo.reference[0] |= self.due == 1
        self.due = 0
        code = self.codes.draw(int(todo.code.sum()))
        sample = self.source.take(int(todo.sample.sum()))
        self.perturbation += len(code)
        self.step += count
        dither = None
        if self.dithered:
            # It moves on in every step: the circuit rounds a zero where nothing is flushed.
            drawn = states(self.dither, count + 1)
            self.dither, dither = drawn[-1], drawn[:-1].astype(np.int64)
        links = {link.name: each for link in self.links if (each := link.prepared(todo)) is not None}
        return Drawn(first, todo, code, begun, sample, dither, links)

    def given(self, drawn: Drawn) -> Iterator[tuple[Inputs, Bits, Ints]]:
        """The inputs of steps that are drawn, as :meth:`take` gives them."""
        first, todo, draws, begun, taken, dither, links = drawn
        count = len(todo.code)
        code, code_at = in_turn(self.code, self.codes.words(draws), todo.code)
        sample, sample_at = in_turn(self.sample, taken, todo.sample)
        self.code, self.sample = code[-1:], sample[-1:]
        end = begun + len(draws)
        code, shaken, learns = self.shaken(code, np.arange(end - len(code), end))
        x = self.ready(self.x.take(sample, axis=0))
        target = self.target.take(sample, axis=0).astype(np.int64)
        names = list(links)
        each = [zip(*rows, strict=True) if isinstance(rows, tuple) else rows for rows in links.values()]
        rows: Any = zip(*each, strict=True) if names else repeat(())
        words: Any = repeat(0) if dither is None else dither
        what = np.stack([todo.sample, todo.reference, todo.flush, todo.refresh], axis=1).tolist()
        for step, c, s, (fresh, reference, flush, refresh), word, row in zip(
            range(first, first + count), code_at, sample_at, what, words, rows, strict=False
        ):
            yield (
                Inputs(
                    fresh,
                    reference,
                    flush,
                    refresh,
                    step,
                    x[s],
                    target[s],
                    shaken[c],
                    learns[c],
                    word,
                    dict(zip(names, row, strict=True)) if names else {},
                ),
                code[c],
                sample[s],
            )
