"""The user's own samples, from files, in the words of the circuit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .asked import Asked
from .attached import Unreadable

if TYPE_CHECKING:
    from .attached.samples import Part, Samples
    from .attached.scaling import Range

__all__ = ["MAX_MEMORY", "OwnData", "Scaled"]

#: Bits of the largest sample memory: more than the block RAM of any device there are reports for.
MAX_MEMORY = 1 << 23


@dataclass(frozen=True, eq=False)
class Scaled:
    """One part of the samples, as integers.

    Attributes
    ----------
    x, target : ndarray
        (count, inputs) in ``formats.input`` and (count, outputs) in ``formats.target``.
    clipped : tuple of int
        How many inputs and how many targets were beyond their format.
    """

    x: Any
    target: Any
    clipped: tuple[int, int]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class OwnData:
    """Samples of the files that section [task] names; Unreadable where they cannot be read."""

    asked: Asked

    @cached_property
    def _read(self) -> Samples | Unreadable:
        from .attached.samples import Reading, read_samples
        from .attached.scaling import ranges

        task, attached = self.asked.task, self.asked.attached
        how = Reading(
            target=_texts(task.target),
            skip=_texts(task.skip),
            header=task.header,
            answers=task.answers,
            test_share=task.test_share,
            split=task.split,
            outputs=self.asked.outputs,
        )
        file = attached.file("task.file")
        if file is None:
            return Unreadable("is not attached to this configuration", "task.file")
        try:
            others = (attached.file(f"task.{key}") for key in ("labels", "test", "test_labels"))
            found = read_samples(file, *others, how)
            ranges(found.train.x, task.scale)
            if not found.classes:
                ranges(found.train.target, task.target_scale)
        except Unreadable as reason:
            return reason
        return found

    @property
    def samples(self) -> Samples:
        """As they stand in the files."""
        if isinstance(self._read, Unreadable):
            raise self._read
        return self._read

    @property
    def classes(self) -> tuple[str, ...]:
        """What they are called, in their order; none where answers are values."""
        return self.samples.classes

    @property
    def inputs(self) -> int:
        """Numbers of a sample."""
        return len(self.samples.inputs)

    @property
    def outputs(self) -> int:
        """That the answers need; two classes also go with a single one."""
        classes = len(self.classes)
        if classes == 2 and self.asked.outputs == 1:
            return 1
        return classes or int(self.samples.train.target.shape[1])

    @property
    def count(self) -> int:
        """Samples to learn from."""
        return len(self.samples.train.x)

    @cached_property
    def ranges(self) -> tuple[Range | None, Range | None]:
        """What becomes the least and the greatest integer of an input, and of a target that is a value."""
        from .attached.scaling import ranges

        train, task = self.samples.train, self.asked.task
        return (
            ranges(train.x, task.scale),
            None if self.classes else ranges(train.target, task.target_scale),
        )

    @cached_property
    def train(self) -> Scaled:
        """To learn from."""
        return self._scaled(self.samples.train)

    @cached_property
    def test(self) -> Scaled | None:
        """To test with; None where there are no such."""
        return self._scaled(self.samples.test) if len(self.samples.test.x) else None

    def _scaled(self, part: Part) -> Scaled:
        from .attached.scaling import one_hot, scaled

        formats, (inputs, targets) = self.asked.formats, self.ranges
        x, clipped = scaled(part.x, inputs, formats.input)
        if self.classes:
            one = formats.target.quantize(1)
            return Scaled(x, one_hot(part.target, self.asked.outputs, one), (clipped, 0))
        target, beyond = scaled(part.target, targets, formats.target)
        return Scaled(x, target, (clipped, beyond))

    @property
    def rows(self) -> Iterator[list[int]]:
        """Inputs and targets of each sample to learn from, side by side."""
        for x, target in zip(self.train.x, self.train.target, strict=True):
            yield [*x.tolist(), *target.tolist()]


def _texts(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """One or several; none where it is empty."""
    return (given,) * bool(given) if isinstance(given, str) else given
