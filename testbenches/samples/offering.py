"""What the benches of all sources on the chip share: takers at random, and a check in every clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mgd_hdl.config import TrainerConfig
from testbenches.support import clock, random_numbers, start

__all__ = ["begins_anew", "drawn_ahead", "is_input", "offers"]


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


async def drawn_ahead(
    dut: Any,
    tries: Callable[[int], Iterator[int | None]],
    *,
    stall: float,
    reload: float,
    clocks: int,
    seeds: Sequence[int],
) -> float:
    """As :func:`offers`, where samples wait for their turn: each comes in its order and stays until it is
    taken.

    The taker takes one in every other clock, like a step, or with ``stall`` later.

    Returns
    -------
    float
        Of the clocks in which it would have taken one, once some could wait, the share in which there was
        none.
    """
    rng = random_numbers()
    await start(dut, load=0, o__ready=0, seed=0)
    await clock(dut, rst=1)
    coming, since, waits = filter(None.__ne__, tries(1)), 0, [0, 0]
    following, shown, rests = next(coming), False, False
    for turn in range(clocks):
        ready = not rests and rng.random() >= stall
        load, reset = rng.random() < reload, turn == clocks // 2
        seed = int(rng.choice(seeds))
        await clock(dut, o__ready=ready, load=load, rst=reset, seed=seed)
        offered = bool(dut.o__valid.value)
        assert offered or not shown, turn  # what is offered stays
        if offered:
            assert int(dut.o__payload.value) == following, turn
        if ready and since > 40:
            waits[offered] += 1
        since, rests, shown = since + 1, ready and offered, offered and not ready
        if reset or load:
            coming = filter(None.__ne__, tries(1 if reset else seed))
            since, shown = 0, False
        if reset or load or (ready and offered):
            following = next(coming)
    return waits[0] / max(1, sum(waits))


def is_input(config: TrainerConfig, word: int, x: int, target: int | None, first: bool) -> None:
    """The word of a port is that of an input; its targets count where they are given."""
    width = config.formats.input.width
    assert word & ((1 << width) - 1) == x
    assert word >> (width + config.target_bits) == first
    if target is not None:
        assert word >> width & ((1 << config.target_bits) - 1) == target


async def begins_anew(
    bench: Any, check: Callable[[Any], None], *, stall: float, most: int, rest: int
) -> tuple[int, int]:
    """Take at random what a memory on other wires sends: each is offered until it is taken; a load, at any
    time, begins at the first one; so does a reset, behind which ``rest`` clocks pass without a load.

    ``bench.coming()`` is what is offered from a load on, ``check`` compares one of these with the port, and
    ``most`` are the clocks that one takes once it is awake.

    Returns
    -------
    taken, loads : int
    """
    rng = random_numbers()
    expected, following, taken, since, loads = bench.coming(), None, 0, 0, 0
    for turn in range(2_500):
        ready = rng.random() >= stall
        load, reset = turn == 0 or rng.random() < 1 / 300, turn in (700, 1_600)
        load = (load and not 700 < turn < 700 + rest) or turn in (700 + rest, 1_650)
        offered = await bench.clock(o__ready=ready, load=load, rst=reset)
        if offered:
            assert following is not None, turn
            check(following)
        since = 0 if offered or following is None else since + 1
        assert since <= most + bench.wake + 40, "none comes"
        if reset:
            following = None
        elif load:
            expected, loads = bench.coming(), loads + 1
            following = next(expected)
        elif offered and ready:
            following = next(expected)
            taken += 1
    return taken, loads
