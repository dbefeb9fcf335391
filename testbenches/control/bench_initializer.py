"""Is every cell cleared, and then given its own random word, or its own given ones?"""

from __future__ import annotations

import cocotb

from mgd_hdl.config import LFSR, TrainerConfig
from testbenches.support import clock, configured, random_numbers, signed, start

SEEDS = (0, 1, 2, LFSR.mask, LFSR.mask - 1, 0x2AAAAAAA, 0x12345678)


def initial(config: TrainerConfig, seed: int) -> list[int]:
    """T of every parameter: the register's low bits as a signed word, sized for its layer."""
    width, state, found = config.words.parameter.width, LFSR.valid(seed), []
    for place in config.placement.places:
        low = state % 2**width
        word = low - 2**width if low >= 2 ** (width - 1) else low
        found.append(word // 2 ** config.levels.initial_shift(place.layer))
        state = LFSR.step(state)
    return found


def expected(config: TrainerConfig, seed: int) -> list[int]:
    """All words: of given parameters first those up to the rail, then what is left of any."""
    if not config.given:
        return initial(config, seed)
    rail = 2 ** (config.words.parameter.width - 2)
    first = [-rail if each < -rail else rail - 1 if each >= rail else each for each in config.given.theta]
    rest = [each - part for each, part in zip(config.given.theta, first, strict=True)]
    return [*first, *rest] if any(rest) else first


def seeded(config: TrainerConfig, seed: int) -> dict[str, int]:
    """The seed, where there is one."""
    return {} if config.given else {"seed": seed}


async def idles(dut, config: TrainerConfig, clocks: int) -> None:
    """Nothing for the array, whatever the seed."""
    for turn in range(clocks):
        await clock(dut, start=0, rst=0, **seeded(config, SEEDS[turn % len(SEEDS)]))
        assert [int(wire.value) for wire in (dut.busy, dut.done, dut.clear, dut.word)] == [0, 0, 0, 0]


async def sets_all(dut, config: TrainerConfig, seed: int, stop_after: int | None = None) -> None:
    """P + 2 clocks from the one after ``start``, with early enables P + 3; or a reset in one of them.

    Serial cells are cleared once, by the word -1, and every word is held while it passes.
    """
    clears, each = (1, config.timing.word_clocks) if config.serial else (2 + config.early, 1)
    await clock(dut, start=1, rst=0, **seeded(config, seed))
    assert [int(wire.value) for wire in (dut.busy, dut.word)] == [0, 0]
    cleared_with = []
    words = expected(config, seed)
    turns = [(turn, passed) for turn in range(len(words) + clears) for passed in range(each)]
    for turn, passed in turns:
        stops = turn == stop_after and passed == each - 1
        await clock(dut, start=0, rst=stops, **seeded(config, ~seed))
        assert int(dut.busy.value) == 1
        assert int(dut.clear.value) == (turn < clears)
        assert int(dut.done.value) == ((turn, passed) == turns[-1])
        if config.serial:
            assert int(dut.load.value) == (passed == 0), turn
        if turn < clears:
            cleared_with.append(signed(dut.word))
        else:
            place = config.placement.places[(turn - clears) % config.parameters]
            assert int(dut.rows.value) == 1 << place.row, turn
            assert int(dut.columns.value) == 1 << place.column, turn
            assert signed(dut.word) == words[turn - clears], turn
        if stops:
            return
    if config.serial:
        assert set(cleared_with) == {-1}
    else:
        assert {word < 0 for word in cleared_with} == {False, True}  # so that no rail refuses both


async def sets_chain(dut, config: TrainerConfig, seed: int, stop_after: int | None = None) -> None:
    """With loaded codes 2 P + 2 clocks: whose words they are says a chain of signs.

    For a second round another negative code runs down the chain.
    """
    await clock(dut, start=1, rst=0, **seeded(config, seed))
    assert [int(wire.value) for wire in (dut.busy, dut.word, dut.fill)] == [0, 0, 0]
    parameters, words = config.parameters, expected(config, seed)
    chain: list[int | None] = [None] * parameters
    cleared = []
    last = parameters + 1 + len(words)
    for turn in range(last + 1):
        await clock(dut, start=0, rst=turn == stop_after, **seeded(config, ~seed))
        assert int(dut.busy.value) == 1
        assert int(dut.done.value) == (turn == last)
        meant = [place for place, sign in enumerate(chain) if sign == 1 - int(dut.minus.value)]
        if turn < parameters:
            assert (int(dut.clear.value), int(dut.word.value)) == (0, 0)
        elif turn < parameters + 2:
            assert int(dut.clear.value) == 1
            assert meant == list(range(parameters))
            cleared.append(signed(dut.word) < 0)
        else:
            number = turn - parameters - 2
            assert int(dut.clear.value) == 0
            assert meant == [number % parameters]
            assert signed(dut.word) == words[number], turn
        if dut.fill.value == 1:
            chain = [int(dut.sign.value), *chain[:-1]]
        if turn == stop_after:
            return
    assert set(cleared) == {False, True}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_cell_takes_its_word(dut):
    """Again and again, from every seed, at once or after a pause, and after a reset in the middle."""
    config, rng = configured(), random_numbers()
    await start(dut, start=0, **seeded(config, 0))
    await idles(dut, config, 5)
    sets = sets_chain if config.loaded else sets_all
    for seed in SEEDS:
        await sets(dut, config, seed)
        await idles(dut, config, int(rng.integers(3)))
        await sets(dut, config, seed ^ 0x5A5A5A5A & LFSR.mask, int(rng.integers(config.parameters + 1)))
        await idles(dut, config, int(rng.integers(3)))
