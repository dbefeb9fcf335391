"""Readings of an SPI converter: what is asked, and what is made of the answers."""

from __future__ import annotations

from collections.abc import Sequence

from mgd_hdl.config import TrainerConfig

__all__ = ["asked", "reading"]


def asked(config: TrainerConfig) -> list[int]:
    """The frames of a request; those behind the last channel ask for what nobody wants."""
    adc = config.spi.adc
    assert adc is not None
    count = adc.reads + adc.pipeline
    return [adc.command + (number % adc.channels << adc.channel_low) for number in range(count)]


def reading(config: TrainerConfig, came: Sequence[int]) -> tuple[list[int], bool]:
    """The code of each channel of the frames that came back, and whether the converter can't have said it."""
    adc, bits = config.spi.adc, config.converters.reading_bits
    assert adc is not None
    codes, bad = [], False
    for channel, word in enumerate(came[adc.pipeline :]):
        codes.append(word >> adc.data_low & (1 << bits) - 1)
        echoed = adc.echo_low < 0 or (word >> adc.echo_low) % adc.channels == channel
        bad = bad or not echoed or word & adc.zeros != 0
    return codes, bad
