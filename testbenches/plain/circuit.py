"""Runs a trainer's Verilog under Icarus by what its files tell, NAME.ports.json, and by no other help."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, product
from pathlib import Path
from typing import Any

from .trainer import Sample, format_of


def payload(sample: Sample, formats: Mapping[str, Any]) -> int:
    """A sample as the port takes it: inputs, input 0 lowest, then targets."""
    word = at = 0
    for values, name in zip(sample, ("input", "target"), strict=True):
        _, whole, fraction = format_of(formats[name])
        for value in values:
            word |= value % (1 << (whole + fraction)) << at
            at += whole + fraction
    return word


def bench(ports: Mapping[str, Any], registers: Mapping[str, int], words: Sequence[int], steps: int) -> str:
    """A test bench that starts the trainer, drops ``run`` at so many steps, and prints every state.

    A line is the number of a strobe and the values of its states; the last one has the flags.
    """
    declared, connected, driven = [], [], []
    for port in ports["ports"]:
        name, width = port["name"], port["width"]
        kind = "reg" if port["direction"] == "input" else "wire"
        declared.append(f"  {kind} [{width - 1}:0] {name}{' = 0' if kind == 'reg' else ''};")
        connected.append(f".{name}({name})")
        if name in registers:
            driven.append(f"    {name} = {width}'d{registers[name]};")
        elif kind == "reg":
            known = ("clk", "rst", "start", "run", "step", "clear_flags", "clear_counts")
            assert name in known or name.startswith("i_sample__"), f"the bench knows no port {name}"
    looks = []
    for number, (strobe, own) in enumerate(strobes(ports)):
        values = [f"$signed(dut.{s['path']})" if s["signed"] else f"dut.{s['path']}" for s in own]
        place = " ".join(["%0d"] * len(values))
        looks.append(f'    if (dut.{strobe}) $display("{number} {place}", {", ".join(values)});')
        looks.append(f'    else if (dut.{strobe} !== 1\'b0) $display("{number} x");')
    served, feed = "", ""
    if words:
        # The port is late now and then: a sample waits a clock or more before it is offered.
        table = "\n".join(f"      {i}: i_sample__payload = {word};" for i, word in enumerate(words))
        served = "    taken = i_sample__valid && i_sample__ready;\n"
        feed = (
            "    if (taken) begin sample = (sample + 1) % {count}; i_sample__valid = 0; end\n"
            "    else if (clocks % 3 != 0) i_sample__valid = 1;\n"
            "    case (sample)\n{table}\n    endcase\n"
        ).format(count=len(words), table=table.replace("payload = ", "payload = 512'd"))
    top = ports["top"]
    return "\n".join(
        [
            "module plain_bench;",
            *declared,
            "  integer done = 0, clocks = 0, sample = 0;",
            "  reg watching = 0, taken = 0;",
            f"  {top} dut({', '.join(connected)});",
            "  task look; begin",
            *looks,
            "    if (step_done) done = done + 1;",
            "  end endtask",
            "  task tick; begin",
            "    #1; if (watching) look;",
            f"{served}    clk = 1; #1; clk = 0; clocks = clocks + 1;",
            f"{feed}  end endtask",
            "  initial begin",
            "    rst = 1; tick; tick; rst = 0;",
            *driven,
            "    start = 1; run = 1; tick; start = 0; watching = 1;",
            f"    while (done < {steps} && clocks < {600 * steps + 5000}) tick;",
            "    run = 0; tick;",
            f"    while (busy && clocks < {600 * steps + 9000}) tick;",
            '    if (busy) $display("never still"); else $display("flags %0d", flags);',
            "    $finish;",
            "  end",
            "endmodule",
        ]
    )


def expanded(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An entry of equal cells as one for each."""
    names, ends = list(state.get("each", {})), state.get("each", {}).values()
    for offset, numbers in enumerate(product(*(range(first, last + 1) for first, last in ends))):
        path, strobe = (
            state[key].format(**dict(zip(names, numbers, strict=True))) for key in ("path", "strobe")
        )
        yield {**state, "path": path, "strobe": strobe, "index": state.get("index", 0) + offset}


def strobes(ports: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The states of each strobe."""
    every = [each for state in ports["states"] for each in expanded(state)]
    ordered = sorted(every, key=lambda state: state["strobe"])
    return [(strobe, list(own)) for strobe, own in groupby(ordered, key=lambda state: state["strobe"])]


def states(
    verilog: str,
    ports: str,
    registers: Mapping[str, int],
    samples: Sequence[int],
    steps: int,
    folder: Path,
) -> tuple[dict[str, list[list[int]]], int]:
    """The states of ``steps`` steps or more, by name, step and index; and the flags behind the last one."""
    listed = json.loads(ports)
    text, program = folder / "plain.v", folder / "plain.vvp"
    text.write_text(verilog + "\n" + bench(listed, registers, samples, steps))
    tools = [shutil.which(tool) or tool for tool in ("iverilog", "vvp")]
    subprocess.run(
        [tools[0], "-g2005-sv", "-s", "plain_bench", "-o", program, text], check=True, capture_output=True
    )
    ran = subprocess.run([tools[1], "-n", program], check=True, capture_output=True, text=True)
    *lines, last = ran.stdout.splitlines()
    assert last.startswith("flags "), last
    parts: dict[str, dict[int, list[int]]] = defaultdict(dict)
    groups = strobes(listed)
    rows: list[list[list[int]]] = [[] for _ in groups]
    for line in lines:
        number, *values = line.split()
        rows[int(number)].append([int(value) for value in values])
    for (_, own), group in zip(groups, rows, strict=True):
        for name in dict.fromkeys(state["name"] for state in own):
            columns = [(state["index"], place) for place, state in enumerate(own) if state["name"] == name]
            for index, place in columns:
                parts[name][index] = [row[place] for row in group]
    found = {
        name: [list(row) for row in zip(*(columns[index] for index in sorted(columns)), strict=False)]
        for name, columns in parts.items()
    }
    return found, int(last.split()[1])
