"""``--checkpoint`` and ``--resume``: a run keeps where it is, and another one goes on from there."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import ConfigError, Problem, TrainerConfig
from ..config.sections import MAX_SEED
from ..files import renewed_file
from ..process import Stop

if TYPE_CHECKING:
    from mgd_sim.checkpoint import Checkpoints, Resumable

__all__ = ["Keeper", "is_on_the_way", "same"]

#: Seconds between two times that it is kept, and so much of the run's time may that take.
_EVERY, _SHARE = 30.0, 0.02


class Keeper:
    """What the two options ask for.

    Parameters
    ----------
    args : Namespace
        With ``checkpoint``, ``resume`` and ``force``; ``seed`` and ``seeds`` as far as the verb has them.
    config : TrainerConfig
    stack : ExitStack
        Nobody else writes the file until its end.
    verb : str
        Whose run it is.
    also : str
        Another verb whose runs this one can go on with.

    Attributes
    ----------
    resumed : Checkpoints or None
        What was read.
    whose : str
        With that, the verb that wrote it.
    """

    def __init__(
        self, args: Namespace, config: TrainerConfig, stack: ExitStack, verb: str, also: str | None = None
    ):
        self._config, self._verb = config, verb
        self.resumed: Checkpoints | None = None
        if args.resume is not None:
            from mgd_sim.checkpoint import Checkpoints

            self.resumed = Checkpoints(args.resume, config)
            self.whose: Any = self.resumed.more.get("verb")
            if self.whose not in (verb, also):
                known = verb if also is None else f"{verb} and {also}"
                self.resumed.refuse(f"is not of a run that goes on here; {verb} resumes runs of {known}")
        self._write: Callable[[bytes], None] | None = None
        if args.checkpoint is not None:
            ours = args.resume is not None and same(args.checkpoint, args.resume)
            self._write = stack.enter_context(renewed_file(args.checkpoint, force=args.force or ours))
        self._next = time.monotonic() + _EVERY
        self._stopped = False

    @property
    def used(self) -> bool:
        """Whether either option was given."""
        return self.resumed is not None or self._write is not None

    @property
    def seeds(self) -> list[int]:
        """Those of what is resumed."""
        assert self.resumed is not None
        said = self.resumed.more.get("seeds")
        if not isinstance(said, list) or not said or not all(_is_seed(each) for each in said):
            self.resumed.odd("seeds are not there")
        return said

    def asked(self, args: Namespace, count: int = 1) -> range:
        """The seeds of the arguments, or of what is resumed, which must have the same; one of many will do
        where a circuit goes on with a twin.
        """
        if self.resumed is None:
            first = int(self._config.seed if args.seed is None else args.seed)
        else:
            first = self._resumed_first(args, count)
        seeds = range(first, first + count)
        if seeds[-1] > MAX_SEED:
            raise ConfigError([Problem("--seeds", str(count), f"the last seed must be at most {MAX_SEED}")])
        return seeds

    def _resumed_first(self, args: Namespace, count: int) -> int:
        assert self.resumed is not None
        seeds = self.seeds
        first = seeds[0] if args.seed is None else int(args.seed)
        picked = [first] if count == 1 and self.whose != self._verb and first in seeds else seeds
        if picked != list(range(first, first + count)):
            what = f"seed {seeds[0]}" if len(seeds) == 1 else f"the {len(seeds)} seeds from {seeds[0]} on"
            self.resumed.refuse(f"is of {what}; --seed and --seeds must ask for the same")
        return first

    def refuse_done(self, steps: int, step: int | None = None) -> None:
        """Refuses to go on for ``steps`` steps where as many are done: those of the file, or ``step``."""
        if self.resumed is not None and (there := self.resumed.step if step is None else step) >= steps:
            self.resumed.refuse(f"stands at step {there:,}; --steps must be more")

    def due(self, stop: Stop) -> bool:
        """Whether it is time to keep where the run is; the first time after a signal too."""
        if self._write is None:
            return False
        stopped, self._stopped = self._stopped, bool(stop)
        return (bool(stop) and not stopped) or time.monotonic() >= self._next

    def keep(
        self, parts: Mapping[str, Resumable], more: Mapping[str, Any], arrays: Mapping[str, Any] = {}
    ) -> None:
        """Write the file, if there is to be one."""
        if self._write is None:
            return
        from mgd_sim.checkpoint import Checkpoint

        start = time.monotonic()
        found = Checkpoint(self._config, {"verb": self._verb, **more}, arrays)
        for name, part in parts.items():
            found.add(name, part)
        self._write(found.data())
        now = time.monotonic()
        self._next = now + max(_EVERY, (now - start) / _SHARE)


def is_on_the_way(step: int | None, first: int, every: int) -> bool:
    """Whether a run of which the first look is at ``first`` looks at this step, however long it is."""
    return step is not None and (step == first or step % every == 0)


def same(one: str, other: str) -> bool:
    """Whether two names are those of one file."""
    return Path(one).exists() and Path(other).exists() and Path(one).samefile(other)


def _is_seed(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_SEED
