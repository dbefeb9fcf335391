"""Masters that know nothing of the circuit: AXI4-Lite and Wishbone of other projects, Wishbone from its
specification, a serial line in frames. Each has ``read(address)`` and ``write(address, data)``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge, Timer

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.frames import Reply, Request, Status, framed, unframed
from mgd_sim.bus import DONE, REFUSED, UNMAPPED
from mgd_sim.bus.uart import levels

__all__ = ["AxiMaster", "OthersWishbone", "SerialHost", "WishboneMaster", "master"]


class AxiMaster:
    """``cocotbext.axi``, each of whose five channels pauses as it likes."""

    _ERRORS: ClassVar = {0: DONE, 2: REFUSED, 3: UNMAPPED}

    def __init__(self, dut: Any, rng: np.random.Generator, stall: float):
        # Not at the top: an extra that not everybody has.
        from cocotbext.axi import AxiLiteBus, AxiLiteMaster

        self.bus = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk)
        writes, reads = self.bus.write_if, self.bus.read_if

        def pauses():
            while True:
                yield rng.random() < stall

        for channel in (
            writes.aw_channel,
            writes.w_channel,
            writes.b_channel,
            reads.ar_channel,
            reads.r_channel,
        ):
            if stall:
                channel.set_pause_generator(pauses())

    async def read(self, address: int) -> tuple[int, int]:
        """Data, and how it went."""
        found = await self.bus.read(address, 4)
        return int.from_bytes(found.data, "little"), self._ERRORS[int(found.resp)]

    async def write(self, address: int, data: int) -> int:
        """How it went."""
        found = await self.bus.write(address, data.to_bytes(4, "little"))
        return self._ERRORS[int(found.resp)]


class WishboneMaster:
    """From B4's specification: classic, strobe until termination; pipelined, strobe until not stalled."""

    def __init__(self, dut: Any, rng: np.random.Generator, stall: float, *, pipelined: bool):
        self.dut, self.rng, self.stall, self.pipelined = dut, rng, stall, pipelined
        dut.wb_cyc.value = dut.wb_stb.value = 0

    async def _transfer(self, address: int, write: bool, data: int, sel: int = 0b1111) -> tuple[int, int]:
        dut = self.dut
        while self.rng.random() < self.stall:
            await FallingEdge(dut.clk)
        await FallingEdge(dut.clk)
        dut.wb_cyc.value, dut.wb_stb.value, dut.wb_we.value = 1, 1, int(write)
        dut.wb_adr.value, dut.wb_dat_w.value, dut.wb_sel.value = address >> 2, data, sel
        taken = not self.pipelined
        for _ in range(16):
            await ReadOnly()
            ack, err = int(dut.wb_ack.value), int(dut.wb_err.value)
            assert not (ack and err)
            found = int(dut.wb_dat_r.value)
            if self.pipelined and not taken:
                # Rule: what is stalled is not taken; an answer of this very clock belongs to nobody.
                assert not ack
                assert not err
                taken = int(dut.wb_stall.value) == 0
            elif ack or err:
                await FallingEdge(dut.clk)
                dut.wb_stb.value = 0
                if self.rng.random() < 0.5:
                    dut.wb_cyc.value = 0
                return found, DONE if ack else REFUSED
            await FallingEdge(dut.clk)
            if self.pipelined and taken:
                dut.wb_stb.value = 0
        raise AssertionError(f"nobody answers at 0x{address:03X}")

    async def read(self, address: int) -> tuple[int, int]:
        """Data, and how it went; there is one error only."""
        return await self._transfer(address, False, 0)

    async def write(self, address: int, data: int) -> int:
        """How it went."""
        return (await self._transfer(address, True, data))[1]


class OthersWishbone:
    """``cocotbext.wishbone``, with pauses between cycles and, within one, before its strobe."""

    _ERRORS: ClassVar = {1: DONE, 2: REFUSED}
    _MOST_CLOCKS = 16

    def __init__(self, dut: Any, rng: np.random.Generator, stall: float, *, pipelined: bool):
        self.dut, self.rng, self.stall, self._pipelined = dut, rng, stall, pipelined
        self._bus: Any = None
        dut.wb_cyc.value = dut.wb_stb.value = 0

    def _made(self) -> Any:
        """Not before the first clock: what it sets at once then never leaves its wires."""
        if self._bus is None:
            # Not at the top: an extra that not everybody has.
            from cocotbext.wishbone.driver import WishboneMaster

            names = ("cyc", "stb", "we", "adr", "sel", "ack", "err", *["stall"] * self._pipelined)
            signals = {name: name for name in names} | {"datwr": "dat_w", "datrd": "dat_r"}
            limit = self._MOST_CLOCKS
            self._bus = WishboneMaster(self.dut, "wb", self.dut.clk, timeout=limit, signals_dict=signals)
        return self._bus

    async def _transfer(self, address: int, data: int | None) -> tuple[int, int]:
        from cocotbext.wishbone.driver import WBOp

        def pause() -> int:
            return int(self.rng.geometric(1 - self.stall)) - 1

        await ClockCycles(self.dut.clk, pause() + 1)
        operation = WBOp(adr=address >> 2, dat=data, idle=pause(), acktimeout=self._MOST_CLOCKS)
        (found,) = await self._made().send_cycle([operation])
        return int(found.datrd), self._ERRORS[int(found.ack)]

    async def read(self, address: int) -> tuple[int, int]:
        """Data, and how it went; there is one error only."""
        return await self._transfer(address, None)

    async def write(self, address: int, data: int) -> int:
        """How it went."""
        return (await self._transfer(address, data))[1]


class SerialHost:
    """Sends frames bit by bit, and reads the line back bit by bit, with a clock of its own."""

    _ERRORS: ClassVar = {Status.OK: DONE, Status.REFUSED: REFUSED, Status.UNMAPPED: UNMAPPED}

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.clocks, self.sequence = dut, config.bit_clocks, 0
        dut.uart_rx.value = 1
        self.line: list[int] = []
        self.bytes: list[int] = []
        cocotb.start_soon(self._listen())

    async def _listen(self) -> None:
        """Two nanoseconds a clock; a bit's middle is found from the edge of its start bit."""
        while True:
            await FallingEdge(self.dut.uart_tx)
            await Timer(self.clocks, unit="ns")
            assert self.dut.uart_tx.value == 0
            byte = 0
            for place in range(8):
                await Timer(2 * self.clocks, unit="ns")
                byte |= int(self.dut.uart_tx.value) << place
            await Timer(2 * self.clocks, unit="ns")
            assert self.dut.uart_tx.value == 1
            self.bytes.append(byte)

    async def send(self, line: bytes) -> None:
        """Without a pause."""
        for byte in line:
            for level in levels(byte, 1):
                self.dut.uart_rx.value = level
                await Timer(2 * self.clocks, unit="ns")

    async def reply(self, patience: int) -> bytes | None:
        """What stands before the next zero, or None after so many clocks."""
        for _ in range(patience):
            if 0 in self.bytes:
                place = self.bytes.index(0)
                line = bytes(self.bytes[:place])
                del self.bytes[: place + 1]
                return line
            await RisingEdge(self.dut.clk)
        return None

    async def ask(self, request: Request) -> Reply:
        await self.send(framed(request.content))
        line = await self.reply(40 * 10 * self.clocks + 5_000)
        assert line is not None, f"no reply to {request}"
        reply = Reply.parsed(unframed(line))
        assert reply.sequence == request.sequence
        return reply

    def _next(self) -> int:
        self.sequence = self.sequence % 255 + 1
        return self.sequence

    async def read(self, address: int) -> tuple[int, int]:
        """Data, and how it went."""
        reply = await self.ask(Request(self._next(), address))
        return (reply.words[0] if reply.words else 0), self._ERRORS[reply.status]

    async def write(self, address: int, data: int) -> int:
        """How it went."""
        reply = await self.ask(Request(self._next(), address, (data,)))
        return self._ERRORS[reply.status]


def master(
    dut: Any, config: TrainerConfig, rng: np.random.Generator, stall: float, *, others: bool = False
) -> Any:
    """That of the circuit's bus; of Wishbone also the one of ``others``."""
    if config.host.bus == "axi4lite":
        return AxiMaster(dut, rng, stall)
    if config.host.bus == "wishbone":
        return (OthersWishbone if others else WishboneMaster)(
            dut, rng, stall, pipelined=config.host.pipelined
        )
    return SerialHost(dut, config)
