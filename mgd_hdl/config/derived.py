"""A configuration and all that follows from it, in facets."""

from __future__ import annotations

from functools import cached_property

from .asked import Asked
from .coding import Codes
from .converters import Converters
from .curves import Curves
from .data import OwnData
from .engines import EngineFacts, facts_of
from .given import Given
from .levels import Levels
from .placement import Placement
from .shape import Shape
from .spi import Spi
from .timing import Timing
from .words import Words

__all__ = ["Derived"]


class Derived(Asked):
    """Every width, depth and latency, computed when it is first asked for.

    Facets depend on those before them, never on those behind.
    """

    @cached_property
    def facts(self) -> EngineFacts:
        """What holds the parameters says of itself."""
        return facts_of(self)

    @cached_property
    def words(self) -> Words:
        """Number formats."""
        return Words(self, self.facts)

    @cached_property
    def levels(self) -> Levels:
        """What registers and constants are at first."""
        return Levels(self, self.words)

    @cached_property
    def given(self) -> Given:
        """Parameters from a file."""
        return Given(self, self.words, self.levels)

    @cached_property
    def curves(self) -> Curves:
        """Tables of the loss."""
        return Curves(self, self.words)

    @cached_property
    def converters(self) -> Converters:
        """On the way to a device outside and back."""
        return Converters(self, self.words)

    @cached_property
    def spi(self) -> Spi:
        """Buses of these converters."""
        return Spi(self, self.converters)

    @cached_property
    def data(self) -> OwnData:
        """Samples from files."""
        return OwnData(self)

    @cached_property
    def shape(self) -> Shape:
        """Layers, defects, samples."""
        return Shape(self, self.facts, self.words, self.data)

    @cached_property
    def placement(self) -> Placement:
        """Tiles and places of cells."""
        return Placement(self, self.facts, self.shape)

    @cached_property
    def codes(self) -> Codes:
        """Generators of codes."""
        return Codes(self, self.shape, self.placement)

    @cached_property
    def timing(self) -> Timing:
        """Latencies and throughput."""
        return Timing(self, self.facts, self.words, self.shape, self.placement, self.curves)
