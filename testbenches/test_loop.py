"""The loop in hardware is the loop in software: every state of every step, with the same device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.compare import first_difference, states
from testbenches.outside import Failing, Sums, circuit

WINDOWS = {"tau_theta": 6, "tau_p": 2, "tau_x": 3}
CODES = {
    "dac_bits": 10,
    "dac_gain": 0.5,
    "dac_offset": -0.125,
    "adc_bits": 10,
    "adc_gain": 0.9,
    "adc_offset": 0.1,
}
SINUSOIDS = {
    "perturbation": {"family": "sinusoidal"},
    "formats": {"parameter": "SQ(5, 15)"},
    "learning": {"tau_p": 2, "tau_x": 4},
}


def outside(device: dict[str, Any] | None = None, **sections: Any) -> TrainerConfig:
    return preset("xor").replaced(device={"kind": "outside", **(device or {})}, **sections)


#: What the device around the circuit counts, and what it finds wrong.
OF_THE_DEVICE = ("requests", "readings", "violations")

#: One for each engine, outputs and cost; then what else there is.
ENGINES = {
    "parallel": outside(),
    "a shadow, windows, codes out and back": outside(
        {**CODES, "average": 2}, perturbation={"family": "walsh"}, learning=WINDOWS
    ),
    "serial": outside({"gives": "cost"}, engine={"cell": "serial"}),
    "sinusoids, two costs": outside({"gives": "cost", "second_weight": 0.01, "sends": "all"}, **SINUSOIDS),
}
OTHERS = {
    "two-sided, side by side": outside(
        {"sends": "parallel", "average": 4}, learning={"measure": "two_sided"}
    ),
    "analog, apart": outside({"sends": "apart"}, learning={"algorithm": "analog", "tau_x": 4}),
    "two-sided sinusoids, apart, codes": outside(
        {"sends": "apart", **CODES},
        **{**SINUSOIDS, "learning": {"measure": "two_sided"}},
    ),
    "analog, two costs": outside({"second_weight": 0.05}, learning={"algorithm": "analog", "tau_x": 4}),
    "layer by layer, leaves": outside(
        perturbation={"granularity": "layer", "tau_layer": 2}, engine={"leaves": "yes"}
    ),
    "parameters without a network, accessed": outside(
        {"parameters": [13, 20]}, network={"layers": [2, 1]}, engine={"access": "yes"}
    ),
    "sparse, a shadow": outside(perturbation={"share": 0.5}, engine={"shadow": "yes"}),
    "momentum": outside(learning={"follow": 2, "tau_theta": 3, "tau_p": 2}),
    "early enables": outside(engine={"enables": "early"}),
    "serial, two-sided, leaves, codes": outside(
        CODES, engine={"cell": "serial", "leaves": "yes"}, learning={"measure": "two_sided"}
    ),
    "noise, decay, annealed, all checks": outside(
        {"legal": [-1.0, 3.0], "spread": 0.5, "stuck": 1000, "average": 2},
        imperfections={"cost_noise": 0.01, "update_noise": 0.002},
        learning={"decay": 2.0**-10, "anneal_every": 50},
    ),
    "answers counted, judged, gated": outside(
        task={"accuracy": True},
        judge={"kind": "window", "limit": 0.3, "window": 8, "misses": 2},
        cost={"limit": 0.05, "gate": 0.005},
    ),
    "sequential, references anew": outside(
        perturbation={"family": "sequential"}, learning={"tau_x": 4, "reference": "every_step"}
    ),
}
ALL = {**ENGINES, **OTHERS}


def equal(
    config: TrainerConfig, steps: int, build: Any, *, moves: bool = True, **around: Any
) -> dict[str, int]:
    """Compares, and gives what the circuit and its device counted."""
    loop = ChipInTheLoop(Sums(config), config, [config.seed])
    with circuit(config, build=build, **around) as found:
        for _ in range(-(-steps // 5000)):
            some = min(5000, steps)
            expected = states(loop.run(some, record=True))
            difference = first_difference(expected, found.run(some), found.step - some)
            assert difference is None, str(difference)
        assert moves == bool((expected["theta"] != expected["theta"][0]).any())
        found.pause()
        loop.run(found.ended - found.step)  # a step that had begun
        names = ("asked_count", "taken_count", "dropped_count", "resting", "device_faults", *OF_THE_DEVICE)
        counted = {name: found.model.get(name) for name in names}
        counted["clocks"] = found.model.clocks
    assert counted["violations"] == 0
    assert counted["asked_count"] == counted["taken_count"] + counted["dropped_count"]
    assert counted["asked_count"] == loop.outside.measurements
    return counted


@pytest.fixture
def build(tmp_path_factory):
    return tmp_path_factory.getbasetemp().parent / "verilated"


@pytest.mark.parametrize("name", ENGINES)
def test_equals_the_software_loop(name, build):
    """With a device that is always ready; every measurement is asked for once and taken once."""
    counted = equal(ALL[name], 200, build)
    assert counted["dropped_count"] == 0
    assert counted["requests"] == counted["readings"] == counted["asked_count"] * ALL[name].device.average


@pytest.mark.only_all
@pytest.mark.parametrize("name", OTHERS)
def test_all_others_equal_it(name, build):
    counted = equal(ALL[name], 300, build, stalls=True, delay=2)
    assert counted["dropped_count"] == 0
    assert counted["requests"] == counted["readings"] == counted["asked_count"] * ALL[name].device.average


@pytest.mark.only_all
@pytest.mark.parametrize("name", ENGINES)
def test_a_hundred_thousand_steps(name, build):
    equal(ALL[name], 100_000, build, stalls=True)


@pytest.mark.parametrize("name", ["parallel", pytest.param("serial", marks=pytest.mark.only_all)])
def test_stalls_settling_and_time_outs_change_nothing(name, build):
    """On either side, at random: the same learning, and as many measurements; only more requests."""
    config = ALL[name].replaced(device={"settle": 3e-6, "time_out": 20e-6, "repeats": 3})
    failing = Failing("silent", period=3, tries=3)
    counted = equal(config, 150, build, stalls=True, delay=5, failing=failing)
    measurements = counted["asked_count"]
    assert counted["dropped_count"] == 0
    assert counted["readings"] == measurements
    assert counted["requests"] == measurements + 3 * -(-measurements // 3)
    assert counted["device_faults"] == 1 << 1, "no answer in time"


def test_other_registers(build):
    """What the host may change while it runs: times, readings, repeats, the weight of the second cost."""
    config = ALL["sinusoids, two costs"]
    changes = {"device_second": 400, "device_settle": 9, "device_average": 0, "tau_x": 3}
    loop = ChipInTheLoop(Sums(config), config, [4], **changes)
    with circuit(config, seed=4, build=build, stalls=True, **changes) as found:
        expected = states(loop.run(120, record=True))
        difference = first_difference(expected, found.run(120))
        assert difference is None, str(difference)
        assert found.model.get("violations") == 0


def test_a_fault_in_the_circuit_is_noticed(build):
    """A step that is dropped teaches, in a circuit that forgets to ignore it."""
    config = outside({"repeats": 0, "give_up": 1000, "time_out": 20e-6})
    failing = Failing("silent", period=5)
    assert failing(5, 0)
    assert not failing(5, 1)
    assert not np.array([failing(k, 0) for k in (4, 6)]).any()
    with pytest.raises(AssertionError, match=r"cost|hold|baseline"):
        equal(config, 60, build, failing=failing)
