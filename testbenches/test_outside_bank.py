"""A bank in an array's place, with a device outside: both circuits and the software are the same."""

from __future__ import annotations

from typing import Any

import pytest

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_sim.compare import first_difference, states
from testbenches.loops import BANK, CODES, outside
from testbenches.outside import circuit
from testbenches.test_loop import software

TWO = {"measure": "two_sided"}
#: Of banks.
MEMORIES = {"random, two-sided, two tiles": {"memory": "single_port"}}
#: What trainers of either engine can be, by what they cover.
CASES: dict[str, TrainerConfig] = {
    "random, layers, all": outside({"parameters": [13, 20], "sends": "all"}, network={"layers": [2, 1]}),
    "walsh, two-sided, batches, codes": outside(
        {**CODES, "average": 2},
        perturbation={"family": "walsh"},
        learning={**TWO, "tau_p": 3, "tau_theta": 3},
    ),
    "sequential, long samples, a cost": outside(
        {"gives": "cost"}, perturbation={"family": "sequential"}, learning={"tau_x": 4}
    ),
    "random, two-sided, two tiles": outside({"parameters": [70]}, network={"layers": [2, 1]}, learning=TWO),
    "walsh, signs flipped, long samples": outside(
        {"sends": "all"}, perturbation={"family": "walsh", "sign_flip": True}, learning={"tau_x": 4}
    ),
    "sequential, two-sided, layers": outside(
        {"parameters": [5, 9]},
        network={"layers": [2, 1]},
        perturbation={"family": "sequential"},
        learning=TWO,
    ),
    "random, a batch for ever, clamped, by sign": outside(
        learning={"tau_p": 4, "tau_theta": 2, "clamp": 4.0, "size": "sign", "rate": 0.0625},
        cost={"limit": 0.25},
    ),
    "walsh, references anew, retried": outside(
        perturbation={"family": "walsh"},
        learning={"reference": "every_step", "rounding": "stochastic"},
        judge={"kind": "window", "limit": 0.02, "window": 8, "misses": 2, "retry": 40},
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        each if number < 3 else pytest.param(each, marks=pytest.mark.only_all)
        for number, each in enumerate(CASES)
    ],
)
def test_a_bank_is_an_array_and_the_software(name, tmp_path_factory):
    build, steps = tmp_path_factory.getbasetemp().parent / "verilated", 150
    array = CASES[name]
    expected = states(software(array).run(steps, record=True))
    assert (expected["theta"] != expected["theta"][0]).any()
    found, asked = [], []
    for config in (array, array.replaced(engine={**BANK, **MEMORIES.get(name, {})})):
        with circuit(config, build=build, stalls=True, delay=2) as running:
            found.append(running.run(steps))
            asked.append(running.model.get("asked_count"))
            assert running.model.get("violations") == 0
    on_array, in_bank = found
    # A bank keeps no code; what it does show is the array's.
    assert set(on_array) - set(in_bank) <= {"code"}
    assert {"theta", "cost"} <= set(in_bank)
    assert first_difference({each: on_array[each] for each in in_bank}, in_bank) is None
    assert first_difference(expected, in_bank) is None
    assert abs(asked[0] - asked[1]) <= 1  # a step may have begun


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"engine": {"kind": "bank"}},
            'engine.lanes = 4: must be 1 with engine.kind = "bank" and device.kind = "outside": parameters go'
            " out one by one",
        ),
        (
            {
                "engine": {**BANK, "memory": "single_port"},
                "device": {"parameters": [4, 3, 2]},
                "network": {"layers": [2, 1]},
            },
            'engine.memory = "single_port": must be "dual_port" where a layer of the device, other than the'
            " last, has an odd number of parameters: even words are in one memory, odd ones in another, which"
            " take turns",
        ),
        (
            {"engine": BANK, "perturbation": {"share": 0.5}},
            'perturbation.share = 0.5: must be 1 with engine.kind = "bank" and device.kind = "outside", whose'
            " words all leave alike",
        ),
        (
            {"engine": BANK, "perturbation": {"granularity": "layer"}},
            'perturbation.granularity = "layer": must be "network" with engine.kind = "bank" and device.kind'
            ' = "outside", whose words all leave alike',
        ),
        (
            {"engine": BANK, "device": {"sends": "apart"}},
            'device.sends = "apart": must be "changes" or "all" with engine.kind = "bank", which has no row'
            " of all parameters",
        ),
        (
            {"engine": BANK, "device": {"parameters": [65536, 65537]}, "network": {"layers": [2, 1]}},
            "device.parameters = [65536, 65537]: has 131073 parameters; the bank engine takes at most 131072",
        ),
    ],
)
def test_what_is_refused(sections: dict[str, Any], said: str):
    device = (
        {"kind": "outside", **sections.pop("device", {})} if "device" in sections else {"kind": "outside"}
    )
    with pytest.raises(ConfigError) as error:
        preset("xor").replaced(**{**sections, "device": device})
    assert [str(problem) for problem in error.value.problems] == [said]


def test_the_largest():
    """Two numbers that are powers of two: 17 bits of a number beside a value, a memory of as many words."""
    config = preset("xor").replaced(
        engine=BANK, device={"kind": "outside", "parameters": [1 << 17]}, network={"layers": [2, 1]}
    )
    assert (config.parameters, config.timing.lane.depth, config.shape.index_bits) == (1 << 17, 1 << 17, 17)
