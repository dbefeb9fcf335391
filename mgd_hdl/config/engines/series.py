"""Where the parameters of a device outside lie in the one memory of their bank, and how codes are counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..codes import COLUMNS
from ..network import LayerConfig
from .indices import Rows
from .sweep import LaneWords

__all__ = ["Series"]


@dataclass(frozen=True)
class Series(LaneWords, Rows):
    """One word after the other, in the order of the parameters' numbers: the address of a parameter is the
    place of its code, ``8 * row + column``. Codes of a layer begin in a row of their own, so up to seven
    words in front of it are nobody's.

    Parameters
    ----------
    layers : sequence of LayerConfig
    rows : bool
        Random codes, from a table of rows.
    single_port : bool
        The memory is two, neither of which reads and writes in one clock: word a is in block a mod 2, and
        written an odd number of clocks later. So a layer that another follows has an even number of words.
    """

    layers: Sequence[LayerConfig]
    rows: bool
    single_port: bool = False

    @cached_property
    def spans(self) -> tuple[range, ...]:
        """Layer by layer the words of its parameters."""
        found: list[range] = []
        first = 0
        for layer in self.layers:
            found.append(range(first, first + layer.parameters))
            first += -(-layer.parameters // COLUMNS) * COLUMNS
        return tuple(found)

    @property
    def lead(self) -> int:
        """So many clocks later than its address a word is read: for a random code there is a table first."""
        return int(self.rows)

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return self.spans[-1].stop

    @property
    def bits(self) -> int:
        """Of an address, all of the last row."""
        return max(COLUMNS - 1, self.table * COLUMNS - 1).bit_length()

    @property
    def table(self) -> int:
        """Rows of all codes."""
        return -(-self.depth // COLUMNS)

    def where(self, parameter: int) -> tuple[int, int]:
        """Lane and address of a parameter."""
        layer = next(each for each in reversed(self.layers) if each.first <= parameter)
        return 0, self.spans[layer.index][parameter - layer.first]

    def parameters(self, lane: int) -> Iterator[tuple[int, int]]:
        """Address and number of each parameter; all are in lane 0."""
        assert lane == 0
        for layer, span in zip(self.layers, self.spans, strict=True):
            yield from zip(span, range(layer.first, layer.first + layer.parameters), strict=True)
