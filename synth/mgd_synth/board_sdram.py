"""An SDRAM on a board with an ECP5: pins of the chip, and how the top module of a bitstream drives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["CELLS", "PARTS", "BoardSdram", "connections", "directions", "lines"]

#: Ports of the top module, one for each pin of a part, and what the parts are called in the definition of a
#: board.
PARTS = {
    "sdram_clk": "clk",
    "sdram_cke": "clk_en",
    "sdram_cs_n": "cs",
    "sdram_ras_n": "ras",
    "sdram_cas_n": "cas",
    "sdram_we_n": "we",
    "sdram_dqm": "dqm",
    "sdram_ba": "ba",
    "sdram_addr": "a",
    "sdram_dq": "dq",
}

#: Cells that the top module names: a pin that goes both ways, and one with a value for each half of a clock.
CELLS = """(* blackbox *)
module BB(input I, T, output O, inout B);
endmodule
(* blackbox *)
module ODDRX1F(input SCLK, RST, D0, D1, output Q);
endmodule
"""


@dataclass(frozen=True, kw_only=True)
class BoardSdram:
    """The chip of a board, of 16 bits and four banks.

    Attributes
    ----------
    columns, rows : int
        Words of a row, rows of a bank.
    resource : tuple of str and int
    """

    columns: int = 512
    rows: int = 8192
    resource: tuple[str, int] = ("sdram", 0)


#: Wires of the top module between the showcase and the cells of its pins, and their bits.
_INNER = {"sdram_dq_i": 16, "sdram_dq_o": 16, "sdram_dq_oe": 1}


def directions(ports: Iterable[str]) -> dict[str, str]:
    """What each port of the chip is."""
    return {port: "inout" if port.startswith("sdram_dq_") else "output" for port in ports}


def connections(ports: Iterable[str]) -> dict[str, str]:
    """What stands at the ports of the showcase, where there are these of the chip."""
    buses: dict[str, list[str]] = {"sdram_ba": [], "sdram_addr": []}
    for port in ports:
        buses.get(port.rpartition("_")[0], []).insert(0, port)
    found = {name: name for name in ("sdram_ras_n", "sdram_cas_n", "sdram_we_n", *_INNER)}
    found |= {name: f"{{{', '.join(bus)}}}" for name, bus in buses.items()}
    return {**found, "sdram_dqm": "sdram_dqm_0"}


def lines(clock: str) -> Iterator[str]:
    """Verilog of the top module. The chip is always selected; its clock is the inverse of the trainer's, so
    its edges are half a clock away from all changes of its other pins.
    """
    for name, bits in _INNER.items():
        yield f"wire {f'[{bits - 1}:0] ' if bits > 1 else ''}{name};"
    yield from ("assign sdram_cke = 1'b1;", "assign sdram_cs_n = 1'b0;", "assign sdram_dqm_1 = sdram_dqm_0;")
    yield f"ODDRX1F sdram_clock (.SCLK({clock}), .RST(1'b0), .D0(1'b0), .D1(1'b1), .Q(sdram_clk));"
    for place in range(16):
        yield (
            f"BB sdram_word_{place} (.I(sdram_dq_o[{place}]), .T(~sdram_dq_oe), .O(sdram_dq_i[{place}]),"
            f" .B(sdram_dq_{place}));"
        )
