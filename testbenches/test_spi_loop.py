"""Through converters of data sheets a loop learns, equal in every state to the software around the device."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.ports import DEVICE_FAULTS
from mgd_hdl.emit import trainer_files
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.compare import first_difference, states
from testbenches.device.parts import ADCS, DACS, own
from testbenches.linting import lint
from testbenches.spi_device import Paths, circuit
from testbenches.test_loop import no_lint


def loop(dac: str, adc: str, /, **sections: Any) -> TrainerConfig:
    """Four parameters, from -2 to 2 over the whole range, and one output from 0 to 1."""
    base = {
        "network": {"layers": [2, 1], "initial": 0.125},
        "formats": {"parameter": "SQ(2, 14)", "cost_change": "SQ(2, 12)"},
        "perturbation": {"amplitude": 0.03125},
        "learning": {"rate": 2.0**-6, "tau_p": 4, "tau_theta": 4},
        "device": {
            "kind": "outside", "parameters": [4], "dac_bits": DACS[dac].bits, "dac_gain": 0.5,
            "adc_bits": ADCS[adc].bits, "adc_gain": 0.5, "adc_offset": -1.0, "time_out": 1e-3, "settle": 2e-6,
        },
        "dac": own(dac) if dac == "AD5320" else {"part": dac},
        "adc": {"part": adc},
    }  # fmt: skip
    for section, keys in sections.items():
        base[section] = {**base.get(section, {}), **keys}
    return preset("xor").replaced(**base)


CASES = {
    "MCP4922, MCP3208": ("MCP4922", "MCP3208", {}),
    "DAC8568, AD7928, 100 MHz": (
        "DAC8568",
        "AD7928",
        {"dac": {"setup": [0x0800_0001]}, "host": {"clock_hz": 100_000_000}},
    ),
    "a part of my own, ADS7953, serial, two-sided": (
        "AD5320",
        "ADS7953",
        {
            "engine": {"cell": "serial"},
            "learning": {"measure": "two_sided"},
            "device": {"average": 2},
            "adc": {"wait": 1e-6},
        },
    ),
    "MCP4822, MCP3008, another reset, all are sent": (
        "MCP4822",
        "MCP3008",
        {"host": {"reset": "rst_n"}, "device": {"sends": "all"}},
    ),
    "AD5628 without LDAC": ("AD5628", "MCP3208", {"dac": {"ldac": False}}),
}


def software(config: TrainerConfig) -> ChipInTheLoop:
    """The loop in software; there the device takes no time, and nobody waits for it."""
    timeless = config.replaced(device={"settle": 0.0, "time_out": 0.0})
    return ChipInTheLoop(Paths(timeless), timeless, [config.seed])


@pytest.fixture
def build(tmp_path_factory):
    return tmp_path_factory.getbasetemp().parent / "verilated"


def equal(name: str, steps: int, build: Any) -> dict[str, int]:
    """Compares, and gives what the circuit and what is around it counted."""
    dac, adc, sections = CASES[name]
    config = loop(dac, adc, **sections)
    software_loop = software(config)
    with circuit(config, dac, adc, build=build) as found:
        expected = states(software_loop.run(steps, record=True))
        difference = first_difference(expected, found.run(steps))
        assert difference is None, str(difference)
        assert (expected["theta"] != expected["theta"][0]).any()
        names = ("asked_count", "dropped_count", "device_faults", "requests", "answers", "violations")
        counted = {each: found.model.get(each) for each in names}
    assert counted["violations"] == 0, f"{counted['violations']:016b}: see testbenches.device.parts"
    assert counted["dropped_count"] == 0
    return counted


@pytest.mark.parametrize(
    "name",
    [name if k == 0 else pytest.param(name, marks=pytest.mark.only_all) for k, name in enumerate(CASES)],
)
def test_it_learns_and_equals_the_software_loop(name, build):
    """XOR: every answer right, and the mean squared error below 0.04."""
    counted = equal(name, 600, build)
    assert counted["requests"] >= 1200 * loop(*CASES[name][:2], **CASES[name][2]).device.average
    dac, adc, sections = CASES[name]
    config = loop(dac, adc, **sections)
    learns = software(config)
    before, _ = learns.cost_and_accuracy()
    learns.run(600)
    cost, right = learns.cost_and_accuracy()
    assert right.tolist() == [1.0]
    assert cost < 0.04 < before


@pytest.mark.parametrize("name", ["MCP4922, MCP3208", "a part of my own, ADS7953, serial, two-sided"])
def test_no_lint(name, tmp_path):
    dac, adc, sections = CASES[name]
    no_lint(loop(dac, adc, **sections), tmp_path)
    (tmp_path / "bus").mkdir()
    around = {**sections, "host": {"bus": "axi4lite", "clock_enable": True}}
    behind = loop(dac, adc, **around)
    for file, text in trainer_files(behind).items():
        (tmp_path / "bus" / file).write_text(text, encoding="utf-8")
    assert lint(tmp_path / "bus", behind.name, f"{behind.name}.vlt", f"{behind.name}.v") == (0, "")


def test_a_start_in_a_frame_breaks_none(build):
    """At any time: each frame is whole, and what follows is as after any start."""
    dac, adc, sections = CASES["MCP4922, MCP3208"]
    config = loop(dac, adc, **sections)
    expected = states(software(config).run(3, record=True))
    with circuit(config, dac, adc, build=build) as found:
        for clocks in range(100, 700, 23):
            found.look(clocks)
            found.model.set(start=1)
            found.model.clock()
            found.model.set(start=0)
            found.model.forget()
            found.forget()
            difference = first_difference(expected, found.run(3))
            assert difference is None, f"{clocks}: {difference}"
        assert found.model.get("violations") == 0


def test_a_wire_that_is_off_teaches_nothing(build):
    """The null bit does not come: readings are refused, and the device rests with its last parameters."""
    dac, adc, sections = CASES["MCP4922, MCP3208"]
    config = loop(dac, adc, **sections)
    with circuit(config, dac, adc, build=build) as found:
        seen = found.run(50)
        found.model.set(cut=1)
        for _ in range(400):
            if found.model.get("resting"):
                break
            found.look(1000)
        else:
            pytest.fail("it hangs")
        faults = found.model.get("device_faults")
        assert {name for bit, name in enumerate(DEVICE_FAULTS) if faults >> bit & 1} >= {"refused"}
        theta = found.run(found.ended - found.step)["theta"]
        assert (theta[-1] == theta[0]).all() or found.ended > 50
        assert (theta[-6:] == theta[-1]).all()
        assert (seen["theta"] != theta[-1]).any()
        found.model.set(cut=0, go_on=1)
        found.look(1)
        found.model.set(go_on=0)
        more = found.run(40)
        assert (more["theta"] != theta[-1]).any()
        assert not found.model.get("resting")
        assert found.model.get("violations") == 0
