"""Circuits in simulation: the generated Verilog, and a transport that moves the wires of its bus.

A simulated circuit lives only while somebody asks it something, or waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mgd_sim.rtl.design import Design
from mgd_sim.rtl.verilator import VerilatorModel

from ..config import TrainerConfig
from ..config.errors import Refused
from .errors import AccessRefused, NoAnswer
from .framed import FramedLine
from .transport import Transport, WordByWord
from .wire import DirectLine

__all__ = ["SimulatedAxi", "SimulatedUart", "SimulatedWishbone", "around", "simulated"]

#: Of a byte on the line.
_BITS = 8
#: No bus takes as long to answer.
_MOST_CLOCKS = 1000
_RESET_CLOCKS = 4
_ALL_BYTES = 0b1111
_DECERR = 0b11


def simulated(
    config: TrainerConfig,
    files: Mapping[str, str],
    *,
    build_dir: Path | None = None,
    trace: Path | None = None,
) -> Transport:
    """A transport to a circuit in simulation, which has just been reset.

    Parameters
    ----------
    config : TrainerConfig
        With ``host.bus``.
    files : mapping
        From ``mgd_hdl.emit.trainer_files(config)``.
    build_dir : Path, optional
        Where compiled circuits are kept; by default the user's cache folder.
    trace : Path, optional
        Write a waveform there, ``.vcd`` or ``.fst``.
    """
    if not config.on_bus:
        raise Refused(['host.bus = "none": must be a bus for a host to be connected'])
    design = Design.from_files(files)
    return around(
        config, VerilatorModel(Design(design.top, design.verilog, design.ports), build_dir, trace=trace)
    )


def around(config: TrainerConfig, model: VerilatorModel) -> Transport:
    """The same to a simulation of your own, whose top has the ports of the circuit's bus, clock and reset.

    So a circuit for a device outside is simulated: with Verilog of the device around it. All is reset.
    """
    if config.host.bus == "uart":
        return FramedLine(DirectLine(SimulatedUart(config, model)))
    return (SimulatedAxi if config.host.bus == "axi4lite" else SimulatedWishbone)(config, model)


def _reset(config: TrainerConfig, model: VerilatorModel, **at_rest: int) -> None:
    """As after power-up, with the inputs of its bus at rest."""
    name = config.host.reset
    low = name.endswith("_n")
    inputs = {port.name for port in model.design.ports if port.direction == "input"}
    model.set(**at_rest, **{each: 1 for each in ("clock_enable",) if each in inputs}, **{name: 1 - low})
    model.clock(_RESET_CLOCKS)
    model.set(**{name: int(low)})
    model.clock(_RESET_CLOCKS)


class SimulatedUart:
    """A serial line whose other end is ``uart_rx`` and ``uart_tx``: a :class:`mgd_hdl.host.wire.Wire`.

    Parameters
    ----------
    config : TrainerConfig
    model : VerilatorModel
    """

    def __init__(self, config: TrainerConfig, model: VerilatorModel):
        self.name = f"serial line of {config.name} in simulation"
        self._model, self._bit, self._hertz = model, config.bit_clocks, config.host.clock_hz
        self.byte_seconds = 10 * self._bit / self._hertz
        self._levels: list[int] | None = None  # of the byte that comes
        self._wait = 0  # clocks until its next one
        self._heard = bytearray()
        _reset(config, model, uart_rx=1)

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        for byte in data:
            for level in (0, *((byte >> bit) & 1 for bit in range(_BITS)), 1):
                self._model.set(uart_rx=level)
                self._turn(self._bit)
        self._turn(round(seconds * self._hertz))
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def seconds(self) -> float:
        return self._model.clocks / self._hertz

    def let_pass(self, seconds: float) -> None:
        self._turn(round(seconds * self._hertz))

    def close(self) -> None:
        self._model.close()

    def _turn(self, clocks: int) -> None:
        """Turns the clock and listens: for the edge that begins a byte, then in the middle of its bits."""
        model = self._model
        end = model.clocks + clocks
        while (left := end - model.clocks) > 0:
            if self._levels is not None:
                part = min(left, self._wait)
                model.clock(part)
                self._wait -= part
                if not self._wait:
                    self._listen(model.get("uart_tx"))
            elif model.until("uart_tx", 0, left):
                self._levels, self._wait = [], self._bit * 3 // 2

    def _listen(self, level: int) -> None:
        """A bit of a byte, the lowest first; the last one, high, ends it."""
        assert self._levels is not None
        self._wait = self._bit
        if len(self._levels) < _BITS:
            self._levels.append(level)
        else:
            if level:
                self._heard.append(sum(bit << place for place, bit in enumerate(self._levels)))
            self._levels = None


class _Bus(WordByWord):
    """A bus of which each signal is a port."""

    tells_refusals = True
    bus = ""

    def __init__(self, config: TrainerConfig, model: VerilatorModel):
        self.name = f"{self.bus} of {config.name} in simulation"
        self._model, self._hertz = model, config.host.clock_hz
        _reset(config, model)

    def time(self) -> float:
        return self._model.clocks / self._hertz

    def sleep(self, seconds: float) -> None:
        self._model.clock(round(seconds * self._hertz))

    def close(self) -> None:
        self._model.close()

    def _until(self, address: int, *names: str) -> None:
        """Turns the clock until one of these outputs is high."""
        for _ in range(_MOST_CLOCKS):
            if any(self._model.get(name) for name in names):
                return
            self._model.clock()
        raise NoAnswer(f"{' and '.join(names)} stay low for {_MOST_CLOCKS} clocks", self.name, address)

    def _refused(self, address: int, *, unmapped: bool = False) -> AccessRefused:
        what = "there is no register" if unmapped else "refused the access"
        return AccessRefused(what, self.name, address)

    def read_block(self, address: int, count: int, *, fixed: bool = False) -> list[int]:
        words: list[int] = []
        for number in range(count):
            try:
                words.append(self.read(address if fixed else address + 4 * number))
            except AccessRefused as error:
                error.done, error.words = number, tuple(words)
                raise
        return words

    def write_block(self, address: int, words: Sequence[int], *, fixed: bool = False) -> None:
        for number, word in enumerate(words):
            try:
                self.write(address if fixed else address + 4 * number, word)
            except AccessRefused as error:
                error.done = number
                raise


class SimulatedAxi(_Bus):
    """A manager of AXI4-Lite, with one access at a time."""

    bus = "AXI4-Lite"

    def read(self, address: int) -> int:
        self._offer(address, "ar", araddr=address)
        return self._answer(address, "r")

    def write(self, address: int, word: int) -> None:
        self._offer(address, "aw", awaddr=address)
        self._offer(address, "w", wdata=word, wstrb=_ALL_BYTES)
        self._answer(address, "b")

    def _offer(self, address: int, channel: str, **values: int) -> None:
        port = f"s_axi_{channel}"
        self._model.set(**{f"s_axi_{name}": value for name, value in values.items()}, **{f"{port}valid": 1})
        self._until(address, f"{port}ready")
        self._model.clock()
        self._model.set(**{f"{port}valid": 0})

    def _answer(self, address: int, channel: str) -> int:
        port = f"s_axi_{channel}"
        self._model.set(**{f"{port}ready": 1})
        self._until(address, f"{port}valid")
        response = self._model.get(f"{port}resp")
        data = self._model.get("s_axi_rdata") if channel == "r" else 0
        self._model.clock()
        self._model.set(**{f"{port}ready": 0})
        if response:
            raise self._refused(address, unmapped=response == _DECERR)
        return data


class SimulatedWishbone(_Bus):
    """A master of Wishbone B4, classic or pipelined, with one transfer at a time."""

    bus = "Wishbone"

    def __init__(self, config: TrainerConfig, model: VerilatorModel):
        self._pipelined = config.host.pipelined
        super().__init__(config, model)

    def read(self, address: int) -> int:
        return self._transfer(address)

    def write(self, address: int, word: int) -> None:
        self._transfer(address, word)

    def _transfer(self, address: int, word: int | None = None) -> int:
        model = self._model
        model.set(
            wb_cyc=1,
            wb_stb=1,
            wb_we=int(word is not None),
            wb_adr=address // 4,
            wb_dat_w=word or 0,
            wb_sel=_ALL_BYTES,
        )
        if self._pipelined:
            while model.get("wb_stall"):
                model.clock()
            model.clock()
            model.set(wb_stb=0)
        self._until(address, "wb_ack", "wb_err")
        data, failed = model.get("wb_dat_r"), model.get("wb_err")
        model.clock()
        model.set(wb_cyc=0, wb_stb=0)
        if failed:
            raise self._refused(address)
        return data
