"""What a block of steps is given: codes, samples and all else that does not depend on what was learned.

Computed for many steps at a time, in NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, ClassVar

import numpy as np

from .control.sequencer import in_turn, plan
from .fixed import Bits, Ints
from .learn.node import spread
from .lfsr import States, states
from .link import Inputs, Link, Setup, Signs
from .moves import COUNT, FLAG, STATE, Moves, Within, limits, moved, moving
from .network.dense import MANY
from .perturb.codes import codes, signs
from .samples.source import source
from .step import Step
from .tasks import Dataset

__all__ = ["Preparation"]

#: Codes in a block, and steps: enough to make its cost per step small, few enough for the cache.
_BLOCK, _STEPS = 1 << 21, 1 << 12


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
        self.x = step.ready(samples.x[:, None, :, None])
        self.target = samples.target[:, None, :, None].astype(np.int64)
        self.dithered = step.update.dithered
        self.step = 0
        self.dither = setup.seed("seed_dither")
        # Step 0 takes the first of each; until then there is nothing to go on with.
        self.code = self.codes.take(0)
        self.sample = self.source.take(0)
        self.perturbation = 0  # how many there were
        self.due = 0  # whether parameters were written since the last step
        #: Narrow where there are many; codes of 7 bits and more need more than 8.
        narrow = np.int8 if config.code_bits < 7 else np.int16
        self.type: type[np.signedinteger[Any]] = narrow if config.parameters >= MANY else np.int64
        self.free: Signs = setup.free.astype(self.type)
        at_once = _BLOCK // (self.replicas * max(config.parameters, config.inputs))
        self.block = min(max(16, at_once), _STEPS)

    def take(self, count: int) -> Iterator[tuple[Inputs, Bits, Ints]]:
        """The inputs of the next ``count`` steps, with their codes (R or 1, codes) and samples (R,)."""
        while count:
            size = min(self.block, count)
            count -= size
            yield from self._block(size)

    def skip(self, count: int) -> None:
        """The next ``count`` steps are not taken here."""
        while count:
            size = min(self.block, count)
            count -= size
            next(self._block(size))

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

    def _block(self, count: int) -> Iterator[tuple[Inputs, Bits, Ints]]:
        config, first = self.config, self.step
        todo = plan(config, self.registers, first, count)
        if not config.analog:
            todo.reference[0] |= self.due == 1
        self.due = 0
        code, code_at = in_turn(self.code, self.codes.take(int(todo.code.sum())), todo.code)
        sample, sample_at = in_turn(self.sample, self.source.take(int(todo.sample.sum())), todo.sample)
        self.code, self.sample = code[-1:], sample[-1:]
        self.perturbation += int(todo.code.sum())
        self.step += count
        sign = signs(config, code, self.type)
        for link in self.links:
            code, sign = link.turn(self.perturbation - len(code), code, sign)
        shaken = spread(config, sign) if config.nodes else sign
        learns = sign
        if config.some_stuck:
            learns = sign * self.free
            if config.imperfections.stuck_kind == "still":
                shaken = shaken * self.free
        x, target = self.x.take(sample, axis=0), self.target.take(sample, axis=0)
        dither: Any = repeat(0)
        if self.dithered:
            # It moves on in every step: the circuit rounds a zero where nothing is flushed.
            drawn = states(self.dither, count + 1)
            self.dither, dither = drawn[-1], drawn[:-1].astype(np.int64)
        prepared = {link.name: link.prepared(todo) for link in self.links}
        names = [name for name, each in prepared.items() if each is not None]
        rows: Any = zip(*(prepared[name] or () for name in names), strict=True) if names else repeat(())
        what = np.stack([todo.sample, todo.reference, todo.flush, todo.refresh], axis=1).tolist()
        for step, c, s, (fresh, reference, flush, refresh), word, row in zip(
            range(first, first + count), code_at, sample_at, what, dither, rows, strict=False
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
