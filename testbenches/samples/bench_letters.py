"""Is every image a letter at its place with its pixels flipped, and the target the letter's?"""

from __future__ import annotations

from collections.abc import Iterator

import cocotb

from mgd_hdl.config import LFSR
from mgd_sim.rtl import bench_parameters
from testbenches.samples.offering import drawn_ahead, offers
from testbenches.support import configured

SEEDS = (0, 1, LFSR.mask, 0x2AAAAAAA, 0x12345678, 0x5EED5EED, 0x00C0FFEE)

#: The four letters in the middle of the field, drawn here once more.
PICTURES = """
    .......  .......  .......  .......
    .#...#.  .#####.  ..####.  .#####.
    .##..#.  ...#...  .#.....  ...#...
    .#.#.#.  ...#...  ..###..  ...#...
    .#..##.  ...#...  .....#.  ...#...
    .#...#.  .#####.  .####..  ...#...
    .......  .......  .......  .......
"""


def middle(letter: int) -> set[tuple[int, int]]:
    """Row and column of the pixels that are on."""
    rows = [line.split()[letter] for line in PICTURES.strip().splitlines()]
    return {(i, j) for i, row in enumerate(rows) for j, pixel in enumerate(row) if pixel == "#"}


def sample(drawn: int, *, centered: bool) -> tuple[set[int], int] | None:
    """The pixels that are on, and the letter, that the low bits of a register stand for."""
    letter, down, right = drawn % 4, drawn // 4 % 4, drawn // 16 % 4
    first, second = drawn // 64 % 64, drawn // 4096 % 64
    if max(first, second) > 49 or (first == second and first not in (0, 49)):
        return None
    if centered:
        down = right = 1
    elif 3 in (down, right):
        return None
    image = {7 * (i + down - 1) + j + right - 1 for i, j in middle(letter)}
    flipped = {first, second} - {49} if first != second else set()
    return image ^ flipped, letter


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("stall", "reload"), [(0.0, 0.01), (0.6, 0.05)]))
async def images_are_those_of_the_register(dut, stall, reload):
    """Candidates in every clock, or when somebody takes one."""
    config, centered = configured(), bench_parameters()["centered"]
    one, width = 1 << config.formats.target.fraction_bits, config.formats.target.width
    seen: set[tuple[int, int]] = set()

    def tries(seed: int) -> Iterator[int | None]:
        state = LFSR.valid(seed)
        while True:
            found = sample(state, centered=centered)
            if found is None:
                yield None
            else:
                pixels, letter = found
                seen.add((letter, len(pixels ^ {7 * i + j for i, j in middle(letter)})))
                yield sum(1 << pixel for pixel in pixels) | one << (49 + letter * width)
            state = LFSR.step(state)

    if config.shape.draws_ahead:
        missed = await drawn_ahead(dut, tries, stall=stall, reload=reload / 8, clocks=2500, seeds=SEEDS)
        assert missed <= 0.04
        return
    taken = await offers(dut, tries, stall=stall, reload=reload, clocks=1500, seeds=SEEDS)
    assert {letter for letter, _ in seen} == {0, 1, 2, 3}
    assert {flips for _, flips in seen} == {0, 1, 2} if centered else len(seen) > 20
    # One candidate in three is an image, or one in 1.7.
    share = (2500 / 4096) * (1 if centered else 9 / 16)
    assert taken > 0.8 * 1500 * (share if not stall else 0.4 * share)
