"""The loop in hardware is the loop in software: every state of every step, with the same device."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.ports import DEVICE_FAULTS
from mgd_hdl.emit import trainer_files
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.compare import first_difference, states
from mgd_sim.rtl import RtlTrainer
from testbenches.linting import lint
from testbenches.loops import ALL, ENGINES, FRAGILE, OTHERS, outside
from testbenches.outside import HARMLESS, Failing, Scripted, Sums, circuit
from testbenches.test_lint import check_names

#: What the device around the circuit counts, and what it finds wrong.
OF_THE_DEVICE = ("requests", "readings", "violations")


def software(config: TrainerConfig, failing: Failing | None = None) -> ChipInTheLoop:
    """The loop in software; there the device takes no time, and nobody waits for it."""
    timeless = config.replaced(device={"settle": 0.0, "time_out": 0.0, "pause": 1.0})
    device = Sums(timeless) if failing is None else Scripted(timeless, failing=failing)
    return ChipInTheLoop(device, timeless, [config.seed])


def equal(
    config: TrainerConfig, steps: int, build: Any, *, moves: bool = True, **around: Any
) -> dict[str, int]:
    """Compares, and gives what the circuit and its device counted."""
    loop, moved = software(config), False
    with circuit(config, build=build, **around) as found:
        for done in range(0, steps, 5000):
            some = min(5000, steps - done)
            expected = states(loop.run(some, record=True))
            difference = first_difference(expected, found.run(some), found.step - some)
            assert difference is None, str(difference)
            moved |= bool((expected["theta"] != expected["theta"][0]).any())
        assert moves == moved
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


@pytest.mark.parametrize("name", ALL)
def test_measurements_of_a_step(name):
    """As often as the software asks its device, over whole windows and samples."""
    config, loop = ALL[name], software(ALL[name])
    learning = config.learning
    steps = 4 * math.lcm(learning.tau_x, learning.tau_p, learning.tau_theta)
    loop.run(steps)
    assert loop.outside.measurements[0] == steps * config.timing.measurements_per_step


def clocks_of_a_step(config: TrainerConfig, build: Any, **around: Any) -> float:
    """Those in which no measurement is under way, over whole windows and samples, as the counters tell."""
    learning = config.learning
    steps = 4 * math.lcm(learning.tau_x, learning.tau_p, learning.tau_theta)
    begun, measured = 2 * steps, int(steps * config.timing.measurements_per_step)
    with circuit(config, build=build, **around) as found:
        model = found.model
        assert model.until("asked_count", begun, 1_000_000)
        first, under_way = model.clocks, 0
        for number in range(begun, begun + measured):
            since = model.clocks
            assert model.until("taken_count", number, 10_000)
            under_way += model.clocks - since
            assert model.until("asked_count", number + 1, 10_000)
        return (model.clocks - first - under_way) / steps


@pytest.mark.parametrize("name", ENGINES)
def test_clocks_of_a_step(name, build):
    config = ALL[name]
    assert clocks_of_a_step(config, build) == pytest.approx(float(config.timing.clocks_per_step))


@pytest.mark.only_all
@pytest.mark.parametrize("name", OTHERS)
def test_clocks_of_other_steps(name, build):
    config = ALL[name]
    found = clocks_of_a_step(config, build, stalls=True, delay=2)
    assert found == pytest.approx(float(config.timing.clocks_per_step))


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
    failing = Failing("is silent", period=3, tries=3)
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


class Watched(Sums):
    """A device that keeps what its second cost was before any limit, in last bits."""

    highest = 0

    def second(self) -> float:
        self.highest = max(self.highest, int(np.abs(self.words).sum()))
        return super().second()


def test_a_second_cost_at_its_limit_is_told(build):
    """From the step on in which it is the highest number, in the circuit as in software; and believed."""
    config = outside(
        {"second_weight": 0.01, "cost_integer_bits": 1}, formats={"cost_change": "SQ(4, 6)"}, seed=5
    )
    told = []
    for steps in (12, 16):
        device = Watched(config)
        loop = ChipInTheLoop(device, config, [config.seed])
        with circuit(config, build=build) as found:
            assert first_difference(states(loop.run(steps, record=True)), found.run(steps)) is None
            found.pause()
            loop.run(found.ended - found.step)  # a step that had begun
            clipped = device.highest >= 127  # of UQ(1, 6)
            assert flags(found) == ({"readings_clipped"} if clipped else set())
            assert loop.outside.clipped["readings"].tolist() == [clipped]
            assert not found.model.get("dropped_count")
            told.append(clipped)
    assert told == [False, True]


def no_lint(config: TrainerConfig, folder: Path) -> None:
    files = trainer_files(config)
    check_names(config.name, files[f"{config.name}.v"])
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8")
    assert lint(folder, config.name, f"{config.name}.vlt", f"{config.name}.v") == (0, "")


@pytest.mark.parametrize("name", ENGINES)
def test_no_lint(name, tmp_path):
    no_lint(ALL[name], tmp_path)


@pytest.mark.only_all
@pytest.mark.parametrize("name", OTHERS)
def test_no_lint_of_others(name, tmp_path):
    no_lint(ALL[name], tmp_path)


# ---- faults are normal -------------------------------------------------------------------------------

#: Every check there is, two costs, four readings. A reading is legal from 1 to 1022 of 1023.
STRICT = outside(
    {
        "legal": [0.001, 0.999],
        "spread": 0.25,
        "average": 4,
        "second_weight": 0.01,
        "time_out": 10e-6,
        "pause": 20e-6,
        "settle": 1e-6,
    }
)
STUCK = STRICT.replaced(device={"stuck": 2})
#: What a device does; the flag that is raised.
FAULTY = {
    "is silent": "no_answer",
    "says that it is bad": "refused",
    "reads the highest": "out_of_range",
    "reads the lowest": "out_of_range",
    "is late": "no_answer",
    "takes no request": "not_ready",
    "takes no parameter": "not_ready",
    "has a spike": "out_of_range",
    "has no second cost": "no_answer",
    "answers another request": "no_answer",
}
CLOCKS = round(20e-6 * STRICT.host.clock_hz)


def some(kinds: Iterable[str]) -> list[Any]:
    """All of them; one in five in every run."""
    return [
        kind if number % 5 == 0 else pytest.param(kind, marks=pytest.mark.only_all)
        for number, kind in enumerate(kinds)
    ]


def flags(found: RtlTrainer) -> set[str]:
    raised = found.model.get("device_faults")
    return {name for bit, name in enumerate(DEVICE_FAULTS) if raised >> bit & 1}


@pytest.mark.parametrize("how", some(FAULTY))
def test_a_repeat_mends(how, build):
    """Every third measurement fails at first, then it is good: all states are those without a fault."""
    tries = {"takes no request": CLOCKS + 60, "takes no parameter": CLOCKS + 60, "has no second cost": 4}
    failing = Failing(how, period=3, tries=tries.get(how, 1))
    counted = equal(STRICT, 40, build, failing=failing)
    assert counted["dropped_count"] == 0
    names = {name for bit, name in enumerate(DEVICE_FAULTS) if counted["device_faults"] >> bit & 1}
    assert names == {FAULTY[how]}


@pytest.mark.parametrize("how", some([*FAULTY, "reads the same for ever"]))
def test_it_rests_and_goes_on(how, build):
    """Good for 40 measurements, then bad for ever: it rests at its last good parameters; the device too."""
    config = STUCK if how == "reads the same for ever" else STRICT
    healthy = software(config)
    loop = states(healthy.run(20, record=True))
    failing = Failing(how, first=40, tries=(1 << 24) - 1)
    with circuit(config, build=build, failing=failing) as found:
        states_found = found.run(20)
        assert first_difference(loop, states_found) is None
        clocks = 0
        while not found.model.get("resting"):
            found.look(500)
            clocks += 500
            assert clocks < 200_000, "it hangs"
        found.look(3000)
        ended = found.ended
        theta = found.run(found.ended - found.step)["theta"]
        wanted = FAULTY.get(how, "stuck")
        assert flags(found) == {wanted}
        # A device that is stuck is believed as often as it may be before.
        believed = (config.device.stuck + 1) // 2 if how == "reads the same for ever" else 0
        assert ended <= 20 + STRICT.device.give_up + believed + 1
        if not believed:
            assert ended == 20 + STRICT.device.give_up
            assert (theta == loop["theta"][-1]).all(), "nothing that was bad teaches"
            assert found.model.get("dropped_count") == 2 * STRICT.device.give_up
        if how != "takes no parameter":
            words, rest = found.model.get("words"), healthy.trainer.take_step.rest
            shown = [(words >> 32 * k & 0xFFFF_FFFF) for k in range(STRICT.parameters)]
            signed = [value - (value >> 31 << 32) for value in shown]
            visible = theta[-1] >> STRICT.words.guard_bits
            assert signed == rest(visible[None])[0].tolist(), "the device has them, unshaken"
        # It is mended, and the host lets it go on.
        found.look(5000)
        assert found.ended == ended, "no step begins"
        found.model.set(fail_how=0, go_on=1)
        found.look(1)
        found.model.set(go_on=0)
        more = found.run(60)
        assert not found.model.get("resting")
        assert (more["theta"] != theta[-1]).any()
        assert found.model.get("violations") == 0


def test_a_dropped_measurement_teaches_nothing(build):
    """Now and then one is bad in all its tries: C~ is 0 there, and the trainer learns on."""
    config = outside({"repeats": 1, "give_up": 100, "time_out": 10e-6})
    with circuit(config, build=build, failing=Failing("is silent", period=7, tries=2)) as found:
        seen = found.run(140)
        # Measurements 0, 7, 14, ... of which two make a step; C0 is the first of them.
        bad = sorted({number // 2 for number in range(0, 280, 7)})
        assert not seen["cost_change"][bad].any()
        assert not seen["update"][bad].any()
        good = [step for step in range(140) if step not in bad]
        assert np.count_nonzero(seen["cost_change"][good]) > 20
        theta = np.concatenate([seen["theta"][:1], seen["theta"]])
        assert (theta[1:][bad[1:]] == theta[:-1][bad[1:]]).all()
        assert not found.model.get("resting")


def scripts(how: str, config: TrainerConfig, **when: int) -> tuple[Failing, Failing]:
    """For the circuit's device and for that of the software: all tries of a measurement fail.

    Around the circuit requests are counted, of which a bad try has as many as it takes to see that it is, or
    clocks in which nothing is taken.
    """
    tries = 1 + config.device.repeats
    requests = tries
    if how == "has no second cost":
        requests = tries * config.device.average
    elif how.startswith("takes no"):
        requests = 4000
    elif how in HARMLESS or how == FOR_EVER:
        tries = requests = (1 << 24) - 1
    return Failing(how, tries=requests, **when), Failing(how, tries=tries, **when)


def fragile(how: str, config: TrainerConfig, build: Any, **when: int) -> tuple[RtlTrainer, ChipInTheLoop]:
    """Both, with devices that fail alike."""
    one, other = scripts(how, config, **when)
    loop = software(config, other)
    return circuit(config, build=build, stalls=True, failing=one), loop


#: Believed until it has gone on for long enough.
FOR_EVER = "reads the same for ever"
#: What may be done wrong with which of them; in each run the first, and those that no other shows.
WRONG = {
    "windows, noise, judged, two costs": [
        "is silent",
        "has no second cost",
        "has a spike",
        "takes no request",
        "is late",
        "says that it is bad",
        "answers another request",
        "answers twice",
        "answers without a request",
        "reads the lowest",
        "has a stuck bit",
    ],
    "two-sided, apart, codes, noise": ["is silent", "takes no code", "has a stuck bit"],
    "analog, apart": ["is silent", "takes no code", "reads the highest"],
    "serial, a cost, side by side": ["is silent", "takes no parameter", "has a stuck bit"],
    "sinusoids, momentum": ["is silent"],
    "momentum, layer by layer": ["is silent"],
    "all but the legal range": ["glitches", FOR_EVER],
    "long holds, a cost": ["is silent"],
    "two outputs": ["swaps channels", "is silent"],
    "a bank, pairs, noise, judged": ["takes no parameter", "is silent", "answers twice"],
}
#: In each run: where no stream is held up, two of all that is lost; a bank whose parameters are never taken.
ALWAYS = [
    ("windows, noise, judged, two costs", "is silent"),
    ("windows, noise, judged, two costs", "has no second cost"),
    ("a bank, pairs, noise, judged", "takes no parameter"),
]
CASES = [
    pytest.param(name, how, marks=() if (name, how) in ALWAYS else pytest.mark.only_all)
    for name, kinds in WRONG.items()
    for how in kinds
]


@pytest.mark.parametrize(("name", "how"), [each for each in CASES if each.values[1] != FOR_EVER])
def test_bad_measurements_are_the_same_in_software(name, how, build):
    """Every third measurement is bad in all its tries: all states of all steps are equal, and all counts."""
    config = FRAGILE[name].replaced(device={"give_up": 1000})
    found, loop = fragile(how, config, build, period=3)
    with found:
        expected = states(loop.run(90, record=True))
        difference = first_difference(expected, found.run(90))
        assert difference is None, str(difference)
        found.pause()
        loop.run(found.ended - found.step)
        counts = [found.model.get(f"{each}_count") for each in ("asked", "taken", "dropped")]
        asked, dropped = (int(each[0]) for each in (loop.outside.measurements, loop.outside.dropped))
        assert counts == [asked, asked - dropped, dropped]
        assert bool(dropped) == (how not in HARMLESS)
        assert found.model.get("violations") == 0
    assert (expected["theta"] != expected["theta"][0]).any()


@pytest.mark.parametrize(("name", "how"), [each for each in CASES if each.values[1] not in HARMLESS])
def test_rest_is_the_same_in_software(name, how, build):
    """Bad from some measurement on: both rest after the same step, and go on with the same states.

    Long holds rest in the middle of one: what good steps had summed up is there, and C0 is not.
    """
    config = FRAGILE[name]
    found, loop = fragile(how, config, build, first=38)
    with found:
        kept = loop.trainer.run(200, record=True)
        assert loop.resting.all()
        steps = loop.step
        expected = {each: array[:steps] for each, array in states(kept).items()}
        difference = first_difference(expected, found.run(steps))
        assert difference is None, str(difference)
        found.look(8000)
        assert found.model.get("resting")
        assert found.ended == steps, "no further step"
        asked, dropped = (int(each[0]) for each in (loop.outside.measurements, loop.outside.dropped))
        assert [found.model.get("asked_count"), found.model.get("dropped_count")] == [asked, dropped]
        loop.trainer._outside.devices[0].failing = Failing("nothing")
        found.model.set(fail_how=0, go_on=1)
        found.look(1)
        found.model.set(go_on=0)
        loop.start()
        difference = first_difference(states(loop.run(60, record=True)), found.run(60), steps)
        assert difference is None, str(difference)
        assert found.model.get("violations") == 0
