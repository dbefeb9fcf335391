"""The section [device]: what it needs, what follows from it, and which verbs cannot do without a network."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mgd_hdl.cli import main
from mgd_hdl.config import SQ, UQ, ConfigError, TrainerConfig, preset
from mgd_hdl.config.toml import preset_text
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.trainer import Trainer
from testbenches.given import given
from testbenches.host.devices import Network

XOR = preset("xor")
OUTSIDE = {"kind": "outside"}


def problems(**sections) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        XOR.replaced(**sections)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"device": {"average": 4}}, 'device.average = 4: needs device.kind = "outside"'),
        ({"device": {"parameters": [9]}}, 'device.parameters = [9]: needs device.kind = "outside"'),
        (
            {"device": {**OUTSIDE, "parameters": [9]}},
            "network.layers = [2, 2, 1]: must be [inputs, outputs], here [2, 1], with device.parameters",
        ),
        (
            {"device": OUTSIDE, "imperfections": {"activation_spread": 0.1}},
            "imperfections.activation_spread = 0.1: must be 0: a device outside has defects of its own",
        ),
        (
            {"device": {**OUTSIDE, "gives": "cost"}, "task": {"accuracy": True}},
            'task.accuracy = true: must be false with device.gives = "cost": no outputs are known',
        ),
        ({"device": {**OUTSIDE, "adc_bits": 3}}, "device.adc_bits = 3: must be 4 to 24, or 0 for none"),
        ({"device": {**OUTSIDE, "average": 3}}, "device.average = 3: must be a power of two, 1 to 1024"),
        (
            {"device": {**OUTSIDE, "legal": [1.0, 0.5]}},
            "device.legal = [1.0, 0.5]: must be [lowest, highest], or [] for any",
        ),
        (
            {"device": {**OUTSIDE, "dac_bits": 8, "dac_gain": [1.0, 2.0]}},
            "device.dac_gain = [1.0, 2.0]: must be a single number, or a list of 9: one for each parameter",
        ),
        (
            {"device": {**OUTSIDE, "adc_bits": 8, "adc_offset": [0.0, 0.1]}},
            "device.adc_offset = [0.0, 0.1]: must be a single number, or a list of 1: one for each channel",
        ),
        (
            {"device": {**OUTSIDE, "dac_bits": 8, "dac_gain": 0.0625}},
            "device.dac_gain = 0.0625: is too small: an amplitude of 2**-4 is 0.5 codes;"
            " raise it, the amplitude or device.dac_bits",
        ),
        (
            {"device": {**OUTSIDE, "adc_bits": 8, "adc_gain": 0.0}},
            "device.adc_gain = 0.0: must not be 0: nothing would be measured",
        ),
        (
            {"device": {**OUTSIDE, "settle": 400.0}},
            "device.settle = 400.0: must be at most 357.914, with host.clock_hz = 12000000",
        ),
        (
            {"device": OUTSIDE, "learning": {"updates": "delayed"}},
            'device.kind = "outside": updates must be "exact" with a device outside',
        ),
        (
            {"device": {**OUTSIDE, "parameters": [40000, 40000]}, "network": {"layers": [2, 1]}},
            "device.parameters = [40000, 40000]: has 80000 parameters; the array engine takes at most 65536",
        ),
    ],
)
def test_refused(sections, line):
    assert problems(**sections) == [line]


def test_parameters_of_a_device():
    config = XOR.replaced(device={**OUTSIDE, "parameters": [20, 5]}, network={"layers": [2, 1]})
    assert config.parameters == 25
    assert [(layer.first, layer.parameters) for layer in config.shape.layers] == [(0, 20), (20, 5)]
    assert [place is not None for place in config.placement.places] == [True] * 25


def test_formats_of_costs():
    """The device's own cost has its integer bits; a second one doubles the range."""
    given = XOR.replaced(device={**OUTSIDE, "gives": "cost", "cost_integer_bits": 3})
    assert given.words.cost == UQ(3, given.words.cost_change.fraction_bits)
    both = XOR.replaced(device={**OUTSIDE, "second_weight": 0.1, "cost_integer_bits": 3})
    assert both.words.cost == UQ(4, XOR.words.cost_change.fraction_bits)
    assert both.snapped["device.second_weight"] == (0.1, 410 / 4096)
    assert XOR.words.cost == XOR.replaced(device=OUTSIDE).words.cost
    assert XOR.words.cost_change == SQ(2, 12)


def test_nothing_else_changes():
    """Whoever has no such section has the same configuration and registers as with the default one."""
    text = preset_text("xor")
    assert "[device]" not in text
    assert TrainerConfig.build(XOR.model_dump(mode="json")) == XOR


def test_its_twin_is_the_loop():
    with pytest.raises(ConfigError, match=r'device\.kind = "outside": does not run by itself'):
        Trainer(XOR.replaced(device=OUTSIDE), [1])


@pytest.mark.parametrize(
    "verb",
    [
        "simulate",
        "compare",
        "probe --steps 9",
        "bitstream --board hx8k",
    ],
)
def test_verbs_refuse_in_one_line(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "device.toml").write_text(preset_text("xor") + '\n[device]\nkind = "outside"\n')
    name, *options = verb.split()
    assert main([name, "device.toml", *options]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert told.err.count("\n") == 1
    assert "mgd_hdl.host.ChipInTheLoop trains it" in told.err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["device.toml"]


def test_it_has_no_estimate(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "device.toml").write_text(preset_text("xor") + '\n[device]\nkind = "outside"\n')
    assert main(["estimate", "device.toml"]) == 2
    told = capsys.readouterr()
    assert not told.out
    assert told.err.count("\n") == 1
    assert 'device.kind = "outside": has no estimate' in told.err


@pytest.mark.parametrize("bus", ["none", "axi4lite"])
def test_generate_makes_it(bus, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sections = f'\n[device]\nkind = "outside"\ndac_bits = 12\ndac_gain = 0.25\n[host]\nbus = "{bus}"\n'
    (tmp_path / "device.toml").write_text(preset_text("xor") + sections)
    assert main(["generate", "device.toml", "-o", "out"]) == 0, capsys.readouterr().err
    facts = json.loads((tmp_path / "out" / f"{XOR.name}.ports.json").read_text())
    ports = {port["name"]: port for port in facts["ports"]}
    assert ports["m_axis_parameters_tdata"]["width"] == 16 + 8, "a code in two bytes, a number in one"
    parts = {
        part["name"]: (part["low"], part["width"]) for part in ports["m_axis_parameters_tdata"]["fields"]
    }
    assert parts == {"value": (0, 12), "index": (16, 4)}
    assert ("device_settle" in ports) == (bus == "none")
    if bus != "none":
        page = (tmp_path / "out" / f"{XOR.name}.registers.md").read_text()
        assert "`device_settle`" in page


def test_check_takes_it(tmp_path, capsys):
    file = tmp_path / "device.toml"
    file.write_text(preset_text("xor") + '\n[device]\nkind = "outside"\naverage = 4\n')
    assert main(["check", str(file)]) == 0
    assert "parameters" in capsys.readouterr().out


def test_given_parameters():
    """A file of dense layers is where their devices begin; those of unknown layers are refused it."""
    config = given(XOR).replaced(device=OUTSIDE)
    loop = ChipInTheLoop(Network(XOR), config)
    np.testing.assert_array_equal(loop.trainer.theta[0], config.given.theta)
    small = XOR.replaced(network={"layers": [2, 1]})
    with pytest.raises(ConfigError) as refused:
        given(small).replaced(device={**OUTSIDE, "parameters": [9]})
    (line,) = str(refused.value).splitlines()
    assert line.startswith('network.parameters = "given.npz": must be "" with device.parameters')
