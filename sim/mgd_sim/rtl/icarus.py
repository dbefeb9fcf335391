"""A design under Icarus Verilog: slow, but a second simulator that shares nothing with the first.

A small testbench is written around the design. It takes commands on its standard input and prints
what the probes show, one line for each strobe.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mgd_hdl.config import Registers, TrainerConfig

from .design import Design, Port, Probe, column_type
from .registers import Held, Kept, registers
from .tools import RtlError, run_tool
from .trainer import RtlTrainer

__all__ = ["IcarusModel", "IcarusTrainer"]

_COMPILE_SECONDS = 300

#: Icarus would add the suffix where there is none.
_WAVES = "waves.vcd"

#: What the top module is called here: not as the bench, whatever its name is.
_TOP = "dut"

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
      else if (command == 3) begin
{saves}
        $display("done 0 0");
        $fflush;
      end
      else if (command == 4) case (argument)
{loads}
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
    holds : bool
        Whether all that it holds can be saved and loaded.
    """

    def __init__(
        self,
        design: Design,
        *,
        strobe: str = "step_done",
        trace: Path | None = None,
        holds: bool = False,
    ):
        self.design = design
        self.clocks = 0
        self.held = registers(design.verilog, design.top) if holds else ()
        self._numbers = {port.name: number for number, port in enumerate(design.ports)}
        self._seen: list[deque[int]] = [deque() for _ in design.groups]
        self._folder = tempfile.TemporaryDirectory(prefix="mgd_icarus_")
        self._trace = None if trace is None else _Trace(trace)
        try:
            self._process = self._start(strobe)
        except BaseException:
            if self._trace is not None:
                self._trace.abandon()
            self._folder.cleanup()
            raise

    def _start(self, strobe: str) -> subprocess.Popen[str]:
        folder, trace = Path(self._folder.name), self._trace
        try:
            (folder / "design.v").write_text(self.design.renamed(_TOP).verilog)
            (folder / "bench.v").write_text(_bench(self.design, strobe, self.held, traced=trace is not None))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise RtlError(f"{folder}: cannot be written: {reason}") from None
        if trace is not None:
            (folder / _WAVES).symlink_to(f"/dev/fd/{trace.entry}")
        run_tool(
            ["iverilog", "-g2012", "-s", "bench", "-o", "bench.vvp", "bench.v", "design.v"],
            folder=folder,
            timeout=_COMPILE_SECONDS,
            what=f"compiling {self.design.top}",
        )
        vvp = shutil.which("vvp")
        assert vvp is not None  # its compiler was there
        process = subprocess.Popen(
            [vvp, "-n", "bench.vvp"],
            cwd=folder,
            # It would choose another format than VCD.
            env={key: value for key, value in os.environ.items() if key != "IVERILOG_DUMPER"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=() if trace is None else (trace.entry,),
            # Ctrl-C in a terminal is for this process, which then ends the simulation.
            start_new_session=True,
        )
        if trace is not None:
            trace.start()
        return process

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
        done, arrays = self._turn(steps, max_clocks)
        if done < steps:
            raise RtlError(
                f"{self.design.top}: only {done} of {steps} steps ended within {max_clocks} clocks"
            )
        return arrays

    def look(self, clocks: int) -> dict[str, NDArray[Any]]:
        """Turns the clock so often; the states of all steps that ended meanwhile."""
        return self._turn(clocks + 1, clocks)[1]

    def _turn(self, steps: int, clocks: int) -> tuple[int, dict[str, NDArray[Any]]]:
        """Turns the clock so often, or until ``steps`` steps have ended: how many have, and their states."""
        self._send(2, steps, clocks)
        done = self._until_done()
        return done, self.design.joined(
            {
                name: _unpacked([seen.popleft() for _ in range(done)], probes)
                for seen, (name, probes) in zip(self._seen, self.design.groups.items(), strict=True)
            }
        )

    def save(self) -> Kept:
        """Where it is, as :meth:`VerilatorModel.save`; bits not known yet, and so not used, are 0."""
        values: list[int] = []
        self._send(3, 0, 0)
        self._until_done(values)
        words, found = iter(values), {}
        for held in self.held:
            found[held.path] = held.array([next(words) for _ in range(held.words or 1)])
        events = {
            name: _unpacked(list(seen), probes).astype(column_type(probes))
            for seen, (name, probes) in zip(self._seen, self.design.groups.items(), strict=True)
        }
        return Kept(found, events, {}, self.clocks)

    def load(self, kept: Kept) -> None:
        """Goes on from there. Ports stay as they are."""
        number = 0
        for held in self.held:
            for value in held.values(kept.registers[held.path]):
                self._send(4, number, value)
                number += 1
        for seen, (name, probes) in zip(self._seen, self.design.groups.items(), strict=True):
            seen.clear()
            seen.extend(_packed(row, probes) for row in kept.events[name].tolist())
        self.clocks = kept.clocks

    def close(self) -> None:
        """Ends the simulation and completes the trace; raises OSError where that cannot be written."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):  # what it was still to be told
                    stream.close()
        self._process.wait()
        if self._trace is not None:
            self._trace.join()
        self._folder.cleanup()
        self._check_trace()

    def _check_trace(self) -> None:
        if self._trace is not None and self._trace.fault is not None:
            raise self._trace.fault

    # ---- the testbench ---------------------------------------------------------------------------

    def _send(self, command: int, argument: int, value: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command} {argument} {value:x}\n")

    def _until_done(self, values: list[int] | None = None) -> int:
        """Reads what the testbench prints up to the end of a command; how many steps ended in it.

        What it holds is appended to ``values``.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("done "):
                steps, clocks = map(int, line.split()[1:])
                self.clocks += clocks
                self._check_trace()
                return steps
            if line.startswith("VCD info:"):
                continue
            number, _, value = line.rstrip().partition(" ")
            if number == "held" and values is not None:
                values.append(int(value.replace("x", "0"), 2))
                continue
            try:
                self._seen[int(number)].append(int(value, 16))
            except (ValueError, IndexError):
                raise RtlError(f"{self.design.top} (icarus): {line.rstrip()}") from None
        raise RtlError(f"{self.design.top} (icarus): the simulation has ended")


class _Trace:
    """Takes the waveform from a pipe and writes it.

    Icarus does not look whether its file takes what it writes; and a pipe's name needs no thought of what
    a folder's name may hold.
    """

    def __init__(self, path: Path):
        self.path = path
        self.fault: OSError | None = None
        self._exit, self.entry = -1, -1
        self._file = path.open("wb", buffering=0)
        self._exit, self.entry = os.pipe()
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def start(self) -> None:
        """After the process: ours is then its end alone."""
        os.close(self.entry)
        self._thread.start()

    def join(self) -> None:
        """After the process has ended."""
        self._thread.join()

    def abandon(self) -> None:
        """Where there will be no process."""
        for end in (self._exit, self.entry):
            os.close(end)
        self._file.close()

    def _copy(self) -> None:
        with os.fdopen(self._exit, "rb", buffering=0) as pipe, self._file as file:
            while data := pipe.read(1 << 16):
                if self.fault is not None:
                    continue  # the process must not wait for us
                try:
                    left = memoryview(data)
                    while left:
                        left = left[file.write(left) or 0 :]
                except OSError as error:
                    self.fault = OSError(error.errno, error.strerror, str(self.path))


def _bench(design: Design, strobe: str, held: Sequence[Held], *, traced: bool) -> str:
    inputs = [port for port in design.ports if port.direction == "input"]
    driven = [port for port in inputs if port.name != "clk"]
    numbers = {port.name: number for number, port in enumerate(design.ports)}
    samples = [
        f'            if (dut.{probes[0].strobe}) $display("{number} %h", {{{_columns(probes)}}});'
        for number, probes in enumerate(design.groups.values())
    ]
    places = [
        each.path + (f"[{word}]" if each.words else "") for each in held for word in range(each.words or 1)
    ]
    dump = [f'    $dumpfile("{_WAVES}");', "    $dumpvars(0, dut);"] if traced else []
    return _BENCH.format(
        top=_TOP,
        declarations="\n".join(_declaration(port) for port in design.ports),
        connections=", ".join(f".{port.name}({port.name})" for port in design.ports),
        widest=max(63, *(port.width - 1 for port in inputs), *(each.width - 1 for each in held)),
        trace="\n".join(dump),
        zeros="\n".join(f"    {port.name} = 0;" for port in driven),
        settings="\n".join(f"        {numbers[port.name]}: {port.name} = value;" for port in driven),
        saves="\n".join(f'        $display("held %b", dut.{place});' for place in places),
        loads="\n".join(f"        {number}: dut.{place} = value;" for number, place in enumerate(places))
        or "        default: ;",
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
        # All 64 bits fill the integer, sign and all, as under Verilator.
        sign = 1 << (probe.width - 1) if probe.signed or probe.width == 64 else 0
        mask = (1 << probe.width) - 1
        columns.append([(((word >> at) & mask) ^ sign) - sign for word in words])
        at += probe.width
    return np.array(columns, dtype=np.int64).T.reshape(len(words), len(probes))


def _packed(row: Sequence[int], probes: tuple[Probe, ...]) -> int:
    """One row of :func:`_unpacked` as the testbench prints it."""
    word = 0
    for value, probe in zip(reversed(row), reversed(probes), strict=True):
        word = word << probe.width | value & ((1 << probe.width) - 1)
    return word


class IcarusTrainer(RtlTrainer):
    """A trainer circuit under Icarus, ready for step 0; samples cannot come through a port.

    Parameters
    ----------
    config, design, registers
        As for :class:`RtlTrainer`.
    trace, holds
        As for :class:`IcarusModel`.
    """

    def __init__(
        self,
        config: TrainerConfig,
        design: Design,
        registers: Registers,
        *,
        trace: Path | None = None,
        holds: bool = False,
    ):
        if config.task.source == "stream":
            raise RtlError('task.source = "stream": Icarus feeds no samples; use Verilator')
        if config.perturbation.family == "external":
            raise RtlError('perturbation.family = "external": Icarus feeds no codes; use Verilator')
        self.config = config
        self.model = IcarusModel(design, trace=trace, holds=holds)  # type: ignore[assignment]  # the methods it uses
        try:
            self.start(registers)
        except BaseException:
            with contextlib.suppress(OSError):  # what went wrong first is what is told
                self.model.close()
            raise
