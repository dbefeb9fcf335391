"""Reading and writing single parameters by words: which words, what the answer is, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mgd_hdl.config import TrainerConfig

from ..fixed import Flags, Ints

__all__ = ["Kind", "Visits", "blocks", "clocks", "reachable", "rounds", "visits", "written"]

#: What a parameter does with words: takes them all; keeps its value, but for words that are to find it out;
#: is always zero.
Kind = Literal["free", "stuck", "dead"]


def reachable(config: TrainerConfig) -> tuple[int, int]:
    """The least and the greatest T that words lead to: one word beyond the rail."""
    half, rail = 1 << config.words.parameter.width - 2, 1 << config.levels.rail
    return -rail - half, rail - 1 + half - 1


def written(config: TrainerConfig, before: Ints, theta: Ints, free: Flags) -> Ints:
    """What parameters hold after the host has written ``theta``.

    Parameters
    ----------
    config : TrainerConfig
    before, theta : Ints
        (R, P), T as it was and as it is to be, in ``config.words.parameter``.
    free : Flags
        (R, P) or (1, P): not stuck.
    """
    taken: Ints = np.where(free, np.clip(theta, *reachable(config)), before)
    return taken


def rounds(config: TrainerConfig) -> int:
    """How often a parameter is visited for one command."""
    clamped = config.levels.rail < config.words.parameter.width - 2
    tries = config.some_keep
    return config.words.parameter.width + 6 - 2 * clamped + 2 * tries


@dataclass(frozen=True)
class Visits:
    """One command.

    Attributes
    ----------
    words : tuple of int
        What each visit sends, 0 for nothing; the last one goes with the answer.
    answer : int
        T, after a write the new one.
    """

    words: tuple[int, ...]
    answer: int


def visits(config: TrainerConfig, theta: int, write: int | None = None, kind: Kind = "free") -> Visits:
    """The words for a parameter that holds ``theta``, which is read or set to ``write``."""
    width, rail = config.words.parameter.width, 1 << config.levels.rail
    half = 1 << width - 2
    clamped = rail < half
    moves = kind != "dead"
    words: list[int] = []
    now = theta

    def send(word: int) -> None:
        nonlocal now
        words.append(word)
        outside = now >= rail if word > 0 else now < -rail
        now += word * (moves and not outside)

    for _ in range(2 if clamped else 3):
        send(-half)
    for word in [rail] if clamped else [half // 2] * 2:
        send(word)
    # As if all words were taken: what is known of a dead one is that it never moved.
    seen = -half if kind == "dead" else now
    for k in reversed(range(width - 2)):
        word = (1 << k) if seen < 0 or kind == "dead" else -(1 << k)
        send(word)
        seen = now
    send(1 if seen < 0 or kind == "dead" else 0)
    answer = theta
    if write is not None and kind == "free":
        answer = min(max(write, reachable(config)[0]), reachable(config)[1])
    if config.some_keep:
        words += [-1, 1]
    if not -half <= answer < half:
        beyond = -half if answer < 0 else half - 1
        send(answer - beyond)
        send(beyond)
    else:
        send(answer)
        send(0)
    return Visits(tuple(words), answer)


def blocks(config: TrainerConfig, indices: Sequence[int]) -> list[list[int]]:
    """Commands that share their rounds, of those that wait one behind the other: while indices rise."""
    found: list[list[int]] = []
    for index in indices:
        if not found or len(found[-1]) == config.timing.access_slots or index <= found[-1][-1]:
            found.append([])
        found[-1].append(index)
    return found


def clocks(config: TrainerConfig, indices: Sequence[int]) -> int:
    """From the clock in which the door opens for commands that all wait to the one in which it has closed.

    Not where codes are a chain, through which the place moves too.
    """
    beat = config.timing.access_beat
    # The first commands come in a round of their own, and the last words leave in one.
    turns = len(blocks(config, indices)) * rounds(config) + 2
    return turns * config.timing.access_slots * beat - (beat - 1)
