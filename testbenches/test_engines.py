"""The contract between the core and an engine; and what is known of measurements under way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from amaranth.hdl import Const, Module, Signal
from amaranth.lib.wiring import In, Out

from mgd_hdl.config import preset
from mgd_hdl.config.engines import ENGINES as FACTS
from mgd_hdl.core import Core
from mgd_hdl.emit import verilog
from mgd_hdl.engines import ENGINES, Broadcast, Engine, engine_of
from mgd_hdl.fixed import shape
from mgd_hdl.hierarchy import Block
from mgd_hdl.learn import layer_ports
from mgd_hdl.schedule import CountedTrace, EventTrace
from testbenches.catalogue import configuration
from testbenches.loops import GOLDEN as LOOPS
from testbenches.support import run_natively

#: Of each engine a trainer.
TRAINERS = {
    "parallel": "delayed, two-sided, leaves",
    "serial": "serial, leaves, held",
    "loaded": "sinusoidal, shuffled, two-sided windows, leaves",
    "outside bank": "loop: a bank",
    "bank": "bank, letters, two-sided",
    "node": "node by node, signs, walsh, two-sided windows, leaves",
}


# ---- engines ------------------------------------------------------------------------------------------


def test_every_engine_has_facts_and_a_circuit():
    assert list(ENGINES) == list(FACTS) == list(TRAINERS)
    assert [facts.name for facts in FACTS.values()] == list(TRAINERS)


@pytest.mark.parametrize("name", ENGINES)
def test_engines_keep_the_contract(name):
    """What has no body in the contract has one here, and the blocks have the ports that the core connects."""
    config = LOOPS[TRAINERS[name]] if TRAINERS[name] in LOOPS else configuration(TRAINERS[name])
    engine = engine_of(config)
    for block in (engine.initializer, engine.array):
        block._MustUse__used = True  # whoever asks for its ports need not elaborate it
    assert type(engine) is ENGINES[name]
    for method in ("cells", "tile", "codes", "settled"):
        assert getattr(ENGINES[name], method) is not getattr(Engine, method), method
    ports = engine.initializer.signature.members
    assert (ports["busy"].flow, ports["done"].flow) == (Out, Out)
    assert {"start", "seed"} <= set(ports)
    for layer in config.shape.layers:
        passing = getattr(engine.array, f"layer_{layer.index}").signature.members
        assert all(member.flow == In for member in passing.values())
        if config.outside:
            assert len(engine.array.weight) == config.words.weight.width
            continue
        if config.facts.delivery.kind == "words":
            assert len(engine.array.visible) == config.engine.lanes * config.words.visible.width
            assert len(engine.array.codes) == config.facts.delivery.lanes == config.engine.lanes
            continue
        for port in layer.weight_ports:
            weights = (layer.inputs + 1) * config.words.weight_wires
            assert len(getattr(engine.array, port)) == weights


class _Ready(Block):
    """Parameters that need not be set: done five clocks after the start."""

    def __init__(self):
        super().__init__({"start": In(1), "busy": Out(1), "done": Out(1)})

    @property
    def module(self) -> str:
        return "ready"

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(6))
        m.d.comb += [self.busy.eq(left != 0), self.done.eq(left == 1)]
        with m.If(self.start):
            m.d.sync += left.eq(5)
        with m.Elif(self.busy):
            m.d.sync += left.eq(left - 1)
        return m


class _Device(Block):
    """Parameters that never learn; the device needs a while until it has followed an update."""

    SLOW = 40

    def __init__(self, config):
        self.config = config
        held = {"word": In(shape(config.words.word)), "taken": In(1), "follows": Out(1)}
        super().__init__({**held, **layer_ports(config, lambda layer: {})})

    @property
    def module(self) -> str:
        return "device"

    def elaborate(self, platform):
        m = Module()
        for layer in self.config.shape.layers:
            for number, port in enumerate(layer.weight_ports):
                m.d.comb += getattr(self, port).eq(5 + 16 * layer.index + number)
        left = Signal(range(self.SLOW + 1))
        m.d.comb += self.follows.eq(left == 1)
        with m.If(self.taken):
            m.d.sync += left.eq(self.SLOW)
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        return m


class _DeviceEngine(Engine):
    """The least that an engine can be."""

    def __init__(self, config):
        self.config = config
        self.initializer = _Ready()
        self.array = self.cells(config)

    @staticmethod
    def cells(config):
        return _Device(config)

    def start(self, site):
        site.m.d.comb += self.initializer.start.eq(site.restart)

    def broadcast(self, site):
        homodyne = site.blocks["homodyne"]
        return Broadcast(homodyne.word, homodyne.plus, homodyne.minus, Const(0, 1))

    def codes(self, site, links, started, hold_over):
        """The device has its own."""

    def settled(self, site, settling, updated):
        self.network = site.blocks["network"]
        site.m.d.comb += [self.array.taken.eq(settling.last_word), updated.eq(self.array.follows)]


def test_another_engine_fits_into_the_core():
    """A step waits for its update, however long that takes; here 40 clocks more than the 22 of the preset."""
    engines = []

    def engine(config):
        engines.append(_DeviceEngine(config))
        return engines[-1]

    core = Core(preset("xor"), engine)
    assert "module mgd__device(" in verilog(core, "mgd")  # it is emitted too
    engines.clear()
    done, busy = [], []

    async def testbench(context):
        for name in ("tau_x", "tau_p", "tau_theta", "run", "restart"):
            context.set(getattr(core, name), 1)
        await context.tick()
        context.set(core.restart, 0)
        for clock in range(5 * 62):
            busy.append(context.get(core.busy))
            if context.get(core.step_done):
                done.append(clock)
            await context.tick()
        (used,) = engines
        for port, held in {"weights_0_0": 5, "weights_0_1": 6, "weights_1_0": 21}.items():
            assert context.get(getattr(used.network, port)) == held

    run_natively(core, testbench)
    assert len(done) >= 4
    assert {later - earlier for earlier, later in pairwise(done)} == {22 + 40}
    assert busy[:5] == [1] * 5


# ---- what is known of measurements --------------------------------------------------------------------


class _Traced(Block):
    """A trace whose facts are inputs; what it gives for them at some clocks are outputs."""

    CLOCKS = (0, 1, 3)

    def __init__(self, counted: bool):
        self.counted = counted
        facts = {name: In(1) for name in ("measure", "reference", "last", "flush")}
        shown = {f"{name}_{clock}": Out(1) for name in facts for clock in self.CLOCKS}
        super().__init__({**facts, **shown})

    @property
    def module(self) -> str:
        return "traced"

    def elaborate(self, platform):
        m = Module()
        commands = {name: (getattr(self, name), 3) for name in ("measure", "reference")}
        ends = {name: (getattr(self, name), 3) for name in ("last", "flush")}
        if self.counted:
            trace = CountedTrace(m, commands, ends)
        else:
            trace = EventTrace(m, commands, ends, self.measure & ~self.reference)
        for name in (*commands, *ends):
            for clock in self.CLOCKS:
                m.d.comb += getattr(self, f"{name}_{clock}").eq(trace.at(name, clock))
        return m


def _commands(gaps: list[int]) -> Iterator[dict[str, int]]:
    """Steps of a reference and a perturbed measurement, with so many idle clocks before each; facts of the
    step stand with the perturbed one, and are noise at all other times.
    """
    draw = np.random.default_rng(1)
    for number, gap in enumerate(gaps):
        for _ in range(gap):
            yield {
                "measure": 0,
                "reference": 0,
                "last": int(draw.integers(2)),
                "flush": int(draw.integers(2)),
            }
        noise = {"last": int(draw.integers(2)), "flush": int(draw.integers(2))}
        yield {"measure": 1, "reference": 1 - number % 2, **noise}


def _traced(counted: bool, gaps: list[int]) -> tuple[list[dict[str, int]], list[dict[str, int]]]:
    """What was given, and what was seen in the same clocks."""
    block, given, seen = _Traced(counted), list(_commands(gaps)), []

    async def testbench(context):
        for values in given:
            for name, value in values.items():
                context.set(getattr(block, name), value)
            seen.append(
                {name: context.get(getattr(block, name)) for name in block.signature.members if "_" in name}
            )
            await context.tick()

    run_natively(block, testbench)
    return given, seen


#: Of measurements that follow each other at once, and of some that take their time.
GAPS = [0, 0, 0, 1, 2, 0, 3, 7, 0, 40, 0, 0, 300, 5, 700, 0, 0, 0, 1, 1, 2, 2, 0, 0]


def test_an_event_trace_keeps_how_a_step_ends_until_the_next_one_does():
    """From the clock after the perturbed command on, whichever clock is asked for; commands go by clocks."""
    given, seen = _traced(counted=False, gaps=GAPS)
    kept = {"last": 0, "flush": 0}
    held: set[tuple[int, int]] = set()
    for clock, (values, shown) in enumerate(zip(given, seen, strict=True)):
        for name, value in kept.items():
            assert {shown[f"{name}_{k}"] for k in _Traced.CLOCKS} == {value}, (clock, name)
        for name in ("measure", "reference"):
            for k in _Traced.CLOCKS:
                assert shown[f"{name}_{k}"] == (given[clock - k][name] if clock >= k else 0), (clock, name)
        held.add((kept["last"], kept["flush"]))
        if values["measure"] and not values["reference"]:
            kept = {name: values[name] for name in kept}
    assert len(held) == 4  # all combinations were kept


def test_a_counted_trace_delays_all_alike():
    """What was said of each measurement comes along with it, though the next one is on its way."""
    given, seen = _traced(counted=True, gaps=[0, 0, 1, 0, 0, 2, 0, 0, 5, 0, 0, 0])
    for clock, shown in enumerate(seen):
        for name in ("measure", "reference", "last", "flush"):
            for k in _Traced.CLOCKS:
                assert shown[f"{name}_{k}"] == (given[clock - k][name] if clock >= k else 0), (clock, name)
