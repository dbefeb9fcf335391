"""Kinds of faults in one table, whichever method they are in: each ends as it must, and nothing hangs.

An end is one of three. *Rests*: measurements are dropped, and parameters come to rest at their last good
values. *Mended*: repeats do, and all states are those without a fault. *Learned*: nobody can tell it from a
device that is made so, and it is learned as it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.host import FAULTS, ChipInTheLoop, DeviceAtRest, Pause
from mgd_sim.trainer import Trainer
from testbenches.host.devices import Network
from testbenches.host.test_equal import outside, same
from testbenches.host.test_faults import FAULTY

XOR = preset("xor")
NEVER = threading.Event()
#: Of a table's row, in seconds: much more than it takes, and much less than for ever.
LIMIT = 30.0
#: From this step on it fails.
GOOD = 12


class Device(Network):
    """The network of XOR with all that a device may have; ``fails(method, call, good)`` is what it does."""

    def __init__(self, asked: dict[str, Any], fails: Callable[..., Any]):
        super().__init__(XOR)
        self.codes, self.fails = asked.get("adc_bits", 0), fails
        self.calls = {"write": 0, "ready": 0, "read": 0, "second": 0}
        self.last = np.zeros(9)

    def _do(self, method: str, good: Any) -> Any:
        self.calls[method] += 1
        return self.fails(method, self.calls[method] - 1, good)

    def write(self, parameters):
        self.last = self._do("write", parameters)
        super().write(self.last)

    def ready(self):
        return self._do("ready", True)

    def read(self, inputs):
        y = super().read(inputs)
        if self.codes:  # y from -1 to 1
            y = np.clip(np.floor((y + 1) * (1 << self.codes - 1)), 0, (1 << self.codes) - 1)
        return self._do("read", y)

    def second(self):
        return self._do("second", 0.25)


@dataclass
class Kind:
    """One row: in which method and which calls of it what happens; what is asked for; how it ends."""

    method: str
    what: Callable[[Any], Any]
    end: str
    fault: str = ""
    asked: dict[str, Any] = field(default_factory=dict)
    when: Callable[[int], bool] = lambda call: call >= 2 * GOOD


def raising(error: BaseException) -> Callable[[Any], Any]:
    def what(good: Any) -> Any:
        raise error

    return what


def hanging(good: Any) -> Any:
    NEVER.wait(20)
    return good


def slow(good: Any) -> Any:
    time.sleep(0.06)
    return good


def at_random(share: float) -> Callable[[int], bool]:
    drawn = np.random.default_rng(7).random(10_000) < share
    return lambda call: bool(drawn[call])


TIME = {"time_out": 0.03, "repeats": 1, "give_up": 2}
ADC = {"adc_bits": 8}
KINDS = {
    # ---- converters
    "a dead ADC: its lowest code": Kind(
        "read", lambda good: good * 0, "rests", "stuck", {**ADC, "stuck": 6, "repeats": 0}
    ),
    "a dead ADC: its highest code": Kind(
        "read", lambda good: good * 0 + 255, "rests", "stuck", {**ADC, "stuck": 6, "repeats": 0}
    ),
    "a dead ADC: what it read last": Kind(
        "read", lambda good: good * 0 + 77, "rests", "stuck", {**ADC, "stuck": 6, "repeats": 0}
    ),
    "a stuck bit of the ADC": Kind(
        "read", lambda good: good.astype(int) | 4, "learned", asked=ADC, when=lambda call: True
    ),
    "a stuck bit that makes codes illegal": Kind(
        "read", lambda good: good.astype(int) | 256, "rests", "out of range", ADC
    ),
    "a bit that flips at random": Kind(
        "read",
        lambda good: good.astype(int) ^ 128,
        "mended",
        "out of range",
        {**ADC, "legal": [0.0, 1.0], "repeats": 40},
        at_random(0.3),
    ),
    "swapped parameters": Kind("write", lambda good: good[::-1], "learned", when=lambda call: True),
    "a parameter that is not connected": Kind(
        "write", lambda good: good * ([0.0] + [1.0] * 8), "learned", when=lambda call: True
    ),
    # ---- time
    "time-outs at random": Kind(
        "read", slow, "mended", "no answer in time", {"time_out": 0.03, "repeats": 40}, at_random(0.15)
    ),
    "a write that takes too long": Kind("write", hanging, "rests", "no answer in time", TIME),
    "a ready that is never answered": Kind("ready", hanging, "rests", "no answer in time", TIME),
    "a second cost that never comes": Kind(
        "second", hanging, "rests", "no answer in time", {**TIME, "second_weight": 1.0}
    ),
    "ready that never comes": Kind(
        "ready", lambda good: False, "rests", "not ready", {"pause": 0.002, "give_up": 2}
    ),
    "ready that comes late": Kind("ready", lambda good: False, "mended", "", {}, at_random(0.4)),
    "pauses at random, in write": Kind("write", raising(Pause(1e-4)), "mended", "", {}, at_random(0.4)),
    "a pause for ever, in write": Kind("write", raising(Pause(1e9)), "rests", "not ready"),
    # ---- what is raised
    "write raises": Kind("write", raising(OSError("no such bus")), "rests", "exception"),
    "write raises at random": Kind(
        "write", raising(OSError("no such bus")), "mended", "exception", {"repeats": 40}, at_random(0.3)
    ),
    "ready raises": Kind("ready", raising(ConnectionError("gone")), "rests", "exception"),
    "a second cost raises": Kind(
        "second", raising(ValueError("no power meter")), "rests", "exception", {"second_weight": 1.0}
    ),
    "an assertion": Kind("read", raising(AssertionError()), "rests", "exception"),
    "recursion": Kind("read", raising(RecursionError("too deep")), "rests", "exception"),
    # ---- numbers
    "a second cost that is no number": Kind(
        "second", lambda good: float("nan"), "rests", "not a number", {"second_weight": 1.0}
    ),
    "a number too large for any": Kind("read", lambda good: [10**400], "rests", "exception"),
    "a complex number": Kind("read", lambda good: [1j], "rests", "wrong shape"),
    "a table": Kind("read", lambda good: [[0.5]], "rests", "wrong shape"),
    "a ragged list": Kind("read", lambda good: [[0.5], [0.5, 0.5]], "rests", "wrong shape"),
    "a dictionary": Kind("read", lambda good: {"y": 0.5}, "rests", "wrong shape"),
    "NaN at random": Kind(
        "read", lambda good: good * np.nan, "mended", "not a number", {"repeats": 40}, at_random(0.3)
    ),
    "a glitch at random": Kind(
        "read",
        lambda good: good + 0.4,
        "mended",
        "glitch",
        {"average": 4, "spread": 0.125, "repeats": 90},
        at_random(0.2),
    ),
}


def test_how_many():
    assert len(KINDS) + len(FAULTY) >= 40
    assert {kind.end for kind in KINDS.values()} == {"rests", "mended", "learned"}
    told = {kind.fault for kind in KINDS.values()} | {kind for _, kind, _ in FAULTY.values()}
    assert told - {""} == set(FAULTS)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_ends(name):
    kind = KINDS[name]
    config = outside(XOR, **kind.asked)

    def fails(method: str, call: int, good: Any) -> Any:
        return kind.what(good) if method == kind.method and kind.when(call) else good

    device, begun = Device(kind.asked, fails), time.monotonic()
    loop = ChipInTheLoop(device, config)
    whole = ChipInTheLoop(Device(kind.asked, lambda method, call, good: good), config)
    if kind.end == "rests":
        before = whole.run(GOOD, record=True)
        with pytest.raises(DeviceAtRest, match=kind.fault) as stopped:
            loop.run(400)
        # A stuck reading is believed until it has been the same for so long: it teaches, as nobody can know.
        late = kind.asked.get("stuck", 0)
        assert loop.step <= GOOD + late + config.device.give_up
        if not late:
            np.testing.assert_array_equal(loop.trainer.theta[0], before.theta[-1, 0])
        assert "\n" not in str(stopped.value)
        assert {each for each, count in loop.outside.faults.items() if count.any()} == {kind.fault}
        if kind.method != "write":
            np.testing.assert_array_equal(device.last, loop.parameters[0])
    elif kind.end == "mended":
        found = loop.run(30, record=True)
        same(found, whole.run(30, record=True))
        assert not loop.outside.dropped.any()
        seen = {each for each, count in loop.outside.faults.items() if count.any()}
        assert seen == ({kind.fault} if kind.fault else set())
        assert device.calls[kind.method] > 60, "it happened"
    else:
        loop.run(4000)
        # No fault, and not what a whole device would have been given: it learned its own.
        assert not any(count.any() for count in loop.outside.faults.values())
        assert (np.abs(loop.trainer.theta) < 1 << XOR.words.parameter.width - 1).all()
        first = ChipInTheLoop(Device(kind.asked, fails), config)
        assert loop.cost_and_accuracy()[0][0] < 0.8 * first.cost_and_accuracy()[0][0]
    assert time.monotonic() - begun < LIMIT


def test_the_network_is_the_twin():
    """Without any fault the device of the table is the twin's network."""
    loop = ChipInTheLoop(Device({}, lambda method, call, good: good), outside(XOR))
    same(loop.run(30, record=True), Trainer(XOR, [XOR.seed]).run(30, record=True))
