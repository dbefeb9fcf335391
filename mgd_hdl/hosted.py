"""The top with a host: a trainer behind a bus, or with another reset and an enable of its clock."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, ClockDomain, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from .bus import members as members_of
from .bus.axi4lite import Axi4Lite
from .bus.bank import WINDOW_STREAMS, Bank
from .bus.frames import Frames
from .bus.uart import Uart
from .bus.wishbone import Wishbone
from .config.bus_ports import axi_streams, bus_wires
from .config.ports import device_wires
from .config.trainer import TrainerConfig
from .hierarchy import Block, place
from .ports import outer
from .trainer import Trainer

__all__ = ["Hosted"]


#: For the LEDs of a board.
_SHOWN = ("run", "started", "step_done", "solved", "limited")


class Hosted(Block):
    """A trainer whose registers are on a bus (:mod:`mgd_hdl.config.memory_map`), or one with its own ports;
    with the reset and the clock enable that ``[host]`` asks for.

    A reset that is asynchronous is asserted at once and let go two clocks after the port was; the registers
    behind it are reset by the clock. Without ``clock_enable`` the trainer stands still, and what is on the
    bus goes on.

    Members
    -------
    those of the trainer, or those of a bus : AXI4-Lite ``s_axi_...``, Wishbone ``wb_...``, ``uart_rx`` and
        ``uart_tx``
    irq : Out(1), with a bus
    streams of a device outside, or wires of its converters : with a bus too
    s_axis_sample_..., s_axis_code_... : streams of samples and of codes from outside, with a bus
    clk, and rst_n, async_rst or async_rst_n : where the reset is not ``rst``
    clock_enable : In(1), with ``host.clock_enable``
    run, started, step_done, solved, limited : Out(1), with a bus and ``shown``
        What a board's LEDs tell of: steps follow each other; what the trainer's ports of these names say;
        something was limited in the clock before.
    """

    def __init__(self, config: TrainerConfig, *, shown: bool = False):
        self.config, self.shown = config, shown
        members: dict[str, Any] = (
            {} if config.host.reset == "rst" else {"clk": In(1), config.host.reset: In(1)}
        )
        if config.host.clock_enable:
            members["clock_enable"] = In(1)
        if config.on_bus:
            prefix, wires = bus_wires(config)
            members |= members_of(wires, prefix) | {"irq": Out(1)}
            for stream in axi_streams(config).values():
                members |= members_of(stream)
            trainer = outer(config)
            members |= {port.name: trainer[port.name] for port in device_wires(config)}
        else:
            members |= outer(config)
        if shown:
            members |= dict.fromkeys(_SHOWN, Out(1))
        super().__init__(members)

    @property
    def module(self) -> str:
        return "hosted"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        if config.host.reset != "rst":
            self._resets(m)
        enable = self.clock_enable if config.host.clock_enable else None
        trainer = place(m, platform, "trainer", Trainer(config), enable=enable)
        if config.on_bus:
            self._serve(m, platform, trainer)
        else:
            self._pass(m, trainer)
        return m

    def _resets(self, m: Module) -> None:
        """The clock domain of all below, with a reset of the port."""
        name = self.config.host.reset
        asked = ~getattr(self, name) if name.endswith("_n") else getattr(self, name)
        m.domains.sync = domain = ClockDomain("sync")
        m.d.comb += domain.clk.eq(self.clk)
        if not name.startswith("async"):
            m.d.comb += domain.rst.eq(asked)
            return
        m.domains.release = release = ClockDomain("release", async_reset=True, local=True)
        held = Signal(2, init=0b11)
        m.d.comb += [release.clk.eq(self.clk), release.rst.eq(asked), domain.rst.eq(held[1])]
        m.d.release += held.eq(Cat(Const(0, 1), held[0]))

    @property
    def _alive(self) -> Value:
        """This clock counts for the trainer."""
        return self.clock_enable if self.config.host.clock_enable else Const(1, 1)

    def _pass(self, m: Module, trainer: Trainer) -> None:
        """Port by port. No word of a stream goes over in a clock that does not count."""
        for name, member in trainer.signature.members.items():
            ours, theirs = getattr(self, name), getattr(trainer, name)
            if member.is_port:
                self._join(m, name, member.flow == In, ours, theirs)
                continue
            source, sink = (ours, theirs) if member.flow == In else (theirs, ours)
            m.d.comb += [
                sink.payload.eq(source.payload),
                sink.valid.eq(source.valid & self._alive),
                source.ready.eq(sink.ready & self._alive),
            ]

    def _join(self, m: Module, name: str, enters: bool, ours: Value, theirs: Value) -> None:
        """A port of the trainer is one of the top; of an AXI-Stream no word goes over in a clock that does
        not count.
        """
        source, sink = (ours, theirs) if enters else (theirs, ours)
        if name.endswith(("_tvalid", "_tready")):
            source = source & self._alive
        m.d.comb += sink.eq(source)

    def _serve(self, m: Module, platform: Any, trainer: Trainer) -> None:
        """The bank between trainer and bus."""
        config = self.config
        bank = place(m, platform, "bank", Bank(config))
        (self._serial if config.host.bus == "uart" else self._parallel)(m, platform, bank)
        m.d.comb += self.irq.eq(bank.irq)
        for name, member in bank.signature.members.items():
            if name in trainer.signature.members:
                ours, theirs = getattr(bank, name), getattr(trainer, name)
                m.d.comb += theirs.eq(ours) if member.flow == Out else ours.eq(theirs)
        if self.shown:
            m.d.comb += [
                self.run.eq(bank.run),
                self.started.eq(trainer.started),
                self.step_done.eq(trainer.step_done),
                self.solved.eq(trainer.solved if config.judged else 0),
                self.limited.eq(trainer.flags.any()),
            ]
        # The bank remembers what was limited, bit by bit.
        m.d.comb += trainer.clear_flags.eq(1)
        if config.host.clock_enable:
            m.d.comb += bank.enable.eq(self._alive)
        for name, wires in axi_streams(config).items():
            data, valid, ready = (getattr(self, wire.name) for wire in wires)
            stream = getattr(trainer, name)
            m.d.comb += [
                stream.payload.eq(data),
                stream.valid.eq(valid),
                ready.eq(stream.ready & self._alive),
            ]
        for own in device_wires(config):
            ours, theirs = getattr(self, own.name), getattr(trainer, own.name)
            self._join(m, own.name, own.direction == "input", ours, theirs)
        for name, (_, port) in WINDOW_STREAMS.items():
            if name in bank.signature.members:
                pair = getattr(bank, name), getattr(trainer, port)
                source, sink = pair if port.startswith("i") else pair[::-1]
                m.d.comb += [
                    sink.payload.eq(source.payload),
                    sink.valid.eq(source.valid),
                    source.ready.eq(sink.ready),
                ]

    # ---- buses ---------------------------------------------------------------------------------------

    def _ask(self, m: Module, bank: Bank, requests: Any, responses: Any) -> None:
        """A bus that asks the bank."""
        m.d.comb += [
            bank.i.payload.eq(requests.payload),
            bank.i.valid.eq(requests.valid),
            requests.ready.eq(bank.i.ready),
            responses.payload.eq(bank.o.payload),
            responses.valid.eq(bank.o.valid),
            bank.o.ready.eq(responses.ready),
        ]

    def _wire(self, m: Module, block: Any) -> None:
        """The ports of a bus."""
        prefix, wires = bus_wires(self.config)
        for wire in wires:
            ours, theirs = getattr(self, f"{prefix}{wire.name}"), getattr(block, wire.name)
            m.d.comb += theirs.eq(ours) if wire.direction == "input" else ours.eq(theirs)

    def _parallel(self, m: Module, platform: Any, bank: Bank) -> None:
        host = self.config.host
        made = Axi4Lite() if host.bus == "axi4lite" else Wishbone(pipelined=host.pipelined)
        bus = place(m, platform, "bus", made)
        self._wire(m, bus)
        self._ask(m, bank, bus.o, bus.i)

    def _serial(self, m: Module, platform: Any, bank: Bank) -> None:
        uart = place(m, platform, "uart", Uart(self.config))
        frames = place(m, platform, "frames", Frames())
        self._wire(m, uart)
        self._ask(m, bank, frames.request, frames.response)
        m.d.comb += [
            frames.i.payload.eq(uart.o.payload),
            frames.i.valid.eq(uart.o.valid),
            uart.i.payload.eq(frames.o.payload),
            uart.i.valid.eq(frames.o.valid),
            frames.o.ready.eq(uart.i.ready),
            frames.broken.eq(uart.bad),
            bank.line.eq(Cat(uart.bad, frames.bad)),
        ]
