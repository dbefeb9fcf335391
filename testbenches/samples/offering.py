"""What the benches of all sources on the chip share: takers at random, and a check in every clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from testbenches.support import clock, random_numbers, start

__all__ = ["offers"]


async def offers(
    dut: Any,
    tries: Callable[[int], Iterator[int | None]],
    *,
    stall: float,
    reload: float,
    clocks: int,
    seeds: Sequence[int] = (),
) -> int:
    """Take samples and load seeds at random, reset once in between; every clock as it should be.

    ``tries(seed)`` is what the source tries from a load on, one in each clock in which it holds no
    sample or one is taken: a sample as the word of the port, or None. After a reset the seed is 1. The taker
    waits with probability ``stall``, a load comes with probability ``reload``.

    Returns
    -------
    int
        Samples taken.
    """
    rng = random_numbers()
    await start(dut, load=0, o__ready=0, **dict.fromkeys(["seed"] * bool(seeds), 0))
    await clock(dut, rst=1)
    coming, offered, taken = tries(1), None, 0
    for turn in range(clocks):
        ready, load, reset = rng.random() >= stall, rng.random() < reload, turn == clocks // 2
        seed = int(rng.choice(seeds)) if seeds else 0
        await clock(dut, o__ready=ready, load=load, rst=reset, **dict.fromkeys(["seed"] * bool(seeds), seed))
        assert int(dut.o__valid.value) == (offered is not None), turn
        if offered is not None:
            assert int(dut.o__payload.value) == offered, turn
            taken += ready and not (load or reset)
        if reset or load:
            coming, offered = tries(1 if reset else seed), None
        elif offered is None or ready:
            offered = next(coming)
    return taken
