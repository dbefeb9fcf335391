"""Parameters to SPI converters: which frame goes to which chip?"""

from __future__ import annotations

from mgd_hdl.config import TrainerConfig

__all__ = ["frame"]


def frame(config: TrainerConfig, index: int, code: int) -> tuple[int, int]:
    """The chip and the frame that a parameter's code is written with."""
    dac = config.spi.dac
    assert dac is not None
    chip, channel = divmod(index, dac.channels)
    return chip, dac.command + (channel << dac.channel_low) + (code << dac.data_low)
