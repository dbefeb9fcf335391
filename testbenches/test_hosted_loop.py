"""A loop behind every bus, with a device around it: the host starts it, it learns as the software does, rests
where the device fails, and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files
from mgd_hdl.host import ChipInTheLoop, Circuit, CircuitAtRest, DeviceAtRest, TooLong, connect
from mgd_hdl.host import simulation as bus
from mgd_sim.compare import first_difference, states
from mgd_sim.rtl import Design
from mgd_sim.rtl.verilator import VerilatorModel
from testbenches.loops import CODES, SINUSOIDS, WINDOWS, outside
from testbenches.outside import Failing, Sums, around
from testbenches.spi_device import Paths
from testbenches.spi_device import around as between_chips
from testbenches.test_spi_loop import CASES as PARTS
from testbenches.test_spi_loop import loop as spi_loop

#: Short, so that a device that is dead is one soon.
WAITS = {"time_out": 4e-6, "pause": 8e-6, "settle": 1e-6, "repeats": 1, "give_up": 3}
ACCESS = {"access": "yes"}
#: A bit of eight clocks: the quickest in simulation.
LINE = {"bus": "uart", "clock_hz": 12_000_000, "baud": 1_500_000}

#: What is told and believed.
CLIPPED = {"parameters_clipped", "readings_clipped"}

LOOPS: dict[str, TrainerConfig] = {
    "axi4lite": outside(WAITS, engine=ACCESS, host={"bus": "axi4lite"}),
    "wishbone, serial, a cost": outside(
        {**WAITS, "gives": "cost"}, engine={**ACCESS, "cell": "serial"}, host={"bus": "wishbone"}
    ),
    "pipelined wishbone, codes, windows": outside(
        {**WAITS, **CODES, "spread": 0.5, "stuck": 1000},
        engine=ACCESS,
        learning=WINDOWS,
        host={"bus": "wishbone", "pipelined": True, "reset": "rst_n"},
    ),
    "uart, two costs, sinusoids": outside(
        {**WAITS, "gives": "cost", "second_weight": 0.01}, engine=ACCESS, host=LINE, **SINUSOIDS
    ),
}
each_bus = pytest.mark.parametrize(
    "name", [name if name == "axi4lite" else pytest.param(name, marks=pytest.mark.only_all) for name in LOOPS]
)


class Watched(VerilatorModel):
    """A model that keeps the states of all steps, whoever turns its clock."""

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self.seen: list[dict[str, np.ndarray]] = []

    def clock(self, count: int = 1) -> None:
        while count > 0:
            some = min(count, 2000)
            self.seen.append(self.look(some))
            count -= some

    def until(self, name: str, value: int, most: int) -> bool:
        for _ in range(most):
            if self.get(name) == value:
                return True
            self.clock()
        return self.get(name) == value

    def begin(self) -> None:
        """Steps from now on."""
        self.forget()
        self.seen.clear()

    def states(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate([each[name] for each in self.seen]) for name in self.seen[0]}


@contextmanager
def hosted(
    config: TrainerConfig, design: Design, folder: Any, **how: Any
) -> Iterator[tuple[Circuit, Watched]]:
    model = Watched(design, folder, strobe="trainer.trainer.step_done")
    with connect(config, bus.around(config, model), **how) as circuit:
        yield circuit, model


def hosted_sums(name: str, folder: Any, **how: Any) -> Any:
    config = LOOPS[name]
    return hosted(config, around(config, trainer_files(config), stalls=True, delay=2), folder, **how)


def in_software(config: TrainerConfig, seed: int, device: Any = None) -> ChipInTheLoop:
    """There the device takes no time."""
    timeless = config.replaced(device={"settle": 0.0, "time_out": 0.0, "pause": 1.0})
    return ChipInTheLoop(Sums(timeless) if device is None else device, timeless, [seed])


class Dead(Sums):
    """A device that can be switched off."""

    dead = False

    def read(self, inputs: np.ndarray) -> np.ndarray:
        if self.dead:
            raise OSError("no supply")
        return super().read(inputs)

    def cost(self) -> Any:
        if self.dead:
            raise OSError("no supply")
        return super().cost()


@pytest.fixture
def build(tmp_path_factory) -> Path:
    return tmp_path_factory.getbasetemp().parent / "verilated"


@each_bus
def test_the_host_trains_it(name, build):
    """In parts, with other registers, with a device that dies and is mended: every state of every step."""
    config = LOOPS[name]
    device = Dead(config)
    loop = in_software(config, 5, device)
    with hosted_sums(name, build) as (circuit, model):
        circuit.write("interrupt_enable", circuit.map["interrupts"].bit("resting"))
        circuit.start(5)
        model.begin()
        drawn, expected = circuit.parameters().tolist(), []

        def agrees(steps: int) -> None:
            """So many steps further both are the same, by all states and by the windows."""
            end = circuit.train(steps)
            expected.append(states(loop.run(steps, record=True)))
            assert end.steps == loop.step
            difference = first_difference(
                {key: np.concatenate([part[key] for part in expected]) for key in expected[0]}, model.states()
            )
            assert difference is None, str(difference)
            assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist()
            assert end.asked == end.taken + end.dropped == loop.outside.measurements[0]
            assert not circuit.resting

        for steps in (1, 7, 58):
            agrees(steps)
        assert circuit.parameters().tolist() != drawn
        assert circuit.device_faults <= CLIPPED
        circuit.clear_device_faults()
        assert not circuit.device_faults
        assert circuit.look().dropped == 0
        # The device is written to as often, and asked as often, as the registers say.
        asked, requests = circuit.look().asked, model.get("requests")
        assert requests == asked
        circuit.set_device(average=4, settle=3e-6)
        assert (circuit.device["average"], circuit.device["settle"]) == (4, 3e-6)
        agrees(12)
        assert model.get("requests") - requests == 4 * (circuit.look().asked - asked)
        before = loop.trainer.theta[0].tolist()

        # It dies: the host is told why, and that all is at rest.
        model.set(**Failing("is silent", tries=(1 << 24) - 1).ports)
        device.dead = True
        with pytest.raises(CircuitAtRest) as caught:
            circuit.train(1000)
        give_up = config.device.give_up
        at = loop.step + give_up
        assert str(caught.value).endswith(
            "register status (0x044): the device failed too often: no_answer; parameters rest in step"
            f" {at}, go_on goes on, a start begins anew"
        )
        with pytest.raises(CircuitAtRest):
            circuit.train(1)
        with pytest.raises(DeviceAtRest):
            loop.run(1000)
        assert loop.step == at
        seen = circuit.look()
        assert (seen.steps, seen.resting, seen.running, seen.busy) == (at, True, False, False)
        assert seen.dropped >= give_up
        assert circuit.device_faults - CLIPPED == {"no_answer"}
        interrupts = circuit.map["interrupts"]
        happened = circuit.read("interrupts")
        assert happened & interrupts.bit("resting")
        assert happened & interrupts.bit("device_fault")
        assert model.get("irq") == 1
        circuit.write("interrupts", interrupts.mask)
        assert model.get("irq") == 0
        assert circuit.parameters().tolist() == before, "nothing that was bad teaches"

        # It is mended, and goes on as the software does.
        model.set(fail_how=0)
        device.dead = False
        circuit.go_on()
        assert not circuit.device_faults
        assert not circuit.resting
        loop.start()
        model.begin()
        expected.clear()
        circuit.train(40)
        expected = states(loop.run(40, record=True))
        difference = first_difference(expected, model.states(), at)
        assert difference is None, str(difference)
        assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist() != before
        assert model.get("violations") == 0

        # A start forgets all of it.
        circuit.start(4)
        model.begin()
        again = in_software(config, 4)
        end = circuit.train(20)
        difference = first_difference(states(again.run(20, record=True)), model.states())
        assert difference is None, str(difference)
        assert (end.steps, end.asked, end.dropped) == (20, again.outside.measurements[0], 0)


@each_bus
def test_a_device_that_is_waited_for_for_ever(name, build):
    """Without a time-out one step never ends: the host says so, and a start begins anew all the same."""
    config = LOOPS[name]
    with hosted_sums(name, build, patience=2e-3) as (circuit, model):
        circuit.start(3)
        circuit.set_device(time_out=0.0)
        model.set(**Failing("is silent", first=20, tries=1).ports)
        with pytest.raises(TooLong) as caught:
            circuit.train(1000)
        assert "no step is done: it stands at " in str(caught.value)
        assert str(caught.value).endswith("; of the device: no fault")
        assert circuit.look().busy
        model.set(fail_how=0)
        circuit.start(5)
        circuit.train(20)
        loop = in_software(config, 5)
        loop.run(20)
        assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist()
        assert model.get("violations") == 0


# ---- converters on SPI, and a host on a bus -----------------------------------------------------------

#: Bus, parts, and their sections besides.
BETWEEN = {
    "axi4lite, MCP4922, MCP3208": ({"bus": "axi4lite"}, "MCP4922, MCP3208"),
    "wishbone, own part, ADS7953": (
        {"bus": "wishbone", "pipelined": True},
        "a part of my own, ADS7953, serial, two-sided",
    ),
}


class Cut(Paths):
    """Paths behind a wire that can be off."""

    cut = False

    def read(self, inputs: np.ndarray) -> np.ndarray:
        if self.cut:
            raise OSError("no null bit, no channel")
        return super().read(inputs)


@pytest.mark.parametrize(
    "name",
    [name if k == 0 else pytest.param(name, marks=pytest.mark.only_all) for k, name in enumerate(BETWEEN)],
)
def test_the_host_trains_it_between_converters(name, build):
    """XOR, with one bus to the host and two to parts of data sheets: every state of every step, with other
    registers, and after a wire was off, until it is learned.
    """
    host, parts = BETWEEN[name]
    dac, adc, sections = PARTS[parts]
    engine = {**sections.get("engine", {}), **ACCESS}
    config = spi_loop(dac, adc, **{**sections, "host": host, "engine": engine})
    device = Cut(config)
    loop, judge = (in_software(config, config.seed, each) for each in (device, Paths(config)))
    before, _ = judge.cost_and_accuracy()
    design = between_chips(config, trainer_files(config), dac, adc)
    with hosted(config, design, build) as (circuit, model):
        model.set(cut=0)
        circuit.start(config.seed)

        def agrees(steps: int) -> None:
            model.begin()
            at = loop.step
            end = circuit.train(steps)
            difference = first_difference(states(loop.run(steps, record=True)), model.states(), at)
            assert difference is None, str(difference)
            assert circuit.parameters().tolist() == loop.trainer.theta[0].tolist()
            assert end.asked == end.taken + end.dropped == loop.outside.measurements[0]

        agrees(60)
        requests = model.get("requests"), circuit.look().asked
        assert requests[0] == requests[1] * config.device.average
        # Of readings that are the same the mean is each one.
        circuit.set_device(average=4, settle=1e-6)
        agrees(12)
        assert model.get("requests") - requests[0] == 4 * (circuit.look().asked - requests[1])
        circuit.set_device(average=config.device.average)

        before_the_fault = circuit.parameters().tolist()
        model.set(cut=1)
        device.cut = True
        with pytest.raises(CircuitAtRest, match="failed too often: refused; parameters rest"):
            circuit.train(1000)
        with pytest.raises(DeviceAtRest):
            loop.run(1000)
        assert circuit.look().steps == loop.step
        assert circuit.parameters().tolist() == before_the_fault, "nothing that was bad teaches"
        model.set(cut=0)
        device.cut = False
        circuit.go_on()
        loop.start()

        agrees(600)
        judge.trainer.load(loop.trainer.theta)
        cost, right = judge.cost_and_accuracy()
        assert right.tolist() == [1.0]
        assert cost < 0.04 < before
        assert model.get("violations") == 0, f"{model.get('violations'):016b}: see testbenches.device.parts"
