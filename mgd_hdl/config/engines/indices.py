"""Which number a word of a bank has for its code, lane by lane: its parameter's, or its neuron's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..codes import COLUMNS, LFSR, SparseCode
from .sweep import Sweep

__all__ = ["Indices", "Rows"]

#: Bits of a column, and of a diagonal.
_COLUMN = (COLUMNS - 1).bit_length()


class Rows:
    """What a lane asks of the codes of its words.

    Attributes
    ----------
    rows : bool
        They are random, and from a table of rows.
    nodes : bool
        They are those of neurons.
    pairs : int
        Of a sparse code: so many registers say whether a parameter is shaken; their mask is in the table too.
    """

    rows: bool
    nodes: bool = False
    pairs: int = 0

    @property
    def bits(self) -> int:
        """Of an index."""
        raise NotImplementedError

    @property
    def table(self) -> int:
        """With ``rows``: so many rows has each lane."""
        raise NotImplementedError

    @property
    def mask_bits(self) -> int:
        """Of a row: which bits of the state it adds up, of those behind the columns and the diagonals."""
        return LFSR.degree - 2 * COLUMNS

    @property
    def sign_bits(self) -> int:
        """Of a row for the sign: above the mask a diagonal, and node by node a column."""
        return self.mask_bits + (2 if self.nodes else 1) * _COLUMN

    @property
    def row_bits(self) -> int:
        """Of all: above those for the sign the mask of a sparse code."""
        return self.sign_bits + (self.pairs > 0) * len(SparseCode.ROW_BITS)

    def neurons(self, lane: int) -> Iterator[tuple[int, int]]:
        """Node by node: index and number of each neuron of a lane, all layers counted through."""
        raise NotImplementedError

    def parameters(self, lane: int) -> Iterator[tuple[int, int]]:
        """Index and number of each parameter of a lane."""
        raise NotImplementedError


@dataclass(frozen=True)
class Indices(Rows):
    """The index of the word of input i in group g of a layer is, in lane l,

        first + g * stride + ahead + i        ahead = that of lane l in this layer

    Without ``rows`` it is the place of the parameter among all codes: ``8 * row + column``. With ``rows`` a
    lane has the rows of its own parameters in a table, one after the other, and an index is a row of this
    table and a column: that is the parameter's own, so neurons may begin anywhere in a row, and no two
    groups have a row in common.

    Node by node all words of a neuron have its index, ``first + g * stride + ahead``: without ``rows`` the
    number of the neuron, with them that of the group, counted through all layers, which is a row of each
    lane's table.

    Parameters
    ----------
    sweep : Sweep
    rows, nodes : bool
    turns : bool
        Layer by layer: the layer of a word says whether its code counts.
    pairs : int
        Of a sparse code: so many registers say whether a parameter is shaken; their mask is in the table too.
    """

    sweep: Sweep
    rows: bool
    nodes: bool = False
    turns: bool = False
    pairs: int = 0

    @property
    def by_layer(self) -> bool:
        """How much a lane is ahead depends on the layer."""
        return self.sweep.by_layer and not self.nodes

    @property
    def asks_layer(self) -> bool:
        """Lanes have to know the layer of a word."""
        return self.by_layer or self.turns

    @property
    def step(self) -> int:
        """From word to word."""
        return 0 if self.nodes else 1

    def strides(self, layer: int) -> int:
        """From one group of a layer to the next."""
        if self.nodes:
            return 1 if self.rows else self.sweep.lanes
        words, lanes = self.sweep.spans[layer].words, self.sweep.lanes
        if not self.rows:
            return lanes * words
        least = words + COLUMNS - 1
        return least + (lanes * words - least) % COLUMNS

    def ahead(self, layer: int, lane: int) -> int:
        """How much that of a lane is ahead of lane 0's."""
        if self.nodes:
            return 0 if self.rows else lane
        words = lane * self.sweep.spans[layer].words
        return words % COLUMNS if self.rows else words

    @cached_property
    def _firsts(self) -> tuple[int, ...]:
        """The index of each layer's first word in lane 0, and the end of all."""
        found = [0]
        for layer, span in enumerate(self.sweep.spans):
            if self.nodes:
                found.append(found[-1] + (span.groups if self.rows else self.sweep.layers[layer].neurons))
                continue
            if self.rows:
                most = (span.groups - 1) * self.strides(layer) + span.words + COLUMNS - 1
            else:
                most = self.sweep.layers[layer].parameters
            found.append(found[-1] + -(-most // COLUMNS) * COLUMNS)
        return tuple(found)

    def first(self, layer: int) -> int:
        """Codes of a layer's parameters begin in a row of their own."""
        return self._firsts[layer]

    @property
    def bits(self) -> int:
        """Of an index."""
        least = 1 if self.nodes and self.rows else COLUMNS - 1
        return max(least, self._firsts[-1] - 1).bit_length()

    @property
    def table(self) -> int:
        """With ``rows``: so many rows has each lane."""
        return max(2, self._firsts[-1]) if self.nodes else self._firsts[-1] // COLUMNS

    def neurons(self, lane: int) -> Iterator[tuple[int, int]]:
        """Node by node: index and number of each neuron of a lane, all layers counted through."""
        before = 0
        for layer in self.sweep.layers:
            first, step = self.first(layer.index) + self.ahead(layer.index, lane), self.strides(layer.index)
            for neuron in range(lane, layer.neurons, self.sweep.lanes):
                yield first + neuron // self.sweep.lanes * step, before + neuron
            before += layer.neurons

    def parameters(self, lane: int) -> Iterator[tuple[int, int]]:
        """Index and number of each parameter of a lane."""
        for layer, span in zip(self.sweep.layers, self.sweep.spans, strict=True):
            for neuron in range(lane, layer.neurons, self.sweep.lanes):
                start = neuron // self.sweep.lanes * self.strides(layer.index) + self.ahead(layer.index, lane)
                for word in range(span.words):
                    number = layer.first + neuron * span.words + word
                    yield self.first(layer.index) + start + word * self.step, number
