"""The sections [dac] and [adc]: what they need, and what is said of tables that are no part's."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.cli import main
from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.config.sections import AdcSection, DacSection
from mgd_hdl.config.spi import ADC_PARTS, DAC_PARTS
from mgd_hdl.config.toml import loads, preset_text, text_of

XOR = preset("xor")
DEVICE = {"kind": "outside", "dac_bits": 12, "adc_bits": 12}
OWN = {"part": "own", "frame_bits": 16, "sclk_hz": 1_000_000}


def line(**sections: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        XOR.replaced(**{"device": DEVICE, **sections})
    (found,) = str(refused.value).splitlines()
    return found


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"device": {}, "dac": {"part": "MCP4922"}},
            'dac.part = "MCP4922": needs device.kind = "outside"',
        ),
        ({"dac": {"setup": [1]}}, "dac.setup = [1]: needs dac.part"),
        ({"adc": {"wait": 1.0}}, "adc.wait = 1.0: needs adc.part"),
        (
            {"dac": {"part": "MCP4922", "mode": 1}},
            'dac.mode = 1: must be left out with dac.part = "MCP4922"',
        ),
        (
            {"adc": {"part": "AD7928", "pipeline": 2}},
            'adc.pipeline = 2: must be left out with adc.part = "AD7928"',
        ),
        (
            {"device": {**DEVICE, "sends": "parallel"}, "dac": {"part": "MCP4922"}},
            'device.sends = "parallel": must be "changes" or "all" with dac.part',
        ),
        (
            {"device": {**DEVICE, "dac_bits": 10}, "dac": {"part": "MCP4922"}},
            'device.dac_bits = 10: must be 12 with dac.part = "MCP4922"',
        ),
        (
            {"device": {**DEVICE, "adc_bits": 0}, "adc": {"part": "MCP3008"}},
            'device.adc_bits = 0: must be 10 with adc.part = "MCP3008"',
        ),
        (
            {"device": {**DEVICE, "adc_bits": 0}, "adc": OWN},
            'device.adc_bits = 0: must be 4 to 24 with adc.part = "own"',
        ),
        (
            {"device": {**DEVICE, "dac_coding": "twos_complement"}, "dac": {"part": "AD5628"}},
            'device.dac_coding = "twos_complement": must be "offset_binary" with dac.part = "AD5628"',
        ),
        ({"dac": {**OWN, "frame_bits": 0}}, 'dac.frame_bits = 0: must be 4 to 64 with dac.part = "own"'),
        ({"dac": {**OWN, "data_low": 5}}, "dac.data_low = 5: must be within the 16 bits of a frame"),
        ({"dac": {**OWN, "setup": [65536]}}, "dac.setup = [65536]: must be within the 16 bits of a frame"),
        ({"adc": {**OWN, "zeros": 65536}}, "adc.zeros = 65536: must be within the 16 bits of a frame"),
        (
            {"adc": {**OWN, "channels": 8, "echo_low": 14}},
            "adc.echo_low = 14: must be within the 16 bits of a frame",
        ),
        (
            {"dac": {**OWN, "channels": 2, "channel_low": 11}},
            "dac.channel_low = 11: must keep to bits that are not used otherwise",
        ),
        (
            {"dac": {**OWN, "command": 0x800}},
            "dac.command = 2048: must keep to bits that are not used otherwise",
        ),
        ({"dac": {**OWN, "channels": 3}}, "dac.channels = 3: must be a power of two, 1 to 64"),
        ({"dac": {**OWN, "sclk_hz": 0}}, 'dac.sclk_hz = 0: must be 1 or more with dac.part = "own"'),
        (
            {"dac": {"part": "MCP4922", "sclk_hz": 30_000_000}},
            'dac.sclk_hz = 30000000: must be at most 20000000 with dac.part = "MCP4922"',
        ),
        (
            {"dac": {**OWN, "sclk_hz": 91}},
            "dac.sclk_hz = 91: must be 92 or more with host.clock_hz = 12000000",
        ),
        (
            {
                "network": {"layers": [2, 1]},
                "device": {**DEVICE, "parameters": [257]},
                "dac": {"part": "MCP4922"},
            },
            'dac.part = "MCP4922": would be 129 chips for 257 parameters; must be at most 128',
        ),
        ({"adc": {"part": "LTC1867"}}, None),
        (
            {"device": {**DEVICE, "pause": 1e-5}, "dac": {"part": "MCP4922"}},
            "device.pause = 1e-05: must be above 2.72e-05, in which all parameters are written, or 0 for any"
            " time",
        ),
        (
            {"device": {**DEVICE, "time_out": 1e-5}, "adc": {"part": "MCP3208"}},
            "device.time_out = 1e-05: must be above 1.04e-05, in which a reading is there, or 0 for any time",
        ),
    ],
)
def test_what_is_refused(sections, said):
    found = line(**sections)
    if said is None:
        assert found.startswith('adc.part = "LTC1867": must be ')
    else:
        assert found == said


def test_more_channels_than_there_are():
    with pytest.raises(ConfigError, match=r'adc\.part = "MCP3208": has 8 channels; must have 9'):
        XOR.replaced(
            network={"layers": [2, 9]},
            task={"name": "external", "source": "stream"},
            device={**DEVICE, "parameters": [9]},
            adc={"part": "MCP3208"},
        )


def test_a_bad_file_ends_with_its_line(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    file.write_text(f'{preset_text("xor")}\n[device]\nkind = "outside"\n[dac]\npart = "MCP4922"\n')
    assert main(["check", str(file)]) == 2
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith('device.dac_bits = 0: must be 12 with dac.part = "MCP4922"')
    )


@pytest.mark.parametrize(
    ("section", "parts"), [(DacSection, DAC_PARTS), (AdcSection, ADC_PARTS)], ids=["dac", "adc"]
)
def test_known_parts_are_tables(section, parts):
    """Each has the keys of a user's own table, and a user can write the same table down."""
    listed = set(section.model_json_schema()["properties"]["part"]["enum"])
    assert listed == {"none", "own", *parts}
    bus = "dac" if section is DacSection else "adc"
    for part, table in parts.items():
        keys = {key: value for key, value in table.items() if key not in ("bits", "at_once")}
        assert set(keys) <= set(section.model_fields)
        device = {"kind": "outside", f"{bus}_bits": table["bits"]}
        known = XOR.replaced(device=device, **{bus: {"part": part}})
        own = XOR.replaced(device=device, **{bus: {"part": "own", **keys}})
        assert getattr(known.spi, bus) == getattr(own.spi, bus)


def test_there_and_back():
    config: TrainerConfig = XOR.replaced(
        device=DEVICE, dac={"part": "MCP4822", "setup": [0x3000]}, adc={"part": "ADS7953"}
    )
    assert loads(text_of(config)) == config
