"""Faults are normal: whatever a device does, nothing that was not valid teaches, and nothing hangs."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.host import FAULTS, ChipInTheLoop, DeviceAtRest, Pause
from mgd_sim.loop import OUTSIDE
from mgd_sim.trainer import Trainer
from testbenches.host.devices import Bowl, Broken, Network, Networks
from testbenches.host.test_equal import outside, same

XOR = preset("xor")
NEVER = threading.Event()


def raises(error):
    def fault(call, good):
        raise error

    return fault


def given(value):
    return lambda call, good: value


def late(call, good):
    time.sleep(0.15)
    return good


def hang(call, good):
    NEVER.wait(20)
    return good


LEGAL = {"legal": [-0.25, 1.25]}
#: What a device does; the fault that it is; what the configuration asks for.
FAULTY = {
    "an exception": (raises(OSError("bus")), "exception", {}),
    "a division by zero": (lambda call, good: 1 // 0, "exception", {}),
    "a time-out of the driver": (raises(TimeoutError("no reply")), "exception", {}),
    "not a number": (given(np.array([np.nan])), "not a number", {}),
    "infinite": (given(np.array([-np.inf])), "not a number", {}),
    "a dead converter: nothing": (given(None), "wrong shape", {}),
    "text": (given("err"), "wrong shape", {}),
    "too few numbers": (given(np.zeros(0)), "wrong shape", {}),
    "too many numbers": (given(np.zeros(2)), "wrong shape", {}),
    "no list": (given(0.5), "wrong shape", {}),
    "a rail": (given(np.array([5.0])), "out of range", LEGAL),
    "a wrong sign": (lambda call, good: -1 - good, "out of range", LEGAL),
    "no code": (given(np.array([256])), "out of range", {"adc_bits": 8}),
    "half a code": (given(np.array([17.5])), "out of range", {"adc_bits": 8}),
    "a code below all": (given(np.array([-1])), "out of range", {"adc_bits": 8}),
    "late": (late, "no answer in time", {"time_out": 0.05, "repeats": 0, "give_up": 2}),
    "never": (hang, "no answer in time", {"time_out": 0.05, "repeats": 1, "give_up": 2}),
    "a pause too long": (raises(Pause(9.0)), "not ready", {"pause": 0.01}),
    "pauses without end": (raises(Pause()), "not ready", {"pause": 0.002, "give_up": 2}),
    "an exception with lines": (raises(ValueError("a\nb\x07" + "c" * 999)), "exception", {}),
}


@pytest.mark.parametrize("name", FAULTY)
def test_never_again(name):
    """Good for 40 readings, then bad for ever: parameters rest as they were before the first bad step."""
    fault, kind, asked = FAULTY[name]
    device = Broken(Network(XOR), fault, lambda call: call >= 40)
    if "adc_bits" in asked:
        # Codes that stand for the network's outputs, to 8 bits.
        read = device.device.read
        device.device.read = lambda x: np.floor(read(x) * 128) + 128
    config = outside(XOR, **asked)
    loop = ChipInTheLoop(device, config)
    healthy = ChipInTheLoop(Network(XOR) if "adc_bits" not in asked else device.device, outside(XOR, **asked))
    healthy.run(20)
    with pytest.raises(DeviceAtRest, match=kind) as stopped:
        loop.run(500)
    assert "\n" not in str(stopped.value)
    assert len(str(stopped.value)) < 500
    assert loop.step == 20 + config.device.give_up
    np.testing.assert_array_equal(loop.trainer.theta, healthy.trainer.theta)
    counted = {each: int(count[0]) for each, count in loop.outside.faults.items() if count[0]}
    tries = config.device.give_up * 2 * (1 + config.device.repeats)
    assert counted == {kind: tries}, "each measurement was tried so often, and no more"
    assert loop.outside.dropped.tolist() == [2 * config.device.give_up]
    with pytest.raises(DeviceAtRest, match="start"):
        loop.run(1)
    # The last that the device was given are these parameters, at rest or around it.
    np.testing.assert_allclose(device.written[-1], loop.parameters[0], atol=XOR.words.weight.step)


@pytest.mark.parametrize("name", ["an exception", "not a number", "too many numbers", "a rail", "no list"])
def test_goes_on_when_started(name):
    fault, _, asked = FAULTY[name]
    device = Broken(Network(XOR), fault, lambda call: 40 <= call < 40 + 2 * 8 * 4)
    loop = ChipInTheLoop(device, outside(XOR, **asked))
    with pytest.raises(DeviceAtRest):
        loop.run(500)
    rested = loop.trainer.theta
    loop.start()
    assert not loop.resting.any()
    loop.run(1)
    loop.run(200)
    assert (loop.trainer.theta != rested).any()
    assert loop.step == 20 + 8 + 201


@pytest.mark.parametrize(
    "name", [name for name in FAULTY if "code" not in name and name not in ("never", "late")]
)
def test_a_repeat_mends(name):
    """Each measurement fails once and is then good: all states are those without a fault."""
    fault, kind, asked = FAULTY[name]
    asked = {key: value for key, value in asked.items() if key != "give_up"}
    device = Broken(Network(XOR), fault, lambda call: call % 2 == 0)
    loop = ChipInTheLoop(device, outside(XOR, **asked))
    if kind == "not ready" and "without" in name:
        # A pause that is asked for once is no fault.
        kind = None
    same(loop.run(30, record=True), Trainer(XOR, [XOR.seed]).run(30, record=True))
    assert not loop.outside.dropped.any()
    assert {each for each, count in loop.outside.faults.items() if count.any()} == ({kind} if kind else set())


@pytest.mark.parametrize(
    "learning",
    [
        {},
        {"measure": "two_sided"},
        {"tau_x": 6, "tau_p": 2, "tau_theta": 3},
        {"algorithm": "analog", "tau_x": 4},
        {"reference": "every_step", "tau_x": 4, "tau_p": 4, "tau_theta": 4},
    ],
    ids=["one-sided", "two-sided", "windows", "analog", "references anew"],
)
@pytest.mark.parametrize("lie", [0.0, 7.5], ids=["low", "high"])
def test_no_bad_reading_teaches(learning, lie):
    """What is read where a measurement is bad makes no difference to any state."""
    config = outside(XOR.replaced(learning=learning), repeats=0, give_up=1000, legal=[-0.5, 1.5])
    drops = np.random.default_rng(3).random(2000) < 0.3

    def broken(value):
        device = Broken(Network(XOR), given(np.array([value])), lambda call: bool(drops[call]))
        loop = ChipInTheLoop(device, config)
        return loop, loop.run(200, record=True)

    bad, found = broken(-9.0 - lie)
    _, wanted = broken(float("nan"))
    same(found, wanted)
    assert bad.outside.dropped[0] > 50
    moved = (np.diff(found.theta[:, 0], axis=0) != 0).any(axis=1)
    assert moved.sum() > 20, "and it went on learning"


def test_a_dropped_step_by_hand():
    """One-sided, a window of four: C0 lost, then C lost. C~ is 0 then, and A is that of the other steps."""
    config = outside(XOR.replaced(learning={"tau_x": 4, "tau_p": 4, "tau_theta": 4}), repeats=0, give_up=1000)
    good = ChipInTheLoop(Network(XOR), config).run(8, record=True)
    # Readings: C0 and C of step 0, C of steps 1 to 3; C0 and C of step 4, and so on.
    for lost, missing in ((2, [1]), (0, [0, 1, 2, 3]), (7, [5]), (5, [4, 5, 6, 7])):
        device = Broken(Network(XOR), given(np.array([np.nan])), lambda call, lost=lost: call == lost)
        found = ChipInTheLoop(device, config).run(8, record=True)
        first = missing[0] // 4 * 4
        assert found.cost_change[missing, 0].tolist() == [0] * len(missing)
        kept = [step for step in range(first, first + 4) if step not in missing]
        assert found.cost_change[kept, 0].tolist() == good.cost_change[kept, 0].tolist()
        assert found.hold[first + 3, 0] == sum(good.cost_change[kept, 0].tolist())
        assert found.theta[: first + 3].tolist() == good.theta[: first + 3].tolist()


def test_an_analog_sample_that_was_missed_is_blanked_when_it_comes():
    """The high-pass must not take the jump from one sample to the next for a change."""
    config = outside(XOR.replaced(learning={"algorithm": "analog", "tau_x": 4}), repeats=0, give_up=1000)
    good = ChipInTheLoop(Network(XOR), config).run(8, record=True)
    device = Broken(Network(XOR), given(np.array([np.nan])), lambda call: call == 4)
    found = ChipInTheLoop(device, config).run(8, record=True)
    assert found.theta[:4].tolist() == good.theta[:4].tolist()
    assert found.cost_change[4, 0] == 0
    # S of step 5: what was left of S, without C - C_before, times a, and its remainder.
    kept, a = int(good.high_passed[3, 0]), config.levels.high_pass
    assert found.high_passed[4, 0] == kept
    assert found.high_passed[5, 0] == (kept >> 8) * a + (kept & 255)


def test_others_go_on():
    """Of three devices in one call the second is dead for some time; the others do as without it."""
    twin = Trainer(XOR, (0, 1, 2)).run(60, record=True)

    def one_dead(call, good):
        bad = good.copy()
        bad[1] = np.nan
        return bad

    for devices in (
        Broken(Networks(XOR, 3), one_dead, lambda call: call >= 20),
        [
            Network(XOR),
            Broken(Network(XOR), given(np.array([np.nan])), lambda call: call >= 40),
            Network(XOR),
        ],
    ):
        if isinstance(devices, Broken):
            devices.vectorised, devices.replicas = True, 3
        loop = ChipInTheLoop(devices, outside(XOR), (0, 1, 2))
        found = loop.run(60, record=True)
        for name in ("theta", "cost", "update"):
            ours, theirs = found.arrays[name], twin.arrays[name]
            np.testing.assert_array_equal(ours[:, [0, 2]], theirs[:, [0, 2]], name)
        assert found.theta[-1, 1].tolist() == twin.theta[19, 1].tolist()
        assert loop.resting.tolist() == [False, True, False]


def test_listeners_do_not_hear_what_failed():
    """Answers counted and the judge's window: only of references that were measured."""
    config = outside(
        XOR.replaced(task={"accuracy": True}, judge={"kind": "window", "limit": 0.9, "window": 8}),
        repeats=0,
        give_up=1000,
    )
    bad = {0, 4, 5, 6, 13}
    device = Broken(Network(XOR), given(np.array([np.nan])), lambda call: call in bad)
    found = ChipInTheLoop(device, config).run(12, record=True)
    # Reading 2 n is C0 of step n.
    heard = [2 * step not in bad for step in range(12)]
    assert found.judged_count[:, 0].tolist() == np.cumsum(heard).tolist()
    assert (np.diff(found.right_count[:, 0]) <= np.array(heard[1:])).all()
    # All costs are below the limit, so the eighth that was heard solves it.
    assert found.solved[:, 0].tolist() == [int(count >= 8) for count in np.cumsum(heard)]


def test_stuck():
    """A bit pattern that never moves, though parameters do: after five of the same the device is stuck."""
    device = Broken(Network(XOR), given(np.array([0.4375])), lambda call: call >= 40)
    loop = ChipInTheLoop(device, outside(XOR, stuck=5, give_up=3))
    with pytest.raises(DeviceAtRest, match=r"stuck: \[\[0\.4375\]\]"):
        loop.run(500)
    # Readings 40 to 44 are believed: the sixth of the same is the fifth that repeats.
    assert loop.step == 22 + 3
    assert loop.outside.faults["stuck"][0] == 4 * (1 + 2 * 2)


def test_a_glitch_is_seen_by_the_others():
    """One of four readings is far off: within the legal range, but apart from the rest."""
    config = outside(XOR, average=4, spread=0.125)
    device = Broken(Network(XOR), lambda call, good: good + 0.4, lambda call: call % 11 == 6)
    loop = ChipInTheLoop(device, config)
    same(loop.run(40, record=True), Trainer(XOR, [XOR.seed]).run(40, record=True))
    assert loop.outside.faults["glitch"][0] > 10


def test_ready_that_never_comes():
    class Slow(Network):
        asked = 0

        def ready(self):
            self.asked += 1
            return self.asked % 3 == 0 and self.asked < 90

    loop = ChipInTheLoop(Slow(XOR), outside(XOR, pause=0.002, repeats=1, give_up=2))
    with pytest.raises(DeviceAtRest, match=r"not ready: not within 0\.002 s"):
        loop.run(100)
    assert loop.step > 10


def test_swapped_channels_are_learned():
    """Parameters in another order, every second with the wrong sign: nobody has to know."""

    class Swapped(Networks):
        def write(self, parameters):
            super().write((parameters * np.array([1, -1] * 4 + [1]))[..., ::-1])

    # The words of a resting parameter are odd multiples of a step, so that a sign keeps them words.
    loop = ChipInTheLoop(Swapped(XOR, 8), outside(XOR))
    solved = np.zeros(8, dtype=bool)
    for _ in range(20):
        loop.run(500)
        solved |= loop.cost_and_accuracy()[0] < 0.04
    assert solved.sum() >= 6


def test_a_late_answer_is_dropped_by_its_number():
    """Reading 6 comes when nobody waits for it any more, and is not taken for the one after it."""
    go_on = threading.Event()

    def slow(call, good):
        go_on.wait(5)
        return np.array([0.875])

    config = outside(XOR, time_out=0.05, repeats=50)
    device = Broken(Network(XOR), slow, lambda call: call == 6)
    loop = ChipInTheLoop(device, config)
    timer = threading.Timer(0.2, go_on.set)
    timer.start()
    same(loop.run(20, record=True), Trainer(XOR, [XOR.seed]).run(20, record=True))
    timer.join()
    assert 1 <= loop.outside.faults["no answer in time"][0] <= 50


class Interrupting(Network):
    """Ctrl-C arrives within a call, as from the keyboard."""

    def __init__(self, config, call):
        super().__init__(config)
        self.left = call

    def read(self, inputs):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().read(inputs)


def test_an_interrupt_within_a_call_leaves_whole_steps():
    """In step 17: it did not begin, and a further run is that of one without interrupt."""
    loop = ChipInTheLoop(Interrupting(XOR, 2 * 17 + 2), outside(XOR))
    with pytest.raises(KeyboardInterrupt):
        loop.run(100)
    assert loop.step == 17
    twin = Trainer(XOR, [XOR.seed])
    wanted = twin.run(60, record=True)
    assert loop.trainer.theta.tolist() == wanted.theta[16].tolist()
    found = loop.run(43, record=True)
    np.testing.assert_array_equal(found.theta, wanted.theta[17:])
    np.testing.assert_array_equal(found.sample, wanted.sample[17:])


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_ends_after_the_step(number, error):
    """The first one is only noted; the step under way is finished."""

    class Signalling(Interrupting):
        def read(self, inputs):
            self.left -= 1
            if self.left == 0:
                signal.raise_signal(number)
            return Network.read(self, inputs)

    loop = ChipInTheLoop(Signalling(XOR, 2 * 17 + 1), outside(XOR))
    with pytest.raises(error):
        loop.run(100)
    assert loop.step == 18
    loop.run(2)
    twin = Trainer(XOR, [XOR.seed])
    twin.run(20)
    assert loop.trainer.theta.tolist() == twin.theta.tolist()


def test_stops_where_it_is_told():
    loop = ChipInTheLoop(Network(XOR), outside(XOR))
    loop.run(100, stop=lambda step: step == 33)
    assert loop.step == 33
    loop.run(27)
    twin = Trainer(XOR, [XOR.seed])
    twin.run(60)
    assert loop.trainer.theta.tolist() == twin.theta.tolist()


def test_a_state_goes_on_with_its_faults():
    """Kept in the middle of a series of bad steps, and restored by another loop."""
    bad = given(np.array([np.nan]))
    config = outside(XOR, repeats=0)

    def loop(first):
        device = Broken(Network(XOR), bad, lambda call: call + first >= 40)
        return ChipInTheLoop(device, config)

    one = loop(0)
    one.run(24)
    other = loop(48)
    other.trainer.restore(one.trainer.state)
    assert other.trainer.state.learned.links[OUTSIDE][2].tolist() == [4]
    for each in (one, other):
        with pytest.raises(DeviceAtRest):
            each.run(100)
        assert each.step == 28
    assert one.trainer.theta.tolist() == other.trainer.theta.tolist()


@pytest.mark.parametrize("steps", [0, 24, 40], ids=["new", "while it fails", "at rest"])
def test_a_checkpoint_goes_on(steps, tmp_path):
    """From a file, in another loop: the same states as without, faults counted on."""
    config = outside(XOR, repeats=0)

    def loop(first):
        device = Broken(Network(XOR), given(np.array([np.nan])), lambda call: 40 <= call + first < 60)
        return ChipInTheLoop(device, config)

    whole = loop(0)
    for part in (steps, 60):
        try:
            whole.run(part)
        except DeviceAtRest:
            whole.start()
        if part == steps:
            whole.save(tmp_path / "loop.npz")
            (done,) = whole.outside.measurements.tolist()
            other = loop(done)
            other.resume(tmp_path / "loop.npz")
            assert other.step == whole.step
            assert other.trainer.theta.tolist() == whole.trainer.theta.tolist()
    try:
        other.run(60)
    except DeviceAtRest:
        other.start()
    assert other.trainer.theta.tolist() == whole.trainer.theta.tolist()
    assert other.step == whole.step


def test_a_checkpoint_of_others_is_refused(tmp_path):
    one = ChipInTheLoop(Network(XOR), outside(XOR))
    one.save(tmp_path / "one.npz")
    with pytest.raises(Refused) as refused:
        ChipInTheLoop(Networks(XOR, 2), outside(XOR)).resume(tmp_path / "one.npz")
    assert "\n" not in str(refused.value)
    with pytest.raises(Refused):
        ChipInTheLoop(Network(XOR), outside(XOR, average=2)).resume(tmp_path / "one.npz")


@pytest.mark.parametrize("name", ["decay", "windows", "a shadow"])
def test_bad_steps_are_steps_without_a_change(name):
    """At rest parameters are those of a device that reads one number for ever, so that C~ is 0: good steps
    before them still count, at the end of their window, and words that need no measurement go on.
    """
    changes = {
        "decay": {"learning": {"decay": 0.0625}},
        "windows": {"learning": {"tau_p": 3, "tau_theta": 3}},
        "a shadow": {"learning": {"tau_p": 3, "tau_theta": 6}, "engine": {"shadow": "yes"}},
    }[name]
    config = outside(XOR.replaced(**changes), repeats=0)
    found = {}
    for value in (np.nan, 0.25):
        device = Broken(Network(XOR), given(np.array([value])), lambda call: call >= 38)
        loop = ChipInTheLoop(device, config)
        if np.isnan(value):
            with pytest.raises(DeviceAtRest):
                loop.run(100)
            steps = loop.step
        else:
            loop.run(steps)
        state = loop.trainer.state.learned
        found[value] = [state.store.theta.tolist(), state.store.visible.tolist(), state.hold.tolist()]
    assert steps == 19 + config.device.give_up
    assert found[np.nan] == found[0.25]


# ---- what is no device ---------------------------------------------------------------------------


def test_kinds_are_all_tried():
    tried = {kind for _, kind, _ in FAULTY.values()}
    assert tried | {"glitch", "stuck"} == set(FAULTS)
    assert len(FAULTY) >= 20


@pytest.mark.parametrize(
    ("device", "config", "seeds", "message"),
    [
        (Network(XOR), XOR, None, r'device\.kind = "network": must be "outside"'),
        (object(), outside(XOR), None, "object has no write, read: must have write, read"),
        (Network(XOR), outside(XOR, gives="cost"), None, "Network has no cost"),
        (Network(XOR), outside(XOR, second_weight=1.0), None, "Network has no second"),
        (Network(XOR), outside(XOR), [1, 2], "1 devices and 2 seeds"),
        ([], outside(XOR), None, "0 devices"),
    ],
)
def test_refused(device, config, seeds, message):
    with pytest.raises(Refused, match=message) as refused:
        ChipInTheLoop(device, config, seeds)
    assert "\n" not in str(refused.value)


def test_a_cost_of_its_own():
    """42 parameters and no samples: the bowl's bottom, and with a second cost as heavy half way to zero.

    Of (p - t)^2 + p^2 the least is at t / 2; what is left is the size of a shake.
    """
    target = np.linspace(-1, 1, 42)
    config = preset("xor").replaced(
        network={"layers": [1, 1]},
        task={"name": "external", "source": "stream"},
        formats={"parameter": "SQ(3, 16)", "cost_change": "SQ(2, 16)"},
        perturbation={"amplitude": 2.0**-6},
        learning={"rate": 0.25, "measure": "two_sided"},
        device={"kind": "outside", "gives": "cost", "parameters": [42]},
    )
    for weight, factor in ((0.0, 1.0), (1.0, 0.5)):
        loop = ChipInTheLoop(Bowl(target), config.replaced(device={"second_weight": weight}))
        loop.run(4000)
        np.testing.assert_allclose(loop.parameters[0], factor * target, atol=0.1)
        cost, accuracy = loop.cost_and_accuracy()
        own = np.square(loop.parameters - target).mean() + weight * np.square(loop.parameters).mean()
        assert cost[0] == pytest.approx(own, abs=3 * config.words.cost.step)
        assert np.isnan(accuracy[0])
