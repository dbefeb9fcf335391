"""A design under Icarus Verilog: slow, but a second simulator that shares nothing with the first.

A small testbench is written around the design. It takes commands on its standard input and prints
what the probes show, one line for each strobe.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgd_hdl.config import Registers, TrainerConfig

from .design import Design, Port, Probe
from .tools import RtlError, run_tool
from .trainer import RtlTrainer

__all__ = ["IcarusModel", "IcarusTrainer"]

_COMPILE_SECONDS = 300

_BENCH = """\
`timescale 1ns/1ns
module bench;
{declarations}
  {top} dut({connections});
  integer got, command, argument, steps, clocks, limit;
  reg [{widest}:0] value;
  initial begin
{trace}
    clk = 0;
{zeros}
    got = $fscanf(32'h80000000, "%d %d %h", command, argument, value);
    while (got == 3) begin
      if (command == 0) case (argument)
{settings}
      endcase
      else begin
        steps = 0;
        clocks = 0;
        limit = value;
        while (command == 1 ? clocks < argument : steps < argument && clocks < limit) begin
          #1 clk = 1;
          #1 clk = 0;
          clocks = clocks + 1;
          if (command == 2) begin
{samples}
            if (dut.{strobe}) steps = steps + 1;
          end
        end
        $display("done %0d %0d", steps, clocks);
        $fflush;
      end
      got = $fscanf(32'h80000000, "%d %d %h", command, argument, value);
    end
    $finish;
  end
endmodule
"""


class IcarusModel:
    """A running design with the methods of :class:`VerilatorModel` that a trainer needs.

    Parameters
    ----------
    design : Design
    strobe : str
        The output that is 1 for one clock at the end of every step.
    trace : Path, optional
        Write all signals there, as VCD.
    """

    def __init__(self, design: Design, *, strobe: str = "step_done", trace: Path | None = None):
        self.design = design
        self.clocks = 0
        self._numbers = {port.name: number for number, port in enumerate(design.ports)}
        self._seen: list[deque[int]] = [deque() for _ in design.arrays]
        self._folder = tempfile.TemporaryDirectory(prefix="mgd_icarus_")
        try:
            self._process = self._start(strobe, trace)
        except BaseException:
            self._folder.cleanup()
            raise

    def _start(self, strobe: str, trace: Path | None) -> subprocess.Popen[str]:
        folder = Path(self._folder.name)
        (folder / "design.v").write_text(self.design.verilog)
        (folder / "bench.v").write_text(_bench(self.design, strobe, trace))
        run_tool(
            ["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.v", "design.v"],
            folder=folder,
            timeout=_COMPILE_SECONDS,
            what=f"compiling {self.design.top}",
        )
        vvp = shutil.which("vvp")
        assert vvp is not None  # its compiler was there
        return subprocess.Popen(
            [vvp, "-n", "bench.vvp"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    # ---- ports and time --------------------------------------------------------------------------

    def set(self, **values: int) -> None:
        """Sets input ports; they take effect at the next clock."""
        for name, value in values.items():
            number = self._numbers[name]
            mask = (1 << self.design.ports[number].width) - 1
            self._send(0, number, value & mask)

    def clock(self, count: int = 1) -> None:
        """Turns the clock without recording."""
        self._send(1, count, 0)
        self._until_done()

    def forget(self) -> None:
        """Drops what was seen of a step that will not end."""
        for seen in self._seen:
            seen.clear()

    def run(self, steps: int, max_clocks: int) -> dict[str, NDArray[Any]]:
        """Turns the clock until ``steps`` steps have ended; their states."""
        self._send(2, steps, max_clocks)
        done = self._until_done()
        if done < steps:
            raise RtlError(
                f"{self.design.top}: only {done} of {steps} steps ended within {max_clocks} clocks"
            )
        return {
            name: _unpacked([seen.popleft() for _ in range(steps)], probes)
            for seen, (name, probes) in zip(self._seen, self.design.arrays.items(), strict=True)
        }

    def close(self) -> None:
        """Ends the simulation and completes the trace."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()

    # ---- the testbench ---------------------------------------------------------------------------

    def _send(self, command: int, argument: int, value: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command} {argument} {value:x}\n")

    def _until_done(self) -> int:
        """Reads what the testbench prints up to the end of a command; how many steps ended in it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("done "):
                steps, clocks = map(int, line.split()[1:])
                self.clocks += clocks
                return steps
            if line.startswith("VCD info:"):
                continue
            number, _, value = line.rstrip().partition(" ")
            try:
                self._seen[int(number)].append(int(value, 16))
            except (ValueError, IndexError):
                raise RtlError(f"{self.design.top} (icarus): {line.rstrip()}") from None
        raise RtlError(f"{self.design.top} (icarus): the simulation has ended")


def _bench(design: Design, strobe: str, trace: Path | None) -> str:
    inputs = [port for port in design.ports if port.direction == "input"]
    driven = [port for port in inputs if port.name != "clk"]
    numbers = {port.name: number for number, port in enumerate(design.ports)}
    samples = [
        f'            if (dut.{probes[0].strobe}) $display("{number} %h", {{{_columns(probes)}}});'
        for number, probes in enumerate(design.arrays.values())
    ]
    dump = [f'    $dumpfile("{Path(trace).resolve()}");', "    $dumpvars(0, dut);"] if trace else []
    return _BENCH.format(
        top=design.top,
        declarations="\n".join(_declaration(port) for port in design.ports),
        connections=", ".join(f".{port.name}({port.name})" for port in design.ports),
        widest=max(63, *(port.width - 1 for port in inputs)),
        trace="\n".join(dump),
        zeros="\n".join(f"    {port.name} = 0;" for port in driven),
        settings="\n".join(f"        {numbers[port.name]}: {port.name} = value;" for port in driven),
        samples="\n".join(samples),
        strobe=strobe,
    )


def _declaration(port: Port) -> str:
    kind = "reg" if port.direction == "input" else "wire"
    return f"  {kind} [{port.width - 1}:0] {port.name};"


def _columns(probes: tuple[Probe, ...]) -> str:
    """The last probe's bits come first in a Verilog concatenation."""
    return ", ".join(f"dut.{probe.path}" for probe in reversed(probes))


def _unpacked(words: list[int], probes: tuple[Probe, ...]) -> NDArray[Any]:
    columns, at = [], 0
    for probe in probes:
        sign = 1 << (probe.width - 1) if probe.signed else 0
        mask = (1 << probe.width) - 1
        columns.append([(((word >> at) & mask) ^ sign) - sign for word in words])
        at += probe.width
    array = np.array(columns, dtype=np.int64).T.reshape(len(words), len(probes))
    return array[:, 0] if probes[0].index is None else array


class IcarusTrainer(RtlTrainer):
    """A trainer circuit under Icarus, ready for step 0; samples cannot come through a port.

    Parameters
    ----------
    config, design, registers
        As for :class:`RtlTrainer`.
    trace : Path, optional
        Write all signals there, as VCD.
    """

    def __init__(
        self, config: TrainerConfig, design: Design, registers: Registers, *, trace: Path | None = None
    ):
        if config.task.source == "stream":
            raise RtlError('task.source = "stream": Icarus feeds no samples; use Verilator')
        if config.perturbation.family == "external":
            raise RtlError('perturbation.family = "external": Icarus feeds no codes; use Verilator')
        self.config = config
        self.model = IcarusModel(design, trace=trace)  # type: ignore[assignment]  # the methods it uses
        self.start(registers)
