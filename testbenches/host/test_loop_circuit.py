"""The driver of a circuit for a device outside; here the circuit is in software, with a device behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import ConfigError, TrainerConfig, preset
from mgd_hdl.config.device_knobs import device_registers, device_settings
from mgd_hdl.config.errors import Refused
from mgd_hdl.host import (
    ChipInTheLoop,
    Circuit,
    CircuitAtRest,
    DeviceAtRest,
    DirectLine,
    FramedLine,
    HostError,
    PynqMemory,
    TooLong,
    Transport,
    connect,
)
from mgd_hdl.host.software import SoftwareCircuit
from testbenches.host.devices import Bowl
from testbenches.loops import CODES, outside
from testbenches.outside import Sums

SHORT: dict[str, Any] = {"repeats": 1, "give_up": 4, "pause": 0.01}
LOOP = outside({**SHORT, "legal": [-1.0, 3.0], "spread": 0.25}, engine={"access": "yes"})


class Switched(Sums):
    """It can be made to fail."""

    error: Exception | None = None
    spoils: float | None = None

    def read(self, inputs: np.ndarray) -> np.ndarray:
        if self.error is not None:
            raise self.error
        found = super().read(inputs)
        return found if self.spoils is None else np.full_like(found, self.spoils)


def by_serial_line(circuit: SoftwareCircuit) -> Transport:
    return FramedLine(DirectLine(circuit))


def by_memory(circuit: SoftwareCircuit) -> Transport:
    return PynqMemory(circuit)


def connected(config: TrainerConfig, device: Any) -> Circuit:
    return connect(config, by_memory(SoftwareCircuit(config, device=device)))


@pytest.mark.parametrize("way", [by_serial_line, by_memory])
def test_it_learns_rests_and_goes_on(way):
    """As the software does that has no circuit in between: every look, and the parameters."""
    device, ours = Switched(LOOP), Switched(LOOP)
    circuit = connect(LOOP, way(SoftwareCircuit(LOOP, device=device)))
    circuit.start(7)
    loop = ChipInTheLoop(ours, LOOP, [7])

    def agrees(steps: int) -> None:
        seen = circuit.train(steps)
        record = loop.run(steps, record=True)
        assert record is not None
        assert (seen.steps, seen.cost) == (loop.step, record.cost[-1, 0] * LOOP.words.measured.step)
        dropped = loop.outside.dropped[0]
        assert (seen.asked, seen.dropped) == (loop.outside.measurements[0], dropped)
        assert seen.taken == seen.asked - dropped
        assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist()

    drawn = circuit.parameters().tolist()
    agrees(60)
    assert circuit.parameters().tolist() != drawn
    assert (circuit.resting, circuit.device_faults) == (False, set())
    device.error = ours.error = OSError("no supply")
    with pytest.raises(CircuitAtRest) as caught:
        circuit.train(1000)
    assert isinstance(caught.value, HostError | DeviceAtRest)
    assert str(caught.value) == (
        f"{circuit.transport.name}, register status (0x044): the device failed too often: refused; parameters"
        " rest in step 64, go_on goes on, a start begins anew"
    )
    with pytest.raises(DeviceAtRest):
        loop.run(1000)
    assert circuit.resting
    assert circuit.device_faults == {"refused"}
    assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist()
    # That is no fault of the host's accesses, and a further look changes nothing.
    assert circuit.flags == set()
    device.error = ours.error = None
    left = circuit.read("steps_left")
    with pytest.raises(CircuitAtRest, match="in step 64"):
        circuit.train(1)
    assert circuit.read("steps_left") == left, "nothing is asked of it"
    circuit.clear_device_faults()
    with pytest.raises(CircuitAtRest, match="too often: faults that were cleared; parameters"):
        circuit.train(1)
    circuit.go_on()
    loop.start()
    agrees(40)
    circuit.start(8)
    loop = ChipInTheLoop(ours, LOOP, [8])
    agrees(25)


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ({"spoils": 3.5}, "out_of_range"),
        ({"spoils": np.nan}, "refused"),
        ({"error": TimeoutError("nobody")}, "refused"),
    ],
)
def test_faults_by_name(spoilt, told):
    device = Switched(LOOP)
    circuit = connected(LOOP, device)
    circuit.start()
    circuit.train(5)
    vars(device).update(spoilt)
    with pytest.raises(CircuitAtRest, match=f"too often: {told}; parameters"):
        circuit.train(20)
    assert circuit.device_faults == {told}


def test_what_is_limited_is_told_and_believed():
    config = outside({**CODES, "dac_gain": 64.0}, perturbation={"family": "walsh"})
    device = Switched(config)
    circuit = connected(config, device)
    circuit.start()
    assert circuit.train(30).dropped == 0
    assert "parameters_clipped" in circuit.device_faults
    assert not circuit.resting
    device.error = OSError("no supply")
    with pytest.raises(CircuitAtRest, match="failed too often: refused; parameters"):
        circuit.train(100)
    assert "parameters_clipped" in circuit.device_faults


# ---- the device's registers, in the file's units -----------------------------------------------------

MANY = outside(
    {
        "settle": 15 / 12e6,
        "time_out": 1e-4,
        "average": 4,
        "legal": [0.1, 0.9],
        "spread": 0.3,
        "stuck": 5,
        "second_weight": 0.5,
        "adc_bits": 10,
    }
)


def test_settings_are_those_of_the_file():
    """Seconds in clocks that take as long or longer; readings in last bits, inwards; by hand."""
    knobs = {name: value for name, value in vars(MANY.registers()).items() if name.startswith("device_")}
    unit = MANY.converters.reading.step
    assert unit == 2.0**-10
    assert device_settings(MANY, knobs) == {
        "settle": pytest.approx(15 / 12e6, abs=1e-12),
        "pause": 1.0,
        "time_out": 1200 / 12e6,
        "average": 4,
        "repeats": 3,
        "give_up": 8,
        "legal": (103 * unit, 921 * unit),
        "spread": 307 * unit,
        "stuck": 5,
        "second_weight": 0.5,
    }
    assert device_registers(MANY, device_settings(MANY, knobs)) == knobs
    # Whatever number of clocks: what is read may be written again.
    for clocks in range(1, 3000, 7):
        settle = device_settings(MANY, {"device_settle": clocks})
        assert device_registers(MANY, settle) == {"device_settle": clocks}


def test_they_are_read_and_written():
    device = Sums(LOOP)
    calls = []
    device.read = lambda inputs: calls.append(1) or Sums.read(device, inputs)  # type: ignore[method-assign]
    circuit = connected(LOOP, device)
    circuit.start(3)
    assert circuit.device == {
        "settle": 0.0,
        "pause": 0.01,
        "time_out": 0.0,
        "average": 1,
        "repeats": 1,
        "give_up": 4,
        "legal": (0.0, 1023 * LOOP.words.output.step),
        "spread": 0.25,
    }
    circuit.train(10)
    before = len(calls)
    circuit.set_device(legal=[0.1, 0.75])
    knobs = circuit.knobs
    # In last bits of 2**-10, inwards.
    assert (knobs["device_low"], knobs["device_high"]) == (103, 768)
    # What is none is the widest there is.
    circuit.set_device(average=8, settle=1e-5, legal=[], spread=0.0)
    knobs = circuit.knobs
    assert (knobs["device_average"], knobs["device_settle"]) == (3, 120)
    assert (knobs["device_low"], knobs["device_high"], knobs["device_spread"]) == (0, 1023, 1023)
    seen = circuit.look()
    assert before == seen.asked == 20
    assert circuit.train(10).asked == 40
    assert len(calls) - before == 8 * 20
    # A start has the file's again, or others.
    circuit.start(3)
    assert circuit.device["average"] == 1
    circuit.start(3, **device_registers(LOOP, {"average": 2}))
    assert circuit.device["average"] == 2


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"dac_bits": 8}, "device.dac_bits = 8: is no register of a circuit; there are settle, pause,"),
        ({"setle": 1e-6}, 'device.setle = 1e-06: is no register of a circuit (did you mean "settle"?);'),
        ({"average": 3}, "device.average = 3: must be a power of two, 1 to 1024"),
        ({"settle": -1.0}, "device.settle = -1.0: must be"),
        ({"legal": [2.0, 1.0]}, "device.legal = [2.0, 1.0]: must be [lowest, highest]"),
        ({"stuck": 4}, "device_stuck = 4: is no register of this circuit, which needs device.stuck above 0"),
    ],
)
def test_what_cannot_be_set(keys, line):
    circuit = connected(LOOP, Sums(LOOP))
    circuit.start()
    before = circuit.knobs
    with pytest.raises(ConfigError) as caught:
        circuit.set_device(**keys)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert circuit.knobs == before


# ---- what is not there -------------------------------------------------------------------------------


def test_there_is_no_network():
    circuit = connected(LOOP, Sums(LOOP))
    with pytest.raises(Refused, match=r"^xor_trainer has no network: its device outside is what answers$"):
        circuit.infer([[0, 1]])


def test_there_is_no_device():
    config = preset("xor")
    circuit = connect(config, by_memory(SoftwareCircuit(config)))
    for call in (
        lambda: circuit.resting,
        circuit.go_on,
        lambda: circuit.device_faults,
        circuit.clear_device_faults,
        lambda: circuit.device,
        lambda: circuit.set_device(settle=1e-6),
    ):
        with pytest.raises(Refused, match=r'has no device outside; it needs device.kind = "outside"$'):
            call()
    seen = circuit.look()
    assert (seen.asked, seen.taken, seen.dropped, seen.resting) == (None, None, None, False)


@pytest.mark.parametrize(
    ("config", "device", "line"),
    [
        (LOOP, None, 'with device.kind = "outside" needs its device'),
        (preset("xor"), object(), 'with device.kind = "network" has no device outside'),
        (LOOP, object(), "object has no write, read: must have write, read"),
    ],
)
def test_a_circuit_in_software_has_its_device(config, device, line):
    with pytest.raises(Refused) as caught:
        connected(config, device).start()
    assert line in str(caught.value)


def test_a_cost_of_its_own_needs_no_samples():
    """Not even where samples would come from the host."""
    config = outside(
        {"gives": "cost", "parameters": [5]}, network={"layers": [1, 1]},
        task={"name": "external", "source": "stream"}, engine={"access": "yes"},
    )  # fmt: skip
    target = np.linspace(-0.5, 0.5, 5)
    circuit = connected(config, Bowl(target))
    circuit.start(2)
    circuit.train(40)
    loop = ChipInTheLoop(Bowl(target), config, [2])
    loop.run(40)
    assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist()


def test_a_checkpoint_keeps_the_parameters(tmp_path):
    """They go on elsewhere; what the device did is nobody's to repeat."""
    circuit = connected(LOOP, Sums(LOOP))
    circuit.start(4)
    circuit.train(30)
    taken = circuit.checkpoint(tmp_path / "run.npz")
    other = connected(LOOP, Sums(LOOP))
    other.resume(tmp_path / "run.npz")
    assert other.parameters().tolist() == taken.theta.tolist()
    other.train(10)
    with pytest.raises(ConfigError, match=r"device\.kind"):
        taken.twin(LOOP)


def test_a_slow_device_is_waited_for():
    """As long as its own registers allow, beside the patience of the driver."""
    config = LOOP.replaced(device={"time_out": 0.5})
    software = SoftwareCircuit(config, device=Sums(config))
    circuit = connect(config, by_memory(software), patience=0.1)
    circuit.start()
    # (1 + repeats) tries of two measurements: a pause to write, and one reading.
    assert circuit._device_seconds() == 2 * 2 * (0.01 + 0.01 + 0.5)
    begun = circuit.transport.time()
    with pytest.raises(TooLong, match=r"never comes, after 2.18 s; of the device: no fault$"):
        circuit._until(lambda status: False, "never comes")
    assert circuit.transport.time() - begun >= 2.18
