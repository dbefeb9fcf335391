"""Verilog of those parts of LiteX that do what stands between a bus and a trainer here.

usage: python scripts/litex_parts.py FOLDER

LiteX is no part of this project: install it beside it, ``pip install litex==2024.12 migen==0.10.0``. What
``python -m mgd_synth.host_parts --litex FOLDER`` measures of these files is on the page of the host.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from litex.gen.fhdl.verilog import convert
from litex.soc.cores.uart import RS232PHY, UARTBone
from litex.soc.interconnect import axi, csr, csr_bus, wishbone
from migen import ClockDomain, Module, Record

from mgd_hdl.config import memory_map, preset

CLOCK, BAUD = 12_000_000, 115_200


def bus() -> Any:
    """A CSR bus of 32 bits."""
    return csr_bus.Interface(32, 14)


class Part(Module):
    """A module whose ports are collected."""

    def __init__(self) -> None:
        self.clock_domains.cd_sys = ClockDomain("sys")
        self.ios = {self.cd_sys.clk, self.cd_sys.rst}

    def offer(self, *records: Any) -> None:
        for record in records:
            self.ios |= set(record.flatten())


class Bank(Part):
    """Registers of the widths and reset values of XOR's memory map: storage and status on a CSR bus."""

    def __init__(self) -> None:
        super().__init__()
        found = []
        for each in memory_map(preset("xor").replaced(host={"bus": "axi4lite"})):
            if each.writable:
                # There is no write-one-to-clear: a status, and a storage that clears it.
                name = f"{each.name}_clear" if each.access == "w1c" else each.name
                storage = csr.CSRStorage(each.width, reset=each.reset, name=name)
                self.ios |= {storage.storage, storage.re}
                found.append(storage)
            if not each.writable or each.access == "w1c":
                status = csr.CSRStatus(each.width, reset=each.reset, name=each.name)
                self.ios |= set() if each.constant else {status.status}
                found.append(status)
        self.submodules.bank = csr_bus.CSRBank(found, bus=bus())
        self.offer(self.bank.bus)


class Wishbone(Part):
    """From Wishbone to CSR, with a register in between."""

    def __init__(self) -> None:
        super().__init__()
        self.submodules.bridge = wishbone.Wishbone2CSR(bus_csr=bus(), register=True)
        self.offer(self.bridge.wishbone, self.bridge.csr)


class AxiLite(Part):
    """From AXI4-Lite to CSR, with a register in between."""

    def __init__(self) -> None:
        super().__init__()
        lite = axi.AXILiteInterface(32, 14)
        self.submodules.bridge = axi.AXILite2CSR(axi_lite=lite, bus_csr=bus(), register=True)
        self.offer(*(getattr(lite, channel) for channel in ("aw", "w", "b", "ar", "r")), self.bridge.csr)


class Phy(Part):
    """Bits of a serial line."""

    def __init__(self) -> None:
        super().__init__()
        pads = Record([("tx", 1), ("rx", 1)])
        self.submodules.phy = RS232PHY(pads, CLOCK, BAUD)
        self.offer(pads, self.phy.sink, self.phy.source)


class Bone(Part):
    """From a serial line, its bits among it, to Wishbone and to CSR."""

    def __init__(self) -> None:
        super().__init__()
        pads = Record([("tx", 1), ("rx", 1)])
        self.submodules.phy = RS232PHY(pads, CLOCK, BAUD)
        self.submodules.bone = UARTBone(self.phy, CLOCK)
        self.submodules.bridge = wishbone.Wishbone2CSR(bus_wishbone=self.bone.wishbone, bus_csr=bus())
        self.offer(pads, self.bridge.csr)


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in (Bank, AxiLite, Wishbone, Phy, Bone):
        part, name = kind(), f"litex_{kind.__name__.lower()}"
        convert(part, part.ios, name=name).write(str(folder / f"{name}.v"))


if __name__ == "__main__":
    main()
