"""Samples from an SDRAM: in which clock is each of them offered?"""

from __future__ import annotations

from mgd_hdl.config.sdram import SdramSamples

__all__ = ["offered"]

#: From the clock that asks for a sample's last word until the sample is offered.
_LATENCY = 3


def offered(samples: SdramSamples, load: int, count: int) -> list[int]:
    """The clocks in which the first ``count`` samples behind a load are offered, each taken at once.

    Clocks are counted from the first one after a reset, 0; ``load`` finds a filled memory, a row open, and no
    word on its way. Words are told one by one, and what stands in their way: a row that ends, a refresh that
    falls due before the word could be asked for.
    """
    chip, words = samples.chip, samples.sample_words
    found: list[int] = []
    clock, due = load + 1, -(-(load + 1) // chip.interval) * chip.interval
    leave = True
    for number in range(count * words):
        # A sample's first word waits until the sample before is taken, which is when it is offered.
        begin = found[-1] if found and number % words == 0 else 0
        while leave or due <= max(clock, begin):
            if not leave:
                clock = max(clock, due)
            clock += chip.precharge
            if due <= clock:
                clock, due = clock + chip.refresh, due + chip.interval
            clock, leave = clock + chip.activate, False
        asked = max(clock, begin)
        clock = asked + 1
        place = number % samples.size
        leave = (place + 1) % chip.columns == 0 or place + 1 == samples.size
        if (number + 1) % words == 0:
            found.append(asked + _LATENCY)
    return found
