"""Timing tables in the pages are runs of the block: inputs as written, outputs as simulated.

A table is a fenced block ``timing``; its columns are clocks, its rows ports of the block. An input with a
single value holds it. Outputs are read in the clock in which the inputs stand, before its closing edge.

    clock          0  1  2
    in    i.valid  0  1  0
    in    k        3
    out   plus     0  1  0
"""

from __future__ import annotations

import re
from typing import Any

from amaranth.sim import Simulator

from mgd_hdl.hierarchy import Block

__all__ = ["simulated"]


def simulated(table: str, block: Block) -> str:
    """The table with the outputs that ``block`` gives for its inputs, whatever it had before."""
    rows = [line.split() for line in table.splitlines()[1:]]
    inputs = {name: list(map(int, values)) for way, name, *values in rows if way == "in"}
    found: dict[str, list[int]] = {name: [] for way, name, *_ in rows if way == "out"}
    clocks = max(map(len, inputs.values()))

    async def bench(context: Any) -> None:
        for clock in range(clocks):
            for name, values in inputs.items():
                context.set(_port(block, name), values[min(clock, len(values) - 1)])
            for name, values in found.items():
                values.append(int(context.get(_port(block, name))))
            await context.tick()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return _aligned(
        [("clock", "", range(clocks)), *((way, name, (inputs | found)[name]) for way, name, *_ in rows)]
    )


def _port(block: Block, name: str) -> Any:
    """``i.payload.x[0]`` or ``weights[9:18]`` of the block; what has fields is read as one integer."""
    port: Any = block
    for attribute, first, last in re.findall(r"([A-Za-z_]\w*)|\[(\d+)(?::(\d+))?\]", name):
        if attribute:
            port = getattr(port, attribute)
        else:
            port = port[int(first) : int(last)] if last else port[int(first)]
    return port.as_value() if hasattr(port, "as_value") else port


def _aligned(rows: list[tuple[str, str, Any]]) -> str:
    names = max(len(name) for _, name, _ in rows)
    width = 2 + max(len(str(value)) for *_, values in rows if len(values) > 1 for value in values)
    return "".join(
        f"{way:6}{name:{names}}" + "".join(f"  {value}".rjust(width) for value in values) + "\n"
        for way, name, values in rows
    )
