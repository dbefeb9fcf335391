"""Parameters that come from elsewhere, and devices that rest: who has which, and what teaches then."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.host import ChipInTheLoop, DeviceAtRest, Pause
from testbenches.host.devices import Bowl, Broken, Network, Networks
from testbenches.host.test_equal import outside

XOR = preset("xor")
#: One code and one sample for many steps, windows that end in the middle of a hold, a copy that follows.
SLOW = {
    "plain": XOR.replaced(learning={"tau_x": 16, "tau_p": 4, "tau_theta": 4}),
    "a shadow": XOR.replaced(learning={"tau_x": 16, "tau_p": 4, "tau_theta": 8}, engine={"shadow": "yes"}),
    "a follower": XOR.replaced(
        learning={"tau_x": 16, "tau_p": 4, "tau_theta": 8, "follow": 2}, engine={"shadow": "yes"}
    ),
    "analog": XOR.replaced(learning={"algorithm": "analog", "tau_x": 16}),
}
#: Where a new T is given: inside of a hold, of a window and of a sample.
AT = 6


@pytest.mark.parametrize("name", SLOW)
def test_bystanders_do_not_notice(name):
    """Of three devices the second is given other parameters: what the others do is the same to the bit."""
    config = outside(SLOW[name])
    runs = []
    for loaded in (False, True):
        loop = ChipInTheLoop(Networks(SLOW[name], 3), config, (4, 5, 6))
        loop.run(AT)
        if loaded:
            loop.trainer.load(loop.trainer.theta // 2 + 17, np.array([False, True, False]))
        runs.append(loop.run(70, record=True))
    for state, array in runs[0].arrays.items():
        np.testing.assert_array_equal(runs[1].arrays[state][:, [0, 2]], array[:, [0, 2]], state)
    assert (runs[0].theta[:, 1] != runs[1].theta[:, 1]).any()


@pytest.mark.parametrize("name", SLOW)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "one of two"])
def test_a_given_start_is_one(name, alone):
    """No C~ mixes costs of two sets of parameters: all that follow are as small as a shake makes them."""
    base = SLOW[name]
    loop = ChipInTheLoop(Networks(base, 1 if alone else 2), outside(base), (4,) if alone else (4, 5))
    # Outputs near a target of 0, and then near 1: C0 of one is far from C0 of the other.
    low, high = np.zeros((2, 9))
    low[-1], high[-1] = -1.75, 1.75
    loop.load(low)
    loop.run(AT, record=True)
    new = np.clip(np.floor(high / base.words.parameter.step), -(1 << 62), 1 << 62).astype(np.int64)
    loop.trainer.load(np.tile(new, (loop.replicas, 1)), np.arange(loop.replicas) == 0)
    found = loop.run(40, record=True)
    # The sigmoid is nowhere steeper than 1/4, so C is not than 1/2, and nine parameters are shaken.
    most = 9 * 2.0**-base.amplitude_shift / 2 / base.words.cost_change.step
    assert np.abs(found.cost_change[:, 0]).max() <= most
    assert found.cost_change[:, 0].any()
    if name != "analog":  # whose parameters move in every step
        np.testing.assert_array_equal(found.theta[0, 0], new)


def test_what_was_summed_up_is_forgotten():
    """A of the steps before does not move parameters that came after them."""
    base = XOR.replaced(learning={"tau_x": 8, "tau_p": 8, "tau_theta": 8})
    loop = ChipInTheLoop(Network(base), outside(base))
    before = loop.run(5, record=True)
    assert before.hold[-1, 0]
    loop.load(np.linspace(-1, 1, 9))
    found = loop.run(3, record=True)
    # The step behind a load measures C0 of the new parameters, within the window too.
    assert found.hold[-1, 0] == found.cost_change[:, 0].sum()
    assert found.baseline[0, 0] != before.baseline[-1, 0]


def test_who_rests_has_what_it_is_given():
    """A device that rests is loaded: it is given these parameters at once, and learns from them on."""
    device = Broken(Network(XOR), lambda call, good: good * np.nan, lambda call: 40 <= call < 104)
    loop = ChipInTheLoop(device, outside(XOR))
    with pytest.raises(DeviceAtRest):
        loop.run(100)
    given = np.linspace(-1, 1, 9)
    loop.load(given)
    wanted = loop.trainer.theta
    np.testing.assert_allclose(device.written[-1], given, atol=2 * XOR.words.weight.step)
    np.testing.assert_array_equal(device.written[-1], loop.parameters[0])
    loop.start()
    found = loop.run(1, record=True)
    assert found.cost_change[0, 0]
    start = wanted[0] * XOR.words.parameter.step
    np.testing.assert_allclose(found.theta[0, 0] * XOR.words.parameter.step, start, atol=0.5)


def test_failures_under_way_end_at_what_was_given():
    """Loaded after three bad steps: the last good parameters are those that were loaded."""
    device = Broken(Network(XOR), lambda call, good: good * np.nan, lambda call: call >= 40)
    loop = ChipInTheLoop(device, outside(XOR, repeats=0))
    loop.run(23)
    loop.load(np.linspace(-1, 1, 9))
    wanted = loop.trainer.theta
    with pytest.raises(DeviceAtRest):
        loop.run(100)
    np.testing.assert_array_equal(loop.trainer.theta, wanted)


@pytest.mark.parametrize("together", [False, True], ids=["one", "in one call"])
def test_the_last_device_is_given_its_rest(together):
    """When nobody is left it stands at its last good parameters, not at a shaken set of a bad step."""
    count = 2 if together else 1
    device = Broken(
        Networks(XOR, 2) if together else Network(XOR),
        lambda call, good: good * np.nan,
        lambda call: call >= 40,
    )
    if together:
        device.vectorised, device.replicas = True, 2
    loop = ChipInTheLoop(device, outside(XOR), range(count))
    with pytest.raises(DeviceAtRest):
        loop.run(500)
    assert len(device.written[-1].reshape(-1, 9)) == count
    np.testing.assert_array_equal(device.written[-1].reshape(-1, 9), loop.parameters)


class Reluctant(Network):
    """Good for 40 readings; then it cannot be read, and some writes fail: which, ``refuses`` tells."""

    def __init__(self, config, fault, refuses):
        super().__init__(config)
        self.fault, self.refuses, self.calls, self.writes = fault, refuses, 0, 0

    def write(self, parameters):
        if self.calls >= 40:
            self.writes += 1
            if self.refuses(self.writes):
                raise self.fault
        super().write(parameters)
        self.last = parameters.copy()

    def read(self, inputs):
        self.calls += 1
        if self.calls > 40:
            raise OSError("the bus")
        return super().read(inputs)


@pytest.mark.parametrize("fault", [OSError("no power"), Pause(0.001)])
def test_a_rest_that_is_refused_is_tried_again(fault):
    """Reads fail, and so does the first write of the rest; what is told is why it rests."""
    # One step of two measurements, each tried four times; the ninth write is the first of the rest.
    device = Reluctant(XOR, fault, lambda write: write == 9)
    loop = ChipInTheLoop(device, outside(XOR, repeats=3, give_up=1))
    with pytest.raises(DeviceAtRest, match="OSError: the bus") as stopped:
        loop.run(100)
    assert device.writes == 10
    np.testing.assert_array_equal(device.last, loop.parameters[0])
    assert str(stopped.value.__cause__) == "the bus"
    assert "has not taken" not in str(stopped.value)


def test_a_rest_that_nobody_takes_is_told():
    device = Reluctant(XOR, OSError("no power"), lambda write: True)
    loop = ChipInTheLoop(device, outside(XOR))
    with pytest.raises(DeviceAtRest, match=r"device 0 has not taken them") as stopped:
        loop.run(500)
    assert "\n" not in str(stopped.value)


def test_who_hangs_and_rests_keeps_nobody_waiting():
    """One of two devices never comes back: once it rests, the other's steps take no time-out any more."""
    end = threading.Event()

    def hang(call, good):
        end.wait(30)
        return good

    hung = Broken(Network(XOR), hang, lambda call: call >= 4)
    loop = ChipInTheLoop([Network(XOR), hung], outside(XOR, time_out=0.05, repeats=0, give_up=1), (1, 2))
    loop.run(3)
    assert loop.resting.tolist() == [False, True]
    cause, told = loop.outside.cause, loop.outside.told
    begun = time.monotonic()
    loop.run(100)
    assert time.monotonic() - begun < 100 * 0.05 / 2
    assert (loop.outside.cause, loop.outside.told) == (cause, told)
    assert 1 not in loop.outside.held
    end.set()
    deadline = time.monotonic() + 5
    while 1 not in loop.outside.held and time.monotonic() < deadline:
        loop.run(1)
    np.testing.assert_array_equal(hung.written[-1], loop.parameters[1])


def test_two_costs_do_not_leave_the_format():
    """A first cost at its limit and a second one: what is told of samples is what a step would measure."""
    config = XOR.replaced(
        network={"layers": [1, 1]},
        task={"name": "external", "source": "stream"},
        device={
            "kind": "outside",
            "gives": "cost",
            "parameters": [4],
            "cost_integer_bits": 2,
            "second_weight": 9.0,
        },
    )
    device = Bowl(np.full(4, 100.0))
    device.second = lambda: 3.0
    loop = ChipInTheLoop(device, config)
    most = config.words.cost.max * config.words.cost.step
    found = loop.run(1, record=True)
    assert found.cost[0, 0] * config.words.cost.step == most
    assert loop.cost_and_accuracy()[0].tolist() == [most]
