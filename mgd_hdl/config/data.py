"""The user's own samples, from files, in the words of the circuit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

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


class _Found(NamedTuple):
    """Samples as they stand in the files, and the ranges of inputs and of targets that are values."""

    samples: Samples
    ranges: tuple[Range | None, Range | None]


@dataclass(frozen=True, eq=False)
class OwnData:
    """Samples of the files that section [task] names; Unreadable where they cannot be read."""

    asked: Asked

    @cached_property
    def _read(self) -> _Found | Unreadable:
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
            samples = read_samples(file, *others, how)
            inputs = ranges(samples.train.x, task.scale)
            values = None if samples.classes else ranges(samples.train.target, task.target_scale)
        except Unreadable as reason:
            return reason
        return _Found(samples, (inputs, values))

    @property
    def _found(self) -> _Found:
        if isinstance(self._read, Unreadable):
            raise self._read
        return self._read

    @property
    def samples(self) -> Samples:
        """As they stand in the files."""
        return self._found.samples

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

    @property
    def ranges(self) -> tuple[Range | None, Range | None]:
        """What becomes the least and the greatest integer of an input, and of a target that is a value."""
        return self._found.ranges

    @cached_property
    def train(self) -> Scaled:
        """To learn from."""
        return self._scaled(self.samples.train)

    @cached_property
    def test(self) -> Scaled | None:
        """To test with; None where there are no such."""
        return self._scaled(self.samples.test) if len(self.samples.test.x) else None

    @cached_property
    def coarse(self) -> tuple[str, ...]:
        """The formats that leave a single bit of numbers of which there are more than two."""
        train, formats = self.samples.train, self.asked.formats
        parts = {"input": train.x} | ({} if self.classes else {"target": train.target})
        return tuple(
            key
            for key, numbers in parts.items()
            if getattr(formats, key).width == 1
            and ((numbers != numbers.min(axis=0)) & (numbers != numbers.max(axis=0))).any()
        )

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
