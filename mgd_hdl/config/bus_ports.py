"""The ports of a top with a host: one table of what each means, as :data:`mgd_hdl.config.PORTS` is for the
trainer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .derived import Derived
from .memory_map import ADDRESS_BITS, WINDOWS
from .ports import Port, device_wires, ports, there

__all__ = ["AXI4LITE", "UART", "WISHBONE", "Wire", "axi_streams", "bus_wires", "top_ports"]


@dataclass(frozen=True)
class Wire:
    """A port of a bus, as its specification names it."""

    name: str
    direction: Literal["input", "output"]
    width: int
    meaning: str
    reset: int = 0
    """What an output is after a clock with reset."""


AXI4LITE = (
    Wire("awaddr", "input", ADDRESS_BITS, "Address of a write, in bytes."),
    Wire("awprot", "input", 3, "Its protection; not looked at."),
    Wire("awvalid", "input", 1, "It is there."),
    Wire("awready", "output", 1, "It is taken."),
    Wire("wdata", "input", 32, "Data of a write."),
    Wire("wstrb", "input", 4, "Which of its bytes are written: all, or the write is refused."),
    Wire("wvalid", "input", 1, "They are there."),
    Wire("wready", "output", 1, "They are taken."),
    Wire("bresp", "output", 2, "How the write went: OKAY, SLVERR or DECERR."),
    Wire("bvalid", "output", 1, "The answer of a write is there."),
    Wire("bready", "input", 1, "It is taken."),
    Wire("araddr", "input", ADDRESS_BITS, "Address of a read, in bytes."),
    Wire("arprot", "input", 3, "Its protection; not looked at."),
    Wire("arvalid", "input", 1, "It is there."),
    Wire("arready", "output", 1, "It is taken."),
    Wire("rdata", "output", 32, "What was read."),
    Wire("rresp", "output", 2, "How the read went: OKAY, SLVERR or DECERR."),
    Wire("rvalid", "output", 1, "The answer of a read is there."),
    Wire("rready", "input", 1, "It is taken."),
)
_CLASSIC = (
    Wire("cyc", "input", 1, "A cycle of transfers."),
    Wire("stb", "input", 1, "A transfer is asked for."),
    Wire("we", "input", 1, "It is a write."),
    Wire("adr", "input", ADDRESS_BITS - 2, "Its address, in words of four bytes."),
    Wire("dat_w", "input", 32, "Data of a write."),
    Wire("sel", "input", 4, "Which bytes are meant: all, or the transfer is refused."),
    Wire("dat_r", "output", 32, "What was read."),
    Wire("ack", "output", 1, "The transfer is done."),
    Wire("err", "output", 1, "The transfer was refused, or there is no such register."),
)
_PIPELINED = (*_CLASSIC, Wire("stall", "output", 1, "No transfer is taken in this clock.", reset=1))
WISHBONE = {False: _CLASSIC, True: _PIPELINED}
"""Classic, pipelined."""
UART = (
    Wire("rx", "input", 1, "The line from the host; need not keep to the clock."),
    Wire("tx", "output", 1, "The line to the host.", reset=1),
)


def bus_wires(config: Derived) -> tuple[str, tuple[Wire, ...]]:
    """What the ports of a configuration's bus begin with, and these; none without a bus."""
    found: dict[str, tuple[str, tuple[Wire, ...]]] = {
        "none": ("", ()),
        "axi4lite": ("s_axi_", AXI4LITE),
        "wishbone": ("wb_", WISHBONE[config.host.pipelined]),
        "uart": ("uart_", UART),
    }
    return found[config.host.bus]


#: Streams into the trainer that no bus needs to feed.
_STREAMS = ("i_sample", "i_code")


def axi_streams(config: Derived) -> dict[str, tuple[Wire, ...]]:
    """Streams into a trainer behind a bus that no register feeds: each as ports with AXI-Stream's names."""
    fed = {"i_sample"} if WINDOWS["samples"](config) else set()
    found: dict[str, tuple[Wire, ...]] = {}
    for name in _STREAMS:
        if there(config, name) and name not in fed:
            payload = next(port for port in ports(config) if port.name == f"{name}__payload")
            short = f"s_axis_{name.partition('_')[2]}"
            bits = -(-payload.width(config) // 8) * 8
            found[name] = (
                Wire(f"{short}_tdata", "input", bits, payload.meaning),
                Wire(f"{short}_tvalid", "input", 1, "It is there; it stays, as it is, until it is taken."),
                Wire(f"{short}_tready", "output", 1, "It is taken."),
            )
    return found


_RESETS = {
    "rst_n": "Reset, active low, in step with the clock.",
    "async_rst": "Reset, asserted at any time; let go two clocks after the port.",
    "async_rst_n": "Reset, active low, asserted at any time; let go two clocks after the port.",
}


def top_ports(config: Derived) -> Iterator[Port]:
    """Of the module ``NAME``: the trainer's own, or those of its bus; clock, reset and clock enable."""
    own = {port.name: port for port in ports(config)}
    if not config.wrapped:
        yield from own.values()
        return
    yield own.pop("clk")
    reset = own.pop("rst")
    if config.host.reset == "rst":
        yield reset
    else:
        yield _port(Wire(config.host.reset, "input", 1, _RESETS[config.host.reset]))
    if config.host.clock_enable:
        yield _port(Wire("clock_enable", "input", 1, "Low, the trainer stands still in this clock."))
    if not config.on_bus:
        yield from own.values()
        return
    prefix, wires = bus_wires(config)
    for wire in wires:
        yield _port(wire, prefix)
    yield _port(Wire("irq", "output", 1, "An interrupt that is enabled is pending."))
    for stream in axi_streams(config).values():
        for wire in stream:
            yield _port(wire)
    yield from device_wires(config)


def _port(wire: Wire, prefix: str = "") -> Port:
    return Port(
        prefix + wire.name,
        wire.direction,
        wire.meaning,
        "in every clock",
        lambda _: wire.width,
        str(wire.width),
        reset=wire.reset,
    )
