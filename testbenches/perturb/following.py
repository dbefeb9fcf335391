"""What the benches of all codes share: commands at random, and a check of the wires in every clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from testbenches.support import clock, random_numbers, start

__all__ = ["follows"]

_State = TypeVar("_State")


async def follows(
    dut: Any,
    check: Callable[[_State], None],
    *,
    first: _State,
    loaded: Callable[[int], _State],
    advanced: Callable[[_State], _State],
    clocks: int,
    stall: float,
    reload: float,
    seeds: Sequence[int] = (),
) -> None:
    """Load and advance at random, reset once in between; ``check(state)`` in every clock.

    The state is ``first`` after reset, ``loaded(seed)`` after a load and ``advanced(state)`` after an
    advance; both at once are a load. There is no advance with probability ``stall``, and a load with
    probability ``reload``.
    """
    rng = random_numbers()
    await start(dut, advance=0, load=0)
    state, seed = first, 0
    for turn in range(clocks):
        advance, load, reset = rng.random() >= stall, rng.random() < reload, turn == clocks // 2
        if seeds:
            seed = int(rng.choice(seeds))
            await clock(dut, advance=advance, load=load, rst=reset, seed=seed)
        else:
            await clock(dut, advance=advance, load=load, rst=reset)
        check(state)
        if reset:
            state = first
        elif load:
            state = loaded(seed)
        elif advance:
            state = advanced(state)
