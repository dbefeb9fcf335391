"""Samples from an SDRAM: in which clock is each of them offered?"""

from __future__ import annotations

from mgd_hdl.config.sdram import PLACES, SdramInputs, SdramSamples

__all__ = ["inputs_offered", "offered"]

#: From the clock that asks for a word until what it brings is offered.
_LATENCY = 3


class _Chip:
    """When the words behind a load are asked for, one by one, and what stands in their way: a row that ends,
    a refresh that falls due before the word could be asked for.

    Clocks are counted from the first one after a reset, 0; ``load`` finds a filled memory, a row open, and no
    word on its way.
    """

    def __init__(self, samples: SdramSamples, load: int):
        self.samples, self.chip = samples, samples.chip
        self.place, self.leave = 0, True
        self.clock = load + 1
        self.due = -(-(load + 1) // self.chip.interval) * self.chip.interval

    def asks(self, begin: int) -> int:
        """The clock in which the next word is asked for, not before ``begin``."""
        chip = self.chip
        while self.leave or self.due <= max(self.clock, begin):
            if not self.leave:
                self.clock = max(self.clock, self.due)
            self.clock += chip.precharge
            if self.due <= self.clock:
                self.clock, self.due = self.clock + chip.refresh, self.due + chip.interval
            self.clock, self.leave = self.clock + chip.activate, False
        asked = max(self.clock, begin)
        self.clock = asked + 1
        self.place = (self.place + 1) % self.samples.size
        self.leave = self.place % chip.columns == 0
        return asked


def offered(samples: SdramSamples, load: int, count: int) -> list[int]:
    """The clocks in which the first ``count`` samples behind a load are offered, each taken at once."""
    chip = _Chip(samples, load)
    found: list[int] = []
    for _ in range(count):
        # Words wait until the sample before is taken, which is when it is offered.
        asked = [chip.asks(found[-1] if found else 0) for _ in range(samples.sample_words)]
        found.append(asked[-1] + _LATENCY)
    return found


def inputs_offered(samples: SdramInputs, load: int, count: int) -> list[int]:
    """The clocks in which the inputs of the first ``count`` samples behind a load are offered, each taken at
    once.
    """
    chip = _Chip(samples, load)
    found: list[int] = []
    left = [0] * PLACES  # when the last words have left
    full = samples.sample_words - samples.target_words - 1
    inputs = [*[0] * samples.target_words, *[samples.word_inputs] * full, samples.last_inputs]
    for number in inputs * count:
        # A word is asked for as one leaves, and is the first of those that wait behind the one before.
        first = max(chip.asks(left[0]) + _LATENCY, left[-1] + 1)
        left = [*left[1:], first + max(number, 1) - 1]
        found += range(first, first + number)
    return found
