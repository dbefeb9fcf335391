"""A design as a shared library: turns millions of clocks while Python looks on once per thousand steps.

Verilator translates the Verilog to C++, which is compiled together with ``wrapper.cpp`` and loaded
through ctypes. Libraries are kept under a hash of everything that went into them (``kept.py``), so the
second run of the same design starts at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .design import Design, Port, column_type
from .ends import Closes
from .kept import cache_folder, kept
from .registers import Held, Kept, apart, registers
from .tools import RtlError, clean_environment, compiler_launcher, end_tool, run_tool, verilator_root

__all__ = ["VerilatorModel", "load_library"]

_TRANSLATE_SECONDS = 300
_COMPILE_SECONDS = 900

#: States start from their initial values and nothing is unknown, so the fastest choice is exact.
_VERILATOR_FLAGS = ("--x-assign", "fast", "--x-initial", "fast", "-O3", "--flatten", "-Wno-fatal", "--quiet")
_CXX_FLAGS = ("-std=gnu++17", "-fPIC", "-DVL_USER_FINISH", "-DVL_USER_STOP", "-DVL_USER_FATAL", "-w")
_FAST, _SLOW = "-O2", "-O0"  # code that runs every clock; code that runs once

#: What the top module is called here: neither a signal of its own nor a word of C++, whatever its name is.
_TOP = "dut"

_WRAPPER = Path(__file__).with_name("wrapper.cpp")


# ---- building ---------------------------------------------------------------------------------------


def load_library(
    design: Design, build_dir: Path | None = None, *, trace: str = "", holds: Sequence[Held] = ()
) -> ctypes.CDLL:
    """The design's shared library, from ``build_dir`` or built into it; by default the user's cache folder.

    ``trace`` is "", "vcd" or "fst"; what the library ``holds`` can be saved and loaded. Several processes may
    ask for the same one; the first builds.
    """
    folder = cache_folder() if build_dir is None else Path(build_dir).absolute()
    path = folder / f"{design.top}-{_key(design, trace, holds)}.so"

    def build(place: Path) -> Path:
        _translate(design, place, trace, holds)
        with _runtime(folder, trace) as runtime:
            return _compile(place, runtime, trace)

    with kept(path, build):
        return _load(path)


def _key(design: Design, trace: str, holds: Sequence[Held] = ()) -> str:
    parts = [
        design.top,
        design.verilog,
        _control_file(design, holds),
        apart(design.verilog) if holds else "",
        _ports_table(design.ports),
        trace,
        _WRAPPER.read_text(),
        _versions(),
        *_VERILATOR_FLAGS,
        *_CXX_FLAGS,
        _FAST,
        _SLOW,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _versions() -> str:
    verilator_root()
    compiler = run_tool(
        ["g++", "-dumpfullversion"], folder=Path(), timeout=30, what="asking for a C++ compiler"
    )
    return f"{metadata.version('verilator')} {compiler.strip()} {platform.system()} {platform.machine()}"


def _control_file(design: Design, holds: Sequence[Held]) -> str:
    """Asks Verilator to keep the probed signals, and what can be saved, and to list them by name."""
    paths = {path for probe in design.probes for path in (probe.path, probe.strobe) if "." in path}
    paths |= {held.place for held in holds}
    names = sorted({path.rpartition(".")[2].partition("[")[0] for path in paths})
    lines = [f'public_flat_rd -module "*" -var "{name}"' for name in names]
    return "\n".join(["`verilator_config", *lines, ""])


def _ports_table(ports: Sequence[Port]) -> str:
    # Verilator writes the second of two underscores as its code.
    return "".join(f"port(top.{port.name.replace('__', '___05F')}),\n" for port in ports)


def _translate(design: Design, folder: Path, trace: str, holds: Sequence[Held]) -> None:
    text = design.renamed(_TOP).verilog
    (folder / "design.v").write_text(apart(text) if holds else text)
    (folder / "probes.vlt").write_text(_control_file(design, holds))
    (folder / "ports.inc").write_text(_ports_table(design.ports))
    shutil.copy(_WRAPPER, folder)
    command = [str(verilator_root() / "bin" / "verilator_bin"), "--cc", "--prefix", "Vdut", "--Mdir", "."]
    command += [*_VERILATOR_FLAGS, "--top-module", _TOP]
    command += [f"--trace-{trace}"] if trace else []
    run_tool(
        [*command, "probes.vlt", "design.v"],
        folder=folder,
        timeout=_TRANSLATE_SECONDS,
        what=f"translating {design.top}",
        environment=clean_environment(),
    )


def _compile(folder: Path, runtime: Path, trace: str) -> Path:
    """Compiles what Verilator wrote: two texts side by side, one that must be fast and one not."""
    classes = (folder / "Vdut_classes.mk").read_text()
    for speed in ("fast", "slow"):
        names = [
            name
            for group in ("CLASSES", "SUPPORT")
            for name in _make_list(classes, f"VM_{group}_{speed.upper()}")
        ]
        first = ["wrapper"] if speed == "fast" else []
        (folder / f"{speed}.cpp").write_text("".join(f'#include "{n}.cpp"\n' for n in [*first, *names]))
    _objects(folder, {"fast.cpp": _FAST, "slow.cpp": _SLOW}, trace)
    command = ["g++", "-shared", "-o", "model.so", "fast.o", "slow.o", str(runtime), "-pthread"]
    command += ["-llz4"] if trace == "fst" else []
    run_tool(command, folder=folder, timeout=_COMPILE_SECONDS, what="linking")
    return folder / "model.so"


def _runtime(folder: Path, trace: str) -> contextlib.AbstractContextManager[Path]:
    """Verilator's own library, the same for every design: compiled once."""
    stamp = hashlib.sha256(json.dumps([_versions(), *_CXX_FLAGS]).encode()).hexdigest()[:16]

    def build(place: Path) -> Path:
        names = ["verilated", "verilated_dpi", "verilated_threads"]
        names += [f"verilated_{trace}_c"] if trace else []
        include = verilator_root() / "include"
        _objects(place, {str(include / f"{name}.cpp"): "-O1" for name in names}, trace)
        command = ["ar", "rcs", "runtime.a", *(f"{name}.o" for name in names)]
        run_tool(command, folder=place, timeout=60, what="archiving Verilator's library")
        return place / "runtime.a"

    return kept(folder / f"runtime-{trace or 'plain'}-{stamp}.a", build)


def _objects(folder: Path, sources: dict[str, str], trace: str) -> None:
    """Compiles every source with its optimisation, as many at a time as there are cores."""
    flags = _flags(trace)

    def compile_one(source: str) -> None:
        run_tool(
            [
                *compiler_launcher(),
                "g++",
                *flags,
                sources[source],
                "-c",
                source,
                "-o",
                f"{Path(source).stem}.o",
            ],
            folder=folder,
            timeout=_COMPILE_SECONDS,
            what=f"compiling {Path(source).name}",
            started=begun,
        )

    def begun(process: subprocess.Popen[str]) -> None:
        running.append(process)
        if over.is_set():
            end_tool(process)

    running: list[subprocess.Popen[str]] = []
    over = threading.Event()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for _ in pool.map(compile_one, sources):
                pass
        except BaseException:
            # Ctrl-C does not wait for compilers.
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                end_tool(process)
            raise


def _flags(trace: str) -> list[str]:
    root = verilator_root() / "include"
    flags = [*_CXX_FLAGS, "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", f"-DVM_TRACE={int(bool(trace))}"]
    flags += [f"-DVM_TRACE_{kind.upper()}={int(trace == kind)}" for kind in ("vcd", "fst", "saif")]
    return [*flags, "-I.", f"-I{root}", f"-I{root / 'vltstd'}"]


def _make_list(text: str, variable: str) -> list[str]:
    """The words of a variable in a makefile, one on each continued line below its name."""
    found = re.search(rf"^{variable} \+= \\\n((?:.*\\\n)*)", text, re.MULTILINE)
    return found.group(1).replace("\\\n", " ").split() if found else []


# ---- running ----------------------------------------------------------------------------------------


class VerilatorModel(Closes):
    """A running design.

    Ports are read and set by name; what the design's probes watch comes back from :meth:`run` as
    one array per name, with the step as the first axis and the probe's index, where it has one, as
    the second. One-bit signals are uint8, all others int64 with their sign.

    Parameters
    ----------
    design : Design
        It must have an input ``clk``, turned by :meth:`clock` and :meth:`run`.
    build_dir : Path, optional
        Where compiled libraries are kept; by default the user's cache folder.
    strobe : str
        The output that is 1 for one clock at the end of every step.
    trace : Path, optional
        Write all signals there, from the first clock on; ``.vcd`` or ``.fst`` (which needs
        Debian's liblz4-dev).
    holds : bool
        Whether all that it holds can be saved and loaded, which asks for a library of its own.
    """

    def __init__(
        self,
        design: Design,
        build_dir: Path | None = None,
        *,
        strobe: str = "step_done",
        trace: Path | None = None,
        holds: bool = False,
    ):
        self.design = design
        kind = _trace_kind(trace)
        self.held = registers(design.verilog, design.top) if holds else ()
        self._ports = {port.name: (number, port) for number, port in enumerate(design.ports)}
        if "clk" not in self._ports:
            raise RtlError(f"{design.top} has no port clk")
        self._library = load_library(design, build_dir, trace=kind, holds=self.held)
        self._model: int | None = self._library.model_new()
        self._fed: dict[str, tuple[NDArray[np.uint32], NDArray[np.uint8]]] = {}  # what the library looks at
        self._trace = trace
        if trace is not None:
            self._library.model_trace(self._model, os.fsencode(Path(trace).resolve()))
            self._check_trace()
        self.settle()  # an edge of the clock is one only after a look at the level before it
        self._watch(strobe)
        for held in self.held:
            scope, _, name = f"TOP.{_TOP}.{held.place}".rpartition(".")
            size = self._library.model_hold(self._model, scope.encode(), name.encode())
            if size != held.bytes:
                raise RtlError(f"{held.path} in {design.top}: {held.bytes} bytes expected, {size} found")

    def _watch(self, end: str) -> None:
        """Hands strobes and probes over, after a look at each one's width."""
        library, arrays = self._library, self.design.groups
        strobes = list(dict.fromkeys([end, *(probes[0].strobe for probes in arrays.values())]))
        for strobe in strobes if arrays else ():
            library.model_strobe(self._model, *self._find(strobe, 1))
        for probes in arrays.values():
            library.model_group(self._model, strobes.index(probes[0].strobe), column_type(probes) is np.uint8)
            for probe in probes:
                found = self._find(probe.path, probe.width)
                library.model_probe(self._model, *found, probe.width, int(probe.signed))
        library.model_forget(self._model)

    def _find(self, path: str, width: int) -> tuple[int, bytes, bytes]:
        """How the library finds a signal: a port by its number, any other by scope and name."""
        scope, _, name = path.rpartition(".")
        full = f"TOP.{_TOP}.{scope}".encode()
        if scope:
            number, actual = -1, self._library.model_width(self._model, full, name.encode())
        else:
            number, actual = self._number(name), self._ports[name][1].width
        if actual != width:
            found = f"{actual} bits" if actual else "no such signal"
            raise RtlError(f"{path} in {self.design.top}: width {width} expected, {found}")
        return number, full, name.encode()

    def _number(self, name: str) -> int:
        if name not in self._ports:
            raise RtlError(f"{self.design.top} has no port {name!r}")
        return self._ports[name][0]

    # ---- ports -----------------------------------------------------------------------------------

    def set(self, **values: int) -> None:
        """Sets input ports; they take effect at the next clock."""
        for name, value in values.items():
            number, port = self._number(name), self._ports[name][1]
            least = -(1 << (port.width - 1)) if port.signed else 0
            most = (1 << (port.width - port.signed)) - 1
            if port.direction != "input" or not least <= value <= most:
                raise RtlError(f"{name} = {value}: must be an input, and {least} to {most}")
            self._library.model_set(self._model, number, _words([value], port.width).tobytes())

    def get(self, name: str) -> int:
        """The value of a port."""
        number, port = self._number(name), self._ports[name][1]
        words = np.zeros(-(-port.width // 32) + 1, np.uint32)
        self._library.model_get(self._model, number, words.ctypes.data)
        value = int.from_bytes(words.tobytes(), "little") & ((1 << port.width) - 1)
        return value - (1 << port.width) if port.signed and value >> (port.width - 1) else value

    def feed(
        self, stream: str, payloads: Sequence[int], *, repeat: bool = False, rhythm: Sequence[int] = ()
    ) -> None:
        """From now on offers ``payloads`` at the input stream of ports ``stream__payload`` and so on.

        After the last one the stream ends, or with ``repeat`` goes back to the first. ``rhythm`` tells clock
        by clock, again and again, whether the next one may be offered (1) or not yet (0).
        """
        if not payloads:
            raise RtlError(f"{stream}: there must be a payload to feed")
        numbers, width = self._stream(stream)
        words, willing = _words(payloads, width), np.array(rhythm, np.uint8)
        self._fed[stream] = words, willing
        self._library.model_feed(
            self._model,
            *numbers,
            words.ctypes.data,
            len(payloads),
            int(repeat),
            willing.ctypes.data,
            len(willing),
        )

    def fed(self, stream: str) -> int:
        """How many payloads of :meth:`feed` the design has taken from ``stream``."""
        return int(self._library.model_fed(self._model, self._number(f"{stream}__valid")))

    def drain(self, stream: str, room: int, *, rhythm: Sequence[int] = ()) -> None:
        """From now on takes what the output stream of ports ``stream__payload`` and so on offers.

        Up to ``room`` payloads are taken, in the clocks in which ``rhythm`` is 1, as for :meth:`feed`.
        """
        numbers, width = self._stream(stream)
        words, willing = np.zeros((room, -(-width // 32)), np.uint32), np.array(rhythm, np.uint8)
        self._fed[stream] = words, willing
        self._library.model_drain(
            self._model, *numbers, words.ctypes.data, room, willing.ctypes.data, len(willing)
        )

    def drained(self, stream: str) -> int:
        """How many payloads came since :meth:`drain`."""
        return int(self._library.model_drained(self._model, self._number(f"{stream}__valid")))

    def drawn(self, stream: str) -> list[int]:
        """These payloads, as unsigned numbers."""
        rows = self._fed[stream][0][: self.drained(stream)]
        mask = (1 << self._stream(stream)[1]) - 1
        return [int.from_bytes(row.tobytes(), "little") & mask for row in rows]

    def _stream(self, stream: str) -> tuple[list[int], int]:
        """The numbers of its ports, and the width of its payload."""
        names = [f"{stream}__{part}" for part in ("payload", "valid", "ready")]
        return [self._number(name) for name in names], self._ports[names[0]][1].width

    # ---- time ------------------------------------------------------------------------------------

    @property
    def clocks(self) -> int:
        """Clocks since the model was made."""
        return int(self._library.model_clocks(self._model))

    def clock(self, count: int = 1) -> None:
        """Turns the clock without recording."""
        self._check(self._library.model_clock(self._model, count))

    def until(self, name: str, value: int, most: int) -> bool:
        """Turns the clock until an unsigned port has a value, at most so often; whether it has."""
        number, port = self._number(name), self._ports[name][1]
        if port.signed or not 0 <= value < 1 << min(port.width, 64):
            raise RtlError(f"{name} = {value}: must be unsigned, and have at most 64 bits")
        return self._check(self._library.model_until(self._model, number, value, most)) == 1

    def settle(self) -> None:
        """Lets outputs follow inputs that were set, without a clock."""
        self._check(self._library.model_settle(self._model))

    def run(self, steps: int, max_clocks: int) -> dict[str, NDArray[Any]]:
        """Turns the clock until ``steps`` steps have ended; their states.

        Raises RtlError if ``max_clocks`` pass before that, and where no state is watched: then none would
        tell the end of a step.
        """
        arrays = self._rows(steps)
        done = self._check(self._library.model_run(self._model, steps, max_clocks, _pointers(arrays)))
        if done < steps:
            raise RtlError(
                f"{self.design.top}: only {done} of {steps} steps ended within {max_clocks} clocks"
            )
        return self.design.joined(arrays)

    def look(self, clocks: int) -> dict[str, NDArray[Any]]:
        """Turns the clock so often; the states of all steps that ended meanwhile, as :meth:`run`."""
        arrays = self._rows(clocks)
        # One step more than there can be, so that no clock is left out.
        done = self._check(self._library.model_run(self._model, clocks + 1, clocks, _pointers(arrays)))
        return self.design.joined({name: array[:done] for name, array in arrays.items()})

    def now(self) -> dict[str, NDArray[Any]]:
        """What every probe shows at this moment; shapes as in :meth:`run` without the first axis."""
        arrays = self._arrays(1)
        self._library.model_now(self._model, _pointers(arrays))
        return {name: array[0] for name, array in self.design.joined(arrays).items()}

    def forget(self) -> None:
        """Drops what was seen of a step that will not end, as when the design is started anew."""
        self._library.model_forget(self._model)

    # ---- all that is held ------------------------------------------------------------------------

    def save(self) -> Kept:
        """Where it is; one of the same text goes on from there with :meth:`load`."""
        memory = np.zeros(sum(held.bytes for held in self.held), np.uint8)
        self._library.model_save(self._model, memory.ctypes.data)
        ends = np.cumsum([held.bytes for held in self.held])
        parts = np.split(memory, ends[:-1]) if self.held else []
        return Kept(
            {
                held.path: part.view(held.type).reshape(held.shape)
                for held, part in zip(self.held, parts, strict=True)
            },
            {name: self._waiting(number, name) for number, name in enumerate(self.design.groups)},
            {stream: self.fed(stream) for stream in self._fed},
            self.clocks,
        )

    def _waiting(self, number: int, name: str) -> NDArray[Any]:
        """The states of steps that have not ended, (steps, indices)."""
        probes = self.design.groups[name]
        count = self._library.model_waiting(self._model, number, None)
        rows = np.empty((count, len(probes)), column_type(probes))
        self._library.model_waiting(self._model, number, rows.ctypes.data)
        return rows

    def load(self, kept: Kept) -> None:
        """Goes on from there. Ports stay as they are, and streams are those of :meth:`feed`."""
        parts = [np.ascontiguousarray(kept.registers[held.path]) for held in self.held]
        memory = np.frombuffer(b"".join(part.tobytes() for part in parts), np.uint8)
        self.forget()
        for number, name in enumerate(self.design.groups):
            rows = np.ascontiguousarray(kept.events[name])
            self._library.model_wait(self._model, number, rows.ctypes.data, len(rows))
        for stream, taken in kept.fed.items():
            self._library.model_taken(self._model, self._number(f"{stream}__valid"), taken)
        self._check(self._library.model_load(self._model, memory.ctypes.data, kept.clocks))

    def _rows(self, steps: int) -> dict[str, NDArray[Any]]:
        if not self.design.groups:
            raise RtlError(f"{self.design.top}: no state is watched, so no step is seen to end")
        return self._arrays(steps)

    def _arrays(self, steps: int) -> dict[str, NDArray[Any]]:
        return {
            name: np.empty((steps, len(probes)), column_type(probes))
            for name, probes in self.design.groups.items()
        }

    def _check(self, result: int) -> int:
        self._check_trace()
        if result < 0:
            text = self._library.model_error(self._model).decode(errors="replace")
            raise RtlError(f"{self.design.top}, clock {self.clocks}: {text}")
        return result

    # ---- ending ----------------------------------------------------------------------------------

    def _check_trace(self) -> None:
        """Raises the OSError that the trace's file met, with its name."""
        fault = self._library.model_fault(self._model)
        if fault:
            raise OSError(fault, os.strerror(fault), str(self._trace))

    def close(self) -> None:
        """Ends the simulation and completes the trace; raises OSError where that cannot be written."""
        if self._model is None:
            return
        try:
            if self._trace is not None:
                self._library.model_untrace(self._model)
                self._check_trace()
        finally:
            self._library.model_delete(self._model)
            self._model = None

    def __del__(self) -> None:
        with contextlib.suppress(OSError):
            if getattr(self, "_model", None) is not None:
                self.close()


def _trace_kind(trace: Path | None) -> str:
    if trace is None:
        return ""
    kind = Path(trace).suffix.removeprefix(".")
    if kind not in ("vcd", "fst"):
        raise RtlError(f"trace = {trace}: the name must end in .vcd or .fst")
    return kind


def _words(values: Sequence[int], width: int) -> NDArray[np.uint32]:
    """Integers as rows of 32-bit words, low word first."""
    count = -(-width // 32)
    mask = (1 << width) - 1
    if count == 1:  # there may be millions
        return np.fromiter((value & mask for value in values), np.uint32, len(values))[:, None]
    text = b"".join((value & mask).to_bytes(4 * count, "little") for value in values)
    return np.frombuffer(text, np.uint32).reshape(len(values), count)


def _pointers(arrays: dict[str, NDArray[Any]]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays.values()))


def _load(path: Path) -> ctypes.CDLL:
    library = ctypes.CDLL(str(path))
    model, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64
    number, flag, width = ctypes.c_long, ctypes.c_int, ctypes.c_uint
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "model_new": (model, []),
        "model_delete": (None, [model]),
        "model_error": (text, [model]),
        "model_width": (width, [model, text, text]),
        "model_strobe": (None, [model, flag, text, text]),
        "model_group": (None, [model, flag, flag]),
        "model_probe": (None, [model, flag, text, text, width, flag]),
        "model_forget": (None, [model]),
        "model_fault": (flag, [model]),
        "model_set": (None, [model, flag, text]),
        "model_get": (None, [model, flag, model]),
        "model_settle": (number, [model]),
        "model_clock": (number, [model, size]),
        "model_until": (number, [model, flag, size, size]),
        "model_clocks": (size, [model]),
        "model_feed": (None, [model, flag, flag, flag, model, number, flag, model, number]),
        "model_fed": (number, [model, flag]),
        "model_drain": (None, [model, flag, flag, flag, model, number, model, number]),
        "model_drained": (number, [model, flag]),
        "model_run": (number, [model, number, size, ctypes.POINTER(ctypes.c_void_p)]),
        "model_now": (None, [model, ctypes.POINTER(ctypes.c_void_p)]),
        "model_hold": (size, [model, text, text]),
        "model_save": (None, [model, model]),
        "model_load": (number, [model, model, size]),
        "model_waiting": (number, [model, flag, model]),
        "model_wait": (None, [model, flag, model, number]),
        "model_taken": (None, [model, flag, number]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if hasattr(library, "model_trace"):
        library.model_trace.restype, library.model_trace.argtypes = None, [model, text]
        library.model_untrace.restype, library.model_untrace.argtypes = None, [model]
    return library
