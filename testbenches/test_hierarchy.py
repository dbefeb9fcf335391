# amaranth: UnusedElaboratable=no
"""Is a block the same whether its parts are submodules or instances of modules made once?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import verilog
from mgd_hdl.hierarchy import Block, Modules, place, ports_of
from mgd_hdl.learn.array import Array
from testbenches.learn.bench_array import scenario
from testbenches.learn.shapes import learner
from testbenches.support import mutations, run, run_natively, stays_unnoticed

BENCH = "testbenches.bench_hierarchy"


class Counter(Block):
    """Counts the clocks in which ``step`` is high."""

    def __init__(self, width: int = 4):
        self.width = width
        super().__init__({"step": In(1), "count": Out(width)})

    @property
    def module(self) -> str:
        return "counter"

    def elaborate(self, platform):
        m = Module()
        with m.If(self.step):
            m.d.sync += self.count.eq(self.count + 1)
        return m


class Inverter(Block):
    """Has no clock."""

    def __init__(self):
        super().__init__({"i": In(4), "o": Out(4)})

    @property
    def module(self) -> str:
        return "inverter"

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(~self.i)
        return m


class Pair(Block):
    """Two counters, one of which ``again`` resets too, and an inverter behind that one."""

    def __init__(self):
        super().__init__(
            {"step": In(1), "again": In(1), "first": Out(4), "second": Out(4), "inverted": Out(4)}
        )

    @property
    def module(self) -> str:
        return "pair"

    def elaborate(self, platform):
        m = Module()
        first = place(m, platform, "counter_0", Counter())
        second = place(m, platform, "counter_1", Counter(), reset=self.again)
        inverter = place(m, platform, "inverter", Inverter())
        m.d.comb += [
            first.step.eq(self.step),
            second.step.eq(self.step),
            inverter.i.eq(second.count),
            self.first.eq(first.count),
            self.second.eq(second.count),
            self.inverted.eq(inverter.o),
        ]
        return m


def pair_inputs() -> list[dict[str, int]]:
    rng = np.random.default_rng(1)
    return [{"step": int(rng.random() < 0.8), "again": int(rng.random() < 0.1)} for _ in range(100)]


def array_inputs(config: TrainerConfig) -> list[dict[str, int]]:
    return scenario(config, np.random.default_rng(1), 100)


def native_outputs(block: Block, inputs: list[dict[str, int]]) -> list[dict[str, int]]:
    """What the block, made of submodules, gives in each clock, as unsigned words."""
    ports = {name: (flow, signal) for name, flow, signal in ports_of(block)}
    found: list[dict[str, int]] = []

    async def testbench(context: Any) -> None:
        for given in inputs:
            for name, value in given.items():
                context.set(ports[name][1], value)
            outputs = {name: signal for name, (flow, signal) in ports.items() if flow == wiring.Out}
            found.append({name: context.get(signal.as_unsigned()) for name, signal in outputs.items()})
            await context.tick()

    run_natively(block, testbench)
    return found


ARRAYS = [
    learner(2, 2, 1, shadow=True, leaves=True),
    learner(2, 3, 1, family="walsh", sides="two_sided"),
    learner(2, 1, family="sequential", leaves=True),
]


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (Pair, pair_inputs()),
        *((lambda config=config: Array(config), array_inputs(config)) for config in ARRAYS),
    ],
    ids=["pair", "random", "walsh", "sequential"],
)
def test_submodules_and_instances(make: Callable[[], Block], inputs, tmp_path):
    outputs = native_outputs(make(), inputs)
    assert len({str(sorted(each.items())) for each in outputs}) > 5
    run(verilog(make(), "dut"), BENCH, tmp_path, ARRAYS[0], inputs=inputs, outputs=outputs)


@mutations(
    ("a reset for both", r"(counter_0 \((?:[^;])*\.rst)\(rst\)", r"\1(rst | again)"),
    ("no reset", r"rst \| again", "rst"),
    ("another input", r"\.i\(second\)", ".i(first)"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    inputs = pair_inputs()
    outputs = native_outputs(Pair(), inputs)
    assert not stays_unnoticed(
        mutation, verilog(Pair(), "dut"), BENCH, tmp_path, ARRAYS[0], inputs=inputs, outputs=outputs
    )


def test_two_blocks_of_one_name_are_refused():
    """Their ports tell them apart; equal ones are made once."""
    modules = Modules("dut")
    assert modules.add(Counter()) == modules.add(Counter()) == "dut__counter"
    assert list(modules.text) == ["dut__counter"]
    with pytest.raises(ValueError, match="two different blocks are called dut__counter"):
        modules.add(Counter(5))


def test_two_blocks_of_one_name_inside_another():
    """Two configurations cannot meet in one design."""

    class Mixed(Block):
        def __init__(self):
            super().__init__({"o": Out(9)})

        @property
        def module(self) -> str:
            return "mixed"

        def elaborate(self, platform):
            m = Module()
            narrow = place(m, platform, "narrow", Counter())
            wide = place(m, platform, "wide", Counter(5))
            m.d.comb += self.o.eq(Cat(narrow.count, wide.count))
            return m

    with pytest.raises(ValueError, match="two different blocks are called dut__counter"):
        verilog(Mixed(), "dut")


def test_modules_stand_behind_those_they_place():
    """Each once, whatever uses it: a reader, or a tool, has met a module's parts before."""
    config = preset("xor")
    modules = Modules("dut")
    modules.add(Array(config), "dut")
    names = list(modules.text)
    assert names == sorted(set(names), key=names.index)
    assert names[-1] == "dut"
    assert names.index("dut__integrator") < names.index("dut__cell") < names.index("dut__tile_6")


def test_blocks_without_a_clock_get_none():
    modules = Modules("dut")
    assert modules.wires(modules.add(Inverter())) == set()
    assert modules.wires(modules.add(Counter())) == {"clk", "rst"}
