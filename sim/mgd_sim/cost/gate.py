"""Cost changes that are too small to be believed become zero, and large ones are limited."""

from __future__ import annotations

from ..fixed import Ints, namespace

__all__ = ["Gate"]


class Gate:
    """``0`` where ``|C~| <= gate``, else C~ limited to ``-limit .. limit``; both in last bits of C~."""

    def __init__(self, limit: int, gate: int):
        self.limit, self.gate = limit, gate

    def __call__(self, cost_change: Ints) -> Ints:
        """What goes into the sum of the hold: same shape and format."""
        xp = namespace(cost_change)
        limited = xp.maximum(xp.minimum(cost_change, self.limit), -self.limit)
        passed: Ints = xp.where(abs(cost_change) <= self.gate, 0, limited)
        return passed
