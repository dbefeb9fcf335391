"""How perturbed parameters reach the network: as words side by side, or bit by bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["AWAY", "BITS", "PARALLEL", "Delivery", "words"]


@dataclass(frozen=True)
class Delivery:
    """What stands at the network's ports ``weights_k_j``, and for how long.

    Attributes
    ----------
    kind
        ``parallel``: every parameter's word in one clock, one measurement after the other in following
        clocks. ``bits``: one bit of every parameter a clock, the lowest first, with a mark for the first and
        for the last; inputs are held meanwhile. ``words``: so many whole words a clock, in the order of a
        sweep, to a network that is folded. Kept free for engines to come, which no network here takes yet, is
        ``away``: the network is outside, and only its cost comes back.
    lanes : int
        Of ``words``: how many.
    """

    kind: Literal["parallel", "bits", "words", "away"]
    lanes: int = 0

    @property
    def marked(self) -> bool:
        """Each layer is told which bits are the first and the last."""
        return self.kind == "bits"

    def wires(self, width: int) -> int:
        """From each cell to the network, for parameters of so many bits."""
        return {"parallel": width, "bits": 1, "words": width}[self.kind]

    def clocks(self, width: int) -> int:
        """Until a neuron has all its products, from the first that it reads."""
        return {"parallel": 1, "bits": width, "words": 1}[self.kind]


PARALLEL = Delivery("parallel")
BITS = Delivery("bits")
AWAY = Delivery("away")


def words(lanes: int) -> Delivery:
    """So many whole words a clock, from a memory."""
    return Delivery("words", lanes)
