"""What the benches of all rooms share: runs and mutations outside the simulator, clocks inside."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cocotb
import numpy as np
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge

from mgd_hdl.config import Attached, TrainerConfig
from mgd_sim.rtl import RtlError, bench_parameters
from testbenches.warm.simulator import simulate

__all__ = [
    "Mutation",
    "clock",
    "configured",
    "mutations",
    "pack",
    "random_numbers",
    "respond",
    "run",
    "run_natively",
    "scattered",
    "signed",
    "start",
    "stays_unnoticed",
    "unpack",
]

#: Name of the top module in all benches of blocks.
TOP = "dut"
_Item = TypeVar("_Item")


# ---- outside the simulator --------------------------------------------------------------------------


def run(
    verilog: str,
    bench: str,
    folder: Path,
    config: TrainerConfig,
    *,
    seconds: float = 600,
    **parameters: Any,
) -> None:
    """Run every test of ``bench`` on the module ``dut``; inside, :func:`configured` gives ``config``.

    All of them must be done within some ``seconds``.
    """
    document = {"config": config.model_dump(mode="json"), "attached": config.attached.packed()}
    simulate(verilog, TOP, bench, folder, {**document, **parameters}, timeout=seconds)


@dataclass(frozen=True)
class Mutation:
    """One edit of a block's Verilog that its bench must notice: ``place`` is a regular expression.

    ``table`` are the (what, place, replacement) of all edits of the same Verilog.
    """

    what: str
    place: str
    replacement: str
    table: tuple[tuple[str, str, str], ...]

    def apply(self, verilog: str) -> str:
        """The text with the edit.

        Every edit of the table must find exactly one place: a plain run tries few of them, and finds by
        this those that went stale.
        """
        for row in self.table:
            _edited(verilog, *row)
        return _edited(verilog, self.what, self.place, self.replacement)


def _edited(verilog: str, what: str, place: str, replacement: str) -> str:
    edited, places = re.subn(place, replacement, verilog)
    if places != 1 or edited == verilog:
        raise ValueError(f"{what}: {places} places for {place!r} instead of one to change")
    return edited


def mutations(*table: tuple[str, str, str]) -> pytest.MarkDecorator:
    """Parametrise a test over mutations, given as (what, place, replacement)."""
    rows = [Mutation(*row, table) for row in table]
    return pytest.mark.parametrize("mutation", rows, ids=lambda each: each.what)


def stays_unnoticed(
    mutation: Mutation, verilog: str, bench: str, folder: Path, config: TrainerConfig, **parameters: Any
) -> bool:
    """Whether the bench passes on the mutated block. A mutation that does not compile raises."""
    try:
        run(mutation.apply(verilog), bench, folder, config, **parameters)
    except RtlError as error:
        if re.search(r"[1-9]\d* of \d+ tests failed", str(error)):
            return False
        raise
    return True


def run_natively(block: Any, testbench: Callable[[Any], Awaitable[None]]) -> None:
    """Run ``async def testbench(context)`` on a block in Amaranth's own simulator."""
    # Not at the top: benches under cocotb import this file too, hundreds of times in a test run.
    from amaranth.sim import Simulator

    simulator = Simulator(block)
    simulator.add_clock(1e-6, if_exists=True)
    simulator.add_testbench(testbench)
    simulator.run()


# ---- inside the simulator ---------------------------------------------------------------------------


def configured() -> TrainerConfig:
    """The configuration that :func:`run` was given; checked there, and not again."""
    parameters = bench_parameters()
    config = TrainerConfig.model_validate(parameters["config"])
    config.attach(Attached.unpacked(parameters["attached"]))
    return config


async def start(dut: Any, **inputs: int) -> None:
    """Clock on, inputs as given, two clocks of reset."""
    for name, value in inputs.items():
        write(getattr(dut, name), value)
    if hasattr(dut, "rst"):  # blocks without a register that needs it have none
        dut.rst.value = 1
    Clock(dut.clk, 2, unit="ns").start()
    await ClockCycles(dut.clk, 2)
    if hasattr(dut, "rst"):
        dut.rst.value = 0


def write(port: Any, value: int) -> None:
    """Set a port, negative values in two's complement."""
    port.value = value & ((1 << len(port)) - 1)


async def clock(dut: Any, **inputs: int) -> None:
    """Go to the next clock, set inputs there, and wait until all outputs have followed them."""
    await FallingEdge(dut.clk)
    for name, value in inputs.items():
        write(getattr(dut, name), int(value))
    await ReadOnly()


def signed(port: Any) -> int:
    """What a port holds, in two's complement."""
    return int(port.value.to_signed())


def random_numbers() -> np.random.Generator:
    """The random numbers of one test."""
    return np.random.default_rng(cocotb.RANDOM_SEED)


def scattered(rng: np.random.Generator, items: Iterable[_Item], stall: float) -> Iterator[_Item | None]:
    """The items in their order, with idle clocks, None, between: each with probability ``stall``."""
    for item in items:
        while rng.random() < stall:
            yield None
        yield item


async def respond(
    dut: Any, inputs: Mapping[str, Sequence[int]], outputs: Iterable[str], latency: int
) -> dict[str, list[int]]:
    """One row of ``inputs`` a clock, and the ``outputs`` that stand there ``latency`` clocks later.

    Ports are read as a register would read them, just before a rising edge; outputs are unsigned.
    """
    drivers = [getattr(dut, name) for name in inputs]
    readers = {name: getattr(dut, name) for name in outputs}
    rows = list(zip(*inputs.values(), strict=True))
    found: dict[str, list[int]] = {name: [] for name in readers}
    for clock in range(len(rows) + latency + 1):
        await RisingEdge(dut.clk)
        if clock > latency:
            for name, port in readers.items():
                found[name].append(port.value.to_unsigned())
        if clock < len(rows):
            for port, value in zip(drivers, rows[clock], strict=True):
                write(port, value)
    return found


# ---- words ------------------------------------------------------------------------------------------


def pack(values: Iterable[int], width: int) -> int:
    """Words of equal width as one, the first in the low bits."""
    mask = (1 << width) - 1
    return sum((value & mask) << (place * width) for place, value in enumerate(values))


def unpack(word: int, width: int, count: int, *, signed: bool) -> list[int]:
    """The words that :func:`pack` put together."""
    sign = 1 << (width - 1) if signed else 0
    fields = [(word >> (place * width)) & ((1 << width) - 1) for place in range(count)]
    return [(field ^ sign) - sign for field in fields]
