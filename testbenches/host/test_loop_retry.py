"""judge.retry with devices in the loop: try by try, step by step what the twin does with its network."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, Tries, preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.host import ChipInTheLoop, DeviceAtRest
from mgd_sim.retry import Retrying, alone
from mgd_sim.trainer import Trainer
from testbenches.catalogue import configuration, named
from testbenches.host.devices import Broken, Network, Networks
from testbenches.host.test_equal import outside, same

NAMES = [name for name in named("trainer", "example") if configuration(name).retries]
XOR = preset("xor").replaced(judge={"kind": "window", "limit": 0.3, "window": 8, "misses": 2, "retry": 60})
SEEDS = (0, 1, 2, 3)


def loops(config: TrainerConfig, seeds=SEEDS, **device):
    """All devices in one call, and each by itself."""
    asked = outside(config, **device)
    yield ChipInTheLoop(Networks(config, len(seeds)), asked, seeds)
    yield ChipInTheLoop([Network(config) for _ in seeds], asked, seeds)


def possible(name: str) -> bool:
    config = configuration(name)
    return not config.delayed and not config.imperfections.activation_spread and not config.nodes


@pytest.mark.parametrize("name", [name for name in NAMES if possible(name)])
def test_the_same_states(name):
    """Long enough for a third try of somebody; run in parts."""
    config = configuration(name)
    twin = Retrying(config, SEEDS)
    steps = min(3 * twin.groups[0].next_pause(config.judge.retry) + 7, 1500)
    wanted = twin.run(steps, record=True)
    found = ChipInTheLoop(Networks(config, len(SEEDS)), outside(config), SEEDS)
    first, then = found.run(steps // 2, record=True), found.run(steps - steps // 2, record=True)
    for state, array in wanted.arrays.items():
        both = np.concatenate([first.arrays[state], then.arrays[state]])
        np.testing.assert_array_equal(both, array, state)
    assert found.tries.tolist() == twin.tries.tolist()


def test_one_by_one():
    twin = Retrying(XOR, SEEDS)
    wanted = twin.run(400, record=True)
    for loop in loops(XOR):
        same(loop.run(400, record=True), wanted)
        assert loop.tries.tolist() == twin.tries.tolist()
        assert len(set(twin.tries.tolist())) > 1, "some go on while others begin anew"
        assert loop.step == 400
        assert (loop.outside.measurements == 800).all(), "each device once for each of its own steps"


def test_bystanders_are_not_written():
    """A device of a group is not touched while others are measured: two writes for each of its steps."""
    devices = [Broken(Network(XOR), lambda call, good: good, lambda call: False) for _ in SEEDS]
    ChipInTheLoop(devices, outside(XOR), SEEDS).run(400)
    assert [len(device.written) for device in devices] == [800] * 4


def test_mean_costs():
    """Of a run: the mean of C of all its steps, of whichever try."""
    wanted = Retrying(XOR, SEEDS).run(300, record=True).cost[100:].mean(axis=0) * XOR.words.cost.step
    for loop in loops(XOR):
        loop.run(100)
        loop.run(200)
        np.testing.assert_allclose(loop.mean_cost, wanted, rtol=1e-12)


def test_an_interrupt_is_between_two_steps():
    """In the middle of a step that some have done: nobody has; the run that goes on is that without."""
    calls = []

    class Interrupting(Network):
        def read(self, inputs):
            calls.append(len(calls))
            if len(calls) in (777, 1999):
                raise KeyboardInterrupt
            return super().read(inputs)

    twin = Retrying(XOR, SEEDS)
    twin.run(600)
    loop = ChipInTheLoop([Interrupting(XOR) for _ in SEEDS], outside(XOR), SEEDS)
    stopped = 0
    while loop.step < 600:
        try:
            loop.run(600 - loop.step)
        except KeyboardInterrupt:
            stopped += 1
            steps = {group.begun + group.trainer.step for group in loop.trainer.groups}
            assert steps == {loop.step}
    assert stopped == 2
    assert loop.trainer.theta.tolist() == twin.theta.tolist()
    assert loop.tries.tolist() == twin.tries.tolist()


def test_a_checkpoint(tmp_path):
    twin = Retrying(XOR, SEEDS)
    twin.run(500)
    (one, other), file = loops(XOR), tmp_path / "loop.npz"
    one.run(333)
    one.save(file)
    other.resume(file)
    other.run(167)
    assert other.trainer.theta.tolist() == twin.theta.tolist()
    assert other.tries.tolist() == twin.tries.tolist()


def test_who_rests_begins_nothing():
    """One of four is dead after step 20: it rests in its first try, and the others are as without it."""
    twin = Retrying(XOR, SEEDS)
    wanted = twin.run(300, record=True)
    dead = Broken(Network(XOR), lambda call, good: good * np.nan, lambda call: call >= 40)
    devices = [dead if seed == 1 else Network(XOR) for seed in SEEDS]
    loop = ChipInTheLoop(devices, outside(XOR), SEEDS)
    found = loop.run(300, record=True)
    np.testing.assert_array_equal(found.theta[:, [0, 2, 3]], wanted.theta[:, [0, 2, 3]])
    assert found.theta[-1, 1].tolist() == wanted.theta[19, 1].tolist()
    assert loop.tries[1] == 1
    assert loop.resting.tolist() == [False, True, False, False]
    dead.when = lambda call: False
    loop.start()
    loop.run(200)
    assert loop.tries[1] > 1


def test_all_rest():
    """The last one to rest is given its parameters too, and the run says why."""
    devices = [
        Broken(Network(XOR), lambda call, good: good * np.nan, lambda call, k=k: call >= 200 + 90 * k)
        for k in range(3)
    ]
    loop = ChipInTheLoop(devices, outside(XOR), range(3))
    with pytest.raises(DeviceAtRest, match="not a number"):
        loop.run(5000)
    for device, parameters in zip(devices, loop.parameters, strict=True):
        np.testing.assert_array_equal(device.written[-1], parameters)


def test_seeds_of_a_try():
    """Parameters right after the first pause are the initial ones of the page's second try."""
    loop = next(loops(XOR, (9,)))
    loop.run(60)
    assert loop.tries.tolist() == [2]
    second = Tries(XOR).masked(XOR.registers(9), Tries(XOR).masks(2)[1])
    assert loop.trainer.theta.tolist() == Trainer(alone(XOR), [second]).theta.tolist()


def test_parameters_given():
    """Of one device, in the middle of different tries: they are its own, whatever try it is in."""
    loop, _ = loops(XOR)
    loop.run(200)
    before = loop.trainer.theta
    given = np.linspace(-1, 1, 9)
    loop.trainer.load(np.tile((given / XOR.words.parameter.step).astype(int), (4, 1)), np.arange(4) == 2)
    np.testing.assert_allclose(loop.parameters[2], given, atol=2 * XOR.words.weight.step)
    np.testing.assert_array_equal(loop.trainer.theta[[0, 1, 3]], before[[0, 1, 3]])


def test_begun_anew_by_hand():
    loop, _ = loops(XOR)
    with pytest.raises(Refused, match=r"judge\.retry = 60: devices begin anew by themselves"):
        loop.begin_again(np.ones(4, dtype=bool))
    with pytest.raises(Refused, match=r"retry = 3: must be 0 with judge\.retry = 60"):
        next(loop.track(100, 10, retry=3))


def test_tracked():
    """Who begins anew is told with the look in which it does."""
    loop, _ = loops(XOR)
    looks = list(loop.track(300, 50))
    begun = np.sum([look.again for look in looks], axis=0)
    assert begun.tolist() == (loop.tries - 1).tolist()
    assert looks[-1].step == 300


def test_readings_that_stand_still_are_counted_for_each():
    """stuck = 20 within groups of other steps: no device is stuck that is not, and the one that is, is."""
    devices = [
        Network(XOR),
        Broken(Network(XOR), lambda call, good: good * 0 + 0.25, lambda call: call > 300),
    ]
    loop = ChipInTheLoop(devices, outside(XOR, stuck=20), (0, 3))
    loop.run(400)
    assert loop.resting.tolist() == [False, True]
    assert loop.outside.faults["stuck"][0] == 0
