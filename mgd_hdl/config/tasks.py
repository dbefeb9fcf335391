"""Tasks the circuit can learn: how many inputs and outputs, and the samples it can hold or draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

__all__ = ["LETTERS", "Sample", "TASKS", "Task", "letter_image"]

#: One sample: the inputs and the targets, one bit each; bit i of the integer is input i.
Sample = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Task:
    """A set of samples.

    ``stored`` yields every sample where they fit an on-chip memory; ``generator`` names the circuit
    that draws samples instead. A task with neither has no samples of its own: they are the user's, come
    from a file or through the stream port, and have as many inputs and outputs as the network. Then
    ``inputs``, ``outputs`` and ``count`` are None; those of a file's samples are known when it has been read.
    Trainers that are sent to other processes take their task along, so ``stored`` must be a function with a
    name.
    """

    name: str
    inputs: int | None = None
    outputs: int | None = None
    count: int | None = None
    stored: Callable[[], tuple[Sample, ...]] | None = None
    generator: Literal["letters", "centered_letters"] | None = None
    file: bool = False

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        assert self.stored is not None
        return self.stored()

    @property
    def external(self) -> bool:
        """Samples come through the port, and nobody here knows them."""
        return self.stored is None and self.generator is None and not self.file

    @property
    def index_bits(self) -> int:
        assert self.count is not None
        return max(1, (self.count - 1).bit_length())


def _parity_samples(bits: int) -> tuple[Sample, ...]:
    return tuple((x, x.bit_count() & 1) for x in range(1 << bits))


def _parity(bits: int) -> Task:
    return Task(
        name="xor" if bits == 2 else f"parity{bits}",
        inputs=bits,
        outputs=1,
        count=1 << bits,
        stored=partial(_parity_samples, bits),
    )


# NIST7x7 is a re-creation: the authors' file is not public. Four letters of 5x5 pixels at nine
# positions of a 7x7 field, with no, one or two pixels flipped: 4 * 9 * (1 + 49 + 1176) = 44,136
# images, the count the paper gives.
LETTERS = {
    "N": ("#...#", "##..#", "#.#.#", "#..##", "#...#"),
    "I": ("#####", "..#..", "..#..", "..#..", "#####"),
    "S": (".####", "#....", ".###.", "....#", "####."),
    "T": ("#####", "..#..", "..#..", "..#..", "..#.."),
}


def letter_image(letter: int, down: int, right: int) -> int:
    """Letter 0..3 with its top left corner at (down, right), 0..2 each; bit 7 * row + column."""
    image = 0
    for row, line in enumerate(list(LETTERS.values())[letter]):
        for column, pixel in enumerate(line):
            if pixel == "#":
                image |= 1 << (7 * (row + down) + column + right)
    return image


TASKS = {
    task.name: task
    for task in (
        *(_parity(bits) for bits in range(2, 9)),
        Task(name="nist7x7", inputs=49, outputs=4, count=4 * 9 * 1226, generator="letters"),
        Task(name="nist7x7_centered", inputs=49, outputs=4, count=4 * 1226, generator="centered_letters"),
        Task(name="external"),
        Task(name="file", file=True),
    )
}
