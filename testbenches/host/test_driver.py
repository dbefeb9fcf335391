"""The driver: does it train what it is connected to, exactly as the twin, and say clearly what is wrong?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import ConfigError, TrainerConfig, load, preset
from mgd_hdl.config.errors import Refused
from mgd_hdl.config.memory_map import IDENTIFICATION, VERSION, memory_map
from mgd_hdl.host import (
    AccessRefused,
    Circuit,
    DirectLine,
    FramedLine,
    HostError,
    NoAnswer,
    PynqMemory,
    Standing,
    TooLong,
    Transport,
    WrongCircuit,
    connect,
)
from mgd_hdl.host.software import SoftwareCircuit
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer

from .lines import Disturbed, Lossy, Unplugging

EXAMPLES = Path(__file__).parents[2] / "examples"
XOR = preset("xor").replaced(host={"bus": "uart"})
JUDGED = load(EXAMPLES / "12_judge.toml").replaced(host={"bus": "axi4lite"})
STREAM = load(EXAMPLES / "09_stream.toml").replaced(host={"bus": "uart"})


def by_serial_line(circuit: SoftwareCircuit) -> Transport:
    return FramedLine(DirectLine(circuit))


def by_memory(circuit: SoftwareCircuit) -> Transport:
    return PynqMemory(circuit)


WAYS = pytest.mark.parametrize("way", [by_serial_line, by_memory])


def twin_of(circuit: SoftwareCircuit) -> Trainer:
    assert circuit._learner is not None
    return circuit._learner.twin


def told(config: TrainerConfig, word: int) -> float:
    return word * config.words.measured.step


@WAYS
@pytest.mark.parametrize("config", [XOR, JUDGED], ids=lambda config: config.name)
def test_trained_as_the_twin(config: TrainerConfig, way: Callable[[SoftwareCircuit], Transport]):
    circuit = connect(config, way(SoftwareCircuit(config)))
    circuit.start(7)
    seen: list[Standing] = []
    end = circuit.train(150, progress=seen.append)
    twin = Trainer(config, [7])
    record = twin.run(150, record=True)
    assert record is not None
    assert (end.steps, end.samples) == (150, 150)
    assert (end.busy, end.running) == (False, False)
    assert end.cost == told(config, record.cost[-1, 0])
    assert end.baseline == told(config, record.baseline[-1, 0])
    assert len(seen) > 2
    assert all(a.steps <= b.steps for a, b in pairwise(seen))
    assert seen[0].running
    assert circuit.step(3).steps == 153
    record = twin.run(3, record=True)
    assert record is not None
    assert circuit.look().cost == told(config, record.cost[-1, 0])


def test_what_is_there_is_taken_up():
    """A second driver finds the knobs, the steps and the state of the first one's."""
    software = SoftwareCircuit(XOR)
    first = connect(XOR, by_memory(software))
    first.start(3, tau_x=4, tau_p=2)
    first.train(40)
    second = connect(XOR, by_serial_line(software))
    assert second.look().steps == 40
    assert second.knobs == first.knobs
    assert (second.knobs["tau_x"], second.knobs["tau_p"]) == (4, 2)
    second.train(40)
    twin = Trainer(XOR, [3], tau_x=4, tau_p=2)
    twin.run(80)
    assert np.array_equal(twin_of(software).theta, twin.theta)


def test_samples_from_the_host():
    x = np.array([[0, 0], [0, 128], [128, 0], [100, 128], [255, 3]])
    target = np.array([[1], [7], [7], [1], [0]])
    samples = Dataset(x, target)
    software = SoftwareCircuit(STREAM)
    circuit = connect(STREAM, by_serial_line(software))
    circuit.start(5)
    end = circuit.train(23, samples=samples)
    # It takes one more than it has used.
    circuit.train(10)
    twin = Trainer(STREAM, [5], samples=samples)
    twin.run(33)
    assert np.array_equal(twin_of(software).theta, twin.theta)
    assert end.samples == 23
    # A start forgets the one that waits.
    circuit.start(6)
    circuit.train(7, samples=samples)
    twin = Trainer(STREAM, [6], samples=samples)
    twin.run(7)
    assert np.array_equal(twin_of(software).theta, twin.theta)


def test_until_the_judge_is_content():
    config = JUDGED.replaced(judge={"limit": 0.3, "window": 4})  # which is soon
    software = SoftwareCircuit(config)
    circuit = connect(config, by_memory(software))
    circuit.start(1)
    twin = Trainer(config, [1])
    record = twin.run(1000, record=True)
    assert record is not None
    at = int(twin.solved_at[0])
    assert 20 < at < 100
    end = circuit.train(1000, until_solved=True)
    assert end.solved
    assert at < end.steps < 1000
    assert end.cost == told(JUDGED, record.cost[end.steps - 1, 0])
    assert circuit.train(until_solved=True) == end


def test_knobs_of_a_circuit_that_runs():
    """Two that belong together are taken together, and the steps that were asked for are all made."""
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, by_memory(software))
    circuit.start()
    together = []
    clock = software.bank.clock

    def watched(says, access):
        if says.step_begins:
            together.append((software.bank.seen["tau_p"], software.bank.seen["tau_theta"]))
        return clock(says, access)

    software.bank.clock = watched
    changed = []

    def change(standing: Standing) -> None:
        if not changed and standing.steps > 20:
            circuit.set_knobs(tau_p=6, tau_theta=3)
            changed.append(standing)

    assert circuit.train(400, progress=change).steps == 400
    assert changed
    assert set(together) == {(1, 1), (6, 3)}
    circuit.set_knobs(learning_shift=2)
    assert circuit.knobs["learning_shift"] == 2
    assert circuit.read("steps_left") == 0


@pytest.mark.parametrize(
    ("knobs", "line"),
    [
        ({"tau_x": 0}, "tau_x = 0: must be a whole number from 1 to 65535"),
        ({"tau_x": 65536}, "tau_x = 65536: must be a whole number from 1 to 65535"),
        ({"learning_shift": 4}, "learning_shift = 4: must be a whole number from 0 to 3"),
        ({"seed_code": -1}, "seed_code = -1: must be a whole number from 0 to 2147483647"),
        ({"tau_x": 1.5}, "tau_x = 1.5: must be a whole number from 1 to 65535"),
        ({"taux": 1}, 'taux = 1: is no register (did you mean "tau_x"?)'),
        ({"tau_p": 4, "tau_theta": 3}, "tau_theta = 3: with tau_p = 4: tau_theta must divide tau_p"),
    ],
)
@pytest.mark.parametrize("method", ["start", "set_knobs"])
def test_knobs_out_of_range_never_go_out(knobs, line, method):
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, by_memory(software))
    circuit.start()
    before = dict(software.bank.written)
    with pytest.raises(ConfigError) as caught:
        getattr(circuit, method)(**knobs)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert software.bank.written == before
    assert circuit.train(5).steps == 5


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda circuit: circuit.train(), "steps: must be given, or until_solved"),
        (lambda circuit: circuit.train(-1), "steps = -1: must be 0 or more"),
        (lambda circuit: circuit.train(until_solved=True), 'judge.kind = "window"'),
        (
            lambda circuit: circuit.train(5, samples=Dataset(np.zeros((1, 2), int), np.zeros((1, 1), int))),
            'no window onto samples; it needs task.source = "stream"',
        ),
        (lambda circuit: circuit.parameters(), 'no window onto parameters; it needs engine.access = "yes"'),
        (lambda circuit: circuit.infer([[0, 1]]), "no window onto inference; it needs network.inference"),
    ],
)
def test_what_cannot_be_asked_for(call, line):
    circuit = connect(XOR, by_memory(SoftwareCircuit(XOR)))
    circuit.start()
    with pytest.raises(Refused) as caught:
        call(circuit)
    assert line in str(caught.value)
    assert circuit.train(2).steps == 2


def test_a_stream_needs_samples():
    circuit = connect(STREAM, by_memory(SoftwareCircuit(STREAM)))
    circuit.start()
    with pytest.raises(Refused, match=r'samples: must be given, since task.source = "stream"'):
        circuit.train(5)


# ---- the wrong circuit -----------------------------------------------------------------------------------


class Memory:
    """Words that are read."""

    def __init__(self, **words: int):
        map_ = memory_map(XOR)
        self.words = {register.address: register.reset for register in map_}
        self.words |= {map_[name].address: word for name, word in words.items()}

    def read(self, offset: int) -> int:
        return self.words[offset]

    def write(self, offset: int, value: int) -> None:
        self.words[offset] = value


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"id": 0}, "register id (0x000): no trainer is here: 0x00000000 in place of 0x3144474D"),
        ({"id": 0xFFFFFFFF}, "register id (0x000): no trainer is here: 0xFFFFFFFF"),
        (
            {"version": 0x0002_0003},
            "(0x004): a register map of version 2.3; this release reads 1.0",
        ),
        ({"hash_low": 1}, "register hash_low (0x008): a trainer of another configuration, 0x"),
        ({"hash_high": 1}, "that of xor_trainer is 0x"),
    ],
)
def test_another_circuit(words, line):
    with pytest.raises(WrongCircuit) as caught:
        connect(XOR, PynqMemory(Memory(**words), "mmio"))
    assert str(caught.value).startswith("mmio, register ")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_newer_map_of_the_same_kind_is_read():
    assert VERSION & 0xFFFF < 0xFFFF
    connect(XOR, PynqMemory(Memory(version=VERSION | 0xFFFF)))
    assert Memory().read(0) == IDENTIFICATION


def test_another_configuration():
    other = XOR.replaced(learning={"rate": 0.25})
    with pytest.raises(WrongCircuit, match="another configuration"):
        connect(other, by_serial_line(SoftwareCircuit(XOR)))
    # A bus makes no difference.
    connect(XOR.replaced(host={"bus": "axi4lite"}), by_serial_line(SoftwareCircuit(XOR)))


# ---- what goes wrong on the way ----------------------------------------------------------------------------


def test_a_bad_line_makes_no_difference():
    software = SoftwareCircuit(XOR)
    wire = Lossy(software, 0.02)
    circuit = connect(XOR, FramedLine(DirectLine(wire), tries=30))
    circuit.start(9)
    circuit.train(200)
    twin = Trainer(XOR, [9])
    twin.run(200)
    assert wire.spoilt > 10
    assert np.array_equal(twin_of(software).theta, twin.theta)
    assert "bad_frame" not in circuit.flags  # which is the circuit's own to raise


NOISE = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("says", "line"),
    [
        (
            lambda _left: b"",
            "no answer: is this the port, does the circuit run, is it this baud rate? (4 tries)",
        ),
        (
            lambda _left: NOISE.bytes(60),
            "bytes that are none: another device, or another baud rate? (4 tries)",
        ),
    ],
    ids=["silent", "babbling"],
)
def test_a_line_on_which_something_else_is(says, line):
    """One clear error; when it is gone, the circuit is found as it was left, whatever it has heard."""
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, by_serial_line(software))
    circuit.start(4)
    circuit.train(30)
    wire = Disturbed(software, 10_000, says)
    with pytest.raises(NoAnswer) as caught:
        connect(XOR, FramedLine(DirectLine(wire)))
    assert str(caught.value).startswith("circuit in software, register id (0x000): no answer")
    assert str(caught.value).endswith(line)
    assert "\n" not in str(caught.value)
    wire._left = 0
    again = connect(XOR, FramedLine(DirectLine(wire)))
    assert again.look().steps == 30
    again.train(12)
    twin = Trainer(XOR, [4])
    twin.run(42)
    assert np.array_equal(twin_of(software).theta, twin.theta)


def test_after_a_wrong_configuration_the_right_one_is_taken_up():
    software = SoftwareCircuit(XOR)
    first = connect(XOR, by_serial_line(software))
    first.start(4)
    first.train(30)
    with pytest.raises(WrongCircuit, match="another configuration"):
        connect(XOR.replaced(seed=9), by_serial_line(software))
    again = connect(XOR, by_serial_line(software))
    assert again.look() == first.look()
    assert again.knobs == first.knobs


def test_unplugged_in_mid_training():
    """The error names line and register; the circuit goes on, and is taken up."""
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, FramedLine(DirectLine(Unplugging(software, 60))))
    circuit.start()
    with pytest.raises(NoAnswer) as caught:
        circuit.train(5000)
    assert str(caught.value).startswith("circuit in software")
    assert "gone" in str(caught.value)
    again = connect(XOR, by_serial_line(software))
    assert again.look().running
    again.stop()
    steps = again.look().steps
    assert 0 < steps < 5000
    again.train(10)
    twin = Trainer(XOR, [XOR.seed])
    twin.run(steps + 10)
    assert np.array_equal(twin_of(software).theta, twin.theta)


def test_an_interruption_stops_it_between_two_steps():
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, by_serial_line(software))
    circuit.start()

    def interrupt(_standing: Standing) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        circuit.train(100_000, progress=interrupt)
    before = circuit.look()
    assert not before.running
    software.let_pass(0.1)
    assert circuit.look().steps <= before.steps + 1
    assert circuit.step().steps == circuit.look().steps


def test_a_circuit_that_stands_still():
    """Its steps wait for samples that somebody else should bring."""
    circuit = connect(STREAM, by_memory(SoftwareCircuit(STREAM)), patience=0.5)
    circuit.start()
    circuit._samples = Dataset(np.zeros((1, 2), np.int64), np.zeros((1, 1), np.int64))
    circuit._hand_over = lambda: False
    with pytest.raises(TooLong) as caught:
        circuit.train(5)
    what = "no step is done: it stands at 0, after 0.5 s"
    assert str(caught.value) == f"memory, register steps_low (0x080): {what}"
    del circuit._hand_over
    assert not circuit.look().running
    assert circuit.train(5).steps == 5


def test_a_reset_in_mid_training_is_seen():
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, by_memory(software))
    circuit.start()

    def reset(_standing: Standing) -> None:
        software.__init__(XOR)  # type: ignore[misc]

    with pytest.raises(HostError, match=r"register steps_low \(0x080\): 0 in place of 500: was it reset, or"):
        circuit.train(500, progress=reset)
    circuit.start()
    assert circuit.train(3).steps == 3


def test_flags_by_name():
    software = SoftwareCircuit(XOR)
    circuit = connect(XOR, by_serial_line(software))
    software.read(0xF00)
    software.read(0x041)
    assert circuit.flags == {"unmapped", "unaligned"}
    with pytest.raises(HostError, match=r"circuit in software, register tau_x \(0x100\): refused the access"):
        circuit.write("tau_x", 0)
    assert circuit.flags == {"unmapped", "unaligned", "illegal"}
    circuit.clear_flags()
    assert circuit.flags == set()


def test_refusals_over_a_memory_map_are_heard():
    """Nobody tells of them but the sticky flags, of which none gets lost."""
    software = SoftwareCircuit(XOR)
    software.read(0xF00)  # by somebody else
    circuit = connect(XOR, by_memory(software))
    with pytest.raises(AccessRefused) as caught:
        circuit.write("tau_x", 0)
    assert str(caught.value) == "memory, register tau_x (0x100): refused the access: illegal"
    with pytest.raises(AccessRefused, match=r"register id \(0x000\): refused the access: read_only"):
        circuit.write("id", 5)
    assert circuit.flags == {"unmapped", "illegal", "read_only"}
    circuit.start()
    assert circuit.train(20).steps == 20
    assert circuit.flags == {"unmapped", "illegal", "read_only"}
    circuit.clear_flags()
    assert circuit.flags == set()


def test_a_window_that_is_not_ready_over_a_memory_map():
    """An error as on any other bus, in place of a zero."""
    config = XOR.replaced(engine={"access": "yes"})
    circuit = connect(config, by_memory(SoftwareCircuit(config)))
    circuit.start()
    with pytest.raises(AccessRefused, match=r"parameter_data \(0x204\): refused the access: not_ready"):
        circuit.read("parameter_data")
    twin = Trainer(config, [config.seed])
    assert np.array_equal(circuit.parameters(), twin.theta[0])


def test_it_is_closed():
    closed = []
    transport = by_memory(SoftwareCircuit(XOR))
    transport.close = lambda: closed.append(True)  # type: ignore[method-assign]
    with Circuit(XOR, transport):
        pass
    assert closed == [True]
