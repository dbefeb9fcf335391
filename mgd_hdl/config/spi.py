"""Converters on an SPI bus: what is in their frames, and how many clocks these take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from .asked import Asked
from .converters import Converters
from .sections import SpiSection

__all__ = ["ADC_PARTS", "DAC_PARTS", "MAX_HALF", "Frames", "Spi", "SpiAdc", "SpiDac", "table_of"]

#: The longest half of a period of the clock on the wires, in clocks.
MAX_HALF = 1 << 16

_Table = Mapping[str, Any]


def _parts(**parts: dict[str, Any]) -> Mapping[str, _Table]:
    return MappingProxyType({name: MappingProxyType(table) for name, table in parts.items()})


# What data sheets say, with keys of the sections; ``bits`` are those of a code, ``at_once`` is the command
# that needs no LDAC. Times are at 5 V.

#: Microchip DS21897, DS22249: sixteen bits, A/B, buffer or none, gain, active, code. LDAC falls 40 ns after a
#: chip is let go, and a chip is selected 40 ns after the last clock.
_MCP48X2: dict[str, Any] = {
    "bits": 12, "frame_bits": 16, "data_low": 0, "channels": 2, "channel_low": 15, "mode": 0,
    "select_ns": 40, "ldac_ns": 100, "sclk_hz": 20_000_000, "command": 0x3000, "at_once": 0x3000,
}  # fmt: skip
#: Analog Devices AD5628/AD5648/AD5668: four bits of no meaning, command, address, code from the top. Command
#: 0 writes an input register, 3 writes one and lets it change its output.
_AD56X8: dict[str, Any] = {
    "frame_bits": 32, "channels": 8, "channel_low": 20, "mode": 1, "select_ns": 15, "ldac_ns": 20,
    "sclk_hz": 50_000_000, "command": 0, "at_once": 3 << 24,
}  # fmt: skip
DAC_PARTS = _parts(
    MCP4822=_MCP48X2,
    MCP4922=_MCP48X2,
    AD5628={**_AD56X8, "bits": 12, "data_low": 8},
    AD5668={**_AD56X8, "bits": 16, "data_low": 4},
    # Texas Instruments SBAS430: the same fields, other times.
    DAC8568={**_AD56X8, "bits": 16, "data_low": 4, "select_ns": 80, "ldac_ns": 80},
)

#: Microchip DS21295, DS21298: start, single-ended, three bits of the channel, a clock to sample, a null bit,
#: code.
_MCP3X08: dict[str, Any] = {
    "data_low": 0, "channels": 8, "mode": 0, "pipeline": 0, "echo_low": -1,
}  # fmt: skip
ADC_PARTS = _parts(
    MCP3008={
        **_MCP3X08, "bits": 10, "frame_bits": 17, "channel_low": 12, "command": 3 << 15, "zeros": 1 << 10,
        "select_ns": 270, "sclk_hz": 3_600_000,
    },
    MCP3208={
        **_MCP3X08, "bits": 12, "frame_bits": 19, "channel_low": 14, "command": 3 << 17, "zeros": 1 << 12,
        "select_ns": 500, "sclk_hz": 2_000_000,
    },
    # Analog Devices AD7908/AD7918/AD7928: write, normal power, 0 to twice the reference, straight binary; the
    # next frame brings it. Before that the input is acquired for 300 ns, from the fourteenth clock on.
    AD7928={
        "bits": 12, "frame_bits": 16, "data_low": 0, "channels": 8, "channel_low": 10, "mode": 2,
        "command": 0x8310, "pipeline": 1, "zeros": 1 << 15, "echo_low": 12, "select_ns": 200,
        "sclk_hz": 20_000_000,
    },
    # Texas Instruments SLAS605: manual mode, twice the reference; the frame after the next brings it. The
    # input is acquired for 325 ns, from the fourteenth clock on.
    ADS7953={
        "bits": 12, "frame_bits": 16, "data_low": 0, "channels": 16, "channel_low": 7, "mode": 0,
        "command": 0x1840, "pipeline": 2, "zeros": 0, "echo_low": 12, "select_ns": 200,
        "sclk_hz": 20_000_000,
    },
)  # fmt: skip


def table_of(section: SpiSection, parts: Mapping[str, _Table]) -> dict[str, Any]:
    """What is known of a section's part, with the keys of the section."""
    found = section.model_dump()
    known = parts.get(section.part, {})
    table = {**found, **known}
    for key in ("sclk_hz", "command"):
        if found[key] > {"sclk_hz": 0, "command": -1}[key]:
            table[key] = found[key]
    table["command"] = max(table["command"], 0)
    return table


@dataclass(frozen=True)
class Frames:
    """Frames on the wires of an SPI bus, in clocks.

    Attributes
    ----------
    bits : int
    half : int
        Half a period of the clock on the wires.
    gap : int
        No chip is selected for so long between two frames.
    mode : int
        Bit 1: the clock on the wires rests high. Bit 0: bits are taken at its second edge.
    lsb_first : bool
    chips : int
    """

    bits: int
    half: int
    gap: int
    mode: int
    lsb_first: bool
    chips: int

    @property
    def low(self) -> int:
        """A chip is selected for so long: half a period before the first edge and after the last one."""
        return (2 * self.bits + 1) * self.half

    @property
    def clocks(self) -> int:
        """From the begin of a frame to that of the next."""
        return self.low + self.gap


@dataclass(frozen=True)
class SpiDac:
    """Converters of parameters: code and channel are in a frame beside its command.

    Attributes
    ----------
    ldac : int
        Clocks for which all channels are let change; 0: there is no such wire.
    """

    frames: Frames
    data_low: int
    channels: int
    channel_low: int
    command: int
    setup: tuple[int, ...]
    ldac: int

    def clocks(self, words: int) -> int:
        """Clocks of a measurement's parameters, of which so many changed."""
        return words * (self.frames.clocks + 1) + (self.ldac if words else 0)


@dataclass(frozen=True)
class SpiAdc:
    """A converter of readings.

    Attributes
    ----------
    wait : int
        Clocks from the inputs to the first frame.
    reads : int
        Channels that are read.
    """

    frames: Frames
    data_low: int
    channels: int
    channel_low: int
    command: int
    pipeline: int
    zeros: int
    echo_low: int
    wait: int
    reads: int

    @property
    def clocks(self) -> int:
        """From the clock in which the device takes a request to that in which its reading is offered."""
        return 2 + self.wait + (self.reads + self.pipeline) * self.frames.clocks


@dataclass(frozen=True, eq=False)
class Spi:
    """The buses of a configuration; None where there is none."""

    asked: Asked
    converters: Converters

    @cached_property
    def dac_table(self) -> dict[str, Any]:
        return table_of(self.asked.dac, DAC_PARTS)

    @cached_property
    def adc_table(self) -> dict[str, Any]:
        return table_of(self.asked.adc, ADC_PARTS)

    @property
    def chips(self) -> int:
        """So many of the part have a channel for each parameter."""
        return -(-self.asked.parameters // int(self.dac_table["channels"]))

    @cached_property
    def dac(self) -> SpiDac | None:
        """Of parameters."""
        if not self.asked.spi_dac:
            return None
        table, ldac = self.dac_table, self.asked.dac.ldac
        command = table["command"]
        if not ldac and self.asked.dac.command < 0:
            command = table.get("at_once", command)
        return SpiDac(
            self._frames(table, self.chips),
            table["data_low"],
            table["channels"],
            table["channel_low"],
            command,
            table["setup"],
            max(1, self._clocks(table["ldac_ns"])) if ldac else 0,
        )

    @cached_property
    def adc(self) -> SpiAdc | None:
        """Of readings."""
        if not self.asked.spi_adc:
            return None
        table = self.adc_table
        return SpiAdc(
            self._frames(table, 1),
            table["data_low"],
            table["channels"],
            table["channel_low"],
            table["command"],
            table["pipeline"],
            table["zeros"],
            table["echo_low"],
            self.converters.clocks(table["wait"]),
            self.converters.channels,
        )

    def half(self, table: Mapping[str, Any]) -> int:
        """Clocks of half a period on the wires."""
        most: int = max(1, table["sclk_hz"])
        return max(1, -(-self.asked.host.clock_hz // (2 * most)))

    def _frames(self, table: Mapping[str, Any], chips: int) -> Frames:
        return Frames(
            table["frame_bits"],
            self.half(table),
            max(2, self._clocks(table["select_ns"])),
            table["mode"],
            table["bit_order"] == "lsb_first",
            chips,
        )

    def _clocks(self, nanoseconds: int) -> int:
        return math.ceil(nanoseconds * self.asked.host.clock_hz / 1e9)
