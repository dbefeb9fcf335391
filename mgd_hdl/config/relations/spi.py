"""What converters on an SPI bus need of everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..derived import Derived
from ..errors import Problem, shown
from ..sections import AdcSection, DacSection, SpiSection
from ..spi import ADC_PARTS, DAC_PARTS, MAX_HALF
from .relation import Relations

__all__ = ["RELATIONS"]

RELATIONS = relation = Relations()

#: Chips of one bus.
MOST_CHIPS = 128

_SECTIONS: Mapping[str, type[SpiSection]] = {"dac": DacSection, "adc": AdcSection}
_PARTS = {"dac": DAC_PARTS, "adc": ADC_PARTS}
#: Keys that go with every part.
_OF_ALL = {
    "dac": ("part", "sclk_hz", "command", "ldac", "setup"),
    "adc": ("part", "sclk_hz", "command", "wait"),
}
_KEYS = tuple(f"{bus}.{key}" for bus, section in _SECTIONS.items() for key in section.model_fields)


def _used(config: Derived) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each bus that there is: its name, its section, what is known of its part."""
    if config.spi_dac:
        yield "dac", config.dac, config.spi.dac_table
    if config.spi_adc:
        yield "adc", config.adc, config.spi.adc_table


@relation("device.kind", *_KEYS)
def _needs_a_part(config: Derived) -> Iterator[Problem]:
    """A key that nobody would read is a mistake."""
    for bus, kind in _SECTIONS.items():
        section = getattr(config, bus)
        own = section.part == "own"
        if section.part != "none" and not config.outside:
            yield Problem(f"{bus}.part", shown(section.part), 'needs device.kind = "outside"')
            continue
        for key in kind.model_fields:
            value = getattr(section, key)
            if key == "part" or value == kind.model_fields[key].default or own:
                continue
            if section.part == "none":
                yield Problem(f"{bus}.{key}", shown(value), f"needs {bus}.part")
            elif key not in _OF_ALL[bus]:
                yield Problem(
                    f"{bus}.{key}", shown(value), f"must be left out with {bus}.part = {shown(section.part)}"
                )


@relation("device.kind", "device.sends", "dac.part")
def _a_stream(config: Derived) -> Iterator[Problem]:
    if config.spi_dac and config.device.sends not in ("changes", "all"):
        yield Problem("device.sends", shown(config.device.sends), 'must be "changes" or "all" with dac.part')


@relation("device.kind", "device.dac_bits", "device.adc_bits", "device.dac_coding", "device.adc_coding",
          "dac.part", "adc.part")  # fmt: skip
def _codes(config: Derived) -> Iterator[Problem]:
    """A known part has as many bits as it has, and its lowest code is all zeros."""
    for bus, section, table in _used(config):
        bits = getattr(config.device, f"{bus}_bits")
        wanted = table.get("bits")
        if wanted is None and not bits:
            yield Problem(f"device.{bus}_bits", "0", f'must be 4 to 24 with {bus}.part = "own"')
        elif wanted is not None and bits != wanted:
            yield Problem(
                f"device.{bus}_bits", str(bits), f"must be {wanted} with {bus}.part = {shown(section.part)}"
            )
        coding = getattr(config.device, f"{bus}_coding")
        if wanted is not None and coding != "offset_binary":
            yield Problem(
                f"device.{bus}_coding",
                shown(coding),
                f'must be "offset_binary" with {bus}.part = {shown(section.part)}',
            )


@relation("device.kind", "device.dac_bits", "device.adc_bits", *_KEYS)
def _frames(config: Derived) -> Iterator[Problem]:
    """Fields lie in the frame, and none on another."""
    for bus, section, table in _used(config):
        frame = table["frame_bits"]
        if not frame:
            yield Problem(f"{bus}.frame_bits", "0", f'must be 4 to 64 with {bus}.part = "own"')
            continue
        places = (table["channels"] - 1).bit_length()
        code = ((1 << getattr(config.device, f"{bus}_bits")) - 1) << table["data_low"]
        channel = ((1 << places) - 1) << table["channel_low"]
        command = table["command"]
        # What an ADC is sent has no code.
        sent = [("channel_low", channel), ("command", command)]
        sent = [("data_low", code), *sent] if bus == "dac" else sent
        taken = 0
        for key, field in sent:
            if field & taken:
                yield Problem(
                    f"{bus}.{key}",
                    shown(getattr(section, key)),
                    "must keep to bits that are not used otherwise",
                )
                return
            taken |= field
        came = [("zeros", table["zeros"]), ("data_low", code)] if bus == "adc" else []
        if bus == "adc" and table["echo_low"] >= 0:
            came.append(("echo_low", ((1 << places) - 1) << table["echo_low"]))
        for key, field in (*sent, *came, *(("setup", each) for each in table.get("setup", ()))):
            if field >> frame:
                yield Problem(
                    f"{bus}.{key}",
                    shown(getattr(section, key)),
                    f"must be within the {frame} bits of a frame",
                )
                return


@relation("device.kind", "host.clock_hz", *_KEYS)
def _clock(config: Derived) -> Iterator[Problem]:
    for bus, section, table in _used(config):
        most = _PARTS[bus].get(section.part, {}).get("sclk_hz")
        asked = section.sclk_hz
        least = -(-config.host.clock_hz // (2 * MAX_HALF))
        if most is None and not asked:
            yield Problem(f"{bus}.sclk_hz", "0", f'must be 1 or more with {bus}.part = "own"')
        elif most is not None and asked > most:
            yield Problem(
                f"{bus}.sclk_hz",
                str(asked),
                f"must be at most {most} with {bus}.part = {shown(section.part)}",
            )
        elif table["sclk_hz"] < least:
            yield Problem(
                f"{bus}.sclk_hz",
                str(asked),
                f"must be {least} or more with host.clock_hz = {config.host.clock_hz}",
            )


@relation("device.kind", "device.parameters", "device.gives", "network.layers", *_KEYS)
def _enough(config: Derived) -> Iterator[Problem]:
    if config.spi_dac and config.spi.chips > MOST_CHIPS:
        yield Problem(
            "dac.part",
            shown(config.dac.part),
            f"would be {config.spi.chips} chips for {config.parameters} parameters; must be at most"
            f" {MOST_CHIPS}",
        )
    if config.spi_adc and config.converters.channels > config.spi.adc_table["channels"]:
        yield Problem(
            "adc.part",
            shown(config.adc.part),
            f"has {config.spi.adc_table['channels']} channels; must have {config.converters.channels}",
        )


@relation("device.kind", "device.pause", "device.time_out", "device.parameters", "network.layers",
          "device.gives", "device.dac_bits", "device.adc_bits", "host.clock_hz", *_KEYS)  # fmt: skip
def _in_time(config: Derived) -> Iterator[Problem]:
    """A limit that no measurement could keep would make each a fault."""
    if config.spi.dac is not None and config.device.pause:
        needs = config.spi.dac.clocks(config.parameters) / config.host.clock_hz
        if config.device.pause <= needs:
            yield Problem(
                "device.pause",
                shown(config.device.pause),
                f"must be above {needs:.3g}, in which all parameters are written, or 0 for any time",
            )
    if config.spi.adc is not None and config.device.time_out:
        needs = config.spi.adc.clocks / config.host.clock_hz
        if config.device.time_out <= needs:
            yield Problem(
                "device.time_out",
                shown(config.device.time_out),
                f"must be above {needs:.3g}, in which a reading is there, or 0 for any time",
            )
